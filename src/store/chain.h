/* store/chain.h: what makes a quiet change show. Every version of an incident with its evidence,
 * every permit, snippet, deletion, pin, export and seal is a link of a chain of SHA-256 hashes; a
 * seal is an Ed25519 signature (RFC 8032) of a link, and so of all before it. A link is the hash of
 * one line of text, so that a chain can be checked with sha256sum:
 *
 *     lineside/1 SEQ TIME WHAT SUBJECT CONTENT PREVIOUS
 *
 * CONTENT is the hash of the canonical text of what the link is about: a line of JSON a row, with
 * 17 digits a number, so that no bit of a value is left out. */
#ifndef STORE_CHAIN_H
#define STORE_CHAIN_H

#include <stdio.h>

#include "store/key.h"
#include "store/store.h"

/* 64 digits, and room to see that a text is longer. */
enum { LS_HASH_HEX_BYTES = 72, LS_LINK_WHAT_BYTES = 24, LS_LINK_LINE_BYTES = 320 };

struct ls_link {
    int64_t seq; /* 1, 2, 3, ... */
    int64_t t_ns;
    char what[LS_LINK_WHAT_BYTES]; /* "incident", "deletion", "permit", "snippet", "seal"; events:
                                      "replaced", "pin", "unpin", "export", "merge" */
    int64_t subject;               /* its row; 0: an event, which is its text */
    const char *text;              /* of an event; borrowed */
    char content[LS_HASH_HEX_BYTES];
    char previous[LS_HASH_HEX_BYTES];
    char hash[LS_HASH_HEX_BYTES];
    bool newest; /* no later link is about the same row */
};

/* The line that is hashed, with its line feed. */
void ls_link_line(const struct ls_link *link, char ret[LS_LINK_LINE_BYTES]);

/* In order. until_seq: the last one; 0: all. Nothing else may be asked of the store meanwhile. */
typedef int ls_link_each(void *context, const struct ls_link *link, struct ls_err *err);
int ls_store_each_link(struct ls_store *store, int64_t until_seq, ls_link_each *each, void *context,
                       struct ls_err *err);

/* Adds an event in a transaction of its own. text: one line of JSON without a line feed. */
int ls_store_add_event(struct ls_store *store, const char *what, const char *text,
                       struct ls_err *err);

/* The canonical text of a row: what is "incident" (with its growth, its runs, and the hash of each
 * row of evidence), "transmission", "deletion", "permit", "snippet" or "seal". The caller frees
 * *ret. LS_ERR_NOTFOUND. */
int ls_store_canonical(struct ls_store *store, const char *what, int64_t id, char **ret,
                       struct ls_err *err);

/* The canonical texts of the transmissions that an incident rests on and that had a hash when they
 * became evidence, in order of id. */
int ls_store_canonical_evidence(struct ls_store *store, int64_t incident_id, FILE *out,
                                struct ls_err *err);

/* --- seals --- */

struct ls_seal {
    int64_t id;  /* 0: none */
    int64_t seq; /* the link that it signs */
    char public_key[LS_KEY_PUBLIC_HEX_BYTES];
    char signature[LS_KEY_SIGNATURE_HEX_BYTES];
};

/* Signs the last link and adds the seal to the chain. An empty chain, and one whose last link is a
 * seal, are left as they are: ret->id is 0. */
int ls_store_seal(struct ls_store *store, const struct ls_key *key, struct ls_seal *ret,
                  struct ls_err *err);
/* The first seal of link seq or a later one; LS_ERR_NOTFOUND. */
int ls_store_seal_over(struct ls_store *store, int64_t seq, struct ls_seal *ret,
                       struct ls_err *err);
/* The newest link about a row; LS_ERR_NOTFOUND. */
int ls_store_link_of(struct ls_store *store, const char *what, int64_t id, int64_t *ret_seq,
                     struct ls_err *err);

/* --- checking --- */

struct ls_verify_opts {
    const char *public_key; /* hex: every seal must be of this key; NULL: of the key it names */
    const char *hash;       /* the chain must have a link with this hash; NULL: any chain will do */
};

struct ls_verify_result {
    size_t problems;
    int64_t links;
    size_t seals;
    char hash[LS_HASH_HEX_BYTES];             /* of the last link */
    char public_key[LS_KEY_PUBLIC_HEX_BYTES]; /* of the last seal, "" without one */
    int64_t sealed_seq;                       /* everything up to here is sealed */
};

/* Walks the chain from its beginning and compares each link with its row, and each row of evidence
 * with its hash. Each problem is one call of report, in the order of the chain, at most 20 of them;
 * the first one names the first broken link. LS_ERR_FORMAT: an older schema. */
int ls_store_verify(struct ls_store *store, const struct ls_verify_opts *opts,
                    ls_problem_report *report, void *context, struct ls_verify_result *ret,
                    struct ls_err *err);

#endif
