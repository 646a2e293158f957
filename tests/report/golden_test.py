#!/usr/bin/env python3
"""Reports are what they were: golden_test.py [--update] LINESIDE TOP.

The report about an incident of each kind of finding (scenes.py) as text, Markdown and JSON, and the
report about a period in which nothing was found, byte for byte against golden/. Each is written
twice, the second time from a copy of the database, and must be the same. --update writes the files
anew: read the difference before you keep it.
"""
import difflib
import os
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import scenes  # noqa: E402

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden")
FORMS = ("txt", "md", "json")


def reports_of(database, words):
    """{form: report}, written twice; the second time from a copy of the database."""
    copy = os.path.join(database.folder, "copy")
    os.makedirs(copy, exist_ok=True)
    shutil.copy(os.path.join(database.folder, "lineside.db"), os.path.join(copy, "lineside.db"))
    found = {}
    for form in FORMS:
        said = "text" if form == "txt" else form
        found[form] = database.run("report", *words, "--format", said)
        again = scenes.Database(database.lineside, copy).run("report", *words, "--format", said)
        if found[form] != again:
            sys.exit(f"report {' '.join(words)} --format {said}: not the same twice")
    return found


def all_reports(lineside, top):
    for kind in scenes.SCENES:
        with tempfile.TemporaryDirectory(prefix="lineside-golden-") as folder:
            database, incident = scenes.make(lineside, top, kind, folder)
            yield kind, reports_of(database, [incident])
            if kind == "steady-line":  # its first hour: a report on nothing
                until = ["--until", "2026-11-16T09:30:00Z"]
                yield "nothing", reports_of(database, until)


def main():
    arguments = [a for a in sys.argv[1:] if a != "--update"]
    lineside, top = map(os.path.abspath, arguments)
    wrong = []
    expected = set()
    os.makedirs(GOLDEN, exist_ok=True)
    for name, reports in all_reports(lineside, top):
        for form, text in reports.items():
            path = os.path.join(GOLDEN, f"{name}.{form}")
            expected.add(os.path.basename(path))
            if "--update" in sys.argv:
                with open(path, "w", encoding="utf-8") as f:
                    f.write(text)
                continue
            with open(path, encoding="utf-8") as f:
                wanted = f.read()
            if text != wanted:
                lines = difflib.unified_diff(wanted.splitlines(), text.splitlines(), path, "now",
                                             lineterm="", n=1)
                wrong.append("\n".join(list(lines)[:40]))
    for extra in sorted(set(os.listdir(GOLDEN)) - expected):
        wrong.append(f"golden/{extra} belongs to no report")
    print("\n".join(wrong))
    sys.exit(1 if wrong else 0)


main()
