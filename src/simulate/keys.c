/* A part becomes a libcyaml mapping in which every scalar is an optional string: libcyaml loads
 * the file, this file answers for the values.
 *
 *   text -> shapes and keys (ls_keys_check)
 *   table -> schema (build_part) -> slots, one a key (ls_yaml_parse) -> record (read_part)
 *
 * The path to the value at hand ("emitters[2].script.hold_s") is kept for errors; its line is found
 * again in the text when one is needed. */
#include "simulate/keys.h"

#include <assert.h>
#include <cyaml/cyaml.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "model/yaml.h"
#include "simulate/keys_line.h"
#include "simulate/keys_value.h"
#include "simulate/scenario.h"

enum { PATH_BYTES = 256 };

/* What libcyaml fills for one key. */
union slot {
    char *text;
    union slot *part;
    struct {
        void *items; /* char ** or union slot ** */
        unsigned count;
    } list;
};

/* Schemas live in a chain that is freed as a whole. */
struct schema {
    struct schema *next;
    cyaml_schema_value_t mapping;
    cyaml_schema_value_t entry; /* of a list that is a field */
    cyaml_schema_field_t fields[];
};

struct reader {
    const char *text;
    size_t length;
    const char *file;
    char path[PATH_BYTES];
};

static const cyaml_schema_value_t scalar = {.type = CYAML_STRING,
                                            .flags = CYAML_FLAG_POINTER,
                                            .data_size = sizeof(char),
                                            .string = {.min = 0, .max = CYAML_UNLIMITED}};

static bool is_scalar_list(enum ls_key_kind kind) {
    return kind == LS_KEY_PLACE || kind == LS_KEY_HZ_LIST || kind == LS_KEY_SECONDS_LIST ||
           kind == LS_KEY_METRES_LIST;
}

static size_t key_count(const struct ls_key_part *part) {
    size_t count = 0;
    while (part->keys[count].name != NULL) {
        count++;
    }
    return count;
}

static void fill_list(cyaml_schema_field_t *field, const cyaml_schema_value_t *entry) {
    field->count_offset = field->data_offset + (uint32_t)offsetof(union slot, list.count);
    field->count_size = sizeof(unsigned);
    field->value = (cyaml_schema_value_t){
        .type = CYAML_SEQUENCE,
        .flags = CYAML_FLAG_POINTER,
        .data_size = sizeof(void *),
        .sequence = {.entry = entry, .min = 0, .max = CYAML_UNLIMITED},
    };
}

/* The mapping of a part, put into *chain; NULL when memory is out. */
static struct schema *build_part(const struct ls_key_part *part, struct schema **chain) {
    size_t count = key_count(part);
    struct schema *schema = calloc(1, sizeof *schema + (count + 1) * sizeof schema->fields[0]);
    if (schema == NULL) {
        return NULL;
    }
    schema->next = *chain;
    *chain = schema;
    for (size_t i = 0; i < count; i++) {
        const struct ls_key *key = &part->keys[i];
        cyaml_schema_field_t *field = &schema->fields[i];
        field->key = key->name;
        field->data_offset = (uint32_t)(i * sizeof(union slot));
        field->value = scalar;
        if (is_scalar_list(key->kind)) {
            fill_list(field, &scalar);
        } else if (key->kind == LS_KEY_PART || key->kind == LS_KEY_PARTS) {
            struct schema *inner = build_part(key->part, chain);
            if (inner == NULL) {
                return NULL;
            }
            field->value = inner->mapping;
            if (key->kind == LS_KEY_PARTS) {
                fill_list(field, &inner->mapping);
            }
        }
        field->value.flags |= CYAML_FLAG_OPTIONAL;
    }
    schema->mapping = (cyaml_schema_value_t){.type = CYAML_MAPPING,
                                             .flags = CYAML_FLAG_POINTER,
                                             .data_size = (uint32_t)(count * sizeof(union slot)),
                                             .mapping = {.fields = schema->fields}};
    return schema;
}

static void free_chain(struct schema *chain) {
    while (chain != NULL) {
        struct schema *next = chain->next;
        free(chain);
        chain = next;
    }
}

__attribute__((format(printf, 6, 0))) static int vfail(struct ls_err *err, const char *text,
                                                       size_t length, const char *file,
                                                       const char *path, const char *format,
                                                       va_list args) {
    char message[LS_ERR_TEXT_BYTES];
    vsnprintf(message, sizeof message, format, args);
    return ls_err_set(err, LS_ERR_FORMAT, "'%s' line %zu: %s", file,
                      ls_keys_line(text, length, path), message);
}

int ls_keys_error(struct ls_err *err, const char *text, size_t length, const char *file,
                  const char *path, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int code = vfail(err, text, length, file, path, format, args);
    va_end(args);
    return code;
}

/* The key at fault is the last part of the path. */
static int fail_here(const struct reader *reader, struct ls_err *err, const char *message) {
    const char *dot = strrchr(reader->path, '.');
    return ls_keys_error(err, reader->text, reader->length, reader->file, reader->path, "'%s': %s",
                         dot == NULL ? reader->path : dot + 1, message);
}

static void *field_of(void *record, size_t offset) { return (char *)record + offset; }

static size_t put_path(struct reader *reader, const char *name) {
    size_t used = strlen(reader->path);
    snprintf(reader->path + used, PATH_BYTES - used, "%s%s", used == 0 ? "" : ".", name);
    return used;
}

static int read_place(struct reader *reader, const struct ls_key *key, const union slot *slot,
                      struct ls_place *ret, struct ls_err *err) {
    char *const *items = slot->list.items;
    double value[3] = {0};
    if (slot->list.count != 2 && slot->list.count != 3) {
        return fail_here(reader, err, "a place is [x, y] or [x, y, z] in metres");
    }
    for (unsigned i = 0; i < slot->list.count; i++) {
        struct ls_err inner;
        if (ls_keys_value_number(key, LS_KEY_METRES, items[i], &value[i], &inner) != LS_OK) {
            return fail_here(reader, err, inner.text);
        }
    }
    *ret = (struct ls_place){.x_m = value[0], .y_m = value[1], .z_m = value[2]};
    return LS_OK;
}

static int read_numbers(struct reader *reader, const struct ls_key *key, const union slot *slot,
                        void *record, struct ls_err *err) {
    static const enum ls_key_kind element[] = {[LS_KEY_HZ_LIST] = LS_KEY_HZ,
                                               [LS_KEY_SECONDS_LIST] = LS_KEY_SECONDS,
                                               [LS_KEY_METRES_LIST] = LS_KEY_METRES};
    char *const *items = slot->list.items;
    unsigned count = slot->list.count;
    double *values = calloc(count == 0 ? 1 : count, sizeof *values);
    if (values == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory reading '%s'", reader->file);
    }
    for (unsigned i = 0; i < count; i++) {
        struct ls_err inner;
        if (ls_keys_value_number(key, element[key->kind], items[i], &values[i], &inner) != LS_OK) {
            free(values);
            return fail_here(reader, err, inner.text);
        }
    }
    *(double **)field_of(record, key->offset) = values;
    *(size_t *)field_of(record, key->count_offset) = count;
    return LS_OK;
}

static int read_part(struct reader *reader, const struct ls_key_part *part, const union slot *slots,
                     void *record, struct ls_err *err);

static int read_parts(struct reader *reader, const struct ls_key *key, const union slot *slot,
                      void *record, struct ls_err *err) {
    unsigned count = slot->list.count;
    union slot *const *items = slot->list.items;
    char *records = calloc(count == 0 ? 1 : count, key->part->size);
    if (records == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory reading '%s'", reader->file);
    }
    /* Linked in first: on failure the lists of the entries that were read are freed with it. */
    *(char **)field_of(record, key->offset) = records;
    *(size_t *)field_of(record, key->count_offset) = count;
    size_t used = strlen(reader->path);
    for (unsigned i = 0; i < count; i++) {
        snprintf(reader->path + used, PATH_BYTES - used, "[%u]", i);
        int code = read_part(reader, key->part, items[i], records + i * key->part->size, err);
        if (code != LS_OK) {
            return code;
        }
    }
    return LS_OK;
}

static bool is_given(const struct ls_key *key, const union slot *slot) {
    switch (key->kind) {
    case LS_KEY_PLACE:
    case LS_KEY_HZ_LIST:
    case LS_KEY_SECONDS_LIST:
    case LS_KEY_METRES_LIST:
    case LS_KEY_PARTS:
        return slot->list.items != NULL;
    default:
        return slot->text != NULL;
    }
}

/* Defaults are written in the tables as a person would, and read the same way. */
static int read_default(struct reader *reader, const struct ls_key *key, void *record,
                        struct ls_err *err) {
    static const union slot nothing = {0};
    if (key->kind == LS_KEY_PART && key->given_offset != 0) {
        return LS_OK; /* left out as a whole */
    }
    if (key->kind == LS_KEY_PART) {
        size_t count = key_count(key->part);
        union slot *slots = calloc(count, sizeof *slots);
        if (slots == NULL) {
            return ls_err_set(err, LS_ERR_NOMEM, "out of memory reading '%s'", reader->file);
        }
        int code = read_part(reader, key->part, slots, field_of(record, key->offset), err);
        free(slots);
        return code;
    }
    if (key->fallback == NULL) {
        return fail_here(reader, err, "is required");
    }
    if (key->kind == LS_KEY_PARTS) {
        return read_parts(reader, key, &nothing, record, err);
    }
    if (is_scalar_list(key->kind)) {
        return key->kind == LS_KEY_PLACE ? LS_OK : read_numbers(reader, key, &nothing, record, err);
    }
    if (key->fallback[0] != '\0') {
        struct ls_err inner;
        int code = ls_keys_value_read(key, key->fallback, field_of(record, key->offset), &inner);
        assert(code == LS_OK); /* a default of the tables that does not read */
    }
    return LS_OK;
}

static int read_key(struct reader *reader, const struct ls_key *key, const union slot *slot,
                    void *record, struct ls_err *err) {
    if (!is_given(key, slot)) {
        return read_default(reader, key, record, err);
    }
    if (key->given_offset != 0) {
        *(bool *)field_of(record, key->given_offset) = true;
    }
    void *to = field_of(record, key->offset);
    switch (key->kind) {
    case LS_KEY_PLACE:
        return read_place(reader, key, slot, to, err);
    case LS_KEY_HZ_LIST:
    case LS_KEY_SECONDS_LIST:
    case LS_KEY_METRES_LIST:
        return read_numbers(reader, key, slot, record, err);
    case LS_KEY_PART:
        return read_part(reader, key->part, slot->part, to, err);
    case LS_KEY_PARTS:
        return read_parts(reader, key, slot, record, err);
    default: {
        struct ls_err inner;
        int code = ls_keys_value_read(key, slot->text, to, &inner);
        return code == LS_OK ? LS_OK : fail_here(reader, err, inner.text);
    }
    }
}

static int read_part(struct reader *reader, const struct ls_key_part *part, const union slot *slots,
                     void *record, struct ls_err *err) {
    int code = LS_OK;
    for (size_t i = 0; part->keys[i].name != NULL && code == LS_OK; i++) {
        size_t used = put_path(reader, part->keys[i].name);
        code = read_key(reader, &part->keys[i], &slots[i], record, err);
        reader->path[used] = '\0';
    }
    return code;
}

void ls_keys_clear(const struct ls_key_part *part, void *record) {
    for (const struct ls_key *key = part->keys; key->name != NULL; key++) {
        void *at = field_of(record, key->offset);
        if (key->kind == LS_KEY_PART) {
            ls_keys_clear(key->part, at);
        } else if (key->kind == LS_KEY_PARTS) {
            char *records = *(char **)at;
            size_t *count = field_of(record, key->count_offset);
            for (size_t i = 0; i < *count; i++) {
                ls_keys_clear(key->part, records + i * key->part->size);
            }
            free(records);
            *(char **)at = NULL;
            *count = 0;
        } else if (is_scalar_list(key->kind) && key->kind != LS_KEY_PLACE) {
            free(*(double **)at);
            *(double **)at = NULL;
            *(size_t *)field_of(record, key->count_offset) = 0;
        }
    }
}

int ls_keys_read(const struct ls_key_part *part, const char *text, size_t length, const char *file,
                 void *ret_record, struct ls_err *err) {
    int code = ls_keys_check(part, text, length, file, err);
    if (code != LS_OK) {
        return code;
    }
    struct schema *chain = NULL;
    struct schema *top = build_part(part, &chain);
    union slot *slots = NULL;
    code = LS_ERR_NOMEM;
    if (top == NULL) {
        ls_err_set(err, code, "out of memory reading '%s'", file);
    } else {
        code = ls_yaml_parse((void **)&slots, text, length, file, &top->mapping, err);
    }
    if (code == LS_OK) {
        struct reader reader = {.text = text, .length = length, .file = file};
        memset(ret_record, 0, part->size);
        code = read_part(&reader, part, slots, ret_record, err);
        if (code != LS_OK) {
            ls_keys_clear(part, ret_record);
        }
        ls_yaml_free(slots, &top->mapping);
    }
    free_chain(chain);
    return code;
}

static void document_key(const struct ls_key *key, FILE *out) {
    const char *fallback = key->fallback == NULL      ? "required"
                           : key->fallback[0] == '\0' ? ""
                                                      : key->fallback;
    if (key->kind == LS_KEY_PART) {
        fallback = "";
    }
    fprintf(out, "| `%s` | %s | %s | ", key->name, ls_keys_value_unit(key), fallback);
    if (key->kind != LS_KEY_TEXT && key->low < key->high) {
        fprintf(out, "%g to %g", key->low, key->high);
    }
    for (size_t i = 0; key->choices != NULL && key->choices[i] != NULL; i++) {
        fprintf(out, "%s%s", i == 0 ? "" : ", ", key->choices[i]);
    }
    fprintf(out, " | %s |\n", key->text);
}

void ls_keys_document(const struct ls_key_part *part, FILE *out) {
    fprintf(out, "### `%s`\n\n%s\n\n", part->name, part->about);
    fprintf(out, "| key | unit | default | range | meaning |\n|---|---|---|---|---|\n");
    for (const struct ls_key *key = part->keys; key->name != NULL; key++) {
        document_key(key, out);
    }
    fputc('\n', out);
    for (const struct ls_key *key = part->keys; key->name != NULL; key++) {
        if (key->part != NULL) {
            ls_keys_document(key->part, out);
        }
    }
}
