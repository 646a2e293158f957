#!/usr/bin/env python3
"""What the pattern engine says where there is no pattern, what it finds of planted ones, and what a long log costs.

1. Logs without a pattern under six kinds of traffic: the smallest false-alarm probability of each kind in each log
   must be uniform (Kolmogorov-Smirnov), and fall below 1e-2 and 1e-3 no more than 1.5 times as often as it says.
2. The far end: millions of windows of the timing test, down to 1e-5.
3. Planted regularities: share found at 1e-3 a search, error of the period, fundamental right.
4. Ten million transmissions over 90 days: processor time and memory of a search from the first row on.
5. The far end of every kind: more logs without a pattern, other seeds, shares below 1e-3 to 1e-5.
Writes tests/evaluation/patterns.txt.

Seeds below 100000 were used while the engine was tuned; those here are from ACCEPTANCE on and were not.
Usage: patterns.py BUILD [--part N]... [--logs N] [--minutes M] [--jobs N]; parts that were not run keep their lines. Or
patterns.py --quick BUILD: a few logs of one traffic with a wide tolerance, for the default suites, nothing written."""
import argparse
import concurrent.futures
import json
import math
import os
import subprocess
import sys
import time

ACCEPTANCE = 1000000
LOGS = 2000
FAR, FAR_SEED = 20000, 1100000  # logs of each traffic and length in part 5
FAR_LEVELS = [1e-3, 1e-4, 1e-5]
CHUNK = 250
FEW = 50  # logs, with fewer a row says nothing
TRAFFICS = ["poisson", "bursty", "day", "timetable", "storm", "hopping"]
LEVELS = [1e-2, 1e-3]
# kinds whose null is theirs alone, so that other traffic says nothing of them
OWN = {"new-emitter": "stays that end once in four hours", "steady-line": "lines that end once in ten minutes",
       "pass-by": "visits of rows in no order, three of one level at a time, or of slow fading and a carrier that drifts",
       "similar-posts": "clocks that share period, length and channel by chance alone",
       "corridor-track": "vehicles with one kind of radio, each of which passes one of four sensors"}
# traffic that was made for one kind, and says something of it alone
MADE_FOR = {"visits": ("pass-by", "band-sweep", "periodic-telemetry"), "trails": ("pass-by",),
            "drifts": ("pass-by",),
            "models": ("similar-posts",), "line": ("corridor-track",)}
TAIL = [(24, 1000000), (60, 300000)]  # events of a window, windows
CLOCKS = [5.0, 20.0, 60.0, 110.0, 300.0]
SCRIPTS = [90.0, 150.0, 240.0]
PLANTED = 600
SPEED_ROWS = 10000000


def beta_cdf(x, a, b):
    """Regularised incomplete beta function by its continued fraction (Lentz)."""
    if x <= 0.0 or x >= 1.0:
        return 0.0 if x <= 0.0 else 1.0
    if x > (a + 1.0) / (a + b + 2.0):
        return 1.0 - beta_cdf(1.0 - x, b, a)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    c, d = 1.0, 1.0 / (1.0 - (a + b) * x / (a + 1.0))
    fraction = d
    for m in range(1, 1000):
        for numerator in (m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                          -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))):
            d = 1.0 / (1.0 + numerator * d)
            c = 1.0 + numerator / c
            fraction *= d * c
        if abs(d * c - 1.0) < 1e-12:
            break
    return front * fraction / a


def clopper_pearson(k, n):
    """95 % interval of a share (Clopper, Pearson, Biometrika 26, 1934), by bisection."""
    def solve(goal, a, b):
        low, high = 0.0, 1.0
        for _ in range(60):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if beta_cdf(middle, a, b) < goal else (low, middle)
        return low
    return (0.0 if k == 0 else solve(0.025, k, n - k + 1)), (1.0 if k == n else solve(0.975, k + 1, n - k))


def kolmogorov(p):
    """Distance to the uniform law, the probability of a larger one (Stephens' form of the limit law), and whether the
    distance is where too small probabilities are too frequent."""
    n = len(p)
    often = max((i + 1) / n - x for i, x in enumerate(sorted(p)))
    seldom = max(x - i / n for i, x in enumerate(sorted(p)))
    distance = max(often, seldom)
    x = (math.sqrt(n) + 0.12 + 0.11 / math.sqrt(n)) * distance
    chance = 1.0 if x < 0.3 else 2.0 * sum((-1) ** (k - 1) * math.exp(-2.0 * (k * x) ** 2) for k in range(1, 100))
    return distance, min(1.0, max(0.0, chance)), often >= seldom


def run(build, program, *arguments):
    path = os.path.join(build, "tests", "evaluation", program)
    return subprocess.run([path, *map(str, arguments)], check=True, capture_output=True, text=True).stdout


def least_p(build, pool, traffic, length, first, count):
    """Kind to smallest probabilities, one for each log in which it was searched, and the number of searches."""
    jobs = [pool.submit(run, build, "pattern_nulls", traffic, length, seed, min(CHUNK, first + count - seed))
            for seed in range(first, first + count, CHUNK)]
    found = {}
    for job in jobs:
        for line in job.result().splitlines():
            _, kind, log10_p, searches = line.split()
            p, total = found.setdefault(kind, ([], 0))
            p.append(10.0 ** float(log10_p))
            found[kind] = (p, total + int(searches))
    return found


def null_row(traffic, kind, p, searches):
    distance, ks, often = kolmogorov(p)
    cells = [f"{traffic:10} {kind:18} {len(p):6d} {searches:8d}  {distance:.3f} {ks:6.3f}"]
    good = True
    for level in LEVELS:
        k = sum(x <= level for x in p)
        low, high = clopper_pearson(k, len(p))
        cells.append(f"{k:4d} {k / len(p) / level:5.2f} ({low / level:.2f}-{high / level:.2f})")
        good = good and low <= 1.5 * level
    verdict = "" if good and ks > 0.01 else "  SAFE" if good and not often else "  MISSED"
    return "  ".join(cells) + verdict, verdict != "  MISSED"


def in_rounds(build, pool, jobs, logs, first, minutes):
    """Rounds of some logs of each traffic, until there are enough or the time is up: (logs of each, what least_p says
    of each job)."""
    stop = time.monotonic() + 60.0 * minutes
    found, done = [{} for _ in jobs], 0
    while done < logs and (done == 0 or time.monotonic() < stop):
        count = min(CHUNK, logs - done)
        for (traffic, length), kinds in zip(jobs, found):
            for kind, (p, searches) in least_p(build, pool, traffic, length, first + done, count).items():
                before, total = kinds.get(kind, ([], 0))
                kinds[kind] = (before + p, total + searches)
        done += count
        print(f"{done} logs", file=sys.stderr, flush=True)
    return done, found


def all_traffic():
    return [(traffic, length) for traffic in TRAFFICS for length in ("short", "days")] + \
           [(traffic, "short") for traffic in MADE_FOR]


def says(traffic, length, kind):
    """Whether such a log has something to say of the kind. Telemetry and sweeps are searched among the newcomers of
    the long logs; the short ones say more."""
    return kind in MADE_FOR.get(traffic, (kind,)) and \
        not (length == "days" and kind in ("periodic-telemetry", "band-sweep"))


def nulls(build, pool, opts, report):
    jobs = all_traffic()
    logs, results = in_rounds(build, pool, jobs, opts.logs, ACCEPTANCE, opts.minutes)
    report("1. Logs without a pattern: the smallest false-alarm probability of a kind in a log")
    short = "" if logs >= LOGS else f", short of the {LOGS} that the script asks for"
    report(f"   {logs} logs a traffic and length{short}; seeds from {ACCEPTANCE}. Share below a level over that level, with its 95 %")
    report("   interval (Clopper, Pearson). MISSED: KS p <= 0.01, or more than 1.5 times as often for certain; SAFE: KS p <= 0.01,")
    report("   but small probabilities are too seldom, not too frequent.")
    report(f"   {'traffic':10} {'kind':18} {'logs':>6} {'searches':>8}  {'D':>5} {'KS p':>6}  {'at 1e-2':22}  at 1e-3")
    missed = 0
    pooled = {}
    for (traffic, length), kinds in zip(jobs, results):
        for kind, (p, searches) in sorted(kinds.items()):
            if not says(traffic, length, kind):
                continue
            if kind == "corridor-track":
                p = p + [1.0] * (logs - len(p))  # three sensors at one speed were not to be had
            if len(p) < FEW or (len(p) < logs // 4 and kind not in ("lockstep", "pass-by")):
                continue  # too few logs have such a search; pass-by has its own
            text, good = null_row(traffic, kind, p, searches)
            report("   " + text)
            missed += not good
            before = pooled.setdefault(kind, ([], 0))
            pooled[kind] = (before[0] + p, before[1] + searches)
    report("   all traffic together")
    for kind, (p, searches) in sorted(pooled.items()):
        text, good = null_row("all", kind, p, searches)
        k = sum(x <= 1e-5 for x in p)
        report("   " + text + f"  at 1e-5: {k}, bounded only by {clopper_pearson(k, len(p))[1]:.1e}")
        missed += not good
    report("   SAFE: what is compared was made for rarer events, or its searches share their events, and their number is allowed for")
    report("   as if each had its own.")
    for kind, null in OWN.items():
        report(f"   {kind}: its null is {null}; that is what was made for it")
    return missed


def tail(build, pool, report):
    report("2. The far end of the timing test (scripted-cycle, periodic-telemetry, access-storm): windows of Poisson events.")
    report("   Windows of rank below 8 were not judged; the least rank at each level shows that none was lost.")
    report(f"   {'events':>6} {'windows':>8}  level  below  over level (95 % interval)  least rank")
    missed = 0
    for events, windows in TAIL:
        step = windows // 20
        jobs = [pool.submit(run, build, "pattern_tail", events, ACCEPTANCE + i * step, step) for i in range(20)]
        rows = [tuple(map(float, line.split())) for job in jobs for line in job.result().splitlines()]
        for level in (1e-4, 1e-5):
            ranks = [rank for _, rank, log10_p in rows if 10.0 ** log10_p <= level]
            low, high = clopper_pearson(len(ranks), windows)
            report(f"   {events:6d} {windows:8d}  {level:.0e}  {len(ranks):5d}  {len(ranks) / windows / level:5.2f} "
                   f"({low / level:.2f}-{high / level:.2f})           {min(ranks, default=math.nan):.2f}")
            missed += low > 1.5 * level
    return missed


def planted(build, pool, report):
    report("3. Planted: found at 1e-3 a search; of those found, fundamental right (within 2 %, 6 % for scripts); error of those.")
    report("   clock: 25 packets heard, 30 % missed, 20 % strangers, 5 % jitter. script: 12 intervals of 2 % spread, 20 % strangers.")
    report(f"   {'what':7} {'period':>7} {'logs':>5}  {'found':22}  {'right':>6}  {'rms error':>12}  90 % of errors below")
    missed = 0
    for what, period in [("clock", x) for x in CLOCKS] + [("script", x) for x in SCRIPTS]:
        lines = [line for job in [pool.submit(run, build, "pattern_power", what, period, ACCEPTANCE + i * 50, 50)
                                  for i in range(PLANTED // 50)] for line in job.result().splitlines()]
        found = [float(line.split()[2]) / period - 1.0 for line in lines if float(line.split()[1]) <= -3.0]
        right = sorted(abs(x) for x in found if abs(x) < 0.02 * (1 if what == "clock" else 3))
        low, high = clopper_pearson(len(found), len(lines))
        goal, error = (0.95, 0.002) if what == "clock" else (0.9, 0.03)
        rms = math.sqrt(sum(x * x for x in right) / max(1, len(right)))
        good = len(found) >= goal * len(lines) and len(right) >= 0.95 * len(found) and rms <= error
        at = (rms, right[int(0.9 * len(right))]) if right else (math.nan, math.nan)
        limit = what == "clock" and period > 120.0
        report(f"   {what:7} {period:5.0f} s {len(lines):5d}  {len(found) / len(lines):.3f} ({low:.3f}-{high:.3f})  "
               f"  {len(right) / max(1, len(found)):6.3f}  {100 * at[0]:10.3f} %  {100 * at[1]:10.3f} %"
               f"{'' if good else '  limit: see below' if limit else '  MISSED'}")
        missed += not good and not limit
    report("   Wanted: 0.95 and 0.2 % of clocks, 0.9 and 3 % of scripts, 0.95 right.")
    report("   A jitter of 5 % of a period above two minutes is as wide as a timetable is kept, and is left to it by design.")
    return missed


def speed(build, report):
    row = json.loads(run(build, "pattern_bench", SPEED_ROWS))
    waiting = os.getloadavg()[0]
    good = row["patterns_wall_s"] <= 60.0 and row["max_mib"] <= 1024.0
    report("4. A log of 90 days, searched from the first row on with two threads: processor time, and time by the clock.")
    report("   Wanted: 60 s by the clock on two cores, which have 120 s of processor time in it, and 1024 MiB.")
    report(f"   {row['rows']} rows: {row['patterns_cpu_s']:.0f} s, {row['patterns_wall_s']:.0f} s by the clock, {row['times_read']:.1f} times the reading of the rows alone "
           f"({row['read_cpu_s']:.0f} s), {row['max_mib']:.0f} MiB, {row['searches']} searches{'' if good else '  MISSED'}")
    report(f"   The machine: {waiting:.1f} processes on the average waited for its {os.cpu_count()} cores meanwhile (with the two threads of this one).")
    report(f"   Emitters (detect/emitter.h) by themselves, in that: {row['emitters_cpu_s']:.0f} s and {row['emitters_mib']:.0f} MiB for {row['emitters']} of them; "
           f"the question for all {row['emitters_told']} after the search {row['emitters_told_ms']:.0f} ms.")
    report("   Reading, the kinds, the surrogates of searches and what is told of them are shared out, and which row is whose is stored")
    report("   meanwhile; putting rows to their emitters is not.")
    return not good


def far_end(build, pool, opts, report):
    jobs = all_traffic()
    logs, results = in_rounds(build, pool, jobs, FAR, FAR_SEED, opts.minutes)
    pooled = {}
    for (traffic, length), kinds in zip(jobs, results):
        for kind, (p, _) in kinds.items():
            if says(traffic, length, kind):
                pooled.setdefault(kind, []).extend(p)
    report("5. The far end of every kind: the smallest false-alarm probability of a kind in a log without a pattern, all")
    report(f"   traffic together; {logs} logs a traffic and length, seeds from {FAR_SEED}. Share below a level over that level.")
    report(f"   {'kind':18} {'logs':>7}  " + "  ".join(f"at {level:.0e}".ljust(24) for level in FAR_LEVELS))
    missed = 0
    for kind, p in sorted(pooled.items()):
        cells, good = [], True
        for level in FAR_LEVELS:
            k = sum(x <= level for x in p)
            low, high = clopper_pearson(k, len(p))
            cells.append(f"{k:4d} {k / len(p) / level:5.2f} ({low / level:.2f}-{high / level:.2f})".ljust(24))
            good = good and low <= 1.5 * level
        report(f"   {kind:18} {len(p):7d}  " + "  ".join(cells) + ("" if good else "  MISSED"))
        missed += not good
    return missed


def quick(build):
    """200 logs: no kind of timing tells too often by more than 0.12 of all logs (once in 300 by chance, and the seeds
    are fixed), nor too seldom by more than 0.2: searches of one emitter, its channel and its fold are paid for as if
    they were independent. At most 8 are below 1e-2, of which 2 are expected."""
    failed = False
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        for kind, (p, _) in sorted(least_p(build, pool, "bursty", "short", 1, 200).items()):
            often = max((i + 1) / len(p) - x for i, x in enumerate(sorted(p)))
            seldom = max(x - i / len(p) for i, x in enumerate(sorted(p)))
            below = sum(x <= 0.01 for x in p)
            print(f"{kind}: {len(p)} logs, too often by {often:.3f}, too seldom by {seldom:.3f}, {below} below 1e-2")
            failed = failed or (len(p) > 150 and (often > 0.12 or seldom > 0.2 or below > 8))
    return failed


def write_table(parts):
    """Each part begins with its number; the others stay as they are."""
    path = os.path.join(os.path.dirname(__file__), "patterns.txt")
    old, part = {}, "1"
    with open(path, encoding="ascii") as file:
        for line in file.read().splitlines():
            part = line[0] if line[:1].isdigit() else part
            if line:
                old.setdefault(part, []).append(line)
    old.update(parts)
    with open(path, "w", encoding="ascii") as file:
        file.write("\n\n".join("\n".join(line.rstrip() for line in old[part]) for part in sorted(old)) + "\n")


def main():
    if sys.argv[1] == "--quick":
        return int(quick(sys.argv[2]))
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--part", action="append", choices=["1", "2", "3", "4", "5"])
    parser.add_argument("--logs", type=int, default=LOGS)
    parser.add_argument("--minutes", type=float, default=math.inf, help="of parts 1 and 5: no round begins later")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    opts = parser.parse_args()
    missed, parts = 0, {}
    with concurrent.futures.ThreadPoolExecutor(opts.jobs) as pool:
        work = {"1": lambda report: nulls(opts.build, pool, opts, report),
                "2": lambda report: tail(opts.build, pool, report),
                "3": lambda report: planted(opts.build, pool, report), "4": lambda report: speed(opts.build, report),
                "5": lambda report: far_end(opts.build, pool, opts, report)}
        for part in opts.part or sorted(work):
            lines = parts[part] = []

            def report(text, lines=lines):
                print(text, flush=True)
                lines.append(text)
            missed += work[part](report)
            write_table(parts)
    return 1 if missed else 0


sys.exit(main())
