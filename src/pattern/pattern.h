/* pattern/pattern.h: transmissions and observations to findings. The engine puts transmissions to
 * emitters (pattern/track.h), keeps when each frequency was really listened to
 * (pattern/exposure.h), and lets the kinds of pattern/kind.h search for regularities.
 *
 * Live and offline are the same: memory is bounded, the state can be saved at any moment, and a run
 * that was resumed reports what one run would have. Nothing depends on the clock of the machine or
 * on chance: surrogates of a search are drawn from a generator that the data seed. */
#ifndef PATTERN_PATTERN_H
#define PATTERN_PATTERN_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/finding.h"
#include "model/observation.h"
#include "model/plan.h"
#include "model/transmission.h"
#include "pattern/jobs.h"

struct ls_pattern;

struct ls_pattern_opts {        /* all-zero: the defaults */
    const struct ls_plan *plan; /* what each band is for; NULL: not known. Borrowed for the life of
                                   the engine */
    size_t tracks_max; /* emitters kept at once; 0 means 8192. The one silent for longest gives way
                          to a new one; its searches still count */
    struct ls_jobs jobs; /* who helps; the findings do not depend on it */
};

/* The caller destroys *ret. LS_ERR_NOMEM. */
int ls_pattern_create(struct ls_pattern **ret, const struct ls_pattern_opts *opts,
                      struct ls_err *err);
void ls_pattern_destroy(struct ls_pattern *pattern);

/* Rows of all sensors together, in order of start_ns; an observation comes before the transmissions
 * that start in it. A sensor without observations counts as listening without a break. A row that
 * starts before the one before it, lasts no time or has a value that is not finite where one is
 * needed is left out and counted (ls_pattern_refused). Rows are worked on by the thousand: what
 * went wrong with one may be said with a later one, and the engine is of no use then. LS_ERR_NOMEM.
 */
int ls_pattern_observe(struct ls_pattern *pattern, const struct ls_observation *row,
                       struct ls_err *err);
int ls_pattern_push(struct ls_pattern *pattern, const struct ls_transmission *row,
                    struct ls_err *err);

enum ls_pattern_reason {
    LS_PATTERN_OUT_OF_ORDER,
    LS_PATTERN_NO_DURATION,
    LS_PATTERN_NO_FREQUENCY,
    LS_PATTERN_DUPLICATE, /* equal in time, frequency and duration to the row before it */
    LS_PATTERN_REASONS
};
/* "out of order", "no duration", ... */
const char *ls_pattern_reason_text(enum ls_pattern_reason reason);
uint64_t ls_pattern_refused(const struct ls_pattern *pattern, enum ls_pattern_reason reason);

/* One call for each search made so far, in a fixed order: by kind as in the table, then by time.
 * The finding and its evidence are borrowed for the call. The state stays as it is: rows may
 * follow, and asking twice gives the same answer. What each returns but LS_OK ends the walk. */
typedef int ls_finding_each(void *context, const struct ls_finding *finding, struct ls_err *err);
int ls_pattern_findings(struct ls_pattern *pattern, ls_finding_each *each, void *context,
                        struct ls_err *err);

/* The whole state as bytes; the caller frees *ret_bytes. For the same program version and kind of
 * machine: a newer version refuses with LS_ERR_VERSION, and the caller starts from the rows. */
int ls_pattern_save(struct ls_pattern *pattern, void **ret_bytes, size_t *ret_size,
                    struct ls_err *err);
/* LS_ERR_FORMAT: not such a state, or damaged. opts as for create, equal to those at save. */
int ls_pattern_load(struct ls_pattern **ret, const struct ls_pattern_opts *opts, const void *bytes,
                    size_t size, struct ls_err *err);

#endif
