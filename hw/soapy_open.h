/* hw/soapy_open.h: why a device did not open, in one line that says what to do. Drivers have no
 * error codes for this: their texts are matched, and what is installed and plugged in is asked for.
 * Only hw includes this. */
#ifndef HW_SOAPY_OPEN_H
#define HW_SOAPY_OPEN_H

#include "base/err.h"

/* args: what was asked for; said: the driver's text. LS_ERR_NOTFOUND: no such driver or device;
 * LS_ERR_BUSY: held by another program; LS_ERR_DEVICE: the rest, such as no permission. */
int ls_soapy_open_explain(const char *args, const char *said, struct ls_err *err);

/* The same when nothing was found to open: args as given, "" for all. LS_ERR_NOTFOUND; LS_ERR_BUSY
 * and LS_ERR_DEVICE as above when the kernel knows. */
int ls_soapy_open_none(const char *args, struct ls_err *err);

#endif
