#!/usr/bin/env python3
"""table.py LINESIDE: analyse the whole corpus and write what was found to table.txt, and how long
it took to times.txt, beside this file.
"""
import os
import sys

import claims
import corpus
import decoder

HERE = os.path.dirname(os.path.abspath(__file__))
HEAD = ("expected", "tx/packets", "decoded", "tx", "bursts", "offset_khz", "width_khz", "snr_db",
        "class", "verdict", "recording")


def verdict(recording, result, decoded):
    """One word on one recording; the claims of corpus_test.py say what must hold."""
    if not recording.is_iq:
        return "refused" if result.code == 1 else "TAKEN"
    if result.code != 0:
        return f"EXIT {result.code}"
    if recording.technology == "noise":
        return "FALSE" if result.bursts else "ok"
    if not result.bursts:
        return "MISSED"
    if recording.technology == "adsb":
        seen, frames, share = claims.adsb_coverage(recording, result.bursts)
        word = "ok" if seen >= claims.SHARE_FRAMES * frames else "MISSED"
        return f"{word} {seen}/{frames} in {share:.0%}"
    if recording.always_on:
        longest = max(t.duration_s for t in result.transmissions)
        return "ok" if longest >= 0.9 * recording.duration_s else "SPLIT"
    lost = len(claims.undetected(decoded, result.transmissions))
    return f"LOST {lost}/{len(decoded)}" if lost else "ok"


def number(value, digits):
    return "-" if value != value else f"{value:.{digits}f}"


def row(recording, result):
    decodes = recording.is_iq and recording.technology.startswith("ism-") and recording.center_hz > 0
    decoded = decoder.message_times(recording) if decodes else []
    energy, best = recording.energy, result.strongest
    measured = ("-", "-", "-", "-")
    if best:
        measured = (number((best.center_hz - recording.center_hz) / 1e3, 1),
                    number(best.bandwidth_hz / 1e3, 1), number(best.snr_db, 0), best.kind or "-")
    orientation = f"{energy['transmissions_gap60ms']}/{energy['packets_gap3ms']}" if energy else "-"
    return (recording.technology, orientation, str(len(decoded)), str(len(result.transmissions)),
            str(len(result.bursts)), *measured, verdict(recording, result, decoded), recording.name)


def layout(rows):
    widths = [max(len(r[c]) for r in rows) for c in range(len(rows[0]))]
    left = {0, 8, 9, 10}
    for r in rows:
        cells = (v.ljust(w) if c in left else v.rjust(w) for c, (v, w) in enumerate(zip(r, widths)))
        yield "  ".join(cells).rstrip()


def summary(rows):
    good = sum(r[9].startswith(("ok", "refused")) for r in rows)
    apart = sum(abs(int(r[3]) - int(r[1].split("/")[0])) for r in rows if r[1] != "-")
    return f"{len(rows)} recordings, {good} as they should be; " \
           f"{sum(int(r[3]) for r in rows)} transmissions, {apart} away from the segmentation's; " \
           f"{sum(int(r[4]) for r in rows)} bursts"


def main():
    program = corpus.Program(sys.argv[1])
    rows, times = [], []
    for recording in corpus.load():
        result = program.analyse(recording)
        rows.append(row(recording, result))
        times.append(f"{result.seconds:7.2f} s {recording.duration_s / result.seconds:9.1f} x real "
                     f"time {recording.samples / result.seconds / 1e6:7.1f} MS/s  {recording.name}")
    text = "\n".join([*layout([HEAD, *rows]), "", summary(rows), ""])
    with open(os.path.join(HERE, "table.txt"), "w", encoding="utf-8") as f:
        f.write(text)
    with open(os.path.join(HERE, "times.txt"), "w", encoding="utf-8") as f:
        f.write("wall clock of one lineside analyse, process start included\n")
        f.write("\n".join(times) + "\n")
    print(text, end="")


main()
