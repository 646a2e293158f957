#include "survey/timeline.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"

/* A device's time is rounded; drivers differ in how. Real losses are whole transfers, far longer.
 */
static const int64_t HW_SLOP_NS = 1000;
static const double HW_SLOP_SAMPLES = 0.75;

/* A device's clock that runs ahead of the steady clock by more than this was set, rather than
 * samples lost. */
static const int64_t HW_TRUST_NS = LS_NS_PER_S;

/* Long enough for some readings that were not held up, short enough that a sample clock 500 ppm off
 * moves the delay by no more than DELAY_SLOP_NS. */
static const int64_t WINDOW_NS = 10 * LS_NS_PER_S;
static const int64_t DELAY_SLOP_NS = 20000000;
static const int64_t SPREAD_MOST_NS = 100000000;

void ls_timeline_init(struct ls_timeline *timeline, double rate_sps, bool device_clock) {
    memset(timeline, 0, sizeof *timeline);
    timeline->rate_sps = rate_sps;
    timeline->device_clock = device_clock;
    timeline->broken = true;
}

void ls_timeline_set_waits(struct ls_timeline *timeline, bool waits) { timeline->waits = waits; }

int64_t ls_timeline_now(const struct ls_timeline *timeline) {
    return timeline->base_ns + ls_time_of_samples(timeline->count, timeline->rate_sps);
}

void ls_timeline_overflow(struct ls_timeline *timeline) { timeline->overflow = true; }

void ls_timeline_timeout(struct ls_timeline *timeline) { timeline->timeout = true; }

static uint64_t samples_in(const struct ls_timeline *timeline, int64_t ns) {
    return ns > 0 ? (uint64_t)llround((double)ns * timeline->rate_sps / 1e9) : 0;
}

/* The time until stop_ns belongs to a gap. Of one that needs a ninth row, the last row grows. */
static void add_gap(struct ls_timeline *timeline, enum ls_observation_state state,
                    const char *cause, int64_t stop_ns, uint64_t samples, int64_t error_ns) {
    struct ls_gap *last = timeline->gap_count > 0 ? &timeline->gaps[timeline->gap_count - 1] : NULL;
    bool same = last != NULL && last->state == state && strcmp(last->cause, cause) == 0;
    timeline->broken = true;
    if (same || timeline->gap_count == LS_TIMELINE_GAPS) {
        last->stop_ns = stop_ns;
        last->samples += samples;
        last->error_ns = error_ns > last->error_ns ? error_ns : last->error_ns;
        return;
    }
    struct ls_gap *gap = &timeline->gaps[timeline->gap_count++];
    *gap = (struct ls_gap){
        .state = state, .stop_ns = stop_ns, .samples = samples, .error_ns = error_ns};
    ls_copy_text(gap->cause, sizeof gap->cause, cause);
}

/* Event time goes on to stop_ns without samples. */
static void skip_to(struct ls_timeline *timeline, const char *cause, int64_t stop_ns,
                    int64_t error_ns) {
    int64_t from_ns = ls_timeline_now(timeline);
    if (stop_ns <= from_ns) {
        return;
    }
    enum ls_observation_state state = timeline->away ? timeline->away_state : LS_LOST;
    add_gap(timeline, state, timeline->away ? timeline->away_cause : cause, stop_ns,
            samples_in(timeline, stop_ns - from_ns), error_ns);
    timeline->base_ns = stop_ns;
    timeline->count = 0;
}

void ls_timeline_retune(struct ls_timeline *timeline) {
    if (!timeline->begun || (timeline->away && timeline->away_state == LS_OFF)) {
        return;
    }
    timeline->away = true;
    timeline->away_state = LS_RETUNING;
    ls_copy_text(timeline->away_cause, sizeof timeline->away_cause, "retune");
}

void ls_timeline_lost(struct ls_timeline *timeline, const char *cause, int64_t steady_ns) {
    if (!timeline->begun) {
        return;
    }
    if (!timeline->away || timeline->away_state != LS_OFF) {
        timeline->away_steady_ns = steady_ns;
        timeline->away_ns = ls_timeline_now(timeline);
        /* What was under way within the driver is gone too: time since then counts as off. */
        if (timeline->before.count + timeline->now.count > 0) {
            int64_t least = timeline->now.count > 0 ? timeline->now.least_ns : INT64_MAX;
            if (timeline->before.count > 0 && timeline->before.least_ns < least) {
                least = timeline->before.least_ns;
            }
            timeline->away_steady_ns = timeline->away_ns + least;
        }
    }
    timeline->away = true;
    timeline->away_state = LS_OFF;
    ls_copy_text(timeline->away_cause, sizeof timeline->away_cause, cause);
    timeline->hw_known = false;
    memset(&timeline->now, 0, sizeof timeline->now);
    memset(&timeline->before, 0, sizeof timeline->before);
}

void ls_timeline_tick(struct ls_timeline *timeline, int64_t steady_ns) {
    if (timeline->begun && timeline->away && timeline->away_state == LS_OFF) {
        skip_to(timeline, "", timeline->away_ns + (steady_ns - timeline->away_steady_ns), 0);
    }
}

void ls_timeline_restart(struct ls_timeline *timeline) {
    bool waits = timeline->waits;
    ls_timeline_init(timeline, timeline->rate_sps, timeline->device_clock);
    timeline->waits = waits;
}

static int64_t least_delay(const struct ls_timeline *timeline) {
    if (timeline->before.count == 0) {
        return timeline->now.least_ns;
    }
    bool now = timeline->now.count > 0 && timeline->now.least_ns < timeline->before.least_ns;
    return now ? timeline->now.least_ns : timeline->before.least_ns;
}

static int64_t spread_of(const struct ls_delays *delays) {
    int64_t spread = delays->count > 0 ? delays->most_ns - delays->least_ns : 0;
    return spread < SPREAD_MOST_NS ? spread : SPREAD_MOST_NS;
}

static int64_t delay_spread(const struct ls_timeline *timeline) {
    int64_t now = spread_of(&timeline->now);
    int64_t before = spread_of(&timeline->before);
    return now > before ? now : before;
}

/* Delay of the arrival if nothing is missing before it. */
static int64_t arrival_delay(const struct ls_timeline *timeline, const struct ls_arrival *arrival) {
    return arrival->steady_ns - ls_timeline_now(timeline) -
           ls_time_of_samples(arrival->count, timeline->rate_sps);
}

/* What the steady clock says is missing before the arrival; may be negative. */
static int64_t missing_by_delay(const struct ls_timeline *timeline,
                                const struct ls_arrival *arrival) {
    bool known = timeline->now.count + timeline->before.count > 0 && !timeline->waits;
    return known ? arrival_delay(timeline, arrival) - least_delay(timeline) : 0;
}

static const char *cause_of(const struct ls_timeline *timeline) {
    if (timeline->overflow) {
        return "overflow";
    }
    return timeline->timeout ? "time-out" : "time-jump";
}

/* Something is missing, but no clock says how much: a sample, so that nothing is joined. */
static int64_t after_a_sample(const struct ls_timeline *timeline) {
    int64_t sample_ns = ls_time_of_samples(1, timeline->rate_sps);
    return ls_timeline_now(timeline) + (sample_ns > 0 ? sample_ns : 1);
}

static void place_by_delay(struct ls_timeline *timeline, const struct ls_arrival *arrival) {
    int64_t missing_ns = missing_by_delay(timeline, arrival);
    int64_t spread_ns = delay_spread(timeline);
    int64_t late_ns = DELAY_SLOP_NS + spread_ns;
    /* Samples that come late are not lost, unless they stay late or the driver says so. */
    if (timeline->overflow || (timeline->timeout && missing_ns > late_ns) || timeline->away) {
        int64_t stop_ns = ls_timeline_now(timeline) + missing_ns;
        int64_t least_ns = timeline->away ? stop_ns : after_a_sample(timeline);
        skip_to(timeline, cause_of(timeline), stop_ns > least_ns ? stop_ns : least_ns, spread_ns);
    }
}

/* Where event time goes on when the device's time does not: ahead by diff_ns, or behind. */
static int64_t place_jump(const struct ls_timeline *timeline, const struct ls_arrival *arrival,
                          int64_t diff_ns) {
    int64_t now_ns = ls_timeline_now(timeline);
    if (timeline->device_clock) {
        int64_t ahead_ns = diff_ns > 0 ? now_ns + diff_ns : after_a_sample(timeline);
        return arrival->t_hw_ns > now_ns ? arrival->t_hw_ns : ahead_ns;
    }
    int64_t missing_ns = missing_by_delay(timeline, arrival);
    if (diff_ns > 0 && diff_ns < missing_ns + HW_TRUST_NS) {
        return now_ns + diff_ns;
    }
    int64_t least_ns = after_a_sample(timeline);
    return now_ns + missing_ns > least_ns ? now_ns + missing_ns : least_ns;
}

static void place_by_hardware(struct ls_timeline *timeline, const struct ls_arrival *arrival) {
    int64_t diff_ns = arrival->t_hw_ns - timeline->hw_next_ns;
    double samples = fabs((double)diff_ns) * timeline->rate_sps / 1e9;
    bool said = timeline->overflow || timeline->timeout || timeline->away;
    bool within =
        samples < 0.5 || (!said && (samples < HW_SLOP_SAMPLES || llabs(diff_ns) <= HW_SLOP_NS));
    if (!within) {
        int64_t half_ns = ls_time_of_samples(1, timeline->rate_sps) / 2;
        skip_to(timeline, cause_of(timeline), place_jump(timeline, arrival, diff_ns), half_ns);
    } else if (timeline->overflow) {
        /* The driver dropped nothing that its own time knows of: not joined all the same. */
        skip_to(timeline, cause_of(timeline), after_a_sample(timeline), 0);
    }
}

static void place_after_loss(struct ls_timeline *timeline, const struct ls_arrival *arrival) {
    int64_t lasts_ns = ls_time_of_samples(arrival->count, timeline->rate_sps);
    int64_t stop_ns =
        timeline->away_ns + (arrival->steady_ns - lasts_ns - timeline->away_steady_ns);
    bool by_device =
        timeline->device_clock && arrival->timed && arrival->t_hw_ns > ls_timeline_now(timeline);
    if (by_device) {
        stop_ns = arrival->t_hw_ns;
    }
    int64_t least_ns = after_a_sample(timeline);
    bool known = stop_ns > least_ns && (by_device || !timeline->waits);
    skip_to(timeline, "", known ? stop_ns : least_ns, lasts_ns);
}

static void begin(struct ls_timeline *timeline, const struct ls_arrival *arrival) {
    int64_t lasts_ns = ls_time_of_samples(arrival->count, timeline->rate_sps);
    bool by_device = timeline->device_clock && arrival->timed;
    timeline->begun = true;
    timeline->base_ns = by_device ? arrival->t_hw_ns : arrival->utc_ns - lasts_ns;
    timeline->count = 0;
    timeline->window_steady_ns = arrival->steady_ns;
}

/* Losses that nobody announced: even the least delay of a whole window is higher than that of the
 * window before. */
static void find_silent_loss(struct ls_timeline *timeline, const struct ls_arrival *arrival) {
    if (arrival->steady_ns - timeline->window_steady_ns < WINDOW_NS) {
        return;
    }
    int64_t rise_ns = timeline->now.least_ns - timeline->before.least_ns;
    int64_t slop_ns = DELAY_SLOP_NS + spread_of(&timeline->now);
    bool both = timeline->before.count > 0 && timeline->now.count > 0;
    bool tells = !timeline->hw_known && !timeline->away && !timeline->waits;
    if (both && tells && rise_ns > slop_ns) {
        skip_to(timeline, "silent", ls_timeline_now(timeline) + rise_ns, slop_ns);
        timeline->now.least_ns -= rise_ns;
        timeline->now.most_ns -= rise_ns;
    }
    timeline->before = timeline->now;
    memset(&timeline->now, 0, sizeof timeline->now);
    timeline->window_steady_ns = arrival->steady_ns;
}

static void note_delay(struct ls_timeline *timeline, int64_t delay_ns) {
    struct ls_delays *now = &timeline->now;
    bool first = now->count == 0;
    now->least_ns = first || delay_ns < now->least_ns ? delay_ns : now->least_ns;
    now->most_ns = first || delay_ns > now->most_ns ? delay_ns : now->most_ns;
    now->count++;
}

void ls_timeline_arrive(struct ls_timeline *timeline, const struct ls_arrival *arrival) {
    if (!timeline->begun) {
        begin(timeline, arrival);
    } else if (timeline->away && timeline->away_state == LS_OFF) {
        place_after_loss(timeline, arrival);
    } else if (timeline->hw_known && arrival->timed) {
        place_by_hardware(timeline, arrival);
    } else {
        place_by_delay(timeline, arrival);
    }
    find_silent_loss(timeline, arrival);
    note_delay(timeline, arrival_delay(timeline, arrival));
    int64_t lasts_ns = ls_time_of_samples(arrival->count, timeline->rate_sps);
    timeline->hw_known = arrival->timed || timeline->hw_known;
    timeline->hw_next_ns = (arrival->timed ? arrival->t_hw_ns : timeline->hw_next_ns) + lasts_ns;
    timeline->overflow = false;
    timeline->timeout = false;
}

bool ls_timeline_continues(const struct ls_timeline *timeline) { return !timeline->broken; }

int64_t ls_timeline_use(struct ls_timeline *timeline, size_t count, enum ls_timeline_use use) {
    int64_t t_ns = ls_timeline_now(timeline);
    if (use == LS_USE_KEEP && timeline->broken) {
        timeline->base_ns = t_ns;
        timeline->count = 0;
        timeline->broken = false;
    }
    timeline->count += count;
    timeline->away = false;
    if (use == LS_USE_SETTLE) {
        ls_timeline_retune(timeline);
        add_gap(timeline, LS_RETUNING, "retune", ls_timeline_now(timeline), count, 0);
    } else if (use == LS_USE_DROP) {
        add_gap(timeline, LS_LOST, "queue", ls_timeline_now(timeline), count, 0);
    }
    return t_ns;
}

void ls_timeline_set_rate(struct ls_timeline *timeline, double rate_sps) {
    timeline->base_ns = ls_timeline_now(timeline);
    timeline->count = 0;
    timeline->rate_sps = rate_sps;
    timeline->broken = true;
    timeline->hw_known = false;
}
