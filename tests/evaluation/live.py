#!/usr/bin/env python3
"""What a live sensor carries: live.py BUILD [PART]... [--minutes M] [--count N]

    full-rate    20 MS/s ci16 for 10 minutes
    highest      the highest rate without loss, 60 s a step
    soak         'lineside watch' for 30 minutes at 2.4 MS/s, with metrics, patterns and retention
    faults       1,000 faults, then what the ledger says of every sample
    kills        200 times SIGKILL at a random moment

Without a PART all of them. tests/evaluation/live.txt has a paragraph for each; a part that is run
replaces its own. The replay device plays in real time within the process that is measured, so its
own work is in the figures of processor time. Beside each part that must keep up a thread that only
sleeps tells how long this machine held up one that asked for nothing: a device of 250 ms of buffer
cannot bridge more than that, whatever the sensor does."""
import argparse
import os
import signal
import sys
import tempfile
import time

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
for folder in ("survey", "service"):
    sys.path.insert(0, os.path.join(HERE, "..", folder))
import live_test  # noqa: E402
import sensor as service  # noqa: E402

TABLE = os.path.join(HERE, "live.txt")
SEED = 20261123
LADDER = [1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0]  # times 20 MS/s
SCENE_S = 10.0


def write_recording(folder, rate, seconds, bursts):
    """Noise, a carrier, and bursts of 20 to 400 ms on 24 channels, as many as asked for; repeats
    without a seam."""
    rng = np.random.default_rng(SEED)
    path = os.path.join(folder, f"live_900M_{rate / 1e3:.0f}k.cs16")
    n = int(rate * 0.5)
    t = np.arange(n) / rate
    tile = 30.0 * (rng.standard_normal(n) + 1j * rng.standard_normal(n))
    tile += 100.0 * np.exp(2j * np.pi * (0.1 * rate // 2 * 2) * t)
    tile = tile.astype(np.complex64)
    with open(path, "wb") as f:
        for _ in range(round(seconds * 2)):
            np.rint(tile.view(np.float32)).astype("<i2").tofile(f)
    samples = np.memmap(path, dtype="<i2", mode="r+")
    for _ in range(bursts):
        length = int(rate * 10 ** rng.uniform(np.log10(0.02), np.log10(0.4)))
        first = int(rng.uniform(0, rate * seconds - length))
        center = (int(rng.integers(24)) - 12) * rate / 30.0 + rate / 60.0
        wave = 200.0 * np.exp(2j * np.pi * center / rate * np.arange(length))
        samples[2 * first:2 * (first + length)] += np.rint(
            wave.astype(np.complex64).view(np.float32)).astype("<i2")
    samples.flush()
    return path


def load():
    """What ran on this machine besides: processes that can run, on average over a minute."""
    return os.getloadavg()[0]


# --- the sensor at rates near what the machine can do ---


def play(bench, file, rate, seconds, device, **options):
    """The statuses of a run."""
    name = bench.path(f"{time.monotonic_ns()}.db")
    options.setdefault("db", name)
    lines = bench.run(f",loop=true,format=ci16,rate={rate},freq=900M{device}", file=file,
                      rate=rate, center=900e6, seconds=seconds, timeout=seconds * 2 + 60, **options)
    bench.sound(os.path.basename(name))
    return [line for line in lines if line["type"] == "status"]


def ours(status):
    """Samples lost for want of processor time: blocks dropped, and overflows of the device, which
    makes none of its own here."""
    return status["dropped_samples"], status["overflows"]


def cpu_ms_per_million(first, last):
    return (last["cpu_s"] - first["cpu_s"]) / ((last["samples"] - first["samples"]) / 1e6) * 1e3


def full_rate(bench, opts):
    seconds = 60.0 * (opts.minutes or 10.0)
    file = write_recording(bench.folder, 20e6, 1.0, 8)
    before = load()
    with live_test.Canary() as canary:
        statuses = play(bench, file, 20e6, seconds, "")
    dropped, overflows = ours(statuses[-1])
    early, half = statuses[len(statuses) // 4], statuses[len(statuses) // 2]
    end = statuses[-2]
    return [f"20 MS/s ci16, {seconds:.0f} s, {os.cpu_count()} processors, load {before:.1f} before "
            f"and {load():.1f} after: {dropped} samples dropped, {overflows} overflows; observed "
            f"{statuses[-1]['observed_s']:.1f} s, lost {statuses[-1]['lost_s']:.3f} s",
            f"processor time {cpu_ms_per_million(early, end):.2f} ms per million samples; resident "
            f"{half['resident_mb']:.1f} MB at half time, {end['resident_mb']:.1f} MB at the end",
            f"a thread that only slept was held up {canary.late_s * 1e3:.0f} ms at most"]


def highest(bench, opts):
    seconds = 60.0 * (opts.minutes or 1.0)
    file = write_recording(bench.folder, 20e6, 1.0, 8)
    best, said = 0.0, []
    for factor in LADDER:
        with live_test.Canary() as canary:
            statuses = play(bench, file, 20e6, seconds, f",speed={factor}", clock="device")
        dropped, overflows = ours(statuses[-1])
        said.append(f"{20 * factor:.0f} ({canary.late_s * 1e3:.0f} ms)")
        if dropped or overflows:
            break
        best = factor
    return [f"highest rate of {seconds:.0f} s without loss, load {load():.1f}: {20 * best:.0f} MS/s",
            "steps, and how long a thread that only slept was held up: " + ", ".join(said)]


# --- the service, for long ---


class Watched:
    """A sensor as a service, asked how it is over its metrics."""

    def __init__(self, bench, file, rate):
        self.ticks = os.sysconf("SC_CLK_TCK")
        self.sensor = service.Sensor(
            os.path.join(bench.build, "lineside"), bench.folder, file,
            {"receiver": {"args": f"driver=lineside-replay,file={file},format=ci16,rate={rate:.0f},"
                                  "freq=900M,loop=true,clock_ppm=20",
                          "rate_sps": f"{rate:.0f}"},
             "survey": {"center_hz": "900M"}, "retention": {"period_s": "1min"},
             "patterns": {"period_s": "5min"}, "health": {"interval_s": "10s"}})
        self.readings = []

    def processor_s(self):
        with open(f"/proc/{self.sensor.process.pid}/stat", encoding="utf-8") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / self.ticks

    def read(self):
        text = self.sensor.get("/metrics")[1]
        values = service.parse_metrics(text)
        reading = {name: service.value(values, name) for name in (
            "samples_total", "memory_bytes", "open_files", "overflows_total", "timeouts_total",
            "dropped_blocks_total", "clock_offset_seconds", "transmissions_total",
            "pattern_runs_total", "unstored_rows_total", "lost_health_rows_total")}
        reading["ppm"] = next((v for (n, _), v in values.items() if n == "lineside_clock_ppm"), None)
        reading["lost_s"] = service.value(values, "ledger_seconds_total", 'state="lost"')
        reading["observed_s"] = service.value(values, "ledger_seconds_total", 'state="observed"')
        reading["cpu_s"], reading["samples"] = self.processor_s(), reading["samples_total"]
        self.readings.append(reading)

    def listen(self, seconds):
        """A reading every ten seconds; every five minutes the configuration is read again."""
        began, changes = time.monotonic(), 0
        while (passed := time.monotonic() - began) < seconds:
            self.sensor.listen(10.0)
            self.read()
            if passed // 300 > changes:
                changes += 1
                self.sensor.rewrite({"health": {"temperature_warn": f"{60 + changes % 2}C"}})
                self.sensor.process.send_signal(signal.SIGHUP)


def soak(bench, opts):
    seconds = 60.0 * (opts.minutes or 30.0)
    file = write_recording(bench.folder, 2.4e6, SCENE_S, 40)
    before = load()
    watched = Watched(bench, file, 2.4e6)
    try:
        with live_test.Canary() as canary:
            watched.sensor.wait_notice("READY=1")
            watched.listen(seconds)
        status = watched.sensor.stop()
        log = watched.sensor.logged()
    finally:
        watched.sensor.close()
    bench.sound("lineside.db")
    rows = watched.readings
    third, end = rows[len(rows) // 3], rows[-1]
    offsets = [abs(r["clock_offset_seconds"]) for r in rows[len(rows) // 6:]]
    ppm = "unknown" if end["ppm"] is None else f"{end['ppm']:.2f}"
    warnings = [line for line in log.splitlines() if ": warning: " in line or ": error: " in line]
    return [f"'lineside watch', 2.4 MS/s ci16, {seconds:.0f} s, load {before:.1f} before and "
            f"{load():.1f} after: {end['dropped_blocks_total']:.0f} blocks dropped, "
            f"{end['overflows_total']:.0f} overflows, {end['timeouts_total']:.0f} time-outs; "
            f"observed {end['observed_s']:.1f} s, lost {end['lost_s']:.3f} s; exit status {status}",
            f"processor time {cpu_ms_per_million(rows[2], end):.2f} ms per million samples, with "
            f"{end['transmissions_total']:.0f} transmissions stored and "
            f"{end['pattern_runs_total']:.0f} searches for patterns",
            f"resident {third['memory_bytes'] / 1e6:.1f} MB after a third, "
            f"{max(r['memory_bytes'] for r in rows[len(rows) // 3:]) / 1e6:.1f} MB at most since, "
            f"{end['memory_bytes'] / 1e6:.1f} MB at the end; open files "
            f"{min(r['open_files'] for r in rows):.0f} to {max(r['open_files'] for r in rows):.0f}",
            f"sample clock set 20 ppm fast, measured {ppm} ppm; event time off by "
            f"{max(offsets) * 1e3:.2f} ms at most after the first sixth, "
            f"{offsets[-1] * 1e3:.2f} ms at the end",
            f"rows not stored: {end['unstored_rows_total'] + end['lost_health_rows_total']:.0f}; "
            f"{len(warnings)} warnings" + "".join(f"; {line}" for line in warnings[:5]),
            f"a thread that only slept was held up {canary.late_s * 1e3:.0f} ms at most"]


# --- what goes wrong ---


def faults(bench, opts):
    count = opts.count or 1000
    live_test.ledger_balances_under_faults(bench, count)
    return [f"{count} faults: the ledger balances to the sample"]


def kills(bench, opts):
    return [live_test.kills_lose_two_seconds_at_most(bench, opts.count or 200)]


PARTS = {"full-rate": full_rate, "highest": highest, "soak": soak, "faults": faults,
         "kills": kills}


def read_table():
    """Paragraphs by part: a heading and indented lines."""
    paragraphs = {}
    if os.path.exists(TABLE):
        with open(TABLE, encoding="utf-8") as f:
            for line in f.read().splitlines():
                if line.startswith("  "):
                    paragraphs[part].append(line.strip())
                elif line:
                    part = line
                    paragraphs[part] = []
    return paragraphs


def write_table(paragraphs):
    with open(TABLE, "w", encoding="utf-8") as f:
        for part in PARTS:
            if part in paragraphs:
                f.write(f"{part}\n" + "".join(f"  {line}\n" for line in paragraphs[part]))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("parts", nargs="*", metavar="PART", choices=[*PARTS, []])
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--count", type=int)
    opts = parser.parse_args()
    os.environ["SOAPY_SDR_PLUGIN_PATH"] = os.path.join(os.path.abspath(opts.build), "hw", "replay")
    for part in opts.parts or PARTS:
        with tempfile.TemporaryDirectory(prefix="lineside-live-") as folder:
            lines = PARTS[part](live_test.Bench(opts.build, folder), opts)
        print(part + "".join(f"\n  {line}" for line in lines), flush=True)
        paragraphs = read_table()
        paragraphs[part] = lines
        write_table(paragraphs)


if __name__ == "__main__":
    main()
