"""rtl_433 as an independent witness: when it decodes messages in a recording."""
import json
import os
import subprocess
import tempfile

SUFFIX = {"cu8": "cu8", "ci8": "cs8", "ci16_le": "cs16", "cf32_le": "cf32"}


def message_times(recording):
    """Seconds on the recording's clock at which rtl_433 sees each message begin, each once: one
    transmission is often decoded under several names."""
    with tempfile.TemporaryDirectory() as scratch:
        link = os.path.join(scratch, "r." + SUFFIX[recording.datatype])
        os.symlink(os.path.abspath(recording.data), link)
        run = subprocess.run(["rtl_433", "-r", link, "-s", str(int(recording.rate_sps)), "-F", "json",
                              "-f", str(int(recording.center_hz))], capture_output=True, text=True,
                             check=False, timeout=60)
    if run.returncode != 0:
        raise RuntimeError(f"rtl_433 on {recording.name}: {run.stderr.strip()[-200:]}")
    offsets = {json.loads(line)["time"] for line in run.stdout.splitlines() if line.startswith("{")}
    samples = (round(float(text.strip("@s")) * recording.rate_sps) for text in offsets)
    return sorted(recording.seconds_at(sample) for sample in samples)
