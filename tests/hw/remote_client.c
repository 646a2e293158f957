/* Follow a counting stream (tests/hw/radio.h) through a receiver: remote_client ARGS CENTER RATE
 * SAMPLES LOST. Each sample says its position; positions must rise by one but where the stream
 * reports a loss, agree with the hardware time to the sample, and end having seen SAMPLES with LOST
 * of them lost, or less than a packet more: the server drops the packet that it is filling when the
 * device reports a loss, which the hardware time shows. Prints what it saw. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "hw/receiver.h"

enum { ROOM = 8192, TIMEOUTS_MAX = 100 };

struct seen {
    uint64_t samples;
    uint64_t lost;
    uint64_t next; /* position expected */
    size_t overflows;
    size_t timeouts;
    bool gap; /* a loss was reported */
};

static uint64_t position(const int16_t *samples, size_t i) {
    return (uint64_t)samples[2 * i] + ((uint64_t)samples[2 * i + 1] << 15);
}

static int take(struct seen *seen, const int16_t *samples, const struct ls_reading *reading,
                double rate_sps) {
    uint64_t first = position(samples, 0);
    if (first != seen->next && (!seen->gap || first < seen->next)) {
        fprintf(stderr, "sample %llu follows %llu\n", (unsigned long long)first,
                (unsigned long long)seen->next);
        return 1;
    }
    seen->lost += first - seen->next;
    seen->gap = false;
    for (size_t i = 0; i < reading->count; i++) {
        if (position(samples, i) != first + i) {
            fprintf(stderr, "a reading jumps at sample %llu\n", (unsigned long long)(first + i));
            return 1;
        }
    }
    if (!reading->timed || reading->t_hw_ns != ls_time_of_samples(first, rate_sps)) {
        fprintf(stderr, "sample %llu has time %lld\n", (unsigned long long)first,
                (long long)reading->t_hw_ns);
        return 1;
    }
    seen->next = first + reading->count;
    seen->samples += reading->count;
    return 0;
}

static int follow(struct ls_receiver *receiver, uint64_t samples, struct seen *seen) {
    static int16_t buffer[2 * ROOM];
    double rate_sps = ls_receiver_info(receiver)->tuning.rate_sps;
    while (seen->samples + seen->lost < samples && seen->timeouts < TIMEOUTS_MAX) {
        struct ls_reading reading;
        ls_receiver_read(receiver, buffer, ROOM, 100000, &reading);
        if (reading.kind == LS_READING_LOST) {
            fprintf(stderr, "the stream broke: %s\n", reading.text);
            return 1;
        }
        seen->timeouts += reading.kind == LS_READING_TIMEOUT;
        seen->overflows += reading.kind == LS_READING_OVERFLOW;
        seen->gap = seen->gap || reading.kind == LS_READING_OVERFLOW;
        if (reading.kind == LS_READING_SAMPLES && take(seen, buffer, &reading, rate_sps) != 0) {
            return 1;
        }
    }
    return 0;
}

int main(int argc, char **argv) {
    if (argc != 6) {
        fprintf(stderr, "usage: remote_client ARGS CENTER RATE SAMPLES LOST\n");
        return 2;
    }
    struct ls_receiver_opts opts = {.args = argv[1],
                                    .center_hz = strtod(argv[2], NULL),
                                    .rate_sps = strtod(argv[3], NULL),
                                    .bias_tee = -1};
    uint64_t samples = strtoull(argv[4], NULL, 10);
    uint64_t lost = strtoull(argv[5], NULL, 10);
    struct ls_receiver *receiver;
    struct ls_err err;
    if (ls_receiver_open(&receiver, &opts, &err) != LS_OK ||
        ls_receiver_start(receiver, &err) != LS_OK) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    struct seen seen = {0};
    int failed = follow(receiver, samples, &seen);
    printf("%s %s: %llu samples, %llu lost in %zu overflows, %zu time-outs\n",
           ls_receiver_info(receiver)->driver, ls_receiver_info(receiver)->hardware,
           (unsigned long long)seen.samples, (unsigned long long)seen.lost, seen.overflows,
           seen.timeouts);
    uint64_t packet = ls_receiver_info(receiver)->mtu_samples;
    ls_receiver_destroy(receiver);
    bool right = seen.samples + seen.lost >= samples && seen.lost >= lost &&
                 seen.lost < lost + packet && seen.overflows == 1;
    return failed != 0 || !right;
}
