/* cli/database.h: opening the database that a call names, with advice when there is none. */
#ifndef CLI_DATABASE_H
#define CLI_DATABASE_H

#include "cli/verb.h"
#include "store/store.h"

/* As ls_store_open, at call->db_path; several are read as one, see store/merge.h, and LS_ERR_ARG
 * when they are to be written to. The caller closes *ret. */
int ls_database_open(struct ls_store **ret, const struct ls_call *call, enum ls_store_mode mode,
                     struct ls_err *err);

/* The same; of several, no more than what filter chooses need be read. */
int ls_database_open_some(struct ls_store **ret, const struct ls_call *call,
                          enum ls_store_mode mode, const struct ls_filter *filter,
                          struct ls_err *err);

/* LS_ERR_ARG when path is the database itself, which would be lost if something else was written
 * there. option: "output". */
int ls_database_refuse(const struct ls_call *call, const char *option, const char *path,
                       struct ls_err *err);

#endif
