/* Samples are counted on the wall clock; everything that changes slowly is held on a grid of
 * GRID samples that starts at 0, so that no split of the calls changes a bit:
 *
 *   waveform at factor * rate --> oscillator --> [low-pass, every factor-th] --> gain
 *
 * factor is 1 when the signal fits into the band. When it sticks out, it is made at a higher rate,
 * so that what lies outside is filtered away instead of folded in. Level (in dB), complex fading
 * and frequency are straight lines between nodes some grid steps apart; within a grid step the
 * frequency stands and the gain is a straight line. */
#include "simulate/track.h"

#include <assert.h>
#include <liquid/liquid.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "simulate/exact.h"

enum {
    GRID = 64,
    FACTOR_MAX = 128,
    TAPS_PER_FACTOR = 45, /* 60 dB from 0.46 to 0.54 of the rate (Kaiser's formula) */
    MARGIN = 8,           /* outputs before the start: filters ring ahead of it */
    LANES = 4,
};

struct node {
    double level_db;
    double complex fading;
    double shift_hz; /* of the carrier, as this receiver shows it */
};

struct ls_track {
    const struct ls_scene *scene;
    size_t site;
    struct ls_emission emission;
    struct ls_waveform *waveform;
    double rate_sps;
    double start; /* position, samples */
    double stop;
    size_t delay;
    size_t factor;
    size_t taps; /* odd; 0 for a factor of 1 */
    float *filter;
    float complex *line; /* taps - 1 samples of before, then those of a grid step */
    size_t silent_run;   /* samples at the end of line that are known to be zero */
    int64_t next;        /* position of the next output */
    uint64_t phase;      /* 2^-64 turns at the start of the present grid step */
    int64_t node_steps;  /* grid steps from node to node */
    int64_t node_index;  /* nodes[0] is at this multiple of node_steps */
    struct node nodes[2];
};

static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }

static double own_center(const struct ls_track *track, double shift_hz) {
    return track->emission.center_hz + shift_hz;
}

static void fill_node(const struct ls_track *track, int64_t index, struct node *ret) {
    /* Outside the emission the values of its ends hold. */
    double samples = (double)(index * track->node_steps * GRID);
    samples = fmin(fmax(samples, track->start), track->stop);
    const struct ls_scenario *scenario = ls_scene_scenario(track->scene);
    int64_t t_ns =
        scenario->start_ns + llround((samples + (double)track->delay) / track->rate_sps * 1e9);
    struct ls_link link;
    ls_scene_link(track->scene, track->site, &track->emission, t_ns, &link);
    double ppm = ls_scene_sensor_ppm(track->scene, t_ns);
    double arrives_hz = own_center(track, link.shift_hz);
    ret->level_db = link.level_dbm - scenario->sensor.full_scale_dbm;
    ret->fading = link.fading;
    ret->shift_hz = link.shift_hz - arrives_hz * ppm * 1e-6;
}

static void need_nodes(struct ls_track *track, int64_t step) {
    int64_t index = floor_div(step, track->node_steps);
    if (index == track->node_index) {
        return;
    }
    if (index == track->node_index + 1) {
        track->nodes[0] = track->nodes[1];
    } else {
        fill_node(track, index, &track->nodes[0]);
    }
    fill_node(track, index + 1, &track->nodes[1]);
    track->node_index = index;
}

/* Values at the start of a grid step, or at its end when share counts it. */
static struct node between(const struct ls_track *track, double share) {
    const struct node *a = &track->nodes[0];
    const struct node *b = &track->nodes[1];
    return (struct node){.level_db = a->level_db + share * (b->level_db - a->level_db),
                         .fading = a->fading + share * (b->fading - a->fading),
                         .shift_hz = a->shift_hz + share * (b->shift_hz - a->shift_hz)};
}

static double share_of(const struct ls_track *track, int64_t step, double more) {
    int64_t since = step - track->node_index * track->node_steps;
    return ((double)since + more) / (double)track->node_steps;
}

static double complex gain_of(const struct node *node) {
    return pow(10, node->level_db / 20) * node->fading;
}

/* --- creation --- */

/* The smallest factor at which nothing folds into the band; see the drawing above. */
static size_t factor_for(double rate_sps, double offset_hz, double span_hz) {
    double away = fabs(offset_hz);
    if (away + span_hz / 2 <= rate_sps / 2) {
        return 1;
    }
    for (size_t factor = 2; factor < FACTOR_MAX; factor++) {
        double own = (double)factor * rate_sps;
        double half = fmin(span_hz / 2, 0.58 * own);
        bool kept = fmin(span_hz / 2, away + rate_sps / 2) <= 0.42 * own;
        if (kept && own >= away + half + rate_sps / 2) {
            return factor;
        }
    }
    return FACTOR_MAX;
}

static bool overlaps(double rate_sps, double offset_hz, double span_hz) {
    return fabs(offset_hz) - span_hz / 2 < rate_sps / 2;
}

/* Over all tunings that see it; 0: none does. */
static size_t factor_of(const struct ls_scenario *scenario, const struct ls_emission *emission,
                        double span_hz) {
    const struct ls_scenario_sensor *sensor = &scenario->sensor;
    size_t count = sensor->hop.center_count;
    size_t factor = 0;
    for (size_t i = 0; i < (count > 0 ? count : 1); i++) {
        double tuning_hz = count > 0 ? sensor->hop.centers_hz[i] : sensor->center_hz;
        double offset_hz = emission->center_hz - tuning_hz;
        if (overlaps(sensor->rate_sps, offset_hz, span_hz)) {
            size_t own = factor_for(sensor->rate_sps, offset_hz, span_hz);
            factor = own > factor ? own : factor;
        }
    }
    return factor;
}

static int create_filter(struct ls_track *track, struct ls_err *err) {
    track->taps = track->factor == 1 ? 0 : (TAPS_PER_FACTOR * track->factor) | 1;
    size_t before = track->taps > 0 ? track->taps - 1 : 0;
    track->silent_run = before;
    track->filter = calloc(track->taps + 1, sizeof *track->filter);
    track->line = calloc(before + GRID * track->factor, sizeof *track->line);
    if (track->filter == NULL || track->line == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for an emission");
    }
    if (track->taps > 0) {
        liquid_firdes_kaiser((unsigned)track->taps, 0.5f / (float)track->factor, 60, 0,
                             track->filter);
        double sum = 0;
        for (size_t i = 0; i < track->taps; i++) {
            sum += (double)track->filter[i];
        }
        for (size_t i = 0; i < track->taps; i++) {
            track->filter[i] = (float)((double)track->filter[i] / sum);
        }
    }
    return LS_OK;
}

static struct ls_waveform_opts waveform_opts(const struct ls_scene *scene,
                                             const struct ls_emission *emission) {
    size_t count;
    const struct ls_scene_emitter *emitters = ls_scene_emitters(scene, &count);
    assert(emission->emitter < count);
    const struct ls_air *air = emitters[emission->emitter].air;
    return (struct ls_waveform_opts){.id = air->id,
                                     .duration_s = (double)emission->duration_ns / 1e9,
                                     .seed = emission->seed,
                                     .params = air->params};
}

/* The waveform starts at `start`; the filter's delay and some samples before are made first. */
static int create_waveform(struct ls_track *track, struct ls_err *err) {
    struct ls_waveform_opts opts = waveform_opts(track->scene, &track->emission);
    double half = track->taps > 0 ? (double)(track->taps - 1) / 2 / (double)track->factor : 0;
    double first = track->start - half;
    track->next = (int64_t)floor(first) - MARGIN;
    opts.delay_s = (first - (double)track->next) / track->rate_sps;
    opts.rate_sps = track->rate_sps * (double)track->factor;
    return ls_waveform_create(&track->waveform, &opts, err);
}

static void set_grid(struct ls_track *track) {
    double step_s = ls_scene_step_s(track->scene, &track->emission);
    double steps = floor(step_s * track->rate_sps / GRID);
    track->node_steps = steps < 1 ? 1 : (int64_t)steps;
    track->node_index = INT64_MIN / 2;
    need_nodes(track, floor_div(track->next, GRID));
}

int ls_track_create(struct ls_track **ret, const struct ls_track_opts *opts, struct ls_err *err) {
    const struct ls_scenario *scenario = ls_scene_scenario(opts->scene);
    struct ls_waveform_opts waveform = waveform_opts(opts->scene, opts->emission);
    struct ls_waveform_info info;
    int code = ls_waveform_describe(&waveform, &info, err);
    if (code != LS_OK) {
        return code;
    }
    size_t factor = factor_of(scenario, opts->emission, info.span_hz);
    if (factor == 0) {
        *ret = NULL;
        return LS_OK;
    }
    struct ls_track *track = calloc(1, sizeof *track);
    if (track == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for an emission");
    }
    track->scene = opts->scene;
    track->site = opts->site;
    track->emission = *opts->emission;
    track->factor = factor;
    track->delay = opts->delay;
    track->rate_sps = scenario->sensor.rate_sps;
    double start_s = (double)(opts->emission->start_ns - scenario->start_ns) / 1e9;
    track->start = start_s * track->rate_sps - (double)opts->delay;
    track->stop = track->start + info.duration_s * track->rate_sps;
    code = create_filter(track, err);
    if (code == LS_OK) {
        code = create_waveform(track, err);
    }
    if (code != LS_OK) {
        ls_track_destroy(track);
        return code;
    }
    set_grid(track);
    *ret = track;
    return LS_OK;
}

void ls_track_destroy(struct ls_track *track) {
    if (track != NULL) {
        ls_waveform_destroy(track->waveform);
        free(track->filter);
        free(track->line);
        free(track);
    }
}

/* --- what it is --- */

const struct ls_emission *ls_track_emission(const struct ls_track *track) {
    return &track->emission;
}

const struct ls_waveform_info *ls_track_info(const struct ls_track *track) {
    return ls_waveform_info(track->waveform);
}

uint64_t ls_track_start(const struct ls_track *track) {
    double samples = track->start + (double)track->delay;
    return samples < 0 ? 0 : (uint64_t)ceil(samples);
}

uint64_t ls_track_stop(const struct ls_track *track) {
    double samples = track->stop + (double)track->delay;
    return samples < 0 ? 0 : (uint64_t)ceil(samples);
}

bool ls_track_visible(const struct ls_track *track, double tuning_hz, uint64_t at,
                      double *ret_low_hz, double *ret_high_hz) {
    struct node node;
    fill_node(track, (int64_t)(at / GRID) / track->node_steps, &node);
    const struct ls_waveform_info *info = ls_track_info(track);
    double center_hz = own_center(track, node.shift_hz);
    double low_hz = fmax(center_hz + info->low_hz, tuning_hz - track->rate_sps / 2);
    double high_hz = fmin(center_hz + info->high_hz, tuning_hz + track->rate_sps / 2);
    if (low_hz >= high_hz) {
        return false;
    }
    *ret_low_hz = low_hz;
    *ret_high_hz = high_hz;
    return true;
}

/* The part that lies within 40 dB of the strongest overlaps the band. */
static bool in_band(const struct ls_track *track, double tuning_hz) {
    return overlaps(track->rate_sps, track->emission.center_hz - tuning_hz,
                    ls_track_info(track)->span_hz);
}

bool ls_track_ended(const struct ls_track *track, double tuning_hz) {
    if (!in_band(track, tuning_hz)) {
        return true;
    }
    return ls_waveform_ended(track->waveform) &&
           (track->taps == 0 || track->silent_run >= track->taps - 1);
}

/* --- samples --- */

/* Turns x[n], n <= GRID, by phase, phase + step, ... Four oscillators side by side, set anew for
 * each call, so that rounding does not add up. */
static void turn_grid(float complex *x, size_t n, uint64_t phase, uint64_t step) {
    float re[LANES];
    float im[LANES];
    for (size_t l = 0; l < LANES; l++) {
        float complex at = ls_exact_cis((uint32_t)((phase + l * step) >> 32));
        re[l] = crealf(at);
        im[l] = cimagf(at);
    }
    float complex by = ls_exact_cis((uint32_t)(LANES * step >> 32));
    float by_re = crealf(by);
    float by_im = cimagf(by);
    float *flat = (float *)x;
    for (size_t i = 0; i < n; i += LANES) {
        size_t lanes = n - i < LANES ? n - i : LANES;
        for (size_t l = 0; l < lanes; l++) {
            float *v = &flat[2 * (i + l)];
            float turned = v[0] * re[l] - v[1] * im[l];
            v[1] = v[0] * im[l] + v[1] * re[l];
            v[0] = turned;
        }
        for (size_t l = 0; l < LANES; l++) {
            float next = re[l] * by_re - im[l] * by_im;
            im[l] = re[l] * by_im + im[l] * by_re;
            re[l] = next;
        }
    }
}

static void turn(float complex *x, size_t n, uint64_t phase, uint64_t step) {
    for (size_t done = 0; done < n; done += GRID) {
        turn_grid(&x[done], n - done < GRID ? n - done : GRID, phase + done * step, step);
    }
}

static void apply_gain(float complex *x, size_t n, size_t offset, double complex from,
                       double complex to) {
    float complex step = (float complex)((to - from) / GRID);
    float complex start = (float complex)from;
    if (step == 0 && cimagf(start) == 0) {
        float gain = crealf(start);
        for (size_t i = 0; i < n; i++) {
            x[i] = CMPLXF(gain * crealf(x[i]), gain * cimagf(x[i]));
        }
        return;
    }
    for (size_t i = 0; i < n; i++) {
        float at = (float)(offset + i);
        float re = crealf(start) + at * crealf(step);
        float im = cimagf(start) + at * cimagf(step);
        x[i] = CMPLXF(crealf(x[i]) * re - cimagf(x[i]) * im, crealf(x[i]) * im + cimagf(x[i]) * re);
    }
}

/* Every factor-th output of the low-pass over the line. */
static void decimate(const struct ls_track *track, float complex *ret, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const float complex *x = &track->line[i * track->factor];
        float re[LANES] = {0};
        float im[LANES] = {0};
        size_t k = 0;
        for (; k + LANES <= track->taps; k += LANES) {
            for (size_t l = 0; l < LANES; l++) {
                re[l] += track->filter[k + l] * crealf(x[k + l]);
                im[l] += track->filter[k + l] * cimagf(x[k + l]);
            }
        }
        for (; k < track->taps; k++) {
            re[0] += track->filter[k] * crealf(x[k]);
            im[0] += track->filter[k] * cimagf(x[k]);
        }
        ret[i] = CMPLXF((re[0] + re[1]) + (re[2] + re[3]), (im[0] + im[1]) + (im[2] + im[3]));
    }
}

/* Frequency of a grid step, in 2^-64 turns a sample of the waveform. */
static uint64_t step_of(const struct ls_track *track, int64_t grid_step, double tuning_hz) {
    struct node middle = between(track, share_of(track, grid_step, 0.5));
    double hz = own_center(track, middle.shift_hz) - tuning_hz;
    double turns = hz / (track->rate_sps * (double)track->factor);
    return ls_exact_turns(turns);
}

/* The waveform's samples of n outputs, turned, into the line or straight into ret. */
static bool fill_line(struct ls_track *track, uint64_t step, size_t offset, float complex *ret,
                      size_t n) {
    size_t before = track->taps > 0 ? track->taps - 1 : 0;
    size_t count = n * track->factor;
    float complex *x = track->taps > 0 ? &track->line[before] : ret;
    uint64_t phase = track->phase + step * (offset * track->factor);
    bool live = ls_waveform_render(track->waveform, x, count);
    if (live) {
        turn(x, count, phase, step);
        track->silent_run = 0;
    } else {
        track->silent_run += count;
    }
    if (track->taps == 0) {
        return live;
    }
    if (!live) {
        memset(x, 0, count * sizeof *x);
    }
    bool any = track->silent_run < before + count;
    if (any) {
        decimate(track, ret, n);
    }
    memmove(track->line, &track->line[count], before * sizeof *track->line);
    return any;
}

/* n outputs within one grid step. */
static bool render_step(struct ls_track *track, double tuning_hz, float complex *ret, size_t n) {
    int64_t grid_step = floor_div(track->next, GRID);
    size_t offset = (size_t)(track->next - grid_step * GRID);
    need_nodes(track, grid_step);
    uint64_t step = step_of(track, grid_step, tuning_hz);
    bool live = fill_line(track, step, offset, ret, n);
    if (live) {
        struct node from = between(track, share_of(track, grid_step, 0));
        struct node to = between(track, share_of(track, grid_step, 1));
        apply_gain(ret, n, offset, gain_of(&from), gain_of(&to));
    }
    track->next += (int64_t)n;
    if (offset + n == GRID) {
        track->phase += step * (GRID * track->factor);
    }
    return live;
}

/* Moves to a position ahead: the phase runs on, the waveform is passed over but for what the filter
 * still holds then. */
static void pass_over(struct ls_track *track, double tuning_hz, int64_t to) {
    float complex scratch[GRID];
    int64_t warm = track->taps > 0 ? TAPS_PER_FACTOR + GRID : 0;
    uint64_t skipped = 0;
    while (track->next < to) {
        int64_t grid_step = floor_div(track->next, GRID);
        int64_t end = (grid_step + 1) * GRID < to ? (grid_step + 1) * GRID : to;
        size_t n = (size_t)(end - track->next);
        if (to - track->next <= warm) {
            ls_waveform_skip(track->waveform, skipped * track->factor);
            skipped = 0;
            render_step(track, tuning_hz, scratch, n);
            continue;
        }
        need_nodes(track, grid_step);
        if (end == (grid_step + 1) * GRID) {
            track->phase += step_of(track, grid_step, tuning_hz) * (GRID * track->factor);
        }
        skipped += n;
        track->next = end;
    }
    ls_waveform_skip(track->waveform, skipped * track->factor);
}

bool ls_track_render(struct ls_track *track, double tuning_hz, int64_t first, float complex *ret,
                     size_t n) {
    int64_t end = first + (int64_t)n;
    if (track->next >= end || !in_band(track, tuning_hz)) {
        return false;
    }
    if (track->next < first) {
        pass_over(track, tuning_hz, first);
    }
    size_t done = (size_t)(track->next - first);
    bool live = false;
    while (done < n) {
        size_t left = GRID - (size_t)(track->next - floor_div(track->next, GRID) * GRID);
        size_t count = n - done < left ? n - done : left;
        bool step_live = render_step(track, tuning_hz, &ret[done], count);
        if (step_live && !live) {
            memset(ret, 0, done * sizeof *ret);
        } else if (!step_live && live) {
            memset(&ret[done], 0, count * sizeof *ret);
        }
        live = live || step_live;
        done += count;
    }
    return live;
}
