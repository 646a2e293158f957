/* Contents are hashed as they are added, so that the list can be written before them; a file that
 * is read again when the archive is written must still have its hash. */
#include "report/package.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"

enum { NAME_BYTES = 128, CHUNK_BYTES = 16384 };

struct entry {
    char name[NAME_BYTES];
    char hash[LS_KEY_HASH_HEX_BYTES];
    uint64_t size;
    char *bytes; /* NULL: of the file at path */
    char *path;
};

struct ls_package {
    char folder[64];
    int64_t t_ns;
    struct entry *entries;
    size_t count;
    size_t room;
};

int ls_package_create(struct ls_package **ret, const char *folder, int64_t t_ns,
                      struct ls_err *err) {
    struct ls_package *package = calloc(1, sizeof *package);
    if (package == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    ls_copy_text(package->folder, sizeof package->folder, folder);
    package->t_ns = t_ns;
    *ret = package;
    return LS_OK;
}

void ls_package_destroy(struct ls_package *package) {
    for (size_t i = 0; package != NULL && i < package->count; i++) {
        free(package->entries[i].bytes);
        free(package->entries[i].path);
    }
    if (package != NULL) {
        free(package->entries);
    }
    free(package);
}

/* A new entry without contents; NULL and err: there is no room for it. */
static struct entry *new_entry(struct ls_package *package, const char *name, struct ls_err *err) {
    void *items = package->entries;
    if (ls_grow(&items, &package->room, package->count, sizeof *package->entries) != LS_OK) {
        ls_err_set(err, LS_ERR_NOMEM, "out of memory");
        return NULL;
    }
    package->entries = items;
    struct entry *entry = &package->entries[package->count++];
    memset(entry, 0, sizeof *entry);
    ls_copy_text(entry->name, sizeof entry->name, name);
    return entry;
}

int ls_package_add(struct ls_package *package, const char *name, const void *bytes, size_t size,
                   struct ls_err *err) {
    struct entry *entry = new_entry(package, name, err);
    if (entry == NULL) {
        return LS_ERR_NOMEM;
    }
    entry->bytes = malloc(size + 1);
    if (entry->bytes == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    memcpy(entry->bytes, bytes, size);
    entry->size = size;
    ls_key_hash(bytes, size, entry->hash);
    return LS_OK;
}

int ls_package_add_file(struct ls_package *package, const char *name, const char *path,
                        struct ls_err *err) {
    struct entry *entry = new_entry(package, name, err);
    if (entry == NULL) {
        return LS_ERR_NOMEM;
    }
    entry->path = strdup(path);
    if (entry->path == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    return ls_key_hash_file(path, entry->hash, &entry->size, err);
}

/* --- the list and its signature --- */

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static int add_list(struct ls_package *package, char **ret, size_t *ret_size, struct ls_err *err) {
    FILE *out = open_memstream(ret, ret_size);
    if (out == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    qsort(package->entries, package->count, sizeof *package->entries, by_name);
    for (size_t i = 0; i < package->count; i++) {
        fprintf(out, "%s  %s\n", package->entries[i].hash, package->entries[i].name);
    }
    if (fclose(out) != 0) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    return ls_package_add(package, "SHA256SUMS", *ret, *ret_size, err);
}

static int add_signature(struct ls_package *package, const struct ls_key *key, struct ls_err *err) {
    LS_AUTO(char) list = NULL;
    size_t size = 0;
    char hex[LS_KEY_SIGNATURE_HEX_BYTES];
    unsigned char signature[LS_KEY_SIGNATURE_BYTES] = {0};
    int code = add_list(package, &list, &size, err);
    if (code != LS_OK) {
        return code;
    }
    ls_key_sign(key, list, size, hex);
    ls_key_signature_bytes(hex, signature);
    return ls_package_add(package, "SHA256SUMS.sig", signature, sizeof signature, err);
}

/* --- the archive --- */

static int cannot_write(struct archive *archive, struct ls_err *err) {
    int e = archive_errno(archive);
    const char *why = archive_error_string(archive);
    int code = ls_err_code_from_errno(e);
    return ls_err_set(err, code == LS_ERR_FULL ? LS_ERR_FULL : LS_ERR_IO,
                      "cannot write the package: %s", why == NULL ? strerror(e) : why);
}

static int write_file(struct archive *archive, const struct entry *entry, struct ls_err *err) {
    char bytes[CHUNK_BYTES];
    uint64_t left = entry->size;
    char hash[LS_KEY_HASH_HEX_BYTES];
    uint64_t size;
    int code = ls_key_hash_file(entry->path, hash, &size, err);
    if (code == LS_OK && strcmp(hash, entry->hash) != 0) {
        return ls_err_set(err, LS_ERR_FORMAT, "'%.300s' was changed meanwhile", entry->path);
    }
    FILE *in = code == LS_OK ? fopen(entry->path, "re") : NULL;
    if (code == LS_OK && in == NULL) {
        code = ls_err_set(err, LS_ERR_IO, "cannot read '%.300s': %s", entry->path, strerror(errno));
    }
    while (code == LS_OK && left > 0) {
        size_t n = fread(bytes, 1, left < sizeof bytes ? (size_t)left : sizeof bytes, in);
        if (n == 0) {
            code = ls_err_set(err, LS_ERR_IO, "cannot read '%.300s'", entry->path);
        } else if (archive_write_data(archive, bytes, n) != (la_ssize_t)n) {
            code = cannot_write(archive, err);
        }
        left -= n;
    }
    if (in != NULL) {
        fclose(in);
    }
    return code;
}

static int write_entry(const struct ls_package *package, struct archive *archive,
                       const struct entry *entry, struct ls_err *err) {
    char path[sizeof package->folder + NAME_BYTES + 1];
    struct archive_entry *header = archive_entry_new();
    if (header == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    snprintf(path, sizeof path, "%s/%s", package->folder, entry->name);
    archive_entry_set_pathname(header, path);
    archive_entry_set_filetype(header, AE_IFREG);
    archive_entry_set_perm(header, 0644);
    archive_entry_set_size(header, (la_int64_t)entry->size);
    archive_entry_set_mtime(header, package->t_ns > 0 ? package->t_ns / LS_NS_PER_S : 0, 0);
    int code =
        archive_write_header(archive, header) == ARCHIVE_OK ? LS_OK : cannot_write(archive, err);
    archive_entry_free(header);
    if (code == LS_OK && entry->path != NULL) {
        code = write_file(archive, entry, err);
    } else if (code == LS_OK && entry->size > 0 &&
               archive_write_data(archive, entry->bytes, (size_t)entry->size) !=
                   (la_ssize_t)entry->size) {
        code = cannot_write(archive, err);
    }
    return code;
}

int ls_package_write(struct ls_package *package, const struct ls_key *key, FILE *out,
                     struct ls_err *err) {
    char pem[LS_KEY_PEM_BYTES];
    ls_key_public_pem(key->public_hex, pem);
    int code = ls_package_add(package, "public.pem", pem, strlen(pem), err);
    if (code == LS_OK) {
        code = add_signature(package, key, err);
    }
    struct archive *archive = code == LS_OK ? archive_write_new() : NULL;
    if (code == LS_OK && archive == NULL) {
        code = ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    if (code == LS_OK && (archive_write_set_format_ustar(archive) != ARCHIVE_OK ||
                          archive_write_open_FILE(archive, out) != ARCHIVE_OK)) {
        code = cannot_write(archive, err);
    }
    qsort(package->entries, package->count, sizeof *package->entries, by_name);
    for (size_t i = 0; i < package->count && code == LS_OK; i++) {
        code = write_entry(package, archive, &package->entries[i], err);
    }
    if (code == LS_OK && archive_write_close(archive) != ARCHIVE_OK) {
        code = cannot_write(archive, err);
    }
    archive_write_free(archive);
    return code;
}
