/* Recordings made of small scenes: level, frequency, time, and the same bytes each time. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"
#include "base/util.h"
#include "hw/source.h"
#include "simulate/measure.h"
#include "simulate/render.h"
#include "survey/crew.h"

static char folder[] = "/tmp/lineside-render-XXXXXX";

static void make_folder(void) { cr_assert_not_null(mkdtemp(folder)); }

static void remove_folder(void) {
    char command[64];
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    cr_expect_eq(system(command), 0);
}

TestSuite(render, .init = make_folder, .fini = remove_folder, .timeout = 120);

static void path_of(const char *name, char ret[128]) { snprintf(ret, 128, "%s/%s", folder, name); }

/* What every scene here starts with; the sensor may be added to, then come the emitters. */
#define HEAD                                                                                       \
    "name: test\nstart: 2026-11-20T08:00:00Z\nseed: 3\n"                                           \
    "sensor:\n"                                                                                    \
    "  sites:\n    - {name: km-1, place_m: [0, 0, 5]}\n"                                           \
    "  center_hz: 868M\n  rate_sps: 1M\n  format: cf32_le\n"                                       \
    "  dc_dbfs: -200\n  noise_figure_db: 6\n  full_scale_dbm: -40\n"

static struct ls_render_result render_opts(const char *text, struct ls_render_opts *opts,
                                           int wanted) {
    struct ls_err err = {0};
    struct ls_scenario *scenario;
    struct ls_scene *scene;
    struct ls_render_result result = {0};
    cr_assert_eq(ls_scenario_parse(&scenario, text, strlen(text), "test.yaml", &err), LS_OK, "%s",
                 err.text);
    cr_assert_eq(ls_scene_create(&scene, scenario, &(struct ls_scene_opts){0}, &err), LS_OK);
    cr_assert_eq(ls_render(scene, opts, &result, &err), wanted, "%s", err.text);
    ls_scene_destroy(scene);
    ls_scenario_destroy(scenario);
    return result;
}

static struct ls_render_result render(const char *text, const char *name) {
    char path[128];
    path_of(name, path);
    return render_opts(text, &(struct ls_render_opts){.path = path}, LS_OK);
}

/* The samples of a cf32 recording, all captures; freed by the caller. */
static float complex *samples_of(const char *name, size_t *ret_count) {
    char path[160];
    snprintf(path, sizeof path, "%s/%s.sigmf-data", folder, name);
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file);
    fseek(file, 0, SEEK_END);
    *ret_count = (size_t)ftell(file) / sizeof(float complex);
    rewind(file);
    float complex *samples = malloc(*ret_count * sizeof *samples);
    cr_assert_eq(fread(samples, sizeof *samples, *ret_count, file), *ret_count);
    fclose(file);
    return samples;
}

static json_t *meta_of(const char *name) {
    char path[160];
    snprintf(path, sizeof path, "%s/%s.sigmf-meta", folder, name);
    json_error_t error;
    json_t *root = json_load_file(path, 0, &error);
    cr_assert_not_null(root, "%s", error.text);
    return root;
}

static double number(const json_t *object, const char *key) {
    json_t *value = json_object_get(object, key);
    cr_assert(json_is_number(value), "no %s", key);
    return json_number_value(value);
}

/* Power between two frequencies about the centre, by spectrum. */
static double band_power(const float complex *x, size_t count, double low_hz, double high_hz) {
    enum { BINS = 4096 };
    static double spectrum[BINS];
    memset(spectrum, 0, sizeof spectrum);
    measure_spectrum(x, count, BINS, spectrum);
    double band = 0;
    double all = 0;
    for (size_t i = 0; i < BINS; i++) {
        double hz = ((double)i / BINS - 0.5) * 1e6;
        all += spectrum[i];
        band += hz >= low_hz && hz <= high_hz ? spectrum[i] : 0;
    }
    return band / all * measure_power(x, count);
}

/* A signal of 10 dB in its 99 % bandwidth, against the same recording without it. */
Test(render, snr_is_what_the_scenario_says) {
    render(HEAD "  # nothing on the air\nduration_s: 1\n", "noise");
    render(HEAD "duration_s: 1\nemitters:\n"
                "  - {name: bts, waveform: {id: gsm-bcch}, channels_hz: [868.1M], snr_db: 10,"
                " script: {kind: always}}\n",
           "signal");
    size_t count;
    LS_AUTO(float complex) noise = samples_of("noise", &count);
    LS_AUTO(float complex) signal = samples_of("signal", &count);
    cr_assert_eq(count, 1000000);
    struct ls_waveform_info info;
    cr_assert_eq(ls_waveform_describe(&(struct ls_waveform_opts){.id = "gsm-bcch"}, &info, NULL),
                 LS_OK);
    double low = 100e3 + info.low_hz;
    double high = 100e3 + info.high_hz;
    double floor_pow = band_power(noise, count, low, high);
    /* Away from the signal's skirts the floor is the same. */
    cr_expect_float_eq(band_power(signal, count, -450e3, -250e3) /
                           band_power(noise, count, -450e3, -250e3),
                       1, 0.02);
    double signal_pow = measure_power(signal, count) - measure_power(noise, count);
    double snr_db = 10 * log10(signal_pow / floor_pow);
    /* Noise of 246 kHz for 1 s: 0.01 dB. */
    cr_expect_float_eq(snr_db, 10, 0.1, "%.3f dB", snr_db);
    /* kT at 290 K is -173.98 dBm/Hz; 6 dB over that in 1 MHz, full scale at -40 dBm. */
    double floor_dbfs = 10 * log10(measure_power(noise, count));
    cr_expect_float_eq(floor_dbfs, -173.98 + 6 + 60 + 40, 0.05, "%.3f dBFS", floor_dbfs);
}

/* A carrier on a car that passes at 50 m with 40 m/s. */
Test(render, doppler_follows_the_geometry) {
    render(HEAD "duration_s: 10\nemitters:\n"
                "  - name: car\n    waveform: {id: carrier}\n    channels_hz: [868.05M]\n"
                "    snr_db: 80\n    ppm: 1\n    ppm_spread: 0\n"
                "    path: {waypoints: [{t_s: 0, place_m: [-200, 50, 5]},"
                " {t_s: 10, place_m: [200, 50, 5]}], passes_s: [0]}\n"
                "    script: {kind: always}\n",
           "car");
    size_t count;
    LS_AUTO(float complex) x = samples_of("car", &count);
    const size_t window = 50000;
    for (size_t at = 100000; at + window < 9900000; at += 500000) {
        /* Slope of the phase over 50 ms, after a rough shift, by sums over 100 us. */
        double complex before = 0;
        double turns = 0;
        double rough = 50e3;
        for (size_t block = 0; block < window / 100; block++) {
            double complex sum = 0;
            for (size_t i = 0; i < 100; i++) {
                size_t k = at + block * 100 + i;
                sum += (double complex)x[k] *
                       cexp(CMPLX(0, -2 * M_PI * fmod(rough * 1e-6 * (double)k, 1)));
            }
            turns += block > 0 ? carg(sum * conj(before)) / (2 * M_PI) : 0;
            before = sum;
        }
        double hz = turns / ((double)window - 100) * 1e6 + rough;
        double t = ((double)at + (double)window / 2) * 1e-6;
        double along = -200 + 40 * t;
        double closing = -40 * along / hypot(along, 50);
        double wanted = 50e3 + 868.05e6 * ((1 + 1e-6) * (1 + closing / 299792458.0) - 1);
        cr_expect_float_eq(hz, wanted, 0.5, "at %.2f s: %.2f Hz, wanted %.2f", t, hz, wanted);
    }
}

static const char busy[] =
    HEAD "  loss: {rate_per_hour: 36000, length_s: 2ms}\n  ripple_db: 0.3\n  edge_db: 3\n"
         "propagation: {fading: rayleigh, fading_hz: 5}\n"
         "duration_s: 1\nemitters:\n"
         "  - {name: a, waveform: {id: gsm, mode: speech}, channels_hz: [868.1M], snr_db: 20,"
         " script: {kind: always}}\n"
         "  - {name: b, waveform: {id: lora}, channels_hz: [867.8M], snr_db: 5,"
         " script: {kind: cycle, hold_s: 0, gap_s: 30ms}}\n"
         "  - {name: c, waveform: {id: lte-uplink, bandwidth_hz: 3M}, channels_hz: [868.9M],"
         " snr_db: 10, script: {kind: always}}\n"
         "  - {name: d, waveform: {id: nexus}, channels_hz: [868.3M], snr_db: 15,"
         " script: {kind: list, times_s: [0.1]}}\n"
         "  - {name: e, waveform: {id: carrier}, channels_hz: [867.6M], snr_db: 20,"
         " script: {kind: always}}\n";

static void expect_same_files(const char *a, const char *b, const char *suffix) {
    char command[256];
    snprintf(command, sizeof command, "cmp '%s/%s.%s' '%s/%s.%s'", folder, a, suffix, folder, b,
             suffix);
    cr_expect_eq(system(command), 0, "%s and %s differ", a, b);
}

static void backwards(void *runner, void (*job)(void *context, size_t index), void *context,
                      size_t count) {
    ++*(size_t *)runner;
    while (count-- > 0) {
        job(context, count);
    }
}

Test(render, bytes_do_not_depend_on_threads_or_their_order) {
    char path[128];
    render(busy, "one");
    render(busy, "again");
    struct ls_crew *crew;
    cr_assert_eq(ls_crew_create(&crew, 2, NULL), LS_OK);
    path_of("two", path);
    struct ls_render_opts two = {.path = path, .run = ls_crew_run, .runner = crew, .lanes = 2};
    render_opts(busy, &two, LS_OK);
    ls_crew_destroy(crew);
    size_t calls = 0;
    path_of("backwards", path);
    struct ls_render_opts back = {.path = path, .run = backwards, .runner = &calls, .lanes = 5};
    render_opts(busy, &back, LS_OK);
    cr_expect_gt(calls, 10, "never more than one job at once");
    const char *const others[] = {"again", "two", "backwards"};
    for (size_t i = 0; i < LS_COUNT(others); i++) {
        expect_same_files("one", others[i], "sigmf-data");
        expect_same_files("one", others[i], "sigmf-meta");
    }
}

/* Losses show as captures with times of their own, and the signal goes on behind them as if nothing
 * had happened: a carrier keeps its phase. */
Test(render, lost_samples_are_new_captures_at_the_right_time) {
    struct ls_render_result result =
        render(HEAD "  loss: {rate_per_hour: 36000, length_s: 3ms}\nduration_s: 2\nemitters:\n"
                    "  - {name: c, waveform: {id: carrier}, channels_hz: [868.1M], snr_db: 70,"
                    " ppm: 0, ppm_spread: 0, script: {kind: always}}\n",
               "lost");
    cr_assert_gt(result.captures, 8);
    size_t count;
    LS_AUTO(float complex) x = samples_of("lost", &count);
    cr_expect_eq(count, result.samples);
    cr_expect_lt(count, 2000000);
    char path[128];
    path_of("lost", path);
    struct ls_source *source;
    struct ls_err err = {0};
    cr_assert_eq(ls_source_open(&source, &(struct ls_source_opts){.path = path}, &err), LS_OK, "%s",
                 err.text);
    const struct ls_source_info *info = ls_source_info(source);
    cr_assert_eq(info->capture_count, result.captures);
    int64_t start_ns;
    cr_assert_eq(ls_time_parse("2026-11-20T08:00:00Z", &start_ns, NULL), LS_OK);
    double phase = NAN;
    for (size_t i = 0; i < info->capture_count; i++) {
        const struct ls_capture *capture = &info->captures[i];
        cr_expect_eq((capture->t_ns - start_ns) % 1000, 0, "a sample lasts a microsecond");
        double wall = (double)(capture->t_ns - start_ns) / 1000;
        double complex sum = 0;
        size_t n = capture->samples < 500 ? (size_t)capture->samples : 500;
        for (size_t k = 0; k < n; k++) {
            double turns = fmod(-0.1 * (wall + (double)k), 1);
            sum += (double complex)x[capture->first_sample + k] * cexp(CMPLX(0, 2 * M_PI * turns));
        }
        phase = isnan(phase) ? carg(sum) : phase;
        cr_expect_lt(fabs(carg(sum * cexp(CMPLX(0, -phase)))), 0.1, "capture %zu", i);
    }
    ls_source_destroy(source);
}

/* The upper half of a GSM carrier at the edge of the band is filtered away, not folded to the lower
 * edge (but for the last 4 % of the band, where the filter falls, as a receiver's does); a wide
 * signal beyond the band leaves no more than its part. */
Test(render, nothing_folds_in_from_outside_the_band) {
    render(HEAD "duration_s: 0.5\nemitters:\n"
                "  - {name: edge, waveform: {id: gsm-bcch}, channels_hz: [868.45M], snr_db: 50,"
                " script: {kind: always}}\n",
           "edge");
    size_t count;
    LS_AUTO(float complex) x = samples_of("edge", &count);
    double inside = band_power(x, count, 350e3, 450e3);
    double folded = band_power(x, count, -450e3, -400e3);
    double quiet = band_power(x, count, -200e3, -110e3);
    cr_expect_gt(10 * log10(inside / quiet), 40);
    cr_expect_lt(10 * log10(folded / quiet), 3, "%.1f dB", 10 * log10(folded / quiet));
    struct ls_render_result result =
        render(HEAD "duration_s: 0.1\nemitters:\n"
                    "  - {name: wide, waveform: {id: ofdm, bandwidth_hz: 4M},"
                    " channels_hz: [870.4M], snr_db: 15, script: {kind: always}}\n"
                    "  - {name: far, waveform: {id: gsm-bcch}, channels_hz: [875M], snr_db: 30,"
                    " script: {kind: always}}\n",
               "wide");
    cr_expect_eq(result.emissions, 2);
    cr_expect_eq(result.emissions_seen, 1);
    LS_AUTO(float complex) wide = samples_of("wide", &count);
    /* Its lower edge is at +400 kHz. */
    double on = band_power(wide, count, 420e3, 450e3);
    double off = band_power(wide, count, 300e3, 330e3);
    double lower = band_power(wide, count, -450e3, -420e3);
    cr_expect_float_eq(10 * log10(on / off), 15, 1, "%.2f dB", 10 * log10(on / off));
    cr_expect_float_eq(10 * log10(lower / off), 0, 1, "%.2f dB", 10 * log10(lower / off));
}

Test(render, annotations_say_where_each_transmission_is) {
    render(HEAD "duration_s: 1\nemitters:\n"
                "  - {name: keyfob, waveform: {id: fsk}, channels_hz: [868.2M], snr_db: 30,"
                " ppm: 0, ppm_spread: 0, script: {kind: list, times_s: [0.25, 0.5]}}\n",
           "fob");
    json_t *root = meta_of("fob");
    json_t *list = json_object_get(root, "annotations");
    cr_assert_eq(json_array_size(list), 2);
    size_t count;
    LS_AUTO(float complex) x = samples_of("fob", &count);
    for (size_t i = 0; i < 2; i++) {
        json_t *annotation = json_array_get(list, i);
        size_t from = (size_t)number(annotation, "core:sample_start");
        size_t length = (size_t)number(annotation, "core:sample_count");
        cr_expect_eq(from, i == 0 ? 250000 : 500000);
        double inside = measure_power(&x[from], length);
        cr_expect_gt(inside, 30 * measure_power(&x[from - 3000], 2900));
        cr_expect_gt(inside, 30 * measure_power(&x[from + length + 100], 2900));
        double low = number(annotation, "core:freq_lower_edge");
        double high = number(annotation, "core:freq_upper_edge");
        cr_expect_float_eq((low + high) / 2, 868.2e6, 100);
        double share = band_power(&x[from], length, low - 868e6, high - 868e6) / inside;
        cr_expect(share > 0.96 && share < 1, "%.3f of the power", share);
        cr_expect_str_eq(json_string_value(json_object_get(annotation, "core:label")), "fsk");
        cr_expect_str_eq(json_string_value(json_object_get(annotation, "core:comment")),
                         "keyfob unit 0");
    }
    json_decref(root);
}

/* A nexus telegram lasts by its bits: 36 gaps of 1 or 2 ms, twelve times. */
Test(render, the_length_of_a_telegram_is_that_of_its_content) {
    render(HEAD "duration_s: 5\nemitters:\n"
                "  - {name: n, waveform: {id: nexus}, channels_hz: [868.2M], snr_db: 30,"
                " script: {kind: list, times_s: [0.5, 2, 3.5]}}\n",
           "nexus");
    json_t *root = meta_of("nexus");
    json_t *list = json_object_get(root, "annotations");
    cr_assert_eq(json_array_size(list), 3);
    size_t count;
    LS_AUTO(float complex) x = samples_of("nexus", &count);
    size_t lengths[3];
    for (size_t i = 0; i < 3; i++) {
        json_t *annotation = json_array_get(list, i);
        size_t from = (size_t)number(annotation, "core:sample_start");
        lengths[i] = (size_t)number(annotation, "core:sample_count");
        size_t end = from + lengths[i];
        cr_expect_gt(measure_power(&x[end - 400], 300), 10 * measure_power(&x[end + 100], 300));
    }
    cr_expect(lengths[0] != lengths[1] || lengths[0] != lengths[2]);
    json_decref(root);
}

Test(render, recording_reads_back_with_its_hash) {
    render(busy, "hash");
    char path[128];
    path_of("hash", path);
    struct ls_source *source;
    cr_assert_eq(ls_source_open(&source, &(struct ls_source_opts){.path = path}, NULL), LS_OK);
    struct ls_block block;
    int code;
    uint64_t samples = 0;
    while ((code = ls_source_read(source, &block, NULL)) == LS_OK) {
        samples += block.count;
    }
    cr_expect_eq(code, LS_EOF);
    char hex[129];
    cr_expect_eq(ls_source_hash(source, NULL, hex, NULL), LS_OK);
    cr_expect_str_eq(hex, ls_source_info(source)->sha512);
    cr_expect_str_eq(ls_source_info(source)->recorder, "km-1");
    cr_expect_eq(samples, ls_source_info(source)->samples);
    ls_source_destroy(source);
}

/* Two tunings in turn: the annotation of what is on both ends with each dwell. */
Test(render, a_hopping_receiver_tunes_its_captures) {
    struct ls_render_result result =
        render(HEAD "  hop: {centers_hz: [868.2M, 868.6M], dwell_s: 100ms, settle_s: 5ms}\n"
                    "duration_s: 1\nemitters:\n"
                    "  - {name: c, waveform: {id: carrier}, channels_hz: [868.45M], snr_db: 60,"
                    " ppm: 0, ppm_spread: 0, script: {kind: always}}\n",
               "hop");
    cr_assert_eq(result.captures, 10);
    json_t *root = meta_of("hop");
    json_t *captures = json_object_get(root, "captures");
    size_t count;
    LS_AUTO(float complex) x = samples_of("hop", &count);
    for (size_t i = 0; i < 9; i++) {
        json_t *capture = json_array_get(captures, i);
        double center = number(capture, "core:frequency");
        cr_expect_eq(center, i % 2 == 0 ? 868.2e6 : 868.6e6);
        size_t from = (size_t)number(capture, "core:sample_start");
        double offset = 868.45e6 - center;
        double on = band_power(&x[from], 100000, offset - 1e3, offset + 1e3);
        double mirror = band_power(&x[from], 100000, -offset - 1e3, -offset + 1e3);
        cr_expect_gt(on, 100 * mirror, "capture %zu", i);
    }
    cr_expect_eq(json_array_size(json_object_get(root, "annotations")), 10);
    json_decref(root);
}

static void count_calls(void *context, double done_s, double total_s) {
    cr_expect(done_s > 0 && done_s <= total_s);
    ++*(size_t *)context;
}

Test(render, a_stop_leaves_no_files) {
    char path[128];
    path_of("stopped", path);
    atomic_int stop = 1;
    size_t calls = 0;
    struct ls_render_opts opts = {
        .path = path, .stop = &stop, .progress = count_calls, .progress_context = &calls};
    render_opts(busy, &opts, LS_ERR_STOPPED);
    cr_expect_eq(calls, 1);
    const char *const suffixes[] = {".sigmf-data", ".sigmf-meta", ".sigmf-data.part",
                                    ".sigmf-meta.part"};
    for (size_t i = 0; i < LS_COUNT(suffixes); i++) {
        char file[160];
        snprintf(file, sizeof file, "%s%s", path, suffixes[i]);
        cr_expect_neq(access(file, F_OK), 0, "%s is left", file);
    }
    opts.stop = NULL;
    opts.path = "/nowhere/at/all";
    render_opts(busy, &opts, LS_ERR_NOTFOUND);
}
