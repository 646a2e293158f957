/* base/time.h: times as people write them and as lineside stores them.
 * Time is int64_t ns since the Unix epoch, UTC, leap seconds not counted (POSIX); years 1678 to
 * 2261. */
#ifndef BASE_TIME_H
#define BASE_TIME_H

#include <stdint.h>

#include "base/err.h"

enum { LS_TIME_TEXT_BYTES = 32 };

#define LS_NS_PER_S   INT64_C(1000000000)
#define LS_NS_PER_DAY (86400 * LS_NS_PER_S)

/* RFC 3339 date and time with zone ("2026-11-20T08:00:00.5Z", "...+01:00"); also a date alone (UTC
 * midnight) and a blank in place of "T". A time without a zone is refused: local time is a trap. A
 * second of 60 is taken as the first of the next minute. LS_ERR_ARG. */
int ls_time_parse(const char *text, int64_t *ret_ns, struct ls_err *err);

/* RFC 3339 UTC with nine decimals: "2026-11-20T08:00:00.000000000Z". */
void ls_time_format(int64_t ns, char ret[LS_TIME_TEXT_BYTES]);

/* Nanoseconds that `samples` last at rate_sps > 0, rounded to nearest; exact to the ns for
 * centuries of samples. */
int64_t ls_time_of_samples(uint64_t samples, double rate_sps);

/* Seconds to ns, rounded to nearest. Saturates at the ends of int64_t; NaN gives 0. */
int64_t ls_ns_from_seconds(double seconds);

/* The midnight (UTC) on which the day of ns began. */
int64_t ls_time_midnight(int64_t ns);

/* The clock now, UTC ns. For provenance only: event times come from samples. */
int64_t ls_time_now(void);

/* A steady clock for progress and time-outs, ns from an arbitrary start. */
int64_t ls_time_steady(void);

#endif
