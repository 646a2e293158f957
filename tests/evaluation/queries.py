#!/usr/bin/env python3
"""queries.py BUILD [ROWS]: how long the questions of the command line take on 10 million
transmissions, each with a bound in time or frequency, in queries.txt beside this file. With ROWS it
is the first so many of that month: as dense, and shorter.

Every question is asked 15 times at random places (seed 5), each by a process of its own, as a person
would. Processor time is what the question cost, wall time what somebody waited on this machine, busy
or not; both have that of 'lineside --version' taken off, as it is what any process takes. What must
hold is processor time, in the mean: 50 ms; 20 ms is the goal. The store alone, without a process and
a table to draw, is measured by the benchmark 'store, 10 million rows'. The database is made once and
kept in BUILD.
"""
import datetime
import os
import random
import resource
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
MONTH = datetime.datetime(2026, 11, 1, tzinfo=datetime.timezone.utc)
REPEATS = 15
LIMIT_MS = 50.0
GOAL_MS = 20.0

# Words of a question; {since} and {until} span so many seconds, {freq} so many Hz.
QUESTIONS = [
    ("a minute", "transmissions --since {since} --until {until}", 60, 0),
    ("a minute, 1 MHz", "transmissions --since {since} --until {until} --freq {freq}", 60, 1e6),
    ("an hour, a channel", "transmissions --since {since} --until {until} --freq {freq}", 3600, 12e3),
    ("a day, a channel, a class",
     "transmissions --since {since} --until {until} --freq {freq} --class tetra", 86400, 12e3),
    ("a channel, first 100", "transmissions --freq {freq} --limit 100", 0, 12e3),
    ("since, first 100", "transmissions --since {since} --limit 100", 60, 0),
    ("a minute as JSON", "transmissions --since {since} --until {until} --json", 60, 0),
    ("a day of the ledger", "observations --since {since} --until {until} --limit 1500", 86400, 0),
    ("incidents of a day", "incidents --since {since} --until {until}", 86400, 0),
    ("incidents of a channel", "incidents --freq {freq}", 0, 12e3),
    ("alerts of a kind, a week",
     "incidents --since {since} --until {until} --kind new-emitter --min-severity alert", 604800, 0),
    ("occupancy, a minute, a channel",
     "occupancy --since {since} --until {until} --freq {freq}", 60, 12.5e3),
    ("emitters of a day", "emitters --since {since} --until {until}", 86400, 0),
    ("health of a day", "health --since {since} --until {until}", 86400, 0),
    ("export, a minute", "export --what transmissions --since {since} --until {until}", 60, 0),
    ("export, a channel, first 1000",
     "export --what transmissions --freq {freq} --limit 1000 --format csv", 0, 12e3),
]


def words(question, seconds, hz, chance, span):
    since = MONTH + datetime.timedelta(seconds=chance.random() * 0.7 * span * 30 * 86400)
    low = 401e6 + 12.5e3 * int(3800 * chance.random()) - 100
    stamp = "%Y-%m-%dT%H:%M:%SZ"
    return question.format(since=since.strftime(stamp),
                           until=(since + datetime.timedelta(seconds=seconds)).strftime(stamp),
                           freq=f"{low:.0f}:{low + hz:.0f}").split()


def ask(program, database, question):
    """Processor and wall time in ms, and lines."""
    command = [program, *question] + (["--db", database] if database else [])
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    done = subprocess.run(command, capture_output=True, check=False)
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 3) and b"error" in done.stderr:
        sys.exit(f"{' '.join(command)}: {done.stderr.decode()}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu * 1e3, wall * 1e3, done.stdout.count(b"\n")


def make(build, rows):
    path = os.path.join(os.path.abspath(build), f"queries-{rows}.db")
    if not os.path.exists(path):
        maker = os.path.join(build, "tests", "evaluation", "query_rows")
        subprocess.run([maker, str(rows), path + ".new"], check=True)
        os.rename(path + ".new", path)
    return path


def main():
    build = sys.argv[1]
    rows = int(sys.argv[2]) if len(sys.argv) > 2 else 10000000
    program = os.path.join(build, "lineside")
    database = make(build, rows)
    chance = random.Random(5)
    idle = [ask(program, None, ["--version"]) for _ in range(REPEATS)]
    idle_cpu = statistics.mean(cpu for cpu, _, _ in idle)
    idle_wall = statistics.median(wall for _, wall, _ in idle)
    out = [f"{rows} transmissions of a month of 10000000, {os.path.getsize(database) / rows:.0f} bytes a row with all else; "
           f"{REPEATS} times each; a process takes {idle_cpu:.1f} ms of its own", "",
           f"{'question':<32}{'rows':>7}{'CPU ms, mean':>14}{'wall ms, median':>17}"]
    cpus = []
    for name, question, seconds, hz in QUESTIONS:
        asked = [ask(program, database, words(question, seconds, hz, chance, rows / 1e7))
                 for _ in range(REPEATS)]
        cpu = max(0.0, statistics.mean(a[0] for a in asked) - idle_cpu)
        wall = max(0.0, statistics.median(a[1] for a in asked) - idle_wall)
        cpus.append(cpu)
        out.append(f"{name:<32}{statistics.mean(a[2] for a in asked):>7.0f}{cpu:>14.1f}{wall:>17.1f}")
    over = sum(cpu > GOAL_MS for cpu in cpus)
    out += ["", f"slowest {max(cpus):.1f} ms of processor time, {over} of {len(cpus)} over "
            f"{GOAL_MS:.0f} ms; {LIMIT_MS:.0f} ms " +
            ("holds" if max(cpus) <= LIMIT_MS else "does not hold")]
    text = "\n".join(out) + "\n"
    print(text, end="")
    if rows >= 1000000:
        with open(os.path.join(HERE, "queries.txt"), "w", encoding="utf-8") as file:
            file.write(text)
    sys.exit(0 if max(cpus) <= LIMIT_MS else 1)


main()
