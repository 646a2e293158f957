#include "model/trail.h"

#include <criterion/criterion.h>
#include <math.h>

Test(trail, points_come_back_as_they_went) {
    struct ls_trail trail = {
        .count = 3,
        .points = {{0.0F, -40.25F, 12.3F}, {10.0F, -90.0F, NAN}, {20.0F, -1.01F, -123456.7F}}};
    unsigned char bytes[LS_TRAIL_POINTS * LS_TRAIL_POINT_BYTES];
    struct ls_trail back;
    size_t size = ls_trail_pack(&trail, 20.0, bytes);
    cr_assert_eq(size, 24);
    cr_assert(ls_trail_unpack(bytes, size, 20.0, &back));
    cr_assert_eq(back.count, 3);
    for (size_t i = 0; i < 3; i++) {
        cr_expect_float_eq(back.points[i].t_s, trail.points[i].t_s, 20.0 / 65535.0);
        cr_expect_float_eq(back.points[i].level_dbfs, trail.points[i].level_dbfs, 0.006);
    }
    cr_expect_float_eq(back.points[0].offset_hz, 12.3F, 0.051);
    cr_expect(isnan(back.points[1].offset_hz));
    cr_expect_float_eq(back.points[2].offset_hz, -123456.7F, 0.06);
    /* The layout of the file: 65535, -101, -1234567. */
    const unsigned char last[] = {0xff, 0xff, 0x9b, 0xff, 0x79, 0x29, 0xed, 0xff};
    cr_expect_arr_eq(bytes + 16, last, sizeof last);
}

Test(trail, what_is_none_is_refused) {
    unsigned char bytes[LS_TRAIL_POINTS * LS_TRAIL_POINT_BYTES + LS_TRAIL_POINT_BYTES] = {0};
    struct ls_trail trail = {.count = 7};
    cr_expect(!ls_trail_unpack(bytes, 9, 1.0, &trail));
    cr_expect(!ls_trail_unpack(bytes, sizeof bytes, 1.0, &trail));
    cr_expect_eq(trail.count, 7);
    cr_expect(ls_trail_unpack(NULL, 0, 1.0, &trail));
    cr_expect_eq(trail.count, 0);
}
