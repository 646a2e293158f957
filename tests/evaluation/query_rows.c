/* A database to ask: query_rows ROWS FILE. The first ROWS transmissions of a month of ten million
 * (month.h), a ledger of one row a minute, a row of health each ten minutes, and an incident for
 * each 5,000 transmissions with 100 of them as evidence. What an interrupted call has stored is
 * kept. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "store/health.h"
#include "store/patterns.h"
#include "tests/evaluation/month.h"

enum {
    MONTH_ROWS = 10000000,
    ROWS_OF_A_RUN = 1000000,
    ROWS_OF_AN_INCIDENT = 5000,
    EVIDENCE = 100,
    MINUTES = 30 * 1440
};

static void must(int code, const struct ls_err *err) {
    if (code != LS_OK) {
        fprintf(stderr, "query_rows: %s\n", err->text);
        exit(2);
    }
}

static void add_ledger(struct ls_store *store, size_t first, size_t count) {
    struct ls_err err = {0};
    size_t from = (size_t)((double)MINUTES * (double)first / MONTH_ROWS);
    size_t until = (size_t)((double)MINUTES * (double)(first + count) / MONTH_ROWS);
    for (size_t i = from; i < until; i++) {
        struct ls_observation row = {.start_ns = month_start_ns + (int64_t)i * 60 * LS_NS_PER_S,
                                     .low_hz = 400e6,
                                     .high_hz = 450e6,
                                     .rate_sps = 50e6,
                                     .samples = 3000000000};
        row.stop_ns = row.start_ns + 60 * LS_NS_PER_S;
        must(ls_store_add_observation(store, &row, &err), &err);
    }
}

static void add_run(struct ls_store *store, size_t first, size_t count) {
    struct ls_err err = {0};
    struct ls_run run = {.first_ns = month_start_ns, .last_ns = month_start_ns + 1};
    int64_t id;
    ls_copy_text(run.sensor, sizeof run.sensor, "km-12.4");
    ls_copy_text(run.verb, sizeof run.verb, "import");
    ls_copy_text(run.plan, sizeof run.plan, "eu/1");
    must(ls_store_begin_run(store, &run, &id, &id, &err), &err);
    for (size_t i = first; i < first + count; i++) {
        struct ls_transmission row = month_row(i, MONTH_ROWS);
        must(ls_store_add_transmission(store, &row, &err), &err);
        run.first_ns = i == first ? row.start_ns : run.first_ns;
        run.last_ns = row.start_ns + 1;
    }
    add_ledger(store, first, count);
    must(ls_store_finish_run(store, &run, &err), &err);
}

static void add_incidents(struct ls_store *store, size_t rows) {
    static const char *const kinds[] = {"periodic-telemetry", "scripted-cycle", "new-emitter"};
    struct ls_err err = {0};
    must(ls_store_begin_patterns(store, &err), &err);
    for (size_t i = 0; i < rows / ROWS_OF_AN_INCIDENT; i++) {
        int64_t evidence[EVIDENCE];
        struct ls_incident row = {.severity = (enum ls_severity)(1 + i % 3), .findings = 1};
        struct ls_finding *finding = &row.finding;
        double t_s = month_s * (double)i * ROWS_OF_AN_INCIDENT / MONTH_ROWS;
        for (size_t j = 0; j < EVIDENCE; j++) {
            evidence[j] = (int64_t)(i * ROWS_OF_AN_INCIDENT + j * 40 + 1);
        }
        ls_copy_text(finding->kind, sizeof finding->kind, kinds[i % LS_COUNT(kinds)]);
        ls_copy_text(finding->sensor, sizeof finding->sensor, "km-12.4");
        finding->version = 1;
        finding->log10_p = -5.0;
        finding->company = (double)NAN;
        finding->confirm_log10_p = (double)NAN;
        finding->start_ns = month_start_ns + ls_ns_from_seconds(t_s);
        finding->stop_ns = finding->start_ns + 1800 * LS_NS_PER_S;
        finding->low_hz = 400e6 + 12.5e3 * (double)(i % 4000);
        finding->high_hz = finding->low_hz + 12.5e3;
        finding->evidence = evidence;
        finding->evidence_count = EVIDENCE;
        must(ls_store_put_incident(store, &row, 1, &err), &err);
    }
    must(ls_store_finish_patterns(store, &err), &err);
}

static void add_health(struct ls_store *store) {
    struct ls_err err = {0};
    for (size_t i = 0; i < MINUTES / 10; i++) {
        struct ls_health row = {.t_ns = month_start_ns + (int64_t)i * 600 * LS_NS_PER_S,
                                .value = 1.0};
        ls_copy_text(row.sensor, sizeof row.sensor, "km-12.4");
        ls_copy_text(row.subject, sizeof row.subject, "clock");
        must(ls_store_add_health(store, &row, 1, &err), &err);
    }
}

static int count_run(void *context, const struct ls_run *run, struct ls_err *err) {
    (void)run;
    (void)err;
    *(size_t *)context += ROWS_OF_A_RUN;
    return LS_OK;
}

/* The rows that are stored, drawn once more so that those behind them are the same. */
static size_t skip_stored(struct ls_store *store) {
    struct ls_err err = {0};
    size_t stored = 0;
    must(ls_store_each_run(store, count_run, &stored, &err), &err);
    for (size_t i = 0; i < stored; i++) {
        month_row(i, MONTH_ROWS);
    }
    return stored;
}

int main(int argc, char **argv) {
    size_t rows = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
    struct ls_err err = {0};
    struct ls_store *store = NULL;
    if (rows == 0 || rows > MONTH_ROWS || argc < 3) {
        fprintf(stderr, "usage: query_rows ROWS FILE\n");
        return 2;
    }
    must(ls_store_open(&store, argv[2], LS_STORE_WRITE, &err), &err);
    for (size_t first = skip_stored(store); first < rows; first += ROWS_OF_A_RUN) {
        add_run(store, first, rows - first < ROWS_OF_A_RUN ? rows - first : ROWS_OF_A_RUN);
    }
    add_incidents(store, rows);
    add_health(store);
    ls_store_close(store);
    return 0;
}
