#include "detect/emitter.h"

#include <criterion/criterion.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "detect/tdma.h"

enum { ROWS_MAX = 4096, EMITTERS_MAX = 512 };

struct bench {
    struct ls_emitters *engine;
    struct ls_transmission rows[ROWS_MAX];
    size_t count;
    int64_t emitter[ROWS_MAX + 1]; /* of each transmission id */
    unsigned percent[ROWS_MAX + 1];
    uint32_t unlike[ROWS_MAX + 1];
    int64_t part_of[EMITTERS_MAX];
    size_t merges;
    size_t splits;
    char last_event[LS_EMITTER_EVENT_BYTES];
    size_t kept; /* emitters that are kept */
    struct ls_emitter last;
    gsl_rng *rng;
};

static struct bench bench;

static int tied(void *context, const struct ls_tie *tie, struct ls_err *err) {
    (void)context;
    (void)err;
    bench.emitter[tie->transmission_id] = tie->emitter_id;
    bench.percent[tie->transmission_id] = tie->percent;
    bench.unlike[tie->transmission_id] = tie->unlike;
    return LS_OK;
}

static int gone(void *context, const struct ls_emitter *emitter, struct ls_err *err) {
    (void)context;
    (void)err;
    if (emitter->id < EMITTERS_MAX) {
        bench.part_of[emitter->id] = emitter->part_of;
    }
    return LS_OK;
}

static int happened(void *context, const struct ls_emitter_event *event, struct ls_err *err) {
    (void)context;
    (void)err;
    bench.merges += !event->split;
    bench.splits += event->split;
    ls_copy_text(bench.last_event, sizeof bench.last_event, event->text);
    return LS_OK;
}

static const struct ls_emitters_opts opts = {
    .max = 64, .link = tied, .gone = gone, .event = happened};

static void begin(void) {
    memset(&bench, 0, sizeof bench);
    bench.rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(bench.rng, 7);
    cr_assert_eq(ls_emitters_create(&bench.engine, &opts, NULL), LS_OK);
}

static void end(void) {
    ls_emitters_destroy(bench.engine);
    gsl_rng_free(bench.rng);
}

TestSuite(emitter, .init = begin, .fini = end);

/* A row as measured: centre within 1 % of its bandwidth, level within 1 dB. */
static struct ls_transmission *plant(double t_s, double duration_s, double center_hz,
                                     double bandwidth_hz, double level_dbfs) {
    cr_assert_lt(bench.count, ROWS_MAX);
    struct ls_transmission *row = &bench.rows[bench.count++];
    *row = (struct ls_transmission){
        .sensor = "post",
        .start_ns = llround(t_s * 1e9),
        .duration_ns = llround(duration_s * 1e9),
        .center_hz = center_hz + gsl_ran_gaussian(bench.rng, 0.01 * bandwidth_hz),
        .bandwidth_hz = bandwidth_hz * exp(gsl_ran_gaussian(bench.rng, 0.05)),
        .snr_db = 20.0,
        .level_dbfs = level_dbfs + gsl_ran_gaussian(bench.rng, 1.0),
        .offset_hz = (double)NAN,
        .bursts = 1,
        .on_s = duration_s,
        .burst_s = duration_s,
        .period_s = (double)NAN};
    return row;
}

static int compare(const void *a, const void *b) {
    const struct ls_transmission *x = a;
    const struct ls_transmission *y = b;
    return (x->start_ns > y->start_ns) - (x->start_ns < y->start_ns);
}

static int keep(void *context, const struct ls_emitter *emitter, struct ls_err *err) {
    (void)context;
    (void)err;
    bench.kept++;
    bench.last = *emitter;
    return LS_OK;
}

/* every > 0: the state is saved and loaded after so many rows. */
static void run(size_t every) {
    struct ls_err err = {0};
    qsort(bench.rows, bench.count, sizeof bench.rows[0], compare);
    for (size_t i = 0; i < bench.count; i++) {
        bench.rows[i].id = (int64_t)i + 1;
        cr_assert_eq(ls_emitters_push(bench.engine, &bench.rows[i], &err), LS_OK, "%s", err.text);
        if (every > 0 && i % every == 0) {
            void *bytes = NULL;
            size_t size = 0;
            cr_assert_eq(ls_emitters_save(bench.engine, &bytes, &size, &err), LS_OK);
            ls_emitters_destroy(bench.engine);
            bench.engine = NULL;
            cr_assert_eq(ls_emitters_load(&bench.engine, &opts, bytes, size, &err), LS_OK, "%s",
                         err.text);
            free(bytes);
        }
    }
    bench.kept = 0;
    ls_emitters_each(bench.engine, keep, NULL, NULL);
}

static int64_t root(size_t i) {
    int64_t id = bench.emitter[i + 1];
    while (bench.part_of[id] != 0) {
        id = bench.part_of[id];
    }
    return id;
}

/* Share of the rows from `from` on that hold: in one emitter just when near_hz says one radio. */
static size_t strays(size_t from, double (*radio)(const struct ls_transmission *row)) {
    size_t wrong = 0;
    for (size_t i = from + 1; i < bench.count; i++) {
        bool same = radio(&bench.rows[i]) == radio(&bench.rows[i - 1]);
        wrong += same != (root(i) == root(i - 1));
    }
    return wrong;
}

static double by_channel(const struct ls_transmission *row) { return round(row->center_hz / 25e3); }

static double by_level(const struct ls_transmission *row) { return round(row->level_dbfs / 15.0); }

Test(emitter, channels_are_told_apart) {
    for (int k = 0; k < 60; k++) {
        double late_s = 6.0 * gsl_rng_uniform(bench.rng);
        plant(10.0 * k + late_s, 2.0, 868.0e6 + 25e3 * (k % 3), 8e3, -40.0);
    }
    run(0);
    cr_expect_eq(bench.kept, 3);
    cr_expect_eq(strays(0, by_channel), 0);
}

Test(emitter, levels_are_told_apart_on_one_channel) {
    for (int k = 0; k < 60; k++) {
        plant(10.0 * k + 3.0 * (k % 2), 0.2, 868.3e6, 60e3, k % 2 ? -30.0 : -60.0);
    }
    run(0);
    cr_expect_eq(bench.kept, 2);
    cr_expect_eq(strays(2, by_level), 0);
}

/* Level 30 dB up and down again, some dB a second: one car that passes. */
Test(emitter, what_moves_stays_one) {
    for (int k = -20; k <= 20; k++) {
        plant(100.0 + 2.0 * k, 0.2, 868.3e6, 60e3, -40.0 - 10.0 * log10(1.0 + 0.25 * k * k));
    }
    run(0);
    cr_expect_eq(bench.kept, 1);
}

/* The free-running carrier tells apart what the centre cannot: 5 ppm, measured to 10 Hz. */
Test(emitter, carriers_of_free_running_radios_are_told_apart_and_those_of_phones_are_not) {
    for (int locked = 0; locked < 2; locked++) {
        if (locked) {
            end();
            begin();
        }
        for (int k = 0; k < 60; k++) {
            struct ls_transmission *row = plant(20.0 * k, 3.0, 868.3e6, 200e3, -40.0);
            row->offset_hz = (k % 2 ? 1e3 : -3e3) + gsl_ran_gaussian(bench.rng, 10.0);
            ls_copy_text(row->class_name, sizeof row->class_name, locked ? "gsm" : "fsk");
        }
        run(0);
        cr_expect_eq(bench.kept, locked ? 1 : 2, "locked %d: %zu", locked, bench.kept);
    }
}

/* Two units of one model: alike, with periods of their own. */
Test(emitter, two_clocks_are_split) {
    for (int k = 0; k < 60; k++) {
        plant(48.0 * k + gsl_ran_gaussian(bench.rng, 5e-3), 0.2, 868.3e6, 60e3, -40.0);
        plant(51.7 * k + 17.0 + gsl_ran_gaussian(bench.rng, 5e-3), 0.2, 868.3e6, 60e3, -40.0);
    }
    run(0);
    cr_expect_eq(bench.kept, 2);
    cr_expect_eq(bench.splits, 1);
    cr_expect_not_null(strstr(bench.last_event, "two clocks"), "%s", bench.last_event);
    cr_expect_float_eq(fmin(fabs(bench.last.period_s - 48.0), fabs(bench.last.period_s - 51.7)),
                       0.0, 0.01);
}

/* Every 7 s on another of sixteen channels, a tenth missed; and a voice radio among them. */
Test(emitter, a_hopper_is_one) {
    for (int k = 0; k < 300; k++) {
        if (gsl_rng_uniform(bench.rng) > 0.1) {
            plant(7.0 * k, 0.02, 868.0e6 + 50e3 * (double)gsl_rng_uniform_int(bench.rng, 16), 40e3,
                  -40.0);
        }
        if (k % 5 == 0) {
            plant(7.0 * k + 3.0, 2.0 + 3.0 * gsl_rng_uniform(bench.rng), 869.4e6, 8e3, -50.0);
        }
    }
    run(0);
    size_t of_hopper[EMITTERS_MAX] = {0};
    size_t most = 0;
    size_t rows = 0;
    for (size_t i = 0; i < bench.count; i++) {
        if (bench.rows[i].duration_ns < 1000000000) {
            rows++;
            most = ++of_hopper[root(i)] > most ? of_hopper[root(i)] : most;
        }
    }
    cr_expect_geq(most, rows * 95 / 100, "%zu of %zu", most, rows);
    cr_expect_gt(bench.merges, 2);
    cr_expect_not_null(strstr(bench.last_event, "hops"), "%s", bench.last_event);
}

/* Each row that is not in the emitter which most rows of its length are in. */
static size_t astray(int64_t duration_ns, int64_t *ret_emitter) {
    size_t counts[EMITTERS_MAX] = {0};
    size_t rows = 0;
    *ret_emitter = 0;
    for (size_t i = 0; i < bench.count; i++) {
        if (bench.rows[i].duration_ns == duration_ns) {
            rows++;
            counts[root(i)]++;
            *ret_emitter = counts[root(i)] > counts[*ret_emitter] ? root(i) : *ret_emitter;
        }
    }
    return rows - counts[*ret_emitter];
}

/* Two meters on the same sixteen channels, in whole seconds: one sends at will on multiples of 7 s,
 * the other of 20 s. A state that is saved now and then makes no difference. */
Test(emitter, meters_that_hop_at_will_on_ticks_of_whole_seconds_are_two) {
    double a_s = 0.0;
    double b_s = 3.0;
    for (int k = 0; k < 400; k++) {
        double channel = (double)gsl_rng_uniform_int(bench.rng, 16);
        a_s += 7.0 * (2.0 + (double)gsl_rng_uniform_int(bench.rng, 10));
        plant(a_s, 0.020, 868.0e6 + 50e3 * channel, 40e3, -40.0);
        channel = (double)gsl_rng_uniform_int(bench.rng, 16);
        b_s += 20.0 * (1.0 + (double)gsl_rng_uniform_int(bench.rng, 4));
        plant(b_s, 0.021, 868.0e6 + 50e3 * channel, 40e3, -43.0);
    }
    run(50);
    int64_t a;
    int64_t b;
    size_t of_a = astray(20000000, &a);
    size_t of_b = astray(21000000, &b);
    cr_expect_neq(a, b);
    cr_expect_leq(of_a, 40, "%zu of 400", of_a);
    cr_expect_leq(of_b, 40, "%zu of 400", of_b);
}

static const double frame_s = 60e-3 / 13.0;

static struct ls_transmission *plant_call(double t_s, double duration_s, double center_hz,
                                          double share) {
    struct ls_transmission *row = plant(t_s, duration_s, center_hz, 200e3, -40.0);
    row->burst_s = 0.55e-3;
    row->period_s = frame_s;
    row->bursts = (uint64_t)(share * duration_s / frame_s);
    ls_copy_text(row->class_name, sizeof row->class_name, "gsm");
    return row;
}

Test(emitter, two_slots_of_one_carrier_are_two_and_a_call_that_hops_is_one) {
    double t_s = 1000.0 * frame_s;
    plant_call(t_s, 60.0, 876.4e6, 0.95);
    plant_call(t_s + 20.0 * frame_s + 3.0 / 8.0 * frame_s, 80.0, 876.4e6, 0.95);
    run(0);
    cr_expect_eq(bench.kept, 2);
    end();
    begin();
    for (int k = 0; k < 4; k++) {
        plant_call(t_s + 3.0 * k * frame_s, 60.0 + 0.01 * k, 876.4e6 + 400e3 * k, 0.24);
    }
    run(0);
    cr_expect_eq(bench.kept, 1);
    cr_expect(bench.last.hops);
}

/* Two phones keyed together on two carriers fill their slots: they are no hopper. */
Test(emitter, calls_that_fill_their_slots_are_not_taken_for_one_that_hops) {
    double t_s = 1000.0 * frame_s;
    plant_call(t_s, 60.0, 876.4e6, 0.95);
    plant_call(t_s, 60.0, 877.4e6, 0.95);
    run(0);
    cr_expect_eq(bench.kept, 2);
}

/* A thousand one-off emissions: the memory of 64 emitters holds, and goes on. */
Test(emitter, memory_is_bounded) {
    for (int k = 0; k < 1000; k++) {
        double late_s = 6.0 * gsl_rng_uniform(bench.rng);
        plant(10.0 * k + late_s, 0.2, 860e6 + 20e3 * k, 8e3, -40.0);
    }
    run(0);
    cr_expect_eq(bench.kept, 64);
    cr_expect_eq(ls_emitters_count(bench.engine), 1000);
}

static void plant_crowd(void) {
    for (int k = 0; k < 400; k++) {
        plant(5.0 * k + gsl_rng_uniform(bench.rng), 0.2, 868.0e6 + 25e3 * (double)(k % 7), 20e3,
              -40.0 - 10.0 * (double)(k % 3));
    }
}

Test(emitter, a_resumed_run_is_one_run) {
    static int64_t whole[ROWS_MAX + 1];
    plant_crowd();
    run(0);
    memcpy(whole, bench.emitter, sizeof whole);
    size_t kept = bench.kept;
    end();
    begin();
    plant_crowd();
    run(7);
    cr_expect_eq(bench.kept, kept);
    cr_expect_arr_eq(whole, bench.emitter, sizeof whole);
}

Test(emitter, a_damaged_state_is_refused) {
    void *bytes = NULL;
    size_t size = 0;
    struct ls_emitters *other = NULL;
    struct ls_err err = {0};
    plant_crowd();
    run(0);
    cr_assert_eq(ls_emitters_save(bench.engine, &bytes, &size, &err), LS_OK);
    cr_expect_eq(ls_emitters_load(&other, &opts, bytes, size - 1, &err), LS_ERR_FORMAT);
    cr_expect_eq(ls_emitters_load(&other, &opts, bytes, 5, &err), LS_ERR_FORMAT);
    memset(bytes, 0x5a, 8);
    cr_expect_eq(ls_emitters_load(&other, &opts, bytes, size, &err), LS_ERR_FORMAT);
    free(bytes);
}

Test(emitter, reasons_are_words) {
    struct ls_tie tie = {.alike = LS_TIE_CHANNEL | LS_TIE_LEVEL | LS_TIE_CLOCK,
                         .unlike = LS_TIE_LENGTH};
    char text[LS_TIE_REASON_BYTES];
    ls_tie_reason_text(ls_tie_reason(&tie), text);
    cr_expect_str_eq(text, "channel, level and clock, in spite of length");
    tie.by_split = true;
    ls_tie_reason_text(ls_tie_reason(&tie), text);
    cr_expect_str_eq(text, "channel, level and clock, in spite of length; told apart later");
    ls_tie_reason_text(0, text);
    cr_expect_str_eq(text, "first");
}

Test(emitter, gsm_slots_are_known_by_their_form) {
    const struct ls_tdma *gsm = ls_tdma_of(0.55e-3, 210e3);
    cr_assert_not_null(gsm);
    cr_expect_float_eq(gsm->frame_s, frame_s, 1e-12);
    cr_expect_null(ls_tdma_of(0.325e-3, 210e3));
    cr_expect_null(ls_tdma_of(1.13e-3, 210e3));
    cr_expect_null(ls_tdma_of(0.55e-3, 10e3));
    cr_expect_float_eq(ls_tdma_apart_s(gsm, 0, llround(10.25 * frame_s * 1e9)), frame_s / 4.0,
                       1e-8);
    cr_expect_float_eq(ls_tdma_apart_s(gsm, 0, llround(9.75 * frame_s * 1e9)), -frame_s / 4.0,
                       1e-8);
}
