/* dsp/screen.h: does any window of a row cross? One reading of the row answers for most of them.
 *
 * Windows of 2^b channels start every 2^(b - 1): each is two blocks of the next narrower width, and
 * when it crosses its limit, one of the two has half of it or more. So only blocks are held against
 * halves of limits. Of noise a few rows in a hundred show something that is none; they are gone
 * over by dsp/rows.h's test, which is exact. Blocks are the same sums as there, so nothing is
 * missed. */
#ifndef DSP_SCREEN_H
#define DSP_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

#include "dsp/limits.h"

/* Of windows of 2^b channels, b < widths, in rows of one level: [b] is for blocks of 2^b, in every
 * lane of a vector, as filling one takes longer than a test. */
enum { LS_SCREEN_LANES = 16 };
struct ls_screen {
    float bounds[LS_WIDTHS_MAX][LS_SCREEN_LANES];
};

void ls_screen_plan(struct ls_screen *ret, const float *limits, size_t widths);

/* Floats of scratch for a row of n channels: zeros at first, and then what was left there. */
#define LS_SCREEN_SCRATCH(n) ((n) / 64 * 16 + 144)

/* A row of the bank that becomes one of cells, [n] each, and the sum of it and the one before. */
struct ls_screen_row {
    const float *power; /* in the order of the transform */
    const float *scale; /* the others: in rising frequency */
    const float *before;
    float *cells;                   /* power times scale */
    float *sums;                    /* cells are added to them */
    float *pair_sums;               /* cells and those before */
    const float *next;              /* where the next row of cells will be */
    size_t n;                       /* even */
    const struct ls_screen *screen; /* of cells, and of pair sums */
    float *scratch; /* [2 * LS_SCREEN_SCRATCH(n)]: of the cells and of the pair sums */
};

/* May anything cross, up to LS_SCREEN_NARROW channels wide, and wider? */
enum { LS_SCREEN_NARROW = 64 };
struct ls_screened {
    bool narrow;
    bool wide;
};

/* ret: of the cells, and of the pair sums. */
void ls_screen_push(const struct ls_screen_row *row, struct ls_screened ret[2]);

/* ret[i] = a[i] + b[i], ret neither of them; may anything cross in it? */
struct ls_screened ls_screen_add(const struct ls_screen *screen, float *ret, const float *a,
                                 const float *b, size_t n, float *scratch);

/* Of a row that may cross in narrow windows, by its scratch: in which segments of LS_SCREEN_NARROW
 * channels is a block that passes its bound? Every such window that crosses has one. ret: as many
 * as begin in n channels. */
void ls_screen_where(const float *scratch, size_t n, bool *ret);

#endif
