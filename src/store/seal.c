/* A seal signs the line of the last link, which holds the hash of the one before, and so on. */
#include <assert.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "store/link.h"

static const char sealing[] = "sealing the chain";

static int keep_last(void *context, const struct ls_link *link, struct ls_err *err) {
    struct ls_link *last = context;
    (void)err;
    *last = *link;
    last->text = "";
    return LS_OK;
}

static int insert_seal(struct ls_store *store, struct ls_seal *seal, struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, "insert_seal", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_int(stmt, ":t_ns", ls_time_now());
    ls_sql_bind_int(stmt, ":seq", seal->seq);
    ls_sql_bind_text(stmt, ":public_key", seal->public_key);
    ls_sql_bind_text(stmt, ":signature", seal->signature);
    int step = sqlite3_step(stmt);
    if (step == SQLITE_ROW) {
        seal->id = sqlite3_column_int64(stmt, 0);
        step = sqlite3_step(stmt);
    }
    code = step == SQLITE_DONE ? LS_OK : ls_sql_error(store, sealing, err);
    sqlite3_reset(stmt);
    return code;
}

static int seal_last(struct ls_store *store, const struct ls_key *key, struct ls_seal *seal,
                     struct ls_err *err) {
    struct ls_link last = {.seq = 0};
    char line[LS_LINK_LINE_BYTES];
    int code = ls_store_each_link(store, 0, keep_last, &last, err);
    if (code != LS_OK || last.seq == 0 || strcmp(last.what, "seal") == 0) {
        return code;
    }
    ls_link_line(&last, line);
    seal->seq = last.seq;
    ls_copy_text(seal->public_key, sizeof seal->public_key, key->public_hex);
    ls_key_sign(key, line, strlen(line), seal->signature);
    code = insert_seal(store, seal, err);
    return code == LS_OK ? ls_link_row(store, "seal", seal->id, err) : code;
}

int ls_store_seal(struct ls_store *store, const struct ls_key *key, struct ls_seal *ret,
                  struct ls_err *err) {
    assert(!store->in_run && !store->in_walk && !store->read_only);
    struct ls_seal seal = {.id = 0};
    int code = ls_sql_exec(store, "BEGIN IMMEDIATE", sealing, err);
    if (code == LS_OK) {
        code = seal_last(store, key, &seal, err);
    }
    if (code == LS_OK) {
        code = ls_sql_exec(store, "COMMIT", sealing, err);
    }
    if (code != LS_OK) {
        ls_sql_rollback(store);
        return code;
    }
    *ret = seal;
    return LS_OK;
}

int ls_store_seal_over(struct ls_store *store, int64_t seq, struct ls_seal *ret,
                       struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, "seal_over", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_int(stmt, ":seq", seq);
    int step = sqlite3_step(stmt);
    if (step == SQLITE_ROW) {
        ret->id = sqlite3_column_int64(stmt, 0);
        ret->seq = sqlite3_column_int64(stmt, 1);
        ls_sql_text(stmt, 2, ret->public_key, sizeof ret->public_key);
        ls_sql_text(stmt, 3, ret->signature, sizeof ret->signature);
    } else {
        code = step == SQLITE_DONE
                   ? ls_err_set(err, LS_ERR_NOTFOUND,
                                "the chain is not sealed up to link %lld: seal it with 'lineside "
                                "db seal --key FILE'",
                                (long long)seq)
                   : ls_sql_error(store, "reading seals", err);
    }
    sqlite3_reset(stmt);
    return code;
}
