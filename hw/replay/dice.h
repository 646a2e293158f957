/* hw/replay/dice.h: numbers drawn from a seed.
 * Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014
 * (SplitMix64). */
#ifndef HW_REPLAY_DICE_H
#define HW_REPLAY_DICE_H

#include <stdint.h>

/* The state is the seed at first; any value is one. */
uint64_t ls_dice_next(uint64_t *state);

/* In (0, 1]: its logarithm is finite. */
double ls_dice_uniform(uint64_t *state);

#endif
