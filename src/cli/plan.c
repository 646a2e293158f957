/* lineside plan: the band plans there are, what is in them, and whether a file is one. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/units.h"
#include "base/util.h"
#include "cli/output.h"
#include "cli/show.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "model/plan.h"

static const struct ls_option own_rows[] = {
    {.name = "at",
     .kind = LS_OPTION_HZ,
     .value = "FREQ",
     .what = "frequency",
     .help = "show: bands that hold this frequency, narrowest first"},
    {.name = "freq",
     .kind = LS_OPTION_HZ_RANGE,
     .value = "LO:HI",
     .help = "show: bands that overlap this range: 876M:880M"},
    {.name = "service",
     .kind = LS_OPTION_TEXT,
     .value = "NAME",
     .help = "show: bands of this service: railway, cellular, srd, ..."},
    {.name = "json", .kind = LS_OPTION_FLAG, .help = "one JSON object a line"},
};
static const struct ls_option_table own = {
    .title = "Options", .rows = own_rows, .count = LS_COUNT(own_rows)};
static const struct ls_option_table *const tables[] = {&own, NULL};

/* A plan that cannot be used is a wrong argument here, whatever the reason. */
static int load(struct ls_plan **ret, const char *name, struct ls_err *err) {
    int code = ls_plan_load(ret, name, err);
    return code == LS_OK || code == LS_ERR_NOMEM ? code : LS_ERR_ARG;
}

/* Takes over object. */
static int print_json(json_t *object, struct ls_err *err) {
    LS_AUTO(char) text = object == NULL ? NULL : json_dumps(object, JSON_COMPACT);
    json_decref(object);
    if (text == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    return printf("%s\n", text) < 0 ? ls_output_failed(NULL, err) : LS_OK;
}

/* --- list --- */

enum { PLAN, VERSION, BANDS, REGION, PLAN_COLUMNS };

static const struct ls_column plan_columns[PLAN_COLUMNS] = {
    [PLAN] = {.title = "PLAN", .align = LS_ALIGN_LEFT},
    [VERSION] = {.title = "VERSION", .align = LS_ALIGN_RIGHT},
    [BANDS] = {.title = "BANDS", .align = LS_ALIGN_RIGHT},
    [REGION] = {.title = "REGION", .align = LS_ALIGN_LEFT, .text = true},
};

static int draw_plan(const struct ls_plan *plan, struct ls_table *table, struct ls_err *err) {
    char version[16];
    char bands[32];
    snprintf(version, sizeof version, "%u", plan->version);
    snprintf(bands, sizeof bands, "%zu", plan->band_count);
    const char *cells[PLAN_COLUMNS] = {
        [PLAN] = plan->name, [VERSION] = version, [BANDS] = bands, [REGION] = plan->region};
    return ls_table_add(table, cells, err);
}

static int write_plan(const struct ls_plan *plan, struct ls_err *err) {
    return print_json(json_pack("{s:s, s:s, s:s, s:i, s:I}", "plan", plan->name, "title",
                                plan->title, "region", plan->region, "version", (int)plan->version,
                                "bands", (json_int_t)plan->band_count),
                      err);
}

static int list_plans(const struct ls_args *args, struct ls_err *err) {
    bool json = ls_args_given(args, "json");
    struct ls_table *table;
    int code = ls_table_create(&table, stdout, plan_columns, PLAN_COLUMNS, err);
    if (code != LS_OK) {
        return code;
    }
    size_t count;
    const char *const *names = ls_plan_names(&count);
    for (size_t i = 0; i < count && code == LS_OK; i++) {
        struct ls_plan *plan;
        code = ls_plan_load(&plan, names[i], err);
        if (code == LS_OK) {
            code = json ? write_plan(plan, err) : draw_plan(plan, table, err);
            ls_plan_destroy(plan);
        }
    }
    if (code == LS_OK) {
        code = ls_table_finish(table, err);
    }
    ls_table_destroy(table);
    return code;
}

/* --- show --- */

enum { BAND, LOW, HIGH, SERVICE, DIRECTION, RASTER, HANG, GUARD, CLASSES, TITLE, BAND_COLUMNS };

static const struct ls_column band_columns[BAND_COLUMNS] = {
    [BAND] = {.title = "BAND", .align = LS_ALIGN_LEFT},
    [LOW] = {.title = "FROM MHz", .align = LS_ALIGN_RIGHT},
    [HIGH] = {.title = "TO MHz", .align = LS_ALIGN_RIGHT},
    [SERVICE] = {.title = "SERVICE", .align = LS_ALIGN_LEFT},
    [DIRECTION] = {.title = "DIRECTION", .align = LS_ALIGN_LEFT, .spare = 4},
    [RASTER] = {.title = "RASTER", .align = LS_ALIGN_RIGHT, .spare = 3},
    [HANG] = {.title = "HANG", .align = LS_ALIGN_RIGHT, .spare = 2},
    [GUARD] = {.title = "PROTECTED", .align = LS_ALIGN_LEFT, .spare = 5},
    [CLASSES] = {.title = "CLASSES", .align = LS_ALIGN_LEFT, .text = true, .spare = 1},
    [TITLE] = {.title = "TITLE", .align = LS_ALIGN_LEFT, .text = true},
};

/* Where an answer goes: a table, or lines when table is NULL. */
struct showing {
    const struct ls_plan *plan;
    struct ls_table *table;
    size_t shown;
};

static void join_classes(const struct ls_band *band, char *ret, size_t room) {
    ret[0] = '\0';
    for (size_t i = 0; i < band->class_count; i++) {
        size_t used = strlen(ret);
        ls_copy_text(ret + used, room - used, i == 0 ? "" : " ");
        used = strlen(ret);
        ls_copy_text(ret + used, room - used, band->classes[i]);
    }
}

static int draw_band(const struct ls_band *band, struct ls_table *table, struct ls_err *err) {
    char low[LS_SHOW_BYTES];
    char high[LS_SHOW_BYTES];
    char raster[LS_SHOW_BYTES] = "";
    char hang[LS_UNIT_TEXT_BYTES];
    char classes[256];
    ls_show_mhz(band->low_hz, low);
    ls_show_mhz(band->high_hz, high);
    if (band->raster_hz > 0.0) {
        snprintf(raster, sizeof raster, "%.10g kHz", band->raster_hz / 1e3);
    }
    ls_seconds_format(band->hang_s, hang);
    join_classes(band, classes, sizeof classes);
    const char *cells[BAND_COLUMNS] = {
        [BAND] = band->name,
        [LOW] = low,
        [HIGH] = high,
        [SERVICE] = band->service,
        [DIRECTION] = ls_direction_name(band->direction),
        [RASTER] = raster[0] == '\0' ? NULL : raster,
        [HANG] = hang,
        [GUARD] = band->protected_band ? "yes" : "no",
        [CLASSES] = classes,
        [TITLE] = band->title,
    };
    return ls_table_add(table, cells, err);
}

static int write_band(const struct ls_plan *plan, const struct ls_band *band, struct ls_err *err) {
    json_t *classes = json_array();
    for (size_t i = 0; i < band->class_count; i++) {
        json_array_append_new(classes, json_string(band->classes[i]));
    }
    bool raster = band->raster_hz > 0.0;
    return print_json(
        json_pack("{s:s, s:i, s:s, s:s, s:f, s:f, s:s, s:s, s:o, s:o, s:f, s:b, s:o, s:s}", "plan",
                  plan->name, "version", (int)plan->version, "band", band->name, "title",
                  band->title, "low_hz", band->low_hz, "high_hz", band->high_hz, "service",
                  band->service, "direction", ls_direction_name(band->direction), "raster_hz",
                  raster ? json_real(band->raster_hz) : json_null(), "first_hz",
                  raster ? json_real(band->first_hz) : json_null(), "hang_s", band->hang_s,
                  "protected", band->protected_band, "classes", classes, "source", band->source),
        err);
}

static int show_band(struct showing *showing, const struct ls_band *band, struct ls_err *err) {
    showing->shown++;
    return showing->table == NULL ? write_band(showing->plan, band, err)
                                  : draw_band(band, showing->table, err);
}

static bool is_wanted(const struct ls_band *band, const struct ls_args *args) {
    double low_hz = 0.0;
    double high_hz = INFINITY;
    ls_args_range(args, "freq", &low_hz, &high_hz);
    const char *service = ls_args_text(args, "service");
    /* Bands that only touch the range at an edge do not overlap it. */
    bool overlaps = low_hz < high_hz ? band->low_hz < high_hz && band->high_hz > low_hz
                                     : band->low_hz <= high_hz && band->high_hz >= low_hz;
    return overlaps && (service == NULL || strcmp(service, band->service) == 0);
}

/* Bands that hold hz, narrowest first. */
static int show_at(struct showing *showing, const struct ls_args *args, double hz,
                   struct ls_err *err) {
    size_t count = ls_plan_bands_at(showing->plan, hz, NULL, 0);
    LS_AUTO(const struct ls_band *) bands = calloc(count + 1, sizeof *bands);
    if (bands == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    ls_plan_bands_at(showing->plan, hz, bands, count);
    int code = LS_OK;
    for (size_t i = 0; i < count && code == LS_OK; i++) {
        if (is_wanted(bands[i], args)) {
            code = show_band(showing, bands[i], err);
        }
    }
    return code;
}

static int show_bands(struct showing *showing, const struct ls_args *args, struct ls_err *err) {
    double hz;
    if (ls_args_hz(args, "at", &hz)) {
        return show_at(showing, args, hz, err);
    }
    int code = LS_OK;
    for (size_t i = 0; i < showing->plan->band_count && code == LS_OK; i++) {
        if (is_wanted(&showing->plan->bands[i], args)) {
            code = show_band(showing, &showing->plan->bands[i], err);
        }
    }
    return code;
}

/* A service that no band has is a slip of the hand rather than a question. */
static int check_service(const struct ls_plan *plan, const struct ls_args *args,
                         struct ls_err *err) {
    enum { SERVICES_MAX = 32 };
    const char *names[SERVICES_MAX];
    size_t count = 0;
    const char *wanted = ls_args_text(args, "service");
    for (size_t i = 0; i < plan->band_count; i++) {
        size_t at = 0;
        while (at < count && strcmp(names[at], plan->bands[i].service) != 0) {
            at++;
        }
        if (at == count && count < SERVICES_MAX) {
            names[count++] = plan->bands[i].service;
        }
    }
    size_t chosen;
    if (wanted == NULL ||
        ls_word_parse(wanted, "service of this plan", names, count, &chosen, err) == LS_OK) {
        return LS_OK;
    }
    return ls_err_wrap(err, "option '--service'");
}

static int show_plan(const struct ls_args *args, struct ls_err *err) {
    struct ls_plan *plan;
    int code = load(&plan, ls_args_word(args, 1), err);
    if (code != LS_OK) {
        return code;
    }
    struct showing showing = {.plan = plan};
    code = check_service(plan, args, err);
    if (code == LS_OK && !ls_args_given(args, "json")) {
        code = ls_table_create(&showing.table, stdout, band_columns, BAND_COLUMNS, err);
    }
    if (code == LS_OK) {
        code = show_bands(&showing, args, err);
    }
    if (code == LS_OK && showing.table != NULL) {
        code = ls_table_finish(showing.table, err);
    }
    if (code == LS_OK && showing.shown == 0) {
        ls_log(LS_LOG_INFO, "no band of plan '%s' matches", plan->name);
    }
    ls_table_destroy(showing.table);
    ls_plan_destroy(plan);
    return code;
}

/* --- check --- */

static int check_plan(const char *name, bool json, struct ls_err *err) {
    struct ls_plan *plan;
    int code = load(&plan, name, err);
    if (code != LS_OK) {
        return code;
    }
    if (json) {
        code = write_plan(plan, err);
    } else if (printf("%s: plan %s/%u, %zu band%s, %s\n", name, plan->name, plan->version,
                      plan->band_count, plan->band_count == 1 ? "" : "s", plan->region) < 0) {
        code = ls_output_failed(NULL, err);
    }
    ls_plan_destroy(plan);
    return code;
}

/* All of them, so that one mistake does not hide the next; the last one is the caller's to say. */
static int check_plans(const struct ls_args *args, struct ls_err *err) {
    int result = LS_OK;
    for (size_t i = 1; i < ls_args_words(args); i++) {
        struct ls_err wrong = {.text = ""};
        int code = check_plan(ls_args_word(args, i), ls_args_given(args, "json"), &wrong);
        if (code != LS_OK && result != LS_OK) {
            ls_log(LS_LOG_ERROR, "%s", err->text);
        }
        if (code != LS_OK) {
            *err = wrong;
            result = code;
        }
    }
    return result;
}

static int run_plan(struct ls_call *call, struct ls_err *err) {
    static const char *const actions[] = {"list", "show", "check"};
    enum { LIST, SHOW, CHECK };
    const struct ls_args *args = call->args;
    size_t action;
    int code = ls_word_parse(ls_args_word(args, 0), "plan action", actions, LS_COUNT(actions),
                             &action, err);
    if (code != LS_OK) {
        return code;
    }
    size_t words = ls_args_words(args);
    if ((action == LIST && words != 1) || (action == SHOW && words != 2) ||
        (action == CHECK && words < 2)) {
        return ls_err_set(err, LS_ERR_ARG, "write it as: lineside plan %s",
                          action == LIST   ? "list"
                          : action == SHOW ? "show NAME|FILE"
                                           : "check NAME|FILE...");
    }
    if (action != SHOW && (ls_args_given(args, "at") || ls_args_given(args, "freq") ||
                           ls_args_given(args, "service"))) {
        return ls_err_set(err, LS_ERR_ARG, "--at, --freq and --service go with 'plan show'");
    }
    return action == LIST   ? list_plans(args, err)
           : action == SHOW ? show_plan(args, err)
                            : check_plans(args, err);
}

const struct ls_verb ls_verb_plan = {
    .name = "plan",
    .needs = LS_NEEDS_NOTHING,
    .summary = "list, show and check band plans",
    .arguments = "list|show|check [NAME|FILE]...",
    .min_arguments = 1,
    .max_arguments = 1000,
    .text = "A band plan says which service is where in one region. 'list' names the plans that "
            "come with the program, 'show' prints the bands of one, and 'check' reads plans and "
            "says file, line and key of what is wrong.",
    .tables = tables,
    .example = "lineside plan list\n"
               "lineside plan show eu --at 868.3M\n"
               "lineside plan check my-line.yaml",
    .run = run_plan,
};
