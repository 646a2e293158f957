#include <criterion/criterion.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/util.h"
#include "report/occupancy.h"

enum { BOXES_MAX = 20000 };

static int64_t ns(double seconds) { return (int64_t)llround(seconds * 1e9); }

static struct ls_occupancy_box box(double start_s, double stop_s, double low_hz, double high_hz) {
    return (struct ls_occupancy_box){ns(start_s), ns(stop_s), low_hz, high_hz};
}

static struct ls_occupancy band(const struct ls_occupancy_box *observed, size_t observed_count,
                                const struct ls_occupancy_box *transmissions,
                                size_t transmission_count, double low_hz, double high_hz) {
    struct ls_occupancy_input input = {observed, observed_count, transmissions, transmission_count};
    struct ls_occupancy result;
    cr_assert_eq(ls_occupancy_of_band(&input, low_hz, high_hz, &result, NULL), LS_OK);
    return result;
}

static struct ls_occupancy channel(const struct ls_occupancy_box *observed, size_t observed_count,
                                   const struct ls_occupancy_box *transmissions,
                                   size_t transmission_count) {
    struct ls_occupancy_input input = {observed, observed_count, transmissions, transmission_count};
    struct ls_occupancy result;
    cr_assert_eq(ls_occupancy_of_channel(&input, 100.0, 20.0, &result, NULL), LS_OK);
    return result;
}

Test(occupancy, overlapping_transmissions_count_once) {
    struct ls_occupancy_box observed[] = {box(0, 100, 0, 1000)};
    struct ls_occupancy_box sent[] = {box(10, 20, 90, 110), box(15, 30, 95, 105)};
    struct ls_occupancy r = channel(observed, 1, sent, 2);
    cr_expect_float_eq(r.percent, 20.0, 1e-9);
    cr_expect_float_eq(r.observed_s, 100.0, 1e-9);
    cr_expect_eq(r.transmissions, 2);
    cr_expect_eq(r.cycles, 1);
}

Test(occupancy, only_observed_time_counts) {
    struct ls_occupancy_box observed[] = {box(0, 10, 0, 1000), box(50, 60, 0, 1000),
                                          box(5, 10, 0, 1000)};
    struct ls_occupancy_box sent[] = {box(8, 55, 90, 110), box(20, 30, 90, 110)};
    struct ls_occupancy r = channel(observed, 3, sent, 2);
    cr_expect_float_eq(r.observed_s, 20.0, 1e-9, "an interval observed twice is there once");
    cr_expect_float_eq(r.percent, 100.0 * (2.0 + 5.0) / 20.0, 1e-9);
    cr_expect_eq(r.transmissions, 1, "the other one fell into the gap");
    cr_expect_eq(r.cycles, 1, "one transmission on both sides of a gap is one");
}

Test(occupancy, not_observed_is_not_zero) {
    struct ls_occupancy_box observed[] = {box(0, 10, 0, 105)};
    struct ls_occupancy_box sent[] = {box(1, 2, 90, 110)};
    struct ls_occupancy r = channel(observed, 1, sent, 1); /* half of the channel is outside */
    cr_expect(isnan(r.percent) && isnan(r.busy_percent));
    cr_expect(isnan(r.low_percent) && isnan(r.high_percent) && isnan(r.covered));
    cr_expect_eq(r.observed_s, 0.0);
    cr_expect_eq(r.transmissions, 0);
    r = channel(NULL, 0, sent, 1);
    cr_expect(isnan(r.percent));
    struct ls_occupancy_box all[] = {box(0, 10, 0, 1000)};
    r = channel(all, 1, NULL, 0);
    cr_expect_eq(r.percent, 0.0, "observed and silent");
    cr_expect(isnan(r.low_percent), "no change, no interval");
}

Test(occupancy, a_carrier_is_full_and_has_no_interval) {
    struct ls_occupancy_box observed[] = {box(0, 0.7, 0, 1000), box(0.7, 1.9, 0, 1000),
                                          box(3, 7.3, 0, 1000)};
    struct ls_occupancy_box sent[] = {box(0, 10, 90, 110)};
    struct ls_occupancy r = channel(observed, 3, sent, 1);
    cr_expect_float_eq(r.percent, 100.0, 1e-9);
    cr_expect(isnan(r.low_percent) && isnan(r.high_percent));
    r = band(observed, 3, sent, 1, 0, 997);
    cr_expect_float_eq(r.percent, 100.0 * 20.0 / 997.0, 1e-9);
    cr_expect(isnan(r.low_percent), "sums of doubles are no cycles");
}

Test(occupancy, band_occupancy_is_a_share_of_time_and_frequency) {
    struct ls_occupancy_box observed[] = {box(0, 100, 0, 500)};
    struct ls_occupancy_box sent[] = {box(0, 50, 100, 200), box(25, 50, 150, 300),
                                      box(60, 70, 450, 900)};
    struct ls_occupancy r = band(observed, 1, sent, 3, 0, 1000);
    double area = 50 * 100 + 25 * 100 + 10 * 50;
    cr_expect_float_eq(r.percent, 100.0 * area / (100 * 500), 1e-9);
    cr_expect_float_eq(r.busy_percent, 60.0, 1e-9, "something was on from 0 to 50 and 60 to 70 s");
    cr_expect_float_eq(r.covered, 0.5, 1e-12, "half of the band was never listened to");
    cr_expect_eq(r.transmissions, 3);
}

Test(occupancy, a_channel_is_held_by_centre_or_by_half) {
    struct ls_occupancy_box observed[] = {box(0, 10, 0, 1000)};
    struct ls_occupancy_box narrow[] = {box(0, 5, 90, 91)};
    struct ls_occupancy_box next[] = {box(0, 5, 105, 125)}; /* a quarter of the channel */
    struct ls_occupancy_box wide[] = {box(0, 5, 100, 900)}; /* half of it */
    struct ls_occupancy_box line[] = {box(0, 5, 100, 100)}; /* no width at all */
    cr_expect_float_eq(channel(observed, 1, narrow, 1).percent, 50.0, 1e-9);
    cr_expect_eq(channel(observed, 1, next, 1).percent, 0.0);
    cr_expect_float_eq(channel(observed, 1, wide, 1).percent, 50.0, 1e-9);
    cr_expect_float_eq(channel(observed, 1, line, 1).percent, 50.0, 1e-9);
}

Test(occupancy, wrong_range_is_refused) {
    struct ls_occupancy_input input = {0};
    struct ls_occupancy result;
    struct ls_err err = {0};
    cr_expect_eq(ls_occupancy_of_band(&input, 5, 5, &result, &err), LS_ERR_ARG);
}

/* --- random numbers with a fixed seed (splitmix64; Steele, Lea, Flood 2014) --- */

static uint64_t state;

static double uniform(void) {
    state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t z = state;
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    z ^= z >> 31;
    return ((double)(z >> 11) + 0.5) / 9007199254740992.0;
}

static double exponential(double mean) { return -mean * log(uniform()); }

static double normal(void) {
    return sqrt(-2.0 * log(uniform())) * cos(6.283185307179586 * uniform());
}

/* Log-normal of a given mean, coefficient of variation 0.5. */
static double log_normal(double mean) {
    double s2 = log(1.0 + 0.25);
    return mean * exp(sqrt(s2) * normal() - s2 / 2.0);
}

/* Every cell of a 40 s by 40 Hz grid, counted one by one. */
Test(occupancy, agrees_with_counting_cells) {
    enum { N = 40, TRIALS = 200 };
    state = 1;
    for (int trial = 0; trial < TRIALS; trial++) {
        struct ls_occupancy_box observed[6];
        struct ls_occupancy_box sent[12];
        bool cell_observed[N][N] = {{false}};
        bool cell_sent[N][N] = {{false}};
        for (size_t i = 0; i < LS_COUNT(observed) + LS_COUNT(sent); i++) {
            int t0 = (int)(uniform() * N);
            int f0 = (int)(uniform() * N);
            int t1 = t0 + 1 + (int)(uniform() * (N - t0));
            int f1 = f0 + 1 + (int)(uniform() * (N - f0) / 2);
            bool is_sent = i >= LS_COUNT(observed);
            struct ls_occupancy_box *b = is_sent ? &sent[i - LS_COUNT(observed)] : &observed[i];
            *b = box(t0, t1, f0, f1);
            for (int t = t0; t < t1 && t < N; t++) {
                for (int f = f0; f < f1 && f < N; f++) {
                    (is_sent ? cell_sent : cell_observed)[t][f] = true;
                }
            }
        }
        int seen = 0;
        int busy = 0;
        int seconds = 0;
        for (int t = 0; t < N; t++) {
            bool any = false;
            for (int f = 5; f < 30; f++) {
                seen += cell_observed[t][f];
                busy += cell_observed[t][f] && cell_sent[t][f];
                any = any || cell_observed[t][f];
            }
            seconds += any;
        }
        struct ls_occupancy r = band(observed, LS_COUNT(observed), sent, LS_COUNT(sent), 5.0, 30.0);
        cr_assert_float_eq(r.observed_s, seconds, 1e-9, "trial %d", trial);
        if (seen > 0) {
            cr_assert_float_eq(r.percent, 100.0 * busy / seen, 1e-9, "trial %d", trial);
            cr_assert_float_eq(r.covered, seen / (25.0 * seconds), 1e-9, "trial %d", trial);
        }
    }
}

/* --- the interval --- */

Test(occupancy, one_cycle_gives_the_interval_of_f_2_2) {
    struct ls_occupancy_box observed[] = {box(0, 100, 0, 1000)};
    struct ls_occupancy_box sent[] = {box(40, 60, 90, 110)};
    struct ls_occupancy r = channel(observed, 1, sent, 1);
    /* The 0.975 quantile of F(2, 2) is 0.975 / 0.025 = 39: its distribution is x / (1 + x). */
    double odds = 0.2 / 0.8;
    cr_expect_float_eq(r.low_percent, 100.0 * (odds / 39) / (1 + odds / 39), 1e-6);
    cr_expect_float_eq(r.high_percent, 100.0 * (odds * 39) / (1 + odds * 39), 1e-6);
}

Test(occupancy, a_clock_gives_a_narrow_interval_that_holds_the_truth) {
    static struct ls_occupancy_box sent[BOXES_MAX];
    struct ls_occupancy_box observed[] = {box(0, 3000.0, 0, 1000)};
    state = 7;
    for (int trial = 0; trial < 100; trial++) {
        double phase = uniform() * 48.0;
        size_t n = 0;
        for (double t = phase - 48.0; t < 3000.0; t += 48.0) {
            sent[n++] = box(t, t + 12.0, 90, 110);
        }
        struct ls_occupancy r = channel(observed, 1, sent, n);
        cr_assert(r.low_percent <= 25.0 && r.high_percent >= 25.0, "trial %d: %g to %g", trial,
                  r.low_percent, r.high_percent);
        cr_assert_lt(r.high_percent - r.low_percent, 2.0, "regular traffic is well known");
    }
}

struct traffic {
    const char *name;
    double (*on)(double mean);
    double (*off)(double mean);
    double on_s;
    double off_s;
    double total_s;
    double listen_s; /* of every revisit_s seconds */
    double revisit_s;
};

/* One run of an alternating renewal process that began long before; is the true occupancy within
 * the interval? */
static bool covered(const struct traffic *traffic, struct ls_occupancy *ret) {
    static struct ls_occupancy_box sent[BOXES_MAX];
    static struct ls_occupancy_box observed[BOXES_MAX];
    size_t n = 0;
    double t = -50.0 * (traffic->on_s + traffic->off_s);
    while (t < traffic->total_s) {
        double stop = t + traffic->on(traffic->on_s);
        if (stop > 0.0 && n < BOXES_MAX) {
            sent[n++] = box(t, stop, 90, 110);
        }
        t = stop + traffic->off(traffic->off_s);
    }
    size_t m = 0;
    for (double s = 0.0; s < traffic->total_s && m < BOXES_MAX; s += traffic->revisit_s) {
        observed[m++] = box(s, s + traffic->listen_s, 0, 1000);
    }
    *ret = channel(observed, m, sent, n);
    double truth = 100.0 * traffic->on_s / (traffic->on_s + traffic->off_s);
    return ret->low_percent <= truth && truth <= ret->high_percent;
}

/* 500 runs each: the standard error of a coverage of 95 % is 1 %, so 92 to 98 % is three of them.
 * Runs without a single change have no interval and do not count as covered or missed. */
Test(occupancy, the_interval_covers_as_often_as_it_says, .timeout = 120) {
    static const struct traffic rows[] = {
        {"exponential, 200 cycles", exponential, exponential, 2, 8, 2000, 2000, 2000},
        {"exponential, 60 cycles", exponential, exponential, 2, 8, 600, 600, 600},
        {"exponential, 30 cycles", exponential, exponential, 2, 8, 300, 300, 300},
        {"exponential, 15 cycles", exponential, exponential, 2, 8, 150, 150, 150},
        {"exponential, 8 cycles", exponential, exponential, 2, 8, 80, 80, 80},
        {"half busy, 100 cycles", exponential, exponential, 5, 5, 1000, 1000, 1000},
        {"rare, 40 cycles", exponential, exponential, 0.5, 49.5, 2000, 2000, 2000},
        {"calls, log-normal", log_normal, exponential, 60, 240, 30000, 30000, 30000},
        {"log-normal both", log_normal, log_normal, 3, 7, 1000, 1000, 1000},
        {"scanned, 1 s of 10 s", exponential, exponential, 2, 8, 6000, 1, 10},
        {"scanned, 50 ms of 1 s", exponential, exponential, 2, 8, 2000, 0.05, 1},
        {"scanned, calls longer than the revisit", exponential, exponential, 60, 240, 30000, 1, 10},
    };
    enum { RUNS = 500 };
    state = 20170925;
    for (size_t i = 0; i < LS_COUNT(rows); i++) {
        size_t hits = 0;
        size_t runs = 0;
        double mean_width = 0.0;
        while (runs < RUNS) {
            struct ls_occupancy r;
            bool hit = covered(&rows[i], &r);
            if (r.cycles > 0) {
                runs++;
                hits += hit;
                mean_width += (r.high_percent - r.low_percent) / RUNS;
            }
        }
        double share = (double)hits / (double)RUNS;
        cr_log_info("%s: %.1f %% of %d runs, mean width %.1f points", rows[i].name, 100 * share,
                    RUNS, mean_width);
        cr_expect(share >= 0.92 && share <= 0.98, "%s: covered in %.1f %% of %d runs", rows[i].name,
                  100.0 * share, RUNS);
    }
}

/* Ten channels in a band, hardly ever all silent: the cycles are those around the mean. */
Test(occupancy, the_interval_of_a_busy_band_covers_too, .timeout = 120) {
    enum { RUNS = 500, CHANNELS = 10 };
    static struct ls_occupancy_box sent[BOXES_MAX];
    struct ls_occupancy_box observed[] = {box(0, 600, 0, CHANNELS)};
    state = 20160825;
    size_t hits = 0;
    for (int run = 0; run < RUNS; run++) {
        size_t n = 0;
        for (int c = 0; c < CHANNELS; c++) {
            double t = -200.0;
            while (t < 600.0) {
                double stop = t + exponential(2.0);
                if (stop > 0.0) {
                    sent[n++] = box(t, stop, c, c + 1);
                }
                t = stop + exponential(6.0);
            }
        }
        struct ls_occupancy r = band(observed, 1, sent, n, 0, CHANNELS);
        hits += r.low_percent <= 25.0 && 25.0 <= r.high_percent;
    }
    cr_log_info("busy band: %.1f %% of %d runs", 100.0 * (double)hits / RUNS, RUNS);
    cr_expect(hits >= 460 && hits <= 490, "covered in %zu of %d runs", hits, RUNS);
}
