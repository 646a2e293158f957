/* pattern/kind.h: what a detector of one kind of finding is: a const record, one file a kind, one
 * row in the table of pattern/kinds.c. The texts say what a person needs to judge a finding. */
#ifndef PATTERN_KIND_H
#define PATTERN_KIND_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/finding.h"
#include "model/plan.h"
#include "model/transmission.h"
#include "pattern/blob.h"
#include "pattern/exposure.h"
#include "pattern/jobs.h"
#include "pattern/report.h"
#include "pattern/track.h"

/* What every detector may look at; borrowed for its life. Exposure is that of the event in push and
 * of all rows in report; the number of sensors is that of all rows that are known so far. */
struct ls_kind_input {
    const struct ls_exposure *exposure; /* when which sensor listened where */
    const struct ls_tracks *tracks;     /* the emitters */
    const struct ls_plan *plan;         /* NULL: none */
    struct ls_jobs jobs;                /* for report alone: push is a job itself */
};

/* A transmission and where it was put. */
struct ls_event {
    const struct ls_transmission *row;
    uint32_t sensor;                /* index, as in exposure.h and track.h */
    uint32_t track;                 /* slot of its emitter, < ls_tracks_max() */
    const struct ls_track *emitter; /* as it was with this row */
    bool track_begins; /* the first of its emitter: whatever the slot held before is over */
    bool cut_start;    /* its start is when listening began, not when it came on */
    bool cut_stop;     /* its stop is when listening ended */
    bool company;      /* it came while two other channels or more had a visit (company.h) */
};

struct ls_kind {
    const char *id;       /* of DESIGN section 3 */
    unsigned version;     /* only goes up: whenever the same rows may give another finding */
    const char *null;     /* what is taken for granted when there is no pattern */
    const char *test;     /* the statistic, and what it is compared with */
    const char *evidence; /* the least that is reported */
    const char *rivals;   /* other explanations that are tried */
    const char *fooled;   /* what may fool this, and what could not have been seen */

    /* *ret is the state; destroy takes NULL. */
    int (*create)(void **ret, const struct ls_kind_input *input, struct ls_err *err);
    void (*destroy)(void *state);
    /* A transmission, in order of time. Other kinds may be given theirs on other threads at the
     * same time. */
    int (*push)(void *state, const struct ls_event *event, struct ls_err *err);
    /* One ls_report_add for each search, with its own probability after its own trials; the report
     * allows for the number of searches. Changes nothing. Findings of the kinds before this one in
     * the table can be looked at (ls_report_each). */
    int (*report)(const void *state, struct ls_report *report, struct ls_err *err);
    /* The state as bytes and back, into a state just created. */
    int (*save)(const void *state, struct ls_blob *blob, struct ls_err *err);
    int (*load)(void *state, struct ls_blob_reader *in, struct ls_err *err);
};

/* All kinds, in the order in which they are reported. */
const struct ls_kind *const *ls_kinds(size_t *ret_count);

/* NULL when there is no such kind. */
const struct ls_kind *ls_kind_find(const char *id);

#endif
