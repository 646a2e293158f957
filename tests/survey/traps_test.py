#!/usr/bin/env python3
"""traps_test.py BUILD: traps of patterns by name, each a log of a day or more (tests/scenes/logs/trap-*.yaml)
through simulate, import and incidents. What is regular is found with its own period and nothing else
is; what only looks regular makes no watch and no alert."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "evaluation"))
import incidents  # noqa: E402

SEED = 1101  # of tuning: what acceptance runs on is in tests/evaluation/incidents.py
# Scene, days of it (None: all), and the periods that are there.
TRAPS = [("trap-hop-schedule", 0.5, []),
         ("trap-harmonics", None, [40.0, 60.0]),
         ("trap-timetable", 3.5, []),
         ("trap-train-storm", 0.5, []),
         ("trap-gateway", None, []),
         ("trap-constant-size", None, []),
         ("trap-clock-change", None, [900.0]),
         ("trap-calendar", None, [3600.0]),
         ("trap-overflow", None, [10.0])]


def wrong(scene, periods, found):
    """What is said against what is there; a clock is known to a ten thousandth."""
    loud = [i for i in found if i["severity"] in ("watch", "alert")]
    said = sorted(i["parameters"].get("period_s", 0.0) for i in loud)
    if len(said) != len(periods) or any(abs(a / b - 1.0) > 1e-4 for a, b in zip(said, periods)):
        return [f"{scene}: {periods} s are there, said are " +
                (", ".join(f"{i['kind']} {i['parameters']}" for i in loud) or "none")]
    return [f"{scene}: {i['parameters']['timing']}" for i in loud
            if i["parameters"]["timing"] != "clock-locked"]


def main():
    lineside = os.path.abspath(os.path.join(sys.argv[1], "lineside"))
    faults = []
    for scene, days, periods in TRAPS:
        month = incidents.Month(lineside, scene, SEED, days, permit=False)
        faults += wrong(scene, periods, month.incidents)
    sys.exit("\n".join(faults) or 0)


main()
