/* gpsd_probe ADDRESS SECONDS: what survey/gpsd.h knows, once a second; for gpsd_test.py. Exit
 * status 0. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "survey/gpsd.h"

int main(int argc, char **argv) {
    struct ls_gpsd *gpsd = NULL;
    struct ls_err err = {0};
    if (argc != 3 || ls_gpsd_create(&gpsd, argv[1], &err) != LS_OK) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    for (long i = strtol(argv[2], NULL, 10); i > 0; i--) {
        struct ls_gpsd_state state;
        nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
        ls_gpsd_read(gpsd, &state);
        printf("%d %d %.5f %.5f %.1f %.0f\n", state.connected, state.mode, state.latitude_deg,
               state.longitude_deg, state.altitude_m, state.offset_s);
        fflush(stdout);
    }
    ls_gpsd_destroy(gpsd);
    return 0;
}
