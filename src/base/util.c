#include "base/util.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

void ls_free_pointer(void *target) {
    void **pointer = target;
    free(*pointer);
    *pointer = NULL;
}

int ls_grow(void **items, size_t *capacity, size_t count, size_t size) {
    if (count < *capacity) {
        return LS_OK;
    }
    size_t wanted = *capacity == 0 ? 16 : 2 * *capacity;
    if (wanted > SIZE_MAX / size) {
        return LS_ERR_NOMEM;
    }
    void *grown = realloc(*items, wanted * size);
    if (grown == NULL) {
        return LS_ERR_NOMEM;
    }
    *items = grown;
    *capacity = wanted;
    return LS_OK;
}

void ls_copy_text(char *ret, size_t ret_size, const char *text) {
    size_t n = strlen(text);
    if (n >= ret_size) {
        n = ret_size - 1;
        while (n > 0 && ((unsigned char)text[n] & 0xC0u) == 0x80u) {
            n--;
        }
    }
    memcpy(ret, text, n);
    ret[n] = '\0';
}

enum { WORD_MAX = 64 };

static size_t min2(size_t a, size_t b) { return a < b ? a : b; }

static size_t edit_distance(const char *a, const char *b) {
    size_t na = strlen(a);
    size_t nb = strlen(b);
    if (na > WORD_MAX || nb > WORD_MAX) {
        return SIZE_MAX;
    }
    size_t d[WORD_MAX + 1][WORD_MAX + 1];
    for (size_t i = 0; i <= na; i++) {
        d[i][0] = i;
    }
    for (size_t j = 0; j <= nb; j++) {
        d[0][j] = j;
    }
    for (size_t i = 1; i <= na; i++) {
        for (size_t j = 1; j <= nb; j++) {
            size_t best = min2(d[i - 1][j], d[i][j - 1]) + 1;
            best = min2(best, d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                best = min2(best, d[i - 2][j - 2] + 1);
            }
            d[i][j] = best;
        }
    }
    return d[na][nb];
}

const char *ls_nearest_word(const char *word, const char *const *names, size_t count) {
    const char *nearest = NULL;
    size_t best = 1 + strlen(word) / 3;
    for (size_t i = 0; i < count; i++) {
        size_t distance = edit_distance(word, names[i]);
        if (distance <= best && (nearest == NULL || distance < best)) {
            nearest = names[i];
            best = distance;
        }
    }
    return nearest;
}
