/* hw/source.h: where samples come from. A source hands out blocks (model/block.h) in order and in
 * constant memory. A new kind of source is one new file and one row in the table in hw/source.c. */
#ifndef HW_SOURCE_H
#define HW_SOURCE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/block.h"

struct ls_source;

struct ls_source_opts {
    const char *path; /* recording: NAME.sigmf-meta, NAME.sigmf-data, NAME.sigmf, NAME, or a raw
                         file; required */
    enum ls_format format; /* raw only; LS_FORMAT_NONE: guess from the name */
    double rate_sps;       /* raw only; 0: guess from the name */
    double center_hz;      /* raw only; used when center_given */
    bool center_given;     /* else guessed from the name, else 0 Hz and said in the note */
    int64_t start_ns;      /* time of the first sample; used when start_given */
    bool start_given;
    size_t block_samples; /* samples of a block at most; 0 means 65536 */
    bool positions_only;  /* blocks come without samples, which stay in the file until somebody
                             takes them by ls_source_read_at */
};

/* One contiguous stretch of a recording at one tuning. */
struct ls_capture {
    uint64_t first_sample; /* index in the recording */
    uint64_t samples;      /* 0 when not known (live) */
    int64_t t_ns;          /* time of first_sample */
    struct ls_tuning tuning;
};

struct ls_source_info {
    const char *kind;                  /* "sigmf", "raw" */
    const char *data_path;             /* file that holds the samples */
    const struct ls_capture *captures; /* in order of first_sample */
    size_t capture_count;
    uint64_t samples;     /* in all */
    bool no_clock;        /* no start time is known: times count from 1970-01-01T00:00:00Z */
    bool truncated;       /* shorter than its metadata says, or ends within a sample */
    const char *recorder; /* core:recorder or core:hw, "" when not stated */
    const char *sha512;   /* core:sha512 when stated, else "" */
    const char *note;     /* what was guessed or is odd, in words; "" when nothing */
};

/* Opens a recording: SigMF when there is metadata, else raw. All checks of metadata happen here,
 * with one clear line. LS_ERR_NOTFOUND, LS_ERR_IO, LS_ERR_FORMAT, LS_ERR_ARG, LS_ERR_NOMEM. The
 * caller destroys *ret. */
int ls_source_open(struct ls_source **ret, const struct ls_source_opts *opts, struct ls_err *err);
void ls_source_destroy(struct ls_source *source);

/* Borrowed until destroy. */
const struct ls_source_info *ls_source_info(const struct ls_source *source);

/* The next block: never crosses a capture boundary. LS_EOF at the end. With positions_only its
 * samples are NULL. *ret and its samples stay
 * valid until the next call. Any one thread. NaN and infinity in cf32 are passed on as they are
 * (dsp/convert counts and zeroes them). */
int ls_source_read(struct ls_source *source, struct ls_block *ret, struct ls_err *err);

/* count samples, the first at index pos of the recording and all of one capture, into ret, which
 * has room for them. Neither uses nor moves the reading position or the hash: any thread, also
 * while another one reads. LS_ERR_ARG: not within one capture. LS_ERR_IO. */
int ls_source_read_at(const struct ls_source *source, uint64_t pos, size_t count, void *ret,
                      struct ls_err *err);

/* SHA-512 of the sample bytes of the whole recording, lower-case hex, in a pass of its own that
 * neither uses nor moves the reading position: any thread, also while another one reads. Ends early
 * with LS_ERR_STOPPED when stop is not NULL and *stop != 0. LS_ERR_IO, LS_ERR_NOMEM. */
int ls_source_hash(const struct ls_source *source, const atomic_int *stop, char ret_hex[129],
                   struct ls_err *err);

#endif
