#include "service/notify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

void ls_notify_ready(const char *status) { sd_notifyf(0, "READY=1\nSTATUS=%s", status); }

void ls_notify_status(const char *status) { sd_notifyf(0, "STATUS=%s", status); }

/* The time is what Type=notify-reload (systemd 253 on) goes by; older ones pass it over. */
void ls_notify_reloading(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
               (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

void ls_notify_stopping(const char *status) { sd_notifyf(0, "STOPPING=1\nSTATUS=%s", status); }

void ls_notify_alive(void) { sd_notify(0, "WATCHDOG=1"); }

/* JOURNAL_STREAM names the device and inode of the journal's end of the stream (systemd.exec(5));
 * it may be inherited by a program whose stderr goes elsewhere. */
bool ls_notify_to_journal(void) {
    unsigned long long device;
    unsigned long long inode;
    struct stat s;
    const char *stream = getenv("JOURNAL_STREAM");
    return stream != NULL && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
           fstat(STDERR_FILENO, &s) == 0 && s.st_dev == device && s.st_ino == inode;
}
