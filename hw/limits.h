/* hw/limits.h: what is believable in a recording's description; beyond it a number is a typing or
 * unit mistake, or would overflow the int64_t ns of times. */
#ifndef HW_LIMITS_H
#define HW_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* 1 to 1e11 samples/s: above the fastest oscilloscope front ends, below nothing useful. where names
 * the value in the message ("--rate", "core:sample_rate"). LS_ERR_ARG. */
int ls_limits_check_rate(double rate_sps, const char *where, struct ls_err *err);

/* 0 to 1e12 Hz, the range of SigMF core:frequency. LS_ERR_ARG. */
int ls_limits_check_center(double center_hz, const char *where, struct ls_err *err);

/* t_ns plus the time of that many samples; false when it leaves int64_t. rate_sps as above. */
bool ls_limits_time_after(int64_t t_ns, uint64_t samples, double rate_sps, int64_t *ret_ns);

#endif
