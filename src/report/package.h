/* report/package.h: files gathered in one tar archive (ustar) that others can check with common
 * tools: it holds a list of SHA-256 hashes of all others, SHA256SUMS, and an Ed25519 signature of
 * that list. The same files and key give the same bytes. */
#ifndef REPORT_PACKAGE_H
#define REPORT_PACKAGE_H

#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "store/key.h"

struct ls_package;

/* folder: what all names in the archive begin with; t_ns: the time that all files get. The caller
 * destroys *ret. LS_ERR_NOMEM. */
int ls_package_create(struct ls_package **ret, const char *folder, int64_t t_ns,
                      struct ls_err *err);
void ls_package_destroy(struct ls_package *package);

/* Names are unique and without the folder. bytes are copied. */
int ls_package_add(struct ls_package *package, const char *name, const void *bytes, size_t size,
                   struct ls_err *err);
/* The file at path, which is read now and again when the package is written. LS_ERR_NOTFOUND,
 * LS_ERR_IO. */
int ls_package_add_file(struct ls_package *package, const char *name, const char *path,
                        struct ls_err *err);

/* Everything, with SHA256SUMS, its signature SHA256SUMS.sig and public.pem, in the order of names.
 * LS_ERR_IO, LS_ERR_FULL; LS_ERR_FORMAT: a file has changed since it was added. */
int ls_package_write(struct ls_package *package, const struct ls_key *key, FILE *out,
                     struct ls_err *err);

/* What a package of evidence is about, for the page that tells how to check it. */
struct ls_package_subject {
    int64_t incident;
    int64_t link_seq; /* the link of the incident in the chain */
    int64_t seal_seq; /* the link that is sealed */
    const char *case_id;
    const char *signer;
    const char *label; /* "" for none */
    const char *public_key;
    size_t snippets;
};

/* README.txt; the caller frees. Lines that begin with "    $ " are commands: each ends with status
 * 0 when what it checks holds. NULL: out of memory. */
char *ls_package_readme(const struct ls_package_subject *subject);

#endif
