/* store/sql.h: what the files of src/store share: the connection, its statements by name, and
 * SQLite's results as error lines. Not for other layers. */
#ifndef STORE_SQL_H
#define STORE_SQL_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/store.h"

enum {
    LS_SQL_STATEMENTS = 256,
    /* How long to wait for another program's lock. What a long analysis found is worth more
     * patience: two million rows are stored in about as long. */
    LS_SQL_BUSY_MS = 5000,
    LS_SQL_BUSY_FINISH_MS = 15000,
    /* A sensor tries again soon, and says meanwhile that it waits. */
    LS_SQL_BUSY_LIVE_MS = 500,
};

/* One statement of schemas/queries.sql, prepared. */
struct ls_sql_statement {
    const char *name;
    sqlite3_stmt *stmt;
};

/* Ids that a run may use: [first, until). */
struct ls_run_ids {
    int64_t run;
    int64_t first_transmission;
    int64_t until_transmission;
    int64_t first_observation;
    int64_t until_observation;
};

struct ls_store {
    sqlite3 *db;
    char *path; /* as given by the user, for messages */
    struct ls_sql_statement statements[LS_SQL_STATEMENTS];
    size_t statement_count;
    bool read_only;
    char *temporary; /* folder that goes with the object; NULL: none */
    bool in_walk;    /* a callback of a walk runs */

    /* The run under way, see write.c. */
    bool in_run;
    struct ls_run run;
    int64_t first_transmission_id;
    int64_t next_transmission_id;
    int64_t reserved_until;
    bool rows_lost; /* SQLite undoes all temporary rows when one does not fit the disk */

    /* The run that grows, see live.c; id 0: none. */
    struct ls_run_ids live;

    /* Runs with a calibration, in order of id, see calibrations.h. */
    struct ls_store_calibration *calibrations;
    size_t calibration_count;
    size_t calibration_room;

    /* Incidents that the transaction under way has changed, see link.h. */
    int64_t *touched;
    size_t touched_count;
    size_t touched_room;
};

/* A negative LS_ERR_* for the last SQLite error of the connection, with one line: "doing: what is
 * wrong with which file: what to do". */
int ls_sql_error(struct ls_store *store, const char *doing, struct ls_err *err);

/* The statement called name in schemas/queries.sql: prepared at its first use, owned by the store.
 * It comes reset and without bindings. */
int ls_sql_get(struct ls_store *store, const char *name, sqlite3_stmt **ret, struct ls_err *err);

/* The text behind the line "-- name: NAME" of schemas/queries.sql, or NULL; SQLite compiles its
 * first statement only. */
const char *ls_sql_query(const char *name);

/* name: a parameter, ":run_id". Binding cannot fail for a parameter that the statement has; a
 * parameter that it lacks is skipped. Text is borrowed until the statement is reset. NAN is NULL.
 */
void ls_sql_bind_int(sqlite3_stmt *stmt, const char *name, int64_t value);
void ls_sql_bind_real(sqlite3_stmt *stmt, const char *name, double value);
void ls_sql_bind_text(sqlite3_stmt *stmt, const char *name, const char *text);

/* NULL is NAN, "". Text is cut to size. */
double ls_sql_real(sqlite3_stmt *stmt, int column);
void ls_sql_text(sqlite3_stmt *stmt, int column, char *ret, size_t size);

/* Runs a statement that returns no rows, then resets it. doing: for the message. */
int ls_sql_run(struct ls_store *store, sqlite3_stmt *stmt, const char *doing, struct ls_err *err);

/* ls_sql_get and ls_sql_run of a statement without parameters. */
int ls_sql_run_named(struct ls_store *store, const char *name, const char *doing,
                     struct ls_err *err);

/* Plain text: BEGIN, COMMIT, a pragma. */
int ls_sql_exec(struct ls_store *store, const char *sql, const char *doing, struct ls_err *err);

/* Undoes the open transaction, if there is one; keeps what err says. */
void ls_sql_rollback(struct ls_store *store);
/* Ends all statements under way, and no transaction. */
void ls_sql_reset_all(struct ls_store *store);

/* The integer that a pragma or another statement of one value returns. */
int ls_sql_value(struct ls_store *store, const char *sql, int64_t *ret, struct ls_err *err);

/* Finalizes all statements. */
void ls_sql_finish(struct ls_store *store);

/* Runs the migrations that lead from user_version `from` to the newest on db. Returns SQLITE_OK or
 * SQLite's code. */
int ls_sql_migrate(sqlite3 *db, int from);

/* The newest schema version this program knows. */
int ls_sql_newest(void);

#endif
