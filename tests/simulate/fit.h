/* Goodness of fit and scenes from text, for the tests of the scene generator. */
#ifndef TESTS_SIMULATE_FIT_H
#define TESTS_SIMULATE_FIT_H

#include <stddef.h>

#include "simulate/scene.h"

/* p-value of the one-sample Kolmogorov-Smirnov test of n values (sorted in place) against a
 * distribution function, by the asymptotic series with Stephens' correction for n >= 20 (Press et
 * al., "Numerical Recipes", 3rd edition, 6.14). */
double fit_ks(double *values, size_t n, double (*cdf)(double value, const void *context),
              const void *context);

/* p-value of Pearson's chi-square test of counts against expectations. lost: parameters fitted. */
double fit_chi_square(const double *counts, const double *expected, size_t n, size_t lost);

double fit_mean(const double *values, size_t n);
double fit_sd(const double *values, size_t n);

/* Every emission of a scenario, in order. */
struct fit_scene {
    struct ls_scenario *scenario;
    struct ls_scene *scene;
    struct ls_emission *emissions;
    size_t count;
};

/* Fails the test when the text is wrong. seed 0: that of the scenario. */
struct fit_scene fit_scene_open(const char *yaml, uint64_t seed);
void fit_scene_close(struct fit_scene *scene);

/* Seconds from the scenario's start to the start of an emission. */
double fit_start_s(const struct fit_scene *scene, size_t i);

#endif
