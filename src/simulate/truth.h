/* simulate/truth.h: the truth of a scene as JSON lines (schemas/json/truth.schema.json): the scene,
 * its emitters, every transmission as planned, and the patterns that were planted. */
#ifndef SIMULATE_TRUTH_H
#define SIMULATE_TRUTH_H

#include <stdio.h>

#include "base/err.h"
#include "simulate/scene.h"

struct ls_truth;

/* Writes the lines of the scene and its emitters. scene and out are borrowed. LS_ERR_IO,
 * LS_ERR_NOMEM. The caller destroys *ret. */
int ls_truth_create(struct ls_truth **ret, const struct ls_scene *scene, FILE *out,
                    struct ls_err *err);
void ls_truth_destroy(struct ls_truth *truth);

/* One transmission; emissions in the order of the scene. LS_ERR_IO. */
int ls_truth_add(struct ls_truth *truth, const struct ls_emission *emission, struct ls_err *err);

/* Writes the lines of the patterns and flushes. LS_ERR_IO. */
int ls_truth_finish(struct ls_truth *truth, struct ls_err *err);

/* Everything at once: uses up the scene. */
int ls_truth_write(struct ls_scene *scene, FILE *out, struct ls_err *err);

#endif
