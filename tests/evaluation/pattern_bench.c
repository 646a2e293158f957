/* What `lineside patterns` costs over a long log: pattern_bench ROWS [DAYS [hop]]. Makes a database
 * of a busy corridor in TMPDIR, searches it as the verb does, and prints one JSON object: processor
 * time in all and by the clock on the wall with two threads, as a multiple of the processor time to
 * read the rows alone, and the most memory; what the engine of emitters takes of it by itself, and
 * the question for all of them.
 *
 * 400 sources that talk at the same rate on the average: meters and posts by the clock, phones and
 * buttons at random by day, set-ups in storms when a train comes, calls of some minutes. With "hop"
 * the receiver turns between two bands each 10 s. */
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"
#include "base/util.h"
#include "detect/emitter.h"
#include "store/emitters.h"
#include "survey/patterns.h"

enum { SOURCES = 400, RUN_ROWS = 1000000, THREADS = 2 };
enum radio { METER, BUTTON, ACCESS, CALL };

static const int64_t begin_ns = INT64_C(1785542400) * INT64_C(1000000000); /* 2026-08-01 */

struct source {
    enum radio radio;
    double next_s;
    double mean_s;
    double center_hz;
    double length_s;
};

struct scene {
    struct source source[SOURCES];
    double days;
    bool hop;
    uint64_t random;
};

static double uniform(struct scene *scene) {
    scene->random = scene->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return ((double)(scene->random >> 11) + 0.5) * 0x1p-53;
}

static double cpu_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double wall_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void check(int code, const char *what, const struct ls_err *err) {
    if (code != LS_OK) {
        fprintf(stderr, "pattern_bench: %s: %s\n", what, err->text);
        exit(2);
    }
}

static void lay_out(struct scene *scene, double mean_s) {
    for (size_t i = 0; i < SOURCES; i++) {
        enum radio radio = i % 8 < 3 ? METER : i % 8 < 5 ? BUTTON : i % 8 < 6 ? ACCESS : CALL;
        scene->source[i] = (struct source){
            .radio = radio,
            .mean_s = mean_s * (0.5 + uniform(scene)),
            .next_s = mean_s * uniform(scene),
            .center_hz = (radio == ACCESS || radio == CALL ? 880e6 : 868e6) + 50e3 * (double)i,
            .length_s = radio == CALL     ? 60.0
                        : radio == ACCESS ? 0.3e-3
                                          : 0.02 + 0.1 * uniform(scene),
        };
    }
}

/* When the source talks again. */
static double wait_s(struct scene *scene, const struct source *source) {
    double u = uniform(scene);
    if (source->radio == METER) {
        double missed = uniform(scene) < 0.1 ? 2.0 : 1.0;
        return source->mean_s / 1.1 * missed + 0.02 * (u - 0.5) * source->mean_s;
    }
    if (source->radio == ACCESS) { /* seven at a time */
        return uniform(scene) < 6.0 / 7.0 ? 2.0 * u : -7.0 * source->mean_s * log(u);
    }
    double day = 1.0 + 0.8 * sin(2.0 * M_PI * source->next_s / 86400.0);
    return -source->mean_s * log(u) / (0.2 + 0.8 * day);
}

static struct ls_transmission make_row(struct scene *scene, struct source *source) {
    static const char *const names[] = {"fsk", "ook", "gsm-access", "gsm"};
    double length = source->length_s * (0.98 + 0.04 * uniform(scene));
    if (source->radio == CALL) {
        length = -source->length_s * log(uniform(scene));
    }
    struct ls_transmission row = {
        .start_ns = begin_ns + (int64_t)(source->next_s * 1e9),
        .duration_ns = 1 + (int64_t)(length * 1e9),
        .center_hz = source->center_hz + 200.0 * (uniform(scene) - 0.5),
        .bandwidth_hz = source->radio == ACCESS || source->radio == CALL ? 200e3 : 25e3,
        .snr_db = 20.0,
        .level_dbfs = -50.0 + 4.0 * uniform(scene),
        .offset_hz = (double)NAN,
        .bursts = 1,
        .on_s = (double)NAN,
        .burst_s = (double)NAN,
        .period_s = (double)NAN,
    };
    ls_copy_text(row.class_name, sizeof row.class_name, names[source->radio]);
    source->next_s += wait_s(scene, source);
    return row;
}

static struct source *earliest(struct scene *scene) {
    struct source *first = &scene->source[0];
    for (size_t i = 1; i < SOURCES; i++) {
        first = scene->source[i].next_s < first->next_s ? &scene->source[i] : first;
    }
    return first;
}

/* Half of a turn on each of two bands, or an hour on all of it. */
static void listen(const struct scene *scene, struct ls_store *store, double from_s, double to_s) {
    struct ls_err err = {0};
    double turn = scene->hop ? 10.0 : 3600.0;
    for (double t = ceil(from_s / turn) * turn; t < to_s; t += turn) {
        bool high = scene->hop && fmod(t / turn, 2.0) >= 1.0;
        struct ls_observation row = {.state = LS_OBSERVED,
                                     .start_ns = begin_ns + (int64_t)(t * 1e9),
                                     .stop_ns = begin_ns + (int64_t)((t + turn) * 1e9),
                                     .low_hz = high ? 876e6 : 860e6,
                                     .high_hz = scene->hop && !high ? 876e6 : 900e6};
        check(ls_store_add_observation(store, &row, &err), "add observation", &err);
    }
}

static void fill(struct scene *scene, struct ls_store *store, size_t rows) {
    struct ls_err err = {0};
    double from_s = 0.0;
    for (size_t done = 0; done < rows;) {
        struct ls_run run = {.first_ns = begin_ns + (int64_t)(from_s * 1e9)};
        ls_copy_text(run.sensor, sizeof run.sensor, "km-12.4");
        ls_copy_text(run.verb, sizeof run.verb, "import");
        int64_t id;
        check(ls_store_begin_run(store, &run, &id, &id, &err), "begin", &err);
        struct ls_transmission row = {.id = 0};
        for (size_t i = 0; i < RUN_ROWS && done < rows; i++, done++) {
            row = make_row(scene, earliest(scene));
            check(ls_store_add_transmission(store, &row, &err), "add", &err);
        }
        double to_s = (double)(row.start_ns - begin_ns) / 1e9;
        listen(scene, store, from_s, to_s);
        from_s = to_s;
        run.last_ns = row.start_ns + 1;
        check(ls_store_finish_run(store, &run, &err), "finish", &err);
    }
}

static int count_row(void *context, const struct ls_transmission *row, struct ls_err *err) {
    (void)row;
    (void)err;
    ++*(size_t *)context;
    return LS_OK;
}

/* --- emitters by themselves --- */

static int forget_link(void *context, const struct ls_tie *link, struct ls_err *err) {
    (void)context;
    (void)link;
    (void)err;
    return LS_OK;
}

static int forget_emitter(void *context, const struct ls_emitter *emitter, struct ls_err *err) {
    (void)context;
    (void)emitter;
    (void)err;
    return LS_OK;
}

static int forget_event(void *context, const struct ls_emitter_event *event, struct ls_err *err) {
    (void)context;
    (void)event;
    (void)err;
    return LS_OK;
}

static int associate_row(void *context, const struct ls_transmission *row, struct ls_err *err) {
    return ls_emitters_push(context, row, err);
}

static double allocated_mib(void) {
    struct mallinfo2 info = mallinfo2();
    return (double)(info.uordblks + info.hblkhd) / 0x1p20;
}

/* Processor time less that of reading, and memory. */
static void associate(struct ls_store *store, double read_s) {
    struct ls_err err = {0};
    static const struct ls_filter all = {.limit = 0};
    struct ls_emitters_opts opts = {
        .link = forget_link, .gone = forget_emitter, .event = forget_event};
    struct ls_emitters *emitters;
    double before_mib = allocated_mib();
    double begin = cpu_s();
    check(ls_emitters_create(&emitters, &opts, &err), "emitters", &err);
    check(ls_store_each_transmission(store, &all, associate_row, emitters, &err), "read", &err);
    printf("{\"emitters\":%lld,\"emitters_cpu_s\":%.1f,\"emitters_mib\":%.1f,",
           (long long)ls_emitters_count(emitters), cpu_s() - begin - read_s,
           allocated_mib() - before_mib);
    ls_emitters_destroy(emitters);
}

static int count_emitter(void *context, const struct ls_emitter *emitter, struct ls_err *err) {
    (void)emitter;
    (void)err;
    ++*(size_t *)context;
    return LS_OK;
}

static void ask_emitters(struct ls_store *store) {
    struct ls_err err = {0};
    static const struct ls_filter all = {.limit = 0};
    size_t told = 0;
    double begin = cpu_s();
    check(ls_store_each_emitter(store, &all, 0, count_emitter, &told, &err), "ask", &err);
    printf("\"emitters_told\":%zu,\"emitters_told_ms\":%.1f,", told, 1e3 * (cpu_s() - begin));
}

/* --- the search --- */

static void search(const char *path) {
    struct ls_err err = {0};
    struct ls_store *store;
    struct ls_patterns_opts opts = {.fresh = true, .threads = THREADS};
    struct ls_patterns_result result;
    struct rusage use;
    static const struct ls_filter all = {.limit = 0};
    size_t read = 0;
    check(ls_store_open(&store, path, LS_STORE_WRITE, &err), "open", &err);
    double begin = cpu_s();
    check(ls_store_each_transmission(store, &all, count_row, &read, &err), "read", &err);
    double read_s = cpu_s() - begin;
    associate(store, read_s);
    double middle = cpu_s();
    double wall = wall_s();
    check(ls_patterns_run(store, &opts, &result, &err), "search", &err);
    double search_s = cpu_s() - middle;
    wall = wall_s() - wall;
    ask_emitters(store);
    ls_store_close(store);
    getrusage(RUSAGE_SELF, &use);
    printf("\"rows\":%zu,\"read_cpu_s\":%.1f,\"patterns_cpu_s\":%.1f,\"patterns_wall_s\":%.1f,"
           "\"times_read\":%.2f,\"max_mib\":%.0f,\"searches\":%llu,\"reported\":%llu}\n",
           read, read_s, search_s, wall, search_s / read_s, (double)use.ru_maxrss / 1024.0,
           (unsigned long long)result.searches, (unsigned long long)result.reported);
}

int main(int argc, char **argv) {
    size_t rows = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
    if (rows == 0) {
        fprintf(stderr, "usage: pattern_bench ROWS [DAYS [hop]]\n");
        return 2;
    }
    const char *top = getenv("TMPDIR");
    char folder[256];
    char path[300];
    struct ls_err err = {0};
    struct ls_store *store;
    snprintf(folder, sizeof folder, "%s/pattern-bench-XXXXXX", top == NULL ? "/var/tmp" : top);
    if (mkdtemp(folder) == NULL) {
        perror(folder);
        return 2;
    }
    snprintf(path, sizeof path, "%s/lineside.db", folder);
    struct scene *scene = calloc(1, sizeof *scene);
    if (scene == NULL) {
        return 2;
    }
    scene->days = argc > 2 ? strtod(argv[2], NULL) : 90.0;
    scene->hop = argc > 3;
    lay_out(scene, scene->days * 86400.0 * SOURCES / (double)rows);
    check(ls_store_open(&store, path, LS_STORE_WRITE, &err), "open", &err);
    fill(scene, store, rows);
    ls_store_close(store);
    free(scene);
    search(path);
    unlink(path);
    rmdir(folder);
    return 0;
}
