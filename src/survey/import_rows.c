#include "survey/import_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

enum {
    SENSORS_MAX = 4096, /* more names than any network has: the key holds something else */
    /* A row that repeats one of about so many before it is noticed. Whatever a longer log repeats
     * farther apart the pattern engine leaves out, which reads rows in order. */
    SEEN = 1 << 20,
};

/* --- refused rows --- */

static bool same_reason(const char *a, const char *b) {
    size_t n = strcspn(a, ":");
    return strncmp(a, b, n) == 0 && (b[n] == ':' || b[n] == '\0');
}

void ls_import_rows_refuse(struct ls_import_rows *rows, const char *text, size_t number) {
    struct ls_import_result *result = rows->result;
    result->refused++;
    for (size_t i = 0; i < result->reason_count; i++) {
        if (same_reason(text, result->reasons[i].text)) {
            result->reasons[i].count++;
            return;
        }
    }
    if (result->reason_count < LS_IMPORT_REASONS) {
        struct ls_import_reason *reason = &result->reasons[result->reason_count++];
        ls_copy_text(reason->text, sizeof reason->text, text);
        reason->count = 1;
        reason->first_line = number;
    }
}

/* --- repeated rows --- */

/* FNV-1a (Fowler, Noll, Vo), 64 bits. */
static uint64_t digest(uint64_t hash, const void *bytes, size_t n) {
    const unsigned char *p = bytes;
    for (size_t i = 0; i < n; i++) {
        hash = (hash ^ p[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static uint64_t digest_row(const struct ls_transmission *row) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    const double values[] = {row->center_hz,  row->bandwidth_hz, row->snr_db,
                             row->level_dbfs, row->offset_hz,    (double)row->bursts};
    hash = digest(hash, row->sensor, strlen(row->sensor) + 1);
    hash = digest(hash, row->class_name, strlen(row->class_name) + 1);
    hash = digest(hash, &row->start_ns, sizeof row->start_ns);
    hash = digest(hash, &row->duration_ns, sizeof row->duration_ns);
    for (size_t i = 0; i < LS_COUNT(values); i++) {
        /* Every NAN is the same unknown. */
        double value = isnan(values[i]) ? HUGE_VAL : values[i];
        hash = digest(hash, &value, sizeof value);
    }
    return hash ^ hash >> 32 ^ (hash == 0);
}

static bool repeated(struct ls_import_rows *rows, const struct ls_transmission *row) {
    uint64_t hash = digest_row(row);
    uint64_t *place = &rows->seen[hash % SEEN];
    bool same = *place == hash;
    *place = hash;
    return same;
}

/* --- what the rows cover --- */

static struct ls_import_extent *find_extent(struct ls_import_rows *rows, const char *sensor) {
    for (size_t i = 0; i < rows->extent_count; i++) {
        if (strcmp(rows->extents[i].sensor, sensor) == 0) {
            return &rows->extents[i];
        }
    }
    void *extents = rows->extents;
    if (rows->extent_count == SENSORS_MAX ||
        ls_grow(&extents, &rows->extent_capacity, rows->extent_count, sizeof *rows->extents) !=
            LS_OK) {
        return NULL;
    }
    rows->extents = extents;
    struct ls_import_extent *extent = &rows->extents[rows->extent_count++];
    *extent = (struct ls_import_extent){.first_ns = INT64_MAX,
                                        .last_ns = INT64_MIN,
                                        .low_hz = (double)INFINITY,
                                        .high_hz = -(double)INFINITY,
                                        .row_ns = INT64_MIN};
    ls_copy_text(extent->sensor, sizeof extent->sensor, sensor);
    return extent;
}

static void widen(struct ls_import_extent *extent, int64_t first_ns, int64_t last_ns, double low_hz,
                  double high_hz) {
    extent->first_ns = first_ns < extent->first_ns ? first_ns : extent->first_ns;
    extent->last_ns = last_ns > extent->last_ns ? last_ns : extent->last_ns;
    extent->low_hz = fmin(extent->low_hz, low_hz);
    extent->high_hz = fmax(extent->high_hz, high_hz);
}

static const char *sensor_of(const struct ls_import_rows *rows, char sensor[LS_SENSOR_BYTES]) {
    if (sensor[0] == '\0') {
        ls_copy_text(sensor, LS_SENSOR_BYTES, rows->sensor);
    }
    return sensor;
}

static int take_transmission(struct ls_import_rows *rows, struct ls_transmission *row,
                             size_t number, struct ls_err *err) {
    struct ls_import_extent *extent = find_extent(rows, sensor_of(rows, row->sensor));
    if (extent == NULL) {
        ls_import_rows_refuse(rows, "key 'sensor' names too many sensors", number);
        return LS_OK;
    }
    if (repeated(rows, row)) {
        rows->result->repeated++;
        return LS_OK;
    }
    rows->result->backwards += row->start_ns < extent->row_ns;
    extent->row_ns = row->start_ns;
    widen(extent, row->start_ns, row->start_ns + row->duration_ns,
          row->center_hz - row->bandwidth_hz / 2.0, row->center_hz + row->bandwidth_hz / 2.0);
    rows->result->transmissions++;
    return ls_store_add_transmission(rows->store, row, err);
}

/* One receiver listens to one range once: two at a time are two receivers of one name, or one log
 * that was joined with itself. */
static bool overlap(const struct ls_observation *a, const struct ls_observation *b) {
    return a->start_ns < b->stop_ns && b->start_ns < a->stop_ns && a->low_hz < b->high_hz &&
           b->low_hz < a->high_hz;
}

static int take_observation(struct ls_import_rows *rows, struct ls_observation *row, size_t number,
                            struct ls_err *err) {
    struct ls_import_extent *extent = find_extent(rows, sensor_of(rows, row->sensor));
    if (extent == NULL) {
        ls_import_rows_refuse(rows, "key 'sensor' names too many sensors", number);
        return LS_OK;
    }
    bool again = extent->before.stop_ns != 0 && overlap(&extent->before, row);
    rows->result->overlaps += again;
    extent->before = *row;
    extent->observed = true;
    widen(extent, row->start_ns, row->stop_ns, row->low_hz, row->high_hz);
    rows->result->observations++;
    return ls_store_add_observation(rows->store, row, err);
}

/* Rows of a run have one label: that of its first row, when none was given. */
static bool take_label(struct ls_import_rows *rows, const struct ls_line *line) {
    char *label = rows->result->run.label;
    bool stored = line->kind == LS_LINE_TRANSMISSION || line->kind == LS_LINE_OBSERVATION;
    if (!stored || rows->label_given) {
        return true;
    }
    if (!rows->label_seen) {
        ls_copy_text(label, LS_LABEL_BYTES, line->label);
        rows->label_seen = true;
    }
    return strcmp(label, line->label) == 0;
}

int ls_import_rows_take(struct ls_import_rows *rows, struct ls_line *line, size_t number,
                        struct ls_err *err) {
    if (!take_label(rows, line)) {
        ls_import_rows_refuse(rows, "key 'label' is not that of the first row: give --label",
                              number);
        return LS_OK;
    }
    rows->nominal = rows->nominal || line->nominal;
    rows->result->run.no_clock = rows->result->run.no_clock || line->no_clock;
    switch (line->kind) {
    case LS_LINE_TRANSMISSION:
        return take_transmission(rows, &line->transmission, number, err);
    case LS_LINE_OBSERVATION:
        return take_observation(rows, &line->observation, number, err);
    case LS_LINE_BURST:
    case LS_LINE_OTHER:
        rows->result->left_out++;
        return LS_OK;
    }
    return LS_OK;
}

/* --- begin and end --- */

int ls_import_rows_init(struct ls_import_rows *rows, struct ls_store *store,
                        struct ls_import_result *result, const char *sensor, struct ls_err *err) {
    *rows = (struct ls_import_rows){.store = store, .result = result, .sensor = sensor};
    rows->seen = calloc(SEEN, sizeof *rows->seen);
    return rows->seen == NULL ? ls_err_set(err, LS_ERR_NOMEM, "out of memory") : LS_OK;
}

void ls_import_rows_finish(struct ls_import_rows *rows) {
    free(rows->seen);
    free(rows->extents);
}

static int make_observations(struct ls_import_rows *rows, struct ls_err *err) {
    int code = LS_OK;
    for (size_t i = 0; i < rows->extent_count && code == LS_OK; i++) {
        const struct ls_import_extent *extent = &rows->extents[i];
        if (extent->observed) {
            continue;
        }
        struct ls_observation row = {.state = LS_OBSERVED,
                                     .start_ns = extent->first_ns,
                                     .stop_ns = extent->last_ns,
                                     .low_hz = extent->low_hz,
                                     .high_hz = extent->high_hz,
                                     .rate_sps = (double)NAN};
        ls_copy_text(row.sensor, sizeof row.sensor, extent->sensor);
        code = ls_store_add_observation(rows->store, &row, err);
        rows->result->observations++;
        rows->made_observations = true;
    }
    return code;
}

static void add_note(const struct ls_import_rows *rows, bool wanted, size_t count,
                     const char *text) {
    char *note = rows->result->run.note;
    size_t size = sizeof rows->result->run.note;
    size_t used = strlen(note);
    if (!wanted || used + 1 >= size) {
        return;
    }
    int n = snprintf(note + used, size - used, "%s", used > 0 ? "; " : "");
    if (count > 0) {
        n += snprintf(note + used + n, size - used - (size_t)n, "%zu ", count);
    }
    ls_copy_text(note + used + n, size - used - (size_t)n, text);
}

static void write_note(const struct ls_import_rows *rows) {
    const struct ls_import_result *result = rows->result;
    char refused[48];
    snprintf(refused, sizeof refused, "of %zu lines refused", result->lines);
    rows->result->run.note[0] = '\0';
    add_note(rows, rows->made_observations, 0,
             "no observation lines: taken as listening without a break from first to last row");
    add_note(rows, rows->nominal, 0,
             "durations of 0.1 s and 100 kHz of bandwidth are nominal where the log has none");
    add_note(rows, result->run.no_clock, 0, "times count from the start of a recording");
    add_note(rows, result->overlaps > 0, result->overlaps,
             "observations overlap the one before: two sensors of one name?");
    add_note(rows, result->repeated > 0, result->repeated, "rows repeat another and are left out");
    add_note(rows, result->refused > 0, result->refused, refused);
}

static int refuse_empty(const struct ls_import_result *result, struct ls_err *err) {
    if (result->reason_count > 0) {
        return ls_err_set(err, LS_ERR_FORMAT, "no line can be used: line %zu: %s",
                          result->reasons[0].first_line, result->reasons[0].text);
    }
    return ls_err_set(err, LS_ERR_FORMAT, "no transmission or observation in %zu line%s",
                      result->lines, result->lines == 1 ? "" : "s");
}

int ls_import_rows_conclude(struct ls_import_rows *rows, struct ls_err *err) {
    struct ls_run *run = &rows->result->run;
    if (rows->extent_count == 0) {
        return refuse_empty(rows->result, err);
    }
    run->first_ns = INT64_MAX;
    run->last_ns = INT64_MIN;
    for (size_t i = 0; i < rows->extent_count; i++) {
        const struct ls_import_extent *extent = &rows->extents[i];
        run->first_ns = extent->first_ns < run->first_ns ? extent->first_ns : run->first_ns;
        run->last_ns = extent->last_ns > run->last_ns ? extent->last_ns : run->last_ns;
    }
    int code = make_observations(rows, err);
    run->incomplete = rows->result->refused > 0;
    write_note(rows);
    return code;
}
