#include "cli/incidents_timeline.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/units.h"
#include "base/util.h"
#include "report/render.h"

enum { CELLS = 68, MARK = 16 }; /* MARK: characters of "2026-11-16 09:00" */

struct entry {
    int64_t id;
    int64_t start_ns;
    int64_t stop_ns;
};

struct ls_incidents_timeline {
    struct entry *entries;
    size_t count;
    size_t room;
};

int ls_incidents_timeline_create(struct ls_incidents_timeline **ret, struct ls_err *err) {
    *ret = calloc(1, sizeof **ret);
    return *ret != NULL ? LS_OK : ls_err_set(err, LS_ERR_NOMEM, "out of memory");
}

void ls_incidents_timeline_destroy(struct ls_incidents_timeline *timeline) {
    if (timeline != NULL) {
        free(timeline->entries);
        free(timeline);
    }
}

int ls_incidents_timeline_add(struct ls_incidents_timeline *timeline, const struct ls_incident *row,
                              struct ls_err *err) {
    void *entries = timeline->entries;
    if (ls_grow(&entries, &timeline->room, timeline->count, sizeof *timeline->entries) != LS_OK) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    timeline->entries = entries;
    timeline->entries[timeline->count++] =
        (struct entry){row->id, row->finding.start_ns, row->finding.stop_ns};
    return LS_OK;
}

/* One bar: how many rows of the evidence begin in each cell. */
struct bar {
    int64_t from_ns;
    double cell_ns;
    double starts[CELLS];
};

static int take_row(void *context, const struct ls_transmission *row, struct ls_err *err) {
    struct bar *bar = context;
    double at = (double)(row->start_ns - bar->from_ns) / bar->cell_ns;
    (void)err;
    if (at >= 0.0 && at < CELLS) {
        bar->starts[(size_t)at] += 1.0;
    }
    return LS_OK;
}

static void print_bar(const struct bar *bar, const struct entry *entry, FILE *out) {
    double most = 1.0;
    double first = (double)(entry->start_ns - bar->from_ns) / bar->cell_ns;
    double stop = (double)(entry->stop_ns - bar->from_ns) / bar->cell_ns;
    for (size_t i = 0; i < CELLS; i++) {
        most = fmax(most, bar->starts[i]);
    }
    fprintf(out, "%6lld  |", (long long)entry->id);
    for (size_t i = 0; i < CELLS; i++) {
        bool within = (double)i + 1.0 > first && (double)i < stop;
        fputs(bar->starts[i] > 0.0 ? ls_render_block(bar->starts[i] / most)
              : within             ? "─"
                                   : " ",
              out);
    }
    fputs("|\n", out);
}

static void print_ends(int64_t from_ns, int64_t to_ns, FILE *out) {
    char from[LS_TIME_TEXT_BYTES];
    char to[LS_TIME_TEXT_BYTES];
    ls_time_format(from_ns, from);
    ls_time_format(to_ns, to);
    from[10] = ' ';
    to[10] = ' ';
    fprintf(out, "         %.*s%*.*s\n", MARK, from, CELLS - MARK, MARK, to);
}

int ls_incidents_timeline_print(const struct ls_incidents_timeline *timeline,
                                struct ls_store *store, FILE *out, struct ls_err *err) {
    int64_t from_ns = INT64_MAX;
    int64_t to_ns = INT64_MIN;
    char each[LS_UNIT_TEXT_BYTES];
    for (size_t i = 0; i < timeline->count; i++) {
        const struct entry *entry = &timeline->entries[i];
        from_ns = entry->start_ns < from_ns ? entry->start_ns : from_ns;
        to_ns = entry->stop_ns > to_ns ? entry->stop_ns : to_ns;
    }
    if (timeline->count == 0) {
        return LS_OK;
    }
    to_ns = to_ns > from_ns ? to_ns : from_ns + 1;
    double cell_ns = (double)(to_ns - from_ns) / CELLS;
    ls_seconds_format(cell_ns / 1e9, each);
    fprintf(out,
            "\nStarts of the transmissions that each rests on; a cell is %s, a line is\n"
            "the time between and after them (UTC)\n",
            each);
    print_ends(from_ns, to_ns, out);
    int code = LS_OK;
    for (size_t i = 0; i < timeline->count && code == LS_OK; i++) {
        struct bar bar = {.from_ns = from_ns, .cell_ns = cell_ns};
        code = ls_store_each_evidence(store, timeline->entries[i].id, take_row, &bar, err);
        if (code == LS_OK) {
            print_bar(&bar, &timeline->entries[i], out);
        }
    }
    return code;
}
