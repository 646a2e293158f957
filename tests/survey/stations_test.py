#!/usr/bin/env python3
"""The error of a receiver from a cell that it hears: stations_test.py BUILD. Receivers that run 12
ppm fast and 7 ppm slow say so of a GSM carrier, one of 10 MS/s among 49 channels too; a right one
says so of an LTE carrier (the simulator's clock of samples is always right, so that no other would
be believed), and one that hears no cell says nothing."""
import json
import os
import subprocess
import sys
import tempfile


def scene(ppm, waveform, rate):
    radiates = {"id": waveform}
    channel_hz = 935.6e6
    if waveform == "lte-downlink":
        radiates["bandwidth_hz"] = 1.4e6
        channel_hz = 935.5e6
    return {"name": "cell", "about": "one carrier", "seed": 2, "start": "2026-11-20T08:00:00Z",
            "duration_s": 1 if rate < 4e6 else 0.35,
            "sensor": {"sites": [{"name": "post", "place_m": [0, 0, 5]}], "center_hz": 935.5e6,
                       "rate_sps": rate, "format": "ci8", "full_scale_dbm": -80, "ppm": ppm},
            "emitters": [{"name": "carrier", "waveform": radiates,
                          "channels_hz": [channel_hz], "snr_db": 25,
                          "script": {"kind": "always"}}]}


def main():
    lineside = os.path.abspath(os.path.join(sys.argv[1], "lineside"))
    wrong = []
    for ppm, waveform, rate in [(12.0, "gsm-bcch", 1e6), (-7.0, "gsm-bcch", 1e6),
                                (12.0, "carrier", 1e6), (9.0, "gsm-bcch", 10e6),
                                (0.0, "lte-downlink", 10e6)]:
        with tempfile.TemporaryDirectory(prefix="lineside-cell-") as tmp:
            with open(os.path.join(tmp, "scene.yaml"), "w", encoding="utf-8") as f:
                json.dump(scene(ppm, waveform, rate), f)
            for words in (["simulate", "scene.yaml", "-o", "cell"],
                          ["analyse", "--json", "cell.sigmf-meta"]):
                done = subprocess.run([lineside, *words], capture_output=True, text=True,
                                      check=True, cwd=tmp)
        run = json.loads(done.stdout.splitlines()[0])
        said = run.get("receiver_ppm")
        if waveform == "carrier":
            if said is not None:
                wrong.append(f"{said} ppm without a cell")
        elif said is None or abs(said - ppm) > 4 * run["receiver_ppm_error"]:
            wrong.append(f"{said} ppm, not {ppm}, at {rate:g} S/s")
    sys.exit("\n".join(wrong) or 0)


main()
