/* dsp/learnt.h: how well the reference of each channel is known (dsp/slow.h).
 *
 * A reference is the mean of what was learned first and of granules of so many slots since. A
 * channel learns from the slots in which it was heard and in no box; one that was heard less is
 * less certain, and what stands out of it must stand out more. */
#ifndef DSP_LEARNT_H
#define DSP_LEARNT_H

#include <stddef.h>

#include "dsp/looks.h"

struct ls_learnt;

enum { LS_GRANULES = 8 }; /* that wait: what is learned from may be in no window any more */

struct ls_learnt_opts {
    size_t channels;
    size_t first_channel; /* analysed channels [first_channel, last_channel) */
    size_t last_channel;
    const struct ls_looks *looks; /* borrowed */
    size_t granule_slots;
    size_t slot_frames;
    double most;     /* granules that a reference is the mean of */
    size_t together; /* so many channels stray together: parts of one; 0: 1 */
};

/* LS_ERR_NOMEM. The caller destroys *ret. */
int ls_learnt_create(struct ls_learnt **ret, const struct ls_learnt_opts *opts);
void ls_learnt_destroy(struct ls_learnt *learnt);

/* A stretch begins. error: relative, of one channel's reference. */
void ls_learnt_begin(struct ls_learnt *learnt, double error);

/* A slot: [channels], 0 exactly where nothing was heard or a box is open. */
void ls_learnt_hear(struct ls_learnt *learnt, const float *excess);

/* A box takes channels [low, high) out of the granule that waits at this place, and out of the one
 * that is heard now. */
void ls_learnt_take_out(struct ls_learnt *learnt, size_t place, size_t low, size_t high);

/* The granule at this place is learned from. running: [channels + 1], running sums of its slots'
 * excess. ret_moved: [channels], relative, by which the references have moved. Returns the mean of
 * it over channels that were heard; those that were not have it too. */
double ls_learnt_learn(struct ls_learnt *learnt, size_t place, const float *running,
                       float *ret_moved);

/* The granule that was heard now waits at this place. */
void ls_learnt_keep(struct ls_learnt *learnt, size_t place);

/* Holds running sums of so many slots' excess against references that have moved; what was not
 * heard has not. place: the granule that they are, LS_GRANULES: of none. */
void ls_learnt_move(const struct ls_learnt *learnt, size_t place, float slots, const float *moved,
                    float *running);

/* Relative variance of the reference of a channel that was always heard; and what limits are for
 * from now on. */
double ls_learnt_variance(const struct ls_learnt *learnt);
void ls_learnt_plan(struct ls_learnt *learnt, double variance);

/* By how much the error of a window's excess is larger than planned: >= 1. */
float ls_learnt_doubt(const struct ls_learnt *learnt, size_t slots, size_t low, size_t high);

/* How far channels outside of [low, high) stray from the reference, relative, beyond what their
 * looks explain: as dsp/detector.c has it. A band that is full from the first sample to the last
 * has no floor to be seen, and what it has instead goes up and down. What was told the last times
 * is forgotten slowly. profile: [channels], excess summed over so many slots, 0 where nothing was
 * heard; work: [channels]. */
double ls_learnt_stray(struct ls_learnt *learnt, size_t slots, size_t low, size_t high,
                       const float *profile, float *work);

#endif
