#include "dsp/detector.h"

#include <criterion/criterion.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>

#include "base/util.h"
#include "tests/dsp/scene.h"

/* Boxes of noise alone over so many pieces. */
static size_t boxes_in_noise(struct scene *scene, double false_alarms, size_t pieces) {
    struct ls_detector *detector = scene_detector(scene, false_alarms);
    size_t boxes = 0;
    for (size_t i = 0; i < pieces; i++) {
        scene_noise(scene);
        boxes += scene_detect(scene, detector, false).box_count;
    }
    ls_detector_destroy(detector);
    return boxes;
}

/* The budget is a bound: it counts every overlapping window as a trial of its own. So the count
 * must stay below the 99.9 % quantile of Poisson(budget), and not fall so far below that
 * sensitivity is given away: a tenth of the budget is some 0.3 dB at 10^-7 and 3 looks. */
static void expect_budget_held(size_t channels, size_t rows, size_t pieces, unsigned long seed) {
    struct scene scene;
    scene_init(&scene, channels, rows, seed);
    double expected = 20.0;
    size_t boxes = boxes_in_noise(&scene, expected / (double)pieces, pieces);
    cr_log_info("%zu channels: %zu boxes, budget %g", channels, boxes, expected);
    cr_expect_gt(gsl_cdf_chisq_P(2.0 * expected, 2.0 * (double)boxes), 1e-3,
                 "%zu channels: %zu boxes of noise, %g allowed", channels, boxes, expected);
    cr_expect_geq(boxes, expected / 10.0, "%zu channels: only %zu boxes", channels, boxes);
    scene_finish(&scene);
}

Test(detector, boxes_of_noise_stay_within_the_budget) {
    expect_budget_held(40, 2048, 80, 41);
    expect_budget_held(384, 1024, 16, 42);
    expect_budget_held(1024, 512, 12, 43);
}

/* The box that shares most with frames [from, to) and channels [low, high); NULL when none shares
 * half of them in time. */
static const struct ls_box *box_at(const struct ls_detection *found, double from, double to,
                                   double low, double high) {
    const struct ls_box *best = NULL;
    double most = 0.5 * (to - from);
    for (size_t i = 0; i < found->box_count; i++) {
        const struct ls_box *box = &found->boxes[i];
        double time = fmin(to, (double)box->stop_frame) - fmax(from, (double)box->start_frame);
        bool in_band = box->channel_low < high + 0.5 && box->channel_high > low + 0.5;
        if (in_band && time >= most) {
            best = box;
            most = time;
        }
    }
    return best;
}

/* Does any box share cells with frames [from, to) and channels [low, high)? */
static bool overlaps(const struct ls_detection *found, double from, double to, double low,
                     double high) {
    bool any = false;
    for (size_t i = 0; i < found->box_count; i++) {
        const struct ls_box *box = &found->boxes[i];
        any = any || ((double)box->start_frame < to && (double)box->stop_frame > from &&
                      box->channel_low < high + 0.5 && box->channel_high > low + 0.5);
    }
    return any;
}

struct shape {
    double frames;
    double channels;
};

/* SNR in its own band at which a radiometer matched to the shape finds Gaussian signals nine times
 * in ten: one window, one look a unit of time-bandwidth, at the tail the detector gives a window.
 */
static double matched_snr(const struct scene *scene, struct shape shape, double tail) {
    double looks = shape.frames * (double)scene->hop * shape.channels / (double)scene->channels;
    looks = fmax(1.0, looks);
    return gsl_cdf_gamma_Qinv(tail, looks, 1.0) / gsl_cdf_gamma_Pinv(0.1, looks, 1.0) - 1.0;
}

Test(detector, finds_bursts_3_db_above_the_matched_radiometer) {
    enum { TRIALS = 100 };
    static const struct shape shapes[] = {{4, 1},  {4, 8},   {16, 1}, {16, 4},
                                          {64, 2}, {64, 16}, {200, 1}};
    struct scene scene;
    scene_init(&scene, 64, 256, 44);
    double budget = 1e-3;
    /* Windows of a piece, three for each duration and bandwidth of a cell. */
    double tail = budget / (9.0 * 256.0 * 64.0);
    struct ls_detector *detector = scene_detector(&scene, budget);
    for (size_t i = 0; i < LS_COUNT(shapes); i++) {
        struct shape shape = shapes[i];
        double snr = 2.0 * matched_snr(&scene, shape, tail);
        size_t found_count = 0;
        size_t whole_count = 0;
        for (size_t trial = 0; trial < TRIALS; trial++) {
            double from = 8.0 + gsl_rng_uniform(scene.rng) * (496.0 - shape.frames);
            double low = 2.0 + gsl_rng_uniform(scene.rng) * (60.0 - shape.channels);
            scene_noise(&scene);
            scene_band(&scene, from, from + shape.frames, low, low + shape.channels,
                       snr * shape.channels / (double)scene.channels);
            struct ls_detection found = scene_detect(&scene, detector, false);
            found_count += overlaps(&found, from, from + shape.frames, low, low + shape.channels);
            whole_count +=
                box_at(&found, from, from + shape.frames, low, low + shape.channels) != NULL;
        }
        cr_log_info("%g frames x %g channels at %.1f dB: %zu of %d, in one box %zu", shape.frames,
                    shape.channels, 10.0 * log10(snr), found_count, TRIALS, whole_count);
        /* Fewer than 83 of 100 happen once in a hundred when the true share is 0.9. */
        cr_expect_geq(found_count, 83, "%g frames x %g channels at %.1f dB: %zu of %d",
                      shape.frames, shape.channels, 10.0 * log10(snr), found_count, TRIALS);
    }
    ls_detector_destroy(detector);
    scene_finish(&scene);
}

/* A quiet scene of 64 channels and 256 rows with a detector. */
struct bench {
    struct scene scene;
    struct ls_detector *detector;
};

static void bench_init(struct bench *bench, unsigned long seed) {
    scene_init(&bench->scene, 64, 256, seed);
    bench->scene.ramp_frames = 0.5; /* 40 us at a spacing of 6.25 kHz */
    scene_noise(&bench->scene);
    bench->detector = scene_detector(&bench->scene, 1e-6);
}

static void bench_finish(struct bench *bench) {
    ls_detector_destroy(bench->detector);
    scene_finish(&bench->scene);
}

Test(detector, finds_edges_within_a_row_at_15_db) {
    struct bench bench;
    bench_init(&bench, 45);
    for (size_t trial = 0; trial < 50; trial++) {
        double from = 20.0 + gsl_rng_uniform(bench.scene.rng) * 100.0;
        double to = from + 40.0 + gsl_rng_uniform(bench.scene.rng) * 300.0;
        scene_noise(&bench.scene);
        scene_band(&bench.scene, from, to, 20.0, 24.0, 4.0 * scene_pow(&bench.scene, 15.0));
        struct ls_detection found = scene_detect(&bench.scene, bench.detector, false);
        const struct ls_box *box = box_at(&found, from, to, 20.0, 24.0);
        cr_assert_not_null(box);
        cr_expect_eq(found.box_count, 1, "%zu boxes", found.box_count);
        /* A row and a bit: the burst is noise, of eight looks a row, and may fade at its edge. */
        cr_expect_float_eq((double)box->start_frame, from, 2.5, "start %+.2f frames",
                           (double)box->start_frame - from);
        cr_expect_float_eq((double)box->stop_frame, to, 2.5, "stop %+.2f frames",
                           (double)box->stop_frame - to);
        cr_expect_not(box->from_start || box->to_stop);
    }
    bench_finish(&bench);
}

Test(detector, box_holds_the_power_of_the_burst) {
    struct bench bench;
    bench_init(&bench, 46);
    for (double db = 10.0; db <= 50.0; db += 10.0) {
        scene_noise(&bench.scene);
        double pow = 4.0 * scene_pow(&bench.scene, db);
        scene_band(&bench.scene, 100.0, 400.0, 20.0, 24.0, pow);
        struct ls_detection found = scene_detect(&bench.scene, bench.detector, false);
        const struct ls_box *box = box_at(&found, 100.0, 400.0, 20.0, 24.0);
        cr_assert_not_null(box, "%g dB", db);
        /* A sum of cells stands for channels * sum h^2 times the signal (detect/stretch.h). 600
         * looks: 0.18 dB; three of those. */
        double measured = box->excess_pow / (64.0 * bench.scene.noise_pow);
        cr_expect_float_eq(10.0 * log10(measured / pow), 0.0, 0.55, "%g dB: %+.2f dB", db,
                           10.0 * log10(measured / pow));
    }
    bench_finish(&bench);
}

/* A tone keeps its power and is found wherever it lies between two channels. */
Test(detector, trap_scalloping) {
    struct bench bench;
    bench_init(&bench, 47);
    double worst = 0.0;
    for (double offset = 0.0; offset <= 1.0; offset += 0.125) {
        scene_noise(&bench.scene);
        double pow = scene_pow(&bench.scene, 25.0);
        scene_tone(&bench.scene, 100.0, 400.0, 20.0 + offset, pow);
        struct ls_detection found = scene_detect(&bench.scene, bench.detector, false);
        cr_assert_eq(found.box_count, 1, "offset %g: %zu boxes", offset, found.box_count);
        double measured = found.boxes[0].excess_pow / (64.0 * bench.scene.noise_pow);
        worst = fmax(worst, fabs(10.0 * log10(measured / pow)));
    }
    /* 0.05 dB of the prototype, which holds a tone's sum of |X|^2 against channels * sum h^2
     * = 1.004 to 0.02 dB, and noise of 25 dB less over 150 looks: 0.1 dB. */
    cr_expect_lt(worst, 0.35, "%.2f dB", worst);
    bench_finish(&bench);
}

Test(detector, two_bursts_with_a_gap_are_two) {
    struct bench bench;
    bench_init(&bench, 48);
    for (double gap = 12.0; gap <= 60.0; gap *= 1.5) {
        scene_noise(&bench.scene);
        double pow = 3.0 * scene_pow(&bench.scene, 20.0);
        scene_band(&bench.scene, 100.0, 200.0, 20.0, 23.0, pow);
        scene_band(&bench.scene, 200.0 + gap, 300.0 + gap, 20.0, 23.0, pow);
        struct ls_detection found = scene_detect(&bench.scene, bench.detector, false);
        cr_assert_eq(found.box_count, 2, "gap of %g frames: %zu boxes", gap, found.box_count);
        cr_expect_float_eq((double)found.boxes[0].stop_frame, 200.0, 2.0);
        cr_expect_float_eq((double)found.boxes[1].start_frame, 200.0 + gap, 2.0);
    }
    bench_finish(&bench);
}

/* Two transmitters 1.3 channels wide that come and go on their own, so far apart. */
static size_t boxes_of_neighbours(double apart, double at, double db) {
    struct bench bench;
    bench_init(&bench, 49);
    double pow = 1.3 * scene_pow(&bench.scene, db);
    scene_band(&bench.scene, 100.0, 300.0, at, at + 1.3, pow);
    scene_band(&bench.scene, 150.0, 380.0, at + apart, at + apart + 1.3, pow);
    struct ls_detection found = scene_detect(&bench.scene, bench.detector, false);
    size_t count = found.box_count;
    bench_finish(&bench);
    return count;
}

/* At 6 channels. Nearer, their skirts touch: at 4, which is 25 kHz at the usual spacing of 6.25
 * kHz, most pairs from 20 dB up are one box. */
Test(detector, neighbours_are_two) {
    for (double db = 25.0; db <= 35.0; db += 5.0) {
        for (double between = 0.0; between < 1.0; between += 0.25) {
            size_t count = boxes_of_neighbours(6.0, 20.0 + between, db);
            cr_expect_eq(count, 2, "%g dB, %g channels off: %zu boxes", db, between, count);
        }
    }
}

/* Its pieces that noise set apart lie in one channel here and in two there. */
Test(detector, a_long_carrier_at_10_db_is_one_box) {
    struct bench bench;
    bench_init(&bench, 49);
    for (int i = 0; i < 40; i++) {
        scene_noise(&bench.scene);
        scene_tone(&bench.scene, 30.0, 480.0, 20.4 + 0.2 * i / 40.0, scene_pow(&bench.scene, 10.0));
        struct ls_detection found = scene_detect(&bench.scene, bench.detector, false);
        cr_expect_eq(found.box_count, 1, "carrier %d: %zu boxes", i, found.box_count);
    }
    bench_finish(&bench);
}

Test(detector, tones_of_one_fsk_burst_are_one_box) {
    struct bench bench;
    bench_init(&bench, 50);
    double pow = scene_pow(&bench.scene, 25.0);
    for (double at = 100.0; at < 400.0; at += 20.0) {
        scene_tone(&bench.scene, at, at + 10.0, 20.0, pow);
        scene_tone(&bench.scene, at + 10.0, at + 20.0, 23.0, pow);
    }
    struct ls_detection found = scene_detect(&bench.scene, bench.detector, false);
    cr_assert_eq(found.box_count, 1, "%zu boxes", found.box_count);
    cr_expect_float_eq((double)found.boxes[0].start_frame, 100.0, 2.0);
    cr_expect_float_eq((double)found.boxes[0].stop_frame, 400.0, 2.0);
    bench_finish(&bench);
}

Test(detector, box_over_the_whole_piece_says_so) {
    struct bench bench;
    bench_init(&bench, 51);
    scene_band(&bench.scene, -8.0, 520.0, 20.0, 24.0, 4.0 * scene_pow(&bench.scene, 15.0));
    struct ls_detection found = scene_detect(&bench.scene, bench.detector, false);
    cr_assert_eq(found.box_count, 1, "%zu boxes", found.box_count);
    cr_expect(found.boxes[0].from_start && found.boxes[0].to_stop);
    cr_expect_eq(found.boxes[0].start_frame, 0.0F);
    cr_expect_eq(found.boxes[0].stop_frame, 512.0F);
    bench_finish(&bench);
}

static void expect_declined(const struct ls_detection *found, enum ls_declined why, double db) {
    cr_expect_eq(found->box_count, 1, "%g dB: %zu boxes", db, found->box_count);
    cr_expect_geq(found->declined[why], 1,
                  "%g dB: leakage %zu, image %zu, product %zu, floor %zu, weak %zu", db,
                  found->declined[LS_DECLINED_LEAKAGE], found->declined[LS_DECLINED_IMAGE],
                  found->declined[LS_DECLINED_PRODUCT], found->declined[LS_DECLINED_FLOOR],
                  found->declined[LS_DECLINED_WEAK]);
}

Test(detector, trap_iq_image) {
    for (double suppression = 27.0; suppression <= 45.0; suppression += 6.0) {
        struct bench bench;
        bench_init(&bench, 52);
        /* Ramped, or its clicks join it with its image and what is left of that is trimmed. */
        bench.scene.ramp_frames = 2.0;
        double pow = 4.0 * scene_pow(&bench.scene, 55.0);
        scene_band(&bench.scene, 100.0, 400.0, 44.0, 48.0, pow);
        float ratio = (float)exp10(-suppression / 20.0);
        for (size_t i = 0; i < bench.scene.span; i++) {
            bench.scene.samples[i] += ratio * conjf(bench.scene.samples[i]);
        }
        struct ls_detection found = scene_detect(&bench.scene, bench.detector, false);
        expect_declined(&found, LS_DECLINED_IMAGE, suppression);
        cr_expect(found.boxes[0].channel_low > 32, "the signal itself was declined");
        bench_finish(&bench);
    }
}

/* A transmitter of its own at the mirrored frequency, which starts elsewhere, is no image. */
Test(detector, keeps_a_weak_signal_at_the_mirror_of_a_strong_one) {
    struct bench bench;
    bench_init(&bench, 53);
    scene_band(&bench.scene, 100.0, 400.0, 44.0, 48.0, 4.0 * scene_pow(&bench.scene, 50.0));
    scene_band(&bench.scene, 200.0, 300.0, 16.0, 20.0, 4.0 * scene_pow(&bench.scene, 20.0));
    struct ls_detection found = scene_detect(&bench.scene, bench.detector, false);
    cr_expect_eq(found.box_count, 2, "%zu boxes", found.box_count);
    bench_finish(&bench);
}

/* A tone 85 dB above the noise shows in the bank's stopband. */
Test(detector, leakage_of_the_bank_is_declined) {
    struct bench bench;
    bench_init(&bench, 54);
    scene_tone(&bench.scene, 100.0, 400.0, 40.3, scene_pow(&bench.scene, 85.0));
    struct ls_detection found = scene_detect(&bench.scene, bench.detector, false);
    cr_expect_eq(found.box_count, 1, "%zu boxes", found.box_count);
    bench_finish(&bench);
}

/* Keyed hard, a strong carrier splashes over the band for the length of the bank's response. */
Test(detector, keying_clicks_are_no_boxes) {
    for (double db = 35.0; db <= 75.0; db += 10.0) {
        struct bench bench;
        bench_init(&bench, 55);
        bench.scene.ramp_frames = 0.0;
        scene_tone(&bench.scene, 150.37, 350.11, 40.0, scene_pow(&bench.scene, db));
        struct ls_detection found = scene_detect(&bench.scene, bench.detector, false);
        cr_assert_eq(found.box_count, 1, "%g dB: %zu boxes", db, found.box_count);
        cr_expect_float_eq((double)found.boxes[0].start_frame, 150.37, 2.0);
        cr_expect_float_eq((double)found.boxes[0].stop_frame, 350.11, 2.0);
        cr_expect(found.boxes[0].channel_low >= 38 && found.boxes[0].channel_high <= 43);
        bench_finish(&bench);
    }
}

/* Two strong carriers through a limiter: third-order products beside them while both are on, which
 * begin with the one and end with the other. */
Test(detector, trap_clipping) {
    struct bench bench;
    bench_init(&bench, 56);
    double pow = scene_pow(&bench.scene, 60.0);
    scene_tone(&bench.scene, 100.0, 300.0, 24.0, pow);
    scene_tone(&bench.scene, 200.0, 400.0, 40.0, pow);
    float limit = (float)(1.2 * sqrt(pow));
    float *parts = (float *)bench.scene.samples;
    for (size_t i = 0; i < 2 * bench.scene.span; i++) {
        parts[i] = fmaxf(-limit, fminf(limit, parts[i]));
    }
    struct ls_detection found = scene_detect(&bench.scene, bench.detector, true);
    cr_log_info("%zu boxes, %zu products", found.box_count, found.declined[LS_DECLINED_PRODUCT]);
    cr_expect(overlaps(&found, 100.0, 300.0, 24.0, 24.0), "the first carrier is lost");
    cr_expect(overlaps(&found, 200.0, 400.0, 40.0, 40.0), "the second carrier is lost");
    for (size_t i = 0; i < found.box_count; i++) {
        const struct ls_box *box = &found.boxes[i];
        bool carrier = (box->channel_low <= 24 && box->channel_high > 24) ||
                       (box->channel_low <= 40 && box->channel_high > 40);
        cr_expect(carrier, "box at channels %u to %u", box->channel_low, box->channel_high);
    }
    bench_finish(&bench);
}

/* A spark: the whole band 3 dB up for four frames. */
Test(detector, impulses_are_declined_as_floor) {
    struct bench bench;
    bench_init(&bench, 57);
    for (double at = 60.0; at < 460.0; at += 90.0) {
        scene_band(&bench.scene, at, at + 5.0, -0.5, 63.5, 1.0);
    }
    struct ls_detection found = scene_detect(&bench.scene, bench.detector, false);
    cr_expect_eq(found.box_count, 0, "%zu boxes", found.box_count);
    cr_expect_geq(found.declined[LS_DECLINED_FLOOR], 1);
    bench_finish(&bench);
}

Test(detector, residual_is_the_noise_that_no_box_claimed) {
    struct bench bench;
    bench_init(&bench, 58);
    scene_band(&bench.scene, 100.0, 300.0, 20.0, 24.0, 4.0 * scene_pow(&bench.scene, 30.0));
    struct ls_detection found = scene_detect(&bench.scene, bench.detector, false);
    for (size_t c = 1; c < 64; c++) {
        /* 512 frames or 297 looks: 6 %; four of those, and what growth takes off noise beside the
         * burst. */
        cr_expect_float_eq((double)found.residual[c], 1.0, 0.26, "channel %zu: %g", c,
                           (double)found.residual[c]);
        if ((c >= 18 && c < 20) || (c > 23 && c <= 25)) {
            continue; /* skirts of the burst */
        }
        double busy = c >= 20 && c < 24 ? 200.0 / 512.0 : 0.0;
        cr_expect_float_eq((double)found.clean[c], 1.0 - busy, 0.06, "channel %zu: %g", c,
                           (double)found.clean[c]);
    }
    cr_expect_eq(found.residual[0], 1.0F);
    cr_expect_eq(found.clean[0], 0.0F);
    bench_finish(&bench);
}

Test(detector, pieces_do_not_know_each_other) {
    struct bench bench;
    bench_init(&bench, 59);
    scene_band(&bench.scene, 100.0, 300.0, 20.0, 24.0, 4.0 * scene_pow(&bench.scene, 30.0));
    struct ls_detection found = scene_detect(&bench.scene, bench.detector, false);
    cr_assert_eq(found.box_count, 1);
    struct ls_box before = found.boxes[0];
    found = scene_detect(&bench.scene, bench.detector, false);
    cr_assert_eq(found.box_count, 1);
    const struct ls_box *again = &found.boxes[0];
    cr_expect(before.start_frame == again->start_frame && before.stop_frame == again->stop_frame &&
                  before.channel_low == again->channel_low &&
                  before.channel_high == again->channel_high &&
                  before.excess_pow == again->excess_pow && before.floor_pow == again->floor_pow,
              "the same piece again");
    scene_noise(&bench.scene);
    found = scene_detect(&bench.scene, bench.detector, false);
    cr_expect_eq(found.box_count, 0);
    bench_finish(&bench);
}

/* Noise and bursts of all widths and durations over each other, -9 to 3 dB over the noise of a
 * channel, as powers of frames; whole parts of a power of two, so that sums of them are exact in
 * any order. */
static void crowd(struct scene *scene) {
    enum { BURSTS = 300 };
    struct burst {
        double from, to, low, high, pow;
    } bursts[BURSTS];
    for (size_t i = 0; i < BURSTS; i++) {
        double frames = 2.0 * exp2(7.0 * gsl_rng_uniform(scene->rng));
        double width = exp2(8.0 * gsl_rng_uniform(scene->rng));
        double from = gsl_rng_uniform(scene->rng) * 2.0 * (double)scene->rows;
        double low = gsl_rng_uniform(scene->rng) * (double)scene->channels;
        double level = scene_pow(scene, -9.0 + 12.0 * gsl_rng_uniform(scene->rng));
        bursts[i] = (struct burst){from, from + frames, low, low + width, level};
    }
    for (size_t f = 0; f < 2 * scene->rows; f++) {
        for (size_t c = 0; c < scene->channels; c++) {
            double pow = scene->noise_pow;
            for (size_t i = 0; i < BURSTS; i++) {
                const struct burst *b = &bursts[i];
                bool on = (double)f >= b->from && (double)f < b->to && (double)c >= b->low &&
                          (double)c < b->high;
                pow += on ? b->pow : 0.0;
            }
            double cell = gsl_ran_exponential(scene->rng, pow / scene->noise_pow);
            size_t at = f * scene->channels + (c + scene->channels / 2) % scene->channels;
            scene->power[at] = (float)(rint(64.0 * cell) / 64.0 * scene->noise_pow);
        }
    }
}

/* FNV-1a over the extents of boxes. */
static uint64_t digest_of(const struct ls_detection *found, uint64_t digest) {
    for (size_t i = 0; i < found->box_count; i++) {
        const struct ls_box *box = &found->boxes[i];
        const uint32_t words[] = {box->row_start, box->row_stop, box->channel_low,
                                  box->channel_high};
        for (size_t k = 0; k < LS_COUNT(words); k++) {
            digest = (digest ^ words[k]) * 0x100000001b3;
        }
    }
    return digest;
}

/* What is remembered of rows must be forgotten where something is claimed. The digest is that of a
 * search that remembered nothing. */
Test(detector, crowded_pieces_are_searched_as_if_nothing_were_remembered) {
    struct scene scene;
    scene_init(&scene, 1024, 512, 61);
    struct ls_detector *detector = scene_detector(&scene, 1e-3);
    uint64_t digest = 0;
    for (size_t i = 0; i < 6; i++) {
        crowd(&scene);
        struct ls_detection found = scene_detect_frames(&scene, detector, false);
        digest = digest_of(&found, digest);
    }
    cr_expect_eq(digest, 0x11f07755f7bff5d1, "0x%llx", (unsigned long long)digest);
    ls_detector_destroy(detector);
    scene_finish(&scene);
}

/* One row, as the last piece of a stretch may have, and none. */
Test(detector, short_pieces_are_pieces) {
    struct bench bench;
    bench_init(&bench, 60);
    scene_band(&bench.scene, -8.0, 10.0, 20.0, 24.0, 4.0 * scene_pow(&bench.scene, 30.0));
    for (size_t rows = 0; rows < 4; rows++) {
        scene_transform(&bench.scene);
        ls_detector_begin(bench.detector, bench.scene.floor_pow);
        for (size_t r = 0; r < rows; r++) {
            scene_push(bench.detector, bench.scene.power + 2 * r * 64, 64);
        }
        struct ls_detection found;
        ls_detector_finish(bench.detector, false, &found);
        cr_expect_eq(found.box_count, rows > 0, "%zu rows: %zu boxes", rows, found.box_count);
    }
    bench_finish(&bench);
}

Test(detector, refuses_sizes_that_make_no_sense) {
    struct scene scene;
    scene_init(&scene, 64, 16, 61);
    struct ls_detector_opts good = {.channels = 64,
                                    .frames = 32,
                                    .first_channel = 1,
                                    .last_channel = 64,
                                    .looks = scene.looks,
                                    .false_alarms = 1e-3};
    struct ls_detector_opts bad[5] = {good, good, good, good, good};
    bad[0].channels = 63;
    bad[1].frames = 31;
    bad[2].first_channel = 64;
    bad[3].last_channel = 65;
    bad[4].false_alarms = 0.0;
    for (size_t i = 0; i < LS_COUNT(bad); i++) {
        struct ls_detector *detector = NULL;
        cr_expect_eq(ls_detector_create(&detector, &bad[i], NULL), LS_ERR_ARG, "case %zu", i);
        cr_expect_null(detector);
    }
    scene_finish(&scene);
}
