#!/usr/bin/env python3
"""Run sessions of the command line and compare every byte: session.py LINESIDE FILE...

A session file holds commands and what they must print:

    # a comment
    $ lineside transmisions         a shell command; its working directory is new and empty
    out on stdout
    ! lineside: error: ...          a line on stderr
    ? 2                             exit status, when it is not 0

A line that ends in " (re)" is a regular expression. `lineside` is the program under test, $DATA the
folder of the session file. A command whose status is 77 skips the rest of the session. With
--update the files are rewritten to what the program does now: read the difference before you keep
it.
"""
import os
import re
import subprocess
import sys
import tempfile

SKIP = 77


class Step:
    def __init__(self, command):
        self.command = command
        self.lines = []  # as in the file
        self.status = 0

    def expected(self, prefix):
        out = []
        for line in self.lines:
            if prefix == "! ":
                if line.startswith("! "):
                    out.append(line[2:])
            elif not line.startswith(("! ", "? ")):
                out.append(line)
        return out


def parse(path):
    """(text before the first command, steps); comments belong to the step that follows."""
    head, steps, comments = [], [], []
    with open(path, encoding="utf-8") as f:
        for line in f.read().splitlines():
            if line.startswith("$ "):
                steps.append(Step(line[2:]))
                steps[-1].comments = comments
                comments = []
            elif line.startswith("#") or not line:
                comments.append(line)
            elif not steps:
                sys.exit(f"{path}: '{line}' comes before any command")
            else:
                step = steps[-1]
                step.lines += [c for c in comments if not c] + [line]
                comments = []
                if line.startswith("? "):
                    step.status = int(line[2:])
    return comments, steps


def same(expected, got):
    if expected.endswith(" (re)"):
        return re.fullmatch(expected[:-5], got) is not None
    return expected == got


def same_lines(expected, got):
    return len(expected) == len(got) and all(map(same, expected, got))


def run(step, folder, program, data):
    environment = {"PATH": os.path.dirname(program) + ":/usr/bin:/bin", "LC_ALL": "C.UTF-8",
                   "TZ": "UTC", "HOME": folder, "XDG_CACHE_HOME": os.path.join(folder, ".cache"),
                   "DATA": data, "COLUMNS": "80"}
    for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "SOAPY_SDR_PLUGIN_PATH"):
        if name in os.environ:
            environment[name] = os.environ[name]
    return subprocess.run(["/bin/sh", "-c", step.command], cwd=folder, env=environment, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False)


def written(step, done):
    """The step as the file should hold it; patterns that still fit are kept."""
    out, err = done.stdout.splitlines(), done.stderr.splitlines()
    for got, prefix in ((out, ""), (err, "! ")):
        expected = step.expected(prefix)
        if same_lines(expected, got):
            got[:] = expected
    status = [f"? {done.returncode}"] if done.returncode else []
    return step.comments + ["$ " + step.command] + out + ["! " + e for e in err] + status


def play(path, program, update):
    """Number of steps that differ, or None when the session was skipped."""
    tail, steps = parse(path)
    data = os.path.dirname(os.path.abspath(path))
    wrong, rewritten = 0, []
    with tempfile.TemporaryDirectory(prefix="lineside-cli-") as folder:
        for step in steps:
            done = run(step, folder, program, data)
            if done.returncode == SKIP and not update:
                print(f"{os.path.basename(path)}: skipped at '{step.command}'")
                return None
            rewritten += written(step, done)
            out, err = done.stdout.splitlines(), done.stderr.splitlines()
            if (same_lines(step.expected(""), out) and same_lines(step.expected("! "), err)
                    and done.returncode == step.status):
                continue
            wrong += 1
            print(f"{os.path.basename(path)}: $ {step.command}")
            for name, want, got in (("stdout", step.expected(""), out),
                                    ("stderr", step.expected("! "), err),
                                    ("status", [str(step.status)], [str(done.returncode)])):
                if not same_lines(want, got):
                    print("\n".join([f"  {name} wanted:"] + ["    " + w for w in want] +
                                    [f"  {name} got:"] + ["    " + g for g in got]))
    if update:
        with open(path, "w", encoding="utf-8") as f:
            f.write("\n".join(rewritten + tail) + "\n")
    return wrong


def main():
    arguments = sys.argv[1:]
    update = "--update" in arguments
    if update:
        arguments.remove("--update")
    if len(arguments) < 2:
        sys.exit("usage: session.py [--update] LINESIDE FILE...")
    program = os.path.abspath(arguments[0])
    results = [play(path, program, update) for path in arguments[1:]]
    if all(r is None for r in results):
        sys.exit(SKIP)
    sys.exit(1 if any(results) else 0)


if __name__ == "__main__":
    main()
