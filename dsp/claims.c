/* A region is a run of segments with crossings and one segment more on each side: windows that
 * start in a flagged segment may reach into the next. Regions are searched at all levels for
 * windows up to a segment wide; then the whole band is for wider ones, on strips of half a segment.
 */
#include "dsp/claims.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "dsp/fit.h"
#include "dsp/rows.h"

enum { STRIP_CHANNELS = LS_ROWS_STRIP };
_Static_assert(2 * STRIP_CHANNELS == LS_SEGMENT_CHANNELS, "width 1 of strips is a segment");

/* 10 dB over the noise in each cell: its power shows its edges, no fit is needed. */
static const float STRONG_EXCESS = 10.0F;

/* Of what it needs: no fit makes more of a window with less. */
static const float LEAST_SHARE = 0.5F;

/* Fits in one piece: what is weak in a crowded piece is judged by the windows of the first pass. */
enum { FITS_MAX = 128 };

struct ls_claims {
    size_t rows_max;
    size_t fits;                               /* in this piece */
    float needs[LS_LEVELS_MAX][LS_WIDTHS_MAX]; /* excess of a whole window; 0: not asked for yet */
    float
        *halves; /* [rows_max / 2 + 1][channels]: sums of half windows, of a region or of strips */
    float *strips; /* [rows_max][channels / STRIP_CHANNELS + 1] */
    float *row;    /* [channels]: sums of a window row */
    float *pair;   /* [channels]: sums of two rows */
    /* What was found while rows were in cache holds until a claim comes to them: */
    bool *quiet; /* [rows_max]: nothing stands out in two rows from here on, in this region */
    bool *known; /* [rows_max][channels / STRIP_CHANNELS + 1]: strips has the sum of that row */
    size_t strip_count; /* of a row */
    float *sums; /* [channels + LS_ROWS_SCRATCH(channels)]: scratch of the bandwidth pyramid */
};

/* One search: the part of the band it goes over. */
struct region {
    struct ls_claims *claims;
    const struct ls_cells *in;
    const struct ls_limits *limits;
    const struct ls_crossings *crossings;
    size_t low;   /* first channel */
    size_t count; /* channels */
    /* claims->halves holds so many sums over so many rows each. */
    size_t half_count;
    size_t half_rows; /* > 0 */
    bool claimed;     /* something was, since this was cleared */
    bool strips;      /* rows are summed over strips too */
};

int ls_claims_create(struct ls_claims **ret, size_t rows_max, size_t channels) {
    struct ls_claims *claims = calloc(1, sizeof *claims);
    if (claims == NULL) {
        return LS_ERR_NOMEM;
    }
    claims->rows_max = rows_max;
    claims->halves = calloc((rows_max / 2 + 1) * channels, sizeof(float));
    claims->strips = calloc(rows_max * (channels / STRIP_CHANNELS + 1), sizeof(float));
    claims->row = calloc(channels, sizeof(float));
    claims->pair = calloc(channels, sizeof(float));
    claims->strip_count = channels / STRIP_CHANNELS;
    claims->quiet = calloc(rows_max, sizeof *claims->quiet);
    claims->known = calloc(rows_max * (claims->strip_count + 1), sizeof *claims->known);
    claims->sums = calloc(channels + LS_ROWS_SCRATCH(channels), sizeof(float));
    if (claims->halves == NULL || claims->strips == NULL || claims->row == NULL ||
        claims->pair == NULL || claims->quiet == NULL || claims->known == NULL ||
        claims->sums == NULL) {
        ls_claims_destroy(claims);
        return LS_ERR_NOMEM;
    }
    *ret = claims;
    return LS_OK;
}

void ls_claims_destroy(struct ls_claims *claims) {
    if (claims != NULL) {
        free(claims->halves);
        free(claims->strips);
        free(claims->row);
        free(claims->pair);
        free(claims->quiet);
        free(claims->known);
        free(claims->sums);
        free(claims);
    }
}

size_t ls_claims_windows(size_t count, size_t width) {
    if (width == 1) {
        return count > 0 ? count - 1 : 0;
    }
    return count >= 3 ? (count - 1) / 2 : 0;
}

size_t ls_claims_widen(float *ret, const float *sums, size_t count, size_t width) {
    size_t n = ls_claims_windows(count, width);
    if (width == 1) {
        ls_rows_add(ret, sums, sums + 1, n);
    } else {
        /* Window i of the wider width is windows 2 i and 2 i + 2 of the narrower one. */
        ls_rows_fold(ret, sums, 2, n);
    }
    return n;
}

/* Channels of the region: [low, high). */
struct columns {
    size_t low;
    size_t high;
};

/* Sum of free cells over rows [from, from + rows) in some columns; claimed ones stand in with the
 * noise mean. ret: of the whole region. */
static void excised_sum(const struct region *region, size_t from, size_t rows,
                        struct columns columns, float *ret) {
    size_t stride = region->in->stride;
    size_t at = from * stride + region->low + columns.low;
    const struct ls_marked_rows cells = {.cells = region->in->cells + at,
                                         .marks = region->in->marks + at,
                                         .stride = stride,
                                         .rows = rows,
                                         .n = columns.high - columns.low};
    ls_rows_excise(&cells, ret + columns.low);
}

static struct columns all_columns(const struct region *region) {
    return (struct columns){.low = 0, .high = region->count};
}

/* What was found of these rows, and of the strips of them that the window is in, was before. */
static void forget(struct ls_claims *claims, const struct ls_window *window) {
    size_t first = window->channel / STRIP_CHANNELS;
    size_t end = (window->channel + window->channels + STRIP_CHANNELS - 1) / STRIP_CHANNELS;
    end = end < claims->strip_count ? end : claims->strip_count;
    size_t before = window->row > 0 ? 1 : 0;
    memset(claims->quiet + window->row - before, false, window->rows + before);
    for (size_t r = window->row; first < end && r < window->row + window->rows; r++) {
        memset(claims->known + r * claims->strip_count + first, false, end - first);
    }
}

static void claim(struct ls_claims *claims, const struct ls_cells *in,
                  const struct ls_window *window) {
    size_t end = window->channel + window->channels;
    size_t width = (end < in->channels ? end : in->channels) - window->channel;
    ls_cells_change(in, window->channel, window->channel + width);
    forget(claims, window);
    for (size_t r = window->row; r < window->row + window->rows; r++) {
        memset(in->marks + r * in->stride + window->channel, LS_MARK_CLAIMED, width);
    }
}

/* A window that crossed the lower limit and has this excess: claim what fits it best, if that
 * stands out. Strong windows are claimed as they are: their edges are found from the power itself.
 * True when something was claimed: *window says what. */
static bool look_closer(struct ls_claims *claims, const struct ls_cells *in, float need,
                        float excess, struct ls_window *window) {
    if (excess < LEAST_SHARE * need) {
        return false;
    }
    bool stands_out = excess >= need;
    if ((!stands_out || excess < STRONG_EXCESS) && claims->fits < FITS_MAX) {
        claims->fits++;
        stands_out = ls_fit_window(in, window) >= 1.0F;
    }
    if (stands_out) {
        claim(claims, in, window);
    }
    return stands_out;
}

/* The columns of a window that lie in the region. */
static struct columns columns_of(const struct region *region, const struct ls_window *window) {
    size_t end = window->channel + window->channels;
    struct columns columns = {.low =
                                  window->channel > region->low ? window->channel - region->low : 0,
                              .high = end > region->low ? end - region->low : 0};
    columns.high = columns.high < region->count ? columns.high : region->count;
    return columns;
}

/* What has been claimed leaves the sums it was part of: halves, and the row over rows [from, from +
 * rows), or other windows would count what is explained. */
static void take_out(struct region *region, const struct ls_window *claimed, size_t from,
                     size_t rows, float *row) {
    struct columns columns = columns_of(region, claimed);
    region->claimed = true;
    if (columns.low >= columns.high) {
        return;
    }
    size_t stop = claimed->row + claimed->rows;
    for (size_t i = claimed->row / region->half_rows;
         i < region->half_count && i * region->half_rows < stop; i++) {
        excised_sum(region, i * region->half_rows, region->half_rows, columns,
                    region->claims->halves + i * region->count);
    }
    if (rows <= region->half_rows) {
        excised_sum(region, from, rows, columns, row);
        return;
    }
    const float *left =
        region->claims->halves + from / region->half_rows * region->count + columns.low;
    ls_rows_add(row + columns.low, left, left + region->count, columns.high - columns.low);
}

/* The windows of one width over a row of sums. */
static const float *widen_to(const struct region *region, const float *row, size_t width,
                             size_t *ret_count) {
    const float *sums = row;
    size_t count = region->count;
    for (size_t w = 1; w <= width; w++) {
        float *next = region->claims->sums + (w % 2) * region->in->channels;
        count = ls_claims_widen(next, sums, count, w);
        sums = next;
    }
    *ret_count = count;
    return sums;
}

/* The windows of a width over those of the next narrower one. Returns whether any is above limit.
 */
static bool widen_and_test(const struct region *region, size_t width, const float **sums,
                           size_t *count, float limit) {
    float *next = region->claims->sums + (width % 2) * region->in->channels;
    *count = ls_claims_windows(*count, width);
    bool above = width == 1 ? ls_rows_add_test(next, *sums, *sums + 1, *count, limit)
                            : ls_rows_fold_test(next, *sums, *count, limit);
    *sums = next;
    return above;
}

/* Many windows ask, of few sizes. */
static float need_of(const struct region *region, size_t level, size_t width) {
    float *need = &region->claims->needs[level][width];
    if (*need == 0.0F) {
        *need = ls_limits_excess(region->limits, (size_t)1 << level, (size_t)1 << width);
    }
    return *need;
}

/* Windows of one width over the rows [from, from + 2^level), which have these sums: claim what
 * crosses. Returns the sums as claims leave them. */
static const float *claim_crossings(struct region *region, size_t level, size_t width, size_t from,
                                    float *row, const float *sums, size_t count) {
    float limit = region->limits->screen[level][width];
    float cells = (float)((size_t)1 << (level + width));
    float need = need_of(region, level, width);
    size_t step = width < 2 ? 1 : (size_t)1 << (width - 1);
    for (size_t i = 0; i < count; i++) {
        i += ls_rows_first_above(sums + i, limit, count - i);
        if (i == count) {
            break;
        }
        struct ls_window window = {.row = from,
                                   .rows = (size_t)1 << level,
                                   .channel = region->low + i * step,
                                   .channels = (size_t)1 << width};
        float excess = (sums[i] - cells) / cells;
        if (look_closer(region->claims, region->in, need, excess, &window)) {
            take_out(region, &window, from, (size_t)1 << level, row);
            sums = widen_to(region, row, width, &count);
        }
    }
    return sums;
}

static size_t narrow_widths(const struct region *region) {
    size_t widths = region->limits->widths;
    return widths < LS_SEGMENT_WIDTH + 1 ? widths : LS_SEGMENT_WIDTH + 1;
}

static bool any_crosses(const struct region *region, size_t level, const float *row) {
    return ls_rows_pyramid_test(row, region->count, region->limits->screen[level],
                                narrow_widths(region), region->claims->sums);
}

/* Test one window row of a level at every width up to a segment; claim what crosses, narrow windows
 * first. */
static void test_row(struct region *region, size_t level, size_t from, float *row) {
    const struct ls_limits *limits = region->limits;
    size_t widths = narrow_widths(region);
    const float *sums = row;
    size_t count = region->count;
    /* Most rows of what crossed once hold nothing more. */
    if (!any_crosses(region, level, row)) {
        return;
    }
    for (size_t b = 0; b < widths; b++) {
        float limit = limits->screen[level][b];
        bool above = b == 0 ? ls_rows_any_above(sums, limit, count)
                            : widen_and_test(region, b, &sums, &count, limit);
        if (above) {
            sums = claim_crossings(region, level, b, from, row, sums, count);
        }
    }
}

static void claim_single_cells(const struct region *region, struct ls_blobs *blobs) {
    const struct ls_blobs_area area = {.rows = region->crossings->rows[0],
                                       .row_stop = region->in->rows,
                                       .low = region->low,
                                       .high = region->low + region->count,
                                       .seed = region->limits->seed,
                                       .grow = region->limits->grow};
    ls_blobs_claim(blobs, region->in, &area);
}

/* One row, of which ret is given the sums as claims leave them. */
static void search_row(struct region *region, size_t row, float *ret) {
    struct ls_claims *claims = region->claims;
    excised_sum(region, row, 1, all_columns(region), ret);
    claims->quiet[row] = true;
    if (region->crossings->rows[0][row]) {
        test_row(region, 0, row, ret);
    }
    if (region->strips) {
        ls_rows_strips(ret, claims->strip_count, claims->strips + row * claims->strip_count);
        memset(claims->known + row * claims->strip_count, true, claims->strip_count);
    }
}

/* Would two rows from this one on be tested, and has nothing been claimed in them since they were
 * summed? */
static bool is_pair_open(const struct region *region, size_t from) {
    return region->limits->levels > 1 && region->crossings->rows[1][from] &&
           region->claims->quiet[from];
}

/* Level 0, single rows. The halves that the next levels want are made of them, so that cells, which
 * take long to come, are gone over once. */
static void search_rows(struct region *region) {
    size_t rows = region->in->rows;
    float *last = region->claims->row;
    float *pair = region->claims->pair;
    region->half_rows = 2;
    for (region->half_count = 0; region->half_count < rows / 2; region->half_count++) {
        float *half = region->claims->halves + region->half_count * region->count;
        size_t first = 2 * region->half_count;
        search_row(region, first, half);
        if (first > 0 && is_pair_open(region, first - 1)) {
            ls_rows_add(pair, last, half, region->count);
            region->claims->quiet[first - 1] = !any_crosses(region, 1, pair);
        }
        region->claimed = false;
        search_row(region, first + 1, last);
        if (region->claimed) { /* perhaps of the first row too */
            excised_sum(region, first, 2, all_columns(region), half);
        } else {
            ls_rows_add(half, half, last, region->count);
        }
        if (is_pair_open(region, first)) {
            region->claims->quiet[first] = !any_crosses(region, 1, half);
        }
    }
    if (rows % 2 != 0) {
        search_row(region, rows - 1, last);
        region->claims->quiet[rows > 1 ? rows - 2 : 0] = false;
    }
}

/* Level 1, two rows: every other window is a half, the ones between are summed from the cells. */
static void search_pairs(struct region *region) {
    for (size_t from = 0; from + 2 <= region->in->rows; from++) {
        if (!region->crossings->rows[1][from] || region->claims->quiet[from]) {
            continue;
        }
        float *row = region->claims->halves + from / 2 * region->count;
        if (from % 2 != 0) {
            row = region->claims->row;
            excised_sum(region, from, 2, all_columns(region), row);
        }
        test_row(region, 1, from, row);
    }
}

/* Level >= 2: a window is two neighbours of halves, sums over 2^(level - 1) rows that do not
 * overlap. */
static void search_long(struct region *region, size_t level) {
    for (size_t i = 0; i + 1 < region->half_count; i++) {
        const float *left = region->claims->halves + i * region->count;
        if (region->crossings->rows[level][i]) {
            ls_rows_add(region->claims->row, left, left + region->count, region->count);
            test_row(region, level, i * region->half_rows, region->claims->row);
        }
    }
}

/* Sums of pairs of halves, in place: row i is written after rows 2 i and 2 i + 1 were read, and
 * lies before them. Returns how many there are then. */
static size_t fold_halves(float *halves, size_t count, size_t width) {
    for (size_t i = 0; i < count / 2; i++) {
        const float *left = halves + 2 * i * width;
        ls_rows_add(halves + i * width, left, left + width, width);
    }
    return count / 2;
}

static void search_region(struct region *region, struct ls_blobs *blobs) {
    claim_single_cells(region, blobs);
    search_rows(region);
    if (region->limits->levels > 1) {
        search_pairs(region);
    }
    for (size_t level = 2; level < region->limits->levels; level++) {
        search_long(region, level);
        region->half_count = fold_halves(region->claims->halves, region->half_count, region->count);
        region->half_rows *= 2;
    }
}

/* Sums of the free cells of some rows over strips [first, end). */
static void sum_strips(const struct ls_claims *claims, const struct ls_cells *in, size_t row,
                       size_t rows, size_t first, size_t end, float *ret) {
    size_t at = row * in->stride + first * STRIP_CHANNELS;
    const struct ls_marked_rows cells = {.cells = in->cells + at,
                                         .marks = in->marks + at,
                                         .stride = in->stride,
                                         .rows = rows,
                                         .n = (end - first) * STRIP_CHANNELS};
    ls_rows_excise(&cells, claims->row);
    ls_rows_strips(claims->row, end - first, ret + first);
}

/* Those of one row that are not known. */
static void sum_unknown(const struct ls_claims *claims, const struct ls_cells *in, size_t row,
                        float *ret) {
    const bool *known = claims->known + row * claims->strip_count;
    for (size_t strip = 0; strip < claims->strip_count; strip++) {
        size_t first = strip;
        while (strip < claims->strip_count && !known[strip]) {
            strip++;
        }
        if (strip > first) {
            sum_strips(claims, in, row, 1, first, strip, ret);
        }
    }
}

/* Test sums over strips of rows [first_row, first_row + 2^level) at the widths above a segment.
 * True when it claimed. */
static bool test_strips(struct ls_claims *claims, const struct ls_cells *in,
                        const struct ls_limits *limits, size_t level, size_t first_row,
                        const float *strips, size_t count) {
    const float *sums = strips;
    bool claimed = false;
    for (size_t b = LS_SEGMENT_WIDTH; b < limits->widths && !claimed; b++) {
        /* Strips are half a segment: width 1 of the strips' own pyramid is one segment. */
        size_t width = b - LS_SEGMENT_WIDTH + 1;
        float *next = claims->sums + (b % 2) * in->channels;
        count = ls_claims_widen(next, sums, count, width);
        sums = next;
        for (size_t i = 0; b > LS_SEGMENT_WIDTH && i < count; i++) {
            struct ls_window window = {.row = first_row,
                                       .rows = (size_t)1 << level,
                                       .channel = i << (b - 1),
                                       .channels = (size_t)1 << b};
            size_t end = window.channel + window.channels;
            window.channels = (end < in->channels ? end : in->channels) - window.channel;
            /* Narrower windows have claimed since these were summed. */
            claimed =
                (sums[i] > limits->screen[level][b] &&
                 look_closer(claims, in, ls_limits_excess(limits, window.rows, window.channels),
                             ls_fit_excess(in, &window), &window)) ||
                claimed;
        }
    }
    return claimed;
}

/* The windows of a level >= 1 on sums of halves of them, of which there are so many. */
static void search_wide_level(struct ls_claims *claims, const struct ls_cells *in,
                              const struct ls_limits *limits, const bool *crossed, size_t level,
                              size_t halves) {
    size_t strips = claims->strip_count;
    size_t half_rows = (size_t)1 << (level - 1);
    float *sum = claims->row;
    for (size_t i = 0; i + 1 < halves; i++) {
        if (!crossed[i]) {
            continue;
        }
        float *left = claims->strips + i * strips;
        ls_rows_add(sum, left, left + strips, strips);
        if (test_strips(claims, in, limits, level, i * half_rows, sum, strips)) {
            /* All of the window's power beyond the noise is explained. */
            for (size_t s = 0; s < 2 * strips; s++) {
                float noise = (float)(half_rows * STRIP_CHANNELS);
                left[s] = left[s] > noise ? noise : left[s];
            }
        }
    }
}

/* Windows wider than a segment, over the whole band, from the first level on in which some crossed.
 */
static void search_wide(struct ls_claims *claims, const struct ls_cells *in,
                        const struct ls_limits *limits, const struct ls_crossings *crossings) {
    size_t strips = claims->strip_count;
    size_t level = 0;
    while (level < limits->levels && !crossings->wide[level]) {
        level++;
    }
    size_t half_rows = level > 0 ? (size_t)1 << (level - 1) : 1;
    size_t halves = in->rows / half_rows;
    for (size_t i = 0; i < halves && level < limits->levels; i++) {
        float *row = claims->strips + i * strips;
        if (half_rows > 1) {
            sum_strips(claims, in, i * half_rows, half_rows, 0, strips, row);
        } else {
            sum_unknown(claims, in, i, row);
        }
        if (level == 0 && crossings->rows[0][i] &&
            test_strips(claims, in, limits, 0, i, row, strips)) {
            sum_strips(claims, in, i, 1, 0, strips, row);
        }
    }
    for (level = level > 0 ? level : 1; level < limits->levels; level++) {
        if (crossings->wide[level]) {
            search_wide_level(claims, in, limits, crossings->rows[level], level, halves);
        }
        halves = fold_halves(claims->strips, halves, strips);
    }
}

/* Do windows wider than a segment cross in one row or two, which are made of single rows? */
static bool has_wide(const struct ls_limits *limits, const struct ls_crossings *crossings) {
    return crossings->wide[0] || (limits->levels > 1 && crossings->wide[1]);
}

static void search_regions(struct ls_claims *claims, const struct ls_cells *in,
                           const struct ls_limits *limits, const struct ls_crossings *crossings,
                           struct ls_blobs *blobs) {
    size_t segments = (in->channels + LS_SEGMENT_CHANNELS - 1) / LS_SEGMENT_CHANNELS;
    size_t s = 0;
    while (s < segments) {
        if (!crossings->segment[s]) {
            s++;
            continue;
        }
        size_t low = s > 0 ? s - 1 : 0;
        /* A gap of two segments is bridged: both sides want one of it. */
        size_t last = s;
        for (size_t k = s; k < segments && k <= last + 3; k++) {
            last = crossings->segment[k] ? k : last;
        }
        size_t high = (last + 2) * LS_SEGMENT_CHANNELS;
        struct region region = {.claims = claims,
                                .in = in,
                                .limits = limits,
                                .crossings = crossings,
                                .low = low * LS_SEGMENT_CHANNELS,
                                .count = (high < in->channels ? high : in->channels) -
                                         low * LS_SEGMENT_CHANNELS};
        region.strips = region.count == in->channels && has_wide(limits, crossings);
        search_region(&region, blobs);
        s = last + 1;
    }
}

/* Of the piece before, which may have had more rows: where it claimed nothing there are none. */
static void clear_marks(const struct ls_claims *claims, const struct ls_cells *in) {
    size_t panels = (in->channels + LS_PANEL_CHANNELS - 1) / LS_PANEL_CHANNELS;
    for (size_t panel = 0; panel < panels; panel++) {
        size_t low = panel * LS_PANEL_CHANNELS;
        while (panel < panels && in->claimed[panel]) {
            in->claimed[panel++] = false;
        }
        /* Whole rows of marks may have been set, beyond the last channel. */
        size_t high = panel == panels ? in->stride : panel * LS_PANEL_CHANNELS;
        for (size_t r = 0; low < high && low < panel * LS_PANEL_CHANNELS && r < claims->rows_max;
             r++) {
            memset(in->marks + r * in->stride + low, LS_MARK_FREE, high - low);
        }
    }
}

void ls_claims_make(struct ls_claims *claims, const struct ls_cells *in,
                    const struct ls_limits *limits, const struct ls_crossings *crossings,
                    struct ls_blobs *blobs) {
    clear_marks(claims, in);
    claims->fits = 0;
    memset(claims->known, false, in->rows * claims->strip_count * sizeof *claims->known);
    search_regions(claims, in, limits, crossings, blobs);
    search_wide(claims, in, limits, crossings);
}
