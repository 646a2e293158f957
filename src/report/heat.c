#include "report/heat.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"

static const int64_t hour_ns = 3600 * LS_NS_PER_S;
static const int64_t day_ns = 86400 * LS_NS_PER_S;

struct reader {
    struct ls_heat *heat;
    const struct ls_heat_opts *opts;
    bool by_range; /* low_hz and high_hz hold */
    double low_hz;
    double high_hz;
    bool heard;
    int64_t until_ns[LS_HEAT_ROWS_MAX]; /* what has been counted of each channel */
};

double ls_heat_share(const struct ls_heat *heat, size_t row, size_t column) {
    size_t i = row * heat->columns + column;
    double heard_s = heat->heard_s[i];
    return heard_s > 0.0 ? fmin(1.0, heat->busy_s[i] / heard_s) : (double)NAN;
}

void ls_heat_finish(struct ls_heat *heat) {
    free(heat->heard_s);
    free(heat->busy_s);
    heat->heard_s = NULL;
    heat->busy_s = NULL;
}

/* --- the raster --- */

static int take_range(void *context, const struct ls_transmission *row, struct ls_err *err) {
    struct reader *reader = context;
    (void)err;
    reader->low_hz = fmin(reader->low_hz, row->center_hz - row->bandwidth_hz / 2.0);
    reader->high_hz = fmax(reader->high_hz, row->center_hz + row->bandwidth_hz / 2.0);
    reader->by_range = true;
    return LS_OK;
}

static void round_channels(struct ls_heat *heat, double low_hz, double high_hz) {
    static const double widths[] = {1e3,   2.5e3, 6.25e3, 12.5e3, 25e3, 50e3, 100e3, 200e3,
                                    500e3, 1e6,   2e6,    5e6,    10e6, 20e6, 50e6,  100e6};
    size_t i = 0;
    do {
        heat->row_hz = widths[i];
        heat->low_hz = floor(low_hz / heat->row_hz) * heat->row_hz;
        double rows = ceil((high_hz - heat->low_hz) / heat->row_hz);
        heat->rows = (size_t)fmin(fmax(rows, 1.0), LS_HEAT_ROWS_MAX + 1.0);
        i++;
    } while (heat->rows > LS_HEAT_ROWS_MAX && i < LS_COUNT(widths));
    if (heat->rows > LS_HEAT_ROWS_MAX) {
        heat->rows = LS_HEAT_ROWS_MAX;
        heat->row_hz = (high_hz - heat->low_hz) / LS_HEAT_ROWS_MAX;
    }
}

static int64_t floor_to(int64_t t_ns, int64_t step_ns) {
    int64_t rest = t_ns % step_ns;
    return t_ns - rest - (rest < 0 ? step_ns : 0);
}

static void round_times(struct ls_heat *heat, const struct ls_filter *filter) {
    static const int64_t steps_s[] = {1,     2,     5,     10,    20,     30,    60,
                                      120,   300,   600,   1200,  1800,   3600,  7200,
                                      10800, 21600, 43200, 86400, 172800, 604800};
    size_t i = 0;
    do {
        heat->column_ns = steps_s[i] * LS_NS_PER_S;
        heat->start_ns = floor_to(filter->since_ns, heat->column_ns);
        heat->columns =
            (size_t)((filter->until_ns - heat->start_ns + heat->column_ns - 1) / heat->column_ns);
        i++;
    } while (heat->columns > LS_HEAT_COLUMNS_MAX && i < LS_COUNT(steps_s));
    while (heat->columns > LS_HEAT_COLUMNS_MAX) {
        heat->column_ns *= 2;
        heat->columns = (heat->columns + 1) / 2;
    }
}

static void round_days(struct ls_heat *heat, const struct ls_filter *filter) {
    heat->start_ns = floor_to(filter->since_ns, day_ns);
    heat->column_ns = hour_ns;
    heat->columns = 24;
    int64_t days = (filter->until_ns - heat->start_ns + day_ns - 1) / day_ns;
    heat->row_days = (days + LS_HEAT_ROWS_MAX - 1) / LS_HEAT_ROWS_MAX;
    heat->rows = (size_t)((days + heat->row_days - 1) / heat->row_days);
}

/* --- cells --- */

/* Adds [from_ns, to_ns) to the cells of a channel, or of the hours. */
static void spread(const struct ls_heat *heat, double *cells, size_t channel, int64_t from_ns,
                   int64_t to_ns) {
    int64_t k = (from_ns - heat->start_ns) / heat->column_ns;
    while (from_ns < to_ns) {
        int64_t end_ns = heat->start_ns + (k + 1) * heat->column_ns;
        int64_t part_ns = (end_ns < to_ns ? end_ns : to_ns) - from_ns;
        size_t row = heat->kind == LS_HEAT_HOURS ? (size_t)(k / 24 / heat->row_days) : channel;
        size_t column = heat->kind == LS_HEAT_HOURS ? (size_t)(k % 24) : (size_t)k;
        if (row < heat->rows && column < heat->columns) {
            cells[row * heat->columns + column] += (double)part_ns / 1e9;
        }
        from_ns += part_ns;
        k++;
    }
}

/* What of an interval was not counted yet; rows come in order of their start. */
static void count(struct reader *reader, double *cells, size_t channel, int64_t start_ns,
                  int64_t stop_ns) {
    const struct ls_filter *filter = &reader->opts->filter;
    int64_t from = start_ns > filter->since_ns ? start_ns : filter->since_ns;
    int64_t to = stop_ns < filter->until_ns ? stop_ns : filter->until_ns;
    int64_t *until = &reader->until_ns[channel];
    from = from > *until ? from : *until;
    if (from < to) {
        spread(reader->heat, cells, channel, from, to);
        *until = to;
    }
}

static int take_observation(void *context, const struct ls_observation *row, struct ls_err *err) {
    struct reader *reader = context;
    struct ls_heat *heat = reader->heat;
    (void)err;
    if (row->state != LS_OBSERVED) {
        return LS_OK;
    }
    reader->heard = true;
    for (size_t c = 0; c < (heat->kind == LS_HEAT_HOURS ? 1 : heat->rows); c++) {
        double middle = heat->low_hz + ((double)c + 0.5) * heat->row_hz;
        if (heat->kind == LS_HEAT_HOURS || (row->low_hz <= middle && middle <= row->high_hz)) {
            count(reader, heat->heard_s, c, row->start_ns, row->stop_ns);
        }
    }
    return LS_OK;
}

/* A transmission is in the channel of its centre, and in those that it covers by half or more. */
static int take_transmission(void *context, const struct ls_transmission *row, struct ls_err *err) {
    struct reader *reader = context;
    struct ls_heat *heat = reader->heat;
    int64_t stop_ns = row->start_ns + row->duration_ns;
    (void)err;
    heat->transmissions++;
    if (heat->kind == LS_HEAT_HOURS) {
        count(reader, heat->busy_s, 0, row->start_ns, stop_ns);
        return LS_OK;
    }
    double center = (row->center_hz - heat->low_hz) / heat->row_hz;
    double half = row->bandwidth_hz / 2.0 / heat->row_hz;
    for (size_t c = 0; c < heat->rows; c++) {
        double low = fmax((double)c, center - half);
        double high = fmin((double)c + 1.0, center + half);
        bool at_home = center >= (double)c && center < (double)c + 1.0;
        if (at_home || high - low >= 0.5) {
            count(reader, heat->busy_s, c, row->start_ns, stop_ns);
        }
    }
    return LS_OK;
}

/* Nothing is in use while nobody listens: a call over a gap is heard on both sides of it. */
static void cut_busy(struct ls_heat *heat) {
    for (size_t i = 0; i < heat->rows * heat->columns; i++) {
        heat->busy_s[i] = fmin(heat->busy_s[i], heat->heard_s[i]);
    }
}

static int fill(struct reader *reader, struct ls_store *store, struct ls_err *err) {
    struct ls_heat *heat = reader->heat;
    struct ls_filter filter = reader->opts->filter;
    filter.has_since = true;
    filter.has_until = true;
    heat->heard_s = calloc(heat->rows * heat->columns, sizeof *heat->heard_s);
    heat->busy_s = calloc(heat->rows * heat->columns, sizeof *heat->busy_s);
    if (heat->heard_s == NULL || heat->busy_s == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for a figure");
    }
    for (size_t c = 0; c < LS_HEAT_ROWS_MAX; c++) {
        reader->until_ns[c] = INT64_MIN;
    }
    int code = ls_store_each_observation(store, &filter, take_observation, reader, err);
    for (size_t c = 0; c < LS_HEAT_ROWS_MAX; c++) {
        reader->until_ns[c] = INT64_MIN;
    }
    if (code == LS_OK) {
        code = ls_store_each_transmission(store, &filter, take_transmission, reader, err);
    }
    cut_busy(heat);
    return code;
}

static int find_range(struct reader *reader, struct ls_store *store, struct ls_err *err) {
    const struct ls_filter *filter = &reader->opts->filter;
    reader->low_hz = filter->has_freq ? filter->low_hz : HUGE_VAL;
    reader->high_hz = filter->has_freq ? filter->high_hz : -HUGE_VAL;
    reader->by_range = filter->has_freq;
    int code = filter->has_freq
                   ? LS_OK
                   : ls_store_each_transmission(store, filter, take_range, reader, err);
    if (code == LS_OK && !reader->by_range) {
        return ls_err_set(err, LS_ERR_NOTFOUND,
                          "nothing was on the air in that time: name a range with --freq to see "
                          "when it was listened to");
    }
    return code;
}

int ls_heat_init(struct ls_heat *ret, struct ls_store *store, const struct ls_heat_opts *opts,
                 struct ls_err *err) {
    struct ls_heat heat = {.kind = opts->kind, .no_clock = opts->no_clock};
    struct reader reader = {.heat = &heat, .opts = opts};
    int code = LS_OK;
    if (opts->kind == LS_HEAT_HOURS) {
        round_days(&heat, &opts->filter);
    } else {
        round_times(&heat, &opts->filter);
        code = find_range(&reader, store, err);
    }
    if (code == LS_OK && opts->kind == LS_HEAT_CHANNELS) {
        round_channels(&heat, reader.low_hz, reader.high_hz);
    }
    if (code == LS_OK) {
        code = fill(&reader, store, err);
    }
    if (code == LS_OK && !reader.heard) {
        code = ls_err_set(err, LS_ERR_NOTFOUND,
                          "nobody listened in that time: there is nothing to draw");
    }
    if (code != LS_OK) {
        ls_heat_finish(&heat);
        return code;
    }
    *ret = heat;
    return LS_OK;
}
