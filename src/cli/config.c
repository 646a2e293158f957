/* lineside config: every key of the configuration with its value and where it came from. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "cli/output.h"
#include "cli/settings.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "model/config_value.h"

static const struct ls_option own_rows[] = {
    {.name = "config",
     .kind = LS_OPTION_TEXT,
     .value = "FILE",
     .help = "the configuration; without one the defaults are shown"},
    {.name = "json", .kind = LS_OPTION_FLAG, .help = "one JSON object a key, with its description"},
    {.name = "sample", .kind = LS_OPTION_FLAG, .help = "a file to start from, with every key"},
};
static const struct ls_option_table own = {
    .title = "Options", .rows = own_rows, .count = LS_COUNT(own_rows)};
static const struct ls_option_table *const tables[] = {&own, NULL};

static const char *const types[] = {
    [LS_CONFIG_TEXT] = "text",          [LS_CONFIG_HZ] = "frequency",
    [LS_CONFIG_SECONDS] = "duration",   [LS_CONFIG_BYTES] = "size",
    [LS_CONFIG_QUANTITY] = "number",    [LS_CONFIG_COUNT] = "count",
    [LS_CONFIG_BOOL] = "true or false", [LS_CONFIG_CHOICE] = "choice",
    [LS_CONFIG_LIST] = "list",
};

static const char *const changes[] = {
    [LS_CONFIG_AT_ONCE] = "at once",
    [LS_CONFIG_RETUNE] = "retune",
    [LS_CONFIG_RESTART] = "restart",
};

/* --- table --- */

enum { KEY, VALUE, FROM, COLUMNS };

static const struct ls_column columns[COLUMNS] = {
    [KEY] = {.title = "KEY", .align = LS_ALIGN_LEFT},
    [VALUE] = {.title = "VALUE", .align = LS_ALIGN_LEFT, .text = true},
    [FROM] = {.title = "FROM", .align = LS_ALIGN_LEFT, .text = true},
};

static int draw_key(const struct ls_config *config, size_t i, struct ls_table *table,
                    struct ls_err *err) {
    size_t count;
    const struct ls_config_key *key = &ls_config_keys(&count)[i];
    char name[64];
    char from[512];
    LS_AUTO(char) value = ls_config_value(config, i);
    if (value == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    snprintf(name, sizeof name, "%s.%s", key->section, key->name);
    ls_config_origin(config, i, from, sizeof from);
    const char *cells[COLUMNS] = {
        [KEY] = name, [VALUE] = value[0] == '\0' ? NULL : value, [FROM] = from};
    return ls_table_add(table, cells, err);
}

static int print_table(const struct ls_config *config, struct ls_err *err) {
    size_t count;
    ls_config_keys(&count);
    struct ls_table *table;
    int code = ls_table_create(&table, stdout, columns, COLUMNS, err);
    if (code != LS_OK) {
        return code;
    }
    for (size_t i = 0; i < count && code == LS_OK; i++) {
        code = draw_key(config, i, table, err);
    }
    if (code == LS_OK) {
        code = ls_table_finish(table, err);
    }
    ls_table_destroy(table);
    return code;
}

/* --- lines --- */

/* "10kHz to 200MHz"; the words of a choice; "" where any value does. */
static void say_range(const struct ls_config_key *key, char *ret, size_t size) {
    char low[64];
    char high[64];
    ret[0] = '\0';
    size_t used = 0;
    if (key->type == LS_CONFIG_CHOICE) {
        for (size_t i = 0; key->choices[i] != NULL && used < size; i++) {
            used += (size_t)snprintf(ret + used, size - used, "%s%s", i == 0 ? "" : ", ",
                                     key->choices[i]);
        }
    } else if (key->type != LS_CONFIG_BOOL && key->type != LS_CONFIG_TEXT &&
               key->type != LS_CONFIG_LIST) {
        ls_config_value_spell(key, key->low, low, sizeof low);
        ls_config_value_spell(key, key->high, high, sizeof high);
        snprintf(ret, size, "%s to %s%s", low, high, key->choices != NULL ? ", or none" : "");
    }
}

static int print_line(const struct ls_config *config, size_t i, struct ls_err *err) {
    size_t count;
    const struct ls_config_key *key = &ls_config_keys(&count)[i];
    char name[64];
    char from[512];
    char range[256];
    LS_AUTO(char) value = ls_config_value(config, i);
    snprintf(name, sizeof name, "%s.%s", key->section, key->name);
    ls_config_origin(config, i, from, sizeof from);
    say_range(key, range, sizeof range);
    json_t *object =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s?, s:s?, s:s, s:s}", "key", name, "value",
                  value == NULL ? "" : value, "from", from, "type", types[key->type], "range",
                  range, "default", key->standard, "example", key->example, "reload",
                  changes[key->change], "text", key->text);
    LS_AUTO(char) text = object == NULL ? NULL : json_dumps(object, JSON_COMPACT);
    json_decref(object);
    if (text == NULL || value == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    return printf("%s\n", text) < 0 ? ls_output_failed(NULL, err) : LS_OK;
}

static int print_lines(const struct ls_config *config, struct ls_err *err) {
    size_t count;
    ls_config_keys(&count);
    int code = LS_OK;
    for (size_t i = 0; i < count && code == LS_OK; i++) {
        code = print_line(config, i, err);
    }
    return code;
}

/* --- sample --- */

enum { SAMPLE_COLUMNS = 92 };

/* text in lines that begin with "  # ". */
static void print_comment(const char *text) {
    size_t column = 0;
    while (*text != '\0') {
        size_t n = strcspn(text, " ");
        if (column == 0 || column + 1 + n > SAMPLE_COLUMNS) {
            printf("%s  #", column == 0 ? "" : "\n");
            column = 3;
        }
        printf(" %.*s", (int)n, text);
        column += 1 + n;
        text += n;
        text += strspn(text, " ");
    }
    printf("\n");
}

static void print_sample(void) {
    size_t count;
    const struct ls_config_key *keys = ls_config_keys(&count);
    const char *section = "";
    printf("# Configuration of a lineside sensor: see lineside.yaml(5). What is commented out "
           "shows the\n"
           "# default. 'lineside watch --config FILE --check' finds mistakes before a restart "
           "does.\n");
    for (size_t i = 0; i < count; i++) {
        if (strcmp(keys[i].section, section) != 0) {
            section = keys[i].section;
            printf("\n%s:\n", section);
        }
        print_comment(keys[i].text);
        printf("  %s%s: %s\n", keys[i].example == NULL ? "# " : "", keys[i].name,
               keys[i].example == NULL ? keys[i].standard : keys[i].example);
    }
}

/* --- the verb --- */

static int show(const struct ls_call *call, const struct ls_config *config, struct ls_err *err) {
    return ls_args_given(call->args, "json") ? print_lines(config, err) : print_table(config, err);
}

static int run_config(struct ls_call *call, struct ls_err *err) {
    const char *path = ls_args_text(call->args, "config");
    struct ls_config *config = NULL;
    if (ls_args_given(call->args, "sample")) {
        if (path != NULL || ls_args_words(call->args) > 0 || ls_args_given(call->args, "json")) {
            return ls_err_set(err, LS_ERR_ARG, "option '--sample' stands alone");
        }
        print_sample();
        return LS_OK;
    }
    int code = ls_settings_load(&config, path, call->args, err);
    if (code == LS_OK) {
        code = show(call, config, err);
    }
    if (code == LS_OK && path != NULL) { /* shown first: what is wrong is easier found then */
        code = ls_settings_check(config, err);
    }
    ls_config_destroy(config);
    return code;
}

const struct ls_verb ls_verb_config = {
    .name = "config",
    .needs = LS_NEEDS_NOTHING,
    .summary = "show the configuration of a sensor",
    .arguments = "[SECTION.KEY=VALUE]...",
    .min_arguments = 0,
    .max_arguments = SIZE_MAX,
    .text = "Shows each key of the configuration with its value and where it came from: the "
            "default, a line of the file, or the command line. With a file, mistakes are found as "
            "'lineside watch --check' finds them.",
    .tables = tables,
    .example = "lineside config --config /etc/lineside/lineside.yaml\n"
               "lineside config --sample > lineside.yaml",
    .run = run_config,
};
