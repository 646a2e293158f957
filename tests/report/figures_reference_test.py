#!/usr/bin/env python3
"""Figures look as they did when a person looked at them: figures_reference_test.py [--update] LINESIDE TOP.

One SVG of each figure is kept in figures/ and compared shape by shape: the same elements in the same
order, the same words, every number within 1.5 pixels, and the pixels of images within 2 % of full
scale on the average, which is what other processors' rounding and another packing of a PNG may
change. --update writes them anew: look at them before you keep them.
"""
import base64
import os
import re
import struct
import sys
import tempfile
import xml.etree.ElementTree as xml
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import scenes  # noqa: E402

FIGURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "figures")
PIXELS = 1.5
LEVELS = 0.02 * 255
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
# Figure: the scene of a kind of finding, or the recording it is drawn from.
OF_INCIDENT = {"timeline": "scripted-cycle", "folded": "scripted-cycle", "cycles": "scripted-cycle",
               "pass": "pass-by"}
OF_PERIOD = {"occupancy": "pass-by", "hours": "repeat-pass"}
OF_RECORDING = ("waterfall", "spectrum")


def png_pixels(data):
    """(width, height, bytes) of an 8-bit RGB PNG without interlacing, as cairo writes it."""
    at, packed = 8, b""
    width = height = channels = 0
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + size]
        if kind == b"IHDR":
            width, height, depth, color = struct.unpack(">IIBB", body[:10])
            assert depth == 8 and color in (2, 6)
            channels = 3 if color == 2 else 4
        elif kind == b"IDAT":
            packed += body
        at += 12 + size
    raw, line = zlib.decompress(packed), width * channels
    rows, before = [], bytearray(line)
    for y in range(height):
        how = raw[y * (line + 1)]
        row = bytearray(raw[y * (line + 1) + 1:(y + 1) * (line + 1)])
        for x in range(line):
            left = row[x - channels] if x >= channels else 0
            up, corner = before[x], before[x - channels] if x >= channels else 0
            guess = left + up - corner
            nearest = min((abs(guess - left), 0, left), (abs(guess - up), 1, up),
                          (abs(guess - corner), 2, corner))[2]
            row[x] = (row[x] + (0, left, up, (left + up) // 2, nearest)[how]) & 255
        rows.append(bytes(row))
        before = row
    return width, height, b"".join(rows)


def image_problems(wanted, got):
    w, g = (png_pixels(base64.b64decode(text.split(",", 1)[1])) for text in (wanted, got))
    if w[:2] != g[:2]:
        yield f"an image of {g[0]} x {g[1]} and not {w[0]} x {w[1]}"
        return
    off = sum(abs(a - b) for a, b in zip(w[2], g[2])) / max(1, len(w[2]))
    if off > LEVELS:
        yield f"pixels are off by {off:.1f} of 255 on the average"


def attribute_problems(name, wanted, got):
    if name.endswith("href"):
        yield from image_problems(wanted, got)
    elif NUMBER.sub("#", wanted) != NUMBER.sub("#", got):
        yield f"{name} is '{got[:60]}' and not '{wanted[:60]}'"
    else:
        off = [abs(float(a) - float(b))
               for a, b in zip(NUMBER.findall(wanted), NUMBER.findall(got))]
        if off and max(off) > PIXELS:
            yield f"{name} is off by {max(off):.1f}"


def differences(wanted, got):
    """What a person would see of the difference of two SVG texts."""
    w, g = list(xml.fromstring(wanted).iter()), list(xml.fromstring(got).iter())
    if [e.tag for e in w] != [e.tag for e in g]:
        yield f"{len(g)} shapes and not {len(w)}, or others"
        return
    for a, b in zip(w, g):
        here = a.tag.split("}")[-1]
        if (a.text or "").strip() != (b.text or "").strip():
            yield f"{here} says '{b.text}' and not '{a.text}'"
        if set(a.attrib) != set(b.attrib):
            yield f"{here} has other attributes"
            continue
        for name in a.attrib:
            for what in attribute_problems(name, a.attrib[name], b.attrib[name]):
                yield f"{here}: {what}"


def draw(lineside, top, folder):
    """{figure: SVG}"""
    found = {}

    def take(database, *words):
        database.run("plot", *words, "-o", "figure.svg")
        with open(os.path.join(database.folder, "figure.svg"), encoding="utf-8") as f:
            found[words[0]] = f.read()
    for kind in sorted(set(OF_INCIDENT.values()) | set(OF_PERIOD.values())):
        place = os.path.join(folder, kind)
        os.mkdir(place)
        database, incident = scenes.make(lineside, top, kind, place)
        for figure in [f for f, k in OF_INCIDENT.items() if k == kind]:
            take(database, figure, incident)
        for figure in [f for f, k in OF_PERIOD.items() if k == kind]:
            take(database, figure)
    database = scenes.Database(lineside, folder)
    database.run("simulate", os.path.join(top, "tests/scenes/recordings/known-bursts.yaml"), "-o",
                 "recording")
    for figure in OF_RECORDING:
        take(database, figure, "recording.sigmf-meta")
    return found


def self_test():
    """The comparison itself notices."""
    one = '<svg><rect x="1.0"/><text>a</text></svg>'
    assert not list(differences(one, one.replace("1.0", "2.0")))
    for other in (one.replace("1.0", "9.0"), one.replace("a<", "b<"), one.replace("<text>", "<text "
                  'x="1">'), one.replace("rect", "path")):
        assert list(differences(one, other)), other


def main():
    lineside, top = map(os.path.abspath, [a for a in sys.argv[1:] if a != "--update"])
    self_test()
    wrong = []
    os.makedirs(FIGURES, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="lineside-figures-") as folder:
        drawn = draw(lineside, top, folder)
    for name, svg in drawn.items():
        path = os.path.join(FIGURES, name + ".svg")
        if "--update" in sys.argv:
            with open(path, "w", encoding="utf-8") as f:
                f.write(svg)
            continue
        with open(path, encoding="utf-8") as f:
            wrong += [f"{name}: {what}" for what in list(differences(f.read(), svg))[:5]]
    for extra in sorted(set(os.listdir(FIGURES)) - {name + ".svg" for name in drawn}):
        wrong.append(f"figures/{extra} is of no figure")
    print("\n".join(wrong))
    sys.exit(1 if wrong else 0)


main()
