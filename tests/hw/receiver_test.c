#include <criterion/criterion.h>
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
        {LS_ERR_NOTFOUND, "driver=rtlsdr",
         "SoapySDR has no module for driver 'rtlsdr' (installed: "},
        {LS_ERR_NOTFOUND, "driver=rtlsdr", "install the package soapysdr-module-rtlsdr"},
        {LS_ERR_NOTFOUND, "driver=nothing", "name its folder in SOAPY_SDR_PLUGIN_PATH"},
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

Test(receiver, an_overflow_is_as_long_as_the_hardware_time_says) {
    radio_init(&radio, 100000, "");
    radio_script(&radio, "0.1s overflow 20000\n0.2s overflow 1\n");
    radio_open(&radio);
    cr_expect_eq(radio_follow(&radio, 0), 25000);
    cr_expect_eq(radio.reading.kind, LS_READING_OVERFLOW);
    cr_expect_eq(radio_follow(&radio, 45000), 50000);
    cr_expect_eq(radio.reading.kind, LS_READING_OVERFLOW);
    cr_expect_eq(radio_follow(&radio, 50001), 100000);
}

Test(receiver, a_lost_device_comes_back_when_it_does) {
    radio_init(&radio, 100000, "");
    radio_script(&radio, "0.1s lose-device 0.1s");
    radio_open(&radio);
    cr_expect_eq(radio_follow(&radio, 0), 25000);
    cr_expect_eq(radio.reading.kind, LS_READING_LOST);
    cr_expect_str_eq(radio.reading.text, "the device was lost");
    radio_close(&radio);
    struct ls_err err = {.text = ""};
    cr_expect_eq(radio_try(&radio, &err), LS_ERR_NOTFOUND);
    cr_expect_not_null(strstr(err.text, "no device answers to"), "%s", err.text);
    radio_open(&radio);
    radio_read(&radio);
    cr_expect_eq(radio.reading.kind, LS_READING_SAMPLES);
    cr_expect_eq(radio_position(&radio, 0), 50000);
    cr_expect_eq(radio.reading.t_hw_ns, 0, "its clock starts again");
}
