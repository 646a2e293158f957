/* dsp/zoom.h: a fine power spectrum of a stretch of samples, several times finer than the bank's
 * channels: averaged windowed periodograms (Welch 1967), or one zero-padded periodogram when the
 * stretch is shorter than a transform. */
#ifndef DSP_ZOOM_H
#define DSP_ZOOM_H

#include <stddef.h>

#include "base/err.h"
#include "base/iq.h"

struct ls_zoom;

struct ls_zoom_opts {
    size_t bins;           /* length of the transform; required */
    enum ls_format format; /* of the samples; required */
};

/* LS_ERR_ARG, LS_ERR_NOMEM. The caller destroys *ret. */
int ls_zoom_create(struct ls_zoom **ret, const struct ls_zoom_opts *opts, struct ls_err *err);
void ls_zoom_destroy(struct ls_zoom *zoom);

/* Which bins are wanted: [first, first + count) in rising frequency, index 0 at -rate/2. */
struct ls_zoom_band {
    size_t first;
    size_t count;
};

/* samples: n > 0 samples in the native format. Takes at most segments_max transforms, spread
 * evenly. ret_power: [band.count]; the sum over all bins would be the mean |x|^2. One thread per
 * object. Returns how many transforms were averaged. */
size_t ls_zoom_spectrum(struct ls_zoom *zoom, const void *samples, size_t n, size_t segments_max,
                        struct ls_zoom_band band, float *ret_power);

#endif
