#include "simulate/observe.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"

enum { STEPS_MAX = 64, FADES = 4 };

static const double false_alarm = 1e-9;
static const double loss_db = 1.0;
static const double looks_exact = 1000.0; /* beyond, the cube-root approximation is as good */
static const double integration_s = 0.1;
static const double step_s = 0.25;
/* Cycles of fading up to which it stands still, and from which on only its mean is left. */
static const double still = 0.05;
static const double averaged = 8.0;

/* Upper quantile and tail of the gamma distribution with shape n: exact, or by its cube root being
 * normal (Wilson, Hilferty, "The distribution of chi-square", PNAS 17(12), 1931). */
static double threshold_of(double n) {
    if (n <= looks_exact) {
        return gsl_cdf_gamma_Qinv(false_alarm, n, 1.0);
    }
    double z = gsl_cdf_ugaussian_Qinv(false_alarm);
    double root = 1.0 - 1.0 / (9.0 * n) + z / (3.0 * sqrt(n));
    return n * root * root * root;
}

static double tail_of(double n, double x) {
    if (n <= looks_exact) {
        return gsl_cdf_gamma_Q(x, n, 1.0);
    }
    return gsl_cdf_ugaussian_Q((cbrt(x / n) - 1.0 + 1.0 / (9.0 * n)) * 3.0 * sqrt(n));
}

static double looks_of(double bandwidth_hz, double length_s) {
    return fmax(1.0, bandwidth_hz * fmin(length_s, integration_s));
}

double ls_observe_detection(double bandwidth_hz, double length_s, double snr_db) {
    double n = looks_of(bandwidth_hz, length_s);
    return tail_of(n, threshold_of(n) / (1.0 + pow(10.0, (snr_db - loss_db) / 10.0)));
}

/* What is known before the look: what of the emission falls into the window. */
struct look {
    const struct ls_scene *scene;
    size_t site;
    const struct ls_emission *emission;
    const struct ls_waveform_info *info;
    int64_t start_ns;
    int64_t stop_ns;
    double low_hz; /* nominal edges of what is received */
    double high_hz;
    double looks;
    double threshold;
    double spread_hz; /* of the fading, in the middle */
    const gsl_rng *rng;
};

/* What was found in it. */
struct find {
    double first_s; /* from look.start_ns */
    double last_s;
    uint64_t bursts;
    double snr_sum;
    double level_sum;
    size_t steps;
};

static bool clip_band(const struct ls_scenario_sensor *sensor,
                      const struct ls_observe_window *window, struct look *look,
                      bool *ret_clipped) {
    double half = sensor->usable * sensor->rate_sps / 2.0;
    double low = look->emission->center_hz + look->info->low_hz;
    double high = look->emission->center_hz + look->info->high_hz;
    look->low_hz = fmax(low, window->center_hz - half);
    look->high_hz = fmin(high, window->center_hz + half);
    *ret_clipped = look->low_hz > low || look->high_hz < high;
    return look->low_hz <= look->high_hz;
}

/* Mean power over [from, to) of the look, in dBm at the antenna port: fading counts as far as it
 * does not average out within. */
static double power_between(const struct look *look, double from_s, double to_s) {
    double cycles = (to_s - from_s) * look->spread_hz;
    int fades = cycles < still ? 1 : cycles < averaged ? FADES : 0;
    int64_t middle_ns = look->start_ns + ls_ns_from_seconds((from_s + to_s) / 2.0);
    struct ls_link link;
    ls_scene_mean_link(look->scene, look->site, look->emission, middle_ns, &link);
    double gain = fades == 0 ? 1.0 : 0.0;
    for (int i = 0; i < fades; i++) {
        double at_s = from_s + (to_s - from_s) * (i + 0.5) / fades;
        double complex fading = ls_scene_fading(look->scene, look->site, look->emission,
                                                look->start_ns + ls_ns_from_seconds(at_s));
        gain += (creal(fading) * creal(fading) + cimag(fading) * cimag(fading)) / fades;
    }
    return link.level_dbm + 10.0 * log10(gain);
}

/* Bursts between two times and how many of them were found. */
static uint64_t found_between(const struct look *look, double from_s, double to_s, double snr_db) {
    double per_s = (double)look->info->bursts / fmax(look->info->duration_s, 1e-9);
    double pd =
        tail_of(look->looks, look->threshold / (1.0 + pow(10.0, (snr_db - loss_db) / 10.0)));
    double bursts = fmax(1.0, round((to_s - from_s) * per_s));
    return gsl_ran_binomial(look->rng, pd, (unsigned)fmin(bursts, 4e9));
}

static void search(const struct look *look, struct find *ret) {
    double length_s = (double)(look->stop_ns - look->start_ns) / (double)LS_NS_PER_S;
    bool changes = ls_scene_moves(look->emission) || length_s * look->spread_hz >= still;
    size_t steps = changes ? (size_t)fmin(STEPS_MAX, ceil(length_s / step_s)) : 1;
    *ret = (struct find){.first_s = -1.0};
    for (size_t i = 0; i < steps; i++) {
        double from_s = length_s * (double)i / (double)steps;
        double to_s = length_s * (double)(i + 1) / (double)steps;
        double level_dbm = power_between(look, from_s, to_s);
        int64_t t_ns = look->start_ns + ls_ns_from_seconds((from_s + to_s) / 2.0);
        double noise_dbm =
            ls_scene_noise_dbm(look->scene, fmax(1.0, look->high_hz - look->low_hz), t_ns);
        uint64_t bursts = found_between(look, from_s, to_s, level_dbm - noise_dbm);
        if (bursts > 0) {
            ret->first_s = ret->steps == 0 ? from_s : ret->first_s;
            ret->last_s = to_s;
            ret->bursts += bursts;
            ret->snr_sum += pow(10.0, (level_dbm - noise_dbm) / 10.0);
            ret->level_sum += pow(10.0, level_dbm / 10.0);
            ret->steps++;
        }
    }
}

/* To whole parts of per: 10 for tenths. */
static double rounded(double value, double per) { return nearbyint(value * per) / per; }

/* Start and stop with their errors, never beyond the window. */
static void measure_times(const struct look *look, const struct find *find,
                          const struct ls_observe_window *window, double s,
                          struct ls_transmission *ret) {
    double edge_s = 1e-4 * (1.0 + 1.0 / sqrt(s));
    double start_s = find->first_s + gsl_ran_gaussian(look->rng, edge_s);
    double stop_s = find->last_s + gsl_ran_gaussian(look->rng, edge_s);
    int64_t start_ns = look->start_ns + llround(start_s * 1e9);
    int64_t stop_ns = look->start_ns + llround(stop_s * 1e9);
    start_ns = start_ns < window->start_ns ? window->start_ns : start_ns;
    stop_ns = stop_ns > window->stop_ns ? window->stop_ns : stop_ns;
    ret->start_ns = start_ns;
    /* Noise at both edges can cross on the shortest bursts: a microsecond is left then. */
    ret->duration_ns = stop_ns > start_ns ? stop_ns - start_ns : 1000;
    int64_t emission_stop_ns = look->emission->start_ns + look->emission->duration_ns;
    ret->flags |=
        look->start_ns > look->emission->start_ns && find->first_s <= 0.0 ? LS_BURST_CUT_START : 0;
    ret->flags |=
        look->stop_ns < emission_stop_ns && ret->start_ns + ret->duration_ns >= window->stop_ns
            ? LS_BURST_CUT_STOP
            : 0;
}

static void measure_frequency(const struct look *look, double s, uint64_t bursts,
                              struct ls_transmission *ret) {
    int64_t middle_ns = ret->start_ns + ret->duration_ns / 2;
    struct ls_link link;
    ls_scene_shift(look->scene, look->site, look->emission, middle_ns, &link);
    double ppm = ls_scene_sensor_ppm(look->scene, middle_ns);
    double shift_hz = link.shift_hz - look->emission->center_hz * ppm * 1e-6;
    double bandwidth_hz = ret->bandwidth_hz;
    double center_error_hz = 0.01 * bandwidth_hz * sqrt(10.0 / s);
    double offset_error_hz = fmax(0.5, 7e-4 * bandwidth_hz / sqrt(s * (double)bursts));
    ret->center_hz = rounded((look->low_hz + look->high_hz) / 2.0 + shift_hz +
                                 gsl_ran_gaussian(look->rng, center_error_hz),
                             10.0);
    ret->offset_hz = rounded(shift_hz + gsl_ran_gaussian(look->rng, offset_error_hz), 10.0);
    double error = gsl_ran_gaussian(look->rng, 0.03 + 0.1 / sqrt(s));
    ret->bandwidth_hz = rounded(bandwidth_hz * fmax(0.1, 1.0 + error), 10.0);
}

static void measure(const struct look *look, const struct find *find,
                    const struct ls_observe_window *window, struct ls_transmission *ret) {
    const struct ls_scenario_sensor *sensor = &ls_scene_scenario(look->scene)->sensor;
    double s = find->snr_sum / (double)find->steps;
    double snr_db = 10.0 * log10(s);
    double level_dbm = 10.0 * log10(find->level_sum / (double)find->steps);
    measure_times(look, find, window, s, ret);
    /* A bare carrier is as wide as the longest look resolves. */
    ret->bandwidth_hz = fmax(look->high_hz - look->low_hz,
                             1.0 / fmin(integration_s, (double)ret->duration_ns / 1e9));
    measure_frequency(look, s, find->bursts, ret);
    ret->snr_db = rounded(snr_db + gsl_ran_gaussian(look->rng, 0.3), 100.0);
    ret->level_dbfs =
        rounded(level_dbm - sensor->full_scale_dbm + gsl_ran_gaussian(look->rng, 0.3), 100.0);
    bool named = gsl_rng_uniform(look->rng) < 1.0 / (1.0 + exp(5.0 - snr_db));
    ls_copy_text(ret->class_name, sizeof ret->class_name,
                 named ? look->info->class_name : "unknown");
    ret->bursts = find->bursts;
    ret->period_s = look->info->period_s;
    ret->burst_s = fmin(look->info->burst_s, (double)ret->duration_ns / 1e9);
    ret->on_s = fmin((double)find->bursts * ret->burst_s, (double)ret->duration_ns / 1e9);
}

bool ls_observe_emission(const struct ls_scene *scene, size_t site,
                         const struct ls_emission *emission, const struct ls_waveform_info *info,
                         const struct ls_observe_window *window, const gsl_rng *rng,
                         struct ls_transmission *ret) {
    const struct ls_scenario_sensor *sensor = &ls_scene_scenario(scene)->sensor;
    int64_t stop_ns = emission->start_ns + emission->duration_ns;
    struct look look = {.scene = scene,
                        .site = site,
                        .emission = emission,
                        .info = info,
                        .start_ns = emission->start_ns > window->start_ns ? emission->start_ns
                                                                          : window->start_ns,
                        .stop_ns = stop_ns < window->stop_ns ? stop_ns : window->stop_ns,
                        .rng = rng};
    bool clipped;
    if (look.stop_ns <= look.start_ns || !clip_band(sensor, window, &look, &clipped)) {
        return false;
    }
    look.looks = looks_of(look.high_hz - look.low_hz, info->burst_s);
    look.threshold = threshold_of(look.looks);
    struct ls_link link;
    ls_scene_shift(scene, site, emission, look.start_ns + (look.stop_ns - look.start_ns) / 2,
                   &link);
    look.spread_hz = link.spread_hz;
    struct find find;
    search(&look, &find);
    if (find.steps == 0) {
        return false;
    }
    struct ls_transmission row = {.flags = clipped ? LS_BURST_BAND_EDGE : 0, .class_score = NAN};
    ls_copy_text(row.sensor, sizeof row.sensor, sensor->sites[site].name);
    measure(&look, &find, window, &row);
    *ret = row;
    return true;
}

void ls_observe_noise(const struct ls_scene *scene, size_t site,
                      const struct ls_observe_window *window, int64_t t_ns, const gsl_rng *rng,
                      struct ls_transmission *ret) {
    const struct ls_scenario_sensor *sensor = &ls_scene_scenario(scene)->sensor;
    double span_hz = sensor->usable * sensor->rate_sps;
    double length_s = 0.3e-3 * pow(10.0, 2.0 * gsl_rng_uniform(rng)); /* 0.3 to 30 ms */
    double bandwidth_hz = fmin(span_hz / 2.0, 3e3 * pow(10.0, 2.0 * gsl_rng_uniform(rng)));
    double room_s = (double)(window->stop_ns - t_ns) / (double)LS_NS_PER_S;
    struct ls_transmission row = {
        .start_ns = t_ns,
        .duration_ns = llround(fmax(1e-6, fmin(length_s, room_s)) * 1e9),
        .center_hz = rounded(
            window->center_hz + (span_hz - bandwidth_hz) * (gsl_rng_uniform(rng) - 0.5), 10.0),
        .bandwidth_hz = rounded(bandwidth_hz, 10.0),
        .offset_hz = NAN,
        .bursts = 1,
        .period_s = NAN,
        .class_score = NAN};
    /* Just over the threshold of its own box. */
    double n = looks_of(bandwidth_hz, length_s);
    double s = fmax(0.05, threshold_of(n) / n - 1.0);
    row.snr_db = rounded(10.0 * log10(s) + gsl_ran_gaussian(rng, 0.3), 100.0);
    row.level_dbfs = rounded(
        row.snr_db + ls_scene_noise_dbm(scene, bandwidth_hz, t_ns) - sensor->full_scale_dbm, 100.0);
    row.on_s = row.burst_s = (double)row.duration_ns / 1e9;
    ls_copy_text(row.sensor, sizeof row.sensor, sensor->sites[site].name);
    ls_copy_text(row.class_name, sizeof row.class_name, "unknown");
    *ret = row;
}
