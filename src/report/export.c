#include "report/export.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "model/line.h"
#include "report/export_walk.h"

/* --- labels of runs --- */

struct label {
    int64_t run_id;
    char text[LS_LABEL_BYTES];
};

struct labels {
    struct label *rows; /* by run_id, those of runs that have one */
    size_t count;
    size_t room;
};

static int take_label(void *context, const struct ls_run *run, struct ls_err *err) {
    struct labels *labels = context;
    if (run->label[0] == '\0') {
        return LS_OK;
    }
    void *items = labels->rows;
    if (ls_grow(&items, &labels->room, labels->count, sizeof *labels->rows) != LS_OK) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    labels->rows = items;
    struct label *label = &labels->rows[labels->count++];
    label->run_id = run->id;
    ls_copy_text(label->text, sizeof label->text, run->label);
    return LS_OK;
}

static int by_run(const void *a, const void *b) {
    int64_t x = ((const struct label *)a)->run_id;
    int64_t y = ((const struct label *)b)->run_id;
    return (x > y) - (x < y);
}

static const char *label_of(const struct labels *labels, int64_t run_id) {
    struct label key = {.run_id = run_id};
    const struct label *found = labels->count == 0 ? NULL
                                                   : bsearch(&key, labels->rows, labels->count,
                                                             sizeof *labels->rows, by_run);
    return found == NULL ? "" : found->text;
}

int ls_export_labelled(struct ls_store *store, bool *ret, struct ls_err *err) {
    struct labels labels = {.count = 0};
    int code = ls_store_each_run(store, take_label, &labels, err);
    *ret = labels.count > 0;
    free(labels.rows);
    return code;
}

/* --- rows --- */

struct walk {
    const struct ls_export_opts *opts;
    const struct ls_export_sink *sink;
    void *context;
    struct labels labels;
    size_t rows;
};

static bool wanted(const struct walk *walk, int64_t run_id) {
    return walk->opts->keep == NULL || walk->opts->keep(walk->opts->keep_context, run_id);
}

/* Only rows that are written count, so the limit is kept here and not by the store. */
static bool enough(const struct walk *walk) {
    size_t limit = walk->opts->filter.limit;
    return limit > 0 && walk->rows == limit;
}

static int each_transmission(void *context, const struct ls_transmission *row, struct ls_err *err) {
    struct walk *walk = context;
    if (!wanted(walk, row->run_id)) {
        return LS_OK;
    }
    if (enough(walk)) {
        return LS_EOF;
    }
    walk->rows++;
    return walk->sink->transmission(walk->context, row, label_of(&walk->labels, row->run_id), err);
}

static int each_observation(void *context, const struct ls_observation *row, struct ls_err *err) {
    struct walk *walk = context;
    bool told = row->state == LS_OBSERVED || walk->opts->whole;
    if (!told || !wanted(walk, row->run_id)) {
        return LS_OK;
    }
    if (enough(walk)) {
        return LS_EOF;
    }
    walk->rows++;
    return walk->sink->observation(walk->context, row, label_of(&walk->labels, row->run_id), err);
}

static int each_incident(void *context, const struct ls_incident *row, struct ls_err *err) {
    struct walk *walk = context;
    if (enough(walk)) {
        return LS_EOF;
    }
    walk->rows++;
    return walk->sink->incident(walk->context, row, err);
}

static int each_emitter(void *context, const struct ls_emitter *row, struct ls_err *err) {
    struct walk *walk = context;
    if (enough(walk)) {
        return LS_EOF;
    }
    walk->rows++;
    return walk->sink->emitter(walk->context, row, err);
}

static int walk_rows(struct ls_store *store, const struct ls_filter *filter, struct walk *walk,
                     struct ls_err *err) {
    struct ls_incident_filter incidents = {
        .rows = *filter, .kind = walk->opts->kind, .min_severity = walk->opts->min_severity};
    switch (walk->opts->what) {
    case LS_EXPORT_TRANSMISSIONS:
        return ls_store_each_transmission(store, filter, each_transmission, walk, err);
    case LS_EXPORT_OBSERVATIONS:
        return ls_store_each_observation(store, filter, each_observation, walk, err);
    case LS_EXPORT_INCIDENTS:
        return ls_store_each_incident(store, &incidents, each_incident, walk, err);
    case LS_EXPORT_EMITTERS:
        return ls_store_each_emitter(store, filter, 0, each_emitter, walk, err);
    }
    return LS_OK;
}

int ls_export_walk(struct ls_store *store, const struct ls_export_opts *opts,
                   const struct ls_export_sink *sink, void *context, size_t *ret_rows,
                   struct ls_err *err) {
    struct walk walk = {.opts = opts, .sink = sink, .context = context};
    struct ls_filter filter = opts->filter;
    filter.limit = 0;
    int code = ls_store_each_run(store, take_label, &walk.labels, err);
    if (code == LS_OK && walk.labels.count > 1) {
        qsort(walk.labels.rows, walk.labels.count, sizeof *walk.labels.rows, by_run);
    }
    if (code == LS_OK) {
        code = walk_rows(store, &filter, &walk, err);
        code = code == LS_EOF ? LS_OK : code;
    }
    free(walk.labels.rows);
    if (code == LS_OK) {
        *ret_rows = walk.rows;
    }
    return code;
}

/* --- JSON lines --- */

struct lines {
    FILE *out;
    bool whole;
};

static int line_transmission(void *context, const struct ls_transmission *row, const char *label,
                             struct ls_err *err) {
    const struct lines *lines = context;
    (void)err;
    return lines->whole ? ls_line_write_stored_transmission(lines->out, row, label)
                        : ls_line_write_labelled_transmission(lines->out, row, label);
}

static int line_observation(void *context, const struct ls_observation *row, const char *label,
                            struct ls_err *err) {
    const struct lines *lines = context;
    (void)err;
    return ls_line_write_labelled_observation(lines->out, row, label);
}

static int line_incident(void *context, const struct ls_incident *row, struct ls_err *err) {
    const struct lines *lines = context;
    (void)err;
    return ls_line_write_incident(lines->out, row);
}

static int line_emitter(void *context, const struct ls_emitter *row, struct ls_err *err) {
    const struct lines *lines = context;
    (void)err;
    return ls_line_write_emitter(lines->out, row);
}

int ls_export_jsonl(struct ls_store *store, const struct ls_export_opts *opts, FILE *out,
                    size_t *ret_rows, struct ls_err *err) {
    static const struct ls_export_sink sink = {.transmission = line_transmission,
                                               .observation = line_observation,
                                               .incident = line_incident,
                                               .emitter = line_emitter};
    struct lines lines = {.out = out, .whole = opts->whole};
    return ls_export_walk(store, opts, &sink, &lines, ret_rows, err);
}

/* --- all forms --- */

int ls_export(struct ls_store *store, const struct ls_export_opts *opts, FILE *out,
              size_t *ret_rows, struct ls_err *err) {
    static ls_export_form *const forms[] = {[LS_EXPORT_JSONL] = ls_export_jsonl,
                                            [LS_EXPORT_CSV] = ls_export_csv,
                                            [LS_EXPORT_GEOJSON] = ls_export_geojson,
                                            [LS_EXPORT_SIGMF] = ls_export_sigmf};
    size_t rows;
    int code = forms[opts->format](store, opts, out, &rows, err);
    if (ferror(out) || (code == LS_OK && fflush(out) != 0)) {
        int e = errno;
        code = ls_err_code_from_errno(e);
        return ls_err_set(err, code == LS_ERR_FULL ? LS_ERR_FULL : LS_ERR_IO,
                          "cannot write rows: %s", strerror(e));
    }
    if (code == LS_OK) {
        *ret_rows = rows;
    }
    return code;
}

/* --- names --- */

static bool find_name(const char *name, const char *const *names, size_t count, size_t *ret) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            *ret = i;
            return true;
        }
    }
    return false;
}

bool ls_export_what_parse(const char *name, enum ls_export_what *ret) {
    static const char *const names[] = {[LS_EXPORT_TRANSMISSIONS] = "transmissions",
                                        [LS_EXPORT_OBSERVATIONS] = "observations",
                                        [LS_EXPORT_INCIDENTS] = "incidents",
                                        [LS_EXPORT_EMITTERS] = "emitters"};
    size_t i;
    bool known = find_name(name, names, LS_COUNT(names), &i);
    *ret = known ? (enum ls_export_what)i : *ret;
    return known;
}

bool ls_export_format_parse(const char *name, enum ls_export_format *ret) {
    static const char *const names[] = {[LS_EXPORT_JSONL] = "jsonl",
                                        [LS_EXPORT_CSV] = "csv",
                                        [LS_EXPORT_GEOJSON] = "geojson",
                                        [LS_EXPORT_SIGMF] = "sigmf"};
    size_t i;
    bool known = find_name(name, names, LS_COUNT(names), &i);
    *ret = known ? (enum ls_export_format)i : *ret;
    return known;
}
