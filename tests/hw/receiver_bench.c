/* What the receiver path costs: samples a second of CPU time through hw/receiver.h, SoapySDR and
 * the replay device into a ring that is reused, beside the bare pread of the same bytes into the
 * same ring, which is the one copy that is made. From a file in the page cache. */
#include <assert.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "hw/receiver.h"

enum { RATE = 20000000, FILE_SAMPLES = 16 << 20, SAMPLE_BYTES = 4, RING_SAMPLES = 4 << 20 };

static const uint64_t samples_wanted = 400000000; /* 20 s at 20 MS/s */

static double cpu_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void fill(int fd) {
    static uint32_t chunk[1 << 18];
    uint32_t state = 1;
    for (size_t done = 0; done < FILE_SAMPLES; done += sizeof chunk / SAMPLE_BYTES) {
        for (size_t i = 0; i < sizeof chunk / sizeof *chunk; i++) {
            state = state * 1664525u + 1013904223u; /* Numerical Recipes, ranqd1 */
            chunk[i] = state;
        }
        ssize_t written = write(fd, chunk, sizeof chunk);
        assert(written == (ssize_t)sizeof chunk);
    }
}

/* CPU seconds a sample. */
static double bare(int fd, unsigned char *ring, size_t chunk) {
    double start_s = cpu_s();
    size_t in_ring = 0;
    size_t in_file = 0;
    for (uint64_t done = 0; done < samples_wanted; done += chunk) {
        in_ring = in_ring + chunk > RING_SAMPLES ? 0 : in_ring;
        in_file = in_file + chunk > FILE_SAMPLES ? 0 : in_file;
        ssize_t got = pread(fd, ring + in_ring * SAMPLE_BYTES, chunk * SAMPLE_BYTES,
                            (off_t)(in_file * SAMPLE_BYTES));
        assert(got == (ssize_t)(chunk * SAMPLE_BYTES));
        in_ring += chunk;
        in_file += chunk;
    }
    return (cpu_s() - start_s) / (double)samples_wanted;
}

static double received(const char *path, unsigned char *ring, size_t *ret_mtu) {
    char args[512];
    snprintf(args, sizeof args,
             "driver=lineside-replay,file=%s,format=ci16,rate=%d,freq=900M,loop=true,speed=max",
             path, RATE);
    struct ls_receiver_opts opts = {
        .args = args, .center_hz = 900e6, .rate_sps = RATE, .bias_tee = -1};
    struct ls_receiver *receiver;
    struct ls_err err;
    int code = ls_receiver_open(&receiver, &opts, &err);
    assert(code == LS_OK);
    code = ls_receiver_start(receiver, &err);
    assert(code == LS_OK);
    *ret_mtu = ls_receiver_info(receiver)->mtu_samples;
    double start_s = cpu_s();
    size_t in_ring = 0;
    for (uint64_t done = 0; done < samples_wanted;) {
        struct ls_reading reading;
        in_ring = in_ring + *ret_mtu > RING_SAMPLES ? 0 : in_ring;
        ls_receiver_read(receiver, ring + in_ring * SAMPLE_BYTES, *ret_mtu, 100000, &reading);
        assert(reading.kind == LS_READING_SAMPLES);
        in_ring += reading.count;
        done += reading.count;
    }
    double each_s = (cpu_s() - start_s) / (double)samples_wanted;
    ls_receiver_destroy(receiver);
    return each_s;
}

int main(void) {
    char path[] = "/tmp/receiver-bench-XXXXXX";
    int fd = mkstemp(path);
    unsigned char *ring = calloc(RING_SAMPLES, SAMPLE_BYTES);
    assert(fd >= 0 && ring != NULL);
    fill(fd);
    size_t mtu;
    double through_s = received(path, ring, &mtu);
    double bare_s = bare(fd, ring, mtu);
    printf("receiver, ci16 in reads of %zu: %.0f MS a CPU second, %.2f times the CPU time of the "
           "bare preads, %.1f %% of a core at 20 MS/s\n",
           mtu, 1e-6 / through_s, through_s / bare_s, 100.0 * RATE * through_s);
    free(ring);
    close(fd);
    unlink(path);
    return 0;
}
