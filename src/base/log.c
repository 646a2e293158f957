#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

static enum ls_log_level log_level = LS_LOG_WARNING;

void ls_log_set_level(enum ls_log_level level) { log_level = level; }

void ls_log(enum ls_log_level level, const char *format, ...) {
    static const char *const names[] = {"error: ", "warning: ", "", "debug: "};
    if (level > log_level) {
        return;
    }
    char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    /* One call, so that lines of two threads do not mix. */
    fprintf(stderr, "lineside: %s%s\n", names[level], line);
}
