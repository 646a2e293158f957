/* Short transmissions of each sensor are taken in blocks of 256. The block with the likeliest lines
 * is kept and judged by surrogates when somebody asks; the number of blocks is among the trials.
 * Blocks with lines of the same step tell how long it went on. */
#include "pattern/band_sweep.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "pattern/chance.h"
#include "pattern/sweep_line.h"
#include "pattern/tail.h"

static const int64_t short_ns = 5 * LS_NS_PER_S; /* longer ones are no steps */
static const double silence_s = 3600.0;          /* ends a block */
static const double same_carrier = 3e-6;         /* a free-running crystal over days */
static const double clear_nats = 20.0;           /* lines of a block that say "still on" */

struct block {
    size_t count;
    struct ls_sweep_row rows[LS_SWEEP_ROWS];
};

struct air {
    uint64_t blocks; /* that were searched */
    double best_score;
    double later_score; /* best of the blocks behind the best one, of the same step */
    double step_hz;     /* of best */
    int64_t first_ns;   /* of clear blocks of that step */
    int64_t last_ns;
    struct block best;
    struct block now;
};

struct state {
    struct ls_kind_input input;
    struct air *airs[LS_SENSORS_MAX];
};

static void destroy(void *state) {
    struct state *s = state;
    for (size_t i = 0; s != NULL && i < LS_SENSORS_MAX; i++) {
        free(s->airs[i]);
    }
    free(s);
}

static int create(void **ret, const struct ls_kind_input *input, struct ls_err *err) {
    struct state *s = calloc(1, sizeof *s);
    *ret = s;
    if (s == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for sweeps");
    }
    s->input = *input;
    return LS_OK;
}

static bool same_step(double a, double b) { return fabs(a - b) <= 0.25 * fabs(b); }

/* When the lines of a block begin and end; all of it when it has none. */
static void line_times(const struct block *block, const struct ls_sweep *sweep, int64_t *ret_first,
                       int64_t *ret_last) {
    bool any = false;
    *ret_first = block->rows[0].t_ns;
    *ret_last = block->rows[block->count - 1].t_ns;
    for (size_t i = 0; i < block->count; i++) {
        if (sweep->on_line[i]) {
            *ret_first = any ? *ret_first : block->rows[i].t_ns;
            *ret_last = block->rows[i].t_ns;
            any = true;
        }
    }
}

/* A block is complete: is it the best, or does it go on with it? */
static void end_block(struct air *air) {
    struct ls_sweep sweep;
    struct block *now = &air->now;
    if (now->count < LS_SWEEP_STEPS_MIN) {
        now->count = 0;
        return;
    }
    ls_sweep_scan(now->rows, now->count, NULL, &sweep);
    int64_t first_ns;
    int64_t last_ns;
    line_times(now, &sweep, &first_ns, &last_ns);
    bool goes_on =
        air->best.count > 0 && same_step(sweep.step_hz, air->step_hz) && sweep.score >= clear_nats;
    air->blocks++;
    if (goes_on) {
        air->last_ns = last_ns;
        air->later_score = fmax(air->later_score, sweep.score);
    }
    if (air->best.count == 0 || sweep.score > air->best_score) {
        bool again = goes_on && air->best_score >= clear_nats;
        air->first_ns = again ? air->first_ns : first_ns;
        air->later_score = again ? air->best_score : 0.0;
        air->last_ns = last_ns;
        air->best_score = sweep.score;
        air->step_hz = sweep.step_hz;
        air->best = *now;
    }
    now->count = 0;
}

static int push(void *state, const struct ls_event *event, struct ls_err *err) {
    struct state *s = state;
    const struct ls_transmission *row = event->row;
    if (row->duration_ns >= short_ns) {
        return LS_OK;
    }
    struct air *air = s->airs[event->sensor];
    if (air == NULL) {
        air = s->airs[event->sensor] = calloc(1, sizeof *air);
        if (air == NULL) {
            return ls_err_set(err, LS_ERR_NOMEM, "out of memory for sweeps");
        }
    }
    struct block *now = &air->now;
    if (now->count > 0) {
        double gap_s = (double)(row->start_ns - now->rows[now->count - 1].t_ns) / 1e9;
        if (now->count == LS_SWEEP_ROWS || gap_s > silence_s) {
            end_block(air);
        }
    }
    int64_t origin_ns = now->count > 0 ? now->rows[0].t_ns : row->start_ns;
    now->rows[now->count++] =
        (struct ls_sweep_row){.t_ns = row->start_ns,
                              .id = row->id,
                              .t_s = (double)(row->start_ns - origin_ns) / 1e9,
                              .center_hz = row->center_hz,
                              .bandwidth_hz = row->bandwidth_hz,
                              .duration_s = (double)row->duration_ns / 1e9};
    return LS_OK;
}

struct deck {
    const struct block *block;
    struct ls_chance *chance;
    uint32_t order[LS_SWEEP_ROWS];
};

/* The same centres and the same moments, put together at random (Fisher and Yates). */
static double draw(void *context) {
    struct deck *deck = context;
    struct ls_sweep sweep;
    for (size_t i = deck->block->count - 1; i > 0; i--) {
        size_t j = (size_t)(ls_chance_uniform(deck->chance) * (double)(i + 1));
        uint32_t swapped = deck->order[i];
        deck->order[i] = deck->order[j];
        deck->order[j] = swapped;
    }
    ls_sweep_scan(deck->block->rows, deck->block->count, deck->order, &sweep);
    return sweep.score;
}

/* blocks: how many this is the best of; ties, of which no line at all is the commonest, are broken
 * as the best of so many would be. */
static double judge(const struct block *block, double score, uint64_t blocks) {
    double t_s[LS_SWEEP_ROWS];
    struct ls_chance chance;
    struct deck deck = {.block = block, .chance = &chance};
    for (size_t i = 0; i < block->count; i++) {
        t_s[i] = block->rows[i].t_s;
        deck.order[i] = (uint32_t)i;
    }
    ls_chance_init(&chance, ls_chance_seed(t_s, block->count));
    double u = -expm1(log1p(-ls_chance_uniform(&chance)) / (double)blocks);
    double highest;
    double rank_log10 = ls_tail_two_looks(draw, &deck, score, u, &highest);
    /* Where no surrogate has a line there is no law to fit. Each step of a line was there with a
     * probability that the score adds up, after all pairs that could have begun it: that bound
     * holds without a law. */
    double pairs = 3.0 * (double)block->count;
    return !(highest > 0.0) && score > 0.0
               ? fmin(rank_log10, fmin(0.0, log10(pairs) - score / M_LN10))
               : rank_log10;
}

static void add_interval(struct ls_finding *finding, const char *name, double value, double error) {
    ls_finding_number(finding, name, value, value - error, value + error);
}

static void describe(const struct ls_sweep *sweep, struct ls_finding *finding) {
    double n = (double)(sweep->steps - sweep->lines);
    double step_error = fmax(1.645 * 0.05 * fabs(sweep->step_hz) / sqrt(n), 1.0);
    add_interval(finding, "step_hz", fabs(sweep->step_hz), step_error);
    add_interval(finding, "dwell_s", sweep->dwell_s, fmax(1.645 * sweep->dwell_spread_s, 1e-3));
    ls_finding_word(finding, "direction", sweep->step_hz > 0.0 ? "up" : "down");
    if (isfinite(sweep->revisit_s)) {
        add_interval(finding, "revisit_s", sweep->revisit_s,
                     fmax(1.645 * sweep->revisit_spread_s, sweep->dwell_s));
    } else {
        ls_finding_word(finding, "revisit_s", "not estimable");
    }
    ls_copy_text(finding->rivals[0], LS_RIVAL_BYTES,
                 "a frequency hopper whose channels are in order for a while");
    ls_copy_text(finding->rivals[1], LS_RIVAL_BYTES,
                 "a spur of the receiver itself that moves as it is tuned");
    finding->rival_count = 2;
    snprintf(finding->words, sizeof finding->words,
             "%zu steps of %.4g kHz each %.3g s, %s, on %zu lines from %.3f to %.3f MHz",
             sweep->steps, fabs(sweep->step_hz) / 1e3, sweep->dwell_s,
             sweep->step_hz > 0.0 ? "up" : "down", sweep->lines, sweep->low_hz / 1e6,
             sweep->high_hz / 1e6);
    ls_copy_text(finding->limits, sizeof finding->limits, ls_band_sweep_kind.fooled);
}

static int report_one(const struct state *s, uint32_t sensor, const struct air *air,
                      struct ls_report *report, struct ls_err *err) {
    struct ls_sweep sweep;
    int64_t evidence[LS_SWEEP_ROWS];
    struct ls_finding finding = ls_report_blank(report);
    ls_copy_text(finding.sensor, sizeof finding.sensor,
                 ls_exposure_name(s->input.exposure, sensor));
    ls_sweep_scan(air->best.rows, air->best.count, NULL, &sweep);
    finding.log10_p =
        ls_report_log10_any(judge(&air->best, sweep.score, air->blocks), (double)air->blocks);
    finding.trials = (double)air->blocks * (double)sweep.tried;
    finding.start_ns = air->first_ns;
    finding.stop_ns = air->last_ns;
    if (sweep.score > 0.0) {
        finding.low_hz = sweep.low_hz;
        finding.high_hz = sweep.high_hz;
        finding.reported = sweep.lines >= 2;
        if (air->later_score > 0.0) {
            double pairs = 3.0 * LS_SWEEP_ROWS * (double)air->blocks;
            finding.confirm_log10_p = fmin(0.0, log10(pairs) - air->later_score / M_LN10);
        }
        describe(&sweep, &finding);
        for (size_t i = 0; i < air->best.count; i++) {
            if (sweep.on_line[i]) {
                evidence[finding.evidence_count++] = air->best.rows[i].id;
            }
        }
        finding.evidence = evidence;
    } else {
        finding.low_hz = finding.high_hz = air->best.rows[0].center_hz;
    }
    return ls_report_add(report, &finding, err);
}

/* The block under way is looked at as if it were complete, in a copy. */
static int report(const void *state, struct ls_report *out, struct ls_err *err) {
    const struct state *s = state;
    int code = LS_OK;
    for (uint32_t i = 0; code == LS_OK && i < LS_SENSORS_MAX; i++) {
        if (s->airs[i] == NULL) {
            continue;
        }
        struct air *copy = malloc(sizeof *copy);
        if (copy == NULL) {
            return ls_err_set(err, LS_ERR_NOMEM, "out of memory for sweeps");
        }
        *copy = *s->airs[i];
        end_block(copy);
        code = copy->blocks > 0 ? report_one(s, i, copy, out, err) : LS_OK;
        free(copy);
    }
    return code;
}

static int save(const void *state, struct ls_blob *blob, struct ls_err *err) {
    const struct state *s = state;
    int code = LS_OK;
    for (uint32_t i = 0; code == LS_OK && i < LS_SENSORS_MAX; i++) {
        code = ls_blob_put_count(blob, s->airs[i] != NULL, err);
        if (code == LS_OK && s->airs[i] != NULL) {
            code = ls_blob_put(blob, s->airs[i], sizeof *s->airs[i], err);
        }
    }
    return code;
}

static int load(void *state, struct ls_blob_reader *in, struct ls_err *err) {
    struct state *s = state;
    int code = LS_OK;
    for (uint32_t i = 0; code == LS_OK && i < LS_SENSORS_MAX; i++) {
        uint64_t there = 0;
        code = ls_blob_get_count(in, 1, &there, err);
        if (code != LS_OK || there == 0) {
            continue;
        }
        s->airs[i] = calloc(1, sizeof *s->airs[i]);
        if (s->airs[i] == NULL) {
            return ls_err_set(err, LS_ERR_NOMEM, "out of memory for sweeps");
        }
        code = ls_blob_get(in, s->airs[i], sizeof *s->airs[i], err);
        if (code == LS_OK &&
            (s->airs[i]->best.count > LS_SWEEP_ROWS || s->airs[i]->now.count > LS_SWEEP_ROWS)) {
            code = ls_err_set(err, LS_ERR_FORMAT, "saved state of sweeps is damaged");
        }
    }
    return code;
}

bool ls_band_sweep_explains(const struct ls_finding *sweep, const struct ls_finding *finding) {
    const struct ls_parameter *period = ls_finding_parameter(finding, "period_s");
    const struct ls_parameter *revisit = ls_finding_parameter(sweep, "revisit_s");
    double room_hz = same_carrier * fabs(finding->high_hz);
    if (strcmp(sweep->kind, ls_band_sweep_kind.id) != 0 || revisit == NULL || period == NULL ||
        strcmp(sweep->kind, finding->kind) == 0 || strcmp(sweep->sensor, finding->sensor) != 0 ||
        sweep->low_hz > finding->high_hz + room_hz || finding->low_hz > sweep->high_hz + room_hz ||
        finding->start_ns > sweep->stop_ns || finding->stop_ns < sweep->start_ns ||
        finding->high_hz - finding->low_hz > 0.5 * (sweep->high_hz - sweep->low_hz)) {
        return false;
    }
    double turns = period->value / revisit->value;
    double off = fmin(fabs(turns - round(turns)), fabs(1.0 / turns - round(1.0 / turns)));
    return off <= 0.02;
}

const struct ls_kind ls_band_sweep_kind = {
    .id = "band-sweep",
    .version = 2,
    .null =
        "within a block of 256 short transmissions, which centre comes at which moment is chance",
    .test =
        "lines of one slope among centres, scored by how unlikely each step is, against the same "
        "centres and moments put together at random; one search a sensor, blocks are trials",
    .evidence = "two lines of five steps or more",
    .rivals = "a hopper in order; a spur of the receiver",
    .fooled =
        "a sweep faster than the receiver's own analysis is one wide burst and is not seen as "
        "steps; one slower than a step each 30 s is not looked for",
    .create = create,
    .destroy = destroy,
    .push = push,
    .report = report,
    .save = save,
    .load = load,
};
