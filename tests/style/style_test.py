#!/usr/bin/env python3
"""House rules that a script can hold: style_test.py TOP CHECK, or style_test.py TOP list.

Each check is a function below, named like its argument; it yields one line for each thing that is
wrong. The rules are those of CONTRIBUTING.md; the exceptions stand here, each with its reason.
"""
import os
import re
import subprocess
import sys

# Who may include whom: samples flow hw -> dsp -> detect -> pattern -> store -> report, cli, and
# includes follow the flow. A layer always sees itself.
SEES = {
    "src/base": [],
    "src/model": ["src/base"],
    "hw": ["src/base", "src/model"],
    "dsp": ["src/base"],
    "src/classify": ["src/base", "src/model", "dsp"],
    "src/detect": ["src/base", "src/model", "dsp", "src/classify"],
    "src/pattern": ["src/base", "src/model"],
    "src/store": ["src/base", "src/model"],
    "src/simulate": ["src/base", "src/model", "dsp"],
    "src/report": ["src/base", "src/model", "src/store"],
    "src/survey": ["src/base", "src/model", "hw", "dsp", "src/classify", "src/detect", "src/pattern", "src/store",
                   "src/simulate", "src/report"],
    "src/service": ["src/base"],
    "src/cli": ["src/base", "src/model", "hw", "dsp", "src/classify", "src/detect", "src/pattern", "src/store",
                "src/simulate", "src/report", "src/survey", "src/service"],
}

# Which layers may include a library. A header that starts with none of these is the C library's
# or the system's, and free, except for the threads.
LIBRARIES = {
    "SoapySDR/": ["hw"],
    "fftw3.h": ["dsp"],
    "liquid/": ["dsp", "src/simulate"],
    "sqlite3.h": ["src/store"],
    "gsl/": ["dsp", "src/detect", "src/pattern", "src/simulate", "src/report"],
    "jansson.h": ["src/model", "hw", "src/store", "src/simulate", "src/report", "src/survey",
                  "src/cli"],
    "cyaml/": ["src/model", "src/simulate", "src/cli"],
    "archive": ["hw", "src/report"],
    "openssl": ["hw"],
    "sodium": ["src/store", "src/simulate", "src/survey", "src/cli"],
    "libsmartcols": ["src/cli"],
    "cairo": ["src/report"],
    "microhttpd.h": ["src/survey"],
    "curl/": ["src/survey"],
    "mosquitto.h": ["src/survey"],
    "gps.h": ["src/survey"],
    "systemd/": ["src/service"],
    "criterion/": [],
}

# Files that may be longer than MAX_LINES, and functions longer than MAX_FUNCTION, with the reason.
MAX_LINES = 600
MAX_COLUMNS = 100
MAX_FUNCTION = 60
LONG_FILES = {}
LONG_FUNCTIONS = {}

# Printing and exiting belong to the verbs, the service and the log sink.
MAY_PRINT = ("src/cli/", "src/service/", "src/base/log.c", "src/base/err.c")

CODE = ("src", "hw", "dsp")
TEXT = (".c", ".h", ".cc", ".py", ".sh", ".md", ".sql", ".yaml", ".json", ".build", ".scd", ".txt", "")
UNFINISHED = ["TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"]
MACHINE_PATH = re.compile(r"(?:^|[^A-Za-z0-9_.~])/(?:work|farm|root|home)/")
UNSAFE = re.compile(r"\b(gets|strcpy|strcat|sprintf|vsprintf|atoi|atol|atof|strtok|alloca)\s*\(")
PRINTS = re.compile(r"\b(printf|vprintf|puts|putchar|perror|exit|_exit|abort)\s*\(|"
                    r"\bf(?:printf|puts)\s*\(\s*std(?:out|err)\b|\bfputs\s*\([^;]*\bstd(?:out|err)\)")


def walk(top, folders=None, endings=(".c", ".h", ".cc")):
    """Paths below top, relative to it, of files that git would keep, in order."""
    for folder in folders or ["."]:
        for base, names, files in os.walk(os.path.join(top, folder)):
            names[:] = sorted(n for n in names if not n.startswith("build") and
                              n not in (".git", "__pycache__"))
            for name in sorted(set(files) - {".git"}):
                if os.path.splitext(name)[1] in endings:
                    yield os.path.relpath(os.path.join(base, name), top)


def read(top, path):
    with open(os.path.join(top, path), encoding="utf-8") as f:
        return f.read()


def bare(text):
    """C text without comments, strings and characters, with its line breaks kept."""
    token = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)

    def blank(match):
        found = match.group()
        if found.startswith("/"):
            return re.sub(r"[^\n]", " ", found)
        return found[0] + " " * (len(found) - 2) + found[-1]
    return token.sub(blank, text)


def layer_of(path):
    """The layer of a source path, None for what is in no layer."""
    for layer in SEES:
        if path.startswith(layer + "/"):
            return layer
    return None


def owner(include):
    """The layer that a quoted include names: "dsp/fft.h" is dsp, "store/store.h" is src/store."""
    folder = include.split("/", 1)[0]
    return folder if folder in SEES else f"src/{folder}"


def includes(top):
    """Every include stays within the table of layers and libraries above."""
    pattern = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.MULTILINE)
    for path in walk(top, CODE):
        layer = layer_of(path)
        if layer is None:
            yield f"{path}: is in no layer of the table"
            continue
        for kind, name in pattern.findall(read(top, path)):
            if kind == '"':
                other = owner(name)
                if other not in SEES:
                    yield f'{path}: "{name}" names no layer: write "module/header.h"'
                elif other != layer and other not in SEES[layer]:
                    yield f'{path}: {layer} may not see {other} ("{name}")'
                continue
            for library, layers in LIBRARIES.items():
                if name.startswith(library) and layer not in layers:
                    yield f"{path}: {layer} may not include <{name}>"


def threads(top):
    """Threads are made in survey alone."""
    pattern = re.compile(r"\b(pthread_create|thrd_create)\b")
    for path in walk(top, CODE):
        if not path.startswith("src/survey/") and pattern.search(bare(read(top, path))):
            yield f"{path}: makes a thread: those belong to src/survey"


def headers(top):
    """Every header compiles alone, under a guard that is its path, after a comment that names it."""
    for path in walk(top, CODE, (".h",)):
        name = path[len("src/"):] if path.startswith("src/") else path
        text = read(top, path)
        guard = re.sub(r"[^A-Z0-9]", "_", name.upper())
        if not re.search(rf"^#ifndef {guard}\n#define {guard}\n", text, re.MULTILINE):
            yield f"{path}: its guard is not {guard}"
        if not text.startswith(f"/* {name}: "):
            yield f"{path}: does not begin with '/* {name}: what it is for'"
        run = subprocess.run(["cc", "-std=c17", "-D_GNU_SOURCE", "-Wall", "-Werror",
                              "-fsyntax-only", "-I", top, "-I", os.path.join(top, "src"), "-x", "c",
                              os.path.join(top, path)], capture_output=True, text=True, check=False)
        if run.returncode != 0:
            yield f"{path}: does not compile alone: {run.stderr.strip().splitlines()[0]}"


def names(top):
    """What a header declares is ls_<module>_<verb> or ls_<record>, nowhere else, and no struct is
    typedef'd. Of two functions of one name the linker takes whichever comes first."""
    declared = {}
    function = re.compile(r"^(?!static|typedef|extern)[a-z][\w \t*]*?[ *](\w+)\(", re.MULTILINE)
    for path in walk(top, CODE, (".h",)):
        text = bare(read(top, path))
        for name in function.findall(text):
            if not name.startswith("ls_"):
                yield f"{path}: function {name} does not begin with ls_"
            elif declared.setdefault(name, path) != path:
                yield f"{path}: function {name} is declared in {declared[name]} too"
        if re.search(r"\btypedef\s+(struct|union|enum)\b", text):
            yield f"{path}: typedef of a struct, union or enum"


def functions(text):
    """(name, first line, lines) of each function body in C text."""
    text = bare(text)
    depth = start = 0
    name = None
    for match in re.finditer(r"[{}]", text):
        if match.group() == "{":
            if depth == 0:
                head = text[:match.start()].rstrip()
                begin = max(head.rfind(";"), head.rfind("}"), head.rfind("\n\n")) + 1
                called = re.search(r"(\w+)\s*\(", head[begin:])
                name = called.group(1) if called and head.endswith(")") else None
                start = begin + len(head[begin:]) - len(head[begin:].lstrip())
            depth += 1
        else:
            depth -= 1
            if depth == 0 and name:
                first = text.count("\n", 0, start) + 1
                yield name, first, text.count("\n", start, match.end()) + 1


def size(top):
    """Files, lines and functions stay within what a reader can hold."""
    for path in walk(top, CODE + ("tests",)):
        lines = read(top, path).splitlines()
        if len(lines) > MAX_LINES and path not in LONG_FILES:
            yield f"{path}: {len(lines)} lines, at most {MAX_LINES}: it is usually two modules"
        for number, line in enumerate(lines, 1):
            if len(line) > MAX_COLUMNS:
                yield f"{path}:{number}: {len(line)} columns, at most {MAX_COLUMNS}"
    for path in walk(top, CODE, (".c",)):
        for name, first, count in functions(read(top, path)):
            if count > MAX_FUNCTION and f"{path}:{name}" not in LONG_FUNCTIONS:
                yield f"{path}:{first}: {name} has {count} lines, at most {MAX_FUNCTION}"
    for entry in list(LONG_FILES) + [f.split(":")[0] for f in LONG_FUNCTIONS]:
        if not os.path.exists(os.path.join(top, entry)):
            yield f"{entry}: is excepted here but does not exist"


def words(top):
    """No unfinished words or merges, and no path of somebody's machine."""
    unfinished = re.compile(r"\b(" + "|".join(UNFINISHED) + r")\b|^(<<<<<<<|>>>>>>>) ")
    for path in walk(top, None, TEXT):
        if path.startswith(("tests/fuzz/corpus", "captures/")) or path == "LICENSE":
            continue
        try:
            lines = read(top, path).splitlines()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(lines, 1):
            found = unfinished.search(line) or MACHINE_PATH.search(line)
            if found:
                yield f"{path}:{number}: '{found.group().strip()}'"


def calls(top):
    """No unsafe string calls; libraries neither print nor exit; no // comments, no fast math."""
    for path in walk(top, CODE):
        for number, line in enumerate(bare(read(top, path)).splitlines(), 1):
            found = UNSAFE.search(line)
            if found:
                yield f"{path}:{number}: {found.group(1)} has no bound or no error"
            found = PRINTS.search(line)
            if found and not path.startswith(MAY_PRINT):
                yield f"{path}:{number}: a library layer prints or exits: {found.group()}"
    for path in walk(top, None, (".build",)):
        if "fast-math" in read(top, path):
            yield f"{path}: -ffast-math hides NaN and infinity"


CHECKS = [includes, threads, headers, names, size, words, calls]


def main():
    top, wanted = os.path.abspath(sys.argv[1]), sys.argv[2]
    if wanted == "list":
        print("\n".join(check.__name__ for check in CHECKS))
        return
    wrong = list({c.__name__: c for c in CHECKS}[wanted](top))
    for line in wrong:
        print(line)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
