/* rtl_433 as a judge of the sensors that it should know: each is recorded with noise beside it, off
 * the centre, and read back by model and check. Exit 77 (skipped) without rtl_433. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "simulate/frontend.h"
#include "simulate/random.h"
#include "simulate/waveform.h"

static const struct {
    const char *id;
    const char *mode;
    double rate_sps;
    double center_hz;  /* rtl_433 picks its detector by band */
    const char *model; /* as rtl_433 names it */
} sensors[] = {
    {"nexus", NULL, 250e3, 433.92e6, "\"Nexus-TH\""},
    {"prologue", NULL, 250e3, 433.92e6, "\"Prologue-TH\""},
    {"wh2", NULL, 250e3, 433.92e6, "\"Fineoffset-WH2\""},
    {"acurite", NULL, 250e3, 433.92e6, "\"Acurite-Tower\""},
    {"lacrosse", NULL, 1e6, 868.95e6, "\"LaCrosse-TX29IT\""},
    {"bresser", NULL, 1e6, 868.95e6, "\"Bresser-5in1\""},
    {"wmbus", "t1", 1e6, 868.95e6, "\"Wireless-MBus\""},
};

enum { SEEDS = 5 };

/* Returns 0 when the file is there. */
static int record(size_t sensor, uint64_t seed, const char *path) {
    struct ls_waveform_opts opts = {.id = sensors[sensor].id,
                                    .rate_sps = sensors[sensor].rate_sps,
                                    .delay_s = 0.2,
                                    .seed = seed,
                                    .params = {.mode = sensors[sensor].mode}};
    struct ls_waveform_info info;
    struct ls_waveform *waveform;
    if (ls_waveform_describe(&opts, &info, NULL) != LS_OK ||
        ls_waveform_create(&waveform, &opts, NULL) != LS_OK) {
        return 1;
    }
    size_t count = (size_t)((info.duration_s + 0.5) * opts.rate_sps);
    LS_AUTO(float complex) x = calloc(count, sizeof *x);
    LS_AUTO(char) bytes = malloc(2 * count);
    if (!ls_waveform_render(waveform, x, count)) {
        return 1;
    }
    for (size_t i = 0; i < count; i++) {
        double turns = fmod(15e3 / opts.rate_sps * (double)i, 1);
        x[i] *= (float complex)(0.4 * cexp(CMPLX(0, 2 * M_PI * turns)));
    }
    struct ls_random random;
    ls_random_init(&random, seed, 99);
    ls_random_add_noise(&random, x, count, 2e-4); /* 29 dB below a mark */
    ls_frontend_quantise(LS_FORMAT_CU8, x, count, bytes);
    FILE *file = fopen(path, "wb");
    int code = file == NULL || fwrite(bytes, 2, count, file) != count;
    code |= file != NULL && fclose(file) != 0;
    ls_waveform_destroy(waveform);
    return code;
}

static bool is_read(size_t sensor, const char *path) {
    char command[256];
    snprintf(command, sizeof command, "rtl_433 -r '%s' -s %.0f -f %.0f -F json 2>/dev/null", path,
             sensors[sensor].rate_sps, sensors[sensor].center_hz);
    FILE *pipe = popen(command, "r");
    char line[2048];
    bool found = false;
    while (pipe != NULL && fgets(line, sizeof line, pipe) != NULL) {
        found = found || strstr(line, sensors[sensor].model) != NULL;
    }
    if (pipe != NULL) {
        pclose(pipe);
    }
    return found;
}

int main(void) {
    if (system("command -v rtl_433 >/dev/null 2>&1") != 0) {
        puts("rtl_433 is not installed: skipped");
        return 77;
    }
    char path[] = "/tmp/lineside-sensor-XXXXXX.cu8";
    int fd = mkstemps(path, 4);
    if (fd < 0) {
        perror(path);
        return 1;
    }
    close(fd);
    int failed = 0;
    for (size_t s = 0; s < LS_COUNT(sensors); s++) {
        size_t read = 0;
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            read += record(s, seed, path) == 0 && is_read(s, path);
        }
        printf("%-9s read %zu of %d as %s\n", sensors[s].id, read, SEEDS, sensors[s].model);
        failed += read < SEEDS;
    }
    unlink(path);
    return failed > 0;
}
