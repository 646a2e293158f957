/* fuzz/recording.h: opens what was made to look like a recording and reads it to its end. */
#ifndef FUZZ_RECORDING_H
#define FUZZ_RECORDING_H

#include <stddef.h>
#include <stdint.h>

/* Writes a file of n bytes in a folder of this process and returns its path, borrowed until the
 * next call. The folder goes when the process ends. */
const char *recording_file(const char *name, const uint8_t *data, size_t n);

/* Refused: one line of text. Taken: what hw/source.h promises of captures and blocks. */
void recording_read(const char *path);

#endif
