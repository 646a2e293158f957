/* classify/classify.h: what class the evidence of a transmission speaks for. One row a class in a
 * table, one file a family; each row has a score, and says what it rests on and what may fool it. A
 * class is named when at least two independent features that it needs were measured, all of them
 * fit, and nothing else fits nearly as well; everything else is "unknown". Frequency is no feature:
 * nothing here knows where in the spectrum a signal is. */
#ifndef CLASSIFY_CLASSIFY_H
#define CLASSIFY_CLASSIFY_H

#include <stdbool.h>
#include <stddef.h>

#include "model/features.h"
#include "model/transmission.h"

/* Of one transmission; NAN: not known. */
struct ls_evidence {
    const struct ls_features *features;
    double bandwidth_hz;
    double snr_db;
    double duration_s;
    double on_s;
    double burst_s;  /* typical length of a burst, as the detector has it */
    double period_s; /* lattice of the bursts */
    double bursts;
};

struct ls_verdict {
    const char *class_name;       /* "unknown" when nothing is named; static */
    double score;                 /* 0..1, of the class, or of the best one when it is not enough */
    char rivals[LS_RIVALS_BYTES]; /* other classes that the evidence allows, best first, with commas
                                   */
};

struct ls_verdict ls_classify(const struct ls_evidence *evidence);

/* A row of the table. score: 0 where a needed feature is missing. */
struct ls_class_row {
    const char *name;
    const char *rests_on;
    const char *fooled_by;
    double (*score)(const struct ls_evidence *evidence);
};

/* Rows in a fixed order; index < ls_classify_count(). */
size_t ls_classify_count(void);
const struct ls_class_row *ls_classify_at(size_t index);

/* The share of the lengths and gaps of a train of bursts that occur again and again: telegrams
 * whose pulses are bursts of their own have few lengths. NAN for fewer than eight bursts. */
double ls_train_fit(const int64_t *starts_ns, const float *lengths_s, size_t count,
                    double resolution_s);

#endif
