/* survey/clock.h: event time held against a reference clock, slowly.
 *
 * Event time (survey/timeline.h) runs with the sample clock, which is off by up to some tens of
 * ppm; the reference is the system clock, which arrives with the driver's delays, or the device's
 * time. Of each window of 10 s the least difference counts: readings that were held up say nothing.
 * A quarter of it is taken out over the next window, at 500 ppm at most, which is what ntpd slews
 * at: so corrected time never goes back, and what was stamped once stays as it was stamped.
 *
 * The correction is a line through knots. The device thread makes knots, the search thread follows
 * them with a warp of its own. */
#ifndef SURVEY_CLOCK_H
#define SURVEY_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LS_CLOCK_WINDOWS = 64, LS_WARP_KNOTS = 256 };

/* Corrected time is event time plus offset, linear between knots. */
struct ls_knot {
    int64_t event_ns;
    int64_t offset_ns;
};

struct ls_clock {
    bool begun;
    struct ls_knot held; /* the correction was held until here */
    struct ls_knot next; /* and reaches this one */
    int64_t least_ns;    /* of the present window: reference minus event time */
    int64_t most_ns;
    bool any;
    struct ls_knot windows[LS_CLOCK_WINDOWS]; /* least differences, oldest overwritten */
    size_t window_count;                      /* so far */
    int64_t offset_ns; /* reference minus corrected time, of the last whole window */
    int64_t spread_ns; /* most minus least difference in it */
    bool system_known;
    int64_t system_ns; /* system clock minus steady clock, as last seen */
};

void ls_clock_init(struct ls_clock *clock);

/* At the same moment, the end of a reading: event time and the reference. True when there are new
 * knots: held, then next. */
bool ls_clock_reading(struct ls_clock *clock, int64_t event_ns, int64_t reference_ns);

/* Event time and the reference have moved against each other by something other than the rates of
 * clocks: what was measured before says nothing about those. */
void ls_clock_forget(struct ls_clock *clock);

/* The sample clock in ppm, positive when it runs fast; NAN until a minute has been seen. */
double ls_clock_ppm(const struct ls_clock *clock);

/* The system clock and the steady clock at one moment. How far the system clock was set since the
 * last call: 0, or more than 100 ms either way. */
int64_t ls_clock_step(struct ls_clock *clock, int64_t utc_ns, int64_t steady_ns);

/* Knots so far; of older ones fewer are kept. */
struct ls_warp {
    struct ls_knot knots[LS_WARP_KNOTS];
    size_t count;
};

void ls_warp_init(struct ls_warp *warp);
/* Knots that do not come after the last one are known already. */
void ls_warp_add(struct ls_warp *warp, struct ls_knot knot);
int64_t ls_warp_time(const struct ls_warp *warp, int64_t event_ns);

#endif
