/* hw/receiver_settings.h: settings of a radio, applied in the order that drivers need, each checked
 * against what the device says it can do and read back. Only hw includes this. */
#ifndef HW_RECEIVER_SETTINGS_H
#define HW_RECEIVER_SETTINGS_H

#include <SoapySDR/Device.h>

#include "hw/note.h"
#include "hw/receiver.h"

/* A device and the channel that listens; note gathers what could not be had exactly. */
struct ls_receiver_settings {
    SoapySDRDevice *device;
    size_t channel;
    const char *args; /* for messages */
    struct ls_note *note;
};

/* Everything of opts but the format. LS_ERR_ARG: out of range or no such name, naming what there
 * is; LS_ERR_DEVICE: the driver refused. */
int ls_receiver_settings_apply(const struct ls_receiver_settings *settings,
                               const struct ls_receiver_opts *opts, struct ls_err *err);

/* The centre alone: also while the stream runs. *ret_hz as read back. */
int ls_receiver_settings_tune(const struct ls_receiver_settings *settings, double center_hz,
                              double *ret_hz, struct ls_err *err);

/* Overall gain; *ret_db as read back. */
int ls_receiver_settings_gain(const struct ls_receiver_settings *settings, double db,
                              double *ret_db, struct ls_err *err);

#endif
