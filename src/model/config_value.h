/* model/config_value.h: one value of the configuration, from text and back. */
#ifndef MODEL_CONFIG_VALUE_H
#define MODEL_CONFIG_VALUE_H

#include <stddef.h>

#include "base/err.h"
#include "model/config.h"

/* The value of a key in its record, as unset. Lists have no items. */
void ls_config_value_clear(struct ls_config *config, const struct ls_config_key *key);

/* Frees what the value owns and clears it. */
void ls_config_value_free(struct ls_config *config, const struct ls_config_key *key);

/* Replace it by what text says; of a LIST: append one item. LS_ERR_ARG says what is wrong without
 * naming the key; LS_ERR_NOMEM. */
int ls_config_value_set(struct ls_config *config, const struct ls_config_key *key, const char *text,
                        struct ls_err *err);

/* As it would be written; the caller frees it. NULL: out of memory. */
char *ls_config_value_text(const struct ls_config *config, const struct ls_config_key *key);

/* A number of the key's kind with its unit: "10ms", "40dB". */
void ls_config_value_spell(const struct ls_config_key *key, double value, char *ret, size_t size);

#endif
