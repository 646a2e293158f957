/* What people read of a probability is no smaller than what its law was held against. */
#include <criterion/criterion.h>

#include "model/finding.h"
#include "model/incident.h"

static void reads(double log10_p, int digits, const char *text) {
    char p[LS_FINDING_P_BYTES];
    ls_finding_p_text(log10_p, digits, p);
    cr_expect_str_eq(p, text, "%g reads '%s', not '%s'", log10_p, p, text);
}

Test(finding, p_is_written_as_people_read_it) {
    reads(0.0, 2, "1");
    reads(-1.5086, 2, "0.031");
    reads(-8.5, 2, "3.2e-9");
    reads(-8.5, 1, "3e-9");
    reads(-6.0013, 2, "1.0e-6"); /* 9.97e-7 */
}

Test(finding, p_stops_where_nothing_held_it) {
    reads(-12.0, 2, "1.0e-12");
    reads(-12.01, 2, "<1e-12");
    reads(-612.85, 1, "<1e-12");
    reads(-1e300, 2, "<1e-12");
}

/* In the middle of several channels nothing may have been sent. */
Test(finding, a_wide_one_is_called_by_its_ends) {
    char text[LS_INCIDENT_WHERE_BYTES];
    struct ls_finding narrow = {.low_hz = 882.275e6, .high_hz = 882.525e6};
    struct ls_finding wide = {.low_hz = 881.275e6, .high_hz = 882.525e6};
    ls_incident_where(&narrow, 3, text);
    cr_expect_str_eq(text, "near 882.400 MHz");
    ls_incident_where(&wide, 3, text);
    cr_expect_str_eq(text, "from 881.275 to 882.525 MHz");
}
