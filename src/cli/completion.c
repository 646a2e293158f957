/* lineside completion: what a shell completes, written from the tables of verbs and options, so
 * that it knows what there is. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "cli/help.h"
#include "cli/verbs.h"

/* --- what to complete with --- */

/* Does the option take the name of a file? */
static bool takes_file(const struct ls_option *option) {
    return option->kind == LS_OPTION_TEXT && strstr(option->value, "FILE") != NULL;
}

/* The n-th fixed word of a first argument: of "check|migrate [FILE]", or a verb; false: no more. */
static bool first_word(const struct ls_verb *verb, size_t n, char *ret, size_t size) {
    const char *at = verb->arguments;
    size_t count;
    const struct ls_verb *const *verbs = ls_verbs(&count);
    if (strcmp(at, "[VERB]") == 0) {
        ls_copy_text(ret, size, n < count ? verbs[n]->name : "");
        return n < count;
    }
    if (!islower((unsigned char)at[0])) {
        return false;
    }
    while (n > 0) {
        size_t part = strcspn(at, "| ");
        if (at[part] != '|') {
            return false;
        }
        at += part + 1;
        n--;
    }
    snprintf(ret, size, "%.*s", (int)strcspn(at, "| "), at);
    return true;
}

/* Calls with each option of a verb, those that all have included. */
static void each_option(const struct ls_verb *verb, FILE *out,
                        void (*put)(FILE *out, const struct ls_verb *verb,
                                    const struct ls_option *option)) {
    const struct ls_option_table *tables[LS_HELP_TABLES_MAX];
    ls_help_tables(verb, tables);
    for (size_t t = 0; tables[t] != NULL; t++) {
        for (size_t i = 0; i < tables[t]->count; i++) {
            put(out, verb, &tables[t]->rows[i]);
        }
    }
}

/* Text within single quotes of a shell; colons and brackets of zsh escaped where asked for. */
static void put_quoted(FILE *out, const char *text, const char *escape, bool fish) {
    for (; *text != '\0'; text++) {
        if (*text == '\'') {
            fputs(fish ? "\\'" : "'\\''", out);
        } else {
            if (strchr(escape, *text) != NULL) {
                fputc('\\', out);
            }
            fputc(*text, out);
        }
    }
}

static void put_choices(FILE *out, const struct ls_option *option) {
    for (size_t i = 0; option->choices[i] != NULL; i++) {
        fprintf(out, "%s%s", i > 0 ? " " : "", option->choices[i]);
    }
}

static void put_first_words(FILE *out, const struct ls_verb *verb) {
    char word[32];
    for (size_t i = 0; first_word(verb, i, word, sizeof word); i++) {
        fprintf(out, "%s%s", i > 0 ? " " : "", word);
    }
}

/* --- bash --- */

static void bash_name(FILE *out, const struct ls_verb *verb, const struct ls_option *option) {
    (void)verb;
    fprintf(out, " --%s", option->name);
}

/* What follows an option that takes a value: choices, files, or nothing that could be known. */
static void bash_value(FILE *out, const struct ls_verb *verb, const struct ls_option *option) {
    if (option->kind == LS_OPTION_FLAG) {
        return;
    }
    fprintf(out, "    '%s --%s'", verb->name, option->name);
    if (option->short_name != 0) {
        fprintf(out, " | '%s -%c'", verb->name, option->short_name);
    }
    if (option->kind == LS_OPTION_CHOICE) {
        fputs(") _lineside_words \"", out);
        put_choices(out, option);
        fputs("\" ;;\n", out);
    } else {
        fprintf(out, ") %s ;;\n", takes_file(option) ? "_lineside_files" : ":");
    }
}

static void write_bash(FILE *out, const struct ls_verb *const *verbs, size_t count) {
    fputs("# Completion of lineside for bash, as 'lineside completion bash' writes it.\n"
          "_lineside_words() { mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$cur\"); }\n"
          "_lineside_files() {\n"
          "    compopt -o filenames 2>/dev/null\n"
          "    mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
          "}\n"
          "_lineside() {\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
          "    local verb=${COMP_WORDS[1]} options= first=\n"
          "    COMPREPLY=()\n"
          "    if ((COMP_CWORD == 1)); then\n"
          "        _lineside_words \"",
          out);
    for (size_t i = 0; i < count; i++) {
        fprintf(out, "%s ", verbs[i]->name);
    }
    fputs("--help --version\"\n        return\n    fi\n    case \"$verb $prev\" in\n", out);
    for (size_t i = 0; i < count; i++) {
        each_option(verbs[i], out, bash_value);
    }
    fputs("    *)\n        case $verb in\n", out);
    for (size_t i = 0; i < count; i++) {
        fprintf(out, "        %s) first=\"", verbs[i]->name);
        put_first_words(out, verbs[i]);
        fputs("\" options=\"", out);
        each_option(verbs[i], out, bash_name);
        fputs("\" ;;\n", out);
    }
    fputs("        esac\n"
          "        if [[ $cur == -* ]]; then\n"
          "            _lineside_words \"$options\"\n"
          "        elif ((COMP_CWORD == 2)) && [[ -n $first ]]; then\n"
          "            _lineside_words \"$first\"\n"
          "        else\n"
          "            _lineside_files\n"
          "        fi\n"
          "        ;;\n"
          "    esac\n"
          "}\n"
          "complete -F _lineside lineside\n",
          out);
}

/* --- zsh --- */

/* What the option means, and how its value is completed. */
static void zsh_meaning(FILE *out, const struct ls_option *option) {
    fputc('[', out);
    put_quoted(out, option->help, ":[]\\", false);
    fputc(']', out);
    if (option->kind == LS_OPTION_CHOICE) {
        fputs(":value:(", out);
        put_choices(out, option);
        fputc(')', out);
    } else if (option->kind != LS_OPTION_FLAG) {
        fputc(':', out);
        put_quoted(out, option->value, ":[]\\", false);
        fprintf(out, ":%s", takes_file(option) ? "_files" : " ");
    }
    fputs("'", out);
}

static void zsh_option(FILE *out, const struct ls_verb *verb, const struct ls_option *option) {
    bool flag = option->kind == LS_OPTION_FLAG;
    (void)verb;
    fprintf(out, " \\\n            '%s--%s%s", option->repeats ? "*" : "", option->name,
            flag ? "" : "=");
    zsh_meaning(out, option);
    if (option->short_name != 0) {
        fprintf(out, " \\\n            '-%c%s", option->short_name, flag ? "" : "+");
        zsh_meaning(out, option);
    }
}

static void write_zsh(FILE *out, const struct ls_verb *const *verbs, size_t count) {
    fputs("#compdef lineside\n"
          "# Completion of lineside for zsh, as 'lineside completion zsh' writes it.\n"
          "_lineside() {\n"
          "    local -a verbs\n"
          "    verbs=(\n",
          out);
    for (size_t i = 0; i < count; i++) {
        fprintf(out, "        '%s:", verbs[i]->name);
        put_quoted(out, verbs[i]->summary, "\\", false);
        fputs("'\n", out);
    }
    fputs("    )\n"
          "    if (( CURRENT == 2 )); then\n"
          "        _describe verb verbs\n"
          "        return\n"
          "    fi\n"
          "    shift words\n"
          "    (( CURRENT-- ))\n"
          "    case $words[1] in\n",
          out);
    for (size_t i = 0; i < count; i++) {
        char word[32];
        bool fixed = first_word(verbs[i], 0, word, sizeof word);
        fprintf(out, "    %s)\n        _arguments", verbs[i]->name);
        each_option(verbs[i], out, zsh_option);
        if (fixed) {
            fputs(" \\\n            '1:what:(", out);
            put_first_words(out, verbs[i]);
            fputs(")'", out);
        }
        fprintf(out, "%s\n        ;;\n",
                verbs[i]->max_arguments > (fixed ? 1U : 0U) ? " \\\n            '*:file:_files'"
                                                            : "");
    }
    fputs("    esac\n}\n_lineside \"$@\"\n", out);
}

/* --- fish --- */

static void fish_option(FILE *out, const struct ls_verb *verb, const struct ls_option *option) {
    fprintf(out, "complete -c lineside -n '__fish_seen_subcommand_from %s' -l %s", verb->name,
            option->name);
    if (option->short_name != 0) {
        fprintf(out, " -s %c", option->short_name);
    }
    if (option->kind == LS_OPTION_CHOICE) {
        fputs(" -x -a '", out);
        put_choices(out, option);
        fputc('\'', out);
    } else if (option->kind != LS_OPTION_FLAG) {
        fputs(takes_file(option) ? " -r -F" : " -x", out);
    }
    fputs(" -d '", out);
    put_quoted(out, option->help, "\\", true);
    fputs("'\n", out);
}

static void write_fish(FILE *out, const struct ls_verb *const *verbs, size_t count) {
    fputs("# Completion of lineside for fish, as 'lineside completion fish' writes it.\n", out);
    for (size_t i = 0; i < count; i++) {
        char word[32];
        fprintf(out, "complete -c lineside -f -n __fish_use_subcommand -a %s -d '", verbs[i]->name);
        put_quoted(out, verbs[i]->summary, "\\", true);
        fputs("'\n", out);
        if (first_word(verbs[i], 0, word, sizeof word)) {
            fprintf(out, "complete -c lineside -n '__fish_seen_subcommand_from %s' -a '",
                    verbs[i]->name);
            put_first_words(out, verbs[i]);
            fputs("'\n", out);
        }
        each_option(verbs[i], out, fish_option);
    }
}

/* --- the verb --- */

static const struct ls_option_table *const tables[] = {NULL};

static int run_completion(struct ls_call *call, struct ls_err *err) {
    static const char *const names[] = {"bash", "zsh", "fish"};
    static void (*const writers[])(FILE * out, const struct ls_verb *const *verbs,
                                   size_t count) = {write_bash, write_zsh, write_fish};
    size_t chosen;
    size_t count;
    int code =
        ls_word_parse(ls_args_word(call->args, 0), "shell", names, LS_COUNT(names), &chosen, err);
    if (code == LS_OK) {
        const struct ls_verb *const *verbs = ls_verbs(&count);
        writers[chosen](stdout, verbs, count);
    }
    return code;
}

const struct ls_verb ls_verb_completion = {
    .name = "completion",
    .needs = LS_NEEDS_NOTHING,
    .summary = "write the completion of a shell",
    .arguments = "bash|zsh|fish",
    .min_arguments = 1,
    .max_arguments = 1,
    .text =
        "Writes what a shell needs to complete verbs, options, their choices and file names. It "
        "comes from the tables that the program itself reads, so it knows what this version "
        "has. An installation puts it where the shells look for it.",
    .tables = tables,
    .example = "lineside completion bash > ~/.local/share/bash-completion/completions/lineside\n"
               "lineside completion fish > ~/.config/fish/completions/lineside.fish",
    .run = run_completion,
};
