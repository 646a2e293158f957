#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "simulate/random.h"

enum { COUNT = 2000000 };

static int by_value(const void *a, const void *b) {
    float x = *(const float *)a;
    float y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Kolmogorov-Smirnov distance times sqrt(n); sorts the values. */
static double ks(float *values, size_t n) {
    qsort(values, n, sizeof *values, by_value);
    double worst = 0;
    for (size_t i = 0; i < n; i++) {
        double cdf = 0.5 * erfc(-(double)values[i] / M_SQRT2);
        worst = fmax(worst, fmax(cdf - (double)i / (double)n, (double)(i + 1) / (double)n - cdf));
    }
    return worst * sqrt((double)n);
}

Test(random, noise_is_gaussian_in_moments_tails_and_distance) {
    struct ls_random random;
    ls_random_init(&random, 1, 2);
    LS_AUTO(float complex) noise = calloc(COUNT, sizeof *noise);
    ls_random_add_noise(&random, noise, COUNT, 2.0); /* unit variance a component */
    float *flat = (float *)noise;
    size_t n = 2 * (size_t)COUNT;
    double m[5] = {0};
    size_t beyond[3] = {0};
    double cross = 0;
    for (size_t i = 0; i < n; i++) {
        double x = (double)flat[i];
        m[1] += x;
        m[2] += x * x;
        m[3] += x * x * x;
        m[4] += x * x * x * x;
        beyond[0] += fabs(x) > 3;
        beyond[1] += fabs(x) > 4;
        beyond[2] += fabs(x) > 5;
        cross += i % 2 ? x * (double)flat[i - 1] : 0;
    }
    /* Five standard errors of each sample moment of n = 4e6 normal deviates. */
    double e = 5 / sqrt((double)n);
    cr_expect_float_eq(m[1] / (double)n, 0, e);
    cr_expect_float_eq(m[2] / (double)n, 1, e * sqrt(2));
    cr_expect_float_eq(m[3] / (double)n, 0, e * sqrt(15));
    cr_expect_float_eq(m[4] / (double)n, 3, e * sqrt(96));
    cr_expect_float_eq(cross / COUNT, 0, 5 / sqrt(COUNT), "in-phase and quadrature correlate");
    const double expected[] = {2.6998e-3, 6.3342e-5, 5.7330e-7};
    for (size_t i = 0; i < 3; i++) {
        double mean = expected[i] * (double)n;
        cr_expect_float_eq((double)beyond[i], mean, 5 * sqrt(mean), "%zu beyond %zu sigma",
                           beyond[i], i + 3);
    }
    /* P(sqrt(n) D > 1.95) = 0.001 under the null. */
    double d = ks(flat, n);
    cr_expect_lt(d, 1.95, "distance %.3f", d);
}

Test(random, single_deviates_are_gaussian) {
    struct ls_random random;
    ls_random_init(&random, 3, 0);
    enum { N = 200000 };
    LS_AUTO(float) values = malloc(N * sizeof *values);
    for (size_t i = 0; i < N; i++) {
        values[i] = (float)ls_random_normal(&random);
    }
    double d = ks(values, N);
    cr_expect_lt(d, 1.95, "distance %.3f", d);
}

Test(random, streams_are_unrelated_and_repeatable) {
    struct ls_random a;
    struct ls_random b;
    struct ls_random again;
    ls_random_init(&a, 7, 1);
    ls_random_init(&b, 7, 2);
    ls_random_init(&again, 7, 1);
    double cross = 0;
    for (int i = 0; i < 100000; i++) {
        double x = ls_random_uniform(&a);
        cr_assert_eq(x, ls_random_uniform(&again));
        cross += (x - 0.5) * (ls_random_uniform(&b) - 0.5);
    }
    /* Variance 1/12 each: five standard errors of a sum of 1e5 products. */
    cr_expect_float_eq(cross / (1.0 / 12), 0, 5 * sqrt(1e5));
}

Test(random, below_is_even) {
    struct ls_random random;
    ls_random_init(&random, 5, 5);
    size_t counts[7] = {0};
    for (int i = 0; i < 70000; i++) {
        counts[ls_random_below(&random, 7)]++;
    }
    double chi2 = 0;
    for (size_t i = 0; i < 7; i++) {
        chi2 += ((double)counts[i] - 1e4) * ((double)counts[i] - 1e4) / 1e4;
    }
    cr_expect_lt(chi2, 22.5, "chi-square, 6 degrees of freedom, p 0.001: %.1f", chi2);
}
