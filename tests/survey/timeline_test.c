/* Readings of known truth in, gaps and times out: to the sample with hardware time, within the
 * stated error without. */
#include "survey/timeline.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/time.h"

static const double rate_sps = 2.4e6;
static const int64_t utc_ns = INT64_C(1795000000000000000);

/* A receiver of known truth: sample number, device time and arrival. */
struct truth {
    struct ls_timeline timeline;
    uint64_t sample;  /* the next one that the device takes */
    int64_t hw_ns;    /* device time of sample 0 */
    int64_t delay_ns; /* of the next arrival */
    bool timed;
    int64_t t_ns; /* of the last samples kept */
    bool continues;
};

static struct truth begin(bool timed, bool device_clock) {
    struct truth truth = {.timed = timed, .hw_ns = 5000000000, .delay_ns = 3000000};
    if (device_clock) {
        truth.hw_ns = utc_ns;
    }
    ls_timeline_init(&truth.timeline, rate_sps, device_clock);
    return truth;
}

static int64_t time_of(uint64_t sample) { return ls_time_of_samples(sample, rate_sps); }

static void arrive(struct truth *truth, size_t count, enum ls_timeline_use use) {
    struct ls_arrival arrival = {.count = count,
                                 .timed = truth->timed,
                                 .t_hw_ns = truth->hw_ns + time_of(truth->sample),
                                 .steady_ns = time_of(truth->sample + count) + truth->delay_ns};
    arrival.utc_ns = utc_ns + arrival.steady_ns - 3000000;
    ls_timeline_arrive(&truth->timeline, &arrival);
    truth->continues = ls_timeline_continues(&truth->timeline);
    truth->t_ns = ls_timeline_use(&truth->timeline, count, use);
    truth->sample += count;
}

static void expect_gap(struct truth *truth, size_t i, enum ls_observation_state state,
                       const char *cause, uint64_t samples) {
    cr_assert_gt(truth->timeline.gap_count, i, "gap %zu of %zu", i, truth->timeline.gap_count);
    const struct ls_gap *gap = &truth->timeline.gaps[i];
    cr_expect_eq(gap->state, state);
    cr_expect_str_eq(gap->cause, cause);
    cr_expect_eq(gap->samples, samples, "%llu samples, not %llu", (unsigned long long)gap->samples,
                 (unsigned long long)samples);
}

Test(timeline, samples_in_a_row_continue) {
    struct truth truth = begin(true, false);
    for (int i = 0; i < 1000; i++) {
        arrive(&truth, 1000 + (size_t)i, LS_USE_KEEP);
        cr_assert_eq(truth.continues, i > 0);
        /* Time counts from the first sample, without a sum of rounding errors. */
        cr_assert_eq(truth.t_ns, utc_ns + time_of(truth.sample - 1000 - (size_t)i));
    }
    cr_expect_eq(truth.timeline.gap_count, 0);
}

/* As fast as it is read, a device has no delays: a reader that was held up has lost nothing. */
Test(timeline, a_device_that_waits_is_not_measured_by_the_steady_clock) {
    struct truth truth = begin(true, true);
    ls_timeline_set_waits(&truth.timeline, true);
    for (int i = 0; i < 5; i++) {
        arrive(&truth, 5000, LS_USE_KEEP);
    }
    truth.timed = false;
    truth.delay_ns += 90000000;
    ls_timeline_retune(&truth.timeline);
    arrive(&truth, 2500, LS_USE_SETTLE);
    arrive(&truth, 2500, LS_USE_KEEP);
    expect_gap(&truth, 0, LS_RETUNING, "retune", 2500);
    cr_expect_eq(truth.t_ns, utc_ns + time_of(27500));
    truth.timeline.gap_count = 0;
    ls_timeline_timeout(&truth.timeline);
    truth.delay_ns += 90000000;
    arrive(&truth, 5000, LS_USE_KEEP);
    cr_expect_eq(truth.timeline.gap_count, 0);
    ls_timeline_overflow(&truth.timeline);
    arrive(&truth, 5000, LS_USE_KEEP);
    expect_gap(&truth, 0, LS_LOST, "overflow", 1);
}

Test(timeline, an_overflow_is_as_long_as_hardware_time_says) {
    for (uint64_t lost = 1; lost < 100000000; lost = 3 * lost + 1) {
        struct truth truth = begin(true, false);
        arrive(&truth, 5000, LS_USE_KEEP);
        ls_timeline_overflow(&truth.timeline);
        truth.sample += lost;
        truth.delay_ns += 70000000; /* what a driver that overflows does to arrival times */
        arrive(&truth, 5000, LS_USE_KEEP);
        cr_expect_not(truth.continues);
        expect_gap(&truth, 0, LS_LOST, "overflow", lost);
        cr_expect_eq(truth.timeline.gaps[0].stop_ns, truth.t_ns);
        cr_expect_leq(llabs(truth.t_ns - utc_ns - time_of(5000 + lost)), 1);
    }
}

Test(timeline, a_loss_that_only_hardware_time_shows_is_found) {
    struct truth truth = begin(true, false);
    arrive(&truth, 5000, LS_USE_KEEP);
    truth.sample += 200;
    arrive(&truth, 5000, LS_USE_KEEP);
    expect_gap(&truth, 0, LS_LOST, "time-jump", 200);
}

Test(timeline, rounding_of_hardware_time_is_no_loss) {
    struct truth truth = begin(true, false);
    for (int i = 0; i < 100; i++) {
        truth.hw_ns += i % 2 == 0 ? 250 : -250;
        arrive(&truth, 4096, LS_USE_KEEP);
        cr_expect_eq(truth.continues, i > 0);
    }
}

Test(timeline, a_hardware_clock_that_is_set_costs_a_sample_at_most) {
    const int64_t steps[] = {-LS_NS_PER_S, -2000000, 3600 * LS_NS_PER_S};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct truth truth = begin(true, false);
        for (int k = 0; k < 10; k++) {
            arrive(&truth, 5000, LS_USE_KEEP);
        }
        truth.hw_ns += steps[i];
        arrive(&truth, 5000, LS_USE_KEEP);
        cr_expect_not(truth.continues);
        expect_gap(&truth, 0, LS_LOST, "time-jump", 1);
        arrive(&truth, 5000, LS_USE_KEEP);
        cr_expect(truth.continues);
    }
}

Test(timeline, device_time_is_event_time_when_it_is_utc) {
    struct truth truth = begin(true, true);
    arrive(&truth, 5000, LS_USE_KEEP);
    cr_expect_eq(truth.t_ns, utc_ns);
    ls_timeline_overflow(&truth.timeline);
    truth.sample += 12345;
    arrive(&truth, 5000, LS_USE_KEEP);
    cr_expect_eq(truth.t_ns, utc_ns + time_of(17345));
    expect_gap(&truth, 0, LS_LOST, "overflow", 12345);
}

Test(timeline, without_hardware_time_the_steady_clock_sizes_an_overflow) {
    struct truth truth = begin(false, false);
    for (int i = 0; i < 200; i++) {
        truth.delay_ns = 3000000 + (i * 7919 % 100) * 20000; /* up to 2 ms late */
        arrive(&truth, 24000, LS_USE_KEEP);
    }
    ls_timeline_overflow(&truth.timeline);
    truth.sample += 240000;
    truth.delay_ns = 4000000;
    arrive(&truth, 24000, LS_USE_KEEP);
    cr_assert_eq(truth.timeline.gap_count, 1);
    const struct ls_gap *gap = &truth.timeline.gaps[0];
    double error_s = (double)gap->error_ns / 1e9;
    cr_expect_float_eq((double)gap->samples / rate_sps, 0.1, error_s + 1e-6);
    cr_expect_leq(error_s, 0.003, "the spread of the delays was 2 ms");
}

Test(timeline, late_samples_are_not_lost) {
    struct truth truth = begin(false, false);
    for (int i = 0; i < 100; i++) {
        arrive(&truth, 24000, LS_USE_KEEP);
    }
    ls_timeline_timeout(&truth.timeline);
    truth.delay_ns += 15000000;
    arrive(&truth, 24000, LS_USE_KEEP);
    cr_expect(truth.continues);
    truth.delay_ns -= 15000000;
    arrive(&truth, 24000, LS_USE_KEEP);
    cr_expect(truth.continues);
}

Test(timeline, a_silent_loss_without_hardware_time_is_found_within_two_windows) {
    struct truth truth = begin(false, false);
    size_t gaps = 0;
    uint64_t lost = 0;
    for (int i = 0; i < 4000; i++) { /* 40 s */
        if (i == 1500) {
            truth.sample += 240000;
        }
        arrive(&truth, 24000, LS_USE_KEEP);
        for (size_t g = 0; g < truth.timeline.gap_count; g++) {
            cr_expect_str_eq(truth.timeline.gaps[g].cause, "silent");
            lost += truth.timeline.gaps[g].samples;
            gaps++;
        }
        truth.timeline.gap_count = 0;
    }
    cr_expect_eq(gaps, 1);
    cr_expect_float_eq((double)lost, 240000.0, 24000.0, "%llu samples", (unsigned long long)lost);
}

Test(timeline, a_slow_sample_clock_is_no_silent_loss) {
    struct truth truth = begin(false, false);
    for (int i = 0; i < 6000; i++) {
        truth.delay_ns += 5000; /* 500 ppm of 10 ms */
        arrive(&truth, 24000, LS_USE_KEEP);
    }
    cr_expect_eq(truth.timeline.gap_count, 0);
}

Test(timeline, settling_is_retuning_to_the_sample) {
    struct truth truth = begin(true, false);
    arrive(&truth, 5000, LS_USE_KEEP);
    ls_timeline_retune(&truth.timeline);
    ls_timeline_overflow(&truth.timeline); /* a retune makes some drivers overflow */
    truth.sample += 700;
    arrive(&truth, 2000, LS_USE_SETTLE);
    arrive(&truth, 300, LS_USE_SETTLE);
    arrive(&truth, 5000, LS_USE_KEEP);
    cr_expect_not(truth.continues);
    cr_expect_eq(truth.timeline.gap_count, 1);
    expect_gap(&truth, 0, LS_RETUNING, "retune", 3000);
}

Test(timeline, a_lost_device_is_off_until_its_samples_come_again) {
    struct truth truth = begin(true, false);
    arrive(&truth, 24000, LS_USE_KEEP);
    int64_t lost_ns = time_of(truth.sample) + truth.delay_ns;
    ls_timeline_lost(&truth.timeline, "device-lost", lost_ns);
    ls_timeline_tick(&truth.timeline, lost_ns + LS_NS_PER_S);
    ls_timeline_tick(&truth.timeline, lost_ns + 2 * LS_NS_PER_S);
    expect_gap(&truth, 0, LS_OFF, "device-lost", 4800000);
    truth.sample += 10000000; /* and it counts from 0 again */
    truth.hw_ns = -time_of(truth.sample);
    arrive(&truth, 24000, LS_USE_KEEP);
    cr_expect_eq(truth.timeline.gap_count, 1);
    cr_expect_leq(llabs(truth.t_ns - utc_ns - time_of(10024000)), 10000000,
                  "within the length of a reading");
    arrive(&truth, 24000, LS_USE_KEEP);
    cr_expect(truth.continues);
}

Test(timeline, blocks_that_found_no_room_are_lost_with_their_cause) {
    struct truth truth = begin(true, false);
    arrive(&truth, 5000, LS_USE_KEEP);
    arrive(&truth, 5000, LS_USE_DROP);
    arrive(&truth, 5000, LS_USE_DROP);
    arrive(&truth, 5000, LS_USE_KEEP);
    expect_gap(&truth, 0, LS_LOST, "queue", 10000);
    cr_expect_eq(truth.t_ns, utc_ns + time_of(15000));
}

/* Uniform in [0, n): Knuth's 64 bit linear congruential generator. */
static uint64_t draw(uint64_t *state, uint64_t n) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (*state >> 33) % n;
}

/* Something befalls the receiver. */
static void fault(struct truth *truth, uint64_t *state) {
    switch (draw(state, 7)) {
    case 0:
        ls_timeline_overflow(&truth->timeline);
        truth->sample += draw(state, 1000000);
        break;
    case 1:
        ls_timeline_timeout(&truth->timeline);
        truth->sample += draw(state, 5000000);
        break;
    case 2:
        truth->sample += draw(state, 30000);
        break;
    case 3:
        truth->hw_ns += (int64_t)draw(state, 4000000000) - 2000000000;
        break;
    case 4:
        ls_timeline_retune(&truth->timeline);
        arrive(truth, 1 + draw(state, 50000), LS_USE_SETTLE);
        break;
    case 5:
        ls_timeline_lost(&truth->timeline, "device-lost", time_of(truth->sample) + truth->delay_ns);
        truth->sample += draw(state, 20000000);
        ls_timeline_tick(&truth->timeline, time_of(truth->sample) + truth->delay_ns);
        truth->hw_ns = (int64_t)draw(state, 1000000000);
        break;
    default:
        arrive(truth, 1 + draw(state, 100000), LS_USE_DROP);
    }
}

/* Rows abut: every nanosecond between the first and the last sample is in exactly one. */
Test(timeline, the_account_balances_under_ten_thousand_faults) {
    for (int timed = 0; timed < 2; timed++) {
        struct truth truth = begin(timed != 0, false);
        uint64_t state = 11;
        int64_t at_ns = 0;
        int64_t sum_ns = 0;
        uint64_t kept = 0; /* samples since the present stretch began at */
        int64_t began_ns = 0;
        int64_t first_ns = 0;
        for (int i = 0; i < 10000; i++) {
            if (i > 0) {
                fault(&truth, &state);
            }
            truth.delay_ns = 3000000 + (int64_t)draw(&state, 5000000);
            size_t count = 1 + draw(&state, 50000);
            arrive(&truth, count, LS_USE_KEEP);
            if (i == 0) {
                began_ns = truth.t_ns;
                at_ns = truth.t_ns;
                first_ns = truth.t_ns;
            }
            for (size_t g = 0; g < truth.timeline.gap_count; g++) {
                cr_assert_gt(truth.timeline.gaps[g].stop_ns, at_ns, "fault %d, gap %zu", i, g);
                sum_ns += truth.timeline.gaps[g].stop_ns - at_ns;
                at_ns = truth.timeline.gaps[g].stop_ns;
            }
            truth.timeline.gap_count = 0;
            cr_assert_eq(truth.continues && i > 0,
                         truth.t_ns == began_ns + time_of(kept) && i > 0 && truth.continues);
            if (!truth.continues) {
                cr_assert_eq(truth.t_ns, at_ns, "fault %d: %+lld ns", i,
                             (long long)(truth.t_ns - at_ns));
                began_ns = truth.t_ns;
                kept = 0;
            }
            kept += count;
            sum_ns += began_ns + time_of(kept) - at_ns;
            at_ns = began_ns + time_of(kept);
        }
        cr_expect_eq(at_ns, ls_timeline_now(&truth.timeline));
        cr_expect_eq(sum_ns, at_ns - first_ns);
    }
}
