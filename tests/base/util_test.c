#include <criterion/criterion.h>
#include <string.h>

#include "base/err.h"
#include "base/iq.h"
#include "base/util.h"

Test(util, nearest_word_is_what_a_person_meant) {
    const char *const verbs[] = {"analyse", "watch", "import", "export", "transmissions"};
    cr_expect_str_eq(ls_nearest_word("analyze", verbs, 5), "analyse");
    cr_expect_str_eq(ls_nearest_word("exprot", verbs, 5), "export");
    cr_expect_str_eq(ls_nearest_word("transmission", verbs, 5), "transmissions");
    cr_expect_null(ls_nearest_word("frobnicate", verbs, 5));
    cr_expect_null(ls_nearest_word("x", verbs, 5));
}

Test(util, copied_text_is_cut_between_characters) {
    char text[4];
    ls_copy_text(text, sizeof text, "ab\xc3\xa9");
    cr_expect_str_eq(text, "ab");
    ls_copy_text(text, sizeof text, "abcdef");
    cr_expect_str_eq(text, "abc");
}

Test(err, wrap_puts_context_before_the_cause) {
    struct ls_err err = {0};
    cr_expect_eq(ls_err_set(&err, LS_ERR_FORMAT, "rate is 0"), LS_ERR_FORMAT);
    cr_expect_eq(ls_err_wrap(&err, "reading '%s'", "a.sigmf-meta"), LS_ERR_FORMAT);
    cr_expect_str_eq(err.text, "reading 'a.sigmf-meta': rate is 0");
    cr_expect_eq(ls_err_set(NULL, LS_ERR_IO, "nobody listens"), LS_ERR_IO);
}

Test(iq, names_and_aliases) {
    enum ls_format format;
    cr_expect(ls_format_parse("cs16", &format));
    cr_expect_eq(format, LS_FORMAT_CI16_LE);
    cr_expect_str_eq(ls_format_name(LS_FORMAT_CI16_LE), "ci16_le");
    cr_expect_eq(ls_format_bytes(LS_FORMAT_CF32_LE), 8);
    cr_expect_not(ls_format_parse("ru8", &format));
    cr_expect_not(ls_format_parse("none", &format));
}
