/* Checking a database: what SQLite knows about its file, then what the schema promises. */
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "store/sql.h"

/* More problems of one kind than this say nothing new. */
enum { PROBLEMS_OF_A_KIND = 20 };

struct check {
    struct ls_store *store;
    ls_problem_report *report;
    void *context;
    size_t problems;
};

static void found(struct check *check, const char *text) {
    check->problems++;
    check->report(check->context, text);
}

/* A query whose every row is the text of a problem. A damaged file can make the query itself
 * fail: that is a problem of the file, not of the check. */
static int run_check(struct check *check, const char *query, struct ls_err *err) {
    struct ls_err problem = {0};
    sqlite3_stmt *stmt;
    int code = ls_sql_get(check->store, query, &stmt, &problem);
    size_t count = 0;
    while (code == LS_OK) {
        int step = sqlite3_step(stmt);
        if (step == SQLITE_DONE) {
            break;
        }
        if (step != SQLITE_ROW) {
            code = ls_sql_error(check->store, "checking", &problem);
        } else if (count++ < PROBLEMS_OF_A_KIND) {
            const unsigned char *text = sqlite3_column_text(stmt, 0);
            found(check, text == NULL ? "" : (const char *)text);
        }
    }
    ls_sql_rollback(check->store);
    if (code == LS_ERR_BUSY || code == LS_ERR_NOMEM) {
        return ls_err_set(err, code, "%s", problem.text);
    }
    if (code != LS_OK) {
        found(check, problem.text);
    }
    return LS_OK;
}

/* All of a schema as one text; the caller frees it. NULL: out of memory, or db is damaged. */
static char *schema_text(sqlite3 *db) {
    sqlite3_stmt *stmt = NULL;
    char *ret = NULL;
    if (sqlite3_prepare_v2(db, ls_sql_query("schema_text"), -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW) {
        const unsigned char *text = sqlite3_column_text(stmt, 0);
        ret = text == NULL ? NULL : strdup((const char *)text);
    }
    sqlite3_finalize(stmt);
    return ret;
}

static int check_schema(struct check *check, struct ls_err *err) {
    sqlite3 *fresh = NULL;
    LS_AUTO(char) is = schema_text(check->store->db);
    LS_AUTO(char) should_be = NULL;
    if (sqlite3_open(":memory:", &fresh) == SQLITE_OK && ls_sql_migrate(fresh, 0) == SQLITE_OK) {
        should_be = schema_text(fresh);
    }
    sqlite3_close(fresh);
    if (should_be == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    if (is == NULL || strcmp(is, should_be) != 0) {
        found(check, "the tables are not those of a new database of this version");
    }
    return LS_OK;
}

static int refuse_other_version(struct ls_store *store, struct ls_err *err) {
    int file;
    int newest;
    int code = ls_store_version(store, &file, &newest, err);
    if (code != LS_OK || file == newest) {
        return code;
    }
    if (file > newest) {
        return ls_err_set(err, LS_ERR_VERSION,
                          "database '%s' has schema version %d and this program knows versions up "
                          "to %d: check it with a newer lineside",
                          store->path, file, newest);
    }
    return ls_err_set(err, LS_ERR_FORMAT,
                      "database '%s' has schema version %d and this program checks version %d: "
                      "run 'lineside db migrate --db %s' first",
                      store->path, file, newest, store->path);
}

int ls_store_check(struct ls_store *store, ls_problem_report *report, void *context,
                   size_t *ret_problems, struct ls_err *err) {
    static const char *const queries[] = {
        "check_integrity",          "check_foreign_keys",      "check_rtree",
        "check_transmission_boxes", "check_observation_boxes", "check_empty_boxes",
        "check_run_rows",           "check_ledger_steps",      "check_ledger_sum",
        "check_emitters",
    };
    struct check check = {.store = store, .report = report, .context = context};
    int code = refuse_other_version(store, err);
    if (code == LS_OK) {
        code = check_schema(&check, err);
    }
    for (size_t i = 0; code == LS_OK && i < LS_COUNT(queries); i++) {
        code = run_check(&check, queries[i], err);
    }
    if (code == LS_OK) {
        *ret_problems = check.problems;
    }
    return code;
}
