#include "tests/survey/heard.h"

#include <criterion/criterion.h>
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
    struct heard_burst *kept = &heard->bursts[heard->burst_count++];
    memset(kept, 0, sizeof *kept);
    kept->burst = *burst;
    kept->number = number;
    return LS_OK;
}

void heard_search(struct heard *ret, const struct heard_opts *opts, const struct ls_tuning *tuning,
                  int64_t t_ns, const void *samples, size_t count) {
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
    cr_assert_eq(ls_search_begin(search, tuning, t_ns, &err), LS_OK, "%s", err.text);
    size_t bytes = ls_format_bytes(tuning->format);
    size_t block = opts->block_samples > 0 ? opts->block_samples : count;
    for (size_t at = 0; at < count; at += block) {
        size_t part = count - at < block ? count - at : block;
        const char *from = (const char *)samples + at * bytes;
        cr_assert_eq(ls_search_samples(search, from, part, &err), LS_OK, "%s", err.text);
    }
    cr_assert_eq(ls_search_end(search, &err), LS_OK, "%s", err.text);
    ret->counts = *ls_search_counts(search);
    ls_search_destroy(search);
    ls_transmissions_destroy(rows);
}

void heard_finish(struct heard *heard) {
    free(heard->rows);
    free(heard->bursts);
}

bool heard_equal(const struct heard *a, const struct heard *b) {
    return a->row_count == b->row_count && a->burst_count == b->burst_count &&
           (a->row_count == 0 || memcmp(a->rows, b->rows, a->row_count * sizeof *a->rows) == 0) &&
           (a->burst_count == 0 ||
            memcmp(a->bursts, b->bursts, a->burst_count * sizeof *a->bursts) == 0) &&
           memcmp(&a->counts, &b->counts, sizeof a->counts) == 0;
}
