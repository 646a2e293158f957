#include "report/coverage.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

struct spans {
    struct ls_coverage_span *items;
    size_t count;
    size_t capacity;
};

struct reader {
    const struct ls_coverage_box *box;
    struct ls_coverage *coverage;
    struct spans states[LS_COVERAGE_STATES];
};

static double seconds_of(const struct ls_coverage_span *span) {
    return (double)(span->stop_ns - span->start_ns) / 1e9;
}

static double sum_s(const struct spans *spans) {
    double sum = 0.0;
    for (size_t i = 0; i < spans->count; i++) {
        sum += seconds_of(&spans->items[i]);
    }
    return sum;
}

/* Rows come in order of their start, so a span meets at most the last one. */
static int append(struct spans *spans, struct ls_coverage_span span, struct ls_err *err) {
    struct ls_coverage_span *last = spans->count > 0 ? &spans->items[spans->count - 1] : NULL;
    if (last != NULL && span.start_ns <= last->stop_ns) {
        last->stop_ns = span.stop_ns > last->stop_ns ? span.stop_ns : last->stop_ns;
        return LS_OK;
    }
    void *items = spans->items;
    if (ls_grow(&items, &spans->capacity, spans->count, sizeof *spans->items) != LS_OK) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for the coverage of a report");
    }
    spans->items = items;
    spans->items[spans->count++] = span;
    return LS_OK;
}

/* --- reading --- */

static enum ls_coverage_state state_of(const struct ls_coverage_box *box,
                                       const struct ls_observation *row) {
    bool any = box->any_range;
    bool whole = any || (row->low_hz <= box->low_hz && row->high_hz >= box->high_hz);
    bool meets = any || (row->low_hz <= box->high_hz && row->high_hz >= box->low_hz);
    switch (row->state) {
    case LS_OBSERVED:
        return whole ? LS_COVERAGE_WHOLE : meets ? LS_COVERAGE_PART : LS_COVERAGE_AWAY;
    case LS_LOST:
        return meets ? LS_COVERAGE_LOST : LS_COVERAGE_AWAY;
    case LS_RETUNING:
        return LS_COVERAGE_RETUNING;
    case LS_OFF:
        return LS_COVERAGE_OFF;
    }
    return LS_COVERAGE_UNKNOWN;
}

static void count_cause(struct ls_coverage *coverage, const struct ls_observation *row,
                        double seconds) {
    size_t i = 0;
    while (i < coverage->cause_count && (coverage->causes[i].state != row->state ||
                                         strcmp(coverage->causes[i].cause, row->cause) != 0)) {
        i++;
    }
    if (i == LS_COVERAGE_CAUSES_MAX) {
        return; /* the sums by state have it all the same */
    }
    struct ls_coverage_cause *cause = &coverage->causes[i];
    if (i == coverage->cause_count) {
        coverage->cause_count++;
        cause->state = row->state;
        ls_copy_text(cause->cause, sizeof cause->cause, row->cause);
    }
    cause->rows++;
    cause->seconds += seconds;
}

static int read_row(void *context, const struct ls_observation *row, struct ls_err *err) {
    struct reader *reader = context;
    const struct ls_coverage_box *box = reader->box;
    struct ls_coverage_span span = {
        .start_ns = row->start_ns > box->start_ns ? row->start_ns : box->start_ns,
        .stop_ns = row->stop_ns < box->stop_ns ? row->stop_ns : box->stop_ns,
    };
    if (span.stop_ns <= span.start_ns) {
        return LS_OK;
    }
    if (row->state != LS_OBSERVED) {
        count_cause(reader->coverage, row, seconds_of(&span));
    }
    enum ls_coverage_state state = state_of(box, row);
    if (row->noise.known && (state == LS_COVERAGE_WHOLE || state == LS_COVERAGE_PART)) {
        struct ls_coverage *to = reader->coverage;
        to->weakest_least_dbfs = fmin(to->weakest_least_dbfs, row->noise.weakest_dbfs);
        to->weakest_most_dbfs = fmax(to->weakest_most_dbfs, row->noise.weakest_dbfs);
    }
    return append(&reader->states[state], span, err);
}

/* --- unions --- */

/* *into becomes the union of both. */
static int join(struct spans *into, const struct spans *more, struct ls_err *err) {
    struct spans both = {.items = NULL};
    size_t i = 0;
    size_t k = 0;
    int code = LS_OK;
    while (code == LS_OK && (i < into->count || k < more->count)) {
        bool first = k == more->count ||
                     (i < into->count && into->items[i].start_ns <= more->items[k].start_ns);
        code = append(&both, first ? into->items[i++] : more->items[k++], err);
    }
    if (code != LS_OK) {
        free(both.items);
        return code;
    }
    free(into->items);
    *into = both;
    return LS_OK;
}

/* Each state has the time that no better one has. */
static int sum_up(struct reader *reader, struct ls_err *err) {
    struct ls_coverage *coverage = reader->coverage;
    struct spans all = {.items = NULL};
    double before = 0.0;
    int code = LS_OK;
    for (size_t s = 0; s < LS_COVERAGE_UNKNOWN && code == LS_OK; s++) {
        code = join(&all, &reader->states[s], err);
        double now = sum_s(&all);
        coverage->seconds[s] = now - before;
        before = now;
    }
    coverage->seconds[LS_COVERAGE_UNKNOWN] =
        (double)(coverage->stop_ns - coverage->start_ns) / 1e9 - before;
    free(all.items);
    if (code == LS_OK) {
        code = join(&reader->states[LS_COVERAGE_WHOLE], &reader->states[LS_COVERAGE_PART], err);
    }
    coverage->listened = reader->states[LS_COVERAGE_WHOLE].items;
    coverage->count = reader->states[LS_COVERAGE_WHOLE].count;
    reader->states[LS_COVERAGE_WHOLE].items = NULL;
    return code;
}

int ls_coverage_init(struct ls_coverage *ret, struct ls_store *store,
                     const struct ls_coverage_box *box, struct ls_err *err) {
    struct ls_coverage coverage = {.start_ns = box->start_ns,
                                   .stop_ns = box->stop_ns,
                                   .weakest_least_dbfs = (double)NAN,
                                   .weakest_most_dbfs = (double)NAN};
    struct reader reader = {.box = box, .coverage = &coverage};
    struct ls_filter filter = {.since_ns = box->start_ns,
                               .until_ns = box->stop_ns,
                               .has_since = true,
                               .has_until = true,
                               .sensor = box->sensor};
    int code = ls_store_each_observation(store, &filter, read_row, &reader, err);
    if (code == LS_OK) {
        code = sum_up(&reader, err);
    }
    for (size_t s = 0; s < LS_COVERAGE_STATES; s++) {
        free(reader.states[s].items);
    }
    if (code != LS_OK) {
        ls_coverage_finish(&coverage);
        return code;
    }
    *ret = coverage;
    return LS_OK;
}

void ls_coverage_finish(struct ls_coverage *coverage) {
    free(coverage->listened);
    coverage->listened = NULL;
    coverage->count = 0;
}

const char *ls_coverage_words(enum ls_coverage_state state) {
    static const char *const words[LS_COVERAGE_STATES] = {
        [LS_COVERAGE_WHOLE] = "listened to all of it",
        [LS_COVERAGE_PART] = "listened to a part of it",
        [LS_COVERAGE_LOST] = "samples lost",
        [LS_COVERAGE_RETUNING] = "retuning",
        [LS_COVERAGE_AWAY] = "tuned elsewhere",
        [LS_COVERAGE_OFF] = "not listening",
        [LS_COVERAGE_UNKNOWN] = "no record",
    };
    return words[state];
}

/* --- shares --- */

void ls_coverage_shares(const struct ls_coverage *coverage, size_t count, double *ret) {
    double width = (double)(coverage->stop_ns - coverage->start_ns) / (double)count;
    memset(ret, 0, count * sizeof *ret);
    for (size_t i = 0; i < coverage->count; i++) {
        double from =
            fmax(0.0, (double)(coverage->listened[i].start_ns - coverage->start_ns) / width);
        double to = (double)(coverage->listened[i].stop_ns - coverage->start_ns) / width;
        for (size_t bin = (size_t)from; bin < count && (double)bin < to; bin++) {
            ret[bin] += fmin(to, (double)bin + 1.0) - fmax(from, (double)bin);
        }
    }
}

void ls_coverage_by_phase(const struct ls_coverage *coverage, int64_t origin_ns, double period_s,
                          size_t bins, double *ret_s) {
    double bin_s = period_s / (double)bins;
    memset(ret_s, 0, bins * sizeof *ret_s);
    for (size_t i = 0; i < coverage->count; i++) {
        double from = (double)(coverage->listened[i].start_ns - origin_ns) / 1e9;
        double length = seconds_of(&coverage->listened[i]);
        double turns = floor(length / period_s);
        for (size_t bin = 0; bin < bins; bin++) {
            ret_s[bin] += turns * bin_s;
        }
        /* The rest, less than a period, may go over the end of one. */
        double at = fmod(from, period_s) / bin_s;
        at += at < 0.0 ? (double)bins : 0.0;
        double to = at + (length - turns * period_s) / bin_s;
        for (size_t bin = (size_t)at; (double)bin < to; bin++) {
            ret_s[bin % bins] += bin_s * (fmin(to, (double)bin + 1.0) - fmax(at, (double)bin));
        }
    }
}
