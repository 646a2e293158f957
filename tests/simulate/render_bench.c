/* Recordings against the clock: ten emitters that never pause, at 2.4 MS/s in cu8, on one core. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "simulate/render.h"

static const char scene_text[] =
    "name: ten\nstart: 2026-11-20T08:00:00Z\nduration_s: 5\nseed: 1\n"
    "sensor:\n  sites:\n    - {name: km-1, place_m: [0, 0, 5]}\n"
    "  center_hz: 868.5M\n  rate_sps: 2.4M\n  format: cu8\n"
    "emitters:\n"
    "  - {name: a, waveform: {id: gsm, mode: data}, channels_hz: [868.0M], snr_db: 20,"
    " script: {kind: always}}\n"
    "  - {name: b, waveform: {id: gsm-bcch}, channels_hz: [869.0M], snr_db: 20,"
    " script: {kind: always}}\n"
    "  - {name: c, waveform: {id: tetra, mode: downlink}, channels_hz: [867.8M], snr_db: 20,"
    " script: {kind: always}}\n"
    "  - {name: d, waveform: {id: dmr, mode: base}, channels_hz: [868.3M], snr_db: 20,"
    " script: {kind: always}}\n"
    "  - {name: e, waveform: {id: carrier}, channels_hz: [868.4M], snr_db: 40,"
    " script: {kind: always}}\n"
    "  - {name: f, waveform: {id: fm}, channels_hz: [868.6M], snr_db: 20,"
    " script: {kind: always}}\n"
    "  - {name: g, waveform: {id: lora, spreading: 9}, channels_hz: [868.75M], snr_db: 5,"
    " script: {kind: cycle, hold_s: 0, gap_s: 10ms}}\n"
    "  - {name: h, waveform: {id: lte-uplink, prbs: 2, activity: 1}, channels_hz: [869.3M],"
    " snr_db: 10, script: {kind: always}}\n"
    "  - {name: i, waveform: {id: nb-iot, mode: downlink}, channels_hz: [867.6M], snr_db: 10,"
    " script: {kind: always}}\n"
    "  - {name: j, waveform: {id: chirp, bandwidth_hz: 200k}, channels_hz: [868.9M], snr_db: 3,"
    " script: {kind: always}}\n";

/* Processor time: other work on the machine does not count. */
static double processor_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int main(void) {
    char folder[] = "/tmp/lineside-bench-XXXXXX";
    char text[128];
    struct ls_err err = {0};
    struct ls_scenario *scenario = NULL;
    struct ls_scene *scene = NULL;
    struct ls_render_result result;
    if (mkdtemp(folder) == NULL) {
        perror(folder);
        return 1;
    }
    snprintf(text, sizeof text, "%s/ten", folder);
    int code = ls_scenario_parse(&scenario, scene_text, strlen(scene_text), "bench", &err);
    if (code == LS_OK) {
        code = ls_scene_create(&scene, scenario, &(struct ls_scene_opts){0}, &err);
    }
    double start_s = processor_s();
    if (code == LS_OK) {
        code = ls_render(scene, &(struct ls_render_opts){.path = text}, &result, &err);
    }
    double spent_s = processor_s() - start_s;
    if (code == LS_OK) {
        double multiple = scenario->duration_s / spent_s;
        printf("ten emitters at 2.4 MS/s, one core: %.2f times real time\n", multiple);
    } else {
        fprintf(stderr, "%s\n", err.text);
    }
    ls_scene_destroy(scene);
    ls_scenario_destroy(scenario);
    snprintf(text, sizeof text, "rm -r '%s'", folder);
    return system(text) != 0 || code != LS_OK;
}
