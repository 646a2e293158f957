"""One small database for each kind of finding: an hour or a day of the scenes in tests/scenes/logs,
through simulate and import, as a person would make it.

The reports of these are kept in golden/ and looked at in a browser; no threshold was tuned on them.
"""
import json
import os
import subprocess
import sys

import yaml

# Kind of finding: the scene it is planted in, how long of it, and which emitters besides are kept
# (None: all).
SCENES = {
    "scripted-cycle": ("scripted-window", "10h", None),
    "periodic-telemetry": ("periodic-telemetry", "2h", None),
    "lockstep": ("lockstep", "12h", None),
    "band-sweep": ("band-sweep", "2h", None),
    "pass-by": ("pass-by", "45min", None),
    "repeat-pass": ("repeat-pass", "3d", ["people"]),
    "bulk-uplink": (None, None, None),
    "access-storm": ("access-storm", "70min", None),
    "new-emitter": ("new-emitter", "10d", ["people"]),
    "similar-posts": ("similar-posts", "2h", None),
    "corridor-track": ("corridor-track", None, None),
    "steady-line": ("steady-line", "9h", ["fobs"]),
}


class Database:
    """A folder with a database in it; commands run there with nothing of the caller's settings."""

    def __init__(self, lineside, folder):
        self.lineside, self.folder = lineside, folder

    def run(self, *words):
        done = subprocess.run([self.lineside, *words], cwd=self.folder, capture_output=True,
                              text=True, check=False,
                              env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin",
                                   "TMPDIR": self.folder, "XDG_CACHE_HOME": self.folder})
        if done.returncode != 0:
            sys.exit(f"lineside {' '.join(words)}: {done.stderr}")
        return done.stdout

    def write(self, name, lines):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as f:
            f.writelines(json.dumps(line) + "\n" for line in lines)


def bulk_uplink_log():
    """A modem sends for nine minutes each hour, six days; people transfer by day."""
    def clock(s):
        return f"2026-11-{16 + int(s) // 86400}T{int(s) // 3600 % 24:02d}:{int(s) // 60 % 60:02d}:" \
               f"{s % 60:06.3f}Z"
    yield {"type": "observation", "sensor": "km-12.4", "start": clock(0),
           "stop": "2026-11-22T00:00:00Z", "low_hz": 832e6, "high_hz": 862e6}
    rows = []
    for hour in range(6 * 24):
        rows.append((hour * 3600 + 300 + hour * 37 % 23, 540 + hour * 29 % 17, 837e6))
        for i in range(6 if 8 <= hour % 24 < 20 else 0):
            rows.append((hour * 3600 + i * 600 + (hour * 131 + i * 211) % 400, 70 + i * 53 % 90,
                         847e6))
    for start, duration, center in sorted(rows):
        yield {"type": "transmission", "sensor": "km-12.4", "start": clock(start),
               "duration_s": duration, "center_hz": center, "bandwidth_hz": 9e6, "snr_db": 20.0,
               "level_dbfs": -40.0, "class": "lte-uplink"}


def make(lineside, top, kind, folder):
    """The database of a kind in folder, and the id of its first incident of that kind."""
    scene, duration, keep = SCENES[kind]
    database = Database(lineside, folder)
    log = f"{kind}.jsonl"
    if scene is None:
        database.write(log, bulk_uplink_log())
    else:
        path = os.path.join(top, "tests/scenes/logs", scene + ".yaml")
        with open(path, encoding="utf-8") as f:
            document = yaml.safe_load(f)
        if duration is not None:
            document["duration_s"] = duration
        if keep is not None:
            document["emitters"] = [e for e in document["emitters"]
                                    if e.get("pattern") or e["name"] in keep]
        with open(os.path.join(folder, "scene.yaml"), "w", encoding="utf-8") as f:
            yaml.safe_dump(document, f, sort_keys=False)
        database.run("simulate", "scene.yaml", "--log-only", "-o", log)
    database.run("import", log)
    found = [json.loads(line) for line in database.run("incidents", "--json").splitlines()]
    mine = [incident["id"] for incident in found if incident["kind"] == kind]
    if not mine:
        sys.exit(f"{kind}: not among {sorted({incident['kind'] for incident in found})}")
    return database, str(mine[0])
