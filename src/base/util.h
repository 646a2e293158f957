/* base/util.h: attributes and sizes that the language lacks. */
#ifndef BASE_UTIL_H
#define BASE_UTIL_H

#include <stddef.h>

#define LS_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Frees a local when it leaves scope: LS_AUTO(char) text = strdup(...); uses free(). */
#define LS_AUTO(type) __attribute__((cleanup(ls_free_pointer))) type *

/* target: address of a pointer that came from malloc, or that is NULL. */
void ls_free_pointer(void *target);

/* Room for one more element in a growing array: *items holds *capacity elements of size bytes each,
 * count of them used. Doubles when full; items and capacity stay untouched on LS_ERR_NOMEM. */
int ls_grow(void **items, size_t *capacity, size_t count, size_t size);

/* Copy text into a fixed array; cut at the last whole UTF-8 character that fits. Always ends with
 * NUL. */
void ls_copy_text(char *ret, size_t ret_size, const char *text);

/* The entry of names[count] nearest to word by edit distance (optimal string alignment; Damerau
 * 1964), or NULL when none is near enough to be what a person meant (distance > 1 + a third of the
 * word). */
const char *ls_nearest_word(const char *word, const char *const *names, size_t count);

#endif
