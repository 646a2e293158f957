#include "report/material.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "report/sections.h"
#include "store/health.h"

struct reader {
    struct ls_material *material;
    bool found;
    size_t rooms[6];
};

/* The last element of a list, made room for; NULL and err when there is none. */
static void *more(void *list, size_t *count, size_t *room, size_t size, struct ls_err *err) {
    void **items = list;
    if (ls_grow(items, room, *count, size) != LS_OK) {
        ls_err_set(err, LS_ERR_NOMEM, "out of memory for a report");
        return NULL;
    }
    return (char *)*items + size * (*count)++;
}

static int64_t end_of(const struct ls_finding *finding) {
    return finding->stop_ns > finding->start_ns ? finding->stop_ns : finding->start_ns + 1;
}

/* --- rows of the store --- */

static int take_incident(void *context, const struct ls_incident *row, struct ls_err *err) {
    struct reader *reader = context;
    (void)err;
    reader->found = true;
    reader->material->incident = *row;
    reader->material->evidence_count = row->finding.evidence_count;
    reader->material->incident.finding.evidence = NULL;
    reader->material->incident.finding.evidence_count = 0;
    return LS_EOF;
}

static int take_row(void *context, const struct ls_transmission *row, struct ls_err *err) {
    struct reader *reader = context;
    struct ls_material *m = reader->material;
    void *items = m->rows;
    struct ls_transmission *place =
        more(&items, &m->row_count, &reader->rooms[0], sizeof *row, err);
    m->rows = items;
    if (place == NULL) {
        return LS_ERR_NOMEM;
    }
    *place = *row;
    return LS_OK;
}

static bool rests_on(const struct ls_material *m, const struct ls_run *run) {
    const struct ls_finding *finding = &m->incident.finding;
    for (size_t i = 0; i < m->row_count; i++) {
        if (m->rows[i].run_id == run->id) {
            return true;
        }
    }
    return strcmp(run->sensor, finding->sensor) == 0 && run->first_ns < end_of(finding) &&
           run->last_ns > finding->start_ns;
}

static int take_run(void *context, const struct ls_run *row, struct ls_err *err) {
    struct reader *reader = context;
    struct ls_material *m = reader->material;
    if (!rests_on(m, row)) {
        return LS_OK;
    }
    void *items = m->runs;
    struct ls_run *place = more(&items, &m->run_count, &reader->rooms[1], sizeof *row, err);
    m->runs = items;
    if (place == NULL) {
        return LS_ERR_NOMEM;
    }
    *place = *row;
    m->no_clock = m->no_clock || row->no_clock;
    return LS_OK;
}

static int take_permit(void *context, const struct ls_permit *row, struct ls_err *err) {
    struct reader *reader = context;
    struct ls_material *m = reader->material;
    const struct ls_finding *finding = &m->incident.finding;
    bool here = row->place[0] == '\0' || strcmp(row->place, finding->sensor) == 0;
    bool meets = row->low_hz <= finding->high_hz && row->high_hz >= finding->low_hz &&
                 row->since_ns < end_of(finding) && row->until_ns > finding->start_ns;
    if (!here || !meets) {
        return LS_OK;
    }
    void *items = m->permits;
    struct ls_permit *place = more(&items, &m->permit_count, &reader->rooms[2], sizeof *row, err);
    m->permits = items;
    if (place == NULL) {
        return LS_ERR_NOMEM;
    }
    *place = *row;
    return LS_OK;
}

static int take_growth(void *context, const struct ls_incident_growth *row, struct ls_err *err) {
    struct reader *reader = context;
    struct ls_material *m = reader->material;
    void *items = m->growth;
    struct ls_incident_growth *place =
        more(&items, &m->growth_count, &reader->rooms[3], sizeof *row, err);
    m->growth = items;
    if (place == NULL) {
        return LS_ERR_NOMEM;
    }
    *place = *row;
    return LS_OK;
}

static int take_pruning(void *context, const struct ls_pruning *row, struct ls_err *err) {
    struct reader *reader = context;
    struct ls_material *m = reader->material;
    void *items = m->prunings;
    struct ls_pruning *place = more(&items, &m->pruning_count, &reader->rooms[4], sizeof *row, err);
    m->prunings = items;
    if (place == NULL) {
        return LS_ERR_NOMEM;
    }
    *place = *row;
    return LS_OK;
}

static int take_health(void *context, const struct ls_health *row, struct ls_err *err) {
    struct reader *reader = context;
    struct ls_material *m = reader->material;
    ls_sections_reading(m->readings, &m->reading_count, row);
    if (row->level == LS_HEALTH_OK || m->health_count == LS_SECTIONS_HEALTH_MAX ||
        row->t_ns < m->incident.finding.start_ns) {
        return LS_OK;
    }
    void *items = m->health;
    struct ls_health *place = more(&items, &m->health_count, &reader->rooms[5], sizeof *row, err);
    m->health = items;
    if (place == NULL) {
        return LS_ERR_NOMEM;
    }
    *place = *row;
    return LS_OK;
}

/* --- the whole --- */

/* A sensor says how it is once an hour: what it said last before the incident holds for it. */
static int read_health(struct reader *reader, struct ls_store *store, struct ls_filter filter,
                       struct ls_err *err) {
    static const int64_t hour_ns = 3600 * LS_NS_PER_S;
    filter.since_ns -= filter.since_ns > INT64_MIN + hour_ns ? hour_ns : 0;
    return ls_store_each_health(store, &filter, take_health, reader, err);
}

static int read_hours(struct ls_material *m, struct ls_store *store, struct ls_err *err) {
    const struct ls_finding *finding = &m->incident.finding;
    struct ls_heat_opts opts = {.kind = LS_HEAT_HOURS,
                                .filter = {.since_ns = finding->start_ns,
                                           .until_ns = end_of(finding),
                                           .has_since = true,
                                           .has_until = true,
                                           .low_hz = finding->low_hz,
                                           .high_hz = finding->high_hz,
                                           .has_freq = true,
                                           .sensor = finding->sensor},
                                .no_clock = m->no_clock};
    if (opts.filter.until_ns - opts.filter.since_ns < LS_NS_PER_DAY) {
        return LS_OK;
    }
    int code = ls_heat_init(&m->hours, store, &opts, err);
    m->has_hours = code == LS_OK;
    return code == LS_ERR_NOTFOUND ? LS_OK : code;
}

static int read_context(struct reader *reader, struct ls_store *store, struct ls_err *err) {
    struct ls_material *m = reader->material;
    const struct ls_finding *finding = &m->incident.finding;
    struct ls_filter filter = {.since_ns = finding->start_ns,
                               .until_ns = end_of(finding),
                               .has_since = true,
                               .has_until = true,
                               .sensor = finding->sensor};
    struct ls_coverage_box box = {.sensor = finding->sensor,
                                  .start_ns = finding->start_ns,
                                  .stop_ns = end_of(finding),
                                  .low_hz = finding->low_hz,
                                  .high_hz = finding->high_hz};
    int code = ls_store_each_run(store, take_run, reader, err);
    if (code == LS_OK) {
        code = ls_store_each_permit(store, take_permit, reader, err);
    }
    if (code == LS_OK) {
        code = ls_store_each_growth(store, m->incident.id, take_growth, reader, err);
    }
    if (code == LS_OK) {
        code = ls_store_each_pruning(store, take_pruning, reader, err);
    }
    if (code == LS_OK) {
        code = read_health(reader, store, filter, err);
    }
    if (code == LS_OK) {
        code = read_hours(m, store, err);
    }
    return code == LS_OK ? ls_coverage_init(&m->coverage, store, &box, err) : code;
}

int ls_material_init(struct ls_material *ret, struct ls_store *store, int64_t incident_id,
                     struct ls_err *err) {
    struct ls_material material = {.evidence_count = 0};
    struct reader reader = {.material = &material};
    struct ls_incident_filter filter = {.id = incident_id};
    int code = ls_store_each_incident(store, &filter, take_incident, &reader, err);
    if (code == LS_OK && !reader.found) {
        return ls_err_set(err, LS_ERR_NOTFOUND,
                          "there is no incident %lld: see 'lineside incidents'",
                          (long long)incident_id);
    }
    if (code == LS_OK) {
        code = ls_store_each_evidence(store, incident_id, take_row, &reader, err);
    }
    if (code == LS_OK) {
        code = read_context(&reader, store, err);
    }
    if (code != LS_OK) {
        ls_material_finish(&material);
        return code;
    }
    *ret = material;
    return LS_OK;
}

void ls_material_finish(struct ls_material *material) {
    free(material->rows);
    free(material->runs);
    free(material->permits);
    free(material->growth);
    free(material->prunings);
    free(material->health);
    ls_heat_finish(&material->hours);
    ls_coverage_finish(&material->coverage);
}

struct ls_material_extent ls_material_rows_extent(const struct ls_material *material) {
    const struct ls_coverage *coverage = &material->coverage;
    struct ls_material_extent extent = {coverage->start_ns, coverage->stop_ns};
    double room = 0.15 * (double)(coverage->stop_ns - coverage->start_ns);
    int64_t first = coverage->stop_ns;
    int64_t last = coverage->start_ns;
    for (size_t i = 0; i < material->row_count; i++) {
        int64_t start = material->rows[i].start_ns;
        int64_t stop = start + material->rows[i].duration_ns;
        first = start < first ? start : first;
        last = stop > last ? stop : last;
    }
    if (material->row_count > 0 && (double)(first - coverage->start_ns) > room) {
        extent.start_ns = first;
    }
    if (material->row_count > 0 && (double)(coverage->stop_ns - last) > room) {
        extent.stop_ns = last;
    }
    return extent;
}

const struct ls_parameter *ls_material_period(const struct ls_material *material) {
    static const char *const names[] = {"period_s", "cadence_s", "revisit_s"};
    for (size_t i = 0; i < LS_COUNT(names); i++) {
        const struct ls_parameter *p = ls_finding_parameter(&material->incident.finding, names[i]);
        if (p != NULL && isfinite(p->value) && p->value > 0.0) {
            return p;
        }
    }
    return NULL;
}

bool ls_material_has_cycles(const struct ls_material *material) {
    const struct ls_parameter *period = ls_material_period(material);
    return period != NULL && strcmp(period->name, "revisit_s") != 0 && material->row_count > 1 &&
           ls_finding_parameter(&material->incident.finding, "units") == NULL;
}
