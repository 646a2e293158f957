#include "cli/period.h"

int ls_period_read(struct ls_filter *ret, const struct ls_args *args, const char *range,
                   struct ls_err *err) {
    ret->has_since = ls_args_time(args, "since", &ret->since_ns);
    ret->has_until = ls_args_time(args, "until", &ret->until_ns);
    ret->has_freq = ls_args_range(args, range, &ret->low_hz, &ret->high_hz);
    ret->sensor = ls_args_text(args, "sensor");
    if (ret->has_since && ret->has_until && ret->since_ns >= ret->until_ns) {
        return ls_err_set(err, LS_ERR_ARG, "--until is not later than --since: nothing can match");
    }
    return LS_OK;
}
