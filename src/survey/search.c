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

#include "base/time.h"
#include "dsp/floor.h"
#include "dsp/looks.h"
#include "dsp/prototype.h"
#include "survey/cut.h"
#include "survey/floors.h"
#include "survey/learn.h"
#include "survey/longer.h"
#include "survey/noise.h"
#include "survey/pad.h"
#include "survey/painter.h"
#include "survey/pool.h"

enum {
    TAPS_DEFAULT = 8,
    PAD_SPANS = 4, /* the mean of so many halves of a filter is the level of padding */
};

struct ls_search {
    struct ls_search_opts opts;
    struct ls_search_counts counts;
    struct ls_bursts *bursts;
    struct ls_floors *floors;
    /* of the present rate and format */
    struct ls_cut cut;
    struct ls_stretch stretch;
    struct ls_channelizer *bank; /* for learning */
    struct ls_looks *looks;
    struct ls_longer *longer;
    struct ls_pool *pool;
    struct ls_cut pool_cut; /* what the pool was made for */
    bool *masked;           /* [channels] */
    float *power;           /* [LS_LEARN_CHUNK_FRAMES][channels] */
    float *residuals;       /* [LS_FLOOR_LAG][channels] power of the noise left over */
    float *cleans;          /* [LS_FLOOR_LAG][channels] */
    unsigned char *feed;    /* what the floor is learned from; unused once it is */
    size_t feed_room;       /* samples */
    /* of the present stretch */
    bool recorded;                /* its samples are read where they are searched */
    uint64_t base_pos;            /* its first sample in the recording */
    const unsigned char *end_pad; /* [half] what follows its last sample, once it ends */
    struct ls_floor *floor;       /* one of floors */
    bool known;                   /* it holds from earlier stretches */
    uint64_t heard;               /* samples */
    size_t feed_count;            /* samples */
    size_t feed_wanted;
    struct ls_job *job;  /* the one that fills; NULL before learning */
    size_t filled;       /* its samples so far */
    uint64_t next_frame; /* first frame of the next piece */
    uint64_t dispatched; /* pieces */
    uint64_t consumed;
    uint64_t consumed_frames;
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
    search->opts.taps = opts->taps > 0 ? opts->taps : TAPS_DEFAULT;
    int code =
        ls_bursts_create(&search->bursts, ls_transmissions_listener(opts->transmissions), err);
    if (code == LS_OK) {
        code = ls_floors_create(&search->floors, err);
    }
    if (code != LS_OK) {
        ls_search_destroy(search);
        return code;
    }
    *ret = search;
    return LS_OK;
}

/* What belongs to one rate and format. */
static void drop_tools(struct ls_search *search) {
    ls_pool_destroy(search->pool);
    ls_channelizer_destroy(search->bank);
    ls_longer_destroy(search->longer);
    ls_looks_destroy(search->looks);
    free(search->masked);
    free(search->power);
    free(search->residuals);
    free(search->cleans);
    free(search->feed);
    search->pool = NULL;
    search->bank = NULL;
    search->longer = NULL;
    search->looks = NULL;
    search->masked = NULL;
    search->power = search->residuals = search->cleans = NULL;
    search->feed = NULL;
}

void ls_search_destroy(struct ls_search *search) {
    if (search != NULL) {
        drop_tools(search);
        ls_floors_destroy(search->floors);
        ls_bursts_destroy(search->bursts);
        free(search);
    }
}

static int create_arrays(struct ls_search *search, struct ls_err *err) {
    size_t n = search->cut.channels;
    search->masked = calloc(n, sizeof *search->masked);
    search->power = calloc(LS_LEARN_CHUNK_FRAMES * n, sizeof *search->power);
    search->residuals = calloc(LS_FLOOR_LAG * n, sizeof *search->residuals);
    search->cleans = calloc(LS_FLOOR_LAG * n, sizeof *search->cleans);
    search->cut.masked = search->masked;
    search->feed_room = ls_cut_learn_samples(&search->cut) + 2 * search->cut.half;
    search->feed = malloc(search->feed_room * ls_format_bytes(search->cut.format));
    if (search->masked == NULL || search->power == NULL || search->residuals == NULL ||
        search->cleans == NULL || search->feed == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for %zu channels", n);
    }
    return LS_OK;
}

static int create_tools(struct ls_search *search, const struct ls_tuning *tuning,
                        struct ls_err *err) {
    drop_tools(search);
    int code = ls_cut_plan(&search->cut, tuning, search->opts.channel_hz, search->opts.taps,
                           search->opts.false_alarms_per_day, err);
    size_t n = search->cut.channels;
    struct ls_channelizer_opts opts = {n, .taps = search->cut.taps, .format = tuning->format};
    code = code == LS_OK ? ls_channelizer_create(&search->bank, &opts, err) : code;
    if (code != LS_OK) {
        return code;
    }
    size_t length;
    const float *h = ls_channelizer_prototype(search->bank, &length);
    search->cut.prototype = h;
    search->cut.prototype_energy = ls_prototype_energy(h, length);
    search->cut.reader = search->opts.reader.read != NULL ? &search->opts.reader : NULL;
    search->cut.hold = search->opts.painter != NULL;
    code = ls_looks_create(&search->looks, h, length, n, err);
    search->cut.looks = search->looks;
    if (code == LS_OK) {
        code = ls_longer_create(&search->longer, &search->cut, search->opts.false_alarms_per_day,
                                search->bursts, err);
    }
    return code == LS_OK ? create_arrays(search, err) : code;
}

bool ls_search_too_short(const struct ls_search *search, uint64_t samples) {
    bool fits = samples < search->feed_room - search->cut.half;
    return fits && ls_cut_clear_frames(&search->cut, search->cut.half + (size_t)samples) <
                       LS_FLOOR_FRAMES_MIN;
}

/* The floor of the present tuning: the one that is known, or a new one to learn. */
static int take_floor(struct ls_search *search, struct ls_err *err) {
    const struct ls_cut *cut = &search->cut;
    size_t full = ls_cut_clear_frames(&search->cut, search->feed_room - cut->half);
    struct ls_floor_opts opts = {.channels = cut->channels,
                                 .least_pow = ls_cut_least_power(cut),
                                 .masked = search->masked,
                                 .looks = search->looks,
                                 .learn_frames = full,
                                 .frame_s = (double)cut->hop / cut->rate_sps};
    double away_s;
    ls_cut_mask(cut, search->stretch.tuning.center_hz, search->opts.spurs_hz,
                search->opts.spur_count, search->masked);
    ls_floors_mask(search->floors, cut->rate_sps, search->masked, cut->channels);
    int code = ls_floors_take(search->floors, &search->stretch.tuning, search->stretch.t_ns, &opts,
                              &search->floor, &away_s, err);
    if (code != LS_OK) {
        return code;
    }
    size_t wanted = ls_floor_wanted(search->floor, away_s);
    search->known = wanted < full;
    search->feed_wanted =
        search->known ? 3 * cut->half + (wanted - 1) * cut->hop : search->feed_room - cut->half;
    search->feed_count = cut->half; /* room for the padding before the first sample */
    return ls_floor_begin(search->floor, away_s, err);
}

static bool same_tools(const struct ls_search *search, const struct ls_tuning *tuning) {
    const struct ls_tuning *present = &search->stretch.tuning;
    return search->bank != NULL && tuning->rate_sps == present->rate_sps &&
           tuning->format == present->format;
}

int ls_search_begin(struct ls_search *search, const struct ls_tuning *tuning, int64_t t_ns,
                    struct ls_err *err) {
    int code = same_tools(search, tuning) ? LS_OK : create_tools(search, tuning, err);
    if (code != LS_OK) {
        drop_tools(search);
        return code;
    }
    search->stretch = (struct ls_stretch){.t_ns = t_ns,
                                          .tuning = *tuning,
                                          .channels = search->cut.channels,
                                          .fine_bins = search->cut.fine_bins,
                                          .prototype_energy = search->cut.prototype_energy};
    search->job = NULL;
    search->heard = 0;
    search->recorded = false;
    search->end_pad = NULL;
    search->next_frame = 0;
    search->dispatched = 0;
    search->consumed = 0;
    search->consumed_frames = 0;
    search->tracked = 0;
    ls_bursts_begin(search->bursts, &search->stretch);
    ls_transmissions_begin(search->opts.transmissions, &search->stretch);
    return take_floor(search, err);
}

static int learn_floor(struct ls_search *search, struct ls_err *err) {
    struct ls_learning learning = {.cut = &search->cut,
                                   .bank = search->bank,
                                   .floor = search->floor,
                                   .power = search->power,
                                   .samples = search->feed,
                                   .first = search->cut.half / search->cut.hop,
                                   .count = ls_cut_clear_frames(&search->cut, search->feed_count)};
    ls_learn(&learning, search->known);
    search->cut.floor_error = ls_cut_floor_error(ls_floor_error(search->floor));
    ls_longer_begin(search->longer, ls_floor_power(search->floor), search->cut.floor_error,
                    search->masked);
    if (search->pool != NULL && search->pool_cut.floor_error == search->cut.floor_error) {
        return LS_OK;
    }
    ls_pool_destroy(search->pool);
    search->pool = NULL;
    search->pool_cut = search->cut;
    return ls_pool_create(&search->pool, &search->cut, search->opts.threads, err);
}

static void count_job(struct ls_search *search, const struct ls_job *job) {
    search->counts.invalid_samples += job->stats.invalid;
    search->counts.clipped_samples += job->stats.clipped;
    ls_box_counts_add(&search->counts.boxes, &job->counts);
    for (size_t i = 0; i < LS_DECLINED_COUNT; i++) {
        search->counts.declined[i] += job->declined[i];
    }
}

/* Samples that no piece counts. */
static void count_samples(struct ls_search *search, const void *samples, size_t count) {
    struct ls_convert_stats stats = {0};
    ls_convert_count(search->cut.format, samples, count, &stats);
    search->counts.invalid_samples += stats.invalid;
    search->counts.clipped_samples += stats.clipped;
}

/* Take the oldest piece back: its boxes become bursts, its residual waits for the floor. */
static int consume(struct ls_search *search, struct ls_err *err) {
    struct ls_job *job = ls_pool_next_done(search->pool);
    assert(job != NULL);
    if (job->code != LS_OK) {
        bool unread = job->err.code != LS_OK;
        return ls_err_set(err, job->code, "%s",
                          unread ? job->err.text : "out of memory for the boxes of one piece");
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
    search->consumed_frames = job->first_frame + job->frames;
    count_job(search, job);
    ls_painter_piece(search->opts.painter, &search->stretch, &search->cut, job);
    int code = ls_longer_piece(search->longer, job, err);
    if (code != LS_OK) {
        return code;
    }
    return ls_transmissions_advance(search->opts.transmissions, ls_search_done_ns(search), err);
}

/* The floor hears of the pieces before end. */
static void track_floor(struct ls_search *search, uint64_t end) {
    size_t n = search->cut.channels;
    while (search->tracked < end) {
        size_t slot = (size_t)(search->tracked % LS_FLOOR_LAG);
        ls_floor_track(search->floor, search->residuals + slot * n, search->cleans + slot * n,
                       search->piece_seconds[slot]);
        search->tracked++;
    }
}

/* Samples [from, from + count) of a recorded stretch. */
static int read_stretch(const struct ls_search *search, uint64_t from, size_t count, void *ret,
                        struct ls_err *err) {
    const struct ls_sample_reader *reader = &search->opts.reader;
    return reader->read(reader->context, search->base_pos + from, count, ret, err);
}

/* Say where the samples of the job are, for its first frames, and put padding in their place where
 * the stretch has none: before its first sample (kept in the feed) and behind its last. */
static void place_samples(struct ls_search *search, size_t frames) {
    struct ls_job *job = search->job;
    size_t bytes = ls_format_bytes(search->cut.format);
    size_t half = search->cut.half;
    size_t before = search->next_frame == 0 ? half : 0;
    uint64_t first = search->next_frame * search->cut.hop + before - half; /* of the stretch */
    size_t wanted = (frames - 1) * search->cut.hop + 2 * half;
    uint64_t heard = search->heard - first;
    job->unread_from = before;
    job->unread_to = wanted - before < heard ? wanted : before + (size_t)heard;
    job->unread_pos = search->base_pos + first;
    memcpy(job->samples, search->feed, before * bytes);
    if (wanted > job->unread_to) {
        memcpy(job->samples + job->unread_to * bytes, search->end_pad,
               (wanted - job->unread_to) * bytes);
    }
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
    uint64_t known = search->dispatched + 1;
    track_floor(search, known > LS_FLOOR_LAG ? known - LS_FLOOR_LAG : 0);
    memcpy(search->job->floor_pow, ls_floor_power(search->floor), n * sizeof(float));
    search->job->first_frame = search->next_frame;
    search->job->frames = frames;
    search->job->unread_to = 0;
    if (search->recorded) {
        place_samples(search, frames);
    }
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
        if (!search->recorded) {
            memcpy(search->job->samples, before->samples + used * bytes, search->filled * bytes);
        }
    }
    return LS_OK;
}

/* samples: of no use where they are recorded. */
static int fill_jobs(struct ls_search *search, const unsigned char *samples, size_t count,
                     struct ls_err *err) {
    size_t bytes = ls_format_bytes(search->cut.format);
    while (count > 0) {
        size_t fit = search->cut.piece_samples - search->filled;
        size_t part = count < fit ? count : fit;
        if (!search->recorded) {
            memcpy(search->job->samples + search->filled * bytes, samples, part * bytes);
            samples += part * bytes;
        }
        search->filled += part;
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

/* samples: NULL where they are recorded. */
static int take_samples(struct ls_search *search, const unsigned char *samples, size_t count,
                        struct ls_err *err) {
    size_t bytes = ls_format_bytes(search->cut.format);
    search->heard += count;
    if (search->job != NULL) {
        return fill_jobs(search, samples, count, err);
    }
    size_t fit = search->feed_wanted - search->feed_count;
    size_t part = count < fit ? count : fit;
    unsigned char *to = search->feed + search->feed_count * bytes;
    int code = LS_OK;
    if (samples == NULL) {
        code = read_stretch(search, search->feed_count - search->cut.half, part, to, err);
    } else {
        memcpy(to, samples, part * bytes);
        samples += part * bytes;
    }
    search->feed_count += part;
    if (code != LS_OK || part < fit) {
        return code;
    }
    code = leave_feed(search, err);
    return code == LS_OK ? fill_jobs(search, samples, count - part, err) : code;
}

int ls_search_samples(struct ls_search *search, const void *samples, size_t count,
                      struct ls_err *err) {
    assert(!search->recorded);
    return take_samples(search, samples, count, err);
}

int ls_search_recorded(struct ls_search *search, uint64_t pos, size_t count, struct ls_err *err) {
    assert(search->opts.reader.read != NULL);
    if (search->heard == 0) {
        search->recorded = true;
        search->base_pos = pos;
    }
    assert(search->recorded && pos == search->base_pos + search->heard);
    return take_samples(search, NULL, count, err);
}

/* The last count samples of the stretch, so many of them in the job: there, or read into room. */
static int last_samples(const struct ls_search *search, size_t in_job, size_t count,
                        unsigned char *room, const unsigned char **ret, struct ls_err *err) {
    *ret = room;
    if (search->recorded) {
        return read_stretch(search, search->heard - count, count, room, err);
    }
    *ret = search->job->samples + (in_job - count) * ls_format_bytes(search->cut.format);
    return LS_OK;
}

/* The last, shorter piece. Its frames are centred on samples that were there, and are even: what is
 * on in the last row was on at the end. in_job: samples in it that were heard; room: for the few
 * behind its last frame. */
static int finish_job(struct ls_search *search, size_t in_job, unsigned char *room,
                      struct ls_err *err) {
    size_t whole = ls_cut_frames(&search->cut, search->filled);
    size_t frames = whole > 0 ? (whole - 1) / 2 * 2 : 0;
    size_t counted = search->cut.half + frames * search->cut.hop;
    if (in_job > counted) {
        const unsigned char *rest;
        int code = last_samples(search, in_job, in_job - counted, room, &rest, err);
        if (code != LS_OK) {
            return code;
        }
        count_samples(search, rest, in_job - counted);
    }
    return frames > 0 ? submit(search, frames, err) : LS_OK;
}

/* Padding after the last sample, and what it makes of the last pieces. room: for the padding and
 * PAD_SPANS times as much behind it. */
static int finish_pieces(struct ls_search *search, unsigned char *room, struct ls_err *err) {
    size_t half = search->cut.half;
    size_t in_job = search->filled;
    size_t beside = search->heard < PAD_SPANS * half ? (size_t)search->heard : PAD_SPANS * half;
    unsigned char *behind = room + half * ls_format_bytes(search->cut.format);
    const unsigned char *last;
    int code = last_samples(search, in_job, beside, behind, &last, err);
    if (code != LS_OK) {
        return code;
    }
    ls_pad_write(search->cut.format, last, beside, room, half);
    search->end_pad = room;
    uint64_t dispatched = search->dispatched;
    code = fill_jobs(search, room, half, err);
    if (search->dispatched > dispatched) {
        in_job -= search->cut.piece_frames * search->cut.hop; /* the padding made a piece whole */
    }
    return code == LS_OK ? finish_job(search, in_job, behind, err) : code;
}

/* The same with the room that it takes. */
static int pad_and_finish(struct ls_search *search, struct ls_err *err) {
    size_t bytes = ls_format_bytes(search->cut.format);
    unsigned char *room = malloc((1 + PAD_SPANS) * search->cut.half * bytes);
    int code = room != NULL
                   ? finish_pieces(search, room, err)
                   : ls_err_set(err, LS_ERR_NOMEM, "out of memory for the end of a stretch");
    free(room);
    return code;
}

/* The last pieces of a stretch that was searched. */
static int finish_stretch(struct ls_search *search, struct ls_err *err) {
    int code = search->job == NULL ? leave_feed(search, err) : LS_OK;
    if (code == LS_OK) {
        code = pad_and_finish(search, err);
    }
    while (code == LS_OK && search->consumed < search->dispatched) {
        code = consume(search, err);
    }
    if (code == LS_OK) {
        track_floor(search, search->dispatched);
        code = ls_longer_end(search->longer, err);
    }
    if (code == LS_OK) {
        code = ls_bursts_end(search->bursts, err);
    }
    return code;
}

int ls_search_end(struct ls_search *search, struct ls_err *err) {
    int code = LS_OK;
    if (search->job == NULL && ls_search_too_short(search, search->heard)) {
        /* Nothing could be held against a floor. */
        size_t bytes = ls_format_bytes(search->cut.format);
        count_samples(search, search->feed + search->cut.half * bytes,
                      search->feed_count - search->cut.half);
        search->counts.short_stretches++;
    } else {
        code = finish_stretch(search, err);
    }
    int64_t stop_ns =
        search->stretch.t_ns + ls_time_of_samples(search->heard, search->stretch.tuning.rate_sps);
    ls_floors_leave(search->floors, stop_ns, search->job != NULL ? search->cut.channels : 0);
    search->counts.lines = ls_floors_lines(search->floors, search->counts.lines_hz, LS_LINES_MAX);
    return code == LS_OK ? ls_transmissions_end(search->opts.transmissions, err) : code;
}

int ls_search_poll(struct ls_search *search, struct ls_err *err) {
    int code = LS_OK;
    while (code == LS_OK && search->job != NULL && ls_pool_ready(search->pool)) {
        code = consume(search, err);
    }
    return code;
}

int64_t ls_search_done_ns(const struct ls_search *search) {
    return ls_stretch_time_ns(&search->stretch, (double)search->consumed_frames);
}

int ls_search_open(const struct ls_search *search, int64_t since_ns,
                   int (*each)(void *context, const struct ls_transmission *row,
                               struct ls_err *err),
                   void *context, struct ls_err *err) {
    return ls_transmissions_open(search->opts.transmissions, search->bursts, since_ns, each,
                                 context, err);
}

int ls_search_settle(struct ls_search *search, struct ls_err *err) {
    bool learned = search->job != NULL || ls_search_too_short(search, search->heard);
    return learned ? LS_OK : leave_feed(search, err);
}

struct ls_noise ls_search_noise(struct ls_search *search) {
    if (search->job == NULL) {
        return (struct ls_noise){.known = false};
    }
    return ls_noise_of(&search->cut, search->floor, ls_pool_limits(search->pool), search->power);
}

const struct ls_search_counts *ls_search_counts(const struct ls_search *search) {
    return &search->counts;
}
