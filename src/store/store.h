/* store/store.h: the SQLite database. The schema lives in schemas/NNN_*.sql, queries in
 * schemas/queries.sql; both are compiled in. One thread at a time per object. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/observation.h"
#include "model/run.h"
#include "model/transmission.h"

struct ls_store;

enum ls_store_mode {
    LS_STORE_READ,  /* must exist; opened read-only; of an older schema a migrated copy is read */
    LS_STORE_WRITE, /* created when missing, migrated when older */
    LS_STORE_EXISTING, /* must exist; opened as it is, whatever its version (db check, migrate) */
};

/* LS_ERR_NOTFOUND; LS_ERR_FORMAT: not a lineside database or corrupt; LS_ERR_VERSION: newer than
 * this program, naming both versions; LS_ERR_BUSY; LS_ERR_IO; LS_ERR_FULL. The caller closes *ret.
 */
int ls_store_open(struct ls_store **ret, const char *path, enum ls_store_mode mode,
                  struct ls_err *err);
void ls_store_close(struct ls_store *store);

/* --- writing: begin_run, add..., finish_run or abandon_run. Rows of a run gather in temporary
 * files (of the folder that TMPDIR names) and take no lock, so that other programs read and write
 * meanwhile; finish_run stores all of them in one transaction. Until then nothing of the new run is
 * visible and the rows of older runs of the same input (same sensor, verb and input_sha512, unless
 * that is "") stay; finish_run replaces them in the same transaction. Nothing may be read through
 * the same object between begin_run and the end of the run. --- */

/* Stores a copy of *run, gives it an id; also says the id that the first transmission may take (ids
 * rise by one). */
int ls_store_begin_run(struct ls_store *store, const struct ls_run *run, int64_t *ret_run_id,
                       int64_t *ret_first_transmission_id, struct ls_err *err);
/* row->id != 0 is used as the row id; run_id is that of the run begun; an empty sensor means the
 * run's. LS_ERR_ARG: no duration, no frequency, an id of another run. */
int ls_store_add_transmission(struct ls_store *store, const struct ls_transmission *row,
                              struct ls_err *err);
int ls_store_add_observation(struct ls_store *store, const struct ls_observation *row,
                             struct ls_err *err);
/* run: final values (sha512, first_ns, last_ns, incomplete, note, ...). Commits. After a failure
 * (LS_ERR_BUSY, LS_ERR_FULL, ...) the run is still open: finish it again or abandon it. */
int ls_store_finish_run(struct ls_store *store, const struct ls_run *run, struct ls_err *err);
void ls_store_abandon_run(struct ls_store *store);

/* --- writing as it happens: a run that grows for months. Every append is one transaction, and what
 * it stored is there for others to read; whatever kills the program, the database holds every
 * append that returned LS_OK. --- */

/* Rows of one append. Ids are the caller's, from those that ls_store_begin_live gave, each rising
 * by one; a row whose id is stored already takes its place: a transmission that still goes on, the
 * last row of the ledger. An empty sensor means the run's. */
struct ls_store_rows {
    const struct ls_transmission *transmissions;
    size_t transmission_count;
    const struct ls_observation *observations;
    size_t observation_count;
};

/* Stores the run, marked incomplete until it is finished, and reserves its ids. Runs of the same
 * sensor that were never finished (a power cut) are closed: their note says so, and the ledger says
 * "off", cause "crash", from the last row to run->first_ns. LS_ERR_BUSY, LS_ERR_FULL, LS_ERR_IO:
 * nothing was stored; try again. */
int ls_store_begin_live(struct ls_store *store, const struct ls_run *run, int64_t *ret_run_id,
                        int64_t *ret_first_transmission_id, int64_t *ret_first_observation_id,
                        struct ls_err *err);
/* run: id as given by begin_live, with present values (first_ns, last_ns: where the ledger begins
 * and ends; note, options, ...). finish: it is over, and incomplete is what run says. All or
 * nothing. LS_ERR_BUSY, LS_ERR_FULL, LS_ERR_IO: nothing was stored; the same rows and newer ones
 * may come again. LS_ERR_ARG: a row that no database takes, which is named. */
int ls_store_append(struct ls_store *store, const struct ls_run *run,
                    const struct ls_store_rows *rows, bool finish, struct ls_err *err);

/* --- reading --- */

struct ls_filter {    /* all-zero: everything */
    int64_t since_ns; /* rows that overlap [since_ns, until_ns); used when has_since / has_until */
    int64_t until_ns;
    bool has_since;
    bool has_until;
    double low_hz; /* rows that overlap [low_hz, high_hz]; used when has_freq */
    double high_hz;
    bool has_freq;
    const char *class_name; /* NULL: any */
    const char *sensor;     /* NULL: any */
    size_t limit;           /* 0: no limit */
};

/* Called for each row in order of start_ns, center_hz (of an observation: the middle), id. The row
 * is borrowed, and nothing else may be asked of the store meanwhile. All rows are of one moment.
 * Return LS_OK to go on; anything else ends the walk and is returned. */
typedef int ls_transmission_each(void *context, const struct ls_transmission *row,
                                 struct ls_err *err);
typedef int ls_observation_each(void *context, const struct ls_observation *row,
                                struct ls_err *err);
typedef int ls_run_each(void *context, const struct ls_run *row, struct ls_err *err);

int ls_store_each_transmission(struct ls_store *store, const struct ls_filter *filter,
                               ls_transmission_each *each, void *context, struct ls_err *err);
int ls_store_each_observation(struct ls_store *store, const struct ls_filter *filter,
                              ls_observation_each *each, void *context, struct ls_err *err);
int ls_store_each_run(struct ls_store *store, ls_run_each *each, void *context, struct ls_err *err);

/* --- care (db verbs) --- */

/* schema version of the file and the newest this program knows */
int ls_store_version(struct ls_store *store, int *ret_file, int *ret_newest, struct ls_err *err);
int ls_store_migrate(struct ls_store *store, struct ls_err *err);
/* integrity_check, foreign keys, schema equal to that of a new database, R*Tree against rows,
 * ledger balance (observed + lost + retuning + off = wall time of each run but imported ones). Each
 * problem found is one call of report. LS_ERR_FORMAT: older than this program, with what to do. */
typedef void ls_problem_report(void *context, const char *text);
int ls_store_check(struct ls_store *store, ls_problem_report *report, void *context,
                   size_t *ret_problems, struct ls_err *err);
/* Online backup into a new file (never over an existing one). */
int ls_store_backup(struct ls_store *store, const char *path, struct ls_err *err);

#endif
