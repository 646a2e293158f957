/* store/key.h: Ed25519 keys (RFC 8032) in the PEM files of RFC 8410, which openssl reads and writes
 * too. */
#ifndef STORE_KEY_H
#define STORE_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
    LS_KEY_PUBLIC_HEX_BYTES = 65,
    LS_KEY_SIGNATURE_BYTES = 64,
    LS_KEY_SIGNATURE_HEX_BYTES = 129,
    LS_KEY_PEM_BYTES = 160
};

struct ls_key {
    unsigned char secret[64]; /* seed and public key, as libsodium has them */
    char public_hex[LS_KEY_PUBLIC_HEX_BYTES];
};

/* Makes a key and writes it to the new file path, which its owner alone may read, and its public
 * part to path with ".pub" behind. Neither may exist: LS_ERR_ARG. LS_ERR_IO. */
int ls_key_make(const char *path, struct ls_key *ret, struct ls_err *err);
/* LS_ERR_NOTFOUND, LS_ERR_IO; LS_ERR_FORMAT: no secret Ed25519 key in PEM; LS_ERR_ARG: others may
 * read the file. Forget it with ls_key_forget. */
int ls_key_load(const char *path, struct ls_key *ret, struct ls_err *err);
void ls_key_forget(struct ls_key *key);

/* The public key of a PEM file, as hex; a secret key file does too. */
int ls_key_load_public(const char *path, char ret_hex[LS_KEY_PUBLIC_HEX_BYTES], struct ls_err *err);
/* The PEM text of a public key; false when hex is not 64 digits. */
bool ls_key_public_pem(const char *hex, char ret[LS_KEY_PEM_BYTES]);

enum { LS_KEY_HASH_HEX_BYTES = 65 };

/* SHA-256, as hex. */
void ls_key_hash(const void *bytes, size_t size, char ret_hex[LS_KEY_HASH_HEX_BYTES]);
/* The same of a file: LS_ERR_IO, LS_ERR_NOTFOUND. ret_bytes: its length. */
int ls_key_hash_file(const char *path, char ret_hex[LS_KEY_HASH_HEX_BYTES], uint64_t *ret_bytes,
                     struct ls_err *err);

/* RFC 8032 without a context: the same bytes and key give the same signature. */
void ls_key_sign(const struct ls_key *key, const void *bytes, size_t size,
                 char ret_hex[LS_KEY_SIGNATURE_HEX_BYTES]);
/* False also when a text is not hex of the right length. */
bool ls_key_signature_bytes(const char *signature_hex, unsigned char ret[LS_KEY_SIGNATURE_BYTES]);
bool ls_key_verify(const char *public_hex, const char *signature_hex, const void *bytes,
                   size_t size);

#endif
