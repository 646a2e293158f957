/* survey/annotations.h: the annotations of SigMF metadata as rows: what another program, or a
 * person, marked in a recording becomes transmissions; the captures become observations. The
 * samples are not needed. Source: SigMF specification 1.0 to 1.2. */
#ifndef SURVEY_ANNOTATIONS_H
#define SURVEY_ANNOTATIONS_H

#include <stddef.h>

#include "base/err.h"
#include "model/line.h"

/* line: one row; NULL for an annotation or a capture that cannot be used: why says what is wrong.
 * number: of the annotation or of the refused capture, from 1; else 0. Not LS_OK ends the walk. */
typedef int ls_annotation_each(void *context, const struct ls_line *line, size_t number,
                               const char *why, struct ls_err *err);

/* text: the metadata, n bytes. An annotation without frequency edges covers the whole band, as the
 * specification says; one without a known class as its label gets none, and labels are not kept. A
 * recording that names no time counts from 1970-01-01T00:00:00Z, and its rows say no_clock. A
 * capture was listened to from its start to the next one's; the last one to the end of the last
 * annotation in it. LS_ERR_FORMAT: not SigMF, no sample rate. */
int ls_annotations_each(const char *text, size_t n, ls_annotation_each *each, void *context,
                        struct ls_err *err);

#endif
