/* A position walks over the samples. Whatever takes samples away moves it; whatever lasts has a
 * position where it ends (`until`), and a read never crosses one of these, a fault or a tuning, so
 * each begins and ends at its exact sample. In real time the newest sample that exists follows from
 * the clock; a read behind it by more than the buffer has lost them, as on a real device. */
#include "hw/replay/stream.h"

#include <math.h>
#include <stdlib.h>

#include "base/time.h"
#include "hw/replay/clock.h"
#include "hw/replay/random.h"

enum { TUNINGS_MAX = 16, MTU_MIN_SAMPLES = 1024, MTU_MAX_SAMPLES = 1 << 17 };

static const double mtu_s = 5e-3; /* about what USB drivers hand over */

/* Without a clock, opening anew after an error takes as long: no device does it in no time. */
static const double reopening_s = 10e-3;

struct tuning {
    uint64_t pos; /* from here on */
    size_t reel;
    double center_hz;
};

struct ls_stream {
    struct ls_stream_opts opts;
    size_t mtu;
    uint64_t buffer_samples;
    struct ls_truth_totals totals;
    uint64_t pos; /* the next sample to be read */

    struct ls_clock clock;
    bool time_restarts;

    bool running;
    bool stalled;
    bool failed;
    bool gone;
    bool ended; /* gone as the recording is over */
    bool tried; /* an opening has failed since it is gone */
    uint64_t gone_until;
    int64_t hang_until_ns;
    uint64_t hang_samples;

    uint64_t dead_until;
    uint64_t until[LS_FAULT_KINDS]; /* of what lasts */
    double value[LS_FAULT_KINDS];
    uint64_t glitch_samples; /* after the next tuning */
    uint64_t rubbish_until;

    struct tuning tuning;
    struct tuning pending[TUNINGS_MAX]; /* in order of pos */
    size_t pending_count;
    double gain_db;
    bool hears;
    uint64_t random;
};

static uint64_t samples_of(const struct ls_stream *stream, double seconds) {
    double samples = round(seconds * stream->clock.rate_sps);
    return samples < 1.0 ? 1 : samples < 0x1p62 ? (uint64_t)samples : UINT64_MAX / 2;
}

int ls_stream_create(struct ls_stream **ret, const struct ls_stream_opts *opts,
                     struct ls_err *err) {
    struct ls_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    stream->opts = *opts;
    stream->clock.rate_sps = ls_tape_info(opts->tape)->rate_sps;
    stream->clock.speed = opts->replay->as_fast_as_read ? 0.0 : opts->replay->speed;
    stream->clock.ppm = opts->replay->clock_ppm;
    stream->random = opts->replay->chance.seed;
    stream->hears = true;
    stream->mtu = opts->replay->mtu;
    if (stream->mtu == 0) {
        size_t n = MTU_MIN_SAMPLES;
        while (n < MTU_MAX_SAMPLES && (double)n < mtu_s * stream->clock.rate_sps) {
            n *= 2;
        }
        stream->mtu = n;
    }
    uint64_t held = samples_of(stream, opts->replay->buffer_s);
    stream->buffer_samples = held > 2 * stream->mtu ? held : 2 * stream->mtu;
    *ret = stream;
    return LS_OK;
}

void ls_stream_destroy(struct ls_stream *stream) { free(stream); }

size_t ls_stream_mtu(const struct ls_stream *stream) { return stream->mtu; }

/* --- clocks --- */

static bool as_read(const struct ls_stream *stream) { return stream->clock.speed == 0.0; }

/* Up to here can be read; the position itself at most when the reader sets the pace. */
static uint64_t newest(const struct ls_stream *stream, int64_t now_ns) {
    return ls_clock_newest(&stream->clock, now_ns, stream->pos);
}

int64_t ls_stream_time(const struct ls_stream *stream, int64_t now_ns) {
    return ls_clock_time(&stream->clock, newest(stream, now_ns));
}

void ls_stream_set_time(struct ls_stream *stream, int64_t now_ns, int64_t t_ns) {
    ls_clock_set_time(&stream->clock, newest(stream, now_ns), t_ns);
}

void ls_stream_set_time_restarts(struct ls_stream *stream, bool restarts) {
    stream->time_restarts = restarts;
}

void ls_stream_set_clock(struct ls_stream *stream, int64_t now_ns, double ppm) {
    ls_clock_set_ppm(&stream->clock, now_ns, ppm);
}

/* --- what is taken away --- */

static void lose(struct ls_stream *stream, uint64_t samples) {
    stream->pos += samples;
    stream->totals.lost_samples += samples;
}

static void skip_off(struct ls_stream *stream, uint64_t pos) {
    if (pos > stream->pos) {
        stream->totals.off_samples += pos - stream->pos;
        stream->pos = pos;
    }
}

bool ls_stream_open(struct ls_stream *stream, int64_t now_ns) {
    if (stream->gone) {
        /* Without a clock, the time until it is back passes between two openings. */
        bool back = as_read(stream) ? stream->tried : newest(stream, now_ns) >= stream->gone_until;
        stream->tried = true;
        if (!back || stream->gone_until == UINT64_MAX) {
            return false;
        }
        skip_off(stream, stream->gone_until);
        stream->gone = false;
        if (stream->time_restarts) {
            ls_clock_set_time(&stream->clock, stream->pos, 0);
        }
    }
    if (stream->failed && as_read(stream)) {
        skip_off(stream, stream->pos + samples_of(stream, reopening_s));
    }
    stream->failed = false;
    ls_truth_event(stream->opts.truth, "open", stream->pos, &stream->totals);
    return true;
}

void ls_stream_close(struct ls_stream *stream, int64_t now_ns) {
    if (stream->running) {
        ls_stream_stop(stream, now_ns);
    }
    ls_truth_event(stream->opts.truth, "close", stream->pos, &stream->totals);
}

bool ls_stream_start(struct ls_stream *stream, int64_t now_ns) {
    if (stream->gone) {
        return false;
    }
    if (!as_read(stream) && !stream->clock.running) {
        ls_clock_start(&stream->clock, now_ns, stream->pos);
    }
    if (!stream->running) {
        skip_off(stream, newest(stream, now_ns));
    }
    stream->running = true;
    stream->stalled = false;
    ls_truth_event(stream->opts.truth, "start", stream->pos, &stream->totals);
    return true;
}

void ls_stream_stop(struct ls_stream *stream, int64_t now_ns) {
    /* What the device held is gone with the stream. */
    uint64_t now = newest(stream, now_ns);
    if (stream->running && !stream->gone && now > stream->pos) {
        lose(stream, now - stream->pos);
    }
    stream->running = false;
    ls_truth_event(stream->opts.truth, "stop", stream->pos, &stream->totals);
}

/* --- tuning --- */

static void apply_tuning(struct ls_stream *stream, const struct tuning *tuning) {
    stream->tuning = *tuning;
    ls_truth_tune(stream->opts.truth, stream->pos, tuning->center_hz, tuning->reel != SIZE_MAX);
}

void ls_stream_tune(struct ls_stream *stream, int64_t now_ns, size_t reel, double center_hz) {
    struct tuning tuning = {.pos = newest(stream, now_ns), .reel = reel, .center_hz = center_hz};
    if (!stream->running) { /* settles before anybody hears it */
        stream->pending_count = 0;
        apply_tuning(stream, &tuning);
        return;
    }
    if (stream->pending_count == TUNINGS_MAX) { /* faster than anybody reads: the oldest goes */
        stream->pending_count--;
        for (size_t i = 0; i < stream->pending_count; i++) {
            stream->pending[i] = stream->pending[i + 1];
        }
    }
    stream->pending[stream->pending_count++] = tuning;
}

static void apply_tunings(struct ls_stream *stream) {
    size_t done = 0;
    while (done < stream->pending_count && stream->pending[done].pos <= stream->pos) {
        apply_tuning(stream, &stream->pending[done++]);
        double settle_s = stream->opts.replay->settle_s;
        uint64_t rubbish =
            stream->glitch_samples + (settle_s > 0.0 ? samples_of(stream, settle_s) : 0);
        if (rubbish > 0) {
            stream->rubbish_until = stream->pos + rubbish;
            stream->glitch_samples = 0;
        }
    }
    stream->pending_count -= done;
    for (size_t i = 0; i < stream->pending_count; i++) {
        stream->pending[i] = stream->pending[i + done];
    }
}

void ls_stream_set_gain(struct ls_stream *stream, double gain_db, bool hears) {
    stream->gain_db = gain_db;
    stream->hears = hears;
}

static bool lasts(const struct ls_stream *stream, enum ls_fault_kind kind) {
    return stream->until[kind] > stream->pos;
}

double ls_stream_gain_lost(const struct ls_stream *stream) {
    return lasts(stream, LS_FAULT_GAIN_COLLAPSE) ? stream->value[LS_FAULT_GAIN_COLLAPSE] : 0.0;
}

double ls_stream_temperature(const struct ls_stream *stream, double usual) {
    return lasts(stream, LS_FAULT_TEMPERATURE) ? stream->value[LS_FAULT_TEMPERATURE] : usual;
}

/* --- faults --- */

/* Length in samples; UINT64_MAX: for good. */
static uint64_t length_of(const struct ls_stream *stream, const struct ls_fault *fault) {
    if (fault->in_samples) {
        return fault->length_samples;
    }
    return isinf(fault->length_s)   ? UINT64_MAX
           : fault->length_s == 0.0 ? 0
                                    : samples_of(stream, fabs(fault->length_s));
}

static void jump(struct ls_stream *stream, double seconds) {
    int64_t t_ns = ls_clock_time(&stream->clock, stream->pos);
    if (!__builtin_add_overflow(t_ns, ls_ns_from_seconds(seconds), &t_ns)) {
        ls_clock_set_time(&stream->clock, stream->pos, t_ns);
    }
}

static void begin_hang(struct ls_stream *stream, int64_t now_ns, uint64_t samples) {
    double seconds = (double)samples / stream->clock.rate_sps / stream->opts.replay->speed;
    stream->hang_samples = samples;
    stream->hang_until_ns = now_ns + ls_ns_from_seconds(fmin(seconds, 1e9)); /* 30 years will do */
}

/* True when *ret tells the reader of it at once. */
static bool apply_fault(struct ls_stream *stream, int64_t now_ns, const struct ls_fault *fault,
                        uint64_t samples, struct ls_replay_reading *ret) {
    switch (fault->kind) {
    case LS_FAULT_OVERFLOW:
        lose(stream, samples);
        ret->kind = LS_REPLAY_OVERFLOW;
        return true;
    case LS_FAULT_CORRUPT:
        lose(stream, samples);
        ret->kind = LS_REPLAY_CORRUPT;
        return true;
    case LS_FAULT_LOSS:
        lose(stream, samples);
        return false;
    case LS_FAULT_TIMEOUT:
        stream->dead_until = stream->pos + samples;
        return false;
    case LS_FAULT_STALL:
        stream->stalled = true;
        return false;
    case LS_FAULT_HANG:
        begin_hang(stream, now_ns, samples);
        return false;
    case LS_FAULT_TIME_JUMP:
        jump(stream, fault->length_s);
        return false;
    case LS_FAULT_LOSE_DEVICE:
        stream->gone = true;
        stream->tried = false;
        stream->gone_until = samples == UINT64_MAX ? UINT64_MAX : stream->pos + samples;
        return false;
    case LS_FAULT_ERROR:
        stream->failed = true;
        return false;
    case LS_FAULT_RETUNE_GLITCH:
        stream->glitch_samples = samples;
        return false;
    default:
        stream->until[fault->kind] = stream->pos + samples;
        stream->value[fault->kind] = fault->value;
        return false;
    }
}

static bool stands_still(const struct ls_stream *stream) {
    return stream->gone || stream->failed || stream->stalled || stream->hang_until_ns != 0 ||
           stream->dead_until > stream->pos;
}

/* The samples a fault keeps the stream busy with: the next one drawn comes after it. */
static uint64_t end_of(const struct ls_fault *fault, uint64_t pos, uint64_t samples) {
    bool for_good = samples == UINT64_MAX;
    bool at_once = fault->kind == LS_FAULT_TIME_JUMP || fault->kind == LS_FAULT_RETUNE_GLITCH;
    return pos + (for_good || at_once ? 0 : samples);
}

static bool begin_faults(struct ls_stream *stream, int64_t now_ns, struct ls_replay_reading *ret) {
    if (stream->opts.faults == NULL) {
        return false;
    }
    const struct ls_fault *next;
    while (!stands_still(stream) && (next = ls_faults_next(stream->opts.faults)) != NULL &&
           next->at_s * stream->clock.rate_sps <= (double)stream->pos) {
        struct ls_fault fault = *next;
        uint64_t samples = length_of(stream, &fault);
        bool jumps = fault.kind == LS_FAULT_TIME_JUMP;
        ls_truth_fault(stream->opts.truth, stream->pos, ls_fault_name(fault.kind), samples,
                       jumps ? fault.length_s : fault.value);
        ls_faults_done(stream->opts.faults,
                       (double)end_of(&fault, stream->pos, samples) / stream->clock.rate_sps);
        if (apply_fault(stream, now_ns, &fault, samples, ret)) {
            return true;
        }
    }
    return false;
}

/* --- reading --- */

static int64_t time_out(struct ls_replay_reading *ret) {
    ret->kind = LS_REPLAY_TIMEOUT;
    return 0;
}

/* Up to where nothing comes, and what would have come is lost; UINT64_MAX: no end in sight. */
static uint64_t dead_until(const struct ls_stream *stream) {
    return stream->stalled ? UINT64_MAX : stream->dead_until;
}

/* In real time it passes by the clock. */
static void pass_dead(struct ls_stream *stream, int64_t now_ns) {
    uint64_t now = newest(stream, now_ns);
    uint64_t until = dead_until(stream);
    if (until > stream->pos && now > stream->pos) {
        lose(stream, (now < until ? now : until) - stream->pos);
    }
}

static int64_t wait_dead(struct ls_stream *stream, int64_t now_ns,
                         const struct ls_stream_call *call, struct ls_replay_reading *ret) {
    if (as_read(stream)) {
        uint64_t passed = samples_of(stream, (double)call->timeout_ns * 1e-9);
        uint64_t left = dead_until(stream) - stream->pos;
        lose(stream, passed < left ? passed : left);
        return time_out(ret);
    }
    if (now_ns >= call->deadline_ns) {
        return time_out(ret);
    }
    if (stream->stalled) {
        return call->deadline_ns;
    }
    int64_t wake_ns = ls_clock_when(&stream->clock, stream->dead_until);
    return wake_ns < call->deadline_ns ? wake_ns : call->deadline_ns;
}

static int64_t end_hang(struct ls_stream *stream, int64_t now_ns, struct ls_replay_reading *ret) {
    if (now_ns < stream->hang_until_ns) {
        return stream->hang_until_ns;
    }
    stream->hang_until_ns = 0;
    lose(stream, stream->hang_samples);
    ret->kind = LS_REPLAY_OVERFLOW;
    return 0;
}

static void clip(size_t *n, uint64_t pos, uint64_t boundary) {
    if (boundary > pos && boundary - pos < *n) {
        *n = (size_t)(boundary - pos);
    }
}

/* How many samples can be read at once before something changes. */
static size_t run_length(const struct ls_stream *stream, size_t room) {
    size_t n = room < stream->mtu ? room : stream->mtu;
    const struct ls_fault *next =
        stream->opts.faults == NULL ? NULL : ls_faults_next(stream->opts.faults);
    if (next != NULL && next->at_s * stream->clock.rate_sps < 0x1p62) {
        clip(&n, stream->pos, (uint64_t)ceil(next->at_s * stream->clock.rate_sps));
    }
    for (size_t i = 0; i < LS_FAULT_KINDS; i++) {
        clip(&n, stream->pos, stream->until[i]);
    }
    clip(&n, stream->pos, stream->rubbish_until);
    if (stream->pending_count > 0) {
        clip(&n, stream->pos, stream->pending[0].pos);
    }
    return n;
}

static struct ls_air_view view_of(const struct ls_stream *stream, bool tape) {
    struct ls_air_view view = {.kind = tape && stream->hears ? LS_AIR_TAPE : LS_AIR_NOISE,
                               .reel = stream->tuning.reel,
                               .gain_db = stream->gain_db};
    if (stream->rubbish_until > stream->pos) {
        view.kind = LS_AIR_RUBBISH;
    } else if (lasts(stream, LS_FAULT_DEAF)) {
        view.kind = LS_AIR_DEAF;
    }
    view.gain_db -= ls_stream_gain_lost(stream);
    if (lasts(stream, LS_FAULT_CLIPPING)) {
        view.gain_db += stream->value[LS_FAULT_CLIPPING];
    }
    return view;
}

static bool gone(const struct ls_stream *stream, struct ls_replay_reading *ret) {
    ret->kind = LS_REPLAY_GONE;
    ret->text = stream->ended ? "the recording is over" : "the device was lost";
    return true;
}

/* What the tape has here. True when *ret is filled; else *tape says whether it is heard. */
static bool look_at_tape(struct ls_stream *stream, size_t *n, bool *tape,
                         struct ls_replay_reading *ret) {
    *tape = stream->tuning.reel != SIZE_MAX;
    if (!*tape) {
        return false;
    }
    uint64_t left;
    switch (ls_tape_at(stream->opts.tape, stream->tuning.reel, stream->pos, &left)) {
    case LS_TAPE_MISSING:
        ls_truth_fault(stream->opts.truth, stream->pos, "gap-of-recording", left, 0.0);
        lose(stream, left);
        ret->kind = LS_REPLAY_OVERFLOW;
        return true;
    case LS_TAPE_END:
        *tape = false;
        if (stream->opts.replay->end == LS_REPLAY_END_SILENCE) {
            return false;
        }
        ls_truth_event(stream->opts.truth, "end", stream->pos, &stream->totals);
        stream->gone = stream->ended = true;
        stream->gone_until = UINT64_MAX;
        return gone(stream, ret);
    default:
        clip(n, stream->pos, stream->pos + left);
        return false;
    }
}

/* Samples that a late reader left too long. True when *ret says so. */
static bool overrun(struct ls_stream *stream, uint64_t now, struct ls_replay_reading *ret) {
    if (as_read(stream) || now <= stream->pos || now - stream->pos <= stream->buffer_samples) {
        return false;
    }
    ls_truth_fault(stream->opts.truth, stream->pos, "overrun", now - stream->pos, 0.0);
    lose(stream, now - stream->pos);
    ret->kind = LS_REPLAY_OVERFLOW;
    return true;
}

static int64_t deliver(struct ls_stream *stream, const struct ls_stream_call *call, size_t n,
                       bool tape, struct ls_replay_reading *ret) {
    struct ls_air_view view = view_of(stream, tape);
    struct ls_err err;
    if (ls_air_fill(stream->opts.air, &view, stream->pos, n, call->samples, &err) != LS_OK) {
        stream->failed = true;
        ret->kind = LS_REPLAY_ERROR;
        return 0;
    }
    ret->kind = LS_REPLAY_SAMPLES;
    ret->count = n;
    ret->timed = !lasts(stream, LS_FAULT_NO_HARDWARE_TIME);
    ret->t_ns = ret->timed ? ls_clock_time(&stream->clock, stream->pos) : 0;
    stream->pos += n;
    stream->totals.delivered_samples += n;
    return 0;
}

/* Short reads are as short as chance has it. */
static size_t shorten(struct ls_stream *stream, size_t n) {
    if (!lasts(stream, LS_FAULT_SHORT_READS)) {
        return n;
    }
    size_t most = (size_t)fmax(stream->value[LS_FAULT_SHORT_READS], 1.0);
    size_t wanted = 1 + (size_t)(ls_random_next(&stream->random) % most);
    return wanted < n ? wanted : n;
}

static int64_t read_samples(struct ls_stream *stream, int64_t now_ns,
                            const struct ls_stream_call *call, struct ls_replay_reading *ret) {
    uint64_t now = newest(stream, now_ns);
    if (overrun(stream, now, ret)) {
        return 0;
    }
    apply_tunings(stream);
    size_t n = run_length(stream, call->room);
    bool tape;
    if (look_at_tape(stream, &n, &tape, ret)) {
        return 0;
    }
    if (!as_read(stream)) {
        uint64_t there = now > stream->pos ? now - stream->pos : 0;
        if (there < n && now_ns < call->deadline_ns) {
            int64_t wake_ns = ls_clock_when(&stream->clock, stream->pos + n);
            return wake_ns < call->deadline_ns ? wake_ns : call->deadline_ns;
        }
        n = there < n ? (size_t)there : n;
        if (n == 0) {
            return time_out(ret);
        }
    }
    return deliver(stream, call, shorten(stream, n), tape, ret);
}

int64_t ls_stream_read(struct ls_stream *stream, int64_t now_ns, const struct ls_stream_call *call,
                       struct ls_replay_reading *ret) {
    *ret = (struct ls_replay_reading){.kind = LS_REPLAY_TIMEOUT, .text = ""};
    if (!stream->running) {
        return now_ns < call->deadline_ns ? call->deadline_ns : time_out(ret);
    }
    if (begin_faults(stream, now_ns, ret)) {
        return 0;
    }
    if (stream->gone) {
        gone(stream, ret);
        return 0;
    }
    if (stream->failed) {
        ret->kind = LS_REPLAY_ERROR;
        return 0;
    }
    if (stream->hang_until_ns != 0) {
        return end_hang(stream, now_ns, ret);
    }
    pass_dead(stream, now_ns);
    if (dead_until(stream) > stream->pos) {
        return wait_dead(stream, now_ns, call, ret);
    }
    return read_samples(stream, now_ns, call, ret);
}
