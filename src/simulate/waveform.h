/* simulate/waveform.h: what a transmitter puts on the air, as complex baseband at the sensor's
 * rate. One const record a waveform, in waveform_*.c, one family a file; content is random, framing
 * and timing are those of the air interface. Nothing here is shared with the detectors.
 *
 * A waveform is one transmission: a call with its 26,000 bursts, one packet, one telegram. It is
 * centred on the channel (0 Hz) and starts with its first burst. Mean power while on the air is
 * 1.0: over the useful part of a burst, without ramps and silence; of the marks for on-off keying.
 */
#ifndef SIMULATE_WAVEFORM_H
#define SIMULATE_WAVEFORM_H

#include <complex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Zero (NULL for mode) asks for the default of the waveform; a field that a waveform does not use
 * is refused by ls_waveform_describe when it is not zero. Keys of scenario files have the same
 * names. */
struct ls_waveform_params {
    const char *mode;       /* what the transmitter does; see the row's modes; borrowed */
    double bandwidth_hz;    /* channel bandwidth */
    double symbol_rate_sps; /* symbols or chips per second */
    double deviation_hz;    /* peak frequency deviation */
    double tone_hz;         /* sub-audible or audio tone */
    double step_hz;         /* stepped carrier: raster */
    double dwell_s;         /* stepped carrier: time on one step; chirp: time of one sweep */
    double activity;        /* 0 < activity <= 1: share of time or of subframes that carry power */
    size_t steps;           /* stepped carrier: steps before it starts again */
    size_t spreading;       /* LoRa spreading factor */
    size_t prbs;            /* resource blocks per allocation */
    size_t first_prb;       /* lowest resource block; used when prbs is given */
    size_t bytes;           /* payload */
    size_t repeats;         /* copies of a telegram in one transmission */
};

struct ls_waveform_opts {
    const char *id;    /* "gsm", "lora", ...; required */
    double rate_sps;   /* of the samples asked for, > 0; not used by ls_waveform_describe */
    double duration_s; /* on the air from first to last burst; 0: the natural length (a packet, a
                          telegram, one burst), which packets keep whatever is asked */
    double delay_s; /* silence before the first burst, >= 0; fractions of a sample are honoured */
    uint64_t seed;  /* content and random activity */
    struct ls_waveform_params params;
};

/* What is known before any sample is made. Values are nominal: random activity (DTX, scheduling)
 * enters bursts and on_s by its mean. */
struct ls_waveform_info {
    const char *id;
    const char *class_name; /* as in struct ls_transmission */
    double low_hz;          /* 99 % of the power lies between low_hz and high_hz, about 0 Hz */
    double high_hz;
    double span_hz;    /* two-sided about 0 Hz; outside it the waveform is 40 dB down or more */
    double duration_s; /* without delay_s */
    double on_s;       /* time on the air, <= duration_s */
    double burst_s;    /* typical burst */
    double period_s;   /* spacing of bursts; NAN when there is none */
    uint64_t bursts;   /* >= 1 */
};

/* A row of the table. */
struct ls_waveform_row {
    const char *id;
    const char *class_name;
    const char *summary;      /* one line for help and man page, with its source */
    const char *const *modes; /* ends with NULL; first is the default; only NULL: takes no mode */
    const char *uses; /* names of the parameters it takes, comma-separated: ",prbs,bytes," */
};

/* Rows in the order of the help text; index < ls_waveform_count(). */
size_t ls_waveform_count(void);
const struct ls_waveform_row *ls_waveform_at(size_t index);
/* NULL when there is none. */
const struct ls_waveform_row *ls_waveform_find(const char *id);

/* Checks opts and says what will be made. LS_ERR_ARG: unknown id (with the nearest one), unknown
 * mode, a parameter out of range or not used by this waveform, duration or delay negative. */
int ls_waveform_describe(const struct ls_waveform_opts *opts, struct ls_waveform_info *ret,
                         struct ls_err *err);

struct ls_waveform;

/* As ls_waveform_describe; also LS_ERR_NOMEM. A rate below span_hz is allowed: the part that does
 * not fit is filtered away. The caller destroys *ret. */
int ls_waveform_create(struct ls_waveform **ret, const struct ls_waveform_opts *opts,
                       struct ls_err *err);
void ls_waveform_destroy(struct ls_waveform *waveform);

/* The next n samples, any n; the split does not change them. Returns false when all n are zero:
 * what ret holds is undefined then. After the end it stays silent. One thread at a time. */
bool ls_waveform_render(struct ls_waveform *waveform, float complex *ret, size_t n);

/* Passes over the next n samples, as if they had been rendered; cheaper. */
void ls_waveform_skip(struct ls_waveform *waveform, uint64_t n);

/* As ls_waveform_describe gave it. Borrowed until destroy. */
const struct ls_waveform_info *ls_waveform_info(const struct ls_waveform *waveform);

/* Whether every sample that is still to come is zero. */
bool ls_waveform_ended(const struct ls_waveform *waveform);

#endif
