#include "base/iq.h"

#include <strings.h>

#include "base/util.h"

static const struct {
    const char *name;
    enum ls_format format;
    size_t bytes;
} formats[] = {
    /* The first row of a format holds its SigMF name; the others are aliases. */
    {"none", LS_FORMAT_NONE, 0},       {"cu8", LS_FORMAT_CU8, 2},
    {"ci8", LS_FORMAT_CI8, 2},         {"ci16_le", LS_FORMAT_CI16_LE, 4},
    {"cf32_le", LS_FORMAT_CF32_LE, 8}, {"cs8", LS_FORMAT_CI8, 2},
    {"ci16", LS_FORMAT_CI16_LE, 4},    {"cs16", LS_FORMAT_CI16_LE, 4},
    {"cf32", LS_FORMAT_CF32_LE, 8},    {"cfile", LS_FORMAT_CF32_LE, 8},
};

const char *ls_format_name(enum ls_format format) {
    for (size_t i = 0; i < LS_COUNT(formats); i++) {
        if (formats[i].format == format) {
            return formats[i].name;
        }
    }
    return "none";
}

bool ls_format_parse(const char *name, enum ls_format *ret) {
    for (size_t i = 1; i < LS_COUNT(formats); i++) {
        if (strcasecmp(formats[i].name, name) == 0) {
            *ret = formats[i].format;
            return true;
        }
    }
    return false;
}

size_t ls_format_bytes(enum ls_format format) {
    for (size_t i = 0; i < LS_COUNT(formats); i++) {
        if (formats[i].format == format) {
            return formats[i].bytes;
        }
    }
    return 0;
}
