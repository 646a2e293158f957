/* tests/survey/heard.h: what a search made of samples in memory, row by row. */
#ifndef TESTS_SURVEY_HEARD_H
#define TESTS_SURVEY_HEARD_H

#include <stddef.h>
#include <stdint.h>

#include "model/burst.h"
#include "model/transmission.h"
#include "model/tuning.h"
#include "survey/search.h"

struct heard_burst {
    struct ls_burst burst;
    int64_t number;
};

struct heard {
    struct ls_transmission *rows;
    size_t row_count;
    size_t row_room;
    struct heard_burst *bursts;
    size_t burst_count;
    size_t burst_room;
    struct ls_search_counts counts;
};

struct heard_opts {
    size_t threads;       /* 0: 1 */
    size_t block_samples; /* 0: all at once */
    double channel_hz;
    const double *spurs_hz;
    size_t spur_count;
    double hang_s; /* 0: 60 ms */
};

/* One stretch; all-zero *ret. Fails the test itself. */
void heard_search(struct heard *ret, const struct heard_opts *opts, const struct ls_tuning *tuning,
                  int64_t t_ns, const void *samples, size_t count);

/* Contiguous samples at one tuning. */
struct heard_stretch {
    struct ls_tuning tuning;
    int64_t t_ns;
    const void *samples;
    size_t count;
};

/* One run of several stretches; all-zero *ret. Fails the test itself. */
void heard_search_all(struct heard *ret, const struct heard_opts *opts,
                      const struct heard_stretch *stretches, size_t stretch_count);
void heard_finish(struct heard *heard);

/* The same rows and bursts to the bit? */
bool heard_equal(const struct heard *a, const struct heard *b);

#endif
