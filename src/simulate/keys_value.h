/* simulate/keys_value.h: one value of a scenario file from its text. Private to keys.c. */
#ifndef SIMULATE_KEYS_VALUE_H
#define SIMULATE_KEYS_VALUE_H

#include "base/err.h"
#include "simulate/keys.h"

/* Writes the value of a key of any kind but places, lists and parts to `to`. The error is the bare
 * message: the caller adds the line. */
int ls_keys_value_read(const struct ls_key *key, const char *text, void *to, struct ls_err *err);

/* A number of a list or of a place: kind LS_KEY_HZ, LS_KEY_SECONDS or LS_KEY_METRES, range of key.
 */
int ls_keys_value_number(const struct ls_key *key, enum ls_key_kind kind, const char *text,
                         double *ret, struct ls_err *err);

/* "Hz", "s", "dBm", "list of Hz", ...: the unit for the documentation. */
const char *ls_keys_value_unit(const struct ls_key *key);

#endif
