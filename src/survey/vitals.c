#include "survey/vitals.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "base/util.h"

static double disk_free(const char *path) {
    struct statvfs fs;
    LS_AUTO(char) folder = strdup(path);
    if (folder == NULL) {
        return (double)NAN;
    }
    if (statvfs(folder, &fs) != 0) {
        char *slash = strrchr(folder, '/');
        if (slash != NULL) {
            slash[slash == folder] = '\0';
        }
        if (statvfs(slash == NULL ? "." : folder, &fs) != 0) {
            return (double)NAN;
        }
    }
    return (double)fs.f_bavail * (double)fs.f_frsize;
}

/* Second number of statm: resident pages. */
static double memory(void) {
    double pages = (double)NAN;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f != NULL) {
        if (fscanf(f, "%*s %lf", &pages) != 1) {
            pages = (double)NAN;
        }
        fclose(f);
    }
    return pages * (double)sysconf(_SC_PAGESIZE);
}

static double descriptors(void) {
    DIR *folder = opendir("/proc/self/fd");
    double count = -1.0; /* the folder itself is one */
    if (folder == NULL) {
        return (double)NAN;
    }
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        count += entry->d_name[0] != '.';
    }
    closedir(folder);
    return count;
}

static double temperature(void) {
    double hottest = (double)NAN;
    for (int zone = 0; zone < 32; zone++) {
        char path[64];
        double millis;
        snprintf(path, sizeof path, "/sys/class/thermal/thermal_zone%d/temp", zone);
        FILE *f = fopen(path, "re");
        if (f == NULL) {
            break;
        }
        if (fscanf(f, "%lf", &millis) == 1) {
            hottest = fmax(hottest, millis / 1e3);
        }
        fclose(f);
    }
    return hottest;
}

/* Once synchronised, maxerror is the worst case of a free-running oscillator since the last poll, a
 * second after half an hour; what the NTP program left in esterror and offset says more. */
static void read_clock(struct ls_vitals *ret) {
    struct timex clock = {.modes = 0};
    int state = ntp_adjtime(&clock);
    double offset_s = (double)clock.offset * ((clock.status & STA_NANO) != 0 ? 1e-9 : 1e-6);
    ret->clock_synchronised = state >= 0 && state != TIME_ERROR;
    ret->clock_error_s = (double)clock.maxerror * 1e-6;
    if (ret->clock_synchronised) {
        ret->clock_error_s = fmax((double)clock.esterror * 1e-6, fabs(offset_s));
    } else if (state < 0) {
        ret->clock_error_s = (double)NAN;
    }
}

void ls_vitals_read(struct ls_vitals *ret, const char *path) {
    *ret = (struct ls_vitals){
        .disk_free_bytes = disk_free(path),
        .memory_bytes = memory(),
        .descriptors = descriptors(),
        .temperature = temperature(),
    };
    read_clock(ret);
}
