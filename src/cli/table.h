/* cli/table.h: rows as a table that fits the terminal. On a terminal that is too narrow, text is
 * cut and the least needed columns go; a number is never cut. Elsewhere every column is printed in
 * full. Memory is bounded: rows are printed in batches, whose columns keep the width of the first.
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"

enum ls_align { LS_ALIGN_LEFT, LS_ALIGN_RIGHT };

struct ls_column {
    const char *title;
    enum ls_align align;
    bool text;      /* may be cut when the terminal is narrow */
    unsigned spare; /* > 0: goes when there is no room, the highest first */
};

enum { LS_TABLE_COLUMNS_MAX = 16 };

struct ls_table;

/* columns are borrowed. out: normally stdout. The caller destroys *ret. LS_ERR_NOMEM. */
int ls_table_create(struct ls_table **ret, FILE *out, const struct ls_column *columns, size_t count,
                    struct ls_err *err);
void ls_table_destroy(struct ls_table *table);

/* cells: [count], copied; NULL shows as "-". LS_ERR_NOMEM, LS_ERR_IO and such from writing. */
int ls_table_add(struct ls_table *table, const char *const *cells, struct ls_err *err);

/* Prints what is left, and one line on stderr about columns that had no room. An empty table prints
 * nothing. */
int ls_table_finish(struct ls_table *table, struct ls_err *err);

/* Escape sequences wanted on out: a terminal, and NO_COLOR not set or empty. */
bool ls_table_color_wanted(FILE *out);

#endif
