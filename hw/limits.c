#include "hw/limits.h"

#include "base/time.h"

int ls_limits_check_rate(double rate_sps, const char *where, struct ls_err *err) {
    if (rate_sps >= 1.0 && rate_sps <= 1e11) { /* false for NaN */
        return LS_OK;
    }
    return ls_err_set(err, LS_ERR_ARG,
                      "%s is %g samples/s; it must lie between 1 and 1e11, such as 2.4e6", where,
                      rate_sps);
}

int ls_limits_check_center(double center_hz, const char *where, struct ls_err *err) {
    if (center_hz >= 0.0 && center_hz <= 1e12) {
        return LS_OK;
    }
    return ls_err_set(err, LS_ERR_ARG,
                      "%s is %g Hz; it must lie between 0 and 1e12, such as 433.92e6", where,
                      center_hz);
}

bool ls_limits_time_after(int64_t t_ns, uint64_t samples, double rate_sps, int64_t *ret_ns) {
    /* 9e9 s is just within int64_t ns; ls_time_of_samples is exact below it. */
    if ((double)samples / rate_sps > 9e9) {
        return false;
    }
    return !__builtin_add_overflow(t_ns, ls_time_of_samples(samples, rate_sps), ret_ns);
}
