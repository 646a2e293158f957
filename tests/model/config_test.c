#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "model/config.h"

static const char *const needed[] = {"sensor.name=km-1", "receiver.args=driver=x",
                                     "receiver.rate_sps=2.4M", "survey.center_hz=878M"};

static struct ls_config *with(const char *const *settings, size_t count) {
    struct ls_config *config = NULL;
    struct ls_err err = {0};
    cr_assert_eq(ls_config_load(&config, NULL, settings, count, &err), LS_OK, "%s", err.text);
    return config;
}

Test(config, table_has_names_once_and_defaults_in_range) {
    size_t count;
    const struct ls_config_key *keys = ls_config_keys(&count);
    struct ls_config *config = with(NULL, 0);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < i; k++) {
            cr_expect(strcmp(keys[i].section, keys[k].section) != 0 ||
                          strcmp(keys[i].name, keys[k].name) != 0,
                      "%s.%s stands twice", keys[i].section, keys[i].name);
            cr_expect_neq(keys[i].offset, keys[k].offset, "%s and %s share a place", keys[i].name,
                          keys[k].name);
        }
        char *value = ls_config_value(config, i);
        cr_expect_str_eq(value, keys[i].standard == NULL ? "" : keys[i].standard,
                         "%s.%s does not show as its default is written", keys[i].section,
                         keys[i].name);
        free(value);
    }
    ls_config_destroy(config);
}

Test(config, what_a_sensor_needs_is_enough) {
    struct ls_config *config = with(needed, LS_COUNT(needed));
    struct ls_err err = {0};
    cr_assert_eq(ls_config_check(config, &err), LS_OK, "%s", err.text);
    cr_expect_eq(config->receiver.rate_sps, 2.4e6);
    cr_expect_eq(config->survey.center_hz, 878e6);
    cr_expect(isnan(config->receiver.gain_db));
    cr_expect_str_eq(config->receiver.args, "driver=x");
    cr_expect_null(config->plan);
    ls_config_destroy(config);
}

Test(config, lists_become_numbers) {
    const char *settings[] = {"sensor.name=km-1",
                              "receiver.args=driver=x",
                              "receiver.rate_sps=2.4M",
                              "receiver.gains=[LNA=16dB, VGA=-2.5]",
                              "survey.mode=hop",
                              "survey.plan=eu",
                              "survey.bands=[gsm-r-uplink, 921M:925M]",
                              "detector.spurs_hz=[877M]",
                              "health.reference_hz=[94.5M, 100.1M]"};
    struct ls_config *config = with(settings, LS_COUNT(settings));
    struct ls_err err = {0};
    cr_assert_eq(ls_config_check(config, &err), LS_OK, "%s", err.text);
    cr_assert_eq(config->range_count, 2);
    cr_expect_str_eq(config->ranges[0].name, "gsm-r-uplink");
    cr_expect_eq(config->ranges[0].low_hz, 876e6);
    cr_expect_eq(config->ranges[0].high_hz, 880e6);
    cr_expect_eq(config->ranges[1].high_hz, 925e6);
    cr_assert_eq(config->gain_count, 2);
    cr_expect_str_eq(config->gains[0].element, "LNA");
    cr_expect_eq(config->gains[1].db, -2.5);
    cr_assert_eq(config->spur_count, 1);
    cr_assert_eq(config->reference_count, 2);
    cr_expect_eq(config->references_hz[1], 100.1e6);
    ls_config_destroy(config);
}

Test(config, changes_are_the_keys_whose_values_differ) {
    struct ls_config *before = with(needed, LS_COUNT(needed));
    const char *settings[] = {"sensor.name=km-1", "receiver.args=driver=x",
                              "receiver.rate_sps=2400k", "survey.center_hz=880M",
                              "health.interval_s=1min"};
    struct ls_config *after = with(settings, LS_COUNT(settings));
    size_t count;
    const struct ls_config_key *keys = ls_config_keys(&count);
    size_t changed[256];
    cr_assert_eq(ls_config_changes(before, after, changed), 2, "2400k is 2.4M");
    cr_expect_str_eq(keys[changed[0]].name, "center_hz");
    cr_expect_str_eq(keys[changed[1]].name, "interval_s");
    ls_config_destroy(before);
    ls_config_destroy(after);
}

Test(config, metrics_stay_on_this_machine) {
    static const struct {
        const char *listen;
        bool good;
    } rows[] = {{"127.0.0.1:9477", true}, {"[::1]:9477", true},   {"127.9.9.9:0", true},
                {"0.0.0.0:9477", false},  {"10.0.0.1:80", false}, {"[::]:9477", false},
                {"127.0.0.1", false},     {"127.0.0.1:", false},  {"127.0.0.1:70000", false},
                {"localhost:80", false},  {":9477", false},       {"127.1:9477", false}};
    for (size_t i = 0; i < LS_COUNT(rows); i++) {
        char listen[64] = "metrics.listen=";
        strncat(listen, rows[i].listen, sizeof listen - strlen(listen) - 1);
        const char *settings[LS_COUNT(needed) + 1];
        memcpy(settings, needed, sizeof needed);
        settings[LS_COUNT(needed)] = listen;
        struct ls_config *config = with(settings, LS_COUNT(settings));
        cr_expect_eq(ls_config_check(config, NULL) == LS_OK, rows[i].good, "%s", rows[i].listen);
        ls_config_destroy(config);
    }
}

Test(config, taps_are_those_of_the_mode) {
    static const struct {
        const char *mode;
        const char *taps;
        size_t count;
    } rows[] = {{"detector.mode=bank", "detector.taps=4", 4},
                {"detector.mode=bank", "detector.taps=8", 0},
                {"detector.mode=bank", "detector.taps=12", 12},
                {"detector.mode=stft", "detector.taps=8", 1}};
    for (size_t i = 0; i < LS_COUNT(rows); i++) {
        const char *const settings[] = {rows[i].mode, rows[i].taps};
        struct ls_config *config = with(settings, LS_COUNT(settings));
        cr_expect_eq(ls_config_taps(config), rows[i].count, "%s %s", rows[i].mode, rows[i].taps);
        ls_config_destroy(config);
    }
}
