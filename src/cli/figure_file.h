/* cli/figure_file.h: a figure as a file; its ending says whether it is SVG or PNG. */
#ifndef CLI_FIGURE_FILE_H
#define CLI_FIGURE_FILE_H

#include "cli/verb.h"
#include "report/canvas.h"

/* Is path, as given with --option, FILE.svg or FILE.png, and not the database? LS_ERR_ARG. */
int ls_figure_file_check(const struct ls_call *call, const char *option, const char *path,
                         struct ls_err *err);

/* path as checked. The file appears when it is whole. LS_ERR_NOMEM, LS_ERR_IO, LS_ERR_FULL. */
int ls_figure_file_write(const struct ls_canvas *canvas, const char *path, struct ls_err *err);

#endif
