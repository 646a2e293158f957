/* Levels of full scale: as written, between frequencies, and what is refused. */
#include "model/calibration.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const double tolerance = 1e-9; /* of one interpolation in double */

Test(calibration, one_level_holds_everywhere) {
    static const char *const texts[] = {"-31.5", "-31.5dBm", "-31.5 dBm", "868M:-31.5"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct ls_calibration c;
        cr_assert_eq(ls_calibration_parse(texts[i], &c, NULL), LS_OK, "%s", texts[i]);
        cr_assert_float_eq(ls_calibration_full_scale_dbm(&c, 24e6), -31.5, tolerance);
        cr_assert_float_eq(ls_calibration_full_scale_dbm(&c, 6e9), -31.5, tolerance);
    }
}

Test(calibration, a_straight_line_between_frequencies_and_the_nearest_beyond) {
    struct ls_calibration c;
    cr_assert_eq(ls_calibration_parse("400M:-30,800M:-34dBm,900M:-20", &c, NULL), LS_OK);
    cr_assert_eq(c.count, 3);
    cr_assert_float_eq(ls_calibration_full_scale_dbm(&c, 100e6), -30.0, tolerance);
    cr_assert_float_eq(ls_calibration_full_scale_dbm(&c, 400e6), -30.0, tolerance);
    cr_assert_float_eq(ls_calibration_full_scale_dbm(&c, 500e6), -31.0, tolerance);
    cr_assert_float_eq(ls_calibration_full_scale_dbm(&c, 800e6), -34.0, tolerance);
    cr_assert_float_eq(ls_calibration_full_scale_dbm(&c, 850e6), -27.0, tolerance);
    cr_assert_float_eq(ls_calibration_full_scale_dbm(&c, 5e9), -20.0, tolerance);
}

Test(calibration, what_is_wrong_is_refused_and_said) {
    static const char *const texts[] = {
        "",      ",",          "loud",       "-31.5W", "nan",       "-900",           "868M",
        "868M:", "868M:-3,-4", "-3,868M:-4", "x:-3",   "9M:1,9M:2", "900M:-3,868M:-4"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct ls_calibration c = {.count = 7};
        struct ls_err err = {0};
        cr_assert_eq(ls_calibration_parse(texts[i], &c, &err), LS_ERR_ARG, "'%s'", texts[i]);
        cr_assert_gt(strlen(err.text), 0);
        cr_assert_eq(c.count, 7, "untouched");
    }
}

Test(calibration, options_of_a_run_hold_it_or_not) {
    struct ls_calibration c;
    ls_calibration_of_options("{\"calibration\":\"868M:-31.5\",\"taps\":8}", &c);
    cr_assert_eq(c.count, 1);
    static const char *const none[] = {"",
                                       "{}",
                                       "{\"calibration\":3}",
                                       "{\"calibration\":\"?\"}",
                                       "\"calibration\"",
                                       "{\"channel_hz\":0.0}"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        ls_calibration_of_options(none[i], &c);
        cr_assert_eq(c.count, 0, "%s", none[i]);
        cr_assert(isnan(ls_calibration_full_scale_dbm(&c, 868e6)));
    }
}
