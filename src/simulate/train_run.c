/* A passage is planned as a whole when it enters: its transmissions go to a sorted list, from which
 * they leave in order. The next passage is planned before anything that starts after its entry
 * leaves, so the stream stays sorted when trains meet. */
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "simulate/script.h"
#include "simulate/stream.h"
#include "simulate/train.h"

/* As in unit.c: residual error of a locked carrier. */
static const double lock_spread_ppm = 0.03;

struct plan {
    int64_t start_ns;
    int64_t duration_ns;
    size_t emitter;
    uint32_t unit;
    uint32_t passage; /* index in the list of passages */
    double center_hz;
    double power_dbm;
    double offset_m; /* from the middle of the train */
    double ppm;
    uint64_t seed;
    uint64_t fade_seed;
};

struct ls_train_run {
    struct ls_train_run_opts opts;
    const struct ls_scenario_train *train;
    size_t next_passage;
    struct plan *plans; /* [first, count) are to come, in order */
    size_t first;
    size_t count;
    size_t capacity;
    uint32_t phones; /* so far */
};

int ls_train_run_create(struct ls_train_run **ret, const struct ls_train_run_opts *opts,
                        struct ls_err *err) {
    struct ls_train_run *run = calloc(1, sizeof *run);
    if (run == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for a train line");
    }
    run->opts = *opts;
    run->train = &opts->scenario->trains[opts->train];
    *ret = run;
    return LS_OK;
}

void ls_train_run_destroy(struct ls_train_run *run) {
    if (run != NULL) {
        free(run->plans);
        free(run);
    }
}

/* What the planning of one passage works with. */
struct passing {
    struct ls_train_run *run;
    const struct ls_passage *passage;
    uint32_t index;
    gsl_rng *rng;
    int code;
};

/* The rest of `plan` is drawn here. Anything that would last beyond the way is cut, or left out
 * when it cannot be. */
static void add_plan(struct passing *passing, struct plan plan, const struct ls_air *air,
                     double hold_s) {
    struct ls_train_run *run = passing->run;
    double left_s = (double)(passing->passage->leave_ns - plan.start_ns) / (double)LS_NS_PER_S;
    if (passing->code != LS_OK || left_s <= 0.0 || plan.start_ns < passing->passage->enter_ns) {
        return;
    }
    plan.duration_ns = ls_script_length_ns(air, fmin(hold_s, left_s));
    if (plan.duration_ns <= 0) {
        return;
    }
    plan.passage = passing->index;
    plan.ppm = gsl_ran_gaussian(passing->rng, lock_spread_ppm);
    plan.seed = ls_stream_bits(passing->rng);
    passing->code = ls_grow((void **)&run->plans, &run->capacity, run->count, sizeof *run->plans);
    if (passing->code == LS_OK) {
        run->plans[run->count++] = plan;
    }
}

static void plan_cab(struct passing *passing) {
    const struct ls_train_cab *cab = &passing->run->train->cab;
    const struct ls_passage *passage = passing->passage;
    struct plan plan = {.emitter = passing->run->opts.emitters.cab,
                        .unit = passage->set,
                        .center_hz = cab->channels_hz[passage->set % cab->channel_count],
                        .power_dbm = cab->power_dbm,
                        .offset_m = passing->run->train->length_m / 2.0,
                        .fade_seed = ls_stream_key(passing->run->opts.seed,
                                                   passing->run->train->name, passage->set, "cab"),
                        .start_ns = passage->enter_ns};
    for (;;) {
        plan.start_ns += ls_ns_from_seconds(ls_stream_wait(passing->rng, &cab->gap));
        if (plan.start_ns >= passage->leave_ns) {
            return;
        }
        double hold_s = ls_stream_wait(passing->rng, &cab->hold);
        add_plan(passing, plan, &cab->air, hold_s);
        /* A gap and a hold of nothing would never end. */
        plan.start_ns += ls_ns_from_seconds(fmax(hold_s, 0.01));
    }
}

static void plan_gateway(struct passing *passing) {
    const struct ls_scenario_train *train = passing->run->train;
    const struct ls_train_gateway *gateway = &train->gateway;
    const struct ls_passage *passage = passing->passage;
    int64_t epoch_ns = passing->run->opts.scenario->start_ns;
    uint64_t key = ls_stream_key(passing->run->opts.seed, train->name, passage->set, "gateway");
    double phase_s = (double)(key >> 11) * 0x1p-53 * gateway->period_s;
    double entered_s = (double)(passage->enter_ns - epoch_ns) / (double)LS_NS_PER_S;
    for (double tick = ceil((entered_s - phase_s) / gateway->period_s);; tick += 1.0) {
        int64_t due_ns = epoch_ns + ls_ns_from_seconds(phase_s + tick * gateway->period_s);
        if (due_ns >= passage->leave_ns) {
            return;
        }
        for (size_t sim = 0; sim < gateway->channel_count; sim++) {
            struct plan plan = {
                .start_ns =
                    due_ns + llround(gsl_ran_gaussian(passing->rng, gateway->jitter_s) * 1e9),
                .emitter = passing->run->opts.emitters.gateway,
                .unit = passage->set * (uint32_t)gateway->channel_count + (uint32_t)sim,
                .center_hz = gateway->channels_hz[sim],
                .power_dbm = gateway->power_dbm,
                .fade_seed = key + sim};
            add_plan(passing, plan, &gateway->air, gateway->hold_s);
        }
    }
}

static void plan_calls(struct passing *passing, struct plan plan,
                       const struct ls_train_band *band) {
    const struct ls_train_phones *phones = &passing->run->train->phones;
    if (phones->calls_per_hour <= 0.0) {
        return;
    }
    plan.start_ns = passing->passage->enter_ns;
    for (;;) {
        plan.start_ns +=
            ls_ns_from_seconds(gsl_ran_exponential(passing->rng, 3600.0 / phones->calls_per_hour));
        if (plan.start_ns >= passing->passage->leave_ns) {
            return;
        }
        double hold_s = ls_stream_wait(passing->rng, &phones->hold);
        add_plan(passing, plan, &band->call, hold_s);
        plan.start_ns += ls_ns_from_seconds(hold_s);
    }
}

static void plan_updates(struct passing *passing, struct plan plan,
                         const struct ls_train_band *band) {
    const struct ls_scenario_train *train = passing->run->train;
    const struct ls_passage *passage = passing->passage;
    double way = passage->speed_mps < 0.0 ? -1.0 : 1.0;
    double enter_x_m = way * (plan.offset_m - train->range_m);
    plan.emitter++;
    for (size_t i = 0; i < train->phones.border_count; i++) {
        double s = (train->phones.borders_m[i] - enter_x_m) / passage->speed_mps;
        double wait_s = train->phones.storm_s > 0.0
                            ? gsl_ran_exponential(passing->rng, train->phones.storm_s)
                            : 0.0;
        plan.start_ns = passage->enter_ns + ls_ns_from_seconds(s + wait_s);
        if (s >= 0.0) {
            add_plan(passing, plan, &band->signal, band->signal_s);
        }
    }
}

static void plan_phones(struct passing *passing) {
    struct ls_train_run *run = passing->run;
    const struct ls_scenario_train *train = run->train;
    unsigned count = gsl_ran_poisson(passing->rng, train->phones.active);
    for (unsigned i = 0; i < count; i++) {
        size_t b = gsl_rng_uniform_int(passing->rng, train->phones.band_count);
        const struct ls_train_band *band = &train->phones.bands[b];
        size_t channel = gsl_rng_uniform_int(passing->rng, band->channel_count);
        struct plan plan = {.emitter = run->opts.emitters.bands + 2 * b,
                            .unit = run->phones++,
                            .center_hz = band->channels_hz[channel],
                            .power_dbm = band->power_dbm - train->phones.loss_db +
                                         gsl_ran_gaussian(passing->rng, band->power_spread_db),
                            .offset_m = train->length_m * (gsl_rng_uniform(passing->rng) - 0.5),
                            .fade_seed = ls_stream_bits(passing->rng)};
        plan_calls(passing, plan, band);
        plan_updates(passing, plan, band);
    }
}

static int by_start(const void *a, const void *b) {
    const struct plan *p = a;
    const struct plan *q = b;
    if (p->start_ns != q->start_ns) {
        return p->start_ns < q->start_ns ? -1 : 1;
    }
    if (p->emitter != q->emitter) {
        return p->emitter < q->emitter ? -1 : 1;
    }
    return (p->unit > q->unit) - (p->unit < q->unit);
}

static int plan_passage(struct ls_train_run *run, struct ls_err *err) {
    struct passing passing = {.run = run,
                              .passage = &run->opts.passages[run->next_passage],
                              .index = (uint32_t)run->next_passage};
    run->next_passage++;
    if (run->first > 0) {
        memmove(run->plans, run->plans + run->first,
                (run->count - run->first) * sizeof *run->plans);
        run->count -= run->first;
        run->first = 0;
    }
    passing.rng = ls_stream_create(
        ls_stream_key(run->opts.seed, run->train->name, passing.passage->number, "passage"));
    if (passing.rng == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for a train");
    }
    if (run->train->cab_given) {
        plan_cab(&passing);
    }
    if (run->train->gateway_given) {
        plan_gateway(&passing);
    }
    if (run->train->phones.active > 0.0) {
        plan_phones(&passing);
    }
    gsl_rng_free(passing.rng);
    if (passing.code != LS_OK) {
        return ls_err_set(err, passing.code, "out of memory for a train");
    }
    if (run->count > 0) {
        qsort(run->plans, run->count, sizeof *run->plans, by_start);
    }
    return LS_OK;
}

static void write_emission(const struct ls_train_run *run, const struct plan *plan,
                           struct ls_emission *ret) {
    const struct ls_scenario *scenario = run->opts.scenario;
    const struct ls_passage *passage = &run->opts.passages[plan->passage];
    struct ls_place offset = {.x_m = plan->offset_m};
    *ret = (struct ls_emission){.emitter = plan->emitter,
                                .unit = plan->unit,
                                .passage = passage->number,
                                .start_ns = plan->start_ns,
                                .duration_ns = plan->duration_ns,
                                .center_hz = plan->center_hz,
                                .ppm = plan->ppm,
                                .power_dbm = plan->power_dbm,
                                .seed = plan->seed,
                                .fade_seed = plan->fade_seed,
                                .cell = scenario->cell_count > 0 ? LS_SCENE_NEAREST_CELL
                                                                 : LS_SCENE_NO_CELL,
                                .leg_count = 1};
    ls_train_leg(run->train, passage, &offset, &ret->legs[0]);
}

int ls_train_run_next(struct ls_train_run *run, struct ls_emission *ret, struct ls_err *err) {
    while (run->next_passage < run->opts.passage_count &&
           (run->first == run->count ||
            run->opts.passages[run->next_passage].enter_ns <= run->plans[run->first].start_ns)) {
        int code = plan_passage(run, err);
        if (code != LS_OK) {
            return code;
        }
    }
    if (run->first == run->count) {
        return LS_EOF;
    }
    write_emission(run, &run->plans[run->first++], ret);
    return LS_OK;
}
