#include "model/emitter.h"

#include <stdio.h>
#include <string.h>

#include "base/util.h"

enum { BY_SPLIT = 1 << (2 * LS_TIE_TRAITS) };

static const char *const traits[LS_TIE_TRAITS] = {
    "channel", "carrier", "level", "bandwidth", "length", "class", "lattice", "clock", "slot",
};

uint32_t ls_tie_reason(const struct ls_tie *link) {
    return link->alike | link->unlike << LS_TIE_TRAITS | (link->by_split ? BY_SPLIT : 0);
}

/* "a, b and c" */
static void list(uint32_t bits, char *ret, size_t size) {
    size_t used = 0;
    ret[0] = '\0';
    for (size_t i = 0; i < LS_TIE_TRAITS; i++) {
        if ((bits >> i & 1) == 0) {
            continue;
        }
        bool last = bits >> (i + 1) == 0;
        const char *between = used == 0 ? "" : last ? " and " : ", ";
        int n = snprintf(ret + used, size - used, "%s%s", between, traits[i]);
        used += n > 0 && (size_t)n < size - used ? (size_t)n : 0;
    }
}

void ls_tie_reason_text(uint32_t reason, char ret[LS_TIE_REASON_BYTES]) {
    uint32_t all = (1u << LS_TIE_TRAITS) - 1;
    char alike[LS_TIE_REASON_BYTES / 2];
    char unlike[LS_TIE_REASON_BYTES / 2];
    list(reason & all, alike, sizeof alike);
    list(reason >> LS_TIE_TRAITS & all, unlike, sizeof unlike);
    if (alike[0] == '\0' && unlike[0] == '\0') {
        ls_copy_text(ret, LS_TIE_REASON_BYTES, "first");
        return;
    }
    snprintf(ret, LS_TIE_REASON_BYTES, "%s%s%s%s", alike, unlike[0] == '\0' ? "" : ", in spite of ",
             unlike, (reason & BY_SPLIT) != 0 ? "; told apart later" : "");
}
