/* dsp/offset.h: carrier offset of a burst near the bound, without its symbols: keying is taken out
 * of the phase by what is known of the form of the signal, never by deciding what was sent.
 *
 * TONE: a carrier, also one that is switched on and off. Phase regression with weights of power
 * (Tretter, "Estimating the frequency of a noisy sinusoid by linear regression", IEEE Trans. IT 31,
 * 1985) about the peak of the periodogram; an amplitude without sign turns no phase. A carrier that
 * begins anew with each pulse is measured pulse by pulse.
 *
 * FSK: two tones. Stretches between two changes of tone have phases of their own; each gives a
 * slope by regression, each tone the mean of its own by information, and the carrier lies in the
 * middle of the two.
 *
 * GMSK: GSM normal bursts. In Laurent's decomposition ("Exact and approximate construction of
 * digital phase modulations by superposition of amplitude modulated pulses", IEEE Trans. COM 34,
 * 1986) symbols lie on the real and the imaginary axis in turn. A filter that leaves neighbours of
 * the other axis out (least squares against them, the second pulse and noise) makes the square of
 * the derotated samples a carrier of twice the offset, whatever was sent. Without such a filter the
 * square has an error of its own of ten times the bound at 20 dB. */
#ifndef DSP_OFFSET_H
#define DSP_OFFSET_H

#include <complex.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum ls_offset_form { LS_OFFSET_TONE, LS_OFFSET_FSK, LS_OFFSET_GMSK };

enum { LS_OFFSET_SAMPLES = 4096 }; /* longer bursts: the first so many */

struct ls_offset;

struct ls_offset_burst {
    const float complex *iq; /* [count], on all the time but for its keying */
    size_t count;
    double rate_sps;
    double noise_pow; /* mean |x|^2 of the noise in iq */
};

struct ls_offset_value {
    double hz;       /* from 0 Hz of iq */
    double error_hz; /* one standard deviation, from the scatter of the burst itself */
};

/* LS_ERR_NOMEM. The caller destroys *ret. One thread at a time. */
int ls_offset_create(struct ls_offset **ret, struct ls_err *err);
void ls_offset_destroy(struct ls_offset *offset);

/* False: the burst is too short or too weak, or has not that form: *ret is untouched. */
bool ls_offset_measure(struct ls_offset *offset, enum ls_offset_form form,
                       const struct ls_offset_burst *burst, struct ls_offset_value *ret);

#endif
