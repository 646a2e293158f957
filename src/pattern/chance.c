#include "pattern/chance.h"

#include <string.h>

static uint64_t splitmix(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void ls_chance_init(struct ls_chance *chance, uint64_t seed) {
    for (size_t i = 0; i < 4; i++) {
        chance->state[i] = splitmix(&seed);
    }
}

uint64_t ls_chance_seed(const double *t_s, size_t count) {
    uint64_t seed = count;
    for (size_t i = 0; i < count; i++) {
        uint64_t bits = 0;
        memcpy(&bits, &t_s[i], sizeof bits);
        seed ^= bits;
        seed = splitmix(&seed);
    }
    return seed;
}

static uint64_t rotate(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

double ls_chance_uniform(struct ls_chance *chance) {
    uint64_t *s = chance->state;
    uint64_t bits = rotate(s[0] + s[3], 23) + s[0];
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return (double)(bits >> 11) * 0x1p-53;
}
