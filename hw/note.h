/* hw/note.h: what was guessed or is odd about a recording, gathered as one line of words while it
 * is opened (ls_source_info.note). */
#ifndef HW_NOTE_H
#define HW_NOTE_H

#include <stddef.h>

enum { LS_NOTE_BYTES = 512 };

struct ls_note {
    char text[LS_NOTE_BYTES]; /* remarks joined by "; "; all-zero is empty; cut when full */
};

void ls_note_add(struct ls_note *note, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Copies text into ret with control characters as '?': what a file says about itself goes to
 * terminals and logs. */
void ls_note_clean(char *ret, size_t ret_size, const char *text);

#endif
