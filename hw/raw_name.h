/* hw/raw_name.h: what the name of a raw recording says about it. Recorders write it there, each in
 * its own way; known are rtl_433 (g001_433.92M_250k.cu8), gqrx (gqrx_20261120_080000_433920000_
 * 1800000_fc.raw), SDR# and HDSDR (..._20261120_080000Z_433920kHz_RF), Universal Radio Hacker
 * (HackRF-20261120_080000-433_92MHz-2MSps-2MHz.complex16s), and 1M6 for 1.6M. */
#ifndef HW_RAW_NAME_H
#define HW_RAW_NAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/iq.h"

struct ls_raw_name {
    enum ls_format format; /* LS_FORMAT_NONE when the name does not tell */
    double rate_sps;       /* 0 when the name does not tell */
    double center_hz;      /* valid with has_center */
    bool has_center;
    int64_t t_ns; /* valid with has_time: only where the recorder is known to write UTC */
    bool has_time;
};

/* name: without folders. Never fails: what is unclear, such as three bare numbers, is left open. */
void ls_raw_name_guess(struct ls_raw_name *ret, const char *name);

#endif
