/* The thread belongs to a session: one receiver and a buffer to read into. What outlives it, the
 * stream (survey/intake.h), is used only by the session that owns it. */
#include "survey/feed.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/time.h"
#include "base/units.h"
#include "base/util.h"
#include "survey/intake.h"
#include "survey/warm_up.h"

enum { OWNS, CALLS, LEFT }; /* states of a session */

enum { SESSIONS_LEFT_MAX = 4, STAGING_MOST = 1 << 18, STAGING_LEAST = 1 << 12 };

static const long READ_TIMEOUT_US = 250000;
static const int64_t PAUSE_NS = LS_NS_PER_S / 20;
static const int64_t TICK_NS = LS_NS_PER_S / 2;
static const int64_t SENSOR_NS = 10 * LS_NS_PER_S;

/* Opening may load firmware. */
static const int64_t OPEN_DEADLINES = 6;

/* A device that has brought samples for so long is well, and is opened again at once. */
static const int64_t STEADY_NS = 10 * LS_NS_PER_S;

/* A device that brings nothing for longer is taken for lost. */
static const int64_t STALLED_NS = 5 * LS_NS_PER_S;

/* Calls that were left behind and have not come back; outlives the feed for their sake. */
struct stuck {
    atomic_int calls;
    atomic_int users;
};

struct session {
    struct ls_feed *feed; /* not to be touched once LEFT */
    struct stuck *stuck;
    const struct ls_sensor_device *device;
    struct ls_receiver *receiver;
    unsigned char *staging;
    size_t staging_samples;
    atomic_int state;
    atomic_int_least64_t deadline_ns; /* steady clock; of the call */
    pthread_t thread;
};

struct ls_feed {
    struct ls_feed_opts opts;
    struct ls_settings *settings; /* session */
    struct ls_intake *intake;     /* session */
    double reopen_s;              /* session: the next wait */
    bool reloading;               /* session: closed to be set up anew, and not lost */
    bool opened;                  /* session: once */
    int64_t opened_ns;            /* session: steady clock of the last opening */
    int64_t heard_ns;             /* session: of the last samples */
    int64_t sensor_ns;            /* session: when gain and temperature are asked for */
    atomic_int stop;
    atomic_int ended;
    struct stuck *stuck;
    struct session *session; /* watcher */
    size_t left;             /* watcher: sessions left behind */
    pthread_mutex_t lock;
    struct ls_settings *reloaded; /* under the lock; NULL: nothing new */
};

/* --- calls of the device --- */

static void begin_call(struct session *s, int64_t deadlines) {
    double deadline_s = ls_settings_opts(s->feed->settings)->call_deadline_s;
    atomic_store(&s->deadline_ns, ls_time_steady() + deadlines * ls_ns_from_seconds(deadline_s));
    atomic_store(&s->state, CALLS);
}

/* False: nobody waited, and this thread owns nothing but its session. */
static bool end_call(struct session *s) {
    int calls = CALLS;
    return atomic_compare_exchange_strong(&s->state, &calls, OWNS);
}

static bool close_receiver(struct session *s) {
    if (s->receiver == NULL) {
        return true;
    }
    begin_call(s, 1);
    s->device->stop(s->receiver, NULL);
    s->device->destroy(s->receiver);
    s->receiver = NULL;
    return end_call(s);
}

static void drop_stuck(struct stuck *stuck) {
    if (stuck != NULL && atomic_fetch_sub(&stuck->users, 1) == 1) {
        free(stuck);
    }
}

static void free_session(struct session *s) {
    if (s != NULL) {
        drop_stuck(s->stuck);
        free(s->staging);
        free(s);
    }
}

/* --- opening --- */

static void post_receiver(struct session *s, const struct ls_receiver_info *info) {
    struct ls_feed *feed = s->feed;
    const struct ls_sensor_opts *o = ls_settings_opts(feed->settings);
    struct ls_board *board = feed->opts.board;
    pthread_mutex_lock(&board->lock);
    snprintf(board->input, sizeof board->input, "%.300s%s%.150s", o->receiver.args,
             info->hardware[0] != '\0' ? " " : "", info->hardware);
    board->status.tuning = info->tuning;
    board->status.gain_db = info->gain_db;
    board->opened = true;
    pthread_mutex_unlock(&board->lock);
}

static int make_staging(struct session *s, const struct ls_receiver_info *info,
                        struct ls_err *err) {
    size_t samples = info->mtu_samples > STAGING_LEAST ? info->mtu_samples : STAGING_LEAST;
    samples = samples < STAGING_MOST ? samples : STAGING_MOST;
    free(s->staging);
    s->staging = malloc(samples * ls_format_bytes(info->tuning.format));
    s->staging_samples = samples;
    return s->staging != NULL
               ? LS_OK
               : ls_err_set(err, LS_ERR_NOMEM, "out of memory for %zu samples", samples);
}

/* LS_ERR_STOPPED: the session was left meanwhile. */
static int open_receiver(struct session *s, struct ls_err *err) {
    struct ls_feed *feed = s->feed;
    struct ls_receiver_opts opts = ls_settings_opts(feed->settings)->receiver;
    opts.center_hz = ls_intake_center_hz(feed->intake);
    struct ls_receiver *receiver = NULL;
    begin_call(s, OPEN_DEADLINES);
    int code = s->device->open(&receiver, &opts, err);
    s->receiver = code == LS_OK ? receiver : NULL;
    if (!end_call(s)) {
        return LS_ERR_STOPPED;
    }
    if (code == LS_OK) {
        ls_warm_up(ls_settings_opts(feed->settings), &s->device->info(receiver)->tuning);
        begin_call(s, 1);
        code = s->device->start(receiver, err);
        if (!end_call(s)) {
            return LS_ERR_STOPPED;
        }
    }
    if (code == LS_OK) {
        const struct ls_receiver_info *info = s->device->info(s->receiver);
        code = make_staging(s, info, err);
        if (code == LS_OK) {
            post_receiver(s, info);
            ls_intake_opened(feed->intake, info);
        }
    }
    if (code != LS_OK && !close_receiver(s)) {
        return LS_ERR_STOPPED;
    }
    return code;
}

/* While nothing can be read. False: it is time to stop. */
static bool pause_ticking(struct ls_feed *feed, double seconds) {
    int64_t until_ns = ls_time_steady() + ls_ns_from_seconds(seconds);
    int64_t tick_ns = 0;
    while (ls_time_steady() < until_ns && feed->stop == 0) {
        if (ls_time_steady() >= tick_ns) {
            ls_intake_tick(feed->intake, ls_time_steady());
            tick_ns = ls_time_steady() + TICK_NS;
        }
        const struct timespec pause = {.tv_nsec = PAUSE_NS};
        nanosleep(&pause, NULL);
    }
    return feed->stop == 0;
}

/* A receiver that was left behind may still hold the device. False: it is time to stop. */
static bool wait_for_stuck(struct session *s) {
    struct ls_feed *feed = s->feed;
    double deadline_s = ls_settings_opts(feed->settings)->call_deadline_s;
    int64_t until_ns = ls_time_steady() + OPEN_DEADLINES * ls_ns_from_seconds(deadline_s);
    while (atomic_load(&s->stuck->calls) > 0 && ls_time_steady() < until_ns) {
        if (!pause_ticking(feed, (double)TICK_NS / 1e9)) {
            return false;
        }
    }
    return true;
}

static void post_waiting(struct ls_feed *feed, bool waiting) {
    pthread_mutex_lock(&feed->opts.board->lock);
    feed->opts.board->status.waiting = waiting;
    pthread_mutex_unlock(&feed->opts.board->lock);
}

/* The present wait; the next one is longer. False: it is time to stop. */
static bool back_off(struct ls_feed *feed) {
    double wait_s = feed->reopen_s;
    feed->reopen_s = fmin(2.0 * wait_s, ls_settings_opts(feed->settings)->reopen_most_s);
    return pause_ticking(feed, wait_s);
}

/* A device that opens and soon fails again must not keep the machine, nor the log, busy. */
static bool rest(struct ls_feed *feed) {
    bool lasted = feed->heard_ns - feed->opened_ns >= STEADY_NS;
    return !feed->opened || feed->reloading || lasted || back_off(feed);
}

/* Opens until it succeeds. The first failure of the first opening is final. */
static int open_patiently(struct session *s) {
    struct ls_feed *feed = s->feed;
    if (!rest(feed)) {
        return LS_EOF;
    }
    feed->reloading = false;
    while (wait_for_stuck(s)) {
        struct ls_err err = {0};
        int code = open_receiver(s, &err);
        if (code == LS_OK || code == LS_ERR_STOPPED) {
            if (code == LS_OK && feed->opened) {
                ls_events_add(feed->opts.events, "receiver", LS_HEALTH_OK, (double)NAN, "",
                              "the receiver is open again");
            }
            feed->opened = feed->opened || code == LS_OK;
            feed->opened_ns = ls_time_steady();
            feed->heard_ns = feed->opened_ns;
            post_waiting(feed, false);
            return code;
        }
        if (!feed->opened) {
            ls_board_fail(feed->opts.board, &err);
            return code;
        }
        char wait[LS_UNIT_TEXT_BYTES];
        ls_seconds_format(feed->reopen_s, wait);
        post_waiting(feed, true);
        ls_events_add(feed->opts.events, "receiver", LS_HEALTH_FAIL, feed->reopen_s, "s",
                      "cannot open the receiver, next try in %s: %.90s", wait, err.text);
        if (!back_off(feed)) {
            return LS_EOF;
        }
    }
    return LS_EOF;
}

/* --- listening --- */

static void device_lost(struct ls_feed *feed, const char *cause, const char *text) {
    pthread_mutex_lock(&feed->opts.board->lock);
    feed->opts.board->status.losses++;
    pthread_mutex_unlock(&feed->opts.board->lock);
    ls_events_add(feed->opts.events, "receiver", LS_HEALTH_FAIL, (double)NAN, "",
                  "the receiver is lost (%s): %.100s", cause, text);
    ls_intake_lost(feed->intake, cause, ls_time_steady());
}

/* What follows one reading. */
enum next { GO_ON, REOPEN, END, GONE };

/* LOST, unless it came to bring samples. */
static enum next take_reading(struct session *s, const struct ls_reading *reading) {
    struct ls_feed *feed = s->feed;
    int64_t now_ns = ls_time_steady();
    switch (reading->kind) {
    case LS_READING_SAMPLES:
        feed->heard_ns = now_ns;
        feed->reopen_s = ls_settings_opts(feed->settings)->reopen_least_s;
        ls_intake_samples(feed->intake, reading, s->staging, &feed->stop);
        return GO_ON;
    case LS_READING_OVERFLOW:
        ls_intake_overflow(feed->intake);
        return GO_ON;
    case LS_READING_TIMEOUT:
        ls_intake_timeout(feed->intake);
        ls_intake_tick(feed->intake, now_ns);
        if (now_ns - feed->heard_ns < STALLED_NS) {
            return GO_ON;
        }
        device_lost(feed, "stalled", "no samples for 5 s");
        return REOPEN;
    case LS_READING_LOST:
        break;
    }
    device_lost(feed, "device-lost", reading->text);
    return ls_settings_opts(feed->settings)->stop_when_lost ? END : REOPEN;
}

static enum next hop(struct session *s) {
    struct ls_feed *feed = s->feed;
    double center_hz = ls_intake_leave(feed->intake);
    struct ls_err err = {0};
    double is_hz = center_hz;
    begin_call(s, 1);
    int code = s->device->tune(s->receiver, center_hz, &is_hz, &err);
    if (!end_call(s)) {
        return GONE;
    }
    if (code != LS_OK) {
        ls_events_add(feed->opts.events, "receiver", LS_HEALTH_WARN, center_hz, "Hz",
                      "a retune was refused: %.120s", err.text);
        is_hz = s->device->info(s->receiver)->tuning.center_hz;
    }
    ls_intake_tuned(feed->intake, is_hz, ls_time_steady());
    pthread_mutex_lock(&feed->opts.board->lock);
    feed->opts.board->status.tuning.center_hz = is_hz;
    pthread_mutex_unlock(&feed->opts.board->lock);
    return GO_ON;
}

/* What the device may change by itself. */
static enum next ask_device(struct session *s) {
    struct ls_feed *feed = s->feed;
    feed->sensor_ns = ls_time_steady() + SENSOR_NS;
    double value = (double)NAN;
    begin_call(s, 1);
    bool any = s->device->sensor(s->receiver, "temp", &value);
    double gain_db = s->device->gain(s->receiver);
    if (!end_call(s)) {
        return GONE;
    }
    pthread_mutex_lock(&feed->opts.board->lock);
    feed->opts.board->status.temperature = any ? value : (double)NAN;
    feed->opts.board->status.gain_db = gain_db;
    pthread_mutex_unlock(&feed->opts.board->lock);
    return GO_ON;
}

static enum next change_gain(struct session *s, const struct ls_sensor_opts *o) {
    struct ls_feed *feed = s->feed;
    double is_db = o->receiver.gain_db;
    struct ls_err err = {0};
    begin_call(s, 1);
    int code = s->device->set_gain(s->receiver, o->receiver.gain_db, &is_db, &err);
    if (!end_call(s)) {
        return GONE;
    }
    if (code != LS_OK) {
        ls_events_add(feed->opts.events, "gain", LS_HEALTH_WARN, o->receiver.gain_db, "dB", "%s",
                      err.text);
        return GO_ON;
    }
    pthread_mutex_lock(&feed->opts.board->lock);
    feed->opts.board->status.gain_db = is_db;
    pthread_mutex_unlock(&feed->opts.board->lock);
    return GO_ON;
}

static enum next take_reloaded(struct session *s) {
    struct ls_feed *feed = s->feed;
    pthread_mutex_lock(&feed->lock);
    struct ls_settings *settings = feed->reloaded;
    feed->reloaded = NULL;
    pthread_mutex_unlock(&feed->lock);
    if (settings == NULL) {
        return GO_ON;
    }
    struct ls_settings *old = feed->settings;
    const struct ls_receiver_opts *was = &ls_settings_opts(old)->receiver;
    const struct ls_receiver_opts *is = &ls_settings_opts(settings)->receiver;
    bool gain = is->gain_given && is->gain_db != was->gain_db;
    bool reopen = ls_settings_reopen(old, settings);
    feed->settings = settings;
    feed->reopen_s = ls_settings_opts(settings)->reopen_least_s;
    ls_intake_reload(feed->intake, settings, ls_settings_new_run(old, settings));
    ls_settings_drop(old);
    if (reopen) {
        feed->reloading = true;
        ls_intake_lost(feed->intake, "reload", ls_time_steady());
        return REOPEN;
    }
    return gain ? change_gain(s, ls_settings_opts(settings)) : GO_ON;
}

static enum next listen_once(struct session *s) {
    struct ls_feed *feed = s->feed;
    enum next next = take_reloaded(s);
    if (next == GO_ON && ls_time_steady() >= feed->sensor_ns) {
        next = ask_device(s);
    }
    if (next == GO_ON && ls_intake_dwell_over(feed->intake)) {
        next = hop(s);
    }
    if (next != GO_ON) {
        return next;
    }
    struct ls_reading reading = {0};
    begin_call(s, 1);
    s->device->read(s->receiver, s->staging, s->staging_samples, READ_TIMEOUT_US, &reading);
    if (!end_call(s)) {
        return GONE;
    }
    return take_reading(s, &reading);
}

static enum next listen(struct session *s) {
    enum next next = GO_ON;
    while (next == GO_ON && s->feed->stop == 0) {
        next = listen_once(s);
    }
    return next == GO_ON ? END : next;
}

/* Nothing of the feed is touched once this thread has been left. */
static void *work(void *context) {
    struct session *s = context;
    struct ls_feed *feed = s->feed;
    enum next next = REOPEN;
    while (next == REOPEN) {
        int code = close_receiver(s) ? open_patiently(s) : LS_ERR_STOPPED;
        if (code == LS_ERR_STOPPED) {
            next = GONE;
        } else {
            next = code == LS_OK ? listen(s) : END;
        }
    }
    if (next == END) {
        ls_intake_end(feed->intake);
        ls_ring_close(feed->opts.ring);
        if (close_receiver(s)) {
            atomic_store(&feed->ended, 1);
            return NULL; /* joined: the watcher frees the session */
        }
    } else if (s->receiver != NULL) {
        s->device->destroy(s->receiver);
    }
    atomic_fetch_sub(&s->stuck->calls, 1);
    free_session(s);
    return NULL;
}

/* --- watching --- */

static int start_session(struct ls_feed *feed, struct ls_err *err) {
    struct session *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for the receiver");
    }
    s->feed = feed;
    s->stuck = feed->stuck;
    atomic_fetch_add(&s->stuck->users, 1);
    s->device = ls_settings_opts(feed->settings)->device;
    atomic_init(&s->state, OWNS);
    atomic_init(&s->deadline_ns, 0);
    feed->session = s;
    if (pthread_create(&s->thread, NULL, work, s) != 0) {
        feed->session = NULL;
        free_session(s);
        return ls_err_set(err, LS_ERR_IO, "cannot start a thread for the receiver");
    }
    return LS_OK;
}

int ls_feed_create(struct ls_feed **ret, const struct ls_feed_opts *opts, struct ls_err *err) {
    struct ls_feed *feed = calloc(1, sizeof *feed);
    if (feed == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for the receiver");
    }
    feed->opts = *opts;
    feed->settings = ls_settings_hold(opts->settings);
    feed->reopen_s = ls_settings_opts(feed->settings)->reopen_least_s;
    pthread_mutex_init(&feed->lock, NULL);
    atomic_init(&feed->stop, 0);
    atomic_init(&feed->ended, 0);
    feed->stuck = calloc(1, sizeof *feed->stuck);
    if (feed->stuck == NULL) {
        ls_feed_destroy(feed);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for the receiver");
    }
    atomic_init(&feed->stuck->calls, 0);
    atomic_init(&feed->stuck->users, 1);
    struct ls_intake_opts intake = {.settings = feed->settings,
                                    .ring = opts->ring,
                                    .events = opts->events,
                                    .board = opts->board};
    int code = ls_intake_create(&feed->intake, &intake, err);
    if (code == LS_OK) {
        code = start_session(feed, err);
    }
    if (code != LS_OK) {
        ls_feed_destroy(feed);
        return code;
    }
    *ret = feed;
    return LS_OK;
}

/* The stream is nobody's now: end it, or go on with a new session. */
static void take_over(struct ls_feed *feed) {
    struct ls_err err = {0};
    if (feed->stop == 0 && feed->opened && feed->left < SESSIONS_LEFT_MAX) {
        device_lost(feed, "device-hung", "a call did not come back");
        if (start_session(feed, &err) == LS_OK) {
            return;
        }
    } else {
        ls_err_set(&err, LS_ERR_DEVICE,
                   "the receiver hangs: a call did not come back within its deadline; unplug it, "
                   "or look for its driver's messages");
    }
    if (feed->stop == 0) {
        ls_board_fail(feed->opts.board, &err);
    }
    if (!ls_intake_ended(feed->intake)) {
        ls_intake_end(feed->intake);
        ls_ring_close(feed->opts.ring);
    }
    atomic_store(&feed->ended, 1);
}

bool ls_feed_watch(struct ls_feed *feed) {
    struct session *s = feed->session;
    if (s == NULL || feed->ended != 0) {
        return false;
    }
    int calls = CALLS;
    if (atomic_load(&s->state) == CALLS && ls_time_steady() > atomic_load(&s->deadline_ns)) {
        pthread_t thread = s->thread;
        atomic_fetch_add(&feed->stuck->calls, 1);
        if (atomic_compare_exchange_strong(&s->state, &calls, LEFT)) {
            pthread_detach(thread);
            feed->session = NULL;
            feed->left++;
            take_over(feed);
        } else {
            atomic_fetch_sub(&feed->stuck->calls, 1); /* it came back just now */
        }
    }
    return feed->ended == 0;
}

void ls_feed_stop(struct ls_feed *feed) { atomic_store(&feed->stop, 1); }

void ls_feed_reload(struct ls_feed *feed, struct ls_settings *settings) {
    pthread_mutex_lock(&feed->lock);
    ls_settings_drop(feed->reloaded);
    feed->reloaded = ls_settings_hold(settings);
    pthread_mutex_unlock(&feed->lock);
}

void ls_feed_destroy(struct ls_feed *feed) {
    if (feed == NULL) {
        return;
    }
    ls_feed_stop(feed);
    while (ls_feed_watch(feed)) {
        const struct timespec pause = {.tv_nsec = PAUSE_NS / 10};
        nanosleep(&pause, NULL);
    }
    if (feed->session != NULL) {
        pthread_join(feed->session->thread, NULL);
        free_session(feed->session);
    }
    ls_intake_destroy(feed->intake);
    drop_stuck(feed->stuck);
    ls_settings_drop(feed->reloaded);
    ls_settings_drop(feed->settings);
    pthread_mutex_destroy(&feed->lock);
    free(feed);
}
