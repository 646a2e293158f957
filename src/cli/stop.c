#include "cli/stop.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>

static atomic_int stop_flag;
static atomic_int reload_flag;

static void raise_flag(int number) {
    (void)number;
    stop_flag = 1;
}

void ls_stop_install(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = raise_flag;
    action.sa_flags = SA_RESTART | (int)SA_RESETHAND;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

const atomic_int *ls_stop_flag(void) { return &stop_flag; }

static void raise_reload(int number) {
    (void)number;
    reload_flag = 1;
}

void ls_stop_install_reload(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = raise_reload;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(SIGHUP, &action, NULL);
}

atomic_int *ls_stop_reload_flag(void) { return &reload_flag; }
