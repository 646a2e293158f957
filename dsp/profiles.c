/* Sums over channels are kept row by row, for the channels last asked for: an area of the same
 * channels has those rows in common, whatever its own are. They are kept for strips of the band
 * too, of which wide areas are made, and a few channels at both ends. Sums over rows are kept for
 * blocks of BLOCK_ROWS, channel by channel: an area is whole blocks, and rows at both ends.
 *
 * Where none of the receiver's own lines is, a floor with lines is one without. */
#include "dsp/profiles.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "dsp/excess.h"

enum {
    SETS = 32, /* of channels whose rows are kept */
    WAYS = 4,  /* of one set: the one asked for longest ago makes room */
    KEPT = SETS * WAYS,
    BLOCK_ROWS = 16,
    STRIP_CHANNELS = 16,
    STRIPS_LEAST = 2,       /* of a wide area */
    BLOCK_CHANNELS = 64,    /* summed together */
    WHOLE_BLOCKS_LEAST = 2, /* of an area: fewer are summed as soon as they are looked up */
};

/* Rows [from, to) are known. */
struct kept {
    bool lines; /* are among the weights */
    size_t low;
    size_t high; /* 0: nothing is known */
    size_t from;
    size_t to;
    size_t asked; /* when, in calls */
};

/* Rows [from, to) of a strip are known; none when to is 0. */
struct span {
    size_t from;
    size_t to;
};

struct ls_profiles {
    size_t rows_max;
    size_t channels;
    size_t calls;
    struct kept kept[KEPT];
    double *rows;         /* [KEPT][rows_max] */
    double *strips;       /* [channels / STRIP_CHANNELS][rows_max] */
    struct span *made;    /* [channels / STRIP_CHANNELS]: of strips */
    double *part;         /* [rows_max] */
    size_t panels;        /* of BLOCK_CHANNELS */
    double *blocks;       /* [rows_max / BLOCK_ROWS][channels] */
    unsigned char *known; /* [rows_max / BLOCK_ROWS][panels] */
    double *ends;         /* [channels] */
};

int ls_profiles_create(struct ls_profiles **ret, size_t rows_max, size_t channels) {
    struct ls_profiles *p = calloc(1, sizeof *p);
    if (p == NULL) {
        return LS_ERR_NOMEM;
    }
    size_t blocks = rows_max / BLOCK_ROWS + 1;
    p->rows_max = rows_max;
    p->channels = channels;
    p->panels = (channels + BLOCK_CHANNELS - 1) / BLOCK_CHANNELS;
    p->rows = calloc(KEPT * rows_max, sizeof *p->rows);
    p->strips = calloc((channels / STRIP_CHANNELS + 1) * rows_max, sizeof *p->strips);
    p->made = calloc(channels / STRIP_CHANNELS + 1, sizeof *p->made);
    p->part = calloc(rows_max, sizeof *p->part);
    p->blocks = calloc(blocks * channels, sizeof *p->blocks);
    p->known = calloc(blocks * p->panels, sizeof *p->known);
    p->ends = calloc(channels, sizeof *p->ends);
    if (p->rows == NULL || p->strips == NULL || p->made == NULL || p->part == NULL ||
        p->blocks == NULL || p->known == NULL || p->ends == NULL) {
        ls_profiles_destroy(p);
        return LS_ERR_NOMEM;
    }
    *ret = p;
    return LS_OK;
}

void ls_profiles_destroy(struct ls_profiles *profiles) {
    if (profiles != NULL) {
        free(profiles->rows);
        free(profiles->strips);
        free(profiles->made);
        free(profiles->part);
        free(profiles->blocks);
        free(profiles->known);
        free(profiles->ends);
        free(profiles);
    }
}

void ls_profiles_begin(struct ls_profiles *profiles) {
    memset(profiles->kept, 0, sizeof profiles->kept);
    memset(profiles->made, 0, profiles->channels / STRIP_CHANNELS * sizeof *profiles->made);
    memset(profiles->known, 0,
           (profiles->rows_max / BLOCK_ROWS + 1) * profiles->panels * sizeof *profiles->known);
}

/* The cells of some of its rows. */
static struct ls_rectangle cells_of(const struct ls_cells *in, const struct ls_area *area,
                                    size_t from, size_t stop) {
    return (struct ls_rectangle){.cells = in->cells + from * in->stride + area->low,
                                 .stride = in->stride,
                                 .rows = stop - from,
                                 .channels = area->high - area->low};
}

static void add(double *to, const double *sums, size_t n) {
    for (size_t i = 0; i < n; i++) {
        to[i] += sums[i];
    }
}

static void sum_narrow(const struct ls_cells *in, const struct ls_area *area, double *ret) {
    const struct ls_rectangle cells = cells_of(in, area, area->row_start, area->row_stop);
    ls_excess_rows(&cells, in->floor_pow + area->low, ret);
}

static void sum_strip(const struct ls_cells *in, size_t strip, size_t from, size_t stop) {
    if (from < stop) {
        const struct ls_area rows = {.row_start = from,
                                     .row_stop = stop,
                                     .low = strip * STRIP_CHANNELS,
                                     .high = (strip + 1) * STRIP_CHANNELS};
        sum_narrow(in, &rows, in->profiles->strips + strip * in->profiles->rows_max + from);
    }
}

/* Of rows [from, stop), by row; what lies between these and known ones becomes known too. */
static const double *strip_of(const struct ls_cells *in, size_t strip, size_t from, size_t stop) {
    struct ls_profiles *p = in->profiles;
    struct span *made = &p->made[strip];
    if (made->to == 0) {
        *made = (struct span){.from = from, .to = from};
    }
    sum_strip(in, strip, from, made->from);
    sum_strip(in, strip, made->to, stop);
    made->from = from < made->from ? from : made->from;
    made->to = stop > made->to ? stop : made->to;
    return p->strips + strip * p->rows_max;
}

/* Of rows [from, stop) of the area, in which no weight is a line's if strips are asked. */
static void sum_rows(const struct ls_cells *in, const struct ls_area *area, size_t from,
                     size_t stop, bool lines, double *ret) {
    size_t first = (area->low + STRIP_CHANNELS - 1) / STRIP_CHANNELS;
    size_t last = area->high / STRIP_CHANNELS;
    struct ls_area part = {
        .row_start = from, .row_stop = stop, .low = area->low, .high = area->high};
    if (from >= stop) {
        return;
    }
    if (lines || first + STRIPS_LEAST > last) {
        sum_narrow(in, &part, ret);
        return;
    }
    part.high = first * STRIP_CHANNELS;
    sum_narrow(in, &part, ret);
    for (size_t strip = first; strip < last; strip++) {
        add(ret, strip_of(in, strip, from, stop) + from, stop - from);
    }
    part.low = last * STRIP_CHANNELS;
    part.high = area->high;
    if (part.low < part.high) {
        sum_narrow(in, &part, in->profiles->part);
        add(ret, in->profiles->part, stop - from);
    }
}

/* Multipliers spread neighbours over the sets. */
static size_t set_of(const struct ls_area *area) {
    uint32_t hash =
        (uint32_t)area->low * UINT32_C(2654435761) + (uint32_t)area->high * UINT32_C(2246822519);
    return (hash >> 16) % SETS;
}

/* Rows of these channels that go on from those of the area, or the place that they are given. */
static size_t place_of(const struct ls_profiles *p, const struct ls_area *area, bool lines,
                       bool *ret_same) {
    size_t first = set_of(area) * WAYS;
    size_t place = first;
    for (size_t i = first; i < first + WAYS; i++) {
        const struct kept *kept = &p->kept[i];
        if (kept->lines == lines && kept->low == area->low && kept->high == area->high &&
            kept->from <= area->row_stop && kept->to >= area->row_start) {
            *ret_same = true;
            return i;
        }
        place = kept->asked < p->kept[place].asked ? i : place;
    }
    *ret_same = false;
    return place;
}

static bool has_lines(const struct ls_cells *in, const struct ls_area *area) {
    return memcmp(in->floor_pow + area->low, in->noise_pow + area->low,
                  (area->high - area->low) * sizeof *in->floor_pow) != 0;
}

void ls_profiles_rows(const struct ls_cells *in, const struct ls_area *area, double *ret) {
    struct ls_profiles *p = in->profiles;
    assert(area->row_start <= area->row_stop && area->row_stop <= p->rows_max);
    bool same;
    bool lines = has_lines(in, area);
    size_t place = place_of(p, area, lines, &same);
    struct kept *kept = &p->kept[place];
    double *rows = p->rows + place * p->rows_max;
    if (!same) {
        *kept = (struct kept){.lines = lines,
                              .low = area->low,
                              .high = area->high,
                              .from = area->row_start,
                              .to = area->row_start};
    }
    kept->asked = ++p->calls;
    if (area->row_start < kept->from) {
        sum_rows(in, area, area->row_start, kept->from, lines, rows + area->row_start);
        kept->from = area->row_start;
    }
    if (area->row_stop > kept->to) {
        sum_rows(in, area, kept->to, area->row_stop, lines, rows + kept->to);
        kept->to = area->row_stop;
    }
    memcpy(ret, rows + area->row_start, (area->row_stop - area->row_start) * sizeof *ret);
}

/* Sums of a block over the channels of the area. */
static const double *block_of(const struct ls_cells *in, const struct ls_area *area, size_t block) {
    struct ls_profiles *p = in->profiles;
    double *sums = p->blocks + block * p->channels;
    for (size_t panel = area->low / BLOCK_CHANNELS; panel * BLOCK_CHANNELS < area->high; panel++) {
        unsigned char *known = &p->known[block * p->panels + panel];
        if (*known == 0) {
            size_t low = panel * BLOCK_CHANNELS;
            size_t left = p->channels - low;
            const struct ls_rectangle cells = {
                .cells = in->cells + block * BLOCK_ROWS * in->stride + low,
                .stride = in->stride,
                .rows = BLOCK_ROWS,
                .channels = left < BLOCK_CHANNELS ? left : BLOCK_CHANNELS};
            ls_excess_channels(&cells, sums + low);
            *known = 1;
        }
    }
    return sums + area->low;
}

static void add_rows(const struct ls_cells *in, const struct ls_area *area, size_t from,
                     size_t stop, double *ret) {
    if (from < stop) {
        const struct ls_rectangle cells = cells_of(in, area, from, stop);
        ls_excess_channels(&cells, in->profiles->ends);
        add(ret, in->profiles->ends, cells.channels);
    }
}

void ls_profiles_channels(const struct ls_cells *in, const struct ls_area *area, double *ret) {
    assert(area->high <= in->profiles->channels);
    size_t first = (area->row_start + BLOCK_ROWS - 1) / BLOCK_ROWS;
    size_t last = area->row_stop / BLOCK_ROWS;
    if (first + WHOLE_BLOCKS_LEAST > last) {
        const struct ls_rectangle cells = cells_of(in, area, area->row_start, area->row_stop);
        ls_excess_channels(&cells, ret);
        return;
    }
    memset(ret, 0, (area->high - area->low) * sizeof *ret);
    add_rows(in, area, area->row_start, first * BLOCK_ROWS, ret);
    for (size_t block = first; block < last; block++) {
        add(ret, block_of(in, area, block), area->high - area->low);
    }
    add_rows(in, area, last * BLOCK_ROWS, area->row_stop, ret);
}

double ls_profiles_sum(const struct ls_cells *in, const struct ls_area *area) {
    size_t first = (area->row_start + BLOCK_ROWS - 1) / BLOCK_ROWS;
    size_t last = area->row_stop / BLOCK_ROWS;
    if (first + WHOLE_BLOCKS_LEAST > last) {
        const struct ls_rectangle cells = cells_of(in, area, area->row_start, area->row_stop);
        return ls_excess_sum(&cells);
    }
    struct ls_rectangle ends = cells_of(in, area, area->row_start, first * BLOCK_ROWS);
    double sum = ls_excess_sum(&ends);
    for (size_t block = first; block < last; block++) {
        const double *sums = block_of(in, area, block);
        for (size_t i = 0; i < area->high - area->low; i++) {
            sum += sums[i];
        }
    }
    ends = cells_of(in, area, last * BLOCK_ROWS, area->row_stop);
    return sum + ls_excess_sum(&ends);
}
