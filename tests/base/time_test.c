#include <criterion/criterion.h>
#include <string.h>

#include "base/time.h"

static int64_t parsed(const char *text) {
    int64_t ns = -1;
    struct ls_err err = {0};
    cr_assert_eq(ls_time_parse(text, &ns, &err), LS_OK, "%s", err.text);
    return ns;
}

Test(time, known_instants) {
    cr_expect_eq(parsed("1970-01-01T00:00:00Z"), 0);
    cr_expect_eq(parsed("2026-11-20T08:00:00.000000000Z"), INT64_C(1795161600000000000));
    cr_expect_eq(parsed("2000-02-29T23:59:59.5Z"), INT64_C(951868799500000000));
    cr_expect_eq(parsed("1969-12-31T23:59:59.999999999Z"), -1);
    cr_expect_eq(parsed("2026-11-20"), INT64_C(1795132800000000000));
    cr_expect_eq(parsed("2026-11-20T09:00:00+01:00"), parsed("2026-11-20 08:00:00Z"));
    cr_expect_eq(parsed("2016-12-31T23:59:60Z"), parsed("2017-01-01T00:00:00Z"), "leap second");
}

Test(time, local_and_wrong_times_are_refused) {
    const char *const wrong[] = {"2026-11-20T08:00:00",
                                 "2026-13-01",
                                 "2026-02-29",
                                 "now",
                                 "",
                                 "2026-11-20T25:00:00Z",
                                 "20261120T080000Z",
                                 "2026-11-20T08:00:00Zx",
                                 "2026-11-20T08:00:00.Z",
                                 "9999-01-01"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        int64_t ns;
        struct ls_err err = {0};
        cr_expect_eq(ls_time_parse(wrong[i], &ns, &err), LS_ERR_ARG, "%s", wrong[i]);
        cr_expect(strstr(err.text, "is not a time") != NULL);
    }
}

Test(time, format_reads_back) {
    const int64_t instants[] = {
        0, -1, 1, INT64_C(1795161600123456789), INT64_C(-999999999), INT64_C(253)};
    for (size_t i = 0; i < sizeof instants / sizeof instants[0]; i++) {
        char text[LS_TIME_TEXT_BYTES];
        ls_time_format(instants[i], text);
        cr_expect_eq(strlen(text), 30);
        cr_expect_eq(parsed(text), instants[i], "%s", text);
    }
}

Test(time, samples_to_ns_stay_exact_for_a_month) {
    /* 30 days at 20 MS/s: 5.2e13 samples, where float and even double products lose the last ns. */
    uint64_t samples = UINT64_C(51840000000000) + 1;
    cr_expect_eq(ls_time_of_samples(samples, 20e6), INT64_C(2592000) * LS_NS_PER_S + 50);
    cr_expect_eq(ls_time_of_samples(3, 2166667.0), 1385);
    cr_expect_eq(ls_time_of_samples(13, 2166666.6666666665), 6000);
}

Test(time, a_day_begins_at_midnight_before_1970_too) {
    cr_expect_eq(ls_time_midnight(parsed("2028-02-29T23:59:59.999999999Z")), parsed("2028-02-29"));
    cr_expect_eq(ls_time_midnight(parsed("2028-03-01")), parsed("2028-03-01"));
    cr_expect_eq(ls_time_midnight(parsed("1969-12-31T00:00:00.5Z")), parsed("1969-12-31"));
}
