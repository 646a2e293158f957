#include "cli/database.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "cli/output.h"
#include "store/merge.h"

/* A new database needs a folder that can be written: SQLite has no good word for the one that
 * cannot. */
static int check_folder(const char *path, struct ls_err *err) {
    if (access(path, F_OK) == 0) {
        return LS_OK;
    }
    char folder[PATH_MAX];
    ls_copy_text(folder, sizeof folder, path);
    char *slash = strrchr(folder, '/');
    if (slash != NULL) {
        slash[1] = '\0';
    }
    if (access(slash == NULL ? "." : folder, W_OK | X_OK) != 0) {
        int e = errno;
        return ls_err_set(err, ls_err_code_from_errno(e), "cannot make database '%.300s': %s", path,
                          strerror(e));
    }
    return LS_OK;
}

/* Several are read as one; only one can be written to. */
static int open_several(struct ls_store **ret, const struct ls_call *call, enum ls_store_mode mode,
                        const struct ls_filter *filter, struct ls_err *err) {
    if (mode != LS_STORE_READ) {
        return ls_err_set(err, LS_ERR_ARG,
                          "'%s' writes to one database, and %zu are named: see 'lineside db merge'",
                          call->verb->name, call->db_count);
    }
    return ls_store_open_merged(ret, call->db_paths, call->db_count, filter, err);
}

int ls_database_open(struct ls_store **ret, const struct ls_call *call, enum ls_store_mode mode,
                     struct ls_err *err) {
    return ls_database_open_some(ret, call, mode, NULL, err);
}

int ls_database_open_some(struct ls_store **ret, const struct ls_call *call,
                          enum ls_store_mode mode, const struct ls_filter *filter,
                          struct ls_err *err) {
    if (call->db_count > 1) {
        return open_several(ret, call, mode, filter, err);
    }
    if (mode == LS_STORE_WRITE) {
        int code = check_folder(call->db_path, err);
        if (code != LS_OK) {
            return code;
        }
    }
    int code = ls_store_open(ret, call->db_path, mode, err);
    if (code == LS_ERR_NOTFOUND && mode != LS_STORE_WRITE) {
        return ls_err_set(err, code,
                          "there is no database '%.300s': make one with 'lineside analyse' or "
                          "'lineside import', or name another with --db or LINESIDE_DB",
                          call->db_path);
    }
    return code;
}

int ls_database_refuse(const struct ls_call *call, const char *option, const char *path,
                       struct ls_err *err) {
    const char *const *paths = call->db_count > 1 ? call->db_paths : &call->db_path;
    size_t count = call->db_count > 1 ? call->db_count : 1;
    for (size_t i = 0; i < count; i++) {
        if (ls_output_same(path, paths[i])) {
            return ls_err_set(err, LS_ERR_ARG,
                              "option '--%s': '%.300s' is the database: name another file", option,
                              path);
        }
    }
    return LS_OK;
}
