#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/time.h"
#include "base/util.h"
#include "tests/hw/radio.h"

static struct radio radio;

static void tear_down(void) { radio_finish(&radio); }

TestSuite(losses, .fini = tear_down, .timeout = 60);

Test(losses, what_is_lost_is_as_long_as_the_hardware_time_says) {
    static const struct {
        const char *script;
        enum ls_reading_kind kind; /* SAMPLES: nothing says so */
        uint64_t lost;
    } rows[] = {
        {"0.1s overflow 20000", LS_READING_OVERFLOW, 20000},
        {"0.1s overflow 1", LS_READING_OVERFLOW, 1},
        {"0.1s overflow 40ms", LS_READING_OVERFLOW, 10000},
        {"0.1s corrupt 77", LS_READING_OVERFLOW, 77},
        {"0.1s hang 20ms", LS_READING_OVERFLOW, 5000},
        {"0.1s timeout 30ms", LS_READING_TIMEOUT, 7500},
        {"0.1s loss 12345", LS_READING_SAMPLES, 12345},
    };
    for (size_t i = 0; i < LS_COUNT(rows); i++) {
        radio_init(&radio, 100000, "");
        radio_script(&radio, rows[i].script);
        radio_open(&radio);
        for (uint64_t pos = 0; pos < 25000; pos += radio.reading.count) {
            radio_read(&radio);
            cr_assert_eq(radio.reading.kind, LS_READING_SAMPLES);
            cr_assert_eq(radio_position(&radio, 0), pos);
        }
        if (rows[i].kind != LS_READING_SAMPLES) {
            radio_read(&radio);
            cr_expect_eq(radio.reading.kind, rows[i].kind, "%s", rows[i].script);
        }
        do {
            radio_read(&radio);
        } while (radio.reading.kind == LS_READING_TIMEOUT);
        uint64_t pos = 25000 + rows[i].lost;
        cr_assert_eq(radio.reading.kind, LS_READING_SAMPLES);
        cr_expect_eq(radio_position(&radio, 0), pos, "%s", rows[i].script);
        cr_expect_eq(radio.reading.t_hw_ns, ls_time_of_samples(pos, RADIO_RATE));
        cr_expect_eq(radio_follow(&radio, pos + radio.reading.count), 100000);
        radio_close(&radio);
        scratch_finish(&radio.scratch);
    }
    radio_init(&radio, 1, "");
}

Test(losses, a_hang_outlasts_the_time_out) {
    radio_init(&radio, 100000, "");
    radio_script(&radio, "0 hang 0.3s");
    radio_open(&radio);
    int64_t before_ns = ls_time_steady();
    radio_read(&radio);
    cr_expect_geq(ls_time_steady() - before_ns, 300000000);
    cr_expect_eq(radio.reading.kind, LS_READING_OVERFLOW);
}

Test(losses, short_reads_lose_nothing) {
    radio_init(&radio, 100000, "");
    radio_script(&radio, "0.1s short-reads 0.1s 7");
    radio_open(&radio);
    size_t shorts = 0;
    uint64_t pos = 0;
    for (radio_read(&radio); radio.reading.kind == LS_READING_SAMPLES; radio_read(&radio)) {
        cr_assert_eq(radio_position(&radio, 0), pos);
        pos += radio.reading.count;
        shorts += pos > 25000 && pos <= 50000 && radio.reading.count <= 7;
    }
    cr_expect_eq(pos, 100000);
    cr_expect_geq(shorts, 25000 / 7);
}

Test(losses, a_time_jump_moves_the_time_alone) {
    radio_init(&radio, 100000, "");
    radio_script(&radio, "0.1s time-jump -50ms\n0.2s no-hardware-time 0.1s\n");
    radio_open(&radio);
    uint64_t pos = 0;
    for (radio_read(&radio); radio.reading.kind == LS_READING_SAMPLES; radio_read(&radio)) {
        cr_assert_eq(radio_position(&radio, 0), pos);
        cr_assert_eq(radio.reading.timed, pos < 50000 || pos >= 75000);
        int64_t expected_ns = ls_time_of_samples(pos, RADIO_RATE) - (pos >= 25000 ? 50000000 : 0);
        cr_assert(!radio.reading.timed || radio.reading.t_hw_ns == expected_ns);
        pos += radio.reading.count;
    }
    cr_expect_eq(pos, 100000);
}

Test(losses, a_stalled_stream_comes_back_when_it_is_started_anew) {
    radio_init(&radio, 100000, "");
    radio_script(&radio, "0.1s stall");
    radio_open(&radio);
    cr_expect_eq(radio_follow(&radio, 0), 25000);
    for (int i = 0; i < 9; i++) {
        radio_read(&radio);
        cr_assert_eq(radio.reading.kind, LS_READING_TIMEOUT);
    }
    cr_assert_eq(ls_receiver_stop(radio.receiver, NULL), LS_OK);
    cr_assert_eq(ls_receiver_start(radio.receiver, NULL), LS_OK);
    /* ten time-outs of 10 ms */
    cr_expect_eq(radio_follow(&radio, 25000 + 10 * 2500), 100000);
}

Test(losses, a_failed_stream_is_lost_until_the_device_is_opened_anew) {
    radio_init(&radio, 100000, "");
    radio_script(&radio, "0.1s error");
    radio_open(&radio);
    cr_expect_eq(radio_follow(&radio, 0), 25000);
    for (int i = 0; i < 2; i++) {
        cr_expect_eq(radio.reading.kind, LS_READING_LOST);
        cr_expect_str_eq(radio.reading.text, "STREAM_ERROR");
        radio_read(&radio);
    }
    radio_close(&radio);
    radio_open(&radio);
    cr_expect_eq(radio_follow(&radio, 25000 + 2500), 100000); /* opening took 10 ms */
}

Test(losses, a_lost_device_comes_back_when_it_does) {
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

/* The last line of the truth that has totals, and the number of faults. */
static size_t read_truth(const char *path, uint64_t ret[4]) {
    FILE *file = fopen(path, "re");
    cr_assert_not_null(file);
    size_t faults = 0;
    for (char line[512]; fgets(line, sizeof line, file) != NULL;) {
        unsigned long long n[4];
        const char *numbers = strstr(line, "\"sample\":");
        faults += strstr(line, "\"event\":\"fault\"") != NULL;
        if (sscanf(numbers,
                   "\"sample\":%llu,\"delivered_samples\":%llu,\"lost_samples\":%llu,"
                   "\"off_samples\":%llu",
                   &n[0], &n[1], &n[2], &n[3]) == 4) {
            for (size_t i = 0; i < 4; i++) {
                ret[i] = n[i];
            }
        }
    }
    fclose(file);
    return faults;
}

static void open_with_the_times_of_the_recording(void) {
    struct ls_receiver_opts opts = {.args = radio.args,
                                    .center_hz = RADIO_CENTER,
                                    .rate_sps = RADIO_RATE,
                                    .time_source = "recording",
                                    .bias_tee = -1};
    while (ls_receiver_open(&radio.receiver, &opts, NULL) != LS_OK) {
    }
    cr_assert_eq(ls_receiver_start(radio.receiver, NULL), LS_OK);
}

Test(losses, a_thousand_faults_balance_by_the_hardware_time) {
    enum { SAMPLES = 100000, FAULTS = 1000, SECONDS = 1500 };
    radio_init(&radio, SAMPLES,
               ",loop=true,fault_rate=5,fault_seed=42,fault_count=1000,fault_kinds=overflow+loss+"
               "corrupt+timeout+short-reads+lose-device+error");
    const char *truth = scratch_path(&radio.scratch, "truth");
    size_t used = strlen(radio.args);
    snprintf(radio.args + used, sizeof radio.args - used, ",truth=%s", truth);
    open_with_the_times_of_the_recording();
    uint64_t next = 0;
    uint64_t seen = 0;
    uint64_t missing = 0;
    while (next < (uint64_t)SECONDS * RADIO_RATE) {
        ls_receiver_read(radio.receiver, radio.samples, RADIO_READ, 1000000, &radio.reading);
        if (radio.reading.kind == LS_READING_LOST) {
            radio_close(&radio);
            open_with_the_times_of_the_recording();
        }
        if (radio.reading.kind == LS_READING_SAMPLES) {
            uint64_t pos = (uint64_t)radio.reading.t_hw_ns / (1000000000 / RADIO_RATE);
            cr_assert_geq(pos, next);
            cr_assert_eq(radio_position(&radio, 0), pos % SAMPLES);
            missing += pos - next;
            seen += radio.reading.count;
            next = pos + radio.reading.count;
        }
    }
    radio_close(&radio);
    uint64_t totals[4] = {0};
    cr_expect_eq(read_truth(truth, totals), FAULTS);
    cr_expect_eq(totals[0], next);
    cr_expect_eq(totals[1], seen);
    cr_expect_eq(totals[2] + totals[3], missing);
    cr_expect_gt(missing, 10 * RADIO_RATE);
}

Test(losses, real_time_is_kept_and_a_late_reader_loses_what_does_not_fit) {
    radio_init(&radio, 500000, ",speed=1,buffer=100ms,mtu=1024");
    int64_t begin_ns = ls_time_steady();
    radio_open(&radio);
    uint64_t pos = 0;
    while (pos < 50000) { /* 0.2 s */
        radio_read(&radio);
        cr_assert_eq(radio.reading.kind, LS_READING_SAMPLES);
        pos += radio.reading.count;
    }
    /* No sample before its time; behind it by what a busy machine takes. */
    cr_expect_geq(ls_time_steady() - begin_ns, 200000000);
    struct timespec late = {.tv_nsec = 300000000};
    nanosleep(&late, NULL);
    radio_read(&radio);
    cr_expect_eq(radio.reading.kind, LS_READING_OVERFLOW);
    radio_read(&radio);
    cr_expect_eq(radio.reading.kind, LS_READING_SAMPLES);
    uint64_t lost = radio_position(&radio, 0) - pos;
    cr_expect_geq(lost, 75000, "%llu", (unsigned long long)lost);
    cr_expect_eq(radio.reading.t_hw_ns, ls_time_of_samples(pos + lost, RADIO_RATE));
}
