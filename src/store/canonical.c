/* A row becomes a line of JSON whose keys are the names of the columns of its query, in their
 * order; numbers have the 17 digits that give every bit of a double back. */
#include "store/canonical.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

/* The order of texts: the row itself comes first, and without it there is nothing. */
static const struct ls_chain_kind kinds[] = {
    {"incident",
     {"chain_text_incident", "chain_text_growth", "chain_text_runs", "chain_text_evidence"},
     "unchained_incident"},
    {"deletion", {"chain_text_deletion"}, "unchained_deletion"},
    {"permit", {"chain_text_permit"}, "unchained_permit"},
    {"snippet", {"chain_text_snippet"}, "unchained_snippet"},
    {"seal", {"chain_text_seal"}, "unchained_seal"},
    {"transmission", {"chain_text_transmission"}, NULL},
};

const struct ls_chain_kind *ls_chain_kind(const char *what) {
    for (size_t i = 0; i < LS_COUNT(kinds); i++) {
        if (strcmp(kinds[i].what, what) == 0) {
            return &kinds[i];
        }
    }
    return NULL;
}

const struct ls_chain_kind *ls_chain_kinds(size_t *ret_count) {
    *ret_count = LS_COUNT(kinds) - 1; /* transmissions are evidence, and linked with it */
    return kinds;
}

void ls_hash(const char *text, char ret[LS_HASH_HEX_BYTES]) {
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(digest, (const unsigned char *)text, strlen(text));
    sodium_bin2hex(ret, LS_HASH_HEX_BYTES, digest, sizeof digest);
}

static void write_text(FILE *out, const unsigned char *text) {
    fputc('"', out);
    for (const unsigned char *p = text; *p != '\0'; p++) {
        if (*p == '"' || *p == '\\') {
            fputc('\\', out);
            fputc(*p, out);
        } else if (*p < 0x20) {
            fprintf(out, "\\u%04x", *p);
        } else {
            fputc(*p, out);
        }
    }
    fputc('"', out);
}

static void write_row(FILE *out, sqlite3_stmt *stmt) {
    for (int i = 0; i < sqlite3_column_count(stmt); i++) {
        fprintf(out, "%s\"%s\":", i == 0 ? "{" : ",", sqlite3_column_name(stmt, i));
        switch (sqlite3_column_type(stmt, i)) {
        case SQLITE_INTEGER:
            fprintf(out, "%lld", (long long)sqlite3_column_int64(stmt, i));
            break;
        case SQLITE_FLOAT:
            fprintf(out, "%.17g", sqlite3_column_double(stmt, i));
            break;
        case SQLITE_NULL:
            fputs("null", out);
            break;
        default:
            write_text(out, sqlite3_column_text(stmt, i));
            break;
        }
    }
    fputs("}\n", out);
}

/* LS_EOF: no row. */
static int write_rows(struct ls_store *store, const char *query, int64_t id, FILE *out,
                      struct ls_err *err) {
    sqlite3_stmt *stmt;
    int code = ls_sql_get(store, query, &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_int(stmt, ":subject", id);
    int step = sqlite3_step(stmt);
    code = step == SQLITE_DONE ? LS_EOF : LS_OK;
    for (; step == SQLITE_ROW; step = sqlite3_step(stmt)) {
        write_row(out, stmt);
    }
    if (step != SQLITE_DONE) {
        code = ls_sql_error(store, "reading what the chain is about", err);
    }
    sqlite3_reset(stmt);
    return code;
}

/* The caller frees *ret; LS_EOF: there is no such row. */
static int make_text(struct ls_store *store, const char *what, int64_t id, char **ret,
                     struct ls_err *err) {
    const struct ls_chain_kind *kind = ls_chain_kind(what);
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    int code = write_rows(store, kind->texts[0], id, out, err);
    for (size_t i = 1; code == LS_OK && i < LS_COUNT(kind->texts) && kind->texts[i] != NULL; i++) {
        code = write_rows(store, kind->texts[i], id, out, err);
        code = code == LS_EOF ? LS_OK : code;
    }
    bool bad = ferror(out) != 0;
    if ((fclose(out) != 0 || bad) && code == LS_OK) {
        code = ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    if (code != LS_OK) {
        free(text);
        return code;
    }
    *ret = text;
    return LS_OK;
}

int ls_canonical_hash(struct ls_store *store, const char *what, int64_t id,
                      char ret[LS_HASH_HEX_BYTES], struct ls_err *err) {
    LS_AUTO(char) text = NULL;
    int code = make_text(store, what, id, &text, err);
    if (code == LS_OK) {
        ls_hash(text, ret);
    }
    return code;
}

int ls_store_canonical(struct ls_store *store, const char *what, int64_t id, char **ret,
                       struct ls_err *err) {
    int code = make_text(store, what, id, ret, err);
    if (code == LS_EOF) {
        return ls_err_set(err, LS_ERR_NOTFOUND, "there is no %s %lld", what, (long long)id);
    }
    return code;
}

int ls_store_canonical_evidence(struct ls_store *store, int64_t incident_id, FILE *out,
                                struct ls_err *err) {
    sqlite3_stmt *stmt;
    int step = SQLITE_DONE;
    int code = ls_sql_get(store, "evidence_hashes", &stmt, err);
    if (code != LS_OK) {
        return code;
    }
    ls_sql_bind_int(stmt, ":subject", incident_id);
    while (code == LS_OK && (step = sqlite3_step(stmt)) == SQLITE_ROW) {
        if (sqlite3_column_bytes(stmt, 1) > 0) {
            code = write_rows(store, "chain_text_transmission", sqlite3_column_int64(stmt, 0), out,
                              err);
        }
    }
    if (code == LS_OK && step != SQLITE_DONE) {
        code = ls_sql_error(store, "reading evidence", err);
    }
    sqlite3_reset(stmt);
    return code == LS_EOF
               ? ls_err_set(err, LS_ERR_FORMAT, "a row of evidence is gone: see 'db verify'")
               : code;
}
