/* survey/snippet.h: a short stretch of raw I/Q around one transmission as a SigMF recording (SigMF
 * 1.0.0) that names its case and when it expires. It is the one place where content could be kept:
 * nothing calls this unless a case and a quota are configured. */
#ifndef SURVEY_SNIPPET_H
#define SURVEY_SNIPPET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "model/transmission.h"
#include "survey/iq_ring.h"

struct ls_snippet_opts {
    const char *folder; /* made when it is missing, for its owner alone */
    const char *sensor;
    const char *case_id; /* not "" */
    int64_t expires_ns;
    int64_t from_ns;
    int64_t to_ns;
    uint64_t room_bytes;                        /* LS_ERR_FULL rather than more */
    const struct ls_transmission *transmission; /* annotated */
};

enum { LS_SNIPPET_PATH_BYTES = 4096 };

struct ls_snippet {
    char path[LS_SNIPPET_PATH_BYTES]; /* of the .sigmf-meta; .sigmf-data lies beside it */
    char sha512[129];                 /* of the samples, lower-case hex */
    uint64_t bytes;                   /* of both files */
    int64_t start_ns;
    int64_t duration_ns;
    double center_hz;
    double rate_sps;
};

/* LS_EOF, LS_ERR_NOTFOUND: as ls_iq_ring_copy; LS_ERR_FULL: no room; LS_ERR_IO, LS_ERR_NOMEM. Files
 * are whole or not there. */
int ls_snippet_write(struct ls_iq_ring *ring, const struct ls_snippet_opts *opts,
                     struct ls_snippet *ret, struct ls_err *err);

/* The file is the metadata of a snippet that this program wrote: it names its case and its end. */
bool ls_snippet_is(const char *path);

/* Deletes both files of a snippet; one that is gone already is no error. LS_ERR_ARG: what is there
 * is no snippet. LS_ERR_IO. */
int ls_snippet_delete(const char *path);

#endif
