/* model/line.h: the interchange: one JSON object a line, as schemas/json/ describes. Keys equal the
 * columns of the SQL views transmission_line and observation_line. Times are RFC 3339 UTC with nine
 * decimals, frequencies Hz.
 *
 * Lines that rtl_433 -F json writes are read too: time, freq (or freq1 and freq2), mod, rssi and
 * snr; everything else, the payload, is left out. Such a line names a moment near the end of a
 * reception and one frequency, so the row gets nominal values: 0.1 s, which few devices exceed,
 * from that moment on, and 100 kHz around the frequency (for FSK around both tones). That is wide
 * on purpose: emitters are told apart by frequency to 4 % of the bandwidth, and in logs of some
 * days the rows of one device spread by 1.6 to 2.2 kHz (OOK) and 1.5 to 13 kHz (FSK). */
#ifndef MODEL_LINE_H
#define MODEL_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"
#include "model/burst.h"
#include "model/emitter.h"
#include "model/incident.h"
#include "model/observation.h"
#include "model/transmission.h"

enum { LS_LINE_MAX_BYTES = 1 << 20 }; /* a longer line is refused */

enum ls_line_kind { LS_LINE_TRANSMISSION, LS_LINE_OBSERVATION, LS_LINE_BURST, LS_LINE_OTHER };

struct ls_line {
    enum ls_line_kind
        kind; /* LS_LINE_OTHER: a known type that import does not store ("finding", "incident") */
    char label[LS_LABEL_BYTES]; /* classification, "" when the line names none */
    bool nominal;               /* an rtl_433 line: duration and bandwidth are nominal */
    bool no_clock; /* an rtl_433 line that counts from the start of its recording ("@1.5s"), which
                      is taken as 1970-01-01T00:00:00Z */
    union {
        struct ls_transmission transmission; /* sensor "" when the line names none */
        struct ls_observation observation;
        struct ls_burst burst;
    };
};

struct ls_line_opts { /* all-zero: the defaults */
    bool has_zone;    /* take a time of rtl_433 or a CSV log without a zone as one of zone_s; else
                         it is refused, as such logs hold local time unless told otherwise */
    int32_t zone_s;   /* seconds ahead of UTC, -86399 to 86399 */
    double center_hz; /* > 0: of CSV rows that name no frequency; else they are refused */
};

/* One line of text, with or without its newline. Does not keep text. opts may be NULL.
 * LS_ERR_FORMAT says which key is missing or wrong: not JSON, nested deeper than jansson goes
 * (2048), a frequency above 1 THz, a duration below 1 ns or past the year 2261, ... Keys that are
 * not known are ignored, null is a value that is not known. *ret is untouched on failure. */
int ls_line_parse(const char *text, size_t length, const struct ls_line_opts *opts,
                  struct ls_line *ret, struct ls_err *err);

/* Write one line with its newline. Values that are not known (NAN, "", bursts 0) are left out, so
 * is the state of an observation that was observed, and a label that is "". Numbers print the same
 * way on every machine: shortest decimal that reads back to the same double, so output is
 * byte-identical. Returns LS_OK or LS_ERR_IO. */
int ls_line_write_transmission(FILE *out, const struct ls_transmission *row);
int ls_line_write_labelled_transmission(FILE *out, const struct ls_transmission *row,
                                        const char *label);
int ls_line_write_labelled_observation(FILE *out, const struct ls_observation *row,
                                       const char *label);
/* The same with the row's id in its database, for a person or program that asks for more about it
 * later. An id says nothing to another database, so exports leave it out. */
int ls_line_write_stored_transmission(FILE *out, const struct ls_transmission *row,
                                      const char *label);
int ls_line_write_observation(FILE *out, const struct ls_observation *row);
int ls_line_write_burst(FILE *out, const char *sensor, const struct ls_burst *row,
                        int64_t transmission);

/* One search: type, kind, false_alarm_probability, reported, searches, trials, and where there is
 * evidence start, stop, low_hz, high_hz and parameters. */
int ls_line_write_finding(FILE *out, const struct ls_finding *row);
/* The keys of DESIGN section 4, then intervals (90 %), confirmed, findings, permit, band, words. */
int ls_line_write_incident(FILE *out, const struct ls_incident *row);

/* Keys as the columns of emitter_line. */
int ls_line_write_emitter(FILE *out, const struct ls_emitter *row);
/* A transmission of an emitter, and why it is; a merge or a split. */
int ls_line_write_link(FILE *out, int64_t emitter_id, const struct ls_transmission *row,
                       const char *reason, unsigned percent);
int ls_line_write_emitter_event(FILE *out, const struct ls_emitter_event *row);

/* Parts of them, as the store keeps them: {"period_s":48.01,"clock":"locked"}; null is what cannot
 * be estimated; {"period_s":[48,48.02]}; ["..."]; [12,13]. */
void ls_line_write_parameters(FILE *out, const struct ls_finding *row);
void ls_line_write_intervals(FILE *out, const struct ls_finding *row);
void ls_line_write_rivals(FILE *out, const struct ls_finding *row);

enum { LS_LINE_NUMBER_BYTES = 32 };

/* A finite number as the lines write it. */
void ls_line_number(double value, char ret[LS_LINE_NUMBER_BYTES]);

#endif
