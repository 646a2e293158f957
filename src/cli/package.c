#include "cli/package.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/embedded.h"
#include "base/util.h"
#include "cli/database.h"
#include "cli/evidence.h"
#include "cli/output.h"
#include "cli/report.h"
#include "cli/runs.h"
#include "model/line.h"
#include "report/export.h"
#include "report/package.h"
#include "report/render.h"
#include "store/chain.h"
#include "store/health.h"
#include "store/patterns.h"
#include "survey/snippet.h"

extern const struct ls_embedded ls_json_schemas[];
extern const unsigned ls_json_schemas_count;

static const struct ls_option rows[] = {
    {.name = "incident",
     .kind = LS_OPTION_COUNT,
     .value = "ID",
     .what = "number of an incident",
     .low = 1,
     .high = 1000000000000,
     .help = "the incident that the package is about"},
    {.name = "package",
     .kind = LS_OPTION_TEXT,
     .value = "FILE.tar",
     .help = "write its report, rows, snippets and chain, with how to check them"},
    {.name = "key",
     .kind = LS_OPTION_TEXT,
     .value = "FILE",
     .help = "secret key that signs the package, see 'lineside db key'"},
};
const struct ls_option_table ls_package_options = {
    .title = "A package of evidence", .rows = rows, .count = LS_COUNT(rows)};

/* What goes into one package. */
struct pack {
    const struct ls_call *call;
    struct ls_store *store;
    struct ls_runs *runs;
    struct ls_package *package;
    struct ls_package_subject subject;
    struct ls_incident incident; /* without its evidence */
    struct ls_key key;
    struct ls_seal seal;
    FILE *out;           /* of the file that is being made */
    struct ls_link last; /* that was written */
};

/* A file that is made in memory by write. */
static int add_made(struct pack *pack, const char *name,
                    int (*write)(struct pack *pack, struct ls_err *err), struct ls_err *err) {
    char *text = NULL;
    size_t size = 0;
    pack->out = open_memstream(&text, &size);
    if (pack->out == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    int code = write(pack, err);
    if (fclose(pack->out) != 0 && code == LS_OK) {
        code = ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    if (code == LS_OK) {
        code = ls_package_add(pack->package, name, text, size, err);
    }
    free(text);
    return code;
}

/* --- rows --- */

static int write_row(void *context, const struct ls_transmission *row, struct ls_err *err) {
    struct pack *pack = context;
    const struct ls_runs_entry *run = ls_runs_find(pack->runs, row->run_id);
    (void)err;
    return ls_line_write_stored_transmission(pack->out, row, run == NULL ? "" : run->label);
}

static int write_evidence(struct pack *pack, struct ls_err *err) {
    return ls_store_each_evidence(pack->store, pack->incident.id, write_row, pack, err);
}

/* What the receivers did in the time and range of the incident, also when they did not listen. */
static int write_observations(struct pack *pack, struct ls_err *err) {
    const struct ls_finding *finding = &pack->incident.finding;
    struct ls_export_opts opts = {.what = LS_EXPORT_OBSERVATIONS,
                                  .whole = true,
                                  .filter = {.since_ns = finding->start_ns,
                                             .until_ns = finding->stop_ns + 1,
                                             .has_since = true,
                                             .has_until = true,
                                             .low_hz = finding->low_hz,
                                             .high_hz = finding->high_hz,
                                             .has_freq = true}};
    size_t count;
    return ls_export(pack->store, &opts, pack->out, &count, err);
}

static int write_line(void *context, const struct ls_incident *row, struct ls_err *err) {
    struct pack *pack = context;
    (void)err;
    pack->incident = *row;
    pack->incident.finding.evidence = NULL;
    return ls_line_write_incident(pack->out, row);
}

static int write_incident(struct pack *pack, struct ls_err *err) {
    struct ls_incident_filter filter = {.id = pack->subject.incident};
    return ls_store_each_incident(pack->store, &filter, write_line, pack, err);
}

/* --- the chain --- */

static int write_link(void *context, const struct ls_link *link, struct ls_err *err) {
    struct pack *pack = context;
    char line[LS_LINK_LINE_BYTES];
    (void)err;
    ls_link_line(link, line);
    fputs(line, pack->out);
    pack->last = *link;
    pack->last.text = "";
    return LS_OK;
}

static int write_chain(struct pack *pack, struct ls_err *err) {
    return ls_store_each_link(pack->store, pack->seal.seq, write_link, pack, err);
}

static int write_sealed(struct pack *pack, struct ls_err *err) {
    char line[LS_LINK_LINE_BYTES];
    (void)err;
    ls_link_line(&pack->last, line);
    fputs(line, pack->out);
    return LS_OK;
}

static int write_signature(struct pack *pack, struct ls_err *err) {
    unsigned char signature[LS_KEY_SIGNATURE_BYTES];
    if (!ls_key_signature_bytes(pack->seal.signature, signature)) {
        return ls_err_set(err, LS_ERR_FORMAT, "seal %lld has no signature",
                          (long long)pack->seal.id);
    }
    fwrite(signature, 1, sizeof signature, pack->out);
    return LS_OK;
}

static int write_seal_key(struct pack *pack, struct ls_err *err) {
    char pem[LS_KEY_PEM_BYTES];
    if (!ls_key_public_pem(pack->seal.public_key, pem)) {
        return ls_err_set(err, LS_ERR_FORMAT, "seal %lld has no key", (long long)pack->seal.id);
    }
    fputs(pem, pack->out);
    return LS_OK;
}

static int write_canonical(struct pack *pack, struct ls_err *err) {
    LS_AUTO(char) text = NULL;
    int code = ls_store_canonical(pack->store, "incident", pack->incident.id, &text, err);
    if (code == LS_OK) {
        fputs(text, pack->out);
    }
    return code;
}

static int write_canonical_evidence(struct pack *pack, struct ls_err *err) {
    return ls_store_canonical_evidence(pack->store, pack->incident.id, pack->out, err);
}

/* --- the rest --- */

static int add_reports(struct pack *pack, struct ls_err *err) {
    static const struct {
        const char *name;
        const struct ls_renderer *renderer;
    } forms[] = {{"report.html", &ls_render_html},
                 {"report.md", &ls_render_markdown},
                 {"report.json", &ls_render_json}};
    struct ls_document *doc = NULL;
    int code = ls_report_incident(&doc, pack->call, pack->store, pack->incident.id, err);
    for (size_t i = 0; i < LS_COUNT(forms) && code == LS_OK; i++) {
        static const struct ls_render_opts plain = {.color = false};
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);
        if (out == NULL) {
            code = ls_err_set(err, LS_ERR_NOMEM, "out of memory");
            break;
        }
        code = ls_render_document(doc, forms[i].renderer, &plain, out, err);
        fclose(out);
        if (code == LS_OK) {
            code = ls_package_add(pack->package, forms[i].name, text, size, err);
        }
        free(text);
    }
    ls_document_destroy(doc);
    return code;
}

static int add_schemas(struct pack *pack, struct ls_err *err) {
    int code = LS_OK;
    for (unsigned i = 0; i < ls_json_schemas_count && code == LS_OK; i++) {
        char name[64];
        snprintf(name, sizeof name, "schemas/%s", ls_json_schemas[i].name);
        code = ls_package_add(pack->package, name, ls_json_schemas[i].text,
                              strlen(ls_json_schemas[i].text), err);
    }
    return code;
}

/* Both files of a snippet, under their own names. */
static int add_snippet(void *context, const char *path, struct ls_err *err) {
    static const char meta[] = ".sigmf-meta";
    struct pack *pack = context;
    char data[4096];
    char name[128];
    const char *slash = strrchr(path, '/');
    size_t stem = strlen(path) > sizeof meta - 1 ? strlen(path) - (sizeof meta - 1) : 0;
    snprintf(name, sizeof name, "snippets/%.110s", slash == NULL ? path : slash + 1);
    /* The path is out of the database, and whatever else is there is not to leave this machine. */
    int code = ls_snippet_is(path)
                   ? ls_package_add_file(pack->package, name, path, err)
                   : ls_err_set(err, LS_ERR_NOTFOUND,
                                "snippet '%.300s' is not there, or is none: bring it back, or let "
                                "'lineside db prune' delete what has expired",
                                path);
    snprintf(data, sizeof data, "%.*s.sigmf-data", (int)stem, path);
    slash = strrchr(data, '/');
    snprintf(name, sizeof name, "snippets/%.110s", slash == NULL ? data : slash + 1);
    if (code == LS_OK) {
        code = ls_package_add_file(pack->package, name, data, err);
    }
    pack->subject.snippets++;
    return code;
}

static int write_readme(struct pack *pack, struct ls_err *err) {
    LS_AUTO(char) text = ls_package_readme(&pack->subject);
    if (text == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    fputs(text, pack->out);
    return LS_OK;
}

static int gather(struct pack *pack, struct ls_err *err) {
    static const struct {
        const char *name;
        int (*write)(struct pack *pack, struct ls_err *err);
    } files[] = {{"transmissions.jsonl", write_evidence},
                 {"observations.jsonl", write_observations},
                 {"chain/chain.txt", write_chain},
                 {"chain/sealed.txt", write_sealed},
                 {"chain/sealed.sig", write_signature},
                 {"chain/public.pem", write_seal_key},
                 {"chain/incident.jsonl", write_canonical},
                 {"chain/evidence.jsonl", write_canonical_evidence}};
    int code = LS_OK;
    for (size_t i = 0; i < LS_COUNT(files) && code == LS_OK; i++) {
        code = add_made(pack, files[i].name, files[i].write, err);
    }
    if (code == LS_OK) {
        code = add_reports(pack, err);
    }
    if (code == LS_OK) {
        code = add_schemas(pack, err);
    }
    if (code == LS_OK) {
        code = ls_store_each_snippet_path(pack->store, pack->incident.id, add_snippet, pack, err);
    }
    pack->subject.label = pack->incident.label;
    return code == LS_OK ? add_made(pack, "README.txt", write_readme, err) : code;
}

/* --- what must hold before --- */

static void ignore_problem(void *context, const char *text) {
    char *first = context;
    if (first[0] == '\0') {
        ls_copy_text(first, 256, text);
    }
}

static int check_chain(struct pack *pack, struct ls_err *err) {
    char first[256] = "";
    struct ls_verify_opts opts = {.public_key = NULL};
    struct ls_verify_result result;
    int code = ls_store_verify(pack->store, &opts, ignore_problem, first, &result, err);
    if (code == LS_OK && result.problems > 0) {
        code = ls_err_set(err, LS_ERR_FORMAT, "the chain is broken, and proves nothing: %s", first);
    }
    return code;
}

/* The first seal behind the last link of the incident: made now, when there is none. */
static int find_seal(struct pack *pack, struct ls_err *err) {
    int64_t id = pack->subject.incident;
    struct ls_seal made;
    int code = ls_store_link_of(pack->store, "incident", id, &pack->subject.link_seq, err);
    if (code == LS_ERR_NOTFOUND) {
        return ls_err_set(err, code, "there is no incident %lld: see 'lineside incidents'",
                          (long long)id);
    }
    if (code == LS_OK) {
        code = ls_store_seal_over(pack->store, pack->subject.link_seq, &pack->seal, err);
    }
    if (code == LS_ERR_NOTFOUND) {
        code = ls_store_seal(pack->store, &pack->key, &made, err);
        if (code == LS_OK) {
            code = ls_store_seal_over(pack->store, pack->subject.link_seq, &pack->seal, err);
        }
    }
    pack->subject.seal_seq = pack->seal.seq;
    return code;
}

static int read_options(struct pack *pack, struct ls_err *err) {
    static const char *const needed[] = {"incident", "package", "key", "case", "signer"};
    const struct ls_args *args = pack->call->args;
    size_t id = 0;
    for (size_t i = 0; i < LS_COUNT(needed); i++) {
        if (!ls_args_given(args, needed[i])) {
            return ls_err_set(err, LS_ERR_ARG,
                              "a package needs --%s: lineside export --incident ID --package "
                              "FILE.tar --key FILE --case ID --signer NAME",
                              needed[i]);
        }
    }
    ls_args_count(args, "incident", &id);
    pack->subject.incident = (int64_t)id;
    pack->subject.case_id = ls_args_text(args, "case");
    pack->subject.signer = ls_args_text(args, "signer");
    pack->subject.public_key = pack->key.public_hex;
    const char *key = ls_args_text(args, "key");
    const char *path = ls_args_text(args, "package");
    int code = ls_output_refuse_key("package", path, key, err);
    if (code != LS_OK) {
        return code;
    }
    code = ls_database_refuse(pack->call, "package", path, err);
    return code == LS_OK ? ls_key_load(key, &pack->key, err) : code;
}

/* --- the archive --- */

static int write_archive(struct pack *pack, const char *path, struct ls_err *err) {
    struct ls_output *output;
    int code = ls_output_open(&output, path, err);
    if (code != LS_OK) {
        return code;
    }
    code = ls_package_write(pack->package, &pack->key, ls_output_file(output), err);
    if (code != LS_OK) {
        ls_output_abandon(output);
        return code;
    }
    return ls_output_commit(output, err);
}

int ls_package_record(struct ls_store *store, const struct ls_leaving *leaving,
                      struct ls_err *err) {
    char hash[LS_KEY_HASH_HEX_BYTES];
    uint64_t bytes = 0;
    int code = ls_key_hash_file(leaving->path, hash, &bytes, err);
    if (code != LS_OK) {
        return code;
    }
    json_t *object =
        json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:s}", "case", leaving->case_id, "signer",
                  leaving->signer, "what", leaving->what, "format", leaving->format, "rows",
                  (json_int_t)leaving->rows, "bytes", (json_int_t)bytes, "sha256", hash);
    LS_AUTO(char) text = object == NULL ? NULL : json_dumps(object, JSON_COMPACT);
    json_decref(object);
    if (text == NULL) {
        return ls_err_set(err, LS_ERR_ARG, "--case and --signer must be UTF-8 text");
    }
    return ls_store_add_event(store, "export", text, err);
}

static int record(struct pack *pack, const char *path, struct ls_err *err) {
    char what[64];
    struct ls_leaving leaving = {.what = what,
                                 .format = "package",
                                 .case_id = pack->subject.case_id,
                                 .signer = pack->subject.signer,
                                 .path = path,
                                 .rows = pack->incident.finding.evidence_count};
    snprintf(what, sizeof what, "incident %lld", (long long)pack->subject.incident);
    return ls_package_record(pack->store, &leaving, err);
}

static int make(struct pack *pack, const char *path, struct ls_err *err) {
    char folder[64];
    int code = check_chain(pack, err);
    if (code == LS_OK) {
        code = find_seal(pack, err);
    }
    if (code == LS_OK) {
        code = ls_runs_load(&pack->runs, pack->store, err);
    }
    snprintf(folder, sizeof folder, "incident-%lld", (long long)pack->subject.incident);
    if (code == LS_OK) {
        code = ls_package_create(&pack->package, folder, 0, err);
    }
    if (code == LS_OK) {
        code = add_made(pack, "incident.jsonl", write_incident, err);
    }
    if (code == LS_OK) {
        code = gather(pack, err);
    }
    if (code == LS_OK) {
        code = write_archive(pack, path, err);
    }
    return code == LS_OK ? record(pack, path, err) : code;
}

int ls_package_run(struct ls_call *call, struct ls_err *err) {
    struct pack pack = {.call = call};
    const char *path = ls_args_text(call->args, "package");
    int code = read_options(&pack, err);
    if (code == LS_OK) {
        code = ls_evidence_open(&pack.store, call, err);
    }
    if (code == LS_OK) {
        code = make(&pack, path, err);
    }
    if (code == LS_OK) {
        printf("'%s': evidence of incident %lld, sealed up to link %lld; its README.txt tells how "
               "to check it\n",
               path, (long long)pack.subject.incident, (long long)pack.seal.seq);
    }
    ls_package_destroy(pack.package);
    ls_runs_destroy(pack.runs);
    ls_store_close(pack.store);
    ls_key_forget(&pack.key);
    return code;
}
