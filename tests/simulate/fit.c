#include "fit.h"

#include <criterion/criterion.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

double fit_ks(double *values, size_t n, double (*cdf)(double value, const void *context),
              const void *context) {
    double d = 0.0;
    qsort(values, n, sizeof *values, by_value);
    for (size_t i = 0; i < n; i++) {
        double p = cdf(values[i], context);
        d = fmax(d, fmax((double)(i + 1) / (double)n - p, p - (double)i / (double)n));
    }
    double root = sqrt((double)n);
    double x = d * (root + 0.12 + 0.11 / root);
    double sum = 0.0;
    for (int k = 1; k <= 100; k++) {
        sum += (k % 2 == 1 ? 2.0 : -2.0) * exp(-2.0 * k * k * x * x);
    }
    return fmin(1.0, fmax(0.0, sum));
}

double fit_chi_square(const double *counts, const double *expected, size_t n, size_t lost) {
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum += (counts[i] - expected[i]) * (counts[i] - expected[i]) / expected[i];
    }
    return gsl_cdf_chisq_Q(sum, (double)(n - 1 - lost));
}

double fit_mean(const double *values, size_t n) {
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum += values[i] / (double)n;
    }
    return sum;
}

double fit_sd(const double *values, size_t n) {
    double mean = fit_mean(values, n);
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum += (values[i] - mean) * (values[i] - mean);
    }
    return sqrt(sum / (double)(n - 1));
}

struct fit_scene fit_scene_open(const char *yaml, uint64_t seed) {
    struct fit_scene scene = {0};
    struct ls_err err = {0};
    struct ls_scene_opts opts = {.seed = seed, .seed_given = seed != 0};
    int code = ls_scenario_parse(&scene.scenario, yaml, strlen(yaml), "test.yaml", &err);
    cr_assert_eq(code, LS_OK, "%s", err.text);
    code = ls_scene_create(&scene.scene, scene.scenario, &opts, &err);
    cr_assert_eq(code, LS_OK, "%s", err.text);
    size_t room = 0;
    for (;;) {
        if (scene.count == room) {
            room = room == 0 ? 1024 : 2 * room;
            scene.emissions = realloc(scene.emissions, room * sizeof *scene.emissions);
            cr_assert_not_null(scene.emissions);
        }
        code = ls_scene_next(scene.scene, &scene.emissions[scene.count], &err);
        cr_assert_geq(code, 0, "%s", err.text);
        if (code == LS_EOF) {
            return scene;
        }
        scene.count++;
    }
}

void fit_scene_close(struct fit_scene *scene) {
    ls_scene_destroy(scene->scene);
    ls_scenario_destroy(scene->scenario);
    free(scene->emissions);
}

double fit_start_s(const struct fit_scene *scene, size_t i) {
    return (double)(scene->emissions[i].start_ns - scene->scenario->start_ns) / 1e9;
}
