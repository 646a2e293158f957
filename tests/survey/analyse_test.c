#include "survey/analyse.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "model/burst.h"
#include "tests/dsp/waves.h"
#include "tests/hw/scratch.h"
#include "tests/store/database.h"

static const double rate_sps = 250e3;
static const double center_hz = 868.3e6;
static const int64_t start_ns = INT64_C(1795000000000000000);

/* A folder with a recording, and a database. */
struct bench {
    struct scratch scratch;
    struct database database;
    struct ls_store *store;
    struct ls_analyse_opts opts;
    struct ls_analyse_result result;
    struct ls_err err;
    char path[256];
};

/* Noise and a burst of 0.2 s every 0.5 s from 0.25 s on, at four frequencies in turn. */
static float complex *make_samples(size_t n) {
    float complex *x = calloc(n, sizeof *x);
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    waves_noise(rng, x, n, 1e-6);
    for (size_t i = 0; (0.5 * (double)i + 0.45) * rate_sps < (double)n; i++) {
        struct wave_keying keying = {.from = (0.5 * (double)i + 0.25) * rate_sps,
                                     .to = (0.5 * (double)i + 0.45) * rate_sps,
                                     .ramp = 10.0};
        double low = -0.3 + 0.15 * (double)(i % 4);
        waves_band(rng, x, n, &keying, low, low + 0.05, 1e-6 * 0.05 * 100.0);
    }
    gsl_rng_free(rng);
    return x;
}

static void bench_init(struct bench *bench, const void *bytes, size_t n) {
    memset(bench, 0, sizeof *bench);
    scratch_init(&bench->scratch);
    database_init(&bench->database);
    ls_copy_text(bench->path, sizeof bench->path,
                 scratch_write(&bench->scratch, "recording.cf32", bytes, n));
    bench->store = database_open(&bench->database, LS_STORE_WRITE);
    bench->opts = (struct ls_analyse_opts){.source = {.path = bench->path,
                                                      .format = LS_FORMAT_CF32_LE,
                                                      .rate_sps = rate_sps,
                                                      .center_hz = center_hz,
                                                      .center_given = true,
                                                      .start_ns = start_ns,
                                                      .start_given = true}};
}

static int analyse(struct bench *bench) {
    return ls_analyse(bench->store, &bench->opts, &bench->result, &bench->err);
}

static void bench_finish(struct bench *bench) {
    ls_store_close(bench->store);
    database_finish(&bench->database);
    scratch_finish(&bench->scratch);
}

static int count_seconds(void *context, const struct ls_observation *row, struct ls_err *err) {
    double *seconds = context;
    (void)err;
    seconds[row->state] += (double)(row->stop_ns - row->start_ns) / 1e9;
    return LS_OK;
}

enum { SAMPLES = 1000000 };

Test(analyse, stores_what_was_planted_with_its_ledger) {
    struct bench bench;
    LS_AUTO(float complex) x = make_samples(SAMPLES);
    bench_init(&bench, x, SAMPLES * sizeof *x);
    cr_assert_eq(analyse(&bench), LS_OK, "%s", bench.err.text);
    struct found_rows rows = database_read(bench.store, NULL);
    cr_assert_eq(rows.count, 8, "%zu rows", rows.count);
    for (size_t i = 0; i < rows.count; i++) {
        const struct ls_transmission *row = &rows.rows[i];
        double late = (double)(row->start_ns - start_ns) / 1e9 - 0.25 - 0.5 * (double)i;
        cr_expect_lt(fabs(late), 160e-6, "row %zu: %+.0f us", i, late * 1e6);
        double low = -0.3 + 0.15 * (double)(i % 4);
        double off = row->center_hz - center_hz - (low + 0.025) * rate_sps;
        cr_expect_lt(fabs(off), 0.1 * 0.05 * rate_sps, "row %zu: %+.0f Hz", i, off);
        cr_expect_lt(fabs(row->snr_db - 20.0), 1.0, "row %zu: %.1f dB", i, row->snr_db);
        cr_expect_eq(row->run_id, bench.result.run.id);
    }
    free(rows.rows);
    double seconds[4] = {0};
    cr_assert_eq(ls_store_each_observation(bench.store, &(struct ls_filter){0}, count_seconds,
                                           seconds, &bench.err),
                 LS_OK);
    cr_expect_float_eq(seconds[LS_OBSERVED], 4.0, 1e-9);
    cr_expect_float_eq(bench.result.observed_s, 4.0, 1e-9);
    cr_expect_eq(bench.result.samples, SAMPLES);
    cr_expect_eq(bench.result.transmissions, 8);
    cr_expect_not(bench.result.run.incomplete);
    cr_expect_not(bench.result.run.no_clock);
    cr_expect_eq(strlen(bench.result.run.input_sha512), LS_SHA512_HEX_BYTES - 1);
    database_expect_sound(bench.store);
    bench_finish(&bench);
}

static int take_noise(void *context, const struct ls_observation *row, struct ls_err *err) {
    (void)err;
    *(struct ls_noise *)context = row->noise;
    return LS_OK;
}

static struct ls_noise stored_noise(struct bench *bench) {
    struct ls_noise noise = {.known = false};
    cr_assert_eq(ls_store_each_observation(bench->store, &(struct ls_filter){0}, take_noise, &noise,
                                           &bench->err),
                 LS_OK);
    return noise;
}

enum { CLAIMED = 100, CLAIMED_SAMPLES = 2600000 };

/* Bursts of 25 kHz and 10 ms, one every 0.1 s, in turn at four frequencies. */
static void add_claimed(float complex *x, double level_dbfs) {
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(rng, 2026);
    for (size_t i = 0; i < CLAIMED; i++) {
        double from = (0.2 + 0.1 * (double)i) * rate_sps;
        struct wave_keying keying = {.from = from, .to = from + 0.01 * rate_sps, .ramp = 1.0};
        double low = -0.4 + 0.17 * (double)(i % 4);
        waves_band(rng, x, CLAIMED_SAMPLES, &keying, low, low + 0.1, pow(10.0, level_dbfs / 10.0));
    }
    gsl_rng_free(rng);
}

/* 90 of 100 are claimed; fewer than 80 has a chance of 0.2 %. A burst that lies between channels
 * and rows loses some tenths of a dB, which the claim of a window that fits does not know. */
Test(analyse, the_floor_is_stored_and_the_claimed_sensitivity_holds) {
    struct bench bench;
    LS_AUTO(float complex) x = calloc(CLAIMED_SAMPLES, sizeof *x);
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    waves_noise(rng, x, CLAIMED_SAMPLES, 1e-6);
    gsl_rng_free(rng);
    bench_init(&bench, x, CLAIMED_SAMPLES * sizeof *x);
    cr_assert_eq(analyse(&bench), LS_OK, "%s", bench.err.text);
    cr_expect_eq(database_count(bench.store, NULL), 0);
    struct ls_noise noise = stored_noise(&bench);
    cr_assert(noise.known);
    cr_expect_float_eq(noise.floor_dbfs_hz, -60.0 - 10.0 * log10(rate_sps), 0.1, "%.2f dBFS",
                       noise.floor_dbfs_hz);
    cr_expect(noise.floor_error_db > 0.0 && noise.floor_error_db < 0.2, "%.2f dB",
              noise.floor_error_db);
    bench_finish(&bench);
    add_claimed(x, noise.weakest_dbfs);
    bench_init(&bench, x, CLAIMED_SAMPLES * sizeof *x);
    cr_assert_eq(analyse(&bench), LS_OK, "%s", bench.err.text);
    size_t found = database_count(bench.store, NULL);
    cr_expect(found >= 80 && found <= CLAIMED, "%zu of %d at %.1f dBFS", found, CLAIMED,
              noise.weakest_dbfs);
    bench_finish(&bench);
}

Test(analyse, twice_replaces_rows) {
    struct bench bench;
    LS_AUTO(float complex) x = make_samples(SAMPLES);
    bench_init(&bench, x, SAMPLES * sizeof *x);
    for (size_t threads = 1; threads <= 3; threads++) {
        bench.opts.threads = threads;
        cr_assert_eq(analyse(&bench), LS_OK, "%s", bench.err.text);
        cr_expect_eq(database_count(bench.store, NULL), 8);
        cr_expect_eq(database_count_runs(bench.store), 1);
    }
    database_expect_sound(bench.store);
    bench_finish(&bench);
}

/* Analyses samples [from, to) of the recording as a file of its own. */
static struct found_rows rows_of_part(const float complex *x, size_t from, size_t to) {
    struct bench bench;
    bench_init(&bench, x + from, (to - from) * sizeof *x);
    bench.opts.source.start_ns += (int64_t)llround((double)from / rate_sps * 1e9);
    cr_assert_eq(analyse(&bench), LS_OK, "%s", bench.err.text);
    struct found_rows rows = database_read(bench.store, NULL);
    bench_finish(&bench);
    return rows;
}

static void expect_alike(const struct ls_transmission *part, const struct ls_transmission *whole) {
    const double row_ns = 2.0 * 20.0 / rate_sps * 1e9;
    cr_expect_lt(fabs((double)(part->start_ns - whole->start_ns)), row_ns);
    cr_expect_lt(fabs((double)(part->duration_ns - whole->duration_ns)), 2.0 * row_ns);
    cr_expect_float_eq(part->center_hz, whole->center_hz, 0.02 * whole->bandwidth_hz);
    cr_expect_float_eq(part->snr_db, whole->snr_db, 0.3);
}

/* Each part learns its own floor, so rows are alike and not the same; a burst that lies over the
 * cut is one in each part, of which each says that it was cut there. */
Test(analyse, a_recording_cut_in_two_files_gives_the_rows_of_the_whole) {
    LS_AUTO(float complex) x = make_samples(SAMPLES);
    struct found_rows whole = rows_of_part(x, 0, SAMPLES);
    cr_assert_eq(whole.count, 8);
    struct found_rows first = rows_of_part(x, 0, SAMPLES / 2);
    struct found_rows second = rows_of_part(x, SAMPLES / 2, SAMPLES);
    cr_assert_eq(first.count, 4);
    cr_assert_eq(second.count, 4);
    for (size_t i = 0; i < 4; i++) {
        expect_alike(&first.rows[i], &whole.rows[i]);
        expect_alike(&second.rows[i], &whole.rows[4 + i]);
    }
    free(first.rows);
    free(second.rows);
    size_t middle = (size_t)(1.85 * rate_sps); /* of the fourth burst */
    first = rows_of_part(x, 0, middle);
    second = rows_of_part(x, middle, SAMPLES);
    cr_assert_eq(first.count, 4);
    cr_assert_eq(second.count, 5);
    cr_expect_eq(first.rows[3].flags & LS_BURST_CUT_STOP, LS_BURST_CUT_STOP);
    cr_expect_eq(second.rows[0].flags & LS_BURST_CUT_START, LS_BURST_CUT_START);
    int64_t both_ns = first.rows[3].duration_ns + second.rows[0].duration_ns;
    cr_expect_float_eq((double)both_ns / 1e9, (double)whole.rows[3].duration_ns / 1e9, 400e-6);
    free(whole.rows);
    free(first.rows);
    free(second.rows);
}

/* Everything but ids. */
static bool same_row(const struct ls_transmission *a, const struct ls_transmission *b) {
    bool periods = a->period_s == b->period_s || (isnan(a->period_s) && isnan(b->period_s));
    return a->start_ns == b->start_ns && a->duration_ns == b->duration_ns &&
           a->center_hz == b->center_hz && a->bandwidth_hz == b->bandwidth_hz &&
           a->snr_db == b->snr_db && a->level_dbfs == b->level_dbfs && a->bursts == b->bursts &&
           a->on_s == b->on_s && a->burst_s == b->burst_s && a->flags == b->flags && periods;
}

Test(analyse, rows_do_not_depend_on_threads_or_blocks) {
    static const size_t blocks[] = {0, 1, 7000, 1000000};
    LS_AUTO(float complex) x = make_samples(SAMPLES);
    struct bench bench;
    bench_init(&bench, x, SAMPLES * sizeof *x);
    cr_assert_eq(analyse(&bench), LS_OK, "%s", bench.err.text);
    struct found_rows first = database_read(bench.store, NULL);
    for (size_t i = 0; i < LS_COUNT(blocks); i++) {
        bench.opts.threads = i + 1;
        bench.opts.source.block_samples = blocks[i];
        cr_assert_eq(analyse(&bench), LS_OK, "%s", bench.err.text);
        struct found_rows again = database_read(bench.store, NULL);
        cr_assert_eq(again.count, first.count);
        for (size_t k = 0; k < first.count; k++) {
            cr_expect(same_row(&first.rows[k], &again.rows[k]), "row %zu, blocks of %zu", k,
                      blocks[i]);
        }
        free(again.rows);
    }
    free(first.rows);
    bench_finish(&bench);
}

/* The plain transform is less sharp, so its bandwidths are only bounded. */
Test(analyse, every_bank_and_the_plain_transform_find_the_same_bursts) {
    static const size_t taps[] = {1, 4, 8, 12};
    LS_AUTO(float complex) x = make_samples(SAMPLES);
    struct bench bench;
    bench_init(&bench, x, SAMPLES * sizeof *x);
    for (size_t t = 0; t < LS_COUNT(taps); t++) {
        bench.opts.taps = taps[t];
        cr_assert_eq(analyse(&bench), LS_OK, "%s", bench.err.text);
        char option[32];
        snprintf(option, sizeof option, "\"taps\":%zu", taps[t]);
        cr_expect_not_null(strstr(bench.result.run.options, option), "the run says how");
        struct found_rows rows = database_read(bench.store, NULL);
        cr_assert_eq(rows.count, 8, "%zu taps: %zu rows", taps[t], rows.count);
        for (size_t i = 0; i < rows.count; i++) {
            const struct ls_transmission *row = &rows.rows[i];
            double late = (double)(row->start_ns - start_ns) / 1e9 - 0.25 - 0.5 * (double)i;
            double off =
                row->center_hz - center_hz - (-0.3 + 0.15 * (double)(i % 4) + 0.025) * rate_sps;
            cr_expect_lt(fabs(late), 160e-6, "%zu taps, row %zu: %+g s", taps[t], i, late);
            cr_expect_lt(fabs(off), 0.1 * 0.05 * rate_sps, "%zu taps: %+g Hz", taps[t], off);
            cr_expect_lt(fabs(row->snr_db - 20.0), 1.0, "%zu taps: %g dB", taps[t], row->snr_db);
        }
        free(rows.rows);
    }
    bench_finish(&bench);
}

Test(analyse, a_recording_that_is_not_hashed_says_so) {
    struct bench bench;
    LS_AUTO(float complex) x = make_samples(SAMPLES);
    bench_init(&bench, x, SAMPLES * sizeof *x);
    bench.opts.skip_hash = true;
    cr_assert_eq(analyse(&bench), LS_OK, "%s", bench.err.text);
    cr_expect_str_eq(bench.result.run.input_sha512, "");
    cr_expect_not_null(strstr(bench.result.run.note, "was not hashed"));
    cr_assert_eq(analyse(&bench), LS_OK, "%s", bench.err.text);
    cr_expect_eq(database_count_runs(bench.store), 2, "nobody knows that it is the same");
    bench_finish(&bench);
}

static void stop_midway(void *context, const struct ls_analyse_progress *now) {
    atomic_int *stop = context;
    if (now->samples_done >= SAMPLES / 2) {
        atomic_store(stop, 1);
    }
}

Test(analyse, stopped_stores_nothing_and_keeps_the_run_before) {
    struct bench bench;
    LS_AUTO(float complex) x = make_samples(SAMPLES);
    bench_init(&bench, x, SAMPLES * sizeof *x);
    atomic_int stop = 1;
    bench.opts.stop = &stop;
    bench.opts.threads = 2;
    cr_expect_eq(analyse(&bench), LS_ERR_STOPPED);
    cr_expect_eq(database_count(bench.store, NULL), 0);
    cr_expect_eq(database_count_runs(bench.store), 0);
    bench.opts.stop = NULL;
    cr_assert_eq(analyse(&bench), LS_OK, "%s", bench.err.text);
    stop = 0;
    bench.opts.stop = &stop;
    bench.opts.progress = stop_midway;
    bench.opts.progress_context = &stop;
    bench.opts.source.block_samples = 1000;
    int code = analyse(&bench);
    /* Reports come 5 times a second at most: a fast machine may be done before the second. */
    cr_expect(code == LS_ERR_STOPPED || code == LS_OK, "%s", bench.err.text);
    cr_expect_eq(database_count(bench.store, NULL), 8);
    cr_expect_eq(database_count_runs(bench.store), 1);
    database_expect_sound(bench.store);
    bench_finish(&bench);
}

Test(analyse, cut_recording_is_incomplete) {
    struct bench bench;
    LS_AUTO(float complex) x = make_samples(SAMPLES);
    bench_init(&bench, x, SAMPLES * sizeof *x - 3);
    cr_assert_eq(analyse(&bench), LS_OK, "%s", bench.err.text);
    cr_expect(bench.result.run.incomplete);
    cr_expect_eq(bench.result.samples, SAMPLES - 1);
    cr_expect_eq(bench.result.transmissions, 8);
    bench_finish(&bench);
}

Test(analyse, samples_that_are_no_numbers_are_counted_and_said) {
    struct bench bench;
    LS_AUTO(float complex) x = make_samples(SAMPLES);
    x[0] = CMPLXF(NAN, 0.0F);
    x[SAMPLES / 2] = CMPLXF(0.0F, -INFINITY);
    x[SAMPLES - 1] = CMPLXF(NAN, NAN);
    bench_init(&bench, x, SAMPLES * sizeof *x);
    cr_assert_eq(analyse(&bench), LS_OK, "%s", bench.err.text);
    cr_expect_eq(bench.result.invalid_samples, 3);
    cr_expect(bench.result.run.incomplete);
    cr_expect_not_null(strstr(bench.result.run.note, "3 samples were not numbers"), "note: %s",
                       bench.result.run.note);
    bench_finish(&bench);
}

Test(analyse, samples_changed_since_they_were_hashed_are_said) {
    static const char meta[] =
        "{\"global\":{\"core:datatype\":\"cf32_le\",\"core:version\":\"1.0.0\","
        "\"core:sample_rate\":250000,\"core:sha512\":\"%s\"},"
        "\"captures\":[{\"core:sample_start\":0}],\"annotations\":[]}";
    struct bench bench;
    LS_AUTO(float complex) x = make_samples(SAMPLES);
    bench_init(&bench, x, SAMPLES * sizeof *x);
    scratch_write(&bench.scratch, "r.sigmf-data", x, SAMPLES * sizeof *x);
    cr_assert_eq(analyse(&bench), LS_OK, "%s", bench.err.text);
    char hash[LS_SHA512_HEX_BYTES];
    ls_copy_text(hash, sizeof hash, bench.result.run.input_sha512);
    for (int changed = 0; changed < 2; changed++) {
        hash[0] = changed ? (hash[0] == '0' ? '1' : '0') : hash[0];
        char text[sizeof meta + LS_SHA512_HEX_BYTES];
        snprintf(text, sizeof text, meta, hash);
        bench.opts = (struct ls_analyse_opts){
            .source = {.path = scratch_write(&bench.scratch, "r.sigmf-meta", text, strlen(text))}};
        cr_assert_eq(analyse(&bench), LS_OK, "%s", bench.err.text);
        cr_expect_eq(strstr(bench.result.run.note, "core:sha512") != NULL, changed == 1, "%s",
                     bench.result.run.note);
    }
    bench_finish(&bench);
}

Test(analyse, trap_no_start_time) {
    struct bench bench;
    LS_AUTO(float complex) x = make_samples(SAMPLES);
    bench_init(&bench, x, SAMPLES * sizeof *x);
    bench.opts.source.start_given = false;
    cr_assert_eq(analyse(&bench), LS_OK, "%s", bench.err.text);
    cr_expect(bench.result.run.no_clock);
    cr_expect_eq(bench.result.run.first_ns, 0);
    cr_expect_eq(bench.result.run.last_ns, INT64_C(4000000000));
    struct found_rows rows = database_read(bench.store, NULL);
    cr_assert_eq(rows.count, 8);
    cr_expect_float_eq((double)rows.rows[0].start_ns, 0.25e9, 160e3);
    free(rows.rows);
    bench_finish(&bench);
}

/* Two captures of one carrier, 10 ms apart: the carrier may have been off between them. */
Test(analyse, trap_join_over_gap) {
    struct bench bench;
    LS_AUTO(float complex) x = calloc(SAMPLES, sizeof *x);
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    waves_noise(rng, x, SAMPLES, 1e-6);
    waves_tone(x, SAMPLES, &(struct wave_keying){.to = SAMPLES}, 0.2, 1e-5);
    gsl_rng_free(rng);
    bench_init(&bench, x, SAMPLES * sizeof *x);
    scratch_write(&bench.scratch, "two.sigmf-data", x, SAMPLES * sizeof *x);
    scratch_text(&bench.scratch, "two.sigmf-meta",
                 "{\"global\":{\"core:datatype\":\"cf32_le\",\"core:sample_rate\":250000,"
                 "\"core:version\":\"1.0.0\"},\"annotations\":[],\"captures\":["
                 "{\"core:sample_start\":0,\"core:frequency\":868300000,"
                 "\"core:datetime\":\"2026-11-20T08:00:00Z\"},"
                 "{\"core:sample_start\":500000,\"core:frequency\":868300000,"
                 "\"core:datetime\":\"2026-11-20T08:00:02.010Z\"}]}");
    bench.opts.source = (struct ls_source_opts){.path = scratch_path(&bench.scratch, "two")};
    cr_assert_eq(analyse(&bench), LS_OK, "%s", bench.err.text);
    struct found_rows rows = database_read(bench.store, NULL);
    cr_assert_eq(rows.count, 2, "%zu rows", rows.count);
    for (size_t i = 0; i < 2; i++) {
        cr_expect_eq(rows.rows[i].flags, LS_BURST_CUT_START | LS_BURST_CUT_STOP, "flags %u",
                     rows.rows[i].flags);
        cr_expect_float_eq((double)rows.rows[i].duration_ns, 2e9, 1e6);
    }
    cr_expect_eq(rows.rows[1].start_ns - rows.rows[0].start_ns, INT64_C(2010000000));
    cr_expect_float_eq(bench.result.off_s, 0.01, 1e-9);
    cr_expect_float_eq(bench.result.observed_s, 4.0, 1e-9);
    free(rows.rows);
    database_expect_sound(bench.store);
    bench_finish(&bench);
}

/* The same counts without a store, and a line a burst. */
Test(analyse, without_a_store_it_still_counts_and_writes_bursts) {
    struct bench bench;
    LS_AUTO(float complex) x = make_samples(SAMPLES);
    bench_init(&bench, x, SAMPLES * sizeof *x);
    FILE *lines = tmpfile();
    cr_assert_not_null(lines);
    bench.opts.bursts = lines;
    cr_assert_eq(ls_analyse(NULL, &bench.opts, &bench.result, &bench.err), LS_OK, "%s",
                 bench.err.text);
    cr_expect_eq(bench.result.transmissions, 8);
    rewind(lines);
    size_t count = 0;
    for (int c = fgetc(lines); c != EOF; c = fgetc(lines)) {
        count += c == '\n';
    }
    cr_expect_eq(count, bench.result.bursts);
    cr_expect_geq(count, 8);
    fclose(lines);
    cr_expect_eq(database_count_runs(bench.store), 0);
    bench_finish(&bench);
}

Test(analyse, missing_recording_is_an_error_and_stores_nothing) {
    struct bench bench;
    bench_init(&bench, "", 0);
    bench.opts.source.path = "/nowhere/at-all.cf32";
    cr_expect_eq(analyse(&bench), LS_ERR_NOTFOUND, "%s", bench.err.text);
    cr_expect_eq(database_count_runs(bench.store), 0);
    bench_finish(&bench);
}
