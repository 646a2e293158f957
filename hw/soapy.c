#include "hw/soapy.h"

#include <SoapySDR/Formats.h>
#include <SoapySDR/Logger.h>
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/units.h"
#include "base/util.h"

static void take_line(const SoapySDRLogLevel level, const char *message) {
    ls_log(level <= SOAPY_SDR_WARNING ? LS_LOG_WARNING : LS_LOG_DEBUG, "soapysdr: %s", message);
}

static void take_line_quietly(const SoapySDRLogLevel level, const char *message) {
    (void)level;
    ls_log(LS_LOG_DEBUG, "soapysdr: %s", message);
}

void ls_soapy_take_log(bool quietly) {
    SoapySDR_registerLogHandler(quietly ? take_line_quietly : take_line);
}

static const struct {
    enum ls_format format;
    const char *name;
    double full_scale;
} formats[] = {
    {LS_FORMAT_CU8, SOAPY_SDR_CU8, 128.0},
    {LS_FORMAT_CI8, SOAPY_SDR_CS8, 128.0},
    {LS_FORMAT_CI16_LE, SOAPY_SDR_CS16, 32768.0},
    {LS_FORMAT_CF32_LE, SOAPY_SDR_CF32, 1.0},
};

const char *ls_soapy_format_name(enum ls_format format) {
    for (size_t i = 0; i < LS_COUNT(formats); i++) {
        if (formats[i].format == format) {
            return formats[i].name;
        }
    }
    return "";
}

enum ls_format ls_soapy_format(const char *name) {
    for (size_t i = 0; i < LS_COUNT(formats); i++) {
        if (strcmp(formats[i].name, name) == 0) {
            return formats[i].format;
        }
    }
    return LS_FORMAT_NONE;
}

double ls_soapy_full_scale(enum ls_format format) {
    for (size_t i = 0; i < LS_COUNT(formats); i++) {
        if (formats[i].format == format) {
            return formats[i].full_scale;
        }
    }
    return 1.0;
}

static void add(char *ret, size_t ret_size, const char *text) {
    size_t used = strlen(ret);
    ls_copy_text(ret + used, ret_size - used, text);
}

void ls_soapy_join(char *ret, size_t ret_size, char *const *words, size_t count) {
    ret[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        add(ret, ret_size, i == 0 ? "" : ", ");
        add(ret, ret_size, words[i]);
    }
}

void ls_soapy_show_ranges(char *ret, size_t ret_size, const SoapySDRRange *ranges, size_t count,
                          const char *unit) {
    ret[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        char low[LS_UNIT_TEXT_BYTES];
        char high[LS_UNIT_TEXT_BYTES];
        ls_hz_show(ranges[i].minimum, unit, low);
        ls_hz_show(ranges[i].maximum, unit, high);
        add(ret, ret_size, i == 0 ? "" : ", ");
        add(ret, ret_size, low);
        if (strcmp(low, high) != 0) {
            add(ret, ret_size, " to ");
            add(ret, ret_size, high);
        }
    }
}

bool ls_soapy_span(const SoapySDRRange *ranges, size_t count, double *ret_low, double *ret_high) {
    double low = INFINITY;
    double high = -INFINITY;
    for (size_t i = 0; i < count; i++) {
        low = fmin(low, ranges[i].minimum);
        high = fmax(high, ranges[i].maximum);
    }
    if (!(low <= high)) {
        return false;
    }
    *ret_low = low;
    *ret_high = high;
    return true;
}

bool ls_soapy_within(const SoapySDRRange *ranges, size_t count, double value) {
    double room = fabs(value) * 1e-9; /* what a driver's arithmetic may cost */
    for (size_t i = 0; i < count; i++) {
        if (value >= ranges[i].minimum - room && value <= ranges[i].maximum + room) {
            return true;
        }
    }
    return count == 0;
}

const char *ls_soapy_value(const SoapySDRKwargs *args, const char *key) {
    for (size_t i = 0; i < args->size; i++) {
        if (strcmp(args->keys[i], key) == 0) {
            return args->vals[i];
        }
    }
    return NULL;
}

static bool contains(const char *text, const char *part) { return strcasestr(text, part) != NULL; }

/* HackRF's one port is its antenna's whatever its driver calls it, hence a key of the transmitter
 * is better than none. */
static void prefer(struct ls_soapy_setting *best, const SoapySDRArgInfo *infos, size_t count,
                   bool of_channel) {
    for (size_t i = 0; i < count; i++) {
        const char *key = infos[i].key;
        bool better = best->key[0] == '\0' || (contains(best->key, "tx") && !contains(key, "tx"));
        if (contains(key, "bias") && better) {
            ls_copy_text(best->key, sizeof best->key, key);
            best->of_channel = of_channel;
        }
    }
}

struct ls_soapy_setting ls_soapy_find_bias_tee(const SoapySDRDevice *device, size_t channel) {
    struct ls_soapy_setting best = {.key = ""};
    size_t count = 0;
    SoapySDRArgInfo *infos = SoapySDRDevice_getSettingInfo(device, &count);
    prefer(&best, infos, count, false);
    SoapySDRArgInfoList_clear(infos, count);
    infos = SoapySDRDevice_getChannelSettingInfo(device, SOAPY_SDR_RX, channel, &count);
    prefer(&best, infos, count, true);
    SoapySDRArgInfoList_clear(infos, count);
    return best;
}

const char *ls_soapy_said(void) {
    const char *said = SoapySDRDevice_lastError();
    return said == NULL || said[0] == '\0' ? "no reason given" : said;
}
