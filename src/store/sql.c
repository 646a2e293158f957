#include "store/sql.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/embedded.h"
#include "base/util.h"

/* Written by scripts/embed.py: schemas/NNN_*.sql in order, then queries.sql. */
extern const struct ls_embedded ls_schema_files[];
extern const unsigned ls_schema_files_count;

static bool is_space_errno(int e) { return e == ENOSPC || e == EDQUOT || e == EFBIG; }

/* Whether the last failure of one file of the database `name`, as opcode points to it, was a lack
 * of space. SQLite says FULL for ENOSPC only; a quota or a size limit is an I/O error to it. */
static bool file_out_of_space(sqlite3 *db, const char *name, int opcode) {
    sqlite3_file *file = NULL;
    int e = 0;
    return sqlite3_file_control(db, name, opcode, (void *)&file) == SQLITE_OK && file != NULL &&
           file->pMethods != NULL &&
           file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &e) == SQLITE_OK &&
           is_space_errno(e);
}

static bool out_of_space(sqlite3 *db) {
    int code = sqlite3_errcode(db) & 0xff;
    if (code != SQLITE_IOERR) {
        return code == SQLITE_FULL;
    }
    return is_space_errno(sqlite3_system_errno(db)) ||
           file_out_of_space(db, "main", SQLITE_FCNTL_FILE_POINTER) ||
           file_out_of_space(db, "main", SQLITE_FCNTL_JOURNAL_POINTER) ||
           file_out_of_space(db, "temp", SQLITE_FCNTL_FILE_POINTER);
}

int ls_sql_error(struct ls_store *store, const char *doing, struct ls_err *err) {
    int code = sqlite3_errcode(store->db) & 0xff;
    int system_errno = sqlite3_system_errno(store->db);
    const char *path = store->path;
    if (out_of_space(store->db)) {
        return ls_err_set(err, LS_ERR_FULL,
                          "%s: no space left for database '%s' or its temporary files: free some "
                          "space, or name another folder in TMPDIR or --db",
                          doing, path);
    }
    switch (code) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ls_err_set(err, LS_ERR_BUSY,
                          "%s: database '%s' is locked by another program: wait until it is done, "
                          "then try again",
                          doing, path);
    case SQLITE_CORRUPT:
        return ls_err_set(err, LS_ERR_FORMAT,
                          "%s: database '%s' is damaged: restore a backup, or analyse and "
                          "import again into a new database",
                          doing, path);
    case SQLITE_NOTADB:
        return ls_err_set(err, LS_ERR_FORMAT,
                          "%s: '%s' is not a lineside database: name another file with --db", doing,
                          path);
    case SQLITE_READONLY:
        return ls_err_set(err, LS_ERR_IO,
                          "%s: database '%s' is read-only: make the file and its folder writable, "
                          "or name another file with --db",
                          doing, path);
    case SQLITE_CANTOPEN:
        return ls_err_set(err, LS_ERR_IO, "%s: cannot open database '%s' or its -wal file: %s",
                          doing, path,
                          system_errno != 0 ? strerror(system_errno)
                                            : "check the path and that the folder is writable");
    case SQLITE_NOMEM:
        return ls_err_set(err, LS_ERR_NOMEM, "%s: out of memory", doing);
    default:
        return ls_err_set(err, LS_ERR_IO, "%s: database '%s': %s", doing, path,
                          sqlite3_errmsg(store->db));
    }
}

static const char *file_text(const char *name) {
    for (unsigned i = 0; i < ls_schema_files_count; i++) {
        if (strcmp(ls_schema_files[i].name, name) == 0) {
            return ls_schema_files[i].text;
        }
    }
    return NULL;
}

static const char query_mark[] = "-- name: ";

const char *ls_sql_query(const char *name) {
    const char *text = file_text("queries.sql");
    size_t length = strlen(name);
    for (const char *p = strstr(text, query_mark); p != NULL; p = strstr(p, query_mark)) {
        p += sizeof query_mark - 1;
        if (strncmp(p, name, length) == 0 && p[length] == '\n') {
            return p + length;
        }
    }
    return NULL;
}

int ls_sql_get(struct ls_store *store, const char *name, sqlite3_stmt **ret, struct ls_err *err) {
    for (size_t i = 0; i < store->statement_count; i++) {
        struct ls_sql_statement *known = &store->statements[i];
        if (strcmp(known->name, name) == 0) {
            sqlite3_reset(known->stmt);
            sqlite3_clear_bindings(known->stmt);
            *ret = known->stmt;
            return LS_OK;
        }
    }
    const char *text = ls_sql_query(name);
    if (text == NULL || store->statement_count == LS_SQL_STATEMENTS) {
        return ls_err_set(err, LS_ERR_ARG, "no query '%s' in schemas/queries.sql", name);
    }
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v3(store->db, text, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL) !=
        SQLITE_OK) {
        return ls_sql_error(store, "reading the schema", err);
    }
    store->statements[store->statement_count++] =
        (struct ls_sql_statement){.name = name, .stmt = stmt};
    *ret = stmt;
    return LS_OK;
}

void ls_sql_bind_int(sqlite3_stmt *stmt, const char *name, int64_t value) {
    sqlite3_bind_int64(stmt, sqlite3_bind_parameter_index(stmt, name), value);
}

void ls_sql_bind_real(sqlite3_stmt *stmt, const char *name, double value) {
    /* SQLite stores NaN as NULL. */
    sqlite3_bind_double(stmt, sqlite3_bind_parameter_index(stmt, name), value);
}

void ls_sql_bind_text(sqlite3_stmt *stmt, const char *name, const char *text) {
    sqlite3_bind_text(stmt, sqlite3_bind_parameter_index(stmt, name), text, -1, SQLITE_STATIC);
}

double ls_sql_real(sqlite3_stmt *stmt, int column) {
    bool null = sqlite3_column_type(stmt, column) == SQLITE_NULL;
    return null ? (double)NAN : sqlite3_column_double(stmt, column);
}

void ls_sql_text(sqlite3_stmt *stmt, int column, char *ret, size_t size) {
    const unsigned char *text = sqlite3_column_text(stmt, column);
    ls_copy_text(ret, size, text == NULL ? "" : (const char *)text);
}

int ls_sql_run(struct ls_store *store, sqlite3_stmt *stmt, const char *doing, struct ls_err *err) {
    int step = sqlite3_step(stmt);
    int code = step == SQLITE_DONE || step == SQLITE_ROW ? LS_OK : ls_sql_error(store, doing, err);
    sqlite3_reset(stmt);
    return code;
}

int ls_sql_run_named(struct ls_store *store, const char *name, const char *doing,
                     struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, name, &stmt, err);
    return code == LS_OK ? ls_sql_run(store, stmt, doing, err) : code;
}

int ls_sql_exec(struct ls_store *store, const char *sql, const char *doing, struct ls_err *err) {
    if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        return ls_sql_error(store, doing, err);
    }
    return LS_OK;
}

void ls_sql_reset_all(struct ls_store *store) {
    for (size_t i = 0; i < store->statement_count; i++) {
        sqlite3_reset(store->statements[i].stmt);
    }
}

void ls_sql_rollback(struct ls_store *store) {
    ls_sql_reset_all(store);
    if (!sqlite3_get_autocommit(store->db)) {
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    }
}

int ls_sql_value(struct ls_store *store, const char *sql, int64_t *ret, struct ls_err *err) {
    sqlite3_stmt *stmt = NULL;
    int code = LS_OK;
    if (sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL) != SQLITE_OK ||
        sqlite3_step(stmt) != SQLITE_ROW) {
        code = ls_sql_error(store, "reading", err);
    } else {
        *ret = sqlite3_column_int64(stmt, 0);
    }
    sqlite3_finalize(stmt);
    return code;
}

void ls_sql_finish(struct ls_store *store) {
    for (size_t i = 0; i < store->statement_count; i++) {
        sqlite3_finalize(store->statements[i].stmt);
    }
    store->statement_count = 0;
}

/* NNN of "NNN_name.sql", 0 for queries.sql. */
static int file_version(const struct ls_embedded *file) {
    return (int)strtol(file->name, NULL, 10);
}

int ls_sql_newest(void) {
    int newest = 0;
    for (unsigned i = 0; i < ls_schema_files_count; i++) {
        int version = file_version(&ls_schema_files[i]);
        newest = version > newest ? version : newest;
    }
    return newest;
}

int ls_sql_migrate(sqlite3 *db, int from) {
    for (unsigned i = 0; i < ls_schema_files_count; i++) {
        if (file_version(&ls_schema_files[i]) <= from) {
            continue;
        }
        int code = sqlite3_exec(db, ls_schema_files[i].text, NULL, NULL, NULL);
        if (code != SQLITE_OK) {
            return code;
        }
    }
    return SQLITE_OK;
}
