/* simulate/geometry.h: from places and speeds to path loss, Doppler, shadowing and fading. Pure
 * functions: the same time gives the same value, in any order, on any thread. */
#ifndef SIMULATE_GEOMETRY_H
#define SIMULATE_GEOMETRY_H

#include <complex.h>
#include <stddef.h>
#include <stdint.h>

#include "simulate/scene.h"

#define LS_SPEED_OF_LIGHT_MPS 299792458.0

/* Where a body is, how fast, and how far it has come since its first leg. */
struct ls_geometry_state {
    struct ls_place place;
    struct ls_place speed;
    double travelled_m;
};

void ls_geometry_at(const struct ls_scene_leg *legs, size_t count, int64_t t_ns,
                    struct ls_geometry_state *ret);

/* At least 1 m: nobody stands in the antenna. */
double ls_geometry_distance(const struct ls_place *a, const struct ls_place *b);

/* Speed at which a body comes nearer to a place that stands still; negative: goes away. */
double ls_geometry_closing_mps(const struct ls_geometry_state *body, const struct ls_place *place);

/* Path loss in dB between isotropic antennas (Friis, "A note on a simple transmission formula",
 * Proc. IRE 34(5), 1946) with an exponent beyond the reference distance. Two-ray: the reflection
 * from flat ground is added with coefficient -0.9, so that nulls stay finite. */
double ls_geometry_path_loss_db(const struct ls_propagation *propagation, const struct ls_place *tx,
                                const struct ls_place *rx, double hz);

/* Log-normal shadowing in dB at the place of the transmitter: a sum of sinusoids over the plane
 * whose correlation falls as exp(-d / shadowing_m) (Gudmundson, "Correlation model for shadow
 * fading in mobile radio systems", Electronics Letters 27(23), 1991; Cai, Giannakis, "A
 * two-dimensional channel simulation model for shadowing processes", IEEE Trans. Vehicular
 * Technology 52(6), 2003). */
double ls_geometry_shadow_db(const struct ls_propagation *propagation, uint64_t seed,
                             const struct ls_place *place);

/* Small-scale fading, mean power 1: sum of sinusoids (Xiao, Zheng, Beaulieu, "Novel
 * sum-of-sinusoids simulation models for Rayleigh and Rician fading channels", IEEE Trans. Wireless
 * Communications 5(12), 2006), of the way in wavelengths and of the time (surroundings that move).
 * The direct ray of Rician fading carries no Doppler here: that is in the link's shift. */
double complex ls_geometry_fading(const struct ls_propagation *propagation, uint64_t seed,
                                  double wavelengths, double t_s);

#endif
