#!/usr/bin/env python3
"""stages.py BUILD: what each stage of an analysis costs in units of the bare transforms, in stages.txt
beside this file. Other work on the machine takes caches and memory away and lifts the stages that
live on them, so the load is stated."""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    before = os.getloadavg()[0]
    run = subprocess.run([os.path.join(sys.argv[1], "tests", "evaluation", "stage_bench")],
                         stdout=subprocess.PIPE, text=True, check=True)
    text = f"{os.cpu_count()} processors, load {before:.0f} before and {os.getloadavg()[0]:.0f} " \
           f"after\n\n{run.stdout}"
    with open(os.path.join(HERE, "stages.txt"), "w", encoding="utf-8") as f:
        f.write(text)
    print(text)


main()
