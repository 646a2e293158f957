/* model/line.h: the interchange: one JSON object a line, as schemas/json/ describes. Keys equal the
 * SQL column names of the *_line views. Times are RFC 3339 UTC with nine decimals, frequencies Hz.
 */
#ifndef MODEL_LINE_H
#define MODEL_LINE_H

#include <stdio.h>

#include "base/err.h"
#include "model/burst.h"
#include "model/observation.h"
#include "model/transmission.h"

enum ls_line_kind { LS_LINE_TRANSMISSION, LS_LINE_OBSERVATION, LS_LINE_BURST, LS_LINE_OTHER };

struct ls_line {
    enum ls_line_kind
        kind; /* LS_LINE_OTHER: a known type that import does not store ("finding", "incident") */
    union {
        struct ls_transmission transmission;
        struct ls_observation observation;
        struct ls_burst burst;
    };
};

/* One line of text, also an rtl_433 JSON line (time, freq or freq1, rssi, snr; everything else, the
 * payload, is left out). Does not keep text. LS_ERR_FORMAT says which key is missing or wrong. */
int ls_line_parse(const char *text, size_t length, struct ls_line *ret, struct ls_err *err);

/* Write one line with its newline. Values that are not known (NAN, "") are left out. Numbers print
 * the same way on every machine: shortest decimal that reads back to the same double, so output is
 * byte-identical. Returns LS_OK or LS_ERR_IO. */
int ls_line_write_transmission(FILE *out, const struct ls_transmission *row);
int ls_line_write_observation(FILE *out, const struct ls_observation *row);
int ls_line_write_burst(FILE *out, const char *sensor, const struct ls_burst *row,
                        int64_t transmission);

#endif
