/* pattern/visits.h: short stays of something at one frequency: rows of one channel with silence
 * before and behind, or the points along one long row (model/trail.h). A car that drives past is
 * one, a train that passes is one for each of its radios, and so is a door bell. What goes on for
 * longer than a quarter of an hour lives here and is no visit. */
#ifndef PATTERN_VISITS_H
#define PATTERN_VISITS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "pattern/blob.h"
#include "pattern/channels.h"
#include "pattern/kind.h"

enum { LS_VISIT_ROWS = 512 }; /* a longer one is thinned out evenly */

struct ls_visit_row {
    int64_t t_ns; /* middle */
    int64_t id;
    double level_db;  /* NAN: not known */
    double offset_hz; /* carrier offset, else the centre less that of the channel */
    bool exact;       /* it is a carrier offset */
};

struct ls_visit {
    uint32_t slot; /* of the channel */
    struct ls_channel channel;
    int64_t start_ns; /* of the first row */
    int64_t stop_ns;  /* of the last one */
    uint64_t rows;    /* before thinning; points of trails count as rows */
    uint64_t transmissions;
    uint64_t joint; /* of these, began within half a second of a row in another channel */
    uint32_t count;
    struct ls_visit_row row[LS_VISIT_ROWS]; /* [count], ascending */
};

/* The whole of it: rows that it does not have are zero. */
void ls_visit_copy(struct ls_visit *ret, const struct ls_visit *visit);

struct ls_visits;

/* ended: a visit is over; borrowed for the call. gone: its channel gave way to another in this
 * slot; called before the new one begins, may be NULL. */
struct ls_visits_opts {
    int (*ended)(void *context, const struct ls_visit *visit, struct ls_err *err);
    void (*gone)(void *context, uint32_t slot);
    void *context;
};

int ls_visits_create(struct ls_visits **ret, const struct ls_visits_opts *opts, struct ls_err *err);
void ls_visits_destroy(struct ls_visits *visits);
int ls_visits_push(struct ls_visits *visits, const struct ls_event *event, struct ls_err *err);

/* Visits that may still go on, as they are now, in order of slot. */
typedef int ls_visit_each(void *context, const struct ls_visit *visit, struct ls_err *err);
int ls_visits_open(const struct ls_visits *visits, ls_visit_each *each, void *context,
                   struct ls_err *err);

int ls_visits_save(const struct ls_visits *visits, struct ls_blob *blob, struct ls_err *err);
int ls_visits_load(struct ls_visits *visits, struct ls_blob_reader *in, struct ls_err *err);

#endif
