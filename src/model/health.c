#include "model/health.h"

static const char *const names[] = {
    [LS_HEALTH_OK] = "ok", [LS_HEALTH_WARN] = "warn", [LS_HEALTH_FAIL] = "fail"};

const char *ls_health_level_name(enum ls_health_level level) { return names[level]; }
