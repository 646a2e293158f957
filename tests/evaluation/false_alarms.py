#!/usr/bin/env python3
"""How many transmissions the analysis finds in noise alone, against the budget it was given.

White noise in each sample format is analysed with budgets far above the default, so that there is something to
count; a box of noise is a crossing, so the transmissions found must not be more than the budget. Writes
tests/evaluation/false_alarms.txt. Usage: false_alarms.py BUILD"""
import json
import os
import subprocess
import sys
import tempfile

import numpy as np

SEED = 20261123
# name of the file says format and rate; standard deviation of one branch in steps of the format
SCENES = [
    ("noise_433.92M_250k.cu8", 250e3, 300.0, 12.0),
    ("noise_868M_2400k.cu8", 2.4e6, 40.0, 12.0),
    ("noise_878M_20M.cs8", 20e6, 8.0, 12.0),
    ("noise_878M_20M.cs16", 20e6, 8.0, 300.0),
    ("noise_878M_20M.cf32", 20e6, 4.0, 1e-3),
]
BUDGETS = [1e5, 1e6]


def write_noise(path, rate, seconds, sigma, rng):
    with open(path, "wb") as file:
        for _ in range(int(seconds * 4)):
            x = rng.standard_normal(2 * int(rate / 4)) * sigma
            if path.endswith(".cu8"):
                x = np.clip(np.rint(x + 127.5), 0, 255).astype(np.uint8)
            elif path.endswith(".cs8"):
                x = np.clip(np.rint(x), -128, 127).astype(np.int8)
            elif path.endswith(".cs16"):
                x = np.rint(x).astype("<i2")
            else:
                x = x.astype("<f4")
            file.write(x.tobytes())


def interval(count):
    """95 % interval of a Poisson mean (Garwood, Biometrika 28, 1936), by bisection on its own law; by
    the normal law above 200."""
    if count > 200:
        return count - 1.96 * np.sqrt(count), count + 1.96 * np.sqrt(count)

    def tail(mean, k):  # P(X <= k)
        term = total = np.exp(-mean)
        for i in range(1, k + 1):
            term *= mean / i
            total += term
        return total

    def solve(goal, k):
        low, high = 0.0, 10.0 + 4.0 * k
        for _ in range(100):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if tail(middle, k) > goal else (low, middle)
        return low
    return (0.0 if count == 0 else solve(0.975, count - 1)), solve(0.025, count)


def main():
    build = sys.argv[1]
    lineside = os.path.join(build, "lineside")
    rng = np.random.default_rng(SEED)
    rows = [f"{'recording':24} {'s':>5} {'budget/day':>10} {'allowed':>8} {'found':>6}  95 % interval, share of budget"]
    failed = False
    for name, rate, seconds, sigma in SCENES:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, name)
            write_noise(path, rate, seconds, sigma, rng)
            for budget in [None] + BUDGETS:
                options = [] if budget is None else ["--false-alarms", str(budget)]
                out = subprocess.run([lineside, "analyse", "--json", "--db", os.path.join(folder, "n.db"), *options, path],
                                     check=True, capture_output=True, text=True).stdout
                found = json.loads(out)["transmissions"]
                allowed = (budget or 10.0) * seconds / 86400.0
                low, high = interval(found)
                share = f"{low / allowed:.2f} to {high / allowed:.2f}" if budget else "-"
                rows.append(f"{name:24} {seconds:5.0f} {budget or 10:10.0f} {allowed:8.2f} {found:6d}  {share}")
                failed = failed or low > allowed
    text = "\n".join(rows) + "\n"
    print(text, end="")
    with open(os.path.join(os.path.dirname(__file__), "false_alarms.txt"), "w", encoding="ascii") as file:
        file.write(text)
    return 1 if failed else 0


sys.exit(main())
