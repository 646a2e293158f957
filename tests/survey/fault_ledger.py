#!/usr/bin/env python3
"""The ledger under faults, sample by sample: fault_ledger.py BUILD SEED COUNT stay|hop.

A sensor listens to the replay device while COUNT faults, drawn from SEED, befall it one after
another: overflows, silent losses, corrupt packets, time-outs, short reads, missing times, broken
streams and devices that go and come back. What the device logged then says of every sample
whether it was handed over; the rows of the sensor must say the same of every one:

    a sample that was handed over is observed, or settling after a retune, or in a stretch that is
    too short to be searched, and never anything else;
    a sample that was not is lost or off, or was lost while the receiver settled;
    after a retune so many samples are settling as were asked for, no more and no fewer;
    rows abut, and observed + lost + retuning + off = wall time, to the sample.
"""
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DEMO = os.path.join(TOP, "captures", "demo.sigmf-meta")
RATE, CENTER = 250000, 433920000
SETTLE = 2500  # samples
NS = 1000000000 // RATE  # a sample is a whole number of ns
START_NS = 1795161600 * 1000000000  # 2026-11-20T08:00:00Z, as the recording says
OBSERVED, LOST, RETUNING, OFF = range(4)
STATES = ["observed", "lost", "retuning", "off"]

# Kind: shortest and longest length in s, spread evenly over the decades; None: it has none.
KINDS = {"overflow": (4e-6, 1.0), "loss": (1e-3, 1.0), "corrupt": (4e-6, 0.1),
         "timeout": (1e-2, 3.0), "short-reads": (1e-3, 0.1), "no-hardware-time": (1e-3, 0.2),
         "lose-device": (0.1, 5.0), "error": None}
# Seldom, as each costs the sensor real time: it waits before it opens the device again.
SELDOM = {"lose-device": 0.2, "error": 0.2}
REOPENS = {"lose-device", "error"}
TAKES = {"overflow", "loss", "corrupt", "timeout"}


def write_script(path, draw, count):
    """COUNT faults with ordinary listening between them, and a device that is lost at the end."""
    kinds, at, lines = list(KINDS), 0.5, []
    while len(lines) < count:
        kind = draw.choice(kinds)
        if draw.random() > SELDOM.get(kind, 1.0):
            continue
        length = 0.0
        word = ""
        if KINDS[kind]:
            low, high = KINDS[kind]
            samples = max(1, round(low * (high / low) ** draw.random() * RATE))
            length, word = samples / RATE, f" {samples}"
        lines.append(f"{at:.6f}s {kind}{word}")
        # Opened anew without hardware time, nobody could know how long the device was away.
        at += length + (0.05 if kind in REOPENS else 0.005) + draw.expovariate(5.0)
    lines.append(f"{at:.6f}s lose-device")
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(lines) + "\n")


def read_truth(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f.read().split("\n")[:-1]]


def missing(truth):
    """Stretches [from, to) of samples that were not handed over, joined; and the last sample."""
    out, waiting = [], None
    for event in truth:
        at = event["sample"]
        if waiting is not None and event["event"] in ("open", "start") and at >= waiting:
            out.append((waiting, at))
            waiting = None
        if event["event"] != "fault":
            continue
        if event["fault"] in TAKES:
            out.append((at, at + event["samples"]))
        elif event["fault"] in REOPENS:
            waiting = at
    joined = []
    for low, high in sorted(s for s in out if s[0] < s[1]):
        if joined and low <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return joined, truth[-1]["sample"]


def overlap(stretches, low, high):
    """Samples of [low, high) that are in the stretches; a few rows meet a few stretches."""
    first, last = 0, len(stretches)
    while first < last:
        middle = (first + last) // 2
        if stretches[middle][1] <= low:
            first = middle + 1
        else:
            last = middle
    total = 0
    while first < len(stretches) and stretches[first][0] < high:
        total += min(high, stretches[first][1]) - max(low, stretches[first][0])
        first += 1
    return total


def check(rows, truth):
    """Yields what is wrong."""
    gone, end = missing(truth)
    at, totals = 0, dict.fromkeys(range(4), 0)
    for i, (state, cause, start_ns, stop_ns, samples) in enumerate(rows):
        name = f"row at sample {at}, {STATES[state]} {cause!r} of {samples} samples"
        if start_ns != START_NS + at * NS:
            yield f"{name} begins {start_ns - START_NS - at * NS} ns after the row before it"
        if stop_ns - start_ns != samples * NS:
            yield f"{name} lasts {stop_ns - start_ns} ns"
        if at >= end:  # the device is lost for good: the sensor waits for it
            if state != OFF:
                yield f"{name} is after the end"
            return
        here = min(samples, end - at)
        away = overlap(gone, at, at + here)
        if state == RETUNING:
            settled = i + 1 < len(rows) and rows[i + 1][0] == OBSERVED
            if here - away > SETTLE or (settled and here - away < SETTLE):
                yield f"{name}: {here - away} of them were handed over, of {SETTLE} to settle"
        elif state == OBSERVED or cause == "too-short":
            if away > 0:
                yield f"{name}: {away} of them were never handed over"
        elif away < here:
            yield f"{name}: {here - away} of them were handed over"
        totals[state] += here
        at += samples
    if at < end:
        yield f"rows end at sample {at}, the stream at {end}"


def run(build, folder, seed, count, hop):
    draw = random.Random(seed)
    script, log, db = (os.path.join(folder, n) for n in ("script", "truth", "x.db"))
    write_script(script, draw, count)
    args = f"driver=lineside-replay,file={DEMO},speed=max,loop=true,faults={script},truth={log}"
    command = [os.path.join(build, "tests", "survey", "live_run"), args, str(RATE), str(CENTER),
               f"db={db}", "clock=device", "wait=1", "reopen=0.001"]
    if hop:
        args += ",range=430M:440M,settle=2ms"
        command[1] = args
        command += ["centers=433920000+432000000+437000000", "dwell=0.3", f"settle={SETTLE / RATE}",
                    f"seed={seed}"]
    environment = dict(os.environ, SOAPY_SDR_PLUGIN_PATH=os.path.join(build, "hw", "replay"))
    sensor = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 60 + count
    while sensor.poll() is None and time.monotonic() < until:
        time.sleep(0.1)
        if os.path.exists(log) and faults_in(log) > count:
            time.sleep(0.5)
            sensor.send_signal(signal.SIGTERM)
            break
    _, said = sensor.communicate(timeout=60)
    assert sensor.returncode == 0, f"the sensor ended with {sensor.returncode}: {said}"
    with sqlite3.connect(f"file:{db}?mode=ro", uri=True) as connection:
        rows = connection.execute("SELECT state, cause, start_ns, stop_ns, samples FROM observation "
                                  "ORDER BY start_ns").fetchall()
    return rows, read_truth(log)


def faults_in(log):
    with open(log, encoding="utf-8") as f:
        return sum('"event":"fault"' in line for line in f)


def main():
    build, seed, count = os.path.abspath(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    with tempfile.TemporaryDirectory(prefix="lineside-faults-") as folder:
        rows, truth = run(build, folder, seed, count, sys.argv[4] == "hop")
    wrong = list(check(rows, truth))
    print("\n".join(wrong[:20]))
    faults = sum(e["event"] == "fault" for e in truth)
    assert faults > count, f"{faults} faults happened, of {count}"
    # The check itself: a row that claims a sample it never had, and one that gives one away.
    for i in (len(rows) // 2, len(rows) // 3):
        state, cause, start_ns, stop_ns, samples = rows[i]
        moved = rows[:i] + [(state, cause, start_ns, stop_ns + NS, samples + 1)] + [
            (*rows[i + 1][:2], rows[i + 1][2] + NS, rows[i + 1][3], rows[i + 1][4] - 1)
        ] + rows[i + 2:]
        assert list(check(moved, truth)), "a sample in the wrong row goes unseen"
    counted = {name: sum(r[4] for r in rows if r[0] == s) for s, name in enumerate(STATES)}
    print(f"{faults} faults, {len(rows)} rows, samples: {counted}")
    sys.exit(1 if wrong else 0)


main()
