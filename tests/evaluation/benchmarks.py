#!/usr/bin/env python3
"""benchmarks.py BUILD: what every benchmark() of the build prints, with the machine it ran on, in
benchmarks.txt beside this file. Ratios carry over to other machines, absolute rates do not."""
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        model = next((line.split(":")[1].strip() for line in f if line.startswith("model name")), "?")
    compiler = subprocess.run(["cc", "--version"], capture_output=True, text=True, check=True)
    return f"{model}, {os.cpu_count()} processors; {compiler.stdout.splitlines()[0]}"


def main():
    build = sys.argv[1]
    log = os.path.join(build, "meson-logs", "benchmarks.json")
    if os.path.exists(log):
        os.remove(log)
    run = subprocess.run(["meson", "test", "-C", build, "--benchmark", "--no-rebuild", "--logbase",
                          "benchmarks", "--num-processes", "1"], check=False)
    out = [machine(), ""]
    with open(log, encoding="utf-8") as f:
        for line in f:
            row = json.loads(line)
            out += [f"== {row['name']}", row.get("stdout", "").rstrip(), ""]
    text = "\n".join(out)
    with open(os.path.join(HERE, "benchmarks.txt"), "w", encoding="utf-8") as f:
        f.write(text)
    print(text)
    sys.exit(run.returncode)


main()
