/* report/reread.h: rows of a written file as JSON objects: JSON lines, or CSV whose fields get the
 * types of a schema. Not for other layers. */
#ifndef REPORT_REREAD_H
#define REPORT_REREAD_H

#include "report/schema.h"

struct ls_reread;

/* csv: the schema of the rows of a CSV file, borrowed; NULL: JSON lines. type: the value of the key
 * "type", which CSV leaves out. LS_ERR_IO, LS_ERR_NOMEM, LS_ERR_FORMAT. The caller closes *ret. */
int ls_reread_open(struct ls_reread **ret, const char *path, const struct ls_schema *csv,
                   const char *type, struct ls_err *err);
/* The members of an array, which is taken over; NULL is an empty one. */
int ls_reread_array(struct ls_reread **ret, json_t *rows, struct ls_err *err);
void ls_reread_close(struct ls_reread *file);

/* The next row, which the caller drops with json_decref; LS_EOF: there is none. */
int ls_reread_next(struct ls_reread *file, json_t **ret, struct ls_err *err);

#endif
