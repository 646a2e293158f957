/* hw/replay/stream.h: the sample stream of the replay device, fault by fault. Time comes in with
 * every call (steady, ns), so that a test can be its clock; the caller sleeps and locks.
 *
 * Samples count from the first start. They go on while nobody listens: in real time by the clock,
 * and with as_fast_as_read by what is read, where a time-out of a read takes as many samples as it
 * is long. A position is also a hardware time, to the nanosecond. */
#ifndef HW_REPLAY_STREAM_H
#define HW_REPLAY_STREAM_H

#include "hw/replay/air.h"
#include "hw/replay/fault.h"
#include "hw/replay/options.h"
#include "hw/replay/replay.h"
#include "hw/replay/truth.h"

struct ls_stream;

struct ls_stream_opts {
    const struct ls_replay_opts *replay; /* speed, end, buffer, mtu, clock error, settling */
    const struct ls_tape *tape;          /* borrowed until destroy, as the rest is */
    const struct ls_air *air;
    struct ls_faults *faults; /* NULL: none */
    struct ls_truth *truth;
};

/* LS_ERR_NOMEM. The caller destroys *ret. */
int ls_stream_create(struct ls_stream **ret, const struct ls_stream_opts *opts, struct ls_err *err);
void ls_stream_destroy(struct ls_stream *stream);

size_t ls_stream_mtu(const struct ls_stream *stream);

/* False while the device is lost. A failed stream is well again. */
bool ls_stream_open(struct ls_stream *stream, int64_t now_ns);
void ls_stream_close(struct ls_stream *stream, int64_t now_ns);

/* False when the device is lost. */
bool ls_stream_start(struct ls_stream *stream, int64_t now_ns);
void ls_stream_stop(struct ls_stream *stream, int64_t now_ns);

struct ls_stream_call {
    void *samples;
    size_t room; /* > 0 */
    int64_t timeout_ns;
    int64_t deadline_ns; /* by the caller's clock */
};

/* 0: *ret is filled. Else the time at which to call again. */
int64_t ls_stream_read(struct ls_stream *stream, int64_t now_ns, const struct ls_stream_call *call,
                       struct ls_replay_reading *ret);

/* What the converter sees from the newest sample on; older ones still come as they were. reel
 * SIZE_MAX: noise. */
void ls_stream_tune(struct ls_stream *stream, int64_t now_ns, size_t reel, double center_hz);

/* Gain over what was recorded, and whether the antenna hears. */
void ls_stream_set_gain(struct ls_stream *stream, double gain_db, bool hears);

/* Error of the sample clock against the caller's. */
void ls_stream_set_clock(struct ls_stream *stream, int64_t now_ns, double ppm);

/* Hardware time: of the newest sample, and setting it. */
int64_t ls_stream_time(const struct ls_stream *stream, int64_t now_ns);
void ls_stream_set_time(struct ls_stream *stream, int64_t now_ns, int64_t t_ns);

/* After the device was lost its time starts at 0 again. */
void ls_stream_set_time_restarts(struct ls_stream *stream, bool restarts);

/* Of the LS_FAULT_GAIN_COLLAPSE that lasts, else 0. */
double ls_stream_gain_lost(const struct ls_stream *stream);

/* Of the LS_FAULT_TEMPERATURE that lasts, else usual. */
double ls_stream_temperature(const struct ls_stream *stream, double usual);

#endif
