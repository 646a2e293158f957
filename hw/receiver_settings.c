/* Order matters to drivers: clocks before the rate that is made of them, the rate before the
 * filter that follows it, the antenna before the frequency that may choose another input, and gain
 * last, as modes and elements depend on all of these. A driver that throws leaves its text in
 * SoapySDR's last error; one that takes a value silently and does another is found by reading back.
 */
#include "hw/receiver_settings.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "base/util.h"
#include "hw/soapy.h"

enum { WORDS_BYTES = 240 };

static int refused(const struct ls_receiver_settings *settings, const char *what,
                   struct ls_err *err) {
    return ls_err_set(err, LS_ERR_DEVICE, "'%s' refuses %s: %s", settings->args, what,
                      ls_soapy_said());
}

/* wanted among the words that the device lists, which are freed here. */
static int check_word(const struct ls_receiver_settings *settings, const char *what,
                      const char *wanted, char **words, size_t count, struct ls_err *err) {
    bool found = false;
    for (size_t i = 0; i < count; i++) {
        found = found || strcmp(words[i], wanted) == 0;
    }
    char list[WORDS_BYTES];
    ls_soapy_join(list, sizeof list, words, count);
    SoapySDRStrings_clear(&words, count);
    if (found) {
        return LS_OK;
    }
    return ls_err_set(err, LS_ERR_ARG, "'%s' has no %s '%s': it has %s", settings->args, what,
                      wanted, count == 0 ? "none to choose" : list);
}

/* Reads back text, which is freed here. */
static void note_word(const struct ls_receiver_settings *settings, const char *what,
                      const char *wanted, char *really) {
    if (really != NULL && really[0] != '\0' && strcmp(really, wanted) != 0) {
        ls_note_add(settings->note, "%s is %s rather than %s", what, really, wanted);
    }
    SoapySDR_free(really);
}

static int set_clocks(const struct ls_receiver_settings *settings,
                      const struct ls_receiver_opts *opts, struct ls_err *err) {
    size_t count = 0;
    int code = LS_OK;
    SoapySDRDevice *device = settings->device;
    if (opts->clock_source != NULL) {
        char **words = SoapySDRDevice_listClockSources(device, &count);
        code = check_word(settings, "clock source", opts->clock_source, words, count, err);
        if (code == LS_OK && SoapySDRDevice_setClockSource(device, opts->clock_source) != 0) {
            code = refused(settings, "the clock source", err);
        } else if (code == LS_OK) {
            note_word(settings, "clock source", opts->clock_source,
                      SoapySDRDevice_getClockSource(device));
        }
    }
    if (code == LS_OK && opts->time_source != NULL) {
        char **words = SoapySDRDevice_listTimeSources(device, &count);
        code = check_word(settings, "time source", opts->time_source, words, count, err);
        if (code == LS_OK && SoapySDRDevice_setTimeSource(device, opts->time_source) != 0) {
            code = refused(settings, "the time source", err);
        } else if (code == LS_OK) {
            note_word(settings, "time source", opts->time_source,
                      SoapySDRDevice_getTimeSource(device));
        }
    }
    return code;
}

static int set_antenna(const struct ls_receiver_settings *settings, const char *antenna,
                       struct ls_err *err) {
    if (antenna == NULL) {
        return LS_OK;
    }
    size_t count = 0;
    char **words =
        SoapySDRDevice_listAntennas(settings->device, SOAPY_SDR_RX, settings->channel, &count);
    int code = check_word(settings, "antenna", antenna, words, count, err);
    if (code != LS_OK) {
        return code;
    }
    if (SoapySDRDevice_setAntenna(settings->device, SOAPY_SDR_RX, settings->channel, antenna) !=
        0) {
        return refused(settings, "the antenna", err);
    }
    note_word(settings, "antenna", antenna,
              SoapySDRDevice_getAntenna(settings->device, SOAPY_SDR_RX, settings->channel));
    return LS_OK;
}

/* Not the device's own step, and not a driver that says nothing. */
static void note_hz(const struct ls_receiver_settings *settings, const char *what, const char *unit,
                    double wanted, double really) {
    if (really > 0.0 && fabs(really - wanted) > fmax(1.0, fabs(wanted) * 1e-9)) {
        char asked[LS_UNIT_TEXT_BYTES];
        char had[LS_UNIT_TEXT_BYTES];
        ls_hz_show(wanted, unit, asked);
        ls_hz_show(really, unit, had);
        ls_note_add(settings->note, "%s is %s rather than %s", what, had, asked);
    }
}

/* A value that a key of the configuration sets. */
struct wanted {
    const char *what; /* "tune to" */
    const char *key;
    const char *unit;
    double value;
};

static int out_of_range(const struct ls_receiver_settings *settings, const struct wanted *wanted,
                        const SoapySDRRange *ranges, size_t count, struct ls_err *err) {
    char shown[LS_UNIT_TEXT_BYTES];
    char list[WORDS_BYTES];
    ls_hz_show(wanted->value, wanted->unit, shown);
    ls_soapy_show_ranges(list, sizeof list, ranges, count, wanted->unit);
    return ls_err_set(err, LS_ERR_ARG, "cannot %s %s: '%s' covers %s; set %s within that range",
                      wanted->what, shown, settings->args, list, wanted->key);
}

static int set_rate(const struct ls_receiver_settings *settings, double rate_sps,
                    struct ls_err *err) {
    size_t count = 0;
    SoapySDRRange *ranges = SoapySDRDevice_getSampleRateRange(settings->device, SOAPY_SDR_RX,
                                                              settings->channel, &count);
    const struct wanted wanted = {"sample at", "rate", "S/s", rate_sps};
    double low = 0.0;
    double high = INFINITY;
    /* Between listed rates most devices do more than they list: the driver decides. */
    bool within = !ls_soapy_span(ranges, count, &low, &high) ||
                  (rate_sps >= low * (1.0 - 1e-9) && rate_sps <= high * (1.0 + 1e-9));
    int code = LS_OK;
    if (!within || SoapySDRDevice_setSampleRate(settings->device, SOAPY_SDR_RX, settings->channel,
                                                rate_sps) != 0) {
        code = within && count == 0 ? refused(settings, "the sample rate", err)
                                    : out_of_range(settings, &wanted, ranges, count, err);
    }
    SoapySDR_free(ranges);
    if (code == LS_OK) {
        note_hz(settings, "rate", "S/s", rate_sps,
                SoapySDRDevice_getSampleRate(settings->device, SOAPY_SDR_RX, settings->channel));
    }
    return code;
}

static int set_bandwidth(const struct ls_receiver_settings *settings, double bandwidth_hz,
                         struct ls_err *err) {
    if (bandwidth_hz <= 0.0) {
        return LS_OK;
    }
    size_t count = 0;
    SoapySDRRange *ranges =
        SoapySDRDevice_getBandwidthRange(settings->device, SOAPY_SDR_RX, settings->channel, &count);
    double low = 0.0;
    double high = INFINITY;
    int code = LS_OK;
    if (!ls_soapy_span(ranges, count, &low, &high)) {
        code = ls_err_set(err, LS_ERR_ARG, "'%s' has no filter to set: leave bandwidth out",
                          settings->args);
    } else if (bandwidth_hz < low || bandwidth_hz > high) {
        code = out_of_range(settings,
                            &(const struct wanted){"filter to", "bandwidth", "Hz", bandwidth_hz},
                            ranges, count, err);
    } else if (SoapySDRDevice_setBandwidth(settings->device, SOAPY_SDR_RX, settings->channel,
                                           bandwidth_hz) != 0) {
        code = refused(settings, "the bandwidth", err);
    } else {
        note_hz(settings, "bandwidth", "Hz", bandwidth_hz,
                SoapySDRDevice_getBandwidth(settings->device, SOAPY_SDR_RX, settings->channel));
    }
    SoapySDR_free(ranges);
    return code;
}

static int set_correction(const struct ls_receiver_settings *settings, double ppm,
                          struct ls_err *err) {
    if (ppm == 0.0) {
        return LS_OK;
    }
    if (!SoapySDRDevice_hasFrequencyCorrection(settings->device, SOAPY_SDR_RX, settings->channel)) {
        return ls_err_set(err, LS_ERR_ARG, "'%s' cannot correct its frequency: leave ppm out",
                          settings->args);
    }
    if (SoapySDRDevice_setFrequencyCorrection(settings->device, SOAPY_SDR_RX, settings->channel,
                                              ppm) != 0) {
        return refused(settings, "the frequency correction", err);
    }
    double really =
        SoapySDRDevice_getFrequencyCorrection(settings->device, SOAPY_SDR_RX, settings->channel);
    if (fabs(really - ppm) > 1e-3) { /* RTL-SDR knows whole ppm only */
        ls_note_add(settings->note, "correction is %g ppm rather than %g ppm", really, ppm);
    }
    return LS_OK;
}

int ls_receiver_settings_tune(const struct ls_receiver_settings *settings, double center_hz,
                              double *ret_hz, struct ls_err *err) {
    size_t count = 0;
    SoapySDRRange *ranges =
        SoapySDRDevice_getFrequencyRange(settings->device, SOAPY_SDR_RX, settings->channel, &count);
    int code = LS_OK;
    if (!ls_soapy_within(ranges, count, center_hz)) {
        code = out_of_range(settings, &(const struct wanted){"tune to", "center", "Hz", center_hz},
                            ranges, count, err);
    } else if (SoapySDRDevice_setFrequency(settings->device, SOAPY_SDR_RX, settings->channel,
                                           center_hz, NULL) != 0) {
        char shown[LS_UNIT_TEXT_BYTES];
        ls_hz_show(center_hz, "Hz", shown);
        code = ls_err_set(err, LS_ERR_DEVICE, "'%s' does not tune to %s: %s", settings->args, shown,
                          ls_soapy_said());
    }
    SoapySDR_free(ranges);
    if (code == LS_OK) {
        double really =
            SoapySDRDevice_getFrequency(settings->device, SOAPY_SDR_RX, settings->channel);
        *ret_hz = really > 0.0 ? really : center_hz; /* some drivers only write */
    }
    return code;
}

static int check_gain(const struct ls_receiver_settings *settings, const char *what, double db,
                      SoapySDRRange range, struct ls_err *err) {
    if (range.minimum < range.maximum && (db < range.minimum || db > range.maximum)) {
        return ls_err_set(err, LS_ERR_ARG, "cannot set %s to %g dB: '%s' covers %g to %g dB", what,
                          db, settings->args, range.minimum, range.maximum);
    }
    return LS_OK;
}

/* Steps of a gain are coarse: only what is far from what was asked for is worth a word. */
static void note_gain(const struct ls_receiver_settings *settings, const char *what, double db,
                      double really) {
    if (fabs(really - db) > 0.05) {
        ls_note_add(settings->note, "%s is %.1f dB rather than %.1f dB", what, really, db);
    }
}

int ls_receiver_settings_gain(const struct ls_receiver_settings *settings, double db,
                              double *ret_db, struct ls_err *err) {
    int code = check_gain(
        settings, "gain", db,
        SoapySDRDevice_getGainRange(settings->device, SOAPY_SDR_RX, settings->channel), err);
    if (code != LS_OK) {
        return code;
    }
    if (SoapySDRDevice_setGain(settings->device, SOAPY_SDR_RX, settings->channel, db) != 0) {
        return refused(settings, "the gain", err);
    }
    *ret_db = SoapySDRDevice_getGain(settings->device, SOAPY_SDR_RX, settings->channel);
    return LS_OK;
}

static int set_element(const struct ls_receiver_settings *settings,
                       const struct ls_receiver_gain *gain, struct ls_err *err) {
    size_t count = 0;
    char **words =
        SoapySDRDevice_listGains(settings->device, SOAPY_SDR_RX, settings->channel, &count);
    int code = check_word(settings, "gain element", gain->element, words, count, err);
    if (code == LS_OK) {
        code = check_gain(settings, gain->element, gain->db,
                          SoapySDRDevice_getGainElementRange(settings->device, SOAPY_SDR_RX,
                                                             settings->channel, gain->element),
                          err);
    }
    if (code != LS_OK) {
        return code;
    }
    if (SoapySDRDevice_setGainElement(settings->device, SOAPY_SDR_RX, settings->channel,
                                      gain->element, gain->db) != 0) {
        return refused(settings, gain->element, err);
    }
    note_gain(settings, gain->element, gain->db,
              SoapySDRDevice_getGainElement(settings->device, SOAPY_SDR_RX, settings->channel,
                                            gain->element));
    return LS_OK;
}

static int set_gain_mode(const struct ls_receiver_settings *settings, bool automatic,
                         struct ls_err *err) {
    if (!SoapySDRDevice_hasGainMode(settings->device, SOAPY_SDR_RX, settings->channel)) {
        if (automatic) {
            return ls_err_set(err, LS_ERR_ARG, "'%s' has no automatic gain: set gain in dB instead",
                              settings->args);
        }
        return LS_OK;
    }
    if (SoapySDRDevice_setGainMode(settings->device, SOAPY_SDR_RX, settings->channel, automatic) !=
        0) {
        return refused(settings, "the gain mode", err);
    }
    if (SoapySDRDevice_getGainMode(settings->device, SOAPY_SDR_RX, settings->channel) !=
        automatic) {
        ls_note_add(settings->note, "automatic gain is %s all the same", automatic ? "off" : "on");
    }
    return LS_OK;
}

static int set_gains(const struct ls_receiver_settings *settings,
                     const struct ls_receiver_opts *opts, struct ls_err *err) {
    /* Nothing said about gain: the device keeps the mode it starts with. */
    bool manual = opts->gain_given || opts->gain_count > 0;
    int code =
        opts->automatic_gain || manual ? set_gain_mode(settings, opts->automatic_gain, err) : LS_OK;
    if (code == LS_OK && opts->gain_given) {
        double really;
        code = ls_receiver_settings_gain(settings, opts->gain_db, &really, err);
        if (code == LS_OK) {
            note_gain(settings, "gain", opts->gain_db, really);
        }
    }
    for (size_t i = 0; i < opts->gain_count && code == LS_OK; i++) {
        code = set_element(settings, &opts->gains[i], err);
    }
    return code;
}

static int write_setting(const struct ls_receiver_settings *settings,
                         const struct ls_soapy_setting *setting, const char *value) {
    return setting->of_channel
               ? SoapySDRDevice_writeChannelSetting(settings->device, SOAPY_SDR_RX,
                                                    settings->channel, setting->key, value)
               : SoapySDRDevice_writeSetting(settings->device, setting->key, value);
}

static int set_bias_tee(const struct ls_receiver_settings *settings, int on, struct ls_err *err) {
    if (on < 0) {
        return LS_OK;
    }
    struct ls_soapy_setting setting = ls_soapy_find_bias_tee(settings->device, settings->channel);
    if (setting.key[0] == '\0') {
        return on == 0 ? LS_OK
                       : ls_err_set(err, LS_ERR_ARG,
                                    "'%s' has no bias tee: set bias_tee off or leave it out",
                                    settings->args);
    }
    if (write_setting(settings, &setting, on != 0 ? SOAPY_SDR_TRUE : SOAPY_SDR_FALSE) != 0) {
        return refused(settings, "the bias tee", err);
    }
    char *really = setting.of_channel
                       ? SoapySDRDevice_readChannelSetting(settings->device, SOAPY_SDR_RX,
                                                           settings->channel, setting.key)
                       : SoapySDRDevice_readSetting(settings->device, setting.key);
    if (really != NULL && really[0] != '\0') {
        bool is_on = strcmp(really, "false") != 0 && strcmp(really, "0") != 0;
        if (is_on != (on != 0)) {
            ls_note_add(settings->note, "bias tee is %s all the same", is_on ? "on" : "off");
        }
    }
    SoapySDR_free(really);
    return LS_OK;
}

int ls_receiver_settings_apply(const struct ls_receiver_settings *settings,
                               const struct ls_receiver_opts *opts, struct ls_err *err) {
    int code = set_clocks(settings, opts, err);
    if (code == LS_OK) {
        code = set_antenna(settings, opts->antenna, err);
    }
    if (code == LS_OK) {
        code = set_rate(settings, opts->rate_sps, err);
    }
    if (code == LS_OK) {
        code = set_bandwidth(settings, opts->bandwidth_hz, err);
    }
    if (code == LS_OK) {
        code = set_correction(settings, opts->ppm, err);
    }
    if (code == LS_OK) {
        double really;
        code = ls_receiver_settings_tune(settings, opts->center_hz, &really, err);
        if (code == LS_OK) {
            note_hz(settings, "center", "Hz", opts->center_hz, really);
        }
    }
    if (code == LS_OK) {
        code = set_gains(settings, opts, err);
    }
    if (code == LS_OK) {
        code = set_bias_tee(settings, opts->bias_tee, err);
    }
    return code;
}
