#!/usr/bin/env python3
"""logs_test.py LINESIDE: the known periods of the real logs of the corpus are found without the
identity of devices, at least as many as were when this was written (tests/evaluation/incidents.txt
has each); 77 where there are no logs."""
import sys

import corpus
import logs

# log: devices whose period must be found, found at least as a multiple, and other findings allowed.
# Those of 20240609 are multiples of the frame of 287 s in which the meter of 7 s hops, more hops than
# logs.MULTIPLES allows to explain by chance; its meter of 1500 s lies on the clock of 500 s of its
# neighbours, and is told as one of them.
WANTED = {
    "rtl433_data20230110_234837": (4, 4, 3),
    "rtl433_data20230112_221439": (4, 5, 2),
    "rtl433_data20240604_222607": (1, 1, 1),
    "rtl433_data20240609_231726": (3, 4, 8),
    "rtl433_data1": (4, 4, 2),
    "railway_eot_hot_2022-04-08": (1, 1, 5),
}


def main():
    if logs.folder() is None:
        if corpus.in_ci():
            sys.exit("the logs of the corpus are missing: CI needs them below LINESIDE_CORPUS")
        print("no corpus here: set LINESIDE_CORPUS to the folder of recordings")
        sys.exit(corpus.SKIPPED)
    wrong = []
    for name, (found, explained, others) in WANTED.items():
        s = logs.score(sys.argv[1], name, with_id=False)
        print("\n".join(logs.table([s])))
        known = len(s.found) + len(s.multiple)
        if len(s.found) < found or known < explained or len(s.false) > others:
            wrong.append(f"{name}: wanted {found} found, {explained} with multiples, and at most "
                         f"{others} others")
    sys.exit("\n".join(wrong) or 0)


main()
