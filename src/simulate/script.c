#include "simulate/script.h"

#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>

#include "base/time.h"
#include "simulate/stream.h"

enum { CLUSTERS = 64 };

struct cluster {
    int64_t next_ns;
    uint64_t left;
};

struct ls_script_run {
    struct ls_script_opts opts;
    int64_t from_ns;
    int64_t until_ns;
    int64_t free_ns;  /* no earlier start */
    int64_t fixed_ns; /* length when the hold is fixed; 0: drawn each time */
    double period_ns; /* clock, sweep */
    double phase_ns;
    int64_t next_ns; /* cycle, poisson, bursty: next start; list: not used */
    uint64_t index;  /* clock: next tick; sweep: next sweep; list: next time */
    uint64_t number;
    bool started;  /* always: given */
    size_t *order; /* sweep: steps of the one at hand */
    size_t steps;
    size_t step;
    struct cluster clusters[CLUSTERS]; /* bursty: open ones */
    size_t cluster_count;
};

int64_t ls_script_length_ns(const struct ls_air *air, double wanted_s) {
    struct ls_waveform_opts opts = {.id = air->id, .duration_s = wanted_s, .params = air->params};
    struct ls_waveform_info info;
    if (ls_waveform_describe(&opts, &info, NULL) != LS_OK) {
        return 0;
    }
    return llround(info.duration_s * 1e9);
}

static size_t sweep_steps(const struct ls_script *script) {
    return (size_t)floor((script->high_hz - script->low_hz) / script->step_hz + 1e-9) + 1;
}

/* Period and phase of a clock, drawn once: crystals differ, and so do the moments of switching on.
 */
static void draw_clock(struct ls_script_run *run) {
    const struct ls_script *script = run->opts.script;
    double ppm = script->drift_ppm;
    if (script->kind == LS_SCRIPT_CLOCK && script->drift_spread_ppm > 0.0) {
        ppm += gsl_ran_gaussian(run->opts.rng, script->drift_spread_ppm);
    }
    run->period_ns = script->period_s * 1e9 * (1.0 + ppm * 1e-6);
    run->phase_ns = script->phase_given ? script->phase_s * 1e9
                                        : gsl_rng_uniform(run->opts.rng) * run->period_ns;
}

int ls_script_run_create(struct ls_script_run **ret, const struct ls_script_opts *opts,
                         struct ls_err *err) {
    struct ls_script_run *run = calloc(1, sizeof *run);
    if (run == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for a script");
    }
    const struct ls_script *script = opts->script;
    run->opts = *opts;
    run->free_ns = INT64_MIN;
    if (script->kind == LS_SCRIPT_SWEEP) {
        run->steps = sweep_steps(script);
        run->step = run->steps;
        run->order = calloc(run->steps, sizeof *run->order);
        run->fixed_ns = ls_script_length_ns(opts->air, script->dwell_s);
        if (run->order == NULL) {
            ls_script_run_destroy(run);
            return ls_err_set(err, LS_ERR_NOMEM, "out of memory for a sweep of %zu steps",
                              run->steps);
        }
    } else if (script->hold.kind == LS_WAIT_FIXED && script->hold.spread <= 0.0) {
        run->fixed_ns = ls_script_length_ns(opts->air, script->hold.seconds);
    }
    draw_clock(run);
    *ret = run;
    return LS_OK;
}

void ls_script_run_destroy(struct ls_script_run *run) {
    if (run != NULL) {
        free(run->order);
        free(run);
    }
}

static int64_t draw_length(const struct ls_script_run *run) {
    return run->fixed_ns > 0
               ? run->fixed_ns
               : ls_script_length_ns(run->opts.air,
                                     ls_stream_wait(run->opts.rng, &run->opts.script->hold));
}

static int64_t draw_gap(const struct ls_script_run *run) {
    return ls_ns_from_seconds(ls_stream_wait(run->opts.rng, &run->opts.script->gap));
}

/* Next arrival of a Poisson process whose rate follows the day, by thinning (Lewis, Shedler,
 * "Simulation of nonhomogeneous Poisson processes by thinning", Naval Research Logistics 26(3),
 * 1979). */
static int64_t next_arrival(const struct ls_script_run *run, int64_t t_ns) {
    const struct ls_script *script = run->opts.script;
    double peak_per_s = script->rate_per_hour / 3600.0 * (1.0 + script->day_depth);
    for (;;) {
        t_ns += ls_ns_from_seconds(gsl_ran_exponential(run->opts.rng, 1.0 / peak_per_s));
        if (script->day_depth <= 0.0 || t_ns >= run->until_ns) {
            return t_ns;
        }
        double hour = fmod((double)t_ns / 3.6e12, 24.0);
        double wave = cos(2.0 * M_PI * (hour - script->day_peak_h) / 24.0);
        double share = (1.0 + script->day_depth * wave) / (1.0 + script->day_depth);
        if (gsl_rng_uniform(run->opts.rng) < share) {
            return t_ns;
        }
    }
}

void ls_script_run_enter(struct ls_script_run *run, int64_t from_ns, int64_t until_ns) {
    const struct ls_script *script = run->opts.script;
    run->from_ns = from_ns;
    run->until_ns = until_ns;
    run->started = false;
    if (script->kind == LS_SCRIPT_CLOCK || script->kind == LS_SCRIPT_SWEEP) {
        /* One tick early: its jitter may bring it in. */
        double ticks =
            floor(((double)(from_ns - run->opts.epoch_ns) - run->phase_ns) / run->period_ns);
        uint64_t first = ticks > 0.0 ? (uint64_t)ticks : 0;
        run->index = first > run->index ? first : run->index;
        run->step = run->steps;
    } else if (script->kind == LS_SCRIPT_CYCLE) {
        double gap = ls_stream_wait(run->opts.rng, &script->gap);
        double back = run->opts.moving ? ls_stream_wait_mean(&script->hold) : 0.0;
        run->next_ns = from_ns + ls_ns_from_seconds((gap + back) * gsl_rng_uniform(run->opts.rng)) -
                       ls_ns_from_seconds(back);
    } else if (script->kind == LS_SCRIPT_POISSON || script->kind == LS_SCRIPT_BURSTY) {
        run->next_ns = next_arrival(run, from_ns);
        run->cluster_count = 0;
    }
}

static bool next_always(struct ls_script_run *run, struct ls_script_slot *ret) {
    if (run->started) {
        return false;
    }
    run->started = true;
    ret->start_ns = run->from_ns;
    ret->duration_ns = ls_script_length_ns(run->opts.air, (double)(run->until_ns - run->from_ns) /
                                                              (double)LS_NS_PER_S);
    return true;
}

static bool next_listed(struct ls_script_run *run, struct ls_script_slot *ret) {
    const struct ls_script *script = run->opts.script;
    if (run->index >= script->time_count) {
        return false;
    }
    ret->start_ns = run->opts.epoch_ns + ls_ns_from_seconds(script->times_s[run->index]);
    if (ret->start_ns >= run->until_ns) {
        return false;
    }
    run->index++;
    ret->duration_ns = draw_length(run);
    return true;
}

static bool next_tick(struct ls_script_run *run, struct ls_script_slot *ret) {
    const struct ls_script *script = run->opts.script;
    double tick_ns = run->phase_ns + (double)run->index * run->period_ns;
    int64_t due_ns = run->opts.epoch_ns + llround(tick_ns);
    if (due_ns >= run->until_ns) {
        return false;
    }
    run->index++;
    bool missed = script->miss > 0.0 && gsl_rng_uniform(run->opts.rng) < script->miss;
    double jitter_s =
        script->jitter_s > 0.0 ? gsl_ran_gaussian(run->opts.rng, script->jitter_s) : 0.0;
    ret->start_ns = due_ns + llround(jitter_s * 1e9);
    ret->duration_ns = missed ? 0 : draw_length(run);
    return true;
}

static bool next_in_cycle(struct ls_script_run *run, struct ls_script_slot *ret) {
    if (run->next_ns >= run->until_ns) {
        return false;
    }
    const struct ls_script *script = run->opts.script;
    bool missed = script->miss > 0.0 && gsl_rng_uniform(run->opts.rng) < script->miss;
    int64_t length_ns = draw_length(run);
    ret->start_ns = run->next_ns;
    ret->duration_ns = missed ? 0 : length_ns;
    run->next_ns += length_ns + draw_gap(run);
    return true;
}

static void order_steps(struct ls_script_run *run) {
    const struct ls_script *script = run->opts.script;
    bool down = script->direction == LS_SWEEP_DOWN ||
                (script->direction == LS_SWEEP_BOTH && run->index % 2 == 1);
    for (size_t i = 0; i < run->steps; i++) {
        run->order[i] = down ? run->steps - 1 - i : i;
    }
    if (script->direction == LS_SWEEP_RANDOM) {
        gsl_ran_shuffle(run->opts.rng, run->order, run->steps, sizeof *run->order);
    }
}

static bool next_step(struct ls_script_run *run, struct ls_script_slot *ret) {
    const struct ls_script *script = run->opts.script;
    if (run->step == run->steps) {
        order_steps(run);
        run->index++;
        run->step = 0;
    }
    double sweep_ns = run->phase_ns + (double)(run->index - 1) * run->period_ns;
    ret->start_ns =
        run->opts.epoch_ns + llround(sweep_ns + (double)run->step * script->dwell_s * 1e9);
    if (ret->start_ns >= run->until_ns) {
        return false;
    }
    ret->duration_ns = run->fixed_ns;
    ret->center_hz = script->low_hz + (double)run->order[run->step] * script->step_hz;
    run->step++;
    return true;
}

static bool next_random(struct ls_script_run *run, struct ls_script_slot *ret) {
    if (run->next_ns >= run->until_ns) {
        return false;
    }
    ret->start_ns = run->next_ns;
    ret->duration_ns = draw_length(run);
    run->next_ns = next_arrival(run, run->next_ns);
    return true;
}

/* Opens every cluster that begins before the next transmission of those that are open. More than
 * CLUSTERS at a time would be no clusters any more; a new one waits for room then. */
static bool next_in_clusters(struct ls_script_run *run, struct ls_script_slot *ret) {
    const struct ls_script *script = run->opts.script;
    size_t first = 0;
    for (;;) {
        for (size_t i = 1; i < run->cluster_count; i++) {
            if (run->clusters[i].next_ns < run->clusters[first].next_ns) {
                first = i;
            }
        }
        bool opens = run->cluster_count == 0 || (run->next_ns <= run->clusters[first].next_ns &&
                                                 run->cluster_count < CLUSTERS);
        if (!opens || run->next_ns >= run->until_ns) {
            break;
        }
        run->clusters[run->cluster_count++] =
            (struct cluster){.next_ns = run->next_ns,
                             .left = gsl_ran_geometric(run->opts.rng, 1.0 / script->cluster_size)};
        run->next_ns = next_arrival(run, run->next_ns);
    }
    if (run->cluster_count == 0 || run->clusters[first].next_ns >= run->until_ns) {
        return false;
    }
    struct cluster *cluster = &run->clusters[first];
    ret->start_ns = cluster->next_ns;
    ret->duration_ns = draw_length(run);
    cluster->next_ns += ls_ns_from_seconds(gsl_ran_exponential(run->opts.rng, script->cluster_s));
    if (--cluster->left == 0) {
        *cluster = run->clusters[--run->cluster_count];
    }
    return true;
}

static bool next_of_kind(struct ls_script_run *run, struct ls_script_slot *ret) {
    switch (run->opts.script->kind) {
    case LS_SCRIPT_ALWAYS:
        return next_always(run, ret);
    case LS_SCRIPT_LIST:
        return next_listed(run, ret);
    case LS_SCRIPT_CLOCK:
        return next_tick(run, ret);
    case LS_SCRIPT_CYCLE:
        return next_in_cycle(run, ret);
    case LS_SCRIPT_SWEEP:
        return next_step(run, ret);
    case LS_SCRIPT_POISSON:
        return next_random(run, ret);
    case LS_SCRIPT_BURSTY:
        return next_in_clusters(run, ret);
    default:
        return false;
    }
}

/* Arrivals stand for people behind one name; else one radio sends one thing at a time. */
static bool may_overlap(const struct ls_script_run *run) {
    enum ls_script_kind kind = run->opts.script->kind;
    return run->opts.crowd || kind == LS_SCRIPT_POISSON || kind == LS_SCRIPT_BURSTY;
}

/* Brings a slot within the interval: false when nothing of it is left. A packet cannot be cut. */
static bool fit_slot(const struct ls_script_run *run, struct ls_script_slot *slot) {
    int64_t start = slot->start_ns;
    int64_t stop = start + slot->duration_ns;
    if (start < run->free_ns) {
        start = run->free_ns; /* jitter never lets a radio talk over itself */
        stop = start + slot->duration_ns;
    }
    if (run->opts.moving && start < run->from_ns) {
        start = run->from_ns;
    }
    if (run->opts.moving && stop > run->until_ns) {
        stop = run->until_ns;
    }
    if (start < run->from_ns || start >= run->until_ns || stop <= start) {
        return false;
    }
    if (stop - start != slot->duration_ns) {
        slot->duration_ns =
            ls_script_length_ns(run->opts.air, (double)(stop - start) / (double)LS_NS_PER_S);
        /* Frames are whole: allow one to stand over the edge, a packet of any length not. */
        if (slot->duration_ns <= 0 || slot->duration_ns > stop - start + LS_NS_PER_S / 4) {
            return false;
        }
    }
    slot->start_ns = start;
    return true;
}

bool ls_script_run_next(struct ls_script_run *run, struct ls_script_slot *ret) {
    struct ls_script_slot slot = {0};
    while (next_of_kind(run, &slot)) {
        slot.number = run->number++;
        if (slot.duration_ns > 0 && fit_slot(run, &slot)) {
            run->free_ns = slot.start_ns + (may_overlap(run) ? 0 : slot.duration_ns);
            *ret = slot;
            return true;
        }
    }
    return false;
}
