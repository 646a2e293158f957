#include "model/incident.h"

#include <stdio.h>
#include <string.h>

#include "base/util.h"

static const char *const names[] = {
    [LS_PERMITTED] = "permitted", [LS_NOTE] = "note", [LS_WATCH] = "watch", [LS_ALERT] = "alert"};

const char *ls_severity_name(enum ls_severity severity) { return names[severity]; }

bool ls_severity_parse(const char *name, enum ls_severity *ret) {
    for (size_t i = 0; i < LS_COUNT(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            *ret = (enum ls_severity)i;
            return true;
        }
    }
    return false;
}

bool ls_incident_is_wide(const struct ls_finding *finding) {
    return finding->high_hz - finding->low_hz > LS_INCIDENT_NARROW_HZ;
}

void ls_incident_where(const struct ls_finding *finding, int decimals,
                       char ret[LS_INCIDENT_WHERE_BYTES]) {
    double low = finding->low_hz / 1e6;
    double high = finding->high_hz / 1e6;
    if (ls_incident_is_wide(finding)) {
        snprintf(ret, LS_INCIDENT_WHERE_BYTES, "from %.*f to %.*f MHz", decimals, low, decimals,
                 high);
    } else {
        snprintf(ret, LS_INCIDENT_WHERE_BYTES, "near %.*f MHz", decimals, 0.5 * (low + high));
    }
}
