/* Raw recordings: nothing but samples in a file. What they are comes from options, else from the
 * file's name, and is said when it was guessed. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"
#include "hw/file.h"
#include "hw/limits.h"
#include "hw/note.h"
#include "hw/raw_name.h"
#include "hw/recording.h"

/* A raw recording once options and name have had their say. */
struct described {
    struct ls_tuning tuning;
    int64_t t_ns;
    bool no_clock;
    struct ls_note note;
};

static void say_guesses(struct ls_note *note, const struct ls_source_opts *opts,
                        const struct ls_raw_name *name) {
    char time[LS_TIME_TEXT_BYTES];
    if (opts->format == LS_FORMAT_NONE) {
        ls_note_add(note, "format %s guessed from the name", ls_format_name(name->format));
    }
    if (opts->rate_sps == 0.0) {
        ls_note_add(note, "rate %.12g S/s guessed from the name", name->rate_sps);
    }
    if (!opts->center_given && name->has_center) {
        ls_note_add(note, "frequency %.12g Hz guessed from the name", name->center_hz);
    }
    if (!opts->center_given && !name->has_center) {
        ls_note_add(note, "frequency not known, taken as 0 Hz; --freq states it");
    }
    if (!opts->start_given && name->has_time) {
        ls_time_format(name->t_ns, time);
        ls_note_add(note, "start %s guessed from the name", time);
    }
}

/* Options first, then the name; LS_ERR_ARG says which options are missing. */
static int describe(struct described *ret, const struct ls_source_opts *opts, struct ls_err *err) {
    struct ls_raw_name name;
    ls_raw_name_guess(&name, ls_file_base(opts->path));
    bool no_format = opts->format == LS_FORMAT_NONE && name.format == LS_FORMAT_NONE;
    bool no_rate = opts->rate_sps == 0.0 && name.rate_sps == 0.0;
    if (no_format || no_rate) {
        return ls_err_set(err, LS_ERR_ARG, "cannot tell the %s of '%s' from its name; give%s%s",
                          no_format && no_rate ? "sample format and rate"
                          : no_format          ? "sample format"
                                               : "sample rate",
                          ls_file_shown(opts->path),
                          no_format ? " --format cu8, ci8, ci16_le or cf32_le" : "",
                          no_format && no_rate ? " and --rate such as 2.4M"
                          : no_rate            ? " --rate such as 2.4M"
                                               : "");
    }
    ret->tuning.format = opts->format != LS_FORMAT_NONE ? opts->format : name.format;
    ret->tuning.rate_sps = opts->rate_sps != 0.0 ? opts->rate_sps : name.rate_sps;
    ret->tuning.center_hz = opts->center_given ? opts->center_hz : name.center_hz;
    ret->no_clock = !opts->start_given && !name.has_time;
    ret->t_ns = opts->start_given ? opts->start_ns : name.t_ns;
    say_guesses(&ret->note, opts, &name);
    return LS_OK;
}

/* Wave files carry a header and chunks that are no samples. */
static int check_no_wave(int fd, const char *path, struct ls_err *err) {
    char head[12] = {0};
    if (ls_file_pread(fd, head, sizeof head, 0) < 0) {
        return ls_err_set(err, LS_ERR_IO, "cannot read recording '%s': %s", ls_file_shown(path),
                          strerror(errno));
    }
    bool riff = memcmp(head, "RIFF", 4) == 0 || memcmp(head, "RF64", 4) == 0;
    if (riff && memcmp(head + 8, "WAVE", 4) == 0) {
        return ls_err_set(
            err, LS_ERR_FORMAT,
            "'%s' is a WAV file; extract its samples with 'sox IN.wav -t raw OUT.cs16' "
            "and give --format and --rate",
            ls_file_shown(path));
    }
    return LS_OK;
}

static int create(struct ls_source **ret, int fd, uint64_t bytes, struct described *raw,
                  const struct ls_source_opts *opts, struct ls_err *err) {
    size_t sample_bytes = ls_format_bytes(raw->tuning.format);
    const struct ls_capture capture = {
        .samples = bytes / sample_bytes, .t_ns = raw->t_ns, .tuning = raw->tuning};
    int64_t end_ns;
    if (capture.samples == 0) {
        return ls_err_set(err, LS_ERR_FORMAT,
                          "recording '%s' of %llu bytes holds no whole %s sample; check --format",
                          ls_file_shown(opts->path), (unsigned long long)bytes,
                          ls_format_name(raw->tuning.format));
    }
    if (!ls_limits_time_after(raw->t_ns, capture.samples, raw->tuning.rate_sps, &end_ns)) {
        return ls_err_set(err, LS_ERR_ARG,
                          "recording '%s' at %g S/s reaches beyond the years 1678 to 2261; check "
                          "--rate and --start",
                          ls_file_shown(opts->path), raw->tuning.rate_sps);
    }
    if (bytes % sample_bytes != 0) {
        size_t rest_bytes = (size_t)(bytes % sample_bytes);
        ls_note_add(&raw->note, "data end within a sample, %zu byte%s left out", rest_bytes,
                    rest_bytes == 1 ? "" : "s");
    }
    const uint64_t offset_bytes = 0;
    const struct ls_recording_opts recording = {
        .kind = &ls_raw_kind,
        .fd = fd,
        .data_path = opts->path,
        .captures = &capture,
        .offset_bytes = &offset_bytes,
        .capture_count = 1,
        .no_clock = raw->no_clock,
        .truncated = bytes % sample_bytes != 0,
        .recorder = "",
        .sha512 = "",
        .note = raw->note.text,
        .block_samples = opts->block_samples,
        .positions_only = opts->positions_only,
    };
    return ls_recording_create(ret, &recording, err);
}

static int open_raw(struct ls_source **ret, const struct ls_source_opts *opts, struct ls_err *err) {
    int fd;
    uint64_t bytes;
    struct described raw = {0};
    int code = ls_file_open(opts->path, "recording", &fd, &bytes, err);
    if (code != LS_OK) {
        return code;
    }
    code = check_no_wave(fd, opts->path, err);
    code = code != LS_OK ? code : describe(&raw, opts, err);
    code = code != LS_OK ? code : create(ret, fd, bytes, &raw, opts, err);
    if (code != LS_OK) {
        close(fd);
    }
    return code;
}

static bool claims(const struct ls_source_opts *opts) {
    (void)opts;
    return true;
}

const struct ls_source_kind ls_raw_kind = {
    .id = "raw",
    .claims = claims,
    .open = open_raw,
    .info = ls_recording_info,
    .read = ls_recording_read,
    .read_at = ls_recording_read_at,
    .hash = ls_recording_hash,
    .destroy = ls_recording_destroy,
};
