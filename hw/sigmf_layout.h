/* hw/sigmf_layout.h: SigMF metadata and the length of its data to captures with byte offsets and
 * times. Arithmetic only, looks at no file. */
#ifndef HW_SIGMF_LAYOUT_H
#define HW_SIGMF_LAYOUT_H

#include "hw/sigmf_meta.h"
#include "hw/source.h"

/* Where the data are within their file, and what the user says of the start. */
struct ls_sigmf_data {
    uint64_t first_byte; /* 0 but in archives */
    uint64_t bytes;
    int64_t start_ns; /* replaces the time of the first sample; used when start_given */
    bool start_given;
};

struct ls_sigmf_layout {
    struct ls_capture *captures; /* those that hold samples */
    uint64_t *offset_bytes;      /* [capture_count], from the start of the file */
    size_t capture_count;        /* > 0 */
    bool no_clock;
    bool truncated; /* fewer samples than the metadata speak of, or a part of one at the end */
};

/* Times: a capture without core:datetime continues from the one before it by core:global_index when
 * both state it, else by sample count; ones before the first core:datetime count back from it. A
 * capture said to start up to 1 s before the one before it ends continues from it, as recorders
 * state whole seconds; more than that is refused. Remarks go to note. LS_ERR_FORMAT, LS_ERR_NOMEM.
 * The caller calls finish after success. */
int ls_sigmf_layout_init(struct ls_sigmf_layout *ret, const struct ls_sigmf_meta *meta,
                         const struct ls_sigmf_data *data, struct ls_note *note,
                         struct ls_err *err);
void ls_sigmf_layout_finish(struct ls_sigmf_layout *layout);

#endif
