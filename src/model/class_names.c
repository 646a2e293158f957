#include "model/class_names.h"

#include <string.h>

#include "base/util.h"

static const char *const names[] = {"gsm",
                                    "gsm-access",
                                    "lte-uplink",
                                    "lte-prach",
                                    "lte-downlink",
                                    "nr",
                                    "wcdma",
                                    "nb-iot",
                                    "tetra",
                                    "dmr",
                                    "lora",
                                    "ook",
                                    "fsk",
                                    "fm",
                                    "carrier",
                                    "chirp",
                                    "ads-b",
                                    "ais",
                                    "wideband-noise-like",
                                    "unknown"};

const char *const *ls_class_names(size_t *ret_count) {
    *ret_count = LS_COUNT(names);
    return names;
}

bool ls_class_known(const char *name) {
    for (size_t i = 0; i < LS_COUNT(names); i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}
