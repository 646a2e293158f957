/* model/csv.h: rows of comma-separated values (RFC 4180, but lines end as everywhere on the
 * system): a field with a comma, a quote or a line end is quoted, a value that is not known is
 * empty. Numbers and times are those of model/line.h. */
#ifndef MODEL_CSV_H
#define MODEL_CSV_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct ls_csv { /* all-zero but for out begins */
    FILE *out;
    bool begun; /* a field of this row is written */
};

void ls_csv_text(struct ls_csv *csv, const char *text);
void ls_csv_number(struct ls_csv *csv, double value); /* NAN: not known */
void ls_csv_count(struct ls_csv *csv, uint64_t count);
void ls_csv_time(struct ls_csv *csv, int64_t ns);

/* Ends the row. LS_OK or LS_ERR_IO. */
int ls_csv_end(struct ls_csv *csv);

#endif
