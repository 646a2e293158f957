#include "survey/schedule.h"

#include <assert.h>
#include <string.h>

#include "base/time.h"

static const double DWELL_SPREAD = 0.25;

/* SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014. */
static uint64_t next_random(struct ls_schedule *schedule) {
    uint64_t z = schedule->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* [0, 1) */
static double next_uniform(struct ls_schedule *schedule) {
    return (double)(next_random(schedule) >> 11) / 9007199254740992.0;
}

/* Fisher and Yates; the first of a round is not the last of the one before. */
static void shuffle(struct ls_schedule *schedule) {
    size_t n = schedule->count;
    size_t last = schedule->order[n - 1];
    for (size_t i = n - 1; i > 0; i--) {
        size_t j = (size_t)(next_uniform(schedule) * (double)(i + 1));
        size_t kept = schedule->order[i];
        schedule->order[i] = schedule->order[j];
        schedule->order[j] = kept;
    }
    if (n > 1 && schedule->order[0] == last) {
        size_t j = 1 + (size_t)(next_uniform(schedule) * (double)(n - 1));
        schedule->order[0] = schedule->order[j];
        schedule->order[j] = last;
    }
}

void ls_schedule_init(struct ls_schedule *schedule, const double *centers_hz, size_t count,
                      double dwell_s, uint64_t seed) {
    assert(count >= 1 && count <= LS_SCHEDULE_MAX);
    memset(schedule, 0, sizeof *schedule);
    memcpy(schedule->centers_hz, centers_hz, count * sizeof *centers_hz);
    schedule->count = count;
    schedule->dwell_s = dwell_s;
    schedule->state = seed;
    for (size_t i = 0; i < count; i++) {
        schedule->order[i] = i;
    }
    schedule->next = count;
}

struct ls_dwell ls_schedule_next(struct ls_schedule *schedule) {
    if (schedule->next == schedule->count) {
        shuffle(schedule);
        schedule->next = 0;
    }
    double share = 1.0 + DWELL_SPREAD * (2.0 * next_uniform(schedule) - 1.0);
    return (struct ls_dwell){.center_hz = schedule->centers_hz[schedule->order[schedule->next++]],
                             .lasts_ns = ls_ns_from_seconds(share * schedule->dwell_s)};
}
