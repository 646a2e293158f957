/* Time is counted in samples of the wall clock. Two sequences run beside each other: stretches of
 * the hop schedule (settle, dwell, settle, ...) and losses; an exposure ends where the first of
 * them changes. While it retunes the receiver loses nothing more. */
#include "simulate/exposure.h"

#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>

#include "base/time.h"
#include "simulate/stream.h"

struct ls_exposure_run {
    const struct ls_scenario *scenario;
    gsl_rng *hops;
    gsl_rng *losses;
    uint64_t total;
    uint64_t at;
    size_t *order; /* of the centres in this round */
    size_t turn;   /* index in order of the present centre */
    bool settling;
    uint64_t stretch_end;
    uint64_t loss_start; /* the next loss, or the present one */
    uint64_t loss_end;
};

static uint64_t in_samples(const struct ls_exposure_run *run, double s) {
    double samples = floor(s * run->scenario->sensor.rate_sps + 0.5);
    return samples >= 1.8e19 ? UINT64_MAX : (uint64_t)samples;
}

static uint64_t later(uint64_t at, uint64_t by) { return at + by < at ? UINT64_MAX : at + by; }

static void draw_loss(struct ls_exposure_run *run, uint64_t from) {
    const struct ls_loss *loss = &run->scenario->sensor.loss;
    if (loss->rate_per_hour <= 0.0) {
        run->loss_start = run->loss_end = UINT64_MAX;
        return;
    }
    double wait_s = gsl_ran_exponential(run->losses, 3600.0 / loss->rate_per_hour);
    double length_s = gsl_ran_exponential(run->losses, loss->length_s);
    uint64_t length = in_samples(run, length_s);
    run->loss_start = later(from, in_samples(run, wait_s));
    run->loss_end = later(run->loss_start, length > 0 ? length : 1);
}

static uint64_t draw_dwell(struct ls_exposure_run *run) {
    const struct ls_hop_schedule *hop = &run->scenario->sensor.hop;
    if (hop->center_count == 0) {
        return UINT64_MAX;
    }
    double spread = hop->dwell_spread * (2.0 * gsl_rng_uniform(run->hops) - 1.0);
    uint64_t samples = in_samples(run, hop->dwell_s * (1.0 + spread));
    return samples > 0 ? samples : 1;
}

static void shuffle(struct ls_exposure_run *run) {
    const struct ls_hop_schedule *hop = &run->scenario->sensor.hop;
    if (hop->order == LS_HOP_RANDOM) {
        gsl_ran_shuffle(run->hops, run->order, hop->center_count, sizeof *run->order);
    }
}

int ls_exposure_run_create(struct ls_exposure_run **ret, const struct ls_scenario *scenario,
                           uint64_t seed, struct ls_err *err) {
    struct ls_exposure_run *run = calloc(1, sizeof *run);
    size_t centers = scenario->sensor.hop.center_count;
    if (run == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for the receiver's schedule");
    }
    run->scenario = scenario;
    run->hops = ls_stream_create(ls_stream_key(seed, "receiver", 0, "hops"));
    run->losses = ls_stream_create(ls_stream_key(seed, "receiver", 0, "losses"));
    run->order = calloc(centers + 1, sizeof *run->order);
    if (run->hops == NULL || run->losses == NULL || run->order == NULL) {
        ls_exposure_run_destroy(run);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for the receiver's schedule");
    }
    for (size_t i = 0; i < centers; i++) {
        run->order[i] = i;
    }
    shuffle(run);
    run->total = in_samples(run, scenario->duration_s);
    run->stretch_end = draw_dwell(run);
    draw_loss(run, 0);
    *ret = run;
    return LS_OK;
}

void ls_exposure_run_destroy(struct ls_exposure_run *run) {
    if (run != NULL) {
        if (run->hops != NULL) {
            gsl_rng_free(run->hops);
        }
        if (run->losses != NULL) {
            gsl_rng_free(run->losses);
        }
        free(run->order);
        free(run);
    }
}

/* Dwell to settle on the next centre, settle to dwell. */
static void next_stretch(struct ls_exposure_run *run) {
    const struct ls_hop_schedule *hop = &run->scenario->sensor.hop;
    uint64_t settle = in_samples(run, hop->settle_s);
    if (!run->settling) {
        run->turn++;
        if (run->turn >= hop->center_count) {
            run->turn = 0;
            shuffle(run);
        }
        run->settling = settle > 0;
    } else {
        run->settling = false;
    }
    run->stretch_end = later(run->at, run->settling ? settle : draw_dwell(run));
}

static double present_center(const struct ls_exposure_run *run) {
    const struct ls_scenario_sensor *sensor = &run->scenario->sensor;
    return sensor->hop.center_count == 0 ? sensor->center_hz
                                         : sensor->hop.centers_hz[run->order[run->turn]];
}

static int64_t time_at(const struct ls_exposure_run *run, uint64_t sample) {
    return run->scenario->start_ns + ls_time_of_samples(sample, run->scenario->sensor.rate_sps);
}

bool ls_exposure_run_next(struct ls_exposure_run *run, struct ls_exposure *ret) {
    if (run->at >= run->total) {
        return false;
    }
    while (run->loss_end <= run->at) {
        draw_loss(run, run->at);
    }
    bool lost = !run->settling && run->loss_start <= run->at;
    uint64_t end = run->stretch_end < run->total ? run->stretch_end : run->total;
    if (!run->settling) {
        uint64_t change = lost ? run->loss_end : run->loss_start;
        end = change < end ? change : end;
    }
    *ret = (struct ls_exposure){.state = run->settling ? LS_RETUNING
                                         : lost        ? LS_LOST
                                                       : LS_OBSERVED,
                                .first_sample = run->at,
                                .samples = end - run->at,
                                .start_ns = time_at(run, run->at),
                                .stop_ns = time_at(run, end),
                                .center_hz = present_center(run)};
    run->at = end;
    if (end == run->stretch_end) {
        next_stretch(run);
    }
    return true;
}
