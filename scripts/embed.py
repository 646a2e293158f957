#!/usr/bin/env python3
"""Turn files into one C array of {name, text} rows: embed.py OUT.c SYMBOL HEADER FILE..."""
import os
import sys


def literal(data):
    lines = []
    for line in data.splitlines(keepends=True):
        out = []
        for byte in line:
            c = chr(byte)
            if c in '"\\':
                out.append("\\" + c)
            elif c == "\n":
                out.append("\\n")
            elif 32 <= byte < 127 and c != "?":
                out.append(c)
            else:
                out.append("\\%03o" % byte)
        lines.append('    "%s"' % "".join(out))
    return "\n".join(lines) if lines else '    ""'


def main():
    out, symbol, header, files = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
    rows = []
    for path in sorted(files, key=os.path.basename):
        with open(path, "rb") as f:
            rows.append('    {"%s",\n%s},\n' % (os.path.basename(path), literal(f.read())))
    with open(out, "w", encoding="ascii") as f:
        f.write('#include "%s"\n\nconst struct ls_embedded %s[] = {\n' % (header, symbol))
        f.writelines(rows)
        f.write("};\n\nconst unsigned %s_count = %d;\n" % (symbol, len(rows)))


main()
