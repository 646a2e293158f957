#!/usr/bin/env python3
"""floor.py BUILD: the floor that the program states (observations --json) against the one that was put
in, in floor.txt beside this file. DESIGN.md section 7: within 0.5 dB up to 60 % occupancy, within
1 dB at 80 %.

1 MS/s, 4 s, white noise of -60 dBFS in the band. Occupied: bursts of Gaussian noise over 70 % of the
band, so that the middle one of the channels, whose floor is stated, is an occupied one. A gap shorter
than the bank's response shows no noise alone: cells whose gaps are shorter than twice that are marked.
The seed is of this evaluation alone: nothing was tuned on it."""
import json
import os
import subprocess
import sys
import tempfile

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
SEED = 20261126
RATE = 1_000_000
SECONDS = 4.0
NOISE_DB = -60.0
WIDE = 0.7  # of the band
RESPONSE_S = 8 * 160 / RATE  # taps and channels of the bank at this rate

rng = np.random.default_rng(SEED)


def noise(count, db):
    scale = np.sqrt(10.0 ** (db / 10.0) / 2.0)
    return scale * (rng.standard_normal(count) + 1j * rng.standard_normal(count))


def band(count, low, high, db):
    """Noise in [low, high) of the rate, of this power in all."""
    spectrum = np.fft.fft(noise(count, 0.0))
    at = np.fft.fftfreq(count)
    spectrum[(at < low) | (at >= high)] = 0.0
    x = np.fft.ifft(spectrum)
    return x * np.sqrt(10.0 ** (db / 10.0) / np.mean(np.abs(x) ** 2))


def keyed(count, share, burst_s):
    """1 where a burst is on: bursts of this length, gaps that make this share, drawn by +-30 %."""
    gate = np.zeros(count)
    at = 0.2 * burst_s
    while at < SECONDS:
        gate[int(at * RATE):int((at + burst_s) * RATE)] = 1.0
        gap = burst_s * (1.0 - share) / share
        at += burst_s + gap * rng.uniform(0.7, 1.3)
    return gate


def stated(program, folder, x):
    recording = os.path.join(folder, "x.cf32")
    db = os.path.join(folder, "x.db")
    x.astype(np.complex64).tofile(recording)
    for path in (db, db + "-wal", db + "-shm"):
        if os.path.exists(path):
            os.remove(path)
    subprocess.run([program, "analyse", recording, "--format", "cf32_le", "--rate", str(RATE), "--freq",
                    "868M", "--db", db, "--no-hash", "--json"], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    lines = subprocess.run([program, "observations", "--db", db, "--json"], check=True, text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.splitlines()
    row = json.loads(lines[-1])
    return row["floor_dbfs_hz"] + 10.0 * np.log10(RATE), row["floor_error_db"]


def main():
    program = os.path.join(sys.argv[1], "lineside")
    count = int(RATE * SECONDS)
    out = [f"Stated floor less the one put in, dB. Seed {SEED}; {SECONDS:.0f} s at 1 MS/s a cell, one "
           "draw each.", ""]
    worst = {(bound, strong): 0.0 for bound in (60, 80) for strong in (False, True)}
    with tempfile.TemporaryDirectory() as folder:
        level, error = stated(program, folder, noise(count, NOISE_DB))
        out += [f"white noise: {level - NOISE_DB:+.2f} dB; a channel's standard error is stated as "
                f"{error:.2f} dB", "",
                "bursts over 70 % of the band, by their length, signal to noise ratio and share of time:",
                "", f"{'burst':>8} {'SNR':>6}  " + " ".join(f"{s:>7} %" for s in (20, 40, 60, 80))]
        for burst_s in (0.001, 0.005, 0.020, 0.100, 0.500):
            for snr_db in (5, 10, 20, 30):
                cells = []
                for share in (20, 40, 60, 80):
                    signal = band(count, -WIDE / 2, WIDE / 2,
                                  NOISE_DB + 10 * np.log10(WIDE) + snr_db)
                    x = noise(count, NOISE_DB) + signal * keyed(count, share / 100.0, burst_s)
                    level, _ = stated(program, folder, x)
                    off = level - NOISE_DB
                    shown = burst_s * (100 - share) / share >= 2.0 * RESPONSE_S
                    cells.append(f"{off:>+8.2f}{' ' if shown else '*'}")
                    if shown:
                        key = (80 if share > 60 else 60, snr_db >= 10)
                        worst[key] = max(worst[key], abs(off))
                out.append(f"{burst_s * 1e3:>5.0f} ms {snr_db:>3} dB  " + " ".join(cells))
        out += ["", "on from the first sample to the last, over a part of the band in the middle of "
                    "it, 20 dB:", "", f"{'part':>8}  {'error':>7}"]
        for part in (30, 50, 60):
            low = -part / 200.0
            signal = band(count, low, -low, NOISE_DB + 10 * np.log10(part / 100.0) + 20)
            level, _ = stated(program, folder, noise(count, NOISE_DB) + signal)
            out.append(f"{part:>6} %  {level - NOISE_DB:>+7.2f}")
        rise = np.linspace(0.0, 6.0 * SECONDS / 60.0, count)
        level, _ = stated(program, folder, noise(count, NOISE_DB) * 10.0 ** (rise / 20.0))
        out += ["", f"drift of 6 dB a minute, at its end: {level - NOISE_DB - rise[-1]:+.2f} dB"]
    out += ["", "* gaps shorter than twice the bank's response", "",
            f"worst of the others from 10 dB on: {worst[60, True]:.2f} dB up to 60 % of the time (0.5 "
            f"wanted), {worst[80, True]:.2f} dB at 80 % (1.0 wanted)",
            f"at 5 dB: {worst[60, False]:.2f} dB up to 60 %, {worst[80, False]:.2f} dB at 80 %"]
    text = "\n".join(out) + "\n"
    with open(os.path.join(HERE, "floor.txt"), "w", encoding="utf-8") as f:
        f.write(text)
    print(text)


main()
