/* The caller's thread starts the others and watches: it makes the callbacks, takes over from a
 * device thread that hangs, and ends everything in the order of the samples: device, search, store.
 */
#include "survey/sensor.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/time.h"
#include "survey/board.h"
#include "survey/events.h"
#include "survey/feed.h"
#include "survey/live.h"
#include "survey/ring.h"
#include "survey/settings.h"
#include "survey/writer.h"

/* A slot holds a block of survey/intake.h where it can. */
static const double BLOCK_S = 0.05;

enum { SLOTS_LEAST = 8, SLOT_MOST_BYTES = 1 << 20, SLOT_LEAST_BYTES = 1 << 16, USUAL_BYTES = 4 };

static const int64_t WATCH_NS = LS_NS_PER_S / 20;
static const int64_t STATUS_NS = LS_NS_PER_S;

/* What waits for the database at the end. */
static const double STORE_PATIENCE_S = 5.0;

static const struct ls_sensor_device RECEIVER = {.open = ls_receiver_open,
                                                 .destroy = ls_receiver_destroy,
                                                 .info = ls_receiver_info,
                                                 .start = ls_receiver_start,
                                                 .stop = ls_receiver_stop,
                                                 .read = ls_receiver_read,
                                                 .tune = ls_receiver_tune,
                                                 .set_gain = ls_receiver_set_gain,
                                                 .gain = ls_receiver_gain,
                                                 .sensor = ls_receiver_sensor};

struct ls_sensor {
    struct ls_settings *settings; /* of create */
    struct ls_board board;
    struct ls_events *events;
    struct ls_ring *ring;
    struct ls_writer *writer;
    struct ls_live *live;
    struct ls_feed *feed;
    pthread_mutex_t lock; /* of feed, for a reload from another thread */
    int64_t status_ns;    /* steady clock: when the next one is due */
};

int ls_sensor_create(struct ls_sensor **ret, const struct ls_sensor_opts *opts,
                     struct ls_err *err) {
    struct ls_sensor_opts filled = *opts;
    if (filled.device == NULL) {
        filled.device = &RECEIVER;
    }
    struct ls_settings *settings;
    int code = ls_settings_create(&settings, &filled, err);
    if (code != LS_OK) {
        return code;
    }
    struct ls_sensor *sensor = calloc(1, sizeof *sensor);
    if (sensor == NULL) {
        ls_settings_drop(settings);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for a sensor");
    }
    sensor->settings = settings;
    ls_board_init(&sensor->board);
    pthread_mutex_init(&sensor->lock, NULL);
    *ret = sensor;
    return LS_OK;
}

void ls_sensor_destroy(struct ls_sensor *sensor) {
    if (sensor == NULL) {
        return;
    }
    ls_feed_destroy(sensor->feed);
    ls_live_destroy(sensor->live);
    ls_writer_destroy(sensor->writer);
    ls_ring_destroy(sensor->ring);
    ls_events_destroy(sensor->events);
    ls_settings_drop(sensor->settings);
    ls_board_finish(&sensor->board);
    pthread_mutex_destroy(&sensor->lock);
    free(sensor);
}

static const struct ls_sensor_opts *asked(const struct ls_sensor *sensor) {
    return ls_settings_opts(sensor->settings);
}

static int create_ring(struct ls_sensor *sensor, struct ls_err *err) {
    size_t bytes = asked(sensor)->ring_bytes;
    const struct ls_receiver_opts *receiver = &asked(sensor)->receiver;
    size_t sample = ls_format_bytes(receiver->format);
    double block = BLOCK_S * receiver->rate_sps * (double)(sample > 0 ? sample : USUAL_BYTES);
    size_t slot = SLOT_MOST_BYTES;
    while (slot > SLOT_LEAST_BYTES &&
           (bytes / slot < SLOTS_LEAST * 4 || (double)slot >= 2.0 * block)) {
        slot /= 2;
    }
    size_t slots = bytes / slot > SLOTS_LEAST ? bytes / slot : SLOTS_LEAST;
    return ls_ring_create(&sensor->ring, slots, slot, err);
}

static int start(struct ls_sensor *sensor, struct ls_err *err) {
    const struct ls_sensor_opts *o = asked(sensor);
    int code = ls_events_create(&sensor->events, o->sensor, err);
    if (code == LS_OK) {
        code = create_ring(sensor, err);
    }
    struct ls_writer_opts writer = {.database = o->database,
                                    .commit_s = o->commit_s,
                                    .queue_rows = o->queue_rows,
                                    .events = sensor->events,
                                    .committed = o->committed,
                                    .context = o->context};
    if (code == LS_OK) {
        code = ls_writer_create(&sensor->writer, &writer, err);
    }
    struct ls_live_opts live = {.settings = sensor->settings,
                                .ring = sensor->ring,
                                .writer = sensor->writer,
                                .events = sensor->events,
                                .board = &sensor->board};
    if (code == LS_OK) {
        code = ls_live_create(&sensor->live, &live, err);
    }
    struct ls_feed_opts feed = {.settings = sensor->settings,
                                .ring = sensor->ring,
                                .events = sensor->events,
                                .board = &sensor->board};
    if (code == LS_OK) {
        pthread_mutex_lock(&sensor->lock);
        code = ls_feed_create(&sensor->feed, &feed, err);
        pthread_mutex_unlock(&sensor->lock);
    }
    if (code != LS_OK && sensor->ring != NULL) {
        ls_ring_close(sensor->ring); /* the search thread may wait for it */
    }
    return code;
}

static void tell_events(struct ls_sensor *sensor) {
    const struct ls_sensor_opts *o = asked(sensor);
    struct ls_health row;
    while (ls_events_take(sensor->events, &row)) {
        if (o->event != NULL) {
            o->event(o->context, &row);
        }
    }
}

static void tell_status(struct ls_sensor *sensor) {
    const struct ls_sensor_opts *o = asked(sensor);
    int64_t now_ns = ls_time_steady();
    sensor->status_ns = now_ns + STATUS_NS;
    if (o->status == NULL) {
        return;
    }
    struct ls_writer_status stored;
    ls_writer_status(sensor->writer, &stored);
    double share = ls_ring_share(sensor->ring);
    pthread_mutex_lock(&sensor->board.lock);
    struct ls_sensor_status status = sensor->board.status;
    int64_t arrival_ns = sensor->board.last_arrival_ns;
    pthread_mutex_unlock(&sensor->board.lock);
    status.listening = arrival_ns != 0 && now_ns - arrival_ns < LS_NS_PER_S;
    status.ring_share = share;
    status.run_id = stored.run_id;
    status.last_commit_ns = stored.last_commit_ns;
    status.store_code = stored.code;
    status.waiting_rows = stored.waiting_rows;
    status.stored_rows = stored.stored_rows;
    status.unstored_rows = stored.unstored_rows;
    o->status(o->context, &status);
}

static void watch(struct ls_sensor *sensor) {
    const struct ls_sensor_opts *o = asked(sensor);
    tell_status(sensor);
    while (ls_feed_watch(sensor->feed)) {
        bool stop = (o->stop != NULL && *o->stop != 0) || ls_board_failed(&sensor->board, NULL);
        if (stop) {
            ls_feed_stop(sensor->feed);
        }
        tell_events(sensor);
        if (ls_time_steady() >= sensor->status_ns) {
            tell_status(sensor);
        }
        const struct timespec pause = {.tv_nsec = WATCH_NS};
        nanosleep(&pause, NULL);
    }
}

int ls_sensor_run(struct ls_sensor *sensor, struct ls_err *err) {
    int code = start(sensor, err);
    if (code != LS_OK) {
        return code;
    }
    watch(sensor);
    pthread_mutex_lock(&sensor->lock);
    ls_feed_destroy(sensor->feed);
    sensor->feed = NULL;
    pthread_mutex_unlock(&sensor->lock);
    ls_live_destroy(sensor->live);
    sensor->live = NULL;
    code = ls_writer_finish(sensor->writer, STORE_PATIENCE_S, err);
    tell_events(sensor);
    tell_status(sensor);
    struct ls_err failure;
    if (ls_board_failed(&sensor->board, &failure)) {
        return ls_err_set(err, failure.code, "%s", failure.text);
    }
    return code;
}

int ls_sensor_reload(struct ls_sensor *sensor, const struct ls_sensor_opts *opts,
                     struct ls_err *err) {
    const struct ls_sensor_opts *was = asked(sensor);
    struct ls_sensor_opts filled = *opts;
    filled.sensor = was->sensor;
    filled.clock = was->clock;
    filled.ring_bytes = was->ring_bytes;
    filled.commit_s = was->commit_s;
    filled.queue_rows = was->queue_rows;
    filled.database = was->database;
    filled.device = was->device;
    filled.stop = was->stop;
    filled.context = was->context;
    filled.status = was->status;
    filled.event = was->event;
    filled.block = was->block;
    filled.committed = was->committed;
    struct ls_settings *settings;
    int code = ls_settings_create(&settings, &filled, err);
    if (code != LS_OK) {
        return code;
    }
    pthread_mutex_lock(&sensor->lock);
    if (sensor->feed != NULL) {
        ls_feed_reload(sensor->feed, settings);
    }
    pthread_mutex_unlock(&sensor->lock);
    ls_settings_drop(settings);
    return LS_OK;
}
