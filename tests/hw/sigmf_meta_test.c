#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "hw/sigmf_meta.h"

#define GLOBAL(more)   "\"global\":{\"core:datatype\":\"cu8\",\"core:sample_rate\":250000" more "}"
#define ONE_CAPTURE    "\"captures\":[{\"core:sample_start\":0,\"core:frequency\":1e8}]"
#define CAPTURES(list) "{" GLOBAL("") ",\"captures\":[" list "]}"

static int parse(struct ls_sigmf_meta *ret, const char *text, struct ls_note *note,
                 struct ls_err *err) {
    *note = (struct ls_note){0};
    return ls_sigmf_meta_parse(ret, text, strlen(text), note, err);
}

Test(sigmf_meta, what_samples_need_is_taken) {
    static const char text[] =
        "{\"global\":{\"core:datatype\":\"cf32_le\",\"core:sample_rate\":2166666.6666666665,"
        "\"core:hw\":\"USRP \\u001b[31m\",\"core:dataset\":\"a.bin\",\"core:trailing_bytes\":3,"
        "\"core:offset\":100,\"core:sha512\":"
        "\"ABCDEF7890123456789012345678901234567890123456789012345678901234"
        "5678901234567890123456789012345678901234567890123456789012345678\"},"
        "\"captures\":[{\"core:sample_start\":100,\"core:frequency\":9.15e8,"
        "\"core:datetime\":\"1970-01-01T00:00:01Z\",\"core:global_index\":7},"
        "{\"core:sample_start\":130.0,\"core:header_bytes\":16,\"core:frequency\":null}],"
        "\"annotations\":[{\"core:sample_start\":120,\"core:sample_count\":30},{\"x\":1},5]}";
    struct ls_sigmf_meta meta;
    struct ls_note note;
    struct ls_err err = {0};
    cr_assert_eq(parse(&meta, text, &note, &err), LS_OK, "%s", err.text);
    cr_expect_eq(meta.format, LS_FORMAT_CF32_LE);
    cr_expect_float_eq(meta.rate_sps, 2166666.6666666665, 0.0);
    cr_expect_str_eq(meta.recorder, "USRP ?[31m", "terminal codes do not get through");
    cr_expect_str_eq(meta.dataset, "a.bin");
    cr_expect_eq(meta.trailing_bytes, 3);
    cr_expect_eq(strncmp(meta.sha512, "abcdef78", 8), 0);
    cr_assert_eq(meta.capture_count, 2);
    cr_expect_eq(meta.captures[0].first_sample, 0);
    cr_expect(meta.captures[0].has_time && meta.captures[0].t_ns == LS_NS_PER_S);
    cr_expect(meta.captures[0].has_global_index && meta.captures[0].global_index == 7);
    cr_expect_eq(meta.captures[1].first_sample, 30);
    cr_expect_eq(meta.captures[1].header_bytes, 16);
    cr_expect_not(meta.captures[1].has_time);
    cr_expect_float_eq(meta.captures[1].center_hz, 0.0, 0.0);
    cr_expect_eq(meta.annotated_samples, 50);
    cr_expect_str_eq(note.text, "no core:frequency in captures[1], taken as 0 Hz");
    ls_sigmf_meta_finish(&meta);
}

Test(sigmf_meta, what_is_odd_is_said) {
    static const struct {
        const char *text;
        const char *note;
    } rows[] = {
        {CAPTURES("{\"core:sample_start\":0,\"core:frequency\":1,"
                  "\"core:datetime\":\"2026-11-20T08:00:00\"}"),
         "core:datetime without a zone taken as UTC"},
        {"{" GLOBAL("") ",\"captures\":[]}", "no captures"},
        {"{" GLOBAL("") "}", "no captures"},
        {"{" GLOBAL(",\"core:sha512\":\"beef\"") "," ONE_CAPTURE "}", "core:sha512 is not"},
        {"{\"global\":{\"core:datatype\":\"ci16\",\"core:sample_rate\":1e6}," ONE_CAPTURE "}",
         "core:datatype 'ci16' taken as ci16_le"},
        {"\xEF\xBB\xBF{" GLOBAL("") "," ONE_CAPTURE "}", ""},
    };
    for (size_t i = 0; i < LS_COUNT(rows); i++) {
        struct ls_sigmf_meta meta;
        struct ls_note note;
        struct ls_err err = {0};
        cr_assert_eq(parse(&meta, rows[i].text, &note, &err), LS_OK, "%s", err.text);
        cr_expect_not_null(strstr(note.text, rows[i].note), "'%s' in '%s'", rows[i].note,
                           note.text);
        cr_expect_eq(meta.capture_count, 1);
        ls_sigmf_meta_finish(&meta);
    }
}

Test(sigmf_meta, what_is_wrong_is_named) {
    static const struct {
        const char *text;
        const char *words;
    } rows[] = {
        {"", "not valid JSON at line 1"},
        {"hello", "not valid JSON"},
        {"{\"global\":\n{\"core:datatype\":}}", "not valid JSON at line 2"},
        {"{\"global\":{}} trailing", "not valid JSON"},
        {"{\"global\":{\"core:author\":\"\xFF\xFE\"}}", "unable to decode byte 0xff"},
        {"{\"global\":{},\"global\":{}}", "duplicate"},
        {"[]", "no \"global\""},
        {"{\"global\":[]}", "no \"global\""},
        {"{\"global\":{}}", "no core:datatype"},
        {"{\"global\":{\"core:datatype\":7}}", "core:datatype in global must be text"},
        {"{\"global\":{\"core:datatype\":\"ri16_le\"}}", "real, not I/Q"},
        {"{\"global\":{\"core:datatype\":\"ru8\"}}", "real, not I/Q"},
        {"{\"global\":{\"core:datatype\":\"rf32_be\"}}", "real, not I/Q"},
        {"{\"global\":{\"core:datatype\":\"ci16_be\"}}", "'ci16_be' is big-endian"},
        {"{\"global\":{\"core:datatype\":\"cf64_le\"}}", "'cf64_le' cannot be read"},
        {"{\"global\":{\"core:datatype\":\"\\u001bx\"}}", "'?x' cannot be read"},
        {"{\"global\":{\"core:datatype\":\"cu8\"}}", "no core:sample_rate"},
        {"{\"global\":{\"core:datatype\":\"cu8\",\"core:sample_rate\":\"1M\"}}",
         "core:sample_rate in global must be a number"},
        {"{\"global\":{\"core:datatype\":\"cu8\",\"core:sample_rate\":0}}",
         "core:sample_rate is 0 samples/s; it must lie between 1 and 1e11"},
        {"{\"global\":{\"core:datatype\":\"cu8\",\"core:sample_rate\":-250000}}",
         "core:sample_rate is -250000"},
        {"{\"global\":{\"core:datatype\":\"cu8\",\"core:sample_rate\":1.1e11}}",
         "core:sample_rate is 1.1e+11"},
        {"{\"global\":{\"core:datatype\":\"cu8\",\"core:sample_rate\":NaN}}", "not valid JSON"},
        {"{\"global\":{\"core:datatype\":\"cu8\",\"core:sample_rate\":1e999}}", "overflow"},
        {"{" GLOBAL(",\"core:num_channels\":2") "}", "core:num_channels is 2"},
        {"{" GLOBAL(",\"core:dataset\":\"../../etc/passwd\"") "}", "plain file name"},
        {"{" GLOBAL(",\"core:dataset\":\"..\"") "}", "plain file name"},
        {"{" GLOBAL(",\"core:trailing_bytes\":-1") "}", "core:trailing_bytes in global"},
        {"{" GLOBAL("") ",\"captures\":{}}", "\"captures\" must be an array"},
        {CAPTURES("5"), "captures[0] must be an object"},
        {CAPTURES("{}"), "captures[0] has no core:sample_start"},
        {CAPTURES("{\"core:sample_start\":-1}"), "core:sample_start in captures[0]"},
        {CAPTURES("{\"core:sample_start\":1.5}"), "core:sample_start in captures[0]"},
        {CAPTURES("{\"core:sample_start\":\"0\"}"), "core:sample_start in captures[0]"},
        {CAPTURES("{\"core:sample_start\":9223372036854775808}"), "too big"},
        {CAPTURES("{\"core:sample_start\":1e30}"), "core:sample_start in captures[0]"},
        {CAPTURES("{\"core:sample_start\":0},{\"core:sample_start\":9},{\"core:sample_start\":8}"),
         "captures[2] starts at sample 8, before captures[1] at 9"},
        {CAPTURES("{\"core:sample_start\":0,\"core:frequency\":-1}"),
         "captures[0]: core:frequency is -1 Hz"},
        {CAPTURES("{\"core:sample_start\":0,\"core:frequency\":1e13}"), "core:frequency is 1e+13"},
        {CAPTURES("{\"core:sample_start\":0,\"core:datetime\":\"yesterday\"}"),
         "'yesterday' in captures[0] is not a time"},
        {CAPTURES("{\"core:sample_start\":0,\"core:datetime\":1461424216}"),
         "core:datetime in captures[0] must be text"},
        {"{" GLOBAL(",\"core:offset\":10") ",\"captures\":[{\"core:sample_start\":9}]}",
         "before core:offset 10"},
    };
    for (size_t i = 0; i < LS_COUNT(rows); i++) {
        struct ls_sigmf_meta meta;
        struct ls_note note;
        struct ls_err err = {0};
        cr_expect_eq(parse(&meta, rows[i].text, &note, &err), LS_ERR_FORMAT, "%s", rows[i].text);
        cr_expect_eq(err.code, LS_ERR_FORMAT, "%s", rows[i].text);
        cr_expect_not_null(strstr(err.text, rows[i].words), "'%s' lacks '%s'", err.text,
                           rows[i].words);
        for (const char *p = err.text; *p != '\0'; p++) {
            cr_expect((unsigned char)*p >= ' ', "control character in '%s'", err.text);
        }
    }
}

/* 50 MB of one repeated piece of text. */
static void expect_quick_refusal(const char *piece) {
    size_t n = 50000000 / strlen(piece) * strlen(piece);
    char *text = malloc(n);
    cr_assert_not_null(text);
    for (size_t i = 0; i < n; i += strlen(piece)) {
        memcpy(text + i, piece, strlen(piece));
    }
    struct ls_sigmf_meta meta;
    struct ls_note note = {0};
    int64_t before_ns = ls_time_steady();
    cr_expect_eq(ls_sigmf_meta_parse(&meta, text, n, &note, NULL), LS_ERR_FORMAT);
    /* Takes some 0.05 s; the rest is room for slow machines and sanitizers. */
    cr_expect_lt(ls_time_steady() - before_ns, 5 * LS_NS_PER_S, "%s", piece);
    free(text);
}

Test(sigmf_meta, hostile_megabytes_are_refused_at_once) {
    expect_quick_refusal("[");
    expect_quick_refusal("{\"a\":");
    expect_quick_refusal("[],");
    expect_quick_refusal("\"");
}

Test(sigmf_meta, deep_nesting_is_refused_below_the_value_limit) {
    enum { DEPTH = 100000 };
    char *text = malloc(DEPTH);
    cr_assert_not_null(text);
    memset(text, '[', DEPTH);
    struct ls_sigmf_meta meta;
    struct ls_note note = {0};
    struct ls_err err = {0};
    cr_expect_eq(ls_sigmf_meta_parse(&meta, text, DEPTH, &note, &err), LS_ERR_FORMAT);
    cr_expect_not_null(strstr(err.text, "depth"), "%s", err.text);
    free(text);
}
