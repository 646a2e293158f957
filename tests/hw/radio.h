/* tests/hw/radio.h: recordings whose samples say where they are, and a radio that plays them. */
#ifndef TESTS_HW_RADIO_H
#define TESTS_HW_RADIO_H

#include <stdint.h>

#include "hw/receiver.h"
#include "tests/hw/scratch.h"

enum { RADIO_RATE = 250000, RADIO_CENTER = 876000000, RADIO_READ = 4096, RADIO_ARGS = 2048 };

struct radio {
    struct scratch scratch;
    char args[RADIO_ARGS];
    struct ls_receiver *receiver;
    int16_t samples[2 * RADIO_READ]; /* of the latest reading */
    struct ls_reading reading;
};

/* A ci16 recording of count samples in which sample i is (i mod 2^15, i div 2^15), played as fast
 * as it is read; more is put behind the arguments: ",faults=...". */
void radio_init(struct radio *radio, size_t count, const char *more);
void radio_finish(struct radio *radio);

/* A file of this text; its path. */
const char *radio_script(struct radio *radio, const char *text);

/* Opens it at the recording's rate and centre and starts it; fails the test when it cannot. */
void radio_open(struct radio *radio);

/* Opens anew what was closed; the code. */
int radio_try(struct radio *radio, struct ls_err *err);
void radio_close(struct radio *radio);

/* The next reading; a time-out is 10 ms. */
void radio_read(struct radio *radio);

/* The position that sample i of the reading says. */
uint64_t radio_position(const struct radio *radio, size_t i);

/* Reads on to what is no samples, checking that each sample follows the one before from position
 * first on, and each time stamp its position; positions end at the value returned. */
uint64_t radio_follow(struct radio *radio, uint64_t first);

#endif
