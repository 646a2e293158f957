"""The corpus of real recordings: where it is, what is known of each file, what lineside says of it.

Truth is scarce here. A decoder's message or a frame with a good checksum is truth in time; a device
named by its folder is truth in kind; the energy segmentation in the metadata is an orientation.
README.md tells which claim leans on which.
"""
import datetime
import functools
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SKIPPED = 77  # what meson takes as "skipped"
LIMIT_S = 60  # longer than this on one file is a hang: the longest takes well under a second


def folder():
    """The corpus folder, or None when this machine has none."""
    named = os.environ.get("LINESIDE_CORPUS")
    path = named or os.path.join(os.path.dirname(TOP), "shared", "captures")
    return path if os.path.isdir(path) else None


def in_ci():
    return os.environ.get("CI", "") == "true"


def parse_ns(text):
    """RFC 3339 UTC to nanoseconds since 1970, exact: datetime itself stops at microseconds."""
    whole, _, rest = text.rstrip("Z").partition(".")
    moment = datetime.datetime.fromisoformat(whole).replace(tzinfo=datetime.timezone.utc)
    return int(moment.timestamp()) * 10**9 + int((rest + "000000000")[:9])


@dataclass
class Event:
    """A transmission or burst as lineside reports it; times in seconds after the first sample."""
    start_s: float
    stop_s: float
    center_hz: float
    bandwidth_hz: float
    snr_db: float = float("nan")
    kind: str = ""
    bursts: int = 1

    @property
    def duration_s(self):
        return self.stop_s - self.start_s

    def overlaps(self, start_s, stop_s):
        return self.start_s < stop_s and start_s < self.stop_s


class Recording:
    """One SigMF pair of the corpus."""

    def __init__(self, root, name):
        self.name = name
        self.path = os.path.join(root, name + ".sigmf-meta")
        self.data = os.path.join(root, name + ".sigmf-data")
        with open(self.path, encoding="utf-8") as f:
            meta = json.load(f)
        self.datatype = meta["global"]["core:datatype"]
        self.rate_sps = meta["global"]["core:sample_rate"]
        self.captures = meta["captures"]
        self.annotations = meta.get("annotations", [])
        self.expected = meta["global"].get("lineside:expected", {})
        self.center_hz = self.captures[0].get("core:frequency", 0.0)

    @property
    def sample_bytes(self):
        return {"cu8": 2, "ci8": 2, "ci16_le": 4, "cf32_le": 8, "ru8": 1, "ri16_le": 2}[self.datatype]

    @property
    def samples(self):
        return os.path.getsize(self.data) // self.sample_bytes

    @property
    def duration_s(self):
        return self.samples / self.rate_sps

    @property
    def is_iq(self):
        return self.datatype[0] == "c"

    @property
    def technology(self):
        return self.expected.get("technology", "?")

    @property
    def energy(self):
        return self.expected.get("energy", {})

    @property
    def expects_bursts(self):
        """Something was on the air: the source says what, whatever a segmentation sees of it."""
        return self.is_iq and self.technology != "noise"

    @property
    def always_on(self):
        """A downlink without pauses: time-division ones are silent in half of their subframes."""
        return bool(self.expected.get("continuous")) and self.technology.endswith("-downlink")

    @functools.cached_property
    def start_ns(self):
        return parse_ns(self.captures[0].get("core:datetime", "1970-01-01T00:00:00Z"))

    def seconds_at(self, sample):
        """Seconds from the first sample to this one on the recording's own clock, gaps included."""
        last = max((c for c in self.captures if c["core:sample_start"] <= sample),
                   key=lambda c: c["core:sample_start"])
        within = (sample - last["core:sample_start"]) / self.rate_sps
        if "core:datetime" not in last:
            return last["core:sample_start"] / self.rate_sps + within
        return (parse_ns(last["core:datetime"]) - self.start_ns) / 1e9 + within


@dataclass
class Result:
    """What lineside made of a recording."""
    code: int = 0
    complaint: str = ""
    seconds: float = 0.0
    transmissions: list = field(default_factory=list)
    bursts: list = field(default_factory=list)
    observations: list = field(default_factory=list)  # as printed

    @property
    def strongest(self):
        return max(self.transmissions, key=lambda t: t.snr_db, default=None)


def event(line, start_ns):
    start_s = (parse_ns(line["start"]) - start_ns) / 1e9
    return Event(start_s, start_s + line["duration_s"], line["center_hz"], line["bandwidth_hz"],
                 line.get("snr_db", float("nan")), line.get("class", ""), line.get("bursts", 1))


def lines(text):
    return [json.loads(line) for line in text.splitlines() if line]


class Program:
    """The lineside binary under test."""

    def __init__(self, path):
        self.path = os.path.abspath(path)

    def run(self, *words):
        return subprocess.run([self.path, *words], capture_output=True, text=True, check=False,
                              timeout=LIMIT_S)

    def analyse(self, recording, threads="1"):
        """Analyse one recording into a database of its own and read everything back."""
        with tempfile.TemporaryDirectory() as scratch:
            db, bursts = os.path.join(scratch, "db"), os.path.join(scratch, "bursts")
            begin = time.monotonic()
            try:
                run = self.run("analyse", recording.path, "--db", db, "--bursts", bursts,
                               "--threads", threads)
            except subprocess.TimeoutExpired:
                return Result(code=-1, complaint=f"no end after {LIMIT_S} s", seconds=LIMIT_S)
            result = Result(run.returncode, run.stderr.strip(), time.monotonic() - begin)
            if run.returncode not in (0, 3):
                return result
            for verb in ("transmissions", "observations"):
                query = self.run(verb, "--db", db, "--json")
                if query.returncode != 0:
                    raise RuntimeError(f"lineside {verb}: {query.stderr}")
                setattr(result, verb, lines(query.stdout))
            with open(bursts, encoding="utf-8") as f:
                result.bursts = [event(line, recording.start_ns) for line in lines(f.read())]
            result.transmissions = [event(t, recording.start_ns) for t in result.transmissions]
            return result


def expected_files():
    """The recordings that the corpus must hold, as committed."""
    with open(os.path.join(TOP, "tests", "corpus", "expected.tsv"), encoding="utf-8") as f:
        return [line.split("\t")[0] for line in f.read().splitlines()[1:]]


def load():
    """Every recording of the corpus, in order; ends the program when there is none to read."""
    root = folder()
    if root is None:
        if in_ci():
            sys.exit("the corpus is missing: CI needs it at ../shared/captures or LINESIDE_CORPUS")
        print("no corpus here: set LINESIDE_CORPUS to the folder of recordings")
        sys.exit(SKIPPED)
    names = sorted(os.path.relpath(os.path.join(base, name), root)[:-len(".sigmf-meta")]
                   for base, _, files in os.walk(root) for name in files
                   if name.endswith(".sigmf-meta"))
    missing = sorted(set(expected_files()) - set(names))
    if missing and in_ci():
        sys.exit(f"the corpus lacks {len(missing)} files, the first is {missing[0]}")
    return [Recording(root, name) for name in names]
