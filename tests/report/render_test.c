/* The four forms of one small document. */
#include "report/render.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct ls_document *sample(size_t rows) {
    struct ls_document *doc;
    static const double shares[] = {0.0, 0.5, 1.0, (double)NAN};
    cr_assert_eq(ls_document_create(&doc, "a <b> & \"c\"", NULL), LS_OK);
    ls_document_section(doc, "first", "First *section*");
    ls_document_text(doc, "%s", "words\033[31m of a foreign log <script>");
    ls_document_field(doc, "count", "how many", (struct ls_value){.text = "three", .raw = "3"});
    ls_document_strip(doc, "strip", "Strip", shares, 4, "ends");
    ls_document_table(doc, "table", "A table");
    ls_document_column(doc, "n", "N", true, 0);
    ls_document_column(doc, "text", "TEXT", false, 0);
    for (size_t i = 0; i < rows; i++) {
        struct ls_shown shown;
        ls_document_cell(doc, ls_value_count(&shown, i));
        ls_document_cell(doc, ls_value_text("a|b"));
    }
    return doc;
}

static char *render(const char *form, size_t rows) {
    char *text = NULL;
    size_t size = 0;
    struct ls_render_opts opts = {.color = false};
    struct ls_document *doc = sample(rows);
    FILE *out = open_memstream(&text, &size);
    cr_assert_eq(ls_render_document(doc, ls_render_find(form), &opts, out, NULL), LS_OK);
    fclose(out);
    ls_document_destroy(doc);
    return text;
}

Test(render, marks_of_each_form_are_escaped) {
    char *html = render("html", 2);
    char *markdown = render("md", 2);
    cr_assert_not_null(strstr(html, "a &lt;b&gt; &amp; &quot;c&quot;"));
    cr_assert_null(strstr(html, "<script"));
    cr_assert_not_null(strstr(markdown, "First \\*section\\*"));
    cr_assert_not_null(strstr(markdown, "a\\|b"));
    free(html);
    free(markdown);
}

Test(render, no_text_commands_a_terminal) {
    static const char *const forms[] = {"text", "html", "md", "json"};
    for (size_t i = 0; i < 4; i++) {
        char *text = render(forms[i], 2);
        cr_assert_null(strchr(text, '\033'), "%s", forms[i]);
        free(text);
    }
}

Test(render, json_has_every_row_and_bare_values) {
    char *text = render("json", 1000);
    json_t *root = json_loads(text, 0, NULL);
    cr_assert_not_null(root);
    json_t *first = json_object_get(root, "first");
    cr_assert_eq(json_integer_value(json_object_get(first, "count")), 3);
    cr_assert_eq(json_array_size(json_object_get(first, "table")), 1000);
    cr_assert(json_is_null(json_array_get(json_object_get(first, "strip"), 3)));
    json_decref(root);
    free(text);
}

Test(render, forms_for_people_say_what_they_leave_out) {
    char *text = render("text", 1000);
    char *html = render("html", 1000);
    cr_assert_not_null(strstr(text, "... 970 rows are left out here"));
    cr_assert_not_null(strstr(text, " 999  a|b\n"));
    cr_assert_not_null(strstr(html, ">700 rows are left out here"));
    free(text);
    free(html);
}

Test(render, strips_tell_nothing_from_not_known) {
    char *text = render("text", 1);
    cr_assert_not_null(strstr(text, "| ▅█·|"));
    free(text);
}
