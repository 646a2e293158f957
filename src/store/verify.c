/* The chain is walked from its beginning. What a link says of itself is checked first (its number,
 * the hash before it, its own), then what it is about: the text of an event, or the row as it is
 * now when no later link is about the same row. Rows that no link is about come at the end. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "store/link.h"

enum { PROBLEMS_MAX = 20, PROBLEM_BYTES = 256 };

struct verify {
    struct ls_store *store;
    const struct ls_verify_opts *opts;
    ls_problem_report *report;
    void *context;
    struct ls_verify_result result;
    bool hash_seen;
    char previous_line[LS_LINK_LINE_BYTES];
    struct ls_link last; /* seq 0: none yet */
};

__attribute__((format(printf, 2, 3))) static void found(struct verify *v, const char *format, ...) {
    char text[PROBLEM_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (v->result.problems++ < PROBLEMS_MAX) {
        v->report(v->context, text);
    }
}

/* --- one link --- */

static void check_links_of(struct verify *v, const struct ls_link *link, const char *line) {
    char hash[LS_HASH_HEX_BYTES];
    static const char zeros[LS_HASH_HEX_BYTES] =
        "0000000000000000000000000000000000000000000000000000000000000000";
    const char *before = v->last.seq == 0 ? zeros : v->last.hash;
    ls_hash(line, hash);
    if (link->seq != v->last.seq + 1) {
        found(v, "link %lld is missing", (long long)v->last.seq + 1);
    } else if (strcmp(link->previous, before) != 0) {
        found(v, "link %lld (%s %lld) does not follow the one before it", (long long)link->seq,
              link->what, (long long)link->subject);
    }
    if (strcmp(link->hash, hash) != 0) {
        found(v, "link %lld (%s %lld) has been changed", (long long)link->seq, link->what,
              (long long)link->subject);
    }
}

static void check_event(struct verify *v, const struct ls_link *link) {
    char hash[LS_HASH_HEX_BYTES];
    ls_hash(link->text, hash);
    if (link->subject != 0) {
        found(v, "link %lld is about '%s', which is nothing that has rows", (long long)link->seq,
              link->what);
    } else if (strcmp(hash, link->content) != 0) {
        found(v, "link %lld (%s): its text has been changed", (long long)link->seq, link->what);
    }
}

/* Each row of evidence against the hash that it had when it was linked. */
static int check_evidence(struct verify *v, const struct ls_link *link, struct ls_err *err) {
    sqlite3_stmt *stmt;
    int step = SQLITE_DONE;
    int code = ls_sql_get(v->store, "evidence_hashes", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_int(stmt, ":subject", link->subject);
    while (code == LS_OK && (step = sqlite3_step(stmt)) == SQLITE_ROW) {
        char is[LS_HASH_HEX_BYTES] = "";
        char was[LS_HASH_HEX_BYTES];
        int64_t id = sqlite3_column_int64(stmt, 0);
        ls_sql_text(stmt, 1, was, sizeof was);
        code = ls_canonical_hash(v->store, "transmission", id, is, err);
        if (code == LS_EOF && was[0] != '\0') {
            found(v, "link %lld (incident %lld): transmission %lld, its evidence, is gone",
                  (long long)link->seq, (long long)link->subject, (long long)id);
        } else if (code == LS_OK && strcmp(is, was) != 0) {
            found(v, "link %lld (incident %lld): transmission %lld, its evidence, has been changed",
                  (long long)link->seq, (long long)link->subject, (long long)id);
        }
        code = code == LS_EOF ? LS_OK : code;
    }
    if (code == LS_OK && step != SQLITE_DONE) {
        code = ls_sql_error(v->store, "checking evidence", err);
    }
    sqlite3_reset(stmt);
    return code;
}

static int check_row(struct verify *v, const struct ls_link *link, struct ls_err *err) {
    char hash[LS_HASH_HEX_BYTES];
    size_t problems = v->result.problems;
    int code = LS_OK;
    if (strcmp(link->what, "incident") == 0) {
        code = check_evidence(v, link, err);
    }
    if (code == LS_OK) {
        code = ls_canonical_hash(v->store, link->what, link->subject, hash, err);
    }
    if (code == LS_EOF) {
        found(v, "link %lld: %s %lld is gone", (long long)link->seq, link->what,
              (long long)link->subject);
        return LS_OK;
    }
    if (code == LS_OK && strcmp(hash, link->content) != 0 && v->result.problems == problems) {
        found(v, "link %lld: %s %lld is not what was linked", (long long)link->seq, link->what,
              (long long)link->subject);
    }
    return code;
}

static int read_seal(struct verify *v, int64_t id, struct ls_seal *ret, struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(v->store, "seal_signature", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_int(stmt, ":subject", id);
    if (sqlite3_step(stmt) == SQLITE_ROW) {
        ret->id = id;
        ret->seq = sqlite3_column_int64(stmt, 0);
        ls_sql_text(stmt, 1, ret->public_key, sizeof ret->public_key);
        ls_sql_text(stmt, 2, ret->signature, sizeof ret->signature);
    }
    sqlite3_reset(stmt);
    return LS_OK;
}

/* A seal signs the link right before its own. */
static int check_seal(struct verify *v, const struct ls_link *link, struct ls_err *err) {
    struct ls_seal seal = {.id = 0};
    int code = read_seal(v, link->subject, &seal, err);
    if (code != LS_OK || seal.id == 0) {
        return code; /* that it is gone has been said */
    }
    const char *expected = v->opts->public_key;
    v->result.seals++;
    if (expected != NULL && strcmp(expected, seal.public_key) != 0) {
        found(v, "link %lld: seal %lld is of another key, %.16s...", (long long)link->seq,
              (long long)seal.id, seal.public_key);
    } else if (seal.seq != link->seq - 1 ||
               !ls_key_verify(seal.public_key, seal.signature, v->previous_line,
                              strlen(v->previous_line))) {
        found(v, "link %lld: the signature of seal %lld is not of link %lld", (long long)link->seq,
              (long long)seal.id, (long long)link->seq - 1);
    } else {
        v->result.sealed_seq = seal.seq;
        memcpy(v->result.public_key, seal.public_key, sizeof v->result.public_key);
    }
    return LS_OK;
}

static int check_link(void *context, const struct ls_link *link, struct ls_err *err) {
    struct verify *v = context;
    char line[LS_LINK_LINE_BYTES];
    ls_link_line(link, line);
    check_links_of(v, link, line);
    const struct ls_chain_kind *kind = ls_chain_kind(link->what);
    int code = LS_OK;
    if (kind == NULL || kind->unchained == NULL) {
        check_event(v, link);
    } else if (link->newest) {
        code = check_row(v, link, err);
    }
    if (kind != NULL && link->text[0] != '\0') {
        found(v, "link %lld (%s %lld): text was added to it", (long long)link->seq, link->what,
              (long long)link->subject);
    }
    if (code == LS_OK && strcmp(link->what, "seal") == 0) {
        code = check_seal(v, link, err);
    }
    v->hash_seen |= v->opts->hash != NULL && strcmp(v->opts->hash, link->hash) == 0;
    v->last = *link;
    v->last.text = "";
    memcpy(v->previous_line, line, sizeof line);
    v->result.links++;
    return code;
}

/* --- what no link says --- */

static int check_head(struct verify *v, struct ls_err *err) {
    sqlite3_stmt *stmt;
    char hash[LS_HASH_HEX_BYTES];
    int code = ls_sql_get(v->store, "chain_head", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    int step = sqlite3_step(stmt);
    if (step == SQLITE_ROW) {
        int64_t seq = sqlite3_column_int64(stmt, 0);
        ls_sql_text(stmt, 1, hash, sizeof hash);
        if (seq > v->last.seq) {
            found(v, "link %lld is missing, and all after it up to link %lld",
                  (long long)v->last.seq + 1, (long long)seq);
        } else if (seq != v->last.seq || (seq > 0 && strcmp(hash, v->last.hash) != 0)) {
            found(v, "the head of the chain is not link %lld, its last one",
                  (long long)v->last.seq);
        }
    } else if (step == SQLITE_DONE) {
        found(v, "the head of the chain is gone: links may be missing at its end");
    } else {
        code = ls_sql_error(v->store, "checking the chain", err);
    }
    sqlite3_reset(stmt);
    return code;
}

static int check_unchained(struct verify *v, const struct ls_chain_kind *kind, struct ls_err *err) {
    sqlite3_stmt *stmt;
    int step;
    int code = ls_sql_get(v->store, kind->unchained, &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_int(stmt, ":after", INT64_MIN);
    while ((step = sqlite3_step(stmt)) == SQLITE_ROW) {
        found(v, "%s %lld is in no link", kind->what, (long long)sqlite3_column_int64(stmt, 0));
    }
    if (step != SQLITE_DONE) {
        code = ls_sql_error(v->store, "checking the chain", err);
    }
    sqlite3_reset(stmt);
    return code;
}

static int check_all(struct verify *v, struct ls_err *err) {
    size_t count;
    const struct ls_chain_kind *kinds = ls_chain_kinds(&count);
    int code = ls_store_each_link(v->store, 0, check_link, v, err);
    if (code == LS_OK) {
        code = check_head(v, err);
    }
    for (size_t i = 0; i < count && code == LS_OK; i++) {
        code = check_unchained(v, &kinds[i], err);
    }
    if (code == LS_OK && v->opts->hash != NULL && !v->hash_seen) {
        found(v, "no link has the hash %.64s", v->opts->hash);
    }
    return code;
}

int ls_store_verify(struct ls_store *store, const struct ls_verify_opts *opts,
                    ls_problem_report *report, void *context, struct ls_verify_result *ret,
                    struct ls_err *err) {
    struct verify v = {.store = store, .opts = opts, .report = report, .context = context};
    int file;
    int newest;
    int code = ls_store_version(store, &file, &newest, err);
    if (code == LS_OK && file != newest) {
        return ls_err_set(err, LS_ERR_FORMAT,
                          "database '%s' has schema version %d and this program verifies version "
                          "%d: run 'lineside db migrate --db %s' first",
                          store->path, file, newest, store->path);
    }
    if (code == LS_OK) {
        code = ls_sql_exec(store, "BEGIN", "checking the chain", err);
    }
    if (code == LS_OK) {
        code = check_all(&v, err);
    }
    ls_sql_rollback(store);
    memcpy(v.result.hash, v.last.hash, sizeof v.result.hash);
    if (code == LS_OK) {
        *ret = v.result;
    }
    return code;
}
