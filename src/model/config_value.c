#include "model/config_value.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "base/util.h"

static void *field(struct ls_config *config, const struct ls_config_key *key) {
    return (char *)config + key->offset;
}

static const void *field_of(const struct ls_config *config, const struct ls_config_key *key) {
    return (const char *)config + key->offset;
}

static bool is_number(enum ls_config_type type) {
    return type == LS_CONFIG_HZ || type == LS_CONFIG_SECONDS || type == LS_CONFIG_BYTES ||
           type == LS_CONFIG_QUANTITY;
}

void ls_config_value_clear(struct ls_config *config, const struct ls_config_key *key) {
    if (key->type == LS_CONFIG_TEXT) {
        *(char **)field(config, key) = NULL;
    } else if (key->type == LS_CONFIG_LIST) {
        *(struct ls_config_list *)field(config, key) = (struct ls_config_list){0};
    } else if (is_number(key->type)) {
        *(double *)field(config, key) = (double)NAN;
    }
}

void ls_config_value_free(struct ls_config *config, const struct ls_config_key *key) {
    if (key->type == LS_CONFIG_TEXT) {
        free(*(char **)field(config, key));
    } else if (key->type == LS_CONFIG_LIST) {
        struct ls_config_list *list = field(config, key);
        for (size_t i = 0; i < list->count; i++) {
            free(list->items[i]);
        }
        free(list->items);
    }
    ls_config_value_clear(config, key);
}

void ls_config_value_spell(const struct ls_config_key *key, double value, char *ret, size_t size) {
    char text[LS_UNIT_TEXT_BYTES];
    switch (key->type) {
    case LS_CONFIG_HZ:
        ls_hz_spell(value, text);
        break;
    case LS_CONFIG_SECONDS:
        ls_seconds_spell(value, text);
        break;
    case LS_CONFIG_BYTES:
        ls_bytes_spell(value, text);
        break;
    default:
        snprintf(text, sizeof text, "%.12g%s", value, key->unit);
    }
    ls_copy_text(ret, size, text);
}

/* --- from text --- */

static int parse_number(const struct ls_config_key *key, const char *text, double *ret,
                        struct ls_err *err) {
    switch (key->type) {
    case LS_CONFIG_HZ:
        return ls_hz_parse(text, "frequency or rate", ret, err);
    case LS_CONFIG_SECONDS:
        return ls_seconds_parse(text, "duration", ret, err);
    case LS_CONFIG_BYTES:
        return ls_bytes_parse(text, "size", ret, err);
    default:
        return ls_quantity_parse(text, "number", key->unit, ret, err);
    }
}

static int set_number(struct ls_config *config, const struct ls_config_key *key, const char *text,
                      struct ls_err *err) {
    double value = 0.0;
    int code = parse_number(key, text, &value, err);
    if (code == LS_OK && !(value >= key->low && value <= key->high)) {
        char low[LS_UNIT_TEXT_BYTES];
        char high[LS_UNIT_TEXT_BYTES];
        ls_config_value_spell(key, key->low, low, sizeof low);
        ls_config_value_spell(key, key->high, high, sizeof high);
        return ls_err_set(err, LS_ERR_ARG, "%.60s is outside %s to %s", text, low, high);
    }
    if (code == LS_OK) {
        *(double *)field(config, key) = value;
    }
    return code;
}

static int set_text(struct ls_config *config, const struct ls_config_key *key, const char *text,
                    struct ls_err *err) {
    if ((double)strlen(text) < key->low || (double)strlen(text) > key->high) {
        return ls_err_set(err, LS_ERR_ARG, "is %s: write %.0f to %.0f bytes",
                          text[0] == '\0' ? "empty" : "too long", key->low, key->high);
    }
    char *copy = strdup(text);
    if (copy == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    free(*(char **)field(config, key));
    *(char **)field(config, key) = copy;
    return LS_OK;
}

static int set_choice(struct ls_config *config, const struct ls_config_key *key, const char *text,
                      struct ls_err *err) {
    assert(key->choices != NULL);
    char all[128] = "";
    int count = 0;
    for (; key->choices[count] != NULL; count++) {
        if (strcmp(key->choices[count], text) == 0) {
            *(int *)field(config, key) = count;
            return LS_OK;
        }
        size_t used = strlen(all);
        snprintf(all + used, sizeof all - used, "%s%s", count == 0 ? "" : ", ",
                 key->choices[count]);
    }
    return ls_err_set(err, LS_ERR_ARG, "cannot be '%.60s': one of %s", text, all);
}

/* The two words of YAML 1.2; "yes" and "off" mean different things to different readers. */
static int set_bool(struct ls_config *config, const struct ls_config_key *key, const char *text,
                    struct ls_err *err) {
    bool yes = strcmp(text, "true") == 0;
    if (!yes && strcmp(text, "false") != 0) {
        return ls_err_set(err, LS_ERR_ARG, "cannot be '%.60s': write true or false", text);
    }
    *(bool *)field(config, key) = yes;
    return LS_OK;
}

static int add_item(struct ls_config *config, const struct ls_config_key *key, const char *text,
                    struct ls_err *err) {
    struct ls_config_list *list = field(config, key);
    if ((double)list->count >= key->high) {
        return ls_err_set(err, LS_ERR_ARG, "has more than %.0f entries", key->high);
    }
    if (text[0] == '\0') {
        return ls_err_set(err, LS_ERR_ARG, "has an empty entry");
    }
    char **items = realloc(list->items, (list->count + 1) * sizeof *items);
    char *copy = strdup(text);
    if (items != NULL) {
        list->items = items;
    }
    if (items == NULL || copy == NULL) {
        free(copy);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    list->items[list->count++] = copy;
    return LS_OK;
}

int ls_config_value_set(struct ls_config *config, const struct ls_config_key *key, const char *text,
                        struct ls_err *err) {
    bool optional = (key->standard != NULL && strcmp(key->standard, "none") == 0) ||
                    (key->choices != NULL && is_number(key->type));
    if (optional && strcmp(text, "none") == 0) {
        ls_config_value_free(config, key);
        return LS_OK;
    }
    switch (key->type) {
    case LS_CONFIG_TEXT:
        return set_text(config, key, text, err);
    case LS_CONFIG_COUNT:
        return ls_count_parse(text, "number", (size_t)key->low, (size_t)key->high,
                              field(config, key), err);
    case LS_CONFIG_BOOL:
        return set_bool(config, key, text, err);
    case LS_CONFIG_CHOICE:
        return set_choice(config, key, text, err);
    case LS_CONFIG_LIST:
        return add_item(config, key, text, err);
    default:
        return set_number(config, key, text, err);
    }
}

/* --- to text --- */

static char *list_text(const struct ls_config_list *list) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) {
        return NULL;
    }
    fputc('[', out);
    for (size_t i = 0; i < list->count; i++) {
        fprintf(out, "%s%s", i == 0 ? "" : ", ", list->items[i]);
    }
    fputc(']', out);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

static char *number_text(const struct ls_config_key *key, double value) {
    char text[LS_UNIT_TEXT_BYTES];
    if (isnan(value)) {
        return strdup(key->standard == NULL ? "" : "none");
    }
    ls_config_value_spell(key, value, text, sizeof text);
    return strdup(text);
}

char *ls_config_value_text(const struct ls_config *config, const struct ls_config_key *key) {
    const void *at = field_of(config, key);
    char number[LS_UNIT_TEXT_BYTES];
    switch (key->type) {
    case LS_CONFIG_TEXT: {
        const char *text = *(const char *const *)at;
        return strdup(text != NULL ? text : key->standard == NULL ? "" : "none");
    }
    case LS_CONFIG_COUNT:
        snprintf(number, sizeof number, "%zu", *(const size_t *)at);
        return strdup(number);
    case LS_CONFIG_BOOL:
        return strdup(*(const bool *)at ? "true" : "false");
    case LS_CONFIG_CHOICE:
        return strdup(key->choices[*(const int *)at]);
    case LS_CONFIG_LIST:
        return list_text(at);
    default:
        return number_text(key, *(const double *)at);
    }
}
