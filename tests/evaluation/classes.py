#!/usr/bin/env python3
"""classes.py BUILD [--tune]: what the simulator's waveforms are called, with offsets and fading:
tests/evaluation/classes.txt. Thresholds were set on seeds from 1000 on (--tune, which writes
nothing); the table is of seeds from 5100 on, which no threshold was set on."""
import collections
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SNRS = ["20", "10", "5", "3", "0"]
TRIALS = 3
TUNING, ACCEPTANCE = 1000, 5100


def verdicts(build, seed):
    """{(waveform, class, SNR, seed): what the row with the most measured time is called}."""
    run = subprocess.run([os.path.join(build, "tests/evaluation/class_run"), str(seed), str(TRIALS),
                          *SNRS], capture_output=True, text=True, check=True)
    best = {}
    for line in run.stdout.splitlines():
        words = line.split()
        facts = dict(word.split("=") for word in words[7:])
        weight = float(facts.get("dur", 0)) * max(1, int(facts.get("parts", 0)))
        key = tuple(words[:4])
        if key not in best or weight > best[key][0]:
            best[key] = (weight, words[4])
    return {key: name for key, (_, name) in best.items()}


def table(found):
    counts = {snr: collections.Counter() for snr in SNRS}
    confused = collections.defaultdict(collections.Counter)
    for (waveform, wanted, snr, _), name in found.items():
        kind = "right" if name == wanted else "unknown" if name in ("-", "unknown") else "wrong"
        counts[snr][kind] += 1
        if kind != "right":
            confused[(waveform, snr)][name] += 1
    yield "SNR dB  trials   right  unknown  wrong"
    for snr in SNRS:
        total = sum(counts[snr].values())
        yield f"{snr:>6}  {total:>6}  {counts[snr]['right'] / total:6.1%}  " \
              f"{counts[snr]['unknown'] / total:7.1%}  {counts[snr]['wrong'] / total:5.1%}"
    yield ""
    yield "What was not named right; '-' is nothing found"
    for (waveform, snr), names in confused.items():
        yield f"{waveform:<18} {snr:>3} dB  " + \
            ", ".join(f"{name} {n}" for name, n in sorted(names.items()))


def main():
    tune = "--tune" in sys.argv
    lines = list(table(verdicts(sys.argv[1], TUNING if tune else ACCEPTANCE)))
    print("\n".join(lines))
    if not tune:
        with open(os.path.join(HERE, "classes.txt"), "w", encoding="utf-8") as f:
            f.write(f"seeds {ACCEPTANCE} to {ACCEPTANCE + TRIALS - 1}, Rician fading of 10 dB\n\n" +
                    "\n".join(lines) + "\n")


main()
