/* Every unit and every train line is a source of emissions in order of start; a heap of the sources
 * by their next emission merges them. */
#include "simulate/scene.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "base/util.h"
#include "simulate/exposure.h"
#include "simulate/geometry.h"
#include "simulate/stream.h"
#include "simulate/train.h"
#include "simulate/unit.h"

enum { NAME_BYTES = LS_SCENARIO_NAME_BYTES + 24 };

/* Points of a fading period or a bell that straight lines follow within 0.1 dB. */
static const double steps_a_cycle = 32.0;

struct source {
    struct ls_emission head;
    struct ls_unit *unit; /* or */
    struct ls_train_run *train;
};

struct ls_scene {
    const struct ls_scenario *scenario;
    uint64_t seed;
    int64_t end_ns;
    struct ls_scene_emitter *emitters;
    char (*names)[NAME_BYTES];
    size_t emitter_count;
    struct ls_passage **passages; /* [train] */
    size_t *passage_counts;
    struct source *sources;
    size_t source_count;
    size_t *heap; /* indices of sources that have more, the earliest first */
    size_t heap_count;
    uint64_t next_id;
    struct ls_exposure_run *exposures;
};

static int out_of_memory(struct ls_err *err) {
    return ls_err_set(err, LS_ERR_NOMEM, "out of memory for a scene");
}

/* --- emitters --- */

static size_t train_emitters(const struct ls_scenario_train *train) {
    return (size_t)train->cab_given + (size_t)train->gateway_given + 2 * train->phones.band_count;
}

static struct ls_scene_emitter *add_emitter(struct ls_scene *scene, const struct ls_air *air) {
    struct ls_scene_emitter *emitter = &scene->emitters[scene->emitter_count];
    *emitter = (struct ls_scene_emitter){.name = scene->names[scene->emitter_count],
                                         .group = "",
                                         .pattern = "",
                                         .locked = true,
                                         .air = air};
    scene->emitter_count++;
    return emitter;
}

static void add_train_emitters(struct ls_scene *scene, const struct ls_scenario_train *train,
                               struct ls_train_emitters *ret) {
    ret->cab = scene->emitter_count;
    if (train->cab_given) {
        snprintf(scene->names[scene->emitter_count], NAME_BYTES, "%s/cab", train->name);
        add_emitter(scene, &train->cab.air)->units = train->sets;
    }
    ret->gateway = scene->emitter_count;
    if (train->gateway_given) {
        snprintf(scene->names[scene->emitter_count], NAME_BYTES, "%s/gateway", train->name);
        add_emitter(scene, &train->gateway.air)->units = train->sets * train->gateway.channel_count;
    }
    ret->bands = scene->emitter_count;
    for (size_t b = 0; b < train->phones.band_count; b++) {
        snprintf(scene->names[scene->emitter_count], NAME_BYTES, "%s/phones-%zu", train->name, b);
        add_emitter(scene, &train->phones.bands[b].call);
        snprintf(scene->names[scene->emitter_count], NAME_BYTES, "%s/updates-%zu", train->name, b);
        add_emitter(scene, &train->phones.bands[b].signal);
    }
}

static void add_own_emitter(struct ls_scene *scene, const struct ls_scenario_emitter *from) {
    ls_copy_text(scene->names[scene->emitter_count], NAME_BYTES, from->name);
    struct ls_scene_emitter *emitter = add_emitter(scene, &from->air);
    emitter->group = from->group;
    emitter->pattern = from->pattern;
    emitter->permitted = from->permitted;
    emitter->locked = from->locked;
    emitter->units = from->crowd ? 0 : from->count;
}

/* --- sources --- */

static bool comes_before(const struct ls_scene *scene, size_t a, size_t b) {
    const struct ls_emission *p = &scene->sources[a].head;
    const struct ls_emission *q = &scene->sources[b].head;
    if (p->start_ns != q->start_ns) {
        return p->start_ns < q->start_ns;
    }
    if (p->emitter != q->emitter) {
        return p->emitter < q->emitter;
    }
    return p->unit != q->unit ? p->unit < q->unit : a < b;
}

static void sift_down(struct ls_scene *scene, size_t at) {
    for (;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < scene->heap_count; child++) {
            if (comes_before(scene, scene->heap[child], scene->heap[least])) {
                least = child;
            }
        }
        if (least == at) {
            return;
        }
        size_t swap = scene->heap[at];
        scene->heap[at] = scene->heap[least];
        scene->heap[least] = swap;
        at = least;
    }
}

/* What a source of the scenario's own emitters cannot know: the length of a telegram depends on its
 * content, a level may be fixed by its SNR. */
static void settle(const struct ls_scene *scene, struct ls_emission *emission) {
    const struct ls_scenario *scenario = scene->scenario;
    struct ls_waveform_info info;
    ls_scene_describe(scene, emission, &info);
    emission->duration_ns = llround(info.duration_s * 1e9);
    if (emission->emitter >= scenario->emitter_count ||
        !scenario->emitters[emission->emitter].snr_given) {
        return;
    }
    /* A bare carrier has no bandwidth: 1 Hz stands for it. */
    double bandwidth_hz = fmax(1.0, info.high_hz - info.low_hz);
    emission->level_given = true;
    emission->level_dbm = LS_SCENARIO_THERMAL_DBM_HZ + scenario->sensor.noise_figure_db +
                          10.0 * log10(bandwidth_hz) + scenario->emitters[emission->emitter].snr_db;
}

/* LS_OK, LS_EOF or an error. */
static int advance(struct ls_scene *scene, struct source *source, struct ls_err *err) {
    int code = source->train != NULL ? ls_train_run_next(source->train, &source->head, err)
               : ls_unit_next(source->unit, &source->head) ? LS_OK
                                                           : LS_EOF;
    if (code == LS_OK && source->head.start_ns >= scene->end_ns) {
        code = LS_EOF;
    }
    if (code == LS_OK) {
        settle(scene, &source->head);
    }
    return code;
}

static int create_train_sources(struct ls_scene *scene, struct ls_err *err) {
    int code = LS_OK;
    for (size_t i = 0; i < scene->scenario->train_count && code == LS_OK; i++) {
        const struct ls_scenario_train *train = &scene->scenario->trains[i];
        struct ls_train_run_opts opts = {.scenario = scene->scenario,
                                         .train = i,
                                         .seed = scene->seed,
                                         .passages = scene->passages[i],
                                         .passage_count = scene->passage_counts[i]};
        add_train_emitters(scene, train, &opts.emitters);
        code = ls_train_run_create(&scene->sources[scene->source_count++].train, &opts, err);
    }
    return code;
}

static int create_unit_sources(struct ls_scene *scene, struct ls_err *err) {
    struct ls_unit_world world = {.scenario = scene->scenario,
                                  .seed = scene->seed,
                                  .passages = scene->passages,
                                  .passage_counts = scene->passage_counts};
    int code = LS_OK;
    for (size_t e = 0; e < scene->scenario->emitter_count; e++) {
        const struct ls_scenario_emitter *emitter = &scene->scenario->emitters[e];
        add_own_emitter(scene, emitter);
        for (size_t u = 0; u < emitter->count && code == LS_OK; u++) {
            code = ls_unit_create(&scene->sources[scene->source_count++].unit, &world, e,
                                  (uint32_t)u, err);
        }
    }
    return code;
}

static int fill_heap(struct ls_scene *scene, struct ls_err *err) {
    for (size_t i = 0; i < scene->source_count; i++) {
        int code = advance(scene, &scene->sources[i], err);
        if (code < 0) {
            return code;
        }
        if (code == LS_OK) {
            scene->heap[scene->heap_count++] = i;
        }
    }
    for (size_t i = scene->heap_count; i-- > 0;) {
        sift_down(scene, i);
    }
    return LS_OK;
}

static int allocate(struct ls_scene *scene, struct ls_err *err) {
    const struct ls_scenario *scenario = scene->scenario;
    size_t emitters = scenario->emitter_count;
    size_t sources = scenario->train_count;
    for (size_t i = 0; i < scenario->train_count; i++) {
        emitters += train_emitters(&scenario->trains[i]);
    }
    for (size_t i = 0; i < scenario->emitter_count; i++) {
        sources += scenario->emitters[i].count;
    }
    scene->emitters = calloc(emitters + 1, sizeof *scene->emitters);
    scene->names = calloc(emitters + 1, sizeof *scene->names);
    scene->sources = calloc(sources + 1, sizeof *scene->sources);
    scene->heap = calloc(sources + 1, sizeof *scene->heap);
    scene->passages = calloc(scenario->train_count + 1, sizeof *scene->passages);
    scene->passage_counts = calloc(scenario->train_count + 1, sizeof *scene->passage_counts);
    if (scene->emitters == NULL || scene->names == NULL || scene->sources == NULL ||
        scene->heap == NULL || scene->passages == NULL || scene->passage_counts == NULL) {
        return out_of_memory(err);
    }
    return LS_OK;
}

static int build(struct ls_scene *scene, struct ls_err *err) {
    const struct ls_scenario *scenario = scene->scenario;
    int code = allocate(scene, err);
    for (size_t i = 0; i < scenario->train_count && code == LS_OK; i++) {
        code = ls_train_passages(scenario, &scenario->trains[i], scene->seed, &scene->passages[i],
                                 &scene->passage_counts[i], err);
    }
    if (code == LS_OK) {
        code = create_unit_sources(scene, err);
    }
    if (code == LS_OK) {
        code = create_train_sources(scene, err);
    }
    if (code == LS_OK) {
        code = ls_exposure_run_create(&scene->exposures, scenario, scene->seed, err);
    }
    return code == LS_OK ? fill_heap(scene, err) : code;
}

int ls_scene_create(struct ls_scene **ret, const struct ls_scenario *scenario,
                    const struct ls_scene_opts *opts, struct ls_err *err) {
    struct ls_scene *scene = calloc(1, sizeof *scene);
    if (scene == NULL) {
        return out_of_memory(err);
    }
    scene->scenario = scenario;
    scene->seed = opts->seed_given ? opts->seed : scenario->seed;
    scene->end_ns = scenario->start_ns + ls_ns_from_seconds(scenario->duration_s);
    int code = build(scene, err);
    if (code != LS_OK) {
        ls_scene_destroy(scene);
        return code;
    }
    *ret = scene;
    return LS_OK;
}

void ls_scene_destroy(struct ls_scene *scene) {
    if (scene == NULL) {
        return;
    }
    for (size_t i = 0; scene->sources != NULL && i < scene->source_count; i++) {
        ls_unit_destroy(scene->sources[i].unit);
        ls_train_run_destroy(scene->sources[i].train);
    }
    for (size_t i = 0; scene->passages != NULL && i < scene->scenario->train_count; i++) {
        free(scene->passages[i]);
    }
    ls_exposure_run_destroy(scene->exposures);
    free(scene->passages);
    free(scene->passage_counts);
    free(scene->sources);
    free(scene->heap);
    free(scene->names);
    free(scene->emitters);
    free(scene);
}

const struct ls_scenario *ls_scene_scenario(const struct ls_scene *scene) {
    return scene->scenario;
}

uint64_t ls_scene_seed(const struct ls_scene *scene) { return scene->seed; }

const struct ls_scene_emitter *ls_scene_emitters(const struct ls_scene *scene, size_t *ret_count) {
    *ret_count = scene->emitter_count;
    return scene->emitters;
}

int ls_scene_next(struct ls_scene *scene, struct ls_emission *ret, struct ls_err *err) {
    if (scene->heap_count == 0) {
        return LS_EOF;
    }
    struct source *first = &scene->sources[scene->heap[0]];
    struct ls_emission emission = first->head;
    int code = advance(scene, first, err);
    if (code < 0) {
        return code;
    }
    if (code == LS_EOF) {
        scene->heap[0] = scene->heap[--scene->heap_count];
    }
    sift_down(scene, 0);
    emission.id = scene->next_id++;
    *ret = emission;
    return LS_OK;
}

void ls_scene_describe(const struct ls_scene *scene, const struct ls_emission *emission,
                       struct ls_waveform_info *ret) {
    const struct ls_air *air = scene->emitters[emission->emitter].air;
    struct ls_waveform_opts opts = {.id = air->id,
                                    .duration_s = (double)emission->duration_ns / 1e9,
                                    .seed = emission->seed,
                                    .params = air->params};
    int code = ls_waveform_describe(&opts, ret, NULL);
    assert(code == LS_OK); /* it made the length of this emission */
}

bool ls_scene_next_exposure(struct ls_scene *scene, struct ls_exposure *ret) {
    return ls_exposure_run_next(scene->exposures, ret);
}

/* --- the radio link --- */

static const struct ls_place *cell_of(const struct ls_scenario *scenario,
                                      const struct ls_emission *emission,
                                      const struct ls_place *place) {
    if (emission->cell == LS_SCENE_NO_CELL) {
        return NULL;
    }
    if (emission->cell >= 0) {
        return &scenario->cells[emission->cell].place;
    }
    size_t nearest = 0;
    for (size_t i = 1; i < scenario->cell_count; i++) {
        if (ls_geometry_distance(place, &scenario->cells[i].place) <
            ls_geometry_distance(place, &scenario->cells[nearest].place)) {
            nearest = i;
        }
    }
    return &scenario->cells[nearest].place;
}

bool ls_scene_moves(const struct ls_emission *emission) {
    for (size_t i = 0; i < emission->leg_count; i++) {
        const struct ls_place *v = &emission->legs[i].speed;
        if (v->x_m != 0.0 || v->y_m != 0.0 || v->z_m != 0.0) {
            return true;
        }
    }
    return false;
}

/* Shadowing and fading differ from sensor to sensor. */
static uint64_t fade_seed(const struct ls_emission *emission, size_t site) {
    return emission->fade_seed + site * UINT64_C(0x9e3779b97f4a7c15);
}

static void shift_of_body(const struct ls_scene *scene, size_t site,
                          const struct ls_emission *emission, const struct ls_geometry_state *body,
                          struct ls_link *ret) {
    const struct ls_scenario *scenario = scene->scenario;
    const struct ls_place *sensor = &scenario->sensor.sites[site].place;
    double hz = emission->center_hz;
    double to_sensor = ls_geometry_closing_mps(body, sensor) / LS_SPEED_OF_LIGHT_MPS;
    const struct ls_place *cell = cell_of(scenario, emission, &body->place);
    double to_cell =
        cell == NULL ? 0.0 : ls_geometry_closing_mps(body, cell) / LS_SPEED_OF_LIGHT_MPS;
    double doppler = (1.0 + to_cell) * (1.0 + to_sensor);
    double speed = sqrt(body->speed.x_m * body->speed.x_m + body->speed.y_m * body->speed.y_m +
                        body->speed.z_m * body->speed.z_m);
    ret->level_dbm = (double)NAN;
    ret->distance_m = ls_geometry_distance(&body->place, sensor);
    ret->shift_hz = hz * ((1.0 + emission->ppm * 1e-6) * doppler - 1.0);
    ret->spread_hz = scenario->propagation.fading == LS_FADING_NONE
                         ? 0.0
                         : speed * hz / LS_SPEED_OF_LIGHT_MPS + scenario->propagation.fading_hz;
    ret->fading = 1.0;
}

static double level_of_body(const struct ls_scene *scene, size_t site,
                            const struct ls_emission *emission,
                            const struct ls_geometry_state *body) {
    const struct ls_scenario *scenario = scene->scenario;
    if (emission->level_given) {
        return emission->level_dbm;
    }
    return emission->power_dbm + scenario->sensor.antenna_gain_db -
           ls_geometry_path_loss_db(&scenario->propagation, &body->place,
                                    &scenario->sensor.sites[site].place, emission->center_hz) +
           ls_geometry_shadow_db(&scenario->propagation, fade_seed(emission, site), &body->place);
}

void ls_scene_shift(const struct ls_scene *scene, size_t site, const struct ls_emission *emission,
                    int64_t t_ns, struct ls_link *ret) {
    struct ls_geometry_state body;
    ls_geometry_at(emission->legs, emission->leg_count, t_ns, &body);
    shift_of_body(scene, site, emission, &body, ret);
}

void ls_scene_mean_link(const struct ls_scene *scene, size_t site,
                        const struct ls_emission *emission, int64_t t_ns, struct ls_link *ret) {
    struct ls_geometry_state body;
    ls_geometry_at(emission->legs, emission->leg_count, t_ns, &body);
    shift_of_body(scene, site, emission, &body, ret);
    ret->level_dbm = level_of_body(scene, site, emission, &body);
}

double complex ls_scene_fading(const struct ls_scene *scene, size_t site,
                               const struct ls_emission *emission, int64_t t_ns) {
    struct ls_geometry_state body;
    ls_geometry_at(emission->legs, emission->leg_count, t_ns, &body);
    double wavelengths = body.travelled_m * emission->center_hz / LS_SPEED_OF_LIGHT_MPS;
    double t_s = (double)(t_ns - scene->scenario->start_ns) / (double)LS_NS_PER_S;
    return ls_geometry_fading(&scene->scenario->propagation, fade_seed(emission, site), wavelengths,
                              t_s);
}

void ls_scene_link(const struct ls_scene *scene, size_t site, const struct ls_emission *emission,
                   int64_t t_ns, struct ls_link *ret) {
    ls_scene_mean_link(scene, site, emission, t_ns, ret);
    ret->fading = ls_scene_fading(scene, site, emission, t_ns);
}

double ls_scene_step_s(const struct ls_scene *scene, const struct ls_emission *emission) {
    double step_s = 1.0;
    for (size_t i = 0; i < emission->leg_count; i++) {
        const struct ls_place *v = &emission->legs[i].speed;
        double speed = sqrt(v->x_m * v->x_m + v->y_m * v->y_m + v->z_m * v->z_m);
        double spread_hz = scene->scenario->propagation.fading == LS_FADING_NONE
                               ? 0.0
                               : speed * emission->center_hz / LS_SPEED_OF_LIGHT_MPS +
                                     scene->scenario->propagation.fading_hz;
        /* 1 m of way: a hundredth of the closest distance that bells are asked for. */
        step_s = speed > 0.0 ? fmin(step_s, 1.0 / speed) : step_s;
        step_s = spread_hz > 0.0 ? fmin(step_s, 1.0 / (steps_a_cycle * spread_hz)) : step_s;
    }
    return step_s;
}

double ls_scene_noise_dbm(const struct ls_scene *scene, double bandwidth_hz, int64_t t_ns) {
    const struct ls_scenario_sensor *sensor = &scene->scenario->sensor;
    double t_s = (double)(t_ns - scene->scenario->start_ns) / (double)LS_NS_PER_S;
    return LS_SCENARIO_THERMAL_DBM_HZ + sensor->noise_figure_db + 10.0 * log10(bandwidth_hz) +
           sensor->floor_drift_db * sin(2.0 * M_PI * t_s / sensor->floor_drift_period_s);
}

double ls_scene_sensor_ppm(const struct ls_scene *scene, int64_t t_ns) {
    const struct ls_scenario_sensor *sensor = &scene->scenario->sensor;
    double hours = (double)(t_ns - scene->scenario->start_ns) / 3.6e12;
    return sensor->ppm + sensor->ppm_per_hour * hours;
}
