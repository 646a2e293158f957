#include "dsp/fft.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"
#include "dsp/wisdom.h"

static struct ls_fft *create(const struct ls_fft_opts *opts) {
    struct ls_fft *fft = NULL;
    struct ls_err err = {0};
    cr_assert_eq(ls_fft_create(&fft, opts, &err), LS_OK, "%s", err.text);
    return fft;
}

Test(fft, equals_the_sum_of_its_definition) {
    enum { N = 30, BATCH = 3, IN = 33, OUT = 40 };
    for (int inverse = 0; inverse < 2; inverse++) {
        const struct ls_fft_opts opts = {.length = N,
                                         .batch = BATCH,
                                         .in_stride = IN,
                                         .ret_stride = OUT,
                                         .inverse = inverse == 1};
        struct ls_fft *fft = create(&opts);
        LS_AUTO(float complex) in = ls_fft_alloc(BATCH * IN);
        LS_AUTO(float complex) out = ls_fft_alloc(BATCH * OUT);
        for (size_t i = 0; i < (size_t)BATCH * IN; i++) {
            in[i] = CMPLXF(sinf((float)(i * i)), cosf(3.0F * (float)i));
        }
        ls_fft_execute(fft, in, out);
        double turn = (inverse == 1 ? 2.0 : -2.0) * M_PI / N;
        for (size_t b = 0; b < BATCH; b++) {
            for (size_t c = 0; c < N; c++) {
                double complex want = 0.0;
                for (size_t n = 0; n < N; n++) {
                    double angle = turn * (double)(c * n % N);
                    want += (double complex)in[b * IN + n] * CMPLX(cos(angle), sin(angle));
                }
                /* Sums of N values up to 1.4 in single precision. */
                cr_expect_lt(cabs((double complex)out[b * OUT + c] - want), 1e-5);
            }
        }
        ls_fft_destroy(fft);
    }
}

Test(fft, good_lengths_are_products_of_2_3_5_7) {
    cr_expect(ls_fft_good_length(1));
    cr_expect(ls_fft_good_length(1024));
    cr_expect(ls_fft_good_length(210));
    cr_expect_not(ls_fft_good_length(0));
    cr_expect_not(ls_fft_good_length(22));
}

Test(fft, refuses_what_it_cannot_plan) {
    struct ls_fft *fft = NULL;
    struct ls_err err = {0};
    cr_expect_eq(ls_fft_create(&fft, &(struct ls_fft_opts){0}, &err), LS_ERR_ARG);
    cr_expect_not_null(strstr(err.text, "length 0"), "%s", err.text);
    cr_expect_eq(ls_fft_create(&fft, &(struct ls_fft_opts){.length = (size_t)1 << 30}, &err),
                 LS_ERR_ARG);
    cr_expect_eq(ls_fft_create(&fft, &(struct ls_fft_opts){.length = 64, .in_stride = 63}, &err),
                 LS_ERR_ARG);
    cr_expect_null(fft);
    ls_fft_destroy(NULL);
}

static void *plan_many(void *ret_out) {
    for (size_t length = 16; length <= 128; length *= 2) {
        struct ls_fft *fft = NULL;
        if (ls_fft_create(&fft, &(struct ls_fft_opts){.length = length}, NULL) != LS_OK) {
            return NULL;
        }
        ls_fft_destroy(fft);
    }
    return ret_out;
}

Test(fft, threads_plan_side_by_side) {
    pthread_t threads[4];
    int good = 0;
    for (size_t i = 0; i < LS_COUNT(threads); i++) {
        cr_assert_eq(pthread_create(&threads[i], NULL, plan_many, &good), 0);
    }
    for (size_t i = 0; i < LS_COUNT(threads); i++) {
        void *ret = NULL;
        pthread_join(threads[i], &ret);
        cr_expect_eq(ret, &good);
    }
}

/* A cache folder for this test alone, removed by remove_cache. */
static void make_cache(char *ret_dir) {
    strcpy(ret_dir, "/tmp/lineside-wisdom-XXXXXX");
    cr_assert_not_null(mkdtemp(ret_dir));
    setenv("XDG_CACHE_HOME", ret_dir, 1);
    unsetenv("LINESIDE_WISDOM");
}

static size_t files_in(const char *dir) {
    size_t count = 0;
    DIR *list = opendir(dir);
    while (list != NULL && readdir(list) != NULL) {
        count++;
    }
    if (list != NULL) {
        closedir(list);
    }
    return count < 2 ? 0 : count - 2; /* without . and .. */
}

static void remove_cache(const char *dir) {
    char path[512];
    if (ls_wisdom_path(path, sizeof path)) {
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/lineside", dir);
    rmdir(path);
    cr_expect_eq(rmdir(dir), 0, "something was left in '%s'", dir);
}

Test(wisdom, is_kept_in_one_file_of_this_machine) {
    char dir[64];
    char path[512];
    make_cache(dir);
    ls_fft_destroy(create(&(struct ls_fft_opts){.length = 36}));
    cr_assert(ls_wisdom_path(path, sizeof path));
    cr_expect_eq(strncmp(path, dir, strlen(dir)), 0);
    cr_expect_not_null(strstr(path, "fftw-3"), "%s", path);
    struct stat before = {0};
    cr_expect_eq(stat(path, &before), 0);
    cr_expect_gt(before.st_size, 0);
    /* The same again is known and writes nothing. */
    cr_assert_eq(unlink(path), 0);
    ls_fft_destroy(create(&(struct ls_fft_opts){.length = 36}));
    cr_expect_neq(access(path, F_OK), 0);
    remove_cache(dir);
}

Test(wisdom, damaged_file_is_ignored_and_replaced) {
    char dir[64];
    char path[512];
    make_cache(dir);
    cr_assert(ls_wisdom_path(path, sizeof path));
    char *slash = strrchr(path, '/');
    *slash = '\0';
    cr_assert_eq(mkdir(path, 0700), 0);
    *slash = '/';
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs("(fftw-3.3.10 fftwf_wisdom #x0 #xff (((( not a plan", file);
    fclose(file);
    ls_fft_destroy(create(&(struct ls_fft_opts){.length = 36}));
    char text[64] = "";
    file = fopen(path, "r");
    cr_assert_not_null(file);
    cr_expect_not_null(fgets(text, sizeof text, file));
    cr_expect_null(strstr(text, "not a plan"), "%s", text);
    fclose(file);
    remove_cache(dir);
}

Test(wisdom, nowhere_to_write_costs_nothing_else) {
    setenv("XDG_CACHE_HOME", "/proc/no/such/folder", 1);
    unsetenv("LINESIDE_WISDOM");
    ls_fft_destroy(create(&(struct ls_fft_opts){.length = 36}));
    unsetenv("XDG_CACHE_HOME");
    unsetenv("HOME");
    char path[512];
    cr_expect_not(ls_wisdom_path(path, sizeof path));
    ls_fft_destroy(create(&(struct ls_fft_opts){.length = 40}));
}

Test(wisdom, switched_off_touches_no_file) {
    char dir[64];
    make_cache(dir);
    setenv("LINESIDE_WISDOM", "off", 1);
    ls_fft_destroy(create(&(struct ls_fft_opts){.length = 36}));
    cr_expect_eq(files_in(dir), 0);
    remove_cache(dir);
}
