#include "hw/soapy_open.h"

#include <SoapySDR/Modules.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "hw/note.h"
#include "hw/soapy.h"
#include "hw/usb.h"

enum { WORDS_BYTES = 320 };

/* Debian's packages soapysdr-module-*, by the drivers that they register. */
static const struct {
    const char *driver;
    const char *package;
} packaged[] = {
    {"airspy", "airspy"},       {"audio", "audio"},   {"bladerf", "bladerf"},
    {"hackrf", "hackrf"},       {"lime", "lms7"},     {"mirisdr", "mirisdr"},
    {"osmosdr", "osmosdr"},     {"remote", "remote"}, {"rfspace", "rfspace"},
    {"redpitaya", "redpitaya"}, {"rtlsdr", "rtlsdr"}, {"uhd", "uhd"},
    {"xtrx", "xtrx"},
};

/* What says that a device is there and held by somebody else. Sources: libusb's error names,
 * librtlsdr ("usb_claim_interface error -6"), libhackrf ("Resource busy"), UHD and strerror. */
static const char *const busy_words[] = {"LIBUSB_ERROR_BUSY", "usb_claim_interface error -6",
                                         "resource busy",     "device busy",
                                         "is busy",           "in use",
                                         "already open",      "already claimed"};

/* What says that the device node may not be opened. The same sources. */
static const char *const denied_words[] = {"LIBUSB_ERROR_ACCESS", "usb_open error -3", "permission",
                                           "access denied", "not permitted"};

static bool says_one_of(const char *said, const char *const *words, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (strcasestr(said, words[i]) != NULL) {
            return true;
        }
    }
    return false;
}

/* Drivers that the modules registered. The loader's result of a module has a key for each, and its
 * text is empty when it went well. ret: words joined. */
static bool find_driver(const char *wanted, char *ret, size_t ret_size) {
    bool found = strcmp(wanted, "null") == 0; /* built in, and no module */
    size_t used = 0;
    ret[0] = '\0';
    size_t count = 0;
    SoapySDR_loadModules();
    char **modules = SoapySDR_listModules(&count);
    for (size_t i = 0; i < count; i++) {
        SoapySDRKwargs drivers = SoapySDR_getLoaderResult(modules[i]);
        for (size_t j = 0; j < drivers.size; j++) {
            found = found || strcmp(drivers.keys[j], wanted) == 0;
            ls_copy_text(ret + used, ret_size - used, used == 0 ? "" : ", ");
            used = strlen(ret);
            ls_copy_text(ret + used, ret_size - used, drivers.keys[j]);
            used = strlen(ret);
        }
        SoapySDRKwargs_clear(&drivers);
    }
    SoapySDRStrings_clear(&modules, count);
    return found;
}

static int say_missing(const char *driver, const char *installed, struct ls_err *err) {
    for (size_t i = 0; i < LS_COUNT(packaged); i++) {
        if (strcmp(packaged[i].driver, driver) == 0) {
            return ls_err_set(err, LS_ERR_ARG,
                              "SoapySDR has no module for driver '%s' (installed: %s): install the "
                              "package soapysdr-module-%s",
                              driver, installed[0] == '\0' ? "none" : installed,
                              packaged[i].package);
        }
    }
    return ls_err_set(err, LS_ERR_ARG,
                      "SoapySDR has no module for driver '%.60s' (installed: %s): install it, or "
                      "name its folder in SOAPY_SDR_PLUGIN_PATH",
                      driver, installed[0] == '\0' ? "none" : installed);
}

/* What there is instead: with the driver asked for, and of every driver when that has none. */
static void list_found(const char *driver, char *ret, size_t ret_size) {
    char filter[80] = "";
    if (driver != NULL) {
        snprintf(filter, sizeof filter, "driver=%.60s", driver);
    }
    size_t count = 0;
    ls_soapy_take_log(true);
    SoapySDRKwargs *found = SoapySDRDevice_enumerateStrArgs(filter, &count);
    ls_soapy_take_log(false);
    size_t used = 0;
    ret[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        char *text = SoapySDRKwargs_toString(&found[i]);
        ls_copy_text(ret + used, ret_size - used, i == 0 ? "" : "; ");
        used = strlen(ret);
        ls_copy_text(ret + used, ret_size - used, text == NULL ? "" : text);
        used = strlen(ret);
        SoapySDR_free(text);
    }
    SoapySDRKwargsList_clear(found, count);
}

static int say_unknown(const char *args, const char *driver, struct ls_err *err) {
    char found[WORDS_BYTES];
    list_found(driver, found, sizeof found);
    if (found[0] == '\0') {
        return ls_err_set(err, LS_ERR_NOTFOUND,
                          "no device answers to '%s', and SoapySDR finds none%s%s: plug it in, or "
                          "see whether 'lsusb' has it",
                          args, driver == NULL ? "" : " of driver ", driver == NULL ? "" : driver);
    }
    return ls_err_set(err, LS_ERR_NOTFOUND,
                      "no device answers to '%s': there is %s; name it by serial", args, found);
}

static int say_denied(const char *args, const char *said, struct ls_err *err) {
    return ls_err_set(err, LS_ERR_DEVICE,
                      "permission denied opening '%s' (%s): install lineside's udev rules and plug "
                      "it in again, or add the user to group plugdev",
                      args, said);
}

static int say_busy(const char *args, const char *said, struct ls_err *err) {
    return ls_err_set(err, LS_ERR_BUSY,
                      "'%s' is in use (%s): stop the program that holds it, or unload the kernel's "
                      "television driver",
                      args, said);
}

/* What the driver does not say, the kernel may. False when it has nothing to say either. */
static bool say_by_kernel(const char *args, const char *driver, struct ls_err *err, int *ret) {
    char word[LS_USB_WORD_BYTES];
    enum ls_usb_state state = driver == NULL ? LS_USB_ABSENT : ls_usb_look("", driver, word);
    if (state == LS_USB_DENIED) {
        *ret = say_denied(args, word, err);
    } else if (state == LS_USB_HELD) {
        *ret = say_busy(args, strcmp(word, "usbfs") == 0 ? "by another program" : word, err);
    }
    return state == LS_USB_DENIED || state == LS_USB_HELD;
}

int ls_soapy_open_none(const char *args, struct ls_err *err) {
    SoapySDRKwargs parsed = SoapySDRKwargs_fromString(args);
    const char *driver = ls_soapy_value(&parsed, "driver");
    char installed[WORDS_BYTES];
    bool there = find_driver(driver == NULL ? "" : driver, installed, sizeof installed);
    int code = LS_OK;
    if (driver != NULL && !there) {
        code = say_missing(driver, installed, err);
    } else if (args[0] != '\0') {
        code = say_by_kernel(args, driver, err, &code) ? code : say_unknown(args, driver, err);
    } else {
        code = ls_err_set(err, LS_ERR_NOTFOUND,
                          "SoapySDR finds no device (installed drivers: %s): plug one in, or "
                          "install its package soapysdr-module-NAME",
                          installed[0] == '\0' ? "none" : installed);
    }
    SoapySDRKwargs_clear(&parsed);
    return code;
}

static int say_failed(const char *args, const char *driver, const char *said, struct ls_err *err) {
    if (says_one_of(said, denied_words, LS_COUNT(denied_words))) {
        return say_denied(args, said, err);
    }
    if (says_one_of(said, busy_words, LS_COUNT(busy_words))) {
        return say_busy(args, said, err);
    }
    int code;
    if (say_by_kernel(args, driver, err, &code)) {
        return code;
    }
    if (strstr(said, "no match") != NULL || strstr(said, "no enumeration") != NULL) {
        return say_unknown(args, driver, err);
    }
    return ls_err_set(err, LS_ERR_DEVICE, "cannot open '%s': %s", args, said);
}

int ls_soapy_open_explain(const char *args, const char *said, struct ls_err *err) {
    /* A copy first: said may be SoapySDR's last error, which the calls below clear. */
    char clean[WORDS_BYTES];
    ls_note_clean(clean, sizeof clean, said);
    SoapySDRKwargs parsed = SoapySDRKwargs_fromString(args);
    const char *driver = ls_soapy_value(&parsed, "driver");
    char installed[WORDS_BYTES];
    int code = driver != NULL && !find_driver(driver, installed, sizeof installed)
                   ? say_missing(driver, installed, err)
                   : say_failed(args, driver, clean, err);
    SoapySDRKwargs_clear(&parsed);
    return code;
}
