#include "simulate/truth.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "model/line.h"
#include "simulate/stream.h"

enum { POINTS = 16 };

/* What has been planted by one emitter. */
struct tally {
    uint64_t transmissions;
    int64_t first_ns;
    int64_t last_ns;
    double airtime_s;
    double low_hz;
    double high_hz;
    uint32_t passage;
    uint64_t passages;
};

struct ls_truth {
    const struct ls_scene *scene;
    FILE *out;
    struct tally *tallies; /* [emitter] */
};

/* --- values: every key but the first writes its comma --- */

static void put_number(FILE *out, const char *key, double value) {
    char text[LS_LINE_NUMBER_BYTES];
    ls_line_number(value, text);
    fprintf(out, ",\"%s\":%s", key, text);
}

static void put_count(FILE *out, const char *key, uint64_t value) {
    fprintf(out, ",\"%s\":%llu", key, (unsigned long long)value);
}

static void put_flag(FILE *out, const char *key, bool value) {
    fprintf(out, ",\"%s\":%s", key, value ? "true" : "false");
}

static void put_string(FILE *out, const char *text) {
    putc('"', out);
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') {
            fprintf(out, "\\%c", c);
        } else if (c < 0x20) {
            fprintf(out, "\\u%04x", c);
        } else {
            putc(c, out);
        }
    }
    putc('"', out);
}

static void put_text(FILE *out, const char *key, const char *text) {
    if (text[0] != '\0') {
        fprintf(out, ",\"%s\":", key);
        put_string(out, text);
    }
}

static void put_time(FILE *out, const char *key, int64_t ns) {
    char text[LS_TIME_TEXT_BYTES];
    ls_time_format(ns, text);
    put_text(out, key, text);
}

/* To whole parts of per: 10 for tenths. */
static double rounded(double value, double per) { return nearbyint(value * per) / per; }

static int end_line(const struct ls_truth *truth, struct ls_err *err) {
    fputs("}\n", truth->out);
    return ferror(truth->out) ? ls_err_set(err, ls_err_code_from_errno(errno),
                                           "cannot write the truth: %s", strerror(errno))
                              : LS_OK;
}

/* --- the scene and its emitters --- */

static void put_place(FILE *out, const struct ls_place *place) {
    const double values[] = {place->x_m, place->y_m, place->z_m};
    for (int i = 0; i < 3; i++) {
        char text[LS_LINE_NUMBER_BYTES];
        ls_line_number(values[i], text);
        fprintf(out, "%s%s", i == 0 ? ",\"place_m\":[" : ",", text);
    }
    putc(']', out);
}

static int write_scene(const struct ls_truth *truth, struct ls_err *err) {
    const struct ls_scenario *scenario = ls_scene_scenario(truth->scene);
    FILE *out = truth->out;
    fputs("{\"type\":\"truth-scene\"", out);
    put_text(out, "name", scenario->name);
    put_text(out, "about", scenario->about);
    put_count(out, "seed", ls_scene_seed(truth->scene));
    put_time(out, "start", scenario->start_ns);
    put_time(out, "stop", scenario->start_ns + ls_ns_from_seconds(scenario->duration_s));
    fputs(",\"sensors\":[", out);
    for (size_t i = 0; i < scenario->sensor.site_count; i++) {
        fputs(i == 0 ? "{\"sensor\":" : ",{\"sensor\":", out);
        put_string(out, scenario->sensor.sites[i].name);
        put_place(out, &scenario->sensor.sites[i].place);
        putc('}', out);
    }
    putc(']', out);
    return end_line(truth, err);
}

static const char *class_of(const struct ls_air *air) {
    const struct ls_waveform_row *row = ls_waveform_find(air->id);
    return row == NULL ? "" : row->class_name;
}

static int write_emitter(const struct ls_truth *truth, size_t index,
                         const struct ls_scene_emitter *emitter, struct ls_err *err) {
    FILE *out = truth->out;
    fputs("{\"type\":\"truth-emitter\"", out);
    put_count(out, "emitter", index);
    put_text(out, "name", emitter->name);
    put_text(out, "waveform", emitter->air->id);
    put_text(out, "mode", emitter->air->mode);
    put_text(out, "class", class_of(emitter->air));
    put_text(out, "pattern", emitter->pattern);
    put_text(out, "group", emitter->group);
    put_flag(out, "permitted", emitter->permitted);
    put_flag(out, "locked", emitter->locked);
    put_count(out, "units", emitter->units);
    return end_line(truth, err);
}

int ls_truth_create(struct ls_truth **ret, const struct ls_scene *scene, FILE *out,
                    struct ls_err *err) {
    size_t count;
    const struct ls_scene_emitter *emitters = ls_scene_emitters(scene, &count);
    struct ls_truth *truth = calloc(1, sizeof *truth);
    struct tally *tallies = calloc(count + 1, sizeof *tallies);
    if (truth == NULL || tallies == NULL) {
        free(truth);
        free(tallies);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for the truth");
    }
    *truth = (struct ls_truth){.scene = scene, .out = out, .tallies = tallies};
    int code = write_scene(truth, err);
    for (size_t i = 0; i < count && code == LS_OK; i++) {
        code = write_emitter(truth, i, &emitters[i], err);
    }
    if (code != LS_OK) {
        ls_truth_destroy(truth);
        return code;
    }
    *ret = truth;
    return LS_OK;
}

void ls_truth_destroy(struct ls_truth *truth) {
    if (truth != NULL) {
        free(truth->tallies);
        free(truth);
    }
}

/* --- transmissions --- */

static void write_site(const struct ls_truth *truth, size_t site,
                       const struct ls_emission *emission, double bandwidth_hz) {
    const struct ls_scenario *scenario = ls_scene_scenario(truth->scene);
    double peak = 0.0;
    double sum = 0.0;
    double nearest_m = INFINITY;
    double shift_hz = 0.0;
    /* Under a radio at rest only the floor drifts: the middle stands for all of it. */
    int points = ls_scene_moves(emission) ? POINTS : 1;
    for (int i = 0; i < points; i++) {
        int64_t t_ns =
            emission->start_ns + (int64_t)((double)emission->duration_ns * (i + 0.5) / points);
        struct ls_link link;
        ls_scene_mean_link(truth->scene, site, emission, t_ns, &link);
        double noise_dbm = ls_scene_noise_dbm(truth->scene, bandwidth_hz, t_ns);
        double snr = pow(10.0, (link.level_dbm - noise_dbm) / 10.0);
        sum += snr / points;
        peak = fmax(peak, snr);
        nearest_m = fmin(nearest_m, link.distance_m);
        shift_hz += link.shift_hz / points;
    }
    fputs(site == 0 ? "{\"sensor\":" : ",{\"sensor\":", truth->out);
    put_string(truth->out, scenario->sensor.sites[site].name);
    put_number(truth->out, "snr_db", rounded(10.0 * log10(sum), 100.0));
    put_number(truth->out, "peak_snr_db", rounded(10.0 * log10(peak), 100.0));
    put_number(truth->out, "shift_hz", rounded(shift_hz, 100.0));
    put_number(truth->out, "distance_m", rounded(nearest_m, 10.0));
    putc('}', truth->out);
}

static void count_emission(struct tally *tally, const struct ls_emission *emission,
                           const struct ls_waveform_info *info) {
    double low_hz = emission->center_hz + info->low_hz;
    double high_hz = emission->center_hz + info->high_hz;
    int64_t stop_ns = emission->start_ns + emission->duration_ns;
    bool first = tally->transmissions == 0;
    tally->first_ns = first ? emission->start_ns : tally->first_ns;
    tally->last_ns = first || stop_ns > tally->last_ns ? stop_ns : tally->last_ns;
    tally->low_hz = first ? low_hz : fmin(tally->low_hz, low_hz);
    tally->high_hz = first ? high_hz : fmax(tally->high_hz, high_hz);
    tally->passages += first || tally->passage != emission->passage;
    tally->passage = emission->passage;
    tally->airtime_s += (double)emission->duration_ns / 1e9;
    tally->transmissions++;
}

int ls_truth_add(struct ls_truth *truth, const struct ls_emission *emission, struct ls_err *err) {
    size_t count;
    const struct ls_scene_emitter *emitter =
        &ls_scene_emitters(truth->scene, &count)[emission->emitter];
    const struct ls_scenario *scenario = ls_scene_scenario(truth->scene);
    struct ls_waveform_info info;
    ls_scene_describe(truth->scene, emission, &info);
    count_emission(&truth->tallies[emission->emitter], emission, &info);
    /* A bare carrier has no bandwidth: its SNR is that in 1 Hz, as for snr_db of scenarios. */
    double bandwidth_hz = fmax(1.0, info.high_hz - info.low_hz);
    FILE *out = truth->out;
    fputs("{\"type\":\"truth-transmission\"", out);
    put_count(out, "id", emission->id);
    put_count(out, "emitter", emission->emitter);
    put_text(out, "name", emitter->name);
    put_count(out, "unit", emission->unit);
    put_count(out, "passage", emission->passage);
    put_time(out, "start", emission->start_ns);
    put_number(out, "duration_s", (double)emission->duration_ns / 1e9);
    put_number(out, "center_hz", emission->center_hz + (info.low_hz + info.high_hz) / 2.0);
    put_number(out, "bandwidth_hz", info.high_hz - info.low_hz);
    put_text(out, "class", info.class_name);
    put_number(out, "ppm", rounded(emission->ppm, 1e6));
    put_count(out, "bursts", info.bursts);
    fputs(",\"sites\":[", out);
    for (size_t i = 0; i < scenario->sensor.site_count; i++) {
        write_site(truth, i, emission, bandwidth_hz);
    }
    putc(']', out);
    return end_line(truth, err);
}

/* --- patterns --- */

static void put_known(FILE *out, const char *key, double value) {
    if (isfinite(value) && (value > 0.0 || value < 0.0)) {
        put_number(out, key, value);
    }
}

static double path_speed(const struct ls_path *path) {
    const struct ls_waypoint *a = &path->waypoints[0];
    const struct ls_waypoint *b = &path->waypoints[1];
    double x = b->place.x_m - a->place.x_m;
    double y = b->place.y_m - a->place.y_m;
    double z = b->place.z_m - a->place.z_m;
    return sqrt(x * x + y * y + z * z) / (b->t_s - a->t_s);
}

static void write_parameters(const struct ls_truth *truth,
                             const struct ls_scenario_emitter *emitter, const struct tally *tally) {
    const struct ls_scenario *scenario = ls_scene_scenario(truth->scene);
    const struct ls_script *script = &emitter->script;
    const struct ls_journey *journey = &emitter->journey;
    FILE *out = truth->out;
    double on_s = ls_stream_wait_mean(&script->hold);
    bool cycle = script->kind == LS_SCRIPT_CYCLE;
    double off_s = cycle ? ls_stream_wait_mean(&script->gap) : 0.0;
    fputs(",\"parameters\":{\"units\":", out);
    fprintf(out, "%zu", emitter->count);
    put_known(out, "airtime_s", rounded(tally->airtime_s, 1e3));
    put_known(out, "on_s", on_s);
    put_known(out, "off_s", off_s);
    put_known(out, "period_s", cycle ? on_s + off_s : script->period_s);
    put_known(out, "jitter_s", script->jitter_s);
    put_known(out, "missed_fraction", script->miss);
    put_known(out, "drift_ppm", script->drift_ppm);
    put_known(out, "lag_s", script->lag_s);
    put_known(out, "step_hz", script->step_hz);
    put_known(out, "dwell_s", script->dwell_s);
    if (journey->kind != LS_MOTION_FIXED) {
        put_count(out, "passes", tally->passages);
        put_known(out, "speed_mps",
                  journey->kind == LS_MOTION_PATH
                      ? path_speed(&journey->path)
                      : scenario->trains[journey->ride.train].speed_mps);
    }
    putc('}', out);
}

static bool same_pattern(const struct ls_scenario_emitter *a, const struct ls_scenario_emitter *b) {
    return a == b || (a->group[0] != '\0' && strcmp(a->group, b->group) == 0 &&
                      strcmp(a->pattern, b->pattern) == 0);
}

static void join_tally(struct tally *ret, const struct tally *more) {
    if (ret->transmissions == 0 || more->transmissions == 0) {
        *ret = ret->transmissions == 0 ? *more : *ret;
        return;
    }
    ret->first_ns = more->first_ns < ret->first_ns ? more->first_ns : ret->first_ns;
    ret->last_ns = more->last_ns > ret->last_ns ? more->last_ns : ret->last_ns;
    ret->low_hz = fmin(ret->low_hz, more->low_hz);
    ret->high_hz = fmax(ret->high_hz, more->high_hz);
    ret->transmissions += more->transmissions;
    ret->airtime_s += more->airtime_s;
    ret->passages = more->passages > ret->passages ? more->passages : ret->passages;
}

/* The pattern that emitter `first` begins; the other members of its group stand behind it. */
static int write_pattern(const struct ls_truth *truth, size_t first, struct ls_err *err) {
    const struct ls_scenario *scenario = ls_scene_scenario(truth->scene);
    const struct ls_scenario_emitter *emitter = &scenario->emitters[first];
    struct tally all = {0};
    FILE *out = truth->out;
    fputs("{\"type\":\"truth-pattern\"", out);
    put_text(out, "kind", emitter->pattern);
    put_text(out, "group", emitter->group[0] != '\0' ? emitter->group : emitter->name);
    fputs(",\"emitters\":[", out);
    for (size_t i = first; i < scenario->emitter_count; i++) {
        if (same_pattern(emitter, &scenario->emitters[i])) {
            fprintf(out, "%s%zu", i == first ? "" : ",", i);
            join_tally(&all, &truth->tallies[i]);
        }
    }
    putc(']', out);
    put_flag(out, "permitted", emitter->permitted);
    put_count(out, "transmissions", all.transmissions);
    if (all.transmissions > 0) {
        put_time(out, "start", all.first_ns);
        put_time(out, "stop", all.last_ns);
        put_number(out, "low_hz", all.low_hz);
        put_number(out, "high_hz", all.high_hz);
    }
    write_parameters(truth, emitter, &all);
    return end_line(truth, err);
}

static bool begins_pattern(const struct ls_scenario *scenario, size_t index) {
    const struct ls_scenario_emitter *emitter = &scenario->emitters[index];
    for (size_t i = 0; i < index; i++) {
        if (same_pattern(&scenario->emitters[i], emitter)) {
            return false;
        }
    }
    return emitter->pattern[0] != '\0';
}

int ls_truth_finish(struct ls_truth *truth, struct ls_err *err) {
    const struct ls_scenario *scenario = ls_scene_scenario(truth->scene);
    int code = LS_OK;
    for (size_t i = 0; i < scenario->emitter_count && code == LS_OK; i++) {
        if (begins_pattern(scenario, i)) {
            code = write_pattern(truth, i, err);
        }
    }
    if (code == LS_OK && fflush(truth->out) != 0) {
        code = ls_err_set(err, ls_err_code_from_errno(errno), "cannot write the truth: %s",
                          strerror(errno));
    }
    return code;
}

int ls_truth_write(struct ls_scene *scene, FILE *out, struct ls_err *err) {
    struct ls_truth *truth;
    struct ls_emission emission;
    int code = ls_truth_create(&truth, scene, out, err);
    if (code != LS_OK) {
        return code;
    }
    while ((code = ls_scene_next(scene, &emission, err)) == LS_OK) {
        code = ls_truth_add(truth, &emission, err);
        if (code != LS_OK) {
            break;
        }
    }
    if (code == LS_EOF) {
        code = ls_truth_finish(truth, err);
    }
    ls_truth_destroy(truth);
    return code;
}
