#include "pattern/renewal_test.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

enum { ORDERS = 3, MULTIPLES = 3, DIFFERENCES_MAX = ORDERS * LS_ARRIVALS_MAX };
enum { DIGIT_BITS = 11, DIGITS = 3, DIGIT_VALUES = 1 << DIGIT_BITS };
enum { STEPS = 3 }; /* a cursor seldom goes on by more at once */
static const double widths[] = {0.01, 0.03, 0.1};
/* Of an interval of 300 s; less for longer ones, as trains repeat within a minute or so. */
static const double width_max_s = 10.0;
static const double width_max_at_s = 300.0;
static const double surround = 4.0; /* half width of the surroundings, in half widths */
static const double log_surround = 1.0986122886681098; /* of it less 1 */

struct ls_renewal_test {
    double room[1 + DIFFERENCES_MAX + 1];
    double *differences; /* room + 1: those at -1 and at count stop a cursor */
    double other[DIFFERENCES_MAX];
    double logs[DIFFERENCES_MAX + 2]; /* of the numbers from 0 on; [0] is not used */
    size_t count;
};

int ls_renewal_test_create(struct ls_renewal_test **ret, struct ls_err *err) {
    struct ls_renewal_test *test = calloc(1, sizeof *test);
    if (test == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for the interval test");
    }
    for (size_t i = 1; i < LS_COUNT(test->logs); i++) {
        test->logs[i] = log((double)i);
    }
    test->room[0] = -(double)INFINITY;
    test->differences = test->room + 1;
    *ret = test;
    return LS_OK;
}

void ls_renewal_test_destroy(struct ls_renewal_test *test) { free(test); }

/* The upper 32 bits of a number, which order numbers that are not negative, without the lowest. */
static uint32_t key_of(double value) {
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof bits);
    return (uint32_t)(bits >> 32);
}

static size_t digit_of(double value, int digit) {
    return key_of(value) >> (digit * DIGIT_BITS) & (DIGIT_VALUES - 1);
}

/* What agrees in the upper 32 bits is a millionth apart: nearly in order already. */
static void insert_all(double *values, size_t count) {
    for (size_t i = 1; i < count; i++) {
        double value = values[i];
        size_t at = i;
        while (at > 0 && values[at - 1] > value) {
            values[at] = values[at - 1];
            at--;
        }
        values[at] = value;
    }
}

/* Ascending, by radix: a surrogate has the same number of differences each time, and comparing them
 * was a tenth of a search. */
static void sort(struct ls_renewal_test *test) {
    uint32_t starts[DIGITS][DIGIT_VALUES] = {{0}};
    for (size_t i = 0; i < test->count; i++) {
        for (int digit = 0; digit < DIGITS; digit++) {
            starts[digit][digit_of(test->differences[i], digit)]++;
        }
    }
    double *from = test->differences;
    double *to = test->other;
    for (int digit = 0; digit < DIGITS; digit++) {
        uint32_t start = 0;
        for (size_t v = 0; v < DIGIT_VALUES; v++) {
            uint32_t count = starts[digit][v];
            starts[digit][v] = start;
            start += count;
        }
        for (size_t i = 0; i < test->count; i++) {
            to[starts[digit][digit_of(from[i], digit)]++] = from[i];
        }
        double *swap = from;
        from = to;
        to = swap;
    }
    memcpy(test->differences, test->other, test->count * sizeof *test->other);
    insert_all(test->differences, test->count);
}

static void gather(struct ls_renewal_test *test, const double *t_s, size_t count) {
    test->count = 0;
    for (size_t order = 1; order <= ORDERS; order++) {
        for (size_t i = order; i < count; i++) {
            test->differences[test->count++] = t_s[i] - t_s[i - order];
        }
    }
    sort(test);
    test->differences[test->count] = (double)INFINITY;
}

/* Differences below value, which is finite, counted on from where the last such count ended:
 * centers ascend, and so do nearly all edges. The first steps are taken without a jump. */
static size_t below(const struct ls_renewal_test *test, double value, size_t *cursor) {
    const double *differences = test->differences;
    size_t at = *cursor;
    for (int step = 0; step < STEPS; step++) {
        at += differences[at] < value;
    }
    while (differences[at] < value) {
        at++;
    }
    while (*(differences + at - 1) >= value) {
        at--;
    }
    *cursor = at;
    return at;
}

enum edge { INNER_LOW, INNER_HIGH, OUTER_LOW, OUTER_HIGH, EDGES };

/* What the differences within half of center say for a peak there; never negative. */
static double excess(const struct ls_renewal_test *test, double center, double half,
                     size_t cursors[EDGES]) {
    size_t found = below(test, center + half, &cursors[INNER_HIGH]) -
                   below(test, center - half, &cursors[INNER_LOW]);
    if (found == 0) {
        return 0.0;
    }
    size_t around = below(test, center + surround * half, &cursors[OUTER_HIGH]) -
                    below(test, center - surround * half, &cursors[OUTER_LOW]) - found;
    /* One more than there is: of no neighbour at all nothing follows. */
    double expected = ((double)around + 1.0) / (surround - 1.0);
    double more = (double)found - expected;
    if (more <= 0.0) {
        return 0.0;
    }
    double ratio = test->logs[found] - test->logs[around + 1] + log_surround;
    return fmax(0.0, (double)found * ratio - more);
}

/* As fmin() of numbers, without a call. */
static double least(double a, double b) { return a < b ? a : b; }

struct ls_renewal_peak ls_renewal_test_scan(struct ls_renewal_test *test,
                                            const struct ls_surrogate *surrogate, const double *t_s,
                                            size_t count) {
    gather(test, t_s, count);
    struct ls_renewal_peak peak = {.score = 0.0, .interval_s = (double)NAN, .width = (double)NAN};
    double shortest = fmax(2.0 * surrogate->from->gap_s, 4.0 * surrogate->quantum_s);
    double longest = (t_s[count - 1] - t_s[0]) / 4.0;
    double shortest_half = 0.75 * surrogate->quantum_s;
    size_t cursors[LS_COUNT(widths)][MULTIPLES][EDGES] = {0};
    size_t first = 0;
    below(test, shortest, &first);
    for (size_t i = first; i < test->count && test->differences[i] <= longest; i++) {
        double center = test->differences[i];
        double longest_half = width_max_s * least(1.0, width_max_at_s / center);
        for (size_t w = 0; w < LS_COUNT(widths); w++) {
            double half = least(widths[w] * center, longest_half);
            half = half > shortest_half ? half : shortest_half;
            double score = excess(test, center, half, cursors[w][0]);
            for (int k = 2; score > 0.0 && k <= MULTIPLES; k++) {
                /* Half the weight: a lone peak at a multiple is a peak of its own. */
                score += 0.5 * excess(test, k * center, half * sqrt((double)k), cursors[w][k - 1]);
            }
            if (score > peak.score) {
                peak = (struct ls_renewal_peak){score, center, half / center};
            }
        }
    }
    return peak;
}
