#include "simulate/unit.h"

#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>

#include "base/time.h"
#include "simulate/presence.h"
#include "simulate/script.h"
#include "simulate/stream.h"

/* A phone holds its carrier within 0.1 ppm of the one it receives (3GPP TS 45.010, TS 36.101);
 * a third of that is the spread from one transmission to the next. */
static const double lock_spread_ppm = 0.03;
static const double lock_limit_ppm = 0.1;
static const double warmest_h = 15.0;

struct ls_unit {
    struct ls_unit_world world;
    const struct ls_scenario_emitter *emitter;
    size_t emitter_index;
    uint32_t number;
    gsl_rng *times; /* of the script */
    gsl_rng *radio; /* of power, channel, offset, content */
    uint64_t fade_key;
    double ppm;
    struct ls_place place;
    struct ls_presence presence;
    struct ls_script_run *script; /* NULL: follows */
    struct ls_unit *leader;
    struct ls_stay stay;
    bool staying;
    int64_t busy_until_ns; /* follow */
    uint64_t sent;
};

/* Evenly over a disc. */
static struct ls_place scatter(const struct ls_journey *journey, const gsl_rng *rng) {
    struct ls_place place = journey->place;
    double radius = journey->scatter_m * sqrt(gsl_rng_uniform(rng));
    double angle = 2.0 * M_PI * gsl_rng_uniform(rng);
    place.x_m += radius * cos(angle);
    place.y_m += radius * sin(angle);
    return place;
}

static double draw_ppm(const struct ls_scenario_emitter *emitter, const gsl_rng *rng) {
    return emitter->ppm + gsl_ran_gaussian(rng, emitter->ppm_spread);
}

static int create_times(struct ls_unit *unit, struct ls_err *err) {
    const struct ls_scenario_emitter *emitter = unit->emitter;
    if (emitter->script.kind == LS_SCRIPT_FOLLOW) {
        size_t leader = emitter->script.leader;
        uint32_t count = (uint32_t)unit->world.scenario->emitters[leader].count;
        return ls_unit_create(&unit->leader, &unit->world, leader, unit->number % count, err);
    }
    struct ls_script_opts opts = {.script = &emitter->script,
                                  .air = &emitter->air,
                                  .epoch_ns = unit->world.scenario->start_ns,
                                  .moving = emitter->journey.kind != LS_MOTION_FIXED,
                                  .crowd = emitter->crowd,
                                  .rng = unit->times};
    return ls_script_run_create(&unit->script, &opts, err);
}

int ls_unit_create(struct ls_unit **ret, const struct ls_unit_world *world, size_t emitter,
                   uint32_t number, struct ls_err *err) {
    struct ls_unit *unit = calloc(1, sizeof *unit);
    if (unit == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for an emitter");
    }
    const struct ls_scenario_emitter *from = &world->scenario->emitters[emitter];
    unit->world = *world;
    unit->emitter = from;
    unit->emitter_index = emitter;
    unit->number = number;
    unit->busy_until_ns = INT64_MIN;
    unit->times = ls_stream_create(ls_stream_key(world->seed, from->name, number, "times"));
    unit->radio = ls_stream_create(ls_stream_key(world->seed, from->name, number, "radio"));
    unit->fade_key = ls_stream_key(world->seed, from->name, number, "fading");
    int code = unit->times == NULL || unit->radio == NULL
                   ? ls_err_set(err, LS_ERR_NOMEM, "out of memory for emitter '%s'", from->name)
                   : create_times(unit, err);
    if (code != LS_OK) {
        ls_unit_destroy(unit);
        return code;
    }
    unit->place = scatter(&from->journey, unit->radio);
    unit->ppm = draw_ppm(from, unit->radio);
    struct ls_presence_opts opts = {
        .scenario = world->scenario, .emitter = from, .place = unit->place};
    if (from->journey.kind == LS_MOTION_RIDE) {
        opts.passages = world->passages[from->journey.ride.train];
        opts.passage_count = world->passage_counts[from->journey.ride.train];
    }
    ls_presence_init(&unit->presence, &opts);
    *ret = unit;
    return LS_OK;
}

void ls_unit_destroy(struct ls_unit *unit) {
    if (unit != NULL) {
        ls_unit_destroy(unit->leader);
        ls_script_run_destroy(unit->script);
        if (unit->times != NULL) {
            gsl_rng_free(unit->times);
        }
        if (unit->radio != NULL) {
            gsl_rng_free(unit->radio);
        }
        free(unit);
    }
}

static double ppm_at(const struct ls_unit *unit, double ppm, int64_t t_ns) {
    const struct ls_scenario_emitter *emitter = unit->emitter;
    if (emitter->locked) {
        double error = gsl_ran_gaussian(unit->radio, lock_spread_ppm);
        return fmax(-lock_limit_ppm, fmin(lock_limit_ppm, error));
    }
    double days = (double)(t_ns - unit->world.scenario->start_ns) / 8.64e13;
    double hour = fmod((double)t_ns / 3.6e12, 24.0);
    return ppm + emitter->ppm_per_day * days +
           emitter->ppm_day_swing * cos(2.0 * M_PI * (hour - warmest_h) / 24.0);
}

static double channel_of(const struct ls_unit *unit, const struct ls_script_slot *slot) {
    const struct ls_scenario_emitter *emitter = unit->emitter;
    if (slot->center_hz > 0.0) {
        return slot->center_hz;
    }
    size_t count = emitter->channel_count;
    if (emitter->order == LS_CHANNEL_RANDOM || (emitter->crowd && count > 1)) {
        return emitter->channels_hz[gsl_rng_uniform_int(unit->radio, count)];
    }
    uint64_t turn =
        emitter->order == LS_CHANNEL_CYCLIC ? slot->number + unit->number : unit->number;
    return emitter->channels_hz[turn % count];
}

static int serving_cell(const struct ls_unit *unit) {
    const struct ls_scenario_emitter *emitter = unit->emitter;
    if (!emitter->locked || unit->world.scenario->cell_count == 0) {
        return LS_SCENE_NO_CELL;
    }
    return emitter->cell_nearest ? LS_SCENE_NEAREST_CELL : (int)emitter->cell;
}

static void write_emission(struct ls_unit *unit, const struct ls_script_slot *slot,
                           struct ls_emission *ret) {
    const struct ls_scenario_emitter *emitter = unit->emitter;
    struct ls_emission emission = {.emitter = unit->emitter_index,
                                   .unit = unit->number,
                                   .passage = unit->stay.passage,
                                   .start_ns = slot->start_ns,
                                   .duration_ns = slot->duration_ns,
                                   .center_hz = channel_of(unit, slot),
                                   .fade_seed = unit->fade_key,
                                   .cell = serving_cell(unit),
                                   .leg_count = unit->stay.leg_count};
    double ppm = emitter->crowd ? draw_ppm(emitter, unit->radio) : unit->ppm;
    emission.ppm = ppm_at(unit, ppm, slot->start_ns);
    emission.power_dbm = emitter->power_dbm - emitter->loss_db +
                         gsl_ran_gaussian(unit->radio, emitter->power_spread_db);
    emission.seed = ls_stream_bits(unit->radio);
    for (size_t i = 0; i < unit->stay.leg_count; i++) {
        emission.legs[i] = unit->stay.legs[i];
    }
    if (emitter->crowd) {
        emission.fade_seed = ls_stream_bits(unit->radio);
        if (emitter->journey.kind == LS_MOTION_FIXED) {
            emission.legs[0].place = scatter(&emitter->journey, unit->radio);
        }
    }
    *ret = emission;
}

static bool next_stay(struct ls_unit *unit) {
    unit->staying = ls_presence_next(&unit->presence, &unit->stay);
    if (unit->staying && unit->script != NULL) {
        ls_script_run_enter(unit->script, unit->stay.from_ns, unit->stay.until_ns);
    }
    return unit->staying;
}

static bool next_own(struct ls_unit *unit, struct ls_script_slot *ret) {
    while (unit->staying || next_stay(unit)) {
        if (ls_script_run_next(unit->script, ret)) {
            return true;
        }
        unit->staying = false;
    }
    return false;
}

/* A follower's copy of one emission of its leader. */
static void follow(const struct ls_unit *unit, const struct ls_emission *leader,
                   struct ls_script_slot *ret) {
    const struct ls_script *script = &unit->emitter->script;
    double late_s = script->lag_s + gsl_ran_gaussian(unit->times, script->jitter_s);
    double hold_s = ls_stream_wait(unit->times, &script->hold);
    if (hold_s <= 0.0) {
        hold_s = (double)leader->duration_ns / (double)LS_NS_PER_S;
    }
    ret->start_ns = leader->start_ns + ls_ns_from_seconds(late_s);
    ret->start_ns = ret->start_ns < unit->busy_until_ns ? unit->busy_until_ns : ret->start_ns;
    ret->duration_ns = ls_script_length_ns(&unit->emitter->air, hold_s);
    ret->center_hz = 0.0;
}

static bool next_followed(struct ls_unit *unit, struct ls_script_slot *ret) {
    struct ls_emission leader;
    while (ls_unit_next(unit->leader, &leader)) {
        bool joins = gsl_rng_uniform(unit->times) < unit->emitter->script.join;
        follow(unit, &leader, ret);
        while ((unit->staying && ret->start_ns >= unit->stay.until_ns) || !unit->staying) {
            if (!next_stay(unit)) {
                return false;
            }
        }
        if (joins && ret->duration_ns > 0 && ret->start_ns >= unit->stay.from_ns) {
            unit->busy_until_ns = ret->start_ns + ret->duration_ns;
            ret->number = unit->sent;
            return true;
        }
    }
    return false;
}

bool ls_unit_next(struct ls_unit *unit, struct ls_emission *ret) {
    struct ls_script_slot slot;
    bool more = unit->leader != NULL ? next_followed(unit, &slot) : next_own(unit, &slot);
    if (more) {
        unit->sent++;
        write_emission(unit, &slot, ret);
    }
    return more;
}
