#include "pattern/incidents.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "pattern/band_sweep.h"

static const double note_log10 = -3.0;
static const double watch_log10 = -5.0;
static const double alert_log10 = -7.0;
/* The same parameters again, by chance, in another interval: a hundredth is enough beside the
 * finding itself. */
static const double confirm_log10 = -2.0;
static const int64_t apart_ns = 7 * LS_NS_PER_DAY; /* further apart is another incident */
static const double ppm = 3e-6; /* a free-running crystal over days, DESIGN section 1 */

/* Multiples of a period that may be the same device, and how exactly, as a share of the longer one
 * and of the shorter: one period in seventeen at most is a multiple by chance. */
static const double alias_most = 32.0;
static const double alias_share = 0.002;
static const double alias_part = 0.03;

/* Beyond this probabilities tell findings apart no more: it is their tails that differ. */
static const double sure_log10 = -100.0;

/* Of the evidence, in company of several others that pass: it rides on trains. */
static const double aboard_share = 0.75;

struct entry {
    struct ls_incident incident;
    enum ls_severity plain; /* before permits */
    bool found;             /* in this run */
    int64_t start_ns;       /* of the strongest finding of this run alone */
    int64_t stop_ns;
    double low_hz; /* the same: findings that widen an incident do not make it reach further */
    double high_hz;
    double rows; /* of evidence in this run, of which finding.company is the share */
    bool changed;
};

struct ls_incidents {
    struct ls_incidents_opts opts;
    struct entry **entries;
    size_t count;
    size_t capacity;
};

int ls_incidents_create(struct ls_incidents **ret, const struct ls_incidents_opts *opts,
                        struct ls_err *err) {
    struct ls_incidents *incidents = calloc(1, sizeof *incidents);
    if (incidents == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for incidents");
    }
    incidents->opts = *opts;
    *ret = incidents;
    return LS_OK;
}

void ls_incidents_destroy(struct ls_incidents *incidents) {
    for (size_t i = 0; incidents != NULL && i < incidents->count; i++) {
        free(incidents->entries[i]);
    }
    if (incidents != NULL) {
        free(incidents->entries);
    }
    free(incidents);
}

size_t ls_incidents_count(const struct ls_incidents *incidents) { return incidents->count; }

struct ls_incident *ls_incidents_at(struct ls_incidents *incidents, size_t index) {
    return &incidents->entries[index]->incident;
}

bool ls_incidents_changed(const struct ls_incidents *incidents, size_t index) {
    return incidents->entries[index]->changed;
}

static struct entry *append(struct ls_incidents *incidents, struct ls_err *err) {
    struct entry *entry = calloc(1, sizeof *entry);
    void *entries = incidents->entries;
    if (entry == NULL || ls_grow(&entries, &incidents->capacity, incidents->count,
                                 sizeof(struct entry *)) != LS_OK) {
        free(entry);
        ls_err_set(err, LS_ERR_NOMEM, "out of memory for incidents");
        return NULL;
    }
    incidents->entries = entries;
    incidents->entries[incidents->count++] = entry;
    return entry;
}

/* --- context --- */

/* The narrowest band of the plan that holds the middle. */
static const struct ls_band *band_of(const struct ls_incidents *incidents,
                                     const struct ls_finding *finding) {
    const struct ls_band *band = NULL;
    double center_hz = (finding->low_hz + finding->high_hz) / 2.0;
    if (incidents->opts.plan != NULL) {
        ls_plan_bands_at(incidents->opts.plan, center_hz, &band, 1);
    }
    return band;
}

/* The owner's own service: on a railway band, a class that belongs there. */
static bool expected(const struct ls_band *band, const struct ls_finding *finding) {
    const struct ls_parameter *class_name = ls_finding_parameter(finding, "class");
    if (class_name == NULL || strcmp(band->service, "railway") != 0) {
        return false;
    }
    for (size_t i = 0; i < band->class_count; i++) {
        if (strcmp(band->classes[i], class_name->text) == 0) {
            return true;
        }
    }
    return false;
}

/* What every train has keeps clocks of its own and is no rig for it; a rig on trains is found by
 * its passages. */
static bool aboard(const struct ls_finding *finding) {
    return isfinite(finding->company) && finding->company >= aboard_share;
}

/* DESIGN section 3: a line may be any local oscillator within metres. A pass without a speed is one
 * of a carrier that is locked to a cell: a phone, as every train and car brings; that it comes
 * again is another kind. */
static bool ordinary(const struct ls_finding *finding) {
    const struct ls_parameter *speed = ls_finding_parameter(finding, "speed_mps");
    bool phone = speed != NULL && !isfinite(speed->value);
    return strcmp(finding->kind, "steady-line") == 0 ||
           (strcmp(finding->kind, "pass-by") == 0 && phone);
}

static enum ls_severity plain_severity(const struct ls_incidents *incidents,
                                       const struct ls_incident *incident) {
    const struct ls_finding *finding = &incident->finding;
    double kinds = incidents->opts.kinds > 0 ? (double)incidents->opts.kinds : 1.0;
    const struct ls_band *band = band_of(incidents, finding);
    enum ls_severity severity = LS_NOTE;
    if (finding->log10_p <= watch_log10) {
        severity = LS_WATCH;
    }
    if (finding->log10_p + log10(kinds) <= alert_log10 && incident->confirmed) {
        severity = LS_ALERT;
    }
    bool less =
        band != NULL && (band->direction == LS_DIRECTION_DOWNLINK || expected(band, finding));
    if (less && severity > LS_NOTE) {
        severity--;
    }
    return ordinary(finding) || aboard(finding) ? LS_NOTE : severity;
}

/* A permit covers an incident that lies within it; one that began before it, or goes on after it,
 * is not explained. */
static const struct ls_permit *permit_of(const struct ls_incidents *incidents,
                                         const struct ls_finding *finding) {
    for (size_t i = 0; i < incidents->opts.permit_count; i++) {
        const struct ls_permit *permit = &incidents->opts.permits[i];
        bool here = permit->place[0] == '\0' || strcmp(permit->place, finding->sensor) == 0;
        if (here && finding->low_hz >= permit->low_hz && finding->high_hz <= permit->high_hz &&
            finding->start_ns >= permit->since_ns && finding->stop_ns <= permit->until_ns) {
            return permit;
        }
    }
    return NULL;
}

static void judge(const struct ls_incidents *incidents, struct entry *entry) {
    struct ls_incident *incident = &entry->incident;
    const struct ls_permit *permit = permit_of(incidents, &incident->finding);
    enum ls_severity severity = permit != NULL ? LS_PERMITTED : entry->plain;
    int64_t id = permit != NULL ? permit->id : 0;
    if (incident->severity != severity || incident->permit != id) {
        entry->changed = true;
    }
    incident->severity = severity;
    incident->permit = id;
}

/* --- words --- */

/* Adds a sentence when all of it fits: half a sentence may say the opposite. */
static void add_sentence(char ret[LS_WORDS_BYTES], const char *sentence) {
    size_t used = strlen(ret);
    const char *between = used == 0 ? "" : ret[used - 1] == '.' ? " " : ". ";
    if (used + strlen(between) + strlen(sentence) < LS_WORDS_BYTES) {
        snprintf(ret + used, LS_WORDS_BYTES - used, "%s%s", between, sentence);
    }
}

/* What a finding of each kind is consistent with; it names no intent. */
static const struct {
    const char *kind;
    const char *words;
} meanings[] = {
    {"scripted-cycle", "a call or data script that repeats"},
    {"periodic-telemetry", "a transmitter that reports on a clock"},
    {"lockstep", "several transmitters that are keyed together"},
    {"band-sweep", "a carrier that is stepped or swept over a band"},
    {"pass-by", "one transmitter that passes by"},
    {"repeat-pass", "a kit that passes again and again"},
    {"bulk-uplink", "a post that sends its data home"},
    {"access-storm", "a device that is made to attach again and again"},
    {"new-emitter", "a transmitter that was put up lately and stays"},
    {"similar-posts", "several units of one model"},
    {"corridor-track", "one transmitter that travels along the sensors"},
    {"steady-line", "an oscillator that leaks, or an unmodulated carrier"},
};

/* "Consistent with ...: " before what the detector says. */
static void begin_words(struct ls_finding *finding) {
    char rest[LS_WORDS_BYTES];
    ls_copy_text(rest, sizeof rest, finding->words);
    for (size_t i = 0; i < LS_COUNT(meanings); i++) {
        if (strcmp(meanings[i].kind, finding->kind) == 0) {
            snprintf(finding->words, sizeof finding->words, "Consistent with %s: %.300s.",
                     meanings[i].words, rest);
        }
    }
}

static void describe(const struct ls_incidents *incidents, struct ls_incident *incident,
                     double listened) {
    struct ls_finding *finding = &incident->finding;
    const struct ls_band *band = band_of(incidents, finding);
    char text[LS_WORDS_BYTES];
    incident->band[0] = '\0';
    begin_words(finding);
    if (band != NULL) {
        ls_copy_text(incident->band, sizeof incident->band, band->name);
        if (band->protected_band) {
            snprintf(text, sizeof text,
                     "In a protected band (%.80s), where only its own users "
                     "should be.",
                     band->title);
            add_sentence(finding->words, text);
        } else if (band->direction == LS_DIRECTION_DOWNLINK) {
            add_sentence(finding->words, "In a band where base stations send: of less interest.");
        }
    }
    if (isfinite(listened) && listened < 0.995) {
        snprintf(text, sizeof text, "Listened to for %.0f %% of that time; the rest is not known.",
                 100.0 * listened);
        add_sentence(finding->limits, text);
    }
    add_sentence(finding->limits,
                 "One antenna gives no bearing and no distance; receivers that only listen cannot "
                 "be seen.");
}

/* Once all that it is made of is known. */
static void describe_company(struct ls_finding *finding) {
    char text[LS_WORDS_BYTES];
    if (aboard(finding)) {
        snprintf(text, sizeof text,
                 "%.0f %% of it while several others passed, as what trains carry does: of less "
                 "interest.",
                 100.0 * finding->company);
        add_sentence(finding->words, text);
    }
}

/* --- matching --- */

static bool near_in_frequency(const struct entry *a, const struct ls_finding *b) {
    double room = ppm * fmax(fabs(a->high_hz), fabs(b->high_hz));
    return a->low_hz <= b->high_hz + room && b->low_hz <= a->high_hz + room;
}

/* What a permit explains and what it does not are never one incident: the permit would cover
 * neither. What an earlier run knew gives way to what this one finds, whatever explained it then.
 */
static bool same_permit(const struct ls_incidents *incidents, const struct entry *entry,
                        const struct ls_finding *finding) {
    return !entry->found ||
           permit_of(incidents, &entry->incident.finding) == permit_of(incidents, finding);
}

static bool near_in_time(const struct ls_finding *a, const struct ls_finding *b) {
    return a->start_ns - apart_ns <= b->stop_ns && b->start_ns - apart_ns <= a->stop_ns;
}

/* The intervals overlap, or the values are within 2 %: 90 % intervals of one value miss each other
 * now and then. */
static bool same_value(const struct ls_parameter *a, const struct ls_parameter *b) {
    if (!isfinite(a->value) || !isfinite(b->value)) {
        return true;
    }
    bool overlap = isfinite(a->low) && isfinite(b->low) && a->low <= b->high && b->low <= a->high;
    return overlap || fabs(a->value - b->value) <= 0.02 * fmax(fabs(a->value), fabs(b->value));
}

static bool same_parameters(const struct ls_finding *a, const struct ls_finding *b) {
    static const char *const telling[] = {"period_s", "on_s", "step_hz"};
    for (size_t i = 0; i < LS_COUNT(telling); i++) {
        const struct ls_parameter *x = ls_finding_parameter(a, telling[i]);
        const struct ls_parameter *y = ls_finding_parameter(b, telling[i]);
        if (x != NULL && y != NULL && !same_value(x, y)) {
            return false;
        }
    }
    return true;
}

static bool same_incident(const struct ls_incidents *incidents, const struct entry *entry,
                          const struct ls_finding *b) {
    const struct ls_finding *a = &entry->incident.finding;
    return strcmp(a->kind, b->kind) == 0 && a->version == b->version &&
           strcmp(a->sensor, b->sensor) == 0 && near_in_frequency(entry, b) && near_in_time(a, b) &&
           same_parameters(a, b) && same_permit(incidents, entry, b);
}

static struct entry *find(const struct ls_incidents *incidents, const struct ls_finding *finding,
                          size_t *ret_index) {
    for (size_t i = 0; i < incidents->count; i++) {
        if (same_incident(incidents, incidents->entries[i], finding)) {
            *ret_index = i;
            return incidents->entries[i];
        }
    }
    return NULL;
}

static struct entry *explained_by(const struct ls_incidents *incidents,
                                  const struct ls_finding *finding) {
    for (size_t i = 0; i < incidents->count; i++) {
        if (ls_band_sweep_explains(&incidents->entries[i]->incident.finding, finding)) {
            return incidents->entries[i];
        }
    }
    return NULL;
}

static bool whole_multiple(double times) {
    double whole = round(times);
    return whole >= 2.0 && whole <= alias_most &&
           fabs(times - whole) <= fmin(alias_share * whole, alias_part);
}

static bool clock_locked(const struct ls_finding *finding) {
    const struct ls_parameter *timing = ls_finding_parameter(finding, "timing");
    return timing != NULL && strcmp(timing->text, "clock-locked") == 0;
}

/* A device that is heard now and then, or on some of its channels, is regular at multiples of its
 * period as well, and what is rounded to seconds at fractions: a weaker regularity at a whole
 * multiple or fraction, at the same place and time, is the stronger one heard again. */
static bool alias(const struct entry *entry, const struct ls_finding *weak) {
    const struct ls_finding *strong = &entry->incident.finding;
    const struct ls_parameter *x = ls_finding_parameter(strong, "period_s");
    const struct ls_parameter *y = ls_finding_parameter(weak, "period_s");
    bool here = x != NULL && y != NULL && strcmp(strong->kind, weak->kind) == 0 &&
                strong->version == weak->version && strcmp(strong->sensor, weak->sensor) == 0 &&
                near_in_frequency(entry, weak) && near_in_time(strong, weak);
    if (!here || !(x->value > 0.0) || !(y->value > 0.0)) {
        return false;
    }
    double times = fmax(x->value, y->value) / fmin(x->value, y->value);
    if (whole_multiple(times)) {
        return true;
    }
    /* Clocks of one period side by side make a third that drifts: between the packet of one and
     * that of another, whole numbers of periods later. */
    bool third = clock_locked(strong) && !clock_locked(weak);
    return third && (whole_multiple(2.0 * times) || whole_multiple(3.0 * times));
}

static double strength(const struct ls_finding *finding) {
    return fmax(finding->log10_p, sure_log10);
}

static struct entry *find_alias(const struct ls_incidents *incidents,
                                const struct ls_finding *finding, size_t *ret_index) {
    for (size_t i = 0; i < incidents->count; i++) {
        const struct entry *entry = incidents->entries[i];
        if (entry->found && strength(&entry->incident.finding) <= strength(finding) &&
            alias(entry, finding) && same_permit(incidents, entry, finding)) {
            *ret_index = i;
            return incidents->entries[i];
        }
    }
    return NULL;
}

static int ascending(double a, double b) { return (a > b) - (a < b); }

/* Coarse, so that what is nearly the same stays in order of strength. */
static int octave_of_period(const struct ls_finding *finding) {
    const struct ls_parameter *period = ls_finding_parameter(finding, "period_s");
    return period != NULL && period->value > 0.0 ? ilogb(period->value) : 0;
}

int ls_incidents_order(const struct ls_finding *a, const struct ls_finding *b) {
    int sweeps = (strcmp(b->kind, "band-sweep") == 0) - (strcmp(a->kind, "band-sweep") == 0);
    int strong = ascending(strength(a), strength(b));
    int kinds = strcmp(a->kind, b->kind);
    if (sweeps != 0 || strong != 0 || kinds != 0) {
        return sweeps != 0 ? sweeps : strong != 0 ? strong : kinds;
    }
    int turns = octave_of_period(a) - octave_of_period(b);
    int stronger = ascending(a->log10_p, b->log10_p);
    int first = (a->start_ns > b->start_ns) - (a->start_ns < b->start_ns);
    if (turns != 0 || stronger != 0) {
        return turns != 0 ? turns : stronger;
    }
    return first != 0 ? first : ascending(a->low_hz, b->low_hz);
}

/* --- growth --- */

static bool confirmed_by(const struct entry *entry, const struct ls_finding *finding) {
    bool disjoint = finding->start_ns >= entry->stop_ns || finding->stop_ns <= entry->start_ns;
    return finding->confirm_log10_p <= confirm_log10 ||
           (disjoint && finding->log10_p <= note_log10);
}

/* The first finding of this run: what an earlier run knew gives way. */
static void begin(struct ls_incident *incident, const struct ls_finding *finding) {
    int64_t start_ns = incident->findings > 0 && incident->finding.start_ns < finding->start_ns
                           ? incident->finding.start_ns
                           : finding->start_ns;
    bool grew = incident->findings > 0 && finding->start_ns >= incident->finding.stop_ns;
    incident->confirmed = finding->confirm_log10_p <= confirm_log10 || grew;
    incident->finding = *finding;
    incident->finding.start_ns = start_ns;
    incident->findings = 1;
}

/* The share of all rows: the channels of a hopper are company to each other at first. */
static void add_company(struct entry *entry, const struct ls_finding *finding) {
    struct ls_finding *mine = &entry->incident.finding;
    double rows = (double)finding->evidence_count;
    if (isfinite(finding->company) && isfinite(mine->company) && rows > 0.0) {
        double sum = entry->rows * mine->company + rows * finding->company;
        mine->company = fmin(1.0, sum / (entry->rows + rows));
    }
    entry->rows += rows;
}

/* A further, weaker one: it widens. */
static void widen(struct entry *entry, const struct ls_finding *finding) {
    struct ls_incident *incident = &entry->incident;
    struct ls_finding *mine = &incident->finding;
    incident->confirmed = incident->confirmed || confirmed_by(entry, finding);
    mine->start_ns = finding->start_ns < mine->start_ns ? finding->start_ns : mine->start_ns;
    mine->stop_ns = finding->stop_ns > mine->stop_ns ? finding->stop_ns : mine->stop_ns;
    mine->low_hz = fmin(mine->low_hz, finding->low_hz);
    mine->high_hz = fmax(mine->high_hz, finding->high_hz);
    add_company(entry, finding);
    incident->findings++;
}

int ls_incidents_know(struct ls_incidents *incidents, const struct ls_incident *row,
                      struct ls_err *err) {
    struct entry *entry = append(incidents, err);
    if (entry == NULL) {
        return LS_ERR_NOMEM;
    }
    entry->incident = *row;
    entry->incident.finding.evidence = NULL;
    entry->incident.finding.evidence_count = 0;
    entry->low_hz = row->finding.low_hz;
    entry->high_hz = row->finding.high_hz;
    entry->plain = row->severity == LS_PERMITTED ? plain_severity(incidents, row) : row->severity;
    return LS_OK;
}

int ls_incidents_add(struct ls_incidents *incidents, const struct ls_finding *finding,
                     double listened, size_t *ret_index, struct ls_err *err) {
    if (!finding->reported || finding->log10_p > note_log10) {
        return LS_EOF;
    }
    struct entry *entry = find_alias(incidents, finding, ret_index);
    struct entry *sweep = entry == NULL ? explained_by(incidents, finding) : NULL;
    if (sweep != NULL && sweep->found) {
        sweep->incident.findings++;
        return LS_EOF;
    }
    entry = entry == NULL ? find(incidents, finding, ret_index) : entry;
    if (entry == NULL) {
        entry = append(incidents, err);
        *ret_index = incidents->count - 1;
    }
    if (entry == NULL) {
        return LS_ERR_NOMEM;
    }
    if (entry->found) {
        widen(entry, finding);
    } else {
        begin(&entry->incident, finding);
        entry->start_ns = finding->start_ns;
        entry->stop_ns = finding->stop_ns;
        entry->low_hz = finding->low_hz;
        entry->high_hz = finding->high_hz;
        entry->rows = (double)finding->evidence_count;
        describe(incidents, &entry->incident, listened);
    }
    entry->found = true;
    entry->changed = true;
    entry->plain = plain_severity(incidents, &entry->incident);
    return LS_OK;
}

void ls_incidents_conclude(struct ls_incidents *incidents) {
    for (size_t i = 0; i < incidents->count; i++) {
        if (incidents->entries[i]->found) {
            describe_company(&incidents->entries[i]->incident.finding);
        }
        judge(incidents, incidents->entries[i]);
    }
}
