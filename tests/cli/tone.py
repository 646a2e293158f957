#!/usr/bin/env python3
"""A recording with known truth: tone.py FILE [SECONDS]

cu8 at 250 kS/s: noise of 4 steps rms, and a carrier 30 kHz above the centre, 20 dB over the noise,
which is on from 0.2 to 0.4 s of each second. One seed, so the bytes are always the same.
"""
import cmath
import math
import random
import sys

RATE = 250000
OFFSET_HZ = 30000.0
NOISE = 4.0  # rms of I and of Q, in steps of the converter
TONE = NOISE * math.sqrt(2.0) * 10.0


def main():
    path = sys.argv[1]
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 3.0
    source = random.Random(20261120)
    # 30 kHz at 250 kS/s repeats after 25 samples.
    tone = [TONE * cmath.exp(2j * math.pi * OFFSET_HZ * i / RATE) for i in range(25)]
    out = bytearray()
    for n in range(int(seconds * RATE)):
        on = 0.2 <= (n / RATE) % 1.0 < 0.4
        x = tone[n % 25] if on else 0j
        for part in (x.real, x.imag):
            out.append(max(0, min(255, round(127.5 + part + source.gauss(0.0, NOISE)))))
    with open(path, "wb") as f:
        f.write(out)


main()
