/* report/export_walk.h: the rows of an export, one after another, for those who write them in some
 * form or look at what was written. Not for other layers. */
#ifndef REPORT_EXPORT_WALK_H
#define REPORT_EXPORT_WALK_H

#include "report/export.h"

/* Called for each row that opts choose; label: of its run, "" for none. LS_EOF ends the walk; so
 * does an error, LS_ERR_IO without words being that what is written to failed. */
struct ls_export_sink {
    int (*transmission)(void *context, const struct ls_transmission *row, const char *label,
                        struct ls_err *err);
    int (*observation)(void *context, const struct ls_observation *row, const char *label,
                       struct ls_err *err);
    int (*incident)(void *context, const struct ls_incident *row, struct ls_err *err);
    int (*emitter)(void *context, const struct ls_emitter *row, struct ls_err *err);
};

int ls_export_walk(struct ls_store *store, const struct ls_export_opts *opts,
                   const struct ls_export_sink *sink, void *context, size_t *ret_rows,
                   struct ls_err *err);

/* Some run has a label. */
int ls_export_labelled(struct ls_store *store, bool *ret, struct ls_err *err);

/* The forms: rows to out, unflushed. LS_ERR_IO without words: out cannot be written. */
typedef int ls_export_form(struct ls_store *store, const struct ls_export_opts *opts, FILE *out,
                           size_t *ret_rows, struct ls_err *err);
ls_export_form ls_export_jsonl;
ls_export_form ls_export_csv;
ls_export_form ls_export_geojson; /* LS_ERR_ARG: not of incidents */
ls_export_form ls_export_sigmf;   /* LS_ERR_ARG: not of transmissions */

#endif
