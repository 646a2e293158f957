/* survey/import.h: a log becomes a run of verb "import": the lines of model/line.h, also those of
 * rtl_433; comma-separated values as model/csv_log.h describes; the annotations of SigMF metadata
 * (a name that ends in .sigmf-meta). A log is read once, from start to end, in constant memory (but
 * for the names of its sensors, and metadata as a whole). */
#ifndef SURVEY_IMPORT_H
#define SURVEY_IMPORT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/line.h"
#include "model/run.h"
#include "store/store.h"

struct ls_import_progress {
    uint64_t bytes_done;
    uint64_t bytes_total; /* 0 when not known (a pipe) */
    size_t lines;
    double elapsed_s;
};

struct ls_import_opts {
    const char *path;         /* log; "-" is stdin; required */
    const char *sensor;       /* of rows that name none; NULL: "import" */
    const char *label;        /* classification of the rows; NULL: that of the lines */
    struct ls_line_opts line; /* how times without a zone are read */
    void (*progress)(void *context,
                     const struct ls_import_progress *now); /* NULL: none; called at
                                                               most 5 times a second */
    void *progress_context;
    const atomic_int *stop; /* when not NULL and *stop != 0 the import ends early with
                                 LS_ERR_STOPPED, nothing stored */
};

enum { LS_IMPORT_REASONS = 16 };

/* Lines that were refused for one reason. */
struct ls_import_reason {
    char text[160]; /* of the first of them: "key 'start' is missing" */
    size_t count;
    size_t first_line; /* from 1 */
};

struct ls_import_result {
    struct ls_run
        run;      /* as stored; note says what was assumed, incomplete that lines were refused */
    size_t lines; /* that are not blank */
    size_t transmissions;
    size_t observations; /* read, or made up of the first and last row of a sensor without any */
    size_t left_out;     /* lines of types that are not stored: bursts, findings, incidents */
    size_t columns_left_out; /* of a CSV log: what they hold was not read */
    size_t repeated;         /* rows that say what a row before said, left out */
    size_t backwards;        /* rows that start before the row before them: out of order, or a
                                clock was set back */
    size_t overlaps;         /* observations of one sensor that overlap the one before */
    size_t refused;
    size_t reason_count;
    struct ls_import_reason reasons[LS_IMPORT_REASONS]; /* further ones count in refused only */
    double elapsed_s;
};

/* Lines that cannot be read are counted and left out. A sensor without observation lines counts as
 * listening without a break from its first to its last row, over the range that they cover; the
 * note says so. The same log imported again replaces its rows. On failure nothing of this run is in
 * the store. LS_ERR_NOTFOUND, LS_ERR_IO, LS_ERR_STOPPED, the errors of the store; LS_ERR_FORMAT: no
 * line could be used, naming the first reason. */
int ls_import(struct ls_store *store, const struct ls_import_opts *opts,
              struct ls_import_result *ret, struct ls_err *err);

#endif
