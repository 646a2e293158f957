/* Timetables and what trains bring along. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "fit.h"

#define LINE                                                                                       \
    "duration_s: 10d\nsensor: {center_hz: 878M}\ntrains:\n"                                        \
    "  - name: ic\n    speed_mps: 250km/h\n    way: alternate\n    headway_s: 30min\n"             \
    "    first_h: 5\n    last_h: 23\n    range_m: 3km\n    sets: 6\n    length_m: 200m\n"

#define PHONES                                                                                     \
    "    phones:\n      active: 40\n      calls_per_hour: 0\n      borders_m: [1000]\n"            \
    "      storm_s: 3s\n      bands:\n        - {channels_hz: [880.2M], call: {id: gsm}, signal: " \
    "{id: gsm-access}}\n"

static size_t emitter_named(const struct fit_scene *scene, const char *name) {
    size_t count;
    size_t i = 0;
    const struct ls_scene_emitter *emitters = ls_scene_emitters(scene->scene, &count);
    while (i < count && strcmp(emitters[i].name, name) != 0) {
        i++;
    }
    cr_assert_lt(i, count, "no emitter '%s'", name);
    return i;
}

/* 37 trains a day for 10 days, each with its cab radio on all the way. */
Test(train, timetable_is_kept) {
    struct fit_scene scene =
        fit_scene_open(LINE "    cab: {waveform: {id: carrier}, channels_hz: [876.2M, 876.4M], "
                            "hold_s: 200s, gap_s: 0s}\n",
                       1);
    cr_assert_eq(scene.count, 370);
    double way_s = 6000.0 / (250.0 / 3.6);
    for (size_t i = 0; i < scene.count; i++) {
        const struct ls_emission *emission = &scene.emissions[i];
        double middle_s = fit_start_s(&scene, i) + way_s / 2.0;
        double due_s = (double)(i / 37) * 86400.0 + 5.0 * 3600.0 + (double)(i % 37) * 1800.0;
        cr_expect_float_eq(middle_s, due_s, 1e-6);
        cr_expect_float_eq((double)emission->duration_ns / 1e9, way_s, 0.3);
        cr_expect_eq(emission->unit, i % 6, "train sets in turn");
        cr_expect_float_eq(emission->center_hz, i % 6 % 2 == 0 ? 876.2e6 : 876.4e6, 1.0);
        cr_expect_float_eq(emission->legs[0].speed.x_m, (i % 2 == 0 ? 1.0 : -1.0) * 250.0 / 3.6,
                           1e-9, "up and down");
    }
    fit_scene_close(&scene);
}

Test(train, delays_have_their_spread) {
    struct fit_scene scene = fit_scene_open(
        LINE "    delay_s: 60s\n    cab: {waveform: {id: carrier}, channels_hz: [876.2M], hold_s: "
             "200s, gap_s: 0s}\n",
        2);
    static double late[400];
    double way_s = 6000.0 / (250.0 / 3.6);
    cr_assert_eq(scene.count, 370);
    for (size_t i = 0; i < scene.count; i++) {
        double slot = fmod(fit_start_s(&scene, i) + way_s / 2.0 - 5.0 * 3600.0, 1800.0);
        late[i] = slot > 900.0 ? slot - 1800.0 : slot;
    }
    cr_expect_lt(fabs(fit_mean(late, scene.count)), 4.0 * 60.0 / sqrt(370.0));
    cr_expect_lt(fabs(fit_sd(late, scene.count) - 60.0), 4.0 * 60.0 / sqrt(740.0));
    fit_scene_close(&scene);
}

/* Every phone signals once a passage, after its own place in the train has passed the border. */
Test(train, phones_storm_at_the_border) {
    struct fit_scene scene = fit_scene_open(LINE PHONES, 3);
    double way_s = 6000.0 / (250.0 / 3.6);
    static double waits[20000];
    size_t count = 0;
    cr_expect_eq(emitter_named(&scene, "ic/updates-0"), 1);
    for (size_t i = 0; i < scene.count; i++) {
        const struct ls_emission *emission = &scene.emissions[i];
        double entered_s = (double)(emission->legs[0].t_ns - scene.scenario->start_ns) / 1e9;
        double crossed_s =
            entered_s + (1000.0 - emission->legs[0].place.x_m) / emission->legs[0].speed.x_m;
        cr_assert_eq(emission->emitter, 1);
        waits[count++] = fit_start_s(&scene, i) - crossed_s;
        cr_assert_geq(waits[count - 1], -1e-6);
        cr_assert_leq(fit_start_s(&scene, i), entered_s + way_s);
    }
    /* 370 trains of 40 phones (Poisson). */
    cr_expect_lt(fabs((double)count - 14800.0), 4.0 * sqrt(14800.0));
    /* Mean 3 s, less the few that would signal beyond the range. */
    cr_expect_lt(fabs(fit_mean(waits, count) - 3.0), 0.15);
    fit_scene_close(&scene);
}

Test(train, gateway_reports_with_all_sims_together) {
    struct fit_scene scene = fit_scene_open(
        LINE "    gateway: {waveform: {id: carrier}, channels_hz: [1711M, 1752M, 2501M], period_s: "
             "10s, hold_s: 1s, jitter_s: 20ms}\n",
        4);
    size_t groups = 0;
    for (size_t i = 0; i + 2 < scene.count; i++) {
        if (fit_start_s(&scene, i + 2) - fit_start_s(&scene, i) < 0.3) {
            const struct ls_emission *e = &scene.emissions[i];
            cr_expect(e[0].unit / 3 == e[1].unit / 3 && e[1].unit / 3 == e[2].unit / 3);
            cr_expect_eq(1U << e[0].unit % 3 | 1U << e[1].unit % 3 | 1U << e[2].unit % 3, 7U);
            groups++;
            i += 2;
        }
    }
    /* 86.4 s of way: 8 or 9 reports a train; reports at an edge may lose a SIM. */
    cr_expect_geq(groups, 370U * 8U - 60U);
    cr_expect_leq(groups, 370U * 9U);
    cr_expect_leq(scene.count - 3 * groups, 120U);
    fit_scene_close(&scene);
}

Test(train, riders_go_with_the_trains_they_are_on) {
    struct fit_scene scene = fit_scene_open(
        LINE "emitters:\n  - name: rig\n    waveform: {id: carrier}\n    channels_hz: [880M]\n"
             "    ride: {train: ic, every: 37, first: 5, offset_m: [30, 0, 0]}\n"
             "    script: {kind: cycle, hold_s: 20s, gap_s: 5s}\n",
        5);
    uint32_t passages = 0;
    uint32_t last = UINT32_MAX;
    for (size_t i = 0; i < scene.count; i++) {
        const struct ls_emission *emission = &scene.emissions[i];
        double day_s = fmod(fit_start_s(&scene, i), 86400.0);
        cr_expect_eq(emission->passage % 37, 5);
        cr_expect_lt(fabs(day_s - (5.0 * 3600.0 + 5.0 * 1800.0)), 45.0);
        /* Number 5 + 37 n alternates with n; the rig sits 30 m ahead of the middle. */
        cr_expect_float_eq(fabs(emission->legs[0].place.x_m), 2970.0, 1e-6);
        passages += emission->passage != last;
        last = emission->passage;
    }
    cr_expect_eq(passages, 10, "%u", passages);
    fit_scene_close(&scene);
}
