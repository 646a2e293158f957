#include "pattern/residues.h"

#include <assert.h>
#include <math.h>

/* A clock that is hardly ever heard says nothing of which cycles are empty. */
static const double cycles_per_event = 64.0;

struct residue {
    double members;
    double sum_s; /* of the distances of members from their cycles */
    double squares;
    double cycles; /* that the receiver listened to */
};

static size_t residue_of(double cycle, size_t units) {
    double n = (double)units;
    return (size_t)(cycle - n * floor(cycle / n)) % units;
}

static void add_members(const struct ls_arrivals *a, const struct ls_grid *grid, size_t units,
                        struct residue *each) {
    for (size_t i = 0; i < a->count; i++) {
        double cycle = rint((a->t_s[i] - grid->phase_s) / grid->period_s);
        double off = a->t_s[i] - grid->phase_s - cycle * grid->period_s;
        if (fabs(off) <= grid->limit_s) {
            struct residue *one = &each[residue_of(cycle, units)];
            one->members += 1.0;
            one->sum_s += off;
            one->squares += off * off;
        }
    }
}

static void add_cycles(const struct ls_arrivals *a, const struct ls_grid *grid, size_t units,
                       struct residue *each) {
    double first = ceil((a->t_s[0] - grid->phase_s) / grid->period_s);
    double last = floor((a->t_s[a->count - 1] - grid->phase_s) / grid->period_s);
    for (size_t i = 0; first + (double)i <= last; i++) {
        double cycle = first + (double)i;
        if (ls_good_time_holds(a->good, grid->phase_s + cycle * grid->period_s)) {
            each[residue_of(cycle, units)].cycles += 1.0;
        }
    }
}

/* False: it cannot be told which cycles are empty. */
static bool count_residues(const struct ls_arrivals *a, const struct ls_grid *grid, size_t units,
                           struct residue *each) {
    double span = a->count == 0 ? 0.0 : a->t_s[a->count - 1];
    if (span > cycles_per_event * (double)a->count * grid->period_s) {
        return false;
    }
    add_members(a, grid, units, each);
    add_cycles(a, grid, units, each);
    return true;
}

/* Log-likelihood of so many of the cycles being filled, at the rate that fits best. */
static double filled(double members, double cycles) {
    double rate = cycles > 0.0 ? fmin(members / cycles, 1.0) : 0.0;
    double empty = fmax(cycles - members, 0.0);
    return (members > 0.0 ? members * log(rate) : 0.0) + (empty > 0.0 ? empty * log1p(-rate) : 0.0);
}

double ls_residues_lone_gain(const struct ls_arrivals *arrivals, const struct ls_grid *grid,
                             size_t units) {
    assert(units > 1 && units <= LS_RESIDUES_LONE_MAX);
    struct residue each[LS_RESIDUES_LONE_MAX] = {{.members = 0.0}};
    double members = 0.0;
    double cycles = 0.0;
    if (!count_residues(arrivals, grid, units, each)) {
        return 0.0;
    }
    for (size_t i = 0; i < units; i++) {
        members += each[i].members;
        cycles += each[i].cycles;
    }
    double best = 0.0;
    for (size_t i = 0; i < units; i++) {
        double gain = filled(each[i].members, each[i].cycles) +
                      filled(members - each[i].members, cycles - each[i].cycles) -
                      filled(members, cycles);
        bool fuller = each[i].members * cycles > members * each[i].cycles;
        best = fuller ? fmax(best, gain) : best;
    }
    return best;
}

double ls_residues_gain(const struct ls_arrivals *arrivals, const struct ls_grid *grid,
                        size_t units) {
    assert(units > 1 && units <= LS_RESIDUES_MAX);
    struct residue each[LS_RESIDUES_MAX] = {{.members = 0.0}};
    struct residue all = {.members = 0.0};
    if (!count_residues(arrivals, grid, units, each)) {
        return 0.0;
    }
    double within = 0.0; /* squares about the mean of each residue */
    for (size_t i = 0; i < units; i++) {
        all.members += each[i].members;
        all.sum_s += each[i].sum_s;
        all.squares += each[i].squares;
        all.cycles += each[i].cycles;
        within += each[i].squares - each[i].sum_s * each[i].sum_s / fmax(each[i].members, 1.0);
    }
    if (all.members < 4.0) {
        return 0.0;
    }
    double least = all.members * grid->finest_s * grid->finest_s;
    double about_one = all.squares - all.sum_s * all.sum_s / all.members;
    double gain = 0.5 * all.members * log(fmax(about_one, least) / fmax(within, least));
    for (size_t i = 0; i < units; i++) {
        /* One more than were listened to: a member may lie just outside of good time. */
        double expected = all.members * (each[i].cycles + 1.0) / (all.cycles + (double)units);
        gain += each[i].members > 0.0 ? each[i].members * log(each[i].members / expected) : 0.0;
    }
    return gain;
}
