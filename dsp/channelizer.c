/* The bank works on blocks of frames that stay in L2:
 *
 *   samples -> rows of one hop each -> fold -> transform of a few frames in L1 -> |X|^2
 *
 * Frame k takes 2 * taps consecutive rows. As the transform repeats after `channels` samples, the
 * windowed frame is folded to its length first: the lower half of a folded frame is a weighted sum
 * of rows k, k+2, k+4..., the upper half of rows k+1, k+3...
 *
 *   row          0   1   2   3   4   5   6   7   8 ...
 *   frame 0     [L   U   L   U   L   U   L   U]           taps = 4
 *   frame 1         [L   U   L   U   L   U   L   U]
 *
 * Rows are padded by a column: unpadded ones of a power of two bytes all fall into the same sets of
 * L1 and push each other out. half is a multiple of channels, so the phase of the header is that of
 * a transform from sample 0 but for exp(-i pi c k), a sign. */
#include "dsp/channelizer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/fft.h"
#include "dsp/kernels.h"
#include "dsp/prototype.h"

enum {
    CHANNELS_MAX = 1 << 20,
    /* Samples folded before the transforms run: 256 KiB, with rows and coefficients 650 KiB at 1024
     * channels, so that a block stays in 1 MiB of L2. Half of it folds 10 % slower. */
    BLOCK_SAMPLES = 32768,
    BLOCK_FRAMES_MIN = 16, /* fewer would read coefficients and history too often */
    /* Samples transformed at once: enough to hide the call, few enough for L1. */
    BATCH_SAMPLES = 512,
    /* Blocks converted until the history moves back to the start of the row buffer. */
    ROW_BLOCKS = 2,
    COLUMN_SAMPLES = LS_KERNELS_COLUMN / 2,
};

struct ls_channelizer {
    size_t channels;
    size_t taps;
    size_t hop;
    enum ls_format format;
    const struct ls_kernels *kernels;
    float *prototype;
    float *coeffs;       /* [columns][lower, upper][taps][LS_KERNELS_COLUMN] */
    size_t columns;      /* of a row */
    float complex *rows; /* [row_count][row_stride] converted input */
    size_t row_count;
    size_t row_stride;
    float complex *folded; /* [block_frames][folded_stride] */
    size_t block_frames;   /* a multiple of batch */
    size_t folded_stride;
    struct ls_fft *fft;
    float complex *bins; /* [batch][channels] */
    size_t batch;
};

/* Where results go: one of power and bins is NULL. */
struct output {
    float *power;
    float complex *bins;
    size_t stride;
    uint64_t first_frame;
};

static size_t round_up(size_t n, size_t step) { return (n + step - 1) / step * step; }

static size_t max2(size_t a, size_t b) { return a > b ? a : b; }

static size_t min2(size_t a, size_t b) { return a < b ? a : b; }

static size_t history(const struct ls_channelizer *ch) { return 2 * ch->taps - 1; }

static int check(struct ls_channelizer_opts *o, struct ls_err *err) {
    o->channels = o->channels == 0 ? 64 : o->channels;
    o->taps = o->taps == 0 ? 8 : o->taps;
    if (o->channels < 4 || o->channels > CHANNELS_MAX || o->channels % 2 != 0 ||
        !ls_fft_good_length(o->channels)) {
        return ls_err_set(err, LS_ERR_ARG,
                          "%zu channels: must be even, 4 to %d, and a product of 2, 3, 5 and 7",
                          o->channels, CHANNELS_MAX);
    }
    if (o->taps != 4 && o->taps != 8 && o->taps != 12) {
        return ls_err_set(err, LS_ERR_ARG, "%zu taps a branch: must be 4, 8 or 12", o->taps);
    }
    if (ls_format_bytes(o->format) == 0) {
        return ls_err_set(err, LS_ERR_ARG, "the channelizer needs the format of its samples");
    }
    if (o->kernels != NULL && ls_kernels_find(o->kernels) == NULL) {
        return ls_err_set(err, LS_ERR_ARG, "this processor has no kernels '%s'", o->kernels);
    }
    return LS_OK;
}

static void set_sizes(struct ls_channelizer *ch, const struct ls_channelizer_opts *o) {
    ch->channels = o->channels;
    ch->taps = o->taps;
    ch->hop = o->channels / 2;
    ch->format = o->format;
    ch->kernels = o->kernels == NULL ? ls_kernels_best() : ls_kernels_find(o->kernels);
    ch->columns = round_up(ch->hop, COLUMN_SAMPLES) / COLUMN_SAMPLES;
    ch->row_stride = (ch->columns + 1) * COLUMN_SAMPLES;
    ch->batch = max2(1, BATCH_SAMPLES / ch->channels);
    ch->block_frames = round_up(max2(BLOCK_FRAMES_MIN, BLOCK_SAMPLES / ch->channels), ch->batch);
    ch->row_count = ROW_BLOCKS * ch->block_frames + history(ch);
    /* The upper half is written in whole columns and may end up to a column late. */
    ch->folded_stride = round_up(ch->channels, COLUMN_SAMPLES) + COLUMN_SAMPLES;
}

static bool allocate(struct ls_channelizer *ch) {
    ch->prototype = malloc(ch->channels * ch->taps * sizeof *ch->prototype);
    ch->coeffs = (float *)ls_fft_alloc(2 * ch->columns * ch->taps * COLUMN_SAMPLES);
    ch->rows = ls_fft_alloc(ch->row_count * ch->row_stride);
    ch->folded = ls_fft_alloc(ch->block_frames * ch->folded_stride);
    ch->bins = ls_fft_alloc(ch->batch * ch->channels);
    return ch->prototype != NULL && ch->coeffs != NULL && ch->rows != NULL && ch->folded != NULL &&
           ch->bins != NULL;
}

/* The prototype in the order in which the fold reads it, each coefficient twice, for I and for Q.
 * Past the end of a row they stay zero. */
static void arrange_coeffs(struct ls_channelizer *ch) {
    float *to = ch->coeffs;
    for (size_t column = 0; column < ch->columns; column++) {
        for (size_t half = 0; half < 2; half++) {
            for (size_t p = 0; p < ch->taps; p++) {
                for (size_t i = 0; i < LS_KERNELS_COLUMN; i++, to++) {
                    size_t at = column * COLUMN_SAMPLES + i / 2;
                    if (at < ch->hop) {
                        *to = ch->prototype[p * ch->channels + half * ch->hop + at];
                    }
                }
            }
        }
    }
}

int ls_channelizer_create(struct ls_channelizer **ret, const struct ls_channelizer_opts *opts,
                          struct ls_err *err) {
    struct ls_channelizer_opts o = *opts;
    int rc = check(&o, err);
    if (rc != LS_OK) {
        return rc;
    }
    struct ls_channelizer *ch = calloc(1, sizeof *ch);
    if (ch == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "no memory for a channelizer");
    }
    set_sizes(ch, &o);
    if (!allocate(ch)) {
        rc = ls_err_set(err, LS_ERR_NOMEM, "no memory for %zu channels", o.channels);
        goto fail;
    }
    const struct ls_prototype_opts prototype = {
        .channels = o.channels, .taps = o.taps, .stopband_db = o.stopband_db};
    rc = ls_prototype_design(&prototype, ch->prototype, err);
    if (rc != LS_OK) {
        goto fail;
    }
    arrange_coeffs(ch);
    const struct ls_fft_opts fft = {
        .length = ch->channels, .batch = ch->batch, .in_stride = ch->folded_stride};
    rc = ls_fft_create(&ch->fft, &fft, err);
    if (rc != LS_OK) {
        goto fail;
    }
    *ret = ch;
    return LS_OK;

fail:
    ls_channelizer_destroy(ch);
    return rc;
}

void ls_channelizer_destroy(struct ls_channelizer *ch) {
    if (ch == NULL) {
        return;
    }
    ls_fft_destroy(ch->fft);
    free(ch->bins);
    free(ch->folded);
    free(ch->rows);
    free(ch->coeffs);
    free(ch->prototype);
    free(ch);
}

const float *ls_channelizer_prototype(const struct ls_channelizer *ch, size_t *ret_length) {
    *ret_length = ch->channels * ch->taps;
    return ch->prototype;
}

size_t ls_channelizer_span(const struct ls_channelizer *ch, size_t frames) {
    return frames == 0 ? 0 : (frames + history(ch)) * ch->hop;
}

/* rows: the first row of the first frame. */
static void fold(struct ls_channelizer *ch, const float complex *rows, size_t frames) {
    const struct ls_kernels_fold f = {
        .rows = (const float *)rows,
        .row_stride = 2 * ch->row_stride,
        .coeffs = ch->coeffs,
        .columns = ch->columns,
        .taps = ch->taps,
        .frames = frames,
        .ret = (float *)ch->folded,
        .ret_stride = 2 * ch->folded_stride,
        .ret_half = 2 * ch->hop,
    };
    ch->kernels->fold(&f);
}

static void write_bins(const struct ls_channelizer *ch, const float complex *bins, bool odd,
                       float complex *ret) {
    memcpy(ret, bins, ch->channels * sizeof *ret);
    for (size_t c = 1; odd && c < ch->channels; c += 2) {
        ret[c] = -ret[c];
    }
}

/* Transforms the folded frames [0, count) and writes them as frames [first, first + count). */
static void transform(struct ls_channelizer *ch, size_t first, size_t count,
                      const struct output *out) {
    for (size_t start = 0; start < count; start += ch->batch) {
        /* Always a whole batch, past count too: one plan for all, so that a frame's rounding does
         * not depend on where its call ends. */
        ls_fft_execute(ch->fft, ch->folded + start * ch->folded_stride, ch->bins);
        for (size_t i = start; i < min2(start + ch->batch, count); i++) {
            const float complex *bins = ch->bins + (i - start) * ch->channels;
            size_t frame = first + i;
            if (out->power != NULL) {
                ch->kernels->power((const float *)bins, ch->channels,
                                   out->power + frame * out->stride);
            } else {
                write_bins(ch, bins, (out->first_frame + frame) % 2 != 0,
                           out->bins + frame * out->stride);
            }
        }
    }
}

static void run(struct ls_channelizer *ch, const void *samples, size_t frames,
                const struct output *out, struct ls_convert_stats *stats) {
    const char *in = samples;
    size_t row_bytes = ch->hop * ls_format_bytes(ch->format);
    size_t base = 0; /* row of the span that the row buffer starts with */
    size_t have = 0; /* rows of the span converted so far */
    assert(out->stride >= ch->channels);
    for (size_t first = 0; first < frames; first += ch->block_frames) {
        size_t count = min2(ch->block_frames, frames - first);
        size_t need = first + count + history(ch);
        if (need - base > ch->row_count) {
            memmove(ch->rows, ch->rows + (first - base) * ch->row_stride,
                    (have - first) * ch->row_stride * sizeof *ch->rows);
            base = first;
        }
        /* Row k + taps holds the samples from k * hop on, which frame k counts. */
        const struct ls_convert_rows shape = {
            .format = ch->format,
            .rows = need - have,
            .width = ch->hop,
            .ret_stride = ch->row_stride,
            .counted_first = max2(ch->taps, have) - have,
            .counted_end = max2(ch->taps + frames, have) - have,
        };
        ls_convert_rows(ch->kernels, &shape, in + have * row_bytes,
                        ch->rows + (have - base) * ch->row_stride, stats);
        have = need;
        fold(ch, ch->rows + (first - base) * ch->row_stride, count);
        transform(ch, first, count, out);
    }
}

void ls_channelizer_power(struct ls_channelizer *ch, const void *samples, size_t frames,
                          float *ret_power, size_t stride, struct ls_convert_stats *stats) {
    const struct output out = {.power = ret_power, .stride = stride};
    run(ch, samples, frames, &out, stats);
}

void ls_channelizer_bins(struct ls_channelizer *ch, const void *samples, uint64_t first_frame,
                         size_t frames, float complex *ret_bins, size_t stride,
                         struct ls_convert_stats *stats) {
    const struct output out = {.bins = ret_bins, .stride = stride, .first_frame = first_frame};
    run(ch, samples, frames, &out, stats);
}
