/* model/incident.h: findings in context, worth a person's time; and the permits that explain them.
 */
#ifndef MODEL_INCIDENT_H
#define MODEL_INCIDENT_H

#include <stdbool.h>
#include <stdint.h>

#include "model/finding.h"
#include "model/run.h"

enum ls_severity { LS_PERMITTED, LS_NOTE, LS_WATCH, LS_ALERT };

struct ls_incident {
    int64_t id; /* row id in the store; 0 before it is stored */
    enum ls_severity severity;
    struct ls_finding finding;  /* the strongest one; start and stop are those of the incident */
    uint64_t findings;          /* how many it grew from */
    bool confirmed;             /* on a disjoint interval */
    int64_t permit;             /* id of the permit that explains it; 0: none */
    char label[LS_LABEL_BYTES]; /* classification of the rows it rests on, several joined by " + ";
                                   "" for none */
    char band[64];              /* name of the plan's band, "" when none */
};

/* Where a finding is, for people: "near 882.400 MHz", and of one over several channels, wider than
 * LS_INCIDENT_NARROW_HZ, "from 880.474 to 883.325 MHz": in the middle nothing may have been sent. A
 * GSM channel as received is 250 kHz wide. decimals: of MHz. */
#define LS_INCIDENT_NARROW_HZ 500e3
enum { LS_INCIDENT_WHERE_BYTES = 64 };
bool ls_incident_is_wide(const struct ls_finding *finding);
void ls_incident_where(const struct ls_finding *finding, int decimals,
                       char ret[LS_INCIDENT_WHERE_BYTES]);

/* "permitted", "note", "watch", "alert". */
const char *ls_severity_name(enum ls_severity severity);

/* False when name is none of them. */
bool ls_severity_parse(const char *name, enum ls_severity *ret);

/* A registered, authorised activity. It explains findings; it never hides them. */
struct ls_permit {
    int64_t id;
    char owner[64];
    char purpose[128];
    char place[64]; /* name of a sensor, or "" for everywhere */
    double low_hz;
    double high_hz;
    int64_t since_ns;
    int64_t until_ns; /* INT64_MAX: until it is ended */
};

#endif
