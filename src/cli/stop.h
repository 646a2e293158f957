/* cli/stop.h: SIGINT and SIGTERM raise a flag that long work looks at; a second one ends the
 * program at once. SIGHUP raises another, for who reads a configuration again. */
#ifndef CLI_STOP_H
#define CLI_STOP_H

#include <stdatomic.h>

/* From now on the signals raise the flag. Call before threads start. */
void ls_stop_install(void);

/* Not 0 once the program has been asked to stop. */
const atomic_int *ls_stop_flag(void);

/* From now on SIGHUP raises the flag of ls_stop_reload_flag; whoever acts on it clears it. */
void ls_stop_install_reload(void);
atomic_int *ls_stop_reload_flag(void);

#endif
