#include "pattern/parts.h"

#include <gsl/gsl_sort.h>
#include <math.h>

#include "base/time.h"
#include "pattern/trial.h"

/* Far beyond the two minutes within which surrogates move events: where a part begins and ends is
 * the same in all of them. */
static const double silence_min_s = 3600.0;
static const double silence_intervals = 30.0; /* of the mean one on both sides */
/* Two halves of levels with one middle are apart by 2.7 of their spreads when these are normal, and
 * by 3.5 when they are uniform. */
static const double levels_apart = 4.5;
static const double levels_apart_db = 3.0; /* less is the fading of one device */
static const double level_spread_db = 0.25;

/* One part: indices of its events, ascending. */
struct part {
    size_t index[LS_WINDOW_EVENTS];
    size_t count;
};

static void gather(struct part *part, const struct ls_parts *parts, size_t count, size_t label) {
    *part = (struct part){.count = 0};
    for (size_t i = 0; i < count; i++) {
        if (parts->of[i] == label) {
            part->index[part->count++] = i;
        }
    }
}

/* The first event after the longest silence that splits the part; 0: there is none. */
static size_t after_silence(const struct ls_heard *heard, const struct part *part) {
    double longest_s = 0.0;
    size_t at = 0;
    for (size_t i = LS_TRIAL_EVENTS_MIN; i + LS_TRIAL_EVENTS_MIN <= part->count; i++) {
        int64_t ns = heard[part->index[i]].t_ns - heard[part->index[i - 1]].t_ns;
        double s = (double)ns / (double)LS_NS_PER_S;
        if (s > longest_s) {
            longest_s = s;
            at = i;
        }
    }
    if (at == 0) {
        return 0;
    }
    int64_t span_ns = heard[part->index[part->count - 1]].t_ns - heard[part->index[0]].t_ns;
    double rest_s = (double)span_ns / (double)LS_NS_PER_S - longest_s;
    double mean_s = rest_s / (double)(part->count - 2);
    return longest_s > fmax(silence_min_s, silence_intervals * mean_s) ? at : 0;
}

/* The level that splits the part in two groups; NAN: there is none. */
static double between_levels(const struct ls_heard *heard, const struct part *part) {
    double level[LS_WINDOW_EVENTS];
    size_t n = part->count;
    double sum = 0.0;
    double squares = 0.0;
    for (size_t i = 0; i < n; i++) {
        level[i] = (double)heard[part->index[i]].level_dbfs;
        if (!isfinite(level[i])) {
            return (double)NAN;
        }
        sum += level[i];
        squares += level[i] * level[i];
    }
    gsl_sort(level, 1, n);
    double farthest = 0.0;
    double cut = (double)NAN;
    double below = 0.0;
    for (size_t i = 1; i < n; i++) {
        below += level[i - 1];
        double k = (double)i;
        double m = (double)(n - i);
        double apart = (sum - below) / m - below / k;
        double within = squares - below * below / k - (sum - below) * (sum - below) / m;
        double spread = fmax(sqrt(fmax(within, 0.0) / (double)n), level_spread_db);
        if (i >= LS_TRIAL_EVENTS_MIN && n - i >= LS_TRIAL_EVENTS_MIN && level[i] > level[i - 1] &&
            apart > levels_apart_db && apart / spread > fmax(levels_apart, farthest)) {
            farthest = apart / spread;
            cut = 0.5 * (level[i] + level[i - 1]);
        }
    }
    return cut;
}

/* One more part, of the events after a silence, or above a level. */
static void split(const struct ls_heard *heard, const struct part *part, size_t label, size_t at,
                  double cut_dbfs, struct ls_parts *parts) {
    for (size_t i = 0; i < part->count; i++) {
        bool other = at > 0 ? i >= at : (double)heard[part->index[i]].level_dbfs > cut_dbfs;
        if (other) {
            parts->of[part->index[i]] = (unsigned char)parts->count;
        }
    }
    parts->by_silence[label] = parts->by_silence[label] || at > 0;
    parts->by_level[label] = parts->by_level[label] || at == 0;
    parts->by_silence[parts->count] = parts->by_silence[label];
    parts->by_level[parts->count] = parts->by_level[label];
    parts->count++;
}

/* Strangers within the box of a part. */
static void fill(const struct ls_heard *heard, size_t count, const unsigned char *member,
                 size_t label, struct ls_parts *parts) {
    struct part part;
    gather(&part, parts, count, label);
    float low = heard[part.index[0]].level_dbfs;
    float high = low;
    for (size_t i = 1; i < part.count; i++) {
        low = fminf(low, heard[part.index[i]].level_dbfs);
        high = fmaxf(high, heard[part.index[i]].level_dbfs);
    }
    for (size_t i = part.index[0]; i < part.index[part.count - 1]; i++) {
        bool as_loud = heard[i].level_dbfs >= low && heard[i].level_dbfs <= high;
        if (member[i] == 0 && (as_loud || !parts->by_level[label])) {
            parts->of[i] = (unsigned char)label;
        }
    }
}

void ls_parts_split(const struct ls_heard *heard, size_t count, const unsigned char *member,
                    struct ls_parts *ret) {
    *ret = (struct ls_parts){.count = 1};
    for (size_t i = 0; i < count; i++) {
        ret->of[i] = member[i] != 0 ? 0 : LS_PARTS_NONE;
    }
    for (size_t label = 0; label < ret->count && ret->count < LS_PARTS_MAX;) {
        struct part part;
        gather(&part, ret, count, label);
        size_t at = after_silence(heard, &part);
        double cut_dbfs = at > 0 ? (double)NAN : between_levels(heard, &part);
        if (at > 0 || !isnan(cut_dbfs)) {
            split(heard, &part, label, at, cut_dbfs, ret);
        } else {
            label++;
        }
    }
    for (size_t label = 0; ret->count > 1 && label < ret->count; label++) {
        fill(heard, count, member, label, ret);
    }
}

double ls_parts_boxes_log10(const struct ls_parts *parts, size_t part, size_t count) {
    double pairs_log10 = log10(0.5 * (double)count * (double)(count - 1));
    return (parts->by_silence[part] ? pairs_log10 : 0.0) +
           (parts->by_level[part] ? pairs_log10 : 0.0);
}
