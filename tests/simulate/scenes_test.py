#!/usr/bin/env python3
"""Scenes of tests/scenes: scenes_test.py LINESIDE SOURCE_FOLDER [NAME...|all].

Without names every scene is read, and the documentation of scenario files is that of the program.
The logs that are named are made: they fit their schemas and plant what they say. Skipped without
the jsonschema module."""
import json
import os
import subprocess
import sys
import tempfile

try:
    from jsonschema import Draft202012Validator
except ImportError:
    sys.exit(77)

# Kinds of DESIGN section 3 that are scenes of their own; others carry the kind in another name.
KINDS = ["scripted-cycle", "periodic-telemetry", "lockstep", "band-sweep", "pass-by", "repeat-pass",
         "bulk-uplink", "access-storm", "new-emitter", "similar-posts", "corridor-track",
         "steady-line"]
SAMPLED = 50  # one line in so many is held against its schema: jsonschema is slow


def run(program, *words):
    return subprocess.run([program, *words], capture_output=True, text=True, check=False)


def lines_of(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def log_problems(path, validators):
    """Lines fit their schemas, and come in order of time."""
    last = {}
    for number, line in enumerate(lines_of(path)):
        kind, sensor = line["type"], line["sensor"]
        if number % SAMPLED == 0:
            for error in validators[kind].iter_errors(line):
                yield f"line {number + 1}: {error.message}"
        if line["start"] < last.get((kind, sensor), ""):
            yield f"line {number + 1}: starts before the one before it"
        last[(kind, sensor)] = line["start"]


def truth_problems(name, path, validator):
    """What was planted is there, with every transmission numbered."""
    patterns, emitters, transmissions = [], [], 0
    for number, line in enumerate(lines_of(path)):
        if number % SAMPLED == 0 or line["type"] != "truth-transmission":
            for error in validator.iter_errors(line):
                yield f"truth line {number + 1}: {error.message}"
        if line["type"] == "truth-pattern":
            patterns.append(line)
        elif line["type"] == "truth-emitter":
            emitters.append(line)
        elif line["type"] == "truth-transmission":
            if line["id"] != transmissions:
                yield f"truth line {number + 1}: id {line['id']}, not {transmissions}"
            transmissions += 1
    if name in KINDS and [p["kind"] for p in patterns] != [name]:
        yield f"plants {[p['kind'] for p in patterns]}"
    for pattern in patterns:
        if pattern["transmissions"] == 0:
            yield f"{pattern['kind']} of '{pattern['group']}' never transmits"
    planted = {i for p in patterns for i in p["emitters"]}
    if planted != {e["emitter"] for e in emitters if "pattern" in e}:
        yield "patterns and emitters name different members"


def scene_problems(program, path):
    name = os.path.splitext(os.path.basename(path))[0]
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if not text.startswith("# ") or f"\nname: {name}\n" not in text:
        yield "does not begin with what it is, or is called otherwise"
    done = run(program, "simulate", path, "--check")
    if done.returncode != 0:
        yield done.stderr.strip()


def made_problems(program, path, folder, validators):
    name = os.path.splitext(os.path.basename(path))[0]
    out = os.path.join(folder, name + ".jsonl")
    truth = os.path.join(folder, name + ".truth.jsonl")
    done = run(program, "simulate", path, "--log-only", "-o", out)
    if done.returncode != 0:
        yield done.stderr.strip()
        return
    yield from log_problems(out, validators)
    yield from truth_problems(name, truth, validators["truth"])
    os.remove(out)
    os.remove(truth)


def document_problems(program, top):
    """schemas/scenario.md holds the tables of the program, and the README every scene."""
    with open(os.path.join(top, "schemas/scenario.md"), encoding="utf-8") as file:
        page = file.read()
    for line in run(program, "simulate", "--keys").stdout.splitlines():
        if line and line + "\n" not in page:
            yield f"schemas/scenario.md lacks: {line}"
    with open(os.path.join(top, "tests/scenes/README.md"), encoding="utf-8") as file:
        readme = file.read()
    for folder in ("logs", "recordings"):
        for name in sorted(os.listdir(os.path.join(top, "tests/scenes", folder))):
            if f"`{folder}/{name}`" not in readme:
                yield f"tests/scenes/README.md does not list {folder}/{name}"


def main():
    program, top = sys.argv[1:3]
    wanted = sys.argv[3:]
    validators = {}
    for name in sorted(os.listdir(os.path.join(top, "schemas/json"))):
        with open(os.path.join(top, "schemas/json", name), encoding="utf-8") as file:
            validators[name.split(".")[0]] = Draft202012Validator(json.load(file))
    problems = [] if wanted else list(document_problems(program, top))
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("logs", "recordings"):
            scenes = os.path.join(top, "tests/scenes", kind)
            for file in sorted(os.listdir(scenes)):
                name = os.path.splitext(file)[0]
                path = os.path.join(scenes, file)
                found = []
                if not wanted:
                    found = scene_problems(program, path)
                elif kind == "logs" and (name in wanted or wanted == ["all"]):
                    found = made_problems(program, path, folder, validators)
                problems += [f"{kind}/{name}: {p}" for p in found]
    print("\n".join(problems))
    return 1 if problems else 0


sys.exit(main())
