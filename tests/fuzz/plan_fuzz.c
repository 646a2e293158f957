/* Band plans as files: what is refused carries a line of text, what is taken keeps the promises of
 * model/plan.h. */
#include <assert.h>
#include <string.h>

#include "model/plan.h"
#include "scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct ls_plan *plan) {
    for (size_t i = 0; i < plan->band_count; i++) {
        const struct ls_band *band = &plan->bands[i];
        assert(band->low_hz < band->high_hz && band->hang_s > 0.0);
        assert(i == 0 || band[-1].low_hz <= band->low_hz);
        assert(ls_plan_band(plan, band->name) != NULL);
        assert(ls_plan_hang_s(plan, band->low_hz) > 0.0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[SCRATCH_PATH_BYTES];
    struct ls_err err = {0};
    struct ls_plan *plan = NULL;
    int file = scratch_file(data, size, path);
    if (ls_plan_load(&plan, path, &err) == LS_OK) {
        check(plan);
    } else {
        assert(plan == NULL && err.text[0] != '\0' && strchr(err.text, '\n') == NULL);
    }
    ls_plan_destroy(plan);
    close(file);
    return 0;
}
