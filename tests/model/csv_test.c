#include "model/csv.h"

#include <math.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "base/err.h"

static char *text;
static size_t size;

static struct ls_csv begin(void) {
    FILE *out = open_memstream(&text, &size);
    cr_assert_not_null(out);
    return (struct ls_csv){.out = out};
}

static void expect(struct ls_csv *csv, const char *wanted) {
    fclose(csv->out);
    cr_expect_str_eq(text, wanted);
    free(text);
}

Test(csv, fields_with_commas_quotes_and_line_ends_are_quoted) {
    struct ls_csv csv = begin();
    ls_csv_text(&csv, "plain text");
    ls_csv_text(&csv, "a,b");
    ls_csv_text(&csv, "the \"left\" one");
    ls_csv_text(&csv, "two\nlines");
    ls_csv_text(&csv, "");
    cr_expect_eq(ls_csv_end(&csv), LS_OK);
    expect(&csv, "plain text,\"a,b\",\"the \"\"left\"\" one\",\"two\nlines\",\n");
}

Test(csv, numbers_are_those_of_the_lines_and_unknown_ones_are_empty) {
    struct ls_csv csv = begin();
    ls_csv_number(&csv, 0.1);
    ls_csv_number(&csv, (double)NAN);
    ls_csv_number(&csv, 876412345.0);
    ls_csv_count(&csv, UINT64_MAX);
    ls_csv_time(&csv, 1);
    cr_expect_eq(ls_csv_end(&csv), LS_OK);
    expect(&csv, "0.1,,876412345,18446744073709551615,1970-01-01T00:00:00.000000001Z\n");
}

Test(csv, each_row_begins_without_a_comma) {
    struct ls_csv csv = begin();
    for (int i = 0; i < 2; i++) {
        ls_csv_text(&csv, "a");
        ls_csv_text(&csv, "b");
        cr_expect_eq(ls_csv_end(&csv), LS_OK);
    }
    expect(&csv, "a,b\na,b\n");
}
