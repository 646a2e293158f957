/* stepped_clock: a system clock that can be set, to be loaded before the C library (LD_PRELOAD):
 * the file that STEPPED_CLOCK names holds the seconds that are added to it. */
#include <dlfcn.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static double ahead_s(void) {
    const char *path = getenv("STEPPED_CLOCK");
    int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    char text[32] = {0};
    if (file < 0) {
        return 0.0;
    }
    ssize_t got = read(file, text, sizeof text - 1);
    close(file);
    return got > 0 ? strtod(text, NULL) : 0.0;
}

int clock_gettime(clockid_t clock, struct timespec *ret) {
    int (*real)(clockid_t, struct timespec *);
    *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
    int code = real(clock, ret);
    if (code == 0 && clock == CLOCK_REALTIME) {
        double ahead = ahead_s();
        double whole = floor(ahead);
        ret->tv_sec += (time_t)whole;
        ret->tv_nsec += lround((ahead - whole) * 1e9);
        if (ret->tv_nsec >= 1000000000) {
            ret->tv_nsec -= 1000000000;
            ret->tv_sec++;
        }
    }
    return code;
}
