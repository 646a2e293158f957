/* pattern/pass_grid.h: the shape of a pass, by profile likelihood: at each moment and width the
 * other parameters of the model of pattern/pass_by.h are linear, so that the grid of the two is
 * small. What the lines are drawn through depends on the times alone: it is worked out once a
 * visit, and then surrogates of its values cost little. */
#ifndef PATTERN_PASS_GRID_H
#define PATTERN_PASS_GRID_H

#include "pattern/visits.h"

enum { LS_PASS_MOMENTS = 25 }; /* tried, from the first to the last eighth of a visit */

/* The shape of one pass in rows of a visit. */
struct ls_pass {
    double score; /* log-likelihood ratio to no shape at all, > 0 is better */
    double t0_s;  /* closest moment, from the first row */
    double tau_s; /* distance over speed */
    bool level;   /* rows had levels, */
    bool doppler; /* and carrier offsets */
};

struct ls_pass_grid;

/* LS_ERR_NOMEM. The caller destroys *ret. */
int ls_pass_grid_create(struct ls_pass_grid **ret, struct ls_err *err);
void ls_pass_grid_destroy(struct ls_pass_grid *grid);

/* The times of a visit of 3 rows or more. */
void ls_pass_grid_begin(struct ls_pass_grid *grid, const struct ls_visit *visit);

/* Values at the times of a visit, [visit->count] each. A shape needs all of them. */
struct ls_pass_values {
    double level_db[LS_VISIT_ROWS];
    double offset_hz[LS_VISIT_ROWS];
    bool level;   /* each row has a level, */
    bool doppler; /* and a carrier offset */
};

void ls_pass_values_of(const struct ls_visit *visit, struct ls_pass_values *ret);

/* The best shape over moments and widths. Shapes whose moment lies in the first or last eighth of
 * the visit are not tried. Scratch of the grid is written: one thread at a time. */
struct ls_pass ls_pass_grid_scan(struct ls_pass_grid *grid, const struct ls_pass_values *values);

/* How many rows of the visit a scan looks at. */
size_t ls_pass_grid_rows(const struct ls_pass_grid *grid);

/* Of the rows as they are, with a begin. */
struct ls_pass ls_pass_grid_visit(struct ls_pass_grid *grid, const struct ls_visit *visit);

/* Level in units of the exponent and frequency in units of the swing, x widths from the moment. */
double ls_pass_bell(double x);
double ls_pass_swing(double x);

#endif
