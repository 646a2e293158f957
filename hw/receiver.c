#include "hw/receiver.h"

#include <SoapySDR/Device.h>
#include <SoapySDR/Errors.h>
#include <assert.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "hw/note.h"
#include "hw/receiver_settings.h"
#include "hw/soapy.h"
#include "hw/soapy_open.h"

struct ls_receiver {
    SoapySDRDevice *device;
    SoapySDRStream *stream;
    struct ls_receiver_settings settings;
    struct ls_receiver_info info;
    struct ls_note note;
    char *args;
    char *driver; /* malloc'd by SoapySDR, as antenna is */
    char *antenna;
    char hardware[160];
    bool running;
};

static int check_opts(const struct ls_receiver_opts *opts, struct ls_err *err) {
    if (opts->args == NULL || opts->args[0] == '\0') {
        return ls_err_set(err, LS_ERR_ARG,
                          "no device named: give SoapySDR arguments such as driver=rtlsdr");
    }
    if (!(opts->center_hz > 0.0) || !isfinite(opts->center_hz)) {
        return ls_err_set(err, LS_ERR_ARG, "center of %g Hz is none; give a frequency above 0",
                          opts->center_hz);
    }
    if (!(opts->rate_sps > 0.0) || !isfinite(opts->rate_sps)) {
        return ls_err_set(err, LS_ERR_ARG, "rate of %g S/s is none; give one above 0",
                          opts->rate_sps);
    }
    return LS_OK;
}

static int check_channel(struct ls_receiver *receiver, size_t channel, struct ls_err *err) {
    size_t count = SoapySDRDevice_getNumChannels(receiver->device, SOAPY_SDR_RX);
    if (channel < count) {
        return LS_OK;
    }
    if (count == 0) {
        return ls_err_set(err, LS_ERR_ARG, "'%s' cannot receive; choose another device",
                          receiver->args);
    }
    return ls_err_set(err, LS_ERR_ARG, "'%s' has no channel %zu: it has 0 to %zu", receiver->args,
                      channel, count - 1);
}

/* The first of the wanted formats that the device offers. *ret_native: no conversion by the
 * driver. */
static int choose_format(struct ls_receiver *receiver, enum ls_format wanted, enum ls_format *ret,
                         struct ls_err *err) {
    size_t channel = receiver->settings.channel;
    double full_scale = 0.0;
    char *native =
        SoapySDRDevice_getNativeStreamFormat(receiver->device, SOAPY_SDR_RX, channel, &full_scale);
    enum ls_format own = native == NULL ? LS_FORMAT_NONE : ls_soapy_format(native);
    const enum ls_format by_choice[] = {own, LS_FORMAT_CI16_LE, LS_FORMAT_CI8, LS_FORMAT_CU8,
                                        LS_FORMAT_CF32_LE};
    size_t count = 0;
    char **offered =
        SoapySDRDevice_getStreamFormats(receiver->device, SOAPY_SDR_RX, channel, &count);
    enum ls_format chosen = LS_FORMAT_NONE;
    for (size_t i = 0; i < LS_COUNT(by_choice) && chosen == LS_FORMAT_NONE; i++) {
        enum ls_format format = by_choice[i];
        bool fits = format != LS_FORMAT_NONE && (wanted == LS_FORMAT_NONE || wanted == format);
        bool listed = format == own;
        for (size_t j = 0; j < count; j++) {
            listed = listed || strcmp(offered[j], ls_soapy_format_name(format)) == 0;
        }
        chosen = fits && listed ? format : LS_FORMAT_NONE;
    }
    char list[128];
    ls_soapy_join(list, sizeof list, offered, count);
    SoapySDRStrings_clear(&offered, count);
    receiver->info.full_scale =
        chosen == own && full_scale > 0.0 ? full_scale : ls_soapy_full_scale(chosen);
    SoapySDR_free(native);
    if (chosen == LS_FORMAT_NONE) {
        return ls_err_set(err, LS_ERR_ARG, "'%s' does not stream %s: it offers %s", receiver->args,
                          wanted == LS_FORMAT_NONE ? "a format that lineside reads"
                                                   : ls_format_name(wanted),
                          list);
    }
    *ret = chosen;
    return LS_OK;
}

/* A converter narrower than its format leaves levels low: said, as nothing else shows it. */
static void note_scale(struct ls_receiver *receiver) {
    double ratio = receiver->info.full_scale / ls_soapy_full_scale(receiver->info.tuning.format);
    if (fabs(20.0 * log10(ratio)) > 0.1) {
        ls_note_add(&receiver->note, "full scale is %g: levels in dBFS are %.1f dB %s",
                    receiver->info.full_scale, fabs(20.0 * log10(ratio)),
                    ratio < 1.0 ? "low" : "high");
    }
}

static int set_up_stream(struct ls_receiver *receiver, enum ls_format wanted, struct ls_err *err) {
    int code = choose_format(receiver, wanted, &receiver->info.tuning.format, err);
    if (code != LS_OK) {
        return code;
    }
    size_t channel = receiver->settings.channel;
    receiver->stream = SoapySDRDevice_setupStream(
        receiver->device, SOAPY_SDR_RX, ls_soapy_format_name(receiver->info.tuning.format),
        &channel, 1, NULL);
    if (receiver->stream == NULL) {
        return ls_soapy_open_explain(receiver->args, ls_soapy_said(), err);
    }
    size_t mtu = SoapySDRDevice_getStreamMTU(receiver->device, receiver->stream);
    receiver->info.mtu_samples = mtu == 0 ? 1024 : mtu; /* what SoapySDR's own default is */
    note_scale(receiver);
    return LS_OK;
}

static void describe_hardware(struct ls_receiver *receiver) {
    char *key = SoapySDRDevice_getHardwareKey(receiver->device);
    SoapySDRKwargs info = SoapySDRDevice_getHardwareInfo(receiver->device);
    const char *serial = ls_soapy_value(&info, "serial");
    char text[sizeof receiver->hardware];
    snprintf(text, sizeof text, "%s%s%s", key == NULL ? "" : key, serial == NULL ? "" : " ",
             serial == NULL ? "" : serial);
    ls_note_clean(receiver->hardware, sizeof receiver->hardware, text);
    SoapySDRKwargs_clear(&info);
    SoapySDR_free(key);
}

/* What the device says of itself; a driver that says nothing is taken at the word asked of it. */
static void read_back(struct ls_receiver *receiver, const struct ls_receiver_opts *opts) {
    SoapySDRDevice *device = receiver->device;
    size_t channel = receiver->settings.channel;
    struct ls_receiver_info *info = &receiver->info;
    double center_hz = SoapySDRDevice_getFrequency(device, SOAPY_SDR_RX, channel);
    double rate_sps = SoapySDRDevice_getSampleRate(device, SOAPY_SDR_RX, channel);
    info->tuning.center_hz = center_hz > 0.0 ? center_hz : opts->center_hz;
    info->tuning.rate_sps = rate_sps > 0.0 ? rate_sps : opts->rate_sps;
    double bandwidth_hz = SoapySDRDevice_getBandwidth(device, SOAPY_SDR_RX, channel);
    info->bandwidth_hz = bandwidth_hz > 0.0 ? bandwidth_hz : 0.0;
    info->gain_db = SoapySDRDevice_getGain(device, SOAPY_SDR_RX, channel);
    info->hardware_time = SoapySDRDevice_hasHardwareTime(device, "");
    receiver->driver = SoapySDRDevice_getDriverKey(device);
    receiver->antenna = SoapySDRDevice_getAntenna(device, SOAPY_SDR_RX, channel);
    describe_hardware(receiver);
    info->driver = receiver->driver == NULL ? "" : receiver->driver;
    info->antenna = receiver->antenna == NULL ? "" : receiver->antenna;
    info->hardware = receiver->hardware;
    info->note = receiver->note.text;
}

static int set_up(struct ls_receiver *receiver, const struct ls_receiver_opts *opts,
                  struct ls_err *err) {
    receiver->device = SoapySDRDevice_makeStrArgs(receiver->args);
    if (receiver->device == NULL) {
        return ls_soapy_open_explain(receiver->args, ls_soapy_said(), err);
    }
    receiver->settings = (struct ls_receiver_settings){.device = receiver->device,
                                                       .channel = opts->channel,
                                                       .args = receiver->args,
                                                       .note = &receiver->note};
    int code = check_channel(receiver, opts->channel, err);
    if (code == LS_OK) {
        code = ls_receiver_settings_apply(&receiver->settings, opts, err);
    }
    if (code == LS_OK) {
        code = set_up_stream(receiver, opts->format, err);
    }
    if (code == LS_OK) {
        read_back(receiver, opts);
    }
    return code;
}

int ls_receiver_open(struct ls_receiver **ret, const struct ls_receiver_opts *opts,
                     struct ls_err *err) {
    int code = check_opts(opts, err);
    if (code != LS_OK) {
        return code;
    }
    ls_soapy_take_log(false);
    struct ls_receiver *receiver = calloc(1, sizeof *receiver);
    if (receiver == NULL || (receiver->args = strdup(opts->args)) == NULL) {
        free(receiver);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory opening '%.100s'", opts->args);
    }
    code = set_up(receiver, opts, err);
    if (code != LS_OK) {
        ls_receiver_destroy(receiver);
        return code;
    }
    *ret = receiver;
    return LS_OK;
}

void ls_receiver_destroy(struct ls_receiver *receiver) {
    if (receiver == NULL) {
        return;
    }
    if (receiver->stream != NULL) {
        if (receiver->running) {
            SoapySDRDevice_deactivateStream(receiver->device, receiver->stream, 0, 0);
        }
        SoapySDRDevice_closeStream(receiver->device, receiver->stream);
    }
    if (receiver->device != NULL) {
        SoapySDRDevice_unmake(receiver->device);
    }
    SoapySDR_free(receiver->driver);
    SoapySDR_free(receiver->antenna);
    free(receiver->args);
    free(receiver);
}

const struct ls_receiver_info *ls_receiver_info(const struct ls_receiver *receiver) {
    return &receiver->info;
}

/* What a code of the stream means; a driver that threw left its own words. */
static const char *stream_words(int code) {
    return SoapySDRDevice_lastStatus() != 0 ? ls_soapy_said() : SoapySDR_errToStr(code);
}

int ls_receiver_start(struct ls_receiver *receiver, struct ls_err *err) {
    int code = SoapySDRDevice_activateStream(receiver->device, receiver->stream, 0, 0, 0);
    if (code != 0) {
        return ls_err_set(err, LS_ERR_DEVICE, "cannot start the stream of '%s': %s", receiver->args,
                          stream_words(code));
    }
    receiver->running = true;
    return LS_OK;
}

int ls_receiver_stop(struct ls_receiver *receiver, struct ls_err *err) {
    receiver->running = false;
    int code = SoapySDRDevice_deactivateStream(receiver->device, receiver->stream, 0, 0);
    if (code != 0 && code != SOAPY_SDR_NOT_SUPPORTED) {
        return ls_err_set(err, LS_ERR_DEVICE, "cannot stop the stream of '%s': %s", receiver->args,
                          stream_words(code));
    }
    return LS_OK;
}

/* SoapySDR's C interface turns an exception into -1, which is also its code for a time-out: only
 * the last status tells them apart. Corrupt and late samples were dropped by the driver. */
static enum ls_reading_kind kind_of(int got) {
    switch (got) {
    case 0:
        return LS_READING_TIMEOUT;
    case SOAPY_SDR_TIMEOUT:
        return SoapySDRDevice_lastStatus() != 0 ? LS_READING_LOST : LS_READING_TIMEOUT;
    case SOAPY_SDR_OVERFLOW:
    case SOAPY_SDR_CORRUPTION:
    case SOAPY_SDR_TIME_ERROR:
        return LS_READING_OVERFLOW;
    default:
        return got > 0 ? LS_READING_SAMPLES : LS_READING_LOST;
    }
}

void ls_receiver_read(struct ls_receiver *receiver, void *samples, size_t room, long timeout_us,
                      struct ls_reading *ret) {
    assert(room > 0);
    size_t most = receiver->info.mtu_samples;
    void *const buffers[] = {samples};
    int flags = 0;
    long long t_hw_ns = 0;
    int got = SoapySDRDevice_readStream(receiver->device, receiver->stream, buffers,
                                        room < most ? room : most, &flags, &t_hw_ns, timeout_us);
    ret->kind = kind_of(got);
    ret->count = got > 0 ? (size_t)got : 0;
    ret->timed = (flags & SOAPY_SDR_HAS_TIME) != 0;
    ret->t_hw_ns = t_hw_ns;
    ret->text[0] = '\0';
    if (ret->kind == LS_READING_LOST) {
        ls_note_clean(ret->text, sizeof ret->text, stream_words(got));
    }
}

int ls_receiver_tune(struct ls_receiver *receiver, double center_hz, double *ret_hz,
                     struct ls_err *err) {
    double really;
    int code = ls_receiver_settings_tune(&receiver->settings, center_hz, &really, err);
    if (code == LS_OK) {
        receiver->info.tuning.center_hz = really;
        *ret_hz = really;
    }
    return code;
}

int ls_receiver_set_gain(struct ls_receiver *receiver, double db, double *ret_db,
                         struct ls_err *err) {
    double really;
    int code = ls_receiver_settings_gain(&receiver->settings, db, &really, err);
    if (code == LS_OK) {
        receiver->info.gain_db = really;
        *ret_db = really;
    }
    return code;
}

double ls_receiver_gain(struct ls_receiver *receiver) {
    return SoapySDRDevice_getGain(receiver->device, SOAPY_SDR_RX, receiver->settings.channel);
}

/* The number that text begins with, which is freed here. */
static bool read_number(char *text, double *ret) {
    char *end = text;
    double value = text == NULL ? 0.0 : strtod(text, &end);
    bool is_number = end != text && isfinite(value);
    SoapySDR_free(text);
    if (is_number) {
        *ret = value;
    }
    return is_number;
}

bool ls_receiver_sensor(struct ls_receiver *receiver, const char *name, double *ret_value) {
    SoapySDRDevice *device = receiver->device;
    size_t channel = receiver->settings.channel;
    bool found = false;
    size_t count = 0;
    char **words = SoapySDRDevice_listSensors(device, &count);
    for (size_t i = 0; i < count && !found; i++) {
        found = strcasestr(words[i], name) != NULL &&
                read_number(SoapySDRDevice_readSensor(device, words[i]), ret_value);
    }
    SoapySDRStrings_clear(&words, count);
    words = SoapySDRDevice_listChannelSensors(device, SOAPY_SDR_RX, channel, &count);
    for (size_t i = 0; i < count && !found; i++) {
        found =
            strcasestr(words[i], name) != NULL &&
            read_number(SoapySDRDevice_readChannelSensor(device, SOAPY_SDR_RX, channel, words[i]),
                        ret_value);
    }
    SoapySDRStrings_clear(&words, count);
    return found;
}
