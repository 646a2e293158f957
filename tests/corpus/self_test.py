#!/usr/bin/env python3
"""The claims can fail: each is shown a made-up result that keeps it and others that break it."""
from types import SimpleNamespace as Made

import claims
from corpus import Event, Result, parse_ns


def recording(name="ism/x", **more):
    made = dict(name=name, is_iq=True, technology="ism-ook", rate_sps=1000.0, duration_s=10.0,
                samples=10000, annotations=[], captures=[], expected={}, datatype="cu8",
                expects_bursts=True, always_on=False)
    return Made(**{**made, **more})


def on(start_s, stop_s, center_hz=0.0):
    return Event(start_s, stop_s, center_hz, 1e3, 20.0)


def called(kind):
    return Event(0.0, 1.0, 0.0, 1e3, 20.0, kind)


def found(*events, **more):
    return Result(transmissions=list(events), bursts=list(events), **more)


def sessions():
    names = ["sl109h_session_1461424216_433.92M_250k", "sl109h_session_1461428914_433.92M_250k"]
    captures = [{"core:sample_start": 1000 * n, "core:datetime": f"2020-01-01T00:00:{5 * n:02d}Z"}
                for n in range(9)]
    return [recording(name, captures=captures, samples=9000) for name in names]


def stamp(ms):
    return f"2020-01-01T00:00:{ms // 1000:02d}.{ms % 1000:03d}000000Z"


def ledger(every_ms=5000, on_ms=1000, off_ms=1000):
    rows = []
    for at in range(0, 9 * every_ms, every_ms):
        rows.append({"start": stamp(at), "stop": stamp(at + on_ms)})
        rows.append({"state": "off", "start": stamp(at + off_ms), "stop": stamp(at + every_ms)})
    return Result(observations=rows[:-1])


def hunter():
    return recording("long/hunter-roam_BBD_0012_433.92M_11k", expected={"pattern": {
        "cycles": 3, "period_s": 2.0, "first_start_s": 1.0, "last_end_s": 5.9}})


SENSORS = recording("ism/ambient_weather-01_f007th_433.92M_250k", annotations=[
    {"core:sample_start": 1000 * n, "core:sample_count": 500,
     "core:freq_lower_edge": 50e3 * n, "core:freq_upper_edge": 50e3 * n + 5e3} for n in range(5)])
FIVE = [on(n, n + 0.5, 50e3 * n) for n in range(5)]
ADSB = recording("adsb/modes1_first60pct_1090M_2000k", annotations=[
    {"core:sample_start": 1000 * n, "core:sample_count": 100} for n in range(10)])
FRAMES = [Event(n, n + 0.1, 1090e6, 1.6e6) for n in range(10)]
NARROW = [Event(n, n + 0.1, 1090e6, 2e5) for n in range(10)]
BESIDE = [Event(n, n + 0.1, 1089e6, 1.6e6) for n in range(10)]
CYCLES = [on(t + d, t + d + 0.3) for t in (1.0, 3.0, 5.0) for d in (0.0, 0.6)]
DOWNLINKS = [recording(f"lte/{n}", always_on=True) for n in range(5)]
AUDIO = [recording(f"discriminator/{n}", is_iq=False, datatype="ru8") for n in range(2)]
NOISE = [recording("lte/noise", technology="noise", expects_bursts=False)]
DECODED = [lambda r: [n / 100 for n in range(100)]]

# claim, recordings, extra arguments, a result that keeps it, results that break it
ROWS = [
    ("no_crash_or_hang", [recording()], [], found(), [found(code=-11), found(code=1)]),
    ("audio_is_refused", AUDIO, [], Result(code=1, complaint="datatype 'ru8' is not I/Q"),
     [Result(code=0), Result(code=1, complaint="no"), Result(code=1, complaint="'ru8'\nand more")]),
    ("bursts_where_expected", [recording()], [], found(on(0, 1)), [found()]),
    ("silence_in_noise", NOISE, [], found(), [found(on(0, 1))]),
    ("five_sensors_stay_five", [SENSORS], [], found(*FIVE),
     [found(*FIVE[1:]), found(*FIVE[1:], on(0, 0.5, 40e3)), found(*FIVE[1:], on(0, 0.4)),
      found(*FIVE, on(8, 9)), found(on(0, 5))]),
    ("segments_keep_their_times", sessions(), [parse_ns], ledger(),
     [ledger(every_ms=4000), ledger(on_ms=999, off_ms=999), ledger(off_ms=1001), found()]),
    ("downlinks_are_long", DOWNLINKS, [], found(on(0, 9.5)),
     [found(), found(on(0, 5)), found(on(0, 9.5), *[on(n, n + 1) for n in range(3)])]),
    ("hunter_shows_its_cycles", [hunter()], [], found(*CYCLES),
     [found(*CYCLES[2:]), found(*CYCLES[:-1]), found(on(1, 5.9)),
      found(*CYCLES[:2], on(3.5, 3.8), on(4.1, 4.4), *CYCLES[4:])]),
    ("threads_change_nothing", [recording()], [lambda r: found(on(0, 1))], found(on(0, 1)),
     [found(), found(on(0, 1.001))]),
    ("adsb_frames_are_bursts", [ADSB], [], found(*FRAMES), [found(*FRAMES[2:]), found(*NARROW), found(*BESIDE)]),
    ("classes_are_right_or_unknown", [recording()], [], found(called("ook")),
     [found(called("fsk")), found(called("unknown"))]),
    ("decoded_is_detected", [recording()], DECODED, found(on(0, 1)), [found(on(0, 0.5)), found()]),
]


def main():
    for name, recordings, extra, kept, broken in ROWS:
        claim = getattr(claims, name)
        wrong = list(claim(recordings, lambda r, k=kept: k, *extra))
        assert not wrong, f"{name} fails on a result that keeps it: {wrong}"
        for number, result in enumerate(broken):
            assert list(claim(recordings, lambda r, b=result: b, *extra)), \
                f"{name} passes broken result {number}"
    assert parse_ns("1970-01-01T00:00:01.000000007Z") == 1000000007
    assert parse_ns("2016-04-23T15:10:16Z") == 1461424216 * 10**9


main()
