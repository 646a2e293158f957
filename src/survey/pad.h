/* survey/pad.h: what stands in for the samples beyond an end of a stretch: the mean level beside
 * it. With silence there the receiver's DC offset would switch on and off, and its clicks look like
 * transmissions. */
#ifndef SURVEY_PAD_H
#define SURVEY_PAD_H

#include <stddef.h>

#include "base/iq.h"

/* beside: near samples next to the end, in the native format; ret: room for count samples. Integer
 * formats are dithered, so that the mean is kept to less than a step. The same input gives the same
 * bytes. */
void ls_pad_write(enum ls_format format, const void *beside, size_t near, void *ret, size_t count);

#endif
