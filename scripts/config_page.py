#!/usr/bin/env python3
"""The manual page of the configuration from its table: config_page.py LINESIDE TEMPLATE > PAGE

LINESIDE config --json gives one object a key; they take the place of @KEYS@ in the template.
"""
import json
import subprocess
import sys


def escaped(text):
    """As scdoc takes it: no underscore within a word may begin emphasis."""
    for mark in "\\_*#":
        text = text.replace(mark, "\\" + mark)
    return text


def entry(row):
    default = "must be given" if row["default"] is None else "default " + escaped(row["default"])
    facts = [row["type"]]
    if row["range"]:
        facts.append(escaped(row["range"]))
    facts += [default, "reload: " + row["reload"]]
    key = row["key"].split(".", 1)[1]
    return f"\n*{key}*\n\t{escaped(row['text'])}\n\t({'; '.join(facts)})\n"


def main():
    program, template = sys.argv[1:]
    lines = subprocess.run([program, "config", "--json"], check=True, capture_output=True,
                           text=True).stdout.splitlines()
    text, section = "", None
    for row in map(json.loads, lines):
        name = row["key"].split(".", 1)[0]
        if name != section:
            text += f"\n## {name}\n"
            section = name
        text += entry(row)
    with open(template, encoding="utf-8") as f:
        sys.stdout.write(f.read().replace("@KEYS@", text))


main()
