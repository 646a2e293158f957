/* survey/painter.h: gathers the waterfall of a recording (model/waterfall.h) while it is searched,
 * from the rows that the bank makes anyway, in memory that does not depend on how long it is: when
 * it outgrows its rows, every two of them become one. Pieces come in order, so that the picture
 * does not depend on threads or blocks. */
#ifndef SURVEY_PAINTER_H
#define SURVEY_PAINTER_H

#include "detect/stretch.h"
#include "hw/source.h"
#include "model/waterfall.h"
#include "survey/searcher.h"

enum { LS_PAINTER_ROWS = 512, LS_PAINTER_COLUMNS = 640 }; /* at most */

struct ls_painter;

/* The picture spans all captures of the recording. channel_hz: as wanted of the bank, 0: its
 * default. The caller destroys *ret. LS_ERR_NOMEM. */
int ls_painter_create(struct ls_painter **ret, const struct ls_source_info *info, double channel_hz,
                      struct ls_err *err);
void ls_painter_destroy(struct ls_painter *painter);

/* A piece that has been searched, with what the job held of its rows. painter NULL: nothing. */
void ls_painter_piece(struct ls_painter *painter, const struct ls_stretch *stretch,
                      const struct ls_cut *cut, const struct ls_job *job);

/* The picture as it is now, without its boxes, which stay as they are in *ret. LS_ERR_NOMEM;
 * LS_ERR_NOTFOUND: nothing was searched. */
int ls_painter_take(const struct ls_painter *painter, struct ls_waterfall *ret, struct ls_err *err);

#endif
