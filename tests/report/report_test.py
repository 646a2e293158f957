#!/usr/bin/env python3
"""Reports as a reader gets them: report_test.py LINESIDE TOP.

A log with a clock, a script and ordinary traffic gives incidents; their reports are parsed by other
programs than wrote them: the HTML by html.parser, the figures in it by an XML parser, the JSON by
json. Texts of reports are scanned for words that would claim too much.
"""
import html.parser
import json
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml

# What no report may claim. The limits name some of these things to say that they are not known.
CLAIMS = re.compile(r"\b(IMSI|IMEI|MSISDN|subscriber|spy|spies|espionage|attacker|culprit|"
                    r"suspect|criminal|belongs to|owned by|located at|located in|coordinates|"
                    r"azimuth|payload says|decoded|demodulated|intercepted|message reads|"
                    r"who (?:sends|sent|is|was|it|they|calls|called|spoke)|whose phone|caller|called party|phone number|owner of|operator of|"
                    r"licen[cs]e plate|name of the|address of|conversation|speaks|text of|content(?!=)|"
                    r"kilometres away|metres away|km away|m away|direction of arrival|"
                    r"identif\w+|bearing|distance|intent\w*)\b", re.IGNORECASE)
DENIES = re.compile(r"\b(no|not|nobody|nothing|never|neither|without)\b", re.IGNORECASE)
VOID = {"meta", "br", "col", "hr", "img", "input", "link"}


def log_lines():
    """Three hours: a packet each 47 s, calls of 120 s with 30 s between, with a gap in listening."""
    def clock(s):
        return f"2026-11-20T{8 + int(s) // 3600:02d}:{int(s) // 60 % 60:02d}:{s % 60:06.3f}Z"
    yield {"type": "observation", "sensor": "km-1", "start": clock(0), "stop": clock(5000),
           "low_hz": 868e6, "high_hz": 869e6}
    yield {"type": "observation", "sensor": "km-1", "start": clock(5300), "stop": clock(10800),
           "low_hz": 868e6, "high_hz": 869e6}
    yield {"type": "observation", "sensor": "km-1", "start": clock(0), "stop": clock(10800),
           "low_hz": 890e6, "high_hz": 900e6}
    for i in range(220):
        at = i * 47 + (i * 37 % 11) / 1000
        if i % 9 != 4 and not 4999 < at < 5300:
            yield {"type": "transmission", "sensor": "km-1", "start": clock(at), "duration_s": 0.05,
                   "center_hz": 868.3e6, "bandwidth_hz": 60e3, "level_dbfs": -40, "snr_db": 20}
    for i in range(60):
        at = 100 + i * 150 + (i * 53 % 17) / 100
        yield {"type": "transmission", "sensor": "km-1", "start": clock(at),
               "duration_s": 120 + (i * 29 % 13) / 100, "center_hz": 895.2e6, "bandwidth_hz": 200e3,
               "level_dbfs": -50, "snr_db": 15}


class Page(html.parser.HTMLParser):
    """Problems of a page: tags that do not close, what it would fetch, what no ear can read."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.problems, self.ids, self.tags = [], [], set(), {}

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags[tag] = self.tags.get(tag, 0) + 1
        if tag not in VOID:
            self.open.append(tag)
        if tag in ("script", "link", "iframe", "object"):
            self.problems.append(f"has a <{tag}>")
        for name in ("src", "href", "xlink:href"):
            if attrs.get(name) and not attrs[name].startswith(("data:", "#")):
                self.problems.append(f"fetches {attrs[name]}")
        if "id" in attrs and attrs["id"] in self.ids:
            self.problems.append(f"has the id {attrs['id']} twice")
        self.ids.add(attrs.get("id"))
        if tag == "svg" and (attrs.get("role") != "img" or not attrs.get("aria-label")):
            self.problems.append("has a figure without words for it")
        if tag == "th" and attrs.get("scope") is None:
            self.problems.append("has a heading of a table without a scope")

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open[-1] != tag:
            self.problems.append(f"closes <{tag}> within {self.open[-1:]}")
        else:
            self.open.pop()


def claims(text):
    """Sentences that claim what one receiver cannot know."""
    for sentence in re.split(r"(?<=[.;:])\s+|\n\s*\n", text):
        if CLAIMS.search(sentence) and not DENIES.search(sentence):
            yield " ".join(sentence.split())


# Everything that finds, words, shows or sends a finding.
SPEAKING = ["src/report", "src/pattern", "src/cli/incidents.c", "src/cli/incidents_timeline.c",
            "src/cli/report.c", "src/cli/plot.c", "src/cli/patterns.c", "src/cli/patterns_say.c",
            "src/cli/emitters.c", "src/model/finding.c", "src/model/incident.c"]


def sources(top):
    for place in SPEAKING:
        path = os.path.join(top, place)
        if os.path.isdir(path):
            yield from (os.path.join(place, n) for n in sorted(os.listdir(path))
                        if n.endswith(".c"))
        else:
            yield place


def literals_of(text):
    """String literals of C, neighbouring ones joined."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    text = re.sub(r"^#include.*$", "", text, flags=re.MULTILINE)
    for match in re.finditer(r'(?:"(?:\\.|[^"\\\n])*"\s*)+', text):
        yield "".join(re.findall(r'"((?:\\.|[^"\\\n])*)"', match.group()))


def string_literals(top):
    """What findings, reports and figures can say."""
    for name in sources(top):
        with open(os.path.join(top, name), encoding="utf-8") as f:
            for literal in literals_of(f.read()):
                yield name, literal


def html_problems(text):
    page = Page()
    page.feed(text)
    yield from page.problems
    if page.open:
        yield f"leaves {page.open} open"
    for tag in ("title", "h1", "h2", "table", "svg", "main"):
        if page.tags.get(tag, 0) == 0:
            yield f"has no <{tag}>"
    for svg in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
        try:
            xml.fromstring(svg)
        except xml.ParseError as error:
            yield f"has a figure that is no XML: {error}"


def text_problems(text):
    for line in text.splitlines():
        if len(line) > 80:
            yield f"{len(line)} columns: {line}"
        if line != line.rstrip():
            yield f"blanks at the end: {line}"


def json_problems(text, sections):
    report = json.loads(text)
    for key in sections:
        if not report.get(key, {}).get("title"):
            yield f"has no section {key}"
    if "coverage" in report:
        coverage = report["coverage"]
        spent = sum(v for k, v in coverage.items() if k.endswith("_s"))
        start, stop = (report["found"][k] for k in ("start", "stop"))
        if not start < stop or spent <= 0:
            yield "has no time"


INCIDENT = ["found", "sureness", "parameters", "timing", "evidence", "rivals", "limits", "coverage",
            "instrument", "permits", "deletions", "provenance", "again"]
PERIOD = ["found", "on_air", "limits", "coverage", "instrument", "permits", "deletions",
          "provenance", "again"]


def report_problems(run, words, sections):
    for form in ("text", "html", "md", "json"):
        text = run("report", *words, "--format", form)
        name = " ".join(["report", *words, form])
        if text != run("report", *words, "--format", form):
            yield f"{name}: not the same twice"
        checks = {"text": text_problems, "html": html_problems, "md": lambda t: [],
                  "json": lambda t: json_problems(t, sections)}
        for problem in checks[form](text):
            yield f"{name}: {problem}"
        for claim in claims(re.sub(r"<style.*?</style>|<[^>]*>", " ", text, flags=re.DOTALL)):
            yield f"{name}: claims too much: {claim}"


def problems(lineside, top, folder):
    def run(*words):
        done = subprocess.run([lineside, *words], cwd=folder, check=False, capture_output=True,
                              text=True, env={"LC_ALL": "C.UTF-8", "TMPDIR": folder,
                                              "PATH": "/usr/bin:/bin"})
        if done.returncode != 0:
            sys.exit(f"lineside {' '.join(words)}: {done.stderr}")
        return done.stdout
    with open(os.path.join(folder, "log.jsonl"), "w", encoding="utf-8") as f:
        f.writelines(json.dumps(line) + "\n" for line in log_lines())
    run("import", "log.jsonl")
    incidents = [json.loads(line) for line in run("incidents", "--json").splitlines()]
    kinds = {incident["kind"] for incident in incidents}
    for kind in ("periodic-telemetry", "scripted-cycle"):
        if kind not in kinds:
            yield f"no {kind} among {sorted(kinds)}: nothing to report on"
    for incident in incidents:
        yield from report_problems(run, [str(incident["id"])], INCIDENT)
    yield from report_problems(run, [], PERIOD)
    yield from report_problems(run, ["--since", "2026-11-20T08:10:00Z", "--until",
                                     "2026-11-20T08:20:00Z", "--sensor", "km-1"], PERIOD)
    for name, text in string_literals(top):
        # The key of GeoJSON (RFC 7946); only those of sensors are ever written.
        text = re.sub(r'^coordinates$|\\"coordinates\\"', "", text)
        for claim in claims(text):
            yield f"{name}: claims too much: {claim}"


def main():
    lineside, top = map(os.path.abspath, sys.argv[1:3])
    # The scan itself must notice.
    for template in ("%s was sent by the phone of IMSI %s", "The emitter stands %.0f m away.",
                     "It bears %g degrees: bearing %g", "Who sends: %s", "They said '%s': content",
                     "at a distance of %g m"):
        found = list(literals_of(f'f(doc, "{template[:9]}"\n  "{template[9:]}", x); /* "no" */'))
        assert found == [template] and list(claims(template)), template
    assert list(claims("The device is located at km 3.")) and not list(claims("It names no bearing."))
    assert list(html_problems("<main><p>x</main>"))
    with tempfile.TemporaryDirectory() as folder:
        found = list(problems(lineside, top, folder))
    print("\n".join(found))
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
