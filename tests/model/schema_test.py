#!/usr/bin/env python3
"""Lines that the program writes fit schemas/json, and lines with a fault do not: schema_test.py LINES SCHEMA_FOLDER. Skipped without the jsonschema module."""
import json
import os
import subprocess
import sys

try:
    from jsonschema import Draft202012Validator
except ImportError:
    sys.exit(77)

def main():
    program, folder = sys.argv[1:]
    validators = {}
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            schema = json.load(file)
        Draft202012Validator.check_schema(schema)
        validators[name.split(".")[0]] = Draft202012Validator(schema)
    text = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    lines = [json.loads(line) for line in text.splitlines()]
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
    # The truth of scenes is held against its schema by tests/simulate, whole files by tests/report.
    untested = set(validators) - {line["type"] for line in lines} - {"truth", "geojson", "sigmf"}
    problems += ["no line tests %s.schema.json" % name for name in sorted(untested)]
    print("\n".join(problems))
    return 1 if problems else 0


sys.exit(main())
