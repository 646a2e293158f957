/* cli/options.h: option tables and the arguments of one call. A verb lists its options once;
 * parsing, help, and the check of the manual all come from that table. Written as --name VALUE,
 * --name=VALUE, -n VALUE or -nVALUE; "--" ends the options; options and arguments may be mixed. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum ls_option_kind {
    LS_OPTION_FLAG,     /* takes no value */
    LS_OPTION_TEXT,     /* any text, not empty */
    LS_OPTION_NAME,     /* text for a row: plain (base/text.h), 1 to high bytes */
    LS_OPTION_HZ,       /* 433.92M, 250k: frequency or rate */
    LS_OPTION_HZ_RANGE, /* 876M:880M */
    LS_OPTION_SECONDS,  /* 10ms, 2.5s, 3min */
    LS_OPTION_TIME,     /* RFC 3339 with a zone, or a date */
    LS_OPTION_MOMENT,   /* as TIME, or a duration with its unit: that long ago */
    LS_OPTION_COUNT,    /* whole number, low to high */
    LS_OPTION_NUMBER,   /* decimal number > 0 */
    LS_OPTION_CHOICE,   /* one of choices */
};

struct ls_option {
    const char *name; /* long name without dashes */
    char short_name;  /* 0: none */
    enum ls_option_kind kind;
    const char *value; /* what help calls the value: "FILE"; NULL for a flag */
    const char *what;  /* what a wrong value is not: "sample rate"; for HZ, SECONDS, COUNT, NUMBER,
                          and for CHOICE when it is not the name */
    const char *help;
    const char *const *choices; /* CHOICE: words, NULL at the end */
    size_t low;                 /* COUNT */
    size_t high;                /* COUNT, NAME */
    bool repeats;               /* HZ, TEXT: may be given several times */
};

struct ls_option_table {
    const char *title; /* heading in the help: "Options", "Filters" */
    const struct ls_option *rows;
    size_t count;
};

struct ls_args;

/* tables: NULL at the end. program starts the hints ("lineside analyse"). argv holds what follows
 * the verb and is borrowed, as the tables are. An option may be given once, a flag and an
 * option that repeats any number of times. LS_ERR_ARG names the option and the nearest one there
 * is. The caller destroys *ret. */
int ls_args_create(struct ls_args **ret, const struct ls_option_table *const *tables,
                   const char *program, int argc, char *const *argv, struct ls_err *err);
void ls_args_destroy(struct ls_args *args);

/* Words that are not options, in order. */
size_t ls_args_words(const struct ls_args *args);
const char *ls_args_word(const struct ls_args *args, size_t i);

/* --- values; name must be in the tables and of the kind asked for --- */

bool ls_args_given(const struct ls_args *args, const char *name);       /* any kind */
const char *ls_args_text(const struct ls_args *args, const char *name); /* any kind; NULL: absent */

/* False when the option is absent; *ret stays as it was, so it can hold the default. hz: HZ;
 * seconds: SECONDS; number: NUMBER. */
bool ls_args_hz(const struct ls_args *args, const char *name, double *ret);
/* All values of an option that repeats, in the order given; borrowed. */
const double *ls_args_hz_list(const struct ls_args *args, const char *name, size_t *ret_count);
const char *const *ls_args_texts(const struct ls_args *args, const char *name, size_t *ret_count);
bool ls_args_range(const struct ls_args *args, const char *name, double *ret_low_hz,
                   double *ret_high_hz);
bool ls_args_seconds(const struct ls_args *args, const char *name, double *ret);
bool ls_args_number(const struct ls_args *args, const char *name, double *ret);
bool ls_args_time(const struct ls_args *args, const char *name, int64_t *ret_ns); /* also MOMENT */
bool ls_args_count(const struct ls_args *args, const char *name, size_t *ret);    /* COUNT */
bool ls_args_choice(const struct ls_args *args, const char *name, size_t *ret);   /* index */

/* One of names[count], for the actions of a verb ("db check"): LS_ERR_ARG "'chek' is not a WHAT:
 * one of check, migrate; did you mean 'check'?" */
int ls_word_parse(const char *word, const char *what, const char *const *names, size_t count,
                  size_t *ret, struct ls_err *err);

#endif
