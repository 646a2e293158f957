/* The receiver's schedule, to the sample. */
#include <criterion/criterion.h>
#include <gsl/gsl_cdf.h>
#include <math.h>

#include "fit.h"

#define SENSOR(keys) "duration_s: 1h\nsensor: {center_hz: 868M, rate_sps: 1.024M, " keys "}\n"

/* Walks all exposures and checks that they abut; sums samples by state. */
static size_t walk(struct fit_scene *scene, uint64_t ret_samples[4]) {
    struct ls_exposure exposure;
    uint64_t at = 0;
    int64_t t_ns = scene->scenario->start_ns;
    size_t count = 0;
    while (ls_scene_next_exposure(scene->scene, &exposure)) {
        cr_assert_eq(exposure.first_sample, at);
        cr_assert_eq(exposure.start_ns, t_ns);
        cr_assert_gt(exposure.samples, 0);
        at += exposure.samples;
        t_ns = exposure.stop_ns;
        ret_samples[exposure.state] += exposure.samples;
        count++;
    }
    cr_assert_eq(at, (uint64_t)(scene->scenario->duration_s * scene->scenario->sensor.rate_sps));
    return count;
}

Test(exposure, without_hops_and_losses_it_is_one) {
    struct fit_scene scene = fit_scene_open(SENSOR("usable: 0.8"), 1);
    uint64_t samples[4] = {0};
    cr_expect_eq(walk(&scene, samples), 1);
    cr_expect_eq(samples[LS_OBSERVED], UINT64_C(3686400000));
    fit_scene_close(&scene);
}

/* Three centres, 0.5 s and 7 ms: one round is 1.521 s; every dwell has the same samples. */
Test(exposure, hops_are_exact) {
    struct fit_scene scene = fit_scene_open(
        SENSOR("hop: {centers_hz: [868M, 433M, 878M], dwell_s: 0.5s, settle_s: 7ms}"), 1);
    static const double centers[] = {868e6, 433e6, 878e6};
    struct ls_exposure exposure;
    for (size_t i = 0; ls_scene_next_exposure(scene.scene, &exposure); i++) {
        bool settling = i % 2 == 1;
        bool last = exposure.first_sample + exposure.samples == UINT64_C(3686400000);
        cr_assert_eq(exposure.state, settling ? LS_RETUNING : LS_OBSERVED);
        cr_assert_float_eq(exposure.center_hz, centers[(i + 1) / 2 % 3], 0.0);
        cr_assert(last || exposure.samples == (settling ? 7168 : 512000));
        cr_assert_eq(exposure.first_sample, i / 2 * (512000 + 7168) + (settling ? 512000 : 0));
    }
    fit_scene_close(&scene);
}

Test(exposure, random_hops_visit_every_centre_once_a_round) {
    struct fit_scene scene = fit_scene_open(
        SENSOR("hop: {centers_hz: [868M, 433M, 878M, 915M], dwell_s: 0.5s, dwell_spread: 0.2, "
               "settle_s: 5ms, order: random}"),
        1);
    struct ls_exposure exposure;
    unsigned seen = 0;
    size_t dwells = 0;
    size_t repeats = 0;
    double previous[4] = {0};
    while (ls_scene_next_exposure(scene.scene, &exposure)) {
        bool last = exposure.first_sample + exposure.samples == UINT64_C(3686400000);
        if (exposure.state != LS_OBSERVED || last) {
            continue;
        }
        cr_assert(exposure.samples >= 409600 && exposure.samples <= 614400);
        seen |= exposure.center_hz < 434e6   ? 1U
                : exposure.center_hz < 869e6 ? 2U
                : exposure.center_hz < 879e6 ? 4U
                                             : 8U;
        repeats += fabs(exposure.center_hz - previous[dwells % 4]) < 1.0;
        previous[dwells % 4] = exposure.center_hz;
        if (++dwells % 4 == 0) {
            cr_assert_eq(seen, 15U);
            seen = 0;
        }
    }
    /* A quarter of the turns would repeat by chance: 3600 / 0.505 of them. */
    double p = (double)repeats / (double)dwells;
    cr_expect_lt(fabs(p - 0.25), 4.0 * sqrt(0.25 * 0.75 / (double)dwells));
    fit_scene_close(&scene);
}

/* 100 an hour of 0.1 s mean: 100 +- 40, 10 s +- 6 s lost (four standard deviations). */
Test(exposure, losses_are_a_poisson_process) {
    struct fit_scene scene =
        fit_scene_open(SENSOR("loss: {rate_per_hour: 100, length_s: 0.1s}"), 1);
    uint64_t samples[4] = {0};
    size_t count = walk(&scene, samples);
    cr_expect_lt(fabs((double)count / 2.0 - 100.0), 40.0);
    cr_expect_lt(fabs((double)samples[LS_LOST] / 1.024e6 - 10.0), 6.0);
    cr_expect_eq(samples[LS_OBSERVED] + samples[LS_LOST], UINT64_C(3686400000));
    fit_scene_close(&scene);
}

Test(exposure, hops_and_losses_together_still_add_up) {
    struct fit_scene scene =
        fit_scene_open(SENSOR("hop: {centers_hz: [868M, 433M], dwell_s: 50ms, settle_s: 3ms}, "
                              "loss: {rate_per_hour: 20000, length_s: 20ms}"),
                       1);
    uint64_t samples[4] = {0};
    walk(&scene, samples);
    cr_expect_gt(samples[LS_LOST], UINT64_C(100000000));
    cr_expect_gt(samples[LS_RETUNING], UINT64_C(150000000));
    fit_scene_close(&scene);
}
