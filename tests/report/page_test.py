#!/usr/bin/env python3
"""HTML reports in a browser: page_test.py LINESIDE TOP.

Reports of several kinds are laid out by headless Chromium at the widths of a small phone, a phone and
a desktop, and what a person or a screen reader would stumble over is looked for in the page as it is
laid out: sideways scrolling, text that is too small, too faint, cut off or on top of other text,
figures without words, headings out of order, tables and lists that are none, regions that scroll
and that no key reaches. Then it is printed to PDF. axe-core is no Debian package; these are its rules
that such a page can break.

The checks themselves are tried on a page that breaks each of them.
"""
import html
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import scenes  # noqa: E402

WIDTHS = (320, 390, 1280)
KINDS = ("scripted-cycle", "pass-by", "periodic-telemetry", "corridor-track", "steady-line")

# Runs within the page under test; gives a list of what is wrong.
CHECKS = r"""
function problems(doc, win) {
  const wrong = [];
  const say = (what, node) => wrong.push(what + (node ? ': ' + (node.textContent || node.tagName)
      .trim().replace(/\s+/g, ' ').slice(0, 60) : ''));
  const root = doc.documentElement;
  if (root.scrollWidth > win.innerWidth) say('scrolls sideways, ' + root.scrollWidth + ' pixels');
  if (!root.lang) say('has no language');
  if (!doc.title) say('has no title');
  if (doc.querySelectorAll('main').length !== 1) say('has not one main');
  const levels = [...doc.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(h => +h.tagName[1]);
  if (levels.filter(l => l === 1).length !== 1 || levels[0] !== 1) say('has not one h1, first');
  levels.forEach((l, i) => { if (i && l > levels[i - 1] + 1) say('skips a heading level'); });
  const luminance = c => {
    const v = c.slice(0, 3).map(x => { x /= 255;
      return x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2];
  };
  const parse = s => (s.match(/[\d.]+/g) || []).map(Number);
  const behind = node => {
    for (; node; node = node.parentElement) {
      const c = parse(win.getComputedStyle(node).backgroundColor);
      if (c.length && (c.length < 4 || c[3] > 0)) return c;
    }
    return [255, 255, 255];
  };
  const contrast = (a, b) => {
    const x = luminance(a), y = luminance(b);
    return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
  };
  for (const node of doc.querySelectorAll('body *')) {
    const own = [...node.childNodes].some(c => c.nodeType === 3 && c.data.trim());
    if (!own || ['STYLE', 'SCRIPT', 'TITLE'].includes(node.tagName.toUpperCase())) continue;
    const style = win.getComputedStyle(node);
    const svg = node.closest('svg');
    const color = parse(svg ? style.fill : style.color);
    const ratio = contrast(color, svg ? [255, 255, 255] : behind(node));
    if (ratio < 7) say('contrast of ' + ratio.toFixed(1), node);
    const box = node.getBoundingClientRect();
    const size = svg ? parseFloat(node.getAttribute('font-size')) *
        svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : parseFloat(style.fontSize);
    if (size < 9) say('letters of ' + size.toFixed(1) + ' pixels', node);
    if (box.width === 0 || box.height === 0) say('is not seen', node);
  }
  for (const svg of doc.querySelectorAll('svg')) {
    if (svg.getAttribute('role') !== 'img' || !(svg.getAttribute('aria-label') || '').trim())
      say('figure without words', svg);
    const frame = svg.getBoundingClientRect();
    const texts = [...svg.querySelectorAll('text')].map(t => [t, t.getBoundingClientRect()]);
    texts.forEach(([t, a], i) => {
      if (a.left < frame.left - 1 || a.right > frame.right + 1 || a.top < frame.top - 1 ||
          a.bottom > frame.bottom + 1) say('text leaves its figure', t);
      for (const [u, b] of texts.slice(i + 1)) {
        const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const tall = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (wide > 1 && tall > 5) say('text over text: ' + u.textContent, t);
      }
    });
  }
  for (const img of doc.querySelectorAll('img:not([alt])')) say('image without words', img);
  for (const table of doc.querySelectorAll('table')) {
    if (!table.caption || !table.caption.textContent.trim()) say('table without caption', table);
    if (!table.querySelector('th[scope]')) say('table without headings', table);
  }
  for (const item of doc.querySelectorAll('li'))
    if (!['UL', 'OL'].includes(item.parentElement.tagName)) say('item of no list', item);
  for (const item of doc.querySelectorAll('dt,dd'))
    if (item.parentElement.tagName !== 'DL') say('term of no list', item);
  for (const node of doc.querySelectorAll('body *')) {
    const style = win.getComputedStyle(node);
    const scrolls = /auto|scroll/.test(style.overflowX + style.overflowY) &&
      (node.scrollWidth > node.clientWidth + 1 || node.scrollHeight > node.clientHeight + 1);
    if (scrolls && node.tabIndex < 0) say('scrolls and no key reaches it', node);
    if (scrolls && node.getAttribute('role') && !node.getAttribute('aria-label'))
      say('region without a name', node);
  }
  const ids = [...doc.querySelectorAll('[id]')].map(n => n.id);
  if (new Set(ids).size !== ids.length) say('an id twice');
  if (doc.querySelector('script,link,iframe,object,embed')) say('is not self-contained');
  return wrong;
}
"""

BROKEN = """<!DOCTYPE html><html><head><title></title><style>.s{overflow:auto;width:50px;height:20px}
</style></head><body><h2>Later</h2><h1>First</h1><h4>Skipped</h4><p style="color:#999">Faint.</p>
<p style="font-size:7px">Small.</p><div style="width:3000px">Wide.</div>
<svg viewBox="0 0 100 100" width="100"><text x="10" y="20" font-size="12">one</text>
<text x="12" y="22" font-size="12">two</text><text x="95" y="50" font-size="12">leaves</text></svg>
<table><tr><td>cell</td></tr></table><li>item</li><dt>term</dt>
<div class="s">This scrolls, and it has no tab index at all, so that no key reaches it.</div>
<p id="a">a</p><p id="a">b</p><img src="data:,"><object></object></body></html>"""
BROKEN_WORDS = ["scrolls sideways", "has no language", "has no title", "has not one main",
                "has not one h1, first", "skips a heading level", "contrast of", "letters of 7.0",
                "figure without words", "text leaves its figure", "text over text",
                "image without words", "table without caption", "table without headings",
                "item of no list", "term of no list", "scrolls and no key reaches it",
                "an id twice", "is not self-contained"]


def chromium(program, folder, *words):
    return subprocess.run(
        [program, "--headless", "--disable-gpu", "--no-sandbox", "--disable-dev-shm-usage",
         "--no-first-run", "--disable-extensions", "--force-device-scale-factor=1",
         f"--user-data-dir={os.path.join(folder, 'profile')}", *words],
        capture_output=True, text=True, check=False, timeout=120,
        env={"PATH": "/usr/bin:/bin", "HOME": folder, "TMPDIR": folder, "LC_ALL": "C.UTF-8"})


def look_at(program, folder, pages):
    """{name: [what is wrong]} of pages {name: html}, each in a frame of each width."""
    frames = "\n".join(
        f'<iframe name="{html.escape(name)} at {width}" srcdoc="{html.escape(text)}" '
        f'style="width:{width}px;height:844px;border:0"></iframe>'
        for name, text in pages.items() for width in WIDTHS)
    bench = os.path.join(folder, "bench.html")
    with open(bench, "w", encoding="utf-8") as f:
        f.write(f"""<!DOCTYPE html><html><body>{frames}<script>{CHECKS}
addEventListener('load', () => {{
  const found = {{}};
  for (const frame of document.querySelectorAll('iframe'))
    found[frame.name] = problems(frame.contentDocument, frame.contentWindow);
  const out = document.createElement('pre');
  out.id = 'found';
  out.textContent = JSON.stringify(found);
  document.body.replaceChildren(out);
}});
</script></body></html>""")
    done = chromium(program, folder, "--virtual-time-budget=20000", "--dump-dom",
                    "file://" + bench)
    match = re.search(r'<pre id="found">(.*?)</pre>', done.stdout, re.DOTALL)
    if match is None:
        sys.exit(f"chromium laid out nothing (status {done.returncode}): {done.stderr[-2000:]}")
    return json.loads(html.unescape(match.group(1)))


def printed(program, folder, name, text):
    """What is wrong with the page on paper."""
    page = os.path.join(folder, "print.html")
    pdf = os.path.join(folder, "print.pdf")
    with open(page, "w", encoding="utf-8") as f:
        f.write(text)
    done = chromium(program, folder, "--no-pdf-header-footer", f"--print-to-pdf={pdf}",
                    "file://" + page)
    if not os.path.exists(pdf):
        yield f"{name}: was not printed: {done.stderr[-500:]}"
        return
    with open(pdf, "rb") as f:
        data = f.read()
    pages = len(re.findall(rb"/Type\s*/Page\b", data))
    if not data.startswith(b"%PDF-") or not 1 <= pages <= 40:
        yield f"{name}: {pages} pages of paper"


def main():
    lineside, top = map(os.path.abspath, sys.argv[1:3])
    program = shutil.which("chromium")
    if program is None:
        print("chromium is not installed: HTML reports were NOT looked at; scripts/setup --test")
        sys.exit(77)
    wrong = []
    with tempfile.TemporaryDirectory(prefix="lineside-page-") as folder:
        broken = look_at(program, folder, {"broken": BROKEN})["broken at 390"]
        for words in BROKEN_WORDS:
            if not any(found.startswith(words) for found in broken):
                wrong.append(f"the check '{words}' does not notice: {broken}")
        pages = {}
        for kind in KINDS:
            place = os.path.join(folder, kind)
            os.mkdir(place)
            database, incident = scenes.make(lineside, top, kind, place)
            pages[kind] = database.run("report", incident, "--format", "html")
            if kind == "corridor-track":
                pages["period"] = database.run("report", "--format", "html")
        for name, found in look_at(program, folder, pages).items():
            wrong += [f"{name}: {what}" for what in found]
        for name in ("period", "pass-by"):
            wrong += printed(program, folder, name, pages[name])
    print("\n".join(wrong))
    sys.exit(1 if wrong else 0)


main()
