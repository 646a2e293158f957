/* The page is for somebody who has the package, a shell, coreutils and openssl, and no lineside. */
#include <stdio.h>
#include <stdlib.h>

#include "report/package.h"

static void write_contents(FILE *out, const struct ls_package_subject *subject) {
    fprintf(out,
            "Evidence of incident %lld\n"
            "=======================%s\n\n"
            "case       %s\n"
            "signed by  %s\n"
            "label      %s\n"
            "key        %s\n\n"
            "What is in it\n"
            "-------------\n"
            "report.html, report.md, report.json   the report; open report.html in any browser\n"
            "incident.jsonl, transmissions.jsonl, observations.jsonl\n"
            "                 the incident, the rows that it rests on, and when the receiver\n"
            "                 listened meanwhile: a JSON object a line, described by schemas/\n"
            "chain/chain.txt  the chain of hashes of the database, up to its seal\n"
            "chain/incident.jsonl, chain/evidence.jsonl\n"
            "                 what the links and the hashes of evidence were made of, to the bit\n"
            "chain/sealed.txt, chain/sealed.sig, chain/public.pem\n"
            "                 the link that was sealed, its signature, and the key of the seal\n"
            "SHA256SUMS, SHA256SUMS.sig, public.pem\n"
            "                 hashes of all files, the signature of that list, and its key\n",
            (long long)subject->incident, subject->incident > 9 ? "==" : "=", subject->case_id,
            subject->signer, subject->label[0] == '\0' ? "none" : subject->label,
            subject->public_key);
    if (subject->snippets > 0) {
        fprintf(out, "snippets/        %zu recording%s of raw I/Q (SigMF) around evidence\n",
                subject->snippets, subject->snippets == 1 ? "" : "s");
    }
    fputs("\n", out);
}

static void write_package_checks(FILE *out) {
    fputs(
        "How to check it\n"
        "---------------\n"
        "In the unpacked folder, with sh, coreutils, grep and openssl 1.1.1 or later. Each "
        "command\n"
        "ends with status 0 when what it checks holds, and says so or says nothing.\n\n"
        "1. No file was changed since it was packed:\n\n"
        "    $ sha256sum --check --quiet SHA256SUMS\n\n"
        "2. The list was signed with the key in public.pem. Ask the signer for that key, or its\n"
        "   fingerprint, by another way than this package came: else the signature says only that\n"
        "   somebody signed.\n\n"
        "    $ openssl pkeyutl -verify -pubin -inkey public.pem -rawin -in SHA256SUMS -sigfile "
        "SHA256SUMS.sig\n\n",
        out);
}

static void write_chain_checks(FILE *out, const struct ls_package_subject *subject) {
    fprintf(
        out,
        "3. The chain is whole: each line ends with the SHA-256 of the line before it, and its "
        "second\n"
        "   word counts up. What a line is about is its fourth and fifth word.\n\n"
        "    $ previous=$(printf '%%064d' 0); n=0; while IFS= read -r line; do n=$((n + 1)); set "
        "-- "
        "$line; [ \"$2\" = $n ] && [ \"$7\" = \"$previous\" ] || exit 1; previous=$(printf "
        "'%%s\\n' "
        "\"$line\" | sha256sum | cut -d ' ' -f 1); done < chain/chain.txt\n\n"
        "4. Its last line, link %lld, was sealed with the key in chain/public.pem, and so was\n"
        "   everything before it:\n\n"
        "    $ tail -n 1 chain/chain.txt | cmp - chain/sealed.txt\n"
        "    $ openssl pkeyutl -verify -pubin -inkey chain/public.pem -rawin -in chain/sealed.txt "
        "-sigfile chain/sealed.sig\n\n"
        "5. Link %lld is the last one about the incident, and its sixth word the SHA-256 of the\n"
        "   incident as it was stored:\n\n"
        "    $ [ \"$(grep ' incident %lld ' chain/chain.txt | tail -n 1 | cut -d ' ' -f 6)\" = "
        "\"$(sha256sum < chain/incident.jsonl | cut -d ' ' -f 1)\" ]\n\n"
        "6. Every row of evidence is one whose SHA-256 the incident names:\n\n"
        "    $ while IFS= read -r row; do grep -q \"$(printf '%%s\\n' \"$row\" | sha256sum | cut "
        "-d "
        "' ' -f 1)\" chain/incident.jsonl || exit 1; done < chain/evidence.jsonl\n"
        "    $ [ \"$(grep -c '\"type\":\"evidence\".*\"sha256\":\"[0-9a-f]' "
        "chain/incident.jsonl)\" = "
        "\"$(wc -l < chain/evidence.jsonl)\" ]\n\n"
        "7. The lines fit their schemas: any validator of JSON Schema (draft 2020-12) and the "
        "files\n"
        "   in schemas/ show it.\n\n",
        (long long)subject->seal_seq, (long long)subject->link_seq, (long long)subject->incident);
}

char *ls_package_readme(const struct ls_package_subject *subject) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) {
        return NULL;
    }
    write_contents(out, subject);
    write_package_checks(out);
    write_chain_checks(out, subject);
    fputs(
        "What this does not show\n"
        "-----------------------\n"
        "That the rows are what was on the air: the report says what the receiver could and could\n"
        "not know. That nothing else was stored before the first link. And times are those of the\n"
        "sensor's clock, whose state the report gives.\n",
        out);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
