/* model/emitter.h: transmissions that look like one radio, as heard by one sensor. A likeness and
 * no identity: two units of one model with one level on one channel are one emitter until their
 * clocks or carriers tell them apart, and a radio that changes its place or power may become two.
 */
#ifndef MODEL_EMITTER_H
#define MODEL_EMITTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/transmission.h"

struct ls_emitter {
    int64_t id;      /* counts emitters from 1 */
    int64_t part_of; /* the emitter that it was found to be part of; 0: it stands for itself */
    char sensor[LS_SENSOR_BYTES];
    char class_name[LS_CLASS_BYTES]; /* of the first transmission that had one; "" */
    uint64_t transmissions;          /* with those of its parts, as are the next six */
    int64_t first_ns;
    int64_t last_ns; /* stop of the last transmission */
    double on_s;     /* time on the air */
    double low_hz;   /* edges of all that it occupied */
    double high_hz;
    double center_hz; /* of the channel that it used last */
    double bandwidth_hz;
    double duration_s;      /* typical length */
    double level_dbfs;      /* recent mean; NAN when not known */
    double level_spread_db; /* one standard deviation; NAN when not known */
    double offset_hz;       /* carrier offset, recent mean; NAN when not known */
    double period_s;        /* of its clock; NAN: none is known */
    double jitter_s;        /* of the clock; NAN: none is known */
    bool hops;              /* sends on several channels */
    double score;           /* mean of the probabilities that its transmissions are of one radio,
                               against one like it that has nothing to do with it; 0 to 1 */
};

/* What spoke for putting a transmission to an emitter, and what against: bits of these. */
enum {
    LS_TIE_CHANNEL = 1 << 0,
    LS_TIE_CARRIER = 1 << 1,
    LS_TIE_LEVEL = 1 << 2,
    LS_TIE_BANDWIDTH = 1 << 3,
    LS_TIE_LENGTH = 1 << 4,
    LS_TIE_CLASS = 1 << 5,
    LS_TIE_LATTICE = 1 << 6,
    LS_TIE_CLOCK = 1 << 7,
    LS_TIE_SLOT = 1 << 8,
    LS_TIE_TRAITS = 9 /* how many */
};

/* Why a transmission is part of an emitter. */
struct ls_tie {
    int64_t transmission_id;
    int64_t emitter_id;
    uint32_t alike;   /* LS_TIE_*: spoke for it; 0 and unlike 0: the first of its emitter */
    uint32_t unlike;  /* spoke against it */
    bool by_split;    /* put here when its emitter was told apart from another */
    unsigned percent; /* probability as in score, 0 to 99 */
};

enum { LS_TIE_REASON_BYTES = 160 };

/* One number for all that a link says but its probability, and what it says in words: "channel,
 * level and clock, in spite of length". */
uint32_t ls_tie_reason(const struct ls_tie *link);
void ls_tie_reason_text(uint32_t reason, char ret[LS_TIE_REASON_BYTES]);

enum { LS_EMITTER_EVENT_BYTES = 160 };

/* Two emitters became one, or one became two. */
struct ls_emitter_event {
    int64_t t_ns;       /* start of the transmission that decided */
    int64_t emitter_id; /* that goes on */
    int64_t other_id;   /* merged into it, or split off it */
    bool split;
    char text[LS_EMITTER_EVENT_BYTES]; /* why */
};

#endif
