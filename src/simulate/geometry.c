#include "simulate/geometry.h"

#include <math.h>

#include "base/time.h"
#include "simulate/random.h"

enum { SHADOW_WAVES = 16, FADING_WAVES = 12 };

static const double ground_reflection = -0.9; /* of vertical polarisation near grazing */

void ls_geometry_at(const struct ls_scene_leg *legs, size_t count, int64_t t_ns,
                    struct ls_geometry_state *ret) {
    double travelled = 0.0;
    size_t i = 0;
    for (;; i++) {
        const struct ls_scene_leg *leg = &legs[i];
        bool last = i + 1 == count || t_ns < legs[i + 1].t_ns;
        double t = (double)((last ? t_ns : legs[i + 1].t_ns) - leg->t_ns) / (double)LS_NS_PER_S;
        const struct ls_place *v = &leg->speed;
        travelled += sqrt(v->x_m * v->x_m + v->y_m * v->y_m + v->z_m * v->z_m) * t;
        if (last) {
            ret->place = (struct ls_place){.x_m = leg->place.x_m + v->x_m * t,
                                           .y_m = leg->place.y_m + v->y_m * t,
                                           .z_m = leg->place.z_m + v->z_m * t};
            ret->speed = *v;
            ret->travelled_m = travelled;
            return;
        }
    }
}

double ls_geometry_distance(const struct ls_place *a, const struct ls_place *b) {
    double x = a->x_m - b->x_m;
    double y = a->y_m - b->y_m;
    double z = a->z_m - b->z_m;
    return fmax(1.0, sqrt(x * x + y * y + z * z));
}

double ls_geometry_closing_mps(const struct ls_geometry_state *body, const struct ls_place *place) {
    double along = (place->x_m - body->place.x_m) * body->speed.x_m +
                   (place->y_m - body->place.y_m) * body->speed.y_m +
                   (place->z_m - body->place.z_m) * body->speed.z_m;
    return along / ls_geometry_distance(&body->place, place);
}

static double free_space_db(double distance_m, double hz) {
    return 20.0 * log10(4.0 * M_PI * distance_m * hz / LS_SPEED_OF_LIGHT_MPS);
}

static double exponent_db(const struct ls_propagation *propagation, double distance_m, double hz) {
    double reference = propagation->reference_m;
    if (distance_m <= reference) {
        return free_space_db(distance_m, hz);
    }
    return free_space_db(reference, hz) +
           10.0 * propagation->exponent * log10(distance_m / reference);
}

double ls_geometry_path_loss_db(const struct ls_propagation *propagation, const struct ls_place *tx,
                                const struct ls_place *rx, double hz) {
    double direct = ls_geometry_distance(tx, rx);
    double loss = exponent_db(propagation, direct, hz);
    if (propagation->model == LS_PATH_TWO_RAY) {
        struct ls_place mirror = {.x_m = tx->x_m, .y_m = tx->y_m, .z_m = -tx->z_m};
        double bounced = ls_geometry_distance(&mirror, rx);
        double phase = 2.0 * M_PI * hz / LS_SPEED_OF_LIGHT_MPS * (bounced - direct);
        double ratio = ground_reflection * direct / bounced;
        loss -= 10.0 * log10(1.0 + ratio * ratio + 2.0 * ratio * cos(phase));
    }
    return loss;
}

double ls_geometry_shadow_db(const struct ls_propagation *propagation, uint64_t seed,
                             const struct ls_place *place) {
    if (propagation->shadowing_db <= 0.0) {
        return 0.0;
    }
    struct ls_random random;
    ls_random_init(&random, seed, 1);
    double sum = 0.0;
    for (int i = 0; i < SHADOW_WAVES; i++) {
        /* Radial wave number with the density whose transform is exp(-d / shadowing_m) in the
         * plane: P(> k) = 1 / sqrt(1 + (k d)^2). */
        double tail = 1.0 - ls_random_uniform(&random);
        double k = sqrt(1.0 / (tail * tail) - 1.0) / propagation->shadowing_m;
        double angle = 2.0 * M_PI * ls_random_uniform(&random);
        double phase = 2.0 * M_PI * ls_random_uniform(&random);
        sum += cos(k * (place->x_m * cos(angle) + place->y_m * sin(angle)) + phase);
    }
    return propagation->shadowing_db * sqrt(2.0 / SHADOW_WAVES) * sum;
}

double complex ls_geometry_fading(const struct ls_propagation *propagation, uint64_t seed,
                                  double wavelengths, double t_s) {
    if (propagation->fading == LS_FADING_NONE) {
        return 1.0;
    }
    struct ls_random random;
    ls_random_init(&random, seed, 2);
    double complex sum = 0.0;
    for (int i = 0; i < FADING_WAVES; i++) {
        double arrival = 2.0 * M_PI * (i + ls_random_uniform(&random)) / FADING_WAVES;
        double around = 2.0 * M_PI * ls_random_uniform(&random);
        double phase = 2.0 * M_PI * ls_random_uniform(&random);
        double turn =
            2.0 * M_PI * (wavelengths * cos(arrival) + propagation->fading_hz * t_s * cos(around)) +
            phase;
        sum += CMPLX(cos(turn), sin(turn));
    }
    sum /= sqrt(FADING_WAVES);
    if (propagation->fading == LS_FADING_RAYLEIGH) {
        return sum;
    }
    double k = pow(10.0, propagation->rician_k_db / 10.0);
    return sqrt(k / (k + 1.0)) + sum / sqrt(k + 1.0);
}
