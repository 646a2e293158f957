/* The bank works on blocks of frames that stay in L2, and within a block on strips of a few samples
 * of every row, which stay in L1:
 *
 *   samples -> a strip of rows of one hop each -> fold -> transform of a few frames in L1 -> |X|^2
 *
 * Frame k takes 2 * taps consecutive rows. As the transform repeats after `channels` samples, the
 * windowed frame is folded to its length first: the lower half of a folded frame is a weighted sum
 * of rows k, k+2, k+4..., the upper half of rows k+1, k+3...
 *
 *   row          0   1   2   3   4   5   6   7   8 ...
 *   frame 0     [L   U   L   U   L   U   L   U]           taps = 4
 *   frame 1         [L   U   L   U   L   U   L   U]
 *
 * A strip of the block's rows is contiguous while it is folded: rows of a power of two bytes would
 * all fall into the same sets of L1 and push each other out. So do folded frames, which are padded.
 * half is a multiple of channels, so the phase of the header is that of a transform from sample 0
 * but for exp(-i pi c k), a sign; with one tap half is half of that, and k one more. */
#include "dsp/channelizer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/fft.h"
#include "dsp/kernels.h"
#include "dsp/prototype.h"

enum {
    CHANNELS_MAX = 1 << 20,
    /* Samples folded before the transforms run: 256 KiB. Half of it folds 10 % slower. */
    BLOCK_SAMPLES = 32768,
    BLOCK_FRAMES_MIN = 16,  /* fewer would read coefficients and history too often */
    BLOCK_FRAMES_MAX = 128, /* more, and a strip of their rows leaves L1 */
    /* Samples transformed at once: enough to hide the call, few enough for L1. */
    BATCH_SAMPLES = 512,
    STRIP_SAMPLES = LS_KERNELS_STRIP / 2,
    LINE_BYTES = 64, /* of a cache line */
};

struct ls_channelizer {
    size_t channels;
    size_t taps;
    size_t hop;
    enum ls_format format;
    const struct ls_kernels *kernels;
    float *prototype;
    float *coeffs;          /* [strips][lower, upper][taps][LS_KERNELS_STRIP] */
    size_t strips;          /* of a row */
    float complex *rows;    /* [block_frames + history][STRIP_SAMPLES]: a strip of the block */
    float complex *history; /* [strips][history][STRIP_SAMPLES]: rows of the block before */
    float complex *folded;  /* [block_frames][folded_stride] */
    size_t block_frames;    /* a multiple of batch */
    size_t folded_stride;   /* samples */
    struct ls_fft *fft;
    float complex *bins; /* [kept][bins_stride], in turns: [batch][channels] of a transform */
    size_t bins_stride;
    size_t kept;
    size_t turn;
    size_t batch; /* even: both frames of a pair are at hand */
    float *pair;  /* [channels] */
};

/* Where results go: one of these three is not NULL. */
struct output {
    float *power;
    float complex *bins;
    const struct ls_channelizer_pairs *pairs;
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
    if (o->taps != 1 && o->taps != 4 && o->taps != 8 && o->taps != 12) {
        return ls_err_set(err, LS_ERR_ARG, "%zu taps a branch: must be 1, 4, 8 or 12", o->taps);
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
    ch->strips = round_up(ch->hop, STRIP_SAMPLES) / STRIP_SAMPLES;
    ch->batch = max2(2, BATCH_SAMPLES / ch->channels / 2 * 2);
    size_t frames = min2(BLOCK_FRAMES_MAX, max2(BLOCK_FRAMES_MIN, BLOCK_SAMPLES / ch->channels));
    ch->block_frames = round_up(frames, ch->batch);
    /* The upper half is written in whole strips and may end up to a strip late. */
    ch->folded_stride = round_up(ch->channels, STRIP_SAMPLES) + STRIP_SAMPLES;
    /* Not a power of two. */
    ch->folded_stride += LS_FFT_ALIGNMENT / sizeof(float complex);
    ch->bins_stride = round_up(ch->batch * ch->channels + LS_CHANNELIZER_SLACK,
                               LS_FFT_ALIGNMENT / sizeof(float complex));
    /* Calls end with two frames of a batch, if not with all of them. */
    ch->kept = o->keep_frames > 0 ? o->keep_frames / 2 + 2 : 1;
}

static bool allocate(struct ls_channelizer *ch) {
    ch->prototype = malloc(ch->channels * ch->taps * sizeof *ch->prototype);
    ch->coeffs = (float *)ls_fft_alloc(2 * ch->strips * ch->taps * STRIP_SAMPLES);
    ch->rows = ls_fft_alloc((ch->block_frames + history(ch)) * STRIP_SAMPLES);
    ch->history = ls_fft_alloc(ch->strips * history(ch) * STRIP_SAMPLES);
    ch->folded = ls_fft_alloc(ch->block_frames * ch->folded_stride);
    ch->bins = ls_fft_alloc(ch->kept * ch->bins_stride);
    ch->pair = (float *)ls_fft_alloc(ch->channels);
    return ch->prototype != NULL && ch->coeffs != NULL && ch->rows != NULL && ch->history != NULL &&
           ch->folded != NULL && ch->bins != NULL && ch->pair != NULL;
}

/* The prototype in the order in which the fold reads it, each coefficient twice, for I and for Q.
 * Past the end of a row they stay zero. */
static void arrange_coeffs(struct ls_channelizer *ch) {
    float *to = ch->coeffs;
    for (size_t strip = 0; strip < ch->strips; strip++) {
        for (size_t half = 0; half < 2; half++) {
            for (size_t p = 0; p < ch->taps; p++) {
                for (size_t i = 0; i < LS_KERNELS_STRIP; i++, to++) {
                    size_t at = strip * STRIP_SAMPLES + i / 2;
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
    if (o.prototype != NULL) {
        memcpy(ch->prototype, o.prototype, o.channels * o.taps * sizeof *ch->prototype);
    } else if ((rc = ls_prototype_design(&prototype, ch->prototype, err)) != LS_OK) {
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
    free(ch->pair);
    free(ch->bins);
    free(ch->folded);
    free(ch->history);
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

/* Rows of the span that a block folds, and the first of them that was not there before. */
struct block {
    size_t first; /* row of the first frame */
    size_t frames;
    size_t fresh;
    size_t end;
};

/* Convert the fresh rows of a strip behind those kept from the block before. True when some number
 * wants a closer look. */
static bool convert_strip(struct ls_channelizer *ch, const char *in, const struct block *block,
                          size_t strip) {
    size_t sample_bytes = ls_format_bytes(ch->format);
    size_t kept = block->fresh - block->first;
    size_t at = strip * STRIP_SAMPLES;
    memcpy(ch->rows, ch->history + strip * history(ch) * STRIP_SAMPLES,
           kept * STRIP_SAMPLES * sizeof *ch->rows);
    const struct ls_kernels_rows shape = {
        .rows = block->end - block->fresh,
        .width = 2 * min2(STRIP_SAMPLES, ch->hop - at),
        .in_stride = 2 * ch->hop,
        .ret_stride = LS_KERNELS_STRIP,
    };
    float complex *to = ch->rows + kept * STRIP_SAMPLES;
    bool look = ch->kernels->convert[ch->format](in + (block->fresh * ch->hop + at) * sample_bytes,
                                                 &shape, (float *)to);
    if (look) {
        ls_convert_repair(ch->format, to, shape.rows * STRIP_SAMPLES);
    }
    memcpy(ch->history + strip * history(ch) * STRIP_SAMPLES,
           ch->rows + block->frames * STRIP_SAMPLES,
           history(ch) * STRIP_SAMPLES * sizeof *ch->rows);
    return look;
}

/* The samples of a strip are a line or two of each row, which no processor fetches by itself: they
 * are asked for while the strip before is folded. */
static void ask_ahead(const struct ls_channelizer *ch, const char *in, const struct block *block,
                      size_t strip) {
    size_t bytes = ls_format_bytes(ch->format);
    for (size_t row = block->fresh; row < block->end; row++) {
        const char *samples = in + (row * ch->hop + strip * STRIP_SAMPLES) * bytes;
        for (size_t at = 0; at < STRIP_SAMPLES * bytes; at += LINE_BYTES) {
            __builtin_prefetch(samples + at);
        }
    }
}

/* From the last strip down, as the last of the lower half may reach into the first of the upper
 * one. True when some number wants a closer look. */
static bool fold(struct ls_channelizer *ch, const char *in, const struct block *block) {
    bool look = false;
    for (size_t strip = ch->strips; strip-- > 0;) {
        look |= convert_strip(ch, in, block, strip);
        if (strip > 0) {
            ask_ahead(ch, in, block, strip - 1);
        }
        const struct ls_kernels_fold f = {
            .rows = (const float *)ch->rows,
            .coeffs = ch->coeffs + 2 * strip * ch->taps * LS_KERNELS_STRIP,
            .taps = ch->taps,
            .frames = block->frames,
            .ret = (float *)(ch->folded + strip * STRIP_SAMPLES),
            .ret_stride = 2 * ch->folded_stride,
            .ret_half = 2 * ch->hop,
        };
        ch->kernels->fold(&f);
    }
    return look;
}

static void write_bins(const struct ls_channelizer *ch, const float complex *bins, bool odd,
                       float complex *ret) {
    memcpy(ret, bins, ch->channels * sizeof *ret);
    for (size_t c = 1; odd && c < ch->channels; c += 2) {
        ret[c] = -ret[c];
    }
}

/* count frames of a transform as frames [first, first + count). */
static void write_batch(struct ls_channelizer *ch, const float complex *batch, size_t first,
                        size_t count, const struct output *out) {
    for (size_t i = 0; i < count; i++) {
        const float complex *bins = batch + i * ch->channels;
        size_t frame = first + i;
        if (out->power != NULL) {
            ch->kernels->power((const float *)bins, ch->channels, out->power + frame * out->stride);
        } else if (out->bins != NULL) {
            write_bins(ch, bins, (out->first_frame + frame + ch->taps) % 2 != 0,
                       out->bins + frame * out->stride);
        } else if (out->pairs != NULL && i % 2 == 1) {
            const float complex *before = bins - ch->channels;
            if (out->pairs->frame != NULL) {
                out->pairs->frame(out->pairs->context, before);
                out->pairs->frame(out->pairs->context, bins);
            }
            ch->kernels->pair_power((const float *)before, (const float *)bins, ch->channels,
                                    ch->pair);
            out->pairs->pair(out->pairs->context, ch->pair);
        }
    }
}

/* Transforms the folded frames [0, count) and writes them as frames [first, first + count). */
static void transform(struct ls_channelizer *ch, size_t first, size_t count,
                      const struct output *out) {
    for (size_t start = 0; start < count; start += ch->batch) {
        /* Always a whole batch, past count too: one plan for all, so that a frame's rounding does
         * not depend on where its call ends. */
        float complex *bins = ch->bins + ch->turn * ch->bins_stride;
        ch->turn = (ch->turn + 1) % ch->kept;
        ls_fft_execute(ch->fft, ch->folded + start * ch->folded_stride, bins);
        write_batch(ch, bins, first + start, min2(ch->batch, count - start), out);
    }
}

static void run(struct ls_channelizer *ch, const void *samples, size_t frames,
                const struct output *out, struct ls_convert_stats *stats) {
    const char *in = samples;
    size_t row_bytes = ch->hop * ls_format_bytes(ch->format);
    struct block block = {0};
    for (size_t first = 0; first < frames; first += block.frames) {
        block.first = first;
        block.frames = min2(ch->block_frames, frames - first);
        block.fresh = block.end;
        block.end = first + block.frames + history(ch);
        if (fold(ch, in, &block) && stats != NULL) {
            /* Row k + taps holds the samples from k * hop on, which frame k counts. */
            size_t from = max2(ch->taps, block.fresh);
            size_t to = min2(ch->taps + frames, block.end);
            if (from < to) {
                ls_convert_count(ch->format, in + from * row_bytes, (to - from) * ch->hop, stats);
            }
        }
        transform(ch, first, block.frames, out);
    }
}

void ls_channelizer_power(struct ls_channelizer *ch, const void *samples, size_t frames,
                          float *ret_power, size_t stride, struct ls_convert_stats *stats) {
    assert(stride >= ch->channels);
    const struct output out = {.power = ret_power, .stride = stride};
    run(ch, samples, frames, &out, stats);
}

void ls_channelizer_pairs(struct ls_channelizer *ch, const void *samples, size_t frames,
                          const struct ls_channelizer_pairs *to, struct ls_convert_stats *stats) {
    assert(frames % 2 == 0);
    const struct output out = {.pairs = to};
    run(ch, samples, frames, &out, stats);
}

void ls_channelizer_bins(struct ls_channelizer *ch, const void *samples, uint64_t first_frame,
                         size_t frames, float complex *ret_bins, size_t stride,
                         struct ls_convert_stats *stats) {
    assert(stride >= ch->channels);
    const struct output out = {.bins = ret_bins, .stride = stride, .first_frame = first_frame};
    run(ch, samples, frames, &out, stats);
}
