#include <criterion/criterion.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "hw/raw_name.h"
#include "tests/hw/scratch.h"

static struct scratch scratch;

static void set_up(void) { scratch_init(&scratch); }
static void tear_down(void) { scratch_finish(&scratch); }

TestSuite(raw, .init = set_up, .fini = tear_down);

Test(raw_name, recorders_are_understood) {
    static const struct {
        const char *name;
        enum ls_format format;
        double center_hz; /* 0: not told */
        double rate_sps;  /* 0: not told */
        const char *time; /* NULL: not told */
    } rows[] = {
        {"g001_433.92M_250k.cu8", LS_FORMAT_CU8, 433.92e6, 250e3, NULL},
        {"g001_250k_433.92M.cu8", LS_FORMAT_CU8, 433.92e6, 250e3, NULL},
        {"g001_433.92M_250k", LS_FORMAT_NONE, 433.92e6, 250e3, NULL},
        {"g001_868M_1024k.cs16", LS_FORMAT_CI16_LE, 868e6, 1024e3, NULL},
        {"rtlsdr_868.950M_1M6_samples2.cu8", LS_FORMAT_CU8, 868.95e6, 1.6e6, NULL},
        {"NAME_868.3M_1000k.complex16s", LS_FORMAT_CI8, 868.3e6, 1e6, NULL},
        {"NAME_868.3M_1000k.complex16u", LS_FORMAT_CU8, 868.3e6, 1e6, NULL},
        {"NAME_868.3M_1000k.complex32s", LS_FORMAT_CI16_LE, 868.3e6, 1e6, NULL},
        {"NAME_868.3M_1000k.complex", LS_FORMAT_CF32_LE, 868.3e6, 1e6, NULL},
        {"NAME_868.3M_1000k.CF32", LS_FORMAT_CF32_LE, 868.3e6, 1e6, NULL},
        {"hackrf_2.4G_20M.ci8", LS_FORMAT_CI8, 2.4e9, 20e6, NULL},
        {"HackRF-20180301_112233-433_92MHz-2MSps-1_75MHz.complex16s", LS_FORMAT_CI8, 433.92e6, 2e6,
         NULL}, /* local time */
        {"gqrx_20261120_080000_433920000_1800000_fc.raw", LS_FORMAT_CF32_LE, 433.92e6, 1.8e6,
         "2026-11-20T08:00:00Z"},
        {"HDSDR_20261120_080000Z_433920kHz_RF.cs16", LS_FORMAT_CI16_LE, 433.92e6, 0,
         "2026-11-20T08:00:00Z"},
        {"SDRSharp_20261120_080000Z_433920000Hz_IQ.raw", LS_FORMAT_NONE, 433.92e6, 0,
         "2026-11-20T08:00:00Z"},
        {"SDRSharp_20261120_080000Z_0Hz_IQ.raw", LS_FORMAT_NONE, 0, 0, "2026-11-20T08:00:00Z"},
        {"noise_250k.cfile", LS_FORMAT_CF32_LE, 0, 250e3, NULL},
        {"tower 935.4MHz 1Msps.fc32", LS_FORMAT_CF32_LE, 935.4e6, 1e6, NULL},
        {"old.data", LS_FORMAT_CU8, 0, 0, NULL},
        /* Not told apart, so left open. */
        {"x_1M_2M_3M.cu8", LS_FORMAT_CU8, 0, 0, NULL},
        {"20261399_256199Z.bin", LS_FORMAT_NONE, 0, 0, NULL},
        {"model1234_v2.bin", LS_FORMAT_NONE, 0, 0, NULL},
        {"x_99999999999G_250k.cu8", LS_FORMAT_CU8, 0, 250e3, NULL},
        {"", LS_FORMAT_NONE, 0, 0, NULL},
        {".", LS_FORMAT_NONE, 0, 0, NULL},
        {"-_-.cu8", LS_FORMAT_CU8, 0, 0, NULL},
    };
    for (size_t i = 0; i < LS_COUNT(rows); i++) {
        struct ls_raw_name guess;
        int64_t t_ns = 0;
        ls_raw_name_guess(&guess, rows[i].name);
        cr_expect_eq(guess.format, rows[i].format, "%s: %s", rows[i].name,
                     ls_format_name(guess.format));
        /* Decimal text to double: exact to rounding. */
        cr_expect_float_eq(guess.center_hz, rows[i].center_hz, 1e-3, "%s: %g", rows[i].name,
                           guess.center_hz);
        cr_expect_eq(guess.has_center, rows[i].center_hz > 0, "%s", rows[i].name);
        cr_expect_float_eq(guess.rate_sps, rows[i].rate_sps, 1e-3, "%s: %g", rows[i].name,
                           guess.rate_sps);
        cr_expect_eq(guess.has_time, rows[i].time != NULL, "%s", rows[i].name);
        if (rows[i].time != NULL) {
            ls_time_parse(rows[i].time, &t_ns, NULL);
            cr_expect_eq(guess.t_ns, t_ns, "%s", rows[i].name);
        }
    }
}

static void expect_refused(const struct ls_source_opts *opts, int code, const char *words) {
    struct ls_source *source = NULL;
    struct ls_err err = {0};
    cr_expect_eq(ls_source_open(&source, opts, &err), code, "%s", err.text);
    cr_expect_not_null(strstr(err.text, words), "'%s' lacks '%s'", err.text, words);
}

Test(raw, guesses_are_said) {
    struct ls_source_opts opts = {.path = scratch_text(&scratch, "g1_433.92M_250k.cu8", "abcdef")};
    struct ls_source *source;
    cr_assert_eq(ls_source_open(&source, &opts, NULL), LS_OK);
    const struct ls_source_info *info = ls_source_info(source);
    cr_expect_str_eq(info->kind, "raw");
    cr_expect(info->no_clock);
    cr_expect_eq(info->samples, 3);
    cr_expect_str_eq(info->note, "format cu8 guessed from the name; rate 250000 S/s guessed from "
                                 "the name; frequency 433920000 Hz guessed from the name");
    struct ls_block block;
    cr_expect_eq(ls_source_read(source, &block, NULL), LS_OK);
    cr_expect_eq(block.flags, (uint32_t)(LS_BLOCK_FIRST | LS_BLOCK_NO_CLOCK));
    ls_source_destroy(source);
}

Test(raw, options_win_over_the_name) {
    struct ls_source_opts opts = {.path = scratch_text(&scratch, "g1_433.92M_250k.cu8", "abcdefgh"),
                                  .format = LS_FORMAT_CI16_LE,
                                  .rate_sps = 1e6,
                                  .center_given = true,
                                  .start_given = true,
                                  .start_ns = 77};
    struct ls_source *source;
    struct ls_block block;
    cr_assert_eq(ls_source_open(&source, &opts, NULL), LS_OK);
    cr_expect_str_eq(ls_source_info(source)->note, "");
    cr_expect_eq(ls_source_read(source, &block, NULL), LS_OK);
    cr_expect_eq(block.tuning.format, LS_FORMAT_CI16_LE);
    cr_expect_float_eq(block.tuning.rate_sps, 1e6, 0.0);
    cr_expect_float_eq(block.tuning.center_hz, 0.0, 0.0);
    cr_expect_eq(block.t_ns, 77);
    cr_expect_eq(block.flags, (uint32_t)LS_BLOCK_FIRST);
    ls_source_destroy(source);
}

Test(raw, what_cannot_be_told_is_asked_for) {
    struct ls_source_opts opts = {.path = scratch_text(&scratch, "a.bin", "abcdef")};
    expect_refused(&opts, LS_ERR_ARG,
                   "give --format cu8, ci8, ci16_le or cf32_le and --rate such as 2.4M");
    opts.format = LS_FORMAT_CU8;
    expect_refused(&opts, LS_ERR_ARG, "cannot tell the sample rate of");
    opts = (struct ls_source_opts){.path = opts.path, .rate_sps = 1e6};
    expect_refused(&opts, LS_ERR_ARG, "cannot tell the sample format of");
}

Test(raw, an_unknown_frequency_is_said) {
    struct ls_source_opts opts = {.path = scratch_text(&scratch, "a_250k.cu8", "abcdef")};
    struct ls_source *source;
    cr_assert_eq(ls_source_open(&source, &opts, NULL), LS_OK);
    cr_expect_not_null(strstr(ls_source_info(source)->note, "frequency not known, taken as 0 Hz"));
    ls_source_destroy(source);
}

Test(raw, a_part_of_a_sample_at_the_end_is_left_out_and_flagged) {
    struct ls_source_opts opts = {.path = scratch_text(&scratch, "a_250k.cf32", "12345678abc")};
    struct ls_source *source;
    struct taken taken;
    cr_assert_eq(ls_source_open(&source, &opts, NULL), LS_OK);
    cr_expect(ls_source_info(source)->truncated);
    cr_expect_not_null(strstr(ls_source_info(source)->note, "within a sample, 3 bytes left out"));
    taken_read(&taken, source);
    cr_expect_eq(taken.samples, 1);
    taken_finish(&taken);
    ls_source_destroy(source);
    opts.path = scratch_text(&scratch, "b_250k.cf32", "1234567");
    expect_refused(&opts, LS_ERR_FORMAT, "holds no whole cf32_le sample");
}

Test(raw, wave_files_are_refused) {
    struct ls_source_opts opts = {
        .path =
            scratch_text(&scratch, "HDSDR_20261120_080000Z_433920kHz_RF.wav", "RIFF....WAVEfmt "),
        .format = LS_FORMAT_CI16_LE,
        .rate_sps = 1e6};
    expect_refused(&opts, LS_ERR_FORMAT, "is a WAV file");
}

Test(raw, times_never_overflow) {
    struct ls_source_opts opts = {.path = scratch_text(&scratch, "a_250k.cu8", "abcdef"),
                                  .start_given = true,
                                  .start_ns = INT64_MAX - 10};
    expect_refused(&opts, LS_ERR_ARG, "beyond the years 1678 to 2261");
}
