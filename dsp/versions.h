/* dsp/versions.h: one copy of a function for each instruction set; the loader picks one (gcc on
 * x86-64 with ifunc; the sanitizers are not up yet when it does). Elsewhere the plain loop is what
 * the compiler makes of it. Where the arithmetic is element by element in one order, every copy
 * gives the same bits. */
#ifndef DSP_VERSIONS_H
#define DSP_VERSIONS_H

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) &&                             \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define LS_VERSIONS __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define LS_VERSIONS
#endif

#endif
