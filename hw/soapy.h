/* hw/soapy.h: small things around SoapySDR's C interface that receiver, its settings and the list
 * of devices share. Only hw includes this. */
#ifndef HW_SOAPY_H
#define HW_SOAPY_H

#include <SoapySDR/Device.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/iq.h"

/* What SoapySDR and its drivers log goes to base/log, never to stdout or past the level: their
 * errors and warnings as warnings, as the caller says what became of them; the rest for debugging.
 * Drivers that look for devices complain of every one that is not there: quietly makes all of it
 * debugging. Repeating it is harmless. */
void ls_soapy_take_log(bool quietly);

/* SoapySDR's name of a format ("CS16"), and the other way round: LS_FORMAT_NONE for those that
 * lineside does not read (CS12 and the like). */
const char *ls_soapy_format_name(enum ls_format format);
enum ls_format ls_soapy_format(const char *name);

/* Largest value of a component in that format as dsp/convert takes it: 128, 32768, 1. */
double ls_soapy_full_scale(enum ls_format format);

/* Words joined by ", " into ret, cut when full. */
void ls_soapy_join(char *ret, size_t ret_size, char *const *words, size_t count);

/* "24 MHz to 1.766 GHz", several joined by ", "; single values stand alone. unit: "Hz", "S/s". */
void ls_soapy_show_ranges(char *ret, size_t ret_size, const SoapySDRRange *ranges, size_t count,
                          const char *unit);

/* From the lowest to the highest of them. False when there are none. */
bool ls_soapy_span(const SoapySDRRange *ranges, size_t count, double *ret_low, double *ret_high);

/* Within one of the ranges, with room for rounding. True when there are none: nothing is known. */
bool ls_soapy_within(const SoapySDRRange *ranges, size_t count, double value);

/* Value of a key of SoapySDR arguments; NULL when it is not there. */
const char *ls_soapy_value(const SoapySDRKwargs *args, const char *key);

/* Name of the setting, of the device or its channel, that switches the bias tee: drivers call it
 * "biastee", "biasT_ctrl", "bias_tx", "biastee_rx". Empty when there is none. */
struct ls_soapy_setting {
    char key[64];
    bool of_channel;
};
struct ls_soapy_setting ls_soapy_find_bias_tee(const SoapySDRDevice *device, size_t channel);

/* SoapySDR's last error of this thread, "no reason given" when it is empty. */
const char *ls_soapy_said(void);

#endif
