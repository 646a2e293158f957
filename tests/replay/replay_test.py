#!/usr/bin/env python3
"""A shipped recording gives what is known to be in it: replay_test.py LINESIDE NAME.expect.json

The truth beside the recording (NAME.truth.jsonl) says what was sent; the .expect.json says how
closely it must be found again, and why not closer. Every transmission sent is found once, and
nothing else is found.
"""
import json
import os
import subprocess
import sys
import tempfile


def lines(text):
    return [json.loads(line) for line in text.splitlines() if line]


def seconds(stamp):
    """Seconds since midnight of an RFC 3339 time: exact enough for milliseconds of one recording."""
    hours, minutes, rest = stamp.rstrip("Z").split("T")[1].split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


def analyse(program, recording):
    with tempfile.TemporaryDirectory() as scratch:
        db = os.path.join(scratch, "db")
        subprocess.run([program, "analyse", recording, "--db", db], check=True, capture_output=True)
        query = subprocess.run([program, "transmissions", "--db", db, "--json"], check=True,
                               capture_output=True, text=True)
        return lines(query.stdout)


def apart(sent, found, allowed):
    """What is wrong with a transmission found for the one sent, a line each."""
    site = sent["sites"][0]
    differences = {
        "start_s": seconds(found["start"]) - seconds(sent["start"]),
        "stop_s": seconds(found["start"]) + found["duration_s"] - seconds(sent["start"]) -
        sent["duration_s"],
        "center_hz": found["center_hz"] - sent["center_hz"] - site["shift_hz"],
        "bandwidth_share": found["bandwidth_hz"] / sent["bandwidth_hz"] - 1,
        "snr_db": found["snr_db"] - site["snr_db"],
    }
    for what, difference in differences.items():
        if abs(difference) > allowed[what]:
            yield f"{sent['name']} at {sent['start'][11:23]}: {what} is off by {difference:.6g}, " \
                  f"{allowed[what]} is allowed"


def overlap(sent, found):
    start, other = seconds(sent["start"]), seconds(found["start"])
    in_time = start < other + found["duration_s"] and other < start + sent["duration_s"]
    reach = (sent["bandwidth_hz"] + found["bandwidth_hz"]) / 2
    return in_time and abs(sent["center_hz"] + sent["sites"][0]["shift_hz"] -
                           found["center_hz"]) < reach


def compare(truth, found, expect):
    """Everything that is wrong, a line each."""
    left = list(found)
    for sent in truth:
        allowed = {**expect["allowed"], **expect.get("allowed_for", {}).get(sent["name"], {})}
        here = [f for f in left if overlap(sent, f)]
        if len(here) != 1:
            yield f"{sent['name']} at {sent['start'][11:23]}: found {len(here)} times"
        for f in here:
            left.remove(f)
        if len(here) == 1:
            yield from apart(sent, here[0], allowed)
    for f in left:
        yield f"nothing was sent at {f['start'][11:23]}, {f['center_hz'] / 1e6:.4f} MHz"


def check_itself(truth, found, expect):
    """A transmission lost, added or moved is noticed."""
    moved = [{**found[0], "center_hz": found[0]["center_hz"] + 1e3 + found[0]["bandwidth_hz"]}]
    for broken in (found[1:], found + moved, moved + found[1:],
                   [{**found[0], "duration_s": 2 * found[0]["duration_s"]}] + found[1:]):
        assert list(compare(truth, broken, expect)), "a broken result passes"


def main():
    program, path = os.path.abspath(sys.argv[1]), sys.argv[2]
    base = path[:-len(".expect.json")]
    with open(path, encoding="utf-8") as f:
        expect = json.load(f)
    with open(base + ".truth.jsonl", encoding="utf-8") as f:
        truth = [row for row in lines(f.read()) if row["type"] == "truth-transmission"]
    found = analyse(program, base + ".sigmf-meta")
    wrong = list(compare(truth, found, expect))
    print("\n".join(wrong) or f"{len(found)} transmissions as sent")
    if not wrong:
        check_itself(truth, found, expect)
    sys.exit(1 if wrong or not truth else 0)


main()
