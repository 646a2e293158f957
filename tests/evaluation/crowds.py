#!/usr/bin/env python3
"""Several periodic devices of one model on one channel, among strangers: which are found as what they are, and
what is said that is not there. crowds.py BUILD [--logs N] [--first SEED] [--jobs N].

One to four devices a log, of periods that people choose or of any, on a clock or waiting after their last packet,
with jitter, missed packets, and carriers that differ by crystals or (half of the logs) not at all; none to sixty
packets of strangers an hour. Found: a watch or an alert within 0.2 % of the period. Writes tests/evaluation/crowds.txt.

The engine was tuned on seeds 1 to 90; acceptance seeds are FIRST and on."""
import argparse
import collections
import concurrent.futures
import json
import os
import random
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
FIRST = 500001
START_S = 1795000000
CHOSEN_S = [5, 6, 8, 10, 12, 15, 20, 24, 30, 32, 40, 45, 48, 60, 64, 75, 90, 96, 100, 120, 150, 180, 240, 300, 400,
            600, 900]
BAND_HZ = 868.3e6
RIGHT = 2e-3
EVENTS_MANY = 60  # heard; with fewer a device is a hard one


def moment(t_s):
    whole = int(t_s)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(START_S + whole)) + f".{int((t_s - whole) * 1e9):09d}Z"


def device(rng, span_s, same):
    period_s = rng.choice(CHOSEN_S) * (1 + rng.gauss(0, 20e-6) if rng.random() < 0.7 else rng.uniform(0.9, 1.1))
    period_s = min(period_s, span_s / 20)
    return {"period_s": period_s, "jitter_s": min(rng.choice([0.0005, 0.01, 0.05, 0.2]), 0.02 * period_s),
            "missed": rng.choice([0, 0.05, 0.2, 0.4]), "waits": rng.random() < 0.25,
            "center_hz": BAND_HZ + (0 if same else rng.gauss(0, 6000)), "level_dbfs": -60 + rng.uniform(-15, 15),
            "duration_s": rng.choice([0.005, 0.035, 0.2]), "heard": 0}


def packets(rng, one, span_s):
    t_s = begin_s = rng.uniform(0, one["period_s"])
    cycle = 0
    while t_s < span_s - 1.0:
        if rng.random() >= one["missed"]:
            off_s = 0 if one["waits"] else rng.gauss(0, one["jitter_s"])
            one["heard"] += 1
            yield (max(t_s + off_s, 0.0), one["duration_s"] * (1 + rng.gauss(0, 0.002)),
                   one["center_hz"] + rng.gauss(0, 60), one["level_dbfs"] + rng.gauss(0, 1))
        cycle += 1
        t_s = t_s + one["period_s"] + rng.gauss(0, one["jitter_s"]) if one["waits"] else \
            begin_s + cycle * one["period_s"]


def make(seed, path):
    rng = random.Random(seed)
    span_s = 3600 * rng.choice([6, 12, 24])
    same = rng.random() < 0.5
    devices = [device(rng, span_s, same) for _ in range(rng.randint(1, 4))]
    rows = [row for one in devices for row in packets(rng, one, span_s)]
    for _ in range(int(rng.choice([0, 10, 60]) * span_s / 3600)):
        rows.append((rng.uniform(0, span_s), rng.uniform(0.003, 0.3), BAND_HZ + rng.uniform(-20e3, 20e3),
                     -60 + rng.uniform(-20, 20)))
    with open(path, "w", encoding="utf-8") as log:
        print(json.dumps({"type": "observation", "sensor": "km-1", "start": moment(0), "stop": moment(span_s),
                          "low_hz": 860e6, "high_hz": 876e6}), file=log)
        for t_s, duration_s, center_hz, level_dbfs in sorted(rows):
            print(json.dumps({"type": "transmission", "sensor": "km-1", "start": moment(t_s),
                              "duration_s": round(duration_s, 6), "center_hz": round(center_hz, 1),
                              "bandwidth_hz": 90000, "level_dbfs": round(level_dbfs, 2), "class": "fsk"}), file=log)
    return devices


def incidents(lineside, folder):
    database = os.path.join(folder, "log.db")
    subprocess.run([lineside, "import", "--db", database, os.path.join(folder, "log.jsonl")], check=True,
                   capture_output=True)
    run = subprocess.run([lineside, "incidents", "--db", database, "--min-severity", "watch", "--json"], check=True,
                         capture_output=True, text=True)
    found = [json.loads(line) for line in run.stdout.splitlines()]
    return [i for i in found if i["kind"] in ("periodic-telemetry", "scripted-cycle")]


def simple_fraction(a, b):
    """Whether one is a whole multiple of the other."""
    times = max(a, b) / min(a, b)
    return times > 1.5 and abs(times - round(times)) <= RIGHT * times


def judge(lineside, seed):
    counts = collections.Counter()
    with tempfile.TemporaryDirectory(prefix="lineside-crowds-") as folder:
        devices = make(seed, os.path.join(folder, "log.jsonl"))
        said = incidents(lineside, folder)
    for one in devices:
        easy = "many" if one["heard"] >= EVENTS_MANY else "few"
        mine = [i for i in said if abs(i["parameters"]["period_s"] / one["period_s"] - 1) <= RIGHT]
        counts[easy] += 1
        counts[easy, "found"] += bool(mine)
        if mine and one["jitter_s"] > 1e-3:
            counts["told"] += 1
            counts["told", "right"] += any((i["parameters"]["timing"] == "wait-after-release") == one["waits"]
                                           for i in mine)
    for i in said:
        period_s = i["parameters"]["period_s"]
        if not any(abs(period_s / one["period_s"] - 1) <= RIGHT for one in devices):
            kind = "multiple" if any(simple_fraction(period_s, one["period_s"]) for one in devices) else "false"
            counts[kind] += 1
            print(f"  seed {seed}: {period_s:.4f} s is {kind}; there are "
                  + ", ".join(f"{one['period_s']:.4f}" for one in devices), flush=True)
    counts["said"] += len(said)
    return counts


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--logs", type=int, default=300)
    parser.add_argument("--first", type=int, default=FIRST)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    opts = parser.parse_args()
    lineside = os.path.abspath(os.path.join(opts.build, "lineside"))
    total = collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(opts.jobs) as pool:
        for counts in pool.map(lambda s: judge(lineside, s), range(opts.first, opts.first + opts.logs)):
            total.update(counts)
    text = (f"{opts.logs} logs of 6 to 24 hours, seeds from {opts.first}: one to four periodic devices of one model on one "
            f"channel\n"
            f"of {EVENTS_MANY} packets heard and more: {total['many', 'found']} of {total['many']} found within 0.2 % of "
            f"their period; of fewer: {total['few', 'found']} of {total['few']}\n"
            f"timing (clock or waiting) told right: {total['told', 'right']} of {total['told']}\n"
            f"watches and alerts: {total['said']}; of them a multiple or part of a true period "
            f"{total['multiple']}, of nothing that is there {total['false']}\n")
    with open(os.path.join(HERE, "crowds.txt"), "w", encoding="utf-8") as f:
        f.write(text)
    print(text, end="")


main()
