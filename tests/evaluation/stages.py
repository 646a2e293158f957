#!/usr/bin/env python3
"""stages.py BUILD: what each stage of an analysis costs in units of the bare transforms, in stages.txt
beside this file. Other work on the machine takes caches and memory away and lifts the stages that
live on them, so the load is stated."""
import os
import re
import subprocess
import sys
import textwrap

HERE = os.path.dirname(os.path.abspath(__file__))


LINE = re.compile(r"^(\w+) +(.*?) +([-\d.]+) +([\d.]+)$", re.M)


def bound(run):
    """What the figures say, in words: where the time goes that is above the goal, and why."""
    alone = {(m[1], m[2]): float(m[3]) for m in LINE.finditer(run)}
    whole = {m[1]: float(m[4]) for m in LINE.finditer(run)}

    def part(scene, name):
        return next(v for (s, n), v in alone.items() if s == scene and n.startswith(name))

    input_part = part("noise", "reading") + part("noise", "conversion")
    return textwrap.fill(
        f"The goal for a sparse scene is 2.5 and measured are {whole['sparse']:.1f}, with "
        f"{whole['noise']:.1f} in noise alone. {input_part:.1f} of it are there before anything is "
        f"looked for: the kernel copies the samples out of its page cache "
        f"({part('noise', 'reading'):.2f}; a mapping costs two thirds of that, but a recording that "
        f"shrinks would end the program), and a bank of 8 taps at twice the rate is "
        f"{part('noise', 'conversion'):.2f} of its own transforms. The streaming pass "
        f"({part('noise', 'detector, streaming'):.2f}) adds each row of cells to a pyramid of "
        f"durations, holds three rows a row against all bandwidths and writes 2 MB of cells a "
        f"piece, which is what L2 holds in all: it waits for memory rather than for arithmetic, so "
        f"other work on the machine, which takes caches away and not the bare transforms, raises "
        f"it. What a run does once ({part('noise', 'once'):.2f}) is an eighth of a second, "
        f"however long the recording: half of it in a recording of ten seconds. A dense band "
        f"({whole['dense']:.1f}, goal twice the sparse one) costs what its second pass costs "
        f"({part('dense', 'detector, where'):.1f}): 30 % of the cells are claimed, fitted, joined "
        f"and measured, each some ten times, by functions of which none takes more than 7 % of "
        f"the run. Only a search that measures fewer boxes would be quicker, and its rows would be "
        f"others. The last part of it ({part('dense', 'long'):.1f}) is for the most part the "
        f"samples of every burst in its own band, from which its class is told.", 110)


def main():
    before = os.getloadavg()[0]
    run = subprocess.run([os.path.join(sys.argv[1], "tests", "evaluation", "stage_bench")],
                         stdout=subprocess.PIPE, text=True, check=True)
    text = f"{os.cpu_count()} processors, load {before:.0f} before and {os.getloadavg()[0]:.0f} " \
           f"after\n\n{run.stdout}\n{bound(run.stdout)}\n"
    with open(os.path.join(HERE, "stages.txt"), "w", encoding="utf-8") as f:
        f.write(text)
    print(text)


main()
