/* Carriers: unmodulated, stepped over a raster, swept. All are phase functions of time. */
#include <math.h>

#include "base/util.h"
#include "simulate/exact.h"
#include "simulate/generator.h"

enum { SEGMENT = 1024 };

static const char *const no_modes[] = {NULL};

enum { SWEEP_UP, SWEEP_DOWN, SWEEP_TRIANGLE };
static const char *const sweep_modes[] = {"up", "down", "triangle", NULL};

/* One shape for all three: frequency runs over a step from start_hz at slope_hzps; steps repeat. */
struct sweep {
    double rate_sps;
    double sample_s;
    double lead;
    uint64_t samples;
    uint64_t done;
    double step_s;
    double phase_turns; /* at the start of this step */
    size_t steps;
    size_t step;
    double first_hz;
    double step_hz;
    double width_hz; /* swept within a step */
    size_t mode;
    uint64_t step_start; /* first sample of this step */
};

static int describe_carrier(const struct ls_waveform_opts *opts, struct ls_generator_plan *ret,
                            struct ls_err *err) {
    (void)err;
    ret->info.duration_s = ls_generator_or(opts->duration_s, 1.0);
    ret->info.on_s = ret->info.duration_s;
    ret->info.burst_s = ret->info.duration_s;
    /* A line has no width of its own: what is stated is that of its on and off. */
    ret->info.high_hz = 5.0 / ret->info.duration_s;
    ret->info.low_hz = -ret->info.high_hz;
    ret->info.span_hz = 2 * ret->info.high_hz;
    ret->segment_samples = SEGMENT;
    return LS_OK;
}

static double step_count(const struct ls_waveform_opts *opts) {
    return ls_generator_or((double)opts->params.steps, 40);
}

static int describe_stepped(const struct ls_waveform_opts *opts, struct ls_generator_plan *ret,
                            struct ls_err *err) {
    double step_hz = ls_generator_or(opts->params.step_hz, 25e3);
    double dwell_s = ls_generator_or(opts->params.dwell_s, 0.1);
    double steps = step_count(opts);
    int code = ls_generator_check_range(opts, "steps", steps, 2, 1e5, err);
    if (code == LS_OK) {
        code = ls_generator_check_range(opts, "dwell_s", dwell_s, 1e-4, 1e5, err);
    }
    if (code == LS_OK) {
        code = ls_generator_check_range(opts, "step_hz", step_hz, 1, 1e8, err);
    }
    if (code != LS_OK) {
        return code;
    }
    ret->info.duration_s = ls_generator_or(opts->duration_s, steps * dwell_s);
    ret->info.on_s = ret->info.duration_s;
    ret->info.burst_s = dwell_s;
    ret->info.bursts = (uint64_t)ceil(ret->info.duration_s / dwell_s);
    ret->info.period_s = dwell_s;
    ret->info.high_hz = (steps - 1) / 2 * step_hz + 5.0 / dwell_s;
    ret->info.low_hz = -ret->info.high_hz;
    ret->info.span_hz = 2 * ret->info.high_hz + 100.0 / dwell_s;
    ret->segment_samples = SEGMENT;
    return LS_OK;
}

static int describe_chirp(const struct ls_waveform_opts *opts, struct ls_generator_plan *ret,
                          struct ls_err *err) {
    double width_hz = ls_generator_or(opts->params.bandwidth_hz, 1e6);
    double dwell_s = ls_generator_or(opts->params.dwell_s, 0.1);
    int code = ls_generator_check_range(opts, "dwell_s", dwell_s, 1e-4, 1e4, err);
    if (code == LS_OK) {
        code = ls_generator_check_range(opts, "bandwidth_hz", width_hz, 100, 1e9, err);
    }
    if (code != LS_OK) {
        return code;
    }
    ret->info.duration_s = ls_generator_or(opts->duration_s, dwell_s);
    ret->info.on_s = ret->info.duration_s;
    ret->info.burst_s = ret->info.duration_s;
    ret->info.high_hz = 0.495 * width_hz;
    ret->info.low_hz = -ret->info.high_hz;
    ret->info.span_hz = 1.1 * width_hz + 20.0 / dwell_s;
    ret->segment_samples = SEGMENT;
    return LS_OK;
}

static void start_common(struct sweep *sweep, const struct ls_generator_start *start) {
    sweep->rate_sps = start->rate_sps;
    sweep->sample_s = 1 / start->rate_sps;
    sweep->lead = start->lead;
    sweep->samples = (uint64_t)llround(start->plan->info.duration_s * start->rate_sps);
    sweep->steps = 1;
    sweep->step_s = start->plan->info.duration_s;
}

static int start_carrier(void *state, const struct ls_generator_start *start, struct ls_err *err) {
    (void)err;
    start_common(state, start);
    return LS_OK;
}

static int start_stepped(void *state, const struct ls_generator_start *start, struct ls_err *err) {
    (void)err;
    struct sweep *sweep = state;
    start_common(sweep, start);
    sweep->steps = (size_t)step_count(start->opts);
    sweep->step_s = ls_generator_or(start->opts->params.dwell_s, 0.1);
    sweep->step_hz = ls_generator_or(start->opts->params.step_hz, 25e3);
    sweep->first_hz = -0.5 * (double)(sweep->steps - 1) * sweep->step_hz;
    return LS_OK;
}

static int start_chirp(void *state, const struct ls_generator_start *start, struct ls_err *err) {
    (void)err;
    struct sweep *sweep = state;
    start_common(sweep, start);
    sweep->step_s = ls_generator_or(start->opts->params.dwell_s, 0.1);
    sweep->width_hz = ls_generator_or(start->opts->params.bandwidth_hz, 1e6);
    sweep->first_hz = -0.5 * sweep->width_hz;
    sweep->mode = ls_generator_mode(start->opts, sweep_modes);
    /* A triangle is two steps, the second one downwards. */
    sweep->steps = sweep->mode == SWEEP_TRIANGLE ? 2 : 1;
    return LS_OK;
}

/* Turns at t seconds into the present step. */
static double turns_in_step(const struct sweep *sweep, double t) {
    double start_hz = sweep->first_hz + (double)sweep->step * sweep->step_hz;
    double slope = sweep->width_hz / sweep->step_s;
    if (sweep->mode == SWEEP_DOWN || (sweep->mode == SWEEP_TRIANGLE && sweep->step == 1)) {
        start_hz += sweep->width_hz;
        slope = -slope;
    }
    return (start_hz + 0.5 * slope * t) * t;
}

static size_t next_sweep(void *state, float complex *ret, bool *ret_silent) {
    (void)ret_silent;
    struct sweep *sweep = state;
    uint64_t left = sweep->samples - sweep->done;
    size_t n = left < SEGMENT ? (size_t)left : SEGMENT;
    for (size_t k = 0; k < n; k++) {
        double t = ((double)(sweep->done - sweep->step_start) + sweep->lead) * sweep->sample_s;
        while (t >= sweep->step_s) {
            sweep->phase_turns =
                fmod(sweep->phase_turns + turns_in_step(sweep, sweep->step_s), 1.0);
            /* What the step's edge leaves of a sample is the lead into the next one. */
            double edge = sweep->step_s * sweep->rate_sps - sweep->lead;
            sweep->lead = ceil(edge) - edge;
            sweep->step_start += (uint64_t)ceil(edge);
            sweep->step = (sweep->step + 1) % sweep->steps;
            t -= sweep->step_s;
        }
        ret[k] = ls_exact_cis(ls_exact_phase(sweep->phase_turns + turns_in_step(sweep, t)));
        sweep->done++;
    }
    return n;
}

const struct ls_generator ls_carrier_generators[] = {
    {.row = {.id = "carrier",
             .class_name = "carrier",
             .summary = "unmodulated carrier",
             .modes = no_modes,
             .uses = ""},
     .describe = describe_carrier,
     .state_bytes = sizeof(struct sweep),
     .start = start_carrier,
     .stop = ls_generator_stop_nothing,
     .next = next_sweep},
    {.row = {.id = "stepped-carrier",
             .class_name = "carrier",
             .summary = "carrier that steps over a raster, phase continuous, lowest step first",
             .modes = no_modes,
             .uses = ",step_hz,dwell_s,steps,"},
     .describe = describe_stepped,
     .state_bytes = sizeof(struct sweep),
     .start = start_stepped,
     .stop = ls_generator_stop_nothing,
     .next = next_sweep},
    {.row = {.id = "chirp",
             .class_name = "chirp",
             .summary = "linear sweep of bandwidth_hz in dwell_s, again and again",
             .modes = sweep_modes,
             .uses = ",bandwidth_hz,dwell_s,"},
     .describe = describe_chirp,
     .state_bytes = sizeof(struct sweep),
     .start = start_chirp,
     .stop = ls_generator_stop_nothing,
     .next = next_sweep},
    {.row = {.id = NULL}},
};
