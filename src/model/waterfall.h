/* model/waterfall.h: power over time and frequency, as gathered from the filter bank while a
 * recording was searched, and the transmissions found in it. Figures are drawn from it. */
#ifndef MODEL_WATERFALL_H
#define MODEL_WATERFALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LS_WATERFALL_BOXES_MAX = 400 };

struct ls_waterfall_box {
    int64_t start_ns;
    int64_t stop_ns;
    double low_hz; /* edges of the occupied bandwidth, 99 % (Rec. ITU-R SM.443) */
    double high_hz;
    double snr_db;
};

/* Powers are of one channel of the bank; 1.0 is 0 dBFS (base/iq.h). NAN where nobody listened. */
struct ls_waterfall {
    int64_t start_ns; /* of the first row */
    int64_t row_ns;   /* > 0 */
    size_t rows;
    size_t columns;
    double low_hz; /* lower edge of the first column */
    double high_hz;
    double channel_hz; /* spacing of the channels */
    float *mean_pow;   /* [rows][columns], mean over the row */
    float *most_pow;   /* [rows][columns], the most of any two frames in it */
    float *floor_pow;  /* [columns], noise as the search had it, mean over the recording */
    bool no_clock;     /* times count from the start of the recording */
    struct ls_waterfall_box boxes[LS_WATERFALL_BOXES_MAX]; /* the strongest, in order of start */
    size_t box_count;
    uint64_t box_total; /* that were found */
};

/* All-zero before; frees what it holds. */
void ls_waterfall_finish(struct ls_waterfall *waterfall);

/* Keeps the box, or not, when there are stronger ones. Boxes come in any order, and the same ones
 * are kept for it when their SNRs differ. */
void ls_waterfall_add_box(struct ls_waterfall *waterfall, const struct ls_waterfall_box *box);

#endif
