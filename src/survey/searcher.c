#include "survey/searcher.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "dsp/fft.h"
#include "dsp/quarters.h"
#include "dsp/rows.h"
#include "dsp/zoom.h"
#include "survey/cut.h"
#include "survey/narrowband.h"

enum {
    CHUNK_SAMPLES = 1 << 16, /* read and channelized in one go: they stay in L2 */
    SEGMENTS_MAX = 4,        /* transforms averaged for one box in one piece */
    MARGIN_CHANNELS = 1,     /* fine spectrum beyond the box on each side */
    LINE_BINS = 3,           /* on each side of a line: its window's main lobe and more */
};

/* Fine spectra may transform this many samples for each sample of the piece, and so many a second:
 * dense bands must not starve detection. */
static const double ZOOM_SHARE = 0.5;
static const double ZOOM_SPS = 5e6;

/* Of a piece's samples: more, and its bursts are marked as clipped. */
static const double CLIPPED_SHARE = 5e-3;

struct ls_searcher {
    struct ls_cut cut;
    struct ls_channelizer *bank;
    struct ls_detector *detector;
    struct ls_quarters *quarters; /* NULL: they are not searched */
    struct ls_zoom *zoom;
    struct ls_narrowband *narrowband;
};

void ls_box_counts_add(struct ls_box_counts *into, const struct ls_box_counts *from) {
    into->boxes += from->boxes;
    into->unmeasured += from->unmeasured;
    into->alike += from->alike;
    into->skipped += from->skipped;
    into->narrow_samples += from->narrow_samples;
}

int ls_job_init(struct ls_job *job, const struct ls_cut *cut) {
    memset(job, 0, sizeof *job);
    job->samples = malloc(cut->piece_samples * ls_format_bytes(cut->format));
    job->floor_pow = calloc(cut->channels, sizeof(float));
    job->residual = calloc(cut->channels, sizeof(float));
    job->clean = calloc(cut->channels, sizeof(float));
    job->slot_sums = ls_rows_make(LS_SLOTS * cut->channels);
    job->slot_counts = ls_rows_make(LS_SLOTS * cut->channels);
    bool held = true;
    if (cut->quarter_frames > 0) {
        size_t slots = cut->piece_frames / cut->quarter_frames;
        job->quarter_sums = ls_rows_make(slots * LS_QUARTERS * cut->channels);
        held = job->quarter_sums != NULL;
    }
    if (cut->hold) {
        job->hold_sums = calloc(LS_SLOTS * cut->channels, sizeof(float));
        job->hold_most = calloc(LS_SLOTS * cut->channels, sizeof(float));
        held = held && job->hold_sums != NULL && job->hold_most != NULL;
    }
    if (!held || job->samples == NULL || job->floor_pow == NULL || job->residual == NULL ||
        job->clean == NULL || job->slot_sums == NULL || job->slot_counts == NULL) {
        ls_job_finish(job);
        return LS_ERR_NOMEM;
    }
    return LS_OK;
}

void ls_job_finish(struct ls_job *job) {
    free(job->samples);
    free(job->floor_pow);
    free(job->residual);
    free(job->clean);
    free(job->slot_sums);
    free(job->slot_counts);
    free(job->quarter_sums);
    free(job->hold_sums);
    free(job->hold_most);
    free(job->boxes);
    free(job->spectra);
    free(job->fine);
    free(job->features);
    free(job->carriers);
    memset(job, 0, sizeof *job);
}

static int create_quarters(struct ls_searcher *s, struct ls_err *err) {
    const struct ls_cut *cut = &s->cut;
    if (cut->quarter_frames == 0) {
        return LS_OK;
    }
    const struct ls_quarters_opts opts = {.channels = cut->channels,
                                          .prototype = cut->prototype,
                                          .length = cut->channels * cut->taps,
                                          .slot_frames = cut->quarter_frames,
                                          .slots = cut->piece_frames / cut->quarter_frames};
    return ls_quarters_create(&s->quarters, &opts, err);
}

static int create_tools(struct ls_searcher *s, struct ls_err *err) {
    const struct ls_cut *cut = &s->cut;
    int code = ls_channelizer_create(
        &s->bank,
        &(struct ls_channelizer_opts){.channels = cut->channels,
                                      .taps = cut->taps,
                                      .keep_frames = cut->quarter_frames > 0 ? LS_QUARTERS_KEEP : 0,
                                      .format = cut->format,
                                      .prototype = cut->prototype},
        err);
    if (code != LS_OK) {
        return code;
    }
    struct ls_detector_opts opts = {.channels = cut->channels,
                                    .frames = cut->piece_frames,
                                    .first_channel =
                                        1, /* channel 0 is cut in two by the edge of the band */
                                    .last_channel = cut->channels,
                                    .looks = cut->looks,
                                    .false_alarms = cut->false_alarms,
                                    .floor_error = cut->floor_error,
                                    .limits = cut->limits,
                                    .masked = cut->masked};
    code = ls_detector_create(&s->detector, &opts, err);
    if (code != LS_OK) {
        return code;
    }
    code = create_quarters(s, err);
    if (code != LS_OK) {
        return code;
    }
    code = ls_zoom_create(
        &s->zoom, &(struct ls_zoom_opts){.bins = cut->fine_bins, .format = cut->format}, err);
    return code == LS_OK ? ls_narrowband_create(&s->narrowband, cut, err) : code;
}

int ls_searcher_create(struct ls_searcher **ret, const struct ls_cut *cut, struct ls_err *err) {
    struct ls_searcher *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for a search thread");
    }
    s->cut = *cut;
    int code = create_tools(s, err);
    if (code != LS_OK) {
        ls_searcher_destroy(s);
        return code;
    }
    *ret = s;
    return LS_OK;
}

void ls_searcher_destroy(struct ls_searcher *s) {
    if (s != NULL) {
        ls_channelizer_destroy(s->bank);
        ls_detector_destroy(s->detector);
        ls_quarters_destroy(s->quarters);
        ls_zoom_destroy(s->zoom);
        ls_narrowband_destroy(s->narrowband);
        free(s);
    }
}

/* Room for one more box and its spectrum of count bins; NULL when out of memory. */
static float *add_box(struct ls_job *job, const struct ls_box *box, size_t count) {
    size_t spectra_room = job->box_room;
    size_t features_room = job->box_room;
    size_t carriers_room = job->box_room;
    if (ls_grow((void **)&job->boxes, &job->box_room, job->box_count, sizeof *job->boxes) !=
            LS_OK ||
        ls_grow((void **)&job->spectra, &spectra_room, job->box_count, sizeof *job->spectra) !=
            LS_OK ||
        ls_grow((void **)&job->features, &features_room, job->box_count, sizeof *job->features) !=
            LS_OK ||
        ls_grow((void **)&job->carriers, &carriers_room, job->box_count, sizeof *job->carriers) !=
            LS_OK) {
        return NULL;
    }
    while (job->fine_room <= job->fine_count + count) { /* never NULL, for no bins at all */
        if (ls_grow((void **)&job->fine, &job->fine_room, job->fine_room, sizeof *job->fine) !=
            LS_OK) {
            return NULL;
        }
    }
    job->boxes[job->box_count] = *box;
    job->spectra[job->box_count] = (struct ls_box_spectrum){0};
    job->box_count++;
    return job->fine + job->fine_count;
}

/* The receiver's own line in one channel of the band, whose first bin is given: of what is in its
 * bins no more than twice the line's power, as the floor has it, is the line; what lies on both
 * sides stands in for it. */
static void bridge_line(double line, float noise, float *bins, size_t count) {
    size_t peak = 0;
    for (size_t i = 1; i < count; i++) {
        peak = bins[i] > bins[peak] ? i : peak;
    }
    if (peak < 2 * LINE_BINS || peak + 2 * LINE_BINS >= count) {
        return;
    }
    float sum = 0.0F;
    float beside = 0.0F;
    for (size_t i = 0; i <= 2 * LINE_BINS; i++) {
        sum += bins[peak - LINE_BINS + i];
    }
    for (size_t i = 1; i <= LINE_BINS; i++) {
        beside += bins[peak - LINE_BINS - i] + bins[peak + LINE_BINS + i];
    }
    beside /= 2 * LINE_BINS;
    if ((double)(sum - (2 * LINE_BINS + 1) * beside) > 2.0 * line * (double)noise) {
        return;
    }
    for (size_t i = 0; i <= 2 * LINE_BINS; i++) {
        bins[peak - LINE_BINS + i] = beside;
    }
}

/* Lines are no part of what lies over them. Bins of the band, which begins with the margin of
 * channel low. A line holds as many times the noise of a bin as of a cell, times the bins of a
 * channel. */
static void bridge_lines(const struct ls_searcher *s, const struct ls_job *job, size_t low,
                         size_t high, float *bins, size_t count) {
    const struct ls_cut *cut = &s->cut;
    size_t ratio = cut->fine_bins / cut->channels;
    for (size_t c = low + 1; cut->masked != NULL && c + 1 < high; c++) {
        size_t from = (c - 1 - low) * ratio + ratio / 2;
        double beside = fmin((double)job->floor_pow[c - 1], (double)job->floor_pow[c + 1]);
        if (cut->masked[c] && from + 2 * ratio <= count) {
            double line = (double)ratio * ((double)job->floor_pow[c] / beside - 1.0);
            double cell = beside / (cut->prototype_energy * (double)cut->fine_bins);
            bridge_line(line, (float)cell, bins + from, 2 * ratio);
        }
    }
}

/* Transform the samples of the box. Returns how many samples were transformed. */
static size_t measure_spectrum(struct ls_searcher *s, struct ls_job *job,
                               const struct ls_box *box) {
    size_t ratio = s->cut.fine_bins / s->cut.channels;
    size_t low = box->channel_low > MARGIN_CHANNELS ? box->channel_low - MARGIN_CHANNELS : 0;
    size_t high = box->channel_high + MARGIN_CHANNELS;
    high = high < s->cut.channels ? high : s->cut.channels;
    float *pool = add_box(job, box, (high - low) * ratio);
    if (pool == NULL) {
        job->code = LS_ERR_NOMEM;
        return 0;
    }
    /* Frame k is centred on sample half + k * hop of the job's samples. */
    size_t from = s->cut.half + (size_t)(fmaxf(0.0F, box->start_frame) * (float)s->cut.hop);
    size_t count = (size_t)((box->stop_frame - fmaxf(0.0F, box->start_frame)) * (float)s->cut.hop);
    count = count > 0 ? count : 1;
    const unsigned char *samples = job->samples + from * ls_format_bytes(s->cut.format);
    /* Channel c is centred on fine bin c * ratio. */
    struct ls_zoom_band band = {.first = low * ratio > ratio / 2 ? low * ratio - ratio / 2 : 0,
                                .count = (high - low) * ratio};
    size_t left = s->cut.fine_bins - band.first;
    band.count = band.count < left ? band.count : left;
    size_t averages = ls_zoom_spectrum(s->zoom, samples, count, SEGMENTS_MAX, band, pool);
    bridge_lines(s, job, low, high, pool, band.count);
    job->spectra[job->box_count - 1] = (struct ls_box_spectrum){.first = (uint32_t)band.first,
                                                                .count = (uint32_t)band.count,
                                                                .power = NULL,
                                                                .averages = (double)averages};
    job->fine_count += band.count;
    return averages * s->cut.fine_bins;
}

static void copy_boxes(struct ls_searcher *s, struct ls_job *job,
                       const struct ls_detection *found) {
    double rate_sps = fmin(ZOOM_SHARE * s->cut.rate_sps, ZOOM_SPS);
    double seconds = (double)(job->frames * s->cut.hop) / s->cut.rate_sps;
    double budget = rate_sps * seconds + 8.0 * (double)s->cut.fine_bins;
    for (size_t i = 0; i < found->box_count && job->code == LS_OK; i++) {
        bool wanted = ls_cut_looks_at(&s->cut, job->first_frame, &found->boxes[i]);
        if (wanted && budget > 0.0) {
            budget -= (double)measure_spectrum(s, job, &found->boxes[i]);
        } else {
            job->counts.unmeasured += wanted ? 1 : 0;
            job->code = add_box(job, &found->boxes[i], 0) == NULL ? LS_ERR_NOMEM : LS_OK;
        }
    }
    /* The pool may have moved while it grew. */
    size_t at = 0;
    for (size_t i = 0; i < job->box_count; i++) {
        job->spectra[i].power = job->fine + at;
        at += job->spectra[i].count;
    }
}

/* Where the rows of a piece go. */
struct rows {
    struct ls_detector *detector;
    struct ls_quarters *quarters;
    struct ls_job *job;
    size_t channels;
    size_t slot_rows;
    size_t done;
};

/* The row is in L1 still, so this costs little beside the search. */
static void hold_row(struct rows *rows, const float *power_sum) {
    size_t n = rows->channels;
    float *sums = rows->job->hold_sums + rows->done / rows->slot_rows * n;
    float *most = rows->job->hold_most + rows->done / rows->slot_rows * n;
    for (size_t c = 0; c < n; c++) {
        sums[c] += power_sum[c];
        most[c] = most[c] > power_sum[c] ? most[c] : power_sum[c];
    }
}

static void push_row(void *context, const float *power_sum) {
    struct rows *rows = context;
    if (rows->job->hold_sums != NULL) {
        hold_row(rows, power_sum);
    }
    ls_detector_push(rows->detector, power_sum);
    rows->done++;
}

static void push_frame(void *context, const float complex *bins) {
    struct rows *rows = context;
    ls_quarters_push(rows->quarters, bins);
}

/* Have the samples of the job read up to index end, and no further than it wants. */
static int read_samples(const struct ls_searcher *s, struct ls_job *job, size_t end) {
    size_t to = end < job->unread_to ? end : job->unread_to;
    if (to <= job->unread_from) {
        return LS_OK;
    }
    const struct ls_sample_reader *reader = s->cut.reader;
    size_t count = to - job->unread_from;
    int code =
        reader->read(reader->context, job->unread_pos, count,
                     job->samples + job->unread_from * ls_format_bytes(s->cut.format), &job->err);
    job->unread_from = to;
    job->unread_pos += count;
    return code;
}

/* Every row of the piece to the detector, while its samples and then its powers are in cache. */
static int push_rows(struct ls_searcher *s, struct ls_job *job) {
    struct rows rows = {.detector = s->detector,
                        .quarters = s->quarters,
                        .job = job,
                        .channels = s->cut.channels,
                        .slot_rows = s->cut.piece_frames / 2 / LS_SLOTS};
    const struct ls_channelizer_pairs to = {
        .pair = push_row, .frame = s->quarters != NULL ? push_frame : NULL, .context = &rows};
    if (s->cut.hold) {
        memset(job->hold_sums, 0, LS_SLOTS * s->cut.channels * sizeof *job->hold_sums);
        memset(job->hold_most, 0, LS_SLOTS * s->cut.channels * sizeof *job->hold_most);
    }
    size_t bytes = ls_format_bytes(s->cut.format);
    size_t most = CHUNK_SAMPLES / s->cut.hop / 2 * 2;
    for (size_t done = 0; done < job->frames;) {
        size_t frames = job->frames - done < most ? job->frames - done : most;
        size_t end = (done + frames - 1) * s->cut.hop + 2 * s->cut.half;
        int code = read_samples(s, job, end);
        if (code != LS_OK) {
            return code;
        }
        ls_channelizer_pairs(s->bank, job->samples + done * s->cut.hop * bytes, frames, &to,
                             &job->stats);
        done += frames;
    }
    return LS_OK;
}

const struct ls_limits *ls_searcher_limits(const struct ls_searcher *searcher) {
    return ls_detector_limits(searcher->detector);
}

void ls_searcher_run(struct ls_searcher *s, struct ls_job *job) {
    size_t channels = s->cut.channels;
    job->box_count = 0;
    job->fine_count = 0;
    memset(&job->counts, 0, sizeof job->counts);
    memset(&job->stats, 0, sizeof job->stats);
    ls_detector_begin(s->detector, job->floor_pow);
    if (s->quarters != NULL) {
        ls_quarters_begin(s->quarters);
    }
    job->code = push_rows(s, job);
    if (job->code != LS_OK) {
        return;
    }
    struct ls_detection found;
    job->clipped = (double)job->stats.clipped > CLIPPED_SHARE * (double)(job->frames * s->cut.hop);
    ls_detector_finish(s->detector, job->clipped, &found);
    memcpy(job->residual, found.residual, channels * sizeof *job->residual);
    memcpy(job->clean, found.clean, channels * sizeof *job->clean);
    job->slots = found.slots;
    memcpy(job->slot_sums, found.slot_sums, found.slots * channels * sizeof *job->slot_sums);
    memcpy(job->slot_counts, found.slot_counts, found.slots * channels * sizeof *job->slot_counts);
    memcpy(job->declined, found.declined, sizeof job->declined);
    if (s->quarters != NULL) {
        job->quarter_slots = ls_quarters_finish(s->quarters, job->floor_pow, job->quarter_sums);
    }
    copy_boxes(s, job, &found);
    if (job->code == LS_OK) {
        ls_narrowband_piece(s->narrowband, job);
    }
}
