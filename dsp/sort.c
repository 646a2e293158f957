/* Radix sort, least significant byte first (Knuth, The Art of Computer Programming 3, 5.2.5): bit
 * patterns of floats that are not negative rise with their values. */
#include "dsp/sort.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/versions.h"

enum {
    BYTES = sizeof(uint32_t),
    DIGITS = 256,
    FEW_MAX = 32,     /* so few are sorted sooner than digits are counted */
    SHORT_MAX = 4096, /* more are sorted by qsort, which needs no room on the stack */
};

static int compare_floats(const void *a, const void *b) {
    float x = *(const float *)a;
    float y = *(const float *)b;
    return (x > y) - (x < y);
}

static void sort_few(float *values, size_t n) {
    for (size_t i = 1; i < n; i++) {
        float value = values[i];
        size_t k = i;
        for (; k > 0 && values[k - 1] > value; k--) {
            values[k] = values[k - 1];
        }
        values[k] = value;
    }
}

/* Move from to ret in order of one byte. False when all have the same one: nothing is moved then.
 * The highest byte is that of a factor of four, so most rows do without its turn. */
static bool sort_by_byte(const uint32_t *from, uint32_t *ret, size_t n, unsigned shift) {
    uint32_t next[DIGITS] = {0};
    for (size_t i = 0; i < n; i++) {
        next[from[i] >> shift & (DIGITS - 1)]++;
    }
    if (next[from[0] >> shift & (DIGITS - 1)] == n) {
        return false;
    }
    uint32_t sum = 0;
    for (size_t d = 0; d < DIGITS; d++) {
        uint32_t count = next[d];
        next[d] = sum;
        sum += count;
    }
    for (size_t i = 0; i < n; i++) {
        ret[next[from[i] >> shift & (DIGITS - 1)]++] = from[i];
    }
    return true;
}

void ls_sort_powers(float *values, size_t n) {
    if (n <= FEW_MAX) {
        sort_few(values, n);
        return;
    }
    if (n > SHORT_MAX) {
        qsort(values, n, sizeof *values, compare_floats);
        return;
    }
    uint32_t bits[2][SHORT_MAX];
    memcpy(bits[0], values, n * sizeof *values);
    size_t sorted = 0;
    for (unsigned byte = 0; byte < BYTES; byte++) {
        bool moved = sort_by_byte(bits[sorted], bits[1 - sorted], n, 8 * byte);
        sorted = moved ? 1 - sorted : sorted;
    }
    memcpy(values, bits[sorted], n * sizeof *values);
}

/* How many have a pattern up to this one. */
LS_VERSIONS static size_t count_up_to(const float *values, size_t n, int32_t most) {
    int32_t above = 0;
    for (size_t i = 0; i < n; i++) {
        int32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        above += bits > most ? 1 : 0;
    }
    return n - (size_t)above;
}

/* By bisection over patterns, a bit at a time. */
float ls_sort_find(const float *values, size_t n, size_t k) {
    int32_t found = 0;
    for (int32_t bit = INT32_C(1) << 30; bit > 0; bit /= 2) {
        /* Of those that have neither this bit nor lower ones: too few, and it is set. */
        found += count_up_to(values, n, found + bit - 1) <= k ? bit : 0;
    }
    float value;
    memcpy(&value, &found, sizeof value);
    return value;
}

/* Rows i and i + apart of columns: in each the smaller value to the first one. */
static inline __attribute__((always_inline)) void order_rows(float *row, size_t apart) {
    int32_t low[LS_SORT_COLUMNS];
    int32_t high[LS_SORT_COLUMNS];
    memcpy(low, row, sizeof low);
    memcpy(high, row + apart * LS_SORT_COLUMNS, sizeof high);
    for (size_t k = 0; k < LS_SORT_COLUMNS; k++) {
        int32_t a = low[k];
        int32_t b = high[k];
        low[k] = a < b ? a : b;
        high[k] = a < b ? b : a;
    }
    memcpy(row, low, sizeof low);
    memcpy(row + apart * LS_SORT_COLUMNS, high, sizeof high);
}

/* Rows i of columns with one bit of i as wanted, in runs of that many, and those apart from them.
 */
static inline __attribute__((always_inline)) void order_runs(float *values, size_t n, size_t run,
                                                             size_t first, size_t apart) {
    for (size_t from = first; from + apart < n; from += 2 * run) {
        size_t end = from + run + apart < n ? from + run : n - apart;
        for (size_t i = from; i < end; i++) {
            order_rows(values + i * LS_SORT_COLUMNS, apart);
        }
    }
}

/* By merge exchange (Batcher; Knuth, 5.2.2, algorithm M), as columns have no branches in common. */
LS_VERSIONS void ls_sort_columns(float *values, size_t n) {
    size_t most = 1;
    while (2 * most < n) {
        most *= 2;
    }
    for (size_t run = most; run > 0; run /= 2) {
        order_runs(values, n, run, 0, run);
        for (size_t q = most; q > run; q /= 2) {
            order_runs(values, n, run, run, q - run);
        }
    }
}
