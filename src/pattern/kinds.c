#include <string.h>

#include "base/util.h"
#include "pattern/access.h"
#include "pattern/band_sweep.h"
#include "pattern/bulk_uplink.h"
#include "pattern/corridor.h"
#include "pattern/kind.h"
#include "pattern/lockstep.h"
#include "pattern/new_emitter.h"
#include "pattern/pass_by.h"
#include "pattern/periodic.h"
#include "pattern/repeat_pass.h"
#include "pattern/scripted.h"
#include "pattern/similar_posts.h"
#include "pattern/steady_line.h"

/* In the order of DESIGN section 3; a kind that looks at the findings of another comes after it. */
/* clang-format off */
static const struct ls_kind *const kinds[] = {
    &ls_scripted_kind,
    &ls_periodic_kind,
    &ls_lockstep_kind,
    &ls_band_sweep_kind,
    &ls_pass_by_kind,
    &ls_repeat_pass_kind,
    &ls_bulk_uplink_kind,
    &ls_access_kind,
    &ls_new_emitter_kind,
    &ls_similar_posts_kind,
    &ls_corridor_kind,
    &ls_steady_line_kind,
};
/* clang-format on */

const struct ls_kind *const *ls_kinds(size_t *ret_count) {
    *ret_count = LS_COUNT(kinds);
    return kinds;
}

const struct ls_kind *ls_kind_find(const char *id) {
    for (size_t i = 0; i < LS_COUNT(kinds); i++) {
        if (strcmp(kinds[i]->id, id) == 0) {
            return kinds[i];
        }
    }
    return NULL;
}
