/* Cuts are planned first, each with its run of blocks; then every block that some cut wants is
 * transformed once, in order, and gives each of them its part; then the cuts are measured. */
#include "survey/narrowband.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "classify/carrier.h"
#include "classify/measure.h"
#include "detect/spectrum.h"
#include "survey/cut.h"

enum {
    CUTS_MAX = 256,      /* of a piece */
    ALIKE_MAX = 6,       /* boxes of a piece in one channel that are measured */
    BLOCKS_LEAST = 3,    /* of a cut that the budget cuts short */
    BLOCK_CHANNELS = 4,  /* length of a block in channels: a quarter of a channel a bin */
    MARGIN_HOPS = 2,     /* beside a box */
    CUT_SAMPLES = 32768, /* of one cut, before decimation */
    ON_SAMPLES = 64,     /* of a short burst: its band is taken wider for them */
    POOL_LEAST = 2 * CUT_SAMPLES,
    CUTS_LEAST = 8,
    CROWDED_BOXES = 32, /* of a piece: half as many cuts are made */
};

/* Samples of the input transformed, of narrowband I/Q cut out, and boxes that are, for each second
 * of input. The first is everything up to 5.5 MS/s. In a crowded band the bursts of a transmission
 * are many, and some of them show what it is, if not in this piece then in one of the next. */
static const double INPUT_SPS = 5.5e6;
static const double NARROW_SPS = 2e6;
static const double CUTS_PER_S = 300.0;

/* Of the boxes of a piece: so much further on begins the next piece, and every box has its turn
 * (the golden section leaves none out for long). */
static const double TURN = 0.618;

struct cut {
    size_t box;
    struct ls_narrow_band band;
    double bandwidth_hz;
    double from, to;      /* of the box, in samples of the job */
    size_t block, blocks; /* first one and how many */
    size_t at;            /* in the pool */
    size_t filled;
    bool cut_short;
};

struct ls_narrowband {
    struct ls_cut cut;
    size_t length; /* of a block */
    struct ls_narrow *narrow;
    struct ls_measure *measure;
    struct ls_carriers *carriers;
    float complex *pool; /* [pool_room] */
    float complex *thin; /* [CUT_SAMPLES] */
    size_t pool_room;
    bool *wanted; /* [blocks of a full piece] */
    size_t block_room;
    struct cut cuts[CUTS_MAX];
    size_t count;
    /* of the present piece */
    size_t block_count;
    size_t blocks_left; /* of the budget */
    size_t samples_left;
    size_t cuts_left;
    size_t pool_used;
};

static double piece_seconds(const struct ls_cut *cut, size_t frames) {
    return (double)(frames * cut->hop) / cut->rate_sps;
}

int ls_narrowband_create(struct ls_narrowband **ret, const struct ls_cut *cut, struct ls_err *err) {
    struct ls_narrowband *nb = calloc(1, sizeof *nb);
    if (nb == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for narrow bands");
    }
    nb->cut = *cut;
    nb->length = BLOCK_CHANNELS * cut->channels;
    nb->block_room = 2 * cut->piece_samples / nb->length;
    nb->pool_room = POOL_LEAST + (size_t)ceil(NARROW_SPS * piece_seconds(cut, cut->piece_frames));
    size_t most = POOL_LEAST + 2 * cut->piece_samples;
    nb->pool_room = nb->pool_room < most ? nb->pool_room : most;
    nb->pool = calloc(nb->pool_room, sizeof *nb->pool);
    nb->thin = calloc(CUT_SAMPLES, sizeof *nb->thin);
    nb->wanted = calloc(nb->block_room + 1, sizeof *nb->wanted);
    int code = LS_OK;
    if (nb->pool == NULL || nb->thin == NULL || nb->wanted == NULL) {
        code = ls_err_set(err, LS_ERR_NOMEM, "out of memory for narrow bands");
    }
    if (code == LS_OK) {
        code = ls_narrow_create(
            &nb->narrow, &(struct ls_narrow_opts){.length = nb->length, .format = cut->format},
            err);
    }
    if (code == LS_OK) {
        code = ls_measure_create(&nb->measure, err);
    }
    if (code == LS_OK) {
        code = ls_carriers_create(&nb->carriers, err);
    }
    if (code != LS_OK) {
        ls_narrowband_destroy(nb);
        return code;
    }
    *ret = nb;
    return LS_OK;
}

void ls_narrowband_destroy(struct ls_narrowband *nb) {
    if (nb != NULL) {
        ls_narrow_destroy(nb->narrow);
        ls_measure_destroy(nb->measure);
        ls_carriers_destroy(nb->carriers);
        free(nb->pool);
        free(nb->thin);
        free(nb->wanted);
        free(nb);
    }
}

/* Centre and width of a box as shares of the rate: from its fine spectrum where that tells. */
static void find_band(const struct ls_cut *cut, const struct ls_job *job, size_t i,
                      double *ret_center, double *ret_bandwidth) {
    const struct ls_box *box = &job->boxes[i];
    const struct ls_box_spectrum *fine = &job->spectra[i];
    double channels = (double)cut->channels;
    double low = ((double)box->channel_low - 0.5) / channels;
    double high = ((double)box->channel_high - 0.5) / channels;
    double floor = box->floor_pow / (double)(box->channel_high - box->channel_low);
    double noise = floor / ((double)cut->fine_bins * cut->prototype_energy);
    struct ls_spectrum spectrum = {.first = fine->first,
                                   .count = fine->count,
                                   .energy = job->fine + (fine->power - job->fine),
                                   .seconds = 1.0,
                                   .averages = fine->averages,
                                   .clipped = job->clipped};
    if (fine->count > 0 && ls_spectrum_stands_out(&spectrum, noise)) {
        struct ls_occupied occupied = ls_spectrum_occupied(&spectrum, noise);
        low = (occupied.low_bin - 0.5) / (double)cut->fine_bins;
        high = (occupied.high_bin - 0.5) / (double)cut->fine_bins;
    }
    *ret_center = 0.5 * (low + high) - 0.5;
    *ret_bandwidth = high - low;
}

/* How many cuts of the piece lie in the channels of the box. */
static size_t alike(const struct ls_narrowband *nb, const struct ls_job *job, size_t i) {
    const struct ls_box *box = &job->boxes[i];
    uint32_t middle = box->channel_low + box->channel_high;
    size_t count = 0;
    for (size_t k = 0; k < nb->count; k++) {
        const struct ls_box *other = &job->boxes[nb->cuts[k].box];
        count += middle > 2 * other->channel_low && middle < 2 * other->channel_high;
    }
    return count;
}

/* Blocks of the run that nobody wants yet, up to limit of them; *blocks is cut there. */
static size_t new_blocks(const struct ls_narrowband *nb, size_t first, size_t *blocks,
                         size_t limit) {
    size_t fresh = 0;
    for (size_t b = first; b < first + *blocks; b++) {
        if (!nb->wanted[b] && fresh == limit) {
            *blocks = b - first;
            break;
        }
        fresh += !nb->wanted[b];
    }
    return fresh;
}

/* Which blocks hold the box. False when none does. */
static bool find_blocks(const struct ls_narrowband *nb, const struct ls_box *box, struct cut *cut) {
    double hop = (double)nb->cut.hop;
    double step = (double)nb->length / 2.0;
    double margin = MARGIN_HOPS * hop;
    cut->from = (double)nb->cut.half + fmax(0.0, (double)box->start_frame) * hop;
    cut->to = (double)nb->cut.half + (double)box->stop_frame * hop;
    double first = floor((cut->from - margin - step / 2.0) / step);
    double last = ceil((cut->to + margin - step / 2.0) / step);
    cut->block = first > 0.0 ? (size_t)first : 0;
    size_t end = last > 0.0 ? (size_t)last : 0;
    end = end < nb->block_count ? end : nb->block_count;
    cut->blocks = end > cut->block ? end - cut->block : 0;
    return cut->blocks > 0;
}

/* Room in the budget for a cut of the box? Then it is made. */
static bool plan_cut(struct ls_narrowband *nb, const struct ls_job *job, size_t i) {
    struct cut *cut = &nb->cuts[nb->count];
    *cut = (struct cut){.box = i};
    if (nb->cuts_left == 0 || !find_blocks(nb, &job->boxes[i], cut)) {
        return false;
    }
    double center;
    double bandwidth;
    find_band(&nb->cut, job, i, &center, &bandwidth);
    cut->bandwidth_hz = bandwidth * nb->cut.rate_sps;
    bandwidth = fmax(bandwidth, ON_SAMPLES / (cut->to - cut->from + 1.0));
    cut->band = ls_narrow_plan(nb->narrow, center, fmin(1.0, bandwidth));
    size_t a_block = cut->band.bins / 2;
    assert(a_block > 0);
    size_t wanted = cut->blocks;
    size_t most = CUT_SAMPLES / a_block;
    cut->blocks = cut->blocks < most ? cut->blocks : most;
    size_t room = nb->samples_left / a_block;
    cut->blocks = cut->blocks < room ? cut->blocks : room;
    size_t fresh = new_blocks(nb, cut->block, &cut->blocks, nb->blocks_left);
    if (cut->blocks == 0 || (cut->blocks < wanted && cut->blocks < BLOCKS_LEAST)) {
        return false;
    }
    cut->cut_short = cut->blocks < wanted;
    cut->at = nb->pool_used;
    nb->pool_used += cut->blocks * a_block;
    nb->samples_left -= cut->blocks * a_block;
    nb->blocks_left -= fresh;
    memset(nb->wanted + cut->block, true, cut->blocks * sizeof *nb->wanted);
    nb->cuts_left--;
    nb->count++;
    return true;
}

/* The budget is spent from another box on in each piece. */
static void plan_cuts(struct ls_narrowband *nb, struct ls_job *job) {
    const struct ls_cut *cut = &nb->cut;
    size_t samples = (job->frames - 1) * cut->hop + 2 * cut->half;
    size_t step = nb->length / 2;
    double seconds = piece_seconds(cut, job->frames);
    nb->block_count = samples >= nb->length ? (samples - nb->length) / step + 1 : 0;
    nb->blocks_left = (size_t)ceil(INPUT_SPS * seconds / (double)step) + 2 * BLOCKS_LEAST;
    nb->samples_left = POOL_LEAST + (size_t)(NARROW_SPS * seconds);
    nb->samples_left = nb->samples_left < nb->pool_room ? nb->samples_left : nb->pool_room;
    nb->cuts_left = (size_t)fmax(CUTS_LEAST, CUTS_PER_S * seconds);
    nb->cuts_left = nb->cuts_left < CUTS_MAX ? nb->cuts_left : CUTS_MAX;
    nb->cuts_left = job->box_count > CROWDED_BOXES ? nb->cuts_left / 2 : nb->cuts_left;
    nb->pool_used = 0;
    nb->count = 0;
    memset(nb->wanted, 0, nb->block_room * sizeof *nb->wanted);
    uint64_t piece = job->first_frame / cut->piece_frames;
    double turns = TURN * (double)piece;
    size_t first = (size_t)((turns - floor(turns)) * (double)job->box_count);
    for (size_t k = 0; k < job->box_count; k++) {
        size_t i = (k + first) % job->box_count;
        bool wanted = ls_cut_looks_at(cut, job->first_frame, &job->boxes[i]);
        if (!wanted || alike(nb, job, i) >= ALIKE_MAX) {
            job->counts.alike++;
        } else if (!plan_cut(nb, job, i)) {
            job->features[i].skipped = 1;
            job->counts.skipped++;
        }
    }
}

static void cut_blocks(struct ls_narrowband *nb, const struct ls_job *job) {
    size_t step = nb->length / 2;
    size_t bytes = ls_format_bytes(nb->cut.format);
    for (size_t b = 0; b < nb->block_count; b++) {
        if (!nb->wanted[b]) {
            continue;
        }
        ls_narrow_block(nb->narrow, job->samples + b * step * bytes, b);
        for (size_t k = 0; k < nb->count; k++) {
            struct cut *cut = &nb->cuts[k];
            if (b >= cut->block && b < cut->block + cut->blocks) {
                ls_narrow_cut(nb->narrow, &cut->band, nb->pool + cut->at + cut->filled);
                cut->filled += cut->band.bins / 2;
            }
        }
    }
}

/* Mean power of the burst over that of the noise. */
static double mean_snr(const struct ls_narrow_iq *iq) {
    double sum = 0.0;
    for (size_t n = iq->on_from; n < iq->on_to; n++) {
        sum +=
            (double)(crealf(iq->iq[n]) * crealf(iq->iq[n]) + cimagf(iq->iq[n]) * cimagf(iq->iq[n]));
    }
    double count = fmax(1.0, (double)(iq->on_to - iq->on_from));
    return iq->noise_pow > 0.0 ? fmax(0.0, sum / count / iq->noise_pow - 1.0) : 0.0;
}

static size_t clamp(double at, size_t count) {
    double low = fmax(0.0, ceil(at));
    return low < (double)count ? (size_t)low : count;
}

static void measure_cut(struct ls_narrowband *nb, struct ls_job *job, const struct cut *cut) {
    const struct ls_box *box = &job->boxes[cut->box];
    double floor = box->floor_pow / (double)(box->channel_high - box->channel_low);
    size_t count =
        ls_narrow_decimate(nb->narrow, &cut->band, nb->pool + cut->at, cut->filled, nb->thin);
    double first = (double)nb->length * (0.5 * (double)cut->block + 0.25);
    struct ls_narrow_iq iq = {.iq = nb->thin,
                              .count = count,
                              .rate_sps = cut->band.rate * nb->cut.rate_sps,
                              .center_hz = cut->band.center * nb->cut.rate_sps,
                              .on_from = clamp((cut->from - first) * cut->band.rate, count),
                              .on_to = clamp((cut->to - first) * cut->band.rate, count),
                              .bandwidth_hz = cut->bandwidth_hz,
                              .noise_pow = floor / nb->cut.prototype_energy * cut->band.noise,
                              .has_start = !box->from_start,
                              .has_stop = !box->to_stop && !cut->cut_short,
                              .whole_band = cut->band.whole,
                              .clipped = job->clipped};
    iq.on_from = iq.on_from < iq.on_to ? iq.on_from : iq.on_to;
    iq.snr = mean_snr(&iq);
    ls_measure_iq(nb->measure, &iq, &job->features[cut->box]);
    ls_carriers_measure(nb->carriers, &iq, &job->carriers[cut->box]);
}

void ls_narrowband_piece(struct ls_narrowband *nb, struct ls_job *job) {
    job->counts.boxes = job->box_count;
    if (job->box_count == 0) {
        return;
    }
    memset(job->features, 0, job->box_count * sizeof *job->features);
    memset(job->carriers, 0, job->box_count * sizeof *job->carriers);
    plan_cuts(nb, job);
    cut_blocks(nb, job);
    for (size_t k = 0; k < nb->count; k++) {
        job->counts.narrow_samples += nb->cuts[k].filled;
        measure_cut(nb, job, &nb->cuts[k]);
    }
}
