#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/text.h"

static atomic_int log_level = LS_LOG_WARNING;
static atomic_bool to_journal;

void ls_log_set_level(enum ls_log_level level) { log_level = (int)level; }

void ls_log_to_journal(bool on) { to_journal = on; }

void ls_log(enum ls_log_level level, const char *format, ...) {
    static const char *const names[] = {"error: ", "warning: ", "", "debug: "};
    static const int priorities[] = {3, 4, 6, 7}; /* of syslog(3) */
    if ((int)level > log_level) {
        return;
    }
    char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    /* A name of a file may hold a line break, or worse for a terminal. */
    ls_text_mend(line);
    /* One call, so that lines of two threads do not mix. */
    if (to_journal) {
        fprintf(stderr, "<%d>%s\n", priorities[level], line);
        return;
    }
    fprintf(stderr, "lineside: %s%s\n", names[level], line);
}
