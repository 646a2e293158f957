#include "pattern/pass_grid.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    WIDTHS = 6,
    CELLS = LS_PASS_MOMENTS * WIDTHS,
    SCAN_ROWS = 128, /* rows that the scan looks at, spread evenly */
};

/* Sums over the rows of what a straight line is drawn through, for each cell. */
struct templates {
    double at[SCAN_ROWS][CELLS];
    double x[CELLS];
    double xx[CELLS];
};

struct ls_pass_grid {
    double span_s;
    size_t count; /* rows of the visit */
    size_t step;  /* each so many are looked at */
    double t0_s[CELLS];
    double tau_s[CELLS];
    struct templates bell;
    struct templates swing;
    double gain[CELLS]; /* of the scan under way, */
    double xy[CELLS];   /* and of one of its lines */
};

double ls_pass_bell(double x) { return -5.0 * log10(1.0 + x * x); }
double ls_pass_swing(double x) { return -x / sqrt(1.0 + x * x); }

int ls_pass_grid_create(struct ls_pass_grid **ret, struct ls_err *err) {
    *ret = calloc(1, sizeof **ret);
    return *ret == NULL ? ls_err_set(err, LS_ERR_NOMEM, "out of memory for passes") : LS_OK;
}

void ls_pass_grid_destroy(struct ls_pass_grid *grid) { free(grid); }

static void set(struct templates *templates, size_t row, size_t cell, double x) {
    templates->at[row][cell] = x;
    templates->x[cell] += x;
    templates->xx[cell] += x * x;
}

static void clear(struct templates *templates) {
    memset(templates->x, 0, sizeof templates->x);
    memset(templates->xx, 0, sizeof templates->xx);
}

void ls_pass_grid_begin(struct ls_pass_grid *grid, const struct ls_visit *visit) {
    assert(visit->count >= 3);
    grid->span_s = (double)(visit->row[visit->count - 1].t_ns - visit->row[0].t_ns) / 1e9;
    grid->count = visit->count;
    grid->step = (visit->count + SCAN_ROWS - 1) / SCAN_ROWS;
    for (size_t m = 0; m < LS_PASS_MOMENTS; m++) {
        for (size_t w = 0; w < WIDTHS; w++) {
            grid->t0_s[m * WIDTHS + w] =
                grid->span_s * (0.125 + 0.75 * (double)m / (LS_PASS_MOMENTS - 1));
            grid->tau_s[m * WIDTHS + w] = grid->span_s * 0.01 * pow(2.0, (double)w);
        }
    }
    clear(&grid->bell);
    clear(&grid->swing);
    for (size_t i = 0, row = 0; i < visit->count; i += grid->step, row++) {
        double t_s = (double)(visit->row[i].t_ns - visit->row[0].t_ns) / 1e9;
        for (size_t cell = 0; cell < CELLS; cell++) {
            double x = (t_s - grid->t0_s[cell]) / grid->tau_s[cell];
            set(&grid->bell, row, cell, ls_pass_bell(x));
            set(&grid->swing, row, cell, ls_pass_swing(x));
        }
    }
}

/* Adds n/2 log of the ratio of squares without and with a line of positive slope, at each cell. */
static void add_gains(struct ls_pass_grid *grid, const struct templates *templates,
                      const double *y) {
    double sum = 0.0;
    double squares = 0.0;
    double n = 0.0;
    memset(grid->xy, 0, sizeof grid->xy);
    for (size_t i = 0, row = 0; i < grid->count; i += grid->step, row++) {
        n += 1.0;
        sum += y[i];
        squares += y[i] * y[i];
        for (size_t cell = 0; cell < CELLS; cell++) {
            grid->xy[cell] += templates->at[row][cell] * y[i];
        }
    }
    double syy = squares - sum * sum / n;
    if (n < 3.0 || !(syy > 1e-12)) {
        return;
    }
    for (size_t cell = 0; cell < CELLS; cell++) {
        double sxx = templates->xx[cell] - templates->x[cell] * templates->x[cell] / n;
        double sxy = grid->xy[cell] - templates->x[cell] * sum / n;
        if (sxx > 0.0 && sxy > 0.0) {
            grid->gain[cell] += -0.5 * n * log(fmax(1.0 - sxy * sxy / (sxx * syy), 1e-9));
        }
    }
}

struct ls_pass ls_pass_grid_scan(struct ls_pass_grid *grid, const struct ls_pass_values *values) {
    struct ls_pass best = {.score = 0.0,
                           .t0_s = grid->span_s / 2.0,
                           .tau_s = grid->span_s / 10.0,
                           .level = values->level,
                           .doppler = values->doppler};
    memset(grid->gain, 0, sizeof grid->gain);
    if (best.level) {
        add_gains(grid, &grid->bell, values->level_db);
    }
    if (best.doppler) {
        add_gains(grid, &grid->swing, values->offset_hz);
    }
    for (size_t cell = 0; cell < CELLS; cell++) {
        if (grid->gain[cell] > best.score) {
            best.score = grid->gain[cell];
            best.t0_s = grid->t0_s[cell];
            best.tau_s = grid->tau_s[cell];
        }
    }
    return best;
}

size_t ls_pass_grid_rows(const struct ls_pass_grid *grid) {
    return (grid->count + grid->step - 1) / grid->step;
}

void ls_pass_values_of(const struct ls_visit *visit, struct ls_pass_values *ret) {
    ret->level = true;
    ret->doppler = true;
    for (size_t i = 0; i < visit->count; i++) {
        ret->level_db[i] = visit->row[i].level_db;
        ret->offset_hz[i] = visit->row[i].offset_hz;
        ret->level = ret->level && isfinite(visit->row[i].level_db);
        ret->doppler = ret->doppler && visit->row[i].exact;
    }
}

struct ls_pass ls_pass_grid_visit(struct ls_pass_grid *grid, const struct ls_visit *visit) {
    struct ls_pass_values values;
    ls_pass_grid_begin(grid, visit);
    ls_pass_values_of(visit, &values);
    return ls_pass_grid_scan(grid, &values);
}
