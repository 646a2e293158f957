#!/usr/bin/env python3
"""The sensor as a service, end to end: watch_test.py LINESIDE CAPTURES [CLAIM...]

Each claim below is one sensor on the replay device for some seconds; they run side by side, as each
needs little of the machine.
"""
import concurrent.futures
import hashlib
import json
import math
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

from sensor import Failed, Sensor, parse_metrics, value

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "survey"))
import gpsd_test  # noqa: E402


def expect(true, text):
    if not true:
        raise Failed(text)


def listens_and_stops_clean(make):
    """Ready after the first block, rows in the database, status 0 on SIGTERM, ledger sound."""
    sensor = make({"sensor": {"latitude_deg": "48.2", "longitude_deg": "16.37"}})
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
    expect(re.search(rf"stopped: .*; {len(rows)} transmissions;", sensor.logged()),
           f"{len(rows)} rows, but: {sensor.logged()}")
    subjects = {json.loads(line)["subject"] for line in sensor.ask("health", "--json").splitlines()}
    expect({"stream", "disk", "memory", "queue", "store", "clipping", "position"} <= subjects,
           str(subjects))


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
    expect(rows(sensor, "SELECT count(*) FROM run") == [(1,)], "what changes no row began a run")


def loses_no_sample_while_it_is_reloaded(make):
    """Every 0.2 s, at 2 MS/s, with what changes rows and what does not."""
    sensor = make({"receiver": {"gain_db": "40dB"}}, device=",speed=8")
    sensor.wait_notice("READY=1")
    for i in range(30):
        sensor.rewrite({"receiver": {"gain_db": f"{39 + i // 5 % 2}dB"},
                        "health": {"stall_s": f"{5 + i % 3}s"}})
        sensor.process.send_signal(signal.SIGHUP)
        sensor.listen(0.2)
    # The notices of a second are taken together when the program is busy.
    sensor.wait_log(r"read again: [12] keys? changed")
    sensor.listen(2)
    values = parse_metrics(sensor.get("/metrics")[1])
    expect(value(values, "dropped_blocks_total") == 0, "blocks were dropped")
    expect("gain reads" not in sensor.logged(), "the gain of before was held against the new one")
    expect(sensor.stop() == 0, f"exit status {sensor.process.returncode}\n{sensor.logged()}")
    runs = rows(sensor, "SELECT first_ns, last_ns FROM run ORDER BY id")
    expect(3 <= len(runs) <= 8, f"{len(runs)} runs of some 6 gains")
    expect(all(a[1] == b[0] for a, b in zip(runs, runs[1:])), f"holes between runs: {runs}")
    expect(rows(sensor, "SELECT DISTINCT state FROM observation") == [(0,)], "not all was observed")
    expect("is sound" in sensor.ask("db", "check"), sensor.ask("db", "check"))


def hops_in_an_order_that_is_drawn(make):
    """Each round visits every tuning once, anew shuffled; two sensors do it differently."""
    orders = []
    sensors = [make({"survey": {"mode": "hop", "center_hz": "none", "bands": "[433.4M:434.4M]",
                                "dwell_s": "200ms"}}, device=",range=430M:440M") for _ in range(2)]
    for sensor in sensors:
        sensor.wait_notice("READY=1")
    for _ in range(50):  # both, as a full socket of notices would hold a sensor up
        for sensor in sensors:
            sensor.listen(0.1)
    for sensor in sensors:
        expect(sensor.stop() == 0, f"status {sensor.process.returncode}\n{sensor.logged()}")
        expect("is sound" in sensor.ask("db", "check"), sensor.ask("db", "check"))
        dwells = rows(sensor, "SELECT state, low_hz, (stop_ns - start_ns) / 1e9 FROM observation "
                              "ORDER BY start_ns")
        expect({state for state, _, _ in dwells} == {0, 2}, "states other than observed, retuning")
        heard = [d for d in dwells if d[0] == 0]
        tunings = sorted({low for _, low, _ in heard})
        expect(len(tunings) == 5 and len(heard) > 25, f"{len(heard)} dwells at {tunings}")
        for at in range(0, len(heard) // 5 * 5, 5):
            expect(sorted(low for _, low, _ in heard[at:at + 5]) == tunings, f"round {at // 5}")
        lengths = [s for _, _, s in heard[:-1]]
        expect(0.14 < min(lengths) < 0.19 and 0.21 < max(lengths) < 0.27, f"dwells {lengths}")
        orders.append([low for _, low, _ in heard[:25]])
    expect(orders[0] != orders[1], "both go the same way")


def transforms_are_planned_before_samples_come(make):
    """In a new cache: what is planned once is there although no sample ever came."""
    cache = os.path.join(make.folder, "cache")
    sensor = make(faults="0s stall\n", environment={"XDG_CACHE_HOME": cache})
    sensor.wait_log("the receiver is lost", seconds=30)
    expect(value(parse_metrics(sensor.get("/metrics")[1]), "samples_total") == 0, "samples came")
    expect(os.listdir(os.path.join(cache, "lineside")), "nothing was planned")
    sensor.stop()


def absent_device_is_waited_for(make):
    """A radio that is unplugged for longer than the watchdog waits does not end the process."""
    sensor = make(faults="3s lose-device 12s\n", watchdog_s=3)
    sensor.wait_notice("READY=1")
    sensor.wait_log(r"the receiver is open again", seconds=40)
    sensor.listen(2)
    pings = [at for at, text in sensor.notices if text == "WATCHDOG=1"]
    longest = max(b - a for a, b in zip(pings, pings[1:]))
    expect(longest < 3, f"no ping for {longest:.1f} s")
    expect(tries(sensor)[:4] == ["200 ms", "400 ms", "500 ms", "500 ms"],
           f"waits between tries: {tries(sensor)}")
    sensor.stop()


def tries(sensor):
    """How long it waited before each try, from its log."""
    return [line.split("next try in ")[1].split(":")[0] for line in sensor.logged().splitlines()
            if "next try in" in line]


def gain_that_collapses_is_told(make):
    sensor = make({"receiver": {"gain_db": "60dB"}}, faults="2s gain-collapse 60s 30\n")
    sensor.wait_notice("READY=1")
    sensor.wait_log(r"error: gain: gain reads 30.0 dB, set was 60.0 dB", seconds=30)
    sensor.stop()


def gpsd_gives_position_and_time(make):
    """A fix of another day: the place is recorded, and the clock is said to be wrong."""
    fake = gpsd_test.FakeGpsd()  # gpsd itself is asked in gpsd_test.py
    fake.start()
    sensor = make({"sensor": {"latitude_deg": "48.21", "longitude_deg": "16.37"},
                   "clock": {"gpsd": f"127.0.0.1:{fake.port}"}})
    sensor.wait_notice("READY=1")
    sensor.wait_log(r"clock: the system clock is .* off GPS time", seconds=30)
    sensor.wait_log(r"position: gpsd says 48.20000 16.37000, 111[0-9] m from", seconds=30)
    fake.mode = 0
    sensor.wait_log(r"gpsd at 127.0.0.1:[0-9]+ is gone", seconds=30)
    sensor.stop()
    kept = rows(sensor, "SELECT count(*) FROM health WHERE subject = 'position'")
    expect(kept[0][0] >= 1, "no row of the position")


def rows(sensor, query):
    with sqlite3.connect(f"file:{sensor.database}?mode=ro", uri=True) as db:
        return db.execute(query).fetchall()


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
                   "receiver": {"format": "ci16_le"}, "retention": {"period_s": "1s"}})
    sensor.wait_notice("READY=1")
    sensor.listen(12)
    listen_to_expiry(sensor, folder)
    sensor.stop()
    metas = sorted(f for f in os.listdir(folder) if f.endswith(".sigmf-meta"))
    expect(metas, "no snippet was written\n" + sensor.logged())
    total = sum(os.path.getsize(os.path.join(folder, f)) for f in os.listdir(folder))
    expect(total <= 3e6, f"{total} bytes are more than the quota")
    for name in metas:
        with open(os.path.join(folder, name), encoding="utf-8") as f:
            meta = json.load(f)
        expect(meta["global"]["lineside:case_id"] == "C-7", "no case")
        with open(os.path.join(folder, name.replace("-meta", "-data")), "rb") as f:
            expect(meta["global"]["core:sha512"] == hashlib.sha512(f.read()).hexdigest(), "hash")
        mark, = meta["annotations"]
        before = mark["core:sample_start"] / 250e3
        expect(math.isclose(before, 0.1, abs_tol=0.001), f"{before} s from before it, not 0.1 s")
        expect("lineside:expires" in meta["global"], "no expiry")
        expect(os.stat(os.path.join(folder, name)).st_mode & 0o077 == 0, "others can read it")
        again = os.path.join(make.folder, "again.db")
        done = subprocess.run([sensor.program, "analyse", os.path.join(folder, name), "--db", again],
                              capture_output=True, text=True, check=False)
        expect(done.returncode == 0, f"{name} cannot be analysed: {done.stderr}")
    db = sqlite3.connect(sensor.database)
    expect(db.execute("SELECT count(*) FROM snippet WHERE deleted_ns IS NULL").fetchone()[0] ==
           len(metas), "rows differ")
    db.execute("UPDATE snippet SET expires_ns = 0")
    db.commit()
    db.close()
    expect(f"snippet: {len(metas)} deleted" in sensor.ask("db", "prune", "--keep", "7d"), "prune")
    expect(not os.listdir(folder), "files are left")


def listen_to_expiry(sensor, folder):
    """The first one is over its time: it goes while the sensor listens, and its row says so."""
    with sqlite3.connect(sensor.database, timeout=10) as db:
        first, path = db.execute("SELECT min(id), path FROM snippet").fetchone()
        db.execute("UPDATE snippet SET expires_ns = 1 WHERE id = ?", (first,))
    end = time.monotonic() + 20
    while os.path.exists(path):
        expect(time.monotonic() < end, "what expired is still there\n" + sensor.logged())
        sensor.listen(0.2)
    sensor.listen(0.5)
    expect(os.path.dirname(path) == folder, path)
    expect(not os.path.exists(path.replace("-meta", "-data")), "the samples are still there")
    gone = rows(sensor, f"SELECT deleted_ns > 0 FROM snippet WHERE id = {first}")
    expect(gone == [(1,)], "the row does not say that it was deleted")


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
    sensor = make({"retention": {"period_s": "2s", "health_s": "1h", "transmissions_s": "1h",
                                 "observations_s": "1h"}})
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
    prunes_what_was_heard(sensor)
    expect(sensor.stop() == 0, f"exit status {sensor.process.returncode}\n{sensor.logged()}")
    expect("is sound" in sensor.ask("db", "check"), sensor.ask("db", "check"))


def prunes_what_was_heard(sensor):
    """Rows of last year that another receiver heard, some of them pinned."""
    log = os.path.join(os.path.dirname(sensor.database), "old.jsonl")
    day = "2025-11-20T08"
    pinned = sensor.ask("db", "pin", "--case", "C-7", "--since", f"{day}:10:00Z", "--until",
                        f"{day}:20:00Z", "--freq", "870M:880M")
    with open(log, "w", encoding="utf-8") as f:
        for i in range(3000):
            f.write(json.dumps({
                "type": "transmission", "sensor": "old", "duration_s": 0.2,
                "start": f"{day}:{i // 60:02d}:{i % 60:02d}.000000000Z", "bandwidth_hz": 1e4,
                "center_hz": 876e6 if i % 2 else 433e6}) + "\n")
        f.write(json.dumps({"type": "observation", "sensor": "old", "start": f"{day}:00:00Z",
                            "stop": f"{day}:50:00Z", "low_hz": 430e6, "high_hz": 440e6}) + "\n")
    sensor.ask("import", log)
    old = "SELECT count(*) FROM transmission WHERE start_ns < 1770000000000000000"
    # What import found in them is an incident, and its evidence stays too.
    evidence, = rows(sensor, "SELECT count(DISTINCT t.id) FROM incident_transmission JOIN "
                             "transmission AS t ON t.id = transmission_id WHERE "
                             "t.center_hz < 870e6 OR t.start_ns NOT BETWEEN "
                             "1763626200000000000 AND 1763626800000000000")
    left = 300 + evidence[0]
    end = time.monotonic() + 30
    while rows(sensor, old)[0][0] != left:
        expect(time.monotonic() < end, f"{rows(sensor, old)} old rows of {left}; {pinned}\n"
               + sensor.logged())
        sensor.listen(0.3)
    sensor.listen(3)
    expect(rows(sensor, old) == [(left,)], "pinned rows went")
    expect(rows(sensor, "SELECT sum(rows) FROM pruning WHERE what = 'transmission'") ==
           [(3000 - left,)], "the record of pruning differs")


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
    runs, end = 0, time.monotonic() + 60  # a busy machine gives the search little time
    while runs < 3 and time.monotonic() < end:
        sensor.listen(1)
        runs = value(parse_metrics(sensor.get("/metrics")[1]), "pattern_runs_total")
    expect(runs >= 3, "too few searches\n" + sensor.logged())
    expect(sensor.stop() == 0, f"exit status {sensor.process.returncode}\n{sensor.logged()}")
    expect("warning" not in sensor.logged(), sensor.logged())
    expect("is sound" in sensor.ask("db", "check"), sensor.ask("db", "check"))


def seals_labels_and_places_what_it_hears(make):
    """Rows carry the label, the place is written once, and each deletion is sealed soon after."""
    folder = tempfile.mkdtemp()
    key = os.path.join(folder, "seal.pem")
    subprocess.run([PROGRAM, "db", "key", key], check=True, capture_output=True)
    sensor = make({"evidence": {"key": key, "seal_s": "1s"},
                   "sensor": {"label": "internal", "latitude_deg": "51.05",
                              "longitude_deg": "13.74"},
                   "retention": {"period_s": "1s"}})
    sensor.wait_notice("READY=1")
    sensor.listen(2)
    sensor.ask("db", "pin", "--case", "C-7", "--since", "2026-11-20", "--until", "2026-11-21")
    sensor.listen(4)
    expect(sensor.stop() == 0, f"exit status {sensor.process.returncode}\n{sensor.logged()}")
    said = sensor.ask("db", "verify", "--key", key + ".pub")
    shutil.rmtree(folder)
    expect("2 links, 1 seal" in said, said + sensor.logged())
    expect(rows(sensor, "SELECT DISTINCT label FROM run") == [("internal",)], "no label")
    expect(rows(sensor, "SELECT latitude_deg, longitude_deg, source FROM sensor_position") ==
           [(51.05, 13.74, "configuration")], "no place")
    expect("warning: evidence" not in sensor.logged(), sensor.logged())


CLAIMS = [seals_labels_and_places_what_it_hears, deaf_receiver_is_told_by_its_floor, transforms_are_planned_before_samples_come, absent_device_is_waited_for,
          gpsd_gives_position_and_time, gain_that_collapses_is_told,
          loses_no_sample_while_it_is_reloaded, hops_in_an_order_that_is_drawn,
          health_follows_the_receiver,
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
    global PROGRAM
    program, captures = map(os.path.abspath, sys.argv[1:3])
    PROGRAM = program
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
