/* Boxes become edges in time; between two edges nothing changes, so each such slice has an observed
 * width and an occupied width. Slices of no observed width are dropped, which closes up the gaps.
 * Everything after that works on the list of slices. */
#include "report/occupancy.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/util.h"

struct edge {
    int64_t t_ns;
    bool starts;
    bool is_transmission;
    size_t box;
};

struct slice {
    double observed; /* seconds times Hz */
    double occupied;
};

struct range {
    double low_hz;
    double high_hz;
};

/* Boxes that are open at the moment, as ranges clipped to the band, with the box they came from. */
struct open_set {
    struct range *ranges;
    size_t *boxes;
    size_t count;
};

struct sweep {
    const struct ls_occupancy_input *input;
    struct range band;
    struct edge *edges;
    size_t edge_count;
    struct open_set observed;
    struct open_set transmissions;
    bool *seen; /* by transmission: some of it was within what was observed */
    struct range *merged_observed;
    struct range *merged_transmissions;
    struct slice *slices;
    size_t slice_count;
    int64_t observed_ns;
    int64_t busy_ns;
};

static int compare_edges(const void *a, const void *b) {
    const struct edge *x = a;
    const struct edge *y = b;
    return (x->t_ns > y->t_ns) - (x->t_ns < y->t_ns);
}

static int compare_ranges(const void *a, const void *b) {
    const struct range *x = a;
    const struct range *y = b;
    return (x->low_hz > y->low_hz) - (x->low_hz < y->low_hz);
}

static bool open_create(struct open_set *set, size_t room) {
    set->ranges = calloc(room + 1, sizeof *set->ranges);
    set->boxes = calloc(room + 1, sizeof *set->boxes);
    return set->ranges != NULL && set->boxes != NULL;
}

static void open_add(struct open_set *set, size_t box, struct range range) {
    set->ranges[set->count] = range;
    set->boxes[set->count] = box;
    set->count++;
}

static void open_remove(struct open_set *set, size_t box) {
    size_t i = 0;
    while (set->boxes[i] != box) {
        i++;
    }
    set->count--;
    set->ranges[i] = set->ranges[set->count];
    set->boxes[i] = set->boxes[set->count];
}

/* Union of the open ranges, ascending, disjoint. */
static size_t merge(const struct open_set *set, struct range *ret) {
    for (size_t i = 0; i < set->count; i++) {
        ret[i] = set->ranges[i];
    }
    qsort(ret, set->count, sizeof *ret, compare_ranges);
    size_t n = 0;
    for (size_t i = 0; i < set->count; i++) {
        if (n > 0 && ret[i].low_hz <= ret[n - 1].high_hz) {
            ret[n - 1].high_hz = fmax(ret[n - 1].high_hz, ret[i].high_hz);
        } else {
            ret[n++] = ret[i];
        }
    }
    return n;
}

static double width(const struct range *ranges, size_t n) {
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum += ranges[i].high_hz - ranges[i].low_hz;
    }
    return sum;
}

/* Width that both have; both ascending and disjoint. */
static double common_width(const struct range *a, size_t na, const struct range *b, size_t nb) {
    double sum = 0.0;
    size_t i = 0;
    size_t j = 0;
    while (i < na && j < nb) {
        double low = fmax(a[i].low_hz, b[j].low_hz);
        double high = fmin(a[i].high_hz, b[j].high_hz);
        sum += fmax(0.0, high - low);
        if (a[i].high_hz < b[j].high_hz) {
            i++;
        } else {
            j++;
        }
    }
    return sum;
}

static struct range clip(const struct ls_occupancy_box *box, struct range band) {
    return (struct range){fmax(box->low_hz, band.low_hz), fmin(box->high_hz, band.high_hz)};
}

static void add_edges(struct sweep *sweep, const struct ls_occupancy_box *boxes, size_t count,
                      bool is_transmission) {
    for (size_t i = 0; i < count; i++) {
        struct range inside = clip(&boxes[i], sweep->band);
        if (inside.high_hz > inside.low_hz && boxes[i].stop_ns > boxes[i].start_ns) {
            sweep->edges[sweep->edge_count++] =
                (struct edge){boxes[i].start_ns, true, is_transmission, i};
            sweep->edges[sweep->edge_count++] =
                (struct edge){boxes[i].stop_ns, false, is_transmission, i};
        }
    }
}

static void take_edge(struct sweep *sweep, const struct edge *edge) {
    struct open_set *set = edge->is_transmission ? &sweep->transmissions : &sweep->observed;
    const struct ls_occupancy_box *boxes =
        edge->is_transmission ? sweep->input->transmissions : sweep->input->observed;
    if (edge->starts) {
        open_add(set, edge->box, clip(&boxes[edge->box], sweep->band));
    } else {
        open_remove(set, edge->box);
    }
}

static void mark_seen(struct sweep *sweep, const struct range *observed, size_t n) {
    for (size_t i = 0; i < sweep->transmissions.count; i++) {
        size_t box = sweep->transmissions.boxes[i];
        sweep->seen[box] =
            sweep->seen[box] || common_width(&sweep->transmissions.ranges[i], 1, observed, n) > 0.0;
    }
}

/* From the edge just taken to the next. */
static void add_slice(struct sweep *sweep, int64_t duration_ns) {
    size_t observed = merge(&sweep->observed, sweep->merged_observed);
    double observed_hz = width(sweep->merged_observed, observed);
    if (duration_ns == 0 || observed_hz <= 0.0) {
        return;
    }
    size_t busy = merge(&sweep->transmissions, sweep->merged_transmissions);
    double occupied_hz =
        common_width(sweep->merged_observed, observed, sweep->merged_transmissions, busy);
    mark_seen(sweep, sweep->merged_observed, observed);
    double duration_s = (double)duration_ns / 1e9;
    sweep->slices[sweep->slice_count++] =
        (struct slice){duration_s * observed_hz, duration_s * occupied_hz};
    sweep->observed_ns += duration_ns;
    sweep->busy_ns += occupied_hz > 0.0 ? duration_ns : 0;
}

static bool sweep_create(struct sweep *sweep) {
    size_t observed = sweep->input->observed_count;
    size_t transmissions = sweep->input->transmission_count;
    size_t edges = 2 * (observed + transmissions) + 1;
    sweep->edges = calloc(edges, sizeof *sweep->edges);
    sweep->slices = calloc(edges, sizeof *sweep->slices);
    sweep->seen = calloc(transmissions + 1, sizeof *sweep->seen);
    sweep->merged_observed = calloc(observed + 1, sizeof *sweep->merged_observed);
    sweep->merged_transmissions = calloc(transmissions + 1, sizeof *sweep->merged_transmissions);
    return open_create(&sweep->observed, observed) &&
           open_create(&sweep->transmissions, transmissions) && sweep->edges != NULL &&
           sweep->slices != NULL && sweep->seen != NULL && sweep->merged_observed != NULL &&
           sweep->merged_transmissions != NULL;
}

static void sweep_destroy(struct sweep *sweep) {
    free(sweep->edges);
    free(sweep->slices);
    free(sweep->seen);
    free(sweep->merged_observed);
    free(sweep->merged_transmissions);
    free(sweep->observed.ranges);
    free(sweep->observed.boxes);
    free(sweep->transmissions.ranges);
    free(sweep->transmissions.boxes);
}

static void sweep_run(struct sweep *sweep) {
    add_edges(sweep, sweep->input->observed, sweep->input->observed_count, false);
    add_edges(sweep, sweep->input->transmissions, sweep->input->transmission_count, true);
    qsort(sweep->edges, sweep->edge_count, sizeof *sweep->edges, compare_edges);
    for (size_t i = 0; i < sweep->edge_count; i++) {
        take_edge(sweep, &sweep->edges[i]);
        if (i + 1 < sweep->edge_count) {
            add_slice(sweep, sweep->edges[i + 1].t_ns - sweep->edges[i].t_ns);
        }
    }
}

/* --- the interval --- */

/* Cycles of the slices around their mean p: sums over the complete ones, from one rise above the
 * mean to the next. */
struct cycles {
    size_t highs; /* runs above the mean, complete or not */
    size_t lows;
    size_t complete;
    double observed; /* of complete cycles */
    double residual; /* sum of (occupied - p observed)^2 over complete cycles */
};

/* A steady carrier is at its mean all the time; sums of doubles must not make it cross. */
static const double rounding = 1e-9;

static struct cycles count_cycles(const struct slice *slices, size_t n, double p) {
    struct cycles cycles = {0};
    bool was_high = false;
    bool open = false; /* a rise was seen */
    double observed = 0.0;
    double occupied = 0.0;
    for (size_t i = 0; i < n; i++) {
        bool high = slices[i].occupied > p * slices[i].observed * (1.0 + rounding);
        if (i == 0 || high != was_high) {
            cycles.highs += high ? 1 : 0;
            cycles.lows += high ? 0 : 1;
        }
        if (i > 0 && high && !was_high) {
            if (open) {
                double d = occupied - p * observed;
                cycles.complete++;
                cycles.observed += observed;
                cycles.residual += d * d;
            }
            open = true;
            observed = 0.0;
            occupied = 0.0;
        }
        observed += slices[i].observed;
        occupied += slices[i].occupied;
        was_high = high;
    }
    return cycles;
}

/* Student's t over regenerative cycles; half the width on the log-odds scale. */
static double regenerative_half_width(const struct cycles *cycles, double p, double total) {
    double n = (double)cycles->complete;
    double mean_cycle = cycles->observed / n;
    double cycles_in_all = total / mean_cycle;
    double variance = cycles->residual / (n - 1.0) / (mean_cycle * mean_cycle * cycles_in_all);
    /* Where observation cuts the first and last cycle: at most p (1 - p) of one cycle, taken as two
     * standard deviations. It is all the doubt there is about a transmitter on a clock. */
    double edge = p * (1.0 - p) / (2.0 * cycles_in_all);
    double deviation = sqrt(variance + edge * edge) / (p * (1.0 - p));
    return deviation * gsl_cdf_tdist_Pinv(0.975, n - 1.0);
}

static double markov_half_width(size_t cycles) {
    double n = 2.0 * (double)cycles;
    return log(gsl_cdf_fdist_Pinv(0.975, n, n));
}

static double percent_of_log_odds(double x) { return 100.0 / (1.0 + exp(-x)); }

static void add_interval(struct ls_occupancy *result, const struct sweep *sweep, double p,
                         double total) {
    struct cycles cycles = count_cycles(sweep->slices, sweep->slice_count, p);
    result->cycles = cycles.highs < cycles.lows ? cycles.highs : cycles.lows;
    if (result->cycles == 0 || !(p > 0.0 && p < 1.0)) {
        return;
    }
    double half = cycles.complete >= LS_OCCUPANCY_CYCLES_ENOUGH
                      ? regenerative_half_width(&cycles, p, total)
                      : markov_half_width(result->cycles);
    double log_odds = log(p / (1.0 - p));
    result->low_percent = percent_of_log_odds(log_odds - half);
    result->high_percent = percent_of_log_odds(log_odds + half);
}

static struct ls_occupancy result_of(const struct sweep *sweep) {
    struct ls_occupancy result = {.covered = NAN,
                                  .busy_percent = NAN,
                                  .percent = NAN,
                                  .low_percent = NAN,
                                  .high_percent = NAN};
    double observed = 0.0;
    double occupied = 0.0;
    for (size_t i = 0; i < sweep->slice_count; i++) {
        observed += sweep->slices[i].observed;
        occupied += sweep->slices[i].occupied;
    }
    for (size_t i = 0; i < sweep->input->transmission_count; i++) {
        result.transmissions += sweep->seen[i] ? 1 : 0;
    }
    if (observed > 0.0) {
        double band_hz = sweep->band.high_hz - sweep->band.low_hz;
        result.observed_s = (double)sweep->observed_ns / 1e9;
        result.covered = fmin(1.0, observed / (result.observed_s * band_hz));
        result.busy_percent = 100.0 * (double)sweep->busy_ns / (double)sweep->observed_ns;
        result.percent = fmin(100.0, 100.0 * occupied / observed);
        add_interval(&result, sweep, occupied / observed, observed);
    }
    return result;
}

int ls_occupancy_of_band(const struct ls_occupancy_input *input, double low_hz, double high_hz,
                         struct ls_occupancy *ret, struct ls_err *err) {
    if (!(low_hz < high_hz)) {
        return ls_err_set(err, LS_ERR_ARG, "occupancy: range ends at or below its start");
    }
    struct sweep sweep = {.input = input, .band = {low_hz, high_hz}};
    int code = LS_OK;
    if (sweep_create(&sweep)) {
        sweep_run(&sweep);
        *ret = result_of(&sweep);
    } else {
        code = ls_err_set(err, LS_ERR_NOMEM, "out of memory for %zu transmissions",
                          input->transmission_count);
    }
    sweep_destroy(&sweep);
    return code;
}

/* --- channels: the boxes that matter, each as wide as the channel --- */

static bool holds(const struct ls_occupancy_box *box, struct range channel) {
    double center = (box->low_hz + box->high_hz) / 2.0;
    double common = fmin(box->high_hz, channel.high_hz) - fmax(box->low_hz, channel.low_hz);
    return (center >= channel.low_hz && center < channel.high_hz) ||
           common >= (channel.high_hz - channel.low_hz) / 2.0;
}

static bool covers(const struct ls_occupancy_box *box, struct range channel) {
    const double rounding_hz = 1e-3;
    return box->low_hz <= channel.low_hz + rounding_hz &&
           box->high_hz >= channel.high_hz - rounding_hz;
}

static size_t widen(const struct ls_occupancy_box *boxes, size_t count, struct range channel,
                    bool (*matters)(const struct ls_occupancy_box *, struct range),
                    struct ls_occupancy_box *ret) {
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        if (matters(&boxes[i], channel)) {
            ret[n++] = (struct ls_occupancy_box){boxes[i].start_ns, boxes[i].stop_ns,
                                                 channel.low_hz, channel.high_hz};
        }
    }
    return n;
}

int ls_occupancy_of_channel(const struct ls_occupancy_input *input, double center_hz,
                            double width_hz, struct ls_occupancy *ret, struct ls_err *err) {
    struct range channel = {center_hz - width_hz / 2.0, center_hz + width_hz / 2.0};
    LS_AUTO(struct ls_occupancy_box) observed = calloc(input->observed_count + 1, sizeof *observed);
    LS_AUTO(struct ls_occupancy_box)
    transmissions = calloc(input->transmission_count + 1, sizeof *transmissions);
    if (observed == NULL || transmissions == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for %zu transmissions",
                          input->transmission_count);
    }
    struct ls_occupancy_input inside = {.observed = observed, .transmissions = transmissions};
    inside.observed_count =
        widen(input->observed, input->observed_count, channel, covers, observed);
    inside.transmission_count =
        widen(input->transmissions, input->transmission_count, channel, holds, transmissions);
    return ls_occupancy_of_band(&inside, channel.low_hz, channel.high_hz, ret, err);
}
