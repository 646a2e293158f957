/* base/log.h: the one log of the process. Library layers may log at LS_LOG_DEBUG outside sample
 * loops; verbs and the service report. Goes to stderr, one line an entry, "lineside: " before it.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum ls_log_level { LS_LOG_ERROR, LS_LOG_WARNING, LS_LOG_INFO, LS_LOG_DEBUG };

/* Entries above level are dropped. The default is LS_LOG_WARNING. Call before threads start. */
void ls_log_set_level(enum ls_log_level level);

void ls_log(enum ls_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
