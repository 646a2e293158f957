#include "cli/database.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"

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

int ls_database_open(struct ls_store **ret, const struct ls_call *call, enum ls_store_mode mode,
                     struct ls_err *err) {
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
    struct stat file;
    struct stat database;
    if (stat(path, &file) == 0 && stat(call->db_path, &database) == 0 &&
        file.st_dev == database.st_dev && file.st_ino == database.st_ino) {
        return ls_err_set(err, LS_ERR_ARG,
                          "option '--%s': '%.300s' is the database: name another file", option,
                          path);
    }
    return LS_OK;
}
