/* pattern/bulk_uplink.h: long transfers of one place, day and night: the backhaul of a post. */
#ifndef PATTERN_BULK_UPLINK_H
#define PATTERN_BULK_UPLINK_H

#include "pattern/kind.h"

extern const struct ls_kind ls_bulk_uplink_kind;

#endif
