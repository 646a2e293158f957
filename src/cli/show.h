/* cli/show.h: values as the tables show them. A value that is not known is "", which a table shows
 * as "-". */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include <stdbool.h>
#include <stdint.h>

enum { LS_SHOW_BYTES = 32 };

/* To the nearest ms: "2026-11-20 08:00:00.123", or "+12.345 s" from the start of a recording that
 * has no clock. */
void ls_show_time(int64_t ns, bool no_clock, char ret[LS_SHOW_BYTES]);

/* Fixed decimals; "" for NAN. */
void ls_show_number(double value, int decimals, char ret[LS_SHOW_BYTES]);

/* Three figures with their unit: "12.5 kHz", "210 kHz", "1.08 MHz". */
void ls_show_width(double hz, char ret[LS_SHOW_BYTES]);

/* An edge in MHz: three decimals, or up to six where it needs them: "876.000", "457.93125". */
void ls_show_mhz(double hz, char ret[LS_SHOW_BYTES]);

/* "" for 0. */
void ls_show_count(uint64_t count, char ret[LS_SHOW_BYTES]);

#endif
