/* cli/occupancy_rows.h: the occupancy of bands and channels from the rows of a database, sensor by
 * sensor. */
#ifndef CLI_OCCUPANCY_ROWS_H
#define CLI_OCCUPANCY_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/query.h"
#include "model/plan.h"
#include "report/occupancy.h"

struct ls_occupancy_ask {
    const struct ls_query *query; /* its since, until and sensor count; its range does not */
    const struct ls_band *bands;  /* borrowed */
    size_t band_count;
    bool never_observed;  /* bands that were never observed, too */
    bool channels;        /* after each band that was observed, its channels with transmissions */
    bool silent_channels; /* those without, too */
};

struct ls_occupancy_row {
    const char *sensor;
    const struct ls_band *band;
    bool is_channel;
    double low_hz; /* of the band or of the channel */
    double high_hz;
    struct ls_occupancy value;
};

/* Rows are borrowed. Return LS_OK to go on; anything else ends the walk and is returned. */
typedef int ls_occupancy_row_each(void *context, const struct ls_occupancy_row *row,
                                  struct ls_err *err);

/* By sensor in order of its name, then by band as asked. *ret_left_out: observations of recordings
 * without a start time that --since or --until left out. What reading the store can fail with;
 * LS_ERR_NOMEM. */
int ls_occupancy_rows(const struct ls_occupancy_ask *ask, ls_occupancy_row_each *each,
                      void *context, size_t *ret_left_out, struct ls_err *err);

#endif
