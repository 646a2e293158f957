/* survey/search.h: the search of a stretch: samples in, bursts out. Cuts the stretch into pieces,
 * learns the floor from its first seconds, hands pieces to the pool and joins what comes back in
 * order. What is known of the floor at a tuning is kept for the next stretch there
 * (survey/floors.h).
 *
 * The floor that a piece is held against was tracked over the pieces up to LS_FLOOR_LAG before it,
 * however many threads there are: that is what lets pieces run side by side and still give the same
 * rows. */
#ifndef SURVEY_SEARCH_H
#define SURVEY_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "detect/burst.h"
#include "detect/transmission.h"
#include "model/observation.h"
#include "model/tuning.h"
#include "survey/searcher.h"

enum { LS_FLOOR_LAG = 4, LS_THREADS_MAX = LS_FLOOR_LAG };

struct ls_painter;
struct ls_search;

struct ls_search_opts {
    size_t threads;    /* 1 to LS_THREADS_MAX */
    double channel_hz; /* wanted spacing of channels; 0: 6.25 kHz, coarser above 6.4 MS/s */
    size_t taps;       /* of the bank: 4, 8 or 12, 1 for a plain windowed transform; 0: 8 */
    double false_alarms_per_day; /* > 0 */
    const double *spurs_hz;      /* known lines of the receiver, masked; borrowed */
    size_t spur_count;
    struct ls_transmissions *transmissions; /* borrowed: bursts go there */
    struct ls_painter *painter;             /* borrowed: is given each piece; NULL: none */
    /* For ls_search_recorded; all zero when samples come by ls_search_samples alone. */
    struct ls_sample_reader reader;
};

enum { LS_LINES_MAX = 32 };

struct ls_search_counts {
    uint64_t invalid_samples;
    uint64_t clipped_samples;
    uint64_t declined[LS_DECLINED_COUNT];
    struct ls_box_counts boxes;
    uint64_t skipped;         /* whose I/Q was left out: the budget was spent */
    uint64_t narrow_samples;  /* of narrowband I/Q that were measured */
    uint64_t short_stretches; /* too short to learn a floor from: not searched */
    /* The receiver's own, as the stretches that ended have shown them (survey/lines.h): masked from
     * then on. Hz from the tuned centre, rising; of more than LS_LINES_MAX the first. */
    size_t lines;
    double lines_hz[LS_LINES_MAX];
};

/* The caller destroys *ret. */
int ls_search_create(struct ls_search **ret, const struct ls_search_opts *opts, struct ls_err *err);
void ls_search_destroy(struct ls_search *search);

/* A stretch begins; the one before has been ended. LS_ERR_ARG: a rate that no bank fits, or more
 * false alarms a day than ls_cut_plan takes. */
int ls_search_begin(struct ls_search *search, const struct ls_tuning *tuning, int64_t t_ns,
                    struct ls_err *err);

/* Its next samples, in the format of its tuning. */
int ls_search_samples(struct ls_search *search, const void *samples, size_t count,
                      struct ls_err *err);

/* The same where its next samples lie in a recording: count of them from index pos on. They are
 * read where they are searched, by as many threads as search, which saves two copies of each.
 * Samples of one stretch come either this way or the other, and lie one after the other. */
int ls_search_recorded(struct ls_search *search, uint64_t pos, size_t count, struct ls_err *err);

/* Would so many samples of the present stretch be too few to hold anything against a floor? Such a
 * stretch is counted and not searched. */
bool ls_search_too_short(const struct ls_search *search, uint64_t samples);

/* Takes back what has been searched, without waiting. The same rows come of it, some of them
 * sooner. */
int ls_search_poll(struct ls_search *search, struct ls_err *err);

/* Until when the present stretch has been searched: everything that ended before has been handed
 * on. Valid between begin and end. */
int64_t ls_search_done_ns(const struct ls_search *search);

/* Transmissions that began before since_ns and go on, as ls_transmissions_open. */
int ls_search_open(const struct ls_search *search, int64_t since_ns,
                   int (*each)(void *context, const struct ls_transmission *row,
                               struct ls_err *err),
                   void *context, struct ls_err *err);

/* No more samples of this stretch will come before it ends: its floor is learned from those that
 * did, unless they are too few. */
int ls_search_settle(struct ls_search *search, struct ls_err *err);

/* The noise of the present stretch, as it is after the samples it got so far, whatever the threads
 * have done. Not known before there were enough. */
struct ls_noise ls_search_noise(struct ls_search *search);

/* The stretch ends: everything in it has been found and every transmission is over. */
int ls_search_end(struct ls_search *search, struct ls_err *err);

const struct ls_search_counts *ls_search_counts(const struct ls_search *search);

#endif
