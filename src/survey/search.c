/* A stretch runs: begin - samples... - end. Until there is enough to learn the floor from, samples
 * wait in the feed; then they fill jobs, one after the other. A job starts with half a filter of
 * context before its first frame, copied from the end of the job before; at both ends of the
 * stretch padding stands in for it, so every sample is under a frame.
 *
 * Before piece k is submitted, every piece up to k - LS_FLOOR_LAG is taken back, and the floor
 * tracks those and no others, even when more are done. */
#include "survey/search.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/floor.h"
#include "dsp/looks.h"
#include "survey/cut.h"
#include "survey/pad.h"
#include "survey/pool.h"

enum {
    TAPS = 8,
    LEARN_CHUNK_FRAMES = 32, /* a multiple of what the floor averages */
    LEARN_FRAMES_LEAST = 256,
    PAD_SPANS = 4, /* the mean of so many halves of a filter is the level of padding */
};

/* Of a chunk's samples. */
static const double LEARN_CLIPPED_SHARE = 0.01;

struct ls_search {
    struct ls_search_opts opts;
    struct ls_search_counts counts;
    struct ls_bursts *bursts;
    /* of the present tuning */
    struct ls_cut cut;
    struct ls_stretch stretch;
    struct ls_channelizer *bank; /* for learning */
    struct ls_looks *looks;
    struct ls_pool *pool;
    struct ls_cut pool_cut; /* what the pool was made for */
    bool *masked;           /* [channels] */
    float *power;           /* [LEARN_CHUNK_FRAMES][channels] */
    float *residuals;       /* [LS_FLOOR_LAG][channels] power of the noise left over */
    float *cleans;          /* [LS_FLOOR_LAG][channels] */
    /* of the present stretch */
    struct ls_floor *floor;
    unsigned char *feed; /* what the floor is learned from; unused once it is */
    size_t feed_count;   /* samples */
    size_t feed_room;
    struct ls_job *job;  /* the one that fills; NULL before learning */
    size_t filled;       /* its samples so far */
    uint64_t next_frame; /* first frame of the next piece */
    uint64_t dispatched; /* pieces */
    uint64_t consumed;
    uint64_t tracked;
    double piece_seconds[LS_FLOOR_LAG];
};

int ls_search_create(struct ls_search **ret, const struct ls_search_opts *opts,
                     struct ls_err *err) {
    assert(opts->threads >= 1 && opts->threads <= LS_THREADS_MAX &&
           opts->false_alarms_per_day > 0.0);
    struct ls_search *search = calloc(1, sizeof *search);
    if (search == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for the search");
    }
    search->opts = *opts;
    int code =
        ls_bursts_create(&search->bursts, ls_transmissions_listener(opts->transmissions), err);
    if (code != LS_OK) {
        ls_search_destroy(search);
        return code;
    }
    *ret = search;
    return LS_OK;
}

/* What belongs to one tuning. */
static void drop_tuning(struct ls_search *search) {
    ls_pool_destroy(search->pool);
    ls_channelizer_destroy(search->bank);
    ls_looks_destroy(search->looks);
    free(search->masked);
    free(search->power);
    free(search->residuals);
    free(search->cleans);
    search->pool = NULL;
    search->bank = NULL;
    search->looks = NULL;
    search->masked = NULL;
    search->power = NULL;
    search->residuals = NULL;
    search->cleans = NULL;
}

void ls_search_destroy(struct ls_search *search) {
    if (search != NULL) {
        drop_tuning(search);
        ls_floor_destroy(search->floor);
        ls_bursts_destroy(search->bursts);
        free(search->feed);
        free(search);
    }
}

/* Of a channel's spacing: a line farther off is 60 dB down (dsp/prototype.h). */
static const double LINE_REACH = 0.8;

/* The tuned centre carries the receiver's own DC spike; known spurs are the sensor's own lines, and
 * one between two channels is in both. */
static void mask_channels(struct ls_search *search, const struct ls_tuning *tuning) {
    size_t n = search->cut.channels;
    double spacing = tuning->rate_sps / (double)n;
    memset(search->masked, 0, n * sizeof *search->masked);
    search->masked[n / 2] = true;
    for (size_t i = 0; i < search->opts.spur_count; i++) {
        double at = (search->opts.spurs_hz[i] - tuning->center_hz) / spacing + (double)n / 2.0;
        for (size_t c = 0; c < n; c++) {
            search->masked[c] = search->masked[c] || fabs((double)c - at) < LINE_REACH;
        }
    }
}

static int create_tuning(struct ls_search *search, const struct ls_tuning *tuning,
                         struct ls_err *err) {
    drop_tuning(search);
    ls_cut_plan(&search->cut, tuning, search->opts.channel_hz, TAPS,
                search->opts.false_alarms_per_day);
    size_t n = search->cut.channels;
    struct ls_channelizer_opts opts = {.channels = n, .taps = TAPS, .format = tuning->format};
    int code = ls_channelizer_create(&search->bank, &opts, err);
    if (code != LS_OK) {
        return code;
    }
    size_t length;
    const float *h = ls_channelizer_prototype(search->bank, &length);
    code = ls_looks_create(&search->looks, h, length, n, err);
    search->masked = calloc(n, sizeof *search->masked);
    search->power = calloc(LEARN_CHUNK_FRAMES * n, sizeof *search->power);
    search->residuals = calloc(LS_FLOOR_LAG * n, sizeof *search->residuals);
    search->cleans = calloc(LS_FLOOR_LAG * n, sizeof *search->cleans);
    if (code == LS_OK && (search->masked == NULL || search->power == NULL ||
                          search->residuals == NULL || search->cleans == NULL)) {
        code = ls_err_set(err, LS_ERR_NOMEM, "out of memory for %zu channels", n);
    }
    if (code == LS_OK) {
        search->cut.looks = search->looks;
        mask_channels(search, tuning);
    }
    return code;
}

static double prototype_energy(const struct ls_channelizer *bank) {
    size_t length;
    const float *h = ls_channelizer_prototype(bank, &length);
    double energy = 0.0;
    for (size_t i = 0; i < length; i++) {
        energy += (double)h[i] * (double)h[i];
    }
    return energy;
}

static bool same_tuning(const struct ls_tuning *a, const struct ls_tuning *b) {
    return a->center_hz == b->center_hz && a->rate_sps == b->rate_sps && a->format == b->format;
}

int ls_search_begin(struct ls_search *search, const struct ls_tuning *tuning, int64_t t_ns,
                    struct ls_err *err) {
    if (search->bank == NULL || !same_tuning(tuning, &search->stretch.tuning)) {
        /* Samples of another format may be of another size: the feed is counted in samples. */
        free(search->feed);
        search->feed = NULL;
        int code = create_tuning(search, tuning, err);
        if (code != LS_OK) {
            return code;
        }
    }
    search->stretch = (struct ls_stretch){.t_ns = t_ns,
                                          .tuning = *tuning,
                                          .channels = search->cut.channels,
                                          .fine_bins = search->cut.fine_bins,
                                          .prototype_energy = prototype_energy(search->bank)};
    ls_floor_destroy(search->floor);
    search->floor = NULL;
    search->job = NULL;
    search->next_frame = 0;
    search->dispatched = 0;
    search->consumed = 0;
    search->tracked = 0;
    ls_bursts_begin(search->bursts, &search->stretch);
    ls_transmissions_begin(search->opts.transmissions, &search->stretch);
    size_t room = ls_cut_learn_samples(&search->cut) + 2 * search->cut.half;
    if (search->feed == NULL) {
        search->feed = malloc(room * ls_format_bytes(tuning->format));
        search->feed_room = room;
    }
    if (search->feed == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for %zu samples", room);
    }
    search->feed_count = search->cut.half;
    return LS_OK;
}

/* Whole frames that so many samples hold, context included. */
static size_t whole_frames(const struct ls_search *search, size_t samples) {
    size_t context = 2 * search->cut.half;
    return samples >= context ? (samples - context) / search->cut.hop + 1 : 0;
}

/* Noise of rounding to the format's steps, in one channel: a quarter of it, since a constant input
 * has none. */
static double least_power(const struct ls_search *search) {
    static const double steps[] = {[LS_FORMAT_CU8] = 1.0 / 127.5,
                                   [LS_FORMAT_CI8] = 1.0 / 128.0,
                                   [LS_FORMAT_CI16_LE] = 1.0 / 32768.0,
                                   [LS_FORMAT_CF32_LE] = 1e-14};
    double step = steps[search->cut.format];
    return 0.25 * step * step / 6.0 * search->stretch.prototype_energy;
}

/* Uncertain floors want higher thresholds. Coarse steps, so that the pool can serve the next
 * stretch. */
static double floor_margin(double error) {
    double margin = 0.03;
    while (margin < 3.0 * error && margin < 0.5) {
        margin *= 2.0;
    }
    return margin;
}

/* Frames of the feed that see no padding: [first, end). */
struct clear_frames {
    size_t first;
    size_t end;
};

static struct clear_frames clear_frames(const struct ls_search *search) {
    return (struct clear_frames){.first = search->cut.half / search->cut.hop,
                                 .end = whole_frames(search, search->feed_count)};
}

/* Learn from the frames whose samples clip, or from those that do not. Returns how many. */
static size_t learn_frames(struct ls_search *search, struct clear_frames frames, bool clipped) {
    size_t bytes = ls_format_bytes(search->cut.format);
    size_t learned = 0;
    for (size_t done = frames.first; done < frames.end; done += LEARN_CHUNK_FRAMES) {
        size_t left = frames.end - done;
        size_t count = left < LEARN_CHUNK_FRAMES ? left : LEARN_CHUNK_FRAMES;
        struct ls_convert_stats stats = {0};
        ls_channelizer_power(search->bank, search->feed + done * search->cut.hop * bytes, count,
                             search->power, search->cut.channels, &stats);
        double samples = (double)(count * search->cut.hop);
        if (((double)stats.clipped > LEARN_CLIPPED_SHARE * samples) != clipped) {
            continue;
        }
        for (size_t f = 0; f < count; f++) {
            ls_floor_learn(search->floor, search->power + f * search->cut.channels);
        }
        learned += count;
    }
    return learned;
}

static int learn_floor(struct ls_search *search, struct ls_err *err) {
    struct clear_frames frames = clear_frames(search);
    struct ls_floor_opts opts = {.channels = search->cut.channels,
                                 .least_pow = least_power(search),
                                 .masked = search->masked,
                                 .looks = search->looks,
                                 .learn_frames = frames.end - frames.first};
    int code = ls_floor_create(&search->floor, &opts, err);
    if (code != LS_OK) {
        return code;
    }
    /* A converter at its limits presses the noise down beside what drives it. */
    if (learn_frames(search, frames, false) < LEARN_FRAMES_LEAST) {
        learn_frames(search, frames, true);
    }
    ls_floor_settle(search->floor);
    search->cut.floor_error = floor_margin(ls_floor_error(search->floor));
    if (search->pool == NULL || search->pool_cut.floor_error != search->cut.floor_error) {
        ls_pool_destroy(search->pool);
        search->pool = NULL;
        search->pool_cut = search->cut;
        code = ls_pool_create(&search->pool, &search->cut, search->opts.threads, err);
    }
    return code;
}

static void count_job(struct ls_search *search, const struct ls_job *job) {
    search->counts.invalid_samples += job->stats.invalid;
    search->counts.clipped_samples += job->stats.clipped;
    search->counts.unmeasured += job->unmeasured;
    for (size_t i = 0; i < LS_DECLINED_COUNT; i++) {
        search->counts.declined[i] += job->declined[i];
    }
}

/* Take the oldest piece back: its boxes become bursts, its residual waits for the floor. */
static int consume(struct ls_search *search, struct ls_err *err) {
    struct ls_job *job = ls_pool_next_done(search->pool);
    assert(job != NULL);
    if (job->code != LS_OK) {
        return ls_err_set(err, job->code, "out of memory for the boxes of one piece");
    }
    size_t n = search->cut.channels;
    size_t slot = (size_t)(search->consumed % LS_FLOOR_LAG);
    double samples = (double)(job->frames * search->cut.hop);
    for (size_t c = 0; c < n; c++) {
        search->residuals[slot * n + c] = job->residual[c] * job->floor_pow[c];
    }
    memcpy(search->cleans + slot * n, job->clean, n * sizeof(float));
    if (job->clipped) {
        /* What a converter at its limits leaves says nothing about the noise. */
        memset(search->cleans + slot * n, 0, n * sizeof(float));
    }
    search->piece_seconds[slot] = samples / search->cut.rate_sps;
    search->consumed++;
    count_job(search, job);
    struct ls_piece piece = {.first_frame = job->first_frame,
                             .frames = job->frames,
                             .boxes = job->boxes,
                             .spectra = job->spectra,
                             .box_count = job->box_count,
                             .clipped = job->clipped};
    int code = ls_bursts_piece(search->bursts, &piece, err);
    if (code != LS_OK) {
        return code;
    }
    double end = (double)(job->first_frame + job->frames);
    return ls_transmissions_advance(search->opts.transmissions,
                                    ls_stretch_time_ns(&search->stretch, end), err);
}

/* Give the job that has filled up to a thread, for its first frames. */
static int submit(struct ls_search *search, size_t frames, struct ls_err *err) {
    size_t n = search->cut.channels;
    while (search->consumed + LS_FLOOR_LAG <= search->dispatched) {
        int code = consume(search, err);
        if (code != LS_OK) {
            return code;
        }
    }
    while (search->tracked + LS_FLOOR_LAG <= search->dispatched) {
        size_t slot = (size_t)(search->tracked % LS_FLOOR_LAG);
        ls_floor_track(search->floor, search->residuals + slot * n, search->cleans + slot * n,
                       search->piece_seconds[slot]);
        search->tracked++;
    }
    memcpy(search->job->floor_pow, ls_floor_power(search->floor), n * sizeof(float));
    search->job->first_frame = search->next_frame;
    search->job->frames = frames;
    ls_pool_submit(search->pool);
    search->dispatched++;
    search->next_frame += frames;
    return LS_OK;
}

/* A job to fill, with the last samples of the one before as its context. */
static int open_job(struct ls_search *search, struct ls_err *err) {
    struct ls_job *before = search->job;
    while (ls_pool_free_job(search->pool) == NULL) {
        int code = consume(search, err);
        if (code != LS_OK) {
            return code;
        }
    }
    search->job = ls_pool_free_job(search->pool);
    search->filled = 0;
    if (before != NULL) {
        size_t bytes = ls_format_bytes(search->cut.format);
        size_t used = search->cut.piece_frames * search->cut.hop;
        search->filled = search->cut.piece_samples - used;
        memcpy(search->job->samples, before->samples + used * bytes, search->filled * bytes);
    }
    return LS_OK;
}

static int fill_jobs(struct ls_search *search, const unsigned char *samples, size_t count,
                     struct ls_err *err) {
    size_t bytes = ls_format_bytes(search->cut.format);
    while (count > 0) {
        size_t fit = search->cut.piece_samples - search->filled;
        size_t part = count < fit ? count : fit;
        memcpy(search->job->samples + search->filled * bytes, samples, part * bytes);
        search->filled += part;
        samples += part * bytes;
        count -= part;
        if (search->filled == search->cut.piece_samples) {
            int code = submit(search, search->cut.piece_frames, err);
            if (code == LS_OK) {
                code = open_job(search, err);
            }
            if (code != LS_OK) {
                return code;
            }
        }
    }
    return LS_OK;
}

/* The feed has what it can get: learn from it, then search it. */
static int leave_feed(struct ls_search *search, struct ls_err *err) {
    size_t bytes = ls_format_bytes(search->cut.format);
    size_t heard = search->feed_count - search->cut.half;
    size_t beside = heard < PAD_SPANS * search->cut.half ? heard : PAD_SPANS * search->cut.half;
    ls_pad_write(search->cut.format, search->feed + search->cut.half * bytes, beside, search->feed,
                 search->cut.half);
    int code = learn_floor(search, err);
    if (code == LS_OK) {
        code = open_job(search, err);
    }
    return code == LS_OK ? fill_jobs(search, search->feed, search->feed_count, err) : code;
}

int ls_search_samples(struct ls_search *search, const void *samples, size_t count,
                      struct ls_err *err) {
    size_t bytes = ls_format_bytes(search->cut.format);
    const unsigned char *from = samples;
    if (search->job == NULL) {
        size_t fit = search->feed_room - search->cut.half - search->feed_count;
        size_t part = count < fit ? count : fit;
        memcpy(search->feed + search->feed_count * bytes, from, part * bytes);
        search->feed_count += part;
        from += part * bytes;
        count -= part;
        if (part < fit) {
            return LS_OK;
        }
        int code = leave_feed(search, err);
        if (code != LS_OK) {
            return code;
        }
    }
    return fill_jobs(search, from, count, err);
}

/* Samples that no piece counts. */
static void count_samples(struct ls_search *search, const unsigned char *samples, size_t count) {
    size_t bytes = ls_format_bytes(search->cut.format);
    size_t room = LEARN_CHUNK_FRAMES * search->cut.channels / 2; /* complex samples in power */
    struct ls_convert_stats stats = {0};
    for (size_t done = 0; done < count; done += room) {
        size_t part = count - done < room ? count - done : room;
        ls_convert(search->cut.format, samples + done * bytes, part, (float complex *)search->power,
                   &stats);
    }
    search->counts.invalid_samples += stats.invalid;
    search->counts.clipped_samples += stats.clipped;
}

/* Padding after the last sample, and the last, shorter piece. Its frames are centred on samples
 * that were there, and are even: what is on in the last row was on at the end. */
static int finish_pieces(struct ls_search *search, struct ls_err *err) {
    size_t bytes = ls_format_bytes(search->cut.format);
    size_t half = search->cut.half;
    size_t heard = search->filled;
    unsigned char *pad = malloc(half * bytes);
    if (pad == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for the end of a stretch");
    }
    size_t beside = heard < PAD_SPANS * half ? heard : PAD_SPANS * half;
    ls_pad_write(search->cut.format, search->job->samples + (heard - beside) * bytes, beside, pad,
                 half);
    uint64_t dispatched = search->dispatched;
    int code = fill_jobs(search, pad, half, err);
    free(pad);
    if (code != LS_OK) {
        return code;
    }
    if (search->dispatched > dispatched) {
        heard -= search->cut.piece_frames * search->cut.hop; /* the padding made a piece whole */
    }
    size_t whole = whole_frames(search, search->filled);
    size_t frames = whole > 0 ? (whole - 1) / 2 * 2 : 0;
    size_t counted = half + frames * search->cut.hop;
    if (heard > counted) {
        count_samples(search, search->job->samples + counted * bytes, heard - counted);
    }
    return frames > 0 ? submit(search, frames, err) : LS_OK;
}

int ls_search_end(struct ls_search *search, struct ls_err *err) {
    int code = LS_OK;
    if (search->job == NULL) {
        struct clear_frames frames = clear_frames(search);
        if (frames.end < frames.first + LS_FLOOR_FRAMES_MIN) {
            /* Too short: nothing could be held against a floor. */
            size_t bytes = ls_format_bytes(search->cut.format);
            count_samples(search, search->feed + search->cut.half * bytes,
                          search->feed_count - search->cut.half);
            search->counts.short_stretches++;
            return LS_OK;
        }
        code = leave_feed(search, err);
    }
    if (code == LS_OK) {
        code = finish_pieces(search, err);
    }
    while (code == LS_OK && search->consumed < search->dispatched) {
        code = consume(search, err);
    }
    if (code == LS_OK) {
        code = ls_bursts_end(search->bursts, err);
    }
    return code == LS_OK ? ls_transmissions_end(search->opts.transmissions, err) : code;
}

const struct ls_search_counts *ls_search_counts(const struct ls_search *search) {
    return &search->counts;
}
