/* hw/replay/options.h: the arguments of driver=lineside-replay, as SoapySDR hands them over: keys
 * and texts. lineside-replay(7) describes each. */
#ifndef HW_REPLAY_OPTIONS_H
#define HW_REPLAY_OPTIONS_H

#include "hw/replay/fault.h"
#include "hw/source.h"

enum ls_replay_end {
    LS_REPLAY_END_LOST,   /* the device is gone */
    LS_REPLAY_END_SILENCE /* noise without end */
};

struct ls_replay_opts {
    struct ls_source_opts source; /* path, and format, rate and frequency of a raw file */
    bool as_fast_as_read;         /* speed=max: samples come when they are read */
    double speed;                 /* else times real time */
    bool loop;
    enum ls_replay_end end;
    double buffer_s;  /* what the device holds for a program that is late */
    size_t mtu;       /* samples of a read at most */
    double clock_ppm; /* error of its sample clock against the computer's */
    double settle_s;  /* rubbish after each tuning */
    double noise_dbfs;
    double full_scale; /* that the device states; 0: that of the format */
    double low_hz;     /* tuning range; used when range_given */
    double high_hz;
    bool range_given;
    const char *serial;
    const char *faults;            /* script, or NULL */
    struct ls_fault_chance chance; /* rate_per_s 0: none */
    const char *truth;             /* log of what was done, or NULL */
    const char *refuse;            /* text with which opening fails, or NULL */
};

/* keys and values: [count], borrowed as texts in *ret. Keys that SoapySDR and its network module
 * add are passed over. LS_ERR_ARG names key and value, and the nearest key. */
int ls_replay_options_parse(struct ls_replay_opts *ret, const char *const *keys,
                            const char *const *values, size_t count, struct ls_err *err);

#endif
