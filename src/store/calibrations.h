/* store/calibrations.h: levels in dBm for rows whose run has a calibration. Not for other layers.
 */
#ifndef STORE_CALIBRATIONS_H
#define STORE_CALIBRATIONS_H

#include "store/sql.h"

/* Reads which runs have one, as the database is now; a walk over rows begins with it. LS_ERR_NOMEM;
 * the errors of the store. */
int ls_calibrations_load(struct ls_store *store, struct ls_err *err);
void ls_calibrations_drop(struct ls_store *store);

/* Gives the row its level_dbm, where it is known. */
void ls_calibrations_apply(const struct ls_store *store, struct ls_transmission *row);

#endif
