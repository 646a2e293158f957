#!/usr/bin/env python3
"""Shells complete what there is: completion_test.py LINESIDE.

Bash is asked as readline asks it. What zsh and fish get is parsed by them, and fish is asked too;
where one is not installed this is said, and the test of it is not done.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

ASK = """source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
_lineside 2>/dev/null
printf '%s\\n' "${COMPREPLY[@]}"
"""


def run(*words, **more):
    return subprocess.run(words, capture_output=True, text=True, check=False, **more)


def helped(program, *words):
    return run(program, *words).stdout


def options_of(program, verb):
    return set(re.findall(r"^  (?:-\w, )?(--[a-z-]+)", helped(program, verb, "--help"), re.MULTILINE))


def verbs_of(program):
    section = helped(program, "--help").split("\nVerbs:\n", 1)[1].split("\n\n", 1)[0]
    return re.findall(r"^  (\S+)", section, re.MULTILINE)


def ask_bash(script, folder, *words):
    done = run("bash", "-c", ASK, "bash", script, "lineside", *words, cwd=folder)
    return set(done.stdout.split())


def bash_problems(program, script, folder):
    asked = {
        ("an",): {"analyse"},
        ("db", "ver"): {"verify"},
        ("plot", "wa"): {"waterfall"},
        ("plan", "c"): {"check"},
        ("help", "simu"): {"simulate"},
        ("report", "--format", ""): {"text", "html", "md", "json"},
        ("incidents", "--min-severity", "w"): {"watch"},
        ("analyse", "rec"): {"recording.sigmf-meta"},
        ("analyse", "--plan", "rec"): {"recording.sigmf-meta"},
        ("plot", "timeline", "3", "-o", "rec"): {"recording.sigmf-meta"},
        ("analyse", "--rate", ""): set(),
        ("nonsense", "--"): set(),
    }
    for words, wanted in asked.items():
        got = ask_bash(script, folder, *words)
        if got != wanted:
            yield f"bash: {' '.join(words)}: {sorted(got)} and not {sorted(wanted)}"
    verbs = set(verbs_of(program))
    got = ask_bash(script, folder, "") - {"--help", "--version"}
    if got != verbs:
        yield f"bash: verbs {sorted(got ^ verbs)}"
    for verb in verbs:
        got, wanted = ask_bash(script, folder, verb, "--"), options_of(program, verb)
        if got != wanted or not wanted:
            yield f"bash: options of {verb}: {sorted(got ^ wanted)}"


def parsed(shell, script, folder):
    if shutil.which(shell) is None:
        print(f"{shell} is not installed: its completion was NOT tested")
        return
    done = run(shell, "-n", script, cwd=folder)
    if done.returncode != 0 or done.stderr:
        yield f"{shell}: {done.stderr}"


def fish_problems(program, script, folder):
    if shutil.which("fish") is None:
        return
    for line, wanted in {"lineside ana": {"analyse"}, "lineside db ver": {"verify"},
                         "lineside report --format ht": {"html"}}.items():
        done = run("fish", "--no-config", "-c", f"source {script}; complete -C '{line}'", cwd=folder,
                   env=dict(os.environ, HOME=folder, PATH="/usr/bin:/bin"))
        got = {row.split("\t")[0] for row in done.stdout.splitlines()}
        if not wanted <= got:
            yield f"fish: {line}: {sorted(got)} {done.stderr}"
    for verb in verbs_of(program):
        with open(script, encoding="utf-8") as f:
            there = set(re.findall(rf"seen_subcommand_from {verb}' -l ([a-z-]+)", f.read()))
        wanted = {o[2:] for o in options_of(program, verb)}
        if there != wanted:
            yield f"fish: options of {verb}: {sorted(there ^ wanted)}"


def zsh_problems(program, script):
    with open(script, encoding="utf-8") as f:
        text = f.read()
    for verb in verbs_of(program):
        part = re.search(rf"^    {verb}\)\n(.*?)^        ;;", text, re.MULTILINE | re.DOTALL).group(1)
        there = set(re.findall(r"^ +'\*?(--[a-z-]+)", part, re.MULTILINE))
        if there != options_of(program, verb):
            yield f"zsh: options of {verb}: {sorted(there ^ options_of(program, verb))}"


def main():
    program = os.path.abspath(sys.argv[1])
    found = []
    with tempfile.TemporaryDirectory(prefix="lineside-completion-") as folder:
        open(os.path.join(folder, "recording.sigmf-meta"), "w", encoding="utf-8").close()
        scripts = {}
        for shell in ("bash", "zsh", "fish"):
            scripts[shell] = os.path.join(tempfile.gettempdir(), f"lineside-{os.getpid()}.{shell}")
            with open(scripts[shell], "w", encoding="utf-8") as f:
                f.write(helped(program, "completion", shell))
        for shell, script in scripts.items():
            found += parsed(shell, script, folder)
        found += bash_problems(program, scripts["bash"], folder)
        found += fish_problems(program, scripts["fish"], folder)
        found += zsh_problems(program, scripts["zsh"])
        for script in scripts.values():
            os.unlink(script)
    print("\n".join(found))
    sys.exit(1 if found else 0)


main()
