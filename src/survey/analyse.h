/* survey/analyse.h: one recording from samples to committed rows: source, channelizer, detector,
 * transmissions, store. Owns the worker threads. Same samples and options give the same rows,
 * whatever the block size or thread count. */
#ifndef SURVEY_ANALYSE_H
#define SURVEY_ANALYSE_H

#include <stdatomic.h>
#include <stdio.h>

#include "base/err.h"
#include "hw/source.h"
#include "model/plan.h"
#include "model/run.h"
#include "model/waterfall.h"
#include "store/store.h"
#include "survey/searcher.h"
#include "survey/stations.h"

struct ls_analyse_progress {
    uint64_t samples_done;
    uint64_t samples_total;
    double elapsed_s;
    double recording_s; /* seconds of recording done: recording_s / elapsed_s is the multiple of
                           real time */
};

struct ls_analyse_opts {
    struct ls_source_opts source;
    const char *sensor; /* NULL: the recording's core:recorder when stated, else "recording" */
    const char *label;  /* classification of the rows; NULL: none */
    const struct ls_plan *plan;  /* NULL: no plan; borrowed */
    size_t threads;              /* 1 to LS_THREADS_MAX; 0: one per processor */
    double channel_hz;           /* wanted channel spacing; 0: chosen from the rate */
    size_t taps;                 /* of the filter bank: 4, 8 or 12, 1 for a plain windowed
                                    transform; 0: 8 */
    double false_alarms_per_day; /* boxes of noise alone per day of listening, whole band; 0 means
                                    10 */
    const double *spurs_hz;      /* known lines of the receiver itself, masked; may be NULL */
    size_t spur_count;
    const char *calibration; /* as model/calibration.h parses it; NULL: none */
    bool skip_hash; /* no SHA-512 of the input: the run says so, and a second run over it is not
                       taken for the same */
    FILE *bursts;   /* burst lines go here when not NULL */
    struct ls_waterfall *waterfall; /* when not NULL: all-zero; what was heard, with its boxes; the
                                       caller finishes it, whatever is returned */
    void (*progress)(
        void *context,
        const struct ls_analyse_progress *now); /* NULL: none; called at most 5 times a second */
    void *progress_context;
    const atomic_int *stop; /* when not NULL and *stop != 0 the analysis ends early with
                                 LS_ERR_STOPPED, nothing stored */
};

struct ls_analyse_result {
    struct ls_run run; /* as stored */
    size_t transmissions;
    size_t bursts;
    double observed_s;
    double lost_s;
    double off_s;
    double elapsed_s; /* wall clock */
    uint64_t samples;
    uint64_t invalid_samples; /* NaN or infinite, taken as zero */
    uint64_t clipped_samples;
    struct ls_stations cells;  /* what they say of the receiver's oscillator */
    uint64_t declined_leakage; /* boxes taken for the bank's leakage of a stronger one */
    uint64_t declined_image;   /* boxes taken for the receiver's I/Q image of a stronger one */
    uint64_t
        declined_product;    /* keying clicks, pedestals and clipping products of a stronger box */
    uint64_t declined_floor; /* boxes that were the floor itself, a little higher over much of the
                                band */
    uint64_t declined_impulse; /* parts of the whole band being up for some rows */
    uint64_t declined_weak;    /* boxes that held no power once their edges were found */
    struct ls_box_counts
        boxes; /* parts of bursts, a piece each, and how closely they were looked at */
};

/* store: NULL analyses without storing. On failure nothing of this run is in the store. */
int ls_analyse(struct ls_store *store, const struct ls_analyse_opts *opts,
               struct ls_analyse_result *ret, struct ls_err *err);

#endif
