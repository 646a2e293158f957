/* model/trail.h: level and carrier along a transmission, for what moves meanwhile: up to 64 points,
 * at even spacing where it is on the air. Short transmissions have none. */
#ifndef MODEL_TRAIL_H
#define MODEL_TRAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LS_TRAIL_POINTS = 64, LS_TRAIL_POINT_BYTES = 8 };

struct ls_trail_point {
    float t_s; /* from the start of the transmission, rising */
    float level_dbfs;
    float offset_hz; /* carrier less center_hz of the transmission; NAN: not known */
};

struct ls_trail { /* count 0: none */
    uint32_t count;
    struct ls_trail_point points[LS_TRAIL_POINTS];
};

/* As stored: for each point, little-endian, uint16 time in 65535ths of duration_s, int16 level in
 * 0.01 dB, int32 offset in 0.1 Hz, -2147483648 where it is not known. Returns the bytes written, at
 * most LS_TRAIL_POINTS * LS_TRAIL_POINT_BYTES. */
size_t ls_trail_pack(const struct ls_trail *trail, double duration_s, unsigned char *ret);

/* False: not such bytes; *ret is untouched. size 0: no points. */
bool ls_trail_unpack(const unsigned char *bytes, size_t size, double duration_s,
                     struct ls_trail *ret);

#endif
