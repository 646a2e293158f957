#!/usr/bin/env python3
"""Sum meson test logs: count_tests.py TESTLOG.json... prints 'PASSED FAILED' and lists the rest."""
import json
import os
import sys

PASSED = {"OK", "EXPECTEDFAIL"}


def main():
    passed = failed = 0
    for path in sys.argv[1:]:
        if not os.path.exists(path):
            print(f"failed: no tests ran, {path} is missing", file=sys.stderr)
            failed += 1
            continue
        with open(path, encoding="utf-8") as log:
            for line in log:
                test = json.loads(line)
                if test["result"] in PASSED:
                    passed += 1
                elif test["result"] == "SKIP":
                    print(f"skipped: {test['name']}", file=sys.stderr)
                else:
                    failed += 1
                    print(f"failed: {test['name']} ({test['result']}), see {path}", file=sys.stderr)
    print(passed, failed)


main()
