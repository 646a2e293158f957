/* hw/replay/tape.h: a recording laid out so that it can be heard at any time. Each centre frequency
 * of the recording is a reel of its own:
 *
 *   one centre:       its captures stand where they were in time; what lies between them is missing
 *   several centres:  the captures of each follow one another without a break, so that there is
 *                     something to hear whenever a sensor hops there
 *
 * Position 0 is the first sample of a reel. */
#ifndef HW_REPLAY_TAPE_H
#define HW_REPLAY_TAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "hw/source.h"

struct ls_tape;

struct ls_tape_info {
    double rate_sps;
    enum ls_format format;
    double low_hz; /* lowest and highest centre */
    double high_hz;
    size_t reels;
    int64_t start_ns; /* of the recording; 0 when it has no clock */
    uint64_t samples; /* of the longest reel */
};

/* LS_ERR_*: as ls_source_open; LS_ERR_FORMAT: captures of several formats or rates. The caller
 * destroys *ret. */
int ls_tape_create(struct ls_tape **ret, const struct ls_source_opts *opts, bool loop,
                   struct ls_err *err);
void ls_tape_destroy(struct ls_tape *tape);

const struct ls_tape_info *ls_tape_info(const struct ls_tape *tape);

/* The reel that is heard when tuned to hz: the nearest centre, if it is less than half the rate
 * away. SIZE_MAX: none. */
size_t ls_tape_reel(const struct ls_tape *tape, double hz);
double ls_tape_center(const struct ls_tape *tape, size_t reel);

enum ls_tape_part { LS_TAPE_SAMPLES, LS_TAPE_MISSING, LS_TAPE_END };

/* What is at position pos of a reel and for how many samples it goes on so (at least 1; 0 at the
 * end). */
enum ls_tape_part ls_tape_at(const struct ls_tape *tape, size_t reel, uint64_t pos,
                             uint64_t *ret_left);

/* count samples from pos on, all of one part LS_TAPE_SAMPLES. LS_ERR_IO. */
int ls_tape_read(const struct ls_tape *tape, size_t reel, uint64_t pos, size_t count, void *ret,
                 struct ls_err *err);

#endif
