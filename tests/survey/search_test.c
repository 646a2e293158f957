#include "survey/search.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "survey/cut.h"
#include "tests/dsp/waves.h"
#include "tests/survey/heard.h"

static const int64_t start_ns = INT64_C(1795000000000000000);

/* Noise at -60 dBFS of the whole band, in cf32. */
struct recording {
    gsl_rng *rng;
    float complex *x;
    size_t n;
    struct ls_tuning tuning;
};

static const double noise_pow = 1e-6;

static void recording_init(struct recording *recording, double rate_sps, double seconds,
                           unsigned long seed) {
    recording->rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(recording->rng, seed);
    recording->n = (size_t)(rate_sps * seconds);
    recording->x = calloc(recording->n, sizeof *recording->x);
    cr_assert_not_null(recording->x);
    recording->tuning =
        (struct ls_tuning){.center_hz = 868e6, .rate_sps = rate_sps, .format = LS_FORMAT_CF32_LE};
    waves_noise(recording->rng, recording->x, recording->n, noise_pow);
}

static void recording_finish(struct recording *recording) {
    gsl_rng_free(recording->rng);
    free(recording->x);
}

/* A band-limited burst; snr_db in its own bandwidth. Ramps of 40 us. */
static void add_burst(struct recording *recording, double start_s, double duration_s,
                      double offset_hz, double bandwidth_hz, double snr_db) {
    double rate = recording->tuning.rate_sps;
    struct wave_keying keying = {
        .from = start_s * rate, .to = (start_s + duration_s) * rate, .ramp = 40e-6 * rate};
    waves_band(recording->rng, recording->x, recording->n, &keying,
               (offset_hz - bandwidth_hz / 2.0) / rate, (offset_hz + bandwidth_hz / 2.0) / rate,
               noise_pow * bandwidth_hz / rate * exp10(snr_db / 10.0));
}

static void add_tone(struct recording *recording, double from_s, double to_s, double offset_hz,
                     double dbfs) {
    double rate = recording->tuning.rate_sps;
    struct wave_keying keying = {.from = from_s * rate, .to = to_s * rate};
    waves_tone(recording->x, recording->n, &keying, offset_hz / rate, exp10(dbfs / 10.0));
}

static void search(struct heard *ret, const struct recording *recording,
                   const struct heard_opts *opts) {
    memset(ret, 0, sizeof *ret);
    heard_search(ret, opts, &recording->tuning, start_ns, recording->x, recording->n);
}

/* Bursts of all kinds, some over the seams of pieces, and a carrier. */
static void busy_recording(struct recording *recording, double seconds) {
    recording_init(recording, 250e3, seconds, 71);
    for (double at = 0.05; at + 0.2 < seconds; at += 0.117) {
        double offset = -90e3 + 180e3 * gsl_rng_uniform(recording->rng);
        double length = 0.002 + 0.15 * gsl_rng_uniform(recording->rng);
        double snr_db = 8.0 + 25.0 * gsl_rng_uniform(recording->rng);
        add_burst(recording, at, length, offset, 12.5e3, snr_db);
    }
    add_tone(recording, 0.0, seconds, 101e3, -70.0);
}

Test(search, rows_are_the_same_with_any_number_of_threads_and_any_block_size) {
    static const size_t blocks[] = {0, 7, 4096, 65536, 1000000};
    struct recording recording;
    busy_recording(&recording, 8.0);
    struct heard first;
    search(&first, &recording, &(struct heard_opts){0});
    cr_expect_geq(first.row_count, 20);
    for (size_t threads = 1; threads <= LS_THREADS_MAX; threads++) {
        for (size_t i = 0; i < LS_COUNT(blocks); i++) {
            struct heard again;
            search(&again, &recording,
                   &(struct heard_opts){.threads = threads, .block_samples = blocks[i]});
            cr_expect(heard_equal(&first, &again), "%zu threads, blocks of %zu: %zu rows, %zu",
                      threads, blocks[i], again.row_count, first.row_count);
            heard_finish(&again);
        }
    }
    heard_finish(&first);
    recording_finish(&recording);
}

Test(search, blocks_of_one_sample_give_the_same_rows) {
    struct recording recording;
    busy_recording(&recording, 0.6);
    struct heard whole;
    struct heard single;
    search(&whole, &recording, &(struct heard_opts){0});
    search(&single, &recording, &(struct heard_opts){.block_samples = 1, .threads = 2});
    cr_expect_geq(whole.row_count, 2);
    cr_expect(heard_equal(&whole, &single));
    heard_finish(&whole);
    heard_finish(&single);
    recording_finish(&recording);
}

struct planted {
    double start_s;
    double duration_s;
    double offset_hz;
    double bandwidth_hz;
    double snr_db;
};

static const struct ls_transmission *row_near(const struct heard *heard,
                                              const struct planted *planted) {
    const struct ls_transmission *best = NULL;
    double nearest = 0.01;
    for (size_t i = 0; i < heard->row_count; i++) {
        const struct ls_transmission *row = &heard->rows[i];
        double late = (double)(row->start_ns - start_ns) / 1e9 - planted->start_s;
        double off = fabs(row->center_hz - 868e6 - planted->offset_hz);
        if (fabs(late) < nearest && off < planted->bandwidth_hz) {
            best = row;
            nearest = fabs(late);
        }
    }
    return best;
}

Test(search, recovers_what_was_planted) {
    static const struct planted planted[] = {
        {0.30, 0.050, -300e3, 25e3, 20.0},  {0.70, 0.020, 120e3, 200e3, 15.0},
        {1.10, 0.200, 250e3, 12.5e3, 25.0}, {1.40, 0.004, -150e3, 100e3, 20.0},
        {1.80, 0.500, 30e3, 50e3, 15.0},    {2.60, 0.010, 400e3, 50e3, 30.0},
        {3.00, 0.100, -420e3, 25e3, 40.0},
    };
    struct recording recording;
    recording_init(&recording, 1e6, 3.5, 72);
    for (size_t i = 0; i < LS_COUNT(planted); i++) {
        const struct planted *p = &planted[i];
        add_burst(&recording, p->start_s, p->duration_s, p->offset_hz, p->bandwidth_hz, p->snr_db);
    }
    struct heard heard;
    search(&heard, &recording, &(struct heard_opts){.threads = 2});
    cr_expect_eq(heard.row_count, LS_COUNT(planted), "%zu rows", heard.row_count);
    const double row_s = 2.0 * 80.0 / 1e6;
    for (size_t i = 0; i < LS_COUNT(planted); i++) {
        const struct planted *p = &planted[i];
        const struct ls_transmission *row = row_near(&heard, p);
        cr_assert_not_null(row, "burst %zu is not there", i);
        double late = (double)(row->start_ns - start_ns) / 1e9 - p->start_s;
        double longer = (double)row->duration_ns / 1e9 - p->duration_s;
        cr_expect_lt(fabs(late), row_s, "burst %zu: %+.0f us late", i, late * 1e6);
        cr_expect_lt(fabs(longer), 2.0 * row_s, "burst %zu: %+.0f us longer", i, longer * 1e6);
        double off = row->center_hz - 868e6 - p->offset_hz;
        cr_expect_lt(fabs(off), 0.1 * p->bandwidth_hz, "burst %zu: %+.0f Hz off", i, off);
        cr_expect_float_eq(row->bandwidth_hz / p->bandwidth_hz, 0.99, 0.12,
                           "burst %zu: %.0f Hz wide, not %.0f", i, row->bandwidth_hz,
                           p->bandwidth_hz);
        cr_expect_lt(fabs(row->snr_db - p->snr_db), 1.0, "burst %zu: %.1f dB, not %.1f", i,
                     row->snr_db, p->snr_db);
        double dbfs = p->snr_db + 10.0 * log10(noise_pow * p->bandwidth_hz / 1e6);
        cr_expect_lt(fabs(row->level_dbfs - dbfs), 1.0, "burst %zu: %.1f dBFS, not %.1f", i,
                     row->level_dbfs, dbfs);
        cr_expect_eq(row->flags, 0);
    }
    heard_finish(&heard);
    recording_finish(&recording);
}

/* 75 minutes of continuous noise at 61.44 MS/s cannot be simulated here; its last sample's place
 * can: see stretch_test.c. This is 30 s, 92 pieces of one stretch. */
Test(search, finds_nothing_in_noise) {
    struct recording recording;
    recording_init(&recording, 250e3, 30.0, 73);
    struct heard heard;
    search(&heard, &recording, &(struct heard_opts){.threads = 2});
    /* 10 boxes a day: 0.003 expected. */
    cr_expect_eq(heard.row_count, 0, "%zu rows", heard.row_count);
    heard_finish(&heard);
    recording_finish(&recording);
}

Test(search, trap_carrier_from_first_sample) {
    struct recording recording;
    recording_init(&recording, 250e3, 6.0, 74);
    add_tone(&recording, 0.0, 6.0, -40e3, -65.0);
    struct heard heard;
    search(&heard, &recording, &(struct heard_opts){0});
    cr_assert_eq(heard.row_count, 1, "%zu rows", heard.row_count);
    const struct ls_transmission *row = &heard.rows[0];
    cr_expect_eq(row->flags, LS_BURST_CUT_START | LS_BURST_CUT_STOP, "flags %u", row->flags);
    cr_expect_eq(row->start_ns, start_ns);
    cr_expect_float_eq((double)row->duration_ns / 1e9, 6.0, 0.001);
    cr_expect_float_eq(row->center_hz, 868e6 - 40e3, 300.0);
    cr_expect_float_eq(row->level_dbfs, -65.0, 0.5);
    heard_finish(&heard);
    recording_finish(&recording);
}

/* A carrier as strong as the noise that comes up late and stays: one row to the end, not a floor
 * that swallows it. A floor that took its cells for noise would be there after three minutes. */
Test(search, trap_floor_follows_carrier) {
    struct recording recording;
    recording_init(&recording, 24e3, 240.0, 75);
    struct wave_keying on = {.from = 96e3, .to = 240 * 24e3};
    waves_band(recording.rng, recording.x, recording.n, &on, -0.3, -0.1, noise_pow * 0.2 * 1.0);
    struct heard heard;
    search(&heard, &recording, &(struct heard_opts){.threads = 2});
    cr_assert_eq(heard.row_count, 1, "%zu rows", heard.row_count);
    const struct ls_transmission *row = &heard.rows[0];
    double stop_s = (double)(row->start_ns + row->duration_ns - start_ns) / 1e9;
    cr_expect_float_eq(stop_s, 240.0, 0.01, "the last of it at %.2f s", stop_s);
    cr_expect_gt(row->on_s, 0.95 * 236.0, "%.1f s of 236 s", row->on_s);
    heard_finish(&heard);
    recording_finish(&recording);
}

/* The receiver's own spike in the middle of the band, 40 dB over the noise of a channel. */
Test(search, trap_dc_spike) {
    struct recording recording;
    recording_init(&recording, 250e3, 5.0, 76);
    add_tone(&recording, 0.0, 5.0, 0.0, -60.0 + 10.0 * log10(1.0 / 40.0) + 40.0);
    struct heard heard;
    search(&heard, &recording, &(struct heard_opts){0});
    cr_expect_eq(heard.row_count, 0, "%zu rows, the first at %+.0f Hz", heard.row_count,
                 heard.row_count > 0 ? heard.rows[0].center_hz - 868e6 : 0.0);
    heard_finish(&heard);
    recording_finish(&recording);
}

/* A burst over the spike, which is 20 dB stronger: what it occupies and its SNR are told past it.
 */
Test(search, dc_spike_does_not_narrow_what_lies_over_it) {
    struct recording recording;
    recording_init(&recording, 250e3, 3.0, 78);
    add_tone(&recording, 0.0, 3.0, 0.0, -60.0 + 10.0 * log10(100.0 / 250.0) + 30.0);
    add_burst(&recording, 2.2, 0.02, 20e3, 100e3, 10.0);
    struct heard heard;
    search(&heard, &recording, &(struct heard_opts){0});
    cr_assert_eq(heard.row_count, 1);
    cr_expect_float_eq(heard.rows[0].center_hz, 868e6 + 20e3, 4e3, "%g", heard.rows[0].center_hz);
    cr_expect_float_eq(heard.rows[0].bandwidth_hz, 100e3, 10e3, "%g", heard.rows[0].bandwidth_hz);
    cr_expect_float_eq(heard.rows[0].snr_db, 10.0, 1.0, "%g", heard.rows[0].snr_db);
    heard_finish(&heard);
    recording_finish(&recording);
}

/* Known lines of the receiver, wherever they lie between two channels of 6.25 kHz. */
Test(search, known_spurs_are_no_transmissions) {
    for (double offset = 0.0; offset < 1.0; offset += 0.25) {
        struct recording recording;
        recording_init(&recording, 250e3, 3.0, 77);
        double spur = -50e3 + offset * 6250.0;
        add_tone(&recording, 0.0, 3.0, spur, -55.0);
        double spurs_hz[] = {868e6 + spur, 900e6, 0.0};
        struct heard heard;
        search(&heard, &recording, &(struct heard_opts){.spurs_hz = spurs_hz, .spur_count = 3});
        cr_expect_eq(heard.row_count, 0, "%g channels off: %zu rows", offset, heard.row_count);
        heard_finish(&heard);
        search(&heard, &recording, &(struct heard_opts){0});
        cr_expect_eq(heard.row_count, 1, "the line is there");
        heard_finish(&heard);
        recording_finish(&recording);
    }
}

/* Noise that gains 6 dB within a minute, and loses it, is no transmission; at a low rate pieces are
 * long and the floor hears of them late. */
Test(search, drifting_noise_is_followed_at_every_rate) {
    static const double rates[] = {24e3, 48e3, 250e3};
    for (size_t i = 0; i < LS_COUNT(rates); i++) {
        struct recording recording;
        recording_init(&recording, rates[i], 60.0, 78);
        for (size_t k = 0; k < recording.n; k++) {
            double t = (double)k / rates[i];
            recording.x[k] *= (float)exp10(0.3 * (t < 30.0 ? t / 60.0 : 1.0 - t / 60.0));
        }
        struct heard heard;
        search(&heard, &recording, &(struct heard_opts){.threads = 2});
        cr_expect_eq(heard.row_count, 0, "%g S/s: %zu rows", rates[i], heard.row_count);
        heard_finish(&heard);
        recording_finish(&recording);
    }
}

/* Steps of the receiver's gain are answered within seconds, without ringing. */
Test(search, floor_settles_after_a_step_at_every_rate) {
    static const double rates[] = {24e3, 48e3, 250e3};
    for (size_t i = 0; i < LS_COUNT(rates); i++) {
        struct recording recording;
        recording_init(&recording, rates[i], 50.0, 79);
        for (size_t k = recording.n / 10; k < recording.n; k++) {
            recording.x[k] *= 0.5F;
        }
        add_burst(&recording, 40.0, 0.3, 5e3, 3e3, 20.0 - 6.0);
        struct heard heard;
        search(&heard, &recording, &(struct heard_opts){.threads = 2});
        cr_expect_eq(heard.row_count, 1, "%g S/s: %zu rows", rates[i], heard.row_count);
        /* 14 dB over the first noise are 20 dB over the second. */
        if (heard.row_count == 1) {
            cr_expect_float_eq(heard.rows[0].snr_db, 20.0, 1.0, "%g S/s: %.1f dB", rates[i],
                               heard.rows[0].snr_db);
        }
        heard_finish(&heard);
        recording_finish(&recording);
    }
}

/* What lies between two gaps may be three samples. The floor wants 8 frames of 20 samples that see
 * no padding; the 8 before them do, and so would 8 after them: 460 samples give 8. */
Test(search, stretches_too_short_for_a_floor_are_counted) {
    for (size_t n = 1; n < 2000; n += n < 50 ? 1 : 97) {
        struct recording recording;
        recording_init(&recording, 250e3, 1.0, 80);
        struct heard heard = {0};
        heard_search(&heard, &(struct heard_opts){0}, &recording.tuning, start_ns, recording.x, n);
        cr_expect_eq(heard.row_count, 0, "%zu samples: %zu rows", n, heard.row_count);
        cr_expect_eq(heard.counts.short_stretches, n < 460, "%zu samples", n);
        heard_finish(&heard);
        recording_finish(&recording);
    }
}

enum { STRETCHES_MAX = 128 };

/* The recording in stretches of on_s with off_s lost between them. */
static size_t cut_stretches(const struct recording *recording, double on_s, double off_s,
                            struct heard_stretch *ret) {
    double rate = recording->tuning.rate_sps;
    size_t count = 0;
    for (double at = 0.0; (at + on_s) * rate <= (double)recording->n; at += on_s + off_s) {
        cr_assert_lt(count, STRETCHES_MAX);
        ret[count++] = (struct heard_stretch){.tuning = recording->tuning,
                                              .t_ns = start_ns + (int64_t)(at * 1e9),
                                              .samples = recording->x + (size_t)(at * rate),
                                              .count = (size_t)(on_s * rate)};
    }
    return count;
}

/* Seven tenths of the band are occupied from the first sample after a gap to the last: only the
 * floor of before can tell. */
Test(search, floor_is_known_at_once_after_a_gap) {
    struct recording recording;
    recording_init(&recording, 250e3, 4.0, 83);
    add_burst(&recording, 2.05, 1.95, 0.0, 175e3, 6.0);
    struct heard_stretch stretches[STRETCHES_MAX];
    cr_assert_eq(cut_stretches(&recording, 1.9, 0.2, stretches), 2);
    struct heard heard = {0};
    heard_search_all(&heard, &(struct heard_opts){0}, stretches, 2);
    double on_s = 0.0;
    for (size_t i = 0; i < heard.row_count; i++) {
        on_s += heard.rows[i].bandwidth_hz > 150e3 ? heard.rows[i].on_s : 0.0;
    }
    cr_expect_float_eq(on_s, 1.9, 0.02, "%.2f s of 1.9 s in %zu rows", on_s, heard.row_count);
    heard_finish(&heard);
    recording_finish(&recording);
}

/* Samples lost twice a second: nothing false, and a burst in every stretch is measured as well as
 * in one without losses. */
Test(search, overflows_do_not_blind_it) {
    struct recording recording;
    recording_init(&recording, 250e3, 20.0, 84);
    for (double at = 0.2; at < 20.0; at += 0.5) {
        add_burst(&recording, at, 0.05, 40e3, 12.5e3, 15.0);
    }
    struct heard_stretch stretches[STRETCHES_MAX];
    size_t count = cut_stretches(&recording, 0.49, 0.01, stretches);
    struct heard heard = {0};
    heard_search_all(&heard, &(struct heard_opts){.threads = 2}, stretches, count);
    cr_expect_eq(heard.row_count, count, "%zu rows of %zu", heard.row_count, count);
    for (size_t i = 0; i < heard.row_count; i++) {
        /* Noise of -60 dBFS in 250 kHz, 13 dB less in 12.5 kHz, 15 dB more. 600 looks: 0.18 dB. */
        cr_expect_float_eq(heard.rows[i].level_dbfs, -58.0, 0.7, "row %zu: %.1f dBFS", i,
                           heard.rows[i].level_dbfs);
    }
    heard_finish(&heard);
    recording_finish(&recording);
}

/* A hopping receiver: four frequencies in turn, 25 ms on each, a carrier on two of them in every
 * other visit. */
Test(search, short_dwells_are_searched) {
    struct recording recording;
    recording_init(&recording, 1e6, 3.2, 85);
    struct heard_stretch stretches[STRETCHES_MAX];
    size_t count = cut_stretches(&recording, 0.024, 0.001, stretches);
    size_t planted = 0;
    for (size_t i = 0; i < count; i++) {
        stretches[i].tuning.center_hz += 1e6 * (double)(i % 4);
        if (i % 4 < 2 && i / 4 % 2 == 1) {
            add_burst(&recording, 0.025 * (double)i + 0.005, 0.010, 100e3, 50e3, 8.0);
            planted++;
        }
    }
    struct heard first = {0};
    heard_search_all(&first, &(struct heard_opts){0}, stretches, count);
    cr_expect_eq(first.row_count, planted, "%zu rows of %zu", first.row_count, planted);
    struct heard again = {0};
    heard_search_all(&again, &(struct heard_opts){.threads = 3, .block_samples = 1000}, stretches,
                     count);
    cr_expect(heard_equal(&first, &again), "threads and blocks");
    heard_finish(&first);
    heard_finish(&again);
    recording_finish(&recording);
}

/* Six tunings 1 MHz apart in turn. A line at +137 kHz of each is the receiver's; one at 868.2 MHz
 * is there in the first tuning only, and a transmitter's. */
Test(search, lines_that_stay_in_every_tuning_are_learned_and_listed) {
    struct recording recording;
    recording_init(&recording, 1e6, 3.2, 86);
    add_tone(&recording, 0.0, 3.2, 137e3, -62.0);
    struct heard_stretch stretches[STRETCHES_MAX];
    size_t count = cut_stretches(&recording, 0.05, 0.001, stretches);
    for (size_t i = 0; i < count; i++) {
        stretches[i].tuning.center_hz += 1e6 * (double)(i % 6);
        if (i % 6 == 0) {
            add_tone(&recording, 0.051 * (double)i, 0.051 * (double)i + 0.05, 200e3, -55.0);
        }
    }
    struct heard heard = {0};
    heard_search_all(&heard, &(struct heard_opts){0}, stretches, count);
    size_t late = 0;
    size_t sent = 0;
    for (size_t i = 0; i < heard.row_count; i++) {
        double at_s = (double)(heard.rows[i].start_ns - start_ns) / 1e9;
        bool own = fabs(fmod(heard.rows[i].center_hz, 1e6) - 137e3) < 10e3;
        late += own && at_s > 6 * 0.051;
        sent += fabs(heard.rows[i].center_hz - 868.2e6) < 10e3;
    }
    cr_expect_eq(late, 0, "%zu rows of the receiver's line after a round", late);
    cr_expect_geq(sent, (count + 5) / 6 - 1, "%zu rows of the transmitter", sent);
    cr_assert_eq(heard.counts.lines, 1);
    cr_expect_float_eq(heard.counts.lines_hz[0], 137e3, 1e6 / 160.0);
    heard_finish(&heard);
    recording_finish(&recording);
}

/* Wherever it lies: in the first sample, at a seam, in the last one. */
Test(search, every_invalid_sample_is_counted_once) {
    struct recording recording;
    recording_init(&recording, 250e3, 1.0, 81);
    static const size_t lengths[] = {250000, 249999, 240020, 163840, 163841,
                                     81921,  1000,   999,    50,     3};
    for (size_t i = 0; i < LS_COUNT(lengths); i++) {
        size_t n = lengths[i];
        LS_AUTO(float complex) x = malloc(n * sizeof *x);
        memcpy(x, recording.x, n * sizeof *x);
        x[0] = CMPLXF(NAN, 0.0F);
        x[n / 2] = CMPLXF(0.0F, INFINITY);
        x[n - 1] = CMPLXF(NAN, NAN);
        struct heard heard = {0};
        heard_search(&heard, &(struct heard_opts){0}, &recording.tuning, start_ns, x, n);
        cr_expect_eq(heard.counts.invalid_samples, 3, "%zu samples: %llu", n,
                     (unsigned long long)heard.counts.invalid_samples);
        heard_finish(&heard);
    }
    recording_finish(&recording);
}

/* All of it zero, all of it full scale, all of it the largest number that counts as one. */
Test(search, hostile_samples_give_finite_rows) {
    enum { N = 200000 };
    static const float values[] = {0.0F, 1.0F, 9e14F, 1e-30F};
    LS_AUTO(float complex) x = malloc(N * sizeof *x);
    struct ls_tuning tuning = {.center_hz = 1e9, .rate_sps = 48e3, .format = LS_FORMAT_CF32_LE};
    for (size_t first = 0; first < LS_COUNT(values); first++) {
        for (size_t second = 0; second < LS_COUNT(values); second++) {
            for (size_t i = 0; i < N; i++) {
                x[i] = i < N * 3 / 4 ? values[first] : values[second];
            }
            struct heard heard = {0};
            heard_search(&heard, &(struct heard_opts){0}, &tuning, start_ns, x, N);
            for (size_t i = 0; i < heard.row_count; i++) {
                const struct ls_transmission *row = &heard.rows[i];
                bool finite = isfinite(row->snr_db) && isfinite(row->level_dbfs) &&
                              isfinite(row->center_hz) && isfinite(row->bandwidth_hz) &&
                              row->duration_ns > 0;
                cr_expect(finite, "%g then %g: %g dB, %g dBFS, %g Hz wide", (double)values[first],
                          (double)values[second], row->snr_db, row->level_dbfs, row->bandwidth_hz);
            }
            heard_finish(&heard);
        }
    }
}

/* 6 GHz, in 2026: nothing is lost in 32 bits or in a float. */
Test(search, trap_32_bit_overflow) {
    struct recording recording;
    recording_init(&recording, 1e6, 3.0, 82);
    recording.tuning.center_hz = 6e9;
    add_burst(&recording, 2.7, 0.05, 200e3, 25e3, 20.0);
    struct heard heard;
    search(&heard, &recording, &(struct heard_opts){0});
    cr_assert_eq(heard.row_count, 1);
    cr_expect_float_eq(heard.rows[0].center_hz, 6e9 + 200e3, 2500.0);
    cr_expect_float_eq((double)(heard.rows[0].start_ns - start_ns), 2.7e9, 160e3);
    heard_finish(&heard);
    recording_finish(&recording);
}

Test(cut, channels_are_a_good_length_near_the_wanted_spacing) {
    static const double rates[] = {8e3, 48e3, 250e3, 1e6, 1.92e6, 2.4e6, 20e6, 61.44e6};
    for (size_t i = 0; i < LS_COUNT(rates); i++) {
        size_t n = ls_cut_channels(rates[i], 0.0);
        cr_expect(n >= 16 && n <= 1024 && n % 2 == 0, "%g S/s: %zu", rates[i], n);
        double spacing = rates[i] / (double)n;
        bool limited = n == 16 || n == 1024;
        cr_expect(limited || fabs(spacing / 6250.0 - 1.0) < 0.04, "%g S/s: %g Hz", rates[i],
                  spacing);
    }
    cr_expect_eq(ls_cut_channels(1e6, 12500.0), 80);
}

/* 20 MS/s: pieces of 26 ms. 250 kS/s: of a third of a second, and every one is looked at. */
Test(cut, something_long_is_looked_at_ten_times_a_second) {
    const struct {
        double rate_sps;
        size_t pieces; /* in ten seconds, rounded up */
        size_t least;
    } rows[] = {{20e6, 382, 95}, {250e3, 31, 31}};
    for (size_t i = 0; i < LS_COUNT(rows); i++) {
        struct ls_cut cut;
        const struct ls_tuning tuning = {.rate_sps = rows[i].rate_sps, .format = LS_FORMAT_CI16_LE};
        const struct ls_box whole = {.from_start = true, .to_stop = true};
        const struct ls_box ends = {.from_start = true};
        cr_assert_eq(ls_cut_plan(&cut, &tuning, 0.0, 8, 10.0, NULL), LS_OK);
        size_t looks = 0;
        for (size_t piece = 0; piece < rows[i].pieces; piece++) {
            looks += ls_cut_looks_at(&cut, piece * cut.piece_frames, &whole) ? 1 : 0;
            cr_assert(ls_cut_looks_at(&cut, piece * cut.piece_frames, &ends));
        }
        cr_assert(looks >= rows[i].least && looks <= (rows[i].least + 1), "%zu looks", looks);
    }
}

/* At a low rate a budget that fits a wide band is more boxes than there are places for. */
Test(search, a_budget_that_no_threshold_keeps_is_refused) {
    struct ls_cut cut;
    struct ls_err err;
    const struct ls_tuning narrow = {.rate_sps = 100.0, .format = LS_FORMAT_CU8};
    const struct ls_tuning wide = {.rate_sps = 20e6, .format = LS_FORMAT_CU8};
    cr_assert_eq(ls_cut_plan(&cut, &narrow, 0.0, 8, 1e6, &err), LS_ERR_ARG);
    cr_assert_str_eq(err.text, "1e+06 false alarms a day are more than thresholds can be set for "
                               "at 100 samples/s: ask for 8.64e+03 at most");
    cr_assert_eq(ls_cut_plan(&cut, &narrow, 0.0, 8, 10.0, &err), LS_OK);
    cr_assert_eq(ls_cut_plan(&cut, &wide, 0.0, 8, 1e6, &err), LS_OK);
}
