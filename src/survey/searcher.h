/* survey/searcher.h: one worker's tools for one tuning: samples of a piece in, boxes with their
 * fine spectra out. All memory is taken in create. A searcher belongs to one thread; a job to
 * whoever holds it. */
#ifndef SURVEY_SEARCHER_H
#define SURVEY_SEARCHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "detect/burst.h"
#include "dsp/channelizer.h"
#include "dsp/detector.h"
#include "model/carrier.h"
#include "model/features.h"

/* How a stretch is cut up: the same for every thread count and block size. */
struct ls_cut {
    size_t channels;
    size_t hop;
    size_t half;          /* samples of context a frame needs on each side */
    size_t piece_frames;  /* even */
    size_t piece_samples; /* samples a full piece needs, context included */
    size_t fine_bins;
    size_t quarter_frames; /* of a slot of quarters (dsp/quarters.h); 0: they are not searched */
    enum ls_format format;
    double rate_sps;
    size_t taps;                    /* of the bank; 1: a plain windowed transform */
    const float *prototype;         /* of the bank, so that it is designed once; borrowed */
    double prototype_energy;        /* sum h^2 of the bank */
    double false_alarms;            /* expected of noise in one piece */
    double floor_error;             /* relative */
    const struct ls_looks *looks;   /* borrowed */
    const struct ls_limits *limits; /* of another searcher of the same cut; NULL: to be planned */
    const bool *masked;             /* [channels]: the receiver's own lines; borrowed, NULL: none */
    const struct ls_sample_reader *reader; /* borrowed; NULL: every job comes with its samples */
    bool hold;                             /* jobs hold the powers that went through the bank */
};

/* How samples of a recording are had: count from index pos of it on into ret. Any thread. */
struct ls_sample_reader {
    int (*read)(void *context, uint64_t pos, size_t count, void *ret, struct ls_err *err);
    void *context;
};

/* How closely boxes were looked at. */
struct ls_box_counts {
    uint64_t boxes;
    uint64_t unmeasured;     /* without a fine spectrum: its budget was spent */
    uint64_t alike;          /* whose I/Q was left out: others like them were measured */
    uint64_t skipped;        /* whose I/Q was left out: the budget was spent */
    uint64_t narrow_samples; /* of narrowband I/Q that were measured */
};

void ls_box_counts_add(struct ls_box_counts *into, const struct ls_box_counts *from);

struct ls_job {
    /* in */
    unsigned char *samples; /* [piece_samples] native */
    /* Samples that are still in the recording: [unread_from, unread_to), the first of them at index
     * unread_pos. The searcher reads them bit by bit, just before it needs them. */
    size_t unread_from;
    size_t unread_to;
    uint64_t unread_pos;
    uint64_t first_frame;
    size_t frames;    /* even, <= piece_frames */
    float *floor_pow; /* [channels] */
    /* out */
    struct ls_box *boxes;
    struct ls_box_spectrum *spectra;
    size_t box_count;
    size_t box_room;
    float *fine; /* pool of the spectra */
    size_t fine_count;
    size_t fine_room;
    float *residual;    /* [channels] */
    float *clean;       /* [channels] */
    float *slot_sums;   /* [LS_SLOTS][channels], as in struct ls_detection */
    float *slot_counts; /* [LS_SLOTS][channels] */
    size_t slots;
    float *quarter_sums; /* [piece_frames / quarter_frames][LS_QUARTERS * channels], as
                            ls_quarters_finish has them; NULL where they are not searched */
    size_t quarter_slots;
    float *hold_sums; /* [LS_SLOTS][channels], FFT order: rows of the bank in each part of a full
                         piece, added up; NULL unless the cut says hold */
    float *hold_most; /* the same, the most of them */
    struct ls_convert_stats stats;
    size_t declined[LS_DECLINED_COUNT];
    bool clipped;                 /* enough of its samples were at full scale to matter */
    struct ls_features *features; /* [box_count] */
    struct ls_carrier *carriers;  /* [box_count] */
    struct ls_box_counts counts;
    int code; /* LS_OK, LS_ERR_NOMEM, or what the reader says, with its words in err */
    struct ls_err err;
    int state; /* of the pool that runs it */
};

int ls_job_init(struct ls_job *job, const struct ls_cut *cut);
void ls_job_finish(struct ls_job *job);

struct ls_searcher;

int ls_searcher_create(struct ls_searcher **ret, const struct ls_cut *cut, struct ls_err *err);
void ls_searcher_destroy(struct ls_searcher *searcher);

/* What windows of a piece are held against; borrowed as long as the object. */
const struct ls_limits *ls_searcher_limits(const struct ls_searcher *searcher);

/* Fill in job's results. */
void ls_searcher_run(struct ls_searcher *searcher, struct ls_job *job);

#endif
