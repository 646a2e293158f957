#!/usr/bin/env python3
"""Help, manual and option tables say the same: help_test.py LINESIDE MANUAL_DIR.

The help comes from the option tables, so what it lists is what there is.
"""
import json
import os
import re
import subprocess
import sys

COLUMNS = 80


def helped(program, *words):
    run = subprocess.run([program, *words], capture_output=True, text=True, check=False,
                         env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"})
    return run.stdout, run.stderr, run.returncode


def listed_verbs(overview):
    """name: summary, from the list of verbs."""
    section = overview.split("\nVerbs:\n", 1)[1].split("\n\n", 1)[0]
    return dict(re.findall(r"^  (\S+) +(.+)$", section, re.MULTILINE))


def help_problems(name, text):
    for line in text.splitlines():
        if len(line) > COLUMNS:
            yield f"help of {name}: {len(line)} columns: {line}"
    last = text.rstrip("\n").split("\n\n")[-1].splitlines()
    if last[0] not in ("Example:", "Examples:"):
        yield f"help of {name} does not end with an example"
    for line in last[1:]:
        if not line.startswith("  lineside "):
            yield f"help of {name}: an example is no command of lineside: {line}"


def page_problems(name, summary, text, manual):
    path = os.path.join(manual, f"lineside-{name}.1.scd")
    if not os.path.exists(path):
        yield f"{name} has no manual page {os.path.basename(path)}"
        return
    with open(path, encoding="utf-8") as f:
        page = f.read()
    there = set(re.findall(r"^  (?:-\w, )?(--[a-z-]+)", text, re.MULTILINE))
    written = set(re.findall(r"^(?:\*-\w\*, )?\*(--[a-z-]+)\*", page, re.MULTILINE))
    for option in sorted(there - written):
        yield f"{os.path.basename(path)} does not describe {option}"
    for option in sorted(written - there):
        yield f"{os.path.basename(path)} describes {option}, which '{name}' does not have"
    if not page.startswith(f"lineside-{name}(1)\n\n# NAME\n\nlineside-{name} - {summary}\n"):
        yield f"{os.path.basename(path)} does not begin with 'lineside-{name} - {summary}'"
    if "\n# EXAMPLES\n" not in page:
        yield f"{os.path.basename(path)} has no examples"


def text_problems(path, verbs, keys):
    """What shows in a page by itself: a heading twice, a line twice, a reference to nothing."""
    with open(path, encoding="utf-8") as f:
        page = f.read()
    name = os.path.basename(path)
    headings = re.findall(r"^# .*", page, re.MULTILINE)
    for heading in sorted({h for h in headings if headings.count(h) > 1}):
        yield f"{name} has '{heading}' twice"
    text = " ".join(page.split())
    for sentence in sorted(set(re.findall(r"[A-Z][^.:;]{60,}?\.(?= [A-Z*_])", text))):
        if text.count(sentence) > 1 and not re.search(r"--|Without it", sentence):
            yield f"{name} says twice: {sentence}"
    for verb in sorted(set(re.findall(r"\*lineside-([\w-]+)\*\(1\)", page)) - set(verbs)):
        yield f"{name} refers to lineside-{verb}(1), which is no page"
    sections = {key.split(".")[0] for key in keys}
    for section, key in set(re.findall(r"\b([a-z]+)\.([a-z][a-z_]+)", page.replace("\\", ""))):
        if section in sections and f"{section}.{key}" not in keys and key != "session":
            yield f"{name} names the key {section}.{key}, which there is not"


def problems(program, manual):
    overview, error, status = helped(program, "--help")
    if status != 0 or error:
        yield f"--help: status {status}, stderr '{error}'"
    yield from help_problems("lineside", overview)
    verbs = listed_verbs(overview)
    with open(os.path.join(manual, "lineside.1.scd"), encoding="utf-8") as f:
        main_page = f.read()
    for name, summary in verbs.items():
        text, error, status = helped(program, name, "--help")
        if status != 0 or error:
            yield f"{name} --help: status {status}, stderr '{error}'"
        if helped(program, "help", name)[0] != text:
            yield f"'help {name}' and '{name} --help' differ"
        yield from help_problems(name, text)
        yield from page_problems(name, summary, text, manual)
        if f"*{name}*\n" not in main_page:
            yield f"lineside.1.scd does not list the verb {name}"
        if name != "help" and f"*lineside-{name}*(1)" not in main_page.split("# SEE ALSO")[1]:
            yield f"lineside.1.scd does not point to lineside-{name}(1)"
    keys = {json.loads(line)["key"] for line in helped(program, "config", "--json")[0].splitlines()}
    for path in sorted(os.listdir(manual)):
        if path.endswith(".scd"):
            yield from text_problems(os.path.join(manual, path), verbs, keys)
        match = re.fullmatch(r"lineside-([\w-]+)\.1\.scd", path)
        if match and match.group(1) not in verbs:
            yield f"{path} is about no verb"


def main():
    found = list(problems(os.path.abspath(sys.argv[1]), sys.argv[2]))
    print("\n".join(found))
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
