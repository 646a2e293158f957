#!/usr/bin/env python3
"""content_test.py TOP: what may be kept of a signal. A transmission is described from the outside:
when, where in the spectrum, how strong, how long, of what class. This holds the whole list, of the
features that are added up, of the columns that are stored and of the keys that are exported; a new
one is a decision, made here. It breaks each list once to show that it notices."""
import glob
import json
import os
import re
import sqlite3
import sys

FEATURES = """snr_db kurtosis peak_db envelope_levels envelope_low_share envelope_depth pulse_fit
train_fit length_s line envelope_line_db envelope_rate_hz square_line_db freq_kurtosis freq_levels
freq_spread_hz freq_line_db freq_rate_hz gsm_lines_db gsm_sync access_training lte_sync
ais_lines_db tetra_line_db wcdma_line_db dmr_line_db prefix_15k prefix_30k prach nprach lora chirp
chirp_hz squitter frames keyed line_kurtosis edge_4800 symbols_4800 edge_9600 symbols_9600
shift_line_db shift_rate_hz echo_gsm echo_10ms echo_tetra echo_ais echo_dmr""".split()

COLUMNS = """id run_id sensor_id class_id start_ns duration_ns center_hz bandwidth_hz snr_db
level_dbfs offset_hz bursts on_s burst_s period_s flags cell trail class_score class_rivals""".split()

KEYS = {
    "transmission": """type id sensor start duration_s center_hz bandwidth_hz snr_db level_dbfs level_dbm class
        class_score class_rivals offset_hz bursts label""".split(),
    "burst": """type sensor start duration_s center_hz bandwidth_hz snr_db level_dbfs
        transmission""".split(),
}


def features(top):
    with open(os.path.join(top, "src/model/features.c"), encoding="utf-8") as f:
        return re.findall(r'\[LS_FEATURE_\w+\] = "(\w+)"', f.read())


def columns(top):
    database = sqlite3.connect(":memory:")
    for path in sorted(glob.glob(os.path.join(top, "schemas", "[0-9]*.sql"))):
        with open(path, encoding="utf-8") as f:
            database.executescript(f.read())
    return [row[1] for row in database.execute("PRAGMA table_xinfo(transmission)")]


def keys(top, kind):
    with open(os.path.join(top, "schemas/json", kind + ".schema.json"), encoding="utf-8") as f:
        return list(json.load(f)["properties"])


def compare(what, found, allowed):
    """One line for each name that is there and should not be, or the other way round."""
    for name in sorted(set(found) - set(allowed)):
        yield f"{what}: '{name}' is not among what may be kept of a signal"
    for name in sorted(set(allowed) - set(found)):
        yield f"{what}: '{name}' is allowed and not there"


def main():
    top = sys.argv[1]
    lists = [("features", features(top), FEATURES),
             ("columns of transmission", columns(top), COLUMNS)]
    lists += [(f"keys of a {kind} line", keys(top, kind), allowed)
              for kind, allowed in KEYS.items()]
    wrong = []
    for what, found, allowed in lists:
        wrong += compare(what, found, allowed)
        if not list(compare(what, found + ["bits"], allowed)):
            wrong.append(f"{what}: 'bits' would not be noticed")
    print("\n".join(wrong) if wrong else f"{len(lists)} lists hold")
    return 1 if wrong else 0


sys.exit(main())
