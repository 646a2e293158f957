/* A position walks over the samples. Whatever takes samples away moves it; whatever lasts has a
 * position where it ends (`until`), and a read never crosses one of these, a fault or a tuning, so
 * each begins and ends at its exact sample. In real time the newest sample that exists follows from
 * the clock; a read behind it by more than the buffer has lost them, as on a real device. */
#include "hw/replay/flow.h"

#include <math.h>
#include <stdlib.h>

#include "base/time.h"
#include "hw/replay/clock.h"
#include "hw/replay/dice.h"

enum { TUNINGS_MAX = 16, MTU_MIN_SAMPLES = 1024, MTU_MAX_SAMPLES = 1 << 17 };

static const double mtu_s = 5e-3; /* about what USB drivers hand over */

/* Without a clock, opening anew after an error takes as long: no device does it in no time. */
static const double reopening_s = 10e-3;

struct tuning {
    uint64_t pos; /* from here on */
    size_t reel;
    double center_hz;
};

struct ls_flow {
    struct ls_flow_opts opts;
    size_t mtu;
    uint64_t buffer_samples;
    struct ls_deeds_totals totals;
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

static uint64_t samples_of(const struct ls_flow *flow, double seconds) {
    double samples = round(seconds * flow->clock.rate_sps);
    return samples < 1.0 ? 1 : samples < 0x1p62 ? (uint64_t)samples : UINT64_MAX / 2;
}

int ls_flow_create(struct ls_flow **ret, const struct ls_flow_opts *opts, struct ls_err *err) {
    struct ls_flow *flow = calloc(1, sizeof *flow);
    if (flow == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    flow->opts = *opts;
    flow->clock.rate_sps = ls_tape_info(opts->tape)->rate_sps;
    flow->clock.speed = opts->replay->as_fast_as_read ? 0.0 : opts->replay->speed;
    flow->clock.ppm = opts->replay->clock_ppm;
    flow->random = opts->replay->chance.seed;
    flow->hears = true;
    flow->mtu = opts->replay->mtu;
    if (flow->mtu == 0) {
        size_t n = MTU_MIN_SAMPLES;
        while (n < MTU_MAX_SAMPLES && (double)n < mtu_s * flow->clock.rate_sps) {
            n *= 2;
        }
        flow->mtu = n;
    }
    uint64_t held = samples_of(flow, opts->replay->buffer_s);
    flow->buffer_samples = held > 2 * flow->mtu ? held : 2 * flow->mtu;
    *ret = flow;
    return LS_OK;
}

void ls_flow_destroy(struct ls_flow *flow) { free(flow); }

size_t ls_flow_mtu(const struct ls_flow *flow) { return flow->mtu; }

/* --- clocks --- */

static bool as_read(const struct ls_flow *flow) { return flow->clock.speed == 0.0; }

/* Up to here can be read; the position itself at most when the reader sets the pace. */
static uint64_t newest(const struct ls_flow *flow, int64_t now_ns) {
    return ls_clock_newest(&flow->clock, now_ns, flow->pos);
}

int64_t ls_flow_time(const struct ls_flow *flow, int64_t now_ns) {
    return ls_clock_time(&flow->clock, newest(flow, now_ns));
}

void ls_flow_set_time(struct ls_flow *flow, int64_t now_ns, int64_t t_ns) {
    ls_clock_set_time(&flow->clock, newest(flow, now_ns), t_ns);
}

void ls_flow_set_time_restarts(struct ls_flow *flow, bool restarts) {
    flow->time_restarts = restarts;
}

void ls_flow_set_clock(struct ls_flow *flow, int64_t now_ns, double ppm) {
    ls_clock_set_ppm(&flow->clock, now_ns, ppm);
}

/* --- what is taken away --- */

static void lose(struct ls_flow *flow, uint64_t samples) {
    flow->pos += samples;
    flow->totals.lost_samples += samples;
}

static void skip_off(struct ls_flow *flow, uint64_t pos) {
    if (pos > flow->pos) {
        flow->totals.off_samples += pos - flow->pos;
        flow->pos = pos;
    }
}

bool ls_flow_open(struct ls_flow *flow, int64_t now_ns) {
    if (flow->gone) {
        /* Without a clock, the time until it is back passes between two openings. */
        bool back = as_read(flow) ? flow->tried : newest(flow, now_ns) >= flow->gone_until;
        flow->tried = true;
        if (!back || flow->gone_until == UINT64_MAX) {
            return false;
        }
        skip_off(flow, flow->gone_until);
        flow->gone = false;
        if (flow->time_restarts) {
            ls_clock_set_time(&flow->clock, flow->pos, 0);
        }
    }
    if (flow->failed && as_read(flow)) {
        skip_off(flow, flow->pos + samples_of(flow, reopening_s));
    }
    flow->failed = false;
    ls_deeds_event(flow->opts.deeds, "open", flow->pos, &flow->totals);
    return true;
}

void ls_flow_close(struct ls_flow *flow, int64_t now_ns) {
    if (flow->running) {
        ls_flow_stop(flow, now_ns);
    }
    ls_deeds_event(flow->opts.deeds, "close", flow->pos, &flow->totals);
}

bool ls_flow_start(struct ls_flow *flow, int64_t now_ns) {
    if (flow->gone) {
        return false;
    }
    if (!as_read(flow) && !flow->clock.running) {
        ls_clock_start(&flow->clock, now_ns, flow->pos);
    }
    if (!flow->running) {
        skip_off(flow, newest(flow, now_ns));
    }
    flow->running = true;
    flow->stalled = false;
    ls_deeds_event(flow->opts.deeds, "start", flow->pos, &flow->totals);
    return true;
}

void ls_flow_stop(struct ls_flow *flow, int64_t now_ns) {
    /* What the device held is gone with the stream. */
    uint64_t now = newest(flow, now_ns);
    if (flow->running && !flow->gone && now > flow->pos) {
        lose(flow, now - flow->pos);
    }
    flow->running = false;
    ls_deeds_event(flow->opts.deeds, "stop", flow->pos, &flow->totals);
}

/* --- tuning --- */

static void apply_tuning(struct ls_flow *flow, const struct tuning *tuning) {
    flow->tuning = *tuning;
    ls_deeds_tune(flow->opts.deeds, flow->pos, tuning->center_hz, tuning->reel != SIZE_MAX);
}

void ls_flow_tune(struct ls_flow *flow, int64_t now_ns, size_t reel, double center_hz) {
    struct tuning tuning = {.pos = newest(flow, now_ns), .reel = reel, .center_hz = center_hz};
    if (!flow->running) { /* settles before anybody hears it */
        flow->pending_count = 0;
        apply_tuning(flow, &tuning);
        return;
    }
    if (flow->pending_count == TUNINGS_MAX) { /* faster than anybody reads: the oldest goes */
        flow->pending_count--;
        for (size_t i = 0; i < flow->pending_count; i++) {
            flow->pending[i] = flow->pending[i + 1];
        }
    }
    flow->pending[flow->pending_count++] = tuning;
}

static void apply_tunings(struct ls_flow *flow) {
    size_t done = 0;
    while (done < flow->pending_count && flow->pending[done].pos <= flow->pos) {
        apply_tuning(flow, &flow->pending[done++]);
        double settle_s = flow->opts.replay->settle_s;
        uint64_t rubbish = flow->glitch_samples + (settle_s > 0.0 ? samples_of(flow, settle_s) : 0);
        if (rubbish > 0) {
            flow->rubbish_until = flow->pos + rubbish;
            flow->glitch_samples = 0;
        }
    }
    flow->pending_count -= done;
    for (size_t i = 0; i < flow->pending_count; i++) {
        flow->pending[i] = flow->pending[i + done];
    }
}

void ls_flow_set_gain(struct ls_flow *flow, double gain_db, bool hears) {
    flow->gain_db = gain_db;
    flow->hears = hears;
}

static bool lasts(const struct ls_flow *flow, enum ls_fault_kind kind) {
    return flow->until[kind] > flow->pos;
}

double ls_flow_gain_lost(const struct ls_flow *flow) {
    return lasts(flow, LS_FAULT_GAIN_COLLAPSE) ? flow->value[LS_FAULT_GAIN_COLLAPSE] : 0.0;
}

double ls_flow_temperature(const struct ls_flow *flow, double usual) {
    return lasts(flow, LS_FAULT_TEMPERATURE) ? flow->value[LS_FAULT_TEMPERATURE] : usual;
}

/* --- faults --- */

/* Length in samples; UINT64_MAX: for good. */
static uint64_t length_of(const struct ls_flow *flow, const struct ls_fault *fault) {
    if (fault->in_samples) {
        return fault->length_samples;
    }
    return isinf(fault->length_s)   ? UINT64_MAX
           : fault->length_s == 0.0 ? 0
                                    : samples_of(flow, fabs(fault->length_s));
}

static void jump(struct ls_flow *flow, double seconds) {
    int64_t t_ns = ls_clock_time(&flow->clock, flow->pos);
    if (!__builtin_add_overflow(t_ns, ls_ns_from_seconds(seconds), &t_ns)) {
        ls_clock_set_time(&flow->clock, flow->pos, t_ns);
    }
}

static void begin_hang(struct ls_flow *flow, int64_t now_ns, uint64_t samples) {
    double seconds = (double)samples / flow->clock.rate_sps / flow->opts.replay->speed;
    flow->hang_samples = samples;
    flow->hang_until_ns = now_ns + ls_ns_from_seconds(fmin(seconds, 1e9)); /* 30 years will do */
}

/* True when *ret tells the reader of it at once. */
static bool apply_fault(struct ls_flow *flow, int64_t now_ns, const struct ls_fault *fault,
                        uint64_t samples, struct ls_replay_reading *ret) {
    switch (fault->kind) {
    case LS_FAULT_OVERFLOW:
        lose(flow, samples);
        ret->kind = LS_REPLAY_OVERFLOW;
        return true;
    case LS_FAULT_CORRUPT:
        lose(flow, samples);
        ret->kind = LS_REPLAY_CORRUPT;
        return true;
    case LS_FAULT_LOSS:
        lose(flow, samples);
        return false;
    case LS_FAULT_TIMEOUT:
        flow->dead_until = flow->pos + samples;
        return false;
    case LS_FAULT_STALL:
        flow->stalled = true;
        return false;
    case LS_FAULT_HANG:
        begin_hang(flow, now_ns, samples);
        return false;
    case LS_FAULT_TIME_JUMP:
        jump(flow, fault->length_s);
        return false;
    case LS_FAULT_LOSE_DEVICE:
        flow->gone = true;
        flow->tried = false;
        flow->gone_until = samples == UINT64_MAX ? UINT64_MAX : flow->pos + samples;
        return false;
    case LS_FAULT_ERROR:
        flow->failed = true;
        return false;
    case LS_FAULT_RETUNE_GLITCH:
        flow->glitch_samples = samples;
        return false;
    default:
        flow->until[fault->kind] = flow->pos + samples;
        flow->value[fault->kind] = fault->value;
        return false;
    }
}

static bool stands_still(const struct ls_flow *flow) {
    return flow->gone || flow->failed || flow->stalled || flow->hang_until_ns != 0 ||
           flow->dead_until > flow->pos;
}

/* The samples a fault keeps the stream busy with: the next one drawn comes after it. */
static uint64_t end_of(const struct ls_fault *fault, uint64_t pos, uint64_t samples) {
    bool for_good = samples == UINT64_MAX;
    bool at_once = fault->kind == LS_FAULT_TIME_JUMP || fault->kind == LS_FAULT_RETUNE_GLITCH;
    return pos + (for_good || at_once ? 0 : samples);
}

static bool begin_faults(struct ls_flow *flow, int64_t now_ns, struct ls_replay_reading *ret) {
    if (flow->opts.faults == NULL) {
        return false;
    }
    const struct ls_fault *next;
    while (!stands_still(flow) && (next = ls_faults_next(flow->opts.faults)) != NULL &&
           next->at_s * flow->clock.rate_sps <= (double)flow->pos) {
        struct ls_fault fault = *next;
        uint64_t samples = length_of(flow, &fault);
        bool jumps = fault.kind == LS_FAULT_TIME_JUMP;
        ls_deeds_fault(flow->opts.deeds, flow->pos, ls_fault_name(fault.kind), samples,
                       jumps ? fault.length_s : fault.value);
        ls_faults_done(flow->opts.faults,
                       (double)end_of(&fault, flow->pos, samples) / flow->clock.rate_sps);
        if (apply_fault(flow, now_ns, &fault, samples, ret)) {
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
static uint64_t dead_until(const struct ls_flow *flow) {
    return flow->stalled ? UINT64_MAX : flow->dead_until;
}

/* In real time it passes by the clock. */
static void pass_dead(struct ls_flow *flow, int64_t now_ns) {
    uint64_t now = newest(flow, now_ns);
    uint64_t until = dead_until(flow);
    if (until > flow->pos && now > flow->pos) {
        lose(flow, (now < until ? now : until) - flow->pos);
    }
}

static int64_t wait_dead(struct ls_flow *flow, int64_t now_ns, const struct ls_flow_call *call,
                         struct ls_replay_reading *ret) {
    if (as_read(flow)) {
        uint64_t passed = samples_of(flow, (double)call->timeout_ns * 1e-9);
        uint64_t left = dead_until(flow) - flow->pos;
        lose(flow, passed < left ? passed : left);
        return time_out(ret);
    }
    if (now_ns >= call->deadline_ns) {
        return time_out(ret);
    }
    if (flow->stalled) {
        return call->deadline_ns;
    }
    int64_t wake_ns = ls_clock_when(&flow->clock, flow->dead_until);
    return wake_ns < call->deadline_ns ? wake_ns : call->deadline_ns;
}

static int64_t end_hang(struct ls_flow *flow, int64_t now_ns, struct ls_replay_reading *ret) {
    if (now_ns < flow->hang_until_ns) {
        return flow->hang_until_ns;
    }
    flow->hang_until_ns = 0;
    lose(flow, flow->hang_samples);
    ret->kind = LS_REPLAY_OVERFLOW;
    return 0;
}

static void clip(size_t *n, uint64_t pos, uint64_t boundary) {
    if (boundary > pos && boundary - pos < *n) {
        *n = (size_t)(boundary - pos);
    }
}

/* How many samples can be read at once before something changes. */
static size_t run_length(const struct ls_flow *flow, size_t room) {
    size_t n = room < flow->mtu ? room : flow->mtu;
    const struct ls_fault *next =
        flow->opts.faults == NULL ? NULL : ls_faults_next(flow->opts.faults);
    if (next != NULL && next->at_s * flow->clock.rate_sps < 0x1p62) {
        clip(&n, flow->pos, (uint64_t)ceil(next->at_s * flow->clock.rate_sps));
    }
    for (size_t i = 0; i < LS_FAULT_KINDS; i++) {
        clip(&n, flow->pos, flow->until[i]);
    }
    clip(&n, flow->pos, flow->rubbish_until);
    if (flow->pending_count > 0) {
        clip(&n, flow->pos, flow->pending[0].pos);
    }
    return n;
}

static struct ls_air_view view_of(const struct ls_flow *flow, bool tape) {
    struct ls_air_view view = {.kind = tape && flow->hears ? LS_AIR_TAPE : LS_AIR_NOISE,
                               .reel = flow->tuning.reel,
                               .gain_db = flow->gain_db};
    if (flow->rubbish_until > flow->pos) {
        view.kind = LS_AIR_RUBBISH;
    } else if (lasts(flow, LS_FAULT_DEAF)) {
        view.kind = LS_AIR_DEAF;
    }
    view.gain_db -= ls_flow_gain_lost(flow);
    if (lasts(flow, LS_FAULT_CLIPPING)) {
        view.gain_db += flow->value[LS_FAULT_CLIPPING];
    }
    return view;
}

static bool gone(const struct ls_flow *flow, struct ls_replay_reading *ret) {
    ret->kind = LS_REPLAY_GONE;
    ret->text = flow->ended ? "the recording is over" : "the device was lost";
    return true;
}

/* What the tape has here. True when *ret is filled; else *tape says whether it is heard. */
static bool look_at_tape(struct ls_flow *flow, size_t *n, bool *tape,
                         struct ls_replay_reading *ret) {
    *tape = flow->tuning.reel != SIZE_MAX;
    if (!*tape) {
        return false;
    }
    uint64_t left;
    switch (ls_tape_at(flow->opts.tape, flow->tuning.reel, flow->pos, &left)) {
    case LS_TAPE_MISSING:
        ls_deeds_fault(flow->opts.deeds, flow->pos, "gap-of-recording", left, 0.0);
        lose(flow, left);
        ret->kind = LS_REPLAY_OVERFLOW;
        return true;
    case LS_TAPE_END:
        *tape = false;
        if (flow->opts.replay->end == LS_REPLAY_END_SILENCE) {
            return false;
        }
        ls_deeds_event(flow->opts.deeds, "end", flow->pos, &flow->totals);
        flow->gone = flow->ended = true;
        flow->gone_until = UINT64_MAX;
        return gone(flow, ret);
    default:
        clip(n, flow->pos, flow->pos + left);
        return false;
    }
}

/* Samples that a late reader left too long. True when *ret says so. */
static bool overrun(struct ls_flow *flow, uint64_t now, struct ls_replay_reading *ret) {
    if (as_read(flow) || now <= flow->pos || now - flow->pos <= flow->buffer_samples) {
        return false;
    }
    ls_deeds_fault(flow->opts.deeds, flow->pos, "overrun", now - flow->pos, 0.0);
    lose(flow, now - flow->pos);
    ret->kind = LS_REPLAY_OVERFLOW;
    return true;
}

static int64_t deliver(struct ls_flow *flow, const struct ls_flow_call *call, size_t n, bool tape,
                       struct ls_replay_reading *ret) {
    struct ls_air_view view = view_of(flow, tape);
    struct ls_err err;
    if (ls_air_fill(flow->opts.air, &view, flow->pos, n, call->samples, &err) != LS_OK) {
        flow->failed = true;
        ret->kind = LS_REPLAY_ERROR;
        return 0;
    }
    ret->kind = LS_REPLAY_SAMPLES;
    ret->count = n;
    ret->timed = !lasts(flow, LS_FAULT_NO_HARDWARE_TIME);
    ret->t_ns = ret->timed ? ls_clock_time(&flow->clock, flow->pos) : 0;
    flow->pos += n;
    flow->totals.delivered_samples += n;
    return 0;
}

/* Short reads are as short as chance has it. */
static size_t shorten(struct ls_flow *flow, size_t n) {
    if (!lasts(flow, LS_FAULT_SHORT_READS)) {
        return n;
    }
    size_t most = (size_t)fmax(flow->value[LS_FAULT_SHORT_READS], 1.0);
    size_t wanted = 1 + (size_t)(ls_dice_next(&flow->random) % most);
    return wanted < n ? wanted : n;
}

static int64_t read_samples(struct ls_flow *flow, int64_t now_ns, const struct ls_flow_call *call,
                            struct ls_replay_reading *ret) {
    uint64_t now = newest(flow, now_ns);
    if (overrun(flow, now, ret)) {
        return 0;
    }
    apply_tunings(flow);
    size_t n = run_length(flow, call->room);
    bool tape;
    if (look_at_tape(flow, &n, &tape, ret)) {
        return 0;
    }
    if (!as_read(flow)) {
        uint64_t there = now > flow->pos ? now - flow->pos : 0;
        if (there < n && now_ns < call->deadline_ns) {
            int64_t wake_ns = ls_clock_when(&flow->clock, flow->pos + n);
            return wake_ns < call->deadline_ns ? wake_ns : call->deadline_ns;
        }
        n = there < n ? (size_t)there : n;
        if (n == 0) {
            return time_out(ret);
        }
    }
    return deliver(flow, call, shorten(flow, n), tape, ret);
}

int64_t ls_flow_read(struct ls_flow *flow, int64_t now_ns, const struct ls_flow_call *call,
                     struct ls_replay_reading *ret) {
    *ret = (struct ls_replay_reading){.kind = LS_REPLAY_TIMEOUT, .text = ""};
    if (!flow->running) {
        return now_ns < call->deadline_ns ? call->deadline_ns : time_out(ret);
    }
    if (begin_faults(flow, now_ns, ret)) {
        return 0;
    }
    if (flow->gone) {
        gone(flow, ret);
        return 0;
    }
    if (flow->failed) {
        ret->kind = LS_REPLAY_ERROR;
        return 0;
    }
    if (flow->hang_until_ns != 0) {
        return end_hang(flow, now_ns, ret);
    }
    pass_dead(flow, now_ns);
    if (dead_until(flow) > flow->pos) {
        return wait_dead(flow, now_ns, call, ret);
    }
    return read_samples(flow, now_ns, call, ret);
}
