/* Doppler, path loss, shadowing and fading against formulas of the books. */
#include <criterion/criterion.h>
#include <math.h>

#include "fit.h"
#include "simulate/geometry.h"

static const double c_mps = 299792458.0;

#define DRIVE                                                                                      \
    "duration_s: 2min\nsensor: {center_hz: 878M, sites: [{name: a, place_m: [0, 0, 4]}]}\n"        \
    "cells:\n  - {name: far, place_m: [1e7, 80, 4]}\n  - {name: beside, place_m: [0, 1, 4]}\n"     \
    "emitters:\n  - name: car\n    waveform: {id: carrier}\n    channels_hz: [878M]\n"             \
    "    power_dbm: 10\n"                                                                          \
    "    path: {waypoints: [{t_s: 0, place_m: [-5000, 80, 4]}, {t_s: 120s, place_m: [5000, 80, "   \
    "4]}]}\n    script: {kind: always}\n"

/* f(t) = f0 - (f0 v / c) v (t - t0) / sqrt(d^2 + v^2 (t - t0)^2): 83.3 m/s past at 80 m. */
static double pass_by_hz(double t_s) {
    double v = 10000.0 / 120.0;
    double along = v * (t_s - 60.0);
    return -878e6 * v / c_mps * along / sqrt(80.0 * 80.0 + along * along);
}

static double shift_at(const struct fit_scene *scene, double t_s) {
    struct ls_link link;
    ls_scene_link(scene->scene, 0, &scene->emissions[0],
                  scene->scenario->start_ns + (int64_t)(t_s * 1e9), &link);
    return link.shift_hz;
}

Test(geometry, free_running_doppler_is_the_formula) {
    struct fit_scene scene = fit_scene_open(DRIVE, 1);
    cr_assert_eq(scene.count, 1);
    for (double t = 0.0; t < 120.0; t += 0.37) {
        cr_expect_float_eq(shift_at(&scene, t), pass_by_hz(t), 0.5, "at %g s", t);
    }
    fit_scene_close(&scene);
}

/* A phone takes on its cell's shift: far along the track +fv/c adds to +-fv/c (2x ahead, 0x
 * behind); beside the sensor the curve is doubled. */
Test(geometry, phones_carry_the_shift_of_their_cell) {
    struct fit_scene far = fit_scene_open(DRIVE "    locked: yes\n    cell: far\n", 1);
    struct fit_scene beside = fit_scene_open(DRIVE "    locked: yes\n    cell: beside\n", 1);
    double step = 878e6 * (10000.0 / 120.0) / c_mps;
    double lock = 878e6 * 0.1e-6; /* what the lock may leave */
    double residual = shift_at(&far, 5.0) - pass_by_hz(5.0) - step;
    cr_expect_lt(fabs(residual), lock);
    for (double t = 0.0; t < 120.0; t += 1.7) {
        cr_expect_float_eq(shift_at(&far, t) - residual, pass_by_hz(t) + step, 0.5);
    }
    residual = shift_at(&beside, 5.0) - 2.0 * pass_by_hz(5.0);
    cr_expect_lt(fabs(residual), lock);
    for (double t = 0.0; t < 120.0; t += 1.7) {
        /* The cell stands 1 m nearer to the track than the sensor. */
        cr_expect_float_eq(shift_at(&beside, t) - residual, 2.0 * pass_by_hz(t), 2.0);
    }
    fit_scene_close(&far);
    fit_scene_close(&beside);
}

Test(geometry, handover_makes_one_step) {
    struct fit_scene scene = fit_scene_open(
        "duration_s: 100s\nsensor: {center_hz: 878M, sites: [{name: a, place_m: [0, 900, 4]}]}\n"
        "cells: [{name: west, place_m: [-4000, 60, 20]}, {name: east, place_m: [2000, 60, 20]}]\n"
        "trains:\n  - {name: ic, speed_mps: 80, times_s: [50s], range_m: 4km, track_m: 0, cab: "
        "{waveform: {id: carrier}, channels_hz: [878M], hold_s: 90s, gap_s: 1s}}\n",
        1);
    cr_assert_geq(scene.count, 1);
    double step = 2.0 * 878e6 * 80.0 / c_mps;
    size_t steps = 0;
    for (double t = 2.0; t < 85.0; t += 0.01) {
        double jump = shift_at(&scene, t + 0.01) - shift_at(&scene, t);
        if (fabs(jump) > 100.0) {
            cr_expect_lt(fabs(jump - step), 0.05 * step, "%g", jump);
            /* The front of the train, 100 m ahead, passes x = -1000 m. */
            cr_expect_lt(fabs(t - (50.0 - 1100.0 / 80.0)), 0.5, "%g", t);
            steps++;
        }
    }
    cr_expect_eq(steps, 1);
    fit_scene_close(&scene);
}

Test(geometry, path_loss_of_the_books) {
    struct ls_propagation propagation = {.exponent = 3.5, .reference_m = 100.0};
    struct ls_place rx = {.z_m = 10.0};
    struct ls_place near = {.x_m = 100.0, .z_m = 10.0};
    struct ls_place far = {.x_m = 1000.0, .z_m = 10.0};
    /* 32.45 + 20 log10(km) + 20 log10(MHz). */
    double free_space = 32.45 + 20.0 * log10(0.1) + 20.0 * log10(900.0);
    cr_expect_float_eq(ls_geometry_path_loss_db(&propagation, &near, &rx, 900e6), free_space, 0.01);
    cr_expect_float_eq(ls_geometry_path_loss_db(&propagation, &far, &rx, 900e6), free_space + 35.0,
                       0.01);
}

/* Far away two rays fall as 40 log10(d) - 20 log10(h1 h2) when the ground reflects all. */
Test(geometry, two_rays_fall_with_the_fourth_power) {
    struct ls_propagation propagation = {
        .model = LS_PATH_TWO_RAY, .exponent = 2.0, .reference_m = 100.0};
    struct ls_place rx = {.z_m = 10.0};
    double loss[2];
    for (int i = 0; i < 2; i++) {
        struct ls_place tx = {.x_m = i == 0 ? 3000.0 : 6000.0, .z_m = 2.0};
        loss[i] = ls_geometry_path_loss_db(&propagation, &tx, &rx, 900e6);
    }
    cr_expect_gt(loss[1] - loss[0], 8.0, "steeper than free space: %g", loss[1] - loss[0]);
    cr_expect_lt(loss[1] - loss[0], 12.1, "at most the fourth power");
    double lowest = INFINITY;
    double highest = -INFINITY;
    for (double x = 50.0; x < 400.0; x += 0.1) {
        struct ls_place tx = {.x_m = x, .z_m = 10.0};
        struct ls_propagation plain = {.exponent = 2.0, .reference_m = 100.0};
        double gain = ls_geometry_path_loss_db(&plain, &tx, &rx, 900e6) -
                      ls_geometry_path_loss_db(&propagation, &tx, &rx, 900e6);
        lowest = fmin(lowest, gain);
        highest = fmax(highest, gain);
    }
    cr_expect_lt(highest, 20.0 * log10(1.9) + 1e-9);
    cr_expect_gt(lowest, 20.0 * log10(0.1) - 1e-9);
    cr_expect_gt(highest - lowest, 15.0);
}

/* 4000 seeds: sd within 4 %, correlation at the distance of 1/e within 0.05. */
Test(geometry, shadowing_has_its_deviation_and_correlation) {
    struct ls_propagation propagation = {.shadowing_db = 6.0, .shadowing_m = 50.0};
    static double here[4000];
    static double there[4000];
    double product = 0.0;
    for (int i = 0; i < 4000; i++) {
        struct ls_place a = {.x_m = 10.0, .y_m = 70.0};
        struct ls_place b = {.x_m = 40.0, .y_m = 110.0}; /* 50 m away */
        here[i] = ls_geometry_shadow_db(&propagation, (uint64_t)i, &a);
        there[i] = ls_geometry_shadow_db(&propagation, (uint64_t)i, &b);
        product += here[i] * there[i] / 4000.0;
    }
    cr_expect_float_eq(fit_mean(here, 4000), 0.0, 4.0 * 6.0 / sqrt(4000.0));
    cr_expect_float_eq(fit_sd(here, 4000), 6.0, 0.25);
    cr_expect_float_eq(product / 36.0, exp(-1.0), 0.06);
}

static double rayleigh_power(double value, const void *unused) {
    (void)unused;
    return 1.0 - exp(-value);
}

Test(geometry, rayleigh_power_is_exponential) {
    struct ls_propagation propagation = {.fading = LS_FADING_RAYLEIGH, .fading_hz = 1.0};
    static double power[4000];
    for (int i = 0; i < 4000; i++) {
        double complex gain = ls_geometry_fading(&propagation, (uint64_t)i, 12.3, 4.5);
        power[i] = creal(gain) * creal(gain) + cimag(gain) * cimag(gain);
    }
    cr_expect_float_eq(fit_mean(power, 4000), 1.0, 4.0 / sqrt(4000.0));
    /* Twelve waves are not infinitely many: their power is bounded by 12, which moves the
     * distribution by about 1 %, less than 1,000 values can tell. */
    cr_expect_gt(fit_ks(power, 1000, rayleigh_power, NULL), 1e-3);
}

Test(geometry, rician_power_has_its_factor) {
    struct ls_propagation propagation = {
        .fading = LS_FADING_RICIAN, .rician_k_db = 6.0, .fading_hz = 1.0};
    static double power[4000];
    for (int i = 0; i < 4000; i++) {
        double complex gain = ls_geometry_fading(&propagation, (uint64_t)i, 12.3, 4.5);
        power[i] = creal(gain) * creal(gain) + cimag(gain) * cimag(gain);
    }
    /* Variance of Rician power with mean 1: (1 + 2 K) / (1 + K)^2. */
    double k = pow(10.0, 0.6);
    cr_expect_float_eq(fit_mean(power, 4000), 1.0, 0.05);
    cr_expect_float_eq(fit_sd(power, 4000), sqrt(1.0 + 2.0 * k) / (1.0 + k), 0.05);
}

/* A radio at rest in surroundings that move decorrelates after about 0.4 / fading_hz; one that
 * drives after 0.4 wavelengths (zero of the Bessel function J0). */
Test(geometry, fading_decorrelates_by_way_and_by_time) {
    struct ls_propagation propagation = {.fading = LS_FADING_RAYLEIGH, .fading_hz = 2.0};
    double complex by_way = 0.0;
    double complex by_time = 0.0;
    double complex near = 0.0;
    for (int i = 0; i < 4000; i++) {
        double complex a = ls_geometry_fading(&propagation, (uint64_t)i, 100.0, 7.0);
        by_way += a * conj(ls_geometry_fading(&propagation, (uint64_t)i, 100.3827, 7.0));
        by_time += a * conj(ls_geometry_fading(&propagation, (uint64_t)i, 100.0, 7.0 + 0.19135));
        near += a * conj(ls_geometry_fading(&propagation, (uint64_t)i, 100.02, 7.0));
    }
    cr_expect_lt(cabs(by_way) / 4000.0, 0.08);
    cr_expect_lt(cabs(by_time) / 4000.0, 0.08);
    cr_expect_gt(cabs(near) / 4000.0, 0.95);
}
