/* report/export_check_file.h: written files that are one JSON document, as the rows that lines
 * would have held: each is held against its schema first. Not for other layers. */
#ifndef REPORT_EXPORT_CHECK_FILE_H
#define REPORT_EXPORT_CHECK_FILE_H

#include "report/reread.h"
#include "store/store.h"

/* Incidents are rows; a coordinate that no sensor stands at is LS_ERR_FORMAT. The caller closes
 * *ret. */
int ls_reread_geojson(struct ls_reread **ret, struct ls_store *store, const char *path,
                      struct ls_err *err);
/* Annotations as transmissions. The caller closes *ret. */
int ls_reread_sigmf(struct ls_reread **ret, const char *path, struct ls_err *err);

#endif
