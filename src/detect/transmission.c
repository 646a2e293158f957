#include "detect/transmission.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "classify/classify.h"
#include "detect/tdma.h"

enum {
    LATTICE_BURSTS = 256,   /* the first so many burst starts decide on the lattice */
    LATTICE_BURSTS_MIN = 8, /* fewer say nothing */
};

static const double LATTICE_SLOP = 0.05; /* of the period: jitter of one burst's start */
static const double LATTICE_SHARE = 0.8; /* of the intervals that must be multiples of the period */
static const double SHARED_BAND = 0.3;   /* of the narrower of burst and transmission */
static const double SAME_SLOT = 0.35;    /* of a slot: how far from its turn a burst may begin */
static const double SAME_CENTER =
    0.6; /* of the wider bandwidth: centres this close are one radio */

struct open_row {
    int64_t number;
    int64_t start_ns;
    int64_t stop_ns;
    size_t on; /* bursts that have begun and not ended */
    bool takes_turns;
    int64_t turn_ns; /* start of the last burst in a TDMA slot, once it takes turns */
    uint64_t bursts;
    double energy; /* level in linear power times seconds */
    double noise;  /* noise power in the band times seconds */
    double on_s;
    double low_hz; /* edges weighted by energy */
    double high_hz;
    struct ls_spectrum spectrum;
    struct ls_features features;
    struct ls_carrier carrier;
    struct ls_trail_builder trail;
    double noise_per_bin_s; /* noise power of a fine bin times seconds */
    uint32_t flags;
    uint32_t first_flags;
    uint32_t last_flags;
    int64_t starts_ns[LATTICE_BURSTS];
    float lengths_s[LATTICE_BURSTS];
    size_t lattice_count;
};

struct ls_transmissions {
    struct ls_transmissions_opts opts;
    struct ls_burst_listener listener;
    struct ls_stretch stretch;
    struct open_row **rows; /* open ones, in order of number */
    size_t count;
    size_t room;
    int64_t next_number;
};

static int burst_begins(void *context, const struct ls_burst *now, uint64_t *ret_owner,
                        struct ls_err *err);
static int burst_ends(void *context, const struct ls_burst *burst,
                      const struct ls_spectrum *spectrum, double noise_per_bin, uint64_t owner,
                      struct ls_err *err);

static void burst_part(void *context, const struct ls_burst_part *part, uint64_t owner);

int ls_transmissions_create(struct ls_transmissions **ret, const struct ls_transmissions_opts *opts,
                            struct ls_err *err) {
    struct ls_transmissions *all = calloc(1, sizeof *all);
    if (all == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for transmissions");
    }
    all->opts = *opts;
    all->listener = (struct ls_burst_listener){
        .context = all, .begins = burst_begins, .part = burst_part, .ends = burst_ends};
    all->next_number = 1;
    *ret = all;
    return LS_OK;
}

static void free_row(struct open_row *row) {
    ls_spectrum_finish(&row->spectrum);
    free(row);
}

void ls_transmissions_destroy(struct ls_transmissions *all) {
    if (all == NULL) {
        return;
    }
    for (size_t i = 0; i < all->count; i++) {
        free_row(all->rows[i]);
    }
    free(all->rows);
    free(all);
}

const struct ls_burst_listener *ls_transmissions_listener(struct ls_transmissions *all) {
    return &all->listener;
}

void ls_transmissions_begin(struct ls_transmissions *all, const struct ls_stretch *stretch) {
    all->stretch = *stretch;
}

static double hang_s(const struct ls_transmissions *all, double hz) {
    return all->opts.hang_s(all->opts.hang_context, hz);
}

/* How much of the narrower band the two share, 0..1. */
static double shared_band(const struct open_row *row, double low_hz, double high_hz) {
    double common = fmin(row->high_hz, high_hz) - fmax(row->low_hz, low_hz);
    double narrow = fmin(row->high_hz - row->low_hz, high_hz - low_hz);
    return narrow > 0.0 ? common / narrow : 0.0;
}

/* Bursts of TDMA form in another slot of the frame are of another radio on the carrier. */
static bool same_slot(const struct open_row *row, const struct ls_burst *burst) {
    const struct ls_tdma *tdma = ls_tdma_of((double)burst->duration_ns / 1e9, burst->bandwidth_hz);
    return tdma == NULL || !row->takes_turns ||
           fabs(ls_tdma_apart_s(tdma, row->turn_ns, burst->start_ns)) <= SAME_SLOT * tdma->slot_s;
}

static struct open_row *find_row(const struct ls_transmissions *all, const struct ls_burst *burst) {
    double low = burst->center_hz - burst->bandwidth_hz / 2.0;
    double high = burst->center_hz + burst->bandwidth_hz / 2.0;
    /* Neighbours within a channel's spacing are one radio whose narrow bursts were measured apart.
     */
    double slack = 0.5 * ls_stretch_spacing_hz(&all->stretch);
    int64_t hang_ns = ls_ns_from_seconds(hang_s(all, burst->center_hz));
    struct open_row *best = NULL;
    double best_distance = INFINITY;
    for (size_t i = 0; i < all->count; i++) {
        struct open_row *row = all->rows[i];
        double distance = fabs(0.5 * (row->low_hz + row->high_hz) - burst->center_hz);
        bool in_time = row->on > 0 || burst->start_ns - row->stop_ns <= hang_ns;
        double widest = fmax(burst->bandwidth_hz, row->high_hz - row->low_hz);
        bool in_band = distance <= fmax(slack, SAME_CENTER * widest) ||
                       shared_band(row, low, high) >= SHARED_BAND;
        if (in_time && in_band && distance < best_distance && same_slot(row, burst)) {
            best = row;
            best_distance = distance;
        }
    }
    return best;
}

static struct open_row *add_row(struct ls_transmissions *all, const struct ls_burst *burst) {
    struct open_row *row = calloc(1, sizeof *row);
    if (row == NULL ||
        ls_grow((void **)&all->rows, &all->room, all->count, sizeof *all->rows) != LS_OK) {
        free(row);
        return NULL;
    }
    row->number = all->next_number++;
    row->start_ns = burst->start_ns;
    row->stop_ns = burst->start_ns;
    row->low_hz = burst->center_hz - burst->bandwidth_hz / 2.0;
    row->high_hz = burst->center_hz + burst->bandwidth_hz / 2.0;
    row->first_flags = burst->flags;
    all->rows[all->count++] = row;
    return row;
}

static int burst_begins(void *context, const struct ls_burst *now, uint64_t *ret_owner,
                        struct ls_err *err) {
    struct ls_transmissions *all = context;
    struct open_row *row = find_row(all, now);
    if (row == NULL) {
        row = add_row(all, now);
    }
    if (row == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for transmissions");
    }
    if (ls_tdma_of((double)now->duration_ns / 1e9, now->bandwidth_hz) != NULL) {
        row->takes_turns = true;
        row->turn_ns = now->start_ns;
    }
    row->on++;
    *ret_owner = (uint64_t)row->number;
    return LS_OK;
}

static struct open_row *row_by_number(const struct ls_transmissions *all, uint64_t number) {
    for (size_t i = 0; i < all->count; i++) {
        if ((uint64_t)all->rows[i]->number == number) {
            return all->rows[i];
        }
    }
    return NULL;
}

static void burst_part(void *context, const struct ls_burst_part *part, uint64_t owner) {
    struct open_row *row = row_by_number(context, owner);
    double carrier_hz = part->carrier.sum_hz / part->carrier.weight;
    /* A wide box that holds more than this radio may show somebody else's carrier. */
    if (row == NULL || carrier_hz < row->low_hz || carrier_hz > row->high_hz) {
        return;
    }
    ls_carrier_add(&row->carrier, &part->carrier);
    ls_trail_add(&row->trail, part);
}

static void add_burst(struct open_row *row, const struct ls_burst *burst, double noise_per_bin) {
    double seconds = (double)burst->duration_ns / 1e9;
    double power = pow(10.0, burst->level_dbfs / 10.0);
    double energy = power * seconds;
    double share = energy / (row->energy + energy);
    double low = burst->center_hz - burst->bandwidth_hz / 2.0;
    double high = burst->center_hz + burst->bandwidth_hz / 2.0;
    row->low_hz += share * (low - row->low_hz);
    row->high_hz += share * (high - row->high_hz);
    row->energy += energy;
    row->noise += power / pow(10.0, burst->snr_db / 10.0) * seconds;
    row->noise_per_bin_s += noise_per_bin * seconds;
    row->on_s += seconds;
    row->flags |= burst->flags & ~(uint32_t)(LS_BURST_CUT_START | LS_BURST_CUT_STOP);
    int64_t stop_ns = burst->start_ns + burst->duration_ns;
    if (burst->start_ns < row->start_ns || row->bursts == 0) {
        row->start_ns = burst->start_ns;
        row->first_flags = burst->flags;
    }
    if (stop_ns > row->stop_ns) {
        row->stop_ns = stop_ns;
        row->last_flags = burst->flags;
    }
    if (row->lattice_count < LATTICE_BURSTS) {
        row->starts_ns[row->lattice_count] = burst->start_ns;
        row->lengths_s[row->lattice_count++] = (float)seconds;
    }
    ls_features_add(&row->features, &burst->features);
    row->bursts++;
}

static int burst_ends(void *context, const struct ls_burst *burst,
                      const struct ls_spectrum *spectrum, double noise_per_bin, uint64_t owner,
                      struct ls_err *err) {
    struct ls_transmissions *all = context;
    struct open_row *row = row_by_number(all, owner);
    if (row == NULL) {
        return ls_err_set(err, LS_ERR_ARG, "a burst ended in a transmission that is over");
    }
    row->on--;
    add_burst(row, burst, noise_per_bin);
    if (ls_spectrum_add_all(&row->spectrum, spectrum, noise_per_bin) != LS_OK) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for the spectrum of a transmission");
    }
    return all->opts.burst == NULL ? LS_OK
                                   : all->opts.burst(all->opts.context, burst, row->number, err);
}

static int compare_times(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int compare_lengths(const void *a, const void *b) {
    float x = *(const float *)a;
    float y = *(const float *)b;
    return (x > y) - (x < y);
}

/* How many of the intervals are whole multiples of period, and the period that fits those best. */
static size_t fit_period(const int64_t *intervals, size_t n, double *period_ns) {
    size_t fitting = 0;
    double weight = 0.0;
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        double multiple = round((double)intervals[i] / *period_ns);
        double error = fabs((double)intervals[i] - multiple * *period_ns);
        if (multiple >= 1.0 && error <= LATTICE_SLOP * *period_ns) {
            fitting++;
            sum += (double)intervals[i] * multiple;
            weight += multiple * multiple;
        }
    }
    if (weight > 0.0) {
        *period_ns = sum / weight;
    }
    return fitting;
}

/* The lattice of the burst starts: the median interval, when nearly all intervals are multiples of
 * it. NAN without one. Starts are sorted in place. */
static double lattice_period_s(struct open_row *row) {
    size_t n = row->lattice_count;
    if (n < LATTICE_BURSTS_MIN) {
        return NAN;
    }
    qsort(row->starts_ns, n, sizeof *row->starts_ns, compare_times);
    int64_t intervals[LATTICE_BURSTS];
    int64_t sorted[LATTICE_BURSTS];
    for (size_t i = 0; i + 1 < n; i++) {
        intervals[i] = row->starts_ns[i + 1] - row->starts_ns[i];
        sorted[i] = intervals[i];
    }
    qsort(sorted, n - 1, sizeof *sorted, compare_times);
    size_t middle = (n - 1) / 2;
    double period_ns = (double)sorted[middle];
    if (period_ns <= 0.0) {
        return NAN;
    }
    fit_period(intervals, n - 1, &period_ns);
    size_t fitting = fit_period(intervals, n - 1, &period_ns);
    if ((double)fitting < LATTICE_SHARE * (double)(n - 1)) {
        return NAN;
    }
    return period_ns / 1e9;
}

/* Centre and bandwidth from the gathered spectrum, else from the bursts' edges. */
static void measure_frequency(const struct ls_transmissions *all, const struct open_row *row,
                              struct ls_transmission *ret) {
    double low = row->low_hz;
    double high = row->high_hz;
    double noise = row->noise_per_bin_s / row->on_s;
    if (row->on_s > 0.0 && ls_spectrum_stands_out(&row->spectrum, noise)) {
        struct ls_occupied occupied = ls_spectrum_occupied(&row->spectrum, noise);
        low = ls_stretch_bin_hz(&all->stretch, occupied.low_bin);
        high = ls_stretch_bin_hz(&all->stretch, occupied.high_bin);
    }
    double width = fmax(high - low, all->stretch.tuning.rate_sps / (double)all->stretch.fine_bins);
    ret->center_hz = ls_stretch_round(0.5 * (low + high), 10.0);
    ret->bandwidth_hz = ls_stretch_round(width, 10.0);
}

/* Carrier from the middle of its channel. */
static double offset_of(const struct ls_transmissions *all, const struct open_row *row) {
    if (row->carrier.weight <= 0.0 || all->opts.channel_hz == NULL) {
        return (double)NAN;
    }
    double carrier_hz = row->carrier.sum_hz / row->carrier.weight;
    double channel_hz = all->opts.channel_hz(all->opts.hang_context, carrier_hz);
    return ls_stretch_round(carrier_hz - channel_hz, 10.0);
}

/* Lengths and gaps of the bursts, which must be in the order in which they came. */
static void measure_train(const struct ls_transmissions *all, struct open_row *row) {
    double fit = ls_train_fit(row->starts_ns, row->lengths_s, row->lattice_count,
                              ls_stretch_seconds(&all->stretch, 1.0));
    row->features.weight[LS_FEATURE_TRAIN_FIT] = 0.0F;
    row->features.sum[LS_FEATURE_TRAIN_FIT] = 0.0F;
    ls_features_set(&row->features, LS_FEATURE_TRAIN_FIT, fit, 1.0);
}

/* After everything else has been filled in. */
static void name_class(const struct open_row *row, struct ls_transmission *ret) {
    struct ls_evidence evidence = {.features = &row->features,
                                   .bandwidth_hz = ret->bandwidth_hz,
                                   .snr_db = ret->snr_db,
                                   .duration_s = (double)ret->duration_ns / 1e9,
                                   .on_s = ret->on_s,
                                   .burst_s = ret->burst_s,
                                   .period_s = ret->period_s,
                                   .bursts = (double)ret->bursts};
    struct ls_verdict verdict = ls_classify(&evidence);
    ls_copy_text(ret->class_name, sizeof ret->class_name, verdict.class_name);
    ls_copy_text(ret->class_rivals, sizeof ret->class_rivals, verdict.rivals);
    ret->class_score = ls_stretch_round(verdict.score, 100.0);
}

static void fill_row(const struct ls_transmissions *all, struct open_row *row,
                     struct ls_transmission *ret) {
    memset(ret, 0, sizeof *ret);
    ret->id = row->number;
    ret->start_ns = row->start_ns;
    ret->duration_ns = row->stop_ns - row->start_ns;
    measure_frequency(all, row, ret);
    double mean_pow = row->energy / row->on_s;
    /* The bursts' noise was taken in their own bandwidths; the row's is that of the row's
     * bandwidth. */
    double burst_hz = fmax(row->high_hz - row->low_hz, 1e-9);
    double noise_pow = row->noise / row->on_s * ret->bandwidth_hz / burst_hz;
    ret->snr_db = ls_stretch_round(10.0 * log10(mean_pow / noise_pow), 100.0);
    ret->level_dbfs = ls_stretch_round(10.0 * log10(mean_pow), 100.0);
    ret->offset_hz = offset_of(all, row);
    ls_trail_finish(&row->trail, ret->start_ns, ret->center_hz, &ret->trail);
    ret->bursts = row->bursts;
    ret->on_s = ls_stretch_round(fmin(row->on_s, (double)ret->duration_ns / 1e9), 1e6);
    measure_train(all, row);
    ret->period_s = ls_stretch_round(lattice_period_s(row), 1e9);
    qsort(row->lengths_s, row->lattice_count, sizeof *row->lengths_s, compare_lengths);
    ret->burst_s = ls_stretch_round((double)row->lengths_s[row->lattice_count / 2], 1e6);
    ret->flags = row->flags | (row->first_flags & LS_BURST_CUT_START) |
                 (row->last_flags & LS_BURST_CUT_STOP);
    name_class(row, ret);
}

/* End the rows that are over: silent for longer than their hang time, or every one. In order of
 * number. */
static int end_rows(struct ls_transmissions *all, int64_t now_ns, bool every, struct ls_err *err) {
    int code = LS_OK;
    size_t kept = 0;
    for (size_t i = 0; i < all->count; i++) {
        struct open_row *row = all->rows[i];
        int64_t hang_ns = ls_ns_from_seconds(hang_s(all, 0.5 * (row->low_hz + row->high_hz)));
        bool over = row->on == 0 && (every || now_ns - row->stop_ns > hang_ns);
        if (!over || code != LS_OK) {
            all->rows[kept++] = row;
            continue;
        }
        struct ls_transmission finished;
        fill_row(all, row, &finished);
        if (all->opts.features != NULL) {
            all->opts.features(all->opts.context, &row->features);
        }
        free_row(row);
        code = all->opts.done(all->opts.context, &finished, err);
    }
    all->count = kept;
    return code;
}

int ls_transmissions_advance(struct ls_transmissions *all, int64_t now_ns, struct ls_err *err) {
    return end_rows(all, now_ns, false, err);
}

/* A copy of a row, to which the bursts that are on are added. */
struct so_far {
    const struct open_row *row;
    struct open_row copy;
};

static void add_so_far(void *context, const struct ls_burst *now, double noise_per_bin,
                       uint64_t owner) {
    struct so_far *so_far = context;
    if (owner == (uint64_t)so_far->row->number) {
        add_burst(&so_far->copy, now, noise_per_bin);
    }
}

int ls_transmissions_open(const struct ls_transmissions *all, const struct ls_bursts *bursts,
                          int64_t since_ns,
                          int (*each)(void *context, const struct ls_transmission *row,
                                      struct ls_err *err),
                          void *context, struct ls_err *err) {
    int code = LS_OK;
    for (size_t i = 0; i < all->count && code == LS_OK; i++) {
        struct so_far so_far = {.row = all->rows[i], .copy = *all->rows[i]};
        if (so_far.copy.start_ns >= since_ns) {
            continue;
        }
        if (so_far.copy.on > 0) {
            ls_bursts_each(bursts, add_so_far, &so_far);
        }
        if (so_far.copy.bursts > 0) {
            struct ls_transmission row;
            fill_row(all, &so_far.copy, &row);
            row.flags |= LS_BURST_CUT_STOP;
            code = each(context, &row, err);
        }
    }
    return code;
}

int ls_transmissions_end(struct ls_transmissions *all, struct ls_err *err) {
    return end_rows(all, 0, true, err);
}
