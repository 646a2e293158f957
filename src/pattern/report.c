#include "pattern/report.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "pattern/kind.h"

enum { BENCH = 64 }; /* searches made at a time, each with a report of its own */

struct entry {
    struct ls_finding finding;
    int64_t *evidence; /* owned */
};

struct ls_report {
    struct entry **entries;
    size_t count;
    size_t capacity;
    const struct ls_kind *kind;
    size_t kind_first; /* entry of the kind under way */
    uint64_t unnamed;  /* searches of it without an entry */
};

int ls_report_create(struct ls_report **ret, struct ls_err *err) {
    struct ls_report *report = calloc(1, sizeof *report);
    if (report == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for a report of findings");
    }
    *ret = report;
    return LS_OK;
}

void ls_report_destroy(struct ls_report *report) {
    if (report == NULL) {
        return;
    }
    for (size_t i = 0; i < report->count; i++) {
        free(report->entries[i]->evidence);
        free(report->entries[i]);
    }
    free(report->entries);
    free(report);
}

void ls_report_begin(struct ls_report *report, const struct ls_kind *kind) {
    report->kind = kind;
    report->kind_first = report->count;
    report->unnamed = 0;
}

struct ls_finding ls_report_blank(const struct ls_report *report) {
    struct ls_finding finding = {
        .confirm_log10_p = (double)NAN, .company = (double)NAN, .version = report->kind->version};
    ls_copy_text(finding.kind, sizeof finding.kind, report->kind->id);
    return finding;
}

int ls_report_add(struct ls_report *report, const struct ls_finding *finding, struct ls_err *err) {
    assert(report->kind != NULL && finding->log10_p <= 0.0);
    struct entry *entry = malloc(sizeof *entry);
    size_t kept =
        finding->evidence_count < LS_EVIDENCE_MAX ? finding->evidence_count : LS_EVIDENCE_MAX;
    int64_t *evidence = malloc((kept + 1) * sizeof *evidence);
    if (entry == NULL || evidence == NULL ||
        ls_grow((void **)&report->entries, &report->capacity, report->count,
                sizeof *report->entries) != LS_OK) {
        free(entry);
        free(evidence);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for %zu findings", report->count);
    }
    if (kept > 0) {
        memcpy(evidence, finding->evidence, kept * sizeof *evidence);
    }
    *entry = (struct entry){.finding = *finding, .evidence = evidence};
    entry->finding.evidence = evidence;
    entry->finding.evidence_count = kept;
    report->entries[report->count++] = entry;
    return LS_OK;
}

void ls_report_count(struct ls_report *report, uint64_t searches) { report->unnamed += searches; }

/* The searches of the part follow those of the report, and leave the part empty. */
static int join(struct ls_report *report, struct ls_report *part, struct ls_err *err) {
    for (size_t i = 0; i < part->count; i++) {
        if (ls_grow((void **)&report->entries, &report->capacity, report->count,
                    sizeof *report->entries) != LS_OK) {
            /* What was taken over is no longer the part's. */
            memmove(part->entries, part->entries + i, (part->count - i) * sizeof *part->entries);
            part->count -= i;
            return ls_err_set(err, LS_ERR_NOMEM, "out of memory for %zu findings", report->count);
        }
        report->entries[report->count++] = part->entries[i];
    }
    report->unnamed += part->unnamed;
    part->count = 0;
    part->unnamed = 0;
    return LS_OK;
}

/* Searches that are made together. */
struct bench {
    const struct ls_report *report;
    ls_report_search *search;
    void *context;
    size_t from; /* the first of them */
    struct ls_report *part[BENCH];
    int code[BENCH];
    struct ls_err err[BENCH];
};

static void search_one(void *context, size_t index) {
    struct bench *bench = context;
    struct ls_err *err = &bench->err[index];
    bench->part[index] = NULL;
    int code = ls_report_create(&bench->part[index], err);
    if (code == LS_OK) {
        ls_report_begin(bench->part[index], bench->report->kind);
        code = bench->search(bench->context, bench->from + index, bench->part[index], err);
    }
    bench->code[index] = code;
}

static int search_bench(struct bench *bench, const struct ls_jobs *jobs, size_t count,
                        struct ls_report *report, struct ls_err *err) {
    int code = LS_OK;
    ls_jobs_run(jobs, search_one, bench, count);
    for (size_t i = 0; i < count; i++) {
        if (code == LS_OK && bench->code[i] != LS_OK) {
            code = ls_err_set(err, bench->code[i], "%s", bench->err[i].text);
        }
        code = code == LS_OK ? join(report, bench->part[i], err) : code;
        ls_report_destroy(bench->part[i]);
    }
    return code;
}

int ls_report_each(struct ls_report *report, const struct ls_jobs *jobs, ls_report_search *search,
                   void *context, size_t count, struct ls_err *err) {
    struct bench bench = {.report = report, .search = search, .context = context};
    int code = LS_OK;
    for (; code == LS_OK && bench.from < count; bench.from += BENCH) {
        size_t left = count - bench.from;
        code = search_bench(&bench, jobs, left < BENCH ? left : BENCH, report, err);
    }
    return code;
}

void ls_report_end(struct ls_report *report) {
    uint64_t searches = report->unnamed + (report->count - report->kind_first);
    double trials = 0.0;
    for (size_t i = report->kind_first; i < report->count; i++) {
        trials += report->entries[i]->finding.trials;
    }
    for (size_t i = report->kind_first; i < report->count; i++) {
        struct ls_finding *finding = &report->entries[i]->finding;
        finding->searches = searches;
        finding->trials = trials;
        finding->log10_p = ls_report_log10_any(finding->log10_p, (double)searches);
        finding->false_alarm_probability = pow(10.0, finding->log10_p);
        finding->reported = finding->reported && finding->log10_p <= -3.0;
    }
    report->kind = NULL;
}

size_t ls_report_size(const struct ls_report *report) {
    return report->kind == NULL ? report->count : report->kind_first;
}

const struct ls_finding *ls_report_at(const struct ls_report *report, size_t index) {
    assert(index < ls_report_size(report));
    return &report->entries[index]->finding;
}

double ls_report_log10_any(double log10_p, double count) {
    assert(log10_p <= 0.0 && count >= 1.0);
    double joint = log10_p + log10(count);
    if (joint < -8.0) { /* the difference to the product is below 1e-8 of it */
        return joint;
    }
    if (log10_p > -1e-12) {
        return 0.0;
    }
    return fmin(0.0, log10(-expm1(count * log1p(-pow(10.0, log10_p)))));
}
