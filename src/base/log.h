/* base/log.h: the one log of the process. Library layers may log at LS_LOG_DEBUG outside sample
 * loops; verbs and the service report. Goes to stderr, one line an entry, "lineside: " before it.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

enum ls_log_level { LS_LOG_ERROR, LS_LOG_WARNING, LS_LOG_INFO, LS_LOG_DEBUG };

/* Entries above level are dropped. The default is LS_LOG_WARNING. */
void ls_log_set_level(enum ls_log_level level);

/* stderr is read by systemd's journal: lines begin with their priority instead (sd-daemon(3)). */
void ls_log_to_journal(bool on);

void ls_log(enum ls_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
