/* hw/replay/replay.h: a radio that plays a recording: its clock, its stream with all that can go
 * wrong, its settings. It goes on between two openings, as the air does. hw/replay/module.cc hands
 * it to SoapySDR. All calls may come from several threads; one at a time reads. */
#ifndef HW_REPLAY_REPLAY_H
#define HW_REPLAY_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/iq.h"

struct ls_replay;

struct ls_replay_info {
    const char *serial;
    const char *path; /* of the recording */
    double rate_sps;
    enum ls_format format;
    double full_scale; /* largest value of a component, as stated */
    double low_hz;     /* tuning range */
    double high_hz;
    size_t mtu_samples;
};

/* keys and values as in hw/replay/options.h; copied. The errors of the options, the recording, the
 * fault script and the truth; LS_ERR_DEVICE: argument refuse. The caller destroys *ret. */
int ls_replay_create(struct ls_replay **ret, const char *const *keys, const char *const *values,
                     size_t count, struct ls_err *err);
void ls_replay_destroy(struct ls_replay *replay);

/* Borrowed until destroy. */
const struct ls_replay_info *ls_replay_info(const struct ls_replay *replay);

/* One program at a time. LS_ERR_BUSY; LS_ERR_NOTFOUND while the device is lost. */
int ls_replay_open(struct ls_replay *replay, struct ls_err *err);
void ls_replay_close(struct ls_replay *replay);
bool ls_replay_is_open(struct ls_replay *replay);

/* LS_ERR_DEVICE: the device is gone. */
int ls_replay_start(struct ls_replay *replay, struct ls_err *err);
void ls_replay_stop(struct ls_replay *replay);

enum ls_replay_kind {
    LS_REPLAY_SAMPLES,
    LS_REPLAY_TIMEOUT,
    LS_REPLAY_OVERFLOW,
    LS_REPLAY_CORRUPT,
    LS_REPLAY_ERROR, /* the stream failed */
    LS_REPLAY_GONE   /* the device did; text says why */
};

struct ls_replay_reading {
    enum ls_replay_kind kind;
    size_t count;
    bool timed;
    int64_t t_ns; /* hardware time of the first sample */
    const char *text;
};

/* At most room samples in the format of the recording, waiting timeout_us at most. */
void ls_replay_read(struct ls_replay *replay, void *samples, size_t room, long timeout_us,
                    struct ls_replay_reading *ret);

/* --- settings: applied at once, read back as they are --- */

enum { LS_REPLAY_GAINS = 2, LS_REPLAY_NAME_BYTES = 24 };

struct ls_replay_settings {
    double center_hz;
    double bandwidth_hz;
    double ppm; /* takes this much off the error of the sample clock */
    char antenna[LS_REPLAY_NAME_BYTES];
    double gain_db[LS_REPLAY_GAINS]; /* LNA, VGA: 0 to 40 dB, 40 dB together is as recorded */
    bool automatic_gain;             /* as recorded */
    bool bias_tee;
    char clock_source[LS_REPLAY_NAME_BYTES];
    char time_source[LS_REPLAY_NAME_BYTES];
};

extern const char *const ls_replay_antennas[2];      /* "RX" hears, "TERMINATED" does not */
extern const char *const ls_replay_clock_sources[2]; /* "internal", "external" */
/* "internal": from 0 when the stream first starts or the device comes back; "recording": the times
 * of the recording; "system": the computer's when the stream first starts. */
extern const char *const ls_replay_time_sources[3];
extern const char *const ls_replay_gain_names[LS_REPLAY_GAINS];

struct ls_replay_settings ls_replay_settings_now(struct ls_replay *replay);

/* Everything but the centre. */
void ls_replay_set(struct ls_replay *replay, const struct ls_replay_settings *settings);

/* To the nearest centre of the recording less than half its rate away, else as asked, where there
 * is noise. LS_ERR_ARG: out of range. */
int ls_replay_tune(struct ls_replay *replay, double center_hz, struct ls_err *err);

/* Hardware time now, and setting it. */
int64_t ls_replay_time(struct ls_replay *replay);
void ls_replay_set_time(struct ls_replay *replay, int64_t t_ns);

/* How far the gain has collapsed. */
double ls_replay_gain_lost(struct ls_replay *replay);

/* 41.5 degrees Celsius unless a fault says more. */
double ls_replay_temperature(struct ls_replay *replay);

#endif
