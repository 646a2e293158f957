#!/usr/bin/env python3
"""A package of evidence is checked with the commands of its own README and common tools, and each of
them notices what it is there for: package_test.py LINESIDE. The lines in it fit the schemas in it by
another validator, and the same database gives the same bytes."""
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile

# Which numbered check of the README must notice a change of which file, when its list of hashes and
# everything else was made to fit by somebody who has no key.
NOTICED = {"transmissions.jsonl": 1, "SHA256SUMS": 2, "chain/chain.txt": 3, "chain/sealed.txt": 4,
           "chain/sealed.sig": 4, "chain/incident.jsonl": 5, "chain/evidence.jsonl": 6}


def lines():
    def clock(s):
        return f"2026-11-20T{8 + int(s) // 3600:02d}:{int(s) // 60 % 60:02d}:{s % 60:06.3f}Z"
    yield {"type": "observation", "sensor": "km-1", "start": clock(0), "stop": clock(3000),
           "low_hz": 868e6, "high_hz": 869e6}
    for i in range(60):
        yield {"type": "transmission", "sensor": "km-1", "duration_s": 0.05, "center_hz": 868.3e6,
               "start": clock(i * 47 + (i * 37 % 11) / 1000), "bandwidth_hz": 60000.0 + i / 3,
               "level_dbfs": -40}


def run(*command, status=0, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode != status:
        sys.exit(f"{' '.join(command)}: {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def commands(folder):
    """The commands of the README by the number of their check."""
    found = {}
    number = 0
    with open(os.path.join(folder, "README.txt"), encoding="utf-8") as file:
        for line in file:
            heading = re.match(r"(\d)\. ", line)
            number = int(heading.group(1)) if heading else number
            if line.startswith("    $ "):
                found.setdefault(number, []).append(line[6:].rstrip("\n"))
    return found


def holds(folder, wanted):
    return all(subprocess.run(["sh", "-c", c], cwd=folder, capture_output=True, check=False)
               .returncode == 0 for c in wanted)


def flip(path):
    """One bit of a byte early in the file, such that a line stays a line."""
    with open(path, "r+b") as file:
        data = bytearray(file.read())
        at = len(data) // 4
        while data[at] in b"\n" or data[at] ^ 1 in b"\n":
            at += 1
        data[at] ^= 1
        file.seek(0)
        file.write(data)


def main():
    lineside = os.path.abspath(sys.argv[1])
    problems = []
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        with open("clock.jsonl", "w", encoding="utf-8") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines())
        run(lineside, "db", "key", "seal.pem")
        run(lineside, "permits", "add", "--db", "lineside.db", "--owner", "city", "--purpose", "meters", "--freq",
            "433M:434M")
        run(lineside, "import", "--label", "internal", "clock.jsonl")
        export = [lineside, "export", "--incident", "1", "--key", "seal.pem", "--case", "C-7",
                  "--signer", "A. Weber", "--package"]
        run(*export, "one.tar")
        run(*export, "two.tar")
        with open("one.tar", "rb") as one, open("two.tar", "rb") as two:
            if one.read() != two.read():
                problems.append("the same incident gave other bytes")
        run(lineside, "db", "verify", "--key", "seal.pem.pub")
        with tarfile.open("one.tar") as tar:
            tar.extractall(".")
            names = tar.getnames()
        if names != sorted(names) or any(not n.startswith("incident-1/") for n in names):
            problems.append(f"names: {names}")
        checks = commands("incident-1")
        if sorted(checks) != [1, 2, 3, 4, 5, 6]:
            problems.append(f"checks of the README: {sorted(checks)}")
        for number, wanted in checks.items():
            if not holds("incident-1", wanted):
                problems.append(f"check {number} of the README fails on an untouched package")
        for name, number in NOTICED.items():
            path = os.path.join("incident-1", name)
            with open(path, "rb") as file:
                kept = file.read()
            flip(path)
            if holds("incident-1", checks[number]):
                problems.append(f"check {number} does not notice a change of {name}")
            with open(path, "wb") as file:
                file.write(kept)
        problems += fits("incident-1")
        with open("incident-1/report.html", encoding="utf-8") as file:
            if "internal" not in file.read():
                problems.append("the report does not carry the label")
        with open("incident-1/transmissions.jsonl", encoding="utf-8") as file:
            rows = len(file.readlines())
        texts = run("sqlite3", "lineside.db", "SELECT text FROM chain WHERE what = 'export'")
        for line in texts.splitlines():
            event = json.loads(line)
            if event["case"] != "C-7" or event["signer"] != "A. Weber" or event["rows"] != rows:
                problems.append(f"the chain says {event}")
        if len(texts.splitlines()) != 2:
            problems.append("not every export is in the chain")
        run("sqlite3", "lineside.db", "UPDATE transmission SET snr_db = 7 WHERE id = 9")
        run(*export, "three.tar", status=1)
        if os.path.exists("three.tar"):
            problems.append("a broken chain gave a package")
    print("\n".join(problems))
    return 1 if problems else 0


def fits(folder):
    """Lines against the schemas of the package, by the jsonschema module where it is."""
    try:
        from jsonschema import Draft202012Validator
    except ImportError:
        return
    for name in ("incident.jsonl", "transmissions.jsonl", "observations.jsonl"):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
        if not rows:
            yield f"{name} is empty"
        for row in rows:
            path = os.path.join(folder, "schemas", row["type"] + ".schema.json")
            with open(path, encoding="utf-8") as file:
                for error in Draft202012Validator(json.load(file)).iter_errors(row):
                    yield f"{name}: {error.message}"
            if row.get("label") != "internal":
                yield f"{name}: a row without its label"


sys.exit(main())
