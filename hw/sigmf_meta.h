/* hw/sigmf_meta.h: SigMF metadata (JSON) to a record: what says where samples are, what they mean
 * and when they were taken. Looks at no file. Source: The Signal Metadata Format (SigMF)
 * specification, 1.0 to 1.2. Kept beyond the required keys: core:dataset, core:offset,
 * core:header_bytes, core:trailing_bytes, core:global_index. */
#ifndef HW_SIGMF_META_H
#define HW_SIGMF_META_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/iq.h"
#include "hw/note.h"

enum { LS_SIGMF_META_MAX_BYTES = 64 << 20, LS_SIGMF_META_MAX_VALUES = 2000000 };

struct ls_sigmf_capture {
    uint64_t first_sample; /* core:sample_start less core:offset */
    uint64_t header_bytes; /* bytes before it in the data that are no samples */
    double center_hz;      /* 0 when not stated */
    int64_t t_ns;          /* valid with has_time */
    bool has_time;
    uint64_t global_index; /* valid with has_global_index: position in the stream it came from */
    bool has_global_index;
};

struct ls_sigmf_meta {
    enum ls_format format;
    double rate_sps;
    char dataset[256]; /* core:dataset, a plain file name; "" when not stated */
    char recorder[64]; /* core:recorder, else core:hw, else "" */
    char sha512[129];  /* core:sha512 in lower case, "" when not stated or malformed */
    uint64_t trailing_bytes;
    struct ls_sigmf_capture *captures; /* ascending first_sample, equal ones allowed */
    size_t capture_count;              /* > 0: a recording that states none has one from sample 0 */
    uint64_t annotated_samples;        /* where the last annotation ends; 0 without */
    uint64_t offset;                   /* core:offset, which sample positions of captures lack */
    bool metadata_only;                /* core:metadata_only: there are no samples to read */
};

/* text: n bytes, need not end with NUL. Remarks go to note. LS_ERR_FORMAT names the key that is
 * wrong; LS_ERR_NOMEM. At most LS_SIGMF_META_MAX_VALUES values, so memory stays bounded for hostile
 * text. The caller calls finish after success. */
int ls_sigmf_meta_parse(struct ls_sigmf_meta *ret, const char *text, size_t n, struct ls_note *note,
                        struct ls_err *err);
void ls_sigmf_meta_finish(struct ls_sigmf_meta *meta);

#endif
