/* Loading a configuration: the two levels of the file are walked as libyaml's events, so that each
 * complaint knows its line, and each value is set by the table. A list on the command line is
 * written as in the file, [a, b]. */
#include "model/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/util.h"
#include "model/config_value.h"
#include "model/yaml.h"

struct ls_config_origin {
    size_t line; /* of the file; 0: the default */
    bool command_line;
};

enum { KEYS_MAX = 128, NAME_BYTES = 128 };

/* --- names --- */

static bool is_key(const struct ls_config_key *key, const char *section, const char *name) {
    return strcmp(key->section, section) == 0 && strcmp(key->name, name) == 0;
}

static size_t find_key(const char *section, const char *name) {
    size_t count;
    const struct ls_config_key *keys = ls_config_keys(&count);
    size_t i = 0;
    while (i < count && !is_key(&keys[i], section, name)) {
        i++;
    }
    return i;
}

/* Names that a word could have meant: the keys of a section, or the sections. */
static size_t names_there(const char *section, const char **ret) {
    size_t count;
    size_t found = 0;
    const struct ls_config_key *keys = ls_config_keys(&count);
    for (size_t i = 0; i < count && found < KEYS_MAX; i++) {
        if (section == NULL) {
            if (i == 0 || strcmp(keys[i].section, keys[i - 1].section) != 0) {
                ret[found++] = keys[i].section;
            }
        } else if (strcmp(keys[i].section, section) == 0) {
            ret[found++] = keys[i].name;
        }
    }
    return found;
}

/* The name that was meant: the word without its unit, a word that is nearly right, or a key of
 * another section. */
static void suggest(const char *section, const char *word, char *ret, size_t size) {
    const char *names[KEYS_MAX];
    size_t count = names_there(section, names);
    const char *near = NULL;
    for (size_t i = 0; i < count && near == NULL; i++) {
        size_t n = strlen(word);
        near = n > 0 && strncmp(names[i], word, n) == 0 && names[i][n] == '_' ? names[i] : NULL;
    }
    near = near != NULL ? near : ls_nearest_word(word, names, count);
    if (near != NULL) {
        snprintf(ret, size, "; did you mean '%s'?", near);
        return;
    }
    size_t all;
    const struct ls_config_key *keys = ls_config_keys(&all);
    for (size_t i = 0; section != NULL && i < all; i++) {
        if (strcmp(keys[i].name, word) == 0) {
            snprintf(ret, size, "; it belongs to '%s'", keys[i].section);
            return;
        }
    }
    size_t used = 0;
    for (size_t i = 0; i < count && used < size; i++) {
        used +=
            (size_t)snprintf(ret + used, size - used, "%s %s", i == 0 ? "; known:" : ",", names[i]);
    }
}

/* --- the file --- */

struct reader {
    struct ls_config *config;
    const char *file;
    yaml_parser_t parser;
    yaml_event_t event;
    bool held; /* event is to be deleted */
    char section[NAME_BYTES];
    size_t key; /* of the table */
    bool seen[KEYS_MAX];
    struct ls_err *err;
};

static size_t line_of(const struct reader *reader) { return reader->event.start_mark.line + 1; }

static int wrong(struct reader *reader, const char *text) {
    return ls_err_set(reader->err, LS_ERR_FORMAT, "'%s' line %zu: %s", reader->file,
                      line_of(reader), text);
}

static const char *scalar(const struct reader *reader) {
    return (const char *)reader->event.data.scalar.value;
}

/* They would break the line of a message, or the value at its NUL. */
static bool has_control(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) {
            return true;
        }
    }
    return false;
}

static int next_event(struct reader *reader) {
    if (reader->held) {
        yaml_event_delete(&reader->event);
    }
    reader->held = yaml_parser_parse(&reader->parser, &reader->event) != 0;
    if (!reader->held) {
        return ls_err_set(reader->err, LS_ERR_FORMAT, "'%s' line %zu: not YAML: %s", reader->file,
                          reader->parser.problem_mark.line + 1,
                          reader->parser.problem == NULL ? "out of memory"
                                                         : reader->parser.problem);
    }
    if (reader->event.type == YAML_ALIAS_EVENT) {
        return wrong(reader, "aliases are not allowed");
    }
    bool odd = reader->event.type == YAML_SCALAR_EVENT &&
               has_control(scalar(reader), reader->event.data.scalar.length);
    return odd ? wrong(reader, "a value has a line break or another control character") : LS_OK;
}

static int unknown(struct reader *reader, const char *section, const char *word) {
    char hint[256] = "";
    suggest(section, word, hint, sizeof hint);
    return ls_err_set(reader->err, LS_ERR_FORMAT, "'%s' line %zu: unknown %s '%.60s'%s",
                      reader->file, line_of(reader), section == NULL ? "section" : "key", word,
                      hint);
}

static int set_value(struct reader *reader) {
    size_t count;
    const struct ls_config_key *key = &ls_config_keys(&count)[reader->key];
    int code = ls_config_value_set(reader->config, key, scalar(reader), reader->err);
    if (code == LS_ERR_ARG) {
        ls_err_wrap(reader->err, "'%s' line %zu: '%s.%s'", reader->file, line_of(reader),
                    key->section, key->name);
        return LS_ERR_FORMAT;
    }
    return code;
}

static int read_list(struct reader *reader) {
    int code = next_event(reader);
    while (code == LS_OK && reader->event.type != YAML_SEQUENCE_END_EVENT) {
        code = reader->event.type == YAML_SCALAR_EVENT
                   ? set_value(reader)
                   : wrong(reader, "a list here has plain values");
        if (code == LS_OK) {
            code = next_event(reader);
        }
    }
    return code;
}

/* The event is what stands behind "key:". */
static int read_value(struct reader *reader) {
    size_t count;
    const struct ls_config_key *key = &ls_config_keys(&count)[reader->key];
    reader->config->origins[reader->key] = (struct ls_config_origin){.line = line_of(reader)};
    char text[NAME_BYTES + 64];
    if (key->type == LS_CONFIG_LIST) {
        ls_config_value_free(reader->config, key);
        if (reader->event.type == YAML_SEQUENCE_START_EVENT) {
            return read_list(reader);
        }
        snprintf(text, sizeof text, "'%s.%s' is a list: write [one, two]", key->section, key->name);
        return wrong(reader, text);
    }
    if (reader->event.type != YAML_SCALAR_EVENT) {
        snprintf(text, sizeof text, "'%s.%s' takes one value", key->section, key->name);
        return wrong(reader, text);
    }
    return set_value(reader);
}

static int read_key(struct reader *reader) {
    if (reader->event.type != YAML_SCALAR_EVENT) {
        return wrong(reader, "a key is a plain word");
    }
    size_t count;
    ls_config_keys(&count);
    reader->key = find_key(reader->section, scalar(reader));
    if (reader->key == count) {
        return unknown(reader, reader->section, scalar(reader));
    }
    if (reader->seen[reader->key]) {
        char text[NAME_BYTES];
        snprintf(text, sizeof text, "'%s.%.60s' is there twice", reader->section, scalar(reader));
        return wrong(reader, text);
    }
    reader->seen[reader->key] = true;
    int code = next_event(reader);
    return code == LS_OK ? read_value(reader) : code;
}

/* The event is the name of the section. */
static int read_section(struct reader *reader) {
    const char *names[KEYS_MAX];
    if (reader->event.type != YAML_SCALAR_EVENT) {
        return wrong(reader, "a section is a plain word");
    }
    if (names_there(scalar(reader), names) == 0) {
        return unknown(reader, NULL, scalar(reader));
    }
    ls_copy_text(reader->section, sizeof reader->section, scalar(reader));
    int code = next_event(reader);
    /* A section whose lines are all comments is an empty value. */
    if (code == LS_OK && reader->event.type == YAML_SCALAR_EVENT && scalar(reader)[0] == '\0') {
        return LS_OK;
    }
    if (code == LS_OK && reader->event.type != YAML_MAPPING_START_EVENT) {
        char text[NAME_BYTES + 64];
        snprintf(text, sizeof text, "'%s' is a section: write 'key: value' lines below it",
                 reader->section);
        return wrong(reader, text);
    }
    if (code == LS_OK) {
        code = next_event(reader);
    }
    while (code == LS_OK && reader->event.type != YAML_MAPPING_END_EVENT) {
        code = read_key(reader);
        if (code == LS_OK) {
            code = next_event(reader);
        }
    }
    return code;
}

static int read_document(struct reader *reader) {
    int code = next_event(reader); /* start of the stream */
    for (int i = 0; code == LS_OK && i < 2 && reader->event.type != YAML_STREAM_END_EVENT; i++) {
        code = next_event(reader);
    }
    if (code != LS_OK || reader->event.type == YAML_STREAM_END_EVENT) {
        return code; /* an empty file asks for the defaults */
    }
    if (reader->event.type == YAML_SCALAR_EVENT && scalar(reader)[0] == '\0') {
        return LS_OK;
    }
    if (reader->event.type != YAML_MAPPING_START_EVENT) {
        return wrong(reader, "the file has sections: write 'section:' and 'key: value' lines "
                             "below it");
    }
    code = next_event(reader);
    while (code == LS_OK && reader->event.type != YAML_MAPPING_END_EVENT) {
        code = read_section(reader);
        if (code == LS_OK) {
            code = next_event(reader);
        }
    }
    for (int i = 0; code == LS_OK && i < 2; i++) {
        code = next_event(reader); /* end of the document, end of the stream */
    }
    if (code == LS_OK && reader->event.type != YAML_STREAM_END_EVENT) {
        return wrong(reader, "the file holds more than one document; keep the first");
    }
    return code;
}

static int read_text(struct ls_config *config, const char *file, const char *text, size_t length,
                     struct ls_err *err) {
    struct ls_err local;
    struct reader reader = {.config = config, .file = file, .err = err == NULL ? &local : err};
    if (!yaml_parser_initialize(&reader.parser)) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, length);
    int code = read_document(&reader);
    if (reader.held) {
        yaml_event_delete(&reader.event);
    }
    yaml_parser_delete(&reader.parser);
    return code;
}

static int read_file(struct ls_config *config, const char *path, struct ls_err *err) {
    LS_AUTO(char) text = NULL;
    size_t length;
    config->file = strdup(path);
    if (config->file == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    int code = ls_yaml_read_file(path, &text, &length, err);
    return code == LS_OK ? read_text(config, path, text, length, err) : code;
}

/* --- the command line --- */

/* "[a, b]" or one item. */
static int set_list(struct ls_config *config, const struct ls_config_key *key, const char *value,
                    struct ls_err *err) {
    LS_AUTO(char) copy = strdup(value);
    if (copy == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    ls_config_value_free(config, key);
    char *rest = copy;
    size_t n = strlen(copy);
    if (n >= 2 && copy[0] == '[' && copy[n - 1] == ']') {
        copy[n - 1] = '\0';
        rest = copy + 1;
    }
    int code = LS_OK;
    while (rest != NULL && rest[strspn(rest, " ")] != '\0' && code == LS_OK) {
        char *item = strsep(&rest, ",");
        item += strspn(item, " ");
        for (size_t end = strlen(item); end > 0 && item[end - 1] == ' '; end--) {
            item[end - 1] = '\0';
        }
        code = ls_config_value_set(config, key, item, err);
    }
    return code;
}

static int apply_setting(struct ls_config *config, const char *setting, struct ls_err *err) {
    char section[NAME_BYTES] = "";
    char name[NAME_BYTES] = "";
    size_t count;
    const struct ls_config_key *keys = ls_config_keys(&count);
    const char *equals = strchr(setting, '=');
    if (has_control(setting, strlen(setting)) || equals == NULL ||
        sscanf(setting, "%127[^.=].%127[^=]", section, name) != 2) {
        return ls_err_set(err, LS_ERR_ARG,
                          "'%.100s' is no setting: write section.key=value as receiver.gain_db=40",
                          setting);
    }
    size_t i = find_key(section, name);
    if (i == count) {
        const char *names[KEYS_MAX];
        char hint[256] = "";
        bool section_known = names_there(section, names) > 0;
        suggest(section_known ? section : NULL, section_known ? name : section, hint, sizeof hint);
        return ls_err_set(err, LS_ERR_ARG, "unknown %s '%.60s'%s",
                          section_known ? "key" : "section", section_known ? name : section, hint);
    }
    int code = keys[i].type == LS_CONFIG_LIST
                   ? set_list(config, &keys[i], equals + 1, err)
                   : ls_config_value_set(config, &keys[i], equals + 1, err);
    if (code != LS_OK) {
        ls_err_wrap(err, "setting '%s.%s'", section, name);
        return code;
    }
    config->origins[i] = (struct ls_config_origin){.command_line = true};
    return LS_OK;
}

/* --- the object --- */

static int set_defaults(struct ls_config *config, struct ls_err *err) {
    size_t count;
    const struct ls_config_key *keys = ls_config_keys(&count);
    int code = LS_OK;
    for (size_t i = 0; i < count; i++) {
        ls_config_value_clear(config, &keys[i]);
    }
    for (size_t i = 0; i < count && code == LS_OK; i++) {
        if (keys[i].standard != NULL && keys[i].type != LS_CONFIG_LIST) {
            code = ls_config_value_set(config, &keys[i], keys[i].standard, err);
        }
    }
    return code;
}

int ls_config_load(struct ls_config **ret, const char *path, const char *const *settings,
                   size_t count, struct ls_err *err) {
    size_t keys;
    ls_config_keys(&keys);
    struct ls_config *config = calloc(1, sizeof *config);
    if (config == NULL || (config->origins = calloc(keys, sizeof *config->origins)) == NULL) {
        free(config);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    int code = set_defaults(config, err);
    if (code == LS_OK && path != NULL) {
        code = read_file(config, path, err);
    }
    for (size_t i = 0; i < count && code == LS_OK; i++) {
        code = apply_setting(config, settings[i], err);
    }
    if (code != LS_OK) {
        ls_config_destroy(config);
        return code;
    }
    *ret = config;
    return LS_OK;
}

void ls_config_destroy(struct ls_config *config) {
    if (config == NULL) {
        return;
    }
    size_t count;
    const struct ls_config_key *keys = ls_config_keys(&count);
    for (size_t i = 0; i < count; i++) {
        ls_config_value_free(config, &keys[i]);
    }
    ls_plan_destroy(config->plan);
    free(config->ranges);
    free(config->snippet_ranges);
    free(config->gains);
    free(config->spurs_hz);
    free(config->references_hz);
    free(config->origins);
    free(config->file);
    free(config);
}

char *ls_config_value(const struct ls_config *config, size_t i) {
    size_t count;
    return ls_config_value_text(config, &ls_config_keys(&count)[i]);
}

void ls_config_origin(const struct ls_config *config, size_t i, char *ret, size_t size) {
    const struct ls_config_origin *origin = &config->origins[i];
    if (origin->command_line) {
        snprintf(ret, size, "command line");
    } else if (origin->line > 0) {
        snprintf(ret, size, "%s line %zu", config->file, origin->line);
    } else {
        snprintf(ret, size, "default");
    }
}

size_t ls_config_changes(const struct ls_config *before, const struct ls_config *after,
                         size_t *ret_keys) {
    size_t count;
    size_t changed = 0;
    ls_config_keys(&count);
    for (size_t i = 0; i < count; i++) {
        LS_AUTO(char) a = ls_config_value(before, i);
        LS_AUTO(char) b = ls_config_value(after, i);
        if (a == NULL || b == NULL || strcmp(a, b) != 0) {
            ret_keys[changed++] = i;
        }
    }
    return changed;
}

int ls_config_keep(struct ls_config *config, const struct ls_config *from, size_t i,
                   struct ls_err *err) {
    size_t count;
    LS_AUTO(char) value = ls_config_value(from, i);
    if (value == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    config->origins[i] = from->origins[i];
    return ls_config_value_set(config, &ls_config_keys(&count)[i], value, err);
}

enum ls_format ls_config_format(const struct ls_config *config) {
    static const enum ls_format formats[] = {LS_FORMAT_NONE, LS_FORMAT_CI8, LS_FORMAT_CI16_LE,
                                             LS_FORMAT_CF32_LE};
    return formats[config->receiver.format];
}
