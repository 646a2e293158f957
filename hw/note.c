#include "hw/note.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"

void ls_note_add(struct ls_note *note, const char *format, ...) {
    char remark[LS_NOTE_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(remark, sizeof remark, format, args);
    va_end(args);
    size_t used = strlen(note->text);
    if (used > 0 && used + 3 < sizeof note->text) {
        memcpy(note->text + used, "; ", 3);
        used += 2;
    }
    ls_copy_text(note->text + used, sizeof note->text - used, remark);
}

void ls_note_clean(char *ret, size_t ret_size, const char *text) {
    ls_copy_text(ret, ret_size, text);
    for (char *p = ret; *p != '\0'; p++) {
        if (iscntrl((unsigned char)*p)) {
            *p = '?';
        }
    }
}
