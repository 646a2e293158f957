/* live_run: a sensor without its service: live_run ARGS RATE CENTER [NAME=VALUE]... until the
 * device is lost, for so many seconds, or until SIGTERM. One JSON line a second on stdout (status)
 * and one for each event and commit. Names: db, sensor, clock (device|system), wait (1), once (1:
 * end when the device is lost), seconds, threads, centers (Hz, joined by '+'), dwell, settle, seed,
 * gain, ring (bytes), rows (of the queue), deadline and reopen (seconds), reload (seconds after
 * which the gain is set to 1 dB less). */
#include <math.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"
#include "base/util.h"
#include "model/burst.h"
#include "survey/schedule.h"
#include "survey/sensor.h"

static atomic_int stop;

static void on_signal(int signal) {
    (void)signal;
    stop = 1;
}

struct run {
    struct ls_sensor *sensor;
    struct ls_sensor_opts opts;
    double seconds;
    double reload_s;
    int64_t began_ns;
};

static double resident_mb(void) {
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%*d %ld", &pages) != 1) {
        pages = 0;
    }
    if (file != NULL) {
        fclose(file);
    }
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

static double cpu_s(void) {
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
           (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

static void print_number(const char *name, double value) {
    if (isfinite(value)) {
        printf(", \"%s\": %.9g", name, value);
    } else {
        printf(", \"%s\": null", name);
    }
}

static void print_status(void *context, const struct ls_sensor_status *now) {
    struct run *run = context;
    double elapsed_s = (double)(ls_time_steady() - run->began_ns) / 1e9;
    flockfile(stdout); /* commits are told by another thread */
    printf("{\"type\": \"status\"");
    print_number("elapsed_s", elapsed_s);
    print_number("cpu_s", cpu_s());
    print_number("resident_mb", resident_mb());
    print_number("samples", (double)now->samples);
    print_number("blocks", (double)now->blocks);
    print_number("overflows", (double)now->overflows);
    print_number("timeouts", (double)now->timeouts);
    print_number("time_jumps", (double)now->time_jumps);
    print_number("losses", (double)now->losses);
    print_number("dropped_blocks", (double)now->dropped_blocks);
    print_number("dropped_samples", (double)now->dropped_samples);
    print_number("ring_share", now->ring_share);
    print_number("observed_s", now->observed_s);
    print_number("lost_s", now->lost_s);
    print_number("retuning_s", now->retuning_s);
    print_number("off_s", now->off_s);
    print_number("center_hz", now->tuning.center_hz);
    print_number("gain_db", now->gain_db);
    print_number("temperature", now->temperature);
    print_number("level_dbfs", now->level_dbfs);
    print_number("floor_dbfs", now->floor_dbfs);
    print_number("clipped_share", now->clipped_share);
    print_number("clock_ppm", now->clock_ppm);
    print_number("clock_offset_s", (double)now->clock_offset_ns / 1e9);
    print_number("clock_error_s", (double)now->clock_error_ns / 1e9);
    print_number("clock_steps", (double)now->clock_steps);
    print_number("run", (double)now->run_id);
    print_number("store_code", now->store_code);
    print_number("waiting_rows", (double)now->waiting_rows);
    print_number("stored_rows", (double)now->stored_rows);
    print_number("unstored_rows", (double)now->unstored_rows);
    printf("}\n");
    fflush(stdout);
    funlockfile(stdout);
    if (run->seconds > 0.0 && elapsed_s >= run->seconds) {
        stop = 1;
    }
    if (run->reload_s > 0.0 && elapsed_s >= run->reload_s) {
        struct ls_err err = {0};
        run->reload_s = 0.0;
        run->opts.receiver.gain_db -= 1.0;
        if (ls_sensor_reload(run->sensor, &run->opts, &err) != LS_OK) {
            fprintf(stderr, "live_run: %s\n", err.text);
        }
    }
}

static void print_event(void *context, const struct ls_health *row) {
    struct run *run = context;
    char text[sizeof row->text];
    ls_copy_text(text, sizeof text, row->text);
    for (char *c = text; *c != '\0'; c++) {
        *c = *c == '"' || *c == '\\' ? '\'' : *c;
    }
    printf("{\"type\": \"event\", \"elapsed_s\": %.3f, \"subject\": \"%s\", \"level\": \"%s\", "
           "\"text\": \"%s\"}\n",
           (double)(ls_time_steady() - run->began_ns) / 1e9, row->subject,
           ls_health_level_name(row->level), text);
    fflush(stdout);
}

/* What is in the database for good: the last transmission that is over, and where the ledger ends.
 */
static int print_commit(void *context, struct ls_store *store, const struct ls_store_rows *rows,
                        struct ls_err *err) {
    (void)context;
    (void)store;
    (void)err;
    int64_t last = 0;
    for (size_t i = 0; i < rows->transmission_count; i++) {
        const struct ls_transmission *row = &rows->transmissions[i];
        last = row->id > last && (row->flags & LS_BURST_CUT_STOP) == 0 ? row->id : last;
    }
    size_t n = rows->observation_count;
    printf("{\"type\": \"commit\", \"transmission\": %lld, \"ledger_ns\": %lld}\n", (long long)last,
           (long long)(n > 0 ? rows->observations[n - 1].stop_ns : 0));
    fflush(stdout);
    return LS_OK;
}

static double centers[LS_SCHEDULE_MAX];

static void read_centers(struct ls_sensor_opts *opts, char *text) {
    opts->centers_hz = centers;
    for (char *next = text; *next != '\0' && opts->center_count < LS_SCHEDULE_MAX;) {
        centers[opts->center_count++] = strtod(next, &next);
        next += *next == '+';
    }
}

static bool read_option(struct run *run, const char *name, char *value) {
    struct ls_sensor_opts *o = &run->opts;
    double number = strtod(value, NULL);
    if (strcmp(name, "db") == 0) {
        o->database = value;
    } else if (strcmp(name, "sensor") == 0) {
        o->sensor = value;
    } else if (strcmp(name, "clock") == 0) {
        o->clock = strcmp(value, "device") == 0 ? LS_SENSOR_CLOCK_DEVICE : LS_SENSOR_CLOCK_SYSTEM;
        o->receiver.time_source = strcmp(value, "device") == 0 ? "recording" : NULL;
    } else if (strcmp(name, "wait") == 0) {
        o->wait_when_full = number != 0.0;
    } else if (strcmp(name, "once") == 0) {
        o->stop_when_lost = number != 0.0;
    } else if (strcmp(name, "seconds") == 0) {
        run->seconds = number;
    } else if (strcmp(name, "reload") == 0) {
        run->reload_s = number;
    } else if (strcmp(name, "threads") == 0) {
        o->threads = (size_t)number;
    } else if (strcmp(name, "centers") == 0) {
        read_centers(o, value);
    } else if (strcmp(name, "dwell") == 0) {
        o->dwell_s = number;
    } else if (strcmp(name, "settle") == 0) {
        o->settle_s = number;
    } else if (strcmp(name, "seed") == 0) {
        o->seed = (uint64_t)number;
    } else if (strcmp(name, "gain") == 0) {
        o->receiver.gain_given = true;
        o->receiver.gain_db = number;
    } else if (strcmp(name, "ring") == 0) {
        o->ring_bytes = (size_t)number;
    } else if (strcmp(name, "deadline") == 0) {
        o->call_deadline_s = number;
    } else if (strcmp(name, "reopen") == 0) {
        o->reopen_least_s = number;
    } else if (strcmp(name, "rows") == 0) {
        o->queue_rows = (size_t)number;
    } else {
        return false;
    }
    return true;
}

int main(int argc, char **argv) {
    struct run run = {.opts = {.sensor = "recording", .receiver = {.bias_tee = -1}}};
    if (argc < 4) {
        fprintf(stderr, "usage: live_run ARGS RATE CENTER [NAME=VALUE]...\n");
        return 2;
    }
    run.opts.receiver.args = argv[1];
    run.opts.receiver.rate_sps = strtod(argv[2], NULL);
    run.opts.receiver.center_hz = strtod(argv[3], NULL);
    for (int i = 4; i < argc; i++) {
        char *value = strchr(argv[i], '=');
        if (value != NULL) {
            *value++ = '\0';
        }
        if (value == NULL || !read_option(&run, argv[i], value)) {
            fprintf(stderr, "live_run: what is '%s'?\n", argv[i]);
            return 2;
        }
    }
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    run.opts.stop = &stop;
    run.opts.context = &run;
    run.opts.status = print_status;
    run.opts.event = print_event;
    run.opts.committed = print_commit;
    run.began_ns = ls_time_steady();
    struct ls_err err = {0};
    int code = ls_sensor_create(&run.sensor, &run.opts, &err);
    if (code == LS_OK) {
        code = ls_sensor_run(run.sensor, &err);
    }
    ls_sensor_destroy(run.sensor);
    if (code != LS_OK) {
        fprintf(stderr, "live_run: %s\n", err.text);
    }
    return code == LS_OK ? 0 : 1;
}
