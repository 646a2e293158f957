#include "simulate/keys_line.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/util.h"

enum { KEYS_MAX = 64 };

/* The value of key (length bytes at name) in a mapping; its key node goes to *ret_key. */
static yaml_node_t *child_by_name(yaml_document_t *document, const yaml_node_t *node,
                                  const char *name, size_t length, yaml_node_t **ret_key) {
    if (node->type != YAML_MAPPING_NODE) {
        return NULL;
    }
    for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        yaml_node_t *key = yaml_document_get_node(document, pair->key);
        if (key->type == YAML_SCALAR_NODE && key->data.scalar.length == length &&
            memcmp(key->data.scalar.value, name, length) == 0) {
            *ret_key = key;
            return yaml_document_get_node(document, pair->value);
        }
    }
    return NULL;
}

static yaml_node_t *child_by_index(yaml_document_t *document, const yaml_node_t *node,
                                   size_t index) {
    if (node->type != YAML_SEQUENCE_NODE) {
        return NULL;
    }
    yaml_node_item_t *item = node->data.sequence.items.start + index;
    return item < node->data.sequence.items.top ? yaml_document_get_node(document, *item) : NULL;
}

/* A key counts with the line it stands on, an entry of a list with the line it begins on. */
static size_t walk(yaml_document_t *document, const char *path) {
    yaml_node_t *node = yaml_document_get_root_node(document);
    size_t line = node == NULL ? 0 : node->start_mark.line;
    while (node != NULL && *path != '\0') {
        yaml_node_t *at = NULL;
        if (*path == '[') {
            char *end;
            node = child_by_index(document, node, strtoul(path + 1, &end, 10));
            at = node;
            path = *end == ']' ? end + 1 : end;
        } else {
            size_t length = strcspn(path, ".[");
            node = child_by_name(document, node, path, length, &at);
            path += length;
        }
        path += *path == '.';
        line = node != NULL ? at->start_mark.line : line;
    }
    return line + 1;
}

size_t ls_keys_line(const char *text, size_t length, const char *path) {
    yaml_parser_t parser;
    yaml_document_t document;
    size_t line = 1;
    if (!yaml_parser_initialize(&parser)) {
        return line;
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
    if (yaml_parser_load(&parser, &document)) {
        line = walk(&document, path);
        yaml_document_delete(&document);
    }
    yaml_parser_delete(&parser);
    return line;
}

struct check {
    yaml_document_t *document;
    const char *file;
    struct ls_err *err;
};

static int fail(const struct check *check, const yaml_node_t *node, const char *key,
                const char *message) {
    return ls_err_set(check->err, LS_ERR_FORMAT, "'%s' line %zu: '%.60s': %s", check->file,
                      node->start_mark.line + 1, key, message);
}

static int fail_unknown(const struct check *check, const struct ls_key_part *part,
                        const yaml_node_t *node, const char *key) {
    const char *names[KEYS_MAX];
    size_t count = 0;
    for (; part->keys[count].name != NULL && count < KEYS_MAX; count++) {
        names[count] = part->keys[count].name;
    }
    const char *nearest = ls_nearest_word(key, names, count);
    if (nearest != NULL) {
        return ls_err_set(check->err, LS_ERR_FORMAT,
                          "'%s' line %zu: unknown key '%.60s'; did you mean '%s'?", check->file,
                          node->start_mark.line + 1, key, nearest);
    }
    return ls_err_set(check->err, LS_ERR_FORMAT,
                      "'%s' line %zu: unknown key '%.60s' in '%s': see lineside simulate --keys",
                      check->file, node->start_mark.line + 1, key, part->name);
}

static const struct ls_key *find_key(const struct ls_key_part *part, const char *name) {
    for (const struct ls_key *key = part->keys; key->name != NULL; key++) {
        if (strcmp(key->name, name) == 0) {
            return key;
        }
    }
    return NULL;
}

static int check_part(const struct check *check, const struct ls_key_part *part, const char *name,
                      const yaml_node_t *node);

static int check_list(const struct check *check, const struct ls_key *key,
                      const yaml_node_t *node) {
    if (node->type != YAML_SEQUENCE_NODE) {
        return fail(check, node, key->name,
                    "a list is asked for: [...], or lines that begin with -");
    }
    for (yaml_node_item_t *item = node->data.sequence.items.start;
         item < node->data.sequence.items.top; item++) {
        const yaml_node_t *entry = yaml_document_get_node(check->document, *item);
        int code = LS_OK;
        if (key->kind == LS_KEY_PARTS) {
            code = check_part(check, key->part, key->name, entry);
        } else if (entry->type != YAML_SCALAR_NODE) {
            code = fail(check, entry, key->name, "an entry is one value");
        }
        if (code != LS_OK) {
            return code;
        }
    }
    return LS_OK;
}

static int check_value(const struct check *check, const struct ls_key *key,
                       const yaml_node_t *node) {
    switch (key->kind) {
    case LS_KEY_PART:
        return check_part(check, key->part, key->name, node);
    case LS_KEY_PARTS:
    case LS_KEY_PLACE:
    case LS_KEY_HZ_LIST:
    case LS_KEY_SECONDS_LIST:
    case LS_KEY_METRES_LIST:
        return check_list(check, key, node);
    default:
        return node->type == YAML_SCALAR_NODE
                   ? LS_OK
                   : fail(check, node, key->name, "one value is asked for");
    }
}

static int check_part(const struct check *check, const struct ls_key_part *part, const char *name,
                      const yaml_node_t *node) {
    bool seen[KEYS_MAX] = {false};
    if (node->type != YAML_MAPPING_NODE) {
        return fail(check, node, name, "keys are asked for: 'key: value' lines, or {...}");
    }
    for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        const yaml_node_t *at = yaml_document_get_node(check->document, pair->key);
        if (at->type != YAML_SCALAR_NODE) {
            return fail(check, at, name, "a key is a word");
        }
        const char *word = (const char *)at->data.scalar.value;
        const struct ls_key *key = find_key(part, word);
        if (key == NULL) {
            return fail_unknown(check, part, at, word);
        }
        if (seen[key - part->keys]) {
            return fail(check, at, word, "is there twice");
        }
        seen[key - part->keys] = true;
        int code = check_value(check, key, yaml_document_get_node(check->document, pair->value));
        if (code != LS_OK) {
            return code;
        }
    }
    return LS_OK;
}

int ls_keys_check(const struct ls_key_part *part, const char *text, size_t length, const char *file,
                  struct ls_err *err) {
    yaml_parser_t parser;
    yaml_document_t document;
    int code = LS_OK;
    if (!yaml_parser_initialize(&parser)) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory reading '%s'", file);
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
    if (yaml_parser_load(&parser, &document)) {
        struct check check = {.document = &document, .file = file, .err = err};
        const yaml_node_t *root = yaml_document_get_root_node(&document);
        if (root != NULL) {
            code = check_part(&check, part, part->name, root);
        }
        yaml_document_delete(&document);
    }
    yaml_parser_delete(&parser);
    return code;
}
