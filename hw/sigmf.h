/* hw/sigmf.h: SigMF recordings as a source: NAME.sigmf-meta beside NAME.sigmf-data (or the file
 * that core:dataset names), and NAME.sigmf archives (plain tar). */
#ifndef HW_SIGMF_H
#define HW_SIGMF_H

#include <limits.h>
#include <stdbool.h>

/* The metadata file that belongs to what the user named: the metadata file itself, the data file,
 * or the name of both without suffix. False when there is none and path does not call for one. */
bool ls_sigmf_find_meta(const char *path, char ret_meta[PATH_MAX]);

#endif
