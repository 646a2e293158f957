/* report/coverage.h: what the receiver did while something was, or was not, found: how much of a
 * time and frequency range it listened to, lost, was tuned away from, or did not record at all.
 * Every moment counts once, for the best that the ledger says of it. */
#ifndef REPORT_COVERAGE_H
#define REPORT_COVERAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

enum ls_coverage_state {                    /* best first */
                         LS_COVERAGE_WHOLE, /* listened to the whole range */
                         LS_COVERAGE_PART,  /* listened to a part of it */
                         LS_COVERAGE_LOST,  /* on, and the samples were lost */
                         LS_COVERAGE_RETUNING,
                         LS_COVERAGE_AWAY, /* tuned elsewhere */
                         LS_COVERAGE_OFF,
                         LS_COVERAGE_UNKNOWN, /* no ledger */
                         LS_COVERAGE_STATES
};

struct ls_coverage_span {
    int64_t start_ns;
    int64_t stop_ns; /* > start_ns */
};

enum { LS_COVERAGE_CAUSES_MAX = 16 };

struct ls_coverage {
    int64_t start_ns;
    int64_t stop_ns;
    double seconds[LS_COVERAGE_STATES]; /* sum up to stop_ns - start_ns */
    struct ls_coverage_span *listened;  /* to some part of the range; apart, in order */
    size_t count;
    struct ls_coverage_cause { /* why it did not listen, as the ledger says it */
        enum ls_observation_state state;
        char cause[32];
        uint64_t rows;
        double seconds;
    } causes[LS_COVERAGE_CAUSES_MAX];
    size_t cause_count;
    /* As struct ls_noise has it, over what was listened to; NAN where no row says. */
    double weakest_least_dbfs;
    double weakest_most_dbfs;
};

struct ls_coverage_box {
    const char *sensor; /* NULL: any */
    int64_t start_ns;
    int64_t stop_ns; /* > start_ns */
    double low_hz;
    double high_hz;
    bool any_range; /* whatever is listened to counts as the whole */
};

/* The caller finishes *ret. LS_ERR_NOMEM; the errors of the store. */
int ls_coverage_init(struct ls_coverage *ret, struct ls_store *store,
                     const struct ls_coverage_box *box, struct ls_err *err);
void ls_coverage_finish(struct ls_coverage *coverage);

/* "listened to all of it", ... */
const char *ls_coverage_words(enum ls_coverage_state state);

/* Share of the time that was listened to in [count] equal parts of it, 0 to 1. */
void ls_coverage_shares(const struct ls_coverage *coverage, size_t count, double *ret);

/* Seconds listened to in [bins] equal parts of a period > 0 that begins at origin_ns. */
void ls_coverage_by_phase(const struct ls_coverage *coverage, int64_t origin_ns, double period_s,
                          size_t bins, double *ret_s);

#endif
