#include <archive.h>
#include <archive_entry.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "tests/hw/scratch.h"

static struct scratch scratch;

static void set_up(void) { scratch_init(&scratch); }
static void tear_down(void) { scratch_finish(&scratch); }

TestSuite(archive, .init = set_up, .fini = tear_down);

static const char meta[] =
    "{\"global\":{\"core:datatype\":\"ci16_le\",\"core:sample_rate\":250000},"
    "\"captures\":[{\"core:sample_start\":0,\"core:frequency\":433.92e6},"
    "{\"core:sample_start\":100,\"core:frequency\":434e6}]}";

enum { DATA_BYTES = 4 * 1000 };

struct member {
    const char *name;
    const void *bytes;
    size_t n;
};

/* Writes an archive of those members with format and filter of libarchive. */
static const char *write_archive(const char *name, int (*set_format)(struct archive *),
                                 int (*add_filter)(struct archive *), const struct member *members,
                                 size_t count) {
    const char *path = scratch_path(&scratch, name);
    struct archive *writer = archive_write_new();
    cr_assert_eq(set_format(writer), ARCHIVE_OK);
    cr_assert_eq(add_filter(writer), ARCHIVE_OK);
    cr_assert_eq(archive_write_open_filename(writer, path), ARCHIVE_OK);
    for (size_t i = 0; i < count; i++) {
        struct archive_entry *entry = archive_entry_new();
        archive_entry_set_pathname(entry, members[i].name);
        archive_entry_set_filetype(entry, members[i].bytes == NULL ? AE_IFDIR : AE_IFREG);
        archive_entry_set_perm(entry, 0644);
        archive_entry_set_size(entry, (la_int64_t)members[i].n);
        archive_entry_set_mtime(entry, 1, 123456789); /* a fraction: pax writes a header for it */
        cr_assert_eq(archive_write_header(writer, entry), ARCHIVE_OK);
        cr_assert_eq(archive_write_data(writer, members[i].bytes, members[i].n),
                     (la_ssize_t)members[i].n);
        archive_entry_free(entry);
    }
    cr_assert_eq(archive_write_free(writer), ARCHIVE_OK);
    return path;
}

static const char *write_plain(const char *name, const struct member *members, size_t count) {
    return write_archive(name, archive_write_set_format_ustar, archive_write_add_filter_none,
                         members, count);
}

static void expect_refused(const char *path, const char *words) {
    struct ls_source_opts opts = {.path = path};
    struct ls_source *source = NULL;
    struct ls_err err = {0};
    cr_expect_eq(ls_source_open(&source, &opts, &err), LS_ERR_FORMAT, "'%s': %s", path, err.text);
    cr_expect_not_null(strstr(err.text, words), "'%s' lacks '%s'", err.text, words);
}

Test(archive, samples_are_read_in_place_from_every_kind_of_tar) {
    static int (*const formats[])(struct archive *) = {
        archive_write_set_format_ustar, archive_write_set_format_pax,
        archive_write_set_format_gnutar, archive_write_set_format_v7tar};
    unsigned char data[DATA_BYTES];
    char long_name[180]; /* beyond the 100 bytes of a plain header: extension headers */
    char long_meta[180];
    memset(long_name, 'n', 150);
    snprintf(long_meta, sizeof long_meta, "%.150s.sigmf-meta", long_name);
    snprintf(long_name + 150, sizeof long_name - 150, ".sigmf-data");
    scratch_pattern(data, sizeof data);
    for (size_t i = 0; i < LS_COUNT(formats); i++) {
        bool may_be_long = i == 1 || i == 2;
        const struct member members[] = {
            {"rec/", NULL, 0},
            {"rec/README", "hello", 5},
            {may_be_long ? long_meta : "rec/rec.sigmf-meta", meta, sizeof meta - 1},
            {may_be_long ? long_name : "rec/rec.sigmf-data", data, sizeof data},
            {"rec/tail", "more", 4}};
        const char *path = write_archive("rec.sigmf", formats[i], archive_write_add_filter_none,
                                         members, LS_COUNT(members));
        struct ls_source_opts opts = {.path = path, .block_samples = 37};
        struct ls_source *source;
        struct ls_err err = {0};
        cr_assert_eq(ls_source_open(&source, &opts, &err), LS_OK, "format %zu: %s", i, err.text);
        struct taken taken;
        taken_read(&taken, source);
        cr_expect_eq(taken.byte_count, sizeof data, "format %zu", i);
        cr_expect_eq(memcmp(taken.bytes, data, sizeof data), 0, "format %zu", i);
        cr_expect_eq(ls_source_info(source)->capture_count, 2);
        cr_expect_not(ls_source_info(source)->truncated);
        taken_finish(&taken);
        ls_source_destroy(source);
    }
}

Test(archive, data_before_metadata_is_fine) {
    unsigned char data[DATA_BYTES];
    scratch_pattern(data, sizeof data);
    const struct member members[] = {{"a.sigmf-data", data, sizeof data},
                                     {"a.sigmf-meta", meta, sizeof meta - 1}};
    struct ls_source_opts opts = {.path = write_plain("a.sigmf", members, 2)};
    struct ls_source *source;
    struct ls_block block;
    cr_assert_eq(ls_source_open(&source, &opts, NULL), LS_OK);
    cr_assert_eq(ls_source_read(source, &block, NULL), LS_OK);
    cr_expect_eq(memcmp(block.samples, data, 400), 0);
    ls_source_destroy(source);
}

Test(archive, an_archive_cut_within_the_samples_is_used_as_far_as_it_goes) {
    unsigned char data[DATA_BYTES];
    scratch_pattern(data, sizeof data);
    const struct member members[] = {{"a.sigmf-meta", meta, sizeof meta - 1},
                                     {"a.sigmf-data", data, sizeof data}};
    const char *path = write_plain("a.sigmf", members, 2);
    /* header, metadata padded to 512, header, then half of the samples */
    cr_assert_eq(truncate(path, 512 + 512 + 512 + DATA_BYTES / 2), 0);
    struct ls_source_opts opts = {.path = path};
    struct ls_source *source;
    struct ls_err err = {0};
    struct taken taken;
    cr_assert_eq(ls_source_open(&source, &opts, &err), LS_OK, "%s", err.text);
    cr_expect(ls_source_info(source)->truncated);
    cr_expect_not_null(strstr(ls_source_info(source)->note, "cut short"));
    taken_read(&taken, source);
    cr_expect_eq(taken.byte_count, DATA_BYTES / 2);
    cr_expect_eq(memcmp(taken.bytes, data, DATA_BYTES / 2), 0);
    taken_finish(&taken);
    ls_source_destroy(source);
}

Test(archive, wrong_members_are_named) {
    const struct member no_meta[] = {{"a.sigmf-data", "abcd", 4}};
    const struct member no_data[] = {{"a.sigmf-meta", meta, sizeof meta - 1},
                                     {"b.sigmf-data", "abcd", 4}};
    const struct member two[] = {{"a.sigmf-meta", meta, sizeof meta - 1},
                                 {"b.sigmf-meta", meta, sizeof meta - 1}};
    const struct member empty_data[] = {{"a.sigmf-meta", meta, sizeof meta - 1},
                                        {"a.sigmf-data", "", 0}};
    const struct member bad_meta[] = {{"a.sigmf-meta", "{", 1}, {"a.sigmf-data", "abcd", 4}};
    expect_refused(write_plain("a.sigmf", no_meta, 1), "holds no NAME.sigmf-meta");
    expect_refused(write_plain("a.sigmf", no_data, 2), "holds no 'a.sigmf-data'");
    expect_refused(write_plain("a.sigmf", two, 2), "several recordings ('a.sigmf-meta', 'b.sig");
    expect_refused(write_plain("a.sigmf", empty_data, 2), "'a.sigmf-data' in archive");
    expect_refused(write_plain("a.sigmf", bad_meta, 2), "not valid JSON");
}

Test(archive, what_is_no_plain_tar_is_refused) {
    const struct member members[] = {{"a.sigmf-meta", meta, sizeof meta - 1},
                                     {"a.sigmf-data", "abcd", 4}};
    static const struct {
        int (*filter)(struct archive *);
        const char *words;
    } rows[] = {{archive_write_add_filter_gzip, "compressed with gzip"},
                {archive_write_add_filter_bzip2, "compressed with bzip2"},
                {archive_write_add_filter_xz, "compressed with xz"},
                {archive_write_add_filter_zstd, "compressed with zstd"},
                {archive_write_add_filter_lz4, "compressed with lz4"},
                {archive_write_add_filter_compress, "is compressed,"}};
    for (size_t i = 0; i < LS_COUNT(rows); i++) {
        expect_refused(
            write_archive("a.sigmf", archive_write_set_format_ustar, rows[i].filter, members, 2),
            rows[i].words);
    }
    expect_refused(write_archive("a.sigmf", archive_write_set_format_zip,
                                 archive_write_add_filter_none, members, 2),
                   "a zip file");
    expect_refused(scratch_text(&scratch, "b.sigmf", "just some words"), "not a whole tar archive");
    expect_refused(scratch_text(&scratch, "c.sigmf", meta), "not a whole tar archive");
}
