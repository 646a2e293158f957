/* libcyaml fills records and refuses what the schema does not know, but the lines it logs are those
 * of the value read before. So its log gives only cause and path (list, entry, key), and the line
 * is found by a second walk over libyaml's events, which stops at the place or at the syntax error.
 */
#include "model/yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml.h>

#include "base/util.h"

enum { NAME_BYTES = 64, CAUSE_BYTES = 256, FRAMES_MAX = 8 };

/* One line of libcyaml's backtrace: a key, or an entry of a list (from 1), or neither. */
struct frame {
    char key[NAME_BYTES];
    unsigned item;
};

struct capture {
    char cause[CAUSE_BYTES];
    struct frame frames[FRAMES_MAX]; /* innermost first */
    size_t frame_count;
};

static void take_frame(struct capture *capture, const char *text) {
    if (capture->frame_count == FRAMES_MAX) {
        return;
    }
    struct frame *frame = &capture->frames[capture->frame_count++];
    *frame = (struct frame){0};
    if (sscanf(text, "  in mapping field '%63[^']'", frame->key) != 1 &&
        sscanf(text, "  in sequence entry '%u'", &frame->item) != 1) {
        capture->frame_count--;
    }
}

__attribute__((format(printf, 3, 0))) static void take_log(cyaml_log_t level, void *context,
                                                           const char *format, va_list args) {
    struct capture *capture = context;
    char text[CAUSE_BYTES];
    (void)level;
    vsnprintf(text, sizeof text, format, args);
    text[strcspn(text, "\n")] = '\0';
    const char *prefix = "Load: ";
    const char *cause = strncmp(text, prefix, strlen(prefix)) == 0 ? text + strlen(prefix) : text;
    if (strncmp(text, "  in ", 5) == 0) {
        take_frame(capture, text);
    } else if (capture->cause[0] == '\0' && strcmp(cause, "Backtrace:") != 0) {
        ls_copy_text(capture->cause, sizeof capture->cause, cause);
    }
}

static cyaml_config_t config_for(struct capture *capture) {
    return (cyaml_config_t){.log_ctx = capture,
                            .log_fn = take_log,
                            .mem_fn = cyaml_mem,
                            .log_level = CYAML_LOG_WARNING,
                            .flags = CYAML_CFG_NO_ALIAS};
}

/* --- the line of a place --- */

enum { DEPTH_MAX = 16 };

struct walk {
    const struct ls_yaml_place *place;
    size_t depth;               /* collections that are open */
    bool is_map[DEPTH_MAX];     /* by depth */
    bool value_next[DEPTH_MAX]; /* in a mapping: the next node is a value */
    bool in_list;               /* the open collection at depth 2 is the wanted list */
    size_t item;                /* entries of that list so far */
    size_t line;                /* best answer, 0: none */
};

/* Is a scalar that is a key at this depth the one that the place means? */
static void see_key(struct walk *walk, const char *key, size_t line) {
    const struct ls_yaml_place *place = walk->place;
    if (walk->depth == 1) {
        walk->in_list = place->list != NULL && strcmp(key, place->list) == 0;
        if (place->list == NULL && place->key != NULL && strcmp(key, place->key) == 0) {
            walk->line = line;
        }
    } else if (walk->depth == 3 && walk->in_list && walk->item == place->item &&
               place->key != NULL && strcmp(key, place->key) == 0) {
        walk->line = line;
    }
}

/* A node begins: a scalar or a collection. */
static void see_node(struct walk *walk, const yaml_event_t *event) {
    size_t line = event->start_mark.line + 1;
    size_t top = walk->depth - 1;
    if (walk->depth == 0) {
        return;
    }
    if (walk->depth == 2 && walk->in_list && !walk->is_map[top]) {
        walk->item++;
        if (walk->item == walk->place->item) {
            walk->line = line;
        }
    }
    if (walk->is_map[top]) {
        if (!walk->value_next[top] && event->type == YAML_SCALAR_EVENT) {
            see_key(walk, (const char *)event->data.scalar.value, line);
        }
        walk->value_next[top] = !walk->value_next[top];
    }
}

/* False when the walk need not go on. */
static bool see_event(struct walk *walk, const yaml_event_t *event) {
    switch (event->type) {
    case YAML_SCALAR_EVENT:
    case YAML_ALIAS_EVENT:
        see_node(walk, event);
        return true;
    case YAML_MAPPING_START_EVENT:
    case YAML_SEQUENCE_START_EVENT:
        see_node(walk, event);
        if (walk->depth == DEPTH_MAX) {
            return false;
        }
        walk->is_map[walk->depth] = event->type == YAML_MAPPING_START_EVENT;
        walk->value_next[walk->depth] = false;
        walk->depth++;
        return true;
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        walk->depth--;
        return true;
    default:
        return event->type != YAML_STREAM_END_EVENT;
    }
}

static void walk_events(struct walk *walk, yaml_parser_t *parser, size_t *ret_error_line) {
    bool more = true;
    while (more) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event)) {
            *ret_error_line = parser->problem_mark.line + 1;
            return;
        }
        more = see_event(walk, &event);
        yaml_event_delete(&event);
    }
}

/* ret_error_line: line of the first syntax error met on the way, else untouched. */
static size_t find_line(const char *text, size_t length, const struct ls_yaml_place *place,
                        size_t *ret_error_line) {
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) {
        return 1;
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
    struct walk walk = {.place = place};
    walk_events(&walk, &parser, ret_error_line);
    yaml_parser_delete(&parser);
    return walk.line == 0 ? 1 : walk.line;
}

size_t ls_yaml_line(const char *text, size_t length, const struct ls_yaml_place *place) {
    size_t ignored = 0;
    return find_line(text, length, place, &ignored);
}

/* --- messages --- */

/* What the backtrace points at. Its innermost key is left out when that is not the one to blame. */
static struct ls_yaml_place place_of(const struct capture *capture, bool without_innermost) {
    struct ls_yaml_place place = {0};
    const struct frame *frames = capture->frames;
    size_t n = capture->frame_count;
    size_t end = without_innermost && n > 0 && frames[0].item == 0 ? 1 : 0;
    if (n > end && frames[n - 1].item == 0) {
        place.key = frames[n - 1].key;
        n--;
    }
    if (n > end && frames[n - 1].item != 0) {
        place.list = place.key;
        place.key = NULL;
        place.item = frames[n - 1].item;
        n--;
    }
    if (n > end && place.list != NULL && frames[n - 1].item == 0) {
        place.key = frames[n - 1].key;
    }
    return place;
}

static const struct cyaml_schema_field *field_named(const struct cyaml_schema_field *fields,
                                                    const char *key) {
    while (fields != NULL && fields->key != NULL) {
        if (strcmp(fields->key, key) == 0) {
            return fields;
        }
        fields++;
    }
    return NULL;
}

/* The keys that a mapping may have there: of the top, or of an entry of the list. */
static const struct cyaml_schema_field *fields_at(const struct cyaml_schema_value *schema,
                                                  const struct ls_yaml_place *place) {
    const struct cyaml_schema_field *fields = schema->mapping.fields;
    if (place->list == NULL) {
        return fields;
    }
    const struct cyaml_schema_field *list = field_named(fields, place->list);
    bool of_maps = list != NULL && list->value.type == CYAML_SEQUENCE &&
                   list->value.sequence.entry->type == CYAML_MAPPING;
    return of_maps ? list->value.sequence.entry->mapping.fields : NULL;
}

enum { WORDS_MAX = 64 };

static size_t words_of_fields(const struct cyaml_schema_field *fields, const char **ret_words) {
    size_t n = 0;
    while (fields != NULL && fields[n].key != NULL && n < WORDS_MAX) {
        ret_words[n] = fields[n].key;
        n++;
    }
    return n;
}

static size_t words_of_enum(const struct cyaml_schema_field *field, const char **ret_words) {
    size_t n = 0;
    while (field != NULL && field->value.type == CYAML_ENUM && n < WORDS_MAX &&
           n < field->value.enumeration.count) {
        ret_words[n] = field->value.enumeration.strings[n].str;
        n++;
    }
    return n;
}

/* "; did you mean 'low'?", or the words there are, or nothing. */
static void suggest(char *ret, size_t room, const char *word, const char *const *words,
                    size_t count) {
    const char *near = ls_nearest_word(word, words, count);
    ret[0] = '\0';
    if (near != NULL) {
        snprintf(ret, room, "; did you mean '%s'?", near);
        return;
    }
    size_t used = 0;
    for (size_t i = 0; i < count && used < room; i++) {
        used +=
            (size_t)snprintf(ret + used, room - used, "%s %s", i == 0 ? "; known:" : ",", words[i]);
    }
}

/* "'eu.yaml' line 8: " and, inside a list, "entry 2 of 'bands': ". */
static void say_place(char *ret, size_t room, const char *file, size_t line,
                      const struct ls_yaml_place *place) {
    int used = snprintf(ret, room, "'%s' line %zu: ", file, line);
    if (place->list != NULL && used > 0 && (size_t)used < room) {
        snprintf(ret + used, room - (size_t)used, "entry %zu of '%s': ", place->item, place->list);
    }
}

struct message {
    const char *file;
    const char *text;
    size_t length;
    const struct cyaml_schema_value *schema;
    const struct capture *capture;
};

/* The rest of cause behind start, or NULL when it begins otherwise. */
static const char *after(const char *cause, const char *start) {
    size_t n = strlen(start);
    return strncmp(cause, start, n) == 0 ? cause + n : NULL;
}

static int say_unknown_key(const struct message *m, const char *key, struct ls_err *err) {
    struct ls_yaml_place place = place_of(m->capture, false);
    const char *words[WORDS_MAX];
    size_t count = words_of_fields(fields_at(m->schema, &place), words);
    char where[128];
    char hint[256];
    place.key = key;
    say_place(where, sizeof where, m->file, ls_yaml_line(m->text, m->length, &place), &place);
    suggest(hint, sizeof hint, key, words, count);
    return ls_err_set(err, LS_ERR_FORMAT, "%sunknown key '%.60s'%s", where, key, hint);
}

static int say_missing_key(const struct message *m, const char *key, struct ls_err *err) {
    struct ls_yaml_place place = place_of(m->capture, true);
    char where[128];
    place.key = NULL;
    say_place(where, sizeof where, m->file, ls_yaml_line(m->text, m->length, &place), &place);
    return ls_err_set(err, LS_ERR_FORMAT, "%skey '%s' is missing", where, key);
}

static int say_wrong_word(const struct message *m, const char *word, struct ls_err *err) {
    struct ls_yaml_place place = place_of(m->capture, false);
    const char *key = place.key == NULL ? "value" : place.key;
    const char *words[WORDS_MAX];
    size_t count = words_of_enum(field_named(fields_at(m->schema, &place), key), words);
    char where[128];
    char hint[256];
    say_place(where, sizeof where, m->file, ls_yaml_line(m->text, m->length, &place), &place);
    suggest(hint, sizeof hint, word, words, count);
    return ls_err_set(err, LS_ERR_FORMAT, "%s'%s' cannot be '%.60s'%s", where, key, word, hint);
}

/* What needs no hint: libcyaml's words, with the place. */
static int say_cause(const struct message *m, struct ls_err *err) {
    static const struct {
        const char *start;
        const char *plain;
    } rows[] = {
        {"Expecting SEQUENCE", "is a list; put '- ' before each entry"},
        {"Expecting MAPPING", "is a mapping; write 'key: value' lines"},
        {"Expecting ", "takes one value"},
        {"STRING length <", "is empty"},
        {"STRING length >", "is too long"},
        {"Invalid ", "is not a number that fits"},
        {"Mapping field already seen", "is there twice"},
        {"Insufficient entries", "has too few entries"},
        {"Excessive entries", "has too many entries"},
    };
    struct ls_yaml_place place = place_of(m->capture, false);
    const char *plain =
        m->capture->cause[0] == '\0' ? "aliases are not allowed" : m->capture->cause;
    for (size_t i = LS_COUNT(rows); i > 0; i--) {
        if (after(m->capture->cause, rows[i - 1].start) != NULL) {
            plain = rows[i - 1].plain;
        }
    }
    char where[128];
    say_place(where, sizeof where, m->file, ls_yaml_line(m->text, m->length, &place), &place);
    return ls_err_set(err, LS_ERR_FORMAT, "%s'%s' %s", where,
                      place.key == NULL ? "the file" : place.key, plain);
}

static int say(const struct message *m, struct ls_err *err) {
    const char *cause = m->capture->cause;
    const char *word;
    if (after(cause, "libyaml: ") != NULL) {
        size_t line = 1;
        find_line(m->text, m->length, &(struct ls_yaml_place){0}, &line);
        return ls_err_set(err, LS_ERR_FORMAT, "'%s' line %zu: not YAML: %s", m->file, line,
                          after(cause, "libyaml: "));
    }
    word = after(cause, "Unexpected key: ");
    if (word != NULL) {
        return say_unknown_key(m, word, err);
    }
    word = after(cause, "Missing required mapping field: ");
    if (word != NULL) {
        return say_missing_key(m, word, err);
    }
    word = after(cause, "Invalid ENUM value: ");
    if (word != NULL) {
        return say_wrong_word(m, word, err);
    }
    return say_cause(m, err);
}

int ls_yaml_parse(void **ret, const char *text, size_t length, const char *file,
                  const struct cyaml_schema_value *schema, struct ls_err *err) {
    struct capture capture = {0};
    cyaml_config_t config = config_for(&capture);
    void *data = NULL;
    cyaml_err_t code = cyaml_load_data((const uint8_t *)text, length, &config, schema, &data, NULL);
    if (code == CYAML_ERR_OOM) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory reading '%s'", file);
    }
    if (code != CYAML_OK) {
        const struct message m = {file, text, length, schema, &capture};
        return say(&m, err);
    }
    if (data == NULL) {
        return ls_err_set(err, LS_ERR_FORMAT, "'%s' line 1: the file is empty", file);
    }
    if (capture.cause[0] != '\0') { /* the one warning there is */
        ls_yaml_free(data, schema);
        return ls_err_set(err, LS_ERR_FORMAT, "'%s' holds more than one document; keep the first",
                          file);
    }
    *ret = data;
    return LS_OK;
}

void ls_yaml_free(void *data, const struct cyaml_schema_value *schema) {
    struct capture capture = {0};
    cyaml_config_t config = config_for(&capture);
    cyaml_free(&config, schema, data, 0);
}

/* --- files --- */

/* Opens without waiting for the other end of a pipe. A descriptor >= 0, or LS_ERR_*. */
static int open_regular(const char *path, size_t *ret_length, struct ls_err *err) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return ls_err_set(err, ls_err_code_from_errno(errno), "cannot read '%s': %s", path,
                          strerror(errno));
    }
    struct stat info;
    const char *why = NULL;
    if (fstat(fd, &info) != 0) {
        why = strerror(errno);
    } else if (S_ISDIR(info.st_mode)) {
        why = "it is a directory; name a YAML file in it";
    } else if (!S_ISREG(info.st_mode)) {
        why = "it is not a regular file";
    } else if (info.st_size > LS_YAML_FILE_MAX_BYTES) {
        why = "it is larger than 4 MiB";
    }
    if (why != NULL) {
        close(fd);
        return ls_err_set(err, LS_ERR_FORMAT, "cannot read '%s': %s", path, why);
    }
    *ret_length = (size_t)info.st_size;
    return fd;
}

int ls_yaml_read_file(const char *path, char **ret_text, size_t *ret_length, struct ls_err *err) {
    size_t length = 0;
    int fd = open_regular(path, &length, err);
    if (fd < 0) {
        return fd;
    }
    char *text = calloc(1, length + 1);
    if (text == NULL) {
        close(fd);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory reading '%s'", path);
    }
    size_t used = 0;
    ssize_t got = 1;
    while (used < length && got > 0) {
        got = read(fd, text + used, length - used);
        used += got > 0 ? (size_t)got : 0;
    }
    int reason = errno;
    close(fd);
    if (got < 0) {
        free(text);
        return ls_err_set(err, LS_ERR_IO, "cannot read '%s': %s", path, strerror(reason));
    }
    *ret_text = text;
    *ret_length = used;
    return LS_OK;
}
