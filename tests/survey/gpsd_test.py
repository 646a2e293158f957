#!/usr/bin/env python3
"""A gpsd is followed, lost and found again, and so is its fix: gpsd_test.py PROBE

Exit status 77 (skipped) where gpsfake is not installed or cannot run.
"""
import json
import math
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime, timezone

SKIP = 77
LATITUDE, LONGITUDE, ALTITUDE = 48.2, 16.37, 180.0


def sentence(text):
    check = 0
    for c in text:
        check ^= ord(c)
    return f"${text}*{check:02X}\n"


def log(seconds):
    """A receiver that stands still on 2026-11-20 from 12:00:00 on."""
    for i in range(seconds):
        at = f"12{i // 60:02d}{i % 60:02d}.00"
        yield sentence(f"GPGGA,{at},4812.0000,N,01622.2000,E,1,08,0.9,180.0,M,43.0,M,,")
        yield sentence("GPGSA,A,3,04,05,09,12,24,25,29,31,,,,,1.5,0.9,1.2")
        yield sentence(f"GPRMC,{at},A,4812.0000,N,01622.2000,E,0.0,0.0,201126,,,A")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def start_gpsfake(path, port):
    return subprocess.Popen(["gpsfake", "-q", "-P", str(port), "-c", "0.1", path],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                            start_new_session=True)


def answers(port, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            time.sleep(0.1)
    return False


def wait_for(lines, wanted, what):
    """Reads lines of the probe until one is as wanted."""
    seen = []
    for line in lines:
        seen.append(line.strip())
        if wanted(line.split()):
            return
    sys.exit(f"{what}: not within\n" + "\n".join(seen[-20:]))


def has_fix(words):
    if words[:2] != ["1", "3"]:
        return False
    # The log is of another day: the system clock is as far ahead of it as today is.
    ahead = time.time() - datetime(2026, 11, 20, 12, tzinfo=timezone.utc).timestamp()
    return (math.isclose(float(words[2]), LATITUDE, abs_tol=1e-4)
            and math.isclose(float(words[3]), LONGITUDE, abs_tol=1e-4)
            and math.isclose(float(words[4]), ALTITUDE, abs_tol=1.0)
            and abs(float(words[5]) - ahead) < 300)


class FakeGpsd(threading.Thread):
    """One client is told what gpsd's JSON says of a receiver; mode can be set meanwhile, and 0 ends
    it."""

    def __init__(self):
        super().__init__(daemon=True)
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.mode = 3

    def run(self):
        client, _ = self.server.accept()
        client.sendall(b'{"class":"VERSION","release":"3.22","rev":"3.22","proto_major":3,'
                       b'"proto_minor":14}\r\n')
        try:
            while self.mode > 0:
                report = {"class": "TPV", "device": "/dev/none", "mode": self.mode}
                if self.mode == 3:
                    report |= {"time": "2026-11-20T12:00:00.000Z", "lat": LATITUDE,
                               "lon": LONGITUDE, "altMSL": ALTITUDE}
                client.sendall((json.dumps(report, separators=(",", ":")) + "\r\n").encode())
                time.sleep(0.2)
        except OSError:
            pass
        client.close()
        self.server.close()


def a_lost_fix_is_no_place():
    """An antenna that is cut or jammed: gpsd goes on, and the last place is not the present one."""
    fake = FakeGpsd()
    fake.start()
    probe = subprocess.Popen([sys.argv[1], f"127.0.0.1:{fake.port}", "20"],
                             stdout=subprocess.PIPE, text=True)
    try:
        wait_for(probe.stdout, has_fix, "a fix")
        fake.mode = 1
        wait_for(probe.stdout, lambda w: w[:2] == ["1", "1"] and w[2:] == ["nan"] * 4,
                 "the loss of the fix")
        fake.mode = 3
        wait_for(probe.stdout, has_fix, "the fix again")
    finally:
        probe.terminate()
        probe.wait()


def main():
    a_lost_fix_is_no_place()
    if shutil.which("gpsfake") is None:
        sys.exit(SKIP)
    port = free_port()
    with tempfile.NamedTemporaryFile("w", suffix=".nmea") as f:
        f.writelines(log(120))
        f.flush()
        fake = start_gpsfake(f.name, port)
        probe = None
        try:
            if not answers(port, 15):
                print("gpsfake does not run here")
                sys.exit(SKIP)
            probe = subprocess.Popen([sys.argv[1], f"127.0.0.1:{port}", "60"],
                                     stdout=subprocess.PIPE, text=True)
            wait_for(probe.stdout, has_fix, "a fix")
            fake.terminate()
            fake.wait()
            wait_for(probe.stdout, lambda w: w[0] == "0" and w[2] == "nan", "the loss")
            fake = start_gpsfake(f.name, port)
            wait_for(probe.stdout, has_fix, "a fix after the loss")
        finally:
            for child in filter(None, (probe, fake)):
                child.terminate()
                child.wait()


if __name__ == "__main__":
    main()
