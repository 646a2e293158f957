/* hw/recording.h: samples in a file whose layout is known: blocks in order, by pread into one
 * reused buffer. What sigmf and raw share. */
#ifndef HW_RECORDING_H
#define HW_RECORDING_H

#include <stdatomic.h>

#include "hw/kind.h"

struct ls_recording_opts {
    const struct ls_source_kind *kind;
    int fd;                            /* regular file; taken over on success only */
    const char *data_path;             /* name of fd */
    const struct ls_capture *captures; /* ascending, not overlapping, each with samples > 0 */
    const uint64_t *offset_bytes;      /* [capture_count]: where the first sample of each is */
    size_t capture_count;              /* > 0 */
    bool no_clock;
    bool truncated;
    const char *recorder; /* "" when not stated; so for the next two */
    const char *sha512;
    const char *note;
    size_t block_samples; /* > 0 */
    bool positions_only;
};

/* Copies what it is given. LS_ERR_NOMEM. The caller destroys *ret with ls_source_destroy. */
int ls_recording_create(struct ls_source **ret, const struct ls_recording_opts *opts,
                        struct ls_err *err);

/* Slots of struct ls_source_kind. */
const struct ls_source_info *ls_recording_info(const struct ls_source *source);
int ls_recording_read(struct ls_source *source, struct ls_block *ret, struct ls_err *err);
int ls_recording_read_at(const struct ls_source *source, uint64_t pos, size_t count, void *ret,
                         struct ls_err *err);
int ls_recording_hash(const struct ls_source *source, const atomic_int *stop, char ret_hex[129],
                      struct ls_err *err);
void ls_recording_destroy(struct ls_source *source);

#endif
