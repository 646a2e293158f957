/* model/plan.h: band plans as data: which service is where, by region. A plan is a YAML file; its
 * schema is schemas/plans/README.md. Bands may overlap; the region decides what a frequency means.
 */
#ifndef MODEL_PLAN_H
#define MODEL_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum ls_direction {
    LS_DIRECTION_ANY,
    LS_DIRECTION_UPLINK,
    LS_DIRECTION_DOWNLINK,
    LS_DIRECTION_TDD,
    LS_DIRECTION_SIMPLEX
};

struct ls_band {
    const char *name;  /* stable id within the plan, as --band takes it: "gsm-r-uplink" */
    const char *title; /* for people: "GSM-R uplink (UIC)" */
    double low_hz;     /* edges, low < high */
    double high_hz;
    const char *service; /* "railway", "cellular", "srd", "pmr", "tetra", "maritime", "aviation",
                            "gnss", ... */
    enum ls_direction direction;
    double raster_hz; /* channel spacing; 0 when the band has none */
    double first_hz; /* centre of the first channel on the raster; low_hz + raster_hz / 2 unless the
                        plan says */
    double hang_s;   /* bursts of one radio closer than this are one transmission; > 0 */
    bool protected_band;        /* a service whose own users should be the only ones here */
    const char *const *classes; /* expected classes, names of DESIGN section 3 */
    size_t class_count;
    const char *source; /* where the fact comes from */
};

struct ls_plan {
    const char *name; /* "eu" */
    const char *title;
    const char *region;
    unsigned version;            /* only goes up */
    const struct ls_band *bands; /* ascending low_hz, then high_hz, then name */
    size_t band_count;
    void *owner; /* private to plan.c */
};

enum { LS_PLAN_HANG_DEFAULT_MS = 60 };

/* name_or_file: a name of a shipped plan ("eu") or the path of a YAML file. Errors carry file, line
 * and the offending key. LS_ERR_NOTFOUND names the nearest plan. The caller destroys *ret. */
int ls_plan_load(struct ls_plan **ret, const char *name_or_file, struct ls_err *err);

/* One more who uses it, who destroys it too: the last one frees it. Any thread. NULL is nobody's.
 */
const struct ls_plan *ls_plan_hold(const struct ls_plan *plan);
void ls_plan_destroy(const struct ls_plan *plan);

/* Do both say the same, but for texts for people? NULL is the same as NULL alone. */
bool ls_plan_same(const struct ls_plan *a, const struct ls_plan *b);

/* Names of the shipped plans, sorted. They are compiled into the program. */
const char *const *ls_plan_names(size_t *ret_count);

/* "any", "uplink", "downlink", "tdd", "simplex", as the files write it. */
const char *ls_direction_name(enum ls_direction direction);

/* The band by name, or NULL. */
const struct ls_band *ls_plan_band(const struct ls_plan *plan, const char *name);

/* Writes up to room pointers to the bands that hold hz, narrowest first; returns how many hold it.
 */
size_t ls_plan_bands_at(const struct ls_plan *plan, double hz, const struct ls_band **ret,
                        size_t room);

/* Channels of the raster that lie whole within the band: channel k is at first_hz + k * raster_hz.
 * 0 when the band has no raster. */
size_t ls_plan_channels(const struct ls_band *band);

/* The channel of a raster that is nearest to hz, in the narrowest band with a raster that holds it;
 * NAN: there is none. plan may be NULL. */
double ls_plan_channel_hz(const struct ls_plan *plan, double hz);

/* Hang time for a transmission at hz: of the narrowest band that holds it, else
 * LS_PLAN_HANG_DEFAULT_MS. plan may be NULL. */
double ls_plan_hang_s(const struct ls_plan *plan, double hz);

#endif
