#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "hw/replay/fault.h"
#include "hw/replay/options.h"
#include "tests/hw/scratch.h"

static struct scratch scratch;

static void set_up(void) { scratch_init(&scratch); }
static void tear_down(void) { scratch_finish(&scratch); }

TestSuite(fault, .init = set_up, .fini = tear_down);
TestSuite(replay_options);

Test(fault, lines_mean_what_the_manual_says) {
    static const struct {
        const char *line;
        struct ls_fault fault;
    } rows[] = {
        {"12.5s overflow 20000",
         {LS_FAULT_OVERFLOW, 12.5, .in_samples = true, .length_samples = 20000}},
        {"\t30s  timeout 2s # comment", {LS_FAULT_TIMEOUT, 30.0, .length_s = 2.0}},
        {"1min time-jump -3s", {LS_FAULT_TIME_JUMP, 60.0, .length_s = -3.0}},
        {"1min time-jump +250ms", {LS_FAULT_TIME_JUMP, 60.0, .length_s = 0.25}},
        {"0 short-reads 10ms", {LS_FAULT_SHORT_READS, 0.0, .length_s = 0.01, .value = 100.0}},
        {"0 gain-collapse 10s 12.5",
         {LS_FAULT_GAIN_COLLAPSE, 0.0, .length_s = 10.0, .value = 12.5}},
        {"2h stall", {LS_FAULT_STALL, 7200.0, .length_s = 0.0}},
        {"5s error\n", {LS_FAULT_ERROR, 5.0, .length_s = 0.0}},
        {"5s lose-device", {LS_FAULT_LOSE_DEVICE, 5.0, .length_s = INFINITY}},
        {"5s lose-device forever", {LS_FAULT_LOSE_DEVICE, 5.0, .length_s = INFINITY}},
        {"5s lose-device 20s", {LS_FAULT_LOSE_DEVICE, 5.0, .length_s = 20.0}},
    };
    for (size_t i = 0; i < LS_COUNT(rows); i++) {
        struct ls_fault got;
        const struct ls_fault *want = &rows[i].fault;
        bool found = false;
        struct ls_err err = {.text = ""};
        cr_assert_eq(ls_fault_parse(rows[i].line, &got, &found, &err), LS_OK, "%s", err.text);
        cr_expect(found);
        cr_expect(got.kind == want->kind && got.at_s == want->at_s &&
                      got.in_samples == want->in_samples &&
                      got.length_samples == want->length_samples &&
                      got.length_s == want->length_s && got.value == want->value,
                  "%s", rows[i].line);
    }
    static const char *const empty[] = {"", " \n", "# all of it", "\t# 5s overflow 1"};
    for (size_t i = 0; i < LS_COUNT(empty); i++) {
        struct ls_fault got;
        bool found = true;
        cr_expect_eq(ls_fault_parse(empty[i], &got, &found, NULL), LS_OK);
        cr_expect_not(found, "'%s'", empty[i]);
    }
}

Test(fault, wrong_lines_are_refused_with_the_nearest_word) {
    static const struct {
        const char *line;
        const char *words;
    } rows[] = {
        {"5s", "write it as: TIME FAULT [LENGTH [VALUE]]"},
        {"5s overflwo 1", "unknown fault 'overflwo': did you mean 'overflow'?"},
        {"5s fire 1", "unknown fault 'fire': see lineside-replay(7)"},
        {"soon overflow 1", "'soon' is not a time"},
        {"5s overflow", "write it as: TIME overflow LENGTH"},
        {"5s overflow 1 2", "write it as: TIME overflow LENGTH"},
        {"5s gain-collapse", "write it as: TIME gain-collapse LENGTH [VALUE]"},
        {"5s stall 2s", "write it as: TIME stall"},
        {"5s overflow 0", "number of samples"},
        {"5s overflow -3s", "not a length"},
        {"5s timeout forever", "'forever' is not a length"},
        {"5s timeout 0s", "length '0s' is none"},
        {"5s clipping 1s loud", "'loud' is not a number"},
        {"1e300 overflow 1", "beyond 30 years"},
        {"99999999999s overflow 1", "is beyond 30 years"},
    };
    for (size_t i = 0; i < LS_COUNT(rows); i++) {
        struct ls_fault got;
        bool found;
        struct ls_err err = {.text = ""};
        cr_expect_eq(ls_fault_parse(rows[i].line, &got, &found, &err), LS_ERR_ARG, "%s",
                     rows[i].line);
        cr_expect_not_null(strstr(err.text, rows[i].words), "'%s' lacks '%s'", err.text,
                           rows[i].words);
    }
}

Test(fault, a_script_comes_in_order_of_time_and_its_mistakes_with_their_line) {
    const char *path = scratch_text(&scratch, "script", "2s stall\n\n1s error\n1s overflow 7\n");
    struct ls_faults *faults;
    struct ls_err err = {.text = ""};
    cr_assert_eq(ls_faults_load(&faults, path, &err), LS_OK, "%s", err.text);
    static const enum ls_fault_kind order[] = {LS_FAULT_ERROR, LS_FAULT_OVERFLOW, LS_FAULT_STALL};
    for (size_t i = 0; i < LS_COUNT(order); i++) {
        cr_assert_not_null(ls_faults_next(faults));
        cr_expect_eq(ls_faults_next(faults)->kind, order[i]);
        ls_faults_done(faults, 0.0);
    }
    cr_expect_null(ls_faults_next(faults));
    ls_faults_destroy(faults);
    path = scratch_text(&scratch, "script", "# one\n1s overflow\n");
    cr_expect_eq(ls_faults_load(&faults, path, &err), LS_ERR_FORMAT);
    cr_expect_not_null(strstr(err.text, "script' line 2: write it as"), "%s", err.text);
    cr_expect_eq(ls_faults_load(&faults, "/nowhere/script", &err), LS_ERR_NOTFOUND);
    cr_expect_not_null(strstr(err.text, "cannot open fault script '/nowhere/script'"));
}

Test(fault, chance_draws_the_rate_the_kinds_and_the_same_again) {
    const struct ls_fault_chance chance = {
        .seed = 7, .rate_per_s = 10.0, .count = 10000, .kinds = "overflow+time-jump"};
    struct ls_faults *faults;
    struct ls_faults *again;
    cr_assert_eq(ls_faults_draw(&faults, &chance, NULL), LS_OK);
    cr_assert_eq(ls_faults_draw(&again, &chance, NULL), LS_OK);
    double now_s = 0.0;
    size_t count = 0;
    size_t overflows = 0;
    size_t back = 0;
    for (const struct ls_fault *f; (f = ls_faults_next(faults)) != NULL; count++) {
        const struct ls_fault *same = ls_faults_next(again);
        cr_assert(f->at_s == same->at_s && f->kind == same->kind && f->length_s == same->length_s);
        cr_assert(f->kind == LS_FAULT_OVERFLOW || f->kind == LS_FAULT_TIME_JUMP);
        cr_assert_geq(f->at_s, now_s);
        now_s = f->at_s;
        overflows += f->kind == LS_FAULT_OVERFLOW;
        back += f->length_s < 0.0;
        ls_faults_done(faults, now_s);
        ls_faults_done(again, now_s);
    }
    cr_expect_eq(count, 10000);
    /* Five standard deviations of a Poisson process, and of coins. */
    cr_expect_float_eq(now_s, 1000.0, 50.0);
    cr_expect_float_eq((double)overflows, 5000.0, 250.0);
    cr_expect_float_eq((double)back, 2500.0, 217.0);
    ls_faults_destroy(faults);
    ls_faults_destroy(again);
    struct ls_err err;
    cr_expect_eq(ls_faults_draw(&faults,
                                &(const struct ls_fault_chance){.rate_per_s = 1.0, .kinds = "tim"},
                                &err),
                 LS_ERR_ARG);
}

Test(replay_options, wrong_arguments_are_named_with_their_key) {
    static const struct {
        const char *key;
        const char *value;
        const char *words;
    } rows[] = {
        {"spede", "2", "lineside-replay: unknown argument 'spede': did you mean 'speed'?"},
        {"colour", "red", "unknown argument 'colour': see lineside-replay(7)"},
        {"speed", "0", "lineside-replay: speed: '0' is not a speed, nor max: from 0.001 to 1000"},
        {"speed", "nan", "speed: 'nan'"},
        {"loop", "maybe", "loop: 'maybe' is neither true nor false"},
        {"end", "never", "end: 'never' is no end: lost or silence"},
        {"buffer", "0", "buffer: a buffer of '0' is none: from 1 ms to 60 s"},
        {"mtu", "0", "mtu: "},
        {"format", "ci12", "format: 'ci12' is not a format: cu8, ci8, ci16 or cf32"},
        {"rate", "fast", "rate: 'fast' is not a sample rate"},
        {"range", "2M:1M", "range: "},
        {"noise", "3", "noise: '3' is not a level in dBFS: from -200 to 0"},
        {"fault_seed", "-1", "fault_seed: "},
        {"settle", "2min", "settle: a settling time of '2min' is beyond 60 s"},
    };
    for (size_t i = 0; i < LS_COUNT(rows); i++) {
        const char *keys[] = {"file", rows[i].key};
        const char *values[] = {"x", rows[i].value};
        struct ls_replay_opts opts;
        struct ls_err err = {.text = ""};
        cr_expect_eq(ls_replay_options_parse(&opts, keys, values, 2, &err), LS_ERR_ARG, "%s",
                     rows[i].key);
        cr_expect_not_null(strstr(err.text, rows[i].words), "'%s' lacks '%s'", err.text,
                           rows[i].words);
    }
}

Test(replay_options, defaults_and_what_others_add) {
    const char *keys[] = {"driver", "file", "remote:type", "soapy", "label"};
    const char *values[] = {"lineside-replay", "x", "y", "0", "z"};
    struct ls_replay_opts opts;
    struct ls_err err = {.text = ""};
    cr_assert_eq(ls_replay_options_parse(&opts, keys, values, LS_COUNT(keys), &err), LS_OK, "%s",
                 err.text);
    cr_expect_eq(opts.speed, 1.0);
    cr_expect_not(opts.as_fast_as_read);
    cr_expect_eq(opts.buffer_s, 0.25);
    cr_expect_eq(opts.end, LS_REPLAY_END_LOST);
    const char *both[] = {"file", "faults", "fault_rate"};
    const char *texts[] = {"x", "y", "1"};
    cr_expect_eq(ls_replay_options_parse(&opts, both, texts, 3, &err), LS_ERR_ARG);
    cr_expect_not_null(strstr(err.text, "exclude each other"));
}
