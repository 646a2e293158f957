"""A sensor under test: lineside watch on a replay device, with a service manager's socket.

The listener for sd_notify(3) is a datagram socket of our own, so no systemd is needed.
"""
import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

BASE = {
    "sensor": {"name": "km-12.4"},
    "receiver": {"rate_sps": "250k", "reopen_min_s": "100ms", "reopen_max_s": "500ms"},
    "survey": {"center_hz": "433.92M", "plan": "eu"},
    "clock": {"ntp": "false"},
    # A busy machine holds up a reader for longer than a radio waits.
    "detector": {"ring_bytes": "64M"},
    # Thresholds that a busy machine does not reach by itself.
    "health": {"interval_s": "100ms", "hold_s": "1s", "disk_warn_bytes": "1k",
               "disk_fail_bytes": "0", "temperature_warn": "60C"},
}


class Failed(Exception):
    """What the sensor did not do."""


def write_config(path, *changes):
    """BASE with changes, each {section: {key: value}}."""
    merged = {section: dict(keys) for section, keys in BASE.items()}
    for change in changes:
        for section, keys in change.items():
            merged.setdefault(section, {}).update(keys)
    with open(path + ".new", "w", encoding="utf-8") as f:
        for section, keys in merged.items():
            f.write(f"{section}:\n")
            f.writelines(f"  {key}: {value}\n" for key, value in keys.items())
    os.rename(path + ".new", path)


class Sensor:
    """lineside watch in a folder; its database, configuration and log lie there."""

    def __init__(self, program, folder, recording, *changes, faults="", device="",
                 watchdog_s=None, environment=None):
        self.program, self.folder = program, folder
        self.config = os.path.join(folder, "lineside.yaml")
        self.database = os.path.join(folder, "lineside.db")
        self.log = os.path.join(folder, "log")
        args = f"driver=lineside-replay,file={recording},loop=true,buffer=1min{device}"
        if faults:
            script = os.path.join(folder, "faults.txt")
            with open(script, "w", encoding="utf-8") as f:
                f.write(faults)
            args += f",faults={script}"
        self.changes = ({"receiver": {"args": args}, "store": {"database": self.database},
                         "metrics": {"listen": f"127.0.0.1:{free_port()}"}}, *changes)
        write_config(self.config, *self.changes)
        self.notices = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(os.path.join(folder, "notify"))
        environment = dict(os.environ, **(environment or {}),
                           NOTIFY_SOCKET=os.path.join(folder, "notify"))
        if watchdog_s is not None:
            environment["WATCHDOG_USEC"] = str(int(watchdog_s * 1e6))
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen([program, "watch", "--config", self.config],
                                            stdout=subprocess.DEVNULL, stderr=log, env=environment)

    def rewrite(self, *changes):
        write_config(self.config, *self.changes, *changes)

    def logged(self):
        with open(self.log, encoding="utf-8") as f:
            return f.read()

    def listen(self, seconds):
        """Takes notices for so long; each is (time, text)."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                text = self.socket.recv(4096).decode()
            except socket.timeout:
                return
            self.notices.append((time.monotonic(), text))

    def wait_notice(self, wanted, number=1, seconds=20):
        """The time of the notice that is the number-th with a line `wanted`."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.listen(0.1)
            found = [at for at, text in self.notices if wanted in text.split("\n")]
            if len(found) >= number:
                return found[number - 1]
            if self.process.poll() is not None:
                break
        raise Failed(f"no notice '{wanted}' within {seconds} s\n{self.logged()}")

    def wait_log(self, pattern, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if re.search(pattern, self.logged()):
                return
            self.listen(0.1)
        raise Failed(f"no line '{pattern}' within {seconds} s\n{self.logged()}")

    def get(self, path):
        """(status, text) of an address of the metrics."""
        listen = self.changes[0]["metrics"]["listen"]
        try:
            with urllib.request.urlopen(f"http://{listen}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, e.read().decode()

    def ask(self, *words):
        """stdout of a verb on the database; its status is not looked at."""
        run = subprocess.run([self.program, *words, "--db", self.database], capture_output=True,
                             text=True, check=False, timeout=60)
        return run.stdout

    def stop(self, number=signal.SIGTERM, seconds=20):
        """Exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        end = time.monotonic() + seconds
        while self.process.poll() is None:
            if time.monotonic() > end:
                self.process.kill()
                self.process.wait()
                raise Failed(f"did not stop within {seconds} s\n{self.logged()}")
            self.listen(0.1)  # a socket that is full would hold it up
        return self.process.returncode

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.socket.close()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


SAMPLE = re.compile(r'^([a-z_]+)\{((?:[a-z_]+="(?:[^"\\\n]|\\.)*",?)*)\} (-?[0-9.e+-]+|NaN)$')


def parse_metrics(text):
    """{(name, labels): value}; refuses what the exposition format 0.0.4 does not allow."""
    values, typed = {}, {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            name, kind = line.split()[2:]
            if kind not in ("gauge", "counter") or name in typed:
                raise Failed(f"metrics: {line}")
            typed[name] = kind
        elif not line.startswith("# HELP "):
            match = SAMPLE.match(line)
            if not match or match.group(1) not in typed:
                raise Failed(f"metrics: no sample of a known type: {line}")
            key = (match.group(1), match.group(2))
            if key in values:
                raise Failed(f"metrics: twice: {line}")
            values[key] = float(match.group(3))
    return values


def value(values, name, label=""):
    found = [v for (n, labels), v in values.items() if n == f"lineside_{name}" and label in labels]
    if len(found) != 1:
        raise Failed(f"metrics: {len(found)} of {name} {label}")
    return found[0]
