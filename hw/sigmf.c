/* SigMF recordings as a source: NAME.sigmf-meta beside NAME.sigmf-data (or the file that
 * core:dataset names), and NAME.sigmf archives.
 *
 * Opening goes: find the files (or the members of an archive), parse the metadata
 * (hw/sigmf_meta.c), lay captures out over the data (hw/sigmf_layout.c), hand the result to the
 * reader (hw/recording.c). */
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hw/archive.h"
#include "hw/file.h"
#include "hw/recording.h"
#include "hw/sigmf_layout.h"

static const char meta_suffix[] = ".sigmf-meta";
static const char data_suffix[] = ".sigmf-data";
static const char archive_suffix[] = ".sigmf";
static const char collection_suffix[] = ".sigmf-collection";

/* A recording on its way to becoming a source. */
struct input {
    char meta_path[PATH_MAX]; /* of the archive when it is one */
    char data_path[PATH_MAX];
    char *text; /* of the metadata */
    size_t text_bytes;
    struct ls_sigmf_meta meta;
    int fd; /* of the samples */
    struct ls_sigmf_data data;
    bool cut; /* the archive ends within the samples */
    struct ls_note note;
};

static bool has_suffix(const char *path, const char *suffix) {
    size_t n = strlen(path);
    size_t m = strlen(suffix);
    return n > m && strcmp(path + n - m, suffix) == 0;
}

/* path with its last cut characters replaced by suffix. False when it would not fit. */
static bool join(char ret[PATH_MAX], const char *path, size_t cut, const char *suffix) {
    int n = snprintf(ret, PATH_MAX, "%.*s%s", (int)(strlen(path) - cut), path, suffix);
    return n >= 0 && n < PATH_MAX;
}

static bool exists(const char *path) {
    struct stat st;
    return stat(path, &st) == 0;
}

/* The metadata file that belongs to what the user named: the metadata file itself, the data file,
 * or the name of both without suffix. False when there is none and path does not call for one. */
static bool find_meta(const char *path, char ret_meta[PATH_MAX]) {
    if (has_suffix(path, meta_suffix)) {
        return join(ret_meta, path, 0, "");
    }
    if (has_suffix(path, data_suffix)) {
        return join(ret_meta, path, sizeof data_suffix - 1, meta_suffix);
    }
    if (join(ret_meta, path, 0, meta_suffix) && exists(ret_meta)) {
        return true;
    }
    /* NAME.bin beside NAME.sigmf-meta, when these have no NAME.sigmf-data to speak of. */
    const char *dot = strrchr(ls_file_base(path), '.');
    char data[PATH_MAX];
    return dot != NULL && join(data, path, strlen(dot), data_suffix) && !exists(data) &&
           join(ret_meta, path, strlen(dot), meta_suffix) && exists(ret_meta);
}

static int read_text(struct input *in, int fd, uint64_t first_byte, uint64_t bytes,
                     struct ls_err *err) {
    if (bytes > LS_SIGMF_META_MAX_BYTES) {
        return ls_err_set(
            err, LS_ERR_FORMAT,
            "metadata '%s' are %llu MB; %d MB is the most, remove annotations or split "
            "the recording",
            ls_file_shown(in->meta_path), (unsigned long long)(bytes / 1000000),
            LS_SIGMF_META_MAX_BYTES / 1000000);
    }
    in->text = malloc(bytes + 1); /* + 1: a member may be empty */
    if (in->text == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory reading metadata '%s'",
                          ls_file_shown(in->meta_path));
    }
    ssize_t got = ls_file_pread(fd, in->text, bytes, first_byte);
    if (got < 0 || (uint64_t)got != bytes) {
        return ls_err_set(err, LS_ERR_IO, "cannot read metadata '%s' to its end",
                          ls_file_shown(in->meta_path));
    }
    in->text_bytes = bytes;
    return LS_OK;
}

static int parse(struct input *in, struct ls_err *err) {
    int code = ls_sigmf_meta_parse(&in->meta, in->text, in->text_bytes, &in->note, err);
    if (code == LS_OK && in->meta.metadata_only) {
        code = ls_err_set(err, LS_ERR_FORMAT,
                          "core:metadata_only is true: there are no samples to read; get the full "
                          "recording, or 'lineside import' its annotations");
    }
    if (code != LS_OK && err != NULL) {
        ls_err_wrap(err, "metadata '%s'", ls_file_shown(in->meta_path));
    }
    free(in->text);
    in->text = NULL;
    return code;
}

static int load_meta(struct input *in, const char *path, struct ls_err *err) {
    int fd;
    uint64_t bytes;
    int code = ls_file_open(in->meta_path, "metadata", &fd, &bytes, err);
    if (code == LS_ERR_NOTFOUND && has_suffix(path, data_suffix)) {
        return ls_err_set(err, LS_ERR_NOTFOUND,
                          "no metadata '%s'; restore them or give --format, --rate and --freq",
                          ls_file_shown(in->meta_path));
    }
    if (code != LS_OK) {
        return code;
    }
    code = read_text(in, fd, 0, bytes, err);
    close(fd);
    return code == LS_OK ? parse(in, err) : code;
}

static int path_too_long(const char *path, struct ls_err *err) {
    return ls_err_set(err, LS_ERR_ARG,
                      "path of the samples of '...%s' is too long; use a shorter one",
                      ls_file_shown(path));
}

/* Beside the metadata: what core:dataset names, else NAME.sigmf-data, else the file that the user
 * named. */
static int find_data(struct input *in, const char *path, struct ls_err *err) {
    const char *dataset = in->meta.dataset;
    bool named = !has_suffix(path, meta_suffix) && exists(path);
    bool fits;
    if (dataset[0] != '\0') {
        if (named && strcmp(ls_file_base(path), dataset) != 0) {
            return ls_err_set(err, LS_ERR_FORMAT,
                              "metadata '%s' are of '%.100s', not of '%s'; name the former or move "
                              "the metadata away",
                              ls_file_shown(in->meta_path), dataset, ls_file_shown(path));
        }
        fits = join(in->data_path, in->meta_path, strlen(ls_file_base(in->meta_path)), dataset);
    } else {
        fits = join(in->data_path, in->meta_path, sizeof meta_suffix - 1, data_suffix);
        if (fits && named && !exists(in->data_path)) {
            fits = join(in->data_path, path, 0, "");
        }
    }
    return fits ? LS_OK : path_too_long(path, err);
}

static int open_pair(struct input *in, const struct ls_source_opts *opts, struct ls_err *err) {
    if (!find_meta(opts->path, in->meta_path)) {
        return ls_err_set(err, LS_ERR_NOTFOUND, "no metadata for '%s'; check the path",
                          ls_file_shown(opts->path));
    }
    int code = load_meta(in, opts->path, err);
    code = code != LS_OK ? code : find_data(in, opts->path, err);
    if (code != LS_OK) {
        return code;
    }
    return ls_file_open(in->data_path, "sample data", &in->fd, &in->data.bytes, err);
}

/* The one .sigmf-meta member; NULL with err when there is none or more than one. */
static const struct ls_archive_member *
find_meta_member(const struct input *in, const struct ls_archive *archive, struct ls_err *err) {
    const struct ls_archive_member *found = NULL;
    for (size_t i = 0; i < archive->member_count; i++) {
        if (!has_suffix(archive->members[i].name, meta_suffix)) {
            continue;
        }
        if (found != NULL) {
            ls_err_set(err, LS_ERR_FORMAT,
                       "archive '%s' holds several recordings ('%.80s', '%.80s'); unpack it and "
                       "name one",
                       ls_file_shown(in->meta_path), found->name, archive->members[i].name);
            return NULL;
        }
        found = &archive->members[i];
    }
    if (found == NULL) {
        ls_err_set(err, LS_ERR_FORMAT,
                   "archive '%s' holds no NAME.sigmf-meta; it is no SigMF archive",
                   ls_file_shown(in->meta_path));
    }
    return found;
}

static int use_data_member(struct input *in, const struct ls_archive *archive,
                           const char *meta_name, struct ls_err *err) {
    char name[PATH_MAX];
    bool fits = in->meta.dataset[0] != '\0'
                    ? join(name, in->meta.dataset, 0, "")
                    : join(name, meta_name, sizeof meta_suffix - 1, data_suffix);
    const struct ls_archive_member *data = fits ? ls_archive_find(archive, name) : NULL;
    if (data == NULL) {
        return ls_err_set(err, LS_ERR_FORMAT,
                          "archive '%s' holds no '%.100s' beside its metadata; get it again",
                          ls_file_shown(in->meta_path), name);
    }
    if (data->bytes == 0) {
        return ls_err_set(err, LS_ERR_FORMAT, "'%.100s' in archive '%s' is empty; get it again",
                          name, ls_file_shown(in->meta_path));
    }
    in->data.first_byte = data->first_byte;
    in->data.bytes = data->bytes;
    in->cut = data->cut;
    return LS_OK;
}

static int read_members(struct input *in, const struct ls_archive *archive, struct ls_err *err) {
    const struct ls_archive_member *meta = find_meta_member(in, archive, err);
    if (meta == NULL) {
        return LS_ERR_FORMAT;
    }
    int code = read_text(in, in->fd, meta->first_byte, meta->bytes, err);
    code = code != LS_OK ? code : parse(in, err);
    return code != LS_OK ? code : use_data_member(in, archive, meta->name, err);
}

static int open_archive(struct input *in, const struct ls_source_opts *opts, struct ls_err *err) {
    /* Short enough: hw/source.c checked. */
    join(in->meta_path, opts->path, 0, "");
    join(in->data_path, opts->path, 0, "");
    uint64_t bytes;
    struct ls_archive archive;
    int code = ls_file_open(opts->path, "archive", &in->fd, &bytes, err);
    code = code != LS_OK ? code : ls_archive_init(&archive, in->fd, bytes, opts->path, err);
    if (code == LS_OK) {
        code = read_members(in, &archive, err);
        ls_archive_finish(&archive);
    }
    return code;
}

static int create(struct ls_source **ret, struct input *in, const struct ls_source_opts *opts,
                  struct ls_err *err) {
    in->data.start_ns = opts->start_ns;
    in->data.start_given = opts->start_given;
    if (opts->format != LS_FORMAT_NONE || opts->rate_sps != 0.0 || opts->center_given) {
        ls_note_add(&in->note, "format, rate and frequency are those of the metadata, options for "
                               "them were left out");
    }
    if (in->cut) {
        ls_note_add(&in->note, "the archive is cut short");
    }
    struct ls_sigmf_layout layout;
    int code = ls_sigmf_layout_init(&layout, &in->meta, &in->data, &in->note, err);
    if (code != LS_OK) {
        if (err != NULL) {
            ls_err_wrap(err, "recording '%s'", ls_file_shown(in->data_path));
        }
        return code;
    }
    const struct ls_recording_opts recording = {
        .kind = &ls_sigmf_kind,
        .fd = in->fd,
        .data_path = in->data_path,
        .captures = layout.captures,
        .offset_bytes = layout.offset_bytes,
        .capture_count = layout.capture_count,
        .no_clock = layout.no_clock,
        .truncated = layout.truncated || in->cut,
        .recorder = in->meta.recorder,
        .sha512 = in->meta.sha512,
        .note = in->note.text,
        .block_samples = opts->block_samples,
        .positions_only = opts->positions_only,
    };
    code = ls_recording_create(ret, &recording, err);
    if (code == LS_OK) {
        in->fd = -1; /* the recording's now */
    }
    ls_sigmf_layout_finish(&layout);
    return code;
}

static int open_sigmf(struct ls_source **ret, const struct ls_source_opts *opts,
                      struct ls_err *err) {
    if (has_suffix(opts->path, collection_suffix)) {
        return ls_err_set(err, LS_ERR_FORMAT,
                          "'%s' is a list of recordings; name the recordings themselves",
                          ls_file_shown(opts->path));
    }
    struct input *in = calloc(1, sizeof *in); /* paths make it large */
    if (in == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory opening '%s'",
                          ls_file_shown(opts->path));
    }
    in->fd = -1;
    int code = has_suffix(opts->path, archive_suffix) ? open_archive(in, opts, err)
                                                      : open_pair(in, opts, err);
    code = code != LS_OK ? code : create(ret, in, opts, err);
    if (in->fd >= 0) {
        close(in->fd);
    }
    ls_sigmf_meta_finish(&in->meta);
    free(in->text);
    free(in);
    return code;
}

/* A data file whose metadata are lost can still be read as raw when the user says what it is. */
static bool lost_but_described(const struct ls_source_opts *opts) {
    char meta[PATH_MAX];
    return has_suffix(opts->path, data_suffix) && opts->format != LS_FORMAT_NONE &&
           opts->rate_sps != 0.0 && find_meta(opts->path, meta) && !exists(meta);
}

static bool claims(const struct ls_source_opts *opts) {
    char meta[PATH_MAX];
    if (has_suffix(opts->path, archive_suffix) || has_suffix(opts->path, collection_suffix)) {
        return true;
    }
    return find_meta(opts->path, meta) && !lost_but_described(opts);
}

const struct ls_source_kind ls_sigmf_kind = {
    .id = "sigmf",
    .claims = claims,
    .open = open_sigmf,
    .info = ls_recording_info,
    .read = ls_recording_read,
    .read_at = ls_recording_read_at,
    .hash = ls_recording_hash,
    .destroy = ls_recording_destroy,
};
