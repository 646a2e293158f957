/* model/yaml.h: YAML files (plans, scenarios, configuration) into records by a libcyaml schema,
 * with errors a person can act on: file, line, key, and the nearest key that exists. */
#ifndef MODEL_YAML_H
#define MODEL_YAML_H

#include <cyaml/cyaml.h>
#include <stddef.h>

#include "base/err.h"

/* Lists in a schema want an upper bound too: libcyaml grows them one entry at a time. */
enum { LS_YAML_FILE_MAX_BYTES = 4 << 20 };

/* The whole of a regular file, NUL behind it; the caller frees *ret_text. LS_ERR_NOTFOUND,
 * LS_ERR_IO; LS_ERR_FORMAT: a directory, a pipe, larger than LS_YAML_FILE_MAX_BYTES. */
int ls_yaml_read_file(const char *path, char **ret_text, size_t *ret_length, struct ls_err *err);

/* Parse text by schema: a mapping with CYAML_FLAG_POINTER. Unknown and repeated keys, aliases, a
 * second document and what is not YAML are refused: LS_ERR_FORMAT, the text begins with
 * "'file' line N: ". Free *ret with ls_yaml_free and the same schema. */
int ls_yaml_parse(void **ret, const char *text, size_t length, const char *file,
                  const struct cyaml_schema_value *schema, struct ls_err *err);
void ls_yaml_free(void *data, const struct cyaml_schema_value *schema);

/* Where a value stands in the text, for values that parse but are wrong. */
struct ls_yaml_place {
    const char *list; /* top-level list; NULL: key is at the top */
    size_t item;      /* entry of that list, from 1 */
    const char *key;  /* NULL: the entry itself */
};

/* Line, from 1, of the last such key; of the entry when it has no such key; else 1. */
size_t ls_yaml_line(const char *text, size_t length, const struct ls_yaml_place *place);

#endif
