#include "pattern/words.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/time.h"

static const double z90 = 1.6448536269514722;

const char *ls_words_timing(const struct ls_fit *fit) {
    return fit->clock ? "clock-locked" : "wait-after-release";
}

/* Of all cycles of a clock the middle one is known best. */
static int64_t middle_cycle(const struct ls_unit *unit) {
    const struct ls_fit *fit = unit->fit;
    int64_t origin = unit->heard[0].t_ns;
    double sum_s = 0.0;
    double members = 0.0;
    for (size_t i = 0; i < unit->count; i++) {
        sum_s += unit->member[i] != 0 ? (double)(unit->heard[i].t_ns - origin) / 1e9 : 0.0;
        members += unit->member[i] != 0 ? 1.0 : 0.0;
    }
    double cycles = rint((sum_s / fmax(members, 1.0) - fit->phase_s) / fit->period_s);
    return origin + ls_ns_from_seconds(fit->phase_s + cycles * fit->period_s);
}

static double cycle_error(const struct ls_fit *fit) {
    return z90 * fit->jitter_s / sqrt((double)fit->members);
}

void ls_words_phase(const struct ls_unit *unit, struct ls_finding *finding) {
    const struct ls_fit *fit = unit->fit;
    if (!fit->clock) {
        ls_finding_word(finding, "phase", "not estimable");
        return;
    }
    /* From midnight the error of the period adds up; since 1970 it would be more than a period. */
    int64_t cycle_ns = middle_cycle(unit);
    double since_s = (double)(cycle_ns - ls_time_midnight(cycle_ns)) / 1e9;
    double phase = fmod(since_s, fit->period_s);
    double drift = 0.5 * (fit->period_high_s - fit->period_low_s) * floor(since_s / fit->period_s);
    double error = hypot(cycle_error(fit), drift);
    ls_finding_number(finding, "phase", phase, phase - error, phase + error);
}

void ls_words_cycle(const struct ls_unit *unit, struct ls_finding *finding) {
    if (unit->fit->clock) {
        double cycle_ns = (double)middle_cycle(unit);
        double error_ns = 1e9 * cycle_error(unit->fit);
        ls_finding_number(finding, "cycle_ns", cycle_ns, cycle_ns - error_ns, cycle_ns + error_ns);
    }
}

/* Quantile of the beta law by bisection: the library's own inverse gives up, and ends the program,
 * for shapes in the tens of thousands. Above 2e4 the continued fraction behind the law itself
 * takes too long, and the normal law is within 1e-4. */
static double beta_quantile(double p, double a, double b) {
    static const double large = 2e4;
    if (a + b > large) {
        double mean = a / (a + b);
        double z = p < 0.5 ? -z90 : z90;
        double quantile = mean + z * sqrt(mean * (1.0 - mean) / (a + b + 1.0));
        return fmin(fmax(quantile, 0.0), 1.0);
    }
    double low = 0.0;
    double high = 1.0;
    for (int i = 0; i < 50; i++) {
        double middle = 0.5 * (low + high);
        if (gsl_cdf_beta_P(middle, a, b) < p) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return 0.5 * (low + high);
}

/* Share of the cycles in which somebody listened and nothing came. */
static double missed_share(const struct ls_fit *fit) {
    double n = fmax(fit->expected, 1.0);
    return fmax(0.0, n - (double)fit->members) / n;
}

void ls_words_rhythm(const struct ls_unit *unit, char ret[LS_RHYTHM_BYTES]) {
    double missed = missed_share(unit->fit);
    if (missed > 0.5) {
        snprintf(ret, LS_RHYTHM_BYTES, "at multiples of %.6g s, %.0f %% of them without one",
                 unit->fit->period_s, 100.0 * missed);
    } else {
        snprintf(ret, LS_RHYTHM_BYTES, "one every %.6g s", unit->fit->period_s);
    }
}

void ls_words_missed(const struct ls_unit *unit, struct ls_finding *finding) {
    double n = fmax(unit->fit->expected, 1.0);
    double missed = n * missed_share(unit->fit);
    double low = missed > 0.0 ? beta_quantile(0.05, missed, n - missed + 1.0) : 0.0;
    double high = missed < n ? beta_quantile(0.95, missed + 1.0, n - missed) : 1.0;
    ls_finding_number(finding, "missed_fraction", missed / n, low, high);
}

void ls_words_rival(struct ls_finding *finding, const char *format, ...) {
    if (finding->rival_count < LS_RIVALS_MAX) {
        va_list args;
        va_start(args, format);
        vsnprintf(finding->rivals[finding->rival_count++], LS_RIVAL_BYTES, format, args);
        va_end(args);
    }
}

/* Mean of x[n] without its tenth of largest deviations, which are transmissions cut or merged. */
static struct ls_mean mean_of(double *x, size_t n) {
    struct ls_mean m = {(double)NAN, (double)NAN, (double)NAN, (double)NAN};
    if (n == 0) {
        return m;
    }
    gsl_sort(x, 1, n);
    double middle = gsl_stats_median_from_sorted_data(x, 1, n);
    double quartile = 0.5 * (gsl_stats_quantile_from_sorted_data(x, 1, n, 0.75) -
                             gsl_stats_quantile_from_sorted_data(x, 1, n, 0.25));
    /* 4.4 quartile deviations are 3 standard deviations of a normal law. */
    double limit = fmax(4.4 * quartile, 1e-3 * fabs(middle));
    size_t first = 0;
    size_t last = n;
    while (first < n && x[first] < middle - limit) {
        first++;
    }
    while (last > first && x[last - 1] > middle + limit) {
        last--;
    }
    size_t kept = last - first;
    m.mean = gsl_stats_mean(x + first, 1, kept);
    m.spread = kept > 1 ? gsl_stats_sd(x + first, 1, kept) : (double)NAN;
    double error =
        kept > 1 ? gsl_cdf_tdist_Pinv(0.95, (double)(kept - 1)) * m.spread / sqrt((double)kept)
                 : (double)NAN;
    m.low = m.mean - error;
    m.high = m.mean + error;
    return m;
}

struct ls_mean ls_words_on(const struct ls_unit *unit) {
    double x[LS_WINDOW_EVENTS];
    size_t n = 0;
    for (size_t i = 0; i < unit->count; i++) {
        if (unit->member[i] != 0) {
            x[n++] = (double)(unit->heard[i].stop_ns - unit->heard[i].t_ns) / (double)LS_NS_PER_S;
        }
    }
    return mean_of(x, n);
}

struct ls_mean ls_words_off(const struct ls_unit *unit) {
    double x[LS_WINDOW_EVENTS];
    size_t n = 0;
    size_t last = unit->count;
    for (size_t i = 0; i < unit->count; i++) {
        if (unit->member[i] == 0) {
            continue;
        }
        if (last < i &&
            (double)(unit->heard[i].t_ns - unit->heard[last].t_ns) / (double)LS_NS_PER_S <
                1.5 * unit->fit->period_s) {
            x[n++] =
                (double)(unit->heard[i].t_ns - unit->heard[last].stop_ns) / (double)LS_NS_PER_S;
        }
        last = i;
    }
    return mean_of(x, n);
}

/* Laws of people: a log-normal or Weibull law with less spread than this (a fifth of the mean) is a
 * machine's. */
static const double irregular_sigma = 0.2;
static const double irregular_shape = 6.0;

/* Log-likelihood per interval of the window's first-order intervals under three laws that people
 * and machines without a schedule follow, fitted by their own moments or likelihood. */
struct laws {
    double exponential;
    double log_normal;
    double weibull;
    double regular; /* normal about the period and its multiples */
    size_t count;
};

/* Shape of a Weibull law by its likelihood equation, bisected; x > 0. */
static double weibull_shape(const double *x, size_t n, double mean_log) {
    double low = 0.05;
    double high = 200.0;
    for (int round = 0; round < 60; round++) {
        double k = sqrt(low * high);
        double sum = 0.0;
        double weighted = 0.0;
        for (size_t i = 0; i < n; i++) {
            double power = pow(x[i], k);
            sum += power;
            weighted += power * log(x[i]);
        }
        if (weighted / sum - 1.0 / k - mean_log > 0.0) {
            high = k;
        } else {
            low = k;
        }
    }
    return sqrt(low * high);
}

static struct laws judge_laws(const struct ls_unit *unit) {
    double x[LS_WINDOW_EVENTS];
    struct laws laws = {.count = 0};
    double mean = 0.0;
    size_t last = unit->count;
    for (size_t i = 0; i < unit->count; i++) {
        if (unit->member[i] == 0) {
            continue;
        }
        double d = last < i ? (double)(unit->heard[i].t_ns - unit->heard[last].t_ns) /
                                  (double)LS_NS_PER_S / unit->fit->period_s
                            : 0.0;
        last = i;
        if (d > 0.0 && d < 4.5) { /* longer ones are breaks */
            x[laws.count++] = d;
            mean += d;
        }
    }
    double n = (double)laws.count;
    if (laws.count < 4) {
        return laws;
    }
    mean /= n;
    double mean_log = 0.0;
    double var_log = 0.0;
    double squares = 0.0;
    for (size_t i = 0; i < laws.count; i++) {
        mean_log += log(x[i]) / n;
        double r = x[i] - fmax(1.0, rint(x[i]));
        squares += r * r / n;
    }
    for (size_t i = 0; i < laws.count; i++) {
        var_log += (log(x[i]) - mean_log) * (log(x[i]) - mean_log) / n;
    }
    double floor = 1e-3; /* of a period */
    double sigma = fmax(sqrt(var_log), irregular_sigma);
    double shape = fmin(weibull_shape(x, laws.count, mean_log), irregular_shape);
    double scale = 0.0;
    for (size_t i = 0; i < laws.count; i++) {
        scale += pow(x[i], shape) / n;
    }
    laws.exponential = -log(mean) - 1.0;
    laws.log_normal = -mean_log - log(sigma * sqrt(2.0 * M_PI)) - 0.5 * var_log / (sigma * sigma);
    laws.weibull = log(shape) - log(scale) + (shape - 1.0) * mean_log - 1.0;
    /* Multiples cost the choice among four. */
    laws.regular = -0.5 * log(2.0 * M_PI * fmax(squares, floor * floor)) - 0.5 - log(4.0);
    return laws;
}

enum { RATIO_BYTES = 16 };

/* A fit says nothing of ratios that are less. */
static const double ratio_least_log10 = -99.0;

/* "1e-42", "0.3", "below 1e-99". */
static void ratio_text(double log10_ratio, char ret[RATIO_BYTES]) {
    if (log10_ratio <= ratio_least_log10) {
        snprintf(ret, RATIO_BYTES, "below 1e-99");
    } else if (fabs(log10_ratio) < 1.5) {
        snprintf(ret, RATIO_BYTES, "%.1g", pow(10.0, log10_ratio));
    } else {
        snprintf(ret, RATIO_BYTES, "1e%+.0f", log10_ratio);
    }
}

/* Laws that no clock is behind, against multiples of the period; where one is likelier, a reader is
 * told in words. */
static void irregular_rival(const struct ls_unit *unit, struct ls_finding *finding) {
    struct laws laws = judge_laws(unit);
    if (laws.count < 4) {
        return;
    }
    double each[3] = {laws.exponential, laws.log_normal, laws.weibull};
    char text[3][RATIO_BYTES];
    double most = -(double)INFINITY;
    for (size_t i = 0; i < 3; i++) {
        double log10_ratio = (each[i] - laws.regular) * (double)laws.count / M_LN10;
        most = fmax(most, log10_ratio);
        ratio_text(log10_ratio, text[i]);
    }
    if (most <= ratio_least_log10) {
        ls_words_rival(finding, "intervals exponential, log-normal, Weibull: likelihood %s each",
                       text[0]);
    } else {
        ls_words_rival(finding,
                       "intervals exponential, log-normal, Weibull: likelihood %s, %s, %s%s",
                       text[0], text[1], text[2], most > 0.0 ? ": likelier than regular ones" : "");
    }
}

void ls_words_rivals(const struct ls_unit *unit, struct ls_finding *finding) {
    const struct ls_fit *fit = unit->fit;
    const char *other = fit->clock ? "wait-after-release" : "clock-locked";
    char ratio[RATIO_BYTES];
    if (isfinite(fit->rival_log10)) {
        ratio_text(-fit->rival_log10, ratio);
        ls_words_rival(finding, "%s: likelihood %s of that of %s", other, ratio,
                       ls_words_timing(fit));
    } else {
        ls_words_rival(finding, "%s: not tried, listening too interrupted for intervals", other);
    }
    if (isfinite(fit->alias_log10)) {
        ratio_text(-fit->alias_log10, ratio);
        ls_words_rival(finding, "period of %.6g s (%.3g of it): likelihood %s", fit->alias_s,
                       fit->alias_s / fit->period_s, ratio);
    }
    irregular_rival(unit, finding);
    if (unit->number > 0) {
        ls_words_rival(finding, "device %zu told apart by timing alone: shares its emitter slot",
                       unit->number + 1);
    }
}
