#include "cli/show.h"

#include <math.h>

#include <criterion/criterion.h>

#include "base/util.h"

Test(show, times_with_a_clock_are_utc_and_others_count_from_the_start) {
    char text[LS_SHOW_BYTES];
    ls_show_time(INT64_C(1795161600123999999), false, text);
    cr_assert_str_eq(text, "2026-11-20 08:00:00.124");
    ls_show_time(INT64_MAX, false, text);
    cr_assert_str_eq(text, "2262-04-11 23:47:16.854");
    ls_show_time(12345000000, true, text);
    cr_assert_str_eq(text, "+12.345 s");
    ls_show_time(0, true, text);
    cr_assert_str_eq(text, "+0.000 s");
    ls_show_time(INT64_C(7200) * 1000000000, true, text);
    cr_assert_str_eq(text, "+7200.000 s");
}

Test(show, widths_have_three_figures_and_their_unit) {
    static const struct {
        double hz;
        const char *text;
    } cases[] = {
        {3.0, "3.00 Hz"},   {125.0, "125 Hz"},    {2500.0, "2.50 kHz"}, {12500.0, "12.5 kHz"},
        {210e3, "210 kHz"}, {1.08e6, "1.08 MHz"}, {20e6, "20.0 MHz"},   {(double)NAN, ""},
    };
    for (size_t i = 0; i < LS_COUNT(cases); i++) {
        char text[LS_SHOW_BYTES];
        ls_show_width(cases[i].hz, text);
        cr_assert_str_eq(text, cases[i].text);
    }
}

Test(show, what_is_not_known_is_empty) {
    char text[LS_SHOW_BYTES];
    ls_show_number((double)NAN, 1, text);
    cr_assert_str_empty(text);
    ls_show_number(-41.25, 1, text);
    cr_assert_str_eq(text, "-41.2");
    ls_show_count(0, text);
    cr_assert_str_empty(text);
    ls_show_count(UINT64_MAX, text);
    cr_assert_str_eq(text, "18446744073709551615");
}

Test(show, edges_have_the_decimals_they_need) {
    char text[LS_SHOW_BYTES];
    ls_show_mhz(876e6, text);
    cr_assert_str_eq(text, "876.000");
    ls_show_mhz(457.93125e6, text);
    cr_assert_str_eq(text, "457.93125");
    ls_show_mhz(1e9, text);
    cr_assert_str_eq(text, "1000.000");
}
