/* A schema is checked once for words that are not known; then values are walked beside it. Patterns
 * are POSIX extended expressions, which those in schemas/json/ are too. */
#include "report/schema.h"

#include <math.h>
#include <regex.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/embedded.h"
#include "base/util.h"

extern const struct ls_embedded ls_json_schemas[];
extern const unsigned ls_json_schemas_count;

struct ls_schema {
    json_t *root;
};

enum { PLACE_BYTES = 200 };

/* Where in the value a check is: "features[3].geometry". */
struct place {
    char text[PLACE_BYTES];
};

__attribute__((format(printf, 3, 4))) static int
wrong(const struct place *place, struct ls_err *err, const char *format, ...) {
    char text[160];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return ls_err_set(err, LS_ERR_FORMAT, "%s%s%s", place->text, place->text[0] == '\0' ? "" : ": ",
                      text);
}

static struct place inside(const struct place *place, const char *key) {
    struct place ret;
    snprintf(ret.text, sizeof ret.text, "%.140s%s%.50s", place->text,
             place->text[0] == '\0' ? "" : ".", key);
    return ret;
}

/* --- the schema itself --- */

static int check_words(const json_t *schema, struct ls_err *err);

/* Schemas as values of an object: "properties". */
static int check_members(const json_t *members, struct ls_err *err) {
    const char *key;
    json_t *value;
    int code = LS_OK;
    json_object_foreach((json_t *)(uintptr_t)members, key, value) {
        code = code == LS_OK ? check_words(value, err) : code;
    }
    return code;
}

static int check_pattern(const json_t *value, struct ls_err *err) {
    regex_t pattern;
    const char *text = json_string_value(value);
    if (text == NULL || regcomp(&pattern, text, REG_EXTENDED | REG_NOSUB) != 0) {
        return ls_err_set(err, LS_ERR_FORMAT, "the schema has a pattern that is none");
    }
    regfree(&pattern);
    return LS_OK;
}

static int check_words(const json_t *schema, struct ls_err *err) {
    static const char *const known[] = {"$schema",
                                        "$id",
                                        "title",
                                        "description",
                                        "type",
                                        "const",
                                        "enum",
                                        "required",
                                        "minItems",
                                        "maxItems",
                                        "minimum",
                                        "maximum",
                                        "minLength",
                                        "maxLength",
                                        "exclusiveMinimum",
                                        "dependentRequired"};
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)schema, key, value) {
        int code = LS_OK;
        bool found = false;
        for (size_t i = 0; i < LS_COUNT(known); i++) {
            found |= strcmp(known[i], key) == 0;
        }
        if (strcmp(key, "properties") == 0) {
            code = check_members(value, err);
        } else if (strcmp(key, "items") == 0 || strcmp(key, "additionalProperties") == 0) {
            code = json_is_object(value) ? check_words(value, err) : LS_OK;
        } else if (strcmp(key, "pattern") == 0) {
            code = check_pattern(value, err);
        } else if (!found) {
            code =
                ls_err_set(err, LS_ERR_FORMAT, "the schema says '%.40s', which is not known", key);
        }
        if (code != LS_OK) {
            return code;
        }
    }
    return LS_OK;
}

int ls_schema_parse(struct ls_schema **ret, const char *text, struct ls_err *err) {
    json_error_t error;
    struct ls_schema *schema = calloc(1, sizeof *schema);
    if (schema == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    schema->root = json_loads(text, 0, &error);
    int code = json_is_object(schema->root)
                   ? check_words(schema->root, err)
                   : ls_err_set(err, LS_ERR_FORMAT, "the schema is no JSON object: %s", error.text);
    if (code != LS_OK) {
        ls_schema_destroy(schema);
        return code;
    }
    *ret = schema;
    return LS_OK;
}

int ls_schema_load(struct ls_schema **ret, const char *name, struct ls_err *err) {
    char file[64];
    snprintf(file, sizeof file, "%s.schema.json", name);
    for (unsigned i = 0; i < ls_json_schemas_count; i++) {
        if (strcmp(ls_json_schemas[i].name, file) == 0) {
            return ls_schema_parse(ret, ls_json_schemas[i].text, err);
        }
    }
    return ls_err_set(err, LS_ERR_NOTFOUND, "there is no schema '%s'", name);
}

void ls_schema_destroy(struct ls_schema *schema) {
    if (schema != NULL) {
        json_decref(schema->root);
        free(schema);
    }
}

const json_t *ls_schema_property(const struct ls_schema *schema, const char *name) {
    return json_object_get(json_object_get(schema->root, "properties"), name);
}

/* --- a value --- */

static int check_value(const json_t *schema, const json_t *value, const struct place *place,
                       struct ls_err *err);

/* A number without a fraction is an integer, however it is written. */
static bool is_of_type(const json_t *value, const char *type) {
    static const struct {
        const char *name;
        json_type type;
    } names[] = {{"object", JSON_OBJECT}, {"array", JSON_ARRAY},    {"string", JSON_STRING},
                 {"null", JSON_NULL},     {"number", JSON_INTEGER}, {"number", JSON_REAL},
                 {"boolean", JSON_TRUE},  {"boolean", JSON_FALSE},  {"integer", JSON_INTEGER}};
    for (size_t i = 0; i < LS_COUNT(names); i++) {
        if (json_typeof(value) == names[i].type && strcmp(names[i].name, type) == 0) {
            return true;
        }
    }
    return json_is_real(value) && strcmp(type, "integer") == 0 &&
           nearbyint(json_real_value(value)) == json_real_value(value);
}

static int check_type(const json_t *type, const json_t *value, const struct place *place,
                      struct ls_err *err) {
    bool ok = type == NULL || (json_is_string(type) && is_of_type(value, json_string_value(type)));
    for (size_t i = 0; json_is_array(type) && i < json_array_size(type); i++) {
        ok |= is_of_type(value, json_string_value(json_array_get(type, i)));
    }
    return ok ? LS_OK : wrong(place, err, "not of the type that it must be");
}

static int check_choice(const json_t *schema, const json_t *value, const struct place *place,
                        struct ls_err *err) {
    const json_t *fixed = json_object_get(schema, "const");
    const json_t *choices = json_object_get(schema, "enum");
    bool ok = choices == NULL;
    for (size_t i = 0; i < json_array_size(choices); i++) {
        ok |= json_equal(json_array_get(choices, i), value) != 0;
    }
    if (!ok || (fixed != NULL && json_equal(fixed, value) == 0)) {
        return wrong(place, err, "not one of what it may be");
    }
    return LS_OK;
}

static int check_number(const json_t *schema, const json_t *value, const struct place *place,
                        struct ls_err *err) {
    const json_t *minimum = json_object_get(schema, "minimum");
    const json_t *maximum = json_object_get(schema, "maximum");
    const json_t *above = json_object_get(schema, "exclusiveMinimum");
    double number = json_number_value(value);
    if (minimum != NULL && !(number >= json_number_value(minimum))) {
        return wrong(place, err, "%g is less than %g", number, json_number_value(minimum));
    }
    if (maximum != NULL && !(number <= json_number_value(maximum))) {
        return wrong(place, err, "%g is more than %g", number, json_number_value(maximum));
    }
    if (above != NULL && !(number > json_number_value(above))) {
        return wrong(place, err, "%g is not more than %g", number, json_number_value(above));
    }
    return LS_OK;
}

/* Characters, not bytes. */
static size_t length_of(const char *text) {
    size_t length = 0;
    for (; *text != '\0'; text++) {
        length += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return length;
}

static bool within(const json_t *schema, const char *least, const char *most, size_t count) {
    const json_t *low = json_object_get(schema, least);
    const json_t *high = json_object_get(schema, most);
    return (low == NULL || (double)count >= json_number_value(low)) &&
           (high == NULL || (double)count <= json_number_value(high));
}

static int check_text(const json_t *schema, const json_t *value, const struct place *place,
                      struct ls_err *err) {
    const char *text = json_string_value(value);
    const json_t *expression = json_object_get(schema, "pattern");
    regex_t pattern;
    if (!within(schema, "minLength", "maxLength", length_of(text))) {
        return wrong(place, err, "too long or too short");
    }
    if (expression == NULL) {
        return LS_OK;
    }
    if (regcomp(&pattern, json_string_value(expression), REG_EXTENDED | REG_NOSUB) != 0) {
        return wrong(place, err, "its pattern needs more memory");
    }
    int match = regexec(&pattern, text, 0, NULL, 0);
    regfree(&pattern);
    return match == 0 ? LS_OK : wrong(place, err, "'%.60s' is not written as it must be", text);
}

static int check_array(const json_t *schema, const json_t *value, const struct place *place,
                       struct ls_err *err) {
    const json_t *items = json_object_get(schema, "items");
    int code = LS_OK;
    if (!within(schema, "minItems", "maxItems", json_array_size(value))) {
        return wrong(place, err, "has too many items or too few");
    }
    for (size_t i = 0; items != NULL && code == LS_OK && i < json_array_size(value); i++) {
        char number[32];
        snprintf(number, sizeof number, "[%zu]", i);
        struct place there = inside(place, number);
        code = check_value(items, json_array_get(value, i), &there, err);
    }
    return code;
}

/* Keys that demand others. */
static int check_dependents(const json_t *schema, const json_t *value, const struct place *place,
                            struct ls_err *err) {
    const char *key;
    json_t *names;
    json_t *dependents = json_object_get(schema, "dependentRequired");
    json_object_foreach(dependents, key, names) {
        for (size_t i = 0; json_object_get(value, key) != NULL && i < json_array_size(names); i++) {
            const char *name = json_string_value(json_array_get(names, i));
            if (json_object_get(value, name) == NULL) {
                return wrong(place, err, "'%.60s' is there without '%.60s'", key, name);
            }
        }
    }
    return LS_OK;
}

static int check_object(const json_t *schema, const json_t *value, const struct place *place,
                        struct ls_err *err) {
    const json_t *required = json_object_get(schema, "required");
    const json_t *properties = json_object_get(schema, "properties");
    const json_t *others = json_object_get(schema, "additionalProperties");
    const char *key;
    json_t *member;
    for (size_t i = 0; i < json_array_size(required); i++) {
        const char *name = json_string_value(json_array_get(required, i));
        if (json_object_get(value, name) == NULL) {
            return wrong(place, err, "'%.60s' is missing", name);
        }
    }
    json_object_foreach((json_t *)(uintptr_t)value, key, member) {
        const json_t *own = json_object_get(properties, key);
        struct place there = inside(place, key);
        if (own == NULL && json_is_false(others)) {
            return wrong(place, err, "'%.60s' is not known", key);
        }
        own = own == NULL && json_is_object(others) ? others : own;
        int code = own == NULL ? LS_OK : check_value(own, member, &there, err);
        if (code != LS_OK) {
            return code;
        }
    }
    return check_dependents(schema, value, place, err);
}

static int check_value(const json_t *schema, const json_t *value, const struct place *place,
                       struct ls_err *err) {
    int code = check_type(json_object_get(schema, "type"), value, place, err);
    if (code == LS_OK) {
        code = check_choice(schema, value, place, err);
    }
    if (code != LS_OK) {
        return code;
    }
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return check_object(schema, value, place, err);
    case JSON_ARRAY:
        return check_array(schema, value, place, err);
    case JSON_STRING:
        return check_text(schema, value, place, err);
    case JSON_INTEGER:
    case JSON_REAL:
        return check_number(schema, value, place, err);
    default:
        return LS_OK;
    }
}

int ls_schema_check(const struct ls_schema *schema, const json_t *value, struct ls_err *err) {
    struct place place = {.text = ""};
    return check_value(schema->root, value, &place, err);
}
