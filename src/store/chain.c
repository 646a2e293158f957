/* The chain grows in the transaction of what it is about, so the two cannot part. An incident is
 * linked at the end of a transaction that touched it, and only when its text is no longer that of
 * its last link: running the patterns again adds nothing. */
#include "store/chain.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "store/link.h"

static const char linking[] = "adding to the chain";

void ls_link_line(const struct ls_link *link, char ret[LS_LINK_LINE_BYTES]) {
    char time[LS_TIME_TEXT_BYTES];
    ls_time_format(link->t_ns, time);
    snprintf(ret, LS_LINK_LINE_BYTES, "lineside/1 %lld %s %s %lld %s %s\n", (long long)link->seq,
             time, link->what, (long long)link->subject, link->content, link->previous);
}

/* --- adding --- */

static int read_head(struct ls_store *store, struct ls_link *ret, struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, "chain_head", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    int step = sqlite3_step(stmt);
    if (step == SQLITE_ROW) {
        ret->seq = sqlite3_column_int64(stmt, 0) + 1;
        ls_sql_text(stmt, 1, ret->previous, sizeof ret->previous);
    } else if (step == SQLITE_DONE) {
        code = ls_err_set(err, LS_ERR_FORMAT,
                          "the chain of database '%s' has lost its head: 'lineside db verify' says "
                          "more",
                          store->path);
    } else {
        code = ls_sql_error(store, linking, err);
    }
    sqlite3_reset(stmt);
    return code;
}

static int write_head(struct ls_store *store, const struct ls_link *link, struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, "set_chain_head", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_int(stmt, ":seq", link->seq);
    ls_sql_bind_text(stmt, ":hash", link->hash);
    return ls_sql_run(store, stmt, linking, err);
}

/* link: what, subject, text, content. */
static int add_link(struct ls_store *store, struct ls_link *link, struct ls_err *err) {
    sqlite3_stmt *stmt;
    char line[LS_LINK_LINE_BYTES];
    int code = read_head(store, link, err);
    if (code == LS_OK) {
        code = ls_sql_get(store, "insert_link", &stmt, err);
    }
    if (code != LS_OK) {
        return code;
    }
    link->t_ns = ls_time_now();
    ls_link_line(link, line);
    ls_hash(line, link->hash);
    ls_sql_bind_int(stmt, ":seq", link->seq);
    ls_sql_bind_int(stmt, ":t_ns", link->t_ns);
    ls_sql_bind_text(stmt, ":what", link->what);
    ls_sql_bind_int(stmt, ":subject", link->subject);
    ls_sql_bind_text(stmt, ":text", link->text);
    ls_sql_bind_text(stmt, ":content", link->content);
    ls_sql_bind_text(stmt, ":previous", link->previous);
    ls_sql_bind_text(stmt, ":hash", link->hash);
    code = ls_sql_run(store, stmt, linking, err);
    return code == LS_OK ? write_head(store, link, err) : code;
}

/* LS_EOF: there is none. */
static int last_link(struct ls_store *store, const char *what, int64_t id, int64_t *ret_seq,
                     char ret_content[LS_HASH_HEX_BYTES], struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, "last_link", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_text(stmt, ":what", what);
    ls_sql_bind_int(stmt, ":subject", id);
    int step = sqlite3_step(stmt);
    if (step == SQLITE_ROW) {
        *ret_seq = sqlite3_column_int64(stmt, 0);
        ls_sql_text(stmt, 1, ret_content, LS_HASH_HEX_BYTES);
    } else {
        code = step == SQLITE_DONE ? LS_EOF : ls_sql_error(store, linking, err);
    }
    sqlite3_reset(stmt);
    return code;
}

int ls_link_row(struct ls_store *store, const char *what, int64_t id, struct ls_err *err) {
    struct ls_link link = {.subject = id, .text = ""};
    char known[LS_HASH_HEX_BYTES] = "";
    int64_t seq;
    int code = ls_canonical_hash(store, what, id, link.content, err);
    if (code == LS_OK) {
        code = last_link(store, what, id, &seq, known, err);
    }
    if ((code != LS_OK && code != LS_EOF) || strcmp(known, link.content) == 0) {
        return code;
    }
    ls_copy_text(link.what, sizeof link.what, what);
    return add_link(store, &link, err);
}

int ls_link_event(struct ls_store *store, const char *what, const char *text, struct ls_err *err) {
    struct ls_link link = {.text = text};
    ls_copy_text(link.what, sizeof link.what, what);
    ls_hash(text, link.content);
    return add_link(store, &link, err);
}

int ls_store_add_event(struct ls_store *store, const char *what, const char *text,
                       struct ls_err *err) {
    assert(!store->in_run && !store->in_walk);
    int code = ls_sql_exec(store, "BEGIN IMMEDIATE", linking, err);
    if (code == LS_OK) {
        code = ls_link_event(store, what, text, err);
    }
    if (code == LS_OK) {
        code = ls_sql_exec(store, "COMMIT", linking, err);
    }
    if (code != LS_OK) {
        ls_sql_rollback(store);
    }
    return code;
}

/* --- incidents --- */

int ls_link_touch(struct ls_store *store, int64_t incident_id, struct ls_err *err) {
    for (size_t i = 0; i < store->touched_count; i++) {
        if (store->touched[i] == incident_id) {
            return LS_OK;
        }
    }
    void *items = store->touched;
    if (ls_grow(&items, &store->touched_room, store->touched_count, sizeof *store->touched) !=
        LS_OK) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    store->touched = items;
    store->touched[store->touched_count++] = incident_id;
    return LS_OK;
}

/* Touches the incidents that a query lists. */
static int touch_listed(struct ls_store *store, sqlite3_stmt *stmt, struct ls_err *err) {
    int code = LS_OK;
    int step = SQLITE_DONE;
    while (code == LS_OK && (step = sqlite3_step(stmt)) == SQLITE_ROW) {
        code = ls_link_touch(store, sqlite3_column_int64(stmt, 0), err);
    }
    if (code == LS_OK && step != SQLITE_DONE) {
        code = ls_sql_error(store, linking, err);
    }
    sqlite3_reset(stmt);
    return code;
}

int ls_link_touch_evidence(struct ls_store *store, int64_t first_id, int64_t last_id,
                           struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, "incidents_of_evidence", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_int(stmt, ":first_id", first_id);
    ls_sql_bind_int(stmt, ":last_id", last_id);
    return touch_listed(store, stmt, err);
}

int ls_link_grown(struct ls_store *store, int64_t transmission_id, struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, "open_grown_evidence", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_int(stmt, ":id", transmission_id);
    return ls_sql_run(store, stmt, linking, err);
}

/* A row that retention deleted before it became evidence leaves its number only, and no hash. */
static int hash_row(struct ls_store *store, int64_t incident_id, int64_t transmission_id,
                    struct ls_err *err) {
    sqlite3_stmt *stmt;
    char hash[LS_HASH_HEX_BYTES] = "";
    int code = ls_canonical_hash(store, "transmission", transmission_id, hash, err);
    code = code == LS_EOF ? LS_OK : code;
    if (code == LS_OK) {
        code = ls_sql_get(store, "set_evidence_hash", &stmt, err);
    }
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_int(stmt, ":subject", incident_id);
    ls_sql_bind_int(stmt, ":transmission_id", transmission_id);
    ls_sql_bind_text(stmt, ":sha256", hash);
    return ls_sql_run(store, stmt, linking, err);
}

/* The rows are listed first: the hash of one takes it out of the index that lists them. */
static int hash_evidence(struct ls_store *store, int64_t incident_id, struct ls_err *err) {
    int64_t *ids = NULL;
    size_t count = 0;
    size_t room = 0;
    sqlite3_stmt *stmt;
    int step = SQLITE_DONE;
    int code = ls_sql_get(store, "open_evidence", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_int(stmt, ":subject", incident_id);
    while (code == LS_OK && (step = sqlite3_step(stmt)) == SQLITE_ROW) {
        void *items = ids;
        code = ls_grow(&items, &room, count, sizeof *ids);
        ids = items;
        if (code == LS_OK) {
            ids[count++] = sqlite3_column_int64(stmt, 0);
        } else {
            ls_err_set(err, code, "out of memory");
        }
    }
    if (code == LS_OK && step != SQLITE_DONE) {
        code = ls_sql_error(store, linking, err);
    }
    sqlite3_reset(stmt);
    for (size_t i = 0; i < count && code == LS_OK; i++) {
        code = hash_row(store, incident_id, ids[i], err);
    }
    free(ids);
    return code;
}

static int compare_ids(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

int ls_link_incidents(struct ls_store *store, struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, "open_incidents", &stmt, err);
    if (code == LS_OK) {
        code = touch_listed(store, stmt, err);
    }
    if (store->touched_count > 0) {
        qsort(store->touched, store->touched_count, sizeof *store->touched, compare_ids);
    }
    for (size_t i = 0; i < store->touched_count && code == LS_OK; i++) {
        code = hash_evidence(store, store->touched[i], err);
        if (code == LS_OK) {
            code = ls_link_row(store, "incident", store->touched[i], err);
            code = code == LS_EOF ? LS_OK : code; /* touched in a transaction that was undone */
        }
    }
    store->touched_count = code == LS_OK ? 0 : store->touched_count;
    return code;
}

/* The first row behind *id that has no link; LS_EOF: there is none. */
static int next_unchained(struct ls_store *store, const struct ls_chain_kind *kind, int64_t *id,
                          struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, kind->unchained, &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_int(stmt, ":after", *id);
    int step = sqlite3_step(stmt);
    if (step == SQLITE_ROW) {
        *id = sqlite3_column_int64(stmt, 0);
    } else {
        code = step == SQLITE_DONE ? LS_EOF : ls_sql_error(store, linking, err);
    }
    sqlite3_reset(stmt);
    return code;
}

int ls_link_adopt(struct ls_store *store, struct ls_err *err) {
    size_t count;
    const struct ls_chain_kind *kinds = ls_chain_kinds(&count);
    int code = LS_OK;
    for (size_t k = 0; k < count && code == LS_OK; k++) {
        int64_t id = 0;
        code = next_unchained(store, &kinds[k], &id, err);
        while (code == LS_OK) {
            code = strcmp(kinds[k].what, "incident") == 0 ? hash_evidence(store, id, err) : LS_OK;
            if (code == LS_OK) {
                code = ls_link_row(store, kinds[k].what, id, err);
            }
            if (code == LS_OK) {
                code = next_unchained(store, &kinds[k], &id, err);
            }
        }
        code = code == LS_EOF ? LS_OK : code;
    }
    return code;
}

/* --- reading --- */

int ls_store_link_of(struct ls_store *store, const char *what, int64_t id, int64_t *ret_seq,
                     struct ls_err *err) {
    char content[LS_HASH_HEX_BYTES];
    int code = last_link(store, what, id, ret_seq, content, err);
    if (code == LS_EOF) {
        return ls_err_set(err, LS_ERR_NOTFOUND, "%s %lld is not in the chain", what, (long long)id);
    }
    return code;
}

int ls_store_each_link(struct ls_store *store, int64_t until_seq, ls_link_each *each, void *context,
                       struct ls_err *err) {
    sqlite3_stmt *stmt;
    int step = SQLITE_DONE;
    int code = ls_sql_get(store, "links", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_int(stmt, ":until_seq", until_seq == 0 ? INT64_MAX : until_seq);
    while (code == LS_OK && (step = sqlite3_step(stmt)) == SQLITE_ROW) {
        struct ls_link link = {.seq = sqlite3_column_int64(stmt, 0),
                               .t_ns = sqlite3_column_int64(stmt, 1),
                               .subject = sqlite3_column_int64(stmt, 3),
                               .text = (const char *)sqlite3_column_text(stmt, 4),
                               .newest = sqlite3_column_int(stmt, 8) != 0};
        ls_sql_text(stmt, 2, link.what, sizeof link.what);
        ls_sql_text(stmt, 5, link.content, sizeof link.content);
        ls_sql_text(stmt, 6, link.previous, sizeof link.previous);
        ls_sql_text(stmt, 7, link.hash, sizeof link.hash);
        code = each(context, &link, err);
    }
    if (code == LS_OK && step != SQLITE_DONE) {
        code = ls_sql_error(store, "reading the chain", err);
    }
    sqlite3_reset(stmt);
    return code == LS_EOF ? LS_OK : code;
}
