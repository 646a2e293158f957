#include "tests/hw/radio.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"

void radio_init(struct radio *radio, size_t count, const char *more) {
    scratch_init(&radio->scratch);
    radio->receiver = NULL;
    char path[512];
    snprintf(path, sizeof path, "%s", scratch_path(&radio->scratch, "counting.ci16"));
    FILE *file = fopen(path, "we");
    cr_assert_not_null(file);
    for (size_t i = 0; i < count; i++) {
        int16_t sample[2] = {(int16_t)(i & 0x7fff), (int16_t)(i >> 15)};
        cr_assert_eq(fwrite(sample, sizeof sample, 1, file), 1);
    }
    cr_assert_eq(fclose(file), 0);
    snprintf(radio->args, sizeof radio->args,
             "driver=lineside-replay,file=%s,format=ci16,rate=%d,freq=%d,speed=max%s", path,
             RADIO_RATE, RADIO_CENTER, more);
}

void radio_finish(struct radio *radio) {
    ls_receiver_destroy(radio->receiver);
    scratch_finish(&radio->scratch);
}

const char *radio_script(struct radio *radio, const char *text) {
    const char *path = scratch_path(&radio->scratch, "script");
    FILE *file = fopen(path, "we");
    cr_assert_not_null(file);
    cr_assert_geq(fputs(text, file), 0);
    cr_assert_eq(fclose(file), 0);
    size_t used = strlen(radio->args);
    snprintf(radio->args + used, sizeof radio->args - used, ",faults=%s", path);
    return path;
}

int radio_try(struct radio *radio, struct ls_err *err) {
    struct ls_receiver_opts opts = {
        .args = radio->args, .center_hz = RADIO_CENTER, .rate_sps = RADIO_RATE, .bias_tee = -1};
    return ls_receiver_open(&radio->receiver, &opts, err);
}

void radio_open(struct radio *radio) {
    struct ls_err err = {.text = ""};
    cr_assert_eq(radio_try(radio, &err), LS_OK, "%s", err.text);
    cr_assert_eq(ls_receiver_start(radio->receiver, &err), LS_OK, "%s", err.text);
}

void radio_close(struct radio *radio) {
    ls_receiver_destroy(radio->receiver);
    radio->receiver = NULL;
}

void radio_read(struct radio *radio) {
    ls_receiver_read(radio->receiver, radio->samples, RADIO_READ, 10000, &radio->reading);
}

uint64_t radio_position(const struct radio *radio, size_t i) {
    return (uint64_t)radio->samples[2 * i] + ((uint64_t)radio->samples[2 * i + 1] << 15);
}

uint64_t radio_follow(struct radio *radio, uint64_t first) {
    uint64_t pos = first;
    for (radio_read(radio); radio->reading.kind == LS_READING_SAMPLES; radio_read(radio)) {
        for (size_t i = 0; i < radio->reading.count; i++) {
            cr_assert_eq(radio_position(radio, i), pos + i);
        }
        if (radio->reading.timed) {
            cr_assert_eq(radio->reading.t_hw_ns, ls_time_of_samples(pos, RADIO_RATE));
        }
        pos += radio->reading.count;
    }
    return pos;
}
