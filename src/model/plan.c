#include "model/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/embedded.h"
#include "base/util.h"
#include "model/plan_parse.h"
#include "model/yaml.h"

/* Written by scripts/embed.py from schemas/plans, sorted by name; stems: "eu" for "eu.yaml". */
extern const struct ls_embedded ls_plans[];
extern const char *const ls_plans_stems[];
extern const unsigned ls_plans_count;

const char *const *ls_plan_names(size_t *ret_count) {
    *ret_count = ls_plans_count;
    return ls_plans_stems;
}

static int load_file(struct ls_plan **ret, const char *path, struct ls_err *err) {
    LS_AUTO(char) text = NULL;
    size_t length;
    int code = ls_yaml_read_file(path, &text, &length, err);
    if (code == LS_OK) {
        code = ls_plan_parse(ret, text, length, path, err);
    }
    return code;
}

static int no_such_plan(const char *name, struct ls_err *err) {
    const char *near = ls_nearest_word(name, ls_plans_stems, ls_plans_count);
    if (near != NULL) {
        return ls_err_set(err, LS_ERR_NOTFOUND, "there is no plan '%s'; did you mean '%s'?", name,
                          near);
    }
    char list[256] = "";
    for (unsigned i = 0; i < ls_plans_count; i++) {
        size_t used = strlen(list);
        ls_copy_text(list + used, sizeof list - used, i == 0 ? "" : ", ");
        used = strlen(list);
        ls_copy_text(list + used, sizeof list - used, ls_plans_stems[i]);
    }
    return ls_err_set(err, LS_ERR_NOTFOUND,
                      "there is no plan '%s'; name one of %s or the path of a YAML file", name,
                      list);
}

/* A path is what has a slash or a YAML suffix; such a name is never looked up among the shipped. */
static bool looks_like_path(const char *name) {
    const char *dot = strrchr(name, '.');
    return strchr(name, '/') != NULL ||
           (dot != NULL && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0));
}

int ls_plan_load(struct ls_plan **ret, const char *name_or_file, struct ls_err *err) {
    if (looks_like_path(name_or_file)) {
        return load_file(ret, name_or_file, err);
    }
    for (unsigned i = 0; i < ls_plans_count; i++) {
        if (strcmp(ls_plans_stems[i], name_or_file) == 0) {
            return ls_plan_parse(ret, ls_plans[i].text, strlen(ls_plans[i].text), ls_plans[i].name,
                                 err);
        }
    }
    if (access(name_or_file, F_OK) == 0) {
        return load_file(ret, name_or_file, err);
    }
    return no_such_plan(name_or_file, err);
}

static bool same_classes(const struct ls_band *a, const struct ls_band *b) {
    bool same = a->class_count == b->class_count;
    for (size_t i = 0; same && i < a->class_count; i++) {
        same = strcmp(a->classes[i], b->classes[i]) == 0;
    }
    return same;
}

static bool same_band(const struct ls_band *a, const struct ls_band *b) {
    return strcmp(a->name, b->name) == 0 && strcmp(a->service, b->service) == 0 &&
           a->low_hz == b->low_hz && a->high_hz == b->high_hz && a->direction == b->direction &&
           a->raster_hz == b->raster_hz && a->first_hz == b->first_hz && a->hang_s == b->hang_s &&
           a->protected_band == b->protected_band && same_classes(a, b);
}

bool ls_plan_same(const struct ls_plan *a, const struct ls_plan *b) {
    if (a == NULL || b == NULL) {
        return a == b;
    }
    bool same =
        strcmp(a->name, b->name) == 0 && a->version == b->version && a->band_count == b->band_count;
    for (size_t i = 0; same && i < a->band_count; i++) {
        same = same_band(&a->bands[i], &b->bands[i]);
    }
    return same;
}

const struct ls_band *ls_plan_band(const struct ls_plan *plan, const char *name) {
    for (size_t i = 0; i < plan->band_count; i++) {
        if (strcmp(plan->bands[i].name, name) == 0) {
            return &plan->bands[i];
        }
    }
    return NULL;
}

/* Narrower first; of equal width the order of the plan. */
static bool is_before(const struct ls_band *a, const struct ls_band *b) {
    double wa = a->high_hz - a->low_hz;
    double wb = b->high_hz - b->low_hz;
    return wa < wb || (wa == wb && a < b);
}

size_t ls_plan_bands_at(const struct ls_plan *plan, double hz, const struct ls_band **ret,
                        size_t room) {
    size_t holding = 0;
    for (size_t i = 0; i < plan->band_count && plan->bands[i].low_hz <= hz; i++) {
        const struct ls_band *band = &plan->bands[i];
        if (hz > band->high_hz) {
            continue;
        }
        size_t kept = holding < room ? holding : room;
        size_t at = kept;
        while (at > 0 && is_before(band, ret[at - 1])) {
            at--;
        }
        if (at < room) {
            size_t moved = kept < room ? kept - at : kept - at - 1;
            memmove(ret + at + 1, ret + at, moved * sizeof *ret);
            ret[at] = band;
        }
        holding++;
    }
    return holding;
}

size_t ls_plan_channels(const struct ls_band *band) {
    if (band->raster_hz <= 0.0) {
        return 0;
    }
    /* A millihertz forgives the rounding of decimal edges. */
    double room = band->high_hz - band->raster_hz / 2.0 - band->first_hz + 1e-3;
    return room < 0.0 ? 0 : (size_t)(room / band->raster_hz) + 1;
}

double ls_plan_hang_s(const struct ls_plan *plan, double hz) {
    const struct ls_band *band;
    if (plan == NULL || ls_plan_bands_at(plan, hz, &band, 1) == 0) {
        return LS_PLAN_HANG_DEFAULT_MS / 1e3;
    }
    return band->hang_s;
}

double ls_plan_channel_hz(const struct ls_plan *plan, double hz) {
    enum { BANDS = 16 };
    const struct ls_band *bands[BANDS];
    size_t count = plan == NULL ? 0 : ls_plan_bands_at(plan, hz, bands, BANDS);
    for (size_t i = 0; i < count && i < BANDS; i++) {
        if (bands[i]->raster_hz > 0.0) {
            double channels = round((hz - bands[i]->first_hz) / bands[i]->raster_hz);
            return bands[i]->first_hz + channels * bands[i]->raster_hz;
        }
    }
    return (double)NAN;
}
