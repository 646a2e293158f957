/* pattern/clock_test.h: is there a clock behind these events? Their phases are summed at each
 * period, with harmonics, as in the H-test.
 *
 * Z_k(f) = |sum exp(2 pi i k f t)|^2 / n; score(f) = max over m of sum_{k..k+m-1} Z_k - 2 (m - 1).
 * Sources: Rayleigh; Buccheri et al., "Search for pulsed gamma-ray emission from radio pulsars in
 * the COS-B data", A&A 128, 1983 (Z^2_n); de Jager, Raubenheimer, Swanepoel, "A powerful test for
 * weak periodic signals with unknown light curve shape in sparse data", A&A 221, 1989 (H-test; its
 * 2 Z and 4 m are our Z and 2 m).
 *
 * What is different here: frequencies below 1/120 Hz are left out of every sum, as timetables and
 * people keep to about a minute while a clock keeps to seconds; a long period is found by its
 * harmonics above that. Where the receiver's schedule makes lines, Z is divided by what surrogates
 * have there; where clusters raise whole octaves, by the level of each. */
#ifndef PATTERN_CLOCK_TEST_H
#define PATTERN_CLOCK_TEST_H

#include <stddef.h>

#include "base/err.h"
#include "pattern/surrogate.h"

/* A timetable of trains that come within 50 s (standard deviation) leaves 3e-6 of its power there.
 */
#define LS_CLOCK_LOW_HZ (1.0 / 120.0)

struct ls_clock_test;

/* Work memory for up to LS_ARRIVALS_MAX events. */
int ls_clock_test_create(struct ls_clock_test **ret, struct ls_err *err);
void ls_clock_test_destroy(struct ls_clock_test *test);

struct ls_clock_peak {
    double score;
    double period_s;
    double trials; /* periods that can be told apart; 0: there is no period to try */
};

/* Looks at the events that a search is about: the grid of periods, and the lines of the receiver,
 * come from them. from is borrowed until the next call. */
void ls_clock_test_begin(struct ls_clock_test *test, const struct ls_arrivals *from,
                         const struct ls_surrogate *surrogate);

/* The highest score of times t_s, ascending, as many as in begin: those of the search or of a
 * surrogate. */
struct ls_clock_peak ls_clock_test_scan(struct ls_clock_test *test, const double *t_s);

#endif
