#include "dsp/crossings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "dsp/claims.h"
#include "dsp/rows.h"

_Static_assert((int)LS_SCREEN_NARROW == (int)LS_SEGMENT_CHANNELS, "a screen tells them apart");

int ls_crossings_init(struct ls_crossings *crossings, const struct ls_limits *limits,
                      size_t rows_max, size_t channels) {
    *crossings =
        (struct ls_crossings){.limits = limits, .channels = channels, .rows_max = rows_max};
    bool *rows = calloc(limits->levels * rows_max, sizeof *rows);
    for (size_t j = 0; j < limits->levels; j++) {
        crossings->rows[j] = rows == NULL ? NULL : rows + j * rows_max;
    }
    crossings->work = calloc(channels, sizeof *crossings->work);
    crossings->width_sums =
        calloc(channels + LS_ROWS_SCRATCH(channels), sizeof *crossings->width_sums);
    bool ok = rows != NULL && crossings->work != NULL && crossings->width_sums != NULL;
    return ok ? LS_OK : LS_ERR_NOMEM;
}

void ls_crossings_finish(struct ls_crossings *crossings) {
    free(crossings->rows[0]);
    free(crossings->work);
    free(crossings->width_sums);
}

void ls_crossings_begin(struct ls_crossings *crossings) {
    crossings->any = false;
    memset(crossings->segment, 0, sizeof crossings->segment);
    memset(crossings->wide, 0, sizeof crossings->wide);
    memset(crossings->rows[0], 0, crossings->limits->levels * crossings->rows_max);
}

/* Note in which segments windows of one width cross. */
static void note_crossings(struct ls_crossings *crossings, const float *sums, size_t count,
                           size_t width, float limit) {
    size_t step = width < 2 ? 1 : (size_t)1 << (width - 1);
    size_t in_segment = LS_SEGMENT_CHANNELS / step;
    bool *noted = crossings->segment;
    for (size_t s = 0; s * in_segment < count; s++) {
        size_t at = s * in_segment;
        size_t n = count - at < in_segment ? count - at : in_segment;
        noted[s] = noted[s] || ls_rows_any_above(sums + at, limit, n);
    }
}

/* Segments that a band of n channels has. */
static size_t segments_of(size_t n) { return (n + LS_SEGMENT_CHANNELS - 1) / LS_SEGMENT_CHANNELS; }

/* Does anything wider than a segment cross in a row of a level? */
static bool wide_crosses(struct ls_crossings *crossings, size_t level, const float *row) {
    float limits[LS_WIDTHS_MAX];
    for (size_t b = 0; b < crossings->limits->widths; b++) {
        limits[b] = b > LS_SEGMENT_WIDTH ? crossings->limits->screen[level][b] : INFINITY;
    }
    return ls_rows_pyramid_test(row, crossings->channels, limits, crossings->limits->widths,
                                crossings->width_sums);
}

/* Does anything up to a segment wide cross in so many channels of a row? */
static bool narrow_crosses(struct ls_crossings *crossings, size_t level, const float *row,
                           size_t n) {
    size_t widths = crossings->limits->widths;
    return ls_rows_pyramid_test(row, n, crossings->limits->screen[level],
                                widths <= LS_SEGMENT_WIDTH ? widths : LS_SEGMENT_WIDTH + 1,
                                crossings->width_sums);
}

/* Does it in segments [first, end) of a row, or across their edges? What is strong does in single
 * cells. */
static bool run_crosses(struct ls_crossings *crossings, size_t level, const float *row,
                        size_t first, size_t end) {
    size_t n = crossings->channels;
    size_t low = first * LS_SEGMENT_CHANNELS;
    size_t high = end * LS_SEGMENT_CHANNELS < n ? end * LS_SEGMENT_CHANNELS : n;
    if (ls_rows_any_above(row + low, crossings->limits->screen[level][0], high - low)) {
        return true;
    }
    low -= first > 0 ? LS_SEGMENT_CHANNELS : 0;
    high = high + LS_SEGMENT_CHANNELS < n ? high + LS_SEGMENT_CHANNELS : n;
    return narrow_crosses(crossings, level, row + low, high - low);
}

/* Does anything up to a segment wide cross, where it may? ret_others: in segments, too, that were
 * not noted before. */
static bool any_crosses(struct ls_crossings *crossings, const struct ls_crossings_row *row,
                        bool *ret_others) {
    bool may[LS_SEGMENTS_MAX];
    size_t count = segments_of(crossings->channels);
    bool crosses = false;
    ls_screen_where(row->scratch, crossings->channels, may);
    for (size_t s = 0; s < count; s++) {
        size_t first = s;
        for (; s < count && may[s]; s++) {
            *ret_others = *ret_others || !crossings->segment[s];
        }
        crosses = crosses || (s > first && run_crosses(crossings, row->level, row->sums, first, s));
    }
    return crosses;
}

/* The row with the noise in place of the segments that were noted before: a window that reaches
 * into one of them from the next is gone over with it. */
static void hide_noted(const struct ls_crossings *crossings, size_t level, const float *row,
                       float *ret) {
    size_t n = crossings->channels;
    memcpy(ret, row, n * sizeof *ret);
    for (size_t s = 0; s < segments_of(n); s++) {
        size_t from = s * LS_SEGMENT_CHANNELS;
        size_t end = from + LS_SEGMENT_CHANNELS < n ? from + LS_SEGMENT_CHANNELS : n;
        for (size_t c = from; c < end && crossings->segment[s]; c++) {
            ret[c] = (float)((size_t)1 << level);
        }
    }
}

/* Something crosses in one window of rows of a level: note in which segments, at every width. */
static void note_row(struct ls_crossings *crossings, size_t level, const float *row) {
    size_t count = crossings->channels;
    hide_noted(crossings, level, row, crossings->work);
    if (!narrow_crosses(crossings, level, crossings->work, count)) {
        return;
    }
    const float *limits = crossings->limits->screen[level];
    const float *sums = crossings->work;
    bool above = ls_rows_any_above(sums, limits[0], count);
    for (size_t b = 0; b < crossings->limits->widths && b <= LS_SEGMENT_WIDTH; b++) {
        if (b > 0) {
            float *next = crossings->width_sums + (b % 2) * crossings->channels;
            count = ls_claims_windows(count, b);
            above = b == 1 ? ls_rows_add_test(next, sums, sums + 1, count, limits[b])
                           : ls_rows_fold_test(next, sums, count, limits[b]);
            sums = next;
        }
        if (above) {
            note_crossings(crossings, sums, count, b, limits[b]);
        }
    }
}

void ls_crossings_look(struct ls_crossings *crossings, const struct ls_crossings_row *row) {
    struct ls_screened may_cross = row->may_cross;
    bool *noted = &crossings->wide[row->level];
    bool others = false;
    bool narrow = may_cross.narrow && any_crosses(crossings, row, &others);
    bool wide =
        may_cross.wide && !(narrow && *noted) && wide_crosses(crossings, row->level, row->sums);
    if (!narrow && !wide) {
        return;
    }
    crossings->any = true;
    crossings->rows[row->level][row->window] = true;
    *noted = *noted || wide;
    if (narrow && others) {
        note_row(crossings, row->level, row->sums);
    }
}
