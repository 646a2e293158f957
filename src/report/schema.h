/* report/schema.h: JSON held against a JSON Schema (draft 2020-12), as far as schemas/json/ uses
 * it: type, const, enum, required, properties, additionalProperties, items, minItems, maxItems,
 * minimum, maximum, exclusiveMinimum, minLength, maxLength, pattern and dependentRequired. A
 * keyword beyond that is an
 * error, so that nothing a schema demands is passed over. */
#ifndef REPORT_SCHEMA_H
#define REPORT_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"

struct ls_schema;

/* A schema that is compiled in, by the name of what it describes: "transmission", "geojson".
 * LS_ERR_NOTFOUND; LS_ERR_FORMAT: a keyword or a pattern that is not known. The caller destroys
 * *ret. */
int ls_schema_load(struct ls_schema **ret, const char *name, struct ls_err *err);
/* The same of a text. */
int ls_schema_parse(struct ls_schema **ret, const char *text, struct ls_err *err);
void ls_schema_destroy(struct ls_schema *schema);

/* LS_ERR_FORMAT names the place and what is wrong there: "duration_s: less than 0". */
int ls_schema_check(const struct ls_schema *schema, const json_t *value, struct ls_err *err);

/* The property of an object, as the schema describes it; NULL when it names none. */
const json_t *ls_schema_property(const struct ls_schema *schema, const char *name);

#endif
