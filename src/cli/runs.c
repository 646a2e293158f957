#include "cli/runs.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"

struct entry {
    struct ls_runs_entry entry;
    char *text; /* owns input and plan */
};

struct ls_runs {
    struct entry *entries; /* by id */
    size_t count;
    size_t capacity;
};

static int add_run(void *context, const struct ls_run *run, struct ls_err *err) {
    struct ls_runs *runs = context;
    void *entries = runs->entries;
    const char *slash = strrchr(run->input, '/');
    const char *input = slash == NULL ? run->input : slash + 1;
    size_t plan = strcspn(run->plan, "/");
    size_t input_size = strlen(input) + 1;
    char *text = malloc(input_size + plan + 1);
    if (text == NULL ||
        ls_grow(&entries, &runs->capacity, runs->count, sizeof *runs->entries) != LS_OK) {
        free(text);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    runs->entries = entries;
    memcpy(text, input, input_size);
    memcpy(text + input_size, run->plan, plan);
    text[input_size + plan] = '\0';
    runs->entries[runs->count++] = (struct entry){
        .entry = {.id = run->id,
                  .no_clock = run->no_clock,
                  .input = text,
                  .plan = text + input_size},
        .text = text,
    };
    ls_copy_text(runs->entries[runs->count - 1].entry.label, LS_LABEL_BYTES, run->label);
    return LS_OK;
}

static int by_id(const void *left, const void *right) {
    int64_t a = ((const struct entry *)left)->entry.id;
    int64_t b = ((const struct entry *)right)->entry.id;
    return (a > b) - (a < b);
}

int ls_runs_load(struct ls_runs **ret, struct ls_store *store, struct ls_err *err) {
    struct ls_runs *runs = calloc(1, sizeof *runs);
    if (runs == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    int code = ls_store_each_run(store, add_run, runs, err);
    if (code != LS_OK) {
        ls_runs_destroy(runs);
        return code;
    }
    if (runs->count > 0) {
        qsort(runs->entries, runs->count, sizeof *runs->entries, by_id);
    }
    *ret = runs;
    return LS_OK;
}

void ls_runs_destroy(struct ls_runs *runs) {
    if (runs == NULL) {
        return;
    }
    for (size_t i = 0; i < runs->count; i++) {
        free(runs->entries[i].text);
    }
    free(runs->entries);
    free(runs);
}

const struct ls_runs_entry *ls_runs_find(const struct ls_runs *runs, int64_t id) {
    struct entry key = {.entry = {.id = id}};
    const struct entry *found =
        runs->count == 0 ? NULL : bsearch(&key, runs->entries, runs->count, sizeof key, by_id);
    return found == NULL ? NULL : &found->entry;
}

bool ls_runs_without_clock(const struct ls_runs *runs) {
    for (size_t i = 0; i < runs->count; i++) {
        if (runs->entries[i].entry.no_clock) {
            return true;
        }
    }
    return false;
}

int ls_runs_plan(const struct ls_runs *runs, const char **ret, struct ls_err *err) {
    const char *plan = "";
    for (size_t i = 0; i < runs->count; i++) {
        const char *other = runs->entries[i].entry.plan;
        if (plan[0] != '\0' && other[0] != '\0' && strcmp(plan, other) != 0) {
            return ls_err_set(err, LS_ERR_ARG,
                              "rows were made with the plans '%.60s' and '%.60s': choose with "
                              "--plan NAME",
                              plan, other);
        }
        plan = other[0] == '\0' ? plan : other;
    }
    if (plan[0] == '\0') {
        return ls_err_set(err, LS_ERR_ARG,
                          "no plan was used for these rows: choose one with --plan NAME");
    }
    *ret = plan;
    return LS_OK;
}

int ls_runs_load_plan(const struct ls_runs *runs, const char *given, struct ls_plan **ret,
                      struct ls_err *err) {
    const char *name = given;
    int code = given == NULL ? ls_runs_plan(runs, &name, err) : LS_OK;
    if (code != LS_OK) {
        return code;
    }
    struct ls_err why = {.text = ""};
    code = ls_plan_load(ret, name, &why);
    if (code == LS_OK || code == LS_ERR_NOMEM) {
        return code == LS_OK ? LS_OK : ls_err_set(err, code, "out of memory");
    }
    return given == NULL
               ? ls_err_set(err, LS_ERR_ARG,
                            "rows were made with the plan '%.60s', which does not come with the "
                            "program: give its file with --plan",
                            name)
               : ls_err_set(err, LS_ERR_ARG, "option '--plan': %s", why.text);
}
