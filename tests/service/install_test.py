#!/usr/bin/env python3
"""What 'meson install' puts where: install_test.py BUILD SOURCE

Installed below DESTDIR; the unit is held against systemd's own checks where they are installed, and
the sample configuration against the program.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

# Within the prefix. The module's folder is the library folder, whatever it is called here.
WANTED = [
    "bin/lineside",
    "lib/systemd/system/lineside.service",
    "lib/sysusers.d/lineside.conf",
    "lib/udev/rules.d/70-lineside-radios.rules",
    "share/lineside/lineside.yaml",
    "share/lineside/json/transmission.schema.json",
]
PAGES = ["man1/lineside.1", "man1/lineside-watch.1", "man1/lineside-health.1",
         "man1/lineside-config.1", "man5/lineside.yaml.5", "man7/lineside-replay.7"]
# What keeps a wrong configuration from looping, a hung driver from staying, and the rest out.
UNIT = ["Type=notify", "WatchdogSec=", "Restart=on-failure", "RestartPreventExitStatus=2",
        "User=lineside", "StateDirectory=lineside", "DevicePolicy=closed", "NoNewPrivileges=yes",
        "CapabilityBoundingSet=", "ProtectSystem=strict", "MemoryDenyWriteExecute=yes",
        "IPAddressDeny=any"]
EXPOSURE_MAX = 2.0  # of 10, as 'systemd-analyze security' counts


def check_unit(path, prefix):
    with open(path, encoding="utf-8") as f:
        unit = f.read()
    lines = unit.splitlines()
    for line in UNIT:
        if not any(found.startswith(line) for found in lines):
            yield f"lineside.service lacks {line}"
    start = re.search(r"^ExecStart=(\S+) watch --config (\S+)$", unit, re.MULTILINE)
    if not start or start.group(1) != f"{prefix}/bin/lineside":
        yield "lineside.service does not start the installed program"
    if re.search("@[a-z]+@", unit):
        yield "lineside.service has a placeholder left"
    if shutil.which("systemd-analyze") is None:
        return
    run = subprocess.run(["systemd-analyze", "security", "--offline=true",
                          f"--threshold={int(EXPOSURE_MAX * 10)}", path],
                         capture_output=True, text=True, check=False)
    found = re.search(r"Overall exposure level.*: ([0-9.]+)", run.stdout)
    if not found or float(found.group(1)) > EXPOSURE_MAX:
        yield f"exposure: {found.group(0) if found else run.stdout + run.stderr}"
    with tempfile.TemporaryDirectory() as folder:
        again = os.path.join(folder, "lineside.service")
        with open(again, "w", encoding="utf-8") as f:
            # The program is not installed at its place here, nor are its pages.
            f.write(re.sub(r"^Documentation=.*\n", "", unit.replace(
                f"{prefix}/bin/lineside", "/bin/true"), flags=re.MULTILINE))
        run = subprocess.run(["systemd-analyze", "verify", again], capture_output=True, text=True,
                             check=False)
        if run.returncode != 0 or "lineside.service" in run.stderr:
            yield f"systemd-analyze verify: {run.stderr.strip()}"


def problems(build, destination):
    run = subprocess.run(["meson", "install", "-C", build, "--no-rebuild"], capture_output=True,
                         text=True, check=False, env=dict(os.environ, DESTDIR=destination))
    if run.returncode != 0:
        yield run.stdout + run.stderr
        return
    programs = [os.path.join(folder, "lineside") for folder, _, names in os.walk(destination)
                if "lineside" in names and folder.endswith("/bin")]
    if len(programs) != 1:
        yield f"{len(programs)} programs were installed"
        return
    top = os.path.dirname(os.path.dirname(programs[0]))
    wanted = WANTED + [f"share/man/{page}" for page in PAGES if shutil.which("scdoc")]
    for path in wanted:
        if not os.path.exists(os.path.join(top, path)):
            yield f"{path} is not installed"
    modules = [name for folder, _, names in os.walk(top) for name in names
               if folder.endswith("SoapySDR/modules0.8") and "lineside-replay" in name]
    if len(modules) != 1:
        yield f"{len(modules)} replay modules are installed"
    prefix = top[len(destination):]
    yield from check_unit(os.path.join(top, "lib/systemd/system/lineside.service"), prefix)
    run = subprocess.run([programs[0], "watch", "--check", "--config",
                          os.path.join(top, "share/lineside/lineside.yaml")],
                         capture_output=True, text=True, check=False)
    if run.returncode != 0:
        yield f"the sample configuration is wrong: {run.stderr.strip()}"


def main():
    with tempfile.TemporaryDirectory(prefix="lineside-install-") as destination:
        found = list(problems(os.path.abspath(sys.argv[1]), destination))
    print("\n".join(found))
    sys.exit(1 if found else 0)


main()
