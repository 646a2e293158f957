/* survey/vitals.h: what the computer says about itself. Each reading is one quick look into the
 * kernel; NAN where there is none. */
#ifndef SURVEY_VITALS_H
#define SURVEY_VITALS_H

#include <stdbool.h>

struct ls_vitals {
    double disk_free_bytes; /* for ordinary users, where path lies */
    double memory_bytes;    /* resident */
    double descriptors;     /* open files */
    double temperature;     /* C: the hottest thermal zone */
    bool clock_synchronised;
    double clock_error_s; /* as the NTP program estimates it; the kernel's worst case when it does
                             not keep the clock */
};

/* path: the database; its folder may be all there is yet. */
void ls_vitals_read(struct ls_vitals *ret, const char *path);

#endif
