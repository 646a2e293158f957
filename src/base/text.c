#include "base/text.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of the character at p, whatever it is; 0: that is not UTF-8. Table 3-7 of the Unicode
 * Standard 15: a longer form than needed, a surrogate and what lies past U+10FFFF are none. */
static size_t character(const unsigned char *p, uint32_t *ret) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc0 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (n == 0 || p[0] >= 0xf8) {
        return 0;
    }
    *ret = n == 1 ? p[0] : p[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0u) != 0x80u) { /* the end of the text is no such byte either */
            return 0;
        }
        *ret = *ret << 6 | (p[i] & 0x3fu);
    }
    bool surrogate = *ret >= 0xd800 && *ret <= 0xdfff;
    return *ret < least[n] || surrogate || *ret > 0x10ffff ? 0 : n;
}

/* Bytes of a character that can stand in plain text, else 0. */
static size_t plain_character(const char *p) {
    uint32_t code;
    size_t n = character((const unsigned char *)p, &code);
    return n == 0 || code < 0x20 || (code >= 0x7f && code <= 0x9f) ? 0 : n;
}

bool ls_text_plain(const char *text) {
    while (*text != '\0') {
        size_t n = plain_character(text);
        if (n == 0) {
            return false;
        }
        text += n;
    }
    return true;
}

void ls_text_mend(char *text) {
    while (*text != '\0') {
        size_t n = plain_character(text);
        if (n == 0) {
            *text = '?';
            n = 1;
        }
        text += n;
    }
}

char *ls_text_mended(const char *text) {
    char *copy = strdup(text);
    if (copy != NULL) {
        ls_text_mend(copy);
    }
    return copy;
}
