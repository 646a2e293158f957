/* store/rows.h: what the two ways of writing rows share (write.c: a run at once, live.c: a run that
 * grows), and reading them back. Not for other layers. */
#ifndef STORE_ROWS_H
#define STORE_ROWS_H

#include "store/sql.h"

/* The next ids to give out: of a run, a transmission, an observation. In the transaction of the
 * caller. */
int ls_rows_next_ids(struct ls_store *store, int64_t ret[3], struct ls_err *err);
int ls_rows_set_next_ids(struct ls_store *store, const int64_t next[3], struct ls_err *err);

/* LS_ERR_ARG names what no database takes. */
int ls_rows_check_transmission(const struct ls_transmission *row, int64_t id, struct ls_err *err);
int ls_rows_check_observation(const struct ls_observation *row, struct ls_err *err);

/* By position, as the statements list them: this runs once a row. The first parameter is at;
 * returns the position after the last. NaN is stored as NULL. Texts are borrowed until the
 * statement is reset. */
int ls_rows_bind_transmission(sqlite3_stmt *stmt, int at, const char *sensor,
                              const struct ls_transmission *row);
int ls_rows_bind_observation(sqlite3_stmt *stmt, int at, const char *sensor,
                             const struct ls_observation *row);

/* A result row with the columns of transmissions_in_slice. */
void ls_rows_read_transmission(sqlite3_stmt *stmt, struct ls_transmission *ret);

/* The parameters of insert_run and insert_live_run that struct ls_run holds. */
void ls_rows_bind_run(sqlite3_stmt *stmt, const struct ls_run *run);

#endif
