#include "report/reread.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/util.h"

enum { FIELDS_MAX = 32 };

struct ls_reread {
    FILE *in;
    json_t *rows; /* an array; NULL: a file */
    size_t row;
    const struct ls_schema *schema; /* NULL: JSON lines */
    const char *type;
    char *line;
    size_t line_room;
    char *names[FIELDS_MAX];
    size_t name_count;
    char *field; /* grows */
    size_t field_room;
};

/* --- CSV (RFC 4180) --- */

static int put(struct ls_reread *file, size_t at, char c, struct ls_err *err) {
    void *items = file->field;
    if (ls_grow(&items, &file->field_room, at, 1) != LS_OK) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    file->field = items;
    file->field[at] = c;
    return LS_OK;
}

/* One field into file->field; *ret_end: what ended it, ',' or '\n' or EOF. */
static int read_field(struct ls_reread *file, int *ret_end, struct ls_err *err) {
    bool quoted = false;
    size_t length = 0;
    int code = LS_OK;
    int c = getc(file->in);
    for (; code == LS_OK && c != EOF; c = getc(file->in)) {
        if (!quoted && (c == ',' || c == '\n')) {
            break;
        }
        if (c == '"') {
            int next = quoted ? getc(file->in) : 0;
            if (quoted && next != '"') {
                ungetc(next, file->in);
            }
            if (!quoted || next != '"') {
                quoted = !quoted;
                continue;
            }
        }
        code = put(file, length++, (char)c, err);
    }
    if (code == LS_OK && quoted) {
        code = ls_err_set(err, LS_ERR_FORMAT, "a quote is not closed");
    }
    *ret_end = c;
    return code == LS_OK ? put(file, length, '\0', err) : code;
}

static int read_heading(struct ls_reread *file, struct ls_err *err) {
    int end = ',';
    int code = LS_OK;
    while (code == LS_OK && end == ',' && file->name_count < FIELDS_MAX) {
        code = read_field(file, &end, err);
        if (code == LS_OK && (file->names[file->name_count] = strdup(file->field)) == NULL) {
            code = ls_err_set(err, LS_ERR_NOMEM, "out of memory");
        }
        file->name_count += code == LS_OK;
    }
    return code;
}

static bool may_be(const json_t *property, const char *type) {
    const char *is = json_string_value(json_object_get(property, "type"));
    return is != NULL && strcmp(is, type) == 0;
}

/* A field as a JSON value of the type that its name has in the schema; lists are counts and objects
 * are texts in CSV. */
static json_t *typed(const struct ls_reread *file, const char *name) {
    const json_t *property = ls_schema_property(file->schema, name);
    const char *field = file->field;
    char *end = NULL;
    if (may_be(property, "boolean")) {
        return strcmp(field, "true") == 0    ? json_true()
               : strcmp(field, "false") == 0 ? json_false()
                                             : NULL;
    }
    bool whole = may_be(property, "integer") || may_be(property, "array");
    if (whole || may_be(property, "number")) {
        double number = strtod(field, &end);
        long long integer = whole ? strtoll(field, &end, 10) : 0;
        return end == field || *end != '\0' ? NULL
               : whole                      ? json_integer(integer)
                                            : json_real(number);
    }
    return json_string(field);
}

static int next_fields(struct ls_reread *file, json_t *row, struct ls_err *err) {
    int end = ',';
    int code = LS_OK;
    for (size_t i = 0; code == LS_OK && i < file->name_count; i++) {
        if (end != ',') {
            return ls_err_set(err, LS_ERR_FORMAT, "has %zu fields of %zu", i, file->name_count);
        }
        code = read_field(file, &end, err);
        if (code != LS_OK || file->field[0] == '\0') {
            continue;
        }
        json_t *value = typed(file, file->names[i]);
        if (value == NULL || json_object_set_new(row, file->names[i], value) != 0) {
            code = ls_err_set(err, LS_ERR_FORMAT, "'%s' is not of its type", file->names[i]);
        }
    }
    if (code == LS_OK && end == ',') {
        code = ls_err_set(err, LS_ERR_FORMAT, "has more fields than the heading");
    }
    return code;
}

static int next_csv(struct ls_reread *file, json_t **ret, struct ls_err *err) {
    int c = getc(file->in);
    if (c == EOF) {
        return ferror(file->in) ? ls_err_set(err, LS_ERR_IO, "cannot read: %s", strerror(errno))
                                : LS_EOF;
    }
    ungetc(c, file->in);
    json_t *row = json_pack("{s:s}", "type", file->type);
    if (row == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    int code = next_fields(file, row, err);
    if (code != LS_OK) {
        json_decref(row);
        return code;
    }
    *ret = row;
    return LS_OK;
}

/* --- JSON lines --- */

static int next_line(struct ls_reread *file, json_t **ret, struct ls_err *err) {
    json_error_t error;
    errno = 0;
    ssize_t length = getline(&file->line, &file->line_room, file->in);
    if (length < 0) {
        return errno != 0 ? ls_err_set(err, LS_ERR_IO, "cannot read: %s", strerror(errno)) : LS_EOF;
    }
    json_t *row = json_loadb(file->line, (size_t)length, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(row)) {
        json_decref(row);
        return ls_err_set(err, LS_ERR_FORMAT, "is no JSON object: %s", error.text);
    }
    *ret = row;
    return LS_OK;
}

/* --- the file --- */

int ls_reread_open(struct ls_reread **ret, const char *path, const struct ls_schema *csv,
                   const char *type, struct ls_err *err) {
    struct ls_reread *file = calloc(1, sizeof *file);
    if (file == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    file->schema = csv;
    file->type = type;
    file->in = fopen(path, "re");
    int code =
        file->in == NULL ? ls_err_set(err, LS_ERR_IO, "cannot read: %s", strerror(errno)) : LS_OK;
    if (code == LS_OK && csv != NULL) {
        code = read_heading(file, err);
    }
    if (code != LS_OK) {
        ls_reread_close(file);
        return code;
    }
    *ret = file;
    return LS_OK;
}

int ls_reread_array(struct ls_reread **ret, json_t *rows, struct ls_err *err) {
    struct ls_reread *file = calloc(1, sizeof *file);
    if (file == NULL) {
        json_decref(rows);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    file->rows = rows == NULL ? json_array() : rows;
    *ret = file;
    return LS_OK;
}

void ls_reread_close(struct ls_reread *file) {
    if (file == NULL) {
        return;
    }
    if (file->in != NULL) {
        fclose(file->in);
    }
    for (size_t i = 0; i < file->name_count; i++) {
        free(file->names[i]);
    }
    json_decref(file->rows);
    free(file->line);
    free(file->field);
    free(file);
}

int ls_reread_next(struct ls_reread *file, json_t **ret, struct ls_err *err) {
    if (file->rows != NULL) {
        json_t *row = json_array_get(file->rows, file->row++);
        *ret = row == NULL ? *ret : json_incref(row);
        return row == NULL ? LS_EOF : LS_OK;
    }
    return file->schema == NULL ? next_line(file, ret, err) : next_csv(file, ret, err);
}
