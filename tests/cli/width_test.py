#!/usr/bin/env python3
"""What a terminal of 80 columns shows fits it: width_test.py LINESIDE.

Incidents of several kinds, with long names, a long sensor and hops, are shown on a terminal, on one
without colour, and into a pipe. Columns are counted as a terminal does, without the sequences that
set colours.
"""
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios

COLUMNS = 80
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


def log_lines():
    """Two days: a packet each 47 s, and calls of 120 s with 30 s between by day."""
    def clock(s):
        return f"2026-11-{20 + int(s) // 86400}T{int(s) // 3600 % 24:02d}:{int(s) // 60 % 60:02d}:" \
               f"{s % 60:06.3f}Z"
    sensor = "a-sensor-with-a-name-that-nobody-would-give-to-one-but-might"
    yield {"type": "observation", "sensor": sensor, "start": clock(0), "stop": clock(172000),
           "low_hz": 5860e6, "high_hz": 5900e6}
    for i in range(3000):
        yield {"type": "transmission", "sensor": sensor, "start": clock(i * 47 + i * 37 % 11 / 1000),
               "duration_s": 0.05, "center_hz": 5868.3e6, "bandwidth_hz": 60e3, "level_dbfs": -40}
    for i in range(300):
        at = 36000 + i * 150 + i * 53 % 17 / 100
        yield {"type": "transmission", "sensor": sensor, "start": clock(at),
               "duration_s": 120 + i * 29 % 13 / 100, "center_hz": 5895.2e6, "bandwidth_hz": 200e3,
               "level_dbfs": -50}


def on_terminal(words, folder, environment):
    """What the command writes to a terminal of 80 columns."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
    with subprocess.Popen(words, cwd=folder, stdin=follower, stdout=follower,
                          stderr=subprocess.DEVNULL, env=environment) as child:
        os.close(follower)
        parts = []
        while True:
            try:
                part = os.read(leader, 65536)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            parts.append(part)
    os.close(leader)
    if child.returncode != 0:
        sys.exit(f"{' '.join(words)}: status {child.returncode}")
    return b"".join(parts).decode("utf-8").replace("\r\n", "\n")


def main():
    lineside = os.path.abspath(sys.argv[1])
    wrong = []
    with tempfile.TemporaryDirectory(prefix="lineside-width-") as folder:
        plain = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TERM": "xterm-256color",
                 "HOME": folder, "TMPDIR": folder}
        with open(os.path.join(folder, "log.jsonl"), "w", encoding="utf-8") as f:
            f.writelines(json.dumps(line) + "\n" for line in log_lines())
        subprocess.run([lineside, "import", "log.jsonl"], cwd=folder, env=plain, check=True,
                       capture_output=True)
        count = len(subprocess.run([lineside, "incidents", "--json"], cwd=folder, env=plain,
                                   check=True, capture_output=True).stdout.splitlines())
        if count < 2:
            wrong.append(f"{count} incidents: too few to show anything")
        calls = [["incidents"], ["incidents", "--timeline"], ["report"], ["transmissions", "--limit",
                 "30"], ["observations"], ["occupancy", "--freq", "5860M:5900M"]]
        calls += [["report", str(i + 1)] for i in range(count)]
        for call in calls:
            name = " ".join(call)
            for environment in (plain, dict(plain, NO_COLOR="1")):
                shown = on_terminal([lineside, *call], folder, environment)
                colored = bool(ESCAPE.search(shown))
                if colored != ("NO_COLOR" not in environment):
                    wrong.append(f"{name}: {'colour' if colored else 'no colour'} with "
                                 f"NO_COLOR={environment.get('NO_COLOR')}")
                for line in ESCAPE.sub("", shown).splitlines():
                    if len(line.rstrip()) > COLUMNS:
                        wrong.append(f"{name}: {len(line)} columns: {line}")
            piped = subprocess.run([lineside, *call], cwd=folder, env=plain, check=True,
                                   capture_output=True).stdout.decode("utf-8")
            if "\x1b" in piped:
                wrong.append(f"{name}: escape sequences in a pipe")
        bars = on_terminal([lineside, "report"], folder, plain)
        if not re.search(r"2026-11-20  \|.*[▆▇█].*\|", bars):
            wrong.append("report: no bar for the first day")
    print("\n".join(wrong))
    sys.exit(1 if wrong else 0)


main()
