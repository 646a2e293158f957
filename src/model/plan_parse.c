/* A plan is parsed by schema into rows that still hold text ("876M"), then each row becomes a band
 * with numbers. The rows own every string; bands point into them. */
#include "model/plan_parse.h"

#include <ctype.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "base/util.h"
#include "model/class_names.h"
#include "model/yaml.h"

enum { BANDS_MAX = 2048, CLASSES_MAX = 32, NAME_MAX_BYTES = 48, TEXT_MAX_BYTES = 400 };

struct row {
    const char *name;
    const char *title;
    const char *low;
    const char *high;
    const char *service;
    enum ls_direction direction;
    const char *raster; /* NULL: none */
    const char *first;  /* NULL: half a raster above low */
    const char *hang;   /* NULL: LS_PLAN_HANG_DEFAULT_MS */
    bool protected_band;
    const char **classes;
    unsigned class_count;
    const char *source;
};

struct rows {
    const char *name;
    const char *title;
    const char *region;
    unsigned version;
    struct row *bands;
    unsigned band_count;
};

static const cyaml_strval_t directions[] = {{"any", LS_DIRECTION_ANY},
                                            {"uplink", LS_DIRECTION_UPLINK},
                                            {"downlink", LS_DIRECTION_DOWNLINK},
                                            {"tdd", LS_DIRECTION_TDD},
                                            {"simplex", LS_DIRECTION_SIMPLEX}};

const char *ls_direction_name(enum ls_direction direction) {
    size_t i = 0;
    while (i + 1 < LS_COUNT(directions) && directions[i].val != direction) {
        i++;
    }
    return directions[i].str;
}

/* libcyaml takes any word for a true boolean ("maybe"), so the two words are listed. */
static const cyaml_strval_t truths[] = {{"false", false}, {"true", true}};

static const char *const services[] = {"railway",  "cellular", "srd",  "pmr",    "tetra",
                                       "maritime", "aviation", "gnss", "paging", "broadcast",
                                       "amateur",  "metering", "wlan", "radar",  "satellite"};

static const cyaml_schema_value_t class_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, NAME_MAX_BYTES)};

static const cyaml_schema_field_t row_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct row, name, 1, NAME_MAX_BYTES),
    CYAML_FIELD_STRING_PTR("title", CYAML_FLAG_POINTER, struct row, title, 1, TEXT_MAX_BYTES),
    CYAML_FIELD_STRING_PTR("low", CYAML_FLAG_POINTER, struct row, low, 1, NAME_MAX_BYTES),
    CYAML_FIELD_STRING_PTR("high", CYAML_FLAG_POINTER, struct row, high, 1, NAME_MAX_BYTES),
    CYAML_FIELD_STRING_PTR("service", CYAML_FLAG_POINTER, struct row, service, 1, NAME_MAX_BYTES),
    CYAML_FIELD_ENUM("direction", CYAML_FLAG_STRICT, struct row, direction, directions,
                     LS_COUNT(directions)),
    CYAML_FIELD_STRING_PTR("raster", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct row, raster,
                           1, NAME_MAX_BYTES),
    CYAML_FIELD_STRING_PTR("first", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct row, first, 1,
                           NAME_MAX_BYTES),
    CYAML_FIELD_STRING_PTR("hang", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct row, hang, 1,
                           NAME_MAX_BYTES),
    CYAML_FIELD_ENUM("protected", CYAML_FLAG_STRICT, struct row, protected_band, truths,
                     LS_COUNT(truths)),
    CYAML_FIELD_SEQUENCE_COUNT("classes", CYAML_FLAG_POINTER, struct row, classes, class_count,
                               &class_schema, 1, CLASSES_MAX),
    CYAML_FIELD_STRING_PTR("source", CYAML_FLAG_POINTER, struct row, source, 1, TEXT_MAX_BYTES),
    CYAML_FIELD_END};

static const cyaml_schema_value_t row_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct row, row_fields)};

static const cyaml_schema_field_t plan_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct rows, name, 1, NAME_MAX_BYTES),
    CYAML_FIELD_STRING_PTR("title", CYAML_FLAG_POINTER, struct rows, title, 1, TEXT_MAX_BYTES),
    CYAML_FIELD_STRING_PTR("region", CYAML_FLAG_POINTER, struct rows, region, 1, TEXT_MAX_BYTES),
    CYAML_FIELD_UINT("version", CYAML_FLAG_DEFAULT, struct rows, version),
    CYAML_FIELD_SEQUENCE_COUNT("bands", CYAML_FLAG_POINTER, struct rows, bands, band_count,
                               &row_schema, 1, BANDS_MAX),
    CYAML_FIELD_END};

static const cyaml_schema_value_t plan_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct rows, plan_fields)};

/* Where a row's values are checked, and what a complaint needs. */
struct check {
    const char *file;
    const char *text;
    size_t length;
    const struct row *row;
    size_t item; /* of bands, from 1; 0: the plan itself */
    struct ls_err *err;
};

/* Puts file, line and band before the text that is in check->err. */
static int complain(const struct check *check, const char *key) {
    struct ls_yaml_place place = {
        .list = check->item == 0 ? NULL : "bands", .item = check->item, .key = key};
    size_t line = ls_yaml_line(check->text, check->length, &place);
    if (check->item == 0) {
        ls_err_wrap(check->err, "'%s' line %zu: '%s'", check->file, line, key);
    } else {
        ls_err_wrap(check->err, "'%s' line %zu: band '%s': '%s'", check->file, line,
                    check->row->name, key);
    }
    return LS_ERR_FORMAT;
}

static bool is_plain_name(const char *name) {
    for (const char *c = name; *c != '\0'; c++) {
        if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c) &&
            strchr("-.", *c) == NULL) {
            return false;
        }
    }
    return isalnum((unsigned char)name[0]) != 0;
}

static int check_name(const struct check *check, const char *name) {
    if (is_plain_name(name)) {
        return LS_OK;
    }
    ls_err_set(check->err, LS_ERR_FORMAT,
               "'%s' is not a name: write lower-case letters, digits, '-' and '.'", name);
    return complain(check, "name");
}

static int take_hz(const struct check *check, const char *key, const char *text, double *ret_hz) {
    double hz;
    if (ls_hz_parse(text, "frequency", &hz, check->err) != LS_OK) {
        return complain(check, key);
    }
    if (hz <= 0.0 || hz > 300e9) {
        ls_err_set(check->err, LS_ERR_FORMAT, "%s is not between 0 and 300 GHz", text);
        return complain(check, key);
    }
    *ret_hz = hz;
    return LS_OK;
}

static int take_edges(const struct check *check, struct ls_band *band) {
    const struct row *row = check->row;
    int code = take_hz(check, "low", row->low, &band->low_hz);
    if (code == LS_OK) {
        code = take_hz(check, "high", row->high, &band->high_hz);
    }
    if (code == LS_OK && !(band->low_hz < band->high_hz)) {
        ls_err_set(check->err, LS_ERR_FORMAT, "%s is not above 'low' %s", row->high, row->low);
        code = complain(check, "high");
    }
    return code;
}

static int take_raster(const struct check *check, struct ls_band *band) {
    const struct row *row = check->row;
    int code = LS_OK;
    if (row->raster != NULL) {
        code = take_hz(check, "raster", row->raster, &band->raster_hz);
    }
    if (code == LS_OK && band->raster_hz > band->high_hz - band->low_hz) {
        ls_err_set(check->err, LS_ERR_FORMAT, "%s is wider than the band", row->raster);
        code = complain(check, "raster");
    }
    band->first_hz = band->low_hz + band->raster_hz / 2.0;
    if (code == LS_OK && row->first != NULL) {
        code = take_hz(check, "first", row->first, &band->first_hz);
    }
    bool alone = row->first != NULL && row->raster == NULL;
    if (code == LS_OK &&
        (alone || band->first_hz < band->low_hz || band->first_hz > band->high_hz)) {
        ls_err_set(check->err, LS_ERR_FORMAT, "%s %s", row->first,
                   alone ? "says nothing without 'raster'" : "is outside the band");
        code = complain(check, "first");
    }
    return code;
}

/* Longer than an hour would join a day's transmissions into one. */
static const double hang_max_s = 3600.0;

static int take_hang(const struct check *check, struct ls_band *band) {
    band->hang_s = LS_PLAN_HANG_DEFAULT_MS / 1e3;
    if (check->row->hang == NULL) {
        return LS_OK;
    }
    if (ls_seconds_parse(check->row->hang, "time", &band->hang_s, check->err) != LS_OK) {
        return complain(check, "hang");
    }
    if (!(band->hang_s > 0.0) || band->hang_s > hang_max_s) {
        ls_err_set(check->err, LS_ERR_FORMAT, "%s is not above 0 and at most 1 h",
                   check->row->hang);
        return complain(check, "hang");
    }
    return LS_OK;
}

static int unknown_word(const struct check *check, const char *key, const char *word,
                        const char *const *words, size_t count) {
    const char *near = ls_nearest_word(word, words, count);
    if (near != NULL) {
        ls_err_set(check->err, LS_ERR_FORMAT, "there is no '%s'; did you mean '%s'?", word, near);
    } else {
        ls_err_set(check->err, LS_ERR_FORMAT, "there is no '%s'; '%s' is one that exists", word,
                   words[0]);
    }
    return complain(check, key);
}

static int take_words(const struct check *check, struct ls_band *band) {
    const struct row *row = check->row;
    bool known = false;
    for (size_t i = 0; i < LS_COUNT(services) && !known; i++) {
        known = strcmp(services[i], row->service) == 0;
    }
    if (!known) {
        return unknown_word(check, "service", row->service, services, LS_COUNT(services));
    }
    size_t count;
    const char *const *names = ls_class_names(&count);
    for (unsigned i = 0; i < row->class_count; i++) {
        if (!ls_class_known(row->classes[i])) {
            return unknown_word(check, "classes", row->classes[i], names, count);
        }
    }
    band->classes = row->classes;
    band->class_count = row->class_count;
    return LS_OK;
}

static int take_band(const struct check *check, struct ls_band *ret) {
    const struct row *row = check->row;
    struct ls_band band = {.name = row->name,
                           .title = row->title,
                           .service = row->service,
                           .direction = row->direction,
                           .protected_band = row->protected_band,
                           .source = row->source};
    int code = check_name(check, row->name);
    if (code == LS_OK) {
        code = take_edges(check, &band);
    }
    if (code == LS_OK) {
        code = take_raster(check, &band);
    }
    if (code == LS_OK) {
        code = take_hang(check, &band);
    }
    if (code == LS_OK) {
        code = take_words(check, &band);
    }
    if (code == LS_OK) {
        *ret = band;
    }
    return code;
}

static int check_unique(const struct check *check, const struct row *rows) {
    for (size_t i = 0; i + 1 < check->item; i++) {
        if (strcmp(rows[i].name, check->row->name) == 0) {
            ls_err_set(check->err, LS_ERR_FORMAT, "entry %zu has this name already", i + 1);
            return complain(check, "name");
        }
    }
    return LS_OK;
}

static int compare_bands(const void *a, const void *b) {
    const struct ls_band *x = a;
    const struct ls_band *y = b;
    if (x->low_hz != y->low_hz) {
        return x->low_hz < y->low_hz ? -1 : 1;
    }
    if (x->high_hz != y->high_hz) {
        return x->high_hz < y->high_hz ? -1 : 1;
    }
    return strcmp(x->name, y->name);
}

static int take_bands(struct check *check, const struct rows *rows, struct ls_band *ret_bands) {
    int code = check_name(check, rows->name);
    if (code == LS_OK && rows->version == 0) {
        ls_err_set(check->err, LS_ERR_FORMAT, "0 is not a version: count from 1");
        code = complain(check, "version");
    }
    for (unsigned i = 0; i < rows->band_count && code == LS_OK; i++) {
        check->row = &rows->bands[i];
        check->item = i + 1;
        code = check_unique(check, rows->bands);
        if (code == LS_OK) {
            code = take_band(check, &ret_bands[i]);
        }
    }
    if (code == LS_OK) {
        qsort(ret_bands, rows->band_count, sizeof *ret_bands, compare_bands);
    }
    return code;
}

/* What ls_plan.owner points to. */
struct owned {
    struct ls_plan plan;
    atomic_int users;
    struct rows *rows;
    struct ls_band *bands;
};

int ls_plan_parse(struct ls_plan **ret, const char *text, size_t length, const char *file,
                  struct ls_err *err) {
    struct ls_err local = {0};
    void *data;
    int code = ls_yaml_parse(&data, text, length, file, &plan_schema, err);
    if (code != LS_OK) {
        return code;
    }
    struct rows *rows = data;
    struct owned *owned = calloc(1, sizeof *owned);
    struct ls_band *bands = calloc(rows->band_count, sizeof *bands);
    struct check check = {
        .file = file, .text = text, .length = length, .err = err == NULL ? &local : err};
    if (owned == NULL || bands == NULL) {
        code = LS_ERR_NOMEM;
        ls_err_set(err, code, "out of memory reading '%s'", file);
    } else {
        code = take_bands(&check, rows, bands);
    }
    if (code != LS_OK) {
        free(bands);
        free(owned);
        ls_yaml_free(data, &plan_schema);
        return code;
    }
    owned->plan = (struct ls_plan){.name = rows->name,
                                   .title = rows->title,
                                   .region = rows->region,
                                   .version = rows->version,
                                   .bands = bands,
                                   .band_count = rows->band_count,
                                   .owner = owned};
    atomic_init(&owned->users, 1);
    owned->rows = rows;
    owned->bands = bands;
    *ret = &owned->plan;
    return LS_OK;
}

const struct ls_plan *ls_plan_hold(const struct ls_plan *plan) {
    if (plan != NULL) {
        struct owned *owned = plan->owner;
        atomic_fetch_add(&owned->users, 1);
    }
    return plan;
}

void ls_plan_destroy(const struct ls_plan *plan) {
    if (plan == NULL) {
        return;
    }
    struct owned *owned = plan->owner;
    if (atomic_fetch_sub(&owned->users, 1) > 1) {
        return;
    }
    ls_yaml_free(owned->rows, &plan_schema);
    free(owned->bands);
    free(owned);
}
