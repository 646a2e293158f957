#include "simulate/presence.h"

#include <math.h>

#include "base/time.h"

enum { HOURS = 24 };

static int64_t after_start(const struct ls_scenario *scenario, double s) {
    return scenario->start_ns + ls_ns_from_seconds(s);
}

void ls_presence_init(struct ls_presence *presence, const struct ls_presence_opts *opts) {
    const struct ls_window *window = &opts->emitter->script.window;
    double stop_s = fmin(window->stop_s, opts->scenario->duration_s);
    *presence = (struct ls_presence){
        .opts = *opts, .until_ns = after_start(opts->scenario, stop_s), .busy_until_ns = INT64_MIN};
}

/* The n-th stretch of the daily hours, from the day before the start on: hours may go over
 * midnight. */
static void hours_of(const struct ls_presence *presence, size_t n, int64_t *ret_from,
                     int64_t *ret_until) {
    const struct ls_window *window = &presence->opts.emitter->script.window;
    int64_t day =
        ls_time_midnight(presence->opts.scenario->start_ns) + ((int64_t)n - 1) * LS_NS_PER_DAY;
    double until_h = window->until_h + (window->until_h <= window->from_h ? HOURS : 0);
    *ret_from = day + llround(window->from_h * 3.6e12);
    *ret_until = day + llround(until_h * 3.6e12);
}

static bool all_day(const struct ls_presence *presence) {
    const struct ls_window *window = &presence->opts.emitter->script.window;
    return window->from_h == window->until_h || window->until_h - window->from_h >= HOURS;
}

static bool stay_fixed(struct ls_presence *presence, struct ls_stay *ret) {
    const struct ls_window *window = &presence->opts.emitter->script.window;
    int64_t first_ns = after_start(presence->opts.scenario, window->start_s);
    ret->passage = 0;
    ret->leg_count = 1;
    ret->legs[0] = (struct ls_scene_leg){.t_ns = presence->opts.scenario->start_ns,
                                         .place = presence->opts.place};
    if (all_day(presence)) {
        ret->from_ns = first_ns;
        ret->until_ns = presence->until_ns;
        return presence->next++ == 0 && ret->from_ns < ret->until_ns;
    }
    for (;;) {
        hours_of(presence, presence->next++, &ret->from_ns, &ret->until_ns);
        if (ret->from_ns >= presence->until_ns) {
            return false;
        }
        ret->from_ns = ret->from_ns < first_ns ? first_ns : ret->from_ns;
        ret->until_ns = ret->until_ns > presence->until_ns ? presence->until_ns : ret->until_ns;
        if (ret->from_ns < ret->until_ns) {
            return true;
        }
    }
}

static void legs_of_path(const struct ls_path *path, int64_t start_ns, struct ls_stay *ret) {
    ret->leg_count = path->waypoint_count;
    for (size_t i = 0; i < path->waypoint_count; i++) {
        const struct ls_waypoint *at = &path->waypoints[i];
        struct ls_scene_leg *leg = &ret->legs[i];
        *leg = (struct ls_scene_leg){.t_ns = start_ns + ls_ns_from_seconds(at->t_s),
                                     .place = at->place};
        if (i + 1 < path->waypoint_count) {
            const struct ls_waypoint *to = &path->waypoints[i + 1];
            double s = to->t_s - at->t_s;
            leg->speed = (struct ls_place){.x_m = (to->place.x_m - at->place.x_m) / s,
                                           .y_m = (to->place.y_m - at->place.y_m) / s,
                                           .z_m = (to->place.z_m - at->place.z_m) / s};
        }
    }
}

static bool stay_on_path(struct ls_presence *presence, struct ls_stay *ret) {
    const struct ls_path *path = &presence->opts.emitter->journey.path;
    if (presence->next >= path->pass_count) {
        return false;
    }
    int64_t start_ns = after_start(presence->opts.scenario, path->passes_s[presence->next]);
    legs_of_path(path, start_ns, ret);
    ret->from_ns = ret->legs[0].t_ns;
    ret->until_ns = ret->legs[ret->leg_count - 1].t_ns;
    ret->passage = (uint32_t)presence->next++;
    return true;
}

static bool stay_on_train(struct ls_presence *presence, struct ls_stay *ret) {
    const struct ls_ride *ride = &presence->opts.emitter->journey.ride;
    for (; presence->next < presence->opts.passage_count; presence->next++) {
        const struct ls_passage *passage = &presence->opts.passages[presence->next];
        if (passage->number % ride->every == ride->first % ride->every &&
            passage->enter_ns >= presence->busy_until_ns) {
            ret->from_ns = passage->enter_ns;
            ret->until_ns = passage->leave_ns;
            presence->busy_until_ns = passage->leave_ns;
            ret->passage = passage->number;
            ret->leg_count = 1;
            ls_train_leg(&presence->opts.scenario->trains[ride->train], passage, &ride->offset,
                         &ret->legs[0]);
            presence->next++;
            return true;
        }
    }
    return false;
}

/* What the window of the script leaves of a passage. */
static bool within_window(const struct ls_presence *presence, struct ls_stay *stay) {
    const struct ls_window *window = &presence->opts.emitter->script.window;
    int64_t first_ns = after_start(presence->opts.scenario, window->start_s);
    stay->from_ns = stay->from_ns < first_ns ? first_ns : stay->from_ns;
    stay->until_ns = stay->until_ns > presence->until_ns ? presence->until_ns : stay->until_ns;
    if (stay->from_ns >= stay->until_ns || all_day(presence)) {
        return stay->from_ns < stay->until_ns;
    }
    double hour = (double)(stay->from_ns - ls_time_midnight(stay->from_ns)) / 3.6e12;
    return window->from_h < window->until_h ? hour >= window->from_h && hour < window->until_h
                                            : hour >= window->from_h || hour < window->until_h;
}

bool ls_presence_next(struct ls_presence *presence, struct ls_stay *ret) {
    enum ls_motion_kind kind = presence->opts.emitter->journey.kind;
    if (kind == LS_MOTION_FIXED) {
        return stay_fixed(presence, ret);
    }
    while (kind == LS_MOTION_PATH ? stay_on_path(presence, ret) : stay_on_train(presence, ret)) {
        if (within_window(presence, ret)) {
            return true;
        }
    }
    return false;
}
