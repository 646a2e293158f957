/* model/calibration.h: what a receiver's full scale is worth: the level in dBm, at the antenna
 * connector, of a signal that reads 0 dBFS. One number, or one for each of some frequencies, with a
 * straight line between them and the nearest one beyond. It holds for one gain. */
#ifndef MODEL_CALIBRATION_H
#define MODEL_CALIBRATION_H

#include <stddef.h>

#include "base/err.h"

enum { LS_CALIBRATION_POINTS_MAX = 64, LS_CALIBRATION_TEXT_BYTES = 1024 };

struct ls_calibration { /* all-zero: none */
    struct ls_calibration_point {
        double hz;
        double dbm;                      /* of full scale */
    } points[LS_CALIBRATION_POINTS_MAX]; /* in rising frequency */
    size_t count;
};

/* "-31.5", "-31.5dBm", "433M:-30.2,868M:-31.5": frequencies in rising order, levels from -200 to
 * 100 dBm. LS_ERR_ARG says what is wrong. */
int ls_calibration_parse(const char *text, struct ls_calibration *ret, struct ls_err *err);

/* As the options of a run hold it ("calibration"); none when they do not. */
void ls_calibration_of_options(const char *options, struct ls_calibration *ret);

/* NAN without a calibration. */
double ls_calibration_full_scale_dbm(const struct ls_calibration *calibration, double hz);

#endif
