#include "hw/replay/dice.h"

uint64_t ls_dice_next(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

double ls_dice_uniform(uint64_t *state) {
    return ((double)(ls_dice_next(state) >> 11) + 1.0) * 0x1p-53;
}
