/* model/block.h: contiguous I/Q at one tuning, as it comes from a source. Samples are never joined
 * across a gap: a block that follows a loss, a new capture or a new tuning starts a new stretch and
 * says so. */
#ifndef MODEL_BLOCK_H
#define MODEL_BLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "model/tuning.h"

enum {
    LS_BLOCK_FIRST = 1 << 0,   /* first block of a capture: no sample before it belongs to it */
    LS_BLOCK_GAP = 1 << 1,     /* samples are missing between this block and the one before */
    LS_BLOCK_CLIPPED = 1 << 2, /* the source says the converter was driven past full scale */
    LS_BLOCK_NO_CLOCK =
        1 << 3 /* t_ns counts from the start of the recording: no wall-clock time is known */
};

struct ls_block {
    uint64_t pos; /* index of the first sample in the recording or stream; strictly rising */
    int64_t
        t_ns; /* time of the first sample, UTC; from the source's clock and the sample position */
    uint64_t dropped_before; /* samples lost just before this block, within its capture */
    uint32_t flags;          /* LS_BLOCK_* */
    struct ls_tuning tuning;
    size_t count; /* samples, > 0 */
    const void
        *samples; /* count * ls_format_bytes(tuning.format) bytes; borrowed until the next read */
};

#endif
