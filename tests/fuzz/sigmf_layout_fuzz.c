/* SigMF metadata in memory, and the layout of captures over data of several lengths. What is taken
 * keeps the promises that reading relies on: captures ascend, overlap neither in samples nor in
 * time, and lie within the data. */
#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/time.h"
#include "hw/limits.h"
#include "hw/sigmf_layout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_captures(const struct ls_sigmf_layout *layout, const struct ls_sigmf_data *data) {
    assert(layout->capture_count > 0);
    uint64_t byte = data->first_byte;
    uint64_t sample = 0;
    for (size_t i = 0; i < layout->capture_count; i++) {
        const struct ls_capture *capture = &layout->captures[i];
        size_t sample_bytes = ls_format_bytes(capture->tuning.format);
        int64_t stop_ns;
        assert(capture->samples > 0 && capture->first_sample >= sample);
        assert(layout->offset_bytes[i] >= byte);
        assert(ls_limits_time_after(capture->t_ns, capture->samples, capture->tuning.rate_sps,
                                    &stop_ns));
        assert(i + 1 == layout->capture_count || layout->captures[i + 1].t_ns >= stop_ns);
        sample = capture->first_sample + capture->samples;
        byte = layout->offset_bytes[i] + capture->samples * sample_bytes;
        assert(byte <= data->first_byte + data->bytes);
    }
}

static void lay_out(const struct ls_sigmf_meta *meta, uint64_t first_byte, uint64_t bytes,
                    bool start_given) {
    struct ls_sigmf_data data = {.first_byte = first_byte,
                                 .bytes = bytes,
                                 .start_ns = INT64_C(1795161600) * LS_NS_PER_S,
                                 .start_given = start_given};
    struct ls_sigmf_layout layout;
    struct ls_note note = {0};
    struct ls_err err = {0};
    if (ls_sigmf_layout_init(&layout, meta, &data, &note, &err) != LS_OK) {
        assert(err.text[0] != '\0');
        return;
    }
    check_captures(&layout, &data);
    assert(!start_given || layout.captures[0].t_ns == data.start_ns);
    ls_sigmf_layout_finish(&layout);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct ls_sigmf_meta meta;
    struct ls_note note = {0};
    struct ls_err err = {0};
    int code = ls_sigmf_meta_parse(&meta, (const char *)data, size, &note, &err);
    assert(memchr(note.text, '\0', sizeof note.text) != NULL);
    if (code != LS_OK) {
        assert(code == err.code && err.text[0] != '\0');
        return 0;
    }
    assert(meta.capture_count > 0 && ls_format_bytes(meta.format) > 0);
    assert(strchr(meta.dataset, '/') == NULL);
    lay_out(&meta, 0, 1, false);
    lay_out(&meta, 512, 1001, false);
    lay_out(&meta, 0, 1000000, true);
    lay_out(&meta, 0, INT64_MAX, false);
    ls_sigmf_meta_finish(&meta);
    return 0;
}
