/* How fast rows go into a database, how large they are there, and how soon bounded queries answer:
 * store_bench ROWS [FOLDER]. One JSON object on stdout, with wall-clock and processor time; exit 1
 * when a figure is missed: 80,000 rows/s sustained, 180 bytes a row with indexes, 20 ms a query
 * with a time or a frequency bound. The verdict takes processor time, which other programs on the
 * machine change least: nothing here waits for anything but the disk.
 *
 * The rows are those of month.h, written in runs of at most a million. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"
#include "base/util.h"
#include "store/store.h"
#include "tests/evaluation/month.h"

static const size_t rows_of_a_run = 1000000;

static double cpu_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void fail(const char *what, const struct ls_err *err) {
    fprintf(stderr, "store_bench: %s: %s\n", what, err->text);
    exit(2);
}

static void write_run(struct ls_store *store, size_t first, size_t count, size_t rows) {
    struct ls_err err = {0};
    struct ls_run run = {.first_ns = month_start_ns, .last_ns = month_start_ns + 1};
    ls_copy_text(run.sensor, sizeof run.sensor, "km-12.4");
    ls_copy_text(run.verb, sizeof run.verb, "import");
    int64_t id;
    if (ls_store_begin_run(store, &run, &id, &id, &err) != LS_OK) {
        fail("begin", &err);
    }
    for (size_t i = first; i < first + count; i++) {
        struct ls_transmission row = month_row(i, rows);
        if (ls_store_add_transmission(store, &row, &err) != LS_OK) {
            fail("add", &err);
        }
        run.first_ns = i == first ? row.start_ns : run.first_ns;
        run.last_ns = row.start_ns + 1;
    }
    if (ls_store_finish_run(store, &run, &err) != LS_OK) {
        fail("finish", &err);
    }
}

static int count_row(void *context, const struct ls_transmission *row, struct ls_err *err) {
    (void)row;
    (void)err;
    ++*(size_t *)context;
    return LS_OK;
}

struct query {
    const char *name;
    double seconds; /* time bound, 0: none */
    double band_hz; /* frequency bound, 0: none */
    const char *class_name;
    size_t limit;
};

static const struct query queries[] = {
    {"one minute", 60.0, 0.0, NULL, 0},
    {"one minute, 1 MHz", 60.0, 1e6, NULL, 0},
    {"one hour, one channel", 3600.0, 12.5e3, NULL, 0},
    {"one day, one channel", 86400.0, 12.5e3, NULL, 0},
    {"one channel, first 100", 0.0, 12.5e3, NULL, 100},
    {"1 MHz, first 100", 0.0, 1e6, NULL, 100},
    {"one day, first 100", 86400.0, 0.0, NULL, 100},
    {"one day, 1 MHz, one class, first 100", 86400.0, 1e6, "tetra", 100},
    {"since, first 100", -1.0, 0.0, NULL, 100},
};

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

enum { REPEATS = 21 };

/* Median time of a query at random places, ms; and the mean of its processor time, which a busy
 * machine changes less. */
static double time_query(struct ls_store *store, const struct query *query, size_t *ret_rows,
                         double *ret_cpu_ms) {
    double ms[REPEATS];
    double cpu_before = cpu_ms();
    *ret_rows = 0;
    for (size_t i = 0; i < REPEATS; i++) {
        struct ls_filter filter = {.class_name = query->class_name, .limit = query->limit};
        filter.has_since = query->seconds != 0.0;
        filter.has_until = query->seconds > 0.0;
        filter.since_ns = month_start_ns + (int64_t)(0.9 * month_s * month_uniform() * 1e9);
        filter.until_ns = filter.since_ns + (int64_t)(query->seconds * 1e9);
        filter.has_freq = query->band_hz > 0.0;
        filter.low_hz = 401e6 + 12.5e3 * floor(3800.0 * month_uniform()) - 6e3;
        filter.high_hz = filter.low_hz + query->band_hz - 500.0;
        struct ls_err err = {0};
        size_t rows = 0;
        int64_t before = ls_time_steady();
        if (ls_store_each_transmission(store, &filter, count_row, &rows, &err) != LS_OK) {
            fail(query->name, &err);
        }
        ms[i] = (double)(ls_time_steady() - before) / 1e6;
        *ret_rows += rows;
    }
    *ret_rows /= REPEATS;
    *ret_cpu_ms = (cpu_ms() - cpu_before) / REPEATS;
    qsort(ms, REPEATS, sizeof ms[0], by_value);
    return ms[REPEATS / 2];
}

static double file_bytes(const char *path) {
    struct stat s;
    return stat(path, &s) == 0 ? (double)s.st_size : 0.0;
}

/* Rows a second; *ret_cpu: a second of processor time. */
static double fill(const char *path, size_t rows, double *ret_cpu) {
    double cpu_before = cpu_ms();
    struct ls_err err = {0};
    struct ls_store *store;
    int64_t before = ls_time_steady();
    if (ls_store_open(&store, path, LS_STORE_WRITE, &err) != LS_OK) {
        fail("open", &err);
    }
    for (size_t first = 0; first < rows; first += rows_of_a_run) {
        size_t count = rows - first < rows_of_a_run ? rows - first : rows_of_a_run;
        write_run(store, first, count, rows);
    }
    ls_store_close(store);
    *ret_cpu = (double)rows / ((cpu_ms() - cpu_before) / 1e3);
    return (double)rows / ((double)(ls_time_steady() - before) / 1e9);
}

/* Processor time of the slowest query, ms. */
static double run_queries(const char *path) {
    struct ls_err err = {0};
    struct ls_store *store;
    if (ls_store_open(&store, path, LS_STORE_READ, &err) != LS_OK) {
        fail("open", &err);
    }
    double worst = 0.0;
    for (size_t i = 0; i < LS_COUNT(queries); i++) {
        size_t found;
        double cpu;
        double ms = time_query(store, &queries[i], &found, &cpu);
        printf("\"%s\":{\"ms\":%.2f,\"cpu_ms\":%.2f,\"rows\":%zu},", queries[i].name, ms, cpu,
               found);
        worst = fmax(worst, cpu);
    }
    ls_store_close(store);
    return worst;
}

int main(int argc, char **argv) {
    size_t rows = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
    const char *top = argc > 2 ? argv[2] : getenv("TMPDIR");
    if (rows == 0) {
        fprintf(stderr, "usage: store_bench ROWS [FOLDER]\n");
        return 2;
    }
    char folder[256];
    char path[300];
    snprintf(folder, sizeof folder, "%s/store-bench-XXXXXX", top == NULL ? "/var/tmp" : top);
    if (mkdtemp(folder) == NULL) {
        perror(folder);
        return 2;
    }
    snprintf(path, sizeof path, "%s/lineside.db", folder);
    printf("{\"rows\":%zu,", rows);
    double cpu_rate;
    double rate = fill(path, rows, &cpu_rate);
    double bytes = file_bytes(path) / (double)rows;
    printf("\"rows_per_s\":%.0f,\"rows_per_cpu_s\":%.0f,\"bytes_per_row\":%.1f,", rate, cpu_rate,
           bytes);
    double worst = run_queries(path);
    printf("\"worst_query_cpu_ms\":%.2f}\n", worst);
    unlink(path);
    rmdir(folder);
    return cpu_rate >= 80e3 && bytes <= 180.0 && worst <= 20.0 ? 0 : 1;
}
