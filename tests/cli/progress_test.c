#include "cli/progress.h"

#include <math.h>

#include <criterion/criterion.h>

static const struct ls_progress_state half = {
    .share = 0.5, .elapsed_s = 60.0, .realtime = 45.3, .rate_sps = 108.7e6};

Test(progress, a_wide_line_has_bar_share_rate_and_time_left) {
    char line[256];
    ls_progress_format("x.cu8", &half, 100, line, sizeof line);
    cr_assert_str_eq(line,
                     "x.cu8  [##########----------]   50 %  45x real time  108.7 MS/s  60 s left");
}

Test(progress, a_line_fits_any_terminal) {
    char line[256];
    for (size_t columns = 0; columns < 120; columns++) {
        ls_progress_format("a-recording-with-a-long-name.sigmf-meta", &half, columns, line,
                           sizeof line);
        cr_assert_leq(strlen(line), columns, "%zu: '%s'", columns, line);
    }
}

Test(progress, what_is_not_known_is_left_out) {
    char line[256];
    struct ls_progress_state now = {
        .share = NAN, .elapsed_s = 3.0, .realtime = NAN, .rate_sps = 2.5e6};
    ls_progress_format("x.cu8", &now, 80, line, sizeof line);
    cr_assert_str_eq(line, "x.cu8  2.5 MS/s");
}

Test(progress, nothing_is_drawn_without_a_terminal) {
    FILE *out = tmpfile();
    cr_assert_not_null(out);
    struct ls_progress *progress = ls_progress_create(out, "x.cu8");
    ls_progress_update(progress, &half);
    ls_progress_destroy(progress);
    cr_assert_eq(ftell(out), 0);
    fclose(out);
}
