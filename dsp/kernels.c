#include "dsp/kernels.h"

#include <string.h>

#include "base/util.h"

extern const struct ls_kernels ls_kernels_generic;

static bool always(void) { return true; }

#if defined(__x86_64__)
extern const struct ls_kernels ls_kernels_v2;
extern const struct ls_kernels ls_kernels_v3;
extern const struct ls_kernels ls_kernels_v4;

/* System V psABI for AMD64, section 3.1.1: what each level adds, as far as compilers use it in
 * loops of floats. The operating system's support is part of the answer. */
static bool has_v2(void) { return __builtin_cpu_supports("sse4.2"); }

static bool has_v3(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
           __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
}

static bool has_v4(void) {
    return has_v3() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
}
#endif

/* Best first. */
static const struct {
    const struct ls_kernels *kernels;
    bool (*has)(void);
} levels[] = {
#if defined(__x86_64__)
    {&ls_kernels_v4, has_v4},
    {&ls_kernels_v3, has_v3},
    {&ls_kernels_v2, has_v2},
#endif
    {&ls_kernels_generic, always},
};

const struct ls_kernels *ls_kernels_best(void) {
    size_t i = 0;
    while (!levels[i].has()) {
        i++;
    }
    return levels[i].kernels;
}

const struct ls_kernels *ls_kernels_find(const char *name) {
    for (size_t i = 0; i < LS_COUNT(levels); i++) {
        if (strcmp(levels[i].kernels->name, name) == 0 && levels[i].has()) {
            return levels[i].kernels;
        }
    }
    return NULL;
}
