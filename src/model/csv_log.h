/* model/csv_log.h: logs of comma-separated values with a heading (RFC 4180, one row a line): those
 * of this program, of rtl_433 -F csv, and of other receivers.
 *
 * Columns are known by their names, whatever their order: a time (start, epoch_s, unix, time_utc,
 * time, timestamp, ..., time_local), a frequency (center_hz, freq_hz, freq_mhz, freq in MHz as
 * rtl_433 writes it, with freq2 of FSK), and if there are any duration_s, duration_ms, stop,
 * bandwidth_hz, snr_db or snr, level_dbfs, rssi_db or rssi, class, mod, offset_hz, bursts, sensor;
 * with low_hz, high_hz and stop in place of a frequency rows are observations. Every other column
 * is left out: the payload and the names in it are never read. What a log does not say gets the
 * nominal values of model/line.h. */
#ifndef MODEL_CSV_LOG_H
#define MODEL_CSV_LOG_H

#include <stddef.h>

#include "model/line.h"

struct ls_csv_log;

/* heading: the first line. LS_ERR_FORMAT: no column names a time or a frequency (and opts neither).
 * opts are copied and may be NULL. The caller destroys *ret. */
int ls_csv_log_create(struct ls_csv_log **ret, const char *heading, size_t length,
                      const struct ls_line_opts *opts, struct ls_err *err);
void ls_csv_log_destroy(struct ls_csv_log *log);

/* How many columns are left out. */
size_t ls_csv_log_left_out(const struct ls_csv_log *log);

/* One row. LS_ERR_FORMAT names the column or key that is wrong; *ret is then untouched. */
int ls_csv_log_parse(struct ls_csv_log *log, const char *text, size_t length, struct ls_line *ret,
                     struct ls_err *err);

#endif
