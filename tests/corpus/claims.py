"""What must hold on real recordings. A claim takes the recordings and a function that analyses one,
and yields a line for each thing that is wrong."""
import statistics

SHARE_FOUND = 0.97       # of the files in which something is on the air
SHARE_FRAMES = 0.95      # of the ADS-B frames with a good checksum
SHARE_MISNAMED = 0.02    # of the recordings
SHARE_NAMED = 0.5        # of the recordings; the rest may be unknown
LONG_S = 1.0             # of recording, worth sharing out over threads
CARRIERS = {"lte/f1815.3_s19.2_bw20_0.08s_hackrf": 8}  # carriers side by side in one recording


def pick(recordings, *endings):
    """The recordings whose name ends so; a claim about a file that is not there is no claim."""
    found = [r for r in recordings if r.name.endswith(endings)]
    if len(found) != len(endings):
        raise LookupError(f"{len(found)} of the recordings {', '.join(endings)}")
    return found


def no_crash_or_hang(recordings, analyse):
    for recording in recordings:
        result = analyse(recording)
        if recording.is_iq and result.code != 0:
            yield f"{recording.name}: exit {result.code}: {result.complaint}"


def audio_is_refused(recordings, analyse):
    """Demodulated audio is no I/Q: one line that says so, and nothing else."""
    audio = [r for r in recordings if not r.is_iq]
    if len(audio) != 2:
        yield f"{len(audio)} audio recordings, 2 expected"
    for recording in audio:
        result = analyse(recording)
        if result.code != 1:
            yield f"{recording.name}: exit {result.code}, expected 1"
        if result.complaint.count("\n") or recording.datatype not in result.complaint:
            yield f"{recording.name}: not one line that names '{recording.datatype}': {result.complaint}"


def bursts_where_expected(recordings, analyse):
    expecting = [r for r in recordings if r.expects_bursts]
    silent = [r.name for r in expecting if not analyse(r).bursts]
    if len(expecting) - len(silent) < SHARE_FOUND * len(expecting):
        yield f"bursts in {len(expecting) - len(silent)} of {len(expecting)} files; none in: " + \
            ", ".join(silent)


def silence_in_noise(recordings, analyse):
    noise = [r for r in recordings if r.technology == "noise"]
    if not noise:
        yield "no recording of noise"
    for recording in noise:
        result = analyse(recording)
        if result.bursts or result.transmissions:
            yield f"{recording.name}: {len(result.bursts)} bursts in receiver noise"


def five_sensors_stay_five(recordings, analyse):
    """Five F007TH sensors, one after the other, each a little beside the other's frequency. A hump of
    the receiver and weaker radios are on the air as well: the sensors are 20 dB stronger."""
    recording, = pick(recordings, "ambient_weather-01_f007th_433.92M_250k")
    result = analyse(recording)
    found = [t for t in result.transmissions if t.snr_db > result.strongest.snr_db - 10]
    if len(found) != 5:
        yield f"{len(found)} transmissions, 5 expected"
    for number, known in enumerate(recording.annotations):
        start_s = known["core:sample_start"] / recording.rate_sps
        stop_s = start_s + known["core:sample_count"] / recording.rate_sps
        here = [t for t in found if t.overlaps(start_s, stop_s)]
        if len(here) != 1:
            yield f"sensor {number}: {len(here)} transmissions at {start_s:.3f} s"
            continue
        # The segmentation's 100 us windows blur the edges of a band by 10 kHz at most.
        low, high = known["core:freq_lower_edge"] - 10e3, known["core:freq_upper_edge"] + 10e3
        if not low <= here[0].center_hz <= high:
            yield f"sensor {number}: centre {here[0].center_hz:.0f} Hz outside {low:.0f}..{high:.0f}"
        if abs(here[0].start_s - start_s) > 2e-3 or abs(here[0].stop_s - stop_s) > 2e-3:
            yield f"sensor {number}: {here[0].start_s:.4f}..{here[0].stop_s:.4f} s, " \
                  f"known {start_s:.4f}..{stop_s:.4f} s"


def segments_keep_their_times(recordings, analyse, parse_ns):
    """Nine receptions of one session: nine stretches of listening and eight gaps, to the sample."""
    for recording in pick(recordings, "sl109h_session_1461424216_433.92M_250k",
                          "sl109h_session_1461428914_433.92M_250k"):
        rows = sorted(analyse(recording).observations, key=lambda row: row["start"])
        states = [row.get("state", "observed") for row in rows]
        if states != ["observed"] + ["off", "observed"] * 8:
            yield f"{recording.name}: ledger reads {states}"
            continue
        starts = [parse_ns(row["start"]) for row in rows]
        stops = [parse_ns(row["stop"]) for row in rows]
        if starts[1:] != stops[:-1]:
            yield f"{recording.name}: rows of the ledger do not abut"
        known = [parse_ns(c["core:datetime"]) for c in recording.captures]
        if starts[::2] != known:
            yield f"{recording.name}: stretches begin at {starts[::2]}, captures at {known}"
        firsts = [c["core:sample_start"] for c in recording.captures] + [recording.samples]
        for start, stop, first, end in zip(starts[::2], stops[::2], firsts, firsts[1:]):
            if stop - start != round((end - first) * 1e9 / recording.rate_sps):
                yield f"{recording.name}: {stop - start} ns observed of {end - first} samples"


def downlinks_are_long(recordings, analyse):
    """A carrier that never goes off is one long transmission: no storm of bursts, and not quiet."""
    downlinks = [r for r in recordings if r.always_on]
    if len(downlinks) < 5:
        yield f"{len(downlinks)} always-on recordings, at least 5 expected"
    for recording in downlinks:
        result = analyse(recording)
        longest = max((t.duration_s for t in result.transmissions), default=0.0)
        if longest < 0.9 * recording.duration_s:
            yield f"{recording.name}: longest transmission {longest:.4f} of " \
                  f"{recording.duration_s:.4f} s"
        most = CARRIERS.get(recording.name, 3)
        if len(result.transmissions) > most:
            yield f"{recording.name}: {len(result.transmissions)} transmissions, at most {most}"


def hunter_shows_its_cycles(recordings, analyse):
    """A remote that repeats two bursts 17 times. The bursts of a cycle are less than 0.4 s apart,
    the cycles more than 1 s; three cycles take half a second longer than the others. Weaker radios
    are on the air all the time: the remote's own transmissions are 20 dB stronger."""
    recording, = pick(recordings, "hunter-roam_BBD_0012_433.92M_11k")
    known = recording.expected["pattern"]
    first, last = known["first_start_s"] - 0.1, known["last_end_s"] + 0.1
    result = analyse(recording)
    found = sorted((t for t in result.transmissions if t.overlaps(first, last) and
                    t.snr_db > result.strongest.snr_db - 10), key=lambda t: t.start_s)
    cycles = []
    for transmission in found:
        if not cycles or transmission.start_s - cycles[-1][1] > 0.7:
            cycles.append([transmission.start_s, transmission.stop_s])
        cycles[-1][1] = max(cycles[-1][1], transmission.stop_s)
    if len(cycles) != known["cycles"]:
        yield f"{len(cycles)} cycles, {known['cycles']} expected: {cycles}"
        return
    period_s = statistics.median(b[0] - a[0] for a, b in zip(cycles, cycles[1:]))
    if abs(period_s - known["period_s"]) > 0.01 * known["period_s"]:
        yield f"cycles come every {period_s:.3f} s, {known['period_s']} s expected"
    if any(stop - start < 0.7 for start, stop in cycles):
        yield f"a cycle lacks one of its two bursts: {cycles}"


def covered(start_s, stop_s, events, slack_s):
    return any(e.start_s - slack_s <= stop_s and start_s <= e.stop_s + slack_s for e in events)


def adsb_coverage(recording, bursts):
    """(frames with a good checksum within a burst, frames, share of the time within bursts)."""
    frames = [(a["core:sample_start"] / recording.rate_sps,
               (a["core:sample_start"] + a["core:sample_count"]) / recording.rate_sps)
              for a in recording.annotations]
    seen = sum(covered(start, stop, bursts, 0.0) for start, stop in frames)
    return seen, len(frames), sum(b.duration_s for b in bursts) / recording.duration_s


def adsb_frames_are_bursts(recordings, analyse):
    """Frames with a good checksum are within bursts of the right place and width. The recording is
    a splice without the pauses, half of it on the air, so how finely the bursts are told apart is
    for the table to show."""
    recording, = pick(recordings, "adsb/modes1_first60pct_1090M_2000k")
    bursts = analyse(recording).bursts
    seen, frames, _ = adsb_coverage(recording, bursts)
    if seen < SHARE_FRAMES * frames:
        yield f"{seen} of {frames} frames are within a burst"
    for burst in bursts:
        # 1 us pulses: the main lobe is 2 MHz wide, 1 MHz holds most of the power
        if abs(burst.center_hz - 1090e6) > 0.2e6 or not 0.8e6 <= burst.bandwidth_hz <= 2e6:
            yield f"burst at {burst.start_s:.6f} s: {burst.center_hz:.0f} Hz, " \
                  f"{burst.bandwidth_hz:.0f} Hz wide"


def undetected(times_s, found):
    """The times of decoded messages at which nothing was found. rtl_433 puts a message at the first
    pulse of its package; pulses of noise before the message belong to the package when they are
    nearer than its reset limit, 100 ms for slow sensors."""
    return [t for t in times_s if not any(f.overlaps(t - 5e-3, t + 0.1) for f in found)]


def decoded_is_detected(recordings, analyse, decode):
    """What rtl_433 decodes from the same bytes lies within a transmission of ours."""
    messages = missed = 0
    for recording in recordings:
        if not recording.technology.startswith("ism-"):
            continue
        times = decode(recording)
        if not times:
            continue
        lost = undetected(times, analyse(recording).transmissions)
        messages += len(times)
        missed += len(lost)
        if lost:
            yield f"{recording.name}: {len(lost)} of {len(times)} messages outside, first at {lost[0]:.3f} s"
    if messages < 100:
        yield f"rtl_433 decoded {messages} messages in all, far fewer than it should"


def threads_change_nothing(recordings, analyse, analyse_alone):
    """One thread or several: the same rows. Looks where there is enough to share out."""
    long = [r for r in recordings if r.is_iq and r.duration_s >= LONG_S]
    if not long:
        yield f"no recording of {LONG_S} s"
    for recording in long:
        several, one = analyse(recording), analyse_alone(recording)
        if (several.bursts, several.transmissions) != (one.bursts, one.transmissions):
            yield f"{recording.name}: {len(several.bursts)} bursts, {len(one.bursts)} with one thread"


# What the strongest transmission of a recording may be called; what is not here may only be unknown.
CLASSES = {"ism-ook": {"ook"}, "pager-ook": {"ook"}, "ism-fsk": {"fsk"}, "wmbus": {"fsk"},
           "gsm-downlink": {"gsm"}, "gsm-uplink": {"gsm"}, "lte-downlink": {"lte-downlink"},
           "lte-tdd": {"lte-downlink"}, "lte-sidelink": {"lte-uplink"}, "nbiot-downlink": {"nb-iot"},
           "adsb": {"ads-b"}, "wifi-ofdm": {"wideband-noise-like"}, "vdl2": set()}


def heaviest(result):
    """The transmission with the most energy: what the recording was made of."""
    return max(result.transmissions, default=None,
               key=lambda t: 10 ** (t.snr_db / 10) * t.bandwidth_hz * t.duration_s)


def classes_are_right_or_unknown(recordings, analyse):
    """Of the heaviest transmissions at most 2 % are called what they are not, and half by name."""
    named, wrong, count = 0, [], 0
    for recording in recordings:
        allowed = CLASSES.get(recording.technology)
        found = heaviest(analyse(recording)) if recording.is_iq and allowed is not None else None
        if found is None:
            continue
        count += 1
        named += found.kind in allowed
        if found.kind not in allowed and found.kind != "unknown":
            wrong.append(f"{recording.name}: {found.kind}")
    if len(wrong) > SHARE_MISNAMED * count:
        yield f"{len(wrong)} of {count} misnamed: " + ", ".join(wrong)
    if named < SHARE_NAMED * count:
        yield f"{named} of {count} named, fewer than half"
