#include "hw/replay/tape.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "hw/file.h"

/* A capture on its reel. */
struct piece {
    uint64_t first; /* on the reel */
    uint64_t samples;
    uint64_t source; /* index in the recording */
};

struct reel {
    double center_hz;
    struct piece *pieces; /* [piece_count], its own of the tape's */
    size_t piece_count;
    uint64_t samples;
};

struct ls_tape {
    struct ls_source *source;
    struct ls_tape_info info;
    struct reel *reels;
    struct piece *pieces; /* a capture each, reel after reel */
    bool loop;
};

static struct reel *reel_of(struct ls_tape *tape, double center_hz) {
    for (size_t i = 0; i < tape->info.reels; i++) {
        if (fabs(tape->reels[i].center_hz - center_hz) < 0.5) {
            return &tape->reels[i];
        }
    }
    struct reel *reel = &tape->reels[tape->info.reels++];
    reel->center_hz = center_hz;
    return reel;
}

/* Where a capture belongs in time, in samples after the first one of the recording. */
static uint64_t place_in_time(const struct ls_tape *tape, const struct ls_capture *capture,
                              const struct ls_capture *first) {
    double seconds = (double)(capture->t_ns - first->t_ns) * 1e-9;
    double samples = round(seconds * tape->info.rate_sps);
    return samples > 0.0 ? (uint64_t)samples : 0;
}

static void lay_out(struct ls_tape *tape, const struct ls_source_info *source) {
    for (size_t i = 0; i < source->capture_count; i++) {
        const struct ls_capture *capture = &source->captures[i];
        struct reel *reel = reel_of(tape, capture->tuning.center_hz);
        assert(reel->pieces != NULL); /* its captures were counted */
        /* A clock that stands still or runs back within a recording cannot be played. */
        uint64_t first = reel->samples;
        if (tape->info.low_hz == tape->info.high_hz) {
            uint64_t in_time = place_in_time(tape, capture, &source->captures[0]);
            first = in_time > first ? in_time : first;
        }
        reel->pieces[reel->piece_count++] = (struct piece){
            .first = first, .samples = capture->samples, .source = capture->first_sample};
        reel->samples = first + capture->samples;
        if (reel->samples > tape->info.samples) {
            tape->info.samples = reel->samples;
        }
    }
}

static int check_captures(const struct ls_source_info *source, struct ls_err *err) {
    const struct ls_tuning *first = &source->captures[0].tuning;
    for (size_t i = 1; i < source->capture_count; i++) {
        const struct ls_tuning *tuning = &source->captures[i].tuning;
        if (tuning->format != first->format || tuning->rate_sps != first->rate_sps) {
            return ls_err_set(err, LS_ERR_FORMAT,
                              "'%s' changes its rate or format: a device cannot play that",
                              ls_file_shown(source->data_path));
        }
    }
    return LS_OK;
}

static int make_reels(struct ls_tape *tape, struct ls_err *err) {
    const struct ls_source_info *source = ls_source_info(tape->source);
    size_t n = source->capture_count;
    int code = check_captures(source, err);
    if (code != LS_OK) {
        return code;
    }
    struct ls_tape_info *info = &tape->info;
    info->rate_sps = source->captures[0].tuning.rate_sps;
    info->format = source->captures[0].tuning.format;
    info->start_ns = source->no_clock ? 0 : source->captures[0].t_ns;
    info->low_hz = info->high_hz = source->captures[0].tuning.center_hz;
    assert(n > 0); /* a recording without samples does not open */
    tape->reels = calloc(n, sizeof *tape->reels);
    tape->pieces = calloc(n, sizeof *tape->pieces);
    if (tape->reels == NULL || tape->pieces == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    for (size_t i = 0; i < n; i++) {
        double center_hz = source->captures[i].tuning.center_hz;
        info->low_hz = fmin(info->low_hz, center_hz);
        info->high_hz = fmax(info->high_hz, center_hz);
        struct reel *reel = reel_of(tape, center_hz);
        reel->piece_count++;
    }
    size_t used = 0;
    for (size_t i = 0; i < info->reels; i++) {
        struct reel *reel = &tape->reels[i];
        reel->pieces = &tape->pieces[used];
        used += reel->piece_count;
        reel->piece_count = 0;
    }
    lay_out(tape, source);
    return LS_OK;
}

int ls_tape_create(struct ls_tape **ret, const struct ls_source_opts *opts, bool loop,
                   struct ls_err *err) {
    struct ls_tape *tape = calloc(1, sizeof *tape);
    if (tape == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    tape->loop = loop;
    int code = ls_source_open(&tape->source, opts, err);
    if (code == LS_OK) {
        code = make_reels(tape, err);
    }
    if (code != LS_OK) {
        ls_tape_destroy(tape);
        return code;
    }
    *ret = tape;
    return LS_OK;
}

void ls_tape_destroy(struct ls_tape *tape) {
    if (tape == NULL) {
        return;
    }
    free(tape->pieces);
    free(tape->reels);
    ls_source_destroy(tape->source);
    free(tape);
}

const struct ls_tape_info *ls_tape_info(const struct ls_tape *tape) { return &tape->info; }

size_t ls_tape_reel(const struct ls_tape *tape, double hz) {
    size_t best = SIZE_MAX;
    double nearest_hz = tape->info.rate_sps / 2.0;
    for (size_t i = 0; i < tape->info.reels; i++) {
        double away_hz = fabs(tape->reels[i].center_hz - hz);
        if (away_hz < nearest_hz) {
            nearest_hz = away_hz;
            best = i;
        }
    }
    return best;
}

double ls_tape_center(const struct ls_tape *tape, size_t reel) {
    return tape->reels[reel].center_hz;
}

/* The piece at pos of a reel or the first one after it; piece_count behind the last. */
static size_t find_piece(const struct reel *reel, uint64_t pos) {
    size_t low = 0;
    size_t high = reel->piece_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct piece *piece = &reel->pieces[middle];
        if (pos >= piece->first + piece->samples) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static uint64_t on_reel(const struct ls_tape *tape, const struct reel *reel, uint64_t pos) {
    return tape->loop ? pos % reel->samples : pos;
}

enum ls_tape_part ls_tape_at(const struct ls_tape *tape, size_t reel_index, uint64_t pos,
                             uint64_t *ret_left) {
    const struct reel *reel = &tape->reels[reel_index];
    uint64_t at = on_reel(tape, reel, pos);
    size_t i = find_piece(reel, at);
    if (i == reel->piece_count) {
        *ret_left = 0;
        return LS_TAPE_END;
    }
    const struct piece *piece = &reel->pieces[i];
    if (at < piece->first) {
        *ret_left = piece->first - at;
        return LS_TAPE_MISSING;
    }
    *ret_left = piece->first + piece->samples - at;
    return LS_TAPE_SAMPLES;
}

int ls_tape_read(const struct ls_tape *tape, size_t reel_index, uint64_t pos, size_t count,
                 void *ret, struct ls_err *err) {
    const struct reel *reel = &tape->reels[reel_index];
    uint64_t at = on_reel(tape, reel, pos);
    size_t i = find_piece(reel, at);
    assert(i < reel->piece_count && at >= reel->pieces[i].first);
    return ls_source_read_at(tape->source, reel->pieces[i].source + (at - reel->pieces[i].first),
                             count, ret, err);
}
