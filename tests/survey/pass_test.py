#!/usr/bin/env python3
"""One long transmission on a train that passes, from samples to an incident: pass_test.py BUILD. The
level bell and the Doppler curve are in the trail of the one row; the interval of the speed holds the
truth, and so does that of the closest moment. 16 bits, as in 8 the carrier is a step or two high on
either side of the closest moment, where a receiver without noise makes harmonics of it."""
import json
import os
import subprocess
import sys
import tempfile

SPEED_MPS = 40.0
CLOSEST_S = 30.0
SCENE = {
    "name": "passing-radio", "about": "a radio on a train that passes", "seed": 1,
    "start": "2026-11-20T08:00:00Z", "duration_s": 60,
    "sensor": {"sites": [{"name": "post", "place_m": [0, 0, 5]}], "center_hz": 440e6,
               "rate_sps": 250e3, "format": "ci16_le", "full_scale_dbm": -20},
    "propagation": {"exponent": 3, "fading": "rician", "rician_k_db": 15},
    "emitters": [{
        "name": "radio", "waveform": {"id": "carrier"}, "channels_hz": [440.03e6],
        "power_dbm": 30, "ppm": 2,
        "path": {"waypoints": [{"t_s": 0, "place_m": [-1200, 60, 3]},
                               {"t_s": 60, "place_m": [1200, 60, 3]}]},
        "script": {"kind": "list", "times_s": [8], "hold_s": "44s"}}],
}


def main():
    lineside = os.path.abspath(os.path.join(sys.argv[1], "lineside"))
    wrong = []
    with tempfile.TemporaryDirectory(prefix="lineside-pass-") as tmp:
        def run(*words):
            done = subprocess.run([lineside, *words], capture_output=True, text=True, check=False,
                                  cwd=tmp)
            if done.returncode != 0:
                sys.exit(f"lineside {' '.join(words)}: {done.stderr}")
            return done.stdout
        with open(os.path.join(tmp, "scene.yaml"), "w", encoding="utf-8") as f:
            json.dump(SCENE, f)
        run("simulate", "scene.yaml", "-o", "pass")
        run("analyse", "pass.sigmf-meta")
        incidents = [json.loads(line) for line in run("incidents", "--json").splitlines()]
        rows = [json.loads(line) for line in run("transmissions", "--json").splitlines()]
        passes = [i for i in incidents if i["kind"] == "pass-by"]
        if len(passes) != 1:
            sys.exit(f"{len(passes)} passes among {incidents}")
        intervals = passes[0]["intervals"]
        low, high = intervals.get("speed_mps", (0, 0))
        if not low <= SPEED_MPS <= high or high - low > 0.2 * SPEED_MPS:
            wrong.append(f"speed {low} to {high}, not {SPEED_MPS}")
        start = 1795161600.0
        early, late = (ns / 1e9 - start for ns in intervals["closest_ns"])
        if not early - 0.5 <= CLOSEST_S <= late + 0.5:
            wrong.append(f"closest {early} to {late}, not {CLOSEST_S}")
        longest = max(rows, key=lambda row: row["duration_s"])
        if passes[0]["transmissions"] != [longest["id"]] or longest["duration_s"] < 40:
            wrong.append(f"rests on {passes[0]['transmissions']} of {rows}")
    sys.exit("\n".join(wrong) or 0)


main()
