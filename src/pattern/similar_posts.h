/* pattern/similar_posts.h: several units of one model around one sensor, or around several. */
#ifndef PATTERN_SIMILAR_POSTS_H
#define PATTERN_SIMILAR_POSTS_H

#include "pattern/kind.h"

extern const struct ls_kind ls_similar_posts_kind;

#endif
