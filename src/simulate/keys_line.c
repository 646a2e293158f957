#include "simulate/keys_line.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

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
