/* pattern/channels.h: transmissions to places in the spectrum: one sensor, one centre, one width.
 * Coarser than the emitters of pattern/track.h, which also look at level and duration: whatever
 * passes by spans 30 dB and is cut at both ends of its stay, and a baseline asks where there was
 * anything at all. */
#ifndef PATTERN_CHANNELS_H
#define PATTERN_CHANNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/transmission.h"
#include "pattern/blob.h"

enum { LS_CHANNELS_MAX = 4096 };

struct ls_channel {
    uint64_t serial; /* counts channels, from 1; 0: the slot is free */
    uint32_t sensor;
    double center_hz;    /* of its first row */
    double bandwidth_hz; /* of its first row */
    uint64_t count;      /* rows so far */
    int64_t first_ns;
    int64_t last_ns; /* latest stop */
    double low_hz;   /* extremes of the centre */
    double high_hz;
    char class_name[LS_CLASS_BYTES]; /* of the first row that had one */
};

struct ls_channels;

int ls_channels_create(struct ls_channels **ret, struct ls_err *err);
void ls_channels_destroy(struct ls_channels *channels);

/* The slot of the row's channel: the nearest centre within 3 ppm, a tenth of the bandwidth or 500
 * Hz, and a bandwidth within a factor of two (lines below 2 kHz are all alike). *ret_begins: the
 * channel is new, and what the slot held before, silent for longest, is over. *ret_known: the place
 * is one that a channel held that gave way. */
uint32_t ls_channels_push(struct ls_channels *channels, const struct ls_transmission *row,
                          uint32_t sensor, bool *ret_begins, bool *ret_known);

/* Whether another channel of the sensor, as wide, lies within three gates of the slot's and was
 * heard since then: its rows may stray into this one. */
bool ls_channels_beside(const struct ls_channels *channels, uint32_t slot, int64_t since_ns);

/* NULL when the slot is free. */
const struct ls_channel *ls_channels_at(const struct ls_channels *channels, uint32_t slot);

int ls_channels_save(const struct ls_channels *channels, struct ls_blob *blob, struct ls_err *err);
int ls_channels_load(struct ls_channels *channels, struct ls_blob_reader *in, struct ls_err *err);

#endif
