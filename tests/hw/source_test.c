#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"
#include "base/util.h"
#include "tests/hw/scratch.h"

static struct scratch scratch;

static void set_up(void) { scratch_init(&scratch); }
static void tear_down(void) { scratch_finish(&scratch); }

TestSuite(source, .init = set_up, .fini = tear_down);

/* Times and tunings of three captures; the second is off by a gap, the third states no time. */
static const char three_captures[] =
    "{\"global\":{\"core:datatype\":\"ci16_le\",\"core:sample_rate\":1000,"
    "\"core:version\":\"1.0.0\",\"core:recorder\":\"post 7\"},"
    "\"captures\":[{\"core:sample_start\":0,\"core:frequency\":1e8,"
    "\"core:datetime\":\"2026-11-20T08:00:00Z\"},"
    "{\"core:sample_start\":50,\"core:frequency\":2e8,"
    "\"core:datetime\":\"2026-11-20T08:00:10.5Z\"},"
    "{\"core:sample_start\":53,\"core:frequency\":3e8}],\"annotations\":[]}";

enum { SAMPLES = 200, BYTES = 4 * SAMPLES };

static void write_three_captures(unsigned char data[BYTES]) {
    scratch_pattern(data, BYTES);
    scratch_write(&scratch, "a.sigmf-data", data, BYTES);
    scratch_text(&scratch, "a.sigmf-meta", three_captures);
}

static void hash_hex(const void *bytes, size_t n, char ret_hex[129]) {
    unsigned char digest[crypto_hash_sha512_BYTES];
    crypto_hash_sha512(digest, bytes, n);
    sodium_bin2hex(ret_hex, 129, digest, sizeof digest);
}

Test(source, every_format_is_handed_on_byte_for_byte) {
    static const struct {
        const char *name;
        enum ls_format format;
    } rows[] = {{"cu8", LS_FORMAT_CU8},
                {"ci8", LS_FORMAT_CI8},
                {"ci16_le", LS_FORMAT_CI16_LE},
                {"cf32_le", LS_FORMAT_CF32_LE}};
    unsigned char data[8 * 10];
    scratch_pattern(data, sizeof data);
    for (size_t i = 0; i < LS_COUNT(rows); i++) {
        char meta[200];
        snprintf(meta, sizeof meta,
                 "{\"global\":{\"core:datatype\":\"%s\",\"core:sample_rate\":2.5e6},"
                 "\"captures\":[{\"core:sample_start\":0,\"core:frequency\":868.3e6}]}",
                 rows[i].name);
        scratch_write(&scratch, "f.sigmf-data", data, sizeof data);
        struct ls_source_opts opts = {.path = scratch_text(&scratch, "f.sigmf-meta", meta)};
        struct ls_source *source;
        struct ls_err err = {0};
        cr_assert_eq(ls_source_open(&source, &opts, &err), LS_OK, "%s", err.text);
        struct taken taken;
        taken_read(&taken, source);
        cr_expect_eq(taken.code, LS_EOF);
        cr_expect_eq(taken.byte_count, sizeof data);
        cr_expect_eq(taken.samples, sizeof data / ls_format_bytes(rows[i].format));
        cr_expect_eq(memcmp(taken.bytes, data, sizeof data), 0);
        cr_expect_eq(taken.headers[0].tuning.format, rows[i].format);
        cr_expect_float_eq(taken.headers[0].tuning.rate_sps, 2.5e6, 0.0);
        cr_expect_float_eq(taken.headers[0].tuning.center_hz, 868.3e6, 0.0);
        taken_finish(&taken);
        ls_source_destroy(source);
    }
}

static void expect_blocks_fit(const struct taken *taken, const struct ls_source_info *info,
                              size_t block_samples) {
    for (size_t b = 0; b < taken->blocks; b++) {
        const struct ls_block *block = &taken->headers[b];
        size_t c = block->pos < 50 ? 0 : block->pos < 53 ? 1 : 2;
        const struct ls_capture *capture = &info->captures[c];
        uint64_t within = block->pos - capture->first_sample;
        cr_expect_leq(block->count, block_samples);
        cr_expect_leq(within + block->count, capture->samples, "crosses a capture");
        /* 1000 S/s: a sample is a whole millisecond. */
        cr_expect_eq(block->t_ns, capture->t_ns + (int64_t)within * INT64_C(1000000));
        cr_expect_eq(block->flags, within == 0 ? (uint32_t)LS_BLOCK_FIRST : 0u);
        cr_expect_float_eq(block->tuning.center_hz, (double)(c + 1) * 1e8, 0.0);
    }
}

Test(source, block_size_changes_neither_samples_nor_times) {
    static const size_t sizes[] = {1, 7, 65536};
    unsigned char data[BYTES];
    char expected_hash[129];
    char hash[129];
    write_three_captures(data);
    hash_hex(data, sizeof data, expected_hash);
    for (size_t i = 0; i < LS_COUNT(sizes); i++) {
        struct ls_source_opts opts = {.path = scratch_path(&scratch, "a.sigmf-data"),
                                      .block_samples = sizes[i]};
        struct ls_source *source;
        cr_assert_eq(ls_source_open(&source, &opts, NULL), LS_OK);
        struct taken taken;
        taken_read(&taken, source);
        cr_expect_eq(taken.byte_count, sizeof data);
        cr_expect_eq(memcmp(taken.bytes, data, sizeof data), 0);
        expect_blocks_fit(&taken, ls_source_info(source), sizes[i]);
        cr_expect_eq(ls_source_hash(source, NULL, hash, NULL), LS_OK);
        cr_expect_str_eq(hash, expected_hash);
        taken_finish(&taken);
        ls_source_destroy(source);
    }
}

Test(source, captures_keep_their_own_times_and_tunings) {
    unsigned char data[BYTES];
    int64_t start_ns;
    write_three_captures(data);
    ls_time_parse("2026-11-20T08:00:00Z", &start_ns, NULL);
    struct ls_source_opts opts = {.path = scratch_path(&scratch, "a")};
    struct ls_source *source;
    cr_assert_eq(ls_source_open(&source, &opts, NULL), LS_OK);
    const struct ls_source_info *info = ls_source_info(source);
    cr_expect_str_eq(info->kind, "sigmf");
    cr_expect_str_eq(info->recorder, "post 7");
    cr_expect_str_eq(info->note, "");
    cr_expect_not(info->no_clock || info->truncated);
    cr_assert_eq(info->capture_count, 3);
    cr_expect_eq(info->samples, SAMPLES);
    cr_expect_eq(info->captures[0].t_ns, start_ns);
    cr_expect_eq(info->captures[1].first_sample, 50);
    cr_expect_eq(info->captures[1].samples, 3);
    cr_expect_eq(info->captures[1].t_ns, start_ns + INT64_C(10500000000));
    cr_expect_eq(info->captures[2].t_ns, start_ns + INT64_C(10503000000),
                 "a capture without a time continues from the one before it");
    ls_source_destroy(source);
}

Test(source, the_user_may_state_the_start) {
    unsigned char data[BYTES];
    write_three_captures(data);
    struct ls_source_opts opts = {
        .path = scratch_path(&scratch, "a"), .start_ns = -5, .start_given = true};
    struct ls_source *source;
    cr_assert_eq(ls_source_open(&source, &opts, NULL), LS_OK);
    const struct ls_source_info *info = ls_source_info(source);
    cr_expect_eq(info->captures[0].t_ns, -5);
    cr_expect_eq(info->captures[1].t_ns, INT64_C(10500000000) - 5, "gaps stay as they are");
    ls_source_destroy(source);
}

Test(source, hashing_is_a_pass_of_its_own) {
    unsigned char data[BYTES];
    char expected[129];
    char hash[129] = "untouched";
    write_three_captures(data);
    hash_hex(data, sizeof data, expected);
    struct ls_source_opts opts = {.path = scratch_path(&scratch, "a")};
    struct ls_source *source;
    struct ls_block block;
    cr_assert_eq(ls_source_open(&source, &opts, NULL), LS_OK);
    cr_expect_eq(ls_source_read(source, &block, NULL), LS_OK);
    atomic_int stop = 1;
    cr_expect_eq(ls_source_hash(source, &stop, hash, NULL), LS_ERR_STOPPED);
    cr_expect_str_eq(hash, "untouched");
    cr_expect_eq(ls_source_hash(source, NULL, hash, NULL), LS_OK);
    cr_expect_str_eq(hash, expected);
    cr_expect_eq(ls_source_read(source, &block, NULL), LS_OK);
    cr_expect_eq(block.pos, 50, "hashing does not move the reading position");
    ls_source_destroy(source);
}

Test(source, positions_are_handed_out_without_samples) {
    unsigned char data[BYTES];
    write_three_captures(data);
    struct ls_source_opts opts = {.path = scratch_path(&scratch, "a")};
    struct ls_source *whole;
    struct ls_source *bare;
    cr_assert_eq(ls_source_open(&whole, &opts, NULL), LS_OK);
    opts.positions_only = true;
    cr_assert_eq(ls_source_open(&bare, &opts, NULL), LS_OK);
    struct ls_block with;
    struct ls_block without;
    while (ls_source_read(whole, &with, NULL) == LS_OK) {
        cr_assert_eq(ls_source_read(bare, &without, NULL), LS_OK);
        cr_expect_null(without.samples);
        cr_expect(without.pos == with.pos && without.t_ns == with.t_ns &&
                      without.count == with.count && without.flags == with.flags,
                  "block at %llu", (unsigned long long)with.pos);
        unsigned char samples[BYTES];
        cr_assert_eq(ls_source_read_at(bare, without.pos, without.count, samples, NULL), LS_OK);
        cr_expect_arr_eq(samples, with.samples, with.count * ls_format_bytes(with.tuning.format));
    }
    cr_expect_eq(ls_source_read(bare, &without, NULL), LS_EOF);
    ls_source_destroy(whole);
    ls_source_destroy(bare);
}

/* Opening must fail with that code and a line that holds those words. */
static void expect_refused(const struct ls_source_opts *opts, int code, const char *words) {
    struct ls_source *source = NULL;
    struct ls_err err = {0};
    cr_expect_eq(ls_source_open(&source, opts, &err), code, "'%s': %s", opts->path, err.text);
    cr_expect_eq(err.code, code);
    cr_expect_null(source, "the result stays untouched");
    cr_expect_not_null(strstr(err.text, words), "'%s' lacks '%s'", err.text, words);
    cr_expect_null(strchr(err.text, '\n'));
}

static void expect_path_refused(const char *path, int code, const char *words) {
    struct ls_source_opts opts = {.path = path};
    expect_refused(&opts, code, words);
}

Test(source, what_is_no_file_is_refused) {
    expect_path_refused(scratch_path(&scratch, "none.cu8"), LS_ERR_NOTFOUND, "no recording");
    expect_path_refused(scratch.folder, LS_ERR_ARG, "is a directory");
    expect_path_refused("", LS_ERR_ARG, "no recording named");
    expect_path_refused("/dev/null", LS_ERR_ARG, "pipe or device");
    cr_assert_eq(mkfifo(scratch_path(&scratch, "fifo_433.92M_250k.cu8"), 0600), 0);
    expect_path_refused(scratch.path, LS_ERR_ARG, "save it to a file");
    scratch_write(&scratch, "empty_433.92M_250k.cu8", "", 0);
    expect_path_refused(scratch.path, LS_ERR_FORMAT, "is empty");
    expect_path_refused(scratch_path(&scratch, "x.sigmf-collection"), LS_ERR_FORMAT, "list of");
}

Test(source, long_paths_are_refused) {
    char path[5000];
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    expect_path_refused(path, LS_ERR_ARG, "too long; use a shorter one");
    path[300] = '\0'; /* one part longer than NAME_MAX */
    expect_path_refused(path, LS_ERR_ARG, "too long; use a shorter one");
}

Test(source, unreadable_files_are_refused) {
    scratch_text(&scratch, "locked_433.92M_250k.cu8", "abcd");
    cr_assert_eq(chmod(scratch.path, 0), 0);
    cr_assert_eq(chmod(scratch.folder, 0755), 0);
    uid_t before = geteuid();
    if (before == 0) { /* root may read everything: be nobody for a moment */
        cr_assert_eq(seteuid(65534), 0);
    }
    expect_path_refused(scratch.path, LS_ERR_IO, "check its permissions");
    cr_assert_eq(seteuid(before), 0);
}

Test(source, options_out_of_range_are_refused) {
    const char *path = scratch_text(&scratch, "a_433.92M_250k.cu8", "abcd");
    struct ls_source_opts rate = {.path = path, .rate_sps = -1.0};
    expect_refused(&rate, LS_ERR_ARG, "--rate");
    rate.rate_sps = 2e11;
    expect_refused(&rate, LS_ERR_ARG, "--rate");
    struct ls_source_opts center = {.path = path, .center_given = true, .center_hz = -1.0};
    expect_refused(&center, LS_ERR_ARG, "--freq");
    struct ls_source_opts block = {.path = path, .block_samples = SIZE_MAX};
    expect_refused(&block, LS_ERR_ARG, "a block of");
}

Test(source, a_file_that_shrinks_while_read_is_an_error) {
    unsigned char data[BYTES];
    char hash[129];
    write_three_captures(data);
    struct ls_source_opts opts = {.path = scratch_path(&scratch, "a")};
    struct ls_source *source;
    struct taken taken;
    cr_assert_eq(ls_source_open(&source, &opts, NULL), LS_OK);
    cr_assert_eq(truncate(scratch_path(&scratch, "a.sigmf-data"), 100), 0);
    taken_read(&taken, source);
    cr_expect_eq(taken.code, LS_ERR_IO);
    cr_expect_not_null(strstr(taken.err.text, "became shorter"));
    cr_expect_eq(ls_source_hash(source, NULL, hash, NULL), LS_ERR_IO);
    taken_finish(&taken);
    ls_source_destroy(source);
}
