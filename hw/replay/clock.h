/* hw/replay/clock.h: the clocks of the replay device: which sample is the newest at a time of the
 * computer, and which hardware time a sample has. Positions count samples from the first start. */
#ifndef HW_REPLAY_CLOCK_H
#define HW_REPLAY_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* All-zero but rate and speed is a clock at rest at position 0 with hardware time 0. */
struct ls_clock {
    double rate_sps; /* as the device states it */
    double speed;    /* times real time; 0: it stands wherever the reader is */
    double ppm;      /* error of the sample clock against the computer's */
    bool running;
    uint64_t anchor_pos; /* the newest sample at anchor_ns */
    int64_t anchor_ns;
    uint64_t time_pos; /* the sample that has hardware time time_ns */
    int64_t time_ns;
};

/* Start at position pos, now. */
void ls_clock_start(struct ls_clock *clock, int64_t now_ns, uint64_t pos);

/* The sample after the newest one; reader, where the reader is, when the clock stands or is behind
 * it. */
uint64_t ls_clock_newest(const struct ls_clock *clock, int64_t now_ns, uint64_t reader);

/* When sample pos will have been taken; only with a speed. */
int64_t ls_clock_when(const struct ls_clock *clock, uint64_t pos);

void ls_clock_set_ppm(struct ls_clock *clock, int64_t now_ns, double ppm);

/* Hardware time of a sample: exact to the ns for centuries from where it was set. */
int64_t ls_clock_time(const struct ls_clock *clock, uint64_t pos);
void ls_clock_set_time(struct ls_clock *clock, uint64_t pos, int64_t t_ns);

#endif
