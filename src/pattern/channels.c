#include "pattern/channels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

enum {
    PLACES = 1 << 16
}; /* bits for places that gave way; two that share a bit do little harm:
      something new is taken for known */

static const double gate_ppm = 3e-6;
static const double gate_bandwidth = 0.1;
static const double gate_min_hz = 500.0;
static const double beside_gates = 3.0;
static const double line_hz = 2e3;
static const double place_hz = 20e3;

struct ls_channels {
    struct ls_channel slots[LS_CHANNELS_MAX];
    uint32_t order[LS_CHANNELS_MAX]; /* slots by sensor, then centre */
    size_t count;
    uint64_t serial;
    unsigned char places[PLACES / 8];
};

int ls_channels_create(struct ls_channels **ret, struct ls_err *err) {
    *ret = calloc(1, sizeof **ret);
    return *ret == NULL ? ls_err_set(err, LS_ERR_NOMEM, "out of memory for channels") : LS_OK;
}

void ls_channels_destroy(struct ls_channels *channels) { free(channels); }

const struct ls_channel *ls_channels_at(const struct ls_channels *channels, uint32_t slot) {
    return channels->slots[slot].serial == 0 ? NULL : &channels->slots[slot];
}

/* --- places that gave way --- */

static size_t place_bit(uint32_t sensor, int64_t cell) {
    uint64_t x = ((uint64_t)cell << 8 ^ sensor) * UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(x >> 48) % PLACES;
}

static void remember_place(struct ls_channels *channels, const struct ls_channel *channel) {
    int64_t cell = (int64_t)floor(channel->center_hz / place_hz);
    for (int64_t c = cell - 1; c <= cell + 1; c++) {
        size_t bit = place_bit(channel->sensor, c);
        channels->places[bit / 8] |= (unsigned char)(1u << bit % 8);
    }
}

static bool known_place(const struct ls_channels *channels, const struct ls_channel *channel) {
    size_t bit = place_bit(channel->sensor, (int64_t)floor(channel->center_hz / place_hz));
    return (channels->places[bit / 8] >> bit % 8 & 1) != 0;
}

/* --- finding --- */

/* Where in order a channel of this sensor and centre belongs. */
static size_t position(const struct ls_channels *channels, uint32_t sensor, double center_hz) {
    size_t low = 0;
    size_t high = channels->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct ls_channel *at = &channels->slots[channels->order[middle]];
        if (at->sensor < sensor || (at->sensor == sensor && at->center_hz < center_hz)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static double gate_hz(double center_hz, double bandwidth_hz) {
    return fmax(gate_min_hz, fmax(gate_ppm * fabs(center_hz), gate_bandwidth * bandwidth_hz));
}

static bool same_width(double a, double b) {
    return (a <= line_hz && b <= line_hz) || (a <= 2.0 * b && b <= 2.0 * a);
}

/* The nearest that fits, looking outward from its position; SIZE_MAX: none. */
static size_t nearest(const struct ls_channels *channels, const struct ls_transmission *row,
                      uint32_t sensor) {
    size_t from = position(channels, sensor, row->center_hz);
    double best_hz = gate_hz(row->center_hz, row->bandwidth_hz);
    size_t best = SIZE_MAX;
    for (int way = -1; way <= 1; way += 2) {
        for (size_t i = way < 0 ? from - 1 : from; i < channels->count; i += (size_t)way) {
            const struct ls_channel *at = &channels->slots[channels->order[i]];
            double apart = fabs(at->center_hz - row->center_hz);
            if (at->sensor != sensor || apart > best_hz) {
                break;
            }
            if (same_width(at->bandwidth_hz, row->bandwidth_hz)) {
                best_hz = apart;
                best = i;
                break;
            }
        }
    }
    return best;
}

bool ls_channels_beside(const struct ls_channels *channels, uint32_t slot, int64_t since_ns) {
    const struct ls_channel *mine = &channels->slots[slot];
    double reach_hz = beside_gates * gate_hz(mine->center_hz, mine->bandwidth_hz);
    for (size_t i = position(channels, mine->sensor, mine->center_hz - reach_hz);
         i < channels->count; i++) {
        const struct ls_channel *at = &channels->slots[channels->order[i]];
        if (at->sensor != mine->sensor || at->center_hz > mine->center_hz + reach_hz) {
            break;
        }
        if (at != mine && at->last_ns >= since_ns && at->count > 1 &&
            same_width(at->bandwidth_hz, mine->bandwidth_hz)) {
            return true;
        }
    }
    return false;
}

/* --- making room --- */

static size_t silent_longest(const struct ls_channels *channels) {
    size_t oldest = 0;
    for (size_t i = 1; i < channels->count; i++) {
        if (channels->slots[channels->order[i]].last_ns <
            channels->slots[channels->order[oldest]].last_ns) {
            oldest = i;
        }
    }
    return oldest;
}

static uint32_t free_slot(struct ls_channels *channels) {
    if (channels->count < LS_CHANNELS_MAX) {
        return (uint32_t)channels->count;
    }
    size_t at = silent_longest(channels);
    uint32_t slot = channels->order[at];
    remember_place(channels, &channels->slots[slot]);
    memmove(&channels->order[at], &channels->order[at + 1],
            (channels->count - at - 1) * sizeof channels->order[0]);
    channels->count--;
    return slot;
}

static uint32_t begin(struct ls_channels *channels, const struct ls_transmission *row,
                      uint32_t sensor, bool *ret_known) {
    uint32_t slot = free_slot(channels);
    struct ls_channel *channel = &channels->slots[slot];
    *channel = (struct ls_channel){.serial = ++channels->serial,
                                   .sensor = sensor,
                                   .center_hz = row->center_hz,
                                   .bandwidth_hz = row->bandwidth_hz,
                                   .first_ns = row->start_ns,
                                   .last_ns = row->start_ns,
                                   .low_hz = row->center_hz,
                                   .high_hz = row->center_hz};
    size_t at = position(channels, sensor, row->center_hz);
    memmove(&channels->order[at + 1], &channels->order[at],
            (channels->count - at) * sizeof channels->order[0]);
    channels->order[at] = slot;
    channels->count++;
    *ret_known = known_place(channels, channel);
    return slot;
}

uint32_t ls_channels_push(struct ls_channels *channels, const struct ls_transmission *row,
                          uint32_t sensor, bool *ret_begins, bool *ret_known) {
    size_t at = nearest(channels, row, sensor);
    *ret_begins = at == SIZE_MAX;
    *ret_known = true;
    uint32_t slot = *ret_begins ? begin(channels, row, sensor, ret_known) : channels->order[at];
    struct ls_channel *channel = &channels->slots[slot];
    int64_t stop_ns = row->start_ns + row->duration_ns;
    channel->count++;
    channel->last_ns = stop_ns > channel->last_ns ? stop_ns : channel->last_ns;
    channel->low_hz = fmin(channel->low_hz, row->center_hz);
    channel->high_hz = fmax(channel->high_hz, row->center_hz);
    if (channel->class_name[0] == '\0' && strcmp(row->class_name, "unknown") != 0) {
        ls_copy_text(channel->class_name, sizeof channel->class_name, row->class_name);
    }
    return slot;
}

/* --- the state as bytes --- */

int ls_channels_save(const struct ls_channels *channels, struct ls_blob *blob, struct ls_err *err) {
    int code = ls_blob_put_count(blob, channels->count, err);
    code = code == LS_OK ? ls_blob_put_count(blob, channels->serial, err) : code;
    for (size_t i = 0; code == LS_OK && i < channels->count; i++) {
        uint32_t slot = channels->order[i];
        code = ls_blob_put(blob, &slot, sizeof slot, err);
        code = code == LS_OK
                   ? ls_blob_put(blob, &channels->slots[slot], sizeof channels->slots[slot], err)
                   : code;
    }
    return code == LS_OK ? ls_blob_put(blob, channels->places, sizeof channels->places, err) : code;
}

int ls_channels_load(struct ls_channels *channels, struct ls_blob_reader *in, struct ls_err *err) {
    uint64_t count = 0;
    int code = ls_blob_get_count(in, LS_CHANNELS_MAX, &count, err);
    code = code == LS_OK ? ls_blob_get_count(in, UINT64_MAX, &channels->serial, err) : code;
    for (size_t i = 0; code == LS_OK && i < count; i++) {
        uint32_t slot = 0;
        code = ls_blob_get(in, &slot, sizeof slot, err);
        if (code == LS_OK && (slot >= count || channels->slots[slot].serial != 0)) {
            return ls_err_set(err, LS_ERR_FORMAT, "saved channels of the pattern engine are wrong");
        }
        channels->order[i] = slot;
        code = code == LS_OK
                   ? ls_blob_get(in, &channels->slots[slot], sizeof channels->slots[slot], err)
                   : code;
    }
    channels->count = (size_t)count;
    return code == LS_OK ? ls_blob_get(in, channels->places, sizeof channels->places, err) : code;
}
