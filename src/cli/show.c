#include "cli/show.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "base/units.h"

void ls_show_time(int64_t ns, bool no_clock, char ret[LS_SHOW_BYTES]) {
    if (no_clock) {
        snprintf(ret, LS_SHOW_BYTES, "%+.3f s", (double)ns / 1e9);
        return;
    }
    char text[LS_TIME_TEXT_BYTES];
    const int64_t half_ms = 500000;
    ls_time_format(ns > INT64_MAX - half_ms ? ns : ns + half_ms, text);
    char *t = strchr(text, 'T');
    if (t != NULL) {
        *t = ' ';
    }
    snprintf(ret, LS_SHOW_BYTES, "%.23s", text);
}

void ls_show_number(double value, int decimals, char ret[LS_SHOW_BYTES]) {
    ret[0] = '\0';
    if (!isnan(value)) {
        snprintf(ret, LS_SHOW_BYTES, "%.*f", decimals, value);
    }
}

void ls_show_width(double hz, char ret[LS_SHOW_BYTES]) {
    ret[0] = '\0';
    if (isnan(hz)) {
        return;
    }
    double scaled = hz >= 1e6 ? hz / 1e6 : hz >= 1e3 ? hz / 1e3 : hz;
    ls_hz_format(hz, scaled < 10.0 ? 2 : scaled < 100.0 ? 1 : 0, ret);
}

void ls_show_mhz(double hz, char ret[LS_SHOW_BYTES]) {
    snprintf(ret, LS_SHOW_BYTES, "%.6f", hz / 1e6);
    char *last = ret + strlen(ret) - 1;
    const char *keep = strchr(ret, '.') + 3;
    while (last > keep && *last == '0') {
        *last-- = '\0';
    }
}

void ls_show_count(uint64_t count, char ret[LS_SHOW_BYTES]) {
    ret[0] = '\0';
    if (count > 0) {
        snprintf(ret, LS_SHOW_BYTES, "%" PRIu64, count);
    }
}
