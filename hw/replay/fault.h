/* hw/replay/fault.h: what can go wrong with a radio, said in a script or drawn at random. A script
 * has a line for each fault, its time counted from the start of the stream:
 *
 *     # time  fault         length  value
 *     12.5s   overflow      20000
 *     30s     timeout       2s
 *     1min    gain-collapse 10s     30
 *
 * A length is a duration with its unit, or a number of samples without one. */
#ifndef HW_REPLAY_FAULT_H
#define HW_REPLAY_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum ls_fault_kind {
    LS_FAULT_OVERFLOW,         /* length is lost, and the stream says so */
    LS_FAULT_LOSS,             /* length is lost, and only the hardware time shows it */
    LS_FAULT_CORRUPT,          /* length is lost, reported as corrupt */
    LS_FAULT_TIMEOUT,          /* nothing comes for length, which is lost */
    LS_FAULT_STALL,            /* nothing comes until the stream is started anew */
    LS_FAULT_HANG,             /* one read does not return for length, which is lost */
    LS_FAULT_SHORT_READS,      /* for length, reads bring value samples at most */
    LS_FAULT_TIME_JUMP,        /* hardware time steps by length, either way; nothing is lost */
    LS_FAULT_NO_HARDWARE_TIME, /* for length, reads carry no time */
    LS_FAULT_LOSE_DEVICE,      /* the device is gone for length, without one for good */
    LS_FAULT_ERROR,            /* the stream fails until the device is opened anew */
    LS_FAULT_RETUNE_GLITCH,    /* the next tuning brings length of full-scale rubbish */
    LS_FAULT_GAIN_COLLAPSE,    /* for length, everything is value dB weaker */
    LS_FAULT_CLIPPING,         /* for length, everything is value dB stronger */
    LS_FAULT_DEAF,             /* for length, the converter's own noise alone */
    LS_FAULT_TEMPERATURE,      /* for length, the sensor says value degrees Celsius */
    LS_FAULT_KINDS
};

struct ls_fault {
    enum ls_fault_kind kind;
    double at_s;     /* from the start of the stream */
    bool in_samples; /* the length is length_samples, else length_s */
    uint64_t length_samples;
    double length_s; /* INFINITY: for good */
    double value;
};

/* "overflow", "lose-device", ... */
const char *ls_fault_name(enum ls_fault_kind kind);

/* One line of a script. False and LS_OK for an empty one or a comment. LS_ERR_ARG. */
int ls_fault_parse(const char *line, struct ls_fault *ret, bool *ret_found, struct ls_err *err);

struct ls_faults; /* what will happen, in order of time */

/* Reads a script. LS_ERR_NOTFOUND, LS_ERR_IO, LS_ERR_NOMEM; LS_ERR_FORMAT names file and line. The
 * caller destroys *ret. */
int ls_faults_load(struct ls_faults **ret, const char *path, struct ls_err *err);

struct ls_fault_chance {
    uint64_t seed;
    double rate_per_s; /* > 0: mean number a second, outside of faults */
    size_t count;      /* 0: without end */
    const char *kinds; /* names joined by '+'; NULL: those that lose or mistime samples and that
                          need no tuning: overflow, loss, corrupt, timeout, short-reads, time-jump,
                          no-hardware-time, lose-device, error */
};

/* Faults that come as a Poisson process, with lengths spread evenly over the decades. LS_ERR_ARG:
 * an unknown kind. LS_ERR_NOMEM. */
int ls_faults_draw(struct ls_faults **ret, const struct ls_fault_chance *chance,
                   struct ls_err *err);
void ls_faults_destroy(struct ls_faults *faults);

/* The next fault, NULL after the last; the same until ls_faults_done. */
const struct ls_fault *ls_faults_next(const struct ls_faults *faults);

/* The next one has happened and was over at now_s. */
void ls_faults_done(struct ls_faults *faults, double now_s);

#endif
