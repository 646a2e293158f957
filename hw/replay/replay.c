/* One lock around everything; a read sleeps without it, so that settings can change meanwhile. */
#include "hw/replay/replay.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/time.h"
#include "base/util.h"
#include "hw/replay/flow.h"

enum { TEXTS_BYTES_MAX = 1 << 16 };

static const double recorded_gain_db = 40.0; /* overall, at which samples are as recorded */
static const double usual_degrees = 41.5;

/* With speed=max a time-out is over at once, but for this much: a program that waits for samples
 * that do not come shall not do so with all its might. */
static const int64_t least_time_out_ns = 1000000;

const char *const ls_replay_antennas[2] = {"RX", "TERMINATED"};
const char *const ls_replay_clock_sources[2] = {"internal", "external"};
const char *const ls_replay_time_sources[3] = {"internal", "recording", "system"};
const char *const ls_replay_gain_names[LS_REPLAY_GAINS] = {"LNA", "VGA"};

struct ls_replay {
    pthread_mutex_t lock;
    char **texts; /* copies of keys and values, which opts points into */
    size_t text_count;
    struct ls_replay_opts opts;
    struct ls_replay_info info;
    struct ls_tape *tape;
    struct ls_air *air;
    struct ls_faults *faults;
    struct ls_deeds *deeds;
    struct ls_flow *flow;
    struct ls_replay_settings settings;
    bool open;
    bool started; /* ever */
};

static int copy_texts(struct ls_replay *replay, const char *const *keys, const char *const *values,
                      size_t count, struct ls_err *err) {
    replay->texts = calloc(2 * count + 1, sizeof *replay->texts);
    if (replay->texts == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    for (size_t i = 0; i < 2 * count; i++) {
        replay->texts[i] = strndup(i < count ? keys[i] : values[i - count], TEXTS_BYTES_MAX);
        if (replay->texts[i] == NULL) {
            return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
        }
        replay->text_count++;
    }
    return LS_OK;
}

static int make_faults(struct ls_replay *replay, struct ls_err *err) {
    if (replay->opts.faults != NULL) {
        return ls_faults_load(&replay->faults, replay->opts.faults, err);
    }
    if (replay->opts.chance.rate_per_s > 0.0) {
        return ls_faults_draw(&replay->faults, &replay->opts.chance, err);
    }
    return LS_OK;
}

static int make_parts(struct ls_replay *replay, struct ls_err *err) {
    int code = ls_tape_create(&replay->tape, &replay->opts.source, replay->opts.loop, err);
    if (code == LS_OK) {
        code = ls_air_create(&replay->air, replay->tape, replay->opts.noise_dbfs, err);
    }
    if (code == LS_OK) {
        code = make_faults(replay, err);
    }
    if (code == LS_OK) {
        code = ls_deeds_create(&replay->deeds, replay->opts.truth, err);
    }
    if (code != LS_OK) {
        return code;
    }
    struct ls_flow_opts opts = {.replay = &replay->opts,
                                .tape = replay->tape,
                                .air = replay->air,
                                .faults = replay->faults,
                                .deeds = replay->deeds};
    return ls_flow_create(&replay->flow, &opts, err);
}

static double full_scale(enum ls_format format) {
    return format == LS_FORMAT_CI16_LE ? 32768.0 : format == LS_FORMAT_CF32_LE ? 1.0 : 128.0;
}

static void describe(struct ls_replay *replay) {
    const struct ls_tape_info *tape = ls_tape_info(replay->tape);
    const struct ls_replay_opts *opts = &replay->opts;
    double half_hz = tape->rate_sps / 2.0;
    replay->info = (struct ls_replay_info){
        .serial = opts->serial,
        .path = opts->source.path,
        .rate_sps = tape->rate_sps,
        .format = tape->format,
        .full_scale = opts->full_scale > 0.0 ? opts->full_scale : full_scale(tape->format),
        .low_hz = opts->range_given ? opts->low_hz : fmax(tape->low_hz - half_hz, 0.0),
        .high_hz = opts->range_given ? opts->high_hz : tape->high_hz + half_hz,
        .mtu_samples = ls_flow_mtu(replay->flow)};
    replay->settings =
        (struct ls_replay_settings){.center_hz = ls_tape_center(replay->tape, 0),
                                    .bandwidth_hz = tape->rate_sps,
                                    .gain_db = {recorded_gain_db / 2.0, recorded_gain_db / 2.0}};
    ls_copy_text(replay->settings.antenna, LS_REPLAY_NAME_BYTES, ls_replay_antennas[0]);
    ls_copy_text(replay->settings.clock_source, LS_REPLAY_NAME_BYTES, ls_replay_clock_sources[0]);
    ls_copy_text(replay->settings.time_source, LS_REPLAY_NAME_BYTES, ls_replay_time_sources[0]);
    ls_flow_set_time_restarts(replay->flow, true);
    ls_flow_tune(replay->flow, 0, 0, replay->settings.center_hz);
}

int ls_replay_create(struct ls_replay **ret, const char *const *keys, const char *const *values,
                     size_t count, struct ls_err *err) {
    struct ls_replay *replay = calloc(1, sizeof *replay);
    if (replay == NULL || pthread_mutex_init(&replay->lock, NULL) != 0) {
        free(replay);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    int code = copy_texts(replay, keys, values, count, err);
    if (code == LS_OK) {
        code = ls_replay_options_parse(&replay->opts, (const char *const *)replay->texts,
                                       (const char *const *)replay->texts + count, count, err);
    }
    if (code == LS_OK && replay->opts.refuse != NULL) {
        code = ls_err_set(err, LS_ERR_DEVICE, "%s", replay->opts.refuse);
    }
    if (code == LS_OK) {
        code = make_parts(replay, err);
    }
    if (code != LS_OK) {
        ls_replay_destroy(replay);
        return code;
    }
    describe(replay);
    *ret = replay;
    return LS_OK;
}

void ls_replay_destroy(struct ls_replay *replay) {
    if (replay == NULL) {
        return;
    }
    ls_flow_destroy(replay->flow);
    ls_deeds_destroy(replay->deeds);
    ls_faults_destroy(replay->faults);
    ls_air_destroy(replay->air);
    ls_tape_destroy(replay->tape);
    for (size_t i = 0; i < replay->text_count; i++) {
        free(replay->texts[i]);
    }
    free(replay->texts);
    pthread_mutex_destroy(&replay->lock);
    free(replay);
}

const struct ls_replay_info *ls_replay_info(const struct ls_replay *replay) {
    return &replay->info;
}

int ls_replay_open(struct ls_replay *replay, struct ls_err *err) {
    pthread_mutex_lock(&replay->lock);
    int code = LS_OK;
    if (replay->open) {
        code = ls_err_set(err, LS_ERR_BUSY, "device busy: serial %s is open already",
                          replay->opts.serial);
    } else if (!ls_flow_open(replay->flow, ls_time_steady())) {
        code = ls_err_set(err, LS_ERR_NOTFOUND, "no match: serial %s is not plugged in",
                          replay->opts.serial);
    }
    replay->open = replay->open || code == LS_OK;
    pthread_mutex_unlock(&replay->lock);
    return code;
}

void ls_replay_close(struct ls_replay *replay) {
    pthread_mutex_lock(&replay->lock);
    ls_flow_close(replay->flow, ls_time_steady());
    replay->open = false;
    pthread_mutex_unlock(&replay->lock);
}

bool ls_replay_is_open(struct ls_replay *replay) {
    pthread_mutex_lock(&replay->lock);
    bool open = replay->open;
    pthread_mutex_unlock(&replay->lock);
    return open;
}

/* Where hardware time counts from, by the source chosen. */
static void set_epoch(struct ls_replay *replay) {
    const char *source = replay->settings.time_source;
    int64_t now_ns = ls_time_steady();
    bool internal = strcmp(source, ls_replay_time_sources[0]) == 0;
    int64_t epoch_ns = 0;
    if (strcmp(source, ls_replay_time_sources[1]) == 0) {
        epoch_ns = ls_tape_info(replay->tape)->start_ns;
    } else if (!internal) {
        epoch_ns = ls_time_now();
    }
    ls_flow_set_time(replay->flow, now_ns, epoch_ns);
    ls_flow_set_time_restarts(replay->flow, internal);
}

int ls_replay_start(struct ls_replay *replay, struct ls_err *err) {
    pthread_mutex_lock(&replay->lock);
    if (!replay->started) {
        set_epoch(replay);
        replay->started = true;
    }
    bool done = ls_flow_start(replay->flow, ls_time_steady());
    pthread_mutex_unlock(&replay->lock);
    return done ? LS_OK : ls_err_set(err, LS_ERR_DEVICE, "the device was lost");
}

void ls_replay_stop(struct ls_replay *replay) {
    pthread_mutex_lock(&replay->lock);
    ls_flow_stop(replay->flow, ls_time_steady());
    pthread_mutex_unlock(&replay->lock);
}

/* ls_time_steady is the monotonic clock. */
static void sleep_until(int64_t ns) {
    struct timespec until = {.tv_sec = (time_t)(ns / LS_NS_PER_S),
                             .tv_nsec = (long)(ns % LS_NS_PER_S)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR) {
    }
}

void ls_replay_read(struct ls_replay *replay, void *samples, size_t room, long timeout_us,
                    struct ls_replay_reading *ret) {
    int64_t timeout_ns = (int64_t)(timeout_us > 0 ? timeout_us : 0) * 1000;
    struct ls_flow_call call = {.samples = samples,
                                .room = room,
                                .timeout_ns = timeout_ns,
                                .deadline_ns = ls_time_steady() + timeout_ns};
    for (;;) {
        pthread_mutex_lock(&replay->lock);
        int64_t wake_ns = ls_flow_read(replay->flow, ls_time_steady(), &call, ret);
        pthread_mutex_unlock(&replay->lock);
        if (wake_ns == 0) {
            break;
        }
        sleep_until(wake_ns);
    }
    if (replay->opts.as_fast_as_read && ret->kind == LS_REPLAY_TIMEOUT) {
        sleep_until(ls_time_steady() + least_time_out_ns);
    }
}

struct ls_replay_settings ls_replay_settings_now(struct ls_replay *replay) {
    pthread_mutex_lock(&replay->lock);
    struct ls_replay_settings settings = replay->settings;
    pthread_mutex_unlock(&replay->lock);
    return settings;
}

void ls_replay_set(struct ls_replay *replay, const struct ls_replay_settings *settings) {
    pthread_mutex_lock(&replay->lock);
    double center_hz = replay->settings.center_hz;
    bool new_source = strcmp(settings->time_source, replay->settings.time_source) != 0;
    bool new_ppm = settings->ppm != replay->settings.ppm;
    replay->settings = *settings;
    replay->settings.center_hz = center_hz;
    double gain_db = settings->gain_db[0] + settings->gain_db[1] - recorded_gain_db;
    ls_flow_set_gain(replay->flow, settings->automatic_gain ? 0.0 : gain_db,
                     strcmp(settings->antenna, ls_replay_antennas[0]) == 0);
    if (new_ppm) {
        ls_flow_set_clock(replay->flow, ls_time_steady(), replay->opts.clock_ppm - settings->ppm);
    }
    if (new_source) {
        set_epoch(replay);
    }
    pthread_mutex_unlock(&replay->lock);
}

int ls_replay_tune(struct ls_replay *replay, double center_hz, struct ls_err *err) {
    if (!(center_hz >= replay->info.low_hz && center_hz <= replay->info.high_hz)) {
        return ls_err_set(err, LS_ERR_ARG, "%.0f Hz is beyond %.0f to %.0f Hz", center_hz,
                          replay->info.low_hz, replay->info.high_hz);
    }
    pthread_mutex_lock(&replay->lock);
    size_t reel = ls_tape_reel(replay->tape, center_hz);
    replay->settings.center_hz = reel == SIZE_MAX ? center_hz : ls_tape_center(replay->tape, reel);
    ls_flow_tune(replay->flow, ls_time_steady(), reel, replay->settings.center_hz);
    pthread_mutex_unlock(&replay->lock);
    return LS_OK;
}

int64_t ls_replay_time(struct ls_replay *replay) {
    pthread_mutex_lock(&replay->lock);
    int64_t t_ns = ls_flow_time(replay->flow, ls_time_steady());
    pthread_mutex_unlock(&replay->lock);
    return t_ns;
}

void ls_replay_set_time(struct ls_replay *replay, int64_t t_ns) {
    pthread_mutex_lock(&replay->lock);
    ls_flow_set_time(replay->flow, ls_time_steady(), t_ns);
    pthread_mutex_unlock(&replay->lock);
}

double ls_replay_gain_lost(struct ls_replay *replay) {
    pthread_mutex_lock(&replay->lock);
    double lost_db = ls_flow_gain_lost(replay->flow);
    pthread_mutex_unlock(&replay->lock);
    return lost_db;
}

double ls_replay_temperature(struct ls_replay *replay) {
    pthread_mutex_lock(&replay->lock);
    double degrees = ls_flow_temperature(replay->flow, usual_degrees);
    pthread_mutex_unlock(&replay->lock);
    return degrees;
}
