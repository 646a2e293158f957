#include "cli/help.h"

#include <assert.h>
#include <string.h>

#include "base/util.h"
#include "cli/verbs.h"

enum { HELP_COLUMNS = 79, HELP_TEXT_COLUMN = 26 };

static const struct ls_option common_rows[] = {
    {.name = "help", .short_name = 'h', .kind = LS_OPTION_FLAG, .help = "show this help and end"},
};
const struct ls_option_table ls_help_common_options = {
    .title = "Common", .rows = common_rows, .count = LS_COUNT(common_rows)};

static const struct ls_option database_rows[] = {
    {.name = "db",
     .kind = LS_OPTION_TEXT,
     .value = "FILE",
     .help = "the database; else what LINESIDE_DB says, else lineside.db; questions take several",
     .repeats = true},
};
const struct ls_option_table ls_help_database_options = {
    .title = "Database", .rows = database_rows, .count = LS_COUNT(database_rows)};

void ls_help_tables(const struct ls_verb *verb,
                    const struct ls_option_table *ret[LS_HELP_TABLES_MAX]) {
    size_t n = 0;
    for (size_t i = 0; verb->tables[i] != NULL; i++) {
        assert(n < LS_HELP_TABLES_MAX - 3);
        ret[n++] = verb->tables[i];
    }
    if (verb->needs == LS_NEEDS_DATABASE) {
        ret[n++] = &ls_help_database_options;
    }
    ret[n++] = &ls_help_common_options;
    ret[n] = NULL;
}

/* Words of text from column on, further lines at indent. */
static void print_wrapped(FILE *out, const char *text, size_t column, size_t indent) {
    bool first = true;
    while (*text != '\0') {
        size_t length = strcspn(text, " ");
        if (!first && column + 1 + length > HELP_COLUMNS) {
            fprintf(out, "\n%*s", (int)indent, "");
            column = indent;
            first = true;
        }
        fprintf(out, "%s%.*s", first ? "" : " ", (int)length, text);
        column += length + !first;
        first = false;
        text += length;
        text += strspn(text, " ");
    }
    fputc('\n', out);
}

/* left in column 2, right wrapped at HELP_TEXT_COLUMN, on a line of its own when left is long. */
static void print_row(FILE *out, const char *left, const char *right) {
    size_t used = 2 + strlen(left);
    fprintf(out, "  %s", left);
    if (used + 2 > HELP_TEXT_COLUMN) {
        fputc('\n', out);
        used = 0;
    }
    fprintf(out, "%*s", (int)(HELP_TEXT_COLUMN - used), "");
    print_wrapped(out, right, HELP_TEXT_COLUMN, HELP_TEXT_COLUMN);
}

static void print_option(FILE *out, const struct ls_option *option) {
    char left[80];
    char letter[8] = "";
    if (option->short_name != 0) {
        snprintf(letter, sizeof letter, "-%c, ", option->short_name);
    }
    snprintf(left, sizeof left, "%s--%s%s%s", letter, option->name,
             option->value == NULL ? "" : " ", option->value == NULL ? "" : option->value);
    print_row(out, left, option->help);
}

static void print_examples(FILE *out, const char *example) {
    fprintf(out, "\n%s:\n", strchr(example, '\n') == NULL ? "Example" : "Examples");
    while (*example != '\0') {
        size_t length = strcspn(example, "\n");
        fprintf(out, "  %.*s\n", (int)length, example);
        example += length;
        example += *example == '\n';
    }
}

/* On lines of their own, broken behind a "|" where one is too long. */
static void print_long_arguments(FILE *out, const char *text) {
    const size_t room = HELP_COLUMNS - 2;
    while (strlen(text) > room) {
        size_t n = room;
        while (n > 1 && text[n - 1] != '|') {
            n--;
        }
        n = n > 1 ? n : room;
        fprintf(out, "\n  %.*s", (int)n, text);
        text += n;
    }
    fprintf(out, "\n  %s", text);
}

/* Arguments that do not fit go on lines of their own. */
static void print_usage(FILE *out, const struct ls_verb *verb) {
    int used = fprintf(out, "Usage: lineside %s [OPTION]...", verb->name);
    bool fits = (size_t)used + 1 + strlen(verb->arguments) <= HELP_COLUMNS;
    if (!fits) {
        print_long_arguments(out, verb->arguments);
    } else if (verb->arguments[0] != '\0') {
        fprintf(out, " %s", verb->arguments);
    }
    fputs("\n\n", out);
}

void ls_help_print_verb(FILE *out, const struct ls_verb *verb) {
    const struct ls_option_table *tables[LS_HELP_TABLES_MAX];
    ls_help_tables(verb, tables);
    print_usage(out, verb);
    print_wrapped(out, verb->text, 0, 0);
    for (size_t t = 0; tables[t] != NULL; t++) {
        fprintf(out, "\n%s:\n", tables[t]->title);
        for (size_t i = 0; i < tables[t]->count; i++) {
            print_option(out, &tables[t]->rows[i]);
        }
    }
    print_examples(out, verb->example);
}

void ls_help_print_overview(FILE *out) {
    fputs("Usage: lineside VERB [OPTION]... [ARGUMENT]...\n\n", out);
    print_wrapped(out,
                  "Watches a stretch of spectrum for systematic signal collection: finds "
                  "transmissions in recordings, keeps them with a ledger of when it was really "
                  "listening, and answers questions about them. It only listens, and never looks "
                  "at content.",
                  0, 0);
    fputs("\nVerbs:\n", out);
    size_t count;
    const struct ls_verb *const *verbs = ls_verbs(&count);
    for (size_t i = 0; i < count; i++) {
        print_row(out, verbs[i]->name, verbs[i]->summary);
    }
    fputs("\n'lineside help VERB' shows the options of a verb, 'man lineside-VERB' its\n"
          "manual, 'lineside --version' the version.\n",
          out);
    print_examples(out, "lineside analyse --plan eu recording.sigmf-meta\nlineside transmissions");
}
