/* base/err.h: one error, one line of text. What can fail returns LS_OK or a negative code; the last
 * argument carries the line. Callers on the way up add their part with ls_err_wrap. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum {
    LS_OK = 0,
    LS_EOF = 1,           /* not an error: nothing more to read */
    LS_ERR_ARG = -1,      /* wrong argument, option or configuration */
    LS_ERR_NOMEM = -2,    /* out of memory */
    LS_ERR_IO = -3,       /* the operating system refused or failed */
    LS_ERR_FORMAT = -4,   /* the input is not what it says it is */
    LS_ERR_NOTFOUND = -5, /* no such file, row, name */
    LS_ERR_BUSY = -6,     /* locked by somebody else; try again */
    LS_ERR_FULL = -7,     /* no space left */
    LS_ERR_VERSION = -8,  /* written by a newer program */
    LS_ERR_DEVICE = -9,   /* a radio failed */
    LS_ERR_STOPPED = -10, /* interrupted by the user */
};

enum { LS_ERR_TEXT_BYTES = 512 };

struct ls_err {
    int code;
    char text[LS_ERR_TEXT_BYTES]; /* what failed, where, what to do; lower case, no full stop */
};

/* Write the text and return code, so that a function can end with `return ls_err_set(err, ...)`.
 * err may be NULL. */
int ls_err_set(struct ls_err *err, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#ifdef __clang_analyzer__
/* The analyzer does not look into another file: here it sees that what failed is not LS_OK. */
#define ls_err_set(err, code, ...) ((void)ls_err_set(err, code, __VA_ARGS__), (code))
#endif

/* Put "context: " before the text that is there. Returns err->code, or LS_ERR_ARG when err is NULL.
 */
int ls_err_wrap(struct ls_err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* LS_ERR_* that fits errno value e (ENOENT, ENOSPC, ENOMEM, ...); LS_ERR_IO for the rest. */
int ls_err_code_from_errno(int e);

#endif
