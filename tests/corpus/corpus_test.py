#!/usr/bin/env python3
"""corpus_test.py LINESIDE CLAIM: one claim of claims.py on the recordings; 77 where there are none.
"""
import functools
import sys

import claims
import corpus
import decoder


def main():
    program, claim = corpus.Program(sys.argv[1]), sys.argv[2]
    extras = {"segments_keep_their_times": [corpus.parse_ns],
              "decoded_is_detected": [decoder.message_times],
              "threads_change_nothing": [functools.partial(program.analyse, threads="1")]}
    recordings = corpus.load()
    analyse = functools.cache(functools.partial(program.analyse, threads="3"))
    wrong = list(getattr(claims, claim)(recordings, analyse, *extras.get(claim, [])))
    for line in wrong:
        print(line)
    sys.exit(1 if wrong else 0)


main()
