/* report/export.h: stored rows as files that other tools read: the lines of model/line.h, or CSV
 * (RFC 4180) with the same names and values. Rows come in order of start, centre and id. */
#ifndef REPORT_EXPORT_H
#define REPORT_EXPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"
#include "store/emitters.h"
#include "store/patterns.h"

enum ls_export_what {
    LS_EXPORT_TRANSMISSIONS,
    LS_EXPORT_OBSERVATIONS, /* without `whole` only intervals of really listening */
    LS_EXPORT_INCIDENTS,
    LS_EXPORT_EMITTERS
};

enum ls_export_format {
    LS_EXPORT_JSONL,
    LS_EXPORT_CSV,
    LS_EXPORT_GEOJSON, /* incidents, and the sensors whose position was stated */
    LS_EXPORT_SIGMF    /* transmissions as annotations of a file without samples */
};

struct ls_export_opts {
    enum ls_export_what what;
    enum ls_export_format format;
    bool whole; /* for questions to one database: also the id of each transmission, and what the
                   receiver did when it was not listening, with state and cause */
    struct ls_filter
        filter; /* only transmissions and emitters have a class; the limit counts rows written */
    const char *kind;                            /* of incidents; NULL: any */
    enum ls_severity min_severity;               /* of incidents */
    bool (*keep)(void *context, int64_t run_id); /* false leaves the rows of a run out; NULL: all
                                                    are kept. Incidents have no run */
    void *keep_context;
};

/* "transmissions", "observations", "incidents", "emitters"; "jsonl", "csv", "geojson",
 * "sigmf". False when name is none
 * of them. */
bool ls_export_what_parse(const char *name, enum ls_export_what *ret);
bool ls_export_format_parse(const char *name, enum ls_export_format *ret);

/* Writes all rows, then flushes. ret_rows: how many. LS_ERR_IO or LS_ERR_FULL when out cannot be
 * written; the errors of ls_store_each_*. */
int ls_export(struct ls_store *store, const struct ls_export_opts *opts, FILE *out,
              size_t *ret_rows, struct ls_err *err);

#endif
