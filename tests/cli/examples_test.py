#!/usr/bin/env python3
"""Every example of every manual page is run: examples_test.py LINESIDE TOP.

Each page has a folder of its own in which there is what its examples name: recordings, logs, a
database with incidents, a configuration that plays a recording. Commands of other programs are left
out; what they would write is there. A page without examples, or one whose examples fail, is an error.
"""
import datetime
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "report"))
import scenes  # noqa: E402

# Pages about files rather than commands.
WITHOUT = {"lineside.yaml.5.scd.in"}
# Statuses that an example may end with here, and why.
MAY = {
    "lineside devices": {0, 1},  # there is no radio
    "lineside devices driver=rtlsdr --json": {0, 1, 2},
    "lineside import recording.sigmf-meta": {0, 3},  # a recording without annotations
    "lineside health --max-age 2h": {3},  # no sensor wrote into this database
}


def examples(path):
    """Commands of the page, continued lines joined; those of other programs left out."""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    part = re.search(r"^# EXAMPLES?\n(.*?)(?=^# |\Z)", text, re.MULTILINE | re.DOTALL)
    found = []
    for block in re.findall(r"^```\n(.*?)^```", part.group(1) if part else "",
                            re.MULTILINE | re.DOTALL):
        joined = re.sub(r"\\+\n\s*", " ", block)
        found += [line.strip() for line in joined.splitlines() if line.strip()]
    return [line for line in found if line.startswith("lineside ")]


def recent(scene, duration, top):
    """A scene of tests/scenes/logs that ended an hour ago."""
    with open(os.path.join(top, "tests/scenes/logs", scene + ".yaml"), encoding="utf-8") as f:
        document = yaml.safe_load(f)
    start = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=13)
    document.update(duration_s=duration, start=start.strftime("%Y-%m-%dT%H:00:00Z"))
    return document


def prepare(lineside, top, folder):
    """What the examples name."""
    database = scenes.Database(lineside, folder)
    os.makedirs(os.path.join(folder, "km-13"))
    database.run("simulate", os.path.join(top, "captures", "demo.yaml"), "-o", "scene")
    for name in ("km-12", "km-13/a", "a", "recording"):
        for part in ("meta", "data"):
            shutil.copy(os.path.join(folder, "scene.sigmf-" + part),
                        os.path.join(folder, f"{name}.sigmf-{part}"))
    data = os.path.join(folder, "scene.sigmf-data")
    for name in ("capture.bin", "g001_433.92M_250k.cu8", "scene.ci16"):
        shutil.copy(data, os.path.join(folder, name))
    for name, scene, duration in (("month.yaml", "access-storm", "70min"),
                                  ("other.yaml", "scripted-window", "10h")):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            yaml.safe_dump(recent(scene, duration, top), f, sort_keys=False)
    shutil.copy(os.path.join(top, "tests/scenes/recordings/known-bursts.yaml"),
                os.path.join(folder, "posts.yaml"))
    shutil.copy(os.path.join(top, "schemas/plans/eu.yaml"), os.path.join(folder, "my-line.yaml"))
    for name in ("month", "other"):
        database.run("simulate", name + ".yaml", "--log-only", "-o", name + "-log.jsonl")
        database.run("import", name + "-log.jsonl")
    database.run("analyse", "--plan", "eu", "scene.sigmf-meta")  # rows that know their plan
    database.run("patterns", "--plan", "eu")
    database.run("db", "key", "k.pem")
    shutil.copy(os.path.join(folder, "month-log.jsonl"), os.path.join(folder, "km-13.jsonl"))
    for name in ("km-12.db", "january.db"):
        shutil.copy(os.path.join(folder, "lineside.db"), os.path.join(folder, name))
    database.run("import", "other-log.jsonl", "--db", "february.db")
    database.write("km-14.json", [{"time": "2026-11-20T08:00:00.5", "model": "Bresser-5in1",
                                   "freq": 868.3, "rssi": -8.1, "snr": 20.2}])
    with open(os.path.join(folder, "receptions.csv"), "w", encoding="utf-8") as f:
        f.write("time,duration_s\n2026-11-20 08:00:00,0.1\n2026-11-20 08:01:00,0.1\n")
    with open(os.path.join(top, "captures/sensor/rehearsal.yaml"), encoding="utf-8") as f:
        config = f.read().replace("captures/demo.sigmf-meta", "scene.sigmf-meta")
    with open(os.path.join(folder, "lineside.yaml"), "w", encoding="utf-8") as f:
        f.write(config)


def problems(lineside, top, page, template):
    commands = examples(page)
    name = os.path.basename(page)
    if not commands:
        yield f"{name}: has no example of lineside"
    with tempfile.TemporaryDirectory(prefix="lineside-examples-") as parent:
        folder = os.path.join(parent, "here")
        shutil.copytree(template, folder)
        for place in (".local/share/bash-completion/completions", ".config/fish/completions"):
            os.makedirs(os.path.join(folder, place))
        for command in commands:
            # The service's own file, and a filter that need not be installed.
            here = command.replace("/etc/lineside/", "")
            here = re.sub(r"\| jq .*$", "| cat", here)
            done = subprocess.run(["/bin/bash", "-o", "pipefail", "-c", here], cwd=folder, text=True,
                                  capture_output=True, check=False, timeout=120,
                                  stdin=subprocess.DEVNULL,
                                  env=dict(os.environ, HOME=folder, TMPDIR=parent, LC_ALL="C.UTF-8",
                                           PATH=os.path.dirname(lineside) + ":/usr/bin:/bin"))
            if done.returncode not in MAY.get(command, {0}):
                yield f"{name}: $ {command}\n  status {done.returncode}: {done.stderr.strip()}"


def main():
    lineside, top = map(os.path.abspath, sys.argv[1:3])
    wrong, pages = [], sorted(glob.glob(os.path.join(top, "src/man/*.scd*")))
    with tempfile.TemporaryDirectory(prefix="lineside-examples-") as template:
        prepare(lineside, top, template)
        for page in pages:
            if os.path.basename(page) not in WITHOUT:
                wrong += problems(lineside, top, page, template)
    print("\n".join(wrong))
    sys.exit(1 if wrong or not pages else 0)


main()
