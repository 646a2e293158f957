#include "cli/table.h"

#include <errno.h>
#include <libsmartcols.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "base/log.h"
#include "base/util.h"
#include "cli/output.h"

enum { BATCH_ROWS = 4096 };

struct ls_table {
    FILE *out;
    const struct ls_column *columns;
    size_t count;
    struct libscols_table *scols;
    size_t widths[LS_TABLE_COLUMNS_MAX]; /* of what has been added, in terminal cells */
    bool hidden[LS_TABLE_COLUMNS_MAX];
    size_t rows;  /* in this batch */
    bool started; /* a batch was printed: widths are fixed, the heading is out */
};

bool ls_table_color_wanted(FILE *out) {
    const char *no_color = getenv("NO_COLOR");
    return isatty(fileno(out)) && (no_color == NULL || no_color[0] == '\0');
}

/* Terminal cells of text; bytes where the locale does not know it. */
static size_t text_width(const char *text) {
    wchar_t wide[256];
    size_t n = mbstowcs(wide, text, LS_COUNT(wide));
    int width = n == (size_t)-1 ? -1 : wcswidth(wide, n);
    return width < 0 ? strlen(text) : (size_t)width;
}

static int add_columns(struct ls_table *table) {
    bool bold = ls_table_color_wanted(table->out);
    for (size_t i = 0; i < table->count; i++) {
        const struct ls_column *column = &table->columns[i];
        int flags = (column->align == LS_ALIGN_RIGHT ? SCOLS_FL_RIGHT : 0) |
                    (column->text ? SCOLS_FL_TRUNC : 0);
        struct libscols_column *made =
            scols_table_new_column(table->scols, column->title, 0, flags);
        if (made == NULL) {
            return LS_ERR_NOMEM;
        }
        if (bold) {
            scols_cell_set_color(scols_column_get_header(made), "\033[1m");
        }
        table->widths[i] = text_width(column->title);
    }
    if (bold) {
        scols_table_enable_colors(table->scols, 1);
    }
    scols_table_set_stream(table->scols, table->out);
    return LS_OK;
}

int ls_table_create(struct ls_table **ret, FILE *out, const struct ls_column *columns, size_t count,
                    struct ls_err *err) {
    struct ls_table *table = calloc(1, sizeof *table);
    if (table == NULL || count > LS_TABLE_COLUMNS_MAX) {
        free(table);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    table->out = out;
    table->columns = columns;
    table->count = count;
    table->scols = scols_new_table();
    if (table->scols == NULL || add_columns(table) != LS_OK) {
        ls_table_destroy(table);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    *ret = table;
    return LS_OK;
}

void ls_table_destroy(struct ls_table *table) {
    if (table == NULL) {
        return;
    }
    scols_unref_table(table->scols);
    free(table);
}

/* --- fitting --- */

static size_t total_width(const struct ls_table *table) {
    size_t total = 0;
    for (size_t i = 0; i < table->count; i++) {
        total += table->hidden[i] ? 0 : table->widths[i] + (total > 0);
    }
    return total;
}

/* The column that can best be missed, or count when all are needed. */
static size_t most_spare(const struct ls_table *table) {
    size_t found = table->count;
    unsigned spare = 0;
    for (size_t i = 0; i < table->count; i++) {
        if (!table->hidden[i] && table->columns[i].spare > spare) {
            spare = table->columns[i].spare;
            found = i;
        }
    }
    return found;
}

static void hide_columns(struct ls_table *table) {
    size_t room = scols_table_get_termwidth(table->scols);
    while (total_width(table) > room) {
        size_t i = most_spare(table);
        if (i == table->count) {
            return;
        }
        table->hidden[i] = true;
        struct libscols_column *column = scols_table_get_column(table->scols, i);
        scols_column_set_flags(column, scols_column_get_flags(column) | SCOLS_FL_HIDDEN);
    }
}

static void fix_widths(struct ls_table *table) {
    for (size_t i = 0; i < table->count; i++) {
        struct libscols_column *column = scols_table_get_column(table->scols, i);
        scols_column_set_whint(column, (double)table->widths[i]);
    }
    scols_table_enable_noheadings(table->scols, 1);
}

static int print_batch(struct ls_table *table, struct ls_err *err) {
    if (table->rows == 0) {
        return LS_OK;
    }
    if (!table->started && isatty(fileno(table->out))) {
        hide_columns(table);
    }
    errno = 0;
    int failed = scols_print_table(table->scols);
    if (ferror(table->out)) {
        return ls_output_failed(NULL, err);
    }
    if (failed != 0) {
        return ls_err_set(err, LS_ERR_NOMEM, "cannot draw the table: out of memory");
    }
    scols_table_remove_lines(table->scols);
    table->rows = 0;
    if (!table->started) {
        fix_widths(table);
        table->started = true;
    }
    return LS_OK;
}

int ls_table_add(struct ls_table *table, const char *const *cells, struct ls_err *err) {
    struct libscols_line *line = scols_table_new_line(table->scols, NULL);
    if (line == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    for (size_t i = 0; i < table->count; i++) {
        const char *cell = cells[i] == NULL || cells[i][0] == '\0' ? "-" : cells[i];
        if (scols_line_set_data(line, i, cell) != 0) {
            return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
        }
        size_t width = text_width(cell);
        if (!table->started && width > table->widths[i]) {
            table->widths[i] = width;
        }
    }
    table->rows++;
    return table->rows == BATCH_ROWS ? print_batch(table, err) : LS_OK;
}

int ls_table_finish(struct ls_table *table, struct ls_err *err) {
    int code = print_batch(table, err);
    char names[128] = "";
    for (size_t i = 0; i < table->count; i++) {
        if (table->hidden[i]) {
            size_t used = strlen(names);
            snprintf(names + used, sizeof names - used, "%s%s", used == 0 ? "" : ", ",
                     table->columns[i].title);
        }
    }
    if (code == LS_OK && names[0] != '\0') {
        ls_log(LS_LOG_INFO, "no room for: %s (a wider terminal, --csv or --json shows all)", names);
    }
    return code;
}
