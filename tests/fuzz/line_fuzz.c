/* One line of a log. What is refused carries one line of text; what is taken is written as a line
 * that reads back and is then written the same. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "model/line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t write_line(const struct ls_line *line, char *ret, size_t size) {
    memset(ret, 0, size);
    FILE *out = fmemopen(ret, size, "w");
    assert(out != NULL);
    int code = LS_OK;
    switch (line->kind) {
    case LS_LINE_TRANSMISSION:
        code = ls_line_write_transmission(out, &line->transmission);
        break;
    case LS_LINE_OBSERVATION:
        code = ls_line_write_observation(out, &line->observation);
        break;
    case LS_LINE_BURST:
        code = ls_line_write_burst(out, "", &line->burst, 0);
        break;
    case LS_LINE_OTHER:
        break;
    }
    assert(code == LS_OK);
    fclose(out);
    return strlen(ret);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const struct ls_line_opts opts = {.has_zone = size > 0 && data[0] == ' '};
    struct ls_line line;
    struct ls_err err = {0};
    if (ls_line_parse((const char *)data, size, &opts, &line, &err) != LS_OK) {
        assert(err.text[0] != '\0' && strchr(err.text, '\n') == NULL);
        return 0;
    }
    char text[2048];
    char again[2048];
    size_t length = write_line(&line, text, sizeof text);
    if (length > 0) {
        assert(ls_line_parse(text, length, NULL, &line, &err) == LS_OK);
        assert(write_line(&line, again, sizeof again) == length);
        assert(memcmp(text, again, length) == 0);
    }
    return 0;
}
