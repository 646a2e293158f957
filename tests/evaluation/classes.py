#!/usr/bin/env python3
"""classes.py BUILD [closed|open] [--tune]: what the simulator's waveforms are called, with offsets
and fading: tests/evaluation/classes.txt, of which a part that is not run keeps its lines.
  closed  waveforms of each class
  open    waveforms of no class: they must come out as unknown, or as what is as true of them
Thresholds were set on seeds below 100 and from 1000 on (--tune, which writes nothing). Both
tables are of seeds from 5300 on, which no threshold was set on (5200 to 5209 were looked at
before the last mends)."""
import collections
import math
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TABLE = os.path.join(HERE, "classes.txt")
OPEN_TITLE = "Open set: "
CLOSED = {"options": [], "snrs": ["20", "10", "5", "3", "0"], "trials": 3, "seed": 5300}
OPEN = {"options": ["--open"], "snrs": ["20", "10"], "trials": 10, "seed": 5300}
TUNING = 1000


def verdicts(build, part, seed):
    """{(waveform, class, SNR, seed): (what the row with the most measured time is called, what all
    of its rows are called)}."""
    run = subprocess.run([os.path.join(build, "tests/evaluation/class_run"), *part["options"],
                          str(seed), str(part["trials"]), *part["snrs"]],
                         capture_output=True, text=True, check=True)
    best = {}
    every = collections.defaultdict(list)
    for line in run.stdout.splitlines():
        words = line.split()
        facts = dict(word.split("=") for word in words[7:])
        weight = float(facts.get("dur", 0)) * max(1, int(facts.get("parts", 0)))
        key = tuple(words[:4])
        every[key].append(words[4])
        if key not in best or weight > best[key][0]:
            best[key] = (weight, words[4])
    return {key: (name, every[key]) for key, (_, name) in best.items()}


def closed_table(found):
    counts = {snr: collections.Counter() for snr in CLOSED["snrs"]}
    confused = collections.defaultdict(collections.Counter)
    for (waveform, wanted, snr, _), (name, _) in found.items():
        kind = "right" if name == wanted else "unknown" if name in ("-", "unknown") else "wrong"
        counts[snr][kind] += 1
        if kind != "right":
            confused[(waveform, snr)][name] += 1
    yield "SNR dB  trials   right  unknown  wrong"
    for snr in CLOSED["snrs"]:
        total = sum(counts[snr].values())
        yield f"{snr:>6}  {total:>6}  {counts[snr]['right'] / total:6.1%}  " \
              f"{counts[snr]['unknown'] / total:7.1%}  {counts[snr]['wrong'] / total:5.1%}"
    yield ""
    yield "What was not named right; '-' is nothing found"
    for (waveform, snr), names in confused.items():
        yield f"{waveform:<18} {snr:>3} dB  " + \
            ", ".join(f"{name} {n}" for name, n in sorted(names.items()))


def least_and_most(hits, trials):
    """The 95 % interval of a share (Clopper, Pearson, Biometrika 26, 1934), by bisection."""
    def at_most(k, p):
        return sum(math.comb(trials, i) * p ** i * (1 - p) ** (trials - i) for i in range(k + 1))

    def solve(wanted, k):
        low, high = 0.0, 1.0
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if at_most(k, middle) > wanted else (low, middle)
        return low

    least = 0.0 if hits == 0 else solve(0.975, hits - 1)
    most = 1.0 if hits == trials else solve(0.025, hits)
    return least, most


def open_table(found):
    yield "SNR dB  trials  unknown  as true  wrong (95 % interval)    rows of them  wrong"
    wrong_names = collections.defaultdict(collections.Counter)
    true_names = collections.defaultdict(collections.Counter)
    for snr in OPEN["snrs"]:
        count = collections.Counter()
        for (waveform, allowed, at, _), (name, every) in found.items():
            if at != snr:
                continue
            allowed = allowed.split("/")
            kind = "unknown" if name in ("-", "unknown") else "true" if name in allowed else "wrong"
            count[kind] += 1
            count["rows"] += len(every)
            count["wrong rows"] += sum(n not in ("-", *allowed) for n in every)
            if kind == "true":
                true_names[(waveform, snr)][name] += 1
            for n in every:
                if n not in ("-", *allowed):
                    wrong_names[(waveform, snr)][n] += 1
        total = count["unknown"] + count["true"] + count["wrong"]
        least, most = least_and_most(count["wrong"], total)
        yield f"{snr:>6}  {total:>6}  {count['unknown'] / total:7.1%}  " \
              f"{count['true'] / total:7.1%}  {count['wrong'] / total:5.1%} ({least:.1%} to " \
              f"{most:.1%})      {count['rows']:>8}  {count['wrong rows'] / count['rows']:5.1%}"
    yield ""
    yield "Named as what is as true"
    for (waveform, snr), names in true_names.items():
        yield f"{waveform:<18} {snr:>3} dB  " + \
            ", ".join(f"{name} {n}" for name, n in sorted(names.items()))
    yield ""
    yield "Named wrongly, of all rows"
    for (waveform, snr), names in wrong_names.items():
        yield f"{waveform:<18} {snr:>3} dB  " + \
            ", ".join(f"{name} {n}" for name, n in sorted(names.items()))


def written():
    """The lines of both parts as they are in the table."""
    with open(TABLE, encoding="utf-8") as f:
        closed, mark, opened = f.read().partition("\n" + OPEN_TITLE)
    return {"closed": closed.rstrip("\n"), "open": (mark[1:] + opened).rstrip("\n")}


def main():
    arguments = sys.argv[2:]
    tune = "--tune" in arguments
    wanted = [a for a in arguments if a != "--tune"] or ["closed", "open"]
    parts = written()
    for name, part, table, title in (
            ("closed", CLOSED, closed_table, ""), ("open", OPEN, open_table, OPEN_TITLE)):
        if name not in wanted:
            continue
        seed = TUNING if tune else part["seed"]
        title += f"seeds {seed} to {seed + part['trials'] - 1}, Rician fading of 10 dB"
        parts[name] = "\n".join([title, "", *table(verdicts(sys.argv[1], part, seed))])
        print(parts[name], end="\n\n")
    if not tune:
        with open(TABLE, "w", encoding="utf-8") as f:
            f.write("\n\n".join(text for text in parts.values() if text) + "\n")


main()
