/* Noise is drawn once into tables; each stretch of it starts at an entry that its position chooses,
 * which keeps it cheap and repeatable and gives it no period. */
#include "hw/replay/air.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "hw/replay/dice.h"

enum { TABLE_SAMPLES = 1 << 15, STRETCH_SAMPLES = 1 << 12 };

/* By ls_air_kind; [0] is not used. */
enum { TABLES = LS_AIR_RUBBISH + 1 };

struct ls_air {
    const struct ls_tape *tape;
    enum ls_format format;
    size_t sample_bytes;
    unsigned char *tables[TABLES]; /* [TABLE_SAMPLES] of the format */
};

/* Components are integers between low and high around zero; cf32 counts in units of 1. */
struct scale {
    double zero;
    double full;
    double low;
    double high;
};

static struct scale scale_of(enum ls_format format) {
    switch (format) {
    case LS_FORMAT_CU8:
        return (struct scale){.zero = 127.5, .full = 127.5, .low = 0.0, .high = 255.0};
    case LS_FORMAT_CI8:
        return (struct scale){.zero = 0.0, .full = 128.0, .low = -128.0, .high = 127.0};
    case LS_FORMAT_CI16_LE:
        return (struct scale){.zero = 0.0, .full = 32768.0, .low = -32768.0, .high = 32767.0};
    default:
        return (struct scale){.zero = 0.0, .full = 1.0, .low = -1.0, .high = 1.0};
    }
}

static double get(enum ls_format format, const void *components, size_t i) {
    switch (format) {
    case LS_FORMAT_CU8:
        return ((const uint8_t *)components)[i];
    case LS_FORMAT_CI8:
        return ((const int8_t *)components)[i];
    case LS_FORMAT_CI16_LE:
        return ((const int16_t *)components)[i];
    default:
        return (double)((const float *)components)[i];
    }
}

/* value is within the range of the format. */
static void put(enum ls_format format, void *components, size_t i, double value) {
    switch (format) {
    case LS_FORMAT_CU8:
        ((uint8_t *)components)[i] = (uint8_t)lrint(value);
        break;
    case LS_FORMAT_CI8:
        ((int8_t *)components)[i] = (int8_t)lrint(value);
        break;
    case LS_FORMAT_CI16_LE:
        ((int16_t *)components)[i] = (int16_t)lrint(value);
        break;
    default:
        ((float *)components)[i] = (float)value;
    }
}

/* Around zero of the format, clipped as a converter does. NaN of a recording becomes zero. */
static void put_clipped(enum ls_format format, void *components, size_t i, double around_zero) {
    struct scale scale = scale_of(format);
    double value = (isnan(around_zero) ? 0.0 : around_zero) + scale.zero;
    put(format, components, i, fmin(fmax(value, scale.low), scale.high));
}

/* Complex Gaussian noise of mean power sigma squared, in units of full scale (Box and Muller 1958).
 */
static unsigned char *make_table(enum ls_format format, double sigma, uint64_t seed) {
    unsigned char *table = malloc(TABLE_SAMPLES * ls_format_bytes(format));
    if (table == NULL) {
        return NULL;
    }
    double full = scale_of(format).full;
    for (size_t i = 0; i < TABLE_SAMPLES; i++) {
        double radius = sigma * full * sqrt(-log(ls_dice_uniform(&seed)));
        double angle = 2.0 * M_PI * ls_dice_uniform(&seed);
        put_clipped(format, table, 2 * i, radius * cos(angle));
        put_clipped(format, table, 2 * i + 1, radius * sin(angle));
    }
    return table;
}

int ls_air_create(struct ls_air **ret, const struct ls_tape *tape, double noise_dbfs,
                  struct ls_err *err) {
    struct ls_air *air = calloc(1, sizeof *air);
    if (air == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    air->tape = tape;
    air->format = ls_tape_info(tape)->format;
    air->sample_bytes = ls_format_bytes(air->format);
    /* The last bit toggles: half of it either way, of 16 bits where there are no bits. */
    double bit = air->format == LS_FORMAT_CF32_LE ? 0x1p-15 : 1.0 / scale_of(air->format).full;
    air->tables[LS_AIR_NOISE] = make_table(air->format, pow(10.0, noise_dbfs / 20.0), 1);
    air->tables[LS_AIR_DEAF] = make_table(air->format, 0.5 * bit, 2);
    air->tables[LS_AIR_RUBBISH] = make_table(air->format, 1.0, 3);
    for (size_t i = LS_AIR_NOISE; i < TABLES; i++) {
        if (air->tables[i] == NULL) {
            ls_air_destroy(air);
            return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
        }
    }
    *ret = air;
    return LS_OK;
}

void ls_air_destroy(struct ls_air *air) {
    if (air != NULL) {
        for (size_t i = 0; i < TABLES; i++) {
            free(air->tables[i]);
        }
        free(air);
    }
}

/* Stretches lie at multiples of their length, so that the split of reads changes nothing. */
static void copy_table(const struct ls_air *air, enum ls_air_kind kind, uint64_t pos, size_t count,
                       void *ret) {
    unsigned char *out = ret;
    while (count > 0) {
        size_t within = (size_t)(pos % STRETCH_SAMPLES);
        size_t n = STRETCH_SAMPLES - within;
        n = n < count ? n : count;
        uint64_t state = pos / STRETCH_SAMPLES;
        size_t first = (size_t)(ls_dice_next(&state) % (TABLE_SAMPLES - STRETCH_SAMPLES));
        memcpy(out, air->tables[kind] + (first + within) * air->sample_bytes,
               n * air->sample_bytes);
        out += n * air->sample_bytes;
        pos += n;
        count -= n;
    }
}

static void amplify(const struct ls_air *air, double gain_db, size_t count, void *samples) {
    double factor = pow(10.0, gain_db / 20.0);
    double zero = scale_of(air->format).zero;
    for (size_t i = 0; i < 2 * count; i++) {
        put_clipped(air->format, samples, i, factor * (get(air->format, samples, i) - zero));
    }
}

int ls_air_fill(const struct ls_air *air, const struct ls_air_view *view, uint64_t pos,
                size_t count, void *ret, struct ls_err *err) {
    if (view->kind == LS_AIR_TAPE) {
        int code = ls_tape_read(air->tape, view->reel, pos, count, ret, err);
        if (code != LS_OK) {
            return code;
        }
    } else {
        copy_table(air, view->kind, pos, count, ret);
    }
    bool of_antenna = view->kind == LS_AIR_TAPE || view->kind == LS_AIR_NOISE;
    if (of_antenna && view->gain_db != 0.0) {
        amplify(air, view->gain_db, count, ret);
    }
    return LS_OK;
}
