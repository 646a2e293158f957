#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "hw/sigmf_layout.h"

/* ci16_le at 1 MS/s: 4 bytes and 1000 ns a sample. */
static struct ls_sigmf_meta meta_of(struct ls_sigmf_capture *captures, size_t n) {
    return (struct ls_sigmf_meta){
        .format = LS_FORMAT_CI16_LE, .rate_sps = 1e6, .captures = captures, .capture_count = n};
}

static int lay_out(struct ls_sigmf_layout *ret, struct ls_sigmf_capture *captures, size_t n,
                   uint64_t bytes, struct ls_note *note, struct ls_err *err) {
    struct ls_sigmf_meta meta = meta_of(captures, n);
    struct ls_sigmf_data data = {.bytes = bytes};
    *note = (struct ls_note){0};
    return ls_sigmf_layout_init(ret, &meta, &data, note, err);
}

Test(sigmf_layout, headers_archives_and_trailers_move_the_samples) {
    struct ls_sigmf_capture captures[] = {{.header_bytes = 10},
                                          {.first_sample = 5, .header_bytes = 6}};
    struct ls_sigmf_meta meta = meta_of(captures, 2);
    struct ls_sigmf_data data = {.first_byte = 1000, .bytes = 10 + 20 + 6 + 40 + 7};
    struct ls_note note = {0};
    struct ls_sigmf_layout layout;
    meta.trailing_bytes = 7;
    cr_assert_eq(ls_sigmf_layout_init(&layout, &meta, &data, &note, NULL), LS_OK);
    cr_assert_eq(layout.capture_count, 2);
    cr_expect_eq(layout.offset_bytes[0], 1010);
    cr_expect_eq(layout.captures[0].samples, 5);
    cr_expect_eq(layout.offset_bytes[1], 1036);
    cr_expect_eq(layout.captures[1].samples, 10);
    cr_expect_not(layout.truncated);
    cr_expect_str_eq(note.text, "");
    ls_sigmf_layout_finish(&layout);
}

Test(sigmf_layout, short_data_are_used_as_far_as_they_go) {
    static const struct {
        uint64_t bytes;
        size_t captures;
        uint64_t last_samples;
        bool truncated;
        const char *note;
    } rows[] = {
        {400, 3, 40, false, ""},
        {399, 3, 39, true, "end within a sample, 3 bytes left out"},
        {241, 2, 10, true, "1 of 3 captures start beyond the end"},
        {240, 2, 10, true, "1 of 3 captures start beyond the end"},
        {203, 1, 50, true, "2 of 3 captures start beyond the end"},
        {6, 1, 1, true, "2 bytes left out; 2 of 3 captures"},
    };
    struct ls_sigmf_capture captures[] = {{0}, {.first_sample = 50}, {.first_sample = 60}};
    for (size_t i = 0; i < LS_COUNT(rows); i++) {
        struct ls_note note;
        struct ls_sigmf_layout layout;
        struct ls_err err = {0};
        cr_assert_eq(lay_out(&layout, captures, 3, rows[i].bytes, &note, &err), LS_OK, "%s",
                     err.text);
        cr_expect_eq(layout.capture_count, rows[i].captures, "%llu",
                     (unsigned long long)rows[i].bytes);
        cr_expect_eq(layout.captures[layout.capture_count - 1].samples, rows[i].last_samples,
                     "%llu", (unsigned long long)rows[i].bytes);
        cr_expect_eq(layout.truncated, rows[i].truncated);
        cr_expect_not_null(strstr(note.text, rows[i].note), "'%s' lacks '%s'", note.text,
                           rows[i].note);
        ls_sigmf_layout_finish(&layout);
    }
}

Test(sigmf_layout, annotations_beyond_the_data_show_that_it_was_cut) {
    struct ls_sigmf_capture capture = {0};
    struct ls_sigmf_meta meta = meta_of(&capture, 1);
    struct ls_sigmf_data data = {.bytes = 400};
    for (uint64_t annotated = 99; annotated <= 101; annotated++) {
        struct ls_note note = {0};
        struct ls_sigmf_layout layout;
        meta.annotated_samples = annotated;
        cr_assert_eq(ls_sigmf_layout_init(&layout, &meta, &data, &note, NULL), LS_OK);
        cr_expect_eq(layout.truncated, annotated > 100);
        ls_sigmf_layout_finish(&layout);
    }
}

Test(sigmf_layout, nothing_to_read_is_an_error) {
    struct ls_sigmf_capture late[] = {{.first_sample = 100}};
    struct ls_sigmf_capture latest[] = {{.first_sample = INT64_MAX}};
    struct ls_sigmf_capture headed[] = {{.header_bytes = INT64_MAX}};
    struct ls_sigmf_capture plain[] = {{0}};
    struct ls_note note;
    struct ls_sigmf_layout layout;
    struct ls_err err = {0};
    cr_expect_eq(lay_out(&layout, late, 1, 400, &note, &err), LS_ERR_FORMAT);
    cr_expect_not_null(strstr(err.text, "hold no sample of captures[0]"), "%s", err.text);
    cr_expect_eq(lay_out(&layout, latest, 1, 400, &note, &err), LS_ERR_FORMAT);
    cr_expect_eq(lay_out(&layout, headed, 1, 400, &note, &err), LS_ERR_FORMAT);
    cr_expect_eq(lay_out(&layout, plain, 1, 3, &note, &err), LS_ERR_FORMAT);
    struct ls_sigmf_meta meta = meta_of(plain, 1);
    struct ls_sigmf_data data = {.bytes = 400};
    meta.trailing_bytes = 400;
    cr_expect_eq(ls_sigmf_layout_init(&layout, &meta, &data, &note, &err), LS_ERR_FORMAT);
    cr_expect_not_null(strstr(err.text, "core:trailing_bytes 400"), "%s", err.text);
}

Test(sigmf_layout, empty_captures_and_samples_before_the_first_are_left_out) {
    struct ls_sigmf_capture captures[] = {{.first_sample = 10, .center_hz = 1e8},
                                          {.first_sample = 10, .center_hz = 2e8}};
    struct ls_note note;
    struct ls_sigmf_layout layout;
    cr_assert_eq(lay_out(&layout, captures, 2, 400, &note, NULL), LS_OK);
    cr_assert_eq(layout.capture_count, 1);
    cr_expect_float_eq(layout.captures[0].tuning.center_hz, 2e8, 0.0);
    cr_expect_eq(layout.captures[0].samples, 90);
    cr_expect_eq(layout.offset_bytes[0], 40);
    cr_expect_not(layout.truncated);
    cr_expect_not_null(strstr(note.text, "10 samples before the first capture left out"));
    ls_sigmf_layout_finish(&layout);
}

Test(sigmf_layout, no_time_at_all_counts_from_the_epoch) {
    struct ls_sigmf_capture captures[] = {{0}, {.first_sample = 7}};
    struct ls_note note;
    struct ls_sigmf_layout layout;
    cr_assert_eq(lay_out(&layout, captures, 2, 400, &note, NULL), LS_OK);
    cr_expect(layout.no_clock);
    cr_expect_eq(layout.captures[0].t_ns, 0);
    cr_expect_eq(layout.captures[1].t_ns, 7000);
    ls_sigmf_layout_finish(&layout);
}

Test(sigmf_layout, times_before_the_first_stated_one_count_back) {
    struct ls_sigmf_capture captures[] = {
        {0}, {.first_sample = 7}, {.first_sample = 9, .has_time = true, .t_ns = 1000000}};
    struct ls_note note;
    struct ls_sigmf_layout layout;
    cr_assert_eq(lay_out(&layout, captures, 3, 400, &note, NULL), LS_OK);
    cr_expect_not(layout.no_clock);
    cr_expect_eq(layout.captures[0].t_ns, 1000000 - 9000);
    cr_expect_eq(layout.captures[1].t_ns, 1000000 - 2000);
    cr_expect_eq(layout.captures[2].t_ns, 1000000);
    cr_expect_not_null(strstr(note.text, "counted back"));
    ls_sigmf_layout_finish(&layout);
}

Test(sigmf_layout, global_index_tells_what_was_lost_between_captures) {
    struct ls_sigmf_capture captures[] = {
        {.has_time = true, .has_global_index = true, .global_index = 1000},
        {.first_sample = 50, .has_global_index = true, .global_index = 1500},
        {.first_sample = 60, .has_global_index = true, .global_index = 3}};
    struct ls_note note;
    struct ls_sigmf_layout layout;
    cr_assert_eq(lay_out(&layout, captures, 3, 400, &note, NULL), LS_OK);
    cr_expect_eq(layout.captures[1].t_ns, 500000, "500 samples, not the 50 that are stored");
    cr_expect_eq(layout.captures[2].t_ns, 510000, "an index that goes back means nothing");
    ls_sigmf_layout_finish(&layout);
}

Test(sigmf_layout, captures_never_overlap_in_time) {
    /* The first capture lasts 50 us. stated_ns is said of the second. */
    static const struct {
        int64_t stated_ns;
        int64_t t_ns; /* -1: refused */
        bool said;
    } rows[] = {
        {50000, 50000, false},
        {50999, 50000, false}, /* less than a sample: rounding */
        {49001, 50000, false},
        {51000, 51000, false}, /* a gap of one sample */
        {0, 50000, true},
        {50000 - LS_NS_PER_S, 50000, true},
        {49999 - LS_NS_PER_S, -1, false},
    };
    for (size_t i = 0; i < LS_COUNT(rows); i++) {
        struct ls_sigmf_capture captures[] = {
            {.has_time = true}, {.first_sample = 50, .has_time = true, .t_ns = rows[i].stated_ns}};
        struct ls_note note;
        struct ls_sigmf_layout layout;
        struct ls_err err = {0};
        int code = lay_out(&layout, captures, 2, 400, &note, &err);
        if (rows[i].t_ns < 0) {
            cr_expect_eq(code, LS_ERR_FORMAT);
            cr_expect_not_null(strstr(err.text, "before captures[0] ends"), "%s", err.text);
            continue;
        }
        cr_assert_eq(code, LS_OK, "%s", err.text);
        cr_expect_eq(layout.captures[1].t_ns, rows[i].t_ns, "row %zu", i);
        cr_expect_eq(note.text[0] != '\0', rows[i].said, "row %zu: %s", i, note.text);
        ls_sigmf_layout_finish(&layout);
    }
}

Test(sigmf_layout, times_never_overflow) {
    struct ls_note note = {0};
    struct ls_sigmf_layout layout;
    struct ls_err err = {0};
    struct ls_sigmf_capture late = {.has_time = true, .t_ns = INT64_MAX - 1000};
    cr_expect_eq(lay_out(&layout, &late, 1, 400, &note, &err), LS_ERR_FORMAT);
    cr_expect_not_null(strstr(err.text, "beyond the years"), "%s", err.text);
    struct ls_sigmf_capture far[] = {{0},
                                     {.first_sample = 60, .has_time = true, .t_ns = INT64_MIN + 5}};
    cr_expect_eq(lay_out(&layout, far, 2, 400, &note, NULL), LS_ERR_FORMAT);
    struct ls_sigmf_capture plain = {0};
    struct ls_sigmf_meta meta = meta_of(&plain, 1);
    struct ls_sigmf_data data = {.bytes = INT64_MAX};
    meta.rate_sps = 1.0; /* 2^61 s */
    cr_expect_eq(ls_sigmf_layout_init(&layout, &meta, &data, &note, NULL), LS_ERR_FORMAT);
    data = (struct ls_sigmf_data){.bytes = 400, .start_given = true, .start_ns = INT64_MAX};
    cr_expect_eq(ls_sigmf_layout_init(&layout, &meta, &data, &note, NULL), LS_ERR_FORMAT);
}
