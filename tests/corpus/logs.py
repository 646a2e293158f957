"""The event logs of the corpus: which known periods does lineside find in them?

Each log is read twice by `lineside import`: as it is, where the identity of a device is in a column
that is not read, so that frequency, level and timing alone must do; and with each device as a sensor
of its own, which is the most that any grouping could reach.

Expected of a log is what expected_periods.json says of it: the cycles that people knew of, and each
device with at least 30 transmissions whose intervals are multiples of one (80 % of them, and three
times as many as by chance). A finding counts for a device when their frequencies meet and the period
is right within 0.5 %, or as a multiple when it is a whole multiple or fraction of it.
"""
import csv
import json
import os
import subprocess
import tempfile
from dataclasses import dataclass

import corpus

TOLERANCE = 0.005
MULTIPLES = 50
NAMES = ["rtl433_data20230110_234837", "rtl433_data20230112_221439", "rtl433_data20240604_222607",
         "rtl433_data20240609_231726", "rtl433_data1", "railway_eot_hot_2022-04-08"]
# The periods that the words of known_cycles name; a key that is new there has none and is an error.
KNOWN_S = {
    ("rtl433_data20240609_231726", "SCMplus/13b4d7a1"): 500.0,
    ("rtl433_data20240604_222607", "SCMplus/13b4d7a1"): 500.0,
    ("rtl433_data20240609_231726", "SCMplus/749b92f9"): 500.0,
    ("rtl433_data20240609_231726", "SCMplus/a839bb5d"): 1500.0,
    ("rtl433_data20240609_231726", "ERT-SCM/1ebd953b"): 7.0,
    ("railway_eot_hot_2022-04-08", "457.9375/rear_to_front/4828"): 60.07,
    ("railway_eot_hot_2022-04-08", "457.9375/rear_to_front/5957"): 60.07,
    ("railway_eot_hot_2022-04-08", "457.9375/rear_to_front/5975"): 60.07,
    ("railway_eot_hot_2022-04-08", "452.9375/front_to_rear/4828"): 120.8,
}


@dataclass
class Device:
    log: str
    key: str
    period_s: float
    low_hz: float
    high_hz: float


@dataclass
class Score:
    log: str
    with_id: bool
    found: list      # (device, period of the finding)
    multiple: list   # the same
    missed: list     # devices
    false: list      # findings that no device explains
    alerts: int


def folder():
    """The folder of logs, or None when this machine has none."""
    top = corpus.folder()
    path = top and os.path.join(top, "logs")
    return path if path and os.path.isdir(path) else None


def device_of(row):
    if "unit_addr" in row:
        return f"{row['freq_mhz']}/{row['direction']}/{row['unit_addr']}"
    return f"{row['model']}/{row['device']}"


def read(name):
    with open(os.path.join(folder(), name + ".csv"), encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f))


def known_keys(document):
    for entry in document["known_cycles"]:
        stem, _, last = entry["key"].rpartition("/")
        for part in last.split(","):
            yield entry["log"].removesuffix(".csv"), f"{stem}/{part}"


def expected(name, rows):
    """The devices of a log with a period, known ones first."""
    with open(os.path.join(folder(), "expected_periods.json"), encoding="utf-8") as f:
        document = json.load(f)
    periods = {key: KNOWN_S[log, key] for log, key in known_keys(document) if log == name}
    for entry in document["logs"][name + ".csv"]:
        regular = (entry["transmissions"] >= 30 and entry["fraction_at_multiples"] >= 0.8 and
                   entry["fraction_at_multiples"] >= 3 * entry["chance_level_of_multiples"])
        if regular:
            periods.setdefault(entry["key"], entry["dominant_interval_s"])
    for key, period_s in periods.items():
        mine = [row for row in rows if device_of(row) == key]
        hz = [float(row.get(column) or 0) * 1e6 for row in mine
              for column in ("freq_mhz", "freq2_mhz") if row.get(column)]
        if any(not row.get("freq_mhz") for row in mine):  # read with --freq
            hz.append(433.92e6)
        yield Device(name, key, period_s, min(hz), max(hz))


def write_with_id(path, rows):
    """The log with each device as a sensor; returns nothing that a detector could use beyond that."""
    numbers = {}
    with open(path, "w", encoding="utf-8", newline="") as f:
        out = csv.writer(f)
        out.writerow(["epoch_s", "freq_mhz", "rssi_db", "snr_db", "sensor"])
        for row in rows:
            number = numbers.setdefault(device_of(row), len(numbers))
            out.writerow([row["epoch_s"], row.get("freq_mhz") or "433.92", row.get("rssi_db", ""),
                          row.get("snr_db", ""), f"device-{number}"])
    return {key: f"device-{number}" for key, number in numbers.items()}


def search(lineside, name, rows, with_id):
    """Findings and incidents of one log, and the sensor of each device."""
    with tempfile.TemporaryDirectory(prefix="lineside-logs-") as tmp:
        log = os.path.join(folder(), name + ".csv")
        sensors = {}
        if with_id:
            log = os.path.join(tmp, "log.csv")
            sensors = write_with_id(log, rows)
        db = os.path.join(tmp, "log.db")

        def run(*args):
            return subprocess.run([lineside, *args], check=True, capture_output=True, text=True,
                                  timeout=900).stdout
        run("import", "--db", db, "--sensor", "all", "--freq", "433.92M", log)
        findings = [json.loads(line) for line in run("patterns", "--db", db, "--json").splitlines()]
        incidents = [json.loads(line)
                     for line in run("incidents", "--db", db, "--json").splitlines()]
        return findings, incidents, sensors


def meets(finding, device):
    return finding["low_hz"] <= device.high_hz and device.low_hz <= finding["high_hz"]


def ratio_is_whole(period_s, true_s):
    times = max(period_s, true_s) / min(period_s, true_s)
    whole = round(times)
    off_s = abs(times - whole) * min(period_s, true_s)
    return 2 <= whole <= MULTIPLES and off_s <= 0.02 * min(period_s, true_s)


def verdict(period_s, device):
    if abs(period_s / device.period_s - 1.0) <= TOLERANCE:
        return "found"
    return "multiple" if ratio_is_whole(period_s, device.period_s) else ""


def score(lineside, name, with_id):
    rows = read(name)
    devices = list(expected(name, rows))
    findings, incidents, sensors = search(lineside, name, rows, with_id)
    # A line of a finding names no sensor; one of an incident does.
    reported = incidents if with_id else [f for f in findings if f["reported"]]
    timed = [f for f in reported if "period_s" in f["parameters"]]
    result = Score(name, with_id, [], [], [], [],
                   sum(i["severity"] == "alert" for i in incidents))
    explained = set()
    for device in devices:
        best = {}
        for number, finding in enumerate(timed):
            period_s = finding["parameters"]["period_s"]
            mine = meets(finding, device) and (
                not with_id or finding["sensor"] == sensors[device.key])
            how = verdict(period_s, device) if mine else ""
            if how:
                explained.add(number)
                best.setdefault(how, period_s)
        if best:
            how = "found" if "found" in best else "multiple"
            getattr(result, how).append((device, best[how]))
        else:
            result.missed.append(device)
    result.false = [f for n, f in enumerate(timed) if n not in explained]
    return result


def table(scores):
    """Lines of text, one a device and one a finding that nothing explains."""
    for s in scores:
        kind = "with id   " if s.with_id else "without id"
        yield (f"{s.log:28} {kind} found {len(s.found)}, as a multiple {len(s.multiple)}, missed "
               f"{len(s.missed)}; other findings {len(s.false)}; alerts {s.alerts}")
        for how in ("found", "multiple"):
            for device, period_s in getattr(s, how):
                yield f"    {how:9} {device.key:32} {device.period_s:9.3f} s: {period_s:.3f} s"
        for device in s.missed:
            yield f"    missed    {device.key:32} {device.period_s:9.3f} s"
        for f in s.false:
            yield (f"    other     {f['kind']} {f['parameters']['period_s']:.3f} s near "
                   f"{(f['low_hz'] + f['high_hz']) / 2e6:.3f} MHz, p "
                   f"{f['false_alarm_probability']:.1e}")
