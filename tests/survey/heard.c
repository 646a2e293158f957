#include "tests/survey/heard.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/iq.h"
#include "base/util.h"

static double hang(const void *context, double hz) {
    const struct heard_opts *opts = context;
    (void)hz;
    return opts->hang_s > 0.0 ? opts->hang_s : 0.06;
}

static int keep_row(void *context, const struct ls_transmission *row, struct ls_err *err) {
    struct heard *heard = context;
    (void)err;
    cr_assert_eq(
        ls_grow((void **)&heard->rows, &heard->row_room, heard->row_count, sizeof *heard->rows),
        LS_OK);
    heard->rows[heard->row_count++] = *row;
    return LS_OK;
}

static int keep_burst(void *context, const struct ls_burst *burst, int64_t number,
                      struct ls_err *err) {
    struct heard *heard = context;
    (void)err;
    cr_assert_eq(ls_grow((void **)&heard->bursts, &heard->burst_room, heard->burst_count,
                         sizeof *heard->bursts),
                 LS_OK);
    heard->bursts[heard->burst_count++] = (struct heard_burst){.burst = *burst, .number = number};
    return LS_OK;
}

static void search_stretch(struct ls_search *search, const struct heard_opts *opts,
                           const struct heard_stretch *stretch) {
    struct ls_err err = {0};
    cr_assert_eq(ls_search_begin(search, &stretch->tuning, stretch->t_ns, &err), LS_OK, "%s",
                 err.text);
    size_t bytes = ls_format_bytes(stretch->tuning.format);
    size_t block = opts->block_samples > 0 ? opts->block_samples : stretch->count;
    for (size_t at = 0; at < stretch->count; at += block) {
        size_t part = stretch->count - at < block ? stretch->count - at : block;
        const char *from = (const char *)stretch->samples + at * bytes;
        cr_assert_eq(ls_search_samples(search, from, part, &err), LS_OK, "%s", err.text);
    }
    cr_assert_eq(ls_search_end(search, &err), LS_OK, "%s", err.text);
}

void heard_search_all(struct heard *ret, const struct heard_opts *opts,
                      const struct heard_stretch *stretches, size_t stretch_count) {
    struct ls_err err = {0};
    struct ls_transmissions *rows = NULL;
    struct ls_transmissions_opts row_opts = {.hang_s = hang,
                                             .hang_context = opts,
                                             .done = keep_row,
                                             .burst = keep_burst,
                                             .context = ret};
    cr_assert_eq(ls_transmissions_create(&rows, &row_opts, &err), LS_OK, "%s", err.text);
    struct ls_search *search = NULL;
    struct ls_search_opts search_opts = {.threads = opts->threads > 0 ? opts->threads : 1,
                                         .channel_hz = opts->channel_hz,
                                         .false_alarms_per_day = 10.0,
                                         .spurs_hz = opts->spurs_hz,
                                         .spur_count = opts->spur_count,
                                         .transmissions = rows};
    cr_assert_eq(ls_search_create(&search, &search_opts, &err), LS_OK, "%s", err.text);
    for (size_t i = 0; i < stretch_count; i++) {
        search_stretch(search, opts, &stretches[i]);
    }
    ret->counts = *ls_search_counts(search);
    ls_search_destroy(search);
    ls_transmissions_destroy(rows);
}

void heard_search(struct heard *ret, const struct heard_opts *opts, const struct ls_tuning *tuning,
                  int64_t t_ns, const void *samples, size_t count) {
    struct heard_stretch stretch = {
        .tuning = *tuning, .t_ns = t_ns, .samples = samples, .count = count};
    heard_search_all(ret, opts, &stretch, 1);
}

void heard_finish(struct heard *heard) {
    free(heard->rows);
    free(heard->bursts);
}

static bool same_value(double a, double b) { return a == b || (isnan(a) && isnan(b)); }

static bool same_row(const struct ls_transmission *a, const struct ls_transmission *b) {
    return a->id == b->id && a->start_ns == b->start_ns && a->duration_ns == b->duration_ns &&
           a->center_hz == b->center_hz && a->bandwidth_hz == b->bandwidth_hz &&
           a->snr_db == b->snr_db && a->level_dbfs == b->level_dbfs && a->bursts == b->bursts &&
           a->on_s == b->on_s && a->burst_s == b->burst_s && same_value(a->period_s, b->period_s) &&
           a->flags == b->flags;
}

static bool same_burst(const struct heard_burst *a, const struct heard_burst *b) {
    return a->number == b->number && a->burst.start_ns == b->burst.start_ns &&
           a->burst.duration_ns == b->burst.duration_ns &&
           a->burst.center_hz == b->burst.center_hz &&
           a->burst.bandwidth_hz == b->burst.bandwidth_hz && a->burst.snr_db == b->burst.snr_db &&
           a->burst.level_dbfs == b->burst.level_dbfs && a->burst.flags == b->burst.flags;
}

bool heard_equal(const struct heard *a, const struct heard *b) {
    bool same = a->row_count == b->row_count && a->burst_count == b->burst_count &&
                memcmp(&a->counts, &b->counts, sizeof a->counts) == 0;
    for (size_t i = 0; same && i < a->row_count; i++) {
        same = same_row(&a->rows[i], &b->rows[i]);
    }
    for (size_t i = 0; same && i < a->burst_count; i++) {
        same = same_burst(&a->bursts[i], &b->bursts[i]);
    }
    return same;
}
