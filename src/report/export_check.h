/* report/export_check.h: a file that an export wrote, read back by a parser that shares nothing
 * with its writer, held against the JSON Schema of its rows, and compared with the rows of the
 * database, value by value. */
#ifndef REPORT_EXPORT_CHECK_H
#define REPORT_EXPORT_CHECK_H

#include "report/export.h"

/* opts: as for the export. LS_ERR_FORMAT names the first row that differs, and in what; LS_ERR_IO;
 * the errors of the store. ret_rows: how many were compared. */
int ls_export_check(struct ls_store *store, const struct ls_export_opts *opts, const char *path,
                    size_t *ret_rows, struct ls_err *err);

#endif
