/* hw/replay/air.h: what the converter of the replay device sees: the tape, or noise where the
 * recording has nothing, through a gain that clips. The same position gives the same samples. */
#ifndef HW_REPLAY_AIR_H
#define HW_REPLAY_AIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "hw/replay/tape.h"

struct ls_air;

/* tape is borrowed until destroy. noise_dbfs: mean power where there is no tape. LS_ERR_NOMEM. The
 * caller destroys *ret. */
int ls_air_create(struct ls_air **ret, const struct ls_tape *tape, double noise_dbfs,
                  struct ls_err *err);
void ls_air_destroy(struct ls_air *air);

enum ls_air_kind {
    LS_AIR_TAPE,   /* reel at pos; all of one part of it */
    LS_AIR_NOISE,  /* an antenna without a signal */
    LS_AIR_DEAF,   /* the last bit of the converter */
    LS_AIR_RUBBISH /* full-scale noise: a synthesizer that has not settled */
};

struct ls_air_view {
    enum ls_air_kind kind;
    size_t reel;
    double gain_db; /* of TAPE and NOISE; 0: as recorded, bit for bit */
};

/* count samples from pos on, in the format of the tape. LS_ERR_IO. */
int ls_air_fill(const struct ls_air *air, const struct ls_air_view *view, uint64_t pos,
                size_t count, void *ret, struct ls_err *err);

#endif
