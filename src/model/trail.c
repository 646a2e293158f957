#include "model/trail.h"

#include <math.h>

static double clamp(double value, double low, double high) {
    return value < low ? low : value > high ? high : value;
}

static unsigned char *put(unsigned char *at, uint32_t value, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) {
        *at++ = (unsigned char)(value >> (8 * i) & 0xff);
    }
    return at;
}

static uint32_t get(const unsigned char *at, size_t bytes) {
    uint32_t value = 0;
    for (size_t i = 0; i < bytes; i++) {
        value |= (uint32_t)at[i] << (8 * i);
    }
    return value;
}

size_t ls_trail_pack(const struct ls_trail *trail, double duration_s, unsigned char *ret) {
    unsigned char *at = ret;
    for (size_t i = 0; i < trail->count; i++) {
        const struct ls_trail_point *p = &trail->points[i];
        double t = clamp(round(65535.0 * (double)p->t_s / duration_s), 0.0, 65535.0);
        double level = clamp(round(100.0 * (double)p->level_dbfs), -32768.0, 32767.0);
        double offset = clamp(round(10.0 * (double)p->offset_hz), -2147483647.0, 2147483647.0);
        int32_t tenths = isfinite(p->offset_hz) ? (int32_t)offset : INT32_MIN;
        at = put(at, (uint32_t)t, 2);
        at = put(at, (uint32_t)(int32_t)level & 0xffff, 2);
        at = put(at, (uint32_t)tenths, 4);
    }
    return (size_t)(at - ret);
}

bool ls_trail_unpack(const unsigned char *bytes, size_t size, double duration_s,
                     struct ls_trail *ret) {
    if (size % LS_TRAIL_POINT_BYTES != 0 || size > LS_TRAIL_POINTS * LS_TRAIL_POINT_BYTES) {
        return false;
    }
    ret->count = (uint32_t)(size / LS_TRAIL_POINT_BYTES);
    for (size_t i = 0; i < ret->count; i++, bytes += LS_TRAIL_POINT_BYTES) {
        int32_t tenths = (int32_t)get(bytes + 4, 4);
        ret->points[i] = (struct ls_trail_point){
            .t_s = (float)((double)get(bytes, 2) * duration_s / 65535.0),
            .level_dbfs = (float)((double)(int16_t)get(bytes + 2, 2) / 100.0),
            .offset_hz = tenths == INT32_MIN ? NAN : (float)((double)tenths / 10.0),
        };
    }
    return true;
}
