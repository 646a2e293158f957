#include "cli/verbs.h"

#include <string.h>

#include "base/util.h"

/* One row a verb. */
/* clang-format off */
static const struct ls_verb *const verbs[] = {
    &ls_verb_analyse,
    &ls_verb_watch,
    &ls_verb_import,
    &ls_verb_transmissions,
    &ls_verb_observations,
    &ls_verb_occupancy,
    &ls_verb_emitters,
    &ls_verb_patterns,
    &ls_verb_incidents,
    &ls_verb_report,
    &ls_verb_plot,
    &ls_verb_permits,
    &ls_verb_export,
    &ls_verb_plan,
    &ls_verb_simulate,
    &ls_verb_config,
    &ls_verb_health,
    &ls_verb_devices,
    &ls_verb_db,
    &ls_verb_completion,
    &ls_verb_help,
};
/* clang-format on */

const struct ls_verb *const *ls_verbs(size_t *ret_count) {
    *ret_count = LS_COUNT(verbs);
    return verbs;
}

int ls_verbs_find(const char *name, const struct ls_verb **ret, struct ls_err *err) {
    const char *names[LS_COUNT(verbs)];
    for (size_t i = 0; i < LS_COUNT(verbs); i++) {
        if (strcmp(verbs[i]->name, name) == 0) {
            *ret = verbs[i];
            return LS_OK;
        }
        names[i] = verbs[i]->name;
    }
    const char *nearest = ls_nearest_word(name, names, LS_COUNT(names));
    if (nearest == NULL) {
        return ls_err_set(err, LS_ERR_ARG, "unknown verb '%.60s': see 'lineside --help'", name);
    }
    return ls_err_set(err, LS_ERR_ARG, "unknown verb '%.60s': did you mean '%s'?", name, nearest);
}
