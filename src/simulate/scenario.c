/* The tables say what a value may be; here is what values must be to each other. Every check names
 * the path of the value, so that the error can name its line. */
#include "simulate/scenario.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "model/yaml.h"
#include "simulate/scenario_check.h"
#include "simulate/scenario_keys.h"

static int add_default_site(struct ls_scenario_sensor *sensor, struct ls_err *err) {
    if (sensor->site_count > 0) {
        return LS_OK;
    }
    struct ls_sensor_site *site = calloc(1, sizeof *site);
    if (site == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory reading a scenario");
    }
    ls_copy_text(site->name, sizeof site->name, "sensor");
    site->place.z_m = 10.0;
    free(sensor->sites);
    sensor->sites = site;
    sensor->site_count = 1;
    return LS_OK;
}

/* The modes that waveform parameters point to stand beside them. */
static void point_mode(struct ls_air *air) {
    air->params.mode = air->mode[0] != '\0' ? air->mode : NULL;
}

static int add_default_pass(struct ls_journey *journey, struct ls_err *err) {
    if (!journey->path_given || journey->path.pass_count > 0) {
        return LS_OK;
    }
    double *first = calloc(1, sizeof *first);
    if (first == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory reading a scenario");
    }
    free(journey->path.passes_s);
    journey->path.passes_s = first;
    journey->path.pass_count = 1;
    return LS_OK;
}

static int complete_emitter(struct ls_scenario_emitter *emitter, struct ls_err *err) {
    point_mode(&emitter->air);
    emitter->cell_nearest = strcmp(emitter->cell_name, "nearest") == 0;
    emitter->journey.kind = emitter->journey.ride_given   ? LS_MOTION_RIDE
                            : emitter->journey.path_given ? LS_MOTION_PATH
                                                          : LS_MOTION_FIXED;
    if (emitter->script.window.stop_s == 0.0) {
        emitter->script.window.stop_s = INFINITY;
    }
    return add_default_pass(&emitter->journey, err);
}

/* Rounding to 8 bits adds 2 / 127.5^2 / 12, or -49.9 dBFS: 0.1 dB to noise of -33 dBFS. */
static double default_full_scale_dbm(const struct ls_scenario_sensor *sensor) {
    bool coarse = sensor->format == LS_FORMAT_CU8 || sensor->format == LS_FORMAT_CI8;
    double noise_dbm =
        LS_SCENARIO_THERMAL_DBM_HZ + sensor->noise_figure_db + 10.0 * log10(sensor->rate_sps);
    return noise_dbm + (coarse ? 33.0 : 60.0);
}

/* What the tables cannot say: values that stand for others. */
static int complete(struct ls_scenario *scenario, struct ls_err *err) {
    struct ls_scenario_sensor *sensor = &scenario->sensor;
    sensor->format = (enum ls_format)(sensor->format_choice + LS_FORMAT_CU8);
    if (!sensor->dc_given) {
        sensor->dc_dbfs = -INFINITY;
    }
    if (!sensor->full_scale_given) {
        sensor->full_scale_dbm = default_full_scale_dbm(sensor);
    }
    int code = add_default_site(sensor, err);
    for (size_t i = 0; i < scenario->emitter_count && code == LS_OK; i++) {
        code = complete_emitter(&scenario->emitters[i], err);
    }
    for (size_t i = 0; i < scenario->train_count; i++) {
        struct ls_scenario_train *train = &scenario->trains[i];
        point_mode(&train->cab.air);
        point_mode(&train->gateway.air);
        for (size_t b = 0; b < train->phones.band_count; b++) {
            point_mode(&train->phones.bands[b].call);
            point_mode(&train->phones.bands[b].signal);
        }
    }
    return code;
}

int ls_scenario_parse(struct ls_scenario **ret, const char *text, size_t length, const char *file,
                      struct ls_err *err) {
    struct ls_scenario *scenario = calloc(1, sizeof *scenario);
    if (scenario == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory reading '%s'", file);
    }
    int code = ls_keys_read(&ls_scenario_top, text, length, file, scenario, err);
    if (code != LS_OK) {
        free(scenario);
        return code;
    }
    code = complete(scenario, err);
    if (code == LS_OK) {
        code = ls_scenario_check(scenario, text, length, file, err);
    }
    if (code != LS_OK) {
        ls_scenario_destroy(scenario);
        return code;
    }
    *ret = scenario;
    return LS_OK;
}

int ls_scenario_load(struct ls_scenario **ret, const char *path, struct ls_err *err) {
    char *text = NULL;
    size_t length = 0;
    int code = ls_yaml_read_file(path, &text, &length, err);
    if (code == LS_OK) {
        code = ls_scenario_parse(ret, text, length, path, err);
    }
    free(text);
    return code;
}

void ls_scenario_destroy(struct ls_scenario *scenario) {
    if (scenario != NULL) {
        ls_keys_clear(&ls_scenario_top, scenario);
        free(scenario);
    }
}
