#include "cli/settings.h"

#include <stdlib.h>

#include "base/util.h"

static int as_usage(int code) { return code == LS_OK || code == LS_ERR_NOMEM ? code : LS_ERR_ARG; }

int ls_settings_load(struct ls_config **ret, const char *path, const struct ls_args *args,
                     struct ls_err *err) {
    size_t count = ls_args_words(args);
    LS_AUTO(const char *) settings = calloc(count + 1, sizeof *settings);
    if (settings == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    for (size_t i = 0; i < count; i++) {
        settings[i] = ls_args_word(args, i);
    }
    return as_usage(ls_config_load(ret, path, settings, count, err));
}

int ls_settings_check(struct ls_config *config, struct ls_err *err) {
    return as_usage(ls_config_check(config, err));
}
