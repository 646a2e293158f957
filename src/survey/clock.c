#include "survey/clock.h"

#include <math.h>
#include <string.h>

#include "base/time.h"

static const int64_t WINDOW_NS = 10 * LS_NS_PER_S;
static const int64_t SLEW_NS = 5000000; /* 500 ppm of a window */
static const int64_t GAIN = 4;

/* Rounding of times to ns, and of the device's to us. */
static const int64_t DEAD_NS = 2000;

/* Farther off is no matter of two clocks that run alike: a replay that is not in real time. */
static const int64_t FOLLOW_MOST_NS = 2 * LS_NS_PER_S;

static const int64_t STEP_LEAST_NS = 100000000;

enum { PPM_WINDOWS = 6 };

void ls_clock_init(struct ls_clock *clock) { memset(clock, 0, sizeof *clock); }

/* The correction at event_ns, which is not before the last knot but one. */
static int64_t correction(const struct ls_clock *clock, int64_t event_ns) {
    int64_t span_ns = clock->next.event_ns - clock->held.event_ns;
    if (event_ns >= clock->next.event_ns || span_ns <= 0) {
        return clock->next.offset_ns;
    }
    double share = (double)(event_ns - clock->held.event_ns) / (double)span_ns;
    return clock->held.offset_ns +
           llround(share * (double)(clock->next.offset_ns - clock->held.offset_ns));
}

static void end_window(struct ls_clock *clock, int64_t event_ns) {
    struct ls_knot now = {.event_ns = event_ns, .offset_ns = correction(clock, event_ns)};
    clock->windows[clock->window_count++ % LS_CLOCK_WINDOWS] =
        (struct ls_knot){.event_ns = event_ns, .offset_ns = clock->least_ns};
    clock->offset_ns = clock->least_ns - now.offset_ns;
    clock->spread_ns = clock->most_ns - clock->least_ns;
    int64_t error_ns = clock->offset_ns;
    int64_t change_ns = error_ns / GAIN;
    change_ns = change_ns > SLEW_NS ? SLEW_NS : change_ns < -SLEW_NS ? -SLEW_NS : change_ns;
    if ((error_ns <= DEAD_NS && error_ns >= -DEAD_NS) || error_ns > FOLLOW_MOST_NS ||
        error_ns < -FOLLOW_MOST_NS) {
        change_ns = 0;
    }
    clock->held = now;
    clock->next =
        (struct ls_knot){.event_ns = event_ns + WINDOW_NS, .offset_ns = now.offset_ns + change_ns};
    clock->any = false;
}

bool ls_clock_reading(struct ls_clock *clock, int64_t event_ns, int64_t reference_ns) {
    int64_t difference_ns = reference_ns - event_ns;
    bool ends = clock->begun && clock->any && event_ns >= clock->next.event_ns;
    if (!clock->begun) {
        clock->begun = true;
        clock->held = (struct ls_knot){.event_ns = event_ns};
        clock->next = (struct ls_knot){.event_ns = event_ns + WINDOW_NS};
    }
    if (ends) {
        end_window(clock, event_ns);
    }
    clock->least_ns =
        !clock->any || difference_ns < clock->least_ns ? difference_ns : clock->least_ns;
    clock->most_ns = !clock->any || difference_ns > clock->most_ns ? difference_ns : clock->most_ns;
    clock->any = true;
    return ends;
}

void ls_clock_forget(struct ls_clock *clock) {
    clock->window_count = 0;
    clock->any = false;
}

/* Least squares line through the windows kept. */
double ls_clock_ppm(const struct ls_clock *clock) {
    size_t n =
        clock->window_count < LS_CLOCK_WINDOWS ? clock->window_count : (size_t)LS_CLOCK_WINDOWS;
    if (n < PPM_WINDOWS) {
        return (double)NAN;
    }
    const struct ls_knot *first = &clock->windows[0];
    double t = 0.0;
    double d = 0.0;
    for (size_t i = 0; i < n; i++) {
        t += (double)(clock->windows[i].event_ns - first->event_ns) / (double)n;
        d += (double)(clock->windows[i].offset_ns - first->offset_ns) / (double)n;
    }
    double tt = 0.0;
    double td = 0.0;
    for (size_t i = 0; i < n; i++) {
        double x = (double)(clock->windows[i].event_ns - first->event_ns) - t;
        tt += x * x;
        td += x * ((double)(clock->windows[i].offset_ns - first->offset_ns) - d);
    }
    return tt > 0.0 ? -1e6 * td / tt : (double)NAN;
}

int64_t ls_clock_step(struct ls_clock *clock, int64_t utc_ns, int64_t steady_ns) {
    int64_t system_ns = utc_ns - steady_ns;
    int64_t step_ns = clock->system_known ? system_ns - clock->system_ns : 0;
    clock->system_known = true;
    clock->system_ns = system_ns;
    return step_ns > STEP_LEAST_NS || step_ns < -STEP_LEAST_NS ? step_ns : 0;
}

void ls_warp_init(struct ls_warp *warp) { memset(warp, 0, sizeof *warp); }

/* Every second knot of the older half goes; the first stays: something may be on since then. */
static void thin(struct ls_warp *warp) {
    size_t half = LS_WARP_KNOTS / 2;
    size_t kept = 0;
    for (size_t i = 0; i < warp->count; i++) {
        if (i >= half || i % 2 == 0) {
            warp->knots[kept++] = warp->knots[i];
        }
    }
    warp->count = kept;
}

void ls_warp_add(struct ls_warp *warp, struct ls_knot knot) {
    if (warp->count > 0 && knot.event_ns <= warp->knots[warp->count - 1].event_ns) {
        return;
    }
    if (warp->count == LS_WARP_KNOTS) {
        thin(warp);
    }
    warp->knots[warp->count++] = knot;
}

int64_t ls_warp_time(const struct ls_warp *warp, int64_t event_ns) {
    size_t low = 0; /* knots[0, low) are not after event_ns */
    size_t high = warp->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (warp->knots[middle].event_ns <= event_ns) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == 0) {
        return event_ns + (warp->count > 0 ? warp->knots[0].offset_ns : 0);
    }
    const struct ls_knot *a = &warp->knots[low - 1];
    if (low == warp->count) {
        return event_ns + a->offset_ns;
    }
    const struct ls_knot *b = &warp->knots[low];
    double share = (double)(event_ns - a->event_ns) / (double)(b->event_ns - a->event_ns);
    return event_ns + a->offset_ns + llround(share * (double)(b->offset_ns - a->offset_ns));
}
