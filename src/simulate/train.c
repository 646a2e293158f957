#include "simulate/train.h"

#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>

#include "base/time.h"
#include "base/util.h"
#include "simulate/stream.h"

static size_t trains_a_day(const struct ls_scenario_train *train) {
    if (train->time_count > 0) {
        return train->time_count;
    }
    double hours = train->last_h - train->first_h + (train->last_h < train->first_h ? 24.0 : 0.0);
    return (size_t)floor(hours * 3600.0 / train->headway_s + 1e-9) + 1;
}

static double scheduled_s(const struct ls_scenario_train *train, size_t i) {
    return train->time_count > 0 ? train->times_s[i]
                                 : train->first_h * 3600.0 + (double)i * train->headway_s;
}

/* Slower than a fifth of the line speed is a train that stands. */
static double draw_speed(const struct ls_scenario_train *train, uint32_t number,
                         const gsl_rng *rng) {
    double factor = 1.0 + gsl_ran_gaussian(rng, train->speed_spread);
    double speed = train->speed_mps * fmax(0.2, factor);
    bool down =
        train->way == LS_TRAIN_DOWN || (train->way == LS_TRAIN_ALTERNATE && number % 2 == 1);
    return down ? -speed : speed;
}

static int by_entry(const void *a, const void *b) {
    const struct ls_passage *p = a;
    const struct ls_passage *q = b;
    if (p->enter_ns != q->enter_ns) {
        return p->enter_ns < q->enter_ns ? -1 : 1;
    }
    return (p->number > q->number) - (p->number < q->number);
}

int ls_train_passages(const struct ls_scenario *scenario, const struct ls_scenario_train *train,
                      uint64_t seed, struct ls_passage **ret, size_t *ret_count,
                      struct ls_err *err) {
    int64_t end_ns = scenario->start_ns + ls_ns_from_seconds(scenario->duration_s);
    int64_t midnight_ns = ls_time_midnight(scenario->start_ns);
    size_t days = (size_t)((end_ns - midnight_ns + LS_NS_PER_DAY - 1) / LS_NS_PER_DAY);
    size_t a_day = trains_a_day(train);
    struct ls_passage *list = calloc(days * a_day + 1, sizeof *list);
    gsl_rng *rng = ls_stream_create(ls_stream_key(seed, train->name, 0, "timetable"));
    if (list == NULL || rng == NULL) {
        free(list);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for the timetable of '%s'",
                          train->name);
    }
    size_t count = 0;
    for (size_t i = 0; i < days * a_day; i++) {
        uint32_t number = (uint32_t)i;
        double late_s = gsl_ran_gaussian(rng, train->delay_s);
        double speed = draw_speed(train, number, rng);
        int64_t half_ns = ls_ns_from_seconds(train->range_m / fabs(speed));
        int64_t middle_ns = midnight_ns + (int64_t)(i / a_day) * LS_NS_PER_DAY +
                            ls_ns_from_seconds(scheduled_s(train, i % a_day)) +
                            llround(late_s * 1e9);
        if (middle_ns + half_ns > scenario->start_ns && middle_ns - half_ns < end_ns) {
            list[count++] = (struct ls_passage){.enter_ns = middle_ns - half_ns,
                                                .leave_ns = middle_ns + half_ns,
                                                .speed_mps = speed,
                                                .number = number,
                                                .set = number % (uint32_t)train->sets};
        }
    }
    gsl_rng_free(rng);
    qsort(list, count, sizeof *list, by_entry);
    *ret = list;
    *ret_count = count;
    return LS_OK;
}

void ls_train_leg(const struct ls_scenario_train *train, const struct ls_passage *passage,
                  const struct ls_place *offset, struct ls_scene_leg *ret) {
    double way = passage->speed_mps < 0.0 ? -1.0 : 1.0;
    *ret = (struct ls_scene_leg){.t_ns = passage->enter_ns,
                                 .place = {.x_m = way * (offset->x_m - train->range_m),
                                           .y_m = train->track_m + offset->y_m,
                                           .z_m = train->height_m + offset->z_m},
                                 .speed = {.x_m = passage->speed_mps}};
}
