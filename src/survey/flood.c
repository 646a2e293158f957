#include "survey/flood.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"

static const double AT_ONCE = 20.0;
static const double PER_S = 0.1;

/* NULL: there are too many subjects. */
static struct ls_flood_subject *find(struct ls_flood *flood, const char *subject) {
    for (size_t i = 0; i < flood->count; i++) {
        if (strcmp(flood->subjects[i].subject, subject) == 0) {
            return &flood->subjects[i];
        }
    }
    if (flood->count == LS_FLOOD_SUBJECTS) {
        return NULL;
    }
    struct ls_flood_subject *s = &flood->subjects[flood->count++];
    *s = (struct ls_flood_subject){.credit = AT_ONCE};
    ls_copy_text(s->subject, sizeof s->subject, subject);
    return s;
}

bool ls_flood_pass(struct ls_flood *flood, struct ls_health *row, int64_t steady_ns) {
    struct ls_flood_subject *s = find(flood, row->subject);
    if (s == NULL) {
        return true;
    }
    bool other_level = s->steady_ns != 0 && s->level != row->level;
    double passed_s = s->steady_ns == 0 ? 0.0 : (double)(steady_ns - s->steady_ns) / 1e9;
    s->credit = fmin(s->credit + passed_s * PER_S, AT_ONCE);
    s->steady_ns = steady_ns;
    s->level = row->level;
    if (s->credit < 1.0 && !other_level) {
        s->held++;
        return false;
    }
    s->credit = fmax(s->credit - 1.0, 0.0);
    if (s->held > 0) {
        size_t used = strlen(row->text);
        snprintf(row->text + used, sizeof row->text - used, " (%llu more before it)",
                 (unsigned long long)s->held);
        s->held = 0;
    }
    return true;
}
