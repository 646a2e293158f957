/* model/observation.h: the ledger. An interval of wall time and a frequency range with what the
 * receiver did in it. For one sensor the rows of a run abut: observed + lost + retuning + off =
 * wall time, to the sample. */
#ifndef MODEL_OBSERVATION_H
#define MODEL_OBSERVATION_H

#include <stdbool.h>
#include <stdint.h>

#include "model/transmission.h"

enum ls_observation_state {
    LS_OBSERVED, /* really listening: samples arrived and were analysed */
    LS_LOST,     /* the receiver was on, samples were lost (overflow, time-out, dropped block) */
    LS_RETUNING, /* settling after a change of frequency */
    LS_OFF       /* not listening: between captures, device gone */
};

/* The noise a receiver listened through, and what could have been found in it: a burst of
 * LS_WEAKEST_HZ and LS_WEAKEST_S at this level nine times in ten, at the run's budget of false
 * alarms and with what is not known of the floor. */
#define LS_WEAKEST_HZ 25e3
#define LS_WEAKEST_S  10e-3
struct ls_noise {
    bool known;
    double floor_dbfs_hz;  /* of the middle one of the channels, in 1 Hz */
    double floor_error_db; /* standard error of one channel's floor */
    double weakest_dbfs;
};

struct ls_observation {
    int64_t id;
    int64_t run_id;
    char sensor[LS_SENSOR_BYTES];
    enum ls_observation_state state;
    char cause[32]; /* "", "overflow", "capture-gap", "truncated", "too-short", "invalid-samples",
                       ... */
    int64_t start_ns;
    int64_t stop_ns; /* > start_ns */
    double low_hz;   /* analysed range; for other states the range that would have been */
    double high_hz;
    double rate_sps;       /* sample rate of the stretch; NAN when not known (imported) */
    uint64_t samples;      /* samples of the interval at rate_sps */
    struct ls_noise noise; /* where it was observed and searched: as it was at its end */
};

/* "observed", "lost", "retuning", "off". */
const char *ls_observation_state_name(enum ls_observation_state state);

/* False when name is none of them. */
bool ls_observation_state_parse(const char *name, enum ls_observation_state *ret);

#endif
