#include <math.h>
#include <stdint.h>

#include "classify/classify.h"
#include "dsp/sort.h"

enum { TRAIN_MAX = 256, TRAIN_MIN = 8 };

static const double SIMILAR = 0.12;     /* of a length */
static const double ALIKE_SHARE = 0.15; /* of all that must be similar for a length to be usual */

double ls_train_fit(const int64_t *starts_ns, const float *lengths_s, size_t count,
                    double resolution_s) {
    float lengths[2 * TRAIN_MAX];
    size_t n = 0;
    if (count < TRAIN_MIN) {
        return NAN;
    }
    for (size_t i = 0; i < count && i < TRAIN_MAX; i++) {
        lengths[n++] = lengths_s[i];
        double gap_s = i + 1 < count
                           ? (double)(starts_ns[i + 1] - starts_ns[i]) / 1e9 - (double)lengths_s[i]
                           : -1.0;
        if (gap_s > 0.0) {
            lengths[n++] = (float)gap_s;
        }
    }
    ls_sort_powers(lengths, n);
    double wanted = fmax(3.0, ALIKE_SHARE * (double)n);
    size_t usual = 0;
    for (size_t i = 0; i < n; i++) {
        double reach = fmax(resolution_s, SIMILAR * (double)lengths[i]);
        double alike = 0.0;
        for (size_t k = 0; k < n; k++) {
            alike += fabs((double)lengths[k] - (double)lengths[i]) <= reach ? 1.0 : 0.0;
        }
        usual += alike >= wanted;
    }
    return (double)usual / (double)n;
}
