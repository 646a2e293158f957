#include "cli/evidence.h"

#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "cli/database.h"
#include "store/chain.h"

static const struct ls_option rows[] = {
    {.name = "key",
     .kind = LS_OPTION_TEXT,
     .value = "FILE",
     .help = "seal: the secret key; verify: the public key that every seal must be of"},
    {.name = "link",
     .kind = LS_OPTION_TEXT,
     .value = "HASH",
     .help = "verify: the chain must hold this link, which 'seal' printed once"},
};
const struct ls_option_table ls_evidence_options = {
    .title = "Evidence", .rows = rows, .count = LS_COUNT(rows)};

int ls_evidence_key(struct ls_store *store, const struct ls_call *call, struct ls_err *err) {
    const char *path = ls_args_word(call->args, 1);
    struct ls_key key;
    (void)store;
    int code = ls_key_make(path, &key, err);
    if (code == LS_OK) {
        printf("secret key in '%s', for nobody else to read\n"
               "public key in '%s.pub', to keep off the sensor: %s\n",
               path, path, key.public_hex);
        ls_key_forget(&key);
    }
    return code;
}

static int seal(struct ls_store *store, const char *key_path, struct ls_seal *ret,
                struct ls_err *err) {
    struct ls_key key;
    int code = ls_key_load(key_path, &key, err);
    if (code == LS_OK) {
        code = ls_store_seal(store, &key, ret, err);
        ls_key_forget(&key);
    }
    return code;
}

int ls_evidence_open(struct ls_store **ret, const struct ls_call *call, struct ls_err *err) {
    struct ls_store *store = NULL;
    int code = ls_database_open(&store, call, LS_STORE_EXISTING, err);
    if (code == LS_OK) {
        code = ls_store_migrate(store, err);
    }
    if (code != LS_OK) {
        ls_store_close(store);
        return code;
    }
    *ret = store;
    return LS_OK;
}

int ls_evidence_seal_database(const struct ls_call *call, const char *key_path,
                              struct ls_err *err) {
    struct ls_store *store = NULL;
    struct ls_seal done;
    int code = ls_evidence_open(&store, call, err);
    if (code == LS_OK) {
        code = seal(store, key_path, &done, err);
    }
    ls_store_close(store);
    return code;
}

static int print_sealed(void *context, const struct ls_link *link, struct ls_err *err) {
    const struct ls_seal *done = context;
    (void)err;
    if (link->seq != done->seq) {
        return LS_OK;
    }
    printf("sealed up to link %lld, %s\n", (long long)link->seq, link->hash);
    return LS_EOF;
}

int ls_evidence_seal(struct ls_store *store, const struct ls_call *call, struct ls_err *err) {
    const char *path = ls_args_text(call->args, "key");
    struct ls_seal done = {.id = 0};
    if (path == NULL) {
        return ls_err_set(err, LS_ERR_ARG,
                          "'db seal' needs '--key FILE': 'lineside db key FILE' makes one");
    }
    int code = seal(store, path, &done, err);
    if (code == LS_OK && done.id == 0) {
        printf("nothing to seal: the chain has not grown\n");
    } else if (code == LS_OK) {
        code = ls_store_each_link(store, done.seq, print_sealed, &done, err);
    }
    return code;
}

static void print_problem(void *context, const char *text) {
    (void)context;
    printf("%s\n", text);
}

static void print_sound(const struct ls_verify_result *result, const struct ls_call *call,
                        bool checked) {
    printf("'%s' is as it was linked: %lld link%s, %zu seal%s\n", call->db_path,
           (long long)result->links, result->links == 1 ? "" : "s", result->seals,
           result->seals == 1 ? "" : "s");
    if (result->links > 0) {
        printf("last link %s\n", result->hash);
    }
    if (result->sealed_seq > 0) {
        printf("sealed up to link %lld by key %s%s\n", (long long)result->sealed_seq,
               result->public_key, checked ? "" : ", which nothing vouches for: give '--key'");
    }
}

int ls_evidence_verify(struct ls_store *store, const struct ls_call *call, struct ls_err *err) {
    const char *path = ls_args_text(call->args, "key");
    char public_key[LS_KEY_PUBLIC_HEX_BYTES];
    struct ls_verify_opts opts = {.hash = ls_args_text(call->args, "link")};
    struct ls_verify_result result;
    int code = LS_OK;
    if (path != NULL) {
        code = ls_key_load_public(path, public_key, err);
        opts.public_key = public_key;
    }
    if (code == LS_OK) {
        code = ls_store_verify(store, &opts, print_problem, NULL, &result, err);
    }
    if (code == LS_OK && result.problems > 0) {
        return ls_err_set(err, LS_ERR_FORMAT,
                          "'%.300s' is not what was linked: %zu problem%s, the first broken link "
                          "first",
                          call->db_path, result.problems, result.problems == 1 ? "" : "s");
    }
    if (code == LS_OK) {
        print_sound(&result, call, path != NULL);
    }
    return code;
}
