#include "survey/judge.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/time.h"

static const char *const settings[] = {
    "sensor.name=km-1",          "receiver.args=driver=x",     "receiver.rate_sps=2.4M",
    "survey.center_hz=878M",     "health.temperature_warn=70", "health.temperature_fail=85",
    "health.hysteresis=10%",     "health.hold_s=30s",          "health.floor_drop_db=6dB",
    "health.disk_warn_bytes=2G", "health.disk_fail_bytes=200M"};

static struct ls_judge *judge;
static struct ls_config *config;

static void make(void) {
    struct ls_err err = {0};
    cr_assert_eq(
        ls_config_load(&config, NULL, settings, sizeof settings / sizeof settings[0], &err), LS_OK,
        "%s", err.text);
    cr_assert_eq(ls_judge_create(&judge, config, &err), LS_OK, "%s", err.text);
}

static void unmake(void) {
    ls_judge_destroy(judge);
    ls_config_destroy(config);
}

TestSuite(judge, .init = make, .fini = unmake);

/* A reading at so many seconds; the level after it. */
static enum ls_health_level at(double second, enum ls_judge_subject subject, double value) {
    struct ls_health row;
    int64_t ns = ls_ns_from_seconds(second);
    ls_judge_reading(judge, subject, value, "", ns, ns, &row);
    return ls_judge_level(judge, subject);
}

Test(judge, rises_at_once_and_falls_late) {
    cr_expect_eq(at(0, LS_JUDGE_TEMPERATURE, 50.0), LS_HEALTH_OK);
    cr_expect_eq(at(1, LS_JUDGE_TEMPERATURE, 70.0), LS_HEALTH_WARN);
    cr_expect_eq(at(2, LS_JUDGE_TEMPERATURE, 86.0), LS_HEALTH_FAIL);
    /* Within 10 % below 85 it stays; 76.4 is behind, and must be so for 30 s. */
    cr_expect_eq(at(100, LS_JUDGE_TEMPERATURE, 77.0), LS_HEALTH_FAIL);
    cr_expect_eq(at(101, LS_JUDGE_TEMPERATURE, 76.0), LS_HEALTH_FAIL);
    cr_expect_eq(at(130, LS_JUDGE_TEMPERATURE, 76.0), LS_HEALTH_FAIL);
    cr_expect_eq(at(131, LS_JUDGE_TEMPERATURE, 76.0), LS_HEALTH_WARN);
    cr_expect_eq(at(140, LS_JUDGE_TEMPERATURE, 60.0), LS_HEALTH_WARN);
    cr_expect_eq(at(150, LS_JUDGE_TEMPERATURE, 64.0), LS_HEALTH_WARN, "the hold begins anew");
    cr_expect_eq(at(155, LS_JUDGE_TEMPERATURE, 60.0), LS_HEALTH_WARN);
    cr_expect_eq(at(184, LS_JUDGE_TEMPERATURE, 60.0), LS_HEALTH_WARN);
    cr_expect_eq(at(185, LS_JUDGE_TEMPERATURE, 60.0), LS_HEALTH_OK);
}

Test(judge, a_reading_that_wavers_at_its_threshold_makes_one_row) {
    struct ls_health row;
    int rows = 0;
    for (int i = 0; i < 600; i++) {
        int64_t ns = i * LS_NS_PER_S;
        rows += ls_judge_reading(judge, LS_JUDGE_TEMPERATURE, i % 2 == 0 ? 69.5 : 70.5, "", ns, ns,
                                 &row);
    }
    cr_expect_eq(rows, 2, "ok at first, then warn: %d", rows);
}

Test(judge, little_is_bad_for_a_disk) {
    cr_expect_eq(at(0, LS_JUDGE_DISK, 50e9), LS_HEALTH_OK);
    cr_expect_eq(at(1, LS_JUDGE_DISK, 1.9e9), LS_HEALTH_WARN);
    cr_expect_eq(at(2, LS_JUDGE_DISK, 0.1e9), LS_HEALTH_FAIL);
    cr_expect_eq(at(100, LS_JUDGE_DISK, 0.21e9), LS_HEALTH_FAIL);
    cr_expect_eq(at(200, LS_JUDGE_DISK, 0.23e9), LS_HEALTH_FAIL);
    cr_expect_eq(at(230, LS_JUDGE_DISK, 0.23e9), LS_HEALTH_WARN);
    cr_expect_eq(at(300, LS_JUDGE_DISK, 9e9), LS_HEALTH_WARN);
    cr_expect_eq(at(330, LS_JUDGE_DISK, 9e9), LS_HEALTH_OK);
}

Test(judge, a_row_an_hour_says_that_all_is_well) {
    struct ls_health row;
    int rows = 0;
    for (int i = 0; i <= 2 * 3600; i += 10) {
        int64_t ns = i * LS_NS_PER_S;
        rows += ls_judge_reading(judge, LS_JUDGE_MEMORY, 40e6, "", ns, ns, &row);
    }
    cr_expect_eq(rows, 3);
    cr_expect_str_eq(row.subject, "memory");
    cr_expect_str_eq(row.unit, "bytes");
    cr_expect_str_eq(row.text, "memory 40.0 MB");
}

Test(judge, without_a_reading_nothing_changes) {
    cr_expect_eq(at(0, LS_JUDGE_TEMPERATURE, 90.0), LS_HEALTH_FAIL);
    cr_expect_eq(at(100, LS_JUDGE_TEMPERATURE, (double)NAN), LS_HEALTH_FAIL);
    cr_expect_eq(ls_judge_value(judge, LS_JUDGE_TEMPERATURE), 90.0);
    cr_expect_eq(ls_judge_worst(judge), LS_HEALTH_FAIL);
}

Test(judge, a_floor_that_drops_is_a_deaf_receiver_and_is_not_learned) {
    double drop = 0.0;
    for (int i = 0; i < 30; i++) {
        cr_expect(isnan(ls_judge_drop(judge, 878e6, -60.0 + 0.1 * (i % 3))));
    }
    drop = ls_judge_drop(judge, 878e6, -60.0);
    cr_expect_float_eq(drop, 0.1, 0.05, "%f", drop);
    /* An hour of readings every second, 10 dB lower: the median stays. */
    for (int i = 0; i < 3600; i++) {
        drop = ls_judge_drop(judge, 878e6, -70.0);
    }
    cr_expect_float_eq(drop, 10.1, 0.1, "%f", drop);
    cr_expect_eq(at(0, LS_JUDGE_FLOOR, drop), LS_HEALTH_FAIL);
    cr_expect(isnan(ls_judge_drop(judge, 921e6, -70.0)), "another tuning has a median of its own");
}

Test(judge, a_slow_drift_of_the_floor_is_followed) {
    double drop = 0.0;
    for (int i = 0; i < 20000; i++) { /* 3 dB in 5.5 h, a reading a second */
        drop = ls_judge_drop(judge, 878e6, -60.0 - 3.0 * i / 20000.0);
    }
    cr_expect_lt(drop, 0.5);
}
