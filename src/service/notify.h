/* service/notify.h: what the service manager is told: ready, alive, reloading, stopping
 * (sd_notify(3)). Without one (NOTIFY_SOCKET is not set) every call does nothing. When to say what
 * is for the caller: ready after the first good block, alive when samples have passed. */
#ifndef SERVICE_NOTIFY_H
#define SERVICE_NOTIFY_H

#include <stdbool.h>

/* status: one line for 'systemctl status'. */
void ls_notify_ready(const char *status);
void ls_notify_status(const char *status);
/* After it: ls_notify_ready again. */
void ls_notify_reloading(void);
void ls_notify_stopping(const char *status);

/* Feeds the watchdog. */
void ls_notify_alive(void);

/* stderr goes to the journal, which takes levels and cuts lines by itself. */
bool ls_notify_to_journal(void);

#endif
