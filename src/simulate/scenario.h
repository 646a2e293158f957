/* simulate/scenario.h: a scenario file, read: who transmits what, when, where, and who listens. The
 * keys, units and defaults are those of schemas/scenario.md; here every default is filled in.
 * Places are metres in a local plane, x along the line, y across it, z up. */
#ifndef SIMULATE_SCENARIO_H
#define SIMULATE_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/iq.h"
#include "model/transmission.h"
#include "simulate/waveform.h"

#define LS_SCENARIO_THERMAL_DBM_HZ (-173.975) /* k 290 K */

enum { LS_SCENARIO_NAME_BYTES = 48, LS_SCENARIO_WAYPOINTS = 15 };

struct ls_place {
    double x_m;
    double y_m;
    double z_m;
};

/* --- who listens --- */

struct ls_sensor_site {
    char name[LS_SENSOR_BYTES];
    struct ls_place place;
};

struct ls_spur {
    double offset_hz;  /* from the centre of the tuning */
    double level_dbfs; /* 0 dBFS as in base/iq.h */
};

enum ls_hop_order { LS_HOP_CYCLIC, LS_HOP_RANDOM };

/* Retune schedule; no centres: one tuning for good. */
struct ls_hop_schedule {
    double *centers_hz;
    size_t center_count;
    double dwell_s;          /* listening time on one centre */
    double dwell_spread;     /* each dwell is uniform within +- this fraction of dwell_s, 0..0.9 */
    double settle_s;         /* not listening after each retune */
    enum ls_hop_order order; /* random: a new permutation each round */
};

/* Stretches of samples that the receiver loses, a Poisson process. */
struct ls_loss {
    double rate_per_hour; /* 0: none */
    double length_s;      /* mean, exponential; at least one sample */
};

/* The receiver and its faults. */
struct ls_scenario_sensor {
    struct ls_sensor_site *sites; /* same receiver everywhere; [0] is the one that records I/Q */
    size_t site_count;            /* >= 1 */
    double center_hz;             /* without a hop schedule */
    double rate_sps;              /* > 0 */
    double usable; /* share of rate_sps that is analysed, 0..1: exposure of one tuning */
    int format_choice;
    enum ls_format format;
    double noise_figure_db;
    double antenna_gain_db;
    bool full_scale_given;
    double full_scale_dbm;       /* power at the antenna port of a signal of 0 dBFS */
    double floor_drift_db;       /* noise goes up and down by +- this as a sine, ... */
    double floor_drift_period_s; /* ... with this period */
    double ripple_db;            /* passband: peak ripple over the band, ... */
    double edge_db;              /* ... and droop at +- rate_sps / 2 against the centre */
    bool dc_given;
    double dc_dbfs;      /* level of the DC spike; -INFINITY: none */
    double iq_gain_db;   /* gain of Q against I */
    double iq_phase_deg; /* error of the 90 degrees between them */
    struct ls_spur *spurs;
    size_t spur_count;
    double ppm;          /* error of its oscillator at the start: a receiver that runs
                            fast (> 0) shows signals at f (1 - ppm 1e-6) */
    double ppm_per_hour; /* and its drift */
    struct ls_hop_schedule hop;
    struct ls_loss loss;
    double false_per_day; /* log only: rows that are noise */
};

/* --- how waves travel --- */

enum ls_path_loss { LS_PATH_EXPONENT, LS_PATH_TWO_RAY };
enum ls_fading { LS_FADING_NONE, LS_FADING_RAYLEIGH, LS_FADING_RICIAN };

struct ls_propagation {
    enum ls_path_loss model;
    double exponent;    /* beyond reference_m; 2 is free space */
    double reference_m; /* free space up to here */
    enum ls_fading fading;
    double rician_k_db; /* power of the direct ray over that of all others */
    double fading_hz;   /* Doppler spread of surroundings that move, added to that of the emitter */
    double shadowing_db; /* standard deviation of log-normal shadowing; 0: none */
    double shadowing_m;  /* distance at which its correlation is 1/e */
};

struct ls_cell_site {
    char name[LS_SCENARIO_NAME_BYTES];
    struct ls_place place;
};

/* --- when --- */

/* Times of a scenario count from its start. */
struct ls_window {
    double start_s; /* active from here ... */
    double stop_s;  /* ... to here; INFINITY: to the end */
    double from_h;  /* and only from this hour of the day (UTC) ... */
    double until_h; /* ... to this one; from > until goes over midnight; equal: all day */
};

enum ls_wait_kind { LS_WAIT_FIXED, LS_WAIT_UNIFORM, LS_WAIT_LOG_NORMAL, LS_WAIT_EXPONENTIAL };

/* A hold or a gap. */
struct ls_wait {
    enum ls_wait_kind kind;
    double seconds; /* fixed: the value; log-normal: the median; exponential: the mean */
    double spread;  /* fixed: standard deviation in s; log-normal: sigma of ln */
    double low_s;   /* uniform: from ... */
    double high_s;  /* ... to */
};

enum ls_script_kind {
    LS_SCRIPT_ALWAYS,  /* on from start to stop */
    LS_SCRIPT_LIST,    /* at stated times */
    LS_SCRIPT_CLOCK,   /* every period, clock-locked: telemetry, call windows, RTK */
    LS_SCRIPT_CYCLE,   /* hold, release, wait, again: a renewal process */
    LS_SCRIPT_SWEEP,   /* steps over a raster */
    LS_SCRIPT_POISSON, /* unrelated arrivals, with a day cycle: people, doors, key fobs */
    LS_SCRIPT_BURSTY,  /* arrivals in clusters (Neyman-Scott) */
    LS_SCRIPT_FOLLOW,  /* keyed together with another emitter: lockstep */
};

enum ls_sweep_direction { LS_SWEEP_UP, LS_SWEEP_DOWN, LS_SWEEP_BOTH, LS_SWEEP_RANDOM };

struct ls_script {
    enum ls_script_kind kind;
    struct ls_window window;
    struct ls_wait hold; /* length of a transmission; 0 s: the natural one of its waveform */
    struct ls_wait gap;  /* cycle: from release to the next set-up */
    double *times_s;     /* list */
    size_t time_count;
    double period_s; /* clock, sweep (start to start); day cycles have their own keys */
    bool phase_given;
    double phase_s;          /* clock, sweep: first start; not given: random within a period */
    double jitter_s;         /* clock, follow: standard deviation of each start, not accumulating */
    double drift_spread_ppm; /* clock: standard deviation over units */
    double drift_ppm;        /* clock: its crystal runs slow by this: period (1 + ppm 1e-6) */
    double miss;             /* clock, cycle: share of transmissions that do not happen */
    double low_hz;           /* sweep: first and ... */
    double high_hz;          /* ... last centre */
    double step_hz;
    double dwell_s; /* sweep: time on one step */
    enum ls_sweep_direction direction;
    double rate_per_hour; /* poisson, bursty (clusters): mean over the day */
    double day_depth;     /* poisson: rate (1 + depth cos(2 pi (hour - day_peak_h) / 24)), 0..1 */
    double day_peak_h;
    double cluster_size; /* bursty: mean transmissions of a cluster (geometric) */
    double cluster_s;    /* bursty: mean time from one to the next in a cluster */
    char leader_name[LS_SCENARIO_NAME_BYTES]; /* follow: the emitter ... */
    size_t leader;                            /* ... and its index */
    double lag_s;                             /* follow: start after the leader's */
    double join; /* follow: share of the leader's transmissions that are followed */
};

/* --- where --- */

struct ls_waypoint {
    double t_s; /* from the start of the passage */
    struct ls_place place;
};

enum ls_motion_kind { LS_MOTION_FIXED, LS_MOTION_PATH, LS_MOTION_RIDE };

/* A road or rail vehicle with its own timetable: on air only on the way. */
struct ls_path {
    struct ls_waypoint *waypoints; /* >= 2, <= LS_SCENARIO_WAYPOINTS, rising times */
    size_t waypoint_count;
    double *passes_s; /* starts of its passages; none: one at the scenario's start */
    size_t pass_count;
};

/* On board of trains of a line: number n of the line when n modulo every is first. */
struct ls_ride {
    char train_name[LS_SCENARIO_NAME_BYTES];
    size_t train; /* index of the line */
    size_t every;
    size_t first;
    struct ls_place offset; /* from the train's middle, x in its direction of travel */
};

struct ls_journey {
    enum ls_motion_kind kind;
    struct ls_place place; /* fixed */
    double scatter_m;      /* fixed: units are spread evenly over a disc of this radius */
    bool path_given;
    struct ls_path path;
    bool ride_given;
    struct ls_ride ride;
};

/* --- who transmits --- */

/* A waveform of simulate/waveform.h with its parameters. */
struct ls_air {
    char id[LS_CLASS_BYTES];
    char mode[LS_CLASS_BYTES];
    struct ls_waveform_params params; /* params.mode points to mode, or is NULL */
};

enum ls_channel_order { LS_CHANNEL_UNIT, LS_CHANNEL_CYCLIC, LS_CHANNEL_RANDOM };

struct ls_scenario_emitter {
    char name[LS_SCENARIO_NAME_BYTES];
    char group[LS_SCENARIO_NAME_BYTES]; /* of the pattern it is part of in the truth; "" none */
    char pattern[32]; /* finding kind that it plants (DESIGN section 3), "" ordinary */
    bool permitted;
    bool crowd;   /* each transmission is another radio: own place, offset and channel */
    size_t count; /* units of one model, each with its own phase, offset and place */
    struct ls_air air;
    double *channels_hz; /* centres, >= 1 */
    size_t channel_count;
    enum ls_channel_order order; /* unit: unit i keeps channel i modulo count; else per
                                    transmission */
    double power_dbm;            /* EIRP */
    double power_spread_db;      /* standard deviation per transmission: power control */
    double loss_db;              /* of a carriage, a wall */
    bool snr_given;              /* the level is fixed instead, wherever the emitter is: */
    double snr_db;        /* in the 99 % bandwidth of the waveform, against the receiver's noise */
    double ppm;           /* oscillator error, ... */
    double ppm_spread;    /* ... standard deviation over units, ... */
    double ppm_per_day;   /* ... linear drift, ... */
    double ppm_day_swing; /* ... and swing with the temperature of the day */
    bool locked;          /* a phone: carrier locked to its serving cell, with its Doppler too */
    bool cell_nearest;    /* of a locked one: the nearest cell at each time (handover), else ... */
    char cell_name[LS_SCENARIO_NAME_BYTES];
    size_t cell; /* ... this one; no cells in the scenario: none */
    struct ls_journey journey;
    struct ls_script script;
};

enum ls_train_way { LS_TRAIN_UP, LS_TRAIN_DOWN, LS_TRAIN_ALTERNATE };

/* What the phones of a train use: one of these for each phone, in equal shares. */
struct ls_train_band {
    double *channels_hz;
    size_t channel_count;
    double power_dbm;
    double power_spread_db;
    struct ls_air call;
    struct ls_air signal; /* a location update */
    double signal_s;      /* its length; 0: natural */
};

struct ls_train_phones {
    double active;         /* mean number on board that transmit at all (Poisson) */
    double loss_db;        /* carriage */
    double calls_per_hour; /* of one phone */
    struct ls_wait hold;
    struct ls_train_band *bands;
    size_t band_count;
    double *borders_m; /* x of location area borders: every phone signals there */
    size_t border_count;
    double storm_s; /* mean time after the border until it does (exponential) */
};

/* Cab radio of the driver: train set i uses channel i modulo count. */
struct ls_train_cab {
    double *channels_hz;
    size_t channel_count;
    double power_dbm;
    struct ls_air air;
    struct ls_wait hold;
    struct ls_wait gap;
};

/* On-board multi-SIM gateway: its SIMs, one a channel, report together on a clock. */
struct ls_train_gateway {
    double *channels_hz;
    size_t channel_count;
    double power_dbm;
    struct ls_air air;
    double period_s;
    double hold_s;
    double jitter_s; /* of one SIM against the others */
};

/* Trains by timetable on a straight track along x at y = track_m. */
struct ls_scenario_train {
    char name[LS_SCENARIO_NAME_BYTES];
    double track_m;
    double height_m;
    double length_m;
    double speed_mps;
    double speed_spread;   /* standard deviation over trains, fraction */
    enum ls_train_way way; /* up: to rising x */
    double range_m;        /* simulated while its middle is within x of +- this */
    double *times_s;       /* passages of x = 0 in each day, s from midnight UTC; or ... */
    size_t time_count;
    double headway_s; /* ... every headway from first to last */
    double first_h;
    double last_h;
    double delay_s; /* standard deviation against the timetable */
    size_t sets;    /* train sets in turn: same set, same cab radio and gateway */
    struct ls_train_phones phones;
    bool cab_given;
    struct ls_train_cab cab;
    bool gateway_given;
    struct ls_train_gateway gateway;
};

struct ls_scenario {
    char name[LS_SCENARIO_NAME_BYTES];
    char about[256];
    int64_t start_ns; /* UTC */
    double duration_s;
    uint64_t seed; /* --seed is over it */
    struct ls_scenario_sensor sensor;
    struct ls_propagation propagation;
    struct ls_cell_site *cells;
    size_t cell_count;
    struct ls_scenario_emitter *emitters;
    size_t emitter_count;
    struct ls_scenario_train *trains;
    size_t train_count;
};

/* Reads and checks the file. Errors: LS_ERR_NOTFOUND, LS_ERR_IO, LS_ERR_NOMEM; LS_ERR_FORMAT begins
 * with "'file' line N: " and names the key and, for a wrong one, the nearest. The caller destroys
 * *ret. */
int ls_scenario_load(struct ls_scenario **ret, const char *path, struct ls_err *err);
/* The same from text; file names it in errors. */
int ls_scenario_parse(struct ls_scenario **ret, const char *text, size_t length, const char *file,
                      struct ls_err *err);
void ls_scenario_destroy(struct ls_scenario *scenario);

#endif
