/* detect/likeness.h: how well a transmission fits what is known of an emitter, trait by trait: the
 * arithmetic of detect/emitter.h. */
#ifndef DETECT_LIKENESS_H
#define DETECT_LIKENESS_H

#include <stdbool.h>
#include <stdint.h>

#include "model/emitter.h"

/* A trait as learnt: mean and variance, the latest counting most. */
struct ls_trait {
    double mean;
    double variance;
    uint64_t count; /* values so far */
};

/* spread: one standard deviation that is expected before anything is known. */
void ls_trait_begin(struct ls_trait *trait, double value, double spread);
void ls_trait_follow(struct ls_trait *trait, double value, double spread);

/* Clock of an emitter. */
struct ls_ticking {
    double period_s; /* NAN: none */
    double jitter_s;
    double share; /* of its transmissions that are on it, recently */
    int64_t tick_ns;
    bool whole; /* of whole seconds: it sends on some of the ticks, and nobody knows on which */
};

/* What is known of an emitter. */
struct ls_portrait {
    char class_name[LS_CLASS_BYTES];
    struct ls_trait center_hz;
    struct ls_trait carrier_hz; /* center of the raster and offset; count 0: not known */
    struct ls_trait level_db;   /* count 0: not known */
    struct ls_trait bandwidth;  /* ln Hz */
    struct ls_trait length;     /* ln s; count 0: never seen whole */
    double last_level_db;
    double lattice_s; /* NAN: none */
    double burst_s;
    int64_t start_ns; /* of the last transmission */
    int64_t stop_ns;
    struct ls_ticking ticking;
};

struct ls_likeness {
    double log_ratio; /* sum over traits; -INFINITY: cannot be */
    uint32_t alike;   /* LS_TIE_* */
    uint32_t unlike;
};

/* Seconds from a start to the nearest tick of a clock of whole seconds. */
int64_t ls_ticking_apart(const struct ls_ticking *clock, int64_t start_ns);

/* Frequency beyond this from the mean is another channel. */
double ls_likeness_gate_hz(const struct ls_transmission *row);

/* A class that locks its carrier to a cell (DESIGN section 1). */
bool ls_likeness_locked(const char *class_name);

/* any_channel: frequency says nothing, as for something that hops. */
struct ls_likeness ls_likeness(const struct ls_portrait *portrait,
                               const struct ls_transmission *row, bool any_channel);

void ls_portrait_begin(struct ls_portrait *portrait, const struct ls_transmission *row);
void ls_portrait_follow(struct ls_portrait *portrait, const struct ls_transmission *row);

#endif
