/* report/figures.h: the figures of reports. Each draws on a canvas of its own, which the caller
 * destroys; all have units on their axes and colours that the colour-blind tell apart. LS_ERR_NOMEM
 * everywhere; LS_ERR_NOTFOUND: there is nothing to draw, with what is missing. */
#ifndef REPORT_FIGURES_H
#define REPORT_FIGURES_H

#include "report/canvas.h"
#include "report/material.h"

/* Each transmission of the evidence as a bar in time and frequency; grey where nobody listened. */
int ls_figure_timeline(struct ls_canvas **ret, const struct ls_material *material,
                       struct ls_err *err);

/* Each start by where it lies in the period, one turn of the period below the other; below, how
 * often each part of the period was listened to. */
int ls_figure_folded(struct ls_canvas **ret, const struct ls_material *material,
                     struct ls_err *err);

/* How long each cycle was on, and off before it, with the estimates. */
int ls_figure_cycles(struct ls_canvas **ret, const struct ls_material *material,
                     struct ls_err *err);

/* Level and frequency of a pass over time, with curves of a passing transmitter fitted to them. */
int ls_figure_pass(struct ls_canvas **ret, const struct ls_material *material, struct ls_err *err);

/* The names: "timeline", "folded", "cycles", "pass"; NULL at the end. */
extern const char *const ls_figure_names[];
typedef int ls_figure_draw(struct ls_canvas **ret, const struct ls_material *material,
                           struct ls_err *err);
/* NULL when name is none of them. */
ls_figure_draw *ls_figure_find(const char *name);

#endif
