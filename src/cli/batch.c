#include "cli/batch.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/log.h"

bool ls_batch_ends(int code) {
    return code == LS_ERR_STOPPED || code == LS_ERR_NOMEM || code == LS_ERR_FULL ||
           code == LS_ERR_BUSY || ferror(stdout);
}

int ls_batch_run(const struct ls_args *args, const char *what, ls_batch_each *each, void *context,
                 size_t *ret_done, struct ls_err *err) {
    size_t count = ls_args_words(args);
    size_t failed = 0;
    int first_failure = LS_OK;
    *ret_done = 0;
    for (size_t i = 0; i < count; i++) {
        int code = each(context, ls_args_word(args, i), err);
        if (code == LS_OK) {
            (*ret_done)++;
            continue;
        }
        if (count == 1 || ls_batch_ends(code)) {
            return code;
        }
        ls_log(LS_LOG_ERROR, "%s", err->text);
        first_failure = failed++ == 0 ? code : first_failure;
    }
    return failed == 0
               ? LS_OK
               : ls_err_set(err, first_failure, "%zu of %zu %s failed", failed, count, what);
}
