/* report/heat.h: how much of the time listened to was in use, in cells of a raster: by channel and
 * time, or by day and hour of the day. Overlapping transmissions count once, and so do overlapping
 * observations; what nobody listened to is no cell at all. A transmission is in use from its start
 * to its stop, as in report/occupancy.h. */
#ifndef REPORT_HEAT_H
#define REPORT_HEAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

enum ls_heat_kind {
    LS_HEAT_CHANNELS, /* rows are channels, the lowest first; columns are steps of time */
    LS_HEAT_HOURS,    /* rows are days, or some days each; columns are hours of the day, UTC */
};

enum { LS_HEAT_ROWS_MAX = 64, LS_HEAT_COLUMNS_MAX = 168 };

struct ls_heat {
    enum ls_heat_kind kind;
    size_t rows;
    size_t columns;
    int64_t start_ns;  /* of the first column; of the first row's first hour */
    int64_t column_ns; /* a round step; an hour */
    int64_t row_days;  /* of hours */
    double low_hz;     /* of channels: lower edge of the first one */
    double row_hz;     /* a round width */
    double *heard_s;   /* [rows][columns] */
    double *busy_s;    /* [rows][columns], <= heard_s */
    bool no_clock;
    uint64_t transmissions; /* in it */
};

struct ls_heat_opts {
    enum ls_heat_kind kind;
    struct ls_filter filter; /* with both times; with a range, or that of the transmissions */
    bool no_clock;
};

/* LS_ERR_NOTFOUND: nobody listened, or by channel: nothing was on the air. LS_ERR_NOMEM; the errors
 * of the store. The caller finishes *ret. */
int ls_heat_init(struct ls_heat *ret, struct ls_store *store, const struct ls_heat_opts *opts,
                 struct ls_err *err);
void ls_heat_finish(struct ls_heat *heat);

/* 0 to 1; NAN where nobody listened. */
double ls_heat_share(const struct ls_heat *heat, size_t row, size_t column);

#endif
