#include "cli/output.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

/* Each test has a folder of its own, which it empties. */
static char folder[] = "output-test-XXXXXX";

static void enter(void) {
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
}

static void leave(void) {
    cr_assert_eq(chdir(".."), 0);
    cr_assert_eq(rmdir(folder), 0, "a file was left behind");
}

TestSuite(output, .init = enter, .fini = leave);

static struct ls_output *opened(const char *path) {
    struct ls_output *output = NULL;
    struct ls_err err = {.text = ""};
    cr_assert_eq(ls_output_open(&output, path, &err), LS_OK, "%s", err.text);
    return output;
}

static void assert_holds(const char *path, const char *wanted) {
    char text[64] = "";
    FILE *f = fopen(path, "r");
    cr_assert_not_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    cr_assert_str_eq(text, wanted);
}

Test(output, a_file_appears_when_it_is_whole) {
    struct ls_output *output = opened("x");
    fputs("all of it", ls_output_file(output));
    cr_assert_neq(access("x", F_OK), 0);
    cr_assert_eq(ls_output_commit(output, NULL), LS_OK);
    assert_holds("x", "all of it");
    unlink("x");
}

Test(output, an_abandoned_file_leaves_the_old_one) {
    struct ls_output *output = opened("x");
    fputs("old", ls_output_file(output));
    cr_assert_eq(ls_output_commit(output, NULL), LS_OK);
    output = opened("x");
    fputs("new", ls_output_file(output));
    ls_output_abandon(output);
    assert_holds("x", "old");
    unlink("x");
}

Test(output, a_new_file_has_the_mode_that_umask_leaves) {
    mode_t mask = umask(027);
    cr_assert_eq(ls_output_commit(opened("x"), NULL), LS_OK);
    umask(mask);
    struct stat s;
    cr_assert_eq(stat("x", &s), 0);
    cr_assert_eq(s.st_mode & 0777, 0640);
    unlink("x");
}

Test(output, rewinding_takes_back_what_follows_the_mark) {
    struct ls_output *output = opened("x");
    fputs("kept ", ls_output_file(output));
    long long mark = ls_output_mark(output);
    fputs("void", ls_output_file(output));
    ls_output_rewind(output, mark);
    fputs("too", ls_output_file(output));
    cr_assert_eq(ls_output_commit(output, NULL), LS_OK);
    assert_holds("x", "kept too");
    unlink("x");
}

Test(output, a_device_is_written_as_it_is_and_a_full_one_is_an_error) {
    struct ls_output *output = opened("/dev/full");
    fputs("something", ls_output_file(output));
    struct ls_err err = {.text = ""};
    cr_assert_eq(ls_output_commit(output, &err), LS_ERR_FULL);
    cr_assert_str_eq(err.text, "cannot write '/dev/full': No space left on device");
    struct stat s;
    cr_assert(stat("/dev/full", &s) == 0 && S_ISCHR(s.st_mode));
}

Test(output, a_folder_is_refused) {
    cr_assert_eq(mkdir("d", 0777), 0);
    struct ls_output *output = NULL;
    struct ls_err err = {.text = ""};
    cr_assert_neq(ls_output_open(&output, "d", &err), LS_OK);
    cr_assert_str_eq(err.text, "cannot write 'd': Is a directory");
    cr_assert_neq(ls_output_open(&output, "nowhere/x", &err), LS_OK);
    cr_assert_str_eq(err.text, "cannot write 'nowhere/x': No such file or directory");
    cr_assert_eq(rmdir("d"), 0);
}
