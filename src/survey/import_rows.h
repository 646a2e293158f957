/* survey/import_rows.h: what all kinds of logs share on their way into the store: rows with what
 * they cover, refused ones by reason, repeated ones left out. Not for other layers. */
#ifndef SURVEY_IMPORT_ROWS_H
#define SURVEY_IMPORT_ROWS_H

#include <stdbool.h>

#include "survey/import.h"

/* What the rows of one sensor cover. */
struct ls_import_extent {
    char sensor[LS_SENSOR_BYTES];
    bool observed; /* the log has observation lines for it */
    int64_t first_ns;
    int64_t last_ns;
    double low_hz;
    double high_hz;
    int64_t row_ns;               /* start of the row before */
    struct ls_observation before; /* the observation before; stop_ns 0: none */
};

struct ls_import_rows {
    struct ls_store *store;
    struct ls_import_result *result;
    const char *sensor; /* of rows that name none */
    bool nominal;
    bool label_given; /* the lines' own count for nothing */
    bool label_seen;
    bool made_observations;
    struct ls_import_extent *extents;
    size_t extent_count;
    size_t extent_capacity;
    uint64_t *seen; /* digests of rows, each in the place that its low bits say */
};

/* LS_ERR_NOMEM. finish accepts a half-built object. */
int ls_import_rows_init(struct ls_import_rows *rows, struct ls_store *store,
                        struct ls_import_result *result, const char *sensor, struct ls_err *err);
void ls_import_rows_finish(struct ls_import_rows *rows);

/* A row that could be read; number: of its line, from 1. */
int ls_import_rows_take(struct ls_import_rows *rows, struct ls_line *line, size_t number,
                        struct ls_err *err);

/* A row that could not. Texts that differ only behind the first colon, where a value may be quoted,
 * are one reason. */
void ls_import_rows_refuse(struct ls_import_rows *rows, const char *text, size_t number);

/* At the end: sensors without observations get one, and the run its first and last time and its
 * note. LS_ERR_FORMAT: there is no row. */
int ls_import_rows_conclude(struct ls_import_rows *rows, struct ls_err *err);

#endif
