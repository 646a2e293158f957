/* Least squares about the best cell of the grid, by profile likelihood. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "pattern/pass_by.h"

enum {
    REWEIGHINGS = 6,
    PARAMETERS = 6 /* f0, swing, P0, exponent, t0, tau */
};

static const double c_mps = 299792458.0;
static const double z_90 = 1.6448536269514722; /* two-sided 90 % of the normal law */

/* Points along one transmission are means over the time between them. */
static double half_width_s(const struct ls_visit *visit, size_t i) {
    const struct ls_visit_row *row = &visit->row[i];
    int64_t width_ns = INT64_MAX;
    if (i > 0 && row[-1].id == row->id) {
        width_ns = row->t_ns - row[-1].t_ns;
    }
    if (i + 1 < visit->count && row[1].id == row->id && row[1].t_ns - row->t_ns < width_ns) {
        width_ns = row[1].t_ns - row->t_ns;
    }
    return width_ns == INT64_MAX ? 0.0 : (double)width_ns / 2e9;
}

/* What the line of a row is drawn through: its place on the bell, or the mean of the swing over it.
 * (The bell is flat where the swing is steep.) */
static double template_at(const struct ls_visit *visit, const struct ls_pass *at, size_t i,
                          bool doppler) {
    double x = ((double)(visit->row[i].t_ns - visit->row[0].t_ns) / 1e9 - at->t0_s) / at->tau_s;
    if (!doppler) {
        return ls_pass_bell(x);
    }
    double half = half_width_s(visit, i) / at->tau_s;
    return half < 1e-3 ? ls_pass_swing(x)
                       : (hypot(1.0, x - half) - hypot(1.0, x + half)) / (2.0 * half);
}

struct line {
    double base;
    double slope;
    double variance; /* of what is left */
    double n;
};

/* Weighted, as rows far off their line are fades; w: [count] or NULL. */
static struct line fit_line(const struct ls_visit *visit, const struct ls_pass *at, bool doppler,
                            const double *w) {
    double n = 0.0;
    double sx = 0.0;
    double sy = 0.0;
    double sxx = 0.0;
    double sxy = 0.0;
    double syy = 0.0;
    for (size_t i = 0; i < visit->count; i++) {
        double g = template_at(visit, at, i, doppler);
        double y = doppler ? visit->row[i].offset_hz : visit->row[i].level_db;
        double weight = w == NULL ? 1.0 : w[i];
        n += weight;
        sx += weight * g;
        sy += weight * y;
        sxx += weight * g * g;
        sxy += weight * g * y;
        syy += weight * y * y;
    }
    double vxx = sxx - sx * sx / n;
    struct line line = {.n = n};
    line.slope = vxx > 0.0 ? (sxy - sx * sy / n) / vxx : 0.0;
    line.base = (sy - line.slope * sx) / n;
    line.variance = fmax((syy - line.base * sy - line.slope * sxy) / fmax(n - 3.0, 1.0), 1e-12);
    return line;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Huber weights (Huber, "Robust Estimation of a Location Parameter", 1964, k = 1.345), the scale
 * from the median of what is left: a fade, or a point that saw the closest moment go by, would
 * widen a scale that it has part in until it counts in full. */
static void weigh(const struct ls_visit *visit, const struct ls_pass *at, bool doppler,
                  const struct line *line, double *ret_w) {
    double off[LS_VISIT_ROWS];
    double sorted[LS_VISIT_ROWS];
    for (size_t i = 0; i < visit->count; i++) {
        double y = doppler ? visit->row[i].offset_hz : visit->row[i].level_db;
        sorted[i] = off[i] =
            fabs(y - line->base - line->slope * template_at(visit, at, i, doppler));
    }
    qsort(sorted, visit->count, sizeof *sorted, compare);
    double deviation = fmax(1.4826 * sorted[visit->count / 2], doppler ? 0.03 : 0.003);
    for (size_t i = 0; i < visit->count; i++) {
        ret_w[i] = off[i] <= 1.345 * deviation ? 1.0 : 1.345 * deviation / off[i];
    }
}

static double cost(const struct ls_visit *visit, const struct ls_pass *at, const double *w_level,
                   const double *w_offset) {
    double sum = 0.0;
    if (at->level) {
        struct line line = fit_line(visit, at, false, w_level);
        sum += 0.5 * line.n * log(line.variance);
    }
    if (at->doppler) {
        struct line line = fit_line(visit, at, true, w_offset);
        sum += 0.5 * line.n * log(line.variance);
    }
    return sum;
}

/* A grid that shrinks about its best point. */
static struct ls_pass refine(const struct ls_visit *visit, struct ls_pass best,
                             const double *w_level, const double *w_offset) {
    double span = (double)(visit->row[visit->count - 1].t_ns - visit->row[0].t_ns) / 1e9;
    double step_s = span * 0.75 / (LS_PASS_MOMENTS - 1);
    double step_tau = 2.0;
    double least = cost(visit, &best, w_level, w_offset);
    for (int round = 0; round < 18; round++) {
        struct ls_pass middle = best;
        for (int a = -2; a <= 2; a++) {
            for (int b = -2; b <= 2; b++) {
                struct ls_pass at = middle;
                at.t0_s += 0.5 * a * step_s;
                at.tau_s *= pow(step_tau, 0.5 * b);
                double sum = cost(visit, &at, w_level, w_offset);
                if (sum < least) {
                    least = sum;
                    best = at;
                }
            }
        }
        step_s *= 0.7;
        step_tau = pow(step_tau, 0.7);
    }
    return best;
}

/* The diagonal of the inverse of a symmetric matrix by Gauss and Jordan, scaled to a unit diagonal
 * first, as seconds and Hz differ by orders. False: not positive definite. (GSL's routines call an
 * error handler that ends the program.) */
static bool invert(double a[PARAMETERS][PARAMETERS], double ret_diagonal[PARAMETERS]) {
    double scale[PARAMETERS];
    for (size_t i = 0; i < PARAMETERS; i++) {
        if (!(a[i][i] > 0.0) || !isfinite(a[i][i])) {
            return false;
        }
        scale[i] = sqrt(a[i][i]);
    }
    for (size_t i = 0; i < PARAMETERS; i++) {
        for (size_t j = 0; j < PARAMETERS; j++) {
            a[i][j] /= scale[i] * scale[j];
        }
    }
    /* Each step exchanges one variable; afterwards a holds the inverse. */
    for (size_t k = 0; k < PARAMETERS; k++) {
        double pivot = a[k][k];
        if (!(pivot > 1e-12)) {
            return false;
        }
        a[k][k] = 1.0;
        for (size_t j = 0; j < PARAMETERS; j++) {
            a[k][j] /= pivot;
        }
        for (size_t i = 0; i < PARAMETERS; i++) {
            double factor = a[i][k];
            if (i == k) {
                continue;
            }
            a[i][k] = 0.0;
            for (size_t j = 0; j < PARAMETERS; j++) {
                a[i][j] -= factor * a[k][j];
            }
        }
    }
    for (size_t i = 0; i < PARAMETERS; i++) {
        ret_diagonal[i] = a[i][i] / (scale[i] * scale[i]);
    }
    return true;
}

/* Fisher information of all six parameters at the fit; false: singular. ret_variance: the diagonal
 * of its inverse. */
static bool variances(const struct ls_visit *visit, const struct ls_pass *at,
                      const struct line *level, const struct line *offset,
                      double ret_variance[PARAMETERS]) {
    double information[PARAMETERS][PARAMETERS] = {0};
    for (size_t i = 0; i < visit->count; i++) {
        double t = (double)(visit->row[i].t_ns - visit->row[0].t_ns) / 1e9;
        double x = (t - at->t0_s) / at->tau_s;
        double h = 1.0 + x * x;
        double dswing = -1.0 / (h * sqrt(h)); /* by x */
        double dbell = -10.0 / M_LN10 * x / h;
        const double f[PARAMETERS] = {1.0,
                                      ls_pass_swing(x),
                                      0.0,
                                      0.0,
                                      -offset->slope * dswing / at->tau_s,
                                      -offset->slope * dswing * x / at->tau_s};
        const double p[PARAMETERS] = {0.0,
                                      0.0,
                                      1.0,
                                      ls_pass_bell(x),
                                      -level->slope * dbell / at->tau_s,
                                      -level->slope * dbell * x / at->tau_s};
        for (size_t a = 0; a < PARAMETERS; a++) {
            for (size_t b = 0; b < PARAMETERS; b++) {
                information[a][b] += f[a] * f[b] / offset->variance + p[a] * p[b] / level->variance;
            }
        }
    }
    return invert(information, ret_variance);
}

static bool locked(const char *class_name) {
    static const char *const cellular[] = {"gsm", "gsm-access", "lte-uplink", "lte-prach",
                                           "nr",  "wcdma",      "nb-iot"};
    for (size_t i = 0; i < LS_COUNT(cellular); i++) {
        if (strcmp(cellular[i], class_name) == 0) {
            return true;
        }
    }
    return false;
}

static const char *why_no_speed(const struct ls_visit *visit, const struct ls_pass *at) {
    size_t before = 0;
    for (size_t i = 0; i < visit->count; i++) {
        before += (double)(visit->row[i].t_ns - visit->row[0].t_ns) / 1e9 < at->t0_s;
    }
    if (!at->doppler) {
        return "no carrier offsets: level alone gives no speed";
    }
    if (locked(visit->channel.class_name)) {
        return "a phone's carrier has its cell's share of the Doppler in it";
    }
    if (before < 8 || visit->count - before < 8) {
        return "too few rows on one side";
    }
    return NULL;
}

struct ls_pass_fit ls_pass_fit(const struct ls_visit *visit, const struct ls_pass *pass) {
    double w_level[LS_VISIT_ROWS];
    double w_offset[LS_VISIT_ROWS];
    double variance[PARAMETERS];
    struct ls_pass at = refine(visit, *pass, NULL, NULL);
    struct line level = {.variance = 1.0};
    struct line offset = {.variance = 1.0};
    for (int round = 0; round < REWEIGHINGS; round++) {
        if (at.level) {
            level = fit_line(visit, &at, false, round == 0 ? NULL : w_level);
            weigh(visit, &at, false, &level, w_level);
        }
        if (at.doppler) {
            offset = fit_line(visit, &at, true, round == 0 ? NULL : w_offset);
            weigh(visit, &at, true, &offset, w_offset);
        }
        at = refine(visit, at, at.level ? w_level : NULL, at.doppler ? w_offset : NULL);
    }
    struct ls_pass_fit fit = {.t0_s = at.t0_s,
                              .t0_error_s = (double)NAN,
                              .speed_mps = (double)NAN,
                              .speed_error_mps = (double)NAN,
                              .why = why_no_speed(visit, &at)};
    if (!at.level || !at.doppler || !variances(visit, &at, &level, &offset, variance)) {
        fit.why = fit.why == NULL ? "the curve does not fix it" : fit.why;
        return fit;
    }
    fit.t0_error_s = z_90 * sqrt(variance[4]);
    double speed = offset.slope * c_mps / visit->channel.center_hz;
    double error = z_90 * sqrt(variance[1]) * c_mps / visit->channel.center_hz;
    if (fit.why == NULL && !(error < 0.5 * speed)) {
        fit.why = "the curve does not fix it";
    }
    if (fit.why == NULL) {
        fit.speed_mps = speed;
        fit.speed_error_mps = error;
    }
    return fit;
}
