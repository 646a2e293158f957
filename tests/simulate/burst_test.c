/* Bursts, frames and slots against the numbers of the specifications; envelopes and lines of the
 * modulations against theory. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "simulate/measure.h"

/* Starts and lengths of bursts, in seconds; gaps of up to hold_s are part of a burst. */
struct bursts {
    double start_s[4000];
    double length_s[4000];
    size_t count;
};

static void find_bursts(const struct measured *m, double hold_s, struct bursts *ret) {
    size_t hold = (size_t)(hold_s * m->rate_sps) + 1;
    ret->count = 0;
    for (size_t at = 0; ret->count < LS_COUNT(ret->start_s);) {
        size_t start = measure_edge(m->samples, m->count, at, 0.25, true);
        if (start == m->count) {
            return;
        }
        size_t stop = start;
        for (;;) {
            stop = measure_edge(m->samples, m->count, stop, 0.25, false);
            size_t again = measure_edge(m->samples, m->count, stop, 0.25, true);
            if (again == m->count || again - stop > hold) {
                break;
            }
            stop = again;
        }
        ret->start_s[ret->count] = (double)start / m->rate_sps;
        ret->length_s[ret->count++] = (double)(stop - start) / m->rate_sps;
        at = stop;
    }
}

static void render(const char *id, const char *mode, double rate_sps, double duration_s,
                   struct measured *ret) {
    struct ls_waveform_opts opts = {.id = id,
                                    .rate_sps = rate_sps,
                                    .duration_s = duration_s,
                                    .seed = 11,
                                    .params = {.mode = mode}};
    measure_render(&opts, 100, ret);
}

/* A normal burst has 148 bits, and ramps that the threshold of a quarter cuts in the middle. */
Test(burst, gsm_speech_has_bursts_of_148_bits_every_4615_us_and_rests_each_26th_frame) {
    struct measured m;
    static struct bursts b;
    render("gsm", "speech", 2e6, 3, &m);
    find_bursts(&m, 0, &b);
    cr_assert_gt(b.count, 500);
    for (size_t i = 0; i < b.count; i++) {
        double frame = (b.start_s[i] - b.start_s[0]) / (60e-3 / 13);
        cr_expect_float_eq(frame, round(frame), 0.001, "burst %zu off its frame", i);
        cr_expect_float_eq(b.length_s[i], 148 / (13e6 / 48), 14e-6);
        bool last = i + 1 == b.count;
        cr_expect((size_t)llround(frame) % 26 != 25 || last, "the idle frame is used");
    }
    double frames = (b.start_s[b.count - 1] - b.start_s[0]) / (60e-3 / 13) + 1;
    cr_expect_float_eq((double)b.count, frames - floor(frames / 26), 1.5);
    measure_free(&m);
}

Test(burst, gsm_access_burst_has_88_bits) {
    struct measured m;
    static struct bursts b;
    render("gsm-access", NULL, 2e6, 0, &m);
    find_bursts(&m, 0, &b);
    cr_assert_eq(b.count, 1);
    cr_expect_float_eq(b.length_s[0], 88 / (13e6 / 48), 14e-6);
    measure_free(&m);
}

Test(burst, gsm_signalling_sends_four_bursts_in_51_frames_and_four_more_in_102) {
    struct measured m;
    static struct bursts b;
    render("gsm", "sdcch", 1e6, 2 * 102 * 60e-3 / 13, &m);
    find_bursts(&m, 0, &b);
    size_t signalling = 0;
    size_t associated = 0;
    for (size_t i = 0; i + 1 < b.count; i++) {
        size_t frame = (size_t)llround((b.start_s[i] - b.start_s[0]) / (60e-3 / 13));
        signalling += frame % 51 < 4;
        associated += frame % 102 >= 32 && frame % 102 < 36;
    }
    cr_expect_eq(signalling, 16);
    cr_expect_eq(associated, 8);
    measure_free(&m);
}

Test(burst, a_gsm_call_is_silent_between_words_but_for_its_control_bursts) {
    struct measured m;
    static struct bursts b;
    render("gsm", "call", 1e6, 14, &m);
    find_bursts(&m, 0, &b);
    double share = (double)b.count * (60e-3 / 13) / 14;
    cr_expect(share > 0.2 && share < 0.9, "%.2f of the frames", share);
    double longest = 0;
    for (size_t i = 1; i < b.count; i++) {
        longest = fmax(longest, b.start_s[i] - b.start_s[i - 1]);
    }
    /* Without speech a control burst remains every 26 frames. */
    cr_expect_lt(longest, 26.5 * 60e-3 / 13);
    cr_expect_gt(longest, 20 * 60e-3 / 13, "nothing was left out");
    measure_free(&m);
}

Test(burst, gsm_broadcast_carrier_is_never_off_and_has_its_tone) {
    struct measured m;
    render("gsm-bcch", NULL, 1e6, 51 * 60e-3 / 13, &m);
    size_t end = (size_t)(m.info.duration_s * m.rate_sps) - 40;
    for (size_t i = 40; i < end; i++) {
        cr_assert_gt(cabs((double complex)m.samples[i]), 0.98);
    }
    /* Frequency correction burst in slot 0 of frame 0: the phase turns by a quarter each symbol, so
     * +67.708 kHz. Measured within its 142 zeros. */
    size_t from = (size_t)(30e-6 * m.rate_sps);
    size_t to = (size_t)(500e-6 * m.rate_sps);
    double turns = 0;
    for (size_t i = from; i < to; i++) {
        turns += carg((double complex)m.samples[i + 1] * conj((double complex)m.samples[i]));
    }
    turns /= 2 * M_PI;
    double hz = turns / (double)(to - from) * m.rate_sps;
    cr_expect_float_eq(hz, 13e6 / 48 / 4, 50, "%.1f Hz", hz);
    measure_free(&m);
}

/* Kurtosis and lines: the squared signal of GMSK has lines at +-Rb/2 about twice the carrier. */
Test(burst, squared_gmsk_has_two_lines_a_bit_rate_apart) {
    struct measured m;
    render("gsm-bcch", NULL, 1e6, 0.2, &m);
    enum { N = 1 << 17 };
    LS_AUTO(double complex) square = calloc(N, sizeof *square);
    for (size_t i = 0; i < N; i++) {
        double complex v = m.samples[1000 + i];
        square[i] = v * v;
    }
    measure_fft(square, N, -1);
    double total = 0;
    for (size_t i = 0; i < N; i++) {
        total += pow(cabs(square[i]), 2);
    }
    for (int side = -1; side <= 1; side += 2) {
        double wanted = side * 13e6 / 48 / 2 / m.rate_sps * N;
        size_t best = 0;
        for (long k = (long)wanted - 50; k < (long)wanted + 50; k++) {
            size_t bin = (size_t)((k + N) % N);
            best = cabs(square[bin]) > cabs(square[best]) || best == 0 ? bin : best;
        }
        double at = best > N / 2 ? (double)best - N : (double)best;
        cr_expect_float_eq(at, wanted, 1, "line at %.1f Hz", at / N * m.rate_sps);
        /* About 13 to 15 % of the power each for BT 0.3, in two bins; random data reach 1e-4. */
        double share =
            (pow(cabs(square[best]), 2) +
             fmax(pow(cabs(square[(best + 1) % N]), 2), pow(cabs(square[(best + N - 1) % N]), 2))) /
            total;
        cr_expect(share > 0.07 && share < 0.2, "%.3f of the power", share);
    }
    measure_free(&m);
}

Test(burst, tetra_keeps_slot_frame_and_multiframe) {
    struct measured m;
    static struct bursts b;
    render("tetra", "voice", 144e3, 3, &m);
    find_bursts(&m, 1e-3, &b);
    cr_assert_gt(b.count, 45);
    double slot_s = 255 / 18e3;
    cr_expect_float_eq(slot_s, 14.167e-3, 1e-6);
    for (size_t i = 0; i < b.count; i++) {
        double frame = (b.start_s[i] - b.start_s[0]) / (4 * slot_s);
        /* The first symbols of a burst are data: they pass the threshold within 4 symbols. */
        cr_expect_float_eq(frame, round(frame), 4 / 1020.0, "burst %zu off its frame", i);
        cr_expect_float_eq(b.length_s[i], 231 / 18e3, 4 / 18e3);
        bool last = i + 1 == b.count;
        cr_expect((size_t)llround(frame) % 18 != 17 || last, "the 18th frame is used");
    }
    measure_free(&m);
}

Test(burst, tetra_control_burst_has_103_symbols) {
    struct measured m;
    static struct bursts b;
    render("tetra", "control", 144e3, 0, &m);
    find_bursts(&m, 1e-3, &b);
    cr_assert_eq(b.count, 1);
    cr_expect_float_eq(b.length_s[0], 103 / 18e3, 3 / 18e3);
    measure_free(&m);
}

Test(burst, dmr_sends_27_5_ms_of_every_second_slot_of_30_ms) {
    struct measured m;
    static struct bursts b;
    render("dmr", "mobile", 96e3, 2, &m);
    find_bursts(&m, 0, &b);
    cr_assert_gt(b.count, 30);
    for (size_t i = 0; i < b.count; i++) {
        cr_expect_float_eq(b.start_s[i] - b.start_s[0], 0.06 * (double)i, 2e-5);
        cr_expect_float_eq(b.length_s[i], 27.5e-3, 0.25e-3); /* within its edges of a symbol */
    }
    measure_free(&m);
}

Test(burst, ais_fits_its_slot_of_256_bits) {
    for (uint64_t seed = 1; seed < 20; seed++) {
        struct measured m;
        static struct bursts b;
        struct ls_waveform_opts opts = {.id = "ais", .rate_sps = 96e3, .seed = seed};
        measure_render(&opts, 1, &m);
        find_bursts(&m, 0, &b);
        cr_assert_eq(b.count, 1);
        /* 24 + 8 + 184 + 8 bits and those stuffed, most of the ramp, less than the slot. */
        cr_expect_gt(b.length_s[0], 224 / 9600.0);
        cr_expect_lt(b.length_s[0], 256 / 9600.0);
        measure_free(&m);
    }
}

Test(burst, lora_lasts_as_the_data_sheet_says) {
    /* Semtech's calculator: 20 bytes, explicit header, CRC, 4/5, preamble 8, 125 kHz. */
    const double expected_s[] = {56.6e-3, 102.9e-3, 185.3e-3, 370.7e-3, 741.4e-3, 1318.9e-3};
    for (size_t i = 0; i < LS_COUNT(expected_s); i++) {
        struct ls_waveform_opts opts = {.id = "lora", .params = {.spreading = 7 + i, .bytes = 20}};
        struct ls_waveform_info info;
        cr_assert_eq(ls_waveform_describe(&opts, &info, NULL), LS_OK);
        cr_expect_float_eq(info.duration_s, expected_s[i], 0.1e-3, "SF%zu: %.4f s", 7 + i,
                           info.duration_s);
    }
}

/* Preamble symbols times a down-chirp leave a tone that holds all power in one bin; the payload's
 * symbols one at their value. */
Test(burst, dechirped_lora_has_its_power_in_one_bin) {
    enum { N = 128, OVER = 4 };
    struct measured m;
    struct ls_waveform_opts opts = {.id = "lora",
                                    .rate_sps = OVER * 125e3,
                                    .seed = 2,
                                    .params = {.spreading = 7, .bandwidth_hz = 125e3}};
    measure_render(&opts, 1, &m);
    for (size_t symbol = 0; symbol < 8; symbol++) {
        double complex x[N];
        for (size_t k = 0; k < N; k++) {
            double chirp = (double)k * (double)k / (2 * N) - (double)k / 2; /* turns */
            double complex v = m.samples[(symbol * N + k) * OVER];
            x[k] = v * cexp(CMPLX(0, -2 * M_PI * chirp));
        }
        measure_fft(x, N, -1);
        double total = 0;
        for (size_t k = 0; k < N; k++) {
            total += pow(cabs(x[k]), 2);
        }
        cr_expect_gt(pow(cabs(x[0]), 2) / total, 0.98, "symbol %zu", symbol);
    }
    measure_free(&m);
}

Test(burst, ads_b_has_its_preamble_and_112_bits_in_120_us) {
    struct measured m;
    struct ls_waveform_opts opts = {.id = "ads-b", .rate_sps = 20e6, .seed = 5};
    measure_render(&opts, 1e-3, &m);
    /* Pulses at 0, 1, 3.5 and 4.5 us; each bit has one half on. Middle of each half: 5 samples. */
    for (size_t half = 0; half < 16; half++) {
        bool on = half == 0 || half == 2 || half == 7 || half == 9;
        double level = cabs((double complex)m.samples[half * 10 + 6]);
        cr_expect((level > 0.7) == on, "half microsecond %zu: %.2f", half, level);
    }
    uint32_t crc = 0;
    for (size_t bit = 0; bit < 112; bit++) {
        double first = cabs((double complex)m.samples[(16 + 2 * bit) * 10 + 6]);
        double second = cabs((double complex)m.samples[(17 + 2 * bit) * 10 + 6]);
        cr_expect((first > 0.7) != (second > 0.7), "bit %zu", bit);
        crc = (crc << 1 | (first > second)) ^ (crc >> 23 & 1 ? 0x1fff409 : 0);
    }
    /* A message with its own check leaves no remainder. */
    cr_expect_eq(crc, 0, "remainder %06x", crc);
    measure_free(&m);
}

/* Kurtosis of the envelope, from theory and from the simulations that domain facts cite. The spread
 * of the estimate is about 2/sqrt(independent samples); three of them are allowed. */
Test(burst, envelopes_have_the_kurtosis_of_their_modulation, .timeout = 60) {
    static const struct {
        const char *id;
        const char *mode;
        double rate_sps;
        double duration_s;
        double symbols; /* independent samples, about */
        double kurtosis;
        struct ls_waveform_params params;
    } cases[] = {
        {"gsm-bcch", NULL, 1e6, 0.5, 1e9, 1.00, {0}},
        {"dmr", "base", 48e3, 2, 1e9, 1.00, {0}},
        {"fm", NULL, 100e3, 2, 1e9, 1.00, {0}},
        {"lora", NULL, 500e3, 0, 1e9, 1.00, {.spreading = 9}},
        {"tetra", "downlink", 144e3, 4, 72e3, 1.20, {0}},
        {"wcdma", NULL, 15.36e6, 0.02, 77e3, 1.24, {0}},
        {"lte-uplink", "data", 3.84e6, 0.5, 70e3, 1.33, {.prbs = 12, .activity = 1}},
        {"nr-uplink", "dft-s", 15.36e6, 0.2, 70e3, 1.33, {.prbs = 20, .activity = 1}},
        {"ofdm", NULL, 10.24e6, 0.02, 160e3, 2.00, {0}},
    };
    for (size_t i = 0; i < LS_COUNT(cases); i++) {
        struct ls_waveform_opts opts = {.id = cases[i].id,
                                        .rate_sps = cases[i].rate_sps,
                                        .duration_s = cases[i].duration_s,
                                        .seed = 6,
                                        .params = cases[i].params};
        opts.params.mode = cases[i].mode;
        struct measured m;
        measure_render(&opts, 100, &m);
        /* On the air only, and away from both ends; reference symbols of the uplinks (2 of 14, and
         * 1 of 14) are left in: they move the mean by less than 0.03. */
        size_t count = 0;
        size_t skip = (size_t)(1e-4 * m.rate_sps);
        size_t end = (size_t)(m.info.duration_s * m.rate_sps) - skip;
        bool slotted = strcmp(cases[i].id, "nr-uplink") == 0;
        for (size_t k = skip; k < end; k++) {
            double in_period = fmod((double)k / m.rate_sps, 2.5e-3);
            if (!slotted || (in_period > 1e-5 && in_period < 0.49e-3)) {
                m.samples[count++] = m.samples[k];
            }
        }
        double kurtosis = measure_kurtosis(m.samples, count);
        double tolerance =
            6 / sqrt(cases[i].symbols) + 0.005 + (strstr(cases[i].id, "uplink") != NULL ? 0.03 : 0);
        cr_expect_float_eq(kurtosis, cases[i].kurtosis, tolerance, "%s: %.4f", cases[i].id,
                           kurtosis);
        measure_free(&m);
    }
}
