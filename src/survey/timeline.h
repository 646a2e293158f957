/* survey/timeline.h: when the samples of a receiver were taken, and what became of the time between
 * them. Readings go in; out come the time of each sample that is kept and, before it, the gaps:
 * rows of the ledger that abut with what was kept, so that nothing is unaccounted for and no time
 * counts twice.
 *
 * A gap is sized from the device's own time where it has one: exact to the sample. Else from the
 * sample count against the steady clock: what arrives is late by the driver's buffering, which
 * differs from reading to reading; the least delay of the last 10 to 20 s is taken as the delay of
 * samples that were not held up, and the spread of the delays is the error that the gap states. A
 * delay that has risen for a whole window is a loss that nobody announced.
 *
 * Times are event time: they begin at the anchor, rise with the sample count and with gaps, and
 * never go back, whatever the clocks do. Holding event time against the system clock is
 * survey/clock.h. Arithmetic only: one thread at a time, no allocation, no clock is read. */
#ifndef SURVEY_TIMELINE_H
#define SURVEY_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/observation.h"

enum { LS_TIMELINE_GAPS = 8, LS_GAP_CAUSE_BYTES = 16 };

/* From the end of what was kept, or of the gap before, until stop_ns. */
struct ls_gap {
    enum ls_observation_state state; /* lost, retuning or off */
    char cause[LS_GAP_CAUSE_BYTES];  /* "overflow", "time-out", "time-jump", "silent", "queue",
                                        "retune", "device-lost", "device-hung", "reload" */
    int64_t stop_ns;
    uint64_t samples; /* that would have been */
    int64_t error_ns; /* how far stop_ns may be off: half a sample from hardware time */
};

/* A reading that brought samples. */
struct ls_arrival {
    size_t count; /* > 0 */
    bool timed;
    int64_t t_hw_ns;   /* device time of its first sample; used when timed */
    int64_t steady_ns; /* when the call came back */
    int64_t utc_ns;    /* the same moment by the system clock: used for the first one only */
};

/* What the caller does with the samples. */
enum ls_timeline_use {
    LS_USE_KEEP,
    LS_USE_SETTLE, /* not used: the receiver settles after a retune */
    LS_USE_DROP    /* not used: no room in the ring */
};

struct ls_delays { /* of one window: steady clock minus event time, at the end of each reading */
    int64_t least_ns;
    int64_t most_ns;
    size_t count;
};

struct ls_timeline {
    double rate_sps;
    bool device_clock;
    bool waits;
    bool begun;
    int64_t base_ns;    /* event time of the sample that count counts from */
    uint64_t count;     /* samples since, used or not */
    bool broken;        /* the next sample that is kept continues nothing */
    bool hw_known;      /* hw_next_ns is valid */
    int64_t hw_next_ns; /* device time that the next sample should have */
    bool overflow;      /* said since the last samples */
    bool timeout;
    bool away; /* lost or retuning: what is missing belongs to that */
    enum ls_observation_state away_state;
    char away_cause[LS_GAP_CAUSE_BYTES];
    int64_t away_steady_ns; /* lost: since when, and event time then */
    int64_t away_ns;
    struct ls_delays now;
    struct ls_delays before;
    int64_t window_steady_ns;             /* when the present window began */
    struct ls_gap gaps[LS_TIMELINE_GAPS]; /* since the last samples that were kept; the caller takes
                                             them and sets gap_count to 0 */
    size_t gap_count;
};

/* device_clock: the device's time is UTC, and event time follows it. */
void ls_timeline_init(struct ls_timeline *timeline, double rate_sps, bool device_clock);

/* The device waits for its reader (a replay faster than real time): when readings come says nothing
 * of when samples were taken, so without a device time a gap is one sample long. */
void ls_timeline_set_waits(struct ls_timeline *timeline, bool waits);

/* Event time of the next sample. Valid once there were samples. */
int64_t ls_timeline_now(const struct ls_timeline *timeline);

/* The driver said so; what it means shows with the next samples. */
void ls_timeline_overflow(struct ls_timeline *timeline);
void ls_timeline_timeout(struct ls_timeline *timeline);

/* From now on samples do not count, until some are kept: the receiver was told to retune. */
void ls_timeline_retune(struct ls_timeline *timeline);

/* The device is gone; cause as in struct ls_gap. Before the first samples: nothing. */
void ls_timeline_lost(struct ls_timeline *timeline, const char *cause, int64_t steady_ns);

/* Time passes while the device is gone. */
void ls_timeline_tick(struct ls_timeline *timeline, int64_t steady_ns);

/* Samples came: what is missing before them is now known. They are then used, in parts, before the
 * next call. */
void ls_timeline_arrive(struct ls_timeline *timeline, const struct ls_arrival *arrival);

/* Would the next samples, if they are kept, continue those kept before? */
bool ls_timeline_continues(const struct ls_timeline *timeline);

/* The next count > 0 samples of the arrival. Returns the event time of the first. */
int64_t ls_timeline_use(struct ls_timeline *timeline, size_t count, enum ls_timeline_use use);

/* From now on samples come at another rate. */
void ls_timeline_set_rate(struct ls_timeline *timeline, double rate_sps);

/* Event time begins anew at utc_ns with the next samples: the system clock was set. Gaps that were
 * not taken are dropped. */
void ls_timeline_restart(struct ls_timeline *timeline);

#endif
