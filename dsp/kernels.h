/* dsp/kernels.h: the inner loops of conversion and channelizer, one table of functions for each
 * level of the x86-64 psABI (and one generic, which NEON is), all compiled from
 * dsp/kernels_variant.c. Levels differ in rounding only, as those from v3 on fuse multiply and add.
 */
#ifndef DSP_KERNELS_H
#define DSP_KERNELS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/iq.h"

enum {
    /* Floats of a strip: the widest piece of a row that is converted and folded at once. Loops of
     * so many compilers make vectors of, and a strip of all rows of a block stays in L1. */
    LS_KERNELS_STRIP = 64,
    LS_KERNELS_FORMATS = LS_FORMAT_CF32_LE + 1,
    /* Of dsp/quarters.h: rows of a window on each side of its middle one, from a window to the
     * next at most, windows at once, quarters of a channel, and channels that rows are padded to a
     * multiple of. */
    LS_KERNELS_SIDE = 7,
    LS_KERNELS_STEP = 5,
    LS_KERNELS_WINDOWS = 3,
    LS_KERNELS_QUARTERS = 4,
    LS_KERNELS_PAD = 16,
};

/* rows of width numbers (two a sample) from in[rows][in_stride] to ret[rows][ret_stride]. Fast for
 * a width of LS_KERNELS_STRIP. */
struct ls_kernels_rows {
    size_t rows;
    size_t width;
    size_t in_stride;
    size_t ret_stride;
};

/* Weighted sums of the rows of a strip, the fold of the channelizer: ret[frame][half][i] = sum_p
 * coeffs[half][p][i] rows[frame + half + 2 p][i] for i < LS_KERNELS_STRIP. rows and coeffs are
 * aligned to 64 bytes. */
struct ls_kernels_fold {
    const float *rows;   /* [frames + 2 * taps - 1][LS_KERNELS_STRIP] */
    const float *coeffs; /* [lower, upper][taps][LS_KERNELS_STRIP] */
    size_t taps;         /* 1, 4, 8 or 12 */
    size_t frames;
    float *ret;
    size_t ret_stride; /* floats */
    size_t ret_half;   /* floats from the lower half of a frame to the upper one */
};

/* Powers of the quarters of channels over windows of rows x[-SIDE] to x[SIDE], each step rows
 * behind the one before: ret[q][c] += |sum_i w[i] x[i][c] exp(-j t_q i)|^2 for each window, with
 * turns t_q of -3, -1, 1 and 3 times pi / 8, and w[-i] = w[i]. As the turns of eight rows are a
 * half one, rows are folded to eight first, and then taken in pairs. */
struct ls_kernels_quarters {
    /* of count complex numbers, in order of time */
    const float *rows[LS_KERNELS_STEP * (LS_KERNELS_WINDOWS - 1) + 2 * LS_KERNELS_SIDE + 1];
    /* w[i] for real and imaginary part of one channel after the other; aligned to 64 bytes. */
    const float (*weights)[LS_KERNELS_PAD]; /* [LS_KERNELS_SIDE + 1] */
    size_t windows;                         /* 1 to LS_KERNELS_WINDOWS: what rows there are for */
    size_t step;                            /* 1 to LS_KERNELS_STEP */
    size_t count;                           /* a multiple of LS_KERNELS_PAD */
    float *ret[LS_KERNELS_QUARTERS];
};

struct ls_kernels {
    const char *name; /* "generic", "v2", "v3", "v4" */
    /* By format; the entry of LS_FORMAT_NONE is NULL. True when a number is at the end of the
     * format's range (cf32: not finite or too large), so that somebody looks closer. */
    bool (*convert[LS_KERNELS_FORMATS])(const void *in, const struct ls_kernels_rows *shape,
                                        float *ret);
    void (*fold)(const struct ls_kernels_fold *fold);
    /* ret[i] = |bins[i]|^2 for count bins; any alignment. */
    void (*power)(const float *bins, size_t count, float *ret);
    /* ret[i] = |first[i]|^2 + |second[i]|^2; the same. */
    void (*pair_power)(const float *first, const float *second, size_t count, float *ret);
    void (*quarters)(const struct ls_kernels_quarters *quarters);
};

/* The best level of this CPU, or the one called name when the CPU has it, else NULL. */
const struct ls_kernels *ls_kernels_best(void);
const struct ls_kernels *ls_kernels_find(const char *name);

#endif
