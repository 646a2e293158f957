/* The block that fills is the ring's claimed slot: gaps and a new run go at its head, so a slot
 * that holds samples is handed over before either. Whole blocks are dropped when the ring is full:
 * what is missing then is counted in whole blocks, and no block has a hole. */
#include "survey/intake.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/units.h"
#include "base/util.h"
#include "survey/schedule.h"

/* A system clock that is set by more begins a new run; by less, event time follows slowly. */
static const int64_t STEP_FOLLOWED_NS = LS_NS_PER_S;

/* Both clocks are read at one moment, unless the thread was held up between. */
static const int64_t MOMENT_NS = 1000000;

static const int64_t WAIT_NS = LS_NS_PER_S / 20;
static const double BLOCK_S = 0.05;

struct ls_intake {
    struct ls_intake_opts opts;
    struct ls_settings *settings;
    struct ls_timeline timeline;
    struct ls_clock clock;
    struct ls_schedule schedule;
    struct ls_tuning tuning;
    double center_hz; /* wanted */
    bool hops;
    bool move;              /* other settings want another tuning, the present center_hz */
    uint64_t dwell_samples; /* left */
    int64_t dwell_ns;       /* of the dwell to come */
    size_t block_samples;
    size_t settle_samples;     /* left */
    size_t drop_samples;       /* left */
    struct ls_ring_slot *slot; /* claimed; NULL: none */
    struct ls_knot knots[2];   /* newest */
    size_t knot_count;
    int64_t arrived_ns; /* steady clock, of the last samples */
    bool new_run;       /* to be said with the next slot */
    bool clock_restart;
    char reason[128];
    struct ls_settings *new_settings;
    bool ended;
};

static const struct ls_sensor_opts *asked(const struct ls_intake *intake) {
    return ls_settings_opts(intake->settings);
}

static void begin_dwell(struct ls_intake *intake) {
    struct ls_dwell dwell = ls_schedule_next(&intake->schedule);
    intake->center_hz = dwell.center_hz;
    intake->dwell_ns = dwell.lasts_ns;
}

static void plan(struct ls_intake *intake) {
    const struct ls_sensor_opts *o = asked(intake);
    ls_schedule_init(&intake->schedule, o->centers_hz, o->center_count, o->dwell_s, o->seed);
    intake->hops = o->center_count > 1;
    begin_dwell(intake);
}

int ls_intake_create(struct ls_intake **ret, const struct ls_intake_opts *opts,
                     struct ls_err *err) {
    struct ls_intake *intake = calloc(1, sizeof *intake);
    if (intake == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for the receiver");
    }
    intake->opts = *opts;
    intake->settings = ls_settings_hold(opts->settings);
    const struct ls_sensor_opts *o = asked(intake);
    ls_timeline_init(&intake->timeline, o->receiver.rate_sps, o->clock == LS_SENSOR_CLOCK_DEVICE);
    ls_timeline_set_waits(&intake->timeline, o->wait_when_full);
    ls_clock_init(&intake->clock);
    plan(intake);
    *ret = intake;
    return LS_OK;
}

void ls_intake_destroy(struct ls_intake *intake) {
    if (intake != NULL) {
        ls_settings_drop(intake->settings);
        ls_settings_drop(intake->new_settings);
        free(intake);
    }
}

double ls_intake_center_hz(const struct ls_intake *intake) { return intake->center_hz; }

static uint64_t samples_of(const struct ls_intake *intake, int64_t ns) {
    return ns > 0 ? (uint64_t)llround((double)ns * intake->tuning.rate_sps / 1e9) : 0;
}

void ls_intake_opened(struct ls_intake *intake, const struct ls_receiver_info *info) {
    if (info->tuning.rate_sps != intake->timeline.rate_sps) {
        ls_timeline_set_rate(&intake->timeline, info->tuning.rate_sps);
    }
    intake->tuning = info->tuning;
    size_t room = ls_ring_slot_bytes(intake->opts.ring) / ls_format_bytes(info->tuning.format);
    double wanted = fmax(1024.0, BLOCK_S * info->tuning.rate_sps);
    intake->block_samples = wanted < (double)room ? (size_t)wanted : room;
    intake->settle_samples = 0;
    intake->move = false;
    intake->dwell_samples = samples_of(intake, intake->dwell_ns);
}

/* --- slots --- */

static void hand_over(struct ls_intake *intake) {
    if (intake->slot != NULL) {
        ls_ring_commit(intake->opts.ring);
        intake->slot = NULL;
    }
}

/* Claims a slot and puts at its head what there is to say. False: no room. */
static bool open_slot(struct ls_intake *intake, int64_t wait_ns) {
    intake->slot = ls_ring_claim(intake->opts.ring, wait_ns);
    struct ls_ring_slot *slot = intake->slot;
    if (slot == NULL) {
        return false;
    }
    memcpy(slot->gaps, intake->timeline.gaps, sizeof slot->gaps);
    slot->gap_count = intake->timeline.gap_count;
    intake->timeline.gap_count = 0;
    memcpy(slot->knots, intake->knots, sizeof slot->knots);
    slot->knot_count = intake->knot_count;
    slot->new_run = intake->new_run;
    slot->clock_restart = intake->clock_restart;
    slot->settings = intake->new_settings;
    ls_copy_text(slot->reason, sizeof slot->reason, intake->reason);
    intake->new_run = false;
    intake->clock_restart = false;
    intake->new_settings = NULL;
    intake->reason[0] = '\0';
    slot->tuning = intake->tuning;
    slot->t_ns = ls_timeline_now(&intake->timeline);
    return true;
}

/* A slot that the next samples may go to. */
static bool slot_for_samples(struct ls_intake *intake, const atomic_int *stop) {
    bool head = intake->timeline.gap_count > 0 || intake->new_run;
    bool continues = ls_timeline_continues(&intake->timeline);
    struct ls_ring_slot *slot = intake->slot;
    /* One without samples holds gaps of its own. */
    if (slot != NULL &&
        (head || (slot->count > 0 && (!continues || slot->count == intake->block_samples)))) {
        hand_over(intake);
    }
    bool waits = asked(intake)->wait_when_full;
    while (intake->slot == NULL && !open_slot(intake, waits ? WAIT_NS : 0)) {
        if (!waits || *stop != 0) {
            return false;
        }
    }
    return true;
}

/* --- samples --- */

/* count 0: there is no room, and it is time to stop. */
struct part {
    enum ls_timeline_use use;
    size_t count;
};

/* What becomes of the next `left` samples, or of the first of them. */
static struct part next_part(struct ls_intake *intake, size_t left, const atomic_int *stop) {
    if (intake->settle_samples > 0) {
        size_t n = left < intake->settle_samples ? left : intake->settle_samples;
        intake->settle_samples -= n;
        return (struct part){LS_USE_SETTLE, n};
    }
    if (intake->drop_samples == 0 && !slot_for_samples(intake, stop)) {
        if (asked(intake)->wait_when_full) {
            return (struct part){LS_USE_DROP, 0};
        }
        intake->drop_samples = intake->block_samples;
        pthread_mutex_lock(&intake->opts.board->lock);
        intake->opts.board->status.dropped_blocks++;
        pthread_mutex_unlock(&intake->opts.board->lock);
        ls_events_add(intake->opts.events, "queue", LS_HEALTH_WARN, (double)NAN, "",
                      "a block was dropped: this machine is too slow for the sample rate");
    }
    if (intake->drop_samples > 0) {
        size_t n = left < intake->drop_samples ? left : intake->drop_samples;
        intake->drop_samples -= n;
        return (struct part){LS_USE_DROP, n};
    }
    size_t room = intake->block_samples - intake->slot->count;
    return (struct part){LS_USE_KEEP, left < room ? left : room};
}

static void keep(struct ls_intake *intake, const unsigned char *samples, size_t count) {
    struct ls_ring_slot *slot = intake->slot;
    size_t bytes = ls_format_bytes(intake->tuning.format);
    bool continues = ls_timeline_continues(&intake->timeline);
    int64_t t_ns = ls_timeline_use(&intake->timeline, count, LS_USE_KEEP);
    if (slot->count == 0) {
        slot->t_ns = t_ns;
        slot->continues = continues;
    }
    memcpy(slot->samples + slot->count * bytes, samples, count * bytes);
    slot->count += count;
    intake->dwell_samples -= count < intake->dwell_samples ? count : intake->dwell_samples;
    if (slot->count == intake->block_samples) {
        hand_over(intake);
    }
}

static void use_samples(struct ls_intake *intake, const unsigned char *samples, size_t count,
                        const atomic_int *stop) {
    size_t bytes = ls_format_bytes(intake->tuning.format);
    uint64_t dropped = 0;
    for (size_t done = 0; done < count;) {
        struct part part = next_part(intake, count - done, stop);
        if (part.count == 0) {
            break;
        }
        if (part.use == LS_USE_KEEP) {
            keep(intake, samples + done * bytes, part.count);
        } else {
            ls_timeline_use(&intake->timeline, part.count, part.use);
            dropped += part.use == LS_USE_DROP ? part.count : 0;
        }
        done += part.count;
    }
    struct ls_board *board = intake->opts.board;
    pthread_mutex_lock(&board->lock);
    board->status.samples += count;
    board->status.dropped_samples += dropped;
    board->last_arrival_ns = intake->arrived_ns;
    pthread_mutex_unlock(&board->lock);
}

/* --- clocks --- */

static void restart_clock(struct ls_intake *intake, int64_t step_ns) {
    hand_over(intake);
    if (intake->timeline.gap_count > 0 && open_slot(intake, LS_NS_PER_S)) {
        hand_over(intake); /* the gaps of the run that ends */
    }
    ls_timeline_restart(&intake->timeline);
    int64_t system_ns = intake->clock.system_ns;
    ls_clock_init(&intake->clock);
    intake->clock.system_known = true;
    intake->clock.system_ns = system_ns;
    intake->knot_count = 0;
    intake->new_run = true;
    intake->clock_restart = true;
    snprintf(intake->reason, sizeof intake->reason,
             "the system clock was set by %+.1f s at its end: times may be off by as much",
             (double)step_ns / 1e9);
}

/* The system clock at the moment that now_ns names; was it set? */
static void watch_system_clock(struct ls_intake *intake, int64_t *ret_utc_ns,
                               int64_t *ret_steady_ns) {
    int64_t before_ns = ls_time_steady();
    *ret_utc_ns = ls_time_now();
    *ret_steady_ns = ls_time_steady();
    if (*ret_steady_ns - before_ns > MOMENT_NS) {
        *ret_utc_ns = *ret_steady_ns + intake->clock.system_ns;
        return;
    }
    int64_t step_ns = ls_clock_step(&intake->clock, *ret_utc_ns, *ret_steady_ns);
    if (step_ns == 0) {
        return;
    }
    bool far = step_ns > STEP_FOLLOWED_NS || step_ns < -STEP_FOLLOWED_NS;
    bool restart = far && asked(intake)->clock == LS_SENSOR_CLOCK_SYSTEM;
    pthread_mutex_lock(&intake->opts.board->lock);
    intake->opts.board->status.clock_steps++;
    pthread_mutex_unlock(&intake->opts.board->lock);
    ls_events_add(intake->opts.events, "clock", LS_HEALTH_WARN, (double)step_ns / 1e9, "s",
                  "the system clock was set by %+.3f s: %s", (double)step_ns / 1e9,
                  restart ? "a new run begins"
                  : far   ? "times come from the device"
                          : "event time follows slowly");
    if (restart) {
        restart_clock(intake, step_ns);
    }
}

static void follow_reference(struct ls_intake *intake, const struct ls_arrival *arrival) {
    int64_t reference_ns = arrival->utc_ns;
    if (asked(intake)->clock == LS_SENSOR_CLOCK_DEVICE) {
        if (!arrival->timed) {
            return;
        }
        reference_ns =
            arrival->t_hw_ns + ls_time_of_samples(arrival->count, intake->tuning.rate_sps);
    }
    if (!ls_clock_reading(&intake->clock, ls_timeline_now(&intake->timeline), reference_ns)) {
        return;
    }
    intake->knots[0] = intake->clock.held;
    intake->knots[1] = intake->clock.next;
    intake->knot_count = 2;
    double ppm = ls_clock_ppm(&intake->clock);
    struct ls_sensor_status *status = &intake->opts.board->status;
    pthread_mutex_lock(&intake->opts.board->lock);
    status->clock_ppm = ppm;
    status->clock_offset_ns = intake->clock.offset_ns;
    status->clock_error_ns = intake->clock.spread_ns;
    pthread_mutex_unlock(&intake->opts.board->lock);
}

/* --- readings --- */

/* What came before the samples of this reading, if it is news. */
static void say_gap(struct ls_intake *intake) {
    const struct ls_timeline *timeline = &intake->timeline;
    const struct ls_gap *gap =
        timeline->gap_count > 0 ? &timeline->gaps[timeline->gap_count - 1] : NULL;
    if (gap == NULL) {
        return;
    }
    bool jump = strcmp(gap->cause, "time-jump") == 0;
    if (jump || gap->state == LS_OFF || gap->error_ns > ls_time_of_samples(1, timeline->rate_sps)) {
        ls_clock_forget(&intake->clock); /* its size is not that of the sample clock */
    }
    if (gap->state == LS_LOST && strcmp(gap->cause, "queue") != 0) {
        double seconds = (double)gap->samples / timeline->rate_sps;
        char error[LS_UNIT_TEXT_BYTES];
        ls_seconds_format((double)gap->error_ns / 1e9, error);
        ls_events_add(intake->opts.events, "stream", LS_HEALTH_WARN, seconds, "s",
                      "%llu samples were lost (%s), known to %s", (unsigned long long)gap->samples,
                      gap->cause, error);
        if (jump) {
            pthread_mutex_lock(&intake->opts.board->lock);
            intake->opts.board->status.time_jumps++;
            pthread_mutex_unlock(&intake->opts.board->lock);
        }
    }
}

void ls_intake_samples(struct ls_intake *intake, const struct ls_reading *reading,
                       const unsigned char *samples, const atomic_int *stop) {
    struct ls_arrival arrival = {
        .count = reading->count, .timed = reading->timed, .t_hw_ns = reading->t_hw_ns};
    watch_system_clock(intake, &arrival.utc_ns, &arrival.steady_ns);
    size_t gaps = intake->timeline.gap_count;
    ls_timeline_arrive(&intake->timeline, &arrival);
    if (intake->timeline.gap_count > gaps) {
        say_gap(intake);
    }
    intake->arrived_ns = arrival.steady_ns;
    use_samples(intake, samples, reading->count, stop);
    follow_reference(intake, &arrival);
}

void ls_intake_overflow(struct ls_intake *intake) {
    ls_timeline_overflow(&intake->timeline);
    pthread_mutex_lock(&intake->opts.board->lock);
    intake->opts.board->status.overflows++;
    pthread_mutex_unlock(&intake->opts.board->lock);
}

void ls_intake_timeout(struct ls_intake *intake) {
    ls_timeline_timeout(&intake->timeline);
    pthread_mutex_lock(&intake->opts.board->lock);
    intake->opts.board->status.timeouts++;
    pthread_mutex_unlock(&intake->opts.board->lock);
}

void ls_intake_lost(struct ls_intake *intake, const char *cause, int64_t steady_ns) {
    hand_over(intake);
    ls_timeline_lost(&intake->timeline, cause, steady_ns);
    intake->drop_samples = 0;
}

void ls_intake_tick(struct ls_intake *intake, int64_t steady_ns) {
    hand_over(intake);
    /* A device that waits is not in step with the steady clock: its own time will tell. */
    if (!asked(intake)->wait_when_full) {
        ls_timeline_tick(&intake->timeline, steady_ns);
    }
    if (intake->timeline.gap_count > 0 && open_slot(intake, 0)) {
        hand_over(intake);
    }
}

/* --- tunings --- */

bool ls_intake_dwell_over(const struct ls_intake *intake) {
    bool over = intake->hops && intake->dwell_samples == 0 && intake->settle_samples == 0;
    return over || intake->move;
}

double ls_intake_leave(struct ls_intake *intake) {
    hand_over(intake);
    ls_timeline_retune(&intake->timeline);
    if (!intake->move) {
        begin_dwell(intake);
    }
    intake->move = false;
    return intake->center_hz;
}

void ls_intake_tuned(struct ls_intake *intake, double center_hz, int64_t steady_ns) {
    intake->tuning.center_hz = center_hz;
    intake->dwell_samples = samples_of(intake, intake->dwell_ns);
    int64_t settle_ns = ls_ns_from_seconds(asked(intake)->settle_s);
    /* What was taken while the receiver still moved comes first. A device that can wait is not in
     * step with the steady clock. */
    int64_t meanwhile_ns = asked(intake)->wait_when_full ? 0 : steady_ns - intake->arrived_ns;
    intake->settle_samples = (size_t)samples_of(intake, settle_ns + meanwhile_ns);
}

void ls_intake_reload(struct ls_intake *intake, struct ls_settings *settings, bool new_run) {
    hand_over(intake);
    const struct ls_sensor_opts *was = asked(intake);
    const struct ls_sensor_opts *is = ls_settings_opts(settings);
    bool same_plan =
        was->center_count == is->center_count && was->dwell_s == is->dwell_s &&
        was->seed == is->seed &&
        memcmp(was->centers_hz, is->centers_hz, is->center_count * sizeof *is->centers_hz) == 0;
    ls_settings_drop(intake->settings);
    intake->settings = ls_settings_hold(settings);
    if (!same_plan) {
        double center_hz = intake->center_hz;
        plan(intake);
        /* A receiver that stays where it is loses nothing. */
        intake->move = intake->center_hz != center_hz;
        intake->dwell_samples = samples_of(intake, intake->dwell_ns);
    }
    if (new_run) {
        intake->new_run = true;
        ls_settings_drop(intake->new_settings);
        intake->new_settings = ls_settings_hold(settings);
    }
}

void ls_intake_end(struct ls_intake *intake) {
    hand_over(intake);
    if (intake->timeline.gap_count > 0 && open_slot(intake, LS_NS_PER_S)) {
        hand_over(intake);
    }
    intake->ended = true;
}

bool ls_intake_ended(const struct ls_intake *intake) { return intake->ended; }
