#include "cli/answer.h"

#include <errno.h>

#include "cli/output.h"
#include "report/export_check.h"

struct keeper {
    const struct ls_query *query;
    size_t left_out;
};

static bool keep(void *context, int64_t run_id) {
    struct keeper *keeper = context;
    bool kept = ls_query_keeps(keeper->query, run_id);
    keeper->left_out += !kept;
    return kept;
}

static struct ls_export_opts opts_of(struct keeper *keeper, const struct ls_export_opts *opts) {
    struct ls_export_opts all = *opts;
    all.filter = keeper->query->filter;
    all.keep = keep;
    all.keep_context = keeper;
    return all;
}

int ls_answer_write(struct ls_answer *ret, const struct ls_query *query,
                    const struct ls_export_opts *opts, FILE *out, const char *name,
                    struct ls_err *err) {
    struct keeper keeper = {.query = query};
    struct ls_export_opts all = opts_of(&keeper, opts);
    size_t rows;
    errno = 0;
    int code = ls_export(query->store, &all, out, &rows, err);
    if (code != LS_OK) {
        return ferror(out) ? ls_output_failed(name, err) : code;
    }
    ret->rows = rows;
    ret->left_out = keeper.left_out;
    return LS_OK;
}

int ls_answer_check(const struct ls_query *query, const struct ls_export_opts *opts,
                    const char *path, size_t *ret_rows, struct ls_err *err) {
    struct keeper keeper = {.query = query};
    struct ls_export_opts all = opts_of(&keeper, opts);
    return ls_export_check(query->store, &all, path, ret_rows, err);
}
