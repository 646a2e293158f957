#include "cli/patterns_say.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "cli/batch.h"
#include "cli/runs.h"
#include "cli/stop.h"
#include "pattern/pattern.h"

int ls_patterns_plan(struct ls_store *store, const char *name, struct ls_plan **ret,
                     struct ls_err *err) {
    struct ls_runs *runs = NULL;
    const char *used;
    *ret = NULL;
    int code = ls_runs_load(&runs, store, err);
    if (code == LS_OK && (name != NULL || ls_runs_plan(runs, &used, NULL) == LS_OK)) {
        code = ls_runs_load_plan(runs, name, ret, err);
    }
    ls_runs_destroy(runs);
    return code;
}

/* "2 alert, 1 note". */
static void count_incidents(const struct ls_patterns_result *result, char *ret, size_t size) {
    ret[0] = '\0';
    for (int i = LS_ALERT; i >= LS_PERMITTED; i--) {
        if (result->incidents[i] > 0) {
            size_t used = strlen(ret);
            snprintf(ret + used, size - used, "%s%" PRIu64 " %s", used > 0 ? ", " : "",
                     result->incidents[i], ls_severity_name((enum ls_severity)i));
        }
    }
}

static void say_left_out_without_clock(const struct ls_patterns_result *result) {
    if (result->without_clock > 0) {
        ls_log(LS_LOG_INFO,
               "%" PRIu64 " row%s of recordings without a start time left out: nobody knows which "
               "came first; analyse them with --start, or each into a database of its own",
               result->without_clock, result->without_clock == 1 ? "" : "s");
    }
}

void ls_patterns_say(const struct ls_patterns_result *result) {
    char incidents[128];
    count_incidents(result, incidents, sizeof incidents);
    bool none = incidents[0] == '\0';
    ls_log(LS_LOG_INFO, "%" PRIu64 " search%s in %" PRIu64 " transmission%s: %s%s",
           result->searches, result->searches == 1 ? "" : "es", result->rows,
           result->rows == 1 ? "" : "s",
           none ? "no incident. A receiver that only listens cannot be seen" : incidents,
           none ? "" : "; see 'lineside incidents'");
    for (int i = 0; i < LS_PATTERN_REASONS; i++) {
        if (result->left_out[i] > 0) {
            ls_log(LS_LOG_INFO, "%" PRIu64 " row%s left out: %s", result->left_out[i],
                   result->left_out[i] == 1 ? "" : "s",
                   ls_pattern_reason_text((enum ls_pattern_reason)i));
        }
    }
    say_left_out_without_clock(result);
}

static int follow(struct ls_store *store, const struct ls_plan *plan, struct ls_err *err) {
    struct ls_patterns_result result;
    struct ls_plan *own = NULL;
    struct ls_err why = {.text = ""};
    int code = plan != NULL ? LS_OK : ls_patterns_plan(store, NULL, &own, &why);
    if (code == LS_ERR_ARG) { /* the new rows are stored, and that is what was asked for */
        ls_log(LS_LOG_WARNING, "not searched for patterns: %s to 'lineside patterns'", why.text);
        return LS_OK;
    }
    struct ls_patterns_opts opts = {.plan = plan != NULL ? plan : own, .stop = ls_stop_flag()};
    if (code == LS_OK) {
        code = ls_patterns_run(store, &opts, &result, err);
    }
    if (code == LS_OK) {
        uint64_t incidents = 0;
        for (int i = LS_PERMITTED; i <= LS_ALERT; i++) {
            incidents += result.incidents[i];
        }
        if (incidents > 0) {
            ls_patterns_say(&result);
        } else {
            say_left_out_without_clock(&result);
        }
    }
    ls_plan_destroy(own);
    return code;
}

int ls_patterns_follow(struct ls_store *store, const struct ls_plan *plan, size_t done, int code,
                       struct ls_err *err) {
    struct ls_err why = {.text = ""};
    if (done == 0 || (code != LS_OK && ls_batch_ends(code))) {
        return code;
    }
    int followed = follow(store, plan, &why);
    if (code == LS_OK && followed != LS_OK) {
        *err = why;
        return followed;
    }
    return code;
}
