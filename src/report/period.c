#include "report/period.h"

#include <string.h>

struct extent {
    const char *sensor; /* NULL: any */
    bool any;
    int64_t since_ns;
    int64_t until_ns;
    const struct ls_filter *within; /* NULL: all runs count */
    bool clock;
    bool no_clock;
};

static int widen(void *context, const struct ls_run *run, struct ls_err *err) {
    struct extent *extent = context;
    const struct ls_filter *within = extent->within;
    (void)err;
    if ((extent->sensor != NULL && strcmp(extent->sensor, run->sensor) != 0) ||
        (within != NULL &&
         (run->last_ns <= within->since_ns || run->first_ns >= within->until_ns))) {
        return LS_OK;
    }
    bool first = !extent->any;
    extent->any = true;
    extent->since_ns = first || run->first_ns < extent->since_ns ? run->first_ns : extent->since_ns;
    extent->until_ns = first || run->last_ns > extent->until_ns ? run->last_ns : extent->until_ns;
    extent->clock = extent->clock || !run->no_clock;
    extent->no_clock = extent->no_clock || run->no_clock;
    return LS_OK;
}

int ls_period_find(struct ls_filter *filter, bool *ret_no_clock, struct ls_store *store,
                   struct ls_err *err) {
    struct extent all = {.sensor = filter->sensor};
    int code = ls_store_each_run(store, widen, &all, err);
    if (code != LS_OK) {
        return code;
    }
    if (!all.any) {
        bool named = filter->sensor != NULL;
        return ls_err_set(err, LS_ERR_NOTFOUND,
                          "nothing was recorded%s%.60s: there is nothing to report",
                          named ? " by sensor " : "", named ? filter->sensor : "");
    }
    struct ls_filter found = *filter;
    found.since_ns = filter->has_since ? filter->since_ns : all.since_ns;
    found.until_ns = filter->has_until ? filter->until_ns : all.until_ns;
    found.has_since = true;
    found.has_until = true;
    if (found.until_ns <= found.since_ns) {
        return ls_err_set(err, LS_ERR_ARG,
                          "the period ends before it begins: nothing was recorded "
                          "between its times");
    }
    struct extent within = {.sensor = filter->sensor, .within = &found};
    code = ls_store_each_run(store, widen, &within, err);
    if (code == LS_OK) {
        *filter = found;
        *ret_no_clock = within.no_clock && !within.clock;
    }
    return code;
}
