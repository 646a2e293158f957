#include "dsp/edges.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "dsp/mend.h"
#include "dsp/onset.h"
#include "dsp/profiles.h"

static const double EDGE_POWER = 0.25; /* of the box's power: half the amplitude */
/* Of the power behind an edge: the bank's response to a step has half the energy of its filter
 * there. In one channel a tone would have a quarter, and what is missing is in the channels beside
 * it. */
static const double CROSSING_POWER = 0.5;
/* Of the strongest channel: what is left of a box in frequency. Less while the converter clips,
 * which puts a pedestal 20 dB down around what drives it. */
static const double CHANNEL_POWER = 1e-3;
static const double CHANNEL_POWER_CLIPPED = 3e-2;
static const double SPLIT_POWER = 0.05; /* of the box's power: rows below are between two bursts */
static const double SPLIT_SNR = 20.0;   /* 13 dB: boxes weaker against their own noise stay whole */
static const double ON_SNR = 10.0;      /* 10 dB in the box's channels */
static const double RANGE_POWER = 1e-3; /* 30 dB: less than that beside the usual power is off */
enum { EDGE_ROWS = 4 };                 /* an edge's neighbourhood: its level is taken there */
/* Deviations of a row's noise, and of a weak box's usual power: between them a row is part of it.
 */
static const double WEAK_SIGMA = 2.0;
static const double STRONGER = 4.0;
enum { EXTEND_ROWS = 32 };
enum { SPLIT_ROWS = 2 };             /* of silence between two bursts; one alone is a fade */
enum { WEAK_SPLIT_ROWS = 5 };        /* where noise hides how deep a fade is */
static const double DEEP_SNR = 60.0; /* from here on a silent row is 13 dB down */
enum { ONSET_ROWS = LS_ONSET_ROWS_MAX / 2 }; /* on each side of a weak edge */
/* 20 dB in a row: what is weaker would be cut at an end of a piece by a row that
fades. */
static const double FADING_SNR = 100.0;
enum { LINE_CHANNELS = 3 }; /* a line and its clicks have no more */
/* 17 dB in a row: a row that much above its noise tells where it crosses. */
static const double CROSSING_SNR = 50.0;

struct ls_edges {
    double *profile; /* [max(rows_max, channels)] */
};

int ls_edges_create(struct ls_edges **ret, size_t rows_max, size_t channels) {
    struct ls_edges *edges = calloc(1, sizeof *edges);
    if (edges == NULL) {
        return LS_ERR_NOMEM;
    }
    edges->profile = calloc(rows_max > channels ? rows_max : channels, sizeof *edges->profile);
    if (edges->profile == NULL) {
        ls_edges_destroy(edges);
        return LS_ERR_NOMEM;
    }
    *ret = edges;
    return LS_OK;
}

void ls_edges_destroy(struct ls_edges *edges) {
    if (edges != NULL) {
        free(edges->profile);
        free(edges);
    }
}

/* Sums over its rows of the cells of each of the box's channels, less the noise. */
static void sum_channels(const struct ls_cells *in, const struct ls_box *box, double *ret) {
    const struct ls_area area = ls_area_of(box);
    ls_profiles_channels(in, &area, ret);
}

/* These sums as signal power of each channel. */
static void scale_channels(const struct ls_cells *in, const struct ls_box *box, double *sums) {
    for (size_t i = 0; i < box->channel_high - box->channel_low; i++) {
        sums[i] = sums[i] / (double)(box->row_stop - box->row_start) *
                  (double)in->floor_pow[box->channel_low + i];
    }
}

/* The same of each of the rows [from, stop) over the box's channels. */
static void measure_rows(const struct ls_cells *in, const struct ls_box *box, size_t from,
                         size_t stop, double *ret) {
    const struct ls_area area = {
        .row_start = from, .row_stop = stop, .low = box->channel_low, .high = box->channel_high};
    ls_profiles_rows(in, &area, ret);
}

static double row_power(const struct ls_cells *in, const struct ls_box *box, size_t r) {
    double power;
    measure_rows(in, box, r, r + 1, &power);
    return power;
}

/* Narrow the box to the channels that carry its power. The profile holds their sums. */
static void trim_channels(struct ls_edges *edges, const struct ls_cells *in, struct ls_box *box) {
    double share = in->clipped ? CHANNEL_POWER_CLIPPED : CHANNEL_POWER;
    double peak = 0.0;
    scale_channels(in, box, edges->profile + box->channel_low);
    for (size_t c = box->channel_low; c < box->channel_high; c++) {
        peak = fmax(peak, edges->profile[c]);
    }
    /* What noise alone leaves in the mean of a channel: one sigma of about as many looks as rows.
     */
    double noise = sqrt(1.0 / (double)(box->row_stop - box->row_start));
    uint32_t low = box->channel_high;
    uint32_t high = box->channel_low;
    for (uint32_t c = box->channel_low; c < box->channel_high; c++) {
        double least = fmax(share * peak, noise * (double)in->floor_pow[c]);
        if (edges->profile[c] >= least) {
            low = c < low ? c : low;
            high = c + 1;
        }
    }
    if (low < high) {
        box->channel_low = low;
        box->channel_high = high;
    }
}

/* Rows from an edge inward: power[0], power[step]... */
struct edge {
    double outside; /* power of the row before */
    const double *power;
    size_t rows;
    ptrdiff_t step;
};

/* Where the power crosses level, in frames; row 0 of the edge is row r, centred on 2 r + 0.5. A row
 * that is on may still be below the level: then it crosses before the next one. */
static double crossing(const struct edge *edge, double level, size_t r) {
    double before = edge->outside;
    double at = edge->power[0];
    if (at < level && edge->rows > 1 && edge->power[edge->step] > level) {
        before = at;
        at = edge->power[edge->step];
        r++;
    }
    double part = at > before ? (level - before) / (at - before) : 0.0;
    return 2.0 * ((double)r - 1.0 + fmin(1.0, fmax(0.0, part))) + 0.5;
}

/* The power while on, of a box that may be half empty or hold something weak beside something
 * strong: the mean weighted by power itself. */
static double usual_power(const double *power, size_t rows) {
    double sum = 0.0;
    double squares = 0.0;
    for (size_t i = 0; i < rows; i++) {
        double p = fmax(0.0, power[i]);
        sum += p;
        squares += p * p;
    }
    return sum > 0.0 ? squares / sum : 0.0;
}

/* Noise power of the box's channels in one row, and how far it scatters. */
static double box_noise(const struct ls_cells *in, const struct ls_box *box, double *ret_sigma) {
    double noise = 0.0;
    for (size_t c = box->channel_low; c < box->channel_high; c++) {
        noise += (double)in->floor_pow[c];
    }
    *ret_sigma = noise / sqrt((double)(box->channel_high - box->channel_low));
    return noise;
}

/* A row is on when it holds this share of the usual power, or stands 10 dB out of the noise and is
 * not what the bank's step response leaves of something stronger. */
static double on_power(double usual, double share, double noise) {
    return fmax(RANGE_POWER * usual, fmin(share * usual, ON_SNR * noise));
}

/* The second strongest of the EDGE_ROWS rows from row i on, in steps of step: the strongest is that
 * by chance; of two rows, the weaker is the edge. */
static double level_behind(const double *power, size_t rows, size_t i, int step) {
    double best = 0.0;
    double second = 0.0;
    size_t seen = 0;
    for (int k = 0; k < EDGE_ROWS; k++) {
        ptrdiff_t at = (ptrdiff_t)i + (ptrdiff_t)k * step;
        if (at >= 0 && at < (ptrdiff_t)rows) {
            second = fmax(second, fmin(best, power[at]));
            best = fmax(best, power[at]);
            seen++;
        }
    }
    return seen > 2 ? second : best;
}

/* Is there some of a weak box in row r? What is far stronger is something else. */
static bool goes_on(const struct ls_cells *in, const struct ls_box *box, size_t r, double usual,
                    double least) {
    double power = row_power(in, box, r);
    return power > least && power < STRONGER * usual;
}

/* Claims of a weak box end where noise took from it. A row alone may fade. Leaves the power of the
 * box's rows in the profile. */
static void extend_weak(struct ls_edges *edges, const struct ls_cells *in, struct ls_box *box) {
    size_t rows = box->row_stop - box->row_start;
    measure_rows(in, box, box->row_start, box->row_stop, edges->profile);
    double sigma;
    box_noise(in, box, &sigma);
    double usual = usual_power(edges->profile, rows);
    double least = fmax(EDGE_POWER * usual, WEAK_SIGMA * sigma);
    if (usual > SPLIT_SNR * sigma) {
        return;
    }
    size_t least_row = box->row_start > EXTEND_ROWS ? box->row_start - EXTEND_ROWS : 0;
    size_t most_row =
        box->row_stop + EXTEND_ROWS < in->rows ? box->row_stop + EXTEND_ROWS : in->rows;
    for (size_t r = box->row_start; r-- > least_row && r + 2 >= box->row_start;) {
        box->row_start = goes_on(in, box, r, usual, least) ? (uint32_t)r : box->row_start;
    }
    for (size_t r = box->row_stop; r < most_row && r < (size_t)box->row_stop + 2; r++) {
        box->row_stop = goes_on(in, box, r, usual, least) ? (uint32_t)r + 1 : box->row_stop;
    }
    if (box->row_stop - box->row_start > rows) {
        measure_rows(in, box, box->row_start, box->row_stop, edges->profile);
    }
}

/* What is silent for no longer than a fade at an end of the piece may go on in the next one: its
 * edges stay where they are, for what does not. */
static void reach_ends(const struct ls_cells *in, struct ls_box *box) {
    box->from_start = box->from_start || box->row_start <= SPLIT_ROWS;
    box->to_stop = box->to_stop || box->row_stop + SPLIT_ROWS >= in->rows;
}

/* Power of rows [from, from + count) in units of the noise, those of something far stronger than
 * level and all beyond them left out. Returns how many rows in order of step are left. */
static size_t rows_at_edge(const struct ls_cells *in, const struct ls_box *box, size_t edge,
                           int step, double level, double *ret_power, size_t *ret_outside) {
    double sigma;
    double noise = box_noise(in, box, &sigma);
    size_t inside = (box->row_stop - box->row_start + 1) / 2;
    size_t outside = step > 0 ? edge : in->rows - 1 - edge;
    inside = inside < ONSET_ROWS ? inside : ONSET_ROWS;
    outside = outside < ONSET_ROWS ? outside : ONSET_ROWS;
    size_t left = 0;
    while (left < outside &&
           row_power(in, box, (size_t)((ptrdiff_t)edge - (ptrdiff_t)(left + 1) * step)) <
               STRONGER * level * noise) {
        left++;
    }
    for (size_t i = 0; i < left + inside; i++) {
        ptrdiff_t r = (ptrdiff_t)edge + ((ptrdiff_t)i - (ptrdiff_t)left) * step;
        ret_power[i] = 1.0 + row_power(in, box, (size_t)r) / noise;
    }
    *ret_outside = left;
    return left + inside;
}

/* How far the box's power is in one channel: 0 when half of it is elsewhere, 1 when all is there.
 */
static double aloneness(const struct ls_cells *in, const struct ls_box *box) {
    if (box->channel_high - box->channel_low > LINE_CHANNELS) {
        return 0.0;
    }
    double powers[LINE_CHANNELS];
    double sum = 0.0;
    double most = 0.0;
    sum_channels(in, box, powers);
    scale_channels(in, box, powers);
    for (size_t i = 0; i < box->channel_high - box->channel_low; i++) {
        double power = fmax(0.0, powers[i]);
        sum += power;
        most = fmax(most, power);
    }
    return sum > 0.0 ? fmax(0.0, 2.0 * most / sum - 1.0) : 0.0;
}

/* Edges of a weak box: no row tells alone. */
static void fit_rows(const struct ls_cells *in, struct ls_box *box, double level) {
    double power[2 * ONSET_ROWS];
    size_t outside;
    const struct ls_onset onset = {.level = level,
                                   .alone = aloneness(in, box),
                                   .channels = box->channel_high - box->channel_low};
    if (!box->from_start) {
        size_t rows = rows_at_edge(in, box, box->row_start, 1, level, power, &outside);
        box->start_frame = (float)(2.0 * ((double)box->row_start - (double)outside) +
                                   ls_onset_find(&onset, power, rows));
    }
    if (!box->to_stop) {
        size_t rows = rows_at_edge(in, box, box->row_stop - 1, -1, level, power, &outside);
        box->stop_frame = (float)(2.0 * ((double)box->row_stop + (double)outside) - 1.0 -
                                  ls_onset_find(&onset, power, rows));
    }
    box->stop_frame = fmaxf(box->stop_frame, box->start_frame + 0.5F);
}

/* A weak box keeps the edges that fit it (dsp/mend.h): no row or channel tells alone. */
static void keep_rows(struct ls_edges *edges, const struct ls_cells *in, struct ls_box *box) {
    double energy = 0.0;
    measure_rows(in, box, box->row_start, box->row_stop, edges->profile);
    for (size_t i = 0; i < box->row_stop - box->row_start; i++) {
        energy += edges->profile[i];
    }
    double sigma;
    double level = energy / ((double)(box->row_stop - box->row_start) * box_noise(in, box, &sigma));
    box->from_start = box->row_start == 0;
    box->to_stop = box->row_stop == in->rows;
    box->start_frame = 0.0F;
    box->stop_frame = (float)(2 * in->rows);
    if (level > 0.0) {
        fit_rows(in, box, level);
    }
    box->excess_pow = 2.0 * energy / (double)(box->stop_frame - box->start_frame);
}

/* Edges in time, and the power between them, of rows whose power is in the profile. False when
 * nothing is left. A row is on when it reaches half the amplitude of the box, or stands out of the
 * noise by 10 dB: a transmitter that fades in is on from the beginning. The edge is then at half
 * the power of what lies just behind it. */
static bool trim_rows(const struct ls_edges *edges, const struct ls_cells *in, struct ls_box *box) {
    size_t rows = box->row_stop - box->row_start;
    const double *power = edges->profile;
    double sigma;
    double usual = usual_power(power, rows);
    double noise = box_noise(in, box, &sigma);
    double on = on_power(usual, EDGE_POWER, noise);
    size_t first = 0;
    while (first < rows && power[first] < on) {
        first++;
    }
    size_t last = rows;
    while (last > first && power[last - 1] < on) {
        last--;
    }
    double behind = level_behind(power, rows, first, 1);
    while (first < last && power[first] < EDGE_POWER * behind) {
        first++;
    }
    double stop_behind = last > 0 ? level_behind(power, rows, last - 1, -1) : 0.0;
    while (last > first && power[last - 1] < EDGE_POWER * stop_behind) {
        last--;
    }
    if (first >= last || behind <= 0.0) {
        return false;
    }
    double energy = 0.0;
    for (size_t i = first; i < last; i++) {
        energy += 2.0 * power[i];
    }
    size_t start = box->row_start + first;
    size_t stop = box->row_start + last;
    box->from_start = start == 0;
    box->to_stop = stop == in->rows;
    double before = start > 0 ? row_power(in, box, start - 1) : 0.0;
    double after = stop < in->rows ? row_power(in, box, stop) : 0.0;
    struct edge edge = {.outside = before, .power = power + first, .rows = last - first, .step = 1};
    box->start_frame =
        box->from_start ? 0.0F : (float)crossing(&edge, CROSSING_POWER * behind, start);
    /* Mirrored in time. */
    edge = (struct edge){
        .outside = after, .power = power + last - 1, .rows = last - first, .step = -1};
    double back = crossing(&edge, CROSSING_POWER * stop_behind, in->rows - stop);
    box->stop_frame =
        box->to_stop ? (float)(2 * in->rows) : (float)(2.0 * (double)in->rows - 1.0 - back);
    box->stop_frame = fmaxf(box->stop_frame, box->start_frame + 0.5F);
    box->row_start = (uint32_t)start;
    box->row_stop = (uint32_t)stop;
    if (usual < CROSSING_SNR * sigma) {
        fit_rows(in, box, energy / (2.0 * (double)(last - first) * noise));
    }
    energy += box->from_start ? 0.0 : 2.0 * fmax(0.0, before);
    energy += box->to_stop ? 0.0 : 2.0 * fmax(0.0, after);
    box->excess_pow = energy / (double)(box->stop_frame - box->start_frame);
    return true;
}

/* Is a row of it that falls below half the amplitude no proof that it is off? */
static bool may_fade(const struct ls_cells *in, const struct ls_box *box) {
    double sigma;
    box_noise(in, box, &sigma);
    return box->excess_pow < FADING_SNR * sigma;
}

/* Of half of the box's channels: it is about the receiver's own line. Else such a line says little:
 * as much of it as there is noise beside it. */
static struct ls_cells heard_in(const struct ls_cells *in, const struct ls_box *box) {
    struct ls_cells heard = *in;
    size_t lines = 0;
    for (size_t c = box->channel_low; c < box->channel_high; c++) {
        lines += in->noise_pow[c] < in->floor_pow[c] ? 1 : 0;
    }
    bool about_line = 2 * lines >= box->channel_high - box->channel_low;
    heard.floor_pow = about_line ? in->floor_pow : in->noise_pow;
    return heard;
}

/* False when nothing is left. The profile holds sums of its channels. */
static bool measure_strong(struct ls_edges *edges, const struct ls_cells *in, struct ls_box *box) {
    const struct ls_box claimed = *box;
    trim_channels(edges, in, box);
    extend_weak(edges, in, box);
    if (!trim_rows(edges, in, box)) {
        return false;
    }
    if (may_fade(in, box)) {
        reach_ends(in, box);
    }
    if (box->row_start != claimed.row_start || box->row_stop != claimed.row_stop) {
        /* A box that lost its empty ends shows its channels better. */
        sum_channels(in, box, edges->profile + box->channel_low);
        trim_channels(edges, in, box);
    }
    return true;
}

static bool measure(struct ls_edges *edges, const struct ls_cells *in, struct ls_box *box) {
    double *sums = edges->profile + box->channel_low;
    double excess = 0.0;
    sum_channels(in, box, sums);
    for (size_t i = 0; i < box->channel_high - box->channel_low; i++) {
        excess += sums[i];
    }
    if (ls_mend_is_weak(box, excess)) {
        keep_rows(edges, in, box);
        reach_ends(in, box);
    } else if (!measure_strong(edges, in, box)) {
        return false;
    }
    box->floor_pow = 0.0;
    for (size_t c = box->channel_low; c < box->channel_high; c++) {
        box->floor_pow += (double)in->floor_pow[c];
    }
    return box->excess_pow > 0.0;
}

bool ls_edges_measure(struct ls_edges *edges, const struct ls_cells *in, struct ls_box *box) {
    const struct ls_cells heard = heard_in(in, box);
    return measure(edges, &heard, box);
}

/* So many rows with less. */
struct silence {
    double least;
    size_t rows;
};

/* Box i keeps what comes before its first silence; each later burst in it becomes a box of its own.
 * profile holds its rows' power. */
static size_t cut_at_silences(const struct ls_edges *edges, struct ls_box *boxes, size_t i,
                              const struct silence *silence, size_t total, size_t room) {
    struct ls_box whole = boxes[i];
    struct ls_box *open = &boxes[i];
    size_t rows = whole.row_stop - whole.row_start;
    size_t last_on = 0;
    for (size_t r = 1; r < rows; r++) {
        if (edges->profile[r] < silence->least) {
            continue;
        }
        if (r - last_on > silence->rows && total < room) {
            open->row_stop = whole.row_start + (uint32_t)last_on + 1;
            open = &boxes[total++];
            *open = whole;
            open->row_start = whole.row_start + (uint32_t)r;
        }
        last_on = r;
    }
    return total;
}

size_t ls_edges_split(struct ls_edges *edges, const struct ls_cells *in, struct ls_box *boxes,
                      size_t count, size_t room) {
    size_t total = count;
    for (size_t i = 0; i < count; i++) {
        struct ls_box *box = &boxes[i];
        size_t rows = box->row_stop - box->row_start;
        if (rows < 2 + SPLIT_ROWS) {
            continue;
        }
        double sigma;
        const struct ls_cells heard = heard_in(in, box);
        double noise = box_noise(&heard, box, &sigma);
        measure_rows(&heard, box, box->row_start, box->row_stop, edges->profile);
        double level = usual_power(edges->profile, rows);
        if (level < SPLIT_SNR * sigma) {
            continue;
        }
        struct silence silence = {.least = fmax(on_power(level, SPLIT_POWER, noise), 3.0 * sigma),
                                  .rows = level < DEEP_SNR * sigma ? WEAK_SPLIT_ROWS : SPLIT_ROWS};
        total = cut_at_silences(edges, boxes, i, &silence, total, room);
    }
    return total;
}
