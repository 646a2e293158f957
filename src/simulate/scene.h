/* simulate/scene.h: a scenario unrolled in time: what is transmitted when, where from, and when the
 * receiver listens. Two streams, both sorted by time and in constant memory: emissions (planned
 * transmissions) and exposures (the receiver's ledger). A renderer turns them into samples, the log
 * generator into lines, the truth writer into truth; all see the same ones.
 *
 * Everything random comes from (seed, emitter name, unit, purpose), so an emitter that is added or
 * removed leaves the others as they were, and equal seeds give equal streams. */
#ifndef SIMULATE_SCENE_H
#define SIMULATE_SCENE_H

#include <complex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/observation.h"
#include "simulate/scenario.h"
#include "simulate/waveform.h"

struct ls_scene;

enum { LS_SCENE_NO_CELL = -1, LS_SCENE_NEAREST_CELL = -2 };

/* A radio model of the scenario, or one that a train line brings along ("ic/cab", "ic/phones"). */
struct ls_scene_emitter {
    const char *name;
    const char *group; /* as in struct ls_scenario_emitter */
    const char *pattern;
    bool permitted;
    bool locked;              /* carrier follows a cell */
    const struct ls_air *air; /* what it sends */
    size_t units;             /* 0: as many as come (phones of trains, crowds) */
};

/* Where an emission is sent from over time: straight legs. */
struct ls_scene_leg {
    int64_t t_ns;          /* at this time ... */
    struct ls_place place; /* ... here; */
    struct ls_place speed; /* m/s in each direction until the next leg */
};

enum { LS_SCENE_LEGS = 16 };

/* One planned transmission. */
struct ls_emission {
    uint64_t id;         /* 0, 1, 2, ... in the order of the stream */
    size_t emitter;      /* index for ls_scene_emitters */
    uint32_t unit;       /* which radio of the emitter */
    uint32_t passage;    /* which passage of a path, or which train; 0 for fixed ones */
    int64_t start_ns;    /* of its first burst */
    int64_t duration_ns; /* > 0: from first to last burst; what the waveform makes of it is law */
    double center_hz;    /* nominal: the channel */
    double ppm;          /* error of the transmitter's oscillator, against its channel (free
                            running) or against the cell's carrier as received (locked) */
    double power_dbm;    /* EIRP less losses of this transmission, while the carrier is on */
    bool level_given;    /* no path loss: level_dbm is the level at the antenna port */
    double level_dbm;
    uint64_t seed;      /* of its content, for ls_waveform_create */
    uint64_t fade_seed; /* of shadowing and fading: same for all emissions of one radio */
    int cell;           /* index of the serving cell, LS_SCENE_NO_CELL, LS_SCENE_NEAREST_CELL */
    size_t leg_count;   /* >= 1; a fixed emitter has one leg with speed 0 */
    struct ls_scene_leg legs[LS_SCENE_LEGS];
};

/* The radio link of an emission to a sensor at one time. */
struct ls_link {
    double level_dbm; /* at the antenna port, carrier on: power, antenna gain, path loss,
                         shadowing; without fading */
    double shift_hz;  /* carrier as it arrives less emission.center_hz: oscillator and Doppler */
    double spread_hz; /* one-sided Doppler spread of the fading */
    double distance_m;
    double complex fading; /* gain of small-scale fading, mean |.|^2 = 1; 1 when there is none */
};

/* What the receiver did. The exposures of a sensor abut: from the scenario's start to its end, to
 * the sample. Sample k of the wall clock is taken at start_ns + k / rate_sps. */
struct ls_exposure {
    enum ls_observation_state state; /* LS_OBSERVED, LS_LOST, LS_RETUNING */
    uint64_t first_sample;           /* of the wall clock since the scenario's start */
    uint64_t samples;                /* > 0 */
    int64_t start_ns;                /* of first_sample */
    int64_t stop_ns;                 /* start of the next exposure */
    double center_hz;                /* tuning */
};

struct ls_scene_opts {
    uint64_t seed;
    bool seed_given; /* else the scenario's */
};

/* The scenario is borrowed until destroy. LS_ERR_NOMEM.
 * The caller destroys *ret. One thread at a time. */
int ls_scene_create(struct ls_scene **ret, const struct ls_scenario *scenario,
                    const struct ls_scene_opts *opts, struct ls_err *err);
void ls_scene_destroy(struct ls_scene *scene);

const struct ls_scenario *ls_scene_scenario(const struct ls_scene *scene);
uint64_t ls_scene_seed(const struct ls_scene *scene);
const struct ls_scene_emitter *ls_scene_emitters(const struct ls_scene *scene, size_t *ret_count);

/* The next emission that starts before the scenario's end, by (start_ns, emitter, unit). LS_OK,
 * LS_EOF, LS_ERR_NOMEM. Emissions that begin before the start of the scenario are not made: what is
 * always on starts with it. */
int ls_scene_next(struct ls_scene *scene, struct ls_emission *ret, struct ls_err *err);

/* What the waveform makes of an emission: edges, bursts, time on the air. */
void ls_scene_describe(const struct ls_scene *scene, const struct ls_emission *emission,
                       struct ls_waveform_info *ret);

/* The next exposure of a sensor (all sites share the schedule). False at the end. Independent of
 * ls_scene_next. */
bool ls_scene_next_exposure(struct ls_scene *scene, struct ls_exposure *ret);

/* Whether an emission comes from a body that moves. */
bool ls_scene_moves(const struct ls_emission *emission);

/* The link of an emission to sensor site `site` at t_ns, any time within it. Level, shift and
 * fading are smooth: steps of ls_scene_step_s are enough to draw them as straight lines in between
 * (in dB, Hz and complex gain). A handover of a phone makes one step of shift_hz. Needs no state:
 * any thread. */
void ls_scene_link(const struct ls_scene *scene, size_t site, const struct ls_emission *emission,
                   int64_t t_ns, struct ls_link *ret);
/* The same without the fading: fading is 1. */
void ls_scene_mean_link(const struct ls_scene *scene, size_t site,
                        const struct ls_emission *emission, int64_t t_ns, struct ls_link *ret);
/* The fading alone. */
double complex ls_scene_fading(const struct ls_scene *scene, size_t site,
                               const struct ls_emission *emission, int64_t t_ns);
/* Shift, Doppler, spread and distance only: level_dbm is NAN, fading is 1. */
void ls_scene_shift(const struct ls_scene *scene, size_t site, const struct ls_emission *emission,
                    int64_t t_ns, struct ls_link *ret);
double ls_scene_step_s(const struct ls_scene *scene, const struct ls_emission *emission);

/* Receiver noise in bandwidth_hz at the antenna port: kT at 290 K and the noise figure, with the
 * floor drift at t_ns. dBFS = dBm - sensor.full_scale_dbm. */
double ls_scene_noise_dbm(const struct ls_scene *scene, double bandwidth_hz, int64_t t_ns);

/* Error of the receiver's oscillator at t_ns, ppm. */
double ls_scene_sensor_ppm(const struct ls_scene *scene, int64_t t_ns);

#endif
