#include "survey/painter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "survey/cut.h"

/* Of the picture; weight counts rows of the bank, each two frames. */
struct cell {
    double sum;
    float most;
    float weight;
};

struct ls_painter {
    int64_t start_ns;
    int64_t row_ns; /* 0 before the first piece */
    size_t rows;    /* used so far */
    size_t columns;
    double low_hz;
    double high_hz;
    double channel_hz;
    bool no_clock;
    struct cell *cells; /* [LS_PAINTER_ROWS][columns] */
    double *floor_sums; /* [columns] */
    double *floor_counts;
};

/* Range and spacing of all captures: channels are centred from -rate/2 on. */
static void find_range(struct ls_painter *painter, const struct ls_source_info *info,
                       double channel_hz) {
    painter->low_hz = HUGE_VAL;
    painter->high_hz = -HUGE_VAL;
    painter->channel_hz = HUGE_VAL;
    painter->start_ns = INT64_MAX;
    for (size_t i = 0; i < info->capture_count; i++) {
        const struct ls_capture *capture = &info->captures[i];
        const struct ls_tuning *tuning = &capture->tuning;
        double spacing = tuning->rate_sps / (double)ls_cut_channels(tuning->rate_sps, channel_hz);
        double low = tuning->center_hz - tuning->rate_sps / 2.0 - spacing / 2.0;
        painter->low_hz = fmin(painter->low_hz, low);
        painter->high_hz = fmax(painter->high_hz, low + tuning->rate_sps);
        painter->channel_hz = fmin(painter->channel_hz, spacing);
        painter->start_ns = capture->t_ns < painter->start_ns ? capture->t_ns : painter->start_ns;
    }
    /* Whole channels to a column, where all tunings agree. */
    double channels = round((painter->high_hz - painter->low_hz) / painter->channel_hz);
    double each = ceil(channels / LS_PAINTER_COLUMNS);
    painter->columns = (size_t)fmax(1.0, round(channels / each));
}

int ls_painter_create(struct ls_painter **ret, const struct ls_source_info *info, double channel_hz,
                      struct ls_err *err) {
    struct ls_painter *painter = calloc(1, sizeof *painter);
    if (painter == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for a waterfall");
    }
    find_range(painter, info, channel_hz);
    painter->no_clock = info->no_clock;
    painter->cells = calloc(LS_PAINTER_ROWS * painter->columns, sizeof *painter->cells);
    painter->floor_sums = calloc(painter->columns, sizeof *painter->floor_sums);
    painter->floor_counts = calloc(painter->columns, sizeof *painter->floor_counts);
    if (painter->cells == NULL || painter->floor_sums == NULL || painter->floor_counts == NULL) {
        ls_painter_destroy(painter);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for a waterfall");
    }
    *ret = painter;
    return LS_OK;
}

void ls_painter_destroy(struct ls_painter *painter) {
    if (painter != NULL) {
        free(painter->cells);
        free(painter->floor_sums);
        free(painter->floor_counts);
        free(painter);
    }
}

/* Every two rows become one, until one at t_ns has its place. */
static void make_room(struct ls_painter *painter, int64_t t_ns) {
    while ((t_ns - painter->start_ns) / painter->row_ns >= LS_PAINTER_ROWS) {
        size_t n = painter->columns;
        for (size_t i = 0; i < LS_PAINTER_ROWS / 2 * n; i++) {
            const struct cell *a = &painter->cells[i / n * 2 * n + i % n];
            const struct cell *b = a + n;
            painter->cells[i] = (struct cell){.sum = a->sum + b->sum,
                                              .most = fmaxf(a->most, b->most),
                                              .weight = a->weight + b->weight};
        }
        memset(painter->cells + LS_PAINTER_ROWS / 2 * n, 0,
               LS_PAINTER_ROWS / 2 * n * sizeof *painter->cells);
        painter->rows = (painter->rows + 1) / 2;
        painter->row_ns *= 2;
    }
}

/* [*first, *last): what has its middle within [from, to) of a raster, else that of their middle. */
static void places(double from, double to, size_t count, size_t *first, size_t *last) {
    double low = fmax(0.0, ceil(from - 0.5));
    double high = fmin((double)count, ceil(to - 0.5));
    if (high <= low) {
        low = fmin((double)count - 1.0, fmax(0.0, floor((from + to) / 2.0)));
        high = low + 1.0;
    }
    *first = (size_t)low;
    *last = (size_t)high;
}

/* Columns of channel c of a stretch. */
static void columns_of(const struct ls_painter *painter, const struct ls_stretch *stretch, size_t c,
                       size_t *first, size_t *last) {
    double width = (painter->high_hz - painter->low_hz) / (double)painter->columns;
    double low = (ls_stretch_channel_hz(stretch, (double)c) - painter->low_hz) / width;
    places(low, low + ls_stretch_spacing_hz(stretch) / width, painter->columns, first, last);
}

/* One part of a piece, of so many rows of the bank, into rows [first, last). */
static void paint_part(struct ls_painter *painter, const struct ls_stretch *stretch,
                       const float *sums, const float *most, float weight, size_t first,
                       size_t last) {
    size_t n = stretch->channels;
    for (size_t c = 0; c < n; c++) {
        size_t from;
        size_t to;
        size_t bin = (c + n / 2) % n; /* FFT order */
        columns_of(painter, stretch, c, &from, &to);
        for (size_t row = first; row < last; row++) {
            for (size_t column = from; column < to; column++) {
                struct cell *cell = &painter->cells[row * painter->columns + column];
                cell->sum += (double)sums[bin] / 2.0;
                cell->most = fmaxf(cell->most, most[bin] / 2.0F);
                cell->weight += weight;
            }
        }
    }
    painter->rows = last > painter->rows ? last : painter->rows;
}

static void paint_floor(struct ls_painter *painter, const struct ls_stretch *stretch,
                        const struct ls_job *job) {
    for (size_t c = 0; c < stretch->channels; c++) {
        size_t from;
        size_t to;
        columns_of(painter, stretch, c, &from, &to);
        for (size_t column = from; column < to; column++) {
            painter->floor_sums[column] += (double)job->floor_pow[c] * (double)job->frames;
            painter->floor_counts[column] += (double)job->frames;
        }
    }
}

void ls_painter_piece(struct ls_painter *painter, const struct ls_stretch *stretch,
                      const struct ls_cut *cut, const struct ls_job *job) {
    if (painter == NULL) {
        return;
    }
    size_t slot_frames = cut->piece_frames / LS_SLOTS;
    if (painter->row_ns == 0) {
        int64_t slot_ns = ls_ns_from_seconds(ls_stretch_seconds(stretch, (double)slot_frames));
        painter->row_ns = slot_ns > 0 ? slot_ns : 1;
    }
    for (size_t slot = 0; slot < LS_SLOTS && slot * slot_frames < job->frames; slot++) {
        size_t left = job->frames - slot * slot_frames;
        size_t frames = left < slot_frames ? left : slot_frames;
        double at = (double)(job->first_frame + slot * slot_frames);
        int64_t start_ns = ls_stretch_time_ns(stretch, at);
        int64_t stop_ns = ls_stretch_time_ns(stretch, at + (double)frames);
        size_t first;
        size_t last;
        make_room(painter, stop_ns - 1);
        places((double)(start_ns - painter->start_ns) / (double)painter->row_ns,
               (double)(stop_ns - painter->start_ns) / (double)painter->row_ns, LS_PAINTER_ROWS,
               &first, &last);
        paint_part(painter, stretch, job->hold_sums + slot * stretch->channels,
                   job->hold_most + slot * stretch->channels, 0.5F * (float)frames, first, last);
    }
    paint_floor(painter, stretch, job);
}

int ls_painter_take(const struct ls_painter *painter, struct ls_waterfall *ret,
                    struct ls_err *err) {
    size_t n = painter->rows * painter->columns;
    if (n == 0) {
        return ls_err_set(err, LS_ERR_NOTFOUND,
                          "the recording is too short to be searched: there is nothing to draw");
    }
    float *mean = malloc(n * sizeof *mean);
    float *most = malloc(n * sizeof *most);
    float *floor_pow = malloc(painter->columns * sizeof *floor_pow);
    if (mean == NULL || most == NULL || floor_pow == NULL) {
        free(mean);
        free(most);
        free(floor_pow);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for a waterfall");
    }
    for (size_t i = 0; i < n; i++) {
        const struct cell *cell = &painter->cells[i];
        mean[i] = cell->weight > 0.0F ? (float)(cell->sum / (double)cell->weight) : NAN;
        most[i] = cell->weight > 0.0F ? cell->most : NAN;
    }
    for (size_t c = 0; c < painter->columns; c++) {
        double count = painter->floor_counts[c];
        floor_pow[c] = count > 0.0 ? (float)(painter->floor_sums[c] / count) : NAN;
    }
    free(ret->mean_pow);
    free(ret->most_pow);
    free(ret->floor_pow);
    ret->start_ns = painter->start_ns;
    ret->row_ns = painter->row_ns;
    ret->rows = painter->rows;
    ret->columns = painter->columns;
    ret->low_hz = painter->low_hz;
    ret->high_hz = painter->high_hz;
    ret->channel_hz = painter->channel_hz;
    ret->no_clock = painter->no_clock;
    ret->mean_pow = mean;
    ret->most_pow = most;
    ret->floor_pow = floor_pow;
    return LS_OK;
}
