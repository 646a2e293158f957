/* dsp/training.h: bits of GSM that are the same in every burst of a kind, for presence and timing:
 * nothing else of the burst is looked at. 3GPP TS 45.002 clause 5.2.5, the extended training
 * sequence of synchronisation bursts, and clause 5.2.7, the synchronisation sequence of access
 * bursts; GMSK of TS 45.004.
 *
 * What is compared are products of samples about one symbol apart, less their mean, with those that
 * the sequence would give: an offset of the carrier turns all of them alike and does not count. */
#ifndef DSP_TRAINING_H
#define DSP_TRAINING_H

#include <complex.h>
#include <stddef.h>

#include "base/err.h"

enum ls_training_kind { LS_TRAINING_EXTENDED, LS_TRAINING_ACCESS };

enum { LS_TRAINING_SAMPLES = 4096 };

struct ls_training;

struct ls_training_match {
    double share; /* squared correlation, 0..1; one position in noise or other bits has 1/40
                     (access) or 1/60 in the mean */
    size_t at;    /* sample at which the sequence begins */
};

/* LS_ERR_NOMEM. The caller destroys *ret. One thread at a time. */
int ls_training_create(struct ls_training **ret, enum ls_training_kind kind, struct ls_err *err);
void ls_training_destroy(struct ls_training *training);

/* The best place in iq: [count], of which LS_TRAINING_SAMPLES are looked at, at 300 kS/s to 4 MS/s.
 * Nothing of it when there is no room for the sequence: share 0. */
struct ls_training_match ls_training_find(struct ls_training *training, const float complex *iq,
                                          size_t count, double rate_sps);

#endif
