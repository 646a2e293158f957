#include "model/incident.h"

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
