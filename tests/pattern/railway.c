#include "tests/pattern/railway.h"

#include <math.h>

static const double sight_s = 50.0; /* before and behind the closest moment */

double railway_normal(struct railway *railway) {
    double sum = 0.0;
    for (int i = 0; i < 12; i++) {
        sum += ls_chance_uniform(&railway->chance);
    }
    return sum - 6.0;
}

static double exponential(struct railway *railway, double mean) {
    return -mean * log(1.0 - ls_chance_uniform(&railway->chance));
}

double railway_time(const struct railway *railway, size_t day, size_t train) {
    return 86400.0 * (double)day + 5.0 * 3600.0 + 1800.0 * (double)train +
           railway->delay_s[day][train];
}

void railway_plant(struct railway *railway, size_t day, size_t train, double t_s, double duration_s,
                   double center_hz) {
    double closest_s = railway_time(railway, day, train);
    double start_s = fmax(t_s, closest_s - sight_s);
    double stop_s = fmin(t_s + duration_s, closest_s + sight_s);
    if (stop_s - start_s < 0.2) {
        return;
    }
    double away_s = (0.5 * (start_s + stop_s) - closest_s) / 3.0;
    double level = -10.0 - 15.0 * log10(1.0 + away_s * away_s) + 3.0 * railway_normal(railway);
    stand_plant(railway->stand, "km-1", start_s, stop_s - start_s,
                center_hz + 200.0 * railway_normal(railway), 200e3, level);
}

/* Holds and gaps of exponential length on one channel while the train is in sight. */
static void chatter(struct railway *railway, size_t day, size_t train, double hold_s, double gap_s,
                    double center_hz) {
    double closest_s = railway_time(railway, day, train);
    double t = closest_s - sight_s - exponential(railway, hold_s);
    while (t < closest_s + sight_s) {
        double hold = exponential(railway, hold_s);
        railway_plant(railway, day, train, t, hold, center_hz);
        t += hold + exponential(railway, gap_s);
    }
}

static void add_train(struct railway *railway, size_t day, size_t train) {
    static const double phones_hz[] = {880.8e6, 881.4e6, 882.4e6, 883.0e6};
    double border_s = railway_time(railway, day, train) - 20.0;
    chatter(railway, day, train, 25.0, 40.0, 876.4e6 + 0.4e6 * (double)(train % 3));
    for (size_t i = 0; i < 4; i++) {
        chatter(railway, day, train, 30.0, 60.0, phones_hz[i]);
        for (size_t k = 0; k < 5; k++) {
            railway_plant(railway, day, train, border_s + exponential(railway, 3.0), 0.8,
                          phones_hz[i]);
        }
    }
}

static void add_neighbours(struct railway *railway, size_t days) {
    for (size_t i = 0; i < 3; i++) {
        double t = 0.0;
        double level = -30.0 + 5.0 * railway_normal(railway);
        while ((t += exponential(railway, 1800.0)) < 86400.0 * (double)days) {
            stand_plant(railway->stand, "km-1", t, 5.0 + exponential(railway, 60.0),
                        884.0e6 + 0.6e6 * (double)i, 200e3, level + 6.0 * railway_normal(railway));
        }
    }
}

void railway_init(struct railway *railway, struct stand *stand, uint64_t seed, size_t days) {
    *railway = (struct railway){.stand = stand};
    ls_chance_init(&railway->chance, seed);
    for (size_t day = 0; day < days; day++) {
        for (size_t train = 0; train < RAILWAY_PER_DAY; train++) {
            railway->delay_s[day][train] = 50.0 * railway_normal(railway);
            add_train(railway, day, train);
        }
    }
    add_neighbours(railway, days);
}
