#!/usr/bin/env python3
"""The style checks find what they are for: self_test.py breaks each rule in a tree of its own."""
import os
import tempfile

import style_test as style

GOOD_HEADER = """/* dsp/good.h: a header as it should be. */
#ifndef DSP_GOOD_H
#define DSP_GOOD_H

#include "base/err.h"

int ls_good_run(void);

#endif
"""
ERR_HEADER = """/* base/err.h: errors. */
#ifndef BASE_ERR_H
#define BASE_ERR_H
#endif
"""
GOOD = {"dsp/good.h": GOOD_HEADER, "src/base/err.h": ERR_HEADER,
        "dsp/good.c": '#include "dsp/good.h"\n\nint ls_good_run(void)\n{\n'
                      '    /* printf("} exit(") is only said here */\n    return 0;\n}\n'}

# check, file, text, words that the complaint must hold
BAD = [
    ("includes", "dsp/a.c", '#include "store/store.h"\n', "dsp may not see src/store"),
    ("includes", "dsp/a.c", '#include "model/block.h"\n', "dsp may not see src/model"),
    ("includes", "hw/a.c", "#include <sqlite3.h>\n", "hw may not include <sqlite3.h>"),
    ("includes", "src/detect/a.c", "#  include <fftw3.h>\n", "src/detect may not include"),
    ("includes", "hw/a.c", '#include "sigmf.h"\n', "names no layer"),
    ("includes", "src/odd/a.c", "\n", "is in no layer"),
    ("threads", "dsp/a.c", "void f(void)\n{\n    pthread_create();\n}\n", "makes a thread"),
    ("headers", "dsp/a.h", GOOD_HEADER, "its guard is not DSP_A_H"),
    ("headers", "dsp/a.h", GOOD_HEADER, "does not begin with"),
    ("headers", "dsp/good.h", GOOD_HEADER.replace("(void)", "(size_t n)"), "compile alone"),
    ("names", "dsp/a.h", "int run(void);\n", "function run does not"),
    ("names", "dsp/a.h", "int ls_good_run(void);\n", "is declared in"),
    ("names", "dsp/a.h", "typedef struct a a_t;\n", "typedef"),
    ("size", "dsp/a.c", "\n" * 601, "601 lines"),
    ("size", "dsp/a.c", "/* " + "a" * 100 + " */\n", "106 columns"),
    ("size", "dsp/a.c", "int f(int a,\n      int b)\n{\n" + "    a = '{';\n" * 58 + "}\n",
     "f has 62 lines"),
    ("words", "README.md", "TO" + "DO later\n", "TO" + "DO"),
    ("words", "a.yaml", "<" * 7 + " one side\n", "<" * 7),
    ("words", "scripts/a", "cd /ho" + "me/me\n", "/ho" + "me/"),
    ("calls", "dsp/a.c", "    strcpy(a, b);\n", "strcpy has no bound"),
    ("calls", "hw/a.c", '    fprintf(stderr, "no");\n', "prints or exits"),
    ("calls", "meson.build", "'-ffast-math'\n", "fast-math"),
]


def complaints(check, files):
    with tempfile.TemporaryDirectory() as top:
        for path, text in files.items():
            os.makedirs(os.path.dirname(os.path.join(top, path)), exist_ok=True)
            with open(os.path.join(top, path), "w", encoding="utf-8") as f:
                f.write(text)
        return list(getattr(style, check)(top))


def main():
    for check in style.CHECKS:
        found = complaints(check.__name__, GOOD)
        assert not found, f"{check.__name__} complains of good code: {found}"
    for check, path, text, wanted in BAD:
        found = complaints(check, {**GOOD, path: text})
        assert any(wanted in line for line in found), f"{check} misses '{wanted}': {found}"
    untested = {c.__name__ for c in style.CHECKS} - {row[0] for row in BAD}
    assert not untested, f"no broken example of {untested}"


main()
