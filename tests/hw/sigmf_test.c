#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/hw/scratch.h"

static struct scratch scratch;

static void set_up(void) { scratch_init(&scratch); }
static void tear_down(void) { scratch_finish(&scratch); }

TestSuite(sigmf, .init = set_up, .fini = tear_down);

static const char plain[] = "{\"global\":{\"core:datatype\":\"cu8\",\"core:sample_rate\":250000},"
                            "\"captures\":[{\"core:sample_start\":0,\"core:frequency\":433.92e6,"
                            "\"core:datetime\":\"2026-11-20T08:00:00Z\"}]}";
static const char only_metadata[] =
    "{\"global\":{\"core:datatype\":\"cu8\",\"core:sample_rate\":250000,"
    "\"core:metadata_only\":true},\"captures\":[{\"core:sample_start\":0}]}";
static const char of_a_bin[] =
    "{\"global\":{\"core:datatype\":\"cu8\",\"core:sample_rate\":250000,"
    "\"core:dataset\":\"a.bin\"},\"captures\":[{\"core:sample_start\":0}]}";

static struct ls_source *open_path(const char *path) {
    struct ls_source_opts opts = {.path = path};
    struct ls_source *source = NULL;
    struct ls_err err = {0};
    cr_assert_eq(ls_source_open(&source, &opts, &err), LS_OK, "%s", err.text);
    return source;
}

static void expect_opens(const char *path, const char *kind, const char *data_name) {
    struct ls_source *source = open_path(path);
    const struct ls_source_info *info = ls_source_info(source);
    const char *base = strrchr(info->data_path, '/');
    cr_expect_str_eq(info->kind, kind);
    cr_expect_str_eq(base + 1, data_name);
    ls_source_destroy(source);
}

static void expect_refused(const char *path, int code, const char *words) {
    struct ls_source_opts opts = {.path = path};
    struct ls_source *source = NULL;
    struct ls_err err = {0};
    cr_expect_eq(ls_source_open(&source, &opts, &err), code, "'%s': %s", path, err.text);
    cr_expect_eq(err.code, code);
    cr_expect_not_null(strstr(err.text, words), "'%s' lacks '%s'", err.text, words);
}

Test(sigmf, a_recording_is_found_by_any_of_its_names) {
    scratch_text(&scratch, "f1815.3_s19.2.sigmf-data", "abcdef");
    scratch_text(&scratch, "f1815.3_s19.2.sigmf-meta", plain);
    expect_opens(scratch_path(&scratch, "f1815.3_s19.2"), "sigmf", "f1815.3_s19.2.sigmf-data");
    expect_opens(scratch_path(&scratch, "f1815.3_s19.2.sigmf-data"), "sigmf",
                 "f1815.3_s19.2.sigmf-data");
    expect_opens(scratch_path(&scratch, "f1815.3_s19.2.sigmf-meta"), "sigmf",
                 "f1815.3_s19.2.sigmf-data");
}

Test(sigmf, data_of_other_names_are_found) {
    scratch_text(&scratch, "a.bin", "abcdef");
    scratch_text(&scratch, "a.sigmf-meta", of_a_bin);
    expect_opens(scratch_path(&scratch, "a.sigmf-meta"), "sigmf", "a.bin");
    expect_opens(scratch_path(&scratch, "a.bin"), "sigmf", "a.bin");
    scratch_text(&scratch, "b.cu8", "abcdef");
    scratch_text(&scratch, "b.cu8.sigmf-meta", plain);
    expect_opens(scratch_path(&scratch, "b.cu8"), "sigmf", "b.cu8");
    scratch_text(&scratch, "c.bin", "abcdef");
    scratch_text(&scratch, "c.sigmf-meta", of_a_bin);
    expect_refused(scratch_path(&scratch, "c.bin"), LS_ERR_FORMAT, "are of 'a.bin', not of");
}

Test(sigmf, a_raw_file_beside_a_pair_stays_raw) {
    scratch_text(&scratch, "a_433.92M_250k.sigmf-data", "abcdef");
    scratch_text(&scratch, "a_433.92M_250k.sigmf-meta", plain);
    scratch_text(&scratch, "a_433.92M_250k.cs8", "abcdef");
    expect_opens(scratch_path(&scratch, "a_433.92M_250k.cs8"), "raw", "a_433.92M_250k.cs8");
}

Test(sigmf, missing_halves_are_named) {
    scratch_text(&scratch, "a.sigmf-data", "abcdef");
    expect_refused(scratch_path(&scratch, "a.sigmf-data"), LS_ERR_NOTFOUND, "no metadata '");
    scratch_text(&scratch, "b.sigmf-meta", plain);
    expect_refused(scratch_path(&scratch, "b.sigmf-meta"), LS_ERR_NOTFOUND,
                   "b.sigmf-data'; check the path");
    expect_refused(scratch_path(&scratch, "b"), LS_ERR_NOTFOUND, "no sample data '");
    scratch_text(&scratch, "c.sigmf-meta", of_a_bin);
    expect_refused(scratch_path(&scratch, "c.sigmf-meta"), LS_ERR_NOTFOUND, "a.bin'");
    cr_assert_eq(mkdir(scratch_path(&scratch, "d.sigmf-meta"), 0755), 0);
    expect_refused(scratch_path(&scratch, "d"), LS_ERR_ARG, "is a directory");
    scratch_text(&scratch, "e.sigmf-meta", "");
    expect_refused(scratch_path(&scratch, "e.sigmf-meta"), LS_ERR_FORMAT, "is empty");
    scratch_text(&scratch, "g.sigmf-meta", only_metadata);
    scratch_text(&scratch, "g.sigmf-data", "xxxx");
    expect_refused(scratch_path(&scratch, "g.sigmf-meta"), LS_ERR_FORMAT, "there are no samples");
    scratch_text(&scratch, "f.sigmf-meta", plain);
    cr_assert_eq(mkfifo(scratch_path(&scratch, "f.sigmf-data"), 0600), 0);
    expect_refused(scratch_path(&scratch, "f.sigmf-meta"), LS_ERR_ARG, "pipe or device");
}

Test(sigmf, lost_metadata_may_be_replaced_by_options) {
    scratch_text(&scratch, "a.sigmf-data", "abcdef");
    struct ls_source_opts opts = {
        .path = scratch_path(&scratch, "a.sigmf-data"), .format = LS_FORMAT_CI8, .rate_sps = 1e6};
    struct ls_source *source;
    cr_assert_eq(ls_source_open(&source, &opts, NULL), LS_OK);
    cr_expect_str_eq(ls_source_info(source)->kind, "raw");
    ls_source_destroy(source);
}

Test(sigmf, metadata_win_over_options_and_say_so) {
    scratch_text(&scratch, "a.sigmf-data", "abcdef");
    scratch_text(&scratch, "a.sigmf-meta", plain);
    struct ls_source_opts opts = {.path = scratch_path(&scratch, "a"), .rate_sps = 1e6};
    struct ls_source *source;
    cr_assert_eq(ls_source_open(&source, &opts, NULL), LS_OK);
    const struct ls_source_info *info = ls_source_info(source);
    cr_expect_float_eq(info->captures[0].tuning.rate_sps, 250000.0, 0.0);
    cr_expect_not_null(strstr(info->note, "options for them were left out"), "%s", info->note);
    ls_source_destroy(source);
}

Test(sigmf, errors_name_the_file_that_is_wrong) {
    scratch_text(&scratch, "a.sigmf-data", "abcdef");
    scratch_text(&scratch, "a.sigmf-meta", "{\"global\":{\"core:datatype\":\"ru8\"}}");
    expect_refused(scratch_path(&scratch, "a"), LS_ERR_FORMAT, "a.sigmf-meta': core:datatype");
    scratch_text(&scratch, "a.sigmf-meta", plain);
    scratch_text(&scratch, "a.sigmf-data", "x");
    expect_refused(scratch_path(&scratch, "a"), LS_ERR_FORMAT, "a.sigmf-data': the data of 1 byte");
}

Test(sigmf, metadata_of_hundreds_of_megabytes_are_not_read) {
    scratch_text(&scratch, "a.sigmf-data", "abcdef");
    scratch_text(&scratch, "a.sigmf-meta", plain);
    cr_assert_eq(truncate(scratch.path, 500000000), 0); /* a hole: takes no space */
    expect_refused(scratch_path(&scratch, "a"), LS_ERR_FORMAT, "are 500 MB; 67 MB is the most");
}

Test(sigmf, a_missing_clock_is_flagged_on_every_block) {
    scratch_text(&scratch, "a.bin", "abcdefgh");
    scratch_text(&scratch, "a.sigmf-meta", of_a_bin);
    struct ls_source *source = open_path(scratch_path(&scratch, "a.bin"));
    struct ls_block block;
    cr_expect(ls_source_info(source)->no_clock);
    cr_expect_eq(ls_source_read(source, &block, NULL), LS_OK);
    cr_expect_eq(block.flags, (uint32_t)(LS_BLOCK_FIRST | LS_BLOCK_NO_CLOCK));
    cr_expect_eq(block.t_ns, 0);
    ls_source_destroy(source);
}

/* A file longer than memory: 8 GiB of holes. The second capture starts past 2^31 samples. */
Test(sigmf, positions_beyond_32_bits_are_exact) {
    char meta[400];
    const uint64_t second = (UINT64_C(1) << 32) - 3;
    snprintf(meta, sizeof meta,
             "{\"global\":{\"core:datatype\":\"cu8\",\"core:sample_rate\":250000},\"captures\":["
             "{\"core:sample_start\":%llu,\"core:frequency\":1e8,"
             "\"core:datetime\":\"2026-11-20T08:00:00Z\"}]}",
             (unsigned long long)second);
    scratch_text(&scratch, "big.sigmf-meta", meta);
    scratch_text(&scratch, "big.sigmf-data", "");
    if (truncate(scratch.path, (off_t)(2 * second)) != 0) {
        cr_skip_test("this file system holds no files of 8 GiB");
    }
    FILE *file = fopen(scratch.path, "ab");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite("wxyz", 1, 4, file), 4);
    cr_assert_eq(fclose(file), 0);
    struct ls_source *source = open_path(scratch_path(&scratch, "big"));
    struct taken taken;
    taken_read(&taken, source);
    cr_expect_eq(taken.samples, 2);
    cr_expect_eq(taken.headers[0].pos, second);
    cr_expect_eq(memcmp(taken.bytes, "wxyz", 4), 0);
    taken_finish(&taken);
    ls_source_destroy(source);
}

/* The real recordings carry core:sha512 of their data. They lie where the corpus suite finds them.
 */
Test(sigmf, the_hash_of_a_real_recording_is_its_core_sha512) {
    char path[1024];
    const char *named = getenv("LINESIDE_CORPUS");
    snprintf(path, sizeof path, "%s/ism-timeline/sl109h_session_1461424216_433.92M_250k.sigmf-meta",
             named == NULL ? CORPUS_FOLDER : named);
    if (access(path, R_OK) != 0) {
        cr_skip_test("no corpus here: set LINESIDE_CORPUS to the folder of recordings");
    }
    struct ls_source *source = open_path(path);
    const struct ls_source_info *info = ls_source_info(source);
    struct taken taken;
    char hash[129];
    taken_read(&taken, source);
    cr_expect_eq(ls_source_hash(source, NULL, hash, NULL), LS_OK);
    cr_expect_str_eq(hash, info->sha512);
    cr_expect_eq(info->capture_count, 9);
    cr_expect_eq(taken.samples, 1769472);
    cr_expect_not(info->truncated);
    taken_finish(&taken);
    ls_source_destroy(source);
}
