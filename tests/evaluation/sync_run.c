/* Cells in a file of cf32 samples: sync_run FILE RATE gsm|lte [REACH_HZ]. Prints offset, error,
 * timing and what follows of each stretch of 160 ms. */
#include <complex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/sync.h"

int main(int argc, char **argv) {
    if (argc < 4) {
        fprintf(stderr, "usage: sync_run FILE RATE gsm|lte [REACH_HZ]\n");
        return 2;
    }
    struct ls_sync_opts opts = {.rate_sps = strtod(argv[2], NULL),
                                .lte = strcmp(argv[3], "lte") == 0,
                                .reach_hz = argc > 4 ? strtod(argv[4], NULL) : 0.0};
    struct ls_sync *sync;
    struct ls_err err;
    FILE *in = fopen(argv[1], "rb");
    size_t room = (size_t)(0.16 * opts.rate_sps);
    float complex *iq = calloc(room, sizeof *iq);
    if (in == NULL || iq == NULL || ls_sync_create(&sync, &opts, &err) != LS_OK) {
        fprintf(stderr, "cannot read '%s'\n", argv[1]);
        return 1;
    }
    size_t n;
    while ((n = fread(iq, sizeof *iq, room, in)) > room / 3) {
        struct ls_sync_value value;
        if (ls_sync_find(sync, iq, n, &value)) {
            printf("%12.1f Hz +-%6.1f at %9.1f seen %zu root %d group %d followed %zu\n", value.hz,
                   value.error_hz, value.at, value.seen, value.root, value.group, value.followed);
        } else {
            printf("none\n");
        }
    }
    ls_sync_destroy(sync);
    free(iq);
    fclose(in);
    return 0;
}
