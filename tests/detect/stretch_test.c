#include "detect/stretch.h"

#include <criterion/criterion.h>
#include <math.h>

static struct ls_stretch stretch(double center_hz, double rate_sps, size_t channels) {
    return (struct ls_stretch){.t_ns = INT64_C(1795000000000000000),
                               .tuning = {.center_hz = center_hz, .rate_sps = rate_sps},
                               .channels = channels,
                               .fine_bins = 16 * channels,
                               .prototype_energy = 1.004 / (double)channels};
}

Test(stretch, frames_bins_and_channels_are_where_the_header_says) {
    struct ls_stretch s = stretch(433.92e6, 1e6, 160);
    cr_expect_float_eq(ls_stretch_spacing_hz(&s), 6250.0, 1e-9);
    cr_expect_eq(ls_stretch_time_ns(&s, 0.0), s.t_ns);
    cr_expect_eq(ls_stretch_time_ns(&s, 1.0), s.t_ns + 80000);
    cr_expect_eq(ls_stretch_time_ns(&s, 2.5), s.t_ns + 200000);
    cr_expect_eq(ls_stretch_time_ns(&s, -1.0), s.t_ns - 80000);
    cr_expect_float_eq(ls_stretch_seconds(&s, 12500.0), 1.0, 1e-12);
    /* Channel n / 2 and fine bin fine_bins / 2 are centred on the tuned centre. */
    cr_expect_float_eq(ls_stretch_channel_hz(&s, 80.0), 433.92e6 - 3125.0, 1e-6);
    cr_expect_float_eq(ls_stretch_channel_hz(&s, 81.0), 433.92e6 + 3125.0, 1e-6);
    double bin_hz = 1e6 / 2560.0;
    cr_expect_float_eq(ls_stretch_bin_hz(&s, 1280.0), 433.92e6 - bin_hz / 2.0, 1e-6);
    cr_expect_float_eq(ls_stretch_bin_hz(&s, 1281.0), 433.92e6 + bin_hz / 2.0, 1e-6);
}

/* White noise of mean |x|^2 = v is v / rate a Hz, v / bins a bin, v * sum h^2 a cell. */
Test(stretch, powers_refer_to_full_scale) {
    struct ls_stretch s = stretch(0.0, 2e6, 320);
    double cell = 0.01 * s.prototype_energy;
    cr_expect_float_eq(ls_stretch_noise_per_hz(&s, cell) * 2e6, 0.01, 1e-12);
    cr_expect_float_eq(ls_stretch_noise_per_bin(&s, cell) * (double)s.fine_bins, 0.01, 1e-12);
    cr_expect_float_eq(ls_stretch_signal_pow(&s, cell * 320.0), 0.01, 1e-12);
}

/* 2^34 samples of 61.44 MS/s at 6 GHz: more than 32 bits of samples, frames, Hz and ns. */
Test(stretch, trap_32_bit_overflow) {
    struct ls_stretch s = stretch(6e9, 61.44e6, 1024);
    double frame = 34359738368.0; /* 2^35, of 512 samples each: 2^44 samples */
    /* 2^44 / 61.44e6 s = 286331.1530666... s */
    cr_expect_eq(ls_stretch_time_ns(&s, frame) - s.t_ns, INT64_C(286331153066667));
    cr_expect_float_eq(ls_stretch_time_ns(&s, frame + 0.5) - ls_stretch_time_ns(&s, frame), 4167,
                       1.0);
    cr_expect_float_eq(ls_stretch_bin_hz(&s, 16384.5), 6e9 + 30.72e6, 1e-3);
}
