/* survey/stations.h: the error of a receiver's oscillator from cells in the recording: what base
 * stations broadcast for synchronisation (dsp/sync.h) against the raster that their carriers lie
 * on. Looked for once a recording, in its first 160 ms, up to 80 MS/s: GSM on every multiple of 200
 * kHz, or of more than 24 of them the eight whose weakest block is strongest and stands out, as a
 * broadcast carrier is never off; LTE at the tuned centre, among so many channels where those
 * beside it stand out as well, and again in the middle of the recording: the carrier alone is known
 * but for multiples of its raster, and the timing decides between them. Below 0.32 s LTE says
 * nothing. Which cells those are is not looked at. */
#ifndef SURVEY_STATIONS_H
#define SURVEY_STATIONS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/tuning.h"
#include "survey/searcher.h"

struct ls_stations {  /* all-zero: none was found */
    size_t count;     /* cells that say it */
    double ppm;       /* > 0: the receiver runs fast and shows signals too low */
    double error_ppm; /* one standard deviation */
};

/* samples: how many there are from pos on. LS_ERR_NOMEM and the errors of reading; *ret stays as it
 * was where there is nothing to find. */
int ls_stations_find(const struct ls_sample_reader *reader, uint64_t pos, uint64_t samples,
                     const struct ls_tuning *tuning, struct ls_stations *ret, struct ls_err *err);

#endif
