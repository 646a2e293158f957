/* The files hold one DER structure each, whose length and head never change for Ed25519: RFC 8410,
 * section 7 (secret keys) and section 4 (public keys). */
#include "store/key.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"

enum { SEED_BYTES = 32, HEAD_MAX = 16, PATH_BYTES = 4096 };

static const unsigned char secret_head[] = {0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
                                            0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};
static const unsigned char public_head[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                            0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

/* --- PEM --- */

static void pem_write(char ret[LS_KEY_PEM_BYTES], const char *title, const unsigned char *head,
                      size_t head_size, const unsigned char bytes[SEED_BYTES]) {
    unsigned char der[HEAD_MAX + SEED_BYTES];
    char base64[sodium_base64_ENCODED_LEN(sizeof der, sodium_base64_VARIANT_ORIGINAL)];
    memcpy(der, head, head_size);
    memcpy(der + head_size, bytes, SEED_BYTES);
    sodium_bin2base64(base64, sizeof base64, der, head_size + SEED_BYTES,
                      sodium_base64_VARIANT_ORIGINAL);
    snprintf(ret, LS_KEY_PEM_BYTES, "-----BEGIN %s-----\n%s\n-----END %s-----\n", title, base64,
             title);
    sodium_memzero(der, sizeof der);
    sodium_memzero(base64, sizeof base64);
}

static bool pem_read(const char *text, const char *title, const unsigned char *head,
                     size_t head_size, unsigned char ret[SEED_BYTES]) {
    char begin[64];
    unsigned char der[HEAD_MAX + SEED_BYTES];
    size_t size = 0;
    snprintf(begin, sizeof begin, "-----BEGIN %s-----", title);
    const char *start = strstr(text, begin);
    const char *end = start == NULL ? NULL : strstr(start, "-----END ");
    if (end == NULL) {
        return false;
    }
    start += strlen(begin);
    bool ok = sodium_base642bin(der, sizeof der, start, (size_t)(end - start), "\r\n ", &size, NULL,
                                sodium_base64_VARIANT_ORIGINAL) == 0 &&
              size == head_size + SEED_BYTES && memcmp(der, head, head_size) == 0;
    if (ok) {
        memcpy(ret, der + head_size, SEED_BYTES);
    }
    sodium_memzero(der, sizeof der);
    return ok;
}

static bool secret_read(const char *text, unsigned char ret[SEED_BYTES]) {
    return pem_read(text, "PRIVATE KEY", secret_head, sizeof secret_head, ret);
}

bool ls_key_public_pem(const char *hex, char ret[LS_KEY_PEM_BYTES]) {
    unsigned char bytes[SEED_BYTES];
    size_t size = 0;
    if (sodium_hex2bin(bytes, sizeof bytes, hex, strlen(hex), NULL, &size, NULL) != 0 ||
        size != SEED_BYTES) {
        return false;
    }
    pem_write(ret, "PUBLIC KEY", public_head, sizeof public_head, bytes);
    return true;
}

/* --- files --- */

static int cannot(const char *doing, const char *path, struct ls_err *err) {
    int e = errno;
    if (e == EEXIST) {
        return ls_err_set(err, LS_ERR_ARG, "cannot %s key file '%.300s': it exists; name a new one",
                          doing, path);
    }
    return ls_err_set(err, ls_err_code_from_errno(e), "cannot %s key file '%.300s': %s", doing,
                      path, strerror(e));
}

static int write_file(const char *path, mode_t mode, const char *text, struct ls_err *err) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0) {
        return cannot("make", path, err);
    }
    size_t size = strlen(text);
    bool ok = write(fd, text, size) == (ssize_t)size && fsync(fd) == 0;
    int code = ok ? LS_OK : cannot("write", path, err);
    close(fd);
    if (!ok) {
        unlink(path);
    }
    return code;
}

/* secret: nobody but its owner may be able to read it. */
static int read_file(const char *path, bool secret, char ret[LS_KEY_PEM_BYTES * 4],
                     struct ls_err *err) {
    struct stat s;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return cannot("read", path, err);
    }
    int code = LS_OK;
    ssize_t size = read(fd, ret, LS_KEY_PEM_BYTES * 4 - 1);
    if (size < 0 || fstat(fd, &s) != 0) {
        code = cannot("read", path, err);
    } else if (secret && (s.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        code = ls_err_set(err, LS_ERR_ARG,
                          "key file '%.300s' may be read by others: 'chmod 600' it, or make a new "
                          "key",
                          path);
    }
    ret[size < 0 ? 0 : size] = '\0';
    close(fd);
    return code;
}

static void key_from_seed(struct ls_key *ret, const unsigned char seed[SEED_BYTES]) {
    unsigned char public_key[crypto_sign_PUBLICKEYBYTES];
    crypto_sign_seed_keypair(public_key, ret->secret, seed);
    sodium_bin2hex(ret->public_hex, sizeof ret->public_hex, public_key, sizeof public_key);
}

static int write_files(const char *path, const char *public_path, const char *secret,
                       const char *public_pem, struct ls_err *err) {
    int code = write_file(path, S_IRUSR | S_IWUSR, secret, err);
    if (code == LS_OK) {
        code = write_file(public_path, S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH, public_pem, err);
        if (code != LS_OK) {
            unlink(path);
        }
    }
    return code;
}

int ls_key_make(const char *path, struct ls_key *ret, struct ls_err *err) {
    char public_path[PATH_BYTES];
    char secret[LS_KEY_PEM_BYTES];
    char public_pem[LS_KEY_PEM_BYTES];
    unsigned char seed[SEED_BYTES];
    if (sodium_init() < 0) {
        return ls_err_set(err, LS_ERR_IO, "no source of random numbers for a key");
    }
    if (snprintf(public_path, sizeof public_path, "%s.pub", path) >= (int)sizeof public_path) {
        return ls_err_set(err, LS_ERR_ARG, "the name of the key file is too long");
    }
    randombytes_buf(seed, sizeof seed);
    key_from_seed(ret, seed);
    pem_write(secret, "PRIVATE KEY", secret_head, sizeof secret_head, seed);
    ls_key_public_pem(ret->public_hex, public_pem);
    int code = write_files(path, public_path, secret, public_pem, err);
    sodium_memzero(seed, sizeof seed);
    sodium_memzero(secret, sizeof secret);
    return code;
}

int ls_key_load(const char *path, struct ls_key *ret, struct ls_err *err) {
    char text[LS_KEY_PEM_BYTES * 4];
    unsigned char seed[SEED_BYTES];
    int code = read_file(path, true, text, err);
    if (code == LS_OK && !secret_read(text, seed)) {
        code = ls_err_set(err, LS_ERR_FORMAT,
                          "'%.300s' holds no secret Ed25519 key: make one with 'lineside db key "
                          "FILE'",
                          path);
    }
    if (code == LS_OK) {
        key_from_seed(ret, seed);
    }
    sodium_memzero(text, sizeof text);
    sodium_memzero(seed, sizeof seed);
    return code;
}

void ls_key_forget(struct ls_key *key) { sodium_memzero(key, sizeof *key); }

int ls_key_load_public(const char *path, char ret_hex[LS_KEY_PUBLIC_HEX_BYTES],
                       struct ls_err *err) {
    char text[LS_KEY_PEM_BYTES * 4];
    unsigned char bytes[SEED_BYTES];
    struct ls_key key;
    int code = read_file(path, false, text, err);
    if (code != LS_OK) {
        return code;
    }
    if (pem_read(text, "PUBLIC KEY", public_head, sizeof public_head, bytes)) {
        sodium_bin2hex(ret_hex, LS_KEY_PUBLIC_HEX_BYTES, bytes, sizeof bytes);
    } else if (secret_read(text, bytes)) {
        key_from_seed(&key, bytes);
        memcpy(ret_hex, key.public_hex, LS_KEY_PUBLIC_HEX_BYTES);
        ls_key_forget(&key);
    } else {
        code = ls_err_set(err, LS_ERR_FORMAT, "'%.300s' holds no public Ed25519 key in PEM", path);
    }
    sodium_memzero(text, sizeof text);
    sodium_memzero(bytes, sizeof bytes);
    return code;
}

/* --- signatures --- */

void ls_key_sign(const struct ls_key *key, const void *bytes, size_t size,
                 char ret_hex[LS_KEY_SIGNATURE_HEX_BYTES]) {
    unsigned char signature[crypto_sign_BYTES];
    crypto_sign_detached(signature, NULL, bytes, size, key->secret);
    sodium_bin2hex(ret_hex, LS_KEY_SIGNATURE_HEX_BYTES, signature, sizeof signature);
}

static bool from_hex(const char *hex, unsigned char *ret, size_t size) {
    size_t got = 0;
    const char *end = NULL;
    return sodium_hex2bin(ret, size, hex, strlen(hex), NULL, &got, &end) == 0 && got == size &&
           *end == '\0';
}

bool ls_key_signature_bytes(const char *signature_hex, unsigned char ret[LS_KEY_SIGNATURE_BYTES]) {
    return from_hex(signature_hex, ret, LS_KEY_SIGNATURE_BYTES);
}

bool ls_key_verify(const char *public_hex, const char *signature_hex, const void *bytes,
                   size_t size) {
    unsigned char public_key[crypto_sign_PUBLICKEYBYTES];
    unsigned char signature[crypto_sign_BYTES];
    return from_hex(public_hex, public_key, sizeof public_key) &&
           from_hex(signature_hex, signature, sizeof signature) &&
           crypto_sign_verify_detached(signature, bytes, size, public_key) == 0;
}

/* --- hashes --- */

void ls_key_hash(const void *bytes, size_t size, char ret_hex[LS_KEY_HASH_HEX_BYTES]) {
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(digest, bytes, size);
    sodium_bin2hex(ret_hex, LS_KEY_HASH_HEX_BYTES, digest, sizeof digest);
}

int ls_key_hash_file(const char *path, char ret_hex[LS_KEY_HASH_HEX_BYTES], uint64_t *ret_bytes,
                     struct ls_err *err) {
    unsigned char bytes[16384];
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_state state;
    uint64_t total = 0;
    FILE *in = fopen(path, "re");
    if (in == NULL) {
        return ls_err_set(err, ls_err_code_from_errno(errno), "cannot read '%.300s': %s", path,
                          strerror(errno));
    }
    crypto_hash_sha256_init(&state);
    for (size_t n; (n = fread(bytes, 1, sizeof bytes, in)) > 0; total += n) {
        crypto_hash_sha256_update(&state, bytes, n);
    }
    int code = ferror(in) ? ls_err_set(err, LS_ERR_IO, "cannot read '%.300s'", path) : LS_OK;
    fclose(in);
    crypto_hash_sha256_final(&state, digest);
    if (code == LS_OK) {
        sodium_bin2hex(ret_hex, LS_KEY_HASH_HEX_BYTES, digest, sizeof digest);
        *ret_bytes = total;
    }
    return code;
}
