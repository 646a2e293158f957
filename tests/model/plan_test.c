#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"
#include "model/class_names.h"
#include "model/plan.h"
#include "model/plan_parse.h"

static struct ls_plan *shipped(const char *name) {
    struct ls_plan *plan = NULL;
    struct ls_err err = {0};
    cr_assert_eq(ls_plan_load(&plan, name, &err), LS_OK, "%s", err.text);
    return plan;
}

Test(plan, every_shipped_plan_loads_and_is_in_order) {
    size_t count;
    const char *const *names = ls_plan_names(&count);
    cr_assert_geq(count, 2);
    for (size_t i = 0; i < count; i++) {
        struct ls_plan *plan = shipped(names[i]);
        cr_expect_str_eq(plan->name, names[i], "a plan is called as its file is");
        cr_expect_geq(plan->version, 1);
        cr_expect_geq(plan->band_count, 30, "%s", names[i]);
        for (size_t b = 0; b < plan->band_count; b++) {
            const struct ls_band *band = &plan->bands[b];
            cr_expect_lt(band->low_hz, band->high_hz, "%s %s", names[i], band->name);
            cr_expect(b == 0 || plan->bands[b - 1].low_hz <= band->low_hz);
            cr_expect_eq(ls_plan_band(plan, band->name), band, "names are unique: %s", band->name);
            cr_expect_gt(band->hang_s, 0.0);
            cr_expect_gt(band->class_count, 0);
            for (size_t c = 0; c < band->class_count; c++) {
                cr_expect(ls_class_known(band->classes[c]), "%s", band->classes[c]);
            }
        }
        ls_plan_destroy(plan);
    }
}

Test(plan, every_shipped_plan_knows_railway_cellular_srd_ais_adsb_gnss) {
    static const char *const needed[] = {"railway",  "cellular", "srd",
                                         "maritime", "aviation", "gnss"};
    size_t count;
    const char *const *names = ls_plan_names(&count);
    for (size_t i = 0; i < count; i++) {
        struct ls_plan *plan = shipped(names[i]);
        for (size_t n = 0; n < LS_COUNT(needed); n++) {
            size_t found = 0;
            for (size_t b = 0; b < plan->band_count; b++) {
                found += strcmp(plan->bands[b].service, needed[n]) == 0;
            }
            cr_expect_gt(found, 0, "%s has no %s", names[i], needed[n]);
        }
        const struct ls_band *band = NULL;
        cr_expect_gt(ls_plan_bands_at(plan, 161.975e6, &band, 1), 0);
        cr_expect_str_eq(band->name, "ais", "%s", names[i]);
        cr_expect_gt(ls_plan_bands_at(plan, 1090e6, &band, 1), 0);
        cr_expect_str_eq(band->classes[0], "ads-b", "%s", names[i]);
        ls_plan_destroy(plan);
    }
}

Test(plan, gsm_r_is_as_the_standard_says) {
    struct ls_plan *plan = shipped("eu");
    const struct ls_band *band = ls_plan_band(plan, "gsm-r-uplink");
    cr_assert_not_null(band);
    cr_expect_eq(band->low_hz, 876e6);
    cr_expect_eq(band->high_hz, 880e6);
    cr_expect_eq(band->raster_hz, 200e3);
    cr_expect_eq(band->first_hz, 873.2e6 + 0.2e6 * (955 - 940), "ARFCN 955, 3GPP TS 45.005");
    cr_expect_eq(band->direction, LS_DIRECTION_UPLINK);
    cr_expect(band->protected_band);
    cr_expect_str_eq(band->service, "railway");
    cr_expect_gt(band->hang_s, 0.480, "a SID frame every 480 ms must not end a call");
    ls_plan_destroy(plan);
}

Test(plan, channels_lie_within_the_band) {
    struct ls_plan *plan = shipped("eu");
    cr_expect_eq(ls_plan_channels(ls_plan_band(plan, "gsm-r-uplink")), 19, "ARFCN 955 to 973");
    cr_expect_eq(ls_plan_channels(ls_plan_band(plan, "ais")), 2);
    cr_expect_eq(ls_plan_channels(ls_plan_band(plan, "ism-433")), 0);
    for (size_t b = 0; b < plan->band_count; b++) {
        const struct ls_band *band = &plan->bands[b];
        cr_expect(band->raster_hz == 0.0 || ls_plan_channels(band) > 0, "%s", band->name);
    }
    ls_plan_destroy(plan);
}

Test(plan, narrowest_band_comes_first_and_gives_the_hang_time) {
    struct ls_plan *plan = shipped("eu");
    const struct ls_band *bands[16];
    size_t count = ls_plan_bands_at(plan, 868.3e6, bands, LS_COUNT(bands));
    cr_assert_geq(count, 3);
    for (size_t i = 1; i < count; i++) {
        cr_expect_leq(bands[i - 1]->high_hz - bands[i - 1]->low_hz,
                      bands[i]->high_hz - bands[i]->low_hz);
    }
    cr_expect_str_eq(bands[0]->name, "srd-868-0");
    /* A small room keeps the narrowest and still counts them all. */
    const struct ls_band *few[2] = {NULL, NULL};
    cr_expect_eq(ls_plan_bands_at(plan, 868.3e6, few, 1), count);
    cr_expect_eq(few[0], bands[0]);
    cr_expect_null(few[1]);
    cr_expect_eq(ls_plan_bands_at(plan, 868.3e6, few, 2), count);
    cr_expect_eq(few[1], bands[1]);
    cr_expect_eq(ls_plan_bands_at(plan, 868.3e6, NULL, 0), count);

    cr_expect_float_eq(ls_plan_hang_s(plan, 868.3e6), 0.06, 1e-12);
    cr_expect_float_eq(ls_plan_hang_s(plan, 877.0e6), 1.0, 1e-12);
    cr_expect_float_eq(ls_plan_hang_s(plan, 1.0), 0.06, 1e-12, "no band: the default");
    cr_expect_float_eq(ls_plan_hang_s(NULL, 877.0e6), 0.06, 1e-12, "no plan: the default");
    cr_expect_lt(ls_plan_hang_s(plan, 1090e6), 1e-3, "squitters stay apart");
    ls_plan_destroy(plan);
}

Test(plan, a_wrong_name_gets_the_nearest_one) {
    struct ls_plan *plan = NULL;
    struct ls_err err = {0};
    cr_expect_eq(ls_plan_load(&plan, "eue", &err), LS_ERR_NOTFOUND);
    cr_expect(strstr(err.text, "did you mean 'eu'?") != NULL, "%s", err.text);
    cr_expect_eq(ls_plan_load(&plan, "atlantis", &err), LS_ERR_NOTFOUND);
    cr_expect(strstr(err.text, "eu") != NULL && strstr(err.text, "us") != NULL, "%s", err.text);
    cr_expect_eq(ls_plan_load(&plan, "nowhere/plan.yaml", &err), LS_ERR_NOTFOUND);
    cr_expect(strstr(err.text, "'nowhere/plan.yaml'") != NULL, "%s", err.text);
    cr_expect_null(plan);
}

/* --- plan files of one's own --- */

#define HEAD "name: my\ntitle: Mine\nregion: Here\nversion: 3\nbands:\n"
#define BAND                                                                                       \
    "  - name: a\n    title: A\n    low: 433.05M\n    high: 434.79M\n    service: srd\n"           \
    "    direction: any\n    classes: [ook]\n    protected: false\n    source: test\n"

static int parse(const char *text, struct ls_plan **ret, struct ls_err *err) {
    return ls_plan_parse(ret, text, strlen(text), "my.yaml", err);
}

Test(plan, defaults_are_filled_in) {
    struct ls_plan *plan = NULL;
    struct ls_err err = {0};
    cr_assert_eq(parse(HEAD BAND "    raster: 25k\n", &plan, &err), LS_OK, "%s", err.text);
    cr_expect_str_eq(plan->name, "my");
    cr_expect_eq(plan->version, 3);
    cr_assert_eq(plan->band_count, 1);
    cr_expect_float_eq(plan->bands[0].first_hz, 433.0625e6, 1e-3);
    cr_expect_float_eq(plan->bands[0].hang_s, 0.06, 1e-12);
    ls_plan_destroy(plan);
    cr_assert_eq(parse(HEAD BAND, &plan, &err), LS_OK, "%s", err.text);
    cr_expect_eq(plan->bands[0].raster_hz, 0.0);
    cr_expect_eq(plan->bands[0].first_hz, plan->bands[0].low_hz);
    ls_plan_destroy(plan);
}

Test(plan, what_is_wrong_is_named_with_its_line) {
    static const struct {
        const char *text;
        const char *says;
    } rows[] = {
        {HEAD BAND "    rastre: 25k\n", "line 15: entry 1 of 'bands': unknown key 'rastre'; did "
                                        "you mean 'raster'?"},
        {"nmae: my\n", "line 1: unknown key 'nmae'; did you mean 'name'?"},
        {"name: my\ntitle: Mine\nregion: Here\nbands:\n" BAND, "line 1: key 'version' is missing"},
        {HEAD "  - name: a\n    title: A\n", "line 6: entry 1 of 'bands': key 'low' is missing"},
        {HEAD BAND BAND, "line 15: band 'a': 'name': entry 1 has this name already"},
        {HEAD BAND "    raster: 0\n", "line 15: band 'a': 'raster': 0 is not between 0"},
        {HEAD BAND "    raster: -25k\n", "line 15: band 'a': 'raster': '-25k' is not a frequency"},
        {HEAD BAND "    raster: 5M\n", "line 15: band 'a': 'raster': 5M is wider than the band"},
        {HEAD BAND "    first: 433.1M\n", "'first': 433.1M says nothing without 'raster'"},
        {HEAD BAND "    raster: 25k\n    first: 400M\n", "line 16: band 'a': 'first': 400M is "
                                                         "outside the band"},
        {HEAD BAND "    hang: 0\n", "line 15: band 'a': 'hang': 0 is not above 0"},
        {HEAD BAND "    hang: 2d\n", "line 15: band 'a': 'hang': 2d is not above 0"},
        {HEAD BAND "    hang: soon\n", "line 15: band 'a': 'hang': 'soon' is not a time"},
        {HEAD BAND "    title: B\n", "line 15: entry 1 of 'bands': 'title' is there twice"},
        {HEAD "  - name: a\n    title: A\n    low: 5M\n    high: 4M\n    service: srd\n    "
              "direction: any\n    classes: [ook]\n    protected: false\n    source: t\n",
         "line 9: band 'a': 'high': 4M is not above 'low' 5M"},
        {HEAD "  - name: a\n    title: A\n    low: 5M\n    high: 6M\n    service: sdr\n    "
              "direction: any\n    classes: [ook]\n    protected: false\n    source: t\n",
         "line 10: band 'a': 'service': there is no 'sdr'; did you mean 'srd'?"},
        {HEAD "  - name: a\n    title: A\n    low: 5M\n    high: 6M\n    service: srd\n    "
              "direction: upline\n    classes: [ook]\n    protected: false\n    source: t\n",
         "line 11: entry 1 of 'bands': 'direction' cannot be 'upline'; did you mean 'uplink'?"},
        {HEAD "  - name: a\n    title: A\n    low: 5M\n    high: 6M\n    service: srd\n    "
              "direction: any\n    classes: [tetar]\n    protected: false\n    source: t\n",
         "line 12: band 'a': 'classes': there is no 'tetar'; did you mean 'tetra'?"},
        {HEAD "  - name: a\n    title: A\n    low: 5M\n    high: 6M\n    service: srd\n    "
              "direction: any\n    classes: [ook]\n    protected: maybe\n    source: t\n",
         "line 13: entry 1 of 'bands': 'protected' cannot be 'maybe'; known: false, true"},
        {HEAD "  - name: GSM R\n    title: A\n    low: 5M\n    high: 6M\n    service: srd\n    "
              "direction: any\n    classes: [ook]\n    protected: false\n    source: t\n",
         "line 6: band 'GSM R': 'name': 'GSM R' is not a name"},
        {HEAD "  - name: a\n\ttitle: A\n", "line 7: not YAML: found a tab character"},
        {HEAD "  - name: \"a\n", "not YAML: found unexpected end of stream"},
        {HEAD BAND "---\nname: b\n", "holds more than one document"},
        {"name: my\ntitle: Mine\nregion: Here\nversion: x\n", "line 4: 'version' is not a number"},
        {"name: my\ntitle: Mine\nregion: Here\nversion: 0\nbands:\n" BAND,
         "line 4: 'version': 0 is not a version"},
        {"name: my\ntitle: Mine\nregion: Here\nversion: 1\nbands: none\n",
         "line 5: 'bands' is a list"},
        {"name: my\ntitle: Mine\nregion: Here\nversion: 1\nbands: []\n",
         "line 5: 'bands' has too few entries"},
        {"name: &n my\ntitle: *n\n", "line 2: 'title' aliases are not allowed"},
        {"name:\n", "line 1: 'name' is empty"},
        {"- a\n", "line 1: 'the file' is a mapping"},
        {"", "line 1: the file is empty"},
        {"\x01\x02", "line 1: not YAML: control characters are not allowed"},
    };
    for (size_t i = 0; i < LS_COUNT(rows); i++) {
        struct ls_plan *plan = NULL;
        struct ls_err err = {0};
        cr_expect_eq(parse(rows[i].text, &plan, &err), LS_ERR_FORMAT, "row %zu", i);
        cr_expect(strstr(err.text, rows[i].says) != NULL, "row %zu says: %s", i, err.text);
        cr_expect(strncmp(err.text, "'my.yaml'", 9) == 0, "row %zu says: %s", i, err.text);
        cr_expect_null(strchr(err.text, '\n'), "one line");
        cr_expect_null(plan);
    }
}

/* --- files --- */

static const char *in_folder(const char *folder, const char *name) {
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

Test(plan, a_path_is_read_and_what_is_no_plain_file_is_refused) {
    char folder[] = "/tmp/plan-test-XXXXXX";
    cr_assert_not_null(mkdtemp(folder));
    struct ls_plan *plan = NULL;
    struct ls_err err = {0};

    FILE *out = fopen(in_folder(folder, "p.yaml"), "w");
    fputs(HEAD BAND, out);
    fclose(out);
    cr_assert_eq(ls_plan_load(&plan, in_folder(folder, "p.yaml"), &err), LS_OK, "%s", err.text);
    ls_plan_destroy(plan);
    plan = NULL;
    unlink(in_folder(folder, "p.yaml"));

    cr_expect_eq(ls_plan_load(&plan, folder, &err), LS_ERR_FORMAT);
    cr_expect(strstr(err.text, "is a directory") != NULL, "%s", err.text);

    cr_assert_eq(mkfifo(in_folder(folder, "pipe.yaml"), 0600), 0);
    cr_expect_eq(ls_plan_load(&plan, in_folder(folder, "pipe.yaml"), &err), LS_ERR_FORMAT);
    cr_expect(strstr(err.text, "is not a regular file") != NULL, "%s", err.text);
    unlink(in_folder(folder, "pipe.yaml"));

    out = fopen(in_folder(folder, "big.yaml"), "w");
    cr_assert_eq(ftruncate(fileno(out), (4 << 20) + 1), 0);
    fclose(out);
    cr_expect_eq(ls_plan_load(&plan, in_folder(folder, "big.yaml"), &err), LS_ERR_FORMAT);
    cr_expect(strstr(err.text, "larger than 4 MiB") != NULL, "%s", err.text);
    unlink(in_folder(folder, "big.yaml"));
    rmdir(folder);
    cr_expect_null(plan);
}

Test(plan, is_freed_by_the_last_who_holds_it) {
    struct ls_plan *plan = NULL;
    struct ls_err err = {0};
    cr_assert_eq(parse(HEAD BAND, &plan, &err), LS_OK, "%s", err.text);
    const struct ls_plan *held = ls_plan_hold(plan);
    cr_expect_eq(held, plan);
    ls_plan_destroy(plan);
    cr_expect_str_eq(held->bands[0].name, "a");
    ls_plan_destroy(held);
    cr_expect_null(ls_plan_hold(NULL));
}

Test(plan, is_the_same_when_it_says_the_same) {
    struct ls_plan *plan = NULL;
    struct ls_err err = {0};
    cr_assert_eq(parse(HEAD BAND, &plan, &err), LS_OK, "%s", err.text);
    static const struct {
        bool same;
        const char *text;
    } rows[] = {
        {true, HEAD BAND},
        {true, HEAD BAND "\n# a remark\n"},
        {false, HEAD BAND "    hang: 1s\n"},
        {false, HEAD BAND "    raster: 25k\n"},
        {false, HEAD "  - {name: a, title: A, low: 433.05M, high: 434.79M, service: srd, "
                     "direction: any, classes: [fsk], protected: false, source: test}\n"},
    };
    for (size_t i = 0; i < LS_COUNT(rows); i++) {
        struct ls_plan *other = NULL;
        cr_assert_eq(parse(rows[i].text, &other, &err), LS_OK, "%s", err.text);
        cr_expect_eq(ls_plan_same(plan, other), rows[i].same, "row %zu", i);
        ls_plan_destroy(other);
    }
    cr_expect(!ls_plan_same(plan, NULL));
    cr_expect(ls_plan_same(NULL, NULL));
    ls_plan_destroy(plan);
}

/* Four megabytes of brackets, and a hundred thousand bands: refused at once, not after minutes. */
Test(plan, hostile_size_is_refused_quickly, .timeout = 20) {
    enum { BYTES = 4000000 };
    LS_AUTO(char) text = malloc(BYTES + 1);
    cr_assert_not_null(text);
    struct ls_plan *plan = NULL;
    struct ls_err err = {0};
    memset(text, '[', BYTES);
    memcpy(text, "name: ", 6);
    text[BYTES] = '\0';
    cr_expect_eq(ls_plan_parse(&plan, text, BYTES, "deep.yaml", &err), LS_ERR_FORMAT);

    size_t used = (size_t)snprintf(text, BYTES, "%s", HEAD);
    while (used + 200 < BYTES) {
        used += (size_t)snprintf(text + used, BYTES - used,
                                 "  - {name: b%zu, title: T, low: 1M, high: 2M, service: srd, "
                                 "direction: any, classes: [ook], protected: false, source: s}\n",
                                 used);
    }
    cr_expect_eq(ls_plan_parse(&plan, text, used, "many.yaml", &err), LS_ERR_FORMAT);
    cr_expect(strstr(err.text, "too many entries") != NULL, "%s", err.text);
}
