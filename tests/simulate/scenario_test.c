/* Scenario files: defaults, units, and one clear line for each mistake. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/time.h"
#include "simulate/scenario.h"

static struct ls_scenario *parsed(const char *yaml) {
    struct ls_scenario *scenario;
    struct ls_err err = {0};
    int code = ls_scenario_parse(&scenario, yaml, strlen(yaml), "test.yaml", &err);
    cr_assert_eq(code, LS_OK, "%s", err.text);
    return scenario;
}

Test(scenario, defaults_are_filled_in) {
    struct ls_scenario *s = parsed("duration_s: 1h\nsensor: {center_hz: 878M}\n");
    int64_t start;
    ls_time_parse("2026-11-20", &start, NULL);
    cr_expect_eq(s->start_ns, start);
    cr_expect_float_eq(s->duration_s, 3600.0, 0.0);
    cr_expect_float_eq(s->sensor.rate_sps, 2.4e6, 0.0);
    cr_expect_eq(s->sensor.format, LS_FORMAT_CU8);
    cr_expect_eq(s->sensor.site_count, 1);
    cr_expect_str_eq(s->sensor.sites[0].name, "sensor");
    cr_expect(isinf(s->sensor.dc_dbfs));
    /* Noise of 2.4 MHz at NF 6 dB is -104.17 dBm; 33 dB over it is full scale. */
    cr_expect_float_eq(s->sensor.full_scale_dbm, -71.17, 0.01);
    cr_expect_eq(s->sensor.hop.center_count, 0);
    cr_expect_float_eq(s->propagation.exponent, 2.0, 0.0);
    cr_expect_eq(s->emitter_count, 0);
    ls_scenario_destroy(s);
}

Test(scenario, values_are_read_as_people_write_them) {
    struct ls_scenario *s = parsed(
        "start: 2026-03-29T01:30:00+01:00\nduration_s: 90min\nseed: 9\n"
        "sensor: {center_hz: 878.2M, rate_sps: 8M, format: ci16_le, dc_dbfs: -35 dBFS, spurs: "
        "[{offset_hz: -250k, level_dbfs: -50}]}\n"
        "emitters:\n"
        "  - name: a\n    waveform: {id: gsm, mode: data}\n    channels_hz: [876.4M, 877M]\n"
        "    power_dbm: -3dBm\n    ppm: 500ppb\n    place_m: [1km, -20, 2]\n"
        "    script: {kind: cycle, hold_s: median 40s sigma 1.2, gap_s: 5s..15s, until_h: "
        "'22:30'}\n"
        "  - name: b\n    waveform: {id: gsm}\n    channels_hz: [876.4M]\n    permitted: yes\n"
        "    script: {kind: cycle, hold_s: 120s +- 0.5s, gap_s: mean 30s, miss: 10%}\n"
        "trains:\n  - {name: ic, speed_mps: 250km/h, times_s: [6h, 7h], length_m: 0.4km}\n");
    const struct ls_scenario_emitter *a = &s->emitters[0];
    const struct ls_scenario_emitter *b = &s->emitters[1];
    int64_t start;
    ls_time_parse("2026-03-29T00:30:00Z", &start, NULL);
    cr_expect_eq(s->start_ns, start);
    cr_expect_eq(s->seed, 9);
    cr_expect_eq(s->sensor.format, LS_FORMAT_CI16_LE);
    cr_expect_float_eq(s->sensor.dc_dbfs, -35.0, 0.0);
    cr_expect_float_eq(s->sensor.spurs[0].offset_hz, -250e3, 0.0);
    cr_expect_str_eq(a->air.params.mode, "data");
    cr_expect_float_eq(a->channels_hz[1], 877e6, 0.0);
    cr_expect_float_eq(a->power_dbm, -3.0, 0.0);
    cr_expect_float_eq(a->ppm, 0.5, 1e-12);
    cr_expect_float_eq(a->journey.place.x_m, 1000.0, 0.0);
    cr_expect_eq(a->script.hold.kind, LS_WAIT_LOG_NORMAL);
    cr_expect_float_eq(a->script.hold.spread, 1.2, 0.0);
    cr_expect_eq(a->script.gap.kind, LS_WAIT_UNIFORM);
    cr_expect_float_eq(a->script.gap.high_s, 15.0, 0.0);
    cr_expect_float_eq(a->script.window.until_h, 22.5, 0.0);
    cr_expect_null(b->air.params.mode);
    cr_expect(b->permitted);
    cr_expect_eq(b->script.hold.kind, LS_WAIT_FIXED);
    cr_expect_float_eq(b->script.hold.spread, 0.5, 0.0);
    cr_expect_eq(b->script.gap.kind, LS_WAIT_EXPONENTIAL);
    cr_expect_float_eq(b->script.miss, 0.1, 1e-12);
    cr_expect_float_eq(s->trains[0].speed_mps, 250.0 / 3.6, 1e-9);
    cr_expect_float_eq(s->trains[0].times_s[1], 25200.0, 0.0);
    cr_expect_float_eq(s->trains[0].length_m, 400.0, 1e-9);
    ls_scenario_destroy(s);
}

#define TOP "duration_s: 1h\nsensor:\n  center_hz: 878M\n"
#define A                                                                                          \
    "emitters:\n  - name: a\n    waveform: {id: carrier}\n    channels_hz: [878M]\n    script:\n"

static const struct {
    const char *yaml;
    const char *error;
} wrong[] = {
    {"sensor: {center_hz: 878M}\n", "'test.yaml' line 1: 'duration_s': is required"},
    {"duration_s: 1h\n",
     "'test.yaml' line 1: 'center_hz': is required when the receiver does not hop"},
    {"duration_s: 1 fortnight\nsensor: {center_hz: 1M}\n",
     "'test.yaml' line 1: 'duration_s': '1 fortnight' is not a duration: write it as 10ms, 2.5s, "
     "3min, 1h or 7d"},
    {"duration_s: 1h\nstart: 2026-11-20T08:00:00\nsensor: {center_hz: 878M}\n",
     "'test.yaml' line 2: 'start': '2026-11-20T08:00:00' is not a time: write UTC as"},
    {"start: 2261-01-01T00:00:00Z\n" TOP,
     "'test.yaml' line 1: 'start': has to be in the years 1970 to 2199"},
    {TOP "  noise_figure: 6\n", "'test.yaml' line 4: unknown key 'noise_figure'; did you mean "
                                "'noise_figure_db'?"},
    {TOP "  format: cu16\n",
     "'test.yaml' line 4: 'format': 'cu16' is not known; did you mean 'cu8'?"},
    {TOP "  noise_figure_db: 600\n",
     "'test.yaml' line 4: 'noise_figure_db': '600' is outside 0 to 60"},
    {TOP "  rate_sps: fast\n", "'test.yaml' line 4: 'rate_sps': 'fast' is not a frequency"},
    {TOP "  sites:\n    - {name: a}\n    - {name: b}\n    - {name: a}\n",
     "'test.yaml' line 7: 'name': 'a' is there twice"},
    {TOP "  sites:\n    - {place_m: [0, 0]}\n", "'test.yaml' line 5: 'name': is required"},
    {TOP "  sites:\n    - {name: a, place_m: [0]}\n",
     "'test.yaml' line 5: 'place_m': a place is [x, y] or [x, y, z] in metres"},
    {TOP A "      kind: clok\n",
     "'test.yaml' line 9: 'kind': 'clok' is not known; did you mean 'clock'?"},
    {TOP A "      kind: clock\n",
     "'test.yaml' line 8: 'period_s': a clock needs a period of 1 ms or more"},
    {TOP A "      kind: clock\n      period_s: 10s\n      jitter_s: 4s\n",
     "'test.yaml' line 11: 'jitter_s': more than a quarter of the period is no clock"},
    {TOP A "      kind: follow\n      leader: b\n",
     "'test.yaml' line 10: 'leader': no emitter is called 'b'"},
    {TOP A "      kind: follow\n      leader: a\n",
     "'test.yaml' line 10: 'leader': 'a' follows another one itself"},
    {TOP A "      kind: sweep\n      low_hz: 1M\n      high_hz: 2M\n",
     "'test.yaml' line 8: 'step_hz': a sweep needs a value above 0"},
    {TOP A "      kind: cycle\n      hold_s: 1us\n",
     "'test.yaml' line 8: 'gap_s': a cycle needs a hold or a gap of 1 ms or more"},
    {TOP A "      kind: poisson\n", "'test.yaml' line 8: 'rate_per_hour': needs a value above 0"},
    {TOP A "      kind: cycle\n      hold_s: 5s..2s\n",
     "'test.yaml' line 10: 'hold_s': '5s..2s' ends below its start"},
    {TOP A "      kind: always\n      start_s: 5s\n      stop_s: 2s\n",
     "'test.yaml' line 11: 'stop_s': is not after start_s"},
    {TOP "emitters:\n  - name: a\n    waveform: {id: carier}\n    channels_hz: [1M]\n    script: "
         "{kind: always}\n",
     "'test.yaml' line 6: 'waveform': no waveform is called 'carier'; did you mean 'carrier'?"},
    {TOP "emitters:\n  - name: a\n    waveform: {id: carrier, prbs: 3}\n    channels_hz: [1M]\n"
         "    script: {kind: always}\n",
     "'test.yaml' line 6: 'waveform': waveform 'carrier' does not use 'prbs'"},
    {TOP "emitters:\n  - name: a\n    waveform: {id: carrier}\n    script: {kind: always}\n",
     "'test.yaml' line 5: 'channels_hz': is required"},
    {TOP "emitters:\n  - name: a\n    waveform: {id: carrier}\n    channels_hz: [1M]\n    pattern: "
         "periodic-telemetri\n    script: {kind: always}\n",
     "'test.yaml' line 8: 'pattern': no kind of finding is called 'periodic-telemetri'; did you "
     "mean 'periodic-telemetry'?"},
    {TOP "emitters:\n  - name: a\n    waveform: {id: carrier}\n    channels_hz: [1M]\n    path: "
         "{waypoints: [{t_s: 0, place_m: [0, 0]}]}\n    script: {kind: always}\n",
     "'test.yaml' line 8: 'waypoints': a path has 2 to 15 waypoints"},
    {TOP "emitters:\n  - name: a\n    waveform: {id: carrier}\n    channels_hz: [1M]\n    ride: "
         "{train: ic}\n    script: {kind: always}\n",
     "'test.yaml' line 8: 'train': no train line is called 'ic'"},
    {TOP "trains:\n  - {name: ic, speed_mps: 250km/h}\n",
     "'test.yaml' line 5: 'headway_s': a timetable needs times_s, or a headway of 10 s or more"},
    {TOP "trains:\n  - {name: ic, speed_mps: fast, headway_s: 1h}\n",
     "'test.yaml' line 5: 'speed_mps': 'fast' is not a number of m/s"},
    {"duration_s: 1h\nsensor: [1, 2]\n",
     "'test.yaml' line 2: 'sensor': keys are asked for: 'key: value' lines, or {...}"},
    {"duration_s: 1h\nduration_s: 2h\nsensor: {center_hz: 1M}\n",
     "'test.yaml' line 2: 'duration_s': is there twice"},
    {TOP A "      kind: always\n      periods_s: 5s\n",
     "'test.yaml' line 10: unknown key 'periods_s'; did you mean 'period_s'?"},
    {TOP A "      kind: always\n      colour: red\n",
     "'test.yaml' line 10: unknown key 'colour' in 'emitters[].script': see lineside simulate "
     "--keys"},
    {TOP A "      kind: [always]\n", "'test.yaml' line 9: 'kind': one value is asked for"},
    {TOP A "      times_s: 5s\n", "'test.yaml' line 9: 'times_s': a list is asked for"},
    {TOP "emitters:\n  name: a\n", "'test.yaml' line 5: 'emitters': a list is asked for"},
    {TOP A "      kind: always\n      times_s: [[1]]\n",
     "'test.yaml' line 10: 'times_s': an entry is one value"},
    {"- duration_s: 1h\n", "'test.yaml' line 1: 'scenario': keys are asked for"},
    {"duration_s: [\n", "'test.yaml' line "},
    {"", "'test.yaml' "},
};

Test(scenario, every_mistake_has_one_clear_line) {
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct ls_scenario *scenario = NULL;
        struct ls_err err = {0};
        int code =
            ls_scenario_parse(&scenario, wrong[i].yaml, strlen(wrong[i].yaml), "test.yaml", &err);
        cr_expect_eq(code, LS_ERR_FORMAT, "%zu: %d", i, code);
        cr_expect_null(scenario);
        cr_expect_null(strchr(err.text, '\n'), "one line");
        cr_expect_eq(strncmp(err.text, wrong[i].error, strlen(wrong[i].error)), 0,
                     "%zu:\n  %s\n  %s", i, err.text, wrong[i].error);
    }
}

Test(scenario, a_missing_file_is_named) {
    struct ls_scenario *scenario = NULL;
    struct ls_err err = {0};
    cr_expect_eq(ls_scenario_load(&scenario, "no-such-scene.yaml", &err), LS_ERR_NOTFOUND);
    cr_expect(strstr(err.text, "no-such-scene.yaml") != NULL);
}
