#!/usr/bin/env python3
"""corpus_test.py LINESIDE CLAIM: one claim of claims.py on the recordings; 77 where there are none.
"""
import functools
import sys

import claims
import corpus
import decoder

EXTRAS = {"segments_keep_their_times": [corpus.parse_ns],
          "decoded_is_detected": [decoder.message_times]}


def main():
    program, claim = corpus.Program(sys.argv[1]), sys.argv[2]
    recordings = corpus.load()
    analyse = functools.cache(program.analyse)
    wrong = list(getattr(claims, claim)(recordings, analyse, *EXTRAS.get(claim, [])))
    for line in wrong:
        print(line)
    sys.exit(1 if wrong else 0)


main()
