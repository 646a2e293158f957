#!/usr/bin/env python3
"""What a live sensor carries: live.py BUILD [--rate-minutes M] [--ladder-seconds S] [--soak-minutes M]
[--kills N] [--faults N].

The replay device plays in real time within the same process, so its own work is in the figures of
processor time. Noise, a carrier and a burst each 50 ms at 20 MS/s ci16, and the same at 2.4 MS/s with
a sample clock that is 20 ppm fast. The issue asks for 10 minutes, 30 minutes, 200 kills and 1000
faults, which are the defaults; the table says what was run. Writes tests/evaluation/live.txt."""
import argparse
import os
import sys
import tempfile
import time

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "survey"))
import live_test  # noqa: E402

SEED = 20261123
LADDER = [1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0]  # times 20 MS/s


def write_recording(folder, rate, seconds):
    """Noise, a carrier and a burst of 1 ms every 50 ms; repeats without a seam."""
    rng = np.random.default_rng(SEED)
    path = os.path.join(folder, f"live_900M_{rate / 1e3:.0f}k.cs16")
    n = int(rate * 0.5)
    t = np.arange(n) / rate
    tile = 30.0 * (rng.standard_normal(n) + 1j * rng.standard_normal(n))
    tile += 100.0 * np.exp(2j * np.pi * (0.1 * rate // 2 * 2) * t)
    tile += 200.0 * np.exp(2j * np.pi * (-0.2 * rate // 2 * 2) * t) * (t % 0.05 < 0.001)
    samples = np.rint(np.stack([tile.real, tile.imag], axis=1)).astype("<i2").tobytes()
    with open(path, "wb") as f:
        for _ in range(int(seconds * 2)):
            f.write(samples)
    return path


def play(bench, file, rate, seconds, device, **options):
    """The statuses of a run, and its open files at the end."""
    name = options.setdefault("db", bench.path(f"{time.monotonic_ns()}.db"))
    sensor = bench.start(f",loop=true,format=ci16,rate={rate},freq=900M{device}", file=file,
                         rate=rate, center=900e6, seconds=seconds, **options)
    files = []
    until = time.monotonic() + seconds - 2
    out = []
    while time.monotonic() < until:
        line = sensor.stdout.readline()
        out.append(line)
        if len(out) % 20 == 0:
            files.append(len(os.listdir(f"/proc/{sensor.pid}/fd")))
    lines = [live_test.json.loads(x) for x in out if x.endswith("}\n")]
    lines += bench.finish(sensor)
    bench.sound(os.path.basename(name))
    return [line for line in lines if line["type"] == "status"], files


def ours(status):
    """Samples lost for want of processor time: blocks dropped, and overflows of the device, which
    makes none of its own here."""
    return status["dropped_samples"], status["overflows"]


def cpu_per_msps(statuses):
    a, b = statuses[len(statuses) // 4], statuses[-2]
    return (b["cpu_s"] - a["cpu_s"]) / ((b["samples"] - a["samples"]) / 1e6)


def full_rate(bench, folder, opts, say):
    file = write_recording(folder, 20e6, 1.0)
    seconds = 60.0 * opts.rate_minutes
    statuses, _ = play(bench, file, 20e6, seconds, "")
    dropped, overflows = ours(statuses[-1])
    half = statuses[len(statuses) // 2]["resident_mb"]
    say(f"20 MS/s ci16, {seconds:.0f} s, {os.cpu_count()} processors: {dropped} samples dropped, "
        f"{overflows} overflows; observed {statuses[-1]['observed_s']:.1f} s")
    say(f"  processor time {cpu_per_msps(statuses) * 1e3:.2f} ms per million samples; resident "
        f"{half:.1f} MB at half time, {statuses[-2]['resident_mb']:.1f} MB at the end")
    if opts.ladder_seconds <= 0:
        return
    best = 0.0
    for factor in LADDER:
        statuses, _ = play(bench, file, 20e6, opts.ladder_seconds, f",speed={factor}",
                           clock="device")
        dropped, overflows = ours(statuses[-1])
        if dropped or overflows:
            break
        best = factor
    say(f"  highest rate of {opts.ladder_seconds:.0f} s without loss: {20 * best:.0f} MS/s; steps "
        + ", ".join(f"{20 * f:.0f}" for f in LADDER))


def soak(bench, folder, opts, say):
    file = write_recording(folder, 2.4e6, 2.0)
    seconds = 60.0 * opts.soak_minutes
    statuses, files = play(bench, file, 2.4e6, seconds, ",clock_ppm=20")
    early, end = statuses[max(1, len(statuses) // 3)], statuses[-2]
    dropped, overflows = ours(statuses[-1])
    say(f"2.4 MS/s ci16, {seconds:.0f} s: {dropped} samples dropped, {overflows} overflows; "
        f"processor time {cpu_per_msps(statuses) * 1e3:.2f} ms per million samples")
    say(f"  resident {early['resident_mb']:.1f} MB after a third, {end['resident_mb']:.1f} MB at "
        f"the end; open files {min(files)} to {max(files)}")
    ppm = end["clock_ppm"]
    say(f"  sample clock set 20 ppm off, measured {ppm if ppm is None else round(ppm, 2)} ppm; "
        f"event time off by {end['clock_offset_s'] * 1e3:.2f} ms at the end, spread of delays "
        f"{end['clock_error_s'] * 1e3:.2f} ms")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--rate-minutes", type=float, default=10.0)
    parser.add_argument("--ladder-seconds", type=float, default=60.0)
    parser.add_argument("--soak-minutes", type=float, default=30.0)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--faults", type=int, default=1000)
    opts = parser.parse_args()
    table = []

    def say(line):
        print(line, flush=True)
        table.append(line)

    with tempfile.TemporaryDirectory(prefix="lineside-live-") as folder:
        bench = live_test.Bench(opts.build, folder)
        if opts.rate_minutes > 0:
            full_rate(bench, folder, opts, say)
        if opts.soak_minutes > 0:
            soak(bench, folder, opts, say)
    for name, count in (("ledger_balances_under_faults", opts.faults),
                        ("kills_lose_two_seconds_at_most", opts.kills)):
        if count > 0:
            with tempfile.TemporaryDirectory(prefix="lineside-live-") as folder:
                result = getattr(live_test, name)(live_test.Bench(opts.build, folder), count)
            say(f"{name.replace('_', ' ')}: {result or f'{count} faults, to the sample'}")
    with open(os.path.join(HERE, "live.txt"), "w", encoding="utf-8") as f:
        f.write("\n".join(table) + "\n")


if __name__ == "__main__":
    main()
