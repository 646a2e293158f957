/* simulate/script.h: when one radio transmits: the times of a script within intervals of presence.
 * Sources of the models: data/call scripts as in drive tests (loop of set-up, hold, release, wait),
 * telemetry on a crystal, people as a Poisson process with log-normal holds, clusters after Neyman
 * and Scott ("Statistical approach to problems of cosmology", J. Royal Statistical Society B 20(1),
 * 1958). */
#ifndef SIMULATE_SCRIPT_H
#define SIMULATE_SCRIPT_H

#include <gsl/gsl_rng.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "simulate/scenario.h"

/* One planned time on the air. */
struct ls_script_slot {
    int64_t start_ns;
    int64_t duration_ns;
    double center_hz; /* sweeps; else 0 */
    uint64_t number;  /* counts the transmissions of this radio, hops and sweeps go by it */
};

struct ls_script_run;

struct ls_script_opts {
    const struct ls_script *script; /* of any kind but follow; borrowed, as are the others */
    const struct ls_air *air;
    int64_t epoch_ns; /* start of the scenario: phases and drift count from here */
    bool moving;      /* intervals are passages: what is on when one begins is cut, not left out */
    bool crowd;       /* transmissions may overlap */
    const gsl_rng *rng;
};

/* LS_ERR_NOMEM. The caller destroys *ret. */
int ls_script_run_create(struct ls_script_run **ret, const struct ls_script_opts *opts,
                         struct ls_err *err);
void ls_script_run_destroy(struct ls_script_run *run);

/* An interval of presence begins; intervals rise and do not overlap. */
void ls_script_run_enter(struct ls_script_run *run, int64_t from_ns, int64_t until_ns);

/* The next slot that starts in the interval, in order of start. A slot of a moving radio ends with
 * the interval. False: no more in this one. */
bool ls_script_run_next(struct ls_script_run *run, struct ls_script_slot *ret);

/* Length on the air that a waveform makes of a wanted one (0: its natural length), ns; 0 when it
 * cannot be made. */
int64_t ls_script_length_ns(const struct ls_air *air, double wanted_s);

#endif
