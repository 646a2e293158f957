#include "base/text.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

Test(text, plain_text_is_utf8_without_controls) {
    static const char *const plain[] = {"",       "km-12.4",          "Gleis 3 Süd",
                                        "東海道", "\xf0\x9f\x9a\x86", "a\xc2\xa0z"};
    static const char *const other[] = {"a\nb",
                                        "\x1b[31m",
                                        "\x7f",
                                        "\xff",
                                        "a\xc3",
                                        "\xc0\xaf",
                                        "\xe0\x80\x80",
                                        "\xed\xa0\x80",
                                        "\xf4\x90\x80\x80",
                                        "\xf8\x88\x80\x80\x80",
                                        "\xc2\x9b\x33",
                                        "\x80"};
    for (size_t i = 0; i < LS_COUNT(plain); i++) {
        cr_assert(ls_text_plain(plain[i]), "%zu", i);
    }
    for (size_t i = 0; i < LS_COUNT(other); i++) {
        cr_assert_not(ls_text_plain(other[i]), "%zu", i);
    }
}

Test(text, mended_text_is_plain_and_as_long) {
    static const struct {
        const char *from;
        const char *to;
    } rows[] = {{"two\nlines", "two?lines"}, {"b\xff\xc3\xbc", "b?\xc3\xbc"},
                {"\x1b[1m", "?[1m"},         {"a\xc3", "a?"},
                {"\xed\xa0\x80", "???"},     {"as it is", "as it is"}};
    for (size_t i = 0; i < LS_COUNT(rows); i++) {
        LS_AUTO(char) text = ls_text_mended(rows[i].from);
        cr_assert_str_eq(text, rows[i].to);
        cr_assert(ls_text_plain(text));
    }
}
