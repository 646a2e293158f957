/* cli/settings.h: the configuration that a call names: --config and its SECTION.KEY=VALUE words. */
#ifndef CLI_SETTINGS_H
#define CLI_SETTINGS_H

#include "cli/options.h"
#include "model/config.h"

/* As ls_config_load and ls_config_check; what is wrong with a configuration is LS_ERR_ARG here, for
 * exit status 2: nothing gets better by trying again. */
int ls_settings_load(struct ls_config **ret, const char *path, const struct ls_args *args,
                     struct ls_err *err);
int ls_settings_check(struct ls_config *config, struct ls_err *err);

#endif
