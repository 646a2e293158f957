/* survey/ledger.h: writes the observation ledger of a run from its blocks. Contiguous blocks of one
 * tuning become one "observed" row, or a "lost" one when they are too few to be searched; what lies
 * between them becomes "lost" (samples dropped within a capture) or "off" (between captures); or,
 * live, what the timeline says (survey/timeline.h). A capture that begins with the sample after the
 * last one's end continues it. Rows abut, so observed + lost + retuning + off = wall time from the
 * first sample to the last. */
#ifndef SURVEY_LEDGER_H
#define SURVEY_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "model/block.h"
#include "model/observation.h"

struct ls_ledger {
    int (*row)(void *context, const struct ls_observation *row, struct ls_err *err);
    /* Would so many samples at the present tuning not be searched? Set after init; NULL: never. */
    bool (*too_short)(void *context, uint64_t samples);
    void *context;              /* of both */
    struct ls_observation open; /* the row that grows; samples 0: none */
    struct ls_tuning tuning;
    int64_t shift_ns; /* added to block times so that time never runs backwards */
    int64_t first_ns;
    int64_t last_ns; /* end of the last block */
    double observed_s;
    double lost_s;
    double retuning_s;
    double off_s;
    uint64_t moved; /* blocks that claimed to begin more than a sample before the last one ended */
    bool begun;
};

/* row is called for each finished row, in order of time; sensor and run_id are left to it. */
void ls_ledger_init(struct ls_ledger *ledger,
                    int (*row)(void *context, const struct ls_observation *row, struct ls_err *err),
                    void *context);

/* The next block; before the search hears of it. Does it continue the one before, sample by sample
 * at one tuning? *ret_t_ns is its
 * time, moved forward when it claims to begin before the last one ended, or before the samples that
 * were lost between them have passed. */
int ls_ledger_block(struct ls_ledger *ledger, const struct ls_block *block, bool *ret_continues,
                    int64_t *ret_t_ns, struct ls_err *err);

/* From the end of the last block, or gap, until stop_ns there were no samples; gaps alike that
 * follow each other are one row. The next block must begin at stop_ns. Nothing before the first
 * block. */
int ls_ledger_gap(struct ls_ledger *ledger, const struct ls_observation *gap, struct ls_err *err);

/* The row that grows, as it would be if the run ended now. False: there is none. */
bool ls_ledger_open_row(const struct ls_ledger *ledger, struct ls_observation *ret);

/* The run is over: writes the open row. Before the search ends. */
int ls_ledger_finish(struct ls_ledger *ledger, struct ls_err *err);

#endif
