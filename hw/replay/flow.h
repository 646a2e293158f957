/* hw/replay/flow.h: the sample stream of the replay device, fault by fault. Time comes in with
 * every call (steady, ns), so that a test can be its clock; the caller sleeps and locks.
 *
 * Samples count from the first start. They go on while nobody listens: in real time by the clock,
 * and with as_fast_as_read by what is read, where a time-out of a read takes as many samples as it
 * is long. A position is also a hardware time, to the nanosecond. */
#ifndef HW_REPLAY_FLOW_H
#define HW_REPLAY_FLOW_H

#include "hw/replay/air.h"
#include "hw/replay/deeds.h"
#include "hw/replay/fault.h"
#include "hw/replay/options.h"
#include "hw/replay/replay.h"

struct ls_flow;

struct ls_flow_opts {
    const struct ls_replay_opts *replay; /* speed, end, buffer, mtu, clock error, settling */
    const struct ls_tape *tape;          /* borrowed until destroy, as the rest is */
    const struct ls_air *air;
    struct ls_faults *faults; /* NULL: none */
    struct ls_deeds *deeds;
};

/* LS_ERR_NOMEM. The caller destroys *ret. */
int ls_flow_create(struct ls_flow **ret, const struct ls_flow_opts *opts, struct ls_err *err);
void ls_flow_destroy(struct ls_flow *flow);

size_t ls_flow_mtu(const struct ls_flow *flow);

/* False while the device is lost. A failed stream is well again. */
bool ls_flow_open(struct ls_flow *flow, int64_t now_ns);
void ls_flow_close(struct ls_flow *flow, int64_t now_ns);

/* False when the device is lost. */
bool ls_flow_start(struct ls_flow *flow, int64_t now_ns);
void ls_flow_stop(struct ls_flow *flow, int64_t now_ns);

struct ls_flow_call {
    void *samples;
    size_t room; /* > 0 */
    int64_t timeout_ns;
    int64_t deadline_ns; /* by the caller's clock */
};

/* 0: *ret is filled. Else the time at which to call again. */
int64_t ls_flow_read(struct ls_flow *flow, int64_t now_ns, const struct ls_flow_call *call,
                     struct ls_replay_reading *ret);

/* What the converter sees from the newest sample on; older ones still come as they were. reel
 * SIZE_MAX: noise. */
void ls_flow_tune(struct ls_flow *flow, int64_t now_ns, size_t reel, double center_hz);

/* Gain over what was recorded, and whether the antenna hears. */
void ls_flow_set_gain(struct ls_flow *flow, double gain_db, bool hears);

/* Error of the sample clock against the caller's. */
void ls_flow_set_clock(struct ls_flow *flow, int64_t now_ns, double ppm);

/* Hardware time: of the newest sample, and setting it. */
int64_t ls_flow_time(const struct ls_flow *flow, int64_t now_ns);
void ls_flow_set_time(struct ls_flow *flow, int64_t now_ns, int64_t t_ns);

/* After the device was lost its time starts at 0 again. */
void ls_flow_set_time_restarts(struct ls_flow *flow, bool restarts);

/* Of the LS_FAULT_GAIN_COLLAPSE that lasts, else 0. */
double ls_flow_gain_lost(const struct ls_flow *flow);

/* Of the LS_FAULT_TEMPERATURE that lasts, else usual. */
double ls_flow_temperature(const struct ls_flow *flow, double usual);

#endif
