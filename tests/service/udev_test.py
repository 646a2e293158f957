#!/usr/bin/env python3
"""The udev rules are well formed, and a radio reaches them: udev_test.py RULES.

udev skips a line that it cannot read and says so only in its log, so a slip would show as a radio
that nobody may open. The rules are followed here as udev does, for radios and for others.
"""
import re
import sys

TOKEN = re.compile(r'(\w+)(?:\{(\w+)\})?(==|!=|=|\+=)"([^"]*)"(?:, |$)')
RADIOS = {"RTL-SDR": ("0bda", "2838"), "HackRF One": ("1d50", "6089"), "Airspy": ("1d50", "60a1"),
          "Airspy HF+": ("03eb", "800c"), "LimeSDR-USB": ("1d50", "6108"),
          "USRP B210": ("2500", "0020"), "bladeRF 2": ("2cf0", "5250"),
          "SDRplay RSP1A": ("1df7", "3000")}
OTHERS = {"a keyboard": ("046d", "c31c"), "another maker's 2838": ("0bdb", "2838"),
          "a card reader of Realtek": ("0bda", "0129"), "OpenMoko's other devices": ("1d50", "6000")}


def parse(path):
    """A list of (line number, tokens); exits on what is no rule."""
    rules = []
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            line = line.rstrip("\n")
            if not line or line.startswith("#"):
                continue
            tokens = TOKEN.findall(line)
            if "".join(f'{k}{"{" + a + "}" if a else ""}{o}"{v}", ' for k, a, o, v in tokens)[:-2] \
                    != line:
                sys.exit(f"{path}:{number}: is no rule: {line}")
            rules.append((number, tokens))
    return rules


def applied(rules, facts):
    """What is assigned to a device with these facts."""
    done, skip_to = {}, None
    for _, tokens in rules:
        if skip_to:
            if ("LABEL", "", "=", skip_to) in tokens:
                skip_to = None
            continue
        asked = [(k, a, o, v) for k, a, o, v in tokens if o in ("==", "!=")]
        if all((facts.get((k, a), "") in v.split("|")) == (o == "==") for k, a, o, v in asked):
            for k, a, o, v in tokens:
                if k == "GOTO":
                    skip_to = v
                elif o in ("=", "+=") and k != "LABEL":
                    done[k, a] = v
    if skip_to:
        sys.exit(f"there is no label '{skip_to}'")
    return done


def check(rules):
    for expected, devices in ((True, RADIOS), (False, OTHERS)):
        for name, (vendor, product) in devices.items():
            facts = {("ACTION", ""): "add", ("SUBSYSTEM", ""): "usb",
                     ("ENV", "DEVTYPE"): "usb_device", ("ATTR", "idVendor"): vendor,
                     ("ATTR", "idProduct"): product}
            done = applied(rules, facts)
            opened = done.get(("MODE", "")) == "0660" and done.get(("GROUP", "")) == "plugdev"
            if opened != expected:
                yield f"{name} ({vendor}:{product}) is {'not ' if expected else ''}opened: {done}"
    ids = [(number, tokens[0][3], product) for number, tokens in rules
           if tokens[0][1] == "idVendor" and len(tokens) == 3
           for product in tokens[1][3].split("|")]
    for number, vendor, product in ids:
        if not re.fullmatch("[0-9a-f]{4}", vendor) or not re.fullmatch("[0-9a-f]{4}", product):
            yield f"line {number}: {vendor}:{product} is no pair of lower-case ids"
    if len(set(i[1:] for i in ids)) != len(ids):
        yield "a device is listed twice"


def main():
    rules = parse(sys.argv[1])
    wrong = list(check(rules))
    print("\n".join(wrong))
    # The check itself notices a rule that is gone.
    if not list(check(rules[:3] + rules[-3:])):
        wrong.append("a file without radios passes")
    sys.exit(1 if wrong else 0)


main()
