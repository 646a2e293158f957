/* base/text.h: text that comes from anywhere: names of files, radios, other programs. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>

/* UTF-8 (RFC 3629) without control characters (U+0000 to U+001F, U+007F to U+009F): it can stand in
 * a row, and every export of it can be read again. */
bool ls_text_plain(const char *text);

/* Makes it so, in place: '?' for each byte that is not part of such a character. */
void ls_text_mend(char *text);

/* A mended copy; the caller frees it. NULL: out of memory. */
char *ls_text_mended(const char *text);

#endif
