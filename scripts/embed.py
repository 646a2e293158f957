#!/usr/bin/env python3
"""Turn files into one C array of {name, text} rows, sorted by name: embed.py OUT.c SYMBOL HEADER
FILE... SYMBOL_stems holds the names without their suffix, in the same order."""
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
    stems = []
    for path in sorted(files, key=os.path.basename):
        stems.append('    "%s",\n' % os.path.splitext(os.path.basename(path))[0])
        with open(path, "rb") as f:
            rows.append('    {"%s",\n%s},\n' % (os.path.basename(path), literal(f.read())))
    with open(out, "w", encoding="ascii") as f:
        f.write('#include "%s"\n\n' % header)
        # C99 compilers need only take 4095 characters; the ones used here take any length.
        f.write('#pragma GCC diagnostic ignored "-Woverlength-strings"\n\n')
        f.write('const struct ls_embedded %s[] = {\n' % symbol)
        f.writelines(rows)
        f.write("};\n\nconst char *const %s_stems[] = {\n" % symbol)
        f.writelines(stems)
        f.write("};\n\nconst unsigned %s_count = %d;\n" % (symbol, len(rows)))


main()
