#!/usr/bin/env python3
"""SNR at which the whole search finds nine bursts in ten, beside the matched radiometer.

Bursts of flat Gaussian noise, lines and the simulator's waveforms are planted in white noise at random times and
frequencies, and the recording goes through the search as `analyse` runs it, floor learning included
(sensitivity_run.c). A burst counts as found when one box covers at least half of its time x band and is at least a
tenth filled by it. A probit curve fitted over SNR gives the SNR at Pd 0.9 with its 95 % interval.

The matched radiometer knows the burst's duration T and band B and the noise power; its sum follows the Gamma law with
K = T B looks exactly. Its false-alarm rate is what the search was measured to have (RATE_SHARE of the budget, from
false_alarms.txt), and its trials are the boxes of that very size which fit side by side into a day and the band. A
line is held against a radiometer as wide as the finest bins of the search, or 1/T where that is wider: what a
receiver does not resolve it cannot use, and a line holds one degree of freedom in each T x 1/T, so its own power
does not fade.

Usage: sensitivity.py BUILD [--quick] [--seed N] [--only T,T...] [-o NAME]
Seeds below 1000 were used while thresholds were made; the acceptance run uses ACCEPTANCE_SEED."""
import argparse
import csv
import math
import os
import subprocess
import sys

import numpy as np
from scipy.optimize import brentq
from scipy.special import gammaincinv, gammainccinv, ndtr
from scipy.stats import ncx2

HERE = os.path.dirname(os.path.abspath(__file__))
ACCEPTANCE_SEED = 20261123
BUDGET = 10.0  # false alarms a day, the default of analyse
RATE_SHARE = 1.0  # measured false-alarm rate over the budget
RATE = 8e6
USABLE = 0.92  # of the band: bursts are planted there
FINEST_HZ = RATE / 1024
CENTRE_HZ = 20e3  # kept free: the DC channel is masked
DURATIONS = [0.3e-3, 0.58e-3, 1e-3, 4.6e-3, 10e-3, 100e-3, 1.0, 10.0]
BANDS = [0.0, 3e3, 12.5e3, 25e3, 200e3, 1e6, 5e6]  # 0: a line
# waveform, duration, band of 99 % of its power
MODULATED = [("ofdm", 1e-3, 4.6e6), ("tetra/downlink", 10e-3, 21e3), ("tetra/downlink", 100e-3, 21e3),
             ("wcdma", 4.6e-3, 4.1e6), ("gsm-bcch", 100e-3, 2.2e5)]
SETTLE_S = {10.0: 60.0, 1.0: 40.0, 0.1: 40.0}  # listening before the first burst: the floor's own looks
SETTLE_DEFAULT_S = 1.0


class Cell:
    """Bursts of one kind, duration and band."""

    def __init__(self, kind, duration, band, count, rate):
        self.kind, self.duration, self.count = kind, duration, count
        self.width = band if band > 0 else max(FINEST_HZ, 1.0 / duration)
        self.matched = matched_db(duration, self.width, kind == "carrier", rate)
        self.snr = self.found = None

    def name(self):
        band = "carrier" if self.kind == "carrier" else f"{self.width / 1e3:g} kHz"
        return (f"{self.duration * 1e3:g} ms", band, "" if self.kind in ("gauss", "carrier") else self.kind)


def matched_db(duration, width, line, rate):
    """SNR in the band at Pd 0.9 of a radiometer of width x duration with known noise."""
    looks = duration * width
    boxes = 86400.0 / duration * max(1.0, RATE * USABLE / width)
    limit = gammainccinv(looks, rate / boxes)
    if not line:
        return 10.0 * math.log10(limit / gammaincinv(looks, 0.1) - 1.0)
    # A line adds no randomness of its own: noncentral chi-square with 2 K degrees of freedom.
    goal = lambda snr: ncx2.sf(2.0 * limit, 2.0 * looks, 2.0 * looks * snr) - 0.9
    return 10.0 * math.log10(brentq(goal, 1e-6, 1e4))


def schedule(cells, rng):
    """Bursts at random places that keep clear of each other, and how long the recording must be."""
    planted = []
    area = sum(c.count * (c.duration * 1.5 + 4e-3) * (c.width * 1.2 + 40e3) for c in cells)
    longest = max(c.duration for c in cells)
    settle = SETTLE_S.get(longest, SETTLE_DEFAULT_S)
    fill = 0.6 if cells[0].width >= 1e6 and longest >= 1.0 else 0.2
    seconds = max(area / (RATE * USABLE) / fill, 2.0 * longest)
    order = [c for c in cells for _ in range(c.count)]
    order.sort(key=lambda c: -c.duration * c.width)
    boxes = np.zeros((0, 4))
    for cell in order:
        gap_s, gap_hz = 0.25 * cell.duration + 2e-3, 0.1 * cell.width + 20e3
        for attempt in range(100000):
            if attempt % 200 == 199:
                seconds *= 1.02
            start = settle + rng.uniform(0.0, seconds)
            low = rng.uniform(-0.5 * RATE * USABLE, 0.5 * RATE * USABLE - cell.width)
            if cell.width < 1e6 and low - CENTRE_HZ < 0 < low + cell.width + CENTRE_HZ:
                continue
            clear = ((boxes[:, 0] > start + cell.duration + gap_s) | (boxes[:, 1] + gap_s < start) |
                     (boxes[:, 2] > low + cell.width + gap_hz) | (boxes[:, 3] + gap_hz < low))
            if clear.all():
                break
        else:
            raise RuntimeError("no room for the bursts")
        boxes = np.vstack([boxes, [start, start + cell.duration, low, low + cell.width]])
        planted.append((cell, start, low, cell.matched + rng.uniform(-1.5, 3.5)))
    return planted, settle + seconds + 1.5 * longest + 0.2


def run(build, cells, seed, rng):
    planted, seconds = schedule(cells, rng)
    lines = [f"{RATE:.1f} {seconds:.3f} {seed} {BUDGET}"]
    for cell, start, low, snr in planted:
        lines.append(f"{start:.9f} {cell.duration:.9f} {low:.2f} {low + cell.width:.2f} {snr:.4f} {cell.kind}")
    out = subprocess.run([os.path.join(build, "tests/evaluation/sensitivity_run")], input="\n".join(lines) + "\n",
                         check=True, capture_output=True, text=True).stdout
    found = np.array([[float(v) for v in line.split()] for line in out.splitlines()]).reshape(-1, 4)
    used = np.zeros(len(found), bool)
    for cell in cells:
        cell.snr, cell.found, cell.pieces = [], [], []
    for cell, start, low, snr in planted:
        share, common = overlaps(found, cell, start, low)
        hit = share >= 0.5
        used |= common > 0
        cell.snr.append(snr)
        cell.found.append(bool(hit.any()))
        cell.pieces.append(int((common > 0).sum()))
    return seconds, int((~used).sum())


def overlaps(found, cell, start, low):
    """Share of the burst that each box covers, 0 where the burst fills less than a tenth of the box."""
    time = np.minimum(found[:, 0] + found[:, 1], start + cell.duration) - np.maximum(found[:, 0], start)
    time = np.maximum(time, 0.0)
    if cell.kind == "carrier":
        line, slack = low + 0.5 * cell.width, 0.5 * FINEST_HZ
        band = ((found[:, 2] <= line + slack) & (found[:, 3] >= line - slack)) * cell.width
    else:
        band = np.maximum(np.minimum(found[:, 3], low + cell.width) - np.maximum(found[:, 2], low), 0.0)
    common = time * band
    share = common / (cell.duration * cell.width)
    size = found[:, 1] * np.maximum(found[:, 3] - found[:, 2], 1.0)
    return np.where(common >= 0.1 * size, share, 0.0), common


def probit(cell):
    """(SNR at Pd 0.9, half of its 95 % interval) by maximum likelihood; NaN where the curve is not reached."""
    x, y = np.array(cell.snr), np.array(cell.found, float)
    if y.mean() > 0.97 or y.mean() < 0.1:
        return math.nan, math.nan
    beta = np.array([0.0, 1.0])
    centre = x.mean()
    design = np.stack([np.ones_like(x), x - centre], axis=1)
    for _ in range(100):
        eta = design @ beta
        p = np.clip(ndtr(eta), 1e-9, 1 - 1e-9)
        slope = np.exp(-eta * eta / 2) / math.sqrt(2 * math.pi)
        weight = np.maximum(slope ** 2 / (p * (1 - p)), 1e-12)
        info = design.T @ (weight[:, None] * design) + 1e-9 * np.eye(2)
        step = np.linalg.solve(info, design.T @ (weight * (y - p) / np.maximum(slope, 1e-9)))
        beta = beta + np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < 1e-8:
            break
    if beta[1] <= 0.05:
        return math.nan, math.nan
    at = (1.2815515655 - beta[0]) / beta[1]
    covariance = np.linalg.inv(info)
    gradient = np.array([-1.0 / beta[1], -at / beta[1]])
    return centre + at, 1.96 * math.sqrt(gradient @ covariance @ gradient)


def curve(names, cell):
    """The measured curve in steps of half a dB."""
    steps = {}
    for snr, found in zip(cell.snr, cell.found):
        step = steps.setdefault(round(2.0 * (snr - cell.matched)) / 2.0, [0, 0])
        step[0] += 1
        step[1] += found
    return [(*names, f"{over:+.1f}", *steps[over]) for over in sorted(steps)]


def plan(quick, only, rate):
    """Cells in runs: one run for each duration, and one for wide bands where they would crowd out the rest."""
    runs = {}
    for duration in DURATIONS:
        for band in BANDS:
            if band > 0 and duration * band < 1.0:
                continue
            wide = band >= 1e6
            many = 60 if quick else 160
            many = many if duration < 1.0 or not wide else (12 if quick else 40)
            cell = Cell("gauss" if band > 0 else "carrier", duration, band, many, rate)
            if only is None or any(abs(duration * 1e3 - t) < 1e-9 for t in only):
                runs.setdefault((duration, wide), []).append(cell)
    for kind, duration, band in [] if quick else MODULATED:
        if only is None or any(abs(duration * 1e3 - t) < 1e-9 for t in only):
            runs.setdefault((duration, band >= 1e6), []).append(Cell(kind, duration, band, 120, rate))
    return list(runs.values())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seed", type=int, default=ACCEPTANCE_SEED)
    parser.add_argument("--only", help="durations in ms, with commas")
    parser.add_argument("-o", default="sensitivity", help="name of the table")
    args = parser.parse_args()
    only = [float(t) for t in args.only.split(",")] if args.only else None
    rows = [f"SNR at Pd 0.9, dB, in the burst's band; {RATE / 1e6:g} MS/s, {BUDGET:g} false alarms a day, "
            f"measured {RATE_SHARE:g} of it, seed {args.seed}",
            f"{'duration':>8} {'band':>9} {'':14} {'matched':>8} {'found':>7} {'+/-':>5} {'loss':>6}  bursts, boxes a burst"]
    curves = []
    elsewhere = 0
    for i, cells in enumerate(plan(args.quick, only, BUDGET * RATE_SHARE)):
        rng = np.random.default_rng([args.seed, i])
        _, extra = run(args.build, cells, args.seed + i, rng)
        elsewhere += extra
        for cell in cells:
            at, half = probit(cell)
            names = cell.name()
            high = [p for p, s in zip(cell.pieces, cell.snr) if s > cell.matched + 1.0]
            rows.append(f"{names[0]:>8} {names[1]:>9} {names[2]:14} {cell.matched:8.2f} {at:7.2f} {half:5.2f} "
                        f"{at - cell.matched:6.2f}  {len(cell.snr)} {np.mean(high):.2f}")
            print(rows[-1], flush=True)
            curves += curve(names, cell)
    rows.append(f"boxes beside every burst: {elsewhere}")
    print(rows[-1])
    with open(os.path.join(HERE, args.o + ".txt"), "w", encoding="ascii") as file:
        file.write("\n".join(rows) + "\n")
    with open(os.path.join(HERE, args.o + ".csv"), "w", encoding="ascii", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["duration", "band", "waveform", "snr_over_matched_db", "bursts", "found"])
        writer.writerows(curves)
    return 0


sys.exit(main())
