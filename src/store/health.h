/* store/health.h: rows of the sensor's health, and the index of raw I/Q that was kept. */
#ifndef STORE_HEALTH_H
#define STORE_HEALTH_H

#include "model/health.h"
#include "store/store.h"

/* All rows in one transaction. LS_ERR_BUSY, LS_ERR_FULL, LS_ERR_IO: none was stored. */
int ls_store_add_health(struct ls_store *store, const struct ls_health *rows, size_t count,
                        struct ls_err *err);

/* In order of t_ns, id; filter: since, until, sensor and limit. As the walks of store/store.h. */
typedef int ls_health_each(void *context, const struct ls_health *row, struct ls_err *err);
int ls_store_each_health(struct ls_store *store, const struct ls_filter *filter,
                         ls_health_each *each, void *context, struct ls_err *err);

/* A recording of raw I/Q around a transmission. Texts are borrowed. */
struct ls_store_snippet {
    const char *sensor;
    int64_t transmission_id;
    const char *case_id; /* not "" */
    const char *path;    /* of the .sigmf-meta */
    const char *sha512;
    int64_t start_ns;
    int64_t duration_ns;
    double center_hz;
    double rate_sps;
    uint64_t bytes; /* of both files */
    int64_t expires_ns;
};

int ls_store_add_snippet(struct ls_store *store, const struct ls_store_snippet *row,
                         struct ls_err *err);

/* The paths of snippets around the evidence of an incident that were not deleted, in order of their
 * start; what each returns but LS_OK ends the walk. */
int ls_store_each_snippet_path(struct ls_store *store, int64_t incident_id,
                               int (*each)(void *context, const char *path, struct ls_err *err),
                               void *context, struct ls_err *err);

/* Bytes of the snippets that were not deleted. */
int ls_store_snippet_bytes(struct ls_store *store, uint64_t *ret, struct ls_err *err);

/* Calls each for snippets that have expired; one whose call returns LS_OK is marked as deleted at
 * now_ns, and others stay for the next time. *ret_deleted counts the first. With dry, each is
 * not called, and nothing is marked. */
int ls_store_expire_snippets(struct ls_store *store, int64_t now_ns, bool dry,
                             int (*each)(void *context, const char *path), void *context,
                             size_t *ret_deleted, struct ls_err *err);

#endif
