#!/usr/bin/env python3
"""The radio over the network: remote_test.py CLIENT PLUGINS.

SoapySDRServer serves the replay device on the loopback, and CLIENT follows its stream sample by
sample through SoapySDR's remote driver. The server leaves when it finds no DNS-SD daemon, so a
D-Bus daemon and an Avahi daemon of our own run beside it, on the loopback alone. All of it lives in
namespaces of its own where the system lets us: nothing is heard outside, no running daemon is in the
way, and everything ends with this script. Exit 77: cannot be run here, with the reason.
"""
import ctypes
import fcntl
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

SKIP = 77
RATE, CENTER = 250000, 876000000
SAMPLES, OVERFLOW = 400000, 12345
PROGRAMS = ["dbus-daemon", "avahi-daemon", "SoapySDRServer"]
NAMESPACES = ["unshare", "--map-root-user", "--mount", "--net", "--pid", "--fork", "--kill-child"]

BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={folder}/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/> <allow own="*"/> <allow send_destination="*"/> <allow receive_sender="*"/>
  </policy>
</busconfig>
"""
AVAHI = """[server]
use-ipv6=no
allow-interfaces=lo
[publish]
publish-workstation=no
[wide-area]
enable-wide-area=no
"""


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIP)


def end_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def raise_loopback():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        name = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh", fcntl.ioctl(s, 0x8913, name)[:18])[1]  # SIOCGIFFLAGS
        fcntl.ioctl(s, 0x8914, struct.pack("16sh14x", b"lo", flags | 1))     # SIOCSIFFLAGS, IFF_UP


def furnish(folder):
    """Make our namespaces fit for Avahi: a /run of their own, the loopback, and an account for it
    that is ours, as nobody else's is mapped."""
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
    for name, text in (("passwd", "root:x:0:0::/:/bin/sh\navahi:x:0:0::/:/bin/sh\n"),
                       ("group", "root:x:0:\navahi:x:0:\n")):
        path = os.path.join(folder, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        subprocess.run(["mount", "--bind", path, "/etc/" + name], check=True)
    raise_loopback()


class Servers:
    """The three daemons, ended whatever happens."""

    def __init__(self, folder, plugins):
        self.folder, self.running = folder, []
        self.environment = dict(os.environ, SOAPY_SDR_PLUGIN_PATH=plugins,
                                DBUS_SYSTEM_BUS_ADDRESS=f"unix:path={folder}/bus")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process, log in reversed(self.running):
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            log.close()

    def said(self, name):
        with open(os.path.join(self.folder, name + ".log"), encoding="utf-8",
                  errors="replace") as f:
            return f.read()

    def start(self, command, ready, what):
        """Runs until ready(what it said); skips with its last words when it ends before."""
        name = command[0]
        log = open(os.path.join(self.folder, name + ".log"), "w", encoding="utf-8")
        process = subprocess.Popen(command, env=self.environment, stdin=subprocess.DEVNULL,
                                   stdout=log, stderr=subprocess.STDOUT, cwd=self.folder,
                                   preexec_fn=end_with_parent)
        self.running.append((process, log))
        deadline = time.monotonic() + 20
        while not ready(self.said(name)):
            if process.poll() is not None or time.monotonic() > deadline:
                words = self.said(name).strip().splitlines() or ["it said nothing"]
                skip(f"{name} did not {what}: {words[-1]}")
            time.sleep(0.05)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def listening(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def counting(path):
    """Samples as tests/hw/radio.h has them."""
    with open(path, "wb") as f:
        for i in range(SAMPLES + 100000):
            f.write(struct.pack("<hh", i & 0x7fff, i >> 15))


def run(client, plugins, isolated):
    with tempfile.TemporaryDirectory(prefix="lineside-remote-") as folder, \
            Servers(folder, plugins) as servers:
        if isolated:
            furnish(folder)
        for name, text in (("bus.conf", BUS), ("avahi.conf", AVAHI)):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
                f.write(text.format(folder=folder))
        with open(os.path.join(folder, "script"), "w", encoding="utf-8") as f:
            f.write(f"0.5s overflow {OVERFLOW}\n")
        counting(os.path.join(folder, "counting.ci16"))
        servers.start(["dbus-daemon", "--config-file=bus.conf", "--nofork", "--nopidfile"],
                      lambda said: os.path.exists(os.path.join(folder, "bus")), "make its socket")
        servers.start(["avahi-daemon", "-f", os.path.join(folder, "avahi.conf"),
                       "--no-drop-root", "--no-chroot", "--no-rlimits", "--no-proc-title"],
                      lambda said: "Server startup complete" in said, "start")
        port = free_port()
        servers.start(["SoapySDRServer", f"--bind=127.0.0.1:{port}"],
                      lambda said: listening(port), "listen")
        args = (f"driver=remote,remote=tcp://127.0.0.1:{port},remote:driver=lineside-replay,"
                f"file={folder}/counting.ci16,format=ci16,rate={RATE},freq={CENTER},"
                f"faults={folder}/script")
        done = subprocess.run([client, args, str(CENTER), str(RATE), str(SAMPLES), str(OVERFLOW)],
                              env=servers.environment, timeout=60, check=False)
        if done.returncode != 0:
            print(servers.said("SoapySDRServer"))
        return done.returncode


def main():
    client, plugins = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    isolated = sys.argv[3:] == ["--isolated"]
    end_with_parent()
    for program in PROGRAMS:
        if not shutil.which(program):
            skip(f"there is no {program}: see scripts/setup --test")
    if not isolated and not subprocess.run(NAMESPACES + ["true"], capture_output=True,
                                           check=False).returncode:
        os.execvp(NAMESPACES[0], NAMESPACES + [sys.executable, __file__, client, plugins,
                                               "--isolated"])
    if not isolated and os.path.exists("/run/avahi-daemon/pid"):
        skip("an Avahi daemon runs already, and namespaces are not allowed here")
    sys.exit(run(client, plugins, isolated))


main()
