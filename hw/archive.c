/* libarchive walks the headers and skips the contents by seeking. Right after a header is read, the
 * bytes that its filter has handed out are the position of the content. That holds for plain tar
 * without sparse members only, so the first bytes that libarchive would deliver are compared with
 * those at the position before it is believed. */
#include "hw/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "hw/file.h"
#include "hw/note.h"

enum { CHUNK_BYTES = 65536, PROBE_BYTES = 4096 };

struct walk {
    struct archive *reader;
    struct ls_archive found;
    size_t capacity;
    int fd;
    uint64_t file_bytes;
    const char *path;
};

/* What a file starts with when it is no plain tar, and how to get one. */
static const struct {
    const char *magic;
    size_t bytes;
    const char *what;
} packers[] = {
    {"\x1F\x8B", 2, "compressed with gzip"},
    {"BZh", 3, "compressed with bzip2"},
    {"\xFD\x37zXZ", 5, "compressed with xz"},
    {"\x28\xB5\x2F\xFD", 4, "compressed with zstd"},
    {"\x04\x22\x4D\x18", 4, "compressed with lz4"},
    {"\x1F\x9D", 2, "compressed"},
    {"PK\x03\x04", 4, "a zip file"},
    {"7z\xBC\xAF", 4, "a 7z file"},
};

static int check_plain(const struct walk *walk, struct ls_err *err) {
    char head[8] = {0};
    if (ls_file_pread(walk->fd, head, sizeof head, 0) < 0) {
        return ls_err_set(err, LS_ERR_IO, "cannot read archive '%s'", ls_file_shown(walk->path));
    }
    for (size_t i = 0; i < LS_COUNT(packers); i++) {
        if (memcmp(head, packers[i].magic, packers[i].bytes) == 0) {
            return ls_err_set(err, LS_ERR_FORMAT,
                              "archive '%s' is %s, not a plain tar; unpack it and name the "
                              ".sigmf-meta file",
                              ls_file_shown(walk->path), packers[i].what);
        }
    }
    return LS_OK;
}

/* LS_ERR_FORMAT with what libarchive says. */
static int damaged(const struct walk *walk, struct ls_err *err) {
    char why[200];
    const char *text = archive_error_string(walk->reader);
    ls_note_clean(why, sizeof why, text == NULL ? "unknown reason" : text);
    return ls_err_set(err, LS_ERR_FORMAT, "'%s' is not a whole tar archive (%s); get it again",
                      ls_file_shown(walk->path), why);
}

/* Whether the content of the entry that libarchive stands at really is at first_byte. */
static bool is_at(const struct walk *walk, uint64_t first_byte) {
    const void *expected;
    size_t n;
    la_int64_t within;
    char there[PROBE_BYTES];
    if (archive_read_data_block(walk->reader, &expected, &n, &within) != ARCHIVE_OK) {
        return false;
    }
    n = n < sizeof there ? n : sizeof there;
    return within == 0 && ls_file_pread(walk->fd, there, n, first_byte) == (ssize_t)n &&
           memcmp(there, expected, n) == 0;
}

static int add_member(struct walk *walk, struct archive_entry *entry, struct ls_err *err) {
    const char *name = archive_entry_pathname(entry);
    uint64_t bytes = (uint64_t)archive_entry_size(entry);
    uint64_t first_byte = (uint64_t)archive_filter_bytes(walk->reader, 0);
    struct ls_archive_member member = {.first_byte = first_byte, .bytes = bytes};
    ls_note_clean(member.name, sizeof member.name, name == NULL ? "" : ls_file_base(name));
    if (first_byte > walk->file_bytes || bytes > walk->file_bytes - first_byte) {
        member.cut = true;
        member.bytes = first_byte > walk->file_bytes ? 0 : walk->file_bytes - first_byte;
    }
    if (member.bytes > 0 && !is_at(walk, first_byte)) {
        return ls_err_set(
            err, LS_ERR_FORMAT,
            "member '%.100s' of archive '%s' is stored in a way that cannot be read in "
            "place; unpack the archive and name the .sigmf-meta file",
            member.name, ls_file_shown(walk->path));
    }
    if (walk->found.member_count == LS_ARCHIVE_MAX_MEMBERS) {
        return ls_err_set(err, LS_ERR_FORMAT,
                          "archive '%s' holds more than %d files; unpack it and name one recording",
                          ls_file_shown(walk->path), LS_ARCHIVE_MAX_MEMBERS);
    }
    void *members = walk->found.members;
    if (ls_grow(&members, &walk->capacity, walk->found.member_count, sizeof member) != LS_OK) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory reading archive '%s'",
                          ls_file_shown(walk->path));
    }
    walk->found.members = members;
    walk->found.members[walk->found.member_count++] = member;
    return LS_OK;
}

static int walk_entries(struct walk *walk, struct ls_err *err) {
    for (;;) {
        struct archive_entry *entry;
        int got = archive_read_next_header(walk->reader, &entry);
        if (got == ARCHIVE_EOF) {
            return LS_OK;
        }
        if (got < ARCHIVE_WARN) {
            /* An archive cut short still holds what came before the cut. */
            bool cut = walk->found.member_count > 0 &&
                       walk->found.members[walk->found.member_count - 1].cut;
            return cut ? LS_OK : damaged(walk, err);
        }
        if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) != NULL) {
            continue;
        }
        int code = add_member(walk, entry, err);
        if (code != LS_OK) {
            return code;
        }
    }
}

int ls_archive_init(struct ls_archive *ret, int fd, uint64_t file_bytes, const char *path,
                    struct ls_err *err) {
    struct walk walk = {.fd = fd, .file_bytes = file_bytes, .path = path};
    int code = check_plain(&walk, err);
    if (code != LS_OK) {
        return code;
    }
    walk.reader = archive_read_new();
    if (walk.reader == NULL || archive_read_support_format_tar(walk.reader) != ARCHIVE_OK) {
        archive_read_free(walk.reader);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory reading archive '%s'",
                          ls_file_shown(path));
    }
    code = archive_read_open_fd(walk.reader, fd, CHUNK_BYTES) == ARCHIVE_OK
               ? walk_entries(&walk, err)
               : damaged(&walk, err);
    archive_read_free(walk.reader);
    if (code != LS_OK) {
        ls_archive_finish(&walk.found);
        return code;
    }
    *ret = walk.found;
    return LS_OK;
}

void ls_archive_finish(struct ls_archive *archive) {
    free(archive->members);
    *archive = (struct ls_archive){0};
}

const struct ls_archive_member *ls_archive_find(const struct ls_archive *archive,
                                                const char *name) {
    for (size_t i = 0; i < archive->member_count; i++) {
        if (strcmp(archive->members[i].name, name) == 0) {
            return &archive->members[i];
        }
    }
    return NULL;
}
