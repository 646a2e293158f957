#!/usr/bin/env python3
"""What cells say of the receivers of real recordings: sync.py BUILD (LINESIDE_CORPUS). Writes
tests/evaluation/sync.txt. What is known of them: the noise recording holds no cell; the name of
f2645 states a sampling error of 26.2 ppm, which the drift of timing must show; gsm_bcch has its
correction bursts at samples 23883, 46959 and 70024."""
import array
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
FILES = [("gsm/gsm_bcch_cfile_500k", "gsm"), ("lte/f1815_s1.92_from_dimitri_rtlsdr", "lte"),
         ("lte/f816_s1.92_bw1.2_0.08s_rtlsdr", "lte"), ("lte/f1860_s1.92_g0_0.5s_strong", "lte"),
         ("lte/f1890_s1.92_g0_0.5s_rtlsdr", "lte"),
         ("lte/f2645_s1.92_g20_SamplingPPM26.2_0.6s_rtlsdr", "lte"),
         ("lte/noise_s1.92_0.5s_rtlsdr", "lte"), ("lte/noise_s1.92_0.5s_rtlsdr", "gsm")]


def convert(meta, out):
    """Samples as cf32; returns the rate."""
    with open(meta, encoding="utf-8") as f:
        info = json.load(f)["global"]
    with open(meta.replace("-meta", "-data"), "rb") as f:
        data = f.read()
    values = array.array("f")
    if info["core:datatype"] == "cu8":
        values.extend((b - 127.5) / 127.5 for b in data)
    else:
        values.frombytes(data)
    with open(out, "wb") as f:
        values.tofile(f)
    return info["core:sample_rate"]


def main():
    build = os.path.abspath(sys.argv[1])
    corpus = os.environ.get("LINESIDE_CORPUS")
    if not corpus:
        sys.exit("set LINESIDE_CORPUS to the folder of recordings")
    lines = []
    for name, kind in FILES:
        with tempfile.TemporaryDirectory(prefix="lineside-sync-") as tmp:
            path = os.path.join(tmp, "x.cf32")
            rate = convert(os.path.join(corpus, name + ".sigmf-meta"), path)
            done = subprocess.run([os.path.join(build, "tests", "evaluation", "sync_run"), path,
                                   str(rate), kind], capture_output=True, text=True, check=True)
        lines += [f"{name} {kind}", *("  " + line for line in done.stdout.splitlines())]
    with open(os.path.join(HERE, "sync.txt"), "w", encoding="utf-8") as f:
        f.write("\n".join(lines) + "\n")
    print("\n".join(lines))


main()
