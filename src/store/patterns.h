/* store/patterns.h: findings, incidents, permits, and the state of the pattern engine. A pattern
 * run is begin, add..., put..., finish: one transaction, all or nothing. */
#ifndef STORE_PATTERNS_H
#define STORE_PATTERNS_H

#include "model/incident.h"
#include "store/store.h"

/* --- permits --- */

/* LS_ERR_ARG: no range, an end before its beginning. */
int ls_store_add_permit(struct ls_store *store, const struct ls_permit *permit, int64_t *ret_id,
                        struct ls_err *err);
/* It holds until until_ns. LS_ERR_NOTFOUND; LS_ERR_ARG: that is before it begins, or after the end
 * that it has: what was not permitted at its time is not permitted afterwards. */
int ls_store_end_permit(struct ls_store *store, int64_t id, int64_t until_ns, struct ls_err *err);

/* In order of id. What each returns but LS_OK ends the walk; the same for all walks here. */
typedef int ls_permit_each(void *context, const struct ls_permit *permit, struct ls_err *err);
int ls_store_each_permit(struct ls_store *store, ls_permit_each *each, void *context,
                         struct ls_err *err);

/* --- a pattern run --- */

/* How much a kind was searched for. */
struct ls_pattern_search {
    const char *kind;
    unsigned version;
    uint64_t searches;
    double trials;
    uint64_t rows;
};

/* Takes the lock that writing needs. Between begin and finish rows can be read. LS_ERR_BUSY. */
int ls_store_begin_patterns(struct ls_store *store, struct ls_err *err);
/* Replaces what an earlier run found of this kind and version; their incidents stay. */
int ls_store_add_search(struct ls_store *store, const struct ls_pattern_search *search,
                        struct ls_err *err);
/* Stores a new incident, or one with an id in the place of what it was, with all its evidence; sets
 * the id. last_ns: end of the rows of the run. */
int ls_store_put_incident(struct ls_store *store, struct ls_incident *incident, int64_t last_ns,
                          struct ls_err *err);
/* A reported finding and the incident that it is part of; it adds its evidence to that. */
int ls_store_add_finding(struct ls_store *store, const struct ls_finding *finding,
                         int64_t incident_id, struct ls_err *err);
int ls_store_finish_patterns(struct ls_store *store, struct ls_err *err);
void ls_store_abandon_patterns(struct ls_store *store);

/* --- the state of the engine --- */

struct ls_pattern_state {
    char program[32];
    char runs[LS_SHA512_HEX_BYTES]; /* digest of the runs behind it */
    int64_t until_ns;               /* every row that starts before is in it */
    uint64_t rows;
    void *bytes;
    size_t size;
};

/* Between begin and finish. */
int ls_store_set_pattern_state(struct ls_store *store, const struct ls_pattern_state *state,
                               struct ls_err *err);
/* LS_EOF: there is none. The caller frees bytes. */
int ls_store_pattern_state(struct ls_store *store, struct ls_pattern_state *ret,
                           struct ls_err *err);

/* --- reading --- */

struct ls_incident_filter {        /* all-zero: everything */
    struct ls_filter rows;         /* time, frequency, sensor, limit; class_name is not looked at */
    const char *kind;              /* NULL: any */
    enum ls_severity min_severity; /* LS_PERMITTED: any */
    int64_t id;                    /* 0: any */
};

/* In order of start_ns, then id; with all evidence that is stored. The row is borrowed. */
typedef int ls_incident_each(void *context, const struct ls_incident *row, struct ls_err *err);
int ls_store_each_incident(struct ls_store *store, const struct ls_incident_filter *filter,
                           ls_incident_each *each, void *context, struct ls_err *err);

/* The transmissions behind an incident, in order of start_ns, center_hz, id. Those that retention
 * or another run has deleted are missing. */
int ls_store_each_evidence(struct ls_store *store, int64_t incident_id, ls_transmission_each *each,
                           void *context, struct ls_err *err);

/* How it grew, oldest first. */
struct ls_incident_growth {
    int64_t last_ns; /* end of the rows that it had */
    enum ls_severity severity;
    double log10_p;
    uint64_t findings;
    uint64_t evidence;
};
typedef int ls_growth_each(void *context, const struct ls_incident_growth *row, struct ls_err *err);
int ls_store_each_growth(struct ls_store *store, int64_t incident_id, ls_growth_each *each,
                         void *context, struct ls_err *err);

#endif
