/* dsp/wisdom.h: FFTW's measured plans, kept between runs; where, when and how is said in dsp/fft.h.
 * For dsp/fft.c alone, which holds the planner lock around both. */
#ifndef DSP_WISDOM_H
#define DSP_WISDOM_H

#include <stdbool.h>
#include <stddef.h>

/* Adds what the file of this machine knows. Never fails: no file is no wisdom. */
void ls_wisdom_load(void);

/* Writes all that is known now, atomically, after adding what another process wrote meanwhile. */
void ls_wisdom_save(void);

/* The file's path; false when there is none to use (switched off, no home). */
bool ls_wisdom_path(char *ret_path, size_t size);

#endif
