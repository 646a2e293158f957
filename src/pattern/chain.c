#include "pattern/chain.h"

#include <gsl/gsl_sort.h>
#include <math.h>
#include <string.h>

enum { CHAIN_BACK = 12 };
static const double link_share = 0.75;
static const double trim_sigmas = 3.0; /* standard deviations */

/* How many intervals between two events, 0: no whole number of them. */
static int multiple(double difference_s, double interval_s, double width) {
    double k = rint(difference_s / interval_s);
    if (k < 1.0 || k > 3.0 || fabs(difference_s - k * interval_s) > width * interval_s * sqrt(k)) {
        return 0;
    }
    return (int)k;
}

/* The best chain: each link counts one, a break costs one and a half. Marks members. */
static void mark_chain(const struct ls_arrivals *a, double interval_s, double width,
                       unsigned char *ret_member, int *ret_from) {
    double best[LS_ARRIVALS_MAX];
    int linked[LS_ARRIVALS_MAX];
    double top = 0.0;
    int top_at = -1;
    int end = 0;
    for (size_t i = 0; i < a->count; i++) {
        best[i] = fmax(0.0, top - 1.5);
        linked[i] = best[i] > 0.0 ? -2 - top_at : -1;
        for (size_t back = 1; back <= CHAIN_BACK && back <= i; back++) {
            size_t j = i - back;
            if (multiple(a->t_s[i] - a->t_s[j], interval_s, width) > 0 && best[j] + 1.0 > best[i]) {
                best[i] = best[j] + 1.0;
                linked[i] = (int)j;
            }
        }
        if (best[i] > top) {
            top = best[i];
            top_at = (int)i;
            end = (int)i;
        }
    }
    memset(ret_member, 0, a->count);
    for (size_t i = 0; i < a->count; i++) {
        ret_from[i] = -1;
    }
    for (int i = end; i >= 0;) {
        ret_member[i] = 1;
        if (linked[i] >= 0) {
            ret_from[i] = linked[i];
            i = linked[i];
        } else {
            i = linked[i] <= -2 ? -2 - linked[i] : -1;
        }
    }
}

/* Links of a chain: how long, and how many intervals they span. */
struct links {
    size_t count;
    double length_s[LS_ARRIVALS_MAX];
    double cycles[LS_ARRIVALS_MAX];
};

static double median(double *values, size_t count) {
    gsl_sort(values, 1, count);
    return 0.5 * (values[(count - 1) / 2] + values[count / 2]);
}

/* Strangers that fell into the chain lie anywhere within its width: the mean is that of links
 * within two and a half spreads of their median, again and again, the spread from the median
 * deviation (Hampel, "The influence curve and its role in robust estimation", JASA 69, 1974). */
static void refine(struct links *links, double quantum_s, struct ls_chain *c) {
    enum { TRIMS = 4 };
    double each[LS_ARRIVALS_MAX];
    for (int trim = 0; trim < TRIMS; trim++) {
        for (size_t i = 0; i < links->count; i++) {
            each[i] = links->length_s[i] / links->cycles[i];
        }
        double middle = median(each, links->count);
        for (size_t i = 0; i < links->count; i++) {
            each[i] = fabs(links->length_s[i] / links->cycles[i] - middle);
        }
        double limit = fmax(2.5 * 1.4826 * median(each, links->count), 1.5 * quantum_s);
        double sum = 0.0;
        double cycles = 0.0;
        size_t kept = 0;
        for (size_t i = 0; i < links->count; i++) {
            if (fabs(links->length_s[i] / links->cycles[i] - middle) <= limit) {
                sum += links->length_s[i];
                cycles += links->cycles[i];
                links->length_s[kept] = links->length_s[i];
                links->cycles[kept++] = links->cycles[i];
            }
        }
        links->count = kept;
        c->interval_s = sum / cycles;
    }
}

static struct ls_chain link(const struct ls_arrivals *a, double interval_s, double width,
                            unsigned char *ret_member) {
    int from[LS_ARRIVALS_MAX];
    double quantum_s = ls_surrogate_quantum(a);
    struct ls_chain c = {.interval_s = interval_s};
    for (int round = 0; round < 2; round++) {
        struct links links;
        links.count = 0;
        mark_chain(a, c.interval_s, width, ret_member, from);
        double cycles = 0.0;
        double squares = 0.0;
        for (size_t i = 0; i < a->count; i++) {
            if (from[i] >= 0) {
                double d = a->t_s[i] - a->t_s[from[i]];
                double k = rint(d / c.interval_s);
                links.length_s[links.count] = d;
                links.cycles[links.count++] = k;
                cycles += k;
                squares += (d - k * c.interval_s) * (d - k * c.interval_s) / k;
            }
        }
        c.links = links.count;
        if (c.links > 0) {
            refine(&links, quantum_s, &c);
            c.sigma_s = sqrt(squares / (double)c.links);
            c.error_s = c.sigma_s / sqrt(cycles);
        }
    }
    return c;
}

/* An interval of order two or three is sharper, for its size, than the one it is made of, and may
 * score higher: where a half or a third has links in proportion, it is that. */
struct ls_chain ls_chain_fit(const struct ls_arrivals *a, double interval_s, double width,
                             unsigned char *ret_member) {
    unsigned char member[LS_ARRIVALS_MAX];
    struct ls_chain best = link(a, interval_s, width, ret_member);
    for (int k = 2; k <= 3; k++) {
        double times = (double)k;
        struct ls_chain c = link(a, interval_s / times, fmin(0.2, width * sqrt(times)), member);
        if ((double)c.links > link_share * times * (double)best.links) {
            best = c;
            memcpy(ret_member, member, a->count);
        }
    }
    return best;
}

double ls_chain_residuals(const double *residuals_s, size_t count, double period_s,
                          double least_s) {
    double size[LS_ARRIVALS_MAX];
    if (count == 0) {
        return 0.0;
    }
    for (size_t i = 0; i < count; i++) {
        size[i] = fabs(residuals_s[i]);
    }
    double limit = trim_sigmas * fmax(1.4826 * median(size, count), least_s);
    double squares = 0.0;
    double kept = 0.0;
    for (size_t i = 0; i < count; i++) {
        if (fabs(residuals_s[i]) <= limit) {
            squares += residuals_s[i] * residuals_s[i];
            kept += 1.0;
        }
    }
    double n = (double)count;
    double strangers = n - kept;
    double variance = fmax(squares / fmax(kept, 1.0), least_s * least_s);
    return -0.5 * kept * log(2.0 * M_PI * M_E * variance) +
           (kept > 0.0 ? kept * log(kept / n) : 0.0) +
           (strangers > 0.0 ? strangers * log(strangers / (n * period_s)) : 0.0);
}

double ls_chain_likelihood(const struct ls_arrivals *a, const unsigned char *member,
                           double period_s, double least_s) {
    double residuals_s[LS_ARRIVALS_MAX];
    size_t n = 0;
    double logs = 0.0;
    double last = (double)NAN;
    for (size_t i = 0; i < a->count; i++) {
        if (member[i] == 0) {
            continue;
        }
        if (!isnan(last)) {
            double d = a->t_s[i] - last;
            double k = fmax(1.0, rint(d / period_s));
            residuals_s[n++] = (d - k * period_s) / sqrt(k);
            logs += log(k);
        }
        last = a->t_s[i];
    }
    return ls_chain_residuals(residuals_s, n, period_s, least_s) - 0.5 * logs;
}
