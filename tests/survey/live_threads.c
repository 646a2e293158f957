/* live_threads: a sensor on a receiver made up here, that hops, is lost, hangs and is told to
 * reload by another thread, while its rows are stored; a plain program, since Criterion does not
 * run under the thread sanitizer. Prints what is wrong and exits 1. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"
#include "base/util.h"
#include "survey/sensor.h"

enum { RATE = 200000, READ = 4000, LOST_READ = 120, HUNG_READ = 300 };

/* One receiver at a time listens; reads count over all of them. */
struct ls_receiver {
    struct ls_receiver_info info;
    uint64_t sample;
    uint64_t noise;
};

static atomic_uint reads;
static atomic_uint open_receivers;
static uint64_t taken; /* samples of receivers that are closed; by device threads in turn */

static void pause_ms(long ms) {
    const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

static int fake_open(struct ls_receiver **ret, const struct ls_receiver_opts *opts,
                     struct ls_err *err) {
    struct ls_receiver *receiver = calloc(1, sizeof *receiver);
    if (receiver == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    receiver->info = (struct ls_receiver_info){
        .driver = "made-up",
        .hardware = "",
        .tuning = {.center_hz = opts->center_hz, .rate_sps = RATE, .format = LS_FORMAT_CI16_LE},
        .antenna = "RX",
        .full_scale = 32768.0,
        .mtu_samples = READ,
        .hardware_time = true,
        .note = ""};
    receiver->sample = taken;
    receiver->noise = 1;
    atomic_fetch_add(&open_receivers, 1);
    *ret = receiver;
    return LS_OK;
}

static void fake_destroy(struct ls_receiver *receiver) {
    atomic_fetch_sub(&open_receivers, 1);
    free(receiver);
}

static const struct ls_receiver_info *fake_info(const struct ls_receiver *receiver) {
    return &receiver->info;
}

static int fake_start(struct ls_receiver *receiver, struct ls_err *err) {
    (void)receiver;
    (void)err;
    return LS_OK;
}

/* Noise, and a tone for half of the time. */
static void fake_read(struct ls_receiver *receiver, void *samples, size_t room, long timeout_us,
                      struct ls_reading *ret) {
    (void)timeout_us;
    unsigned read = atomic_fetch_add(&reads, 1);
    if (read == HUNG_READ) {
        pause_ms(1500);
    }
    if (read == LOST_READ || read == HUNG_READ) {
        ret->kind = LS_READING_LOST;
        ls_copy_text(ret->text, sizeof ret->text, "gone");
        return;
    }
    pause_ms(2);
    size_t count = room < READ ? room : READ;
    int16_t *out = samples;
    for (size_t i = 0; i < 2 * count; i++) {
        receiver->noise = receiver->noise * UINT64_C(6364136223846793005) + 1;
        out[i] = (int16_t)((int64_t)(receiver->noise >> 52) - 2048);
        bool tone = (receiver->sample + i / 2) / 20000 % 2 != 0;
        out[i] = (int16_t)(out[i] + (tone ? (i % 8 < 4 ? 3000 : -3000) : 0));
    }
    ret->kind = LS_READING_SAMPLES;
    ret->count = count;
    ret->timed = true;
    ret->t_hw_ns =
        INT64_C(1795000000000000000) + ls_time_of_samples(receiver->sample, (double)RATE);
    receiver->sample += count;
    taken = receiver->sample;
}

static int fake_tune(struct ls_receiver *receiver, double center_hz, double *ret_hz,
                     struct ls_err *err) {
    (void)err;
    receiver->info.tuning.center_hz = center_hz;
    *ret_hz = center_hz;
    return LS_OK;
}

static int fake_set_gain(struct ls_receiver *receiver, double db, double *ret_db,
                         struct ls_err *err) {
    (void)err;
    receiver->info.gain_db = db;
    *ret_db = db;
    return LS_OK;
}

static double fake_gain(struct ls_receiver *receiver) { return receiver->info.gain_db; }

static bool fake_sensor(struct ls_receiver *receiver, const char *name, double *ret_value) {
    (void)receiver;
    (void)name;
    *ret_value = 40.0;
    return true;
}

static const struct ls_sensor_device made_up = {.open = fake_open,
                                                .destroy = fake_destroy,
                                                .info = fake_info,
                                                .start = fake_start,
                                                .stop = fake_start,
                                                .read = fake_read,
                                                .tune = fake_tune,
                                                .set_gain = fake_set_gain,
                                                .gain = fake_gain,
                                                .sensor = fake_sensor};

struct watch {
    struct ls_sensor *sensor;
    struct ls_sensor_opts opts;
    struct ls_sensor_status last;
    atomic_int stop;
    size_t events;
    atomic_size_t commits;
    atomic_size_t blocks;
};

static void take_status(void *context, const struct ls_sensor_status *now) {
    struct watch *watch = context;
    watch->last = *now;
    if (atomic_load(&reads) > HUNG_READ + 300) {
        atomic_store(&watch->stop, 1);
    }
}

static void take_event(void *context, const struct ls_health *row) {
    struct watch *watch = context;
    (void)row;
    watch->events++;
}

static void take_block(void *context, const struct ls_block *block) {
    struct watch *watch = context;
    atomic_fetch_add(&watch->blocks, block->count > 0);
}

static int take_commit(void *context, struct ls_store *store, const struct ls_store_rows *rows,
                       struct ls_err *err) {
    struct watch *watch = context;
    (void)store;
    (void)rows;
    (void)err;
    atomic_fetch_add(&watch->commits, 1);
    return LS_OK;
}

/* Another thread than the one that runs it. */
static void *reload(void *context) {
    struct watch *watch = context;
    struct ls_err err = {0};
    for (int i = 0; i < 5; i++) {
        pause_ms(200);
        struct ls_sensor_opts opts = watch->opts;
        opts.receiver.gain_db = (double)i;
        opts.dwell_s = 0.2 + 0.1 * (double)i;
        if (ls_sensor_reload(watch->sensor, &opts, &err) != LS_OK) {
            fprintf(stderr, "reload: %s\n", err.text);
        }
    }
    return NULL;
}

static bool expect(bool holds, const char *claim) {
    if (!holds) {
        fprintf(stderr, "live_threads: not so: %s\n", claim);
    }
    return holds;
}

static bool check(const struct watch *watch, int code, const struct ls_err *err) {
    const struct ls_sensor_status *last = &watch->last;
    bool ok = expect(code == LS_OK, err->text);
    ok = expect(last->losses == 2, "a device was lost and one hung") && ok;
    ok = expect(last->unstored_rows == 0 && last->store_code == LS_OK, "all is stored") && ok;
    ok = expect(last->observed_s > 1.0 && last->retuning_s > 0.0, "it heard, and it hopped") && ok;
    ok = expect(last->run_id > 1, "reloads began new runs") && ok;
    ok = expect(watch->commits > 3 && watch->blocks > 10 && watch->events > 2, "callbacks") && ok;
    return expect(atomic_load(&open_receivers) == 0, "every receiver was closed") && ok;
}

int main(void) {
    static const double centers[] = {433e6, 434e6, 435e6};
    char folder[] = "/tmp/lineside-threads-XXXXXX";
    char path[64];
    if (mkdtemp(folder) == NULL) {
        return 1;
    }
    snprintf(path, sizeof path, "%s/x.db", folder);
    struct watch watch = {.opts = {.sensor = "km-1",
                                   .receiver = {.args = "made-up",
                                                .center_hz = 433e6,
                                                .rate_sps = RATE,
                                                .gain_given = true,
                                                .bias_tee = -1},
                                   .centers_hz = centers,
                                   .center_count = LS_COUNT(centers),
                                   .dwell_s = 0.3,
                                   .settle_s = 0.005,
                                   .threads = 2,
                                   .clock = LS_SENSOR_CLOCK_DEVICE,
                                   .wait_when_full = true,
                                   .call_deadline_s = 0.5,
                                   .reopen_least_s = 0.1,
                                   .database = path,
                                   .device = &made_up,
                                   .status = take_status,
                                   .event = take_event,
                                   .block = take_block,
                                   .committed = take_commit}};
    watch.opts.stop = &watch.stop;
    watch.opts.context = &watch;
    struct ls_err err = {0};
    int code = ls_sensor_create(&watch.sensor, &watch.opts, &err);
    pthread_t thread;
    bool ok = code == LS_OK && pthread_create(&thread, NULL, reload, &watch) == 0;
    if (ok) {
        code = ls_sensor_run(watch.sensor, &err);
        pthread_join(thread, NULL);
        ls_sensor_destroy(watch.sensor);
        ok = check(&watch, code, &err);
    }
    unlink(path);
    rmdir(folder);
    return ok ? 0 : 1;
}
