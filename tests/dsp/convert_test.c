#include "dsp/convert.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "dsp/kernels.h"

static const char *const levels[] = {"generic", "v2", "v3", "v4"};

Test(convert, full_scale_of_every_format) {
    const uint8_t cu8[] = {0, 255, 127, 128};
    const int8_t ci8[] = {-128, 127, 0, 64};
    const int16_t ci16[] = {-32768, 32767, 0, 16384};
    const float cf32[] = {-1.0F, 3.5F, 0.0F, 1e-20F};
    float complex ret[2];
    ls_convert(LS_FORMAT_CU8, cu8, 2, ret, NULL);
    cr_expect_eq(ret[0], CMPLXF(-1.0F, 1.0F));
    cr_expect_float_eq(crealf(ret[1]), -0.5F / 127.5F, 1e-9F);
    cr_expect_float_eq(cimagf(ret[1]), 0.5F / 127.5F, 1e-9F);
    ls_convert(LS_FORMAT_CI8, ci8, 2, ret, NULL);
    cr_expect_eq(ret[0], CMPLXF(-1.0F, 127.0F / 128.0F));
    cr_expect_eq(ret[1], CMPLXF(0.0F, 0.5F));
    ls_convert(LS_FORMAT_CI16_LE, ci16, 2, ret, NULL);
    cr_expect_eq(ret[0], CMPLXF(-1.0F, 32767.0F / 32768.0F));
    cr_expect_eq(ret[1], CMPLXF(0.0F, 0.5F));
    ls_convert(LS_FORMAT_CF32_LE, cf32, 2, ret, NULL);
    cr_expect_eq(ret[0], CMPLXF(-1.0F, 3.5F));
    cr_expect_eq(ret[1], CMPLXF(0.0F, 1e-20F));
}

Test(convert, every_cu8_and_ci8_value_is_mapped_in_order) {
    uint8_t codes[256];
    for (size_t i = 0; i < LS_COUNT(codes); i++) {
        codes[i] = (uint8_t)i;
    }
    float ret[256];
    ls_convert(LS_FORMAT_CU8, codes, 128, (float complex *)ret, NULL);
    for (size_t i = 0; i < LS_COUNT(ret); i++) {
        cr_expect_float_eq(ret[i], ((float)i - 127.5F) / 127.5F, 1e-7F);
    }
    ls_convert(LS_FORMAT_CI8, codes, 128, (float complex *)ret, NULL);
    for (size_t i = 0; i < LS_COUNT(ret); i++) {
        cr_expect_eq(ret[i], (float)(i < 128 ? (int)i : (int)i - 256) / 128.0F);
    }
}

Test(convert, counts_clipped_samples_once_each) {
    /* Long enough for whole vectors and a rest, clipped in I, in Q, in both, and nearly. */
    enum { N = 203 };
    int16_t ci16[2 * N] = {0};
    int8_t ci8[2 * N] = {0};
    uint8_t cu8[2 * N];
    memset(cu8, 128, sizeof cu8);
    ci16[2 * 3] = INT16_MAX;
    ci16[2 * 4] = INT16_MIN;
    ci16[2 * 4 + 1] = INT16_MAX;
    ci16[2 * 202 + 1] = INT16_MIN;
    ci16[2 * 10] = INT16_MAX - 1;
    ci8[2 * 3] = INT8_MAX;
    ci8[2 * 4 + 1] = INT8_MIN;
    ci8[2 * 202 + 1] = INT8_MAX;
    ci8[2 * 10] = INT8_MIN + 1;
    cu8[2 * 3] = 255;
    cu8[2 * 4 + 1] = 0;
    cu8[2 * 202 + 1] = 255;
    cu8[2 * 10] = 1;
    float complex ret[N];
    struct ls_convert_stats stats = {.clipped = 100};
    ls_convert(LS_FORMAT_CI16_LE, ci16, N, ret, &stats);
    ls_convert(LS_FORMAT_CI8, ci8, N, ret, &stats);
    ls_convert(LS_FORMAT_CU8, cu8, N, ret, &stats);
    cr_expect_eq(stats.clipped, 109);
    cr_expect_eq(stats.invalid, 0);
}

Test(convert, all_clipped_is_all_counted) {
    enum { N = 100000 };
    LS_AUTO(int16_t) in = malloc(2 * N * sizeof *in);
    LS_AUTO(float complex) ret = malloc(N * sizeof *ret);
    for (size_t i = 0; i < 2 * N; i++) {
        in[i] = i % 3 == 0 ? INT16_MIN : INT16_MAX;
    }
    struct ls_convert_stats stats = {0};
    ls_convert(LS_FORMAT_CI16_LE, in, N, ret, &stats);
    ls_convert(LS_FORMAT_CI8, in, N, ret, &stats);
    cr_expect_geq(stats.clipped, N, "ci16");
    memset(in, 0xff, 2 * N * sizeof *in);
    stats.clipped = 0;
    ls_convert(LS_FORMAT_CU8, in, N, ret, &stats);
    cr_expect_eq(stats.clipped, N);
}

Test(convert, what_is_not_a_number_becomes_zero_and_is_counted) {
    enum { N = 101 };
    for (size_t i = 0; i < LS_COUNT(levels); i++) {
        const struct ls_kernels *kernels = ls_kernels_find(levels[i]);
        if (kernels == NULL) {
            continue;
        }
        float in[2 * N];
        for (size_t k = 0; k < LS_COUNT(in); k++) {
            in[k] = 0.25F;
        }
        in[2 * 1] = NAN;
        in[2 * 2 + 1] = -INFINITY;
        in[2 * 50] = 2e15F;
        in[2 * 100] = INFINITY;
        in[2 * 100 + 1] = -NAN;
        in[2 * 60] = 9e14F; /* large, but its power is a float */
        float complex ret[N];
        struct ls_convert_stats stats = {0};
        ls_convert_with(kernels, LS_FORMAT_CF32_LE, in, N, ret, &stats);
        cr_expect_eq(stats.invalid, 4, "%s", levels[i]);
        cr_expect_eq(ret[1], 0.0F);
        cr_expect_eq(ret[2], 0.0F);
        cr_expect_eq(ret[50], 0.0F);
        cr_expect_eq(ret[100], 0.0F);
        cr_expect_eq(ret[60], CMPLXF(9e14F, 0.25F));
        cr_expect_eq(ret[3], CMPLXF(0.25F, 0.25F));
    }
}

Test(convert, kernels_agree_bit_for_bit) {
    enum { N = 237 };
    unsigned char in[N * 8];
    uint32_t state = 5;
    for (size_t i = 0; i < sizeof in; i++) {
        state = state * 1664525u + 1013904223u;
        in[i] = (unsigned char)(state >> 24);
    }
    for (enum ls_format format = LS_FORMAT_CU8; format <= LS_FORMAT_CF32_LE; format++) {
        float complex want[N];
        struct ls_convert_stats want_stats = {0};
        ls_convert_with(ls_kernels_find("generic"), format, in, N, want, &want_stats);
        for (size_t i = 1; i < LS_COUNT(levels); i++) {
            const struct ls_kernels *kernels = ls_kernels_find(levels[i]);
            if (kernels == NULL) {
                continue;
            }
            float complex got[N];
            struct ls_convert_stats stats = {0};
            ls_convert_with(kernels, format, in, N, got, &stats);
            cr_expect_arr_eq(got, want, sizeof want, "%s %s", ls_format_name(format), levels[i]);
            cr_expect_eq(stats.clipped, want_stats.clipped);
            cr_expect_eq(stats.invalid, want_stats.invalid);
        }
    }
}

Test(convert, rows_of_a_strip_are_those_of_any_width) {
    enum { ROWS = 5, STRIDE = LS_KERNELS_STRIP + 6 };
    _Alignas(8) unsigned char in[ROWS * STRIDE * 4];
    for (size_t i = 0; i < sizeof in; i++) {
        in[i] = (unsigned char)(1 + i % 125); /* floats of any such bytes are finite */
    }
    for (enum ls_format format = LS_FORMAT_CU8; format <= LS_FORMAT_CF32_LE; format++) {
        const struct ls_kernels *kernels = ls_kernels_best();
        float strip[ROWS * LS_KERNELS_STRIP];
        float wide[ROWS * STRIDE];
        const struct ls_kernels_rows narrow = {.rows = ROWS,
                                               .width = LS_KERNELS_STRIP,
                                               .in_stride = STRIDE,
                                               .ret_stride = LS_KERNELS_STRIP};
        const struct ls_kernels_rows all = {
            .rows = ROWS, .width = STRIDE, .in_stride = STRIDE, .ret_stride = STRIDE};
        kernels->convert[format](in, &narrow, strip);
        kernels->convert[format](in, &all, wide);
        for (size_t row = 0; row < ROWS; row++) {
            cr_expect_arr_eq(strip + row * LS_KERNELS_STRIP, wide + row * STRIDE,
                             LS_KERNELS_STRIP * sizeof *strip, "%s row %zu", ls_format_name(format),
                             row);
        }
    }
}
