#include "dsp/looks.h"

#include <criterion/criterion.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

#include "base/util.h"
#include "tests/dsp/scene.h"

Test(looks, threshold_is_the_inverse_of_the_gamma_law) {
    static const double looks[] = {1.0, 1.445, 3.0, 9.65, 64.0, 700.0};
    static const double tails[] = {0.3, 1e-2, 1e-4, 1e-7};
    for (size_t i = 0; i < LS_COUNT(looks); i++) {
        for (size_t k = 0; k < LS_COUNT(tails); k++) {
            double want = gsl_cdf_gamma_Qinv(tails[k], looks[i], 1.0 / looks[i]);
            double got = ls_looks_threshold(looks[i], tails[k]);
            /* gsl_cdf_gamma_Qinv iterates to some 1e-8. */
            cr_expect_float_eq(got / want, 1.0, 1e-7, "K %g, p %g: %.12g, not %.12g", looks[i],
                               tails[k], got, want);
        }
    }
}

/* Values by mpmath with 60 digits: bisection on log(gammainc(K, K t, inf) / gamma(K)) = log p. */
Test(looks, threshold_holds_far_out) {
    static const struct {
        double looks;
        double p;
        double t;
    } rows[] = {
        {1, 1e-6, 13.815510557964274},      {1, 1e-13, 29.933606208922594},
        {1, 1e-40, 92.103403719761827},     {1.5, 1e-6, 10.221616568737866},
        {1.5, 1e-13, 21.199654582851461},   {1.5, 1e-40, 63.002503450666682},
        {2.75, 1e-6, 6.7433399738087616},   {2.75, 1e-13, 13.006153563197048},
        {2.75, 1e-40, 36.254363681468586},  {10, 1e-6, 3.2710340517523918},
        {10, 1e-13, 5.3055283494350518},    {10, 1e-40, 12.266198878161857},
        {64.5, 1e-6, 1.7069870906775577},   {64.5, 1e-13, 2.2050121477555616},
        {64.5, 1e-40, 3.6648661792887103},  {1000, 1e-6, 1.1575779110089264},
        {1000, 1e-13, 1.2503500264405059},  {1000, 1e-40, 1.4815309951322419},
        {25000, 1e-6, 1.0303517465419179},  {25000, 1e-13, 1.0471870077157603},
        {25000, 1e-40, 1.0865504649477985},
    };
    for (size_t i = 0; i < LS_COUNT(rows); i++) {
        double got = ls_looks_threshold(rows[i].looks, rows[i].p);
        /* The bisection ends at 1e-13 of the value; the logarithm of the tail is good to 1e-12. */
        cr_expect_float_eq(got / rows[i].t, 1.0, 1e-11, "K %g, p %g: %.15g, not %.15g",
                           rows[i].looks, rows[i].p, got, rows[i].t);
    }
}

Test(looks, tail_stays_finite_where_doubles_underflow) {
    static const struct {
        double looks;
        double t;
        double log_tail;
    } rows[] = {{1.5, 600, -896.47746528736885},
                {3, 400, -1186.5113268431117},
                {1000, 4, -1619.1775947741076},
                {25000, 1.5, -2368.661647409124}};
    for (size_t i = 0; i < LS_COUNT(rows); i++) {
        double got = ls_looks_log_tail(rows[i].looks, rows[i].t);
        cr_expect_float_eq(got / rows[i].log_tail, 1.0, 1e-11);
    }
}

Test(looks, threshold_falls_with_looks_and_rises_with_rarity) {
    double before = INFINITY;
    for (double looks = 1.0; looks < 1e5; looks *= 1.37) {
        double t = ls_looks_threshold(looks, 1e-10);
        cr_expect(t < before && t > 1.0, "K %g: %g after %g", looks, t, before);
        cr_expect_gt(ls_looks_threshold(looks, 1e-11), t);
        before = t;
    }
}

Test(looks, truncated_mean_is_the_mean_below_the_cut) {
    static const double looks[] = {1.0, 4.7, 40.0};
    for (size_t i = 0; i < LS_COUNT(looks); i++) {
        double k = looks[i];
        double cut = ls_looks_quantile(k, 0.8);
        cr_expect_float_eq(gsl_cdf_gamma_P(cut, k, 1.0 / k), 0.8, 1e-6);
        /* The midpoint rule on the quantile function: error below 1e-4 with 20000 points. */
        double sum = 0.0;
        enum { POINTS = 20000 };
        for (int j = 0; j < POINTS; j++) {
            sum += gsl_cdf_gamma_Pinv(0.8 * (j + 0.5) / POINTS, k, 1.0 / k);
        }
        cr_expect_float_eq(ls_looks_truncated_mean(k, cut), sum / POINTS, 1e-4);
    }
}

struct shape {
    size_t frames;
    size_t channels;
};

static double mean_of_box(const struct scene *scene, struct shape shape, size_t f, size_t c) {
    double mean = 0.0;
    for (size_t i = 0; i < shape.frames * shape.channels; i++) {
        size_t at = (f + i / shape.channels) * scene->channels + c + i % shape.channels;
        mean += (double)scene->power[at] / scene->noise_pow;
    }
    return mean / (double)(shape.frames * shape.channels);
}

/* Variance of the means of boxes of this shape, noise mean 1. */
static double variance_of_means(const struct scene *scene, struct shape shape, size_t *ret_boxes) {
    double sum = 0.0;
    double squares = 0.0;
    size_t boxes = 0;
    /* A gap of 8 frames and 2 channels keeps the boxes independent. */
    for (size_t f = 0; f + shape.frames <= 2 * scene->rows; f += shape.frames + 8) {
        for (size_t c = 0; c + shape.channels <= scene->channels; c += shape.channels + 2) {
            double mean = mean_of_box(scene, shape, f, c);
            sum += mean;
            squares += mean * mean;
            boxes++;
        }
    }
    double n = (double)boxes;
    *ret_boxes = boxes;
    return squares / n - (sum / n) * (sum / n);
}

static size_t means_above(const struct scene *scene, struct shape shape, double limit,
                          size_t *ret_boxes) {
    size_t above = 0;
    size_t boxes = 0;
    for (size_t f = 0; f + shape.frames <= 2 * scene->rows; f += shape.frames + 8) {
        for (size_t c = 0; c + shape.channels <= scene->channels; c += shape.channels + 2) {
            above += mean_of_box(scene, shape, f, c) > limit;
            boxes++;
        }
    }
    *ret_boxes = boxes;
    return above;
}

Test(looks, effective_looks_are_what_the_bank_gives_on_white_noise) {
    static const struct shape shapes[] = {{1, 1}, {2, 1},  {1, 4},  {8, 1},
                                          {2, 8}, {16, 4}, {64, 2}, {32, 32}};
    struct scene scene;
    scene_init(&scene, 128, 8192, 11);
    scene_noise(&scene);
    scene_transform(&scene);
    for (size_t i = 0; i < LS_COUNT(shapes); i++) {
        size_t boxes;
        double variance = variance_of_means(&scene, shapes[i], &boxes);
        double looks = ls_looks_effective(scene.looks, shapes[i].frames, shapes[i].channels);
        /* Variance of a variance: (2 + 6 / K) / boxes for a gamma law; four of its deviations. */
        double sigma = sqrt((2.0 + 6.0 / looks) / (double)boxes);
        cr_expect_float_eq(variance * looks, 1.0, 4.0 * sigma, "%zu x %zu: %.4f, %zu boxes",
                           shapes[i].frames, shapes[i].channels, variance * looks, boxes);
    }
    scene_finish(&scene);
}

Test(looks, a_cell_is_one_look_and_boxes_never_have_more_than_cells) {
    struct scene scene;
    scene_init(&scene, 64, 16, 1);
    cr_expect_float_eq(ls_looks_effective(scene.looks, 1, 1), 1.0, 1e-12);
    for (size_t frames = 1; frames <= 4096; frames *= 2) {
        for (size_t channels = 1; channels <= 64; channels *= 2) {
            double looks = ls_looks_effective(scene.looks, frames, channels);
            cr_expect(looks >= 1.0 && looks <= (double)(frames * channels) + 1e-9);
            cr_expect_gt(ls_looks_effective(scene.looks, 2 * frames, channels), looks);
        }
    }
    scene_finish(&scene);
}

/* One cell is one exponential; 60 hops apart or not, two hops of one channel are two correlated
 * ones: eigenvalues 1 +/- rho, whose sum has the hypoexponential tail (a exp(-x/a) - b exp(-x/b)) /
 * (a - b). */
Test(looks, box_tail_is_that_of_its_eigenvalues) {
    struct scene scene;
    scene_init(&scene, 64, 16, 1);
    double rho = sqrt(2.0 / ls_looks_effective(scene.looks, 2, 1) - 1.0);
    double a = 1.0 + rho;
    double b = 1.0 - rho;
    for (double t = 3.0; t < 40.0; t *= 1.4) {
        struct ls_looks_box one = {.frames = 1, .channels = 1};
        cr_expect_float_eq(ls_looks_box_log_tail(scene.looks, &one, t), -t, 0.1, "t %g", t);
        struct ls_looks_box two = {.frames = 2, .channels = 1};
        double x = 2.0 * t;
        double tail = (a * exp(-x / a) - b * exp(-x / b)) / (a - b);
        cr_expect_float_eq(ls_looks_box_log_tail(scene.looks, &two, t), log(tail), 0.1, "t %g", t);
        double p = exp(ls_looks_box_log_tail(scene.looks, &two, t));
        cr_expect_float_eq(ls_looks_box_threshold(scene.looks, &two, p), t, 1e-9 * t);
    }
    scene_finish(&scene);
}

/* Large boxes of equal looks tend to the Gamma law. */
Test(looks, box_threshold_goes_with_looks) {
    struct scene scene;
    scene_init(&scene, 64, 16, 1);
    struct ls_looks_box box = {.frames = 4096, .channels = 32};
    double looks = ls_looks_effective(scene.looks, 4096, 32);
    double excess = ls_looks_box_threshold(scene.looks, &box, 1e-6) - 1.0;
    cr_expect_float_eq(excess / (ls_looks_threshold(looks, 1e-6) - 1.0), 1.0, 1e-2);
    scene_finish(&scene);
}

/* A floor of few looks is far below its mean more often than a box of as many is above it: the
 * ratio of two Gamma variates has Fisher's law. */
Test(looks, box_over_an_uncertain_floor_has_fishers_tail) {
    struct scene scene;
    scene_init(&scene, 64, 16, 1);
    struct ls_looks_box box = {.frames = 4096, .channels = 1, .floor_variance = 1.0 / 200.0};
    double looks = ls_looks_effective(scene.looks, box.frames, 1);
    const double ratios[] = {1.15, 1.3, 1.5};
    for (size_t i = 0; i < sizeof ratios / sizeof ratios[0]; i++) {
        double tail = log(gsl_cdf_fdist_Q(ratios[i], 2.0 * looks, 400.0));
        cr_expect_float_eq(ls_looks_box_log_tail(scene.looks, &box, ratios[i]), tail, 0.1,
                           "ratio %g: %g", ratios[i], tail);
    }
    scene_finish(&scene);
}

/* What the bank gives on white noise, in boxes that the law takes from smaller ones and in such
 * that it knows. */
Test(looks, box_tail_is_what_the_bank_gives_on_white_noise) {
    static const struct shape shapes[] = {{2, 1}, {4, 2}, {6, 1}, {8, 4}, {12, 3}, {32, 2}};
    static const double tail = 2e-3;
    struct scene scene;
    scene_init(&scene, 128, 8192, 12);
    scene_noise(&scene);
    scene_transform(&scene);
    for (size_t i = 0; i < LS_COUNT(shapes); i++) {
        struct ls_looks_box box = {.frames = shapes[i].frames, .channels = shapes[i].channels};
        double t = ls_looks_box_threshold(scene.looks, &box, tail);
        size_t boxes;
        size_t above = means_above(&scene, shapes[i], t, &boxes);
        /* Poisson, four deviations, and the 10 % that the law promises. */
        double want = tail * (double)boxes;
        cr_expect_float_eq((double)above, want, 4.0 * sqrt(want) + 0.1 * want,
                           "%zu x %zu: %zu of %zu boxes, not %.1f", shapes[i].frames,
                           shapes[i].channels, above, boxes, want);
    }
    scene_finish(&scene);
}
