/* survey/schedule.h: which tuning when. Each round visits every tuning once, in a new random order,
 * and every dwell has a random length: so the times at which a frequency was heard are no period
 * that a search for periods could find. The same seed gives the same schedule. */
#ifndef SURVEY_SCHEDULE_H
#define SURVEY_SCHEDULE_H

#include <stddef.h>
#include <stdint.h>

enum { LS_SCHEDULE_MAX = 256 };

struct ls_schedule {
    double centers_hz[LS_SCHEDULE_MAX];
    size_t count;
    double dwell_s;
    uint64_t state; /* of the random numbers */
    size_t order[LS_SCHEDULE_MAX];
    size_t next; /* in order */
};

struct ls_dwell {
    double center_hz;
    int64_t lasts_ns; /* dwell_s within 25 % */
};

/* count: 1 to LS_SCHEDULE_MAX. */
void ls_schedule_init(struct ls_schedule *schedule, const double *centers_hz, size_t count,
                      double dwell_s, uint64_t seed);

/* With two tunings or more, never the same one twice in a row. */
struct ls_dwell ls_schedule_next(struct ls_schedule *schedule);

#endif
