/* The merged stream: order, independence of streams, determinism. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "fit.h"

#define POSTS                                                                                      \
    "duration_s: 6h\nsensor: {center_hz: 868M}\nemitters:\n"                                       \
    "  - name: posts\n    count: 5\n    waveform: {id: carrier}\n    channels_hz: [868.1M]\n"      \
    "    ppm_spread: 10\n    power_spread_db: 3\n    place_m: [100, 50, 2]\n    scatter_m: 80m\n"  \
    "    script: {kind: clock, period_s: 48s, jitter_s: 0.5, hold_s: 0.2s}\n"
#define PEOPLE                                                                                     \
    "  - name: people\n    waveform: {id: carrier}\n    channels_hz: [867M, 868M]\n"               \
    "    crowd: yes\n    scatter_m: 1km\n"                                                         \
    "    script: {kind: poisson, rate_per_hour: 60, hold_s: mean 30s}\n"
#define TRAINS                                                                                     \
    "trains:\n  - {name: ic, speed_mps: 40, headway_s: 10min, first_h: 0, last_h: 24, phones: "    \
    "{active: 10, borders_m: [0], bands: [{channels_hz: [880M], call: {id: carrier}, signal: "     \
    "{id: carrier}, signal_s: 1s}]}}\n"

/* Equal in all that is public. */
static bool same(const struct ls_emission *a, const struct ls_emission *b) {
    return a->start_ns == b->start_ns && a->duration_ns == b->duration_ns &&
           memcmp(&a->center_hz, &b->center_hz, sizeof a->center_hz) == 0 &&
           memcmp(&a->ppm, &b->ppm, sizeof a->ppm) == 0 &&
           memcmp(&a->power_dbm, &b->power_dbm, sizeof a->power_dbm) == 0 && a->seed == b->seed &&
           a->unit == b->unit && a->passage == b->passage;
}

Test(scene, emissions_come_in_order) {
    struct fit_scene scene = fit_scene_open(POSTS PEOPLE TRAINS, 1);
    cr_assert_gt(scene.count, 3000);
    for (size_t i = 0; i < scene.count; i++) {
        const struct ls_emission *emission = &scene.emissions[i];
        cr_assert_eq(emission->id, i);
        cr_assert_gt(emission->duration_ns, 0);
        cr_assert(i == 0 || emission->start_ns >= scene.emissions[i - 1].start_ns);
        cr_assert_geq(emission->start_ns, scene.scenario->start_ns);
        cr_assert_lt(fit_start_s(&scene, i), 6.0 * 3600.0);
    }
    fit_scene_close(&scene);
}

Test(scene, equal_seeds_are_equal_and_others_are_not) {
    struct fit_scene a = fit_scene_open(POSTS PEOPLE TRAINS, 7);
    struct fit_scene b = fit_scene_open(POSTS PEOPLE TRAINS, 7);
    struct fit_scene c = fit_scene_open(POSTS PEOPLE TRAINS, 8);
    cr_assert_eq(a.count, b.count);
    size_t differ = 0;
    for (size_t i = 0; i < a.count; i++) {
        cr_assert(same(&a.emissions[i], &b.emissions[i]));
        differ += i >= c.count || !same(&a.emissions[i], &c.emissions[i]);
    }
    cr_expect_gt(differ, a.count * 9 / 10);
    fit_scene_close(&a);
    fit_scene_close(&b);
    fit_scene_close(&c);
}

Test(scene, an_emitter_does_not_depend_on_the_others) {
    struct fit_scene alone = fit_scene_open(POSTS, 7);
    struct fit_scene among = fit_scene_open(POSTS PEOPLE TRAINS, 7);
    size_t found = 0;
    for (size_t i = 0; i < among.count; i++) {
        if (among.emissions[i].emitter == 0) {
            cr_assert_lt(found, alone.count);
            cr_assert(same(&among.emissions[i], &alone.emissions[found]));
            found++;
        }
    }
    cr_expect_eq(found, alone.count);
    fit_scene_close(&alone);
    fit_scene_close(&among);
}

Test(scene, units_of_a_model_stand_apart) {
    struct fit_scene scene = fit_scene_open(POSTS, 3);
    struct ls_place seen[5] = {0};
    for (size_t i = 0; i < scene.count; i++) {
        const struct ls_place *place = &scene.emissions[i].legs[0].place;
        uint32_t unit = scene.emissions[i].unit;
        double x = place->x_m - 100.0;
        double y = place->y_m - 50.0;
        cr_assert_lt(unit, 5);
        cr_assert_leq(sqrt(x * x + y * y), 80.0);
        cr_assert(seen[unit].z_m < 1.0 || fabs(seen[unit].x_m - place->x_m) < 1e-9,
                  "a post does not walk");
        seen[unit] = *place;
    }
    for (int u = 1; u < 5; u++) {
        cr_expect_gt(fabs(seen[u].x_m - seen[u - 1].x_m), 0.1);
    }
    fit_scene_close(&scene);
}

Test(scene, a_crowd_is_many_radios) {
    struct fit_scene scene =
        fit_scene_open("duration_s: 6h\nsensor: {center_hz: 868M}\nemitters:\n" PEOPLE, 3);
    size_t channels[2] = {0};
    double inner = 0.0;
    for (size_t i = 0; i < scene.count; i++) {
        const struct ls_place *place = &scene.emissions[i].legs[0].place;
        double radius = sqrt(place->x_m * place->x_m + place->y_m * place->y_m);
        channels[scene.emissions[i].center_hz > 867.5e6]++;
        inner += radius < 500.0;
        cr_assert_leq(radius, 1000.0);
    }
    double n = (double)scene.count;
    cr_expect_lt(fabs((double)channels[0] - n / 2.0), 4.0 * sqrt(n / 4.0));
    cr_expect_lt(fabs(inner - n / 4.0), 4.0 * sqrt(n * 3.0 / 16.0), "even over the disc");
    fit_scene_close(&scene);
}

/* Level of a fixed SNR: noise of NF 6 dB in the 99 % bandwidth, and the SNR. */
Test(scene, snr_fixes_the_level) {
    struct fit_scene scene = fit_scene_open(
        "duration_s: 1min\nsensor: {center_hz: 868M, noise_figure_db: 6}\nemitters:\n"
        "  - {name: a, waveform: {id: gsm}, channels_hz: [868M], snr_db: 13, place_m: [900, 0, 0], "
        "script: {kind: list, times_s: [1s], hold_s: 5s}}\n",
        1);
    struct ls_waveform_info info;
    struct ls_link link;
    ls_scene_describe(scene.scene, &scene.emissions[0], &info);
    ls_scene_link(scene.scene, 0, &scene.emissions[0], scene.emissions[0].start_ns, &link);
    double noise = 10.0 * log10(1.380649e-23 * 290.0 * 1e3 * (info.high_hz - info.low_hz)) + 6.0;
    cr_expect_float_eq(link.level_dbm, noise + 13.0, 0.01);
    fit_scene_close(&scene);
}

/* Within half a step of the interpolation the level stays within 0.1 dB of the straight line. */
Test(scene, steps_are_fine_enough_for_straight_lines) {
    struct fit_scene scene = fit_scene_open(
        "duration_s: 2min\nsensor: {center_hz: 878M, sites: [{name: a, place_m: [0, 0, 4]}]}\n"
        "emitters:\n  - name: car\n    waveform: {id: carrier}\n    channels_hz: [878M]\n"
        "    path: {waypoints: [{t_s: 0, place_m: [-500, 50, 4]}, {t_s: 20s, place_m: [500, 50, "
        "4]}]}\n    script: {kind: always}\n",
        1);
    const struct ls_emission *emission = &scene.emissions[0];
    double step_s = ls_scene_step_s(scene.scene, emission);
    int64_t step_ns = (int64_t)(step_s * 1e9);
    for (int64_t t = emission->start_ns; t + step_ns < emission->start_ns + emission->duration_ns;
         t += step_ns) {
        struct ls_link at[3];
        for (int i = 0; i < 3; i++) {
            ls_scene_link(scene.scene, 0, emission, t + i * step_ns / 2, &at[i]);
        }
        cr_assert_float_eq(at[1].level_dbm, (at[0].level_dbm + at[2].level_dbm) / 2.0, 0.1);
        cr_assert_float_eq(at[1].shift_hz, (at[0].shift_hz + at[2].shift_hz) / 2.0, 0.5);
    }
    fit_scene_close(&scene);
}

Test(scene, sensor_clock_and_floor_drift) {
    struct fit_scene scene = fit_scene_open(
        "duration_s: 4h\nsensor: {center_hz: 868M, ppm: 2, ppm_per_hour: 0.5, floor_drift_db: 3, "
        "floor_drift_period_s: 2h}\n",
        1);
    int64_t start = scene.scenario->start_ns;
    int64_t hour = INT64_C(3600000000000);
    cr_expect_float_eq(ls_scene_sensor_ppm(scene.scene, start + 2 * hour), 3.0, 1e-9);
    double base = ls_scene_noise_dbm(scene.scene, 1e3, start);
    cr_expect_float_eq(ls_scene_noise_dbm(scene.scene, 1e3, start + hour / 2), base + 3.0, 1e-6);
    cr_expect_float_eq(base, -173.975 + 30.0 + 6.0, 1e-6);
    fit_scene_close(&scene);
}
