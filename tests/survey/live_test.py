#!/usr/bin/env python3
"""A live sensor on the replay device: live_test.py BUILD TEST [COUNT].

Each test is a function below, named like its argument; BUILD is the build folder. What is checked is
what is in the database afterwards, against the log of what the device did.
"""
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DEMO = os.path.join(TOP, "captures", "demo.sigmf-meta")
RATE, CENTER = 250000, 433920000


class Bench:
    """Programs of a build, and a folder for what they write."""

    def __init__(self, build, folder):
        self.build = os.path.abspath(build)
        self.folder = folder
        self.env = dict(os.environ, SOAPY_SDR_PLUGIN_PATH=os.path.join(self.build, "hw", "replay"))

    def path(self, name):
        return os.path.join(self.folder, name)

    def lineside(self, *args):
        done = subprocess.run([os.path.join(self.build, "lineside"), *args], env=self.env,
                              capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, f"{args}: {done.stdout}{done.stderr}"
        return done.stdout

    def start(self, device="", file=DEMO, rate=RATE, center=CENTER, env=None, **options):
        """A sensor in the background; device: further arguments of the replay device."""
        options.setdefault("db", self.path("x.db"))
        command = [os.path.join(self.build, "tests", "survey", "live_run"),
                   f"driver=lineside-replay,file={file}{device}", str(rate), str(center)]
        command += [f"{name}={value}" for name, value in options.items()]
        return subprocess.Popen(command, env={**self.env, **(env or {})}, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def finish(self, sensor, status=0, timeout=120):
        """Its lines once it has ended."""
        out, err = sensor.communicate(timeout=timeout)
        assert sensor.returncode == status, f"status {sensor.returncode}: {err}"
        return [json.loads(line) for line in out.splitlines() if line.endswith("}")]

    def run(self, *args, timeout=120, **options):
        return self.finish(self.start(*args, **options), timeout=timeout)

    def sound(self, name="x.db"):
        self.lineside("db", "check", "--db", self.path(name))

    def rows(self, query, name="x.db"):
        with sqlite3.connect(f"file:{self.path(name)}?mode=ro", uri=True) as db:
            return db.execute(query).fetchall()

    def ledger(self, name="x.db"):
        """Samples by (state, cause)."""
        return {(state, cause): samples for state, cause, samples in self.rows(
            "SELECT state, cause, sum(samples) FROM observation GROUP BY state, cause", name)}


class Canary:
    """The longest that a thread of another process was held up beyond the 10 ms it slept."""

    PROGRAM = ("import sys, time\n"
               "worst = 0.0\n"
               "while True:\n"
               "    began = time.monotonic()\n"
               "    time.sleep(0.01)\n"
               "    late = time.monotonic() - began - 0.01\n"
               "    if late > worst:\n"
               "        worst = late\n"
               "        print(worst, flush=True)\n")

    def __enter__(self):
        self.late_s = 0.0
        self.process = subprocess.Popen([sys.executable, "-c", self.PROGRAM], text=True,
                                        stdout=subprocess.PIPE)
        self.thread = threading.Thread(target=self.take)
        self.thread.start()
        return self

    def take(self):
        for line in self.process.stdout:
            self.late_s = float(line)

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.thread.join()


OBSERVED, LOST, RETUNING, OFF = range(4)
REPLAY = {"clock": "device", "wait": 1, "once": 1, "sensor": "demo"}


def last(lines, kind="status"):
    return [line for line in lines if line["type"] == kind][-1]


def truth(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def events(lines, subject):
    return [line["text"] for line in lines if line["type"] == "event" and
            line["subject"] == subject]


def live_equals_offline(bench):
    bench.lineside("analyse", DEMO, "--db", bench.path("off.db"))
    for n, more in enumerate((",speed=max", ",speed=max,mtu=777", ",speed=max,mtu=50000")):
        for threads in (1, 2):
            name = f"live{n}{threads}.db"
            bench.run(more, db=bench.path(name), threads=threads, **REPLAY)
            bench.sound(name)
            for what in ("transmissions", "observations"):
                live, off = (bench.lineside("export", "--what", what, "--db", bench.path(db))
                             for db in (name, "off.db"))
                assert live == off, f"{what} differ with {more} and {threads} threads"
                assert live, f"no {what}"


def ledger_balances_under_faults(bench, count=1000):
    """Observed is what the device delivered and lost what it lost, to the sample."""
    log = bench.path("truth.jsonl")
    sensor = bench.start(f",speed=max,loop=true,fault_rate=4,fault_seed=11,fault_count={count},"
                         f"fault_kinds=overflow+loss+corrupt+timeout+short-reads,truth={log}",
                         clock="device", wait=1, sensor="demo")
    wait_for(lambda: sum(line["event"] == "fault" for line in truth_so_far(log)) >= count)
    sensor.send_signal(signal.SIGTERM)
    bench.finish(sensor)
    bench.sound()
    done = truth(log)
    assert sum(line["event"] == "fault" for line in done) >= count
    ledger, end = bench.ledger(), done[-1]
    heard = ledger[OBSERVED, ""] + ledger.get((LOST, "too-short"), 0)
    lost = sum(samples for (state, cause), samples in ledger.items()
               if state == LOST and cause != "too-short")
    # What the device delivered and the sensor did not take before it was stopped: a read at most.
    left = end["delivered_samples"] - heard
    assert 0 <= left <= 5000, f"{heard} samples observed of {end['delivered_samples']} delivered"
    # What was lost after the last reading shows to nobody.
    assert 0 <= end["lost_samples"] - lost <= 3e6, f"{lost} lost of {end['lost_samples']}"
    (wall,), = bench.rows("SELECT last_ns - first_ns FROM run")
    assert sum(ledger.values()) == round(wall * RATE / 1e9), "the ledger is not wall time"


def ledger_balances_when_devices_go(bench, count=200):
    """With every kind of fault, clocks that jump and devices that vanish, rows still abut."""
    log = bench.path("truth.jsonl")
    sensor = bench.start(f",speed=max,loop=true,fault_rate=4,fault_seed=12,fault_count={count},"
                         f"truth={log}", clock="device", wait=1, sensor="demo", reopen=0.01)
    wait_for(lambda: sum(line["event"] == "fault" for line in truth_so_far(log)) >= count)
    sensor.send_signal(signal.SIGTERM)
    bench.finish(sensor)
    bench.sound()
    ledger = bench.ledger()
    states = {state for state, _ in ledger}
    assert {OBSERVED, LOST, OFF} <= states, f"the faults were not met: {ledger}"
    assert (LOST, "time-jump") in ledger and (OFF, "device-lost") in ledger, ledger


def truth_so_far(log):
    if not os.path.exists(log):
        return []
    with open(log, encoding="utf-8") as f:
        return [json.loads(line) for line in f.read().split("\n")[:-1]]


def wait_for(condition, timeout=100):
    until = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.1)


def hopping_dwells_are_rows(bench):
    lines = bench.run(",speed=max,loop=true,range=430M:440M,settle=2ms", clock="device", wait=1,
                      sensor="demo", centers="433920000+432000000+437000000", dwell=0.5,
                      settle=0.01, seed=5, seconds=4)
    bench.sound()
    dwells = bench.rows("SELECT state, cause, (low_hz + high_hz) / 2, samples FROM observation "
                        "ORDER BY start_ns")
    heard = [d for d in dwells if d[0] == OBSERVED]
    assert len({d[2] for d in heard}) == 3 and len(heard) > 20, f"{len(heard)} dwells"
    assert all(a[2] != b[2] for a, b in zip(heard, heard[1:])), "a tuning twice in a row"
    assert all(0.37 * RATE < d[3] < 0.65 * RATE for d in heard[:-1]), "dwells within 25 %, and a read"
    assert all(d[3] == 0.01 * RATE for d in dwells if d[0] == RETUNING), "settle time"
    assert last(lines)["retuning_s"] > 0.1


def hanging_device_is_left_behind(bench):
    script = bench.path("faults.txt")
    with open(script, "w", encoding="utf-8") as f:
        f.write("1s hang 4s\n")
    lines = bench.run(f",loop=true,faults={script}", sensor="demo", deadline=1, reopen=0.2,
                      seconds=8)
    bench.sound()
    assert last(lines)["losses"] >= 1, "nobody noticed"
    assert any("device-hung" in text for text in events(lines, "receiver")), lines
    ledger = bench.ledger()
    assert ledger.get((OFF, "device-hung"), 0) > 0, ledger
    assert ledger[OBSERVED, ""] > 2.5 * RATE, f"it did not go on: {ledger}"


def stalled_device_is_opened_again(bench):
    script = bench.path("faults.txt")
    with open(script, "w", encoding="utf-8") as f:
        f.write("1s stall\n")
    lines = bench.run(f",loop=true,faults={script}", sensor="demo", reopen=0.2, seconds=10)
    bench.sound()
    ledger = bench.ledger()
    assert ledger.get((OFF, "stalled"), 0) > 4 * RATE, ledger
    assert ledger[OBSERVED, ""] > 2 * RATE, ledger
    assert any("open again" in text for text in events(lines, "receiver"))


def reload_loses_nothing(bench):
    lines = bench.run(",loop=true,buffer=10s", sensor="demo", gain=40, reload=2, seconds=4)
    bench.sound()
    runs = bench.rows("SELECT first_ns, last_ns, options, incomplete FROM run ORDER BY id")
    assert len(runs) == 2 and runs[0][1] == runs[1][0], f"a hole between runs: {runs}"
    assert '"gain_db":40.0' in runs[0][2] and '"gain_db":39.0' in runs[1][2]
    assert set(bench.ledger()) == {(OBSERVED, "")}, bench.ledger()
    assert last(lines)["gain_db"] == 39


def sigterm_finishes_the_run(bench):
    sensor = bench.start(",loop=true", sensor="demo")
    time.sleep(3)
    sensor.send_signal(signal.SIGTERM)
    bench.finish(sensor)
    bench.sound()
    (note, incomplete), = bench.rows("SELECT note, incomplete FROM run")
    assert (note, incomplete) == ("", 0)
    assert bench.rows("SELECT count(*) FROM open_run") == [(0,)]
    assert bench.rows("SELECT count(*) FROM transmission")[0][0] > 3


def clock_steps_begin_new_runs(bench):
    """Set by seconds, either way, the system clock begins a new run; by less, time follows."""
    switch = bench.path("ahead")
    sensor = bench.start(",loop=true", sensor="demo", seconds=11, env={
        "STEPPED_CLOCK": switch,
        "LD_PRELOAD": os.path.join(bench.build, "tests", "survey", "libstepped_clock.so")})
    began = time.time()
    for wait, ahead in ((3, 30.0), (3, 30.4), (2, 0.4)):
        time.sleep(wait)
        with open(switch + ".new", "w", encoding="utf-8") as f:
            f.write(str(ahead))
        os.rename(switch + ".new", switch)
    lines = bench.finish(sensor)
    bench.sound()
    steps = events(lines, "clock")
    assert [text.split(" s: ")[0].split()[-1] for text in steps] == ["+30.000", "+0.400", "-30.000"]
    assert [("new run" in text, "slowly" in text) for text in steps] == [
        (True, False), (False, True), (True, False)], steps
    runs = bench.rows("SELECT first_ns, last_ns, note FROM run ORDER BY id")
    assert len(runs) == 3, f"{len(runs)} runs"
    assert all("was set by" in note for _, _, note in runs[:2]) and not runs[2][2], runs
    for (first, _, _), offset in zip(runs, (0.0, 30.0, 0.4)):
        since = first / 1e9 - began - offset
        assert -0.5 < since < 12, f"a run begins {since:.1f} s after the start, by its clock"
    assert bench.rows("SELECT count(*) FROM observation WHERE stop_ns <= start_ns") == [(0,)]
    assert bench.rows("SELECT count(*) FROM transmission WHERE duration_ns <= 0") == [(0,)]
    # No sample is lost by it: what was observed is what came.
    assert set(bench.ledger()) == {(OBSERVED, "")}, bench.ledger()
    status = last(lines)
    assert status["clock_steps"] == 3 and status["lost_s"] == 0
    left = status["samples"] - bench.ledger()[OBSERVED, ""]
    assert 0 <= left <= 5000, f"{left} samples are in no row"


def hardware_time_jumps_are_told_from_losses(bench):
    """A device whose time is set loses nothing by it that another clock does not confirm."""
    script = bench.path("faults.txt")
    with open(script, "w", encoding="utf-8") as f:
        f.write("3s time-jump 1h\n5s time-jump -2h\n7s loss 200ms\n")
    lines = bench.run(f",loop=true,faults={script}", sensor="demo", seconds=9)
    bench.sound()
    ledger, status = bench.ledger(), last(lines)
    assert status["time_jumps"] == 3, status
    lost = sum(samples for (state, _), samples in ledger.items() if state == LOST) / RATE
    # Two jumps that took nothing, by the delays of readings to some ms, and 0.2 s that are gone.
    assert 0.2 <= lost < 0.5, f"{lost} s are lost: {ledger}"
    (wall,), = bench.rows("SELECT last_ns - first_ns FROM run")
    assert abs(wall / 1e9 - status["samples"] / RATE - lost) < 0.01, "time went with the jumps"
    assert len(bench.rows("SELECT id FROM run")) == 1


def kill_once(bench, wait_s, name):
    """Seconds that the ledger lacks after SIGKILL; None while the floor was still being learned: of
    the first two seconds of samples nothing has been searched then, and the ledger claims none."""
    sensor = bench.start(",loop=true", sensor="demo")
    time.sleep(wait_s)
    killed_ns = time.time_ns()
    sensor.kill()
    out, _ = sensor.communicate(timeout=20)
    said = [json.loads(line) for line in out.split("\n")[:-1]]  # the last may be cut short
    commits = [line for line in said if line["type"] == "commit"]
    bench.sound()
    if not commits:
        return None
    (first_ns, last_ns, last_id), = bench.rows(
        "SELECT first_ns, last_ns, last_transmission_id FROM run ORDER BY id DESC LIMIT 1")
    assert last_ns >= commits[-1]["ledger_ns"], f"{name}: the ledger lost what was there"
    assert last_id >= max(c["transmission"] for c in commits), f"{name}: rows are gone"
    return (killed_ns - last_ns) / 1e9 if last_ns > first_ns else None


def kills_lose_two_seconds_at_most(bench, count=6):
    """SIGKILL at random moments: the database is sound and holds all that was committed, which is
    all up to 2 s before, and what the machine held up each of four threads in a row."""
    draw = random.Random(5)
    worst = held_up = 0.0
    learning = 0
    for i in range(count):
        with Canary() as canary:
            gone = kill_once(bench, 0.3 + draw.random() * 6.0, f"kill {i}")
        learning += gone is None
        assert gone is None or gone <= 2.0 + 4.0 * canary.late_s, (
            f"kill {i}: {gone:.2f} s are lost; the machine held up a thread {canary.late_s:.2f} s")
        worst = max(worst, gone or 0.0)
        held_up = max(held_up, canary.late_s)
    bench.run(",loop=true", sensor="demo", seconds=1)
    bench.sound()
    assert bench.rows("SELECT count(*) FROM open_run") == [(0,)]
    crashes, = bench.rows("SELECT count(*) FROM observation WHERE cause = 'crash'")
    assert crashes[0] > 0, "no run says that it was cut short"
    assert learning < count * 0.8, "hardly one was killed after it had learned"
    return (f"{count} kills, {learning} of them before the floor was learned: what was committed was "
            f"there each time, and of the others at most {worst:.2f} s lost; a thread that only "
            f"slept was held up {held_up:.2f} s at most")


def bad_disk(bench, code, words):
    """A disk that fails for 3 s: the sensor listens on, says so, and catches up."""
    switch = bench.path("switch")
    sensor = bench.start(",loop=true", sensor="demo", seconds=8, env={
        "BAD_DISK": switch,
        "LD_PRELOAD": os.path.join(bench.build, "tests", "survey", "libbad_disk.so")})
    time.sleep(2)
    with open(switch, "w", encoding="utf-8") as f:
        f.write(str(code))
    time.sleep(3)
    os.remove(switch)
    lines = bench.finish(sensor)
    bench.sound()
    said = events(lines, "store")
    assert any(words in text for text in said), said
    assert any("written again" in text for text in said), said
    caught_up(bench, lines)


def caught_up(bench, lines):
    statuses = [line for line in lines if line["type"] == "status"]
    assert any(s["store_code"] != 0 for s in statuses), "the status never said so"
    assert statuses[-1]["store_code"] == 0 and statuses[-1]["unstored_rows"] == 0
    assert statuses[-1]["dropped_blocks"] == 0 and statuses[-1]["lost_s"] == 0
    assert set(bench.ledger()) == {(OBSERVED, "")}, "listening was interrupted"
    (gap,), = bench.rows("SELECT max(start_ns) - min(start_ns) FROM transmission")
    assert gap > 4e9, "no rows from while the database was away"


def full_disk_is_caught_up(bench):
    bad_disk(bench, 28, "no space left")


def readonly_disk_is_caught_up(bench):
    bad_disk(bench, 30, "")


def locked_database_is_caught_up(bench):
    sensor = bench.start(",loop=true", sensor="demo", seconds=8)
    time.sleep(2)
    with sqlite3.connect(bench.path("x.db"), isolation_level=None, timeout=10) as db:
        db.execute("BEGIN IMMEDIATE")
        time.sleep(3)
        db.execute("ROLLBACK")
    lines = bench.finish(sensor)
    bench.sound()
    assert any("locked" in text for text in events(lines, "store"))
    caught_up(bench, lines)


def rows_beyond_the_queue_are_counted(bench):
    sensor = bench.start(",loop=true,speed=max", clock="device", wait=1, sensor="demo", rows=20,
                         seconds=6)
    time.sleep(1)
    with sqlite3.connect(bench.path("x.db"), isolation_level=None, timeout=10) as db:
        db.execute("BEGIN IMMEDIATE")
        time.sleep(2)
        db.execute("ROLLBACK")
    lines = bench.finish(sensor)
    bench.sound()
    assert last(lines)["unstored_rows"] > 0
    (note, incomplete), = bench.rows("SELECT note, incomplete FROM run")
    assert "rows were lost" in note and incomplete == 1


def main():
    build, name = sys.argv[1:3]
    count = {"count": int(sys.argv[3])} if len(sys.argv) > 3 else {}
    with tempfile.TemporaryDirectory(prefix="lineside-live-") as folder:
        print(globals()[name](Bench(build, folder), **count) or "done")


if __name__ == "__main__":
    main()
