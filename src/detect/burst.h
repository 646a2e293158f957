/* detect/burst.h: boxes of consecutive pieces become bursts. A box that runs into the end of its
 * piece goes on in the box that starts the next one on the same channels; a burst's spectrum
 * gathers over its pieces and gives its centre and occupied bandwidth. */
#ifndef DETECT_BURST_H
#define DETECT_BURST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "detect/spectrum.h"
#include "detect/stretch.h"
#include "detect/trail.h"
#include "dsp/detector.h"
#include "model/burst.h"

struct ls_bursts;

/* What a burst is reported to. A burst is announced once when it begins, in order of time within a
 * piece, and once when it ends; it is the same object. owner is the listener's own, kept with the
 * burst. Return LS_OK or an error, which ends the analysis. */
struct ls_burst_listener {
    void *context;
    /* now: as measured so far. *ret_owner is handed back at the end. */
    int (*begins)(void *context, const struct ls_burst *now, uint64_t *ret_owner,
                  struct ls_err *err);
    /* What a piece holds of a burst that has begun. */
    void (*part)(void *context, const struct ls_burst_part *part, uint64_t owner);
    int (*ends)(void *context, const struct ls_burst *burst, const struct ls_spectrum *spectrum,
                double noise_per_bin, uint64_t owner, struct ls_err *err);
};

/* The caller destroys *ret. */
int ls_bursts_create(struct ls_bursts **ret, const struct ls_burst_listener *listener,
                     struct ls_err *err);
void ls_bursts_destroy(struct ls_bursts *bursts);

/* A new stretch begins; copied. */
void ls_bursts_begin(struct ls_bursts *bursts, const struct ls_stretch *stretch);

/* Fine spectrum of one box; count 0 when it was not measured. */
struct ls_box_spectrum {
    uint32_t first;
    uint32_t count;
    const float *power;
    double averages;
};

struct ls_piece {
    uint64_t first_frame; /* of the piece within the stretch */
    size_t frames;
    const struct ls_box *boxes;
    const struct ls_box_spectrum *spectra; /* one for each box */
    const struct ls_features *features;    /* the same; NULL: none were measured */
    const bool *held; /* the same: is it part of a burst of longer windows? NULL: none is */
    const struct ls_carrier *carriers; /* the same */
    size_t box_count;
    bool clipped; /* samples at full scale in this piece */
};

int ls_bursts_piece(struct ls_bursts *bursts, const struct ls_piece *piece, struct ls_err *err);

/* Every burst that is still on, as measured so far. */
void ls_bursts_each(const struct ls_bursts *bursts,
                    void (*each)(void *context, const struct ls_burst *now, double noise_per_bin,
                                 uint64_t owner),
                    void *context);

/* A burst found by windows longer than a piece (dsp/slow.h): told of when it is noticed, as known
 * so far, and when it is over. */
struct ls_slow_burst {
    uint64_t id;        /* the same both times */
    double start_frame; /* of the stretch */
    double stop_frame;
    double channel_low; /* edges, fractions allowed */
    double channel_high;
    double excess_pow; /* as in struct ls_box */
    double floor_pow;
    bool to_stop; /* still on when the stretch ended */
};

int ls_bursts_slow_begins(struct ls_bursts *bursts, const struct ls_slow_burst *found,
                          struct ls_err *err);
int ls_bursts_slow_ends(struct ls_bursts *bursts, const struct ls_slow_burst *found,
                        struct ls_err *err);

/* The stretch ends: what is still on ends with it and says so. */
int ls_bursts_end(struct ls_bursts *bursts, struct ls_err *err);

#endif
