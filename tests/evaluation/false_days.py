#!/usr/bin/env python3
"""How many boxes noise makes at the default budget, which is 10 a day: hours of white noise at 20 MS/s.

A hundred a day are allowed. None in 3,200 s says so with 97.5 % (Garwood: at most 3.69 were to be expected), and one in
4,820 s, so that is how long it takes; the formats share the time, and each says how long it had. The noise is drawn from 65,536 quantiles
of the normal law, which the filters of the bank make normal again to far beyond what is looked for.
Writes tests/evaluation/false_days.txt. Usage: false_days.py BUILD [SECONDS]; one thread, a third of real time."""
import os
import statistics
import sys
import tempfile

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from false_alarms import analyse, interval  # noqa: E402

SEED = 20261213  # for acceptance
RATE = 20e6
FORMATS = [("noise_878M_20M.cs8", 12.0, np.int8, 30), ("noise_878M_20M.cs16", 300.0, np.int16, 30),
           ("noise_878M_20M.cf32", 1e-3, np.float32, 20)]  # name, deviation of a branch, type, seconds of a recording


def quantiles(sigma, kind):
    law = statistics.NormalDist(0.0, sigma)
    table = np.array([law.inv_cdf((k + 0.5) / 65536.0) for k in range(65536)])
    return table.astype(kind) if kind is np.float32 else np.rint(table).astype(kind)


def write_noise(path, table, seconds, rng):
    with open(path, "wb") as file:
        for _ in range(4 * seconds):
            table[rng.integers(0, 65536, int(RATE / 2), dtype=np.uint16)].tofile(file)


def write_table(heard, found):
    """After each recording, so that a run that is stopped leaves what it counted."""
    rows = ["White noise at 20 MS/s, analysed at the default budget of 10 false boxes a day; at most 100 are allowed",
            f"recording                  s  found  a day, with 95 % interval (Garwood); seed {SEED}"]
    for (name, *_), s, k in zip([*FORMATS, ("all",)], [*heard, sum(heard)], [*found, sum(found)]):
        if s > 0:
            low, high = interval(k)
            rows.append(f"{name:20} {s:7.0f} {k:6d}  {k * 86400.0 / s:5.1f} ({low * 86400.0 / s:.1f} to {high * 86400.0 / s:.1f})")
    with open(os.path.join(os.path.dirname(__file__), "false_days.txt"), "w", encoding="ascii") as file:
        file.write("\n".join(rows) + "\n")


def main():
    build, goal = sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 5220.0
    lineside = os.path.join(build, "lineside")
    heard, found = [0] * len(FORMATS), [0] * len(FORMATS)
    tables = [quantiles(sigma, kind) for _, sigma, kind, _ in FORMATS]
    turn = 0
    while sum(heard) < goal:
        at = turn % len(FORMATS)
        name, _, _, seconds = FORMATS[at]
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, name)
            write_noise(path, tables[at], seconds, np.random.default_rng([SEED, turn]))
            found[at] += len(analyse(lineside, path, RATE, None, folder))
        heard[at] += seconds
        turn += 1
        print(f"{sum(heard):.0f} of {goal:.0f} s, {sum(found)} boxes", file=sys.stderr, flush=True)
        write_table(heard, found)
    return 1 if interval(sum(found))[0] * 86400.0 / sum(heard) > 100.0 else 0


if __name__ == "__main__":
    sys.exit(main())
