/* survey/sensor.h: a receiver that listens for months: readings become blocks, bursts,
 * transmissions and committed rows. The live half of src/survey: the same samples give the same
 * rows as survey/analyse.h.
 *
 * Threads, and what each owns:
 *   device   every call of the receiver, the timeline (survey/timeline.h), the schedule and the
 *            writing end of the ring. A call that does not come back by its deadline is left behind
 *            with its receiver; another device thread takes over.
 *   search   the reading end of the ring, the ledger, the search and its pool of threads.
 *   store    the database. The sample path never waits for it.
 *   caller   ls_sensor_run: watches the others and makes the callbacks, but for those that say
 *            otherwise. */
#ifndef SURVEY_SENSOR_H
#define SURVEY_SENSOR_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "hw/receiver.h"
#include "model/block.h"
#include "model/health.h"
#include "model/observation.h"
#include "model/plan.h"
#include "model/transmission.h"
#include "store/store.h"

struct ls_sensor;

/* What event times are taken from. */
enum ls_sensor_clock {
    LS_SENSOR_CLOCK_SYSTEM, /* the system clock; the sample clock is held against it slowly */
    LS_SENSOR_CLOCK_DEVICE  /* the device's time is UTC (a GPS in it, a replayed recording) */
};

/* The calls of hw/receiver.h, so that tests can put another receiver in its place. Every slot is
 * set; each as there. */
struct ls_sensor_device {
    int (*open)(struct ls_receiver **ret, const struct ls_receiver_opts *opts, struct ls_err *err);
    void (*destroy)(struct ls_receiver *receiver);
    const struct ls_receiver_info *(*info)(const struct ls_receiver *receiver);
    int (*start)(struct ls_receiver *receiver, struct ls_err *err);
    int (*stop)(struct ls_receiver *receiver, struct ls_err *err);
    void (*read)(struct ls_receiver *receiver, void *samples, size_t room, long timeout_us,
                 struct ls_reading *ret);
    int (*tune)(struct ls_receiver *receiver, double center_hz, double *ret_hz, struct ls_err *err);
    int (*set_gain)(struct ls_receiver *receiver, double db, double *ret_db, struct ls_err *err);
    double (*gain)(struct ls_receiver *receiver);
    bool (*sensor)(struct ls_receiver *receiver, const char *name, double *ret_value);
};

/* One moment of a running sensor. Totals count from the start of ls_sensor_run. */
struct ls_sensor_status {
    /* stream */
    bool listening;         /* samples came within the last second */
    bool waiting;           /* the device did not open, and is tried again */
    uint64_t samples;       /* taken from the device */
    uint64_t blocks;        /* that reached the search: > 0 means ready */
    int64_t last_sample_ns; /* steady clock, of the last samples searched: what a watchdog feeds
                               on; 0: none yet */
    uint64_t overflows;     /* readings of each kind */
    uint64_t timeouts;
    uint64_t time_jumps;
    uint64_t losses;         /* times the device was lost or hung */
    uint64_t dropped_blocks; /* for want of processor time: ring full */
    uint64_t dropped_samples;
    double ring_share; /* 0..1 of the ring in use */
    double observed_s; /* the ledger so far */
    double lost_s;
    double retuning_s;
    double off_s;
    /* receiver */
    struct ls_tuning tuning; /* present one, as read back */
    double gain_db;          /* as read back within the last 10 s */
    double temperature;      /* of the device, as it states it; NAN when it has no such sensor */
    double level_dbfs;       /* mean power of the last second; NAN without samples */
    double floor_dbfs;       /* noise in the whole band at the present tuning: level that half of
                                the channels stay below; NAN until learned */
    double clipped_share;    /* of the last second's samples */
    double skipped_share;    /* of the boxes of the run, that the budget of I/Q did not reach */
    /* clock */
    double clock_ppm;        /* sample clock against the reference: positive runs fast; NAN until
                                known */
    int64_t clock_offset_ns; /* reference minus event time, as last measured */
    int64_t clock_error_ns;  /* spread of that measurement */
    uint64_t clock_steps;    /* of the system clock */
    /* store */
    int64_t run_id;         /* 0: none */
    int64_t last_commit_ns; /* steady clock; 0: none yet */
    int store_code;         /* LS_OK, or why the last commit failed */
    size_t waiting_rows;    /* not committed yet */
    uint64_t stored_rows;
    uint64_t unstored_rows; /* counted and given up: the queue was full */
};

struct ls_sensor_opts {
    const char *sensor;               /* name of the sensor; required */
    const char *label;                /* classification of its rows; NULL: none */
    const char *calibration;          /* as model/calibration.h parses it; NULL: none */
    struct ls_receiver_opts receiver; /* required; center_hz is the only tuning when there are no
                                         centers_hz */
    /* survey plan */
    const double *centers_hz; /* tunings to hop over, all at receiver.rate_sps; NULL: stay */
    size_t center_count;
    double
        dwell_s; /* mean time at a tuning; each is random within 25 %; 0 means 10 s, at least 0.1 */
    double settle_s; /* samples of so long after a retune are not used; 0 means 20 ms */
    uint64_t seed;   /* of the random order and lengths of dwells */
    /* search */
    const struct ls_plan *plan; /* NULL: none. Held as long as it is used */
    size_t threads;             /* of the search, 1 to LS_THREADS_MAX; 0: one per processor */
    double channel_hz;          /* as in survey/analyse.h, so are the next four */
    size_t taps;
    double false_alarms_per_day;
    const double *spurs_hz;
    size_t spur_count;
    /* stream */
    enum ls_sensor_clock clock;
    size_t ring_bytes;      /* between device and search; 0: two seconds, 64 MiB at most */
    bool wait_when_full;    /* the device can wait (a replay faster than real time): hold it up
                               instead of dropping blocks */
    bool stop_when_lost;    /* end the run when the device is lost, instead of opening it again: the
                               end of a replay */
    double call_deadline_s; /* a device call that takes longer hangs; 0 means 10 s */
    double reopen_least_s;  /* first wait before a lost device is opened again, doubled each time; 0
                               means 1 s */
    double reopen_most_s;   /* 0 means 60 s */
    /* store */
    const char *database; /* path; NULL: nothing is stored */
    double commit_s;      /* between commits; 0 means 0.5 s, at most 1 */
    size_t queue_rows;    /* that wait while the database cannot be written; 0 means 200,000 */
    const struct ls_sensor_device *device; /* NULL: hw/receiver.h; borrowed */
    const atomic_int *stop; /* run ends well when not NULL and *stop != 0; looked at every 50 ms */
    /* Callbacks; NULL: none. Those of the caller's thread may call ls_sensor_reload. */
    void *context;
    /* Once a second, and at the start and end. Caller's thread. */
    void (*status)(void *context, const struct ls_sensor_status *now);
    /* Something happened: device lost, reopened, samples lost, clock step, store trouble, a retune
     * refused. Caller's thread, within 50 ms of it; events that come faster than they are taken are
     * merged by subject and counted in the text. id and sensor as for the store. */
    void (*event)(void *context, const struct ls_health *row);
    /* Every block before it is searched, as survey/ledger.h takes it: flags and dropped_before say
     * what was lost before it; t_ns is event time. Search thread: be quick, never block. */
    void (*block)(void *context, const struct ls_block *block);
    /* After each commit, with the rows that were in it (transmissions that still go on come again
     * and again with the same id and LS_BURST_CUT_STOP), and at least every commit_s while the
     * database can be written. Store thread: store is at rest and may be read and written here
     * (health rows, retention, patterns), in short transactions: rows wait meanwhile. An error is
     * an event, and the sensor goes on. */
    int (*committed)(void *context, struct ls_store *store, const struct ls_store_rows *rows,
                     struct ls_err *err);
};

/* Copies what opts points to, but for what says "borrowed". LS_ERR_ARG names what is out of range;
 * LS_ERR_NOMEM. The caller destroys *ret. */
int ls_sensor_create(struct ls_sensor **ret, const struct ls_sensor_opts *opts, struct ls_err *err);
void ls_sensor_destroy(struct ls_sensor *sensor);

/* Opens the database and the receiver, listens until told to stop, ends the block under way, closes
 * open bursts, commits and finishes the run. Errors are those of the first opening of the receiver
 * (hw/receiver.h) and of the database (store/store.h), LS_ERR_NOMEM, and what the store said when
 * rows could not be stored at the end. Once it listens, a lost device or a store that cannot be
 * written does not end it. Called once. */
int ls_sensor_run(struct ls_sensor *sensor, struct ls_err *err);

/* New settings for a running sensor, from any thread; they take effect within a block. No sample is
 * lost where the tuning stays: what changes rows (gain, tunings, plan, channels, budget, spurs)
 * begins a new run at the next sample; a receiver that must be set up anew is opened again (an
 * "off" row, cause "reload"). clock, ring, commits, queue, database, device and callbacks stay
 * those of create. LS_ERR_ARG, LS_ERR_NOMEM: nothing has changed. */
int ls_sensor_reload(struct ls_sensor *sensor, const struct ls_sensor_opts *opts,
                     struct ls_err *err);

#endif
