/* pattern/company.h: who comes and goes together with several others. A train brings its cab radio,
 * its gateways and the phones of its passengers, on many channels at once, and takes them along
 * again. What is heard only in such company is on board; what stands beside the line is heard at
 * other times too. Nothing is asked of who or what it is.
 *
 * Three channels of one hopper keep each other company until it has been there for a quarter of an
 * hour and is no visitor any more: before that nothing tells it from a train. */
#ifndef PATTERN_COMPANY_H
#define PATTERN_COMPANY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "model/transmission.h"
#include "pattern/blob.h"

struct ls_company;

int ls_company_create(struct ls_company **ret, struct ls_err *err);
void ls_company_destroy(struct ls_company *company);

/* Rows in order of time; sensor: as in pattern/exposure.h. Whether two other channels or more have
 * a visit while this row comes. */
bool ls_company_push(struct ls_company *company, const struct ls_transmission *row,
                     uint32_t sensor);

/* Several channels are in company for much of the time: company says nothing there. */
bool ls_company_busy(const struct ls_company *company, uint32_t sensor);

int ls_company_save(const struct ls_company *company, struct ls_blob *blob, struct ls_err *err);
int ls_company_load(struct ls_company *company, struct ls_blob_reader *in, struct ls_err *err);

#endif
