/* model/config.h: the configuration of a sensor. One table lists each key with its type, unit,
 * range, default and text; parsing, checks, `lineside config`, the manual page lineside.yaml(5) and
 * the sample file come from it. A file is YAML in two levels, "section: key: value", with values as
 * people write them (433.92M, 10ms, 40dB, 20G). */
#ifndef MODEL_CONFIG_H
#define MODEL_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/iq.h"
#include "model/plan.h"

enum ls_config_type {
    LS_CONFIG_TEXT,     /* const char *; NULL: none */
    LS_CONFIG_HZ,       /* double; frequency or rate */
    LS_CONFIG_SECONDS,  /* double */
    LS_CONFIG_BYTES,    /* double */
    LS_CONFIG_QUANTITY, /* double, in the unit of the key */
    LS_CONFIG_COUNT,    /* size_t */
    LS_CONFIG_BOOL,     /* bool: true or false */
    LS_CONFIG_CHOICE,   /* int: index of choices */
    LS_CONFIG_LIST,     /* struct ls_config_list of text */
};

/* What a change of the key takes when the file is read again. */
enum ls_config_change {
    LS_CONFIG_AT_ONCE, /* applied while samples flow */
    LS_CONFIG_RETUNE,  /* applied while samples flow, where the tuning stays; else a gap that the
                          ledger explains */
    LS_CONFIG_RESTART, /* waits for the next start */
};

struct ls_config_key {
    const char *section;
    const char *name;
    enum ls_config_type type;
    const char *unit;           /* of QUANTITY: "dB"; "" else */
    double low, high;           /* of numbers, both allowed; of TEXT: bytes */
    const char *standard;       /* the default as it would be written; "none": not set, and none may
                                   be written; NULL: must be given */
    const char *const *choices; /* CHOICE: words, NULL at the end; of numbers: {"none"} where none
                                   may be written though the default is a number; else NULL */
    enum ls_config_change change;
    const char *example; /* for the sample file; NULL: the default, commented out */
    const char *text;    /* what it is for, one or two sentences */
    size_t offset;       /* in struct ls_config */
};

struct ls_config_list {
    char **items;
    size_t count;
};

struct ls_config_range {
    const char *name; /* of the plan's band, or as written */
    double low_hz, high_hz;
};

struct ls_config_gain {
    char element[32];
    double db;
};

enum ls_config_mode { LS_CONFIG_FIXED, LS_CONFIG_HOP };

/* Numbers that are not set are NAN, text is NULL. */
struct ls_config {
    struct {
        const char *name;
        const char *label;
        double latitude_deg, longitude_deg, altitude_m;
    } sensor;
    struct {
        const char *args;
        size_t channel;
        double rate_sps, bandwidth_hz;
        int format; /* index: auto, ci8, ci16_le, cf32_le; see ls_config_format */
        const char *antenna;
        bool automatic_gain;
        double gain_db;
        const char *calibration; /* as model/calibration.h parses it */
        struct ls_config_list gains;
        double ppm;
        int bias_tee; /* index: leave, off, on */
        const char *clock_source, *time_source;
        double call_timeout_s, reopen_min_s, reopen_max_s;
        bool wait_when_full, stop_when_lost;
    } receiver;
    struct {
        int mode; /* enum ls_config_mode */
        double center_hz;
        struct ls_config_list bands;
        double dwell_s, settle_s, usable;
        size_t seed;
        const char *plan;
    } survey;
    struct {
        size_t threads;
        double channel_hz;
        int mode; /* index: bank, stft */
        int taps; /* index: 4, 8, 12; see ls_config_taps */
        double false_alarms_per_day;
        struct ls_config_list spurs_hz;
        double ring_bytes;
    } detector;
    struct {
        const char *database;
        double commit_s;
        size_t queue_rows;
    } store;
    struct {
        double transmissions_s, observations_s, health_s;
        double transmissions_bytes, observations_bytes, health_bytes;
        double period_s;
    } retention;
    struct {
        const char *key;
        double seal_s;
    } evidence;
    struct {
        double interval_s, stall_s, floor_drop_db, gain_drop_db;
        struct ls_config_list reference_hz;
        double reference_drop_db;
        double clip_warn, clip_fail, temperature_warn, temperature_fail;
        double disk_warn_bytes, disk_fail_bytes, queue_warn, queue_fail;
        double clock_warn_s, clock_fail_s, memory_warn_bytes, memory_fail_bytes;
        double hysteresis, hold_s;
    } health;
    struct {
        double period_s;
    } patterns;
    struct {
        int events; /* index: system, device */
        bool ntp;
        const char *gpsd;
    } clock;
    struct {
        const char *listen;
    } metrics;
    struct {
        bool enabled;
        const char *case_id, *folder;
        double quota_bytes, expiry_s, before_s, after_s, longest_s, ring_bytes;
        struct ls_config_list bands, classes;
        double min_snr_db;
    } snippets;
    struct {
        int level; /* enum ls_log_level */
    } log;

    /* Made by ls_config_check from the lists above. */
    struct ls_plan *plan; /* NULL: none */
    struct ls_config_range *ranges;
    size_t range_count;
    struct ls_config_range *snippet_ranges;
    size_t snippet_range_count;
    struct ls_config_gain *gains;
    size_t gain_count;
    double *spurs_hz;
    size_t spur_count;
    double *references_hz;
    size_t reference_count;

    struct ls_config_origin *origins; /* private: where each value came from */
    char *file;                       /* "" without one */
};

/* The table. */
const struct ls_config_key *ls_config_keys(size_t *ret_count);

/* Defaults, then the file (path NULL: none), then settings[count] of the command line, each
 * "section.key=value". Values are checked one by one; LS_ERR_NOTFOUND, LS_ERR_IO; LS_ERR_FORMAT:
 * file, line and the nearest key; LS_ERR_ARG: a setting. The caller destroys *ret. */
int ls_config_load(struct ls_config **ret, const char *path, const char *const *settings,
                   size_t count, struct ls_err *err);
void ls_config_destroy(struct ls_config *config);

/* What only shows between values: keys that must be given, ranges that exclude each other, a plan
 * that does not load, bands that it lacks. Fills in plan, ranges, gains and spurs. LS_ERR_FORMAT
 * with file and line. Call once. */
int ls_config_check(struct ls_config *config, struct ls_err *err);

/* Value i of the table as it is written; a list as [a, b]; "none" when it is not set, "" when it
 * must be given and is not. The caller frees it; NULL: out of memory. */
char *ls_config_value(const struct ls_config *config, size_t i);

/* "default", "command line", or "lineside.yaml line 7". */
void ls_config_origin(const struct ls_config *config, size_t i, char *ret, size_t size);

/* Keys whose values differ, by index of the table; room for all of them. */
size_t ls_config_changes(const struct ls_config *before, const struct ls_config *after,
                         size_t *ret_keys);

/* Value i of another configuration takes the place of this one's; not of a list. LS_ERR_NOMEM. */
int ls_config_keep(struct ls_config *config, const struct ls_config *from, size_t i,
                   struct ls_err *err);

/* Of the filter bank, 1 for plain transforms; 0: as is usual. */
size_t ls_config_taps(const struct ls_config *config);

/* LS_FORMAT_NONE for auto. */
enum ls_format ls_config_format(const struct ls_config *config);

#endif
