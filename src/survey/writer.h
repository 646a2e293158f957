/* survey/writer.h: rows of a live run to the database, on a thread of its own. The thread that
 * makes rows (search) never waits for it: rows gather, become visible to the store at a checkpoint,
 * and wait within a bound when the database cannot be written.
 *
 * Rows carry their number within the run, from 1; the ids of the database are given here. */
#ifndef SURVEY_WRITER_H
#define SURVEY_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/run.h"
#include "store/store.h"
#include "survey/events.h"

struct ls_writer;

struct ls_writer_opts {
    const char *database; /* NULL: rows go nowhere */
    double commit_s;      /* > 0 */
    size_t queue_rows;    /* of each kind, > 0; of more, transmissions are counted and dropped, and
                             ledger rows joined to one "off", cause "not-stored" */
    struct ls_events *events; /* borrowed */
    int (*committed)(void *context, struct ls_store *store, const struct ls_store_rows *rows,
                     struct ls_err *err); /* store thread; may be NULL; see survey/sensor.h */
    void *context;
};

/* Opens the database and starts the thread. The errors of ls_store_open; LS_ERR_NOMEM, LS_ERR_IO.
 * The caller destroys *ret. */
int ls_writer_create(struct ls_writer **ret, const struct ls_writer_opts *opts, struct ls_err *err);
void ls_writer_destroy(struct ls_writer *writer);

/* --- one thread (search) --- */

/* What follows belongs to this run; the one before has been finished. LS_ERR_NOMEM. */
int ls_writer_begin(struct ls_writer *writer, const struct ls_run *run, struct ls_err *err);

/* A row that is finished, or one that goes on: of those the ones given since the last checkpoint
 * count. LS_ERR_NOMEM. */
int ls_writer_transmission(struct ls_writer *writer, const struct ls_transmission *row,
                           bool goes_on, struct ls_err *err);
int ls_writer_observation(struct ls_writer *writer, const struct ls_observation *row, bool goes_on,
                          struct ls_err *err);

/* With the rows given so far the run is sound: its ledger abuts from run->first_ns to run->last_ns.
 * finish: and it is over. LS_ERR_NOMEM. */
int ls_writer_checkpoint(struct ls_writer *writer, const struct ls_run *run, bool finish,
                         struct ls_err *err);

/* --- any thread --- */

struct ls_writer_status {
    int64_t run_id;
    int64_t last_commit_ns; /* steady clock */
    int code;
    size_t waiting_rows;
    uint64_t stored_rows;
    uint64_t unstored_rows;
};
void ls_writer_status(struct ls_writer *writer, struct ls_writer_status *ret);

/* No more rows will come: stores what waits, trying for patience_s, and ends the thread. What the
 * database said when rows are left. */
int ls_writer_finish(struct ls_writer *writer, double patience_s, struct ls_err *err);

#endif
