#include "base/time.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Days since 1970-01-01 of a proleptic Gregorian date (H. Hinnant, "chrono-compatible low-level
 * date algorithms", days_from_civil). */
static int64_t days_from_civil(int64_t y, int m, int d) {
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + doe - 719468;
}

static bool leap_year(int y) { return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0; }

static int days_in_month(int y, int m) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return m == 2 && leap_year(y) ? 29 : days[m - 1];
}

/* n decimal digits at *p, which moves on. */
static bool take_digits(const char **p, int n, int *ret) {
    int value = 0;
    for (int i = 0; i < n; i++) {
        if (!isdigit((unsigned char)(*p)[i])) {
            return false;
        }
        value = value * 10 + ((*p)[i] - '0');
    }
    *p += n;
    *ret = value;
    return true;
}

static bool take_char(const char **p, char c) {
    if (**p != c) {
        return false;
    }
    (*p)++;
    return true;
}

static bool take_fraction(const char **p, int64_t *ret_ns) {
    *ret_ns = 0;
    if (**p != '.' && **p != ',') {
        return true;
    }
    (*p)++;
    if (!isdigit((unsigned char)**p)) {
        return false;
    }
    int64_t scale = LS_NS_PER_S / 10;
    for (; isdigit((unsigned char)**p); (*p)++) {
        *ret_ns += (**p - '0') * scale;
        scale /= 10;
    }
    return true;
}

static bool take_zone(const char **p, int *ret_minutes) {
    *ret_minutes = 0;
    if (take_char(p, 'Z') || take_char(p, 'z')) {
        return true;
    }
    int sign = **p == '-' ? -1 : 1;
    if (**p != '+' && **p != '-') {
        return false;
    }
    (*p)++;
    int hours;
    int minutes;
    if (!take_digits(p, 2, &hours) || !take_char(p, ':') || !take_digits(p, 2, &minutes)) {
        return false;
    }
    *ret_minutes = sign * (hours * 60 + minutes);
    return hours <= 23 && minutes <= 59;
}

static bool take_date(const char **p, int64_t *ret_days) {
    int y;
    int m;
    int d;
    bool ok = take_digits(p, 4, &y) && take_char(p, '-') && take_digits(p, 2, &m) &&
              take_char(p, '-') && take_digits(p, 2, &d);
    if (!ok || y < 1678 || y > 2261 || m < 1 || m > 12 || d < 1 || d > days_in_month(y, m)) {
        return false;
    }
    *ret_days = days_from_civil(y, m, d);
    return true;
}

static bool take_clock(const char **p, int64_t *ret_ns) {
    int h;
    int m;
    int s;
    int zone;
    int64_t fraction;
    bool ok = take_digits(p, 2, &h) && take_char(p, ':') && take_digits(p, 2, &m) &&
              take_char(p, ':') && take_digits(p, 2, &s) && take_fraction(p, &fraction) &&
              take_zone(p, &zone);
    if (!ok || h > 23 || m > 59 || s > 60) {
        return false;
    }
    *ret_ns =
        ((int64_t)h * 3600 + (int64_t)m * 60 + s - (int64_t)zone * 60) * LS_NS_PER_S + fraction;
    return true;
}

int ls_time_parse(const char *text, int64_t *ret_ns, struct ls_err *err) {
    const char *p = text;
    int64_t days;
    int64_t ns = 0;
    bool ok = take_date(&p, &days);
    if (ok && *p != '\0') {
        ok = take_char(&p, 'T') || take_char(&p, 't') || take_char(&p, ' ');
        ok = ok && take_clock(&p, &ns);
    }
    if (!ok || *p != '\0') {
        return ls_err_set(
            err, LS_ERR_ARG,
            "'%.60s' is not a time: write UTC as 2026-11-20T08:00:00Z or with an offset as "
            "2026-11-20T09:00:00+01:00",
            text);
    }
    *ret_ns = days * 86400 * LS_NS_PER_S + ns;
    return LS_OK;
}

void ls_time_format(int64_t ns, char ret[LS_TIME_TEXT_BYTES]) {
    int64_t seconds = ns / LS_NS_PER_S;
    int64_t rest = ns % LS_NS_PER_S;
    if (rest < 0) {
        rest += LS_NS_PER_S;
        seconds--;
    }
    time_t t = (time_t)seconds;
    struct tm tm;
    gmtime_r(&t, &tm);
    char day[24];
    strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(ret, LS_TIME_TEXT_BYTES, "%s.%09dZ", day, (int)rest);
}

int64_t ls_time_of_samples(uint64_t samples, double rate_sps) {
    /* Whole seconds apart from the rest, so that the product stays within 53 bits. */
    uint64_t per_second = (uint64_t)rate_sps;
    if (per_second > 0 && (double)per_second == rate_sps) {
        uint64_t rest = samples % per_second;
        return (int64_t)(samples / per_second) * LS_NS_PER_S +
               (int64_t)llround((double)rest * 1e9 / rate_sps);
    }
    return (int64_t)llroundl((long double)samples * 1e9L / (long double)rate_sps);
}

int64_t ls_ns_from_seconds(double seconds) {
    if (isnan(seconds)) {
        return 0;
    }
    double ns = seconds * 1e9;
    if (ns >= 9.2233720368547e18) {
        return INT64_MAX;
    }
    if (ns <= -9.2233720368547e18) {
        return INT64_MIN;
    }
    int64_t whole = (int64_t)seconds;
    return whole * LS_NS_PER_S + (int64_t)llround((seconds - (double)whole) * 1e9);
}

static int64_t read_clock(clockid_t id) {
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * LS_NS_PER_S + t.tv_nsec;
}

int64_t ls_time_midnight(int64_t ns) {
    int64_t days = ns / LS_NS_PER_DAY - (ns % LS_NS_PER_DAY < 0 ? 1 : 0);
    return days * LS_NS_PER_DAY;
}

int64_t ls_time_now(void) { return read_clock(CLOCK_REALTIME); }

int64_t ls_time_steady(void) { return read_clock(CLOCK_MONOTONIC); }
