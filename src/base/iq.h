/* base/iq.h: the sample formats of recorded and live I/Q. Full scale is 1.0 after conversion: 0
 * dBFS is a complex exponential of amplitude 1.0 (mean |x|^2 = 1). Names are those of SigMF
 * core:datatype. */
#ifndef BASE_IQ_H
#define BASE_IQ_H

#include <stdbool.h>
#include <stddef.h>

enum ls_format {
    LS_FORMAT_NONE = 0, /* not known yet */
    LS_FORMAT_CU8,      /* unsigned 8 bit, zero at 127.5 (RTL-SDR) */
    LS_FORMAT_CI8,      /* signed 8 bit */
    LS_FORMAT_CI16_LE,  /* signed 16 bit, little endian */
    LS_FORMAT_CF32_LE,  /* IEEE 754 single, little endian */
};

/* SigMF name ("cu8", "ci16_le"), "none" for LS_FORMAT_NONE. */
const char *ls_format_name(enum ls_format format);

/* Accepts SigMF names and the usual short ones (cs8, ci16, cs16, cf32, cfile). False when unknown.
 */
bool ls_format_parse(const char *name, enum ls_format *ret);

/* Bytes of one complex sample; 0 for LS_FORMAT_NONE. */
size_t ls_format_bytes(enum ls_format format);

#endif
