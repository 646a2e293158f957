#include "pattern/fit.h"

#include <assert.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sf_gamma.h>
#include <math.h>
#include <string.h>

#include "pattern/chain.h"
#include "pattern/residues.h"

enum { ROUNDS = 25, HOPS_MIN = 5, HOPS_MAX = 64 };
static const double aliases[LS_FIT_ALIASES] = {1.0 / 2.0, 2.0,       1.0 / 3.0, 3.0,
                                               2.0 / 3.0, 3.0 / 2.0, 1.0 / 4.0};
static const double hops_gain = 10.0; /* of the natural logarithm; one clock in so many tries: 4 */
/* What is heard less often or spreads more is a grid of the log's, such as blocks of 0.13 s. */
static const double hops_heard = 32.0; /* one in so many */
static const double hops_sharp = 0.1;
static const double several_units = 12.0; /* of ls_residues_gain; one clock: once in 1e4 */
static const double chain_share = 0.75;   /* of a clock's members, links that show that it drifts */
static const double missed_sharp = 0.03;  /* of a period: a clock of which cycles are missed */
static const double missed_share = 0.9;   /* of all events, that such a clock holds */
static const double sure_drift = 12.0;    /* of the natural logarithm, against a clock that won */
static const double member_sigmas = 3.0;
static const double spread_min_s = 2e-4; /* edges of bursts are known to a hop, not better */
static const double z90 = 1.6448536269514722;

/* --- a clock --- */

struct clock {
    double period_s;
    double phase_s;
    double sigma_s;
    double share;
    double log_likelihood; /* over events of any phase */
    size_t members;
    double period_error_s;
};

static double residual(const struct clock *c, double t_s) {
    double cycles = (t_s - c->phase_s) / c->period_s;
    return (cycles - rint(cycles)) * c->period_s;
}

/* Members are no farther than this from their cycle. */
static double member_limit(const struct clock *c) {
    return fmin(fmax(member_sigmas * c->sigma_s, 2.0 * spread_min_s), 0.25 * c->period_s);
}

/* Where most phases are: the middle of the four neighbours of so many bins with the most events in
 * them. */
static double densest_phase(const struct ls_arrivals *a, double period_s, size_t count) {
    enum { BINS = 400, WIDE = 4 };
    unsigned bins[BINS] = {0};
    assert(count <= BINS);
    for (size_t i = 0; i < a->count; i++) {
        double cycles = a->t_s[i] / period_s;
        bins[(size_t)((cycles - floor(cycles)) * (double)count) % count]++;
    }
    unsigned most = 0;
    size_t at = 0;
    for (size_t b = 0; b < count; b++) {
        unsigned sum = 0;
        for (size_t k = 0; k < WIDE; k++) {
            sum += bins[(b + k) % count];
        }
        if (sum > most) {
            most = sum;
            at = b;
        }
    }
    return ((double)at + 0.5 * WIDE) / (double)count * period_s;
}

/* Regression of member times on cycle numbers. */
static void regress(const struct ls_arrivals *a, struct clock *c) {
    double n = 0.0;
    double sk = 0.0;
    double st = 0.0;
    double skk = 0.0;
    double skt = 0.0;
    double limit = member_limit(c);
    for (size_t i = 0; i < a->count; i++) {
        double r = residual(c, a->t_s[i]);
        if (fabs(r) <= limit) {
            double k = rint((a->t_s[i] - c->phase_s) / c->period_s);
            n += 1.0;
            sk += k;
            st += r;
            skk += k * k;
            skt += k * r;
        }
    }
    double determinant = n * skk - sk * sk;
    c->members = (size_t)n;
    if (n < 3.0 || determinant <= 0.0) {
        c->period_error_s = (double)NAN;
        return;
    }
    double slope = (n * skt - sk * st) / determinant;
    c->phase_s += (st - slope * sk) / n;
    c->period_s += slope;
    c->period_error_s = c->sigma_s * sqrt(n / determinant);
}

static void maximise(const struct ls_arrivals *a, struct clock *c, double least_s) {
    double members = 0.0;
    double squares = 0.0;
    double shift = 0.0;
    c->log_likelihood = 0.0;
    for (size_t i = 0; i < a->count; i++) {
        double r = residual(c, a->t_s[i]);
        double near = c->share * c->period_s / (c->sigma_s * sqrt(2.0 * M_PI)) *
                      exp(-0.5 * r * r / (c->sigma_s * c->sigma_s));
        double all = near + (1.0 - c->share);
        double w = near / all;
        members += w;
        squares += w * r * r;
        shift += w * r;
        c->log_likelihood += log(all);
    }
    if (members > 1.0) {
        shift /= members;
        c->phase_s += shift;
        c->sigma_s = fmax(sqrt(fmax(0.0, squares / members - shift * shift)), least_s);
        c->sigma_s = fmin(c->sigma_s, 0.25 * c->period_s);
    }
    c->share = fmin(fmax(members / (double)a->count, 0.02), 0.99);
}

/* The bins are as fine as the spread that it begins with. */
static struct clock fit_from(const struct ls_arrivals *a, double period_s, double least_s,
                             double spread) {
    struct clock c = {.period_s = period_s,
                      .phase_s = densest_phase(a, period_s, (size_t)(1.6 / spread)),
                      .sigma_s = fmax(spread * period_s, least_s),
                      .share = 0.7};
    for (int round = 0; round < ROUNDS; round++) {
        maximise(a, &c, least_s);
        regress(a, &c);
    }
    maximise(a, &c, least_s);
    return c;
}

/* Two devices of one period whose phases are near look like one that jitters: whichever is
 * likelier, one that jitters or one of two that do not. */
static struct clock fit_clock(const struct ls_arrivals *a, double period_s, double least_s) {
    struct clock wide = fit_from(a, period_s, least_s, 0.04);
    struct clock narrow = fit_from(a, wide.period_s, least_s, 0.004);
    return narrow.log_likelihood > wide.log_likelihood ? narrow : wide;
}

/* --- which --- */

static double clock_likelihood(const struct ls_arrivals *a, const unsigned char *member,
                               const struct clock *c, double least_s) {
    double residuals_s[LS_ARRIVALS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < a->count; i++) {
        if (member[i] != 0) {
            residuals_s[n++] = residual(c, a->t_s[i]);
        }
    }
    return ls_chain_residuals(residuals_s, n, c->period_s, least_s);
}

static void count_expected(const struct ls_arrivals *a, struct ls_fit *fit) {
    double first = (double)NAN;
    double last = (double)NAN;
    fit->members = 0;
    for (size_t i = 0; i < a->count; i++) {
        if (fit->member[i] != 0) {
            first = isnan(first) ? a->t_s[i] : first;
            last = a->t_s[i];
            fit->members++;
        }
    }
    double listened = fit->members < 2
                          ? 0.0
                          : ls_good_time_clock(a->good, last) - ls_good_time_clock(a->good, first);
    fit->expected = fmax((double)fit->members, rint(listened / fit->period_s) + 1.0);
}

/* The best of the period and its simple fractions; the runner-up goes to fit. */
static struct clock best_alias(const struct ls_arrivals *a, double period_s, double least_s,
                               struct ls_fit *fit) {
    struct clock best = fit_clock(a, period_s, least_s);
    fit->alias_log10 = (double)INFINITY;
    fit->alias_s = (double)NAN;
    double second = -(double)INFINITY;
    /* Twice, so that a quarter is found from a half. */
    for (int round = 0; round < 2; round++) {
        double center = best.period_s;
        for (size_t k = 0; k < LS_FIT_ALIASES; k++) {
            struct clock c = fit_clock(a, center * aliases[k], least_s);
            if (c.period_s <= 4.0 * least_s || c.members < 4) {
                continue;
            }
            struct clock loser = c;
            if (c.log_likelihood > best.log_likelihood) {
                loser = best;
                best = c;
            }
            if (loser.log_likelihood > second &&
                fabs(loser.period_s - best.period_s) > 0.01 * best.period_s) {
                second = loser.log_likelihood;
                fit->alias_s = loser.period_s;
            }
        }
    }
    fit->alias_log10 = (best.log_likelihood - second) / M_LN10;
    return best;
}

/* Whether members lie on many of the hops that make a frame: those of a second device of the
 * frame's period lie on one. */
static bool many_hops(const struct ls_arrivals *a, const struct clock *hop, size_t hops) {
    bool filled[HOPS_MAX] = {false};
    double limit = member_limit(hop);
    for (size_t i = 0; i < a->count; i++) {
        if (fabs(residual(hop, a->t_s[i])) <= limit) {
            double cycle = rint((a->t_s[i] - hop->phase_s) / hop->period_s);
            filled[(size_t)(cycle - (double)hops * floor(cycle / (double)hops)) % hops] = true;
        }
    }
    size_t places = 0;
    for (size_t k = 0; k < hops; k++) {
        places += filled[k] ? 1 : 0;
    }
    return places >= HOPS_MIN;
}

/* A hopper is back on its channel after a whole number of hops: what fits best on one channel is a
 * multiple of its clock, and what fell between is taken for strangers. The part of the period that
 * fits best where strangers lie on it too. */
static struct clock of_one_hop(const struct ls_arrivals *a, const struct clock *frame,
                               double least_s, struct ls_fit *fit) {
    struct clock best = *frame;
    for (size_t k = HOPS_MIN; k <= HOPS_MAX && frame->period_s / (double)k > 4.0 * least_s; k++) {
        struct clock c = fit_from(a, frame->period_s / (double)k, least_s, 0.04);
        double gain = c.log_likelihood - frame->log_likelihood;
        bool heard = (double)c.members * hops_heard > ls_good_time_total(a->good) / c.period_s;
        bool sharp = c.sigma_s < hops_sharp * c.period_s;
        if (heard && sharp && c.members > frame->members && gain > hops_gain &&
            c.log_likelihood > best.log_likelihood && many_hops(a, &c, k)) {
            fit->alias_s = frame->period_s;
            fit->alias_log10 = gain / M_LN10;
            best = c;
        }
    }
    return best;
}

static struct ls_grid grid_of(const struct ls_arrivals *a, const struct clock *c, double least_s) {
    return (struct ls_grid){.period_s = c->period_s,
                            .phase_s = c->phase_s,
                            .limit_s = member_limit(c),
                            .finest_s = fmax(least_s, ls_surrogate_quantum(a))};
}

/* Two devices of different periods lie on one grid: the one that fills its own cycles best. */
static struct clock of_one_device(const struct ls_arrivals *a, const struct clock *both,
                                  double least_s, struct ls_fit *fit) {
    struct ls_grid grid = grid_of(a, both, least_s);
    struct clock best = *both;
    double most = several_units;
    for (size_t units = 2; units <= LS_RESIDUES_LONE_MAX; units++) {
        double gain = ls_residues_lone_gain(a, &grid, units);
        double period_s = (double)units * both->period_s;
        struct clock c = gain > most ? fit_clock(a, period_s, least_s) : best;
        if (gain > most && c.members >= 4 && fabs(c.period_s / period_s - 1.0) < 0.01) {
            fit->alias_s = both->period_s;
            fit->alias_log10 = gain / M_LN10;
            best = c;
            most = gain;
        }
    }
    return best;
}

/* The period of several units, of which what fits best is a half, a third or a quarter. */
static struct clock of_one_unit(const struct ls_arrivals *a, const struct clock *several,
                                double least_s, struct ls_fit *fit) {
    struct clock best = *several;
    for (int round = 0; round < 2; round++) {
        struct ls_grid grid = grid_of(a, &best, least_s);
        struct clock longer = {.members = 0};
        double most = several_units;
        for (size_t units = 2; units <= LS_RESIDUES_MAX; units++) {
            double gain = ls_residues_gain(a, &grid, units);
            double period_s = (double)units * best.period_s;
            struct clock c = gain > most ? fit_clock(a, period_s, least_s) : longer;
            if (c.members >= 4 && fabs(c.period_s / period_s - 1.0) < 0.01) {
                longer = c;
                most = gain;
            }
        }
        if (longer.members == 0) {
            break;
        }
        fit->alias_s = best.period_s;
        fit->alias_log10 = most / M_LN10;
        best = longer;
    }
    return best;
}

static void take_clock(const struct ls_arrivals *a, const struct clock *c, struct ls_fit *fit) {
    double limit = member_limit(c);
    for (size_t i = 0; i < a->count; i++) {
        fit->member[i] = fabs(residual(c, a->t_s[i])) <= limit;
    }
    fit->period_s = c->period_s;
    double n = fmax((double)c->members, 4.0);
    double t90 = gsl_cdf_tdist_Pinv(0.95, n - 2.0);
    double error = isnan(c->period_error_s) ? 0.05 * c->period_s : c->period_error_s;
    fit->period_low_s = c->period_s - t90 * error;
    fit->period_high_s = c->period_s + t90 * error;
    fit->phase_s = c->phase_s;
    fit->jitter_s = c->sigma_s;
    fit->jitter_low_s = c->sigma_s * (1.0 - z90 / sqrt(2.0 * n));
    fit->jitter_high_s = c->sigma_s * (1.0 + z90 / sqrt(2.0 * n));
}

static void take_chain(const struct ls_chain *c, struct ls_fit *fit) {
    double n = fmax((double)c->links, 2.0);
    double t90 = gsl_cdf_tdist_Pinv(0.95, n - 1.0);
    fit->period_s = c->interval_s;
    fit->period_low_s = c->interval_s - t90 * c->error_s;
    fit->period_high_s = c->interval_s + t90 * c->error_s;
    fit->jitter_s = c->sigma_s;
    fit->jitter_low_s = fmax(0.0, c->sigma_s * (1.0 - z90 / sqrt(2.0 * n)));
    fit->jitter_high_s = c->sigma_s * (1.0 + z90 / sqrt(2.0 * n));
}

/* Log-likelihood of a clock of which the chain's intervals are so many cycles. */
static double interval_likelihood(const struct ls_arrivals *a, const unsigned char *member,
                                  const struct clock *c, double cycles, double interval_s,
                                  double least_s) {
    bool fits = c->members >= 4 && fabs(cycles * c->period_s / interval_s - 1.0) < 0.05;
    return fits ? clock_likelihood(a, member, c, least_s) : -(double)INFINITY;
}

/* The clock that the chain's intervals are of: the given one, or, where many packets were missed,
 * one of which they are two or three cycles, and which holds what the given one leaves. */
static struct clock clock_of_intervals(const struct ls_arrivals *a, const unsigned char *member,
                                       const struct clock *whole, double interval_s,
                                       double least_s) {
    struct clock best = *whole;
    double best_ll = interval_likelihood(a, member, whole, 1.0, interval_s, least_s);
    for (size_t n = 2; n <= 3; n++) {
        double cycles = (double)n;
        struct clock c = fit_clock(a, interval_s / cycles, least_s);
        double ll = interval_likelihood(a, member, &c, cycles, interval_s, least_s);
        bool holds_all = (double)c.members >= missed_share * (double)a->count;
        if (holds_all && c.sigma_s < missed_sharp * c.period_s && ll > best_ll + sure_drift) {
            best = c;
            best_ll = ll;
        }
    }
    return best;
}

void ls_fit_arrivals(const struct ls_arrivals *arrivals, const struct ls_verdict *verdict,
                     struct ls_fit *ret) {
    double quantum_s = ls_surrogate_quantum(arrivals);
    double least_s = fmax(spread_min_s, quantum_s * 0.29); /* of rounding: 1/sqrt(12) */
    memset(ret, 0, sizeof *ret);
    bool renewal = verdict->renewal_rank > verdict->clock_rank;
    /* The clock test knows no long periods. */
    double begun_s = isnan(verdict->period_s) ? verdict->interval_s : verdict->period_s;
    struct clock grid = best_alias(arrivals, begun_s, least_s, ret);
    struct clock frame = of_one_device(arrivals, &grid, least_s, ret);
    struct clock clock = of_one_hop(arrivals, &frame, least_s, ret);
    struct clock unit = of_one_unit(arrivals, &clock, least_s, ret);
    take_clock(arrivals, &unit, ret);
    if (unit.sigma_s <= least_s) {
        ret->jitter_low_s = 0.0; /* all of it may be the rounding of the times */
    }
    ret->clock = true;
    ret->rival_log10 = (double)INFINITY;
    if (isnan(verdict->interval_s)) {
        count_expected(arrivals, ret);
        return;
    }
    struct ls_fit other = *ret;
    double width = fmin(0.2, 2.0 * verdict->width);
    struct ls_chain chain = ls_chain_fit(arrivals, verdict->interval_s, width, other.member);
    /* Both are judged on the chain's members: a clock knows its phase for all of them. Of long
     * periods the clock test knows fractions at best, or none. */
    bool same = fabs(clock.period_s / chain.interval_s - 1.0) < 0.05;
    struct clock line = renewal && !same ? fit_clock(arrivals, chain.interval_s, least_s) : clock;
    if (renewal) {
        line = clock_of_intervals(arrivals, other.member, &line, chain.interval_s, least_s);
    }
    double cycles = rint(chain.interval_s / line.period_s);
    double clock_ll =
        interval_likelihood(arrivals, other.member, &line, cycles, chain.interval_s, least_s);
    double drift_ll = ls_chain_likelihood(arrivals, other.member, chain.interval_s, least_s);
    /* Several units of one period are no walk of one. */
    bool one = same && unit.period_s == clock.period_s;
    bool all = one && (double)chain.links >= chain_share * (double)clock.members;
    bool walks = renewal ? drift_ll > clock_ll : all && drift_ll > clock_ll + sure_drift;
    bool drifts = walks && chain.links >= 4;
    if (drifts) {
        take_chain(&chain, &other);
        for (size_t i = 0; i < arrivals->count; i++) {
            if (other.member[i] != 0) {
                other.phase_s = arrivals->t_s[i];
                break;
            }
        }
        *ret = other;
        ret->clock = false;
    } else if (isfinite(clock_ll) && !(fabs(line.period_s / clock.period_s - 1.0) < 0.05)) {
        /* The line may be a false third, too. */
        struct clock lone = of_one_device(arrivals, &line, least_s, ret);
        struct clock one_of_them = of_one_unit(arrivals, &lone, least_s, ret);
        take_clock(arrivals, &one_of_them, ret);
    }
    ret->rival_log10 = fmin(99.0, fabs(clock_ll - drift_ll) / M_LN10);
    count_expected(arrivals, ret);
}

static double confirm_clock(const struct ls_fit *fit, const struct ls_arrivals *later) {
    double span = later->t_s[later->count - 1] - later->t_s[0];
    /* The phase is free, and so is the period within its error. */
    double low = 1.0 / fit->period_high_s;
    double high = 1.0 / fit->period_low_s;
    double step = 0.2 / fmax(span, fit->period_s);
    size_t harmonics = fit->jitter_s < 0.06 * fit->period_s ? 3 : 1;
    double best = 0.0;
    size_t tried = (size_t)fmin(400.0, floor((high - low) / step) + 3.0);
    for (size_t i = 0; i < tried; i++) {
        double f = 0.5 * (low + high) + ((double)i - 0.5 * ((double)tried - 1.0)) * step;
        double sum = 0.0;
        for (size_t k = 1; k <= harmonics; k++) {
            double re = 0.0;
            double im = 0.0;
            for (size_t e = 0; e < later->count; e++) {
                double angle = 2.0 * M_PI * (double)k * f * later->t_s[e];
                re += cos(angle);
                im += sin(angle);
            }
            sum += (re * re + im * im) / (double)later->count;
        }
        best = fmax(best, sum);
    }
    double p = gsl_sf_gamma_inc_Q((double)harmonics, best);
    double log10_p = p > 1e-290 ? log10(p) : -best / M_LN10;
    return fmin(0.0, log10_p + log10(fmax(1.0, (double)tried * 0.2 * (double)harmonics)));
}

static double confirm_chain(const struct ls_fit *fit, const struct ls_arrivals *later) {
    double half = fmax(0.02 * fit->period_s, 2.0 * fit->jitter_s);
    double within = 0.0;
    double around = 0.0;
    for (size_t order = 1; order <= 2; order++) {
        for (size_t i = order; i < later->count; i++) {
            double off = fabs(later->t_s[i] - later->t_s[i - order] - fit->period_s);
            within += off <= half;
            around += off > half && off <= 4.0 * half;
        }
    }
    double p = gsl_cdf_poisson_Q((unsigned)fmax(within - 1.0, 0.0), (around + 1.0) / 3.0);
    return within < 3.0 ? 0.0 : fmin(0.0, log10(fmax(p, 1e-290)));
}

double ls_fit_confirm(const struct ls_fit *fit, const struct ls_arrivals *later) {
    if (later->count < 4) {
        return 0.0;
    }
    return fit->clock ? confirm_clock(fit, later) : confirm_chain(fit, later);
}
