#include "dsp/panels.h"

#include <stdlib.h>
#include <string.h>

enum { WIDTH = LS_PANELS_CHANNELS };

struct ls_panels {
    float *blocks;   /* [blocks_max][WIDTH] */
    float *averages; /* [blocks_max][WIDTH] of several blocks each */
    double *sums;    /* [blocks_max + 1][WIDTH] */
};

int ls_panels_create(struct ls_panels **ret, size_t blocks_max) {
    struct ls_panels *panels = calloc(1, sizeof *panels);
    if (panels == NULL) {
        return LS_ERR_NOMEM;
    }
    panels->blocks = calloc(blocks_max * WIDTH, sizeof *panels->blocks);
    panels->averages = calloc(blocks_max * WIDTH, sizeof *panels->averages);
    panels->sums = calloc((blocks_max + 1) * WIDTH, sizeof *panels->sums);
    if (panels->blocks == NULL || panels->averages == NULL || panels->sums == NULL) {
        ls_panels_destroy(panels);
        return LS_ERR_NOMEM;
    }
    *ret = panels;
    return LS_OK;
}

void ls_panels_destroy(struct ls_panels *panels) {
    if (panels != NULL) {
        free(panels->blocks);
        free(panels->averages);
        free(panels->sums);
        free(panels);
    }
}

/* What is not taken is 0, a power like others. Every block begins a page of memory, so they are
 * gone down once for all lengths. */
void ls_panels_take(struct ls_panels *panels, const float *blocks, size_t block_count,
                    size_t stride, size_t count) {
    for (size_t b = 0; b < block_count; b++) {
        float *row = panels->blocks + b * WIDTH;
        memset(row, 0, WIDTH * sizeof *row);
        memcpy(row, blocks + b * stride, count * sizeof *row);
    }
}

static void average(struct ls_panels *panels, size_t count, size_t blocks) {
    for (size_t i = 0; i < count; i++) {
        const float *at = panels->blocks + i * blocks * WIDTH;
        float sums[WIDTH] = {0};
        for (size_t b = 0; b < blocks; b++) {
            for (size_t k = 0; k < WIDTH; k++) {
                sums[k] += at[b * WIDTH + k];
            }
        }
        for (size_t k = 0; k < WIDTH; k++) {
            panels->averages[i * WIDTH + k] = sums[k] / (float)blocks;
        }
    }
}

void ls_panels_excise(struct ls_panels *panels, const struct ls_excise *plan, size_t count,
                      size_t blocks, double *ret_means, double *ret_clean) {
    average(panels, count, blocks);
    ls_excise_columns(plan, panels->averages, count, panels->sums, ret_means, ret_clean);
}
