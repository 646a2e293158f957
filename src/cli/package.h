/* cli/package.h: 'export --package': everything about one incident in an archive that others can
 * check. */
#ifndef CLI_PACKAGE_H
#define CLI_PACKAGE_H

#include "cli/verb.h"
#include "store/store.h"

/* --incident --package --key; read by ls_package_run, with --case and --signer. */
extern const struct ls_option_table ls_package_options;

/* Seals the chain up to the incident when it is not yet, writes the archive and adds the export to
 * the chain. LS_ERR_ARG: an option is missing; LS_ERR_NOTFOUND: no such incident; LS_ERR_FORMAT:
 * the chain is broken. */
int ls_package_run(struct ls_call *call, struct ls_err *err);

/* What leaves the database, in its chain: who took what for which case. what: "transmissions";
 * rows: 0: not counted. LS_ERR_IO: the file at path cannot be read. */
struct ls_leaving {
    const char *what;
    const char *format;
    const char *case_id;
    const char *signer;
    const char *path;
    size_t rows;
};
int ls_package_record(struct ls_store *store, const struct ls_leaving *leaving, struct ls_err *err);

#endif
