#include "store/usage.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "store/prune.h"
#include "store/sql.h"

struct list {
    struct ls_usage *rows;
    size_t count;
    size_t room;
};

static double bytes_of(const char *what, uint64_t rows) {
    for (int i = 0; i < LS_PRUNE_TABLES; i++) {
        if (strcmp(ls_prune_name((enum ls_prune_what)i), what) == 0) {
            return (double)rows * ls_prune_row_bytes((enum ls_prune_what)i);
        }
    }
    return 0.0;
}

static struct ls_usage *more(struct list *list, struct ls_err *err) {
    void *items = list->rows;
    if (ls_grow(&items, &list->room, list->count, sizeof *list->rows) != LS_OK) {
        ls_err_set(err, LS_ERR_NOMEM, "out of memory");
        return NULL;
    }
    list->rows = items;
    return &list->rows[list->count++];
}

/* query gives a day, then a table when what is NULL, then a count, then bytes when they are known.
 */
static int read_days(struct ls_store *store, const char *query, const char *what, const char *did,
                     struct list *list, struct ls_err *err) {
    sqlite3_stmt *stmt;
    int step = SQLITE_DONE;
    int code = ls_sql_get(store, query, &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    while (code == LS_OK && (step = sqlite3_step(stmt)) == SQLITE_ROW) {
        struct ls_usage *row = more(list, err);
        int column = 1;
        if (row == NULL) {
            code = LS_ERR_NOMEM;
            break;
        }
        *row = (struct ls_usage){.day = sqlite3_column_int64(stmt, 0)};
        if (what == NULL) {
            ls_sql_text(stmt, column++, row->what, sizeof row->what);
        } else {
            ls_copy_text(row->what, sizeof row->what, what);
        }
        ls_copy_text(row->did, sizeof row->did, did);
        row->rows = (uint64_t)sqlite3_column_int64(stmt, column++);
        row->bytes = column < sqlite3_column_count(stmt) ? sqlite3_column_double(stmt, column)
                                                         : bytes_of(row->what, row->rows);
    }
    if (code == LS_OK && step != SQLITE_DONE) {
        code = ls_sql_error(store, "counting rows", err);
    }
    sqlite3_reset(stmt);
    return code;
}

static int by_day(const void *a, const void *b) {
    const struct ls_usage *x = a;
    const struct ls_usage *y = b;
    int order = (x->day > y->day) - (x->day < y->day);
    order = order != 0 ? order : -strcmp(x->did, y->did); /* stored, exported, deleted */
    return order != 0 ? order : strcmp(x->what, y->what);
}

int ls_store_each_usage(struct ls_store *store, ls_usage_each *each, void *context,
                        struct ls_err *err) {
    static const struct {
        const char *query;
        const char *what;
        const char *did;
    } parts[] = {{"usage_transmission", "transmission", "stored"},
                 {"usage_observation", "observation", "stored"},
                 {"usage_health", "health", "stored"},
                 {"usage_deleted", NULL, "deleted"},
                 {"usage_exported", "export", "exported"}};
    struct list list = {.count = 0};
    int code = LS_OK;
    for (size_t i = 0; i < LS_COUNT(parts) && code == LS_OK; i++) {
        code = read_days(store, parts[i].query, parts[i].what, parts[i].did, &list, err);
    }
    if (code == LS_OK && list.count > 1) {
        qsort(list.rows, list.count, sizeof *list.rows, by_day);
    }
    for (size_t i = 0; i < list.count && code == LS_OK; i++) {
        code = each(context, &list.rows[i], err);
    }
    free(list.rows);
    return code;
}
