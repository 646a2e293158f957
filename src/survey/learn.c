#include "survey/learn.h"

/* Fewer unclipped ones teach less than those that clip. */
enum { FRAMES_LEAST = 256 };

/* Of a chunk's samples. */
static const double CLIPPED_SHARE = 0.01;

/* Learn from the chunks of frames whose samples clip, or from those that do not. Returns how many
 * frames that were. */
static size_t learn_frames(const struct ls_learning *learning, bool clipped) {
    const struct ls_cut *cut = learning->cut;
    const unsigned char *samples = learning->samples;
    size_t bytes = ls_format_bytes(cut->format);
    size_t end = learning->first + learning->count;
    size_t learned = 0;
    for (size_t done = learning->first; done < end; done += LS_LEARN_CHUNK_FRAMES) {
        size_t left = end - done;
        size_t count = left < LS_LEARN_CHUNK_FRAMES ? left : LS_LEARN_CHUNK_FRAMES;
        struct ls_convert_stats stats = {0};
        ls_channelizer_power(learning->bank, samples + done * cut->hop * bytes, count,
                             learning->power, cut->channels, &stats);
        if (((double)stats.clipped > CLIPPED_SHARE * (double)(count * cut->hop)) != clipped) {
            continue;
        }
        for (size_t f = 0; f < count; f++) {
            ls_floor_learn(learning->floor, learning->power + f * cut->channels);
        }
        learned += count;
    }
    return learned;
}

/* A converter at its limits presses the noise down beside what drives it: better than nothing,
 * worse than what is known. */
void ls_learn(const struct ls_learning *learning, bool known) {
    if (learn_frames(learning, false) < FRAMES_LEAST && !known) {
        learn_frames(learning, true);
    }
    ls_floor_settle(learning->floor);
}
