#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/units.h"

Test(units, frequencies_as_people_write_them) {
    static const struct {
        const char *text;
        double hz;
    } rows[] = {{"433.92M", 433.92e6}, {"250k", 250e3},    {"2400000", 2.4e6}, {"1.5 GHz", 1.5e9},
                {"868.3MHz", 868.3e6}, {"2.4Msps", 2.4e6}, {"0", 0.0},         {"876e6", 876e6},
                {"12.5 kHz", 12500.0}, {"20MS/s", 20e6}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double hz = -1;
        cr_expect_eq(ls_hz_parse(rows[i].text, "frequency", &hz, NULL), LS_OK, "%s", rows[i].text);
        cr_expect_float_eq(hz, rows[i].hz, 1e-6 * fmax(1.0, rows[i].hz));
    }
}

Test(units, wrong_values_are_named) {
    const char *const wrong[] = {"", "abc", "nan", "inf", "-5M", "0x10", "433.92Q", "1 2", "M"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        double hz;
        struct ls_err err = {0};
        cr_expect_eq(ls_hz_parse(wrong[i], "rate", &hz, &err), LS_ERR_ARG, "%s", wrong[i]);
        cr_expect(strstr(err.text, "is not a rate") != NULL);
    }
    double low;
    double high;
    cr_expect_eq(ls_hz_range_parse("880M:876M", &low, &high, NULL), LS_ERR_ARG);
    cr_expect_eq(ls_hz_range_parse("880M", &low, &high, NULL), LS_ERR_ARG);
    cr_expect_eq(ls_hz_range_parse("876M:880M", &low, &high, NULL), LS_OK);
    cr_expect_float_eq(low, 876e6, 1.0);
    cr_expect_float_eq(high, 880e6, 1.0);
}

Test(units, durations) {
    double s;
    cr_expect_eq(ls_seconds_parse("10ms", "time", &s, NULL), LS_OK);
    cr_expect_float_eq(s, 0.010, 1e-12);
    cr_expect_eq(ls_seconds_parse("3min", "time", &s, NULL), LS_OK);
    cr_expect_float_eq(s, 180.0, 1e-9);
    cr_expect_eq(ls_seconds_parse("-1s", "time", &s, NULL), LS_ERR_ARG);
    cr_expect_eq(ls_seconds_parse("5 parsecs", "time", &s, NULL), LS_ERR_ARG);
}

Test(units, shown_as_people_read_them) {
    char text[LS_UNIT_TEXT_BYTES];
    ls_hz_format(433920000.0, 3, text);
    cr_expect_str_eq(text, "433.920 MHz");
    ls_hz_format(12500.0, 1, text);
    cr_expect_str_eq(text, "12.5 kHz");
    ls_seconds_format(0.000577, text);
    cr_expect_str_eq(text, "577 us");
    ls_seconds_format(118.2, text);
    cr_expect_str_eq(text, "118 s");
    ls_seconds_format(7380.0, text);
    cr_expect_str_eq(text, "2 h 03 min");
    ls_bytes_format(80.7e6, text);
    cr_expect_str_eq(text, "80.7 MB");
}

Test(units, bytes_and_quantities_as_people_write_them) {
    static const struct {
        const char *text;
        double bytes;
    } rows[] = {{"20G", 20e9}, {"500MB", 500e6}, {"1 GiB", 1073741824.0}, {"64k", 64e3},
                {"0", 0.0},    {"123", 123.0},   {"1.5T", 1.5e12}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double bytes = -1.0;
        cr_expect_eq(ls_bytes_parse(rows[i].text, "size", &bytes, NULL), LS_OK, "%s", rows[i].text);
        cr_expect_eq(bytes, rows[i].bytes, "%s", rows[i].text);
    }
    double value = 0.0;
    cr_expect_eq(ls_bytes_parse("-1G", "size", &value, NULL), LS_ERR_ARG);
    cr_expect_eq(ls_bytes_parse("1 Gbit", "size", &value, NULL), LS_ERR_ARG);
    cr_expect_eq(ls_quantity_parse("-90dBm", "level", "dBm", &value, NULL), LS_OK);
    cr_expect_eq(value, -90.0);
    cr_expect_eq(ls_quantity_parse("40 db", "gain", "dB", &value, NULL), LS_OK);
    cr_expect_eq(value, 40.0);
    cr_expect_eq(ls_quantity_parse("12", "gain", "dB", &value, NULL), LS_OK);
    cr_expect_eq(ls_quantity_parse("12 dBm", "gain", "dB", &value, NULL), LS_ERR_ARG);
    cr_expect_eq(ls_quantity_parse("nan", "gain", "dB", &value, NULL), LS_ERR_ARG);
}

Test(units, what_is_spelled_parses_to_the_same_value) {
    static const double values[] = {0.0,    1.0,    90.0,  433.92e6, 2.4e6,    1e-3, 0.0125,
                                    3600.0, 5400.0, 250e3, 86400.0,  604800.0, 7.0,  1e12};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        char text[LS_UNIT_TEXT_BYTES];
        double back = -1.0;
        ls_hz_spell(values[i], text);
        cr_expect_eq(ls_hz_parse(text, "value", &back, NULL), LS_OK, "%s", text);
        cr_expect_float_eq(back, values[i], 1e-11 * values[i], "%s", text);
        ls_seconds_spell(values[i], text);
        cr_expect_eq(ls_seconds_parse(text, "value", &back, NULL), LS_OK, "%s", text);
        cr_expect_float_eq(back, values[i], 1e-11 * values[i], "%s", text);
        ls_bytes_spell(values[i], text);
        cr_expect_eq(ls_bytes_parse(text, "value", &back, NULL), LS_OK, "%s", text);
        cr_expect_float_eq(back, values[i], 1e-11 * values[i], "%s", text);
    }
    char text[LS_UNIT_TEXT_BYTES];
    ls_seconds_spell(0.01, text);
    cr_expect_str_eq(text, "10ms");
    ls_seconds_spell(90.0, text);
    cr_expect_str_eq(text, "90s");
    ls_hz_spell(433.92e6, text);
    cr_expect_str_eq(text, "433.92M");
}
