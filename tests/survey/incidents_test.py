#!/usr/bin/env python3
"""incidents_test.py BUILD: the quick form of tests/evaluation/incidents.py. Some hours of a few
scenes, through simulate, permits, import and incidents: each planted kind is found as what it is, and
trains with gateways, calls cut by hops, and packets of one length make no alert."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "evaluation"))
import incidents  # noqa: E402

SEED = 1101  # of tuning: what acceptance runs on is in tests/evaluation/incidents.py
PLANTED = [("scripted-window", "scripted-cycle", 0.75), ("access-storm", "access-storm", 0.5),
           ("periodic-rtk", "periodic-telemetry", None),
           ("periodic-hopper", "periodic-telemetry", None)]
BENIGN = [("benign-month", 0.4), ("trap-hop-schedule", 0.5), ("trap-constant-size", 0.25)]


def main():
    lineside = os.path.abspath(os.path.join(sys.argv[1], "lineside"))
    wrong = []
    for scene, kind, days in PLANTED:
        month = incidents.Month(lineside, scene, SEED, days, permit=False)
        pattern = next(p for p in month.truth if p["kind"] == kind)
        mine = [i for i in month.incidents
                if i["kind"] == kind and i["severity"] == "alert" and
                incidents.overlaps(i, pattern) and incidents.right_period(i, pattern)]
        if not mine:
            wrong.append(f"{scene}: no {kind} among {[i['kind'] for i in month.incidents]}")
    for scene, days in BENIGN:
        month = incidents.Month(lineside, scene, SEED, days)
        alerts = [i for i in month.incidents if i["severity"] == "alert"]
        wrong += [f"{scene}: alert {i['kind']} {i['parameters']}" for i in alerts]
    sys.exit("\n".join(wrong) or 0)


main()
