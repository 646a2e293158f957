/* base/embedded.h: files that are compiled into the program (schemas/): written by scripts/embed.py
 * at build time, rows sorted by name. */
#ifndef BASE_EMBEDDED_H
#define BASE_EMBEDDED_H

struct ls_embedded {
    const char *name; /* file name without its folder */
    const char *text; /* whole file, ends with NUL */
};

#endif
