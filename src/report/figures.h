/* report/figures.h: the figures of reports. Each draws on a canvas of its own, which the caller
 * destroys; all have units on their axes and colours that the colour-blind tell apart. LS_ERR_NOMEM
 * everywhere; LS_ERR_NOTFOUND: there is nothing to draw, with what is missing. */
#ifndef REPORT_FIGURES_H
#define REPORT_FIGURES_H

#include "model/waterfall.h"
#include "report/canvas.h"
#include "report/heat.h"
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

/* Level and frequency of a pass over time, with curves of a passing transmitter fitted to them: of
 * an incident of several, the one that its estimates are of. */
int ls_figure_pass(struct ls_canvas **ret, const struct ls_material *material, struct ls_err *err);

/* A recording: the most power in each cell of time and frequency, with boxes around what was found
 * in it. */
int ls_figure_waterfall(struct ls_canvas **ret, const struct ls_waterfall *waterfall,
                        struct ls_err *err);

/* Its spectrum over all its time: the most, the mean, the noise floor, and the edges of the
 * occupied bandwidths. */
int ls_figure_spectrum(struct ls_canvas **ret, const struct ls_waterfall *waterfall,
                       struct ls_err *err);

/* How much of the time listened to each channel was in use, cell by cell: report/heat.h. */
int ls_figure_occupancy(struct ls_canvas **ret, const struct ls_heat *heat, struct ls_err *err);

/* The names: "timeline", "folded", "cycles", "pass"; NULL at the end. */
extern const char *const ls_figure_names[];
/* Of the figures that are about an incident. */
typedef int ls_figure_draw(struct ls_canvas **ret, const struct ls_material *material,
                           struct ls_err *err);
/* NULL when name is none of them. */
ls_figure_draw *ls_figure_find(const char *name);

#endif
