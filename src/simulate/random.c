#include "simulate/random.h"

#include <assert.h>
#include <math.h>

enum { BLOCK = 256 };

static uint64_t splitmix64(uint64_t *state) {
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint64_t rotl(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

void ls_random_init(struct ls_random *random, uint64_t seed, uint64_t stream) {
    /* The seed is scrambled before the stream enters, so that neighbours in both stay apart. */
    uint64_t state = splitmix64(&seed) ^ (stream * UINT64_C(0xd1342543de82ef95));
    for (int i = 0; i < 4; i++) {
        random->state[i] = splitmix64(&state);
    }
}

uint64_t ls_random_bits(struct ls_random *random) {
    uint64_t *s = random->state;
    uint64_t result = rotl(s[0] + s[3], 23) + s[0];
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

double ls_random_uniform(struct ls_random *random) {
    return (double)(ls_random_bits(random) >> 11) * 0x1p-53;
}

uint64_t ls_random_below(struct ls_random *random, uint64_t count) {
    assert(count > 0);
    /* Drop the incomplete last copy of 0..count-1, so that no value is favoured. */
    uint64_t limit = UINT64_MAX - UINT64_MAX % count;
    uint64_t bits;
    do {
        bits = ls_random_bits(random);
    } while (bits >= limit);
    return bits % count;
}

/* Box and Muller, "A Note on the Generation of Random Normal Deviates", 1958, over arrays without
 * branches so that the compiler can use vector code. Logarithm, sine and cosine are polynomials of
 * plain float operations. 31 bits for the radius put the tail's end at 6.7 sigma. */
static void normal_block(struct ls_random *random, float ret_i[BLOCK], float ret_q[BLOCK]) {
    int32_t radius_bits[BLOCK];
    int32_t angle_bits[BLOCK];
    for (size_t k = 0; k < BLOCK; k++) {
        uint64_t bits = ls_random_bits(random);
        radius_bits[k] = (int32_t)(bits >> 33);
        angle_bits[k] = (int32_t)(uint32_t)bits;
    }
    for (size_t k = 0; k < BLOCK; k++) {
        union {
            float f;
            int32_t i;
        } u = {.f = ((float)radius_bits[k] + 0.5f) * 0x1p-31f};
        /* u = m 2^e with m in [0.71, 1.42); ln m = 2 atanh z, z = (m - 1)/(m + 1). */
        int32_t e = (u.i - 0x3f3504f3) >> 23;
        u.i -= e * (1 << 23);
        float z = (u.f - 1.0f) / (u.f + 1.0f);
        float zz = z * z;
        float ln = (float)e * 0.69314718f +
                   z * (2.0f + zz * (0.66666667f + zz * (0.4f + zz * 0.28571429f)));
        float power = -2.0f * ln;
        float r = sqrtf(power > 0.0f ? power : 0.0f);
        /* Half the angle lies within +-pi/4 of 0 or pi/2: use +-1/8 turn and one double angle. */
        float x = (float)angle_bits[k] * (0.78539816f * 0x1p-31f);
        float y = x * x;
        float s = x * (1.0f + y * (-1.6666667e-1f +
                                   y * (8.3333333e-3f + y * (-1.9841270e-4f + y * 2.7557e-6f))));
        float c =
            1.0f + y * (-0.5f + y * (4.1666667e-2f + y * (-1.3888889e-3f + y * 2.4801587e-5f)));
        float s2 = 2.0f * s * c;
        float c2 = c * c - s * s;
        ret_i[k] = r * (c2 * c2 - s2 * s2);
        ret_q[k] = r * (2.0f * s2 * c2);
    }
}

double ls_random_normal(struct ls_random *random) {
    /* Polar method (Marsaglia 1964); the second deviate is not kept, so that the state is all. */
    double u;
    double v;
    double s;
    do {
        u = 2 * ls_random_uniform(random) - 1;
        v = 2 * ls_random_uniform(random) - 1;
        s = u * u + v * v;
    } while (s >= 1 || s == 0);
    return u * sqrt(-2 * log(s) / s);
}

void ls_random_add_noise(struct ls_random *random, float complex *samples, size_t n, double power) {
    float scale = (float)sqrt(power / 2);
    for (size_t done = 0; done < n;) {
        float in_phase[BLOCK];
        float quadrature[BLOCK];
        normal_block(random, in_phase, quadrature);
        size_t count = n - done < BLOCK ? n - done : BLOCK;
        for (size_t k = 0; k < count; k++) {
            samples[done + k] += CMPLXF(scale * in_phase[k], scale * quadrature[k]);
        }
        done += count;
    }
}
