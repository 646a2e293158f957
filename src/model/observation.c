#include "model/observation.h"

#include <string.h>

#include "base/util.h"

static const char *const names[] = {
    [LS_OBSERVED] = "observed", [LS_LOST] = "lost", [LS_RETUNING] = "retuning", [LS_OFF] = "off"};

const char *ls_observation_state_name(enum ls_observation_state state) { return names[state]; }

bool ls_observation_state_parse(const char *name, enum ls_observation_state *ret) {
    for (size_t i = 0; i < LS_COUNT(names); i++) {
        if (strcmp(names[i], name) == 0) {
            *ret = (enum ls_observation_state)i;
            return true;
        }
    }
    return false;
}
