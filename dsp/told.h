/* dsp/told.h: weak boxes of pieces, which have been told of, for windows longer than a piece
 * (dsp/slow.h): what one of them explains is that one again and no box of its own. */
#ifndef DSP_TOLD_H
#define DSP_TOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dsp/box.h"

struct ls_told;

/* NULL: out of memory. The caller destroys it. */
struct ls_told *ls_told_create(void);
void ls_told_destroy(struct ls_told *told);

/* A stretch begins. */
void ls_told_begin(struct ls_told *told);

/* A box of the piece of so many rows that begins with row first_row of the stretch. One that was on
 * from its first row goes on from the last piece. */
void ls_told_add(struct ls_told *told, uint64_t first_row, size_t rows, const struct ls_box *box);

/* Rows of the stretch and channels, half-open. */
struct ls_told_window {
    uint64_t row_start;
    uint64_t row_stop;
    size_t channel_low;
    size_t channel_high;
    bool anywhere; /* in explains: a box may have its power in any of its channels, and so all of it
                      in those it has in common with the window; of several boxes that of all counts
                    */
};

/* What another search follows: its extent so far and its excess, summed over its cells. id > 0: the
 * same each time, whose last word counts. */
void ls_told_follow(struct ls_told *told, uint64_t id, const struct ls_told_window *extent,
                    double excess);

/* The most that one box, or all together, explain of the window: excess over the noise mean, summed
 * over the cells that both have. */
double ls_told_explains(const struct ls_told *told, const struct ls_told_window *window);

/* Is the window, which holds this excess, summed over its cells, what has been told of? Then most
 * of it is explained, and not by the part of something longer that stood out first: one that is
 * shorter, and for which less speaks than for the window. */
bool ls_told_holds(const struct ls_told *told, const struct ls_told_window *window, double held);

#endif
