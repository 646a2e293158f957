/* tests/evaluation/month.h: the rows of a busy month: 4,000 channels of 12.5 kHz from 400 MHz up,
 * mostly short, one in fifty up to 10 min and one in a thousand up to a day and 5 MHz wide. */
#ifndef TESTS_EVALUATION_MONTH_H
#define TESTS_EVALUATION_MONTH_H

#include <stddef.h>

#include "model/transmission.h"

extern const int64_t month_start_ns; /* 2026-11-01 */
extern const double month_s;

/* 0 to 1, the same in every run of the program. */
double month_uniform(void);

/* Row i of rows, in order of time. */
struct ls_transmission month_row(size_t i, size_t rows);

#endif
