#include "cli/progress.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/time.h"
#include "base/units.h"
#include "base/util.h"

enum { BAR_CELLS = 20, LABEL_BYTES = 64, LINE_BYTES = 256 };

static const int64_t redraw_ns = LS_NS_PER_S / 5;

struct ls_progress {
    FILE *out;
    bool shown;
    bool drawn;
    int64_t last_ns;
    char label[LABEL_BYTES];
};

/* A terminal that understands a carriage return and erasing to the end of the line. */
static bool can_redraw(FILE *out) {
    const char *term = getenv("TERM");
    return isatty(fileno(out)) && term != NULL && strcmp(term, "dumb") != 0;
}

struct ls_progress *ls_progress_create(FILE *out, const char *label) {
    struct ls_progress *progress = calloc(1, sizeof *progress);
    if (progress == NULL) {
        return NULL;
    }
    progress->out = out;
    progress->shown = can_redraw(out);
    ls_copy_text(progress->label, sizeof progress->label, label);
    for (char *p = progress->label; *p != '\0'; p++) {
        if ((unsigned char)*p < ' ' || *p == 0x7f) {
            *p = '?';
        }
    }
    return progress;
}

static size_t terminal_columns(FILE *out) {
    struct winsize size;
    return ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

static void append(char *ret, size_t size, const char *text) {
    size_t used = strlen(ret);
    snprintf(ret + used, size - used, "%s%s", used == 0 ? "" : "  ", text);
}

static void format_figures(const struct ls_progress_state *now, char *ret, size_t size) {
    char text[64];
    char unit[LS_UNIT_TEXT_BYTES];
    ret[0] = '\0';
    if (isfinite(now->share)) {
        snprintf(text, sizeof text, "%3.0f %%", 100.0 * now->share);
        append(ret, size, text);
    }
    if (isfinite(now->realtime)) {
        snprintf(text, sizeof text, "%.*fx real time", now->realtime < 10.0 ? 1 : 0, now->realtime);
        append(ret, size, text);
    }
    if (isfinite(now->rate_sps)) {
        snprintf(text, sizeof text, "%.1f MS/s", now->rate_sps / 1e6);
        append(ret, size, text);
    }
    /* The first moments say nothing about the rest. */
    if (isfinite(now->share) && now->share > 0.0 && now->elapsed_s > 0.5) {
        ls_seconds_format(ceil(now->elapsed_s * (1.0 - now->share) / now->share), unit);
        snprintf(text, sizeof text, "%s left", unit);
        append(ret, size, text);
    }
}

static void format_bar(double share, char ret[BAR_CELLS + 3]) {
    size_t full = (size_t)lround(fmin(fmax(share, 0.0), 1.0) * BAR_CELLS);
    ret[0] = '[';
    memset(ret + 1, '#', full);
    memset(ret + 1 + full, '-', BAR_CELLS - full);
    ret[BAR_CELLS + 1] = ']';
    ret[BAR_CELLS + 2] = '\0';
}

void ls_progress_format(const char *label, const struct ls_progress_state *now, size_t columns,
                        char *ret, size_t ret_size) {
    char figures[LINE_BYTES];
    char bar[BAR_CELLS + 3];
    format_figures(now, figures, sizeof figures);
    size_t wanted = strlen(figures) + 2;
    /* The name matters more than the bar. */
    bool with_bar = isfinite(now->share) && strlen(label) + 2 + sizeof bar + wanted <= columns;
    if (with_bar) {
        format_bar(now->share, bar);
        wanted += strlen(bar) + 2;
    }
    size_t room = columns > wanted ? columns - wanted : 0;
    snprintf(ret, ret_size, "%.*s%s%s%s%s", (int)room, label, room > 0 ? "  " : "",
             with_bar ? bar : "", with_bar ? "  " : "", figures);
    if (strlen(ret) > columns) {
        ret[columns] = '\0';
    }
}

void ls_progress_update(struct ls_progress *progress, const struct ls_progress_state *now) {
    if (progress == NULL || !progress->shown) {
        return;
    }
    int64_t t = ls_time_steady();
    if (progress->drawn && t - progress->last_ns < redraw_ns) {
        return;
    }
    char line[LINE_BYTES];
    /* One column less: a full last column wraps on some terminals. */
    ls_progress_format(progress->label, now, terminal_columns(progress->out) - 1, line,
                       sizeof line);
    fprintf(progress->out, "\r%s\033[K", line);
    fflush(progress->out);
    progress->drawn = true;
    progress->last_ns = t;
}

void ls_progress_destroy(struct ls_progress *progress) {
    if (progress == NULL) {
        return;
    }
    if (progress->drawn) {
        fputs("\r\033[K", progress->out);
        fflush(progress->out);
    }
    free(progress);
}
