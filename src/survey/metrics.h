/* survey/metrics.h: what a running sensor shows on loopback: /metrics as Prometheus text
 * (exposition format 0.0.4) and /healthz, which answers 200 while nothing fails and 503 else, with
 * one line a subject. libmicrohttpd serves from a thread of its own. */
#ifndef SURVEY_METRICS_H
#define SURVEY_METRICS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct ls_metrics;

/* listen: "127.0.0.1:9477" or "[::1]:9477"; port 0 takes a free one. LS_ERR_ARG; LS_ERR_BUSY: the
 * port is in use; LS_ERR_IO. The caller destroys *ret. */
int ls_metrics_create(struct ls_metrics **ret, const char *listen, struct ls_err *err);
void ls_metrics_destroy(struct ls_metrics *metrics);

unsigned ls_metrics_port(const struct ls_metrics *metrics);

/* What is answered from now on; both are copied. Any one thread. LS_ERR_NOMEM: the old one stays.
 */
int ls_metrics_set(struct ls_metrics *metrics, const char *text, const char *health, bool healthy);

#endif
