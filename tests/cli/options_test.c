#include "cli/options.h"

#include <criterion/criterion.h>

#include "base/time.h"
#include "base/util.h"

static const char *const kinds[] = {"jsonl", "csv", NULL};
static const struct ls_option rows[] = {
    {.name = "json", .short_name = 'j', .kind = LS_OPTION_FLAG, .help = ""},
    {.name = "quiet", .short_name = 'q', .kind = LS_OPTION_FLAG, .help = ""},
    {.name = "output", .short_name = 'o', .kind = LS_OPTION_TEXT, .value = "FILE", .help = ""},
    {.name = "rate", .kind = LS_OPTION_HZ, .value = "RATE", .what = "sample rate", .help = ""},
    {.name = "freq", .kind = LS_OPTION_HZ_RANGE, .value = "LO:HI", .help = ""},
    {.name = "hang", .kind = LS_OPTION_SECONDS, .value = "T", .what = "duration", .help = ""},
    {.name = "start", .kind = LS_OPTION_TIME, .value = "TIME", .help = ""},
};
static const struct ls_option more_rows[] = {
    {.name = "since", .kind = LS_OPTION_MOMENT, .value = "TIME", .help = ""},
    {.name = "limit",
     .kind = LS_OPTION_COUNT,
     .value = "N",
     .what = "limit",
     .low = 1,
     .high = 9,
     .help = ""},
    {.name = "alarms", .kind = LS_OPTION_NUMBER, .value = "N", .what = "number", .help = ""},
    {.name = "spur",
     .kind = LS_OPTION_HZ,
     .value = "HZ",
     .what = "frequency",
     .repeats = true,
     .help = ""},
    {.name = "format", .kind = LS_OPTION_CHOICE, .value = "F", .choices = kinds, .help = ""},
};
static const struct ls_option_table first = {"Options", rows, LS_COUNT(rows)};
static const struct ls_option_table second = {"More", more_rows, LS_COUNT(more_rows)};
static const struct ls_option_table *const tables[] = {&first, &second, NULL};

enum { WORDS_MAX = 8 };

/* words: NULL at the end. */
static int parse(struct ls_args **ret, char *const words[WORDS_MAX], struct ls_err *err) {
    int n = 0;
    while (words[n] != NULL) {
        n++;
    }
    return ls_args_create(ret, tables, "lineside test", n, words, err);
}

static struct ls_args *parsed(char *const words[WORDS_MAX]) {
    struct ls_args *args = NULL;
    struct ls_err err = {.text = ""};
    cr_assert_eq(parse(&args, words, &err), LS_OK, "%s", err.text);
    return args;
}

Test(options, each_kind_reads_its_value_with_blank_or_equals) {
    struct ls_args *args = parsed((char *[WORDS_MAX]){
        "--rate=2.4M", "--freq", "876M:880M", "--hang=10ms", "--start", "2026-11-20", NULL});
    double rate = 0.0;
    double low = 0.0;
    double high = 0.0;
    double hang = 0.0;
    int64_t start = 0;
    cr_assert(ls_args_hz(args, "rate", &rate) && rate == 2.4e6);
    cr_assert(ls_args_range(args, "freq", &low, &high) && low == 876e6 && high == 880e6);
    cr_assert(ls_args_seconds(args, "hang", &hang) && hang == 10.0 * 1e-3);
    cr_assert(ls_args_time(args, "start", &start) && start == 1795132800 * LS_NS_PER_S);
    cr_assert_str_eq(ls_args_text(args, "rate"), "2.4M");
    ls_args_destroy(args);

    args = parsed((char *[WORDS_MAX]){"--limit=9", "--alarms", "0.5", "--format", "csv", NULL});
    size_t limit = 0;
    size_t format = 0;
    double alarms = 0.0;
    cr_assert(ls_args_count(args, "limit", &limit) && limit == 9);
    cr_assert(ls_args_number(args, "alarms", &alarms) && alarms == 0.5);
    cr_assert(ls_args_choice(args, "format", &format) && format == 1);
    ls_args_destroy(args);
}

Test(options, absent_options_leave_the_default) {
    struct ls_args *args = parsed((char *[WORDS_MAX]){NULL});
    double rate = 7.0;
    size_t limit = 7;
    cr_assert(!ls_args_hz(args, "rate", &rate) && rate == 7.0);
    cr_assert(!ls_args_count(args, "limit", &limit) && limit == 7);
    cr_assert(!ls_args_given(args, "json"));
    cr_assert_null(ls_args_text(args, "output"));
    cr_assert_eq(ls_args_words(args), 0);
    ls_args_destroy(args);
}

Test(options, words_and_options_mix_and_two_dashes_end_options) {
    struct ls_args *args =
        parsed((char *[WORDS_MAX]){"a", "--json", "-", "--", "--rate", "-b", NULL});
    cr_assert(ls_args_given(args, "json"));
    cr_assert_eq(ls_args_words(args), 4);
    cr_assert_str_eq(ls_args_word(args, 0), "a");
    cr_assert_str_eq(ls_args_word(args, 1), "-");
    cr_assert_str_eq(ls_args_word(args, 2), "--rate");
    cr_assert_str_eq(ls_args_word(args, 3), "-b");
    ls_args_destroy(args);
}

Test(options, short_options_run_together_and_take_attached_values) {
    struct ls_args *args = parsed((char *[WORDS_MAX]){"-jqofile", NULL});
    cr_assert(ls_args_given(args, "json") && ls_args_given(args, "quiet"));
    cr_assert_str_eq(ls_args_text(args, "output"), "file");
    ls_args_destroy(args);
    args = parsed((char *[WORDS_MAX]){"-o", "-j", NULL});
    cr_assert_str_eq(ls_args_text(args, "output"), "-j");
    cr_assert(!ls_args_given(args, "json"));
    ls_args_destroy(args);
}

Test(options, a_duration_with_its_unit_is_a_moment_that_long_ago) {
    struct ls_args *args = parsed((char *[WORDS_MAX]){"--since", "24h", NULL});
    int64_t since = 0;
    cr_assert(ls_args_time(args, "since", &since));
    /* The test may be slow, but not by a minute. */
    int64_t wanted = ls_time_now() - 86400 * LS_NS_PER_S;
    cr_assert(since <= wanted && since > wanted - 60 * LS_NS_PER_S);
    ls_args_destroy(args);
}

Test(options, mistakes_are_refused_by_name) {
    static const struct {
        char *words[WORDS_MAX];
        const char *text; /* start of the message */
    } cases[] = {
        {{"--jsn"}, "unknown option '--jsn': did you mean '--json'?"},
        {{"--rates=5"}, "unknown option '--rates': did you mean '--rate'?"},
        {{"--frobnicate"}, "unknown option '--frobnicate': see 'lineside test --help'"},
        {{"-x"}, "unknown option '-x'"},
        {{"-jx"}, "unknown option '-jx'"},
        {{"--json=1"}, "option '--json' takes no value"},
        {{"--rate"}, "option '--rate' needs a value: --rate RATE"},
        {{"-o"}, "option '--output' needs a value"},
        {{"--output="}, "option '--output': the value is empty"},
        {{"--rate", "fast"}, "option '--rate': 'fast' is not a sample rate"},
        {{"--rate=-1"}, "option '--rate': '-1' is not a sample rate"},
        {{"--freq", "880M:876M"}, "option '--freq': frequency range"},
        {{"--hang", "5 parsec"}, "option '--hang': '5 parsec' is not a duration"},
        {{"--start", "yesterday"}, "option '--start': 'yesterday' is not a time"},
        {{"--start", "2h"}, "option '--start': '2h' is not a time"},
        {{"--since", "2026"}, "option '--since': '2026' is not a time"},
        {{"--since", "2026-11-20T08:00:00"}, "option '--since': '2026-11-20T08:00:00' is not"},
        {{"--limit", "10"}, "option '--limit': '10' is not a limit"},
        {{"--alarms", "0"}, "option '--alarms': '0' is not a number"},
        {{"--alarms", "nan"}, "option '--alarms': 'nan' is not a number"},
        {{"--alarms", "0x10"}, "option '--alarms': '0x10' is not a number"},
        {{"--format", "cvs"},
         "option '--format': 'cvs' is not a format: one of jsonl, csv; did you mean 'csv'?"},
        {{"--rate=1k", "--rate=2k"}, "option '--rate' is given twice"},
    };
    for (size_t i = 0; i < LS_COUNT(cases); i++) {
        struct ls_args *args = NULL;
        struct ls_err err = {.text = ""};
        cr_assert_eq(parse(&args, cases[i].words, &err), LS_ERR_ARG, "%s", cases[i].words[0]);
        cr_assert_null(args);
        cr_assert_eq(strncmp(err.text, cases[i].text, strlen(cases[i].text)), 0, "%s", err.text);
    }
}

Test(options, a_flag_may_be_given_twice) {
    struct ls_args *args = parsed((char *[WORDS_MAX]){"--json", "-j", NULL});
    cr_assert(ls_args_given(args, "json"));
    ls_args_destroy(args);
}

Test(options, an_option_that_repeats_keeps_every_value_in_order) {
    struct ls_args *args = parsed((char *[WORDS_MAX]){"--spur=2k", "--spur", "1k", NULL});
    size_t count = 0;
    const double *list = ls_args_hz_list(args, "spur", &count);
    cr_assert_eq(count, 2);
    cr_assert(list[0] == 2e3 && list[1] == 1e3);
    ls_args_destroy(args);
    args = parsed((char *[WORDS_MAX]){NULL});
    ls_args_hz_list(args, "spur", &count);
    cr_assert_eq(count, 0);
    ls_args_destroy(args);
}
