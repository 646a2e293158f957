#!/usr/bin/env python3
"""SNR at which the whole search finds nine bursts in ten, beside the matched radiometer.

Bursts of flat Gaussian noise, lines and the simulator's waveforms are planted in white noise at random times and
frequencies, and the recording goes through the search as `analyse` runs it, floor learning included
(sensitivity_run.c). A burst counts as found when half of a box, or of the burst, is common to both in time x band,
and the burst fills a tenth of the box at least, but for what its keying spreads, which a box of 99 % of its power holds
(35 kHz at 0.58 ms); the last columns say how many boxes it came out as, and how often one
box covers half of it: a weak burst that fades may show its better half alone. A probit curve fitted over the matched
radiometer's own curve, so that both fade alike, gives the SNR at Pd 0.9 with its 95 % interval.

The matched radiometer knows the burst's duration T and band B and the noise power; its sum follows the Gamma law with
K = T B looks exactly. Its false-alarm rate is what the search was measured to have (RATE_SHARE of the budget, after
false_alarms.txt), and its trials are the boxes of that very size which fit side by side into a day and the band. A
line is held against a radiometer as wide as the finest bins of the search, or 1/T where that is wider: what a
receiver does not resolve it cannot use, and a line holds one degree of freedom in each T x 1/T, so its own power
does not fade.

The column "search" is what the same radiometer would lose if it did not know which window to look at: with channels no
finer than those of the search, windows of all durations and bands in octaves, FITS fits to each, half of the budget (the
other half is for windows of the other length), and the noise of what lies beside it where it must tell the gain, from
LONG_S on. No search with such channels loses less by much.

Bands of 1 MHz and more that last 100 ms are planted in 20 MS/s, narrower ones that last a second in 1 MS/s, the rest in
8 MS/s: a receiver's gain is not known to a tenth of a per cent for so long, so a long window is held against what lies
beside it, and 5 of 8 MHz leave little. The radiometer's trials go by the rate. For the same reason bursts of 100 ms and
more fill LONG_FILL of the band, and those wider than a tenth of it never coincide: in an earlier run they filled a fifth
to six tenths, and lost up to a dB more to each other.

Usage: sensitivity.py BUILD [--quick] [--seed N] [--only T,T...] [-o NAME]
       sensitivity.py BUILD --check    a few cells that must not lose more than CHECKED says
Seeds below 1000 were used while thresholds were made; the acceptance run uses ACCEPTANCE_SEED."""
import argparse
import csv
import math
import os
import subprocess
import sys

import numpy as np
from scipy.optimize import brentq
from scipy.special import gammaincc, gammainccinv, gammaincinv, ndtr, ndtri
from scipy.stats import ncx2

HERE = os.path.dirname(os.path.abspath(__file__))
ACCEPTANCE_SEED = 20261215  # 20261123, 20261208 and 20261211 were looked at while the search was mended
BUDGET = 10.0  # false alarms a day, the default of analyse
RATE_SHARE = 1.0  # measured false-alarm rate over the budget
RATE = 8e6
RATE_WIDE = 20e6
RATE_LONG = 1e6
USABLE = 0.92  # of the band: bursts are planted there
CHANNEL_HZ, CHANNELS_MAX = 6250.0, 1024  # of analyse
QUARTERS_S = 4e-3  # windows from about here on are searched on quarters of channels as well (survey/cut.h)
CENTRE_HZ = 20e3  # kept free: the DC channel is masked
DURATIONS = [0.3e-3, 0.58e-3, 1e-3, 4.6e-3, 10e-3, 100e-3, 1.0, 10.0]
BANDS = [0.0, 3e3, 12.5e3, 25e3, 200e3, 1e6, 5e6]  # 0: a line
# Between bursts at one time, and of the wider one's band: closer weak ones come as one box, which is no matter of this
# table (boxes.py has neighbours).
GAP_HZ, GAP_SHARE = 40e3, 0.5
KEYING = 10.1  # over the duration, beyond each edge: 99 % of the power of what is switched on and off at once
LONG_S = 0.05
LONG_FILL = {0.1: 0.04, 1.0: 0.06, 10.0: 0.1}  # of the band, by duration; WIDE_FILL of bands from 1 MHz on
WIDE_FILL = 0.2
FITS = 5.0  # as dsp/limits.c has it
SCALES_S = (0.3e-3, 10.0)  # durations that are searched
# waveform, duration, band of 99 % of its power
MODULATED = [("wcdma", 1e-3, 4.1e6), ("tetra/downlink", 10e-3, 21e3), ("tetra/downlink", 100e-3, 21e3),
             ("wcdma", 4.6e-3, 4.1e6), ("gsm-bcch", 100e-3, 2.2e5), ("ofdm", 1e-3, 7.8e6)]
SETTLE_S = {10.0: 60.0, 1.0: 40.0, 0.1: 40.0}  # listening before the first burst: the floor's own looks
SETTLE_DEFAULT_S = 1.0
CHECK_SEED = 301
CHECK_BURSTS = 80
# One cell of so many bursts is known to 0.4 dB, their mean to 0.15 dB: the limits are the losses when they were set,
# 1.0 and 1.6 dB, and 0.3 or 0.4 dB.
CHECK_MEAN_DB, CHECK_WORST_DB = 1.3, 2.0
CHECKED = [(1e-3, 25e3, 8e6), (1e-3, 200e3, 8e6), (1e-3, 5e6, 8e6), (10e-3, 12.5e3, 8e6), (10e-3, 1e6, 8e6),
           (100e-3, 0.0, 1e6), (100e-3, 200e3, 1e6)]  # duration, band, rate


class Cell:
    """Bursts of one kind, duration and band, and the radiometer that is matched to them."""

    def __init__(self, kind, duration, band, count, rate_sps):
        self.kind, self.duration, self.count, self.rate_sps = kind, duration, count, rate_sps
        self.finest = max(CHANNEL_HZ, rate_sps / CHANNELS_MAX)
        self.width = band if band > 0 else max(self.finest, 1.0 / duration)
        self.looks = duration * self.width
        boxes = 86400.0 / duration * max(1.0, rate_sps * USABLE / self.width)
        self.limit = gammainccinv(self.looks, BUDGET * RATE_SHARE / boxes)
        self.matched = self.matched_db(0.9)
        # Bursts are planted over the steep part of the curve and a little beyond; lines are found on quarters of
        # channels where the radiometer of a channel has them no more.
        self.low = self.matched_db(0.5) - 0.5 + min(0.0, self.search_db())
        self.high = self.matched_db(0.97) + 2.5
        self.snr = self.found = self.whole = self.pieces = None

    def search_db(self):
        """What a search of all windows with the same channels loses to the matched radiometer."""
        band = 0.0 if self.kind == "carrier" else self.width
        finest = self.finest / 4.0 if self.duration >= QUARTERS_S else self.finest
        seen = max(band, finest)
        looks = self.duration * seen
        usable = self.rate_sps * USABLE
        scales = math.log2(SCALES_S[1] / SCALES_S[0]) * max(1.0, math.log2(usable / finest))
        windows = 86400.0 / self.duration * max(1.0, usable / seen) * scales * FITS
        tail = 0.5 * BUDGET * RATE_SHARE / windows
        limit = gammainccinv(looks, tail) / looks
        if self.duration >= LONG_S:
            limit = 1.0 + (limit - 1.0) / math.sqrt(1.0 - seen / self.rate_sps)
        if self.kind == "carrier":
            own = self.duration * self.width
            goal = lambda snr: ncx2.sf(2.0 * limit * looks, 2.0 * looks, 2.0 * own * 10.0 ** (snr / 10.0)) - 0.9
            return brentq(goal, -40.0, 35.0) - self.matched
        # Its own power fades as that of its own looks does.
        own = self.duration * self.width
        goal = lambda snr: float(gammaincc(own, own * (limit - 1.0) * seen / self.width / 10.0 ** (snr / 10.0))) - 0.9
        wide = lambda snr: float(gammaincc(looks, limit * looks / (1.0 + 10.0 ** (snr / 10.0)))) - 0.9
        return brentq(goal if seen > self.width else wide, -40.0, 60.0) - self.matched

    def matched_pd(self, snr_db):
        """Of the matched radiometer with known noise; SNR in the band."""
        snr = 10.0 ** (np.asarray(snr_db) / 10.0)
        if self.kind == "carrier":
            # A line adds no randomness of its own: noncentral chi-square with 2 K degrees of freedom.
            return ncx2.sf(2.0 * self.limit, 2.0 * self.looks, 2.0 * self.looks * snr)
        return gammaincc(self.looks, self.limit / (1.0 + snr))

    def matched_db(self, goal):
        return brentq(lambda snr_db: float(self.matched_pd(snr_db)) - goal, -40.0, 35.0)

    def name(self):
        band = "carrier" if self.kind == "carrier" else f"{self.width / 1e3:g} kHz"
        return (f"{self.duration * 1e3:g} ms", band, "" if self.kind in ("gauss", "carrier") else self.kind)


def schedule(cells, rng):
    """Bursts at random places that keep clear of each other, and how long the recording must be."""
    planted = []
    area = sum(c.count * (c.duration * 1.5 + 4e-3) * (c.width * 1.2 + 40e3) for c in cells)
    longest = max(c.duration for c in cells)
    usable = cells[0].rate_sps * USABLE
    settle = SETTLE_S.get(longest, SETTLE_DEFAULT_S)
    fill = LONG_FILL.get(longest, 0.05)
    fill = WIDE_FILL if longest >= LONG_S and cells[0].width >= 1e6 else fill
    seconds = max(area / usable / fill, 2.0 * longest)
    order = [c for c in cells for _ in range(c.count)]
    order.sort(key=lambda c: -c.duration * c.width)
    boxes = np.zeros((0, 4))
    for cell in order:
        gap_s, gap_hz = 0.25 * cell.duration + 2e-3, max(GAP_HZ, GAP_SHARE * cell.width)
        for attempt in range(100000):
            if attempt % 200 == 199:
                seconds *= 1.02
            start = settle + rng.uniform(0.0, seconds)
            low = rng.uniform(-0.5 * usable, 0.5 * usable - cell.width)
            if cell.width < 1e6 and low - CENTRE_HZ < 0 < low + cell.width + CENTRE_HZ:
                continue
            wide = longest >= LONG_S and (cell.width >= 0.1 * cells[0].rate_sps)
            beside = np.maximum(gap_hz, GAP_SHARE * (boxes[:, 3] - boxes[:, 2]))
            clear = ((boxes[:, 0] > start + cell.duration + gap_s) | (boxes[:, 1] + gap_s < start) |
                     (not wide) & ((boxes[:, 2] - beside > low + cell.width) | (boxes[:, 3] + beside < low)))
            if clear.all():
                break
        else:
            raise RuntimeError("no room for the bursts")
        boxes = np.vstack([boxes, [start, start + cell.duration, low, low + cell.width]])
        planted.append((cell, start, low, rng.uniform(cell.low, cell.high)))
    return planted, settle + seconds + 1.5 * longest + 0.2


def run(build, cells, seed, rng):
    planted, seconds = schedule(cells, rng)
    lines = [f"{cells[0].rate_sps:.1f} {seconds:.3f} {seed} {BUDGET}"]
    for cell, start, low, snr in planted:
        lines.append(f"{start:.9f} {cell.duration:.9f} {low:.2f} {low + cell.width:.2f} {snr:.4f} {cell.kind}")
    out = subprocess.run([os.path.join(build, "tests/evaluation/sensitivity_run")], input="\n".join(lines) + "\n",
                         check=True, capture_output=True, text=True).stdout
    found = np.array([[float(v) for v in line.split()] for line in out.splitlines()]).reshape(-1, 4)
    used = np.zeros(len(found), bool)
    for cell in cells:
        cell.snr, cell.found, cell.whole, cell.pieces = [], [], [], []
    for cell, start, low, snr in planted:
        covered, common, hit = overlaps(found, cell, start, low)
        used |= common > 0
        cell.snr.append(snr)
        cell.found.append(bool(hit.any()))
        cell.whole.append(bool((hit & (covered >= 0.5)).any()))
        cell.pieces.append(int((common > 0).sum()))
    return seconds, int((~used).sum())


def overlaps(found, cell, start, low):
    """Share of the burst that each box covers, what both have in common, and whether the box is found to be it."""
    time = np.minimum(found[:, 0] + found[:, 1], start + cell.duration) - np.maximum(found[:, 0], start)
    time = np.maximum(time, 0.0)
    if cell.kind == "carrier":
        line, slack = low + 0.5 * cell.width, 0.5 * cell.finest
        band = ((found[:, 2] <= line + slack) & (found[:, 3] >= line - slack)) * cell.width
    else:
        # What is narrower than a bin may have been heard beside its own place.
        slack = 0.5 * cell.finest if cell.width < cell.finest else 0.0
        band = np.minimum(found[:, 3] + slack, low + cell.width) - np.maximum(found[:, 2] - slack, low)
        band = np.maximum(band, 0.0)
    common = time * band
    own = cell.duration * cell.width
    # What keying spreads is no part of the box that the burst should fill.
    keyed = np.minimum(found[:, 3], low + cell.width + KEYING / cell.duration)
    keyed = np.maximum(keyed - np.maximum(found[:, 2], low - KEYING / cell.duration), 0.0)
    size = found[:, 1] * np.maximum(found[:, 3] - found[:, 2] - keyed + band, 1.0)
    hit = (common > 0) & (common >= 0.5 * np.minimum(size, own)) & (common >= 0.1 * size)
    return common / own, common, hit


def probit(cell):
    """(SNR at Pd 0.9, half of its 95 % interval) by maximum likelihood; NaN where the curve is not reached."""
    x, y = ndtri(np.clip(cell.matched_pd(cell.snr), 1e-12, 1 - 1e-12)), np.array(cell.found, float)
    if y.mean() < 0.1:
        return math.nan, math.nan
    beta = np.array([0.0, 1.0])
    centre = x.mean()
    design = np.stack([np.ones_like(x), x - centre], axis=1)
    prior = np.diag([0.0, 4.0])  # curves are about as steep as the radiometer's: slope 1 +/- 0.5
    for _ in range(200):
        eta = design @ beta
        p = np.clip(ndtr(eta), 1e-9, 1 - 1e-9)
        slope = np.exp(-eta * eta / 2) / math.sqrt(2 * math.pi)
        weight = np.maximum(slope ** 2 / (p * (1 - p)), 1e-12)
        info = design.T @ (weight[:, None] * design) + prior
        gradient = design.T @ (weight * (y - p) / np.maximum(slope, 1e-9)) - prior @ (beta - [0.0, 1.0])
        step = np.linalg.solve(info, gradient)
        beta = beta + np.clip(step, -0.5, 0.5)
        if np.abs(step).max() < 1e-8:
            break
    if beta[1] <= 0.1:
        return math.nan, math.nan
    goal = ndtri(0.9)
    at = (goal - beta[0]) / beta[1]
    turn = np.array([-1.0 / beta[1], -at / beta[1]])
    half = 1.96 * math.sqrt(turn @ np.linalg.inv(info) @ turn)
    in_db = lambda value: cell.matched_db(float(ndtr(min(max(value, -5.0), 7.0))))  # where everything was found
    return in_db(centre + at), 0.5 * (in_db(centre + at + half) - in_db(centre + at - half))


def curve(names, cell):
    """The measured curve in steps of half a dB."""
    steps = {}
    for snr, found in zip(cell.snr, cell.found):
        step = steps.setdefault(round(2.0 * (snr - cell.matched)) / 2.0, [0, 0])
        step[0] += 1
        step[1] += found
    return [(*names, f"{over:+.1f}", *steps[over]) for over in sorted(steps)]


def plan(quick, only, bands):
    """Cells in runs: one run for each duration, and one for wide bands where they would crowd out the rest."""
    runs = {}

    def add(kind, duration, band, count):
        wide = band >= 1e6
        rate_sps = RATE_WIDE if wide and duration > LONG_S else RATE_LONG if duration >= 1.0 else RATE
        rate_sps = RATE_WIDE if band > 0.7 * rate_sps else rate_sps
        cell = Cell(kind, duration, band, count, rate_sps)
        wanted = bands is None or any(abs(band / 1e3 - b) < 1e-9 for b in bands)
        if wanted and (only is None or any(abs(duration * 1e3 - t) < 1e-9 for t in only)):
            runs.setdefault((duration, wide, rate_sps), []).append(cell)

    for duration in DURATIONS:
        for band in BANDS:
            if band == 0 or duration * band >= 1.0:
                many = 60 if quick else 100
                many = 24 if duration >= 10.0 or (duration >= 1.0 and band >= 1e6) else many
                many = 10 if duration >= 10.0 and band >= 1e6 else many
                add("gauss" if band > 0 else "carrier", duration, band, many)
    for kind, duration, band in [] if quick else MODULATED:
        add(kind, duration, band, 80)
    return sorted(runs.values(), key=lambda cells: cells[0].duration)


def check(build):
    """A few cells at a fixed seed: 0 when they lose no more than they may."""
    runs = {}
    for duration, band, rate_sps in CHECKED:
        kind = "gauss" if band > 0 else "carrier"
        runs.setdefault((duration, rate_sps), []).append(Cell(kind, duration, band, CHECK_BURSTS, rate_sps))
    losses = []
    for i, cells in enumerate(runs.values()):
        run(build, cells, CHECK_SEED + i, np.random.default_rng([CHECK_SEED, i]))
        for cell in cells:
            losses.append(probit(cell)[0] - cell.matched)
            print(f"{' '.join(cell.name()):20} loses {losses[-1]:5.2f} dB of {CHECK_WORST_DB:g}")
    print(f"{'mean':20} loses {np.mean(losses):5.2f} dB of {CHECK_MEAN_DB:g}")
    return 0 if np.all(np.array(losses) <= CHECK_WORST_DB) and np.mean(losses) <= CHECK_MEAN_DB else 1


def save(name, rows, curves):
    with open(os.path.join(HERE, name + ".txt"), "w", encoding="ascii") as file:
        file.write("\n".join(rows) + "\n")
    with open(os.path.join(HERE, name + ".csv"), "w", encoding="ascii", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["duration", "band", "waveform", "snr_over_matched_db", "bursts", "found"])
        writer.writerows(curves)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seed", type=int, default=ACCEPTANCE_SEED)
    parser.add_argument("--only", help="durations in ms, with commas")
    parser.add_argument("--bands", help="bands in kHz, with commas; 0: a line")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("-o", default="sensitivity", help="name of the table")
    args = parser.parse_args()
    if args.check:
        return check(args.build)
    only = [float(t) for t in args.only.split(",")] if args.only else None
    bands = [float(b) for b in args.bands.split(",")] if args.bands else None
    rows = [f"SNR at Pd 0.9, dB, in the burst's band; {RATE / 1e6:g}, {RATE_WIDE / 1e6:g} and {RATE_LONG / 1e6:g} MS/s, "
            f"{BUDGET:g} false alarms a day, seed {args.seed}",
            f"{'duration':>8} {'band':>9} {'':14} {'matched':>8} {'found':>7} {'+/-':>5} {'loss':>6} {'bursts':>6} {'boxes':>5} "
            f"{'whole %':>7}"]
    curves = []
    elsewhere = 0
    for i, cells in enumerate(plan(args.quick, only, bands)):
        rng = np.random.default_rng([args.seed, i])
        _, extra = run(args.build, cells, args.seed + i, rng)
        elsewhere += extra
        for cell in cells:
            at, half = probit(cell)
            names = cell.name()
            high = [(p, w) for p, w, s in zip(cell.pieces, cell.whole, cell.snr) if s > cell.matched + 1.0]
            pieces, whole = np.mean(high, axis=0)
            rows.append(f"{names[0]:>8} {names[1]:>9} {names[2]:14} {cell.matched:8.2f} {at:7.2f} {half:5.2f} "
                        f"{at - cell.matched:6.2f} {cell.search_db():6.2f} {len(cell.snr):6d} {pieces:5.2f} {100.0 * whole:5.0f}")
            print(rows[-1], flush=True)
            curves += curve(names, cell)
        save(args.o, rows, curves)
    rows.append(f"boxes beside every burst: {elsewhere}")
    print(rows[-1])
    save(args.o, rows, curves)
    return 0


sys.exit(main())
