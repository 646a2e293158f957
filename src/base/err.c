#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#undef ls_err_set /* what the header shows the analyzer */

int ls_err_set(struct ls_err *err, int code, const char *format, ...) {
    if (err == NULL) {
        return code;
    }
    err->code = code;
    va_list args;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    return code;
}

int ls_err_wrap(struct ls_err *err, const char *format, ...) {
    if (err == NULL) {
        return LS_ERR_ARG;
    }
    char text[LS_ERR_TEXT_BYTES];
    va_list args;
    va_start(args, format);
    int written = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    size_t used = written < 0 ? 0 : (size_t)written;
    if (used < sizeof text) {
        snprintf(text + used, sizeof text - used, ": %s", err->text);
    }
    memcpy(err->text, text, sizeof text);
    return err->code;
}

int ls_err_code_from_errno(int e) {
    switch (e) {
    case ENOENT:
        return LS_ERR_NOTFOUND;
    case ENOMEM:
        return LS_ERR_NOMEM;
    case ENOSPC:
    case EDQUOT:
        return LS_ERR_FULL;
    case EBUSY:
    case EAGAIN:
        return LS_ERR_BUSY;
    case EINVAL:
        return LS_ERR_ARG;
    default:
        return LS_ERR_IO;
    }
}
