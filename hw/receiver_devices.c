/* What SoapySDR finds, and what each device says of itself once it is opened. */
#include <SoapySDR/Device.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "hw/note.h"
#include "hw/receiver.h"
#include "hw/soapy.h"
#include "hw/soapy_open.h"

enum { LIST_BYTES = 512 };

/* Room for the texts of one device. */
struct texts {
    char args[LIST_BYTES];
    char formats[LIST_BYTES];
    char antennas[LIST_BYTES];
    char gains[LIST_BYTES];
    char sensors[LIST_BYTES];
    char clock_sources[LIST_BYTES];
    struct ls_err err;
};

/* words are freed here. */
static void join(char *ret, char **words, size_t count) {
    ls_soapy_join(ret, LIST_BYTES, words, count);
    SoapySDRStrings_clear(&words, count);
}

static void ask_formats(const SoapySDRDevice *device, char *ret) {
    double full_scale = 0.0;
    size_t count = 0;
    char *native = SoapySDRDevice_getNativeStreamFormat(device, SOAPY_SDR_RX, 0, &full_scale);
    char **words = SoapySDRDevice_getStreamFormats(device, SOAPY_SDR_RX, 0, &count);
    ls_copy_text(ret, LIST_BYTES, native == NULL ? "" : native);
    for (size_t i = 0; i < count; i++) {
        if (native == NULL || strcmp(words[i], native) != 0) {
            size_t used = strlen(ret);
            snprintf(ret + used, LIST_BYTES - used, "%s%s", used == 0 ? "" : ", ", words[i]);
        }
    }
    SoapySDRStrings_clear(&words, count);
    SoapySDR_free(native);
}

static void ask_gains(const SoapySDRDevice *device, char *ret) {
    size_t count = 0;
    char **words = SoapySDRDevice_listGains(device, SOAPY_SDR_RX, 0, &count);
    ret[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        SoapySDRRange range = SoapySDRDevice_getGainElementRange(device, SOAPY_SDR_RX, 0, words[i]);
        size_t used = strlen(ret);
        snprintf(ret + used, LIST_BYTES - used, "%s%s %g to %g dB", used == 0 ? "" : ", ", words[i],
                 range.minimum, range.maximum);
    }
    SoapySDRStrings_clear(&words, count);
}

static void ask_sensors(const SoapySDRDevice *device, char *ret) {
    char of_device[LIST_BYTES / 2];
    char of_channel[LIST_BYTES / 2];
    size_t count = 0;
    char **words = SoapySDRDevice_listSensors(device, &count);
    ls_soapy_join(of_device, sizeof of_device, words, count);
    SoapySDRStrings_clear(&words, count);
    words = SoapySDRDevice_listChannelSensors(device, SOAPY_SDR_RX, 0, &count);
    ls_soapy_join(of_channel, sizeof of_channel, words, count);
    SoapySDRStrings_clear(&words, count);
    snprintf(ret, LIST_BYTES, "%s%s%s", of_device,
             of_device[0] == '\0' || of_channel[0] == '\0' ? "" : ", ", of_channel);
}

static void ask(const SoapySDRDevice *device, struct texts *texts, struct ls_device *ret) {
    size_t count = 0;
    ask_formats(device, texts->formats);
    char **words = SoapySDRDevice_listAntennas(device, SOAPY_SDR_RX, 0, &count);
    join(texts->antennas, words, count);
    ask_gains(device, texts->gains);
    ask_sensors(device, texts->sensors);
    words = SoapySDRDevice_listClockSources(device, &count);
    join(texts->clock_sources, words, count);
    SoapySDRRange *ranges = SoapySDRDevice_getFrequencyRange(device, SOAPY_SDR_RX, 0, &count);
    ls_soapy_span(ranges, count, &ret->low_hz, &ret->high_hz);
    SoapySDR_free(ranges);
    ranges = SoapySDRDevice_getSampleRateRange(device, SOAPY_SDR_RX, 0, &count);
    ls_soapy_span(ranges, count, &ret->rate_low_sps, &ret->rate_high_sps);
    SoapySDR_free(ranges);
}

static void open_and_ask(const SoapySDRKwargs *found, struct texts *texts, struct ls_device *ret) {
    SoapySDRDevice *device = SoapySDRDevice_make(found);
    if (device == NULL) {
        ls_soapy_open_explain(texts->args, ls_soapy_said(), &texts->err);
        ret->error = texts->err.text;
        return;
    }
    ask(device, texts, ret);
    SoapySDRDevice_unmake(device);
}

/* What opens it, as a person would write it. The label only describes. */
static void join_args(char *ret, const SoapySDRKwargs *found) {
    char text[LIST_BYTES] = "";
    for (size_t i = 0; i < found->size; i++) {
        if (strcmp(found->keys[i], "label") != 0) {
            size_t used = strlen(text);
            snprintf(text + used, sizeof text - used, "%s%s=%s", used == 0 ? "" : ",",
                     found->keys[i], found->vals[i]);
        }
    }
    ls_note_clean(ret, LIST_BYTES, text);
}

static void describe(const SoapySDRKwargs *found, bool deep, struct texts *texts,
                     struct ls_device *ret) {
    memset(texts, 0, sizeof *texts);
    join_args(texts->args, found);
    const char *driver = ls_soapy_value(found, "driver");
    const char *label = ls_soapy_value(found, "label");
    *ret = (struct ls_device){.args = texts->args,
                              .driver = driver == NULL ? "" : driver,
                              .label = label == NULL ? "" : label,
                              .error = "",
                              .formats = texts->formats,
                              .antennas = texts->antennas,
                              .gains = texts->gains,
                              .sensors = texts->sensors,
                              .clock_sources = texts->clock_sources};
    if (deep) {
        open_and_ask(found, texts, ret);
    }
}

int ls_receiver_devices(const char *args, bool deep,
                        int (*each)(void *context, const struct ls_device *device,
                                    struct ls_err *err),
                        void *context, struct ls_err *err) {
    size_t count = 0;
    ls_soapy_take_log(true);
    SoapySDRKwargs *found = SoapySDRDevice_enumerateStrArgs(args, &count);
    ls_soapy_take_log(false);
    int code = count == 0 ? ls_soapy_open_none(args, err) : LS_OK;
    for (size_t i = 0; i < count && code == LS_OK; i++) {
        struct texts texts;
        struct ls_device device;
        describe(&found[i], deep, &texts, &device);
        code = each(context, &device, err);
    }
    SoapySDRKwargsList_clear(found, count);
    return code;
}
