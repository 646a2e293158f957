#!/usr/bin/env python3
"""How many boxes the analysis finds in noise alone, against the budget it was given.

Noise in each sample format, white and as a receiver makes it (passband that falls to its edges, drift of gain of 6 dB a
minute, two lines of its own that it is told of, a line at the tuned centre) or with a passband that rises by 4 dB to
its middle, is analysed with budgets far above the default, so that there is something to count. Half of a budget is
for windows within a piece of listening and half for longer ones, of which half on quarters of channels; boxes are
counted by duration, those up to a piece's length and longer ones. Shares of the budget at a day's 10 are not counted in
any time that one has: what is counted says how they run with the budget.
Writes tests/evaluation/false_alarms.txt. Usage: false_alarms.py BUILD [PART OF A RECORDING'S NAME...]"""
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
from scipy.signal import firwin2, oaconvolve

SEED = 20261210  # for acceptance; 20261123, 20261124, 20261207 to 20261209 were looked at while the search was mended
SPURS = [0.11, -0.23]  # of the rate, from the tuned centre
# name of the file says format and rate; standard deviation of one branch in steps of the format
SCENES = [
    ("noise_433.92M_250k.cu8", 250e3, 1500.0, 12.0),
    ("noise_868M_2400k.cu8", 2.4e6, 120.0, 12.0),
    ("receiver_868M_2400k.cu8", 2.4e6, 120.0, 12.0),
    ("noise_878M_20M.cs8", 20e6, 12.0, 12.0),
    ("receiver_878M_20M.cs8", 20e6, 12.0, 12.0),
    ("hump_878M_20M.cs8", 20e6, 4.0, 12.0),
    ("noise_878M_20M.cs16", 20e6, 6.0, 300.0),
    ("noise_878M_20M.cf32", 20e6, 4.0, 1e-3),
]
BUDGETS = [1e4, 1e5, 1e6]
LOW_BUDGETS = [1e2, 1e3]  # where there is time enough to count
LONG_S = 1000.0
PIECE_CELLS, PIECE_ROWS = 1 << 19, (64, 2048)  # of analyse: pieces of so many cells


def piece_s(rate):
    channels = min(1024.0, max(16.0, rate / 6250.0))
    rows = PIECE_ROWS[1]
    while rows > PIECE_ROWS[0] and rows * channels > PIECE_CELLS:
        rows //= 2
    return rows * channels / rate


def passband():
    """Falls by 2 dB to each side, with a ripple of 0.1 dB, and by 6 dB more at the edges."""
    at = np.linspace(0.0, 1.0, 65)
    level_db = -2.0 * at + 0.05 * np.sin(9.0 * at) - 6.0 * np.clip(at - 0.85, 0.0, None) / 0.15
    return firwin2(257, at, 10.0 ** (level_db / 20.0))


def hump():
    """Rises by 4 dB from the edges to the middle."""
    at = np.linspace(0.0, 1.0, 65)
    return firwin2(257, at, 10.0 ** (2.0 * (1.0 + np.cos(np.pi * at)) / 20.0))


def write_noise(path, rate, seconds, sigma, rng):
    receiver = "receiver" in path
    taps = passband() if receiver else hump()
    step = int(rate / 4)
    with open(path, "wb") as file:
        for k in range(int(seconds * 4)):
            x = rng.standard_normal(2 * step, dtype=np.float32) * np.float32(sigma)
            if receiver or "hump" in path:
                z = x.view(np.complex64).astype(np.complex128)
                z = np.concatenate([z[-256:], z])  # white noise may begin with anything
                z = oaconvolve(z, taps, mode="valid")[:step]
                x = np.ascontiguousarray(z).view(np.float64)
            if receiver:
                at = k * step + np.arange(step)
                z = z * 10.0 ** (0.3 * np.abs((at / rate / 60.0) % 1.0 - 0.5))  # 3 dB down, 3 dB up in a minute
                z = z + 0.2 * sigma * sum(np.exp(2j * np.pi * ((spur * at) % 1.0)) for spur in SPURS) + 0.5 * sigma
                x = np.ascontiguousarray(z).view(np.float64)
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


def analyse(lineside, path, rate, budget, folder):
    """Durations of the boxes found."""
    options = [] if budget is None else ["--false-alarms", str(budget)]
    if "receiver" in path:
        center = float(os.path.basename(path).split("_")[1][:-1]) * 1e6
        options += [word for spur in SPURS for word in ("--spur", str(center + spur * rate))]
    bursts = os.path.join(folder, "bursts.jsonl")
    subprocess.run([lineside, "analyse", "--json", "--no-hash", "--db", os.path.join(folder, "n.db"), "--bursts", bursts,
                    *options, path], check=True, capture_output=True)
    with open(bursts, encoding="ascii") as file:
        return np.array([json.loads(line)["duration_s"] for line in file])


def main():
    build = sys.argv[1]
    lineside = os.path.join(build, "lineside")
    rows = [f"{'recording':24} {'s':>4} {'budget/day':>10} {'allowed':>8} {'found':>6} {'short':>6} {'long':>5}  "
            "95 % interval, share of budget; short, long of its halves"]
    failed = False
    for number, (name, rate, seconds, sigma) in enumerate(SCENES):
        if len(sys.argv) > 2 and not any(part in name for part in sys.argv[2:]):
            rows.append(f"{name:24} not measured")
            continue
        rng = np.random.default_rng([SEED, number])
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, name)
            write_noise(path, rate, seconds, sigma, rng)
            for budget in [None] + (LOW_BUDGETS if seconds >= LONG_S else []) + BUDGETS:
                durations = analyse(lineside, path, rate, budget, folder)
                found = len(durations)
                longer = int((durations > piece_s(rate)).sum())
                allowed = (budget or 10.0) * seconds / 86400.0
                low, high = interval(found)
                share = "-"
                if budget:
                    share = (f"{low / allowed:.2f} to {high / allowed:.2f}; {2 * (found - longer) / allowed:.2f}, "
                             f"{2 * longer / allowed:.2f}")
                rows.append(f"{name:24} {seconds:4.0f} {budget or 10:10.0f} {allowed:8.2f} {found:6d} {found - longer:6d} "
                            f"{longer:5d}  {share}")
                print(rows[-1], flush=True)
                failed = failed or low > allowed
    text = "\n".join(rows) + "\n"
    with open(os.path.join(os.path.dirname(__file__), "false_alarms.txt"), "w", encoding="ascii") as file:
        file.write(text)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
