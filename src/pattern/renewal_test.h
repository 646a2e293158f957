/* pattern/renewal_test.h: do the intervals of these events repeat, although no clock holds them?
 * A script that waits after release has intervals within some percent of each other while its phase
 * walks away. Differences of order one to three (a stray event in between, a missed one) are
 * counted around each candidate and around its double and triple, against their own surroundings.
 *
 * Score: sum over multiples of k ln(k / e) - (k - e), k found within the width, e expected from the
 * differences around it (log-likelihood ratio of Poisson counts, Cash, "Parameter estimation in
 * astronomy through application of the likelihood ratio", ApJ 228, 1979). Differences of higher
 * order are those of CDIF (Mardia, "New techniques for the deinterleaving of repetitive sequences",
 * IEE Proc. F 136(4), 1989). An interval must repeat within 10 s, and one above
 * 300 s the closer the longer it is: timetables do not. */
#ifndef PATTERN_RENEWAL_TEST_H
#define PATTERN_RENEWAL_TEST_H

#include <stddef.h>

#include "base/err.h"
#include "pattern/surrogate.h"

struct ls_renewal_test;

int ls_renewal_test_create(struct ls_renewal_test **ret, struct ls_err *err);
void ls_renewal_test_destroy(struct ls_renewal_test *test);

struct ls_renewal_peak {
    double score;
    double interval_s;
    double width; /* half width in shares of the interval */
};

/* t_s: ascending, those of surrogate->from or of a surrogate. */
struct ls_renewal_peak ls_renewal_test_scan(struct ls_renewal_test *test,
                                            const struct ls_surrogate *surrogate, const double *t_s,
                                            size_t count);

#endif
