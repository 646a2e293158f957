/* The stream of the replay device by a clock that the test turns. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "hw/replay/flow.h"
#include "tests/hw/scratch.h"

enum { RATE = 1000000, MTU = 1000, SAMPLES = 32 * MTU };

static struct scratch scratch;
static struct ls_replay_opts opts;
static struct ls_tape *tape;
static struct ls_air *air;
static struct ls_deeds *deeds;
static struct ls_faults *faults;
static struct ls_flow *flow;
static int64_t now_ns;
static int16_t samples[2 * MTU];
static struct ls_replay_reading reading;

/* Looped samples (i, 0) at 1 MS/s, so that a microsecond is a sample. */
static void make(const char *script) {
    static int16_t recorded[2 * SAMPLES];
    for (size_t i = 0; i < SAMPLES; i++) {
        recorded[2 * i] = (int16_t)i;
    }
    opts.source =
        (struct ls_source_opts){.path = scratch_write(&scratch, "tape", recorded, sizeof recorded),
                                .format = LS_FORMAT_CI16_LE,
                                .rate_sps = RATE,
                                .center_hz = 100e6,
                                .center_given = true};
    opts.mtu = MTU;
    cr_assert_eq(ls_tape_create(&tape, &opts.source, true, NULL), LS_OK);
    cr_assert_eq(ls_air_create(&air, tape, opts.noise_dbfs, NULL), LS_OK);
    cr_assert_eq(ls_deeds_create(&deeds, NULL, NULL), LS_OK);
    if (script != NULL) {
        struct ls_err err = {.text = ""};
        cr_assert_eq(ls_faults_load(&faults, scratch_text(&scratch, "script", script), &err), LS_OK,
                     "%s", err.text);
    }
    struct ls_flow_opts flow_opts = {
        .replay = &opts, .tape = tape, .air = air, .deeds = deeds, .faults = faults};
    cr_assert_eq(ls_flow_create(&flow, &flow_opts, NULL), LS_OK);
    ls_flow_tune(flow, now_ns, 0, 100e6);
    cr_assert(ls_flow_open(flow, now_ns));
    cr_assert(ls_flow_start(flow, now_ns));
}

static void set_up(void) {
    scratch_init(&scratch);
    opts = (struct ls_replay_opts){.speed = 1.0, .buffer_s = 0.01, .noise_dbfs = -50.0};
    faults = NULL;
    now_ns = 12345;
}

static void tear_down(void) {
    ls_flow_destroy(flow);
    ls_faults_destroy(faults);
    ls_deeds_destroy(deeds);
    ls_air_destroy(air);
    ls_tape_destroy(tape);
    scratch_finish(&scratch);
}

TestSuite(flow, .init = set_up, .fini = tear_down);

/* A read with a time-out of 5 ms, the clock going on as it sleeps. */
static void take(void) {
    struct ls_flow_call call = {
        .samples = samples, .room = MTU, .timeout_ns = 5000000, .deadline_ns = now_ns + 5000000};
    for (int64_t wake_ns; (wake_ns = ls_flow_read(flow, now_ns, &call, &reading)) != 0;) {
        cr_assert_gt(wake_ns, now_ns, "it asks to be called at once again");
        now_ns = wake_ns;
    }
}

Test(flow, samples_come_when_they_are_taken_and_not_before) {
    make(NULL);
    for (int64_t i = 1; i <= 3000; i++) {
        take();
        cr_assert_eq(reading.kind, LS_REPLAY_SAMPLES);
        cr_assert_eq(reading.count, MTU);
        cr_assert_eq(reading.t_ns, (i - 1) * 1000000);
        cr_assert_eq(now_ns, 12345 + i * 1000000);
        cr_assert_eq(samples[0], (int16_t)((i - 1) * MTU % SAMPLES));
    }
}

Test(flow, a_wrong_clock_runs_by_as_much) {
    opts.clock_ppm = 100.0;
    make(NULL);
    while (now_ns < 12345 + 10 * LS_NS_PER_S) {
        take();
    }
    /* In 10 s, 100 ppm is a millisecond, which is a read. */
    cr_expect_eq(reading.t_ns, 10 * LS_NS_PER_S);
    ls_flow_set_clock(flow, now_ns, -100.0);
    int64_t then_ns = now_ns;
    while (now_ns < then_ns + 10 * LS_NS_PER_S) {
        take();
    }
    cr_expect_eq(reading.t_ns, 20 * LS_NS_PER_S - 1000000);
}

Test(flow, a_reader_within_the_buffer_loses_nothing_and_beyond_it_all_of_it) {
    make(NULL);
    take();
    now_ns += 10000000; /* all that it holds */
    take();
    cr_expect_eq(reading.kind, LS_REPLAY_SAMPLES);
    cr_expect_eq(reading.t_ns, 1000000);
    int64_t next_ns = reading.t_ns + 1000000;
    now_ns += 1001000; /* 9 ms were left; a sample too much now */
    take();
    cr_expect_eq(reading.kind, LS_REPLAY_OVERFLOW);
    take();
    cr_expect_eq(reading.kind, LS_REPLAY_SAMPLES);
    cr_expect_eq(reading.t_ns - next_ns, 10001000, "%lld", (long long)(reading.t_ns - next_ns));
}

Test(flow, a_time_out_ends_in_time) {
    make("10ms timeout 12ms");
    for (int i = 0; i < 10; i++) {
        take();
    }
    int64_t before_ns = now_ns;
    for (int i = 1; i <= 2; i++) {
        take();
        cr_expect_eq(reading.kind, LS_REPLAY_TIMEOUT);
        cr_expect_eq(now_ns, before_ns + i * 5000000);
    }
    take();
    cr_expect_eq(reading.kind, LS_REPLAY_SAMPLES);
    cr_expect_eq(reading.t_ns, 22000000);
    cr_expect_eq(now_ns, 12345 + 23000000);
}

Test(flow, faster_than_real_time_is_faster_by_that_much) {
    opts.speed = 8.0;
    make(NULL);
    for (int i = 0; i < 800; i++) {
        take();
    }
    cr_expect_eq(reading.t_ns, 799000000);
    cr_expect_eq(now_ns, 12345 + 100000000);
}

Test(flow, a_lost_device_is_back_at_its_time) {
    make("5ms lose-device 20ms");
    for (int i = 0; i < 6; i++) {
        take();
    }
    cr_expect_eq(reading.kind, LS_REPLAY_GONE);
    ls_flow_close(flow, now_ns);
    now_ns = 12345 + 24999000;
    cr_expect_not(ls_flow_open(flow, now_ns));
    now_ns += 1000;
    cr_expect(ls_flow_open(flow, now_ns));
    now_ns += 3000000; /* not started yet: off */
    cr_expect(ls_flow_start(flow, now_ns));
    take();
    cr_expect_eq(reading.t_ns, 28000000);
    cr_expect_eq(samples[0], 28000);
}

Test(flow, what_was_taken_before_a_tuning_comes_as_it_was) {
    make(NULL);
    take();
    now_ns += 2500000;
    ls_flow_tune(flow, now_ns, SIZE_MAX, 50e6);
    static const size_t counts[] = {1000, 1000, 500};
    for (size_t i = 0; i < 3; i++) {
        take();
        cr_expect_eq(reading.count, counts[i]);
        cr_expect_eq(samples[0], (int16_t)(1000 + 1000 * i));
        cr_expect_eq(samples[1], 0);
    }
    take();
    cr_expect_eq(reading.count, 1000);
    bool noise = false;
    for (size_t i = 0; i < 1000; i++) {
        noise = noise || samples[2 * i + 1] != 0;
    }
    cr_expect(noise);
}

Test(flow, a_stopped_stream_gives_nothing_and_the_air_goes_on) {
    make(NULL);
    take();
    ls_flow_stop(flow, now_ns);
    int64_t before_ns = now_ns;
    take();
    cr_expect_eq(reading.kind, LS_REPLAY_TIMEOUT);
    cr_expect_eq(now_ns, before_ns + 5000000);
    cr_expect(ls_flow_start(flow, now_ns));
    take();
    cr_expect_eq(reading.t_ns, 6000000);
}

Test(flow, its_time_can_be_set) {
    make(NULL);
    take();
    cr_expect_eq(ls_flow_time(flow, now_ns), 1000000);
    now_ns += 2000000;
    cr_expect_eq(ls_flow_time(flow, now_ns), 3000000);
    ls_flow_set_time(flow, now_ns, 1700000000000000000);
    take();
    cr_expect_eq(reading.t_ns, 1700000000000000000 - 2000000);
}
