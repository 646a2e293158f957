#include "model/transmission.h"

#include <stddef.h>
#include <string.h>

void ls_transmission_copy(struct ls_transmission *ret, const struct ls_transmission *row) {
    size_t head = offsetof(struct ls_transmission, trail) + offsetof(struct ls_trail, points);
    memcpy(ret, row, head + row->trail.count * sizeof row->trail.points[0]);
}
