/* Scenario files: what is refused carries a line of text; what is taken makes a scene whose first
 * emissions and exposures come in order. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "simulate/scenario.h"
#include "simulate/scene.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS = 200, UNITS_MAX = 100 };

/* Large ones are right but slow. */
static int is_small(const struct ls_scenario *scenario) {
    size_t units = 0;
    for (size_t i = 0; i < scenario->emitter_count; i++) {
        units += scenario->emitters[i].count;
    }
    return units <= UNITS_MAX && scenario->train_count <= 4 && scenario->duration_s <= 86400.0;
}

static void check_scene(struct ls_scene *scene) {
    struct ls_emission emission;
    struct ls_exposure exposure;
    int64_t last_ns = INT64_MIN;
    uint64_t at = 0;
    for (int i = 0; i < STEPS && ls_scene_next(scene, &emission, NULL) == LS_OK; i++) {
        struct ls_link link;
        assert(emission.start_ns >= last_ns && emission.duration_ns > 0);
        ls_scene_link(scene, 0, &emission, emission.start_ns, &link);
        assert(link.distance_m >= 1.0);
        last_ns = emission.start_ns;
    }
    for (int i = 0; i < STEPS && ls_scene_next_exposure(scene, &exposure); i++) {
        assert(exposure.first_sample == at && exposure.samples > 0);
        at += exposure.samples;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct ls_scenario *scenario = NULL;
    struct ls_err err = {0};
    if (ls_scenario_parse(&scenario, (const char *)data, size, "fuzz.yaml", &err) != LS_OK) {
        assert(scenario == NULL && err.text[0] != '\0' && strchr(err.text, '\n') == NULL);
        return 0;
    }
    struct ls_scene_opts opts = {.seed = 1};
    struct ls_scene *scene = NULL;
    if (is_small(scenario) && ls_scene_create(&scene, scenario, &opts, &err) == LS_OK) {
        check_scene(scene);
    }
    ls_scene_destroy(scene);
    ls_scenario_destroy(scenario);
    return 0;
}
