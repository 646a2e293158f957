#include "cli/database.h"

int ls_database_open(struct ls_store **ret, const struct ls_call *call, enum ls_store_mode mode,
                     struct ls_err *err) {
    int code = ls_store_open(ret, call->db_path, mode, err);
    if (code == LS_ERR_NOTFOUND && mode != LS_STORE_WRITE) {
        return ls_err_set(err, code,
                          "there is no database '%.300s': make one with 'lineside analyse' or "
                          "'lineside import', or name another with --db or LINESIDE_DB",
                          call->db_path);
    }
    return code;
}
