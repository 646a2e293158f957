#include "cli/options.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/time.h"
#include "base/units.h"
#include "base/util.h"

struct value {
    const struct ls_option *option;
    const char *text;   /* as given; NULL: absent */
    double number;      /* HZ, SECONDS, NUMBER; low end of HZ_RANGE */
    double high;        /* HZ_RANGE */
    int64_t time_ns;    /* TIME, MOMENT */
    size_t index;       /* COUNT, CHOICE */
    double *list;       /* HZ that repeats: every value */
    const char **texts; /* TEXT that repeats: every value; both lists have list_count */
    size_t list_count;
    size_t list_capacity;
};

struct ls_args {
    struct value *values; /* one for each option of the tables, in their order */
    size_t value_count;
    const char **words;
    size_t word_count;
    const char *program;
};

/* --- words --- */

static void join_words(const char *const *names, size_t count, char *ret, size_t size) {
    size_t used = 0;
    ret[0] = '\0';
    for (size_t i = 0; i < count && used < size; i++) {
        int n = snprintf(ret + used, size - used, "%s%s", i == 0 ? "" : ", ", names[i]);
        used += n < 0 ? 0 : (size_t)n;
    }
}

int ls_word_parse(const char *word, const char *what, const char *const *names, size_t count,
                  size_t *ret, struct ls_err *err) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], word) == 0) {
            *ret = i;
            return LS_OK;
        }
    }
    char all[256];
    join_words(names, count, all, sizeof all);
    const char *nearest = ls_nearest_word(word, names, count);
    if (nearest == NULL) {
        return ls_err_set(err, LS_ERR_ARG, "'%.60s' is not a %s: one of %s", word, what, all);
    }
    return ls_err_set(err, LS_ERR_ARG, "'%.60s' is not a %s: one of %s; did you mean '%s'?", word,
                      what, all, nearest);
}

/* --- values --- */

/* "24h": that long before now. A number without a unit is no moment: 2026 is a year. */
static bool parse_ago(const char *text, int64_t *ret_ns) {
    size_t n = strlen(text);
    double seconds;
    if (n == 0 || !isalpha((unsigned char)text[n - 1]) ||
        ls_seconds_parse(text, "duration", &seconds, NULL) != LS_OK) {
        return false;
    }
    int64_t ago = ls_ns_from_seconds(seconds);
    int64_t now = ls_time_now();
    *ret_ns = ago > now ? 0 : now - ago;
    return true;
}

static int parse_number(const char *text, const char *what, double *ret, struct ls_err *err) {
    char *end;
    double number = strtod(text, &end);
    bool decimal = isdigit((unsigned char)text[0]) && strpbrk(text, "xX") == NULL;
    if (!decimal || *end != '\0' || !isfinite(number) || number <= 0.0) {
        return ls_err_set(err, LS_ERR_ARG, "'%.60s' is not a %s: write a number above 0", text,
                          what);
    }
    *ret = number;
    return LS_OK;
}

static int check_name(const char *text, size_t most, struct ls_err *err) {
    if (strlen(text) > most) {
        return ls_err_set(err, LS_ERR_ARG, "'%.60s' is longer than %zu bytes: shorten it", text,
                          most);
    }
    if (!ls_text_plain(text)) {
        return ls_err_set(err, LS_ERR_ARG,
                          "'%.60s' is not plain text: write UTF-8 without control characters",
                          text);
    }
    return text[0] != '\0' ? LS_OK : ls_err_set(err, LS_ERR_ARG, "the value is empty");
}

static int parse_choice(const struct ls_option *option, const char *text, size_t *ret,
                        struct ls_err *err) {
    size_t count = 0;
    while (option->choices[count] != NULL) {
        count++;
    }
    const char *what = option->what == NULL ? option->name : option->what;
    return ls_word_parse(text, what, option->choices, count, ret, err);
}

static int parse_kind(struct value *value, const char *text, struct ls_err *err) {
    const struct ls_option *option = value->option;
    switch (option->kind) {
    case LS_OPTION_FLAG:
        return LS_OK;
    case LS_OPTION_TEXT:
        return text[0] != '\0' ? LS_OK : ls_err_set(err, LS_ERR_ARG, "the value is empty");
    case LS_OPTION_NAME:
        return check_name(text, option->high, err);
    case LS_OPTION_HZ:
        return ls_hz_parse(text, option->what, &value->number, err);
    case LS_OPTION_HZ_RANGE:
        return ls_hz_range_parse(text, &value->number, &value->high, err);
    case LS_OPTION_SECONDS:
        return ls_seconds_parse(text, option->what, &value->number, err);
    case LS_OPTION_TIME:
        return ls_time_parse(text, &value->time_ns, err);
    case LS_OPTION_MOMENT:
        return parse_ago(text, &value->time_ns) ? LS_OK : ls_time_parse(text, &value->time_ns, err);
    case LS_OPTION_COUNT:
        return ls_count_parse(text, option->what, option->low, option->high, &value->index, err);
    case LS_OPTION_NUMBER:
        return parse_number(text, option->what, &value->number, err);
    case LS_OPTION_CHOICE:
        return parse_choice(option, text, &value->index, err);
    }
    return LS_OK;
}

static int append_text(struct value *value, struct ls_err *err) {
    void *texts = value->texts;
    if (ls_grow(&texts, &value->list_capacity, value->list_count, sizeof *value->texts) != LS_OK) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    value->texts = texts;
    value->texts[value->list_count++] = value->text;
    return LS_OK;
}

static int append_value(struct value *value, struct ls_err *err) {
    if (value->option->kind == LS_OPTION_TEXT) {
        return append_text(value, err);
    }
    void *list = value->list;
    if (ls_grow(&list, &value->list_capacity, value->list_count, sizeof *value->list) != LS_OK) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    value->list = list;
    value->list[value->list_count++] = value->number;
    return LS_OK;
}

static int set_value(struct value *value, const char *text, struct ls_err *err) {
    const struct ls_option *option = value->option;
    if (value->text != NULL && option->kind != LS_OPTION_FLAG && !option->repeats) {
        return ls_err_set(err, LS_ERR_ARG, "option '--%s' is given twice", option->name);
    }
    int code = parse_kind(value, text, err);
    if (code != LS_OK) {
        return ls_err_wrap(err, "option '--%s'", option->name);
    }
    value->text = text;
    return option->repeats ? append_value(value, err) : LS_OK;
}

/* --- finding options --- */

static struct value *find_long(struct ls_args *args, const char *name, size_t length) {
    for (size_t i = 0; i < args->value_count; i++) {
        const char *have = args->values[i].option->name;
        if (strlen(have) == length && memcmp(have, name, length) == 0) {
            return &args->values[i];
        }
    }
    return NULL;
}

static struct value *find_short(struct ls_args *args, char name) {
    for (size_t i = 0; i < args->value_count; i++) {
        if (args->values[i].option->short_name == name) {
            return &args->values[i];
        }
    }
    return NULL;
}

static int refuse_unknown(const struct ls_args *args, const char *word, struct ls_err *err) {
    enum { NAMES_MAX = 64 };
    const char *names[NAMES_MAX];
    size_t count = args->value_count < NAMES_MAX ? args->value_count : NAMES_MAX;
    for (size_t i = 0; i < count; i++) {
        names[i] = args->values[i].option->name;
    }
    char name[64];
    ls_copy_text(name, sizeof name, word + strspn(word, "-"));
    name[strcspn(name, "=")] = '\0';
    const char *nearest = ls_nearest_word(name, names, count);
    int shown = (int)strcspn(word, "=");
    if (nearest == NULL) {
        return ls_err_set(err, LS_ERR_ARG, "unknown option '%.*s': see '%s --help'",
                          shown > 60 ? 60 : shown, word, args->program);
    }
    return ls_err_set(err, LS_ERR_ARG, "unknown option '%.*s': did you mean '--%s'?",
                      shown > 60 ? 60 : shown, word, nearest);
}

/* --- the walk over argv --- */

struct walk {
    int argc;
    char *const *argv;
    int at; /* word being read */
};

/* attached: text after "=" or after the short letter; NULL when there is none. */
static int take_value(struct walk *walk, struct value *value, const char *attached,
                      struct ls_err *err) {
    const struct ls_option *option = value->option;
    if (option->kind == LS_OPTION_FLAG) {
        return set_value(value, "", err);
    }
    if (attached == NULL) {
        if (walk->at + 1 >= walk->argc) {
            return ls_err_set(err, LS_ERR_ARG, "option '--%s' needs a value: --%s %s", option->name,
                              option->name, option->value);
        }
        attached = walk->argv[++walk->at];
    }
    return set_value(value, attached, err);
}

static int take_long(struct ls_args *args, struct walk *walk, struct ls_err *err) {
    const char *word = walk->argv[walk->at];
    const char *name = word + 2;
    size_t length = strcspn(name, "=");
    struct value *value = find_long(args, name, length);
    if (value == NULL) {
        return refuse_unknown(args, word, err);
    }
    bool attached = name[length] == '=';
    if (attached && value->option->kind == LS_OPTION_FLAG) {
        return ls_err_set(err, LS_ERR_ARG, "option '--%s' takes no value", value->option->name);
    }
    return take_value(walk, value, attached ? name + length + 1 : NULL, err);
}

/* "-o FILE", "-oFILE" and flags run together. */
static int take_short(struct ls_args *args, struct walk *walk, struct ls_err *err) {
    const char *word = walk->argv[walk->at];
    for (const char *p = word + 1; *p != '\0'; p++) {
        struct value *value = find_short(args, *p);
        if (value == NULL) {
            return refuse_unknown(args, word, err);
        }
        bool flag = value->option->kind == LS_OPTION_FLAG;
        int code = take_value(walk, value, p[1] != '\0' ? p + 1 : NULL, err);
        if (code != LS_OK || !flag) {
            return code;
        }
    }
    return LS_OK;
}

static int parse_words(struct ls_args *args, struct walk *walk, struct ls_err *err) {
    bool options = true;
    for (; walk->at < walk->argc; walk->at++) {
        const char *word = walk->argv[walk->at];
        int code = LS_OK;
        if (!options || word[0] != '-' || word[1] == '\0') {
            args->words[args->word_count++] = word;
        } else if (strcmp(word, "--") == 0) {
            options = false;
        } else if (word[1] == '-') {
            code = take_long(args, walk, err);
        } else {
            code = take_short(args, walk, err);
        }
        if (code != LS_OK) {
            return code;
        }
    }
    return LS_OK;
}

int ls_args_create(struct ls_args **ret, const struct ls_option_table *const *tables,
                   const char *program, int argc, char *const *argv, struct ls_err *err) {
    size_t options = 0;
    for (size_t t = 0; tables[t] != NULL; t++) {
        options += tables[t]->count;
    }
    struct ls_args *args = calloc(1, sizeof *args);
    if (args != NULL) {
        args->program = program;
        args->values = calloc(options + 1, sizeof *args->values);
        args->words = calloc((size_t)argc + 1, sizeof *args->words);
    }
    int code;
    if (args == NULL || args->values == NULL || args->words == NULL) {
        code = ls_err_set(err, LS_ERR_NOMEM, "out of memory");
        goto fail;
    }
    for (size_t t = 0; tables[t] != NULL; t++) {
        for (size_t i = 0; i < tables[t]->count; i++) {
            args->values[args->value_count++].option = &tables[t]->rows[i];
        }
    }
    struct walk walk = {.argc = argc, .argv = argv};
    code = parse_words(args, &walk, err);
    if (code != LS_OK) {
        goto fail;
    }
    *ret = args;
    return LS_OK;
fail:
    ls_args_destroy(args);
    return code;
}

void ls_args_destroy(struct ls_args *args) {
    if (args == NULL) {
        return;
    }
    for (size_t i = 0; args->values != NULL && i < args->value_count; i++) {
        free(args->values[i].list);
        free(args->values[i].texts);
    }
    free(args->values);
    free(args->words);
    free(args);
}

/* --- reading --- */

size_t ls_args_words(const struct ls_args *args) { return args->word_count; }

const char *ls_args_word(const struct ls_args *args, size_t i) {
    assert(i < args->word_count);
    return args->words[i];
}

static const struct value *get(const struct ls_args *args, const char *name) {
    for (size_t i = 0; i < args->value_count; i++) {
        if (strcmp(args->values[i].option->name, name) == 0) {
            return &args->values[i];
        }
    }
    assert(!"an option that is in the tables");
    return NULL;
}

/* The value when it is there; asserts its kind. */
static const struct value *get_kind(const struct ls_args *args, const char *name,
                                    enum ls_option_kind kind) {
    const struct value *value = get(args, name);
    assert(value->option->kind == kind);
    return value->text == NULL ? NULL : value;
}

bool ls_args_given(const struct ls_args *args, const char *name) {
    return get(args, name)->text != NULL;
}

const char *ls_args_text(const struct ls_args *args, const char *name) {
    return get(args, name)->text;
}

static bool get_number(const struct ls_args *args, const char *name, enum ls_option_kind kind,
                       double *ret) {
    const struct value *value = get_kind(args, name, kind);
    if (value != NULL) {
        *ret = value->number;
    }
    return value != NULL;
}

bool ls_args_hz(const struct ls_args *args, const char *name, double *ret) {
    return get_number(args, name, LS_OPTION_HZ, ret);
}

bool ls_args_seconds(const struct ls_args *args, const char *name, double *ret) {
    return get_number(args, name, LS_OPTION_SECONDS, ret);
}

bool ls_args_number(const struct ls_args *args, const char *name, double *ret) {
    return get_number(args, name, LS_OPTION_NUMBER, ret);
}

const double *ls_args_hz_list(const struct ls_args *args, const char *name, size_t *ret_count) {
    const struct value *value = get(args, name);
    assert(value->option->kind == LS_OPTION_HZ && value->option->repeats);
    *ret_count = value->list_count;
    return value->list;
}

const char *const *ls_args_texts(const struct ls_args *args, const char *name, size_t *ret_count) {
    const struct value *value = get(args, name);
    assert(value->option->kind == LS_OPTION_TEXT && value->option->repeats);
    *ret_count = value->list_count;
    return value->texts;
}

bool ls_args_range(const struct ls_args *args, const char *name, double *ret_low_hz,
                   double *ret_high_hz) {
    const struct value *value = get_kind(args, name, LS_OPTION_HZ_RANGE);
    if (value != NULL) {
        *ret_low_hz = value->number;
        *ret_high_hz = value->high;
    }
    return value != NULL;
}

bool ls_args_time(const struct ls_args *args, const char *name, int64_t *ret_ns) {
    const struct value *value = get(args, name);
    assert(value->option->kind == LS_OPTION_TIME || value->option->kind == LS_OPTION_MOMENT);
    if (value->text != NULL) {
        *ret_ns = value->time_ns;
    }
    return value->text != NULL;
}

static bool get_index(const struct ls_args *args, const char *name, enum ls_option_kind kind,
                      size_t *ret) {
    const struct value *value = get_kind(args, name, kind);
    if (value != NULL) {
        *ret = value->index;
    }
    return value != NULL;
}

bool ls_args_count(const struct ls_args *args, const char *name, size_t *ret) {
    return get_index(args, name, LS_OPTION_COUNT, ret);
}

bool ls_args_choice(const struct ls_args *args, const char *name, size_t *ret) {
    return get_index(args, name, LS_OPTION_CHOICE, ret);
}
