#include "cli/table.h"

#include <stdlib.h>

#include <criterion/criterion.h>

static const struct ls_column columns[] = {
    {.title = "NAME", .align = LS_ALIGN_LEFT, .text = true},
    {.title = "MHz", .align = LS_ALIGN_RIGHT},
};

/* What the table prints; the caller frees. */
static char *printed(size_t rows) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = tmpfile();
    cr_assert_not_null(out);
    struct ls_table *table = NULL;
    struct ls_err err = {.text = ""};
    cr_assert_eq(ls_table_create(&table, out, columns, 2, &err), LS_OK);
    for (size_t i = 0; i < rows; i++) {
        const char *cells[] = {i == 0 ? "gsm" : NULL, "876.4"};
        cr_assert_eq(ls_table_add(table, cells, &err), LS_OK);
    }
    cr_assert_eq(ls_table_finish(table, &err), LS_OK);
    ls_table_destroy(table);
    size = (size_t)ftell(out);
    text = calloc(1, size + 1);
    rewind(out);
    cr_assert_eq(fread(text, 1, size, out), size);
    fclose(out);
    return text;
}

Test(table, columns_align_and_unknown_is_a_dash) {
    char *text = printed(2);
    cr_assert_str_eq(text, "NAME   MHz\n"
                           "gsm  876.4\n"
                           "-    876.4\n");
    free(text);
}

Test(table, an_empty_table_prints_nothing) {
    char *text = printed(0);
    cr_assert_str_eq(text, "");
    free(text);
}

Test(table, many_rows_have_one_heading_and_one_width) {
    /* Three batches of rows: the heading must not come again, nor the columns move. */
    enum { ROWS = 10000 };
    char *text = printed(ROWS);
    size_t lines = 0;
    for (const char *p = text; *p != '\0'; p++) {
        lines += *p == '\n';
    }
    cr_assert_eq(lines, ROWS + 1);
    cr_assert_eq(strlen(text), (ROWS + 1) * strlen("NAME   MHz\n"));
    free(text);
}
