/* cli/raw_options.h: what a raw recording does not say of itself: the options of every verb that
 * reads recordings. */
#ifndef CLI_RAW_OPTIONS_H
#define CLI_RAW_OPTIONS_H

#include "cli/options.h"
#include "hw/source.h"

extern const struct ls_option_table ls_raw_options;

/* Fills in what was given. LS_ERR_ARG. */
int ls_raw_options_read(struct ls_source_opts *ret, const struct ls_args *args, struct ls_err *err);

#endif
