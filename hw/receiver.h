/* hw/receiver.h: a radio, opened by SoapySDR arguments. The only part of the program that calls
 * SoapySDR. Every call goes into the vendor's driver and may hang there: the survey makes them from
 * a thread of their own, with a deadline (src/survey). Settings are applied and read back; what the
 * device really does is in ls_receiver_info. */
#ifndef HW_RECEIVER_H
#define HW_RECEIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/tuning.h"

struct ls_receiver;

enum { LS_RECEIVER_NAME_BYTES = 64, LS_RECEIVER_GAINS_MAX = 16 };

struct ls_receiver_gain {
    const char *element;
    double db;
};

struct ls_receiver_opts {
    const char *args;      /* SoapySDR arguments: "driver=rtlsdr,serial=1"; required */
    size_t channel;        /* of the device */
    double center_hz;      /* > 0; required */
    double rate_sps;       /* > 0; required */
    double bandwidth_hz;   /* of the analogue filter; 0: the device chooses */
    enum ls_format format; /* LS_FORMAT_NONE: the device's native one, else CI16, CI8, CF32 */
    const char *antenna;   /* NULL: the device's default */
    bool automatic_gain;
    bool gain_given;
    double gain_db;                       /* over all elements; used when gain_given */
    const struct ls_receiver_gain *gains; /* elements by name; applied after gain_db */
    size_t gain_count;
    double ppm;               /* frequency correction; 0: none */
    int bias_tee;             /* -1: leave as it is, 0 off, 1 on */
    const char *clock_source; /* NULL: the device's default */
    const char *time_source;  /* NULL: the device's default */
};

/* What the device says it really does. Texts are borrowed until destroy. */
struct ls_receiver_info {
    const char *driver;      /* "rtlsdr" */
    const char *hardware;    /* hardware key and serial, for provenance */
    struct ls_tuning tuning; /* as read back; format is that of the stream */
    double bandwidth_hz;     /* 0 when the device does not say */
    double gain_db;
    const char *antenna;
    double full_scale;  /* of the stream's format: what the device says is its largest value */
    size_t mtu_samples; /* of one read */
    bool hardware_time; /* readings carry the device's time */
    const char *note;   /* settings that could not be had exactly, in words; "" when none */
};

/* What one read brought. */
enum ls_reading_kind {
    LS_READING_SAMPLES,  /* count > 0 samples */
    LS_READING_TIMEOUT,  /* nothing came within the time-out */
    LS_READING_OVERFLOW, /* samples were lost before the next reading */
    LS_READING_LOST      /* the device is gone or its stream broke: reopen it */
};

struct ls_reading {
    enum ls_reading_kind kind;
    size_t count;
    bool timed;      /* t_hw_ns is the device's time of the first sample (of an overflow: as the
                        driver states it) */
    int64_t t_hw_ns; /* device time: its epoch is the device's own */
    char text[96];   /* what the driver said, of LOST; "" else */
};

/* LS_ERR_NOTFOUND: no such device (says which are there); LS_ERR_ARG: no such driver module, or a
 * setting out of range, naming the range: waiting does not mend these; LS_ERR_DEVICE: the driver
 * failed (permission denied comes with the udev hint); LS_ERR_BUSY: in use by another program;
 * LS_ERR_NOMEM. The caller destroys *ret.
 */
int ls_receiver_open(struct ls_receiver **ret, const struct ls_receiver_opts *opts,
                     struct ls_err *err);
void ls_receiver_destroy(struct ls_receiver *receiver);

/* Borrowed until the next tune or destroy. */
const struct ls_receiver_info *ls_receiver_info(const struct ls_receiver *receiver);

/* Start and stop the stream. LS_ERR_DEVICE. */
int ls_receiver_start(struct ls_receiver *receiver, struct ls_err *err);
int ls_receiver_stop(struct ls_receiver *receiver, struct ls_err *err);

/* One driver read of at most room samples of the stream's format, waiting timeout_us at most. */
void ls_receiver_read(struct ls_receiver *receiver, void *samples, size_t room, long timeout_us,
                      struct ls_reading *ret);

/* Retune while the stream runs; *ret_hz as read back. LS_ERR_ARG names the range. LS_ERR_DEVICE. */
int ls_receiver_tune(struct ls_receiver *receiver, double center_hz, double *ret_hz,
                     struct ls_err *err);

/* Change the overall gain while the stream runs. */
int ls_receiver_set_gain(struct ls_receiver *receiver, double db, double *ret_db,
                         struct ls_err *err);

/* The overall gain as the device states it now: it may have lost what was set. */
double ls_receiver_gain(struct ls_receiver *receiver);

/* A sensor of the device, such as its temperature: the first whose name contains name. False when
 * there is none or it is no number. */
bool ls_receiver_sensor(struct ls_receiver *receiver, const char *name, double *ret_value);

/* One device that SoapySDR finds, as `lineside devices` shows it. Texts are borrowed until the call
 * returns. */
struct ls_device {
    const char *args; /* what opens it */
    const char *driver;
    const char *label;
    const char *error;   /* "" or why it could not be asked for the rest */
    const char *formats; /* native format first, comma separated */
    const char *antennas;
    const char *gains; /* "LNA 0 to 40 dB, VGA 0 to 62 dB" */
    const char *sensors;
    const char *clock_sources;
    double low_hz, high_hz; /* over all tuning ranges */
    double rate_low_sps, rate_high_sps;
};

/* Calls each for every device that matches args ("": all). deep: open each and ask.
 * LS_ERR_NOTFOUND: there is none, with what is installed; else what each returns. */
int ls_receiver_devices(const char *args, bool deep,
                        int (*each)(void *context, const struct ls_device *device,
                                    struct ls_err *err),
                        void *context, struct ls_err *err);

#endif
