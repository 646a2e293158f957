#!/usr/bin/env python3
"""The examples of README.md do what it shows: readme_test.py [--update] LINESIDE README CAPTURES

Every ```console block is a session (see tests/cli/session.py); all run in order in one folder that
holds captures/. What is shown must be what is printed, but for numbers, which may differ by a third
as the detector gets better: how exact they are is for the replay tests. With --update the blocks
are rewritten to what the program prints now.
"""
import os
import re
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli"))
import session  # noqa: E402

NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
BLOCK = re.compile(r"^```console\n(.*?)^```\n", re.MULTILINE | re.DOTALL)


def steps_of(block, folder):
    path = os.path.join(folder, ".block")
    with open(path, "w", encoding="utf-8") as f:
        f.write(block)
    return session.parse(path)[1]


def like(shown, now):
    """The same words, and numbers that differ by a third or a half at most."""
    shown, now = " ".join(shown.split()), " ".join(now.split())
    if NUMBER.sub("#", shown) != NUMBER.sub("#", now):
        return False
    pairs = zip(NUMBER.findall(shown), NUMBER.findall(now))
    return all(abs(float(a) - float(b)) <= max(abs(float(a)) / 3, 0.5) for a, b in pairs)


def alike(shown, now):
    return len(shown) == len(now) and all(map(like, shown, now))


def main():
    assert like("12.0 kHz  a", "12.9 kHz a") and not like("12.0 kHz", "17 kHz") and \
        not like("12 kHz", "12 Hz") and not like("12", "")
    words = [w for w in sys.argv[1:] if w != "--update"]
    if not os.environ.get("SOAPY_SDR_PLUGIN_PATH"):
        sys.exit("the rehearsal needs the module that plays recordings: name its folder in "
                 "SOAPY_SDR_PLUGIN_PATH")
    program, readme, captures = (os.path.abspath(w) for w in words)
    with open(readme, encoding="utf-8") as f:
        text = f.read()
    wrong, blocks = [], []
    with tempfile.TemporaryDirectory(prefix="lineside-readme-") as folder:
        os.symlink(captures, os.path.join(folder, "captures"))

        def play(match):
            lines = []
            for step in steps_of(match.group(1), folder):
                done = session.run(step, folder, program, captures)
                now = session.written(step, done)
                shown = step.comments + ["$ " + step.command] + step.lines
                if not alike(shown, now):
                    wrong.append("\n".join(["README shows:", *shown, "but it is:", *now, ""]))
                lines += now
            blocks.append(lines)
            return "```console\n" + "\n".join(lines) + "\n```\n"

        renewed = BLOCK.sub(play, text)
    if "--update" in sys.argv:
        with open(readme, "w", encoding="utf-8") as f:
            f.write(renewed)
        return
    print("\n".join(wrong))
    sys.exit(1 if wrong or not blocks else 0)


main()
