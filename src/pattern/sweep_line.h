/* pattern/sweep_line.h: straight lines among the centres of short transmissions.
 * A line is proposed by two rows that follow each other and grown while the next step lands where
 * it should: the sampling of RANSAC (Fischler, Bolles, "Random Sample Consensus", CACM 24(6),
 * 1981), but with every pair in place of random ones, as pairs of neighbours are few. Lines of one
 * slope then vote together, as in the Hough transform (Duda, Hart, "Use of the Hough Transformation
 * to Detect Lines and Curves in Pictures", CACM 15(1), 1972). */
#ifndef PATTERN_SWEEP_LINE_H
#define PATTERN_SWEEP_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LS_SWEEP_ROWS = 256, LS_SWEEP_STEPS_MIN = 5 };

struct ls_sweep_row {
    int64_t t_ns;
    int64_t id;
    double t_s; /* from the first row of the block */
    double center_hz;
    double bandwidth_hz;
    double duration_s;
};

/* Lines of one slope in a block. */
struct ls_sweep {
    double score;   /* nats: what chance has to explain; 0: no line */
    double step_hz; /* signed */
    double dwell_s; /* from step to step */
    double dwell_spread_s;
    double revisit_s; /* from line to line; NAN: one line */
    double revisit_spread_s;
    size_t lines;
    size_t steps; /* rows on them */
    size_t tried; /* pairs */
    double low_hz;
    double high_hz;
    bool on_line[LS_SWEEP_ROWS];
};

/* rows: [count] ascending in time. order: which centre stands at each time, NULL: its own. */
void ls_sweep_scan(const struct ls_sweep_row *rows, size_t count, const uint32_t *order,
                   struct ls_sweep *ret);

#endif
