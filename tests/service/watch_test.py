#!/usr/bin/env python3
"""The sensor as a service, end to end: watch_test.py LINESIDE CAPTURES [CLAIM...]

Each claim below is one sensor on the replay device for some seconds; they run side by side, as each
needs little of the machine.
"""
import concurrent.futures
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

from sensor import Failed, Sensor, parse_metrics, value


def expect(true, text):
    if not true:
        raise Failed(text)


def listens_and_stops_clean(make):
    """Ready after the first block, rows in the database, status 0 on SIGTERM, ledger sound."""
    sensor = make()
    sensor.wait_notice("READY=1")
    sensor.listen(6)
    status, text = sensor.get("/metrics")
    values = parse_metrics(text)
    expect(status == 200 and value(values, "up") == 1, "metrics do not say up")
    expect(value(values, "samples_total") > 1e6, "too few samples")
    expect(value(values, "ledger_seconds_total", 'state="observed"') > 4, "too little observed")
    expect(sensor.get("/healthz")[0] == 200, "healthz: " + sensor.get("/healthz")[1])
    started = time.monotonic()
    expect(sensor.stop() == 0, f"exit status {sensor.process.returncode}\n{sensor.logged()}")
    expect(time.monotonic() - started < 10, "stopping took long")
    sensor.listen(0.5)
    expect(any("STOPPING=1" in text for _, text in sensor.notices), "did not say that it stops")
    expect("is sound" in sensor.ask("db", "check"), sensor.ask("db", "check"))
    rows = [json.loads(line) for line in sensor.ask("transmissions", "--json").splitlines()]
    expect(len(rows) >= 5, f"{len(rows)} transmissions")
    subjects = {json.loads(line)["subject"] for line in sensor.ask("health", "--json").splitlines()}
    expect({"stream", "disk", "memory", "queue", "store", "clipping"} <= subjects, str(subjects))


def watchdog_is_fed_by_samples(make):
    """Pings while samples come; none while the driver hangs, although the program lives."""
    sensor = make({"receiver": {"call_timeout_s": "60s"}}, faults="4s hang 8s\n", watchdog_s=5)
    ready = sensor.wait_notice("READY=1")
    sensor.listen(13)
    pings = [at - ready for at, text in sensor.notices if text == "WATCHDOG=1"]
    before = [at for at in pings if at < 3]
    silent = [at for at in pings if 6.5 < at < 10.5]
    after = [at for at in pings if at > 12]
    statuses = [at - ready for at, text in sensor.notices if text.startswith("STATUS=")]
    expect(len(before) >= 2, f"pings at first: {pings}")
    expect(not silent, f"pings while no sample came: {silent}")
    expect(len(after) >= 1, f"no pings after it: {pings}")
    expect(any(6.5 < at < 10.5 for at in statuses), "the program itself hung")
    expect(sensor.stop() == 3, "lost samples are status 3")


def reload_takes_good_and_refuses_bad(make):
    """SIGHUP: a bad file changes nothing, a good one applies; no sample is lost by either."""
    sensor = make()
    sensor.wait_notice("READY=1")
    sensor.rewrite({"health": {"stall": "1s"}})
    sensor.process.send_signal(signal.SIGHUP)
    sensor.wait_log(r"not taken, the old one goes on: .*unknown key 'stall'; did you mean 'stall_s'")
    sensor.wait_notice("RELOADING=1")
    sensor.wait_notice("READY=1", number=2)
    sensor.rewrite({"health": {"temperature_warn": "30C"},
                    "store": {"commit_s": "200ms"}})
    sensor.process.send_signal(signal.SIGHUP)
    sensor.wait_log(r"'store.commit_s' waits for the next start")
    sensor.wait_log(r"read again: 1 key changed")
    sensor.wait_log(r"temperature: receiver 41.5 C")
    sensor.listen(1)
    expect(sensor.stop() == 0, f"exit status {sensor.process.returncode}\n{sensor.logged()}")
    states = {json.loads(line).get("state") for line in
              sensor.ask("observations", "--json").splitlines()}
    expect(states <= {None, "observed"}, f"the ledger has {states}")


def health_follows_the_receiver(make):
    """Hot, clipped, weak, silent: each shows as a level, and falls again."""
    sensor = make({"health": {"stall_s": "1s"}},
                  faults="1s temperature 12s 90\n6s clipping 2s 60\n10s timeout 3s\n")
    sensor.wait_notice("READY=1")
    sensor.wait_log(r"error: clipping: ")
    sensor.wait_log(r"error: stream: no samples for")
    expect(sensor.get("/healthz")[0] == 503, "healthz does not fail")
    sensor.wait_log(r"error: temperature: receiver 90.0 C")
    sensor.wait_log(r"\nlineside: temperature: receiver 41.5 C", seconds=30)
    expect(sensor.stop() == 3, "lost samples are status 3")
    levels = {}
    for line in sensor.ask("health", "--since", "2020-01-01", "--json").splitlines():
        row = json.loads(line)
        levels.setdefault(row["subject"], []).append(row["level"])
    for subject in ("temperature", "clipping"):
        expect("fail" in levels[subject] and levels[subject][-1] == "ok",
               f"{subject}: {levels[subject]}")


def lost_device_is_opened_again(make):
    """The process stays; the ledger says off; the metrics count the loss."""
    sensor = make(faults="3s lose-device 2s\n")
    sensor.wait_notice("READY=1")
    sensor.listen(9)
    values = parse_metrics(sensor.get("/metrics")[1])
    expect(value(values, "device_losses_total") >= 1, "no loss was counted")
    expect(value(values, "up") == 1, "it does not listen again")
    expect(sensor.process.poll() is None, "the process has ended")
    sensor.stop()
    expect('"state":"off"' in sensor.ask("observations", "--json") or
           "off" in sensor.ask("observations"), sensor.ask("observations"))
    expect("is sound" in sensor.ask("db", "check"), sensor.ask("db", "check"))


def snippets_are_kept_for_a_case(make):
    """Raw I/Q as SigMF, with case, hash and expiry; within the quota; deleted when expired."""
    folder = tempfile.mkdtemp(dir=make.folder)
    sensor = make({"snippets": {"enabled": "true", "case_id": "C-7", "quota_bytes": "3M",
                                "folder": folder, "min_snr_db": "10dB", "expiry_s": "1min"},
                   "receiver": {"format": "ci16_le"}})
    sensor.wait_notice("READY=1")
    sensor.listen(12)
    sensor.stop()
    metas = sorted(f for f in os.listdir(folder) if f.endswith(".sigmf-meta"))
    expect(metas, "no snippet was written\n" + sensor.logged())
    total = sum(os.path.getsize(os.path.join(folder, f)) for f in os.listdir(folder))
    expect(total <= 3e6, f"{total} bytes are more than the quota")
    for name in metas:
        with open(os.path.join(folder, name), encoding="utf-8") as f:
            meta = json.load(f)
        expect(meta["global"]["lineside:case_id"] == "C-7", "no case")
        expect("lineside:expires" in meta["global"], "no expiry")
        expect(os.stat(os.path.join(folder, name)).st_mode & 0o077 == 0, "others can read it")
        again = os.path.join(make.folder, "again.db")
        done = subprocess.run([sensor.program, "analyse", os.path.join(folder, name), "--db", again],
                              capture_output=True, text=True, check=False)
        expect(done.returncode == 0, f"{name} cannot be analysed: {done.stderr}")
    db = sqlite3.connect(sensor.database)
    expect(db.execute("SELECT count(*) FROM snippet").fetchone()[0] == len(metas), "rows differ")
    db.execute("UPDATE snippet SET expires_ns = 0")
    db.commit()
    db.close()
    expect(f"snippet: {len(metas)} deleted" in sensor.ask("db", "prune", "--keep", "7d"), "prune")
    expect(not os.listdir(folder), "files are left")


def no_snippets_without_a_case(make):
    """Off by default: nothing but the database is written."""
    sensor = make()
    sensor.wait_notice("READY=1")
    sensor.listen(4)
    sensor.stop()
    left = {f for f in os.listdir(os.path.dirname(sensor.database))}
    expect(left <= {"lineside.yaml", "lineside.db", "lineside.db-wal", "lineside.db-shm", "log",
                    "notify", "faults.txt"}, str(left))


def prunes_while_it_listens(make):
    """Old rows go while new ones come, and pinned ones stay."""
    sensor = make({"retention": {"period_s": "1s", "health_s": "1h"}})
    sensor.wait_notice("READY=1")
    db = sqlite3.connect(sensor.database, timeout=10)
    end = time.monotonic() + 10
    while db.execute("SELECT count(*) FROM health").fetchone()[0] == 0:
        expect(time.monotonic() < end, "no rows of health")
        sensor.listen(0.2)
    with db:
        db.executemany("INSERT INTO health (sensor_id, t_ns, subject, level, value, unit, text) "
                       "VALUES (1, ?, 'disk', 0, 1.0, 'bytes', 'old')",
                       [(1_700_000_000_000_000_000 + i,) for i in range(5000)])
    end = time.monotonic() + 15
    while db.execute("SELECT count(*) FROM health WHERE text = 'old'").fetchone()[0] > 0:
        expect(time.monotonic() < end, "old rows were not pruned\n" + sensor.logged())
        sensor.listen(0.2)
    expect(db.execute("SELECT rows FROM pruning WHERE what = 'health'").fetchone()[0] == 5000,
           "no record of the pruning")
    db.close()
    expect(sensor.stop() == 0, f"exit status {sensor.process.returncode}\n{sensor.logged()}")
    expect("is sound" in sensor.ask("db", "check"), sensor.ask("db", "check"))


def deaf_receiver_is_told_by_its_floor(make):
    """The floor is learned first; then the receiver hears nothing but its converter's last bit."""
    sensor = make(faults="36s deaf 20s\n")
    sensor.wait_notice("READY=1")
    sensor.wait_log(r"error: floor: floor .* below its median", seconds=60)
    expect(sensor.get("/healthz")[0] == 503, "healthz does not fail")
    expect("floor fail" in sensor.get("/healthz")[1], sensor.get("/healthz")[1])
    sensor.stop()


def searches_for_patterns_while_it_listens(make):
    """What is stored is searched again and again, beside the rows that come."""
    sensor = make({"patterns": {"period_s": "1s"}})
    sensor.wait_notice("READY=1")
    sensor.listen(7)
    values = parse_metrics(sensor.get("/metrics")[1])
    expect(value(values, "pattern_runs_total") >= 3, "too few searches\n" + sensor.logged())
    expect(sensor.stop() == 0, f"exit status {sensor.process.returncode}\n{sensor.logged()}")
    expect("warning" not in sensor.logged(), sensor.logged())
    expect("is sound" in sensor.ask("db", "check"), sensor.ask("db", "check"))


CLAIMS = [deaf_receiver_is_told_by_its_floor, health_follows_the_receiver,
          watchdog_is_fed_by_samples, snippets_are_kept_for_a_case, listens_and_stops_clean,
          lost_device_is_opened_again, reload_takes_good_and_refuses_bad,
          searches_for_patterns_while_it_listens, no_snippets_without_a_case,
          prunes_while_it_listens]


class Maker:
    """Makes the sensors of one claim, and ends them."""

    def __init__(self, program, recording, folder):
        self.program, self.recording, self.folder = program, recording, folder
        self.made = []

    def __call__(self, *changes, **more):
        folder = tempfile.mkdtemp(dir=self.folder)
        self.made.append(Sensor(self.program, folder, self.recording, *changes, **more))
        return self.made[-1]


def hold(claim, program, recording):
    """What is wrong with a claim, or ""."""
    with tempfile.TemporaryDirectory(prefix="lineside-watch-") as folder:
        make = Maker(program, recording, folder)
        try:
            claim(make)
            return ""
        except Failed as e:
            return str(e)
        finally:
            for sensor in make.made:
                sensor.close()


def main():
    program, captures = map(os.path.abspath, sys.argv[1:3])
    recording = os.path.join(captures, "demo.sigmf-meta")
    claims = [c for c in CLAIMS if not sys.argv[3:] or c.__name__ in sys.argv[3:]]
    wrong = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=4) as pool:
        held = [pool.submit(hold, claim, program, recording) for claim in claims]
        for claim, result in zip(claims, held):
            text = result.result()
            print(f"{claim.__name__}: {text or 'holds'}", flush=True)
            wrong += text != ""
    sys.exit(1 if wrong or not claims else 0)


main()
