#include "pattern/pass_rivals.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "pattern/chance.h"
#include "pattern/tail.h"

enum {
    DRIFTS = 21, /* straight, and bent either way up to 16 time constants in the visit */
    MEMORIES = 11,
    TRIALS = 24, /* surrogates that tell what is left of each memory */
};

/* In deviations of what is left: where a bell fits well by chance, what it leaves forgets soonest,
 * and the memory is rather taken too long. With none, slow fading was a pass in 3 % of logs at
 * 1e-3; with two, in none of 300. */
static const double margin = 2.0;
static const double memories[MEMORIES] = {0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95};

/* Noise that remembers the row before it. */
struct noise {
    double memory;
    double fresh[LS_VISIT_ROWS]; /* what is new in each row, drawn from with replacement */
    size_t count;
};

struct ls_pass_rivals {
    struct ls_pass_grid *grid;
    size_t count;
    double t_s[LS_VISIT_ROWS];
    double drift[DRIFTS][LS_VISIT_ROWS];
    struct ls_chance chance;
    struct noise level;
    struct noise offset;
    double drifting_hz[LS_VISIT_ROWS]; /* the exponential that fits best */
    struct ls_pass_values drawn;
};

/* In time constants along the visit: none, then half octaves from 0.7 on, either way. */
static double bend_of(size_t k) {
    double half_octaves = floor(((double)k - 1.0) / 2.0) - 1.0;
    double bend = k == 0 ? 0.0 : pow(2.0, half_octaves / 2.0);
    return k % 2 == 1 ? bend : -bend;
}

static double exponential(double bend, double share) {
    return bend == 0.0 ? share : expm1(-bend * share) / bend;
}

int ls_pass_rivals_create(struct ls_pass_rivals **ret, struct ls_pass_grid *grid,
                          const struct ls_visit *visit, struct ls_err *err) {
    struct ls_pass_rivals *rivals = calloc(1, sizeof *rivals);
    if (rivals == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for passes");
    }
    rivals->grid = grid;
    rivals->count = visit->count;
    int64_t last_ns = visit->row[visit->count - 1].t_ns;
    double span_s = (double)(last_ns - visit->row[0].t_ns) / 1e9;
    for (size_t i = 0; i < visit->count; i++) {
        rivals->t_s[i] = (double)(visit->row[i].t_ns - visit->row[0].t_ns) / 1e9;
        for (size_t k = 0; k < DRIFTS; k++) {
            rivals->drift[k][i] = exponential(bend_of(k), rivals->t_s[i] / span_s);
        }
    }
    *ret = rivals;
    return LS_OK;
}

void ls_pass_rivals_destroy(struct ls_pass_rivals *rivals) { free(rivals); }

/* --- lines --- */

struct line {
    double base;
    double slope;
    double left; /* squares beside the line, as a share of those beside the mean */
};

static struct line draw_line(const double *x, const double *y, size_t count) {
    double n = (double)count;
    double sx = 0.0;
    double sy = 0.0;
    double sxx = 0.0;
    double sxy = 0.0;
    double syy = 0.0;
    for (size_t i = 0; i < count; i++) {
        sx += x[i];
        sy += y[i];
    }
    for (size_t i = 0; i < count; i++) {
        double dx = x[i] - sx / n;
        double dy = y[i] - sy / n;
        sxx += dx * dx;
        sxy += dx * dy;
        syy += dy * dy;
    }
    struct line line = {.base = sy / n, .left = 1.0};
    if (sxx > 0.0 && syy > 1e-12) {
        line.slope = sxy / sxx;
        line.base = (sy - line.slope * sx) / n;
        line.left = fmax(1.0 - sxy * sxy / (sxx * syy), 1e-9);
    }
    return line;
}

/* The drift that leaves least; ret_k: which. */
static struct line best_drift(const struct ls_pass_rivals *rivals, const double *y, size_t *ret_k) {
    struct line best = {.left = 2.0};
    for (size_t k = 0; k < DRIFTS; k++) {
        struct line line = draw_line(rivals->drift[k], y, rivals->count);
        if (line.left < best.left) {
            best = line;
            *ret_k = k;
        }
    }
    return best;
}

/* What a pass explains beyond the rivals, as a log-likelihood ratio. */
static double score(const struct ls_pass_rivals *rivals, const struct ls_pass_values *values,
                    struct ls_pass *ret) {
    *ret = ls_pass_grid_scan(rivals->grid, values);
    double drift = 0.0;
    if (values->doppler) {
        size_t k = 0;
        double seen = (double)ls_pass_grid_rows(rivals->grid);
        drift = -0.5 * seen * log(best_drift(rivals, values->offset_hz, &k).left);
    }
    return ret->score - drift;
}

/* --- noise --- */

/* What a shape leaves over: ret [count]. */
static double leave(const struct ls_pass_rivals *rivals, const struct ls_pass *pass, bool doppler,
                    const double *y, double *ret) {
    double x[LS_VISIT_ROWS] = {0.0};
    for (size_t i = 0; i < rivals->count; i++) {
        double at = (rivals->t_s[i] - pass->t0_s) / pass->tau_s;
        x[i] = doppler ? ls_pass_swing(at) : ls_pass_bell(at);
    }
    struct line line = draw_line(x, y, rivals->count);
    for (size_t i = 0; i < rivals->count; i++) {
        ret[i] = y[i] - line.base - line.slope * x[i];
    }
    return line.left;
}

/* Correlation of each row with the one before it. */
static double correlation(const double *left, size_t count) {
    double squares = 0.0;
    double products = 0.0;
    for (size_t i = 0; i < count; i++) {
        squares += left[i] * left[i];
        products += i > 0 ? left[i] * left[i - 1] : 0.0;
    }
    return squares > 0.0 ? products / squares : 0.0;
}

static void draw_noise(struct ls_pass_rivals *rivals, const struct noise *noise, double memory,
                       double *ret) {
    double last = 0.0;
    for (size_t i = 0; i < noise->count; i++) {
        size_t j = (size_t)(ls_chance_uniform(&rivals->chance) * (double)noise->count);
        double fresh = noise->fresh[j];
        last = i == 0 ? fresh / sqrt(1.0 - memory * memory) : memory * last + fresh;
        ret[i] = last;
    }
}

/* The correlation that the best shape leaves of noise of this memory, seldom less. */
static double left_of(struct ls_pass_rivals *rivals, const struct noise *noise, double memory,
                      bool doppler) {
    double left[LS_VISIT_ROWS];
    double *y = doppler ? rivals->drawn.offset_hz : rivals->drawn.level_db;
    double sum = 0.0;
    double squares = 0.0;
    rivals->drawn.level = !doppler;
    rivals->drawn.doppler = doppler;
    for (size_t trial = 0; trial < TRIALS; trial++) {
        draw_noise(rivals, noise, memory, y);
        struct ls_pass pass = ls_pass_grid_scan(rivals->grid, &rivals->drawn);
        leave(rivals, &pass, doppler, y, left);
        double here = correlation(left, rivals->count);
        sum += here;
        squares += here * here;
    }
    double mean = sum / TRIALS;
    return mean - margin * sqrt(fmax(squares / TRIALS - mean * mean, 0.0));
}

/* The memory of which as much is left. */
static double find_memory(struct ls_pass_rivals *rivals, const struct noise *noise, double left,
                          bool doppler) {
    double below = 0.0; /* what is left of the memory before */
    for (size_t k = 0; k < MEMORIES; k++) {
        double here = left_of(rivals, noise, memories[k], doppler);
        if (here >= left) {
            double share = k == 0 || here <= below ? 1.0 : (left - below) / (here - below);
            return k == 0 ? memories[0] : memories[k - 1] + share * (memories[k] - memories[k - 1]);
        }
        below = here;
    }
    return memories[MEMORIES - 1];
}

/* From what is left; ret->fresh is centered. */
static void learn_noise(struct ls_pass_rivals *rivals, const double *left, bool doppler,
                        struct noise *ret) {
    double rho = fmax(correlation(left, rivals->count), 0.0);
    double sum = 0.0;
    ret->count = rivals->count;
    for (size_t i = 0; i < ret->count; i++) {
        ret->fresh[i] = i == 0 ? left[i] * sqrt(1.0 - rho * rho) : left[i] - rho * left[i - 1];
        sum += ret->fresh[i];
    }
    for (size_t i = 0; i < ret->count; i++) {
        ret->fresh[i] -= sum / (double)ret->count;
    }
    ret->memory = find_memory(rivals, ret, rho, doppler);
}

/* Noise is what the likelier of the two leaves over. */
static void learn_carrier(struct ls_pass_rivals *rivals, const double *offset_hz,
                          const struct ls_pass *pass) {
    double left[LS_VISIT_ROWS];
    size_t k = 0;
    struct line drift = best_drift(rivals, offset_hz, &k);
    double of_pass = leave(rivals, pass, true, offset_hz, left);
    for (size_t i = 0; i < rivals->count; i++) {
        rivals->drifting_hz[i] = drift.base + drift.slope * rivals->drift[k][i];
        left[i] = drift.left < of_pass ? offset_hz[i] - rivals->drifting_hz[i] : left[i];
    }
    learn_noise(rivals, left, true, &rivals->offset);
}

/* --- the test --- */

static double draw(void *context) {
    struct ls_pass_rivals *rivals = context;
    struct ls_pass pass;
    if (rivals->drawn.level) {
        draw_noise(rivals, &rivals->level, rivals->level.memory, rivals->drawn.level_db);
    }
    if (rivals->drawn.doppler) {
        draw_noise(rivals, &rivals->offset, rivals->offset.memory, rivals->drawn.offset_hz);
        for (size_t i = 0; i < rivals->count; i++) {
            rivals->drawn.offset_hz[i] += rivals->drifting_hz[i];
        }
    }
    return score(rivals, &rivals->drawn, &pass);
}

double ls_pass_rivals_log10(struct ls_pass_rivals *rivals, const struct ls_pass_values *values) {
    double left[LS_VISIT_ROWS];
    struct ls_pass pass;
    const double *seed = values->level ? values->level_db : values->offset_hz;
    ls_chance_init(&rivals->chance, ls_chance_seed(seed, rivals->count) + 1);
    double own = score(rivals, values, &pass);
    if (values->level) {
        leave(rivals, &pass, false, values->level_db, left);
        learn_noise(rivals, left, false, &rivals->level);
    }
    if (values->doppler) {
        learn_carrier(rivals, values->offset_hz, &pass);
    }
    rivals->drawn.level = values->level;
    rivals->drawn.doppler = values->doppler;
    double u = ls_chance_uniform(&rivals->chance);
    return ls_tail_two_looks(draw, rivals, own, u, NULL);
}
