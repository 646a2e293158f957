#!/usr/bin/env python3
"""Lines that the program writes, and examples of those it will write, fit schemas/json, and lines
with a fault do not: schema_test.py LINES SCHEMA_FOLDER. Skipped without the jsonschema module."""
import json
import os
import subprocess
import sys

try:
    from jsonschema import Draft202012Validator
except ImportError:
    sys.exit(77)

EXAMPLES = [
    {"type": "finding", "kind": "periodic-telemetry", "false_alarm_probability": 0.31,
     "reported": False, "searches": 48, "trials": 91000, "start": "2026-11-20T08:00:00.000000000Z",
     "stop": "2026-11-20T09:00:00.000000000Z", "low_hz": 433.9e6, "high_hz": 434e6,
     "parameters": {"period_s": 48.01}},
    {"type": "incident", "id": 3, "kind": "scripted-cycle", "severity": "alert",
     "false_alarm_probability": 3.1e-9, "start": "2026-11-20T08:00:00.000000000Z",
     "stop": "2026-11-20T09:00:00.000000000Z", "low_hz": 876e6, "high_hz": 880e6,
     "sensor": "km-12.4", "parameters": {"on_s": 120.0, "off_s": 30.0}, "transmissions": [12, 13],
     "rivals": [], "limits": "...", "detector": "scripted-cycle/1"},
]


def main():
    program, folder = sys.argv[1:]
    validators = {}
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            schema = json.load(file)
        Draft202012Validator.check_schema(schema)
        validators[name.split(".")[0]] = Draft202012Validator(schema)
    text = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    lines = [json.loads(line) for line in text.splitlines()] + EXAMPLES
    problems = []
    for line in lines:
        validator = validators[line["type"]]
        problems += ["%s: %s" % (line, error.message) for error in validator.iter_errors(line)]
        for key in validator.schema["required"]:
            faulty = {k: v for k, v in line.items() if k != key}
            if validator.is_valid(faulty):
                problems.append("%s without %s is taken" % (line["type"], key))
        if validator.is_valid({**line, "start": "2026-11-20 08:00"}):
            problems.append("%s with a local time is taken" % line["type"])
    # The truth of scenes is held against its schema by tests/simulate.
    untested = set(validators) - {line["type"] for line in lines} - {"truth"}
    problems += ["no line tests %s.schema.json" % name for name in sorted(untested)]
    print("\n".join(problems))
    return 1 if problems else 0


sys.exit(main())
