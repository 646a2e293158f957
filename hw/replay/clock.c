#include "hw/replay/clock.h"

#include <math.h>

#include "base/time.h"

/* Samples a nanosecond of the computer. */
static double pace(const struct ls_clock *clock) {
    return clock->rate_sps * clock->speed * (1.0 + clock->ppm * 1e-6) * 1e-9;
}

void ls_clock_start(struct ls_clock *clock, int64_t now_ns, uint64_t pos) {
    clock->running = true;
    clock->anchor_pos = pos;
    clock->anchor_ns = now_ns;
}

static uint64_t reached(const struct ls_clock *clock, int64_t now_ns) {
    double since = floor((double)(now_ns - clock->anchor_ns) * pace(clock));
    return clock->anchor_pos + (since > 0.0 ? (uint64_t)since : 0);
}

uint64_t ls_clock_newest(const struct ls_clock *clock, int64_t now_ns, uint64_t reader) {
    uint64_t pos = clock->running ? reached(clock, now_ns) : 0;
    return pos > reader ? pos : reader;
}

int64_t ls_clock_when(const struct ls_clock *clock, uint64_t pos) {
    double wait =
        pos > clock->anchor_pos ? ceil((double)(pos - clock->anchor_pos) / pace(clock)) : 0.0;
    return clock->anchor_ns + (int64_t)fmin(wait, 0x1p62);
}

void ls_clock_set_ppm(struct ls_clock *clock, int64_t now_ns, double ppm) {
    if (clock->running) {
        clock->anchor_pos = reached(clock, now_ns);
        clock->anchor_ns = now_ns;
    }
    clock->ppm = ppm;
}

int64_t ls_clock_time(const struct ls_clock *clock, uint64_t pos) {
    return pos >= clock->time_pos
               ? clock->time_ns + ls_time_of_samples(pos - clock->time_pos, clock->rate_sps)
               : clock->time_ns - ls_time_of_samples(clock->time_pos - pos, clock->rate_sps);
}

void ls_clock_set_time(struct ls_clock *clock, uint64_t pos, int64_t t_ns) {
    clock->time_pos = pos;
    clock->time_ns = t_ns;
}
