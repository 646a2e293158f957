/* base/units.h: values as people write them ("433.92M", "250k", "10ms", "-90dBm", "876M:880M") and
 * shown the same way. */
#ifndef BASE_UNITS_H
#define BASE_UNITS_H

#include <stddef.h>

#include "base/err.h"

enum { LS_UNIT_TEXT_BYTES = 32 };

/* Frequency in Hz or rate in samples/s: a number with an optional k, M, G and an optional "Hz",
 * "sps" or "S/s". Refuses NaN, infinity and negative values. what names the value in the message
 * ("frequency"). LS_ERR_ARG. */
int ls_hz_parse(const char *text, const char *what, double *ret_hz, struct ls_err *err);

/* "LO:HI" in the units of ls_hz_parse, LO <= HI. LS_ERR_ARG. */
int ls_hz_range_parse(const char *text, double *ret_low_hz, double *ret_high_hz,
                      struct ls_err *err);

/* Duration in seconds: a number with ns, us, ms, s, m(in), h or d; without a unit, seconds.
 * LS_ERR_ARG. */
int ls_seconds_parse(const char *text, const char *what, double *ret_s, struct ls_err *err);

/* A whole number between low and high. LS_ERR_ARG names what and the range. */
int ls_count_parse(const char *text, const char *what, size_t low, size_t high, size_t *ret,
                   struct ls_err *err);

/* A number >= 0 with an optional k, M, G, T (powers of ten) or Ki, Mi, Gi, Ti and an optional "B".
 * LS_ERR_ARG. */
int ls_bytes_parse(const char *text, const char *what, double *ret_bytes, struct ls_err *err);

/* A number, which may be negative, and its unit, which may be left out: "40 dB", "-90dBm", "85".
 * unit: "dB"; "" for a bare number. LS_ERR_ARG. */
int ls_quantity_parse(const char *text, const char *what, const char *unit, double *ret,
                      struct ls_err *err);

/* As people write them, without loss to 12 figures, so that parsing gives the value back:
 * "433.92M"; "10ms", "1.5h"; "20G". */
void ls_hz_spell(double hz, char ret[LS_UNIT_TEXT_BYTES]);
void ls_seconds_spell(double seconds, char ret[LS_UNIT_TEXT_BYTES]);
void ls_bytes_spell(double bytes, char ret[LS_UNIT_TEXT_BYTES]);

/* "433.920 MHz", "12.5 kHz", "868.300125 MHz": as many decimals as `decimals` says, unit by size.
 */
void ls_hz_format(double hz, int decimals, char ret[LS_UNIT_TEXT_BYTES]);

/* With as few decimals as it takes, to the unit: "433.92 MHz", and with unit "S/s" "2.4 MS/s". */
void ls_hz_show(double hz, const char *unit, char ret[LS_UNIT_TEXT_BYTES]);

/* "577 us", "12.3 ms", "118.2 s", "2 h 03 min": three figures or so. */
void ls_seconds_format(double seconds, char ret[LS_UNIT_TEXT_BYTES]);

/* "12.3 MB" (powers of ten). */
void ls_bytes_format(double bytes, char ret[LS_UNIT_TEXT_BYTES]);

#endif
