#include <SoapySDR/Logger.h>
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "tests/hw/radio.h"

static struct radio radio;

static void tear_down(void) { radio_finish(&radio); }

TestSuite(receiver, .fini = tear_down, .timeout = 60);

static void expect_line(int expected_code, const struct ls_receiver_opts *opts,
                        const char *expected) {
    struct ls_receiver *receiver = NULL;
    struct ls_err err = {.text = ""};
    int code = ls_receiver_open(&receiver, opts, &err);
    cr_expect_eq(code, expected_code, "%d: %s", code, err.text);
    cr_expect_not_null(strstr(err.text, expected), "'%s' lacks '%s'", err.text, expected);
    cr_expect_null(strchr(err.text, '\n'));
    ls_receiver_destroy(receiver);
}

Test(receiver, a_recording_comes_back_bit_for_bit_with_its_times) {
    radio_init(&radio, 100000, "");
    radio_open(&radio);
    cr_expect_eq(radio_follow(&radio, 0), 100000);
    cr_expect_eq(radio.reading.kind, LS_READING_LOST);
    cr_expect_str_eq(radio.reading.text, "the recording is over");
}

Test(receiver, settings_are_applied_and_read_back) {
    radio_init(&radio, 1000, "");
    const struct ls_receiver_gain gains[] = {{"VGA", 12.0}};
    struct ls_receiver_opts opts = {.args = radio.args,
                                    .center_hz = RADIO_CENTER,
                                    .rate_sps = RADIO_RATE,
                                    .bandwidth_hz = 200e3,
                                    .antenna = "TERMINATED",
                                    .gain_given = true,
                                    .gain_db = 30.0,
                                    .gains = gains,
                                    .gain_count = 1,
                                    .ppm = 1.5,
                                    .bias_tee = 1,
                                    .clock_source = "external",
                                    .time_source = "system"};
    struct ls_err err = {.text = ""};
    cr_assert_eq(ls_receiver_open(&radio.receiver, &opts, &err), LS_OK, "%s", err.text);
    const struct ls_receiver_info *info = ls_receiver_info(radio.receiver);
    cr_expect_str_eq(info->driver, "lineside-replay");
    cr_expect_str_eq(info->hardware, "replay 1");
    cr_expect_str_eq(info->antenna, "TERMINATED");
    cr_expect_str_eq(info->note, "");
    cr_expect_eq(info->tuning.center_hz, RADIO_CENTER);
    cr_expect_eq(info->tuning.rate_sps, RADIO_RATE);
    cr_expect_eq(info->tuning.format, LS_FORMAT_CI16_LE);
    cr_expect_eq(info->bandwidth_hz, 200e3);
    cr_expect_eq(info->full_scale, 32768.0);
    cr_expect(info->hardware_time);
    /* SoapySDR spreads 30 dB over the elements from the first on; then VGA is set to 12. */
    cr_expect_eq(info->gain_db, 42.0);
    double celsius = 0.0;
    cr_expect(ls_receiver_sensor(radio.receiver, "temp", &celsius));
    cr_expect_float_eq(celsius, 41.5, 1e-9);
    cr_expect_not(ls_receiver_sensor(radio.receiver, "humidity", &celsius));
}

Test(receiver, what_a_device_cannot_do_is_said_with_what_it_can) {
    radio_init(&radio, 1000, "");
    const struct ls_receiver_opts good = {
        .args = radio.args, .center_hz = RADIO_CENTER, .rate_sps = RADIO_RATE, .bias_tee = -1};
    struct ls_receiver_opts opts = good;
    opts.center_hz = 5.9e9;
    expect_line(LS_ERR_ARG, &opts, "cannot tune to 5900 MHz: 'driver=lineside-replay");
    expect_line(LS_ERR_ARG, &opts, "covers 875.875 MHz to 876.125 MHz; set center within");
    opts = good;
    opts.rate_sps = 20e6;
    expect_line(LS_ERR_ARG, &opts, "cannot sample at 20 MS/s: ");
    expect_line(LS_ERR_ARG, &opts, "covers 250 kS/s; set rate within");
    opts = good;
    opts.antenna = "TX";
    expect_line(LS_ERR_ARG, &opts, "has no antenna 'TX': it has RX, TERMINATED");
    opts = good;
    opts.gain_given = true;
    opts.gain_db = 90.0;
    expect_line(LS_ERR_ARG, &opts, "cannot set gain to 90 dB: ");
    opts = good;
    opts.gains = &(const struct ls_receiver_gain){"MIX", 1.0};
    opts.gain_count = 1;
    expect_line(LS_ERR_ARG, &opts, "has no gain element 'MIX': it has LNA, VGA");
    opts = good;
    opts.clock_source = "gpsdo";
    expect_line(LS_ERR_ARG, &opts, "has no clock source 'gpsdo': it has internal, external");
    opts = good;
    opts.channel = 1;
    expect_line(LS_ERR_ARG, &opts, "has no channel 1: it has 0 to 0");
    opts = good;
    opts.format = LS_FORMAT_CU8;
    expect_line(LS_ERR_ARG, &opts, "does not stream cu8: it offers CS16, CF32");
    opts = good;
    opts.bandwidth_hz = 1e6;
    expect_line(LS_ERR_ARG, &opts, "cannot filter to 1 MHz: ");
}

Test(receiver, a_device_that_does_not_open_says_why) {
    radio_init(&radio, 1000, "");
    static const struct {
        int code;
        const char *args;
        const char *line;
    } rows[] = {
        {LS_ERR_ARG, "driver=rtlsdr", "SoapySDR has no module for driver 'rtlsdr' (installed: "},
        {LS_ERR_ARG, "driver=rtlsdr", "install the package soapysdr-module-rtlsdr"},
        {LS_ERR_ARG, "driver=nothing", "name its folder in SOAPY_SDR_PLUGIN_PATH"},
        {LS_ERR_ARG, "", "no device named: give SoapySDR arguments such as driver=rtlsdr"},
        {LS_ERR_DEVICE, "driver=lineside-replay", "no recording named; add file=RECORDING"},
        {LS_ERR_DEVICE, "driver=lineside-replay,file=x,refuse=usb_open error -3",
         "permission denied opening "},
        {LS_ERR_DEVICE, "driver=lineside-replay,file=x,refuse=LIBUSB_ERROR_ACCESS", "udev rules"},
        {LS_ERR_BUSY, "driver=lineside-replay,file=x,refuse=usb_claim_interface error -6",
         "is in use (usb_claim_interface error -6): stop the program that holds it"},
        {LS_ERR_DEVICE, "driver=lineside-replay,file=x,refuse=on fire", "': on fire"},
    };
    for (size_t i = 0; i < LS_COUNT(rows); i++) {
        expect_line(rows[i].code,
                    &(struct ls_receiver_opts){
                        .args = rows[i].args, .center_hz = 1e9, .rate_sps = 1e6, .bias_tee = -1},
                    rows[i].line);
    }
}

Test(receiver, every_native_format_comes_unchanged) {
    static const struct {
        enum ls_format format;
        const char *name;
        double full_scale;
    } rows[] = {{LS_FORMAT_CU8, "cu8", 128.0},
                {LS_FORMAT_CI8, "ci8", 128.0},
                {LS_FORMAT_CI16_LE, "ci16", 32768.0},
                {LS_FORMAT_CF32_LE, "cf32", 1.0}};
    enum { SAMPLES = 9000 };
    radio_init(&radio, 1, "");
    for (size_t i = 0; i < LS_COUNT(rows); i++) {
        static unsigned char bytes[8 * SAMPLES];
        static unsigned char got[8 * SAMPLES];
        size_t size = ls_format_bytes(rows[i].format);
        scratch_pattern(bytes, sizeof bytes);
        snprintf(radio.args, sizeof radio.args,
                 "driver=lineside-replay,file=%s,format=%s,rate=%d,freq=%d,speed=max",
                 scratch_write(&radio.scratch, rows[i].name, bytes, size * SAMPLES), rows[i].name,
                 RADIO_RATE, RADIO_CENTER);
        radio_open(&radio);
        const struct ls_receiver_info *info = ls_receiver_info(radio.receiver);
        cr_expect_eq(info->tuning.format, rows[i].format);
        cr_expect_eq(info->full_scale, rows[i].full_scale);
        cr_expect_str_eq(info->note, "", "%s", info->note);
        size_t count = 0;
        struct ls_reading reading;
        do {
            ls_receiver_read(radio.receiver, got + count * size, SAMPLES - count + 1, 10000,
                             &reading);
            count += reading.count;
        } while (reading.kind == LS_READING_SAMPLES && count < SAMPLES);
        cr_expect_eq(count, SAMPLES);
        cr_expect_eq(memcmp(got, bytes, size * SAMPLES), 0, "%s", rows[i].name);
        radio_close(&radio);
    }
}

Test(receiver, a_wanted_format_is_had_from_the_driver) {
    radio_init(&radio, 1000, "");
    struct ls_receiver_opts opts = {.args = radio.args,
                                    .center_hz = RADIO_CENTER,
                                    .rate_sps = RADIO_RATE,
                                    .format = LS_FORMAT_CF32_LE,
                                    .bias_tee = -1};
    struct ls_reading reading;
    float samples[2 * 100];
    cr_assert_eq(ls_receiver_open(&radio.receiver, &opts, NULL), LS_OK);
    cr_expect_eq(ls_receiver_info(radio.receiver)->full_scale, 1.0);
    cr_assert_eq(ls_receiver_start(radio.receiver, NULL), LS_OK);
    ls_receiver_read(radio.receiver, samples, 100, 10000, &reading);
    cr_assert_eq(reading.count, 100);
    for (size_t i = 0; i < 100; i++) {
        cr_expect_eq(samples[2 * i], (float)i / 32768.0F); /* a power of two: exact */
    }
}

Test(receiver, a_converter_narrower_than_its_format_is_said) {
    radio_init(&radio, 1000, ",full_scale=2048");
    radio_open(&radio);
    const struct ls_receiver_info *info = ls_receiver_info(radio.receiver);
    cr_expect_eq(info->full_scale, 2048.0);
    cr_expect_str_eq(info->note, "full scale is 2048: levels in dBFS are 24.1 dB low");
}

Test(receiver, a_read_brings_no_more_than_the_device_hands_over) {
    radio_init(&radio, 10000, ",mtu=1000");
    radio_open(&radio);
    cr_expect_eq(ls_receiver_info(radio.receiver)->mtu_samples, 1000);
    radio_read(&radio);
    cr_expect_eq(radio.reading.count, 1000);
    ls_receiver_read(radio.receiver, radio.samples, 10, 10000, &radio.reading);
    cr_expect_eq(radio.reading.count, 10);
    cr_expect_eq(radio_position(&radio, 0), 1000);
}

Test(receiver, a_device_that_another_holds_is_in_use) {
    radio_init(&radio, 1000, "");
    radio_open(&radio);
    char args[RADIO_ARGS + 16];
    snprintf(args, sizeof args, "%s,mtu=512", radio.args);
    expect_line(
        LS_ERR_BUSY,
        &(struct ls_receiver_opts){
            .args = args, .center_hz = RADIO_CENTER, .rate_sps = RADIO_RATE, .bias_tee = -1},
        "is in use (device busy: serial 1 is open already)");
}

/* Level of the next count samples, count <= RADIO_READ, in dBFS. Not within a macro of Criterion:
 * those evaluate twice. */
static double level(size_t count) {
    double sum = 0.0;
    size_t got = 0;
    while (got < count) {
        ls_receiver_read(radio.receiver, radio.samples, count - got, 10000, &radio.reading);
        cr_assert_eq(radio.reading.kind, LS_READING_SAMPLES);
        for (size_t i = 0; i < 2 * radio.reading.count; i++) {
            sum += pow(radio.samples[i] / 32768.0, 2.0);
        }
        got += radio.reading.count;
    }
    return 10.0 * log10(sum / (double)count);
}

/* As radio_init, with every sample (value, 0). */
static void constant_radio(int16_t value, const char *more) {
    enum { SAMPLES = 250000 };
    static int16_t samples[2 * SAMPLES];
    radio_init(&radio, 1, "");
    for (size_t i = 0; i < SAMPLES; i++) {
        samples[2 * i] = value;
    }
    snprintf(radio.args, sizeof radio.args,
             "driver=lineside-replay,file=%s,format=ci16,rate=%d,freq=%d,speed=max%s",
             scratch_write(&radio.scratch, "constant", samples, sizeof samples), RADIO_RATE,
             RADIO_CENTER, more);
}

Test(receiver, gain_collapse_deafness_and_clipping_show_in_the_samples) {
    constant_radio(3277, ""); /* -20 dBFS */
    radio_script(&radio, "0s gain-collapse 4096 20\n0.1s deaf 4096\n0.2s clipping 4096\n"
                         "0.3s temperature 4096 90\n");
    radio_open(&radio);
    double db = level(4096);
    cr_expect_float_eq(db, -40.0, 0.05, "collapsed: %g", db); /* rounding of 328 */
    db = level(4096);
    cr_expect_float_eq(db, -20.0, 0.01);
    for (size_t pos = 8192; pos < 25000; pos += radio.reading.count) {
        ls_receiver_read(radio.receiver, radio.samples, 25000 - pos, 10000, &radio.reading);
    }
    db = level(4096);
    cr_expect_lt(db, -90.0, "deaf: %g", db);
    for (size_t pos = 25000 + 4096; pos < 50000; pos += radio.reading.count) {
        ls_receiver_read(radio.receiver, radio.samples, 50000 - pos, 10000, &radio.reading);
    }
    level(4096);
    cr_expect_eq(radio.samples[0], 32767, "clipped");
    double celsius;
    cr_expect(ls_receiver_sensor(radio.receiver, "temperature", &celsius));
    cr_expect_eq(celsius, 41.5);
    for (size_t pos = 50000 + 4096; pos < 75001; pos += radio.reading.count) {
        ls_receiver_read(radio.receiver, radio.samples, 75001 - pos, 10000, &radio.reading);
    }
    cr_expect(ls_receiver_sensor(radio.receiver, "temperature", &celsius));
    cr_expect_eq(celsius, 90.0);
}

Test(receiver, gain_and_antenna_change_what_is_heard) {
    constant_radio(3277, "");
    radio_open(&radio);
    double really;
    double db = level(4096);
    cr_expect_float_eq(db, -20.0, 0.01);
    cr_assert_eq(ls_receiver_set_gain(radio.receiver, 30.0, &really, NULL), LS_OK);
    cr_expect_eq(really, 30.0);
    db = level(4096);
    cr_expect_float_eq(db, -30.0, 0.02);
    struct ls_err err;
    cr_expect_eq(ls_receiver_set_gain(radio.receiver, 81.0, &really, &err), LS_ERR_ARG);
    cr_expect_not_null(strstr(err.text, "covers 0 to 80 dB"));
    radio_close(&radio);
    struct ls_receiver_opts opts = {.args = radio.args,
                                    .center_hz = RADIO_CENTER,
                                    .rate_sps = RADIO_RATE,
                                    .antenna = "TERMINATED",
                                    .gain_given = true,
                                    .gain_db = 40.0,
                                    .bias_tee = -1};
    cr_assert_eq(ls_receiver_open(&radio.receiver, &opts, NULL), LS_OK);
    cr_assert_eq(ls_receiver_start(radio.receiver, NULL), LS_OK);
    db = level(4096);
    cr_expect_float_eq(db, -50.0, 0.3); /* 4096 draws: 0.07 dB of spread */
}

/* Two centres, 1 MHz apart, in four captures; sample i of the recording is (i, capture). */
static void hopping_radio(const char *more) {
    enum { EACH = 5000 };
    static int16_t samples[8 * EACH];
    radio_init(&radio, 1, "");
    for (size_t i = 0; i < 4 * EACH; i++) {
        samples[2 * i] = (int16_t)i;
        samples[2 * i + 1] = (int16_t)(i / EACH);
    }
    scratch_write(&radio.scratch, "hop.sigmf-data", samples, sizeof samples);
    const char *path = scratch_text(
        &radio.scratch, "hop.sigmf-meta",
        "{\"global\":{\"core:datatype\":\"ci16_le\",\"core:sample_rate\":250000},\"captures\":["
        "{\"core:sample_start\":0,\"core:frequency\":876e6},"
        "{\"core:sample_start\":5000,\"core:frequency\":877e6},"
        "{\"core:sample_start\":10000,\"core:frequency\":876e6},"
        "{\"core:sample_start\":15000,\"core:frequency\":877e6}]}");
    snprintf(radio.args, sizeof radio.args, "driver=lineside-replay,file=%s,speed=max%s", path,
             more);
}

Test(receiver, hopping_hears_the_captures_of_each_centre) {
    hopping_radio(",loop=true");
    radio_open(&radio);
    double really;
    ls_receiver_read(radio.receiver, radio.samples, 1000, 10000, &radio.reading);
    cr_expect_eq(radio.samples[0], 0);
    cr_assert_eq(ls_receiver_tune(radio.receiver, 877e6, &really, NULL), LS_OK);
    ls_receiver_read(radio.receiver, radio.samples, 1000, 10000, &radio.reading);
    cr_expect_eq(radio.samples[0], 6000, "sample 1000 of the second reel");
    cr_expect_eq(radio.reading.t_hw_ns, 4000000);
    /* The synthesizer locks to the nearest centre and says so. */
    cr_assert_eq(ls_receiver_tune(radio.receiver, 876.1e6, &really, NULL), LS_OK);
    cr_expect_eq(really, 876e6);
    for (size_t pos = 2000; pos < 6000; pos += radio.reading.count) {
        ls_receiver_read(radio.receiver, radio.samples, 6000 - pos, 10000, &radio.reading);
    }
    ls_receiver_read(radio.receiver, radio.samples, 1000, 10000, &radio.reading);
    cr_expect_eq(radio.samples[0], 11000, "captures of one centre follow one another");
    cr_expect_eq(radio.samples[1], 2);
    /* Between the centres there is noise, and beyond them an error. */
    cr_assert_eq(ls_receiver_tune(radio.receiver, 876.5e6, &really, NULL), LS_OK);
    cr_expect_eq(really, 876.5e6);
    double db = level(4096);
    cr_expect_float_eq(db, -50.0, 0.3);
    struct ls_err err;
    cr_expect_eq(ls_receiver_tune(radio.receiver, 878e6, &really, &err), LS_ERR_ARG);
    cr_expect_not_null(strstr(err.text, "875.875 MHz to 877.125 MHz"), "%s", err.text);
}

Test(receiver, a_retune_glitch_and_settling_are_rubbish_for_as_long_as_said) {
    hopping_radio(",settle=4ms,loop=true");
    radio_script(&radio, "0s retune-glitch 500");
    radio_open(&radio);
    ls_receiver_read(radio.receiver, radio.samples, 1, 10000, &radio.reading);
    double really;
    cr_assert_eq(ls_receiver_tune(radio.receiver, 877e6, &really, NULL), LS_OK);
    double db = level(1500);
    cr_expect_float_eq(db, -1.5, 1.0); /* Gaussian of 0 dBFS, clipped */
    ls_receiver_read(radio.receiver, radio.samples, 1, 10000, &radio.reading);
    cr_expect_eq(radio.samples[0], 5000 + 1501);
    cr_assert_eq(ls_receiver_tune(radio.receiver, 876e6, &really, NULL), LS_OK);
    db = level(1000);
    cr_expect_float_eq(db, -1.5, 1.0, "settling alone: %g", db);
    ls_receiver_read(radio.receiver, radio.samples, 1, 10000, &radio.reading);
    cr_expect_eq(radio.samples[0], 2502);
}

Test(receiver, a_gap_of_the_recording_is_an_overflow_of_its_length) {
    int16_t samples[4000] = {0};
    radio_init(&radio, 1, "");
    scratch_write(&radio.scratch, "gap.sigmf-data", samples, sizeof samples);
    const char *path = scratch_text(
        &radio.scratch, "gap.sigmf-meta",
        "{\"global\":{\"core:datatype\":\"ci16_le\",\"core:sample_rate\":250000},\"captures\":["
        "{\"core:sample_start\":0,\"core:frequency\":876e6,"
        "\"core:datetime\":\"2026-11-20T08:00:00Z\"},"
        "{\"core:sample_start\":1000,\"core:frequency\":876e6,"
        "\"core:datetime\":\"2026-11-20T08:00:00.010Z\"}]}");
    snprintf(radio.args, sizeof radio.args, "driver=lineside-replay,file=%s,speed=max", path);
    struct ls_receiver_opts opts = {.args = radio.args,
                                    .center_hz = 876e6,
                                    .rate_sps = RADIO_RATE,
                                    .time_source = "recording",
                                    .bias_tee = -1};
    cr_assert_eq(ls_receiver_open(&radio.receiver, &opts, NULL), LS_OK);
    cr_assert_eq(ls_receiver_start(radio.receiver, NULL), LS_OK);
    int64_t start_ns;
    cr_assert_eq(ls_time_parse("2026-11-20T08:00:00Z", &start_ns, NULL), LS_OK);
    radio_read(&radio);
    cr_expect_eq(radio.reading.count, 1000);
    cr_expect_eq(radio.reading.t_hw_ns, start_ns);
    radio_read(&radio);
    cr_expect_eq(radio.reading.kind, LS_READING_OVERFLOW);
    radio_read(&radio);
    cr_expect_eq(radio.reading.count, 1000);
    cr_expect_eq(radio.reading.t_hw_ns, start_ns + 10000000);
}

Test(receiver, what_drivers_log_goes_to_the_log_and_never_to_stdout) {
    cr_redirect_stdout();
    cr_redirect_stderr();
    radio_init(&radio, 1000, "");
    radio_open(&radio);
    SoapySDR_log(SOAPY_SDR_ERROR, "PLL not locked");
    SoapySDR_log(SOAPY_SDR_INFO, "Using format CS16");
    fflush(stdout);
    cr_assert_stderr_eq_str("lineside: warning: soapysdr: PLL not locked\n");
    cr_assert_stdout_eq_str("");
}
