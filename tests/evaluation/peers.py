#!/usr/bin/env python3
"""peers.py BUILD [ROUNDS]: lineside and other programs on the same recording in the same run, written to
peers.txt beside this file.

20 MS/s ci16 of the sparse scene of bench_scene.h. Each program is a process of its own, on one
processor; processor time is user and system time of all its threads. Programs start in very
different times, so each runs over a short and over a long part, and a sample costs what the longer
run took more, divided by how many samples it had more. Rounds go over all programs in turn, and
medians are taken. Slow programs get shorter parts. Peak memory is that of the longer run.

None of the peers does all that lineside does: each line says what it stops at. So that like is held
against like, too, the channelizer alone is one of them (peer_bank.c), and the last lines hold it
against the other banks."""
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PACKAGES = ("gnuradio", "python3-scipy", "rtl-433")
ROUNDS = 3
RATE = 20_000_000
CHANNELS = 1024
TAPS = 8
MEGA = 1_000_000


def install():
    """As scripts/setup does; nothing is downloaded when all are there."""
    missing = []
    for package in PACKAGES:
        state = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Status}", package],
                               capture_output=True, text=True, check=False).stdout
        if state != "installed":
            missing.append(package)
    if missing:
        root = [] if os.geteuid() == 0 else ["sudo"]
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        apt = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=300"]
        subprocess.run([*root, *apt, "update"], env=env, stdout=sys.stderr, check=True)
        subprocess.run([*root, *apt, "-y", "install", "--no-install-recommends", *missing], env=env,
                       stdout=sys.stderr, check=True)


def gnuradio_source(gr, blocks, flow, path, samples):
    """Complex samples of the recording."""
    source = blocks.file_source(gr.sizeof_short, path, False)
    head = blocks.head(gr.sizeof_short, 2 * samples)
    convert = blocks.interleaved_short_to_complex(False, False, 32768.0)
    flow.connect(source, head, convert)
    return convert


def peer_gnuradio_pfb(path, samples):
    from gnuradio import blocks, filter as filters, gr
    from gnuradio.fft import window
    from gnuradio.filter import firdes
    flow = gr.top_block()
    source = gnuradio_source(gr, blocks, flow, path, samples)
    taps = firdes.low_pass(1.0, CHANNELS, 0.5, 0.5, window.WIN_KAISER, 6.0)
    taps = (list(taps) + [0.0] * CHANNELS * TAPS)[:CHANNELS * TAPS]
    split = blocks.stream_to_streams(gr.sizeof_gr_complex, CHANNELS)
    bank = filters.pfb_channelizer_ccf(CHANNELS, taps, 2.0)
    sink = blocks.null_sink(gr.sizeof_gr_complex)
    flow.connect(source, split)
    for c in range(CHANNELS):
        flow.connect((split, c), (bank, c))
        flow.connect((bank, c), (sink, c))
    flow.run()


def peer_gnuradio_stft(path, samples):
    from gnuradio import blocks, fft, gr
    flow = gr.top_block()
    source = gnuradio_source(gr, blocks, flow, path, samples)
    flow.connect(source, blocks.stream_to_vector(gr.sizeof_gr_complex, CHANNELS),
                 fft.fft_vcc(CHANNELS, True, [], False, 1), blocks.complex_to_mag_squared(CHANNELS),
                 blocks.null_sink(gr.sizeof_float * CHANNELS))
    flow.run()


def peer_scipy(path, samples):
    import numpy
    import scipy.signal
    raw = numpy.fromfile(path, dtype="<i2", count=2 * samples).astype("f4")
    scipy.signal.spectrogram(raw.view("c8"), fs=RATE, nperseg=CHANNELS, noverlap=CHANNELS // 2,
                             return_onesided=False)


IN_PYTHON = {"gnuradio-pfb": peer_gnuradio_pfb, "gnuradio-stft": peer_gnuradio_stft,
             "scipy": peer_scipy}


def in_python(name):
    return lambda build, path, samples: [sys.executable, os.path.abspath(__file__), "--peer", name,
                                         path, str(samples)]


def lineside(*options):
    return lambda build, path, samples: [os.path.join(build, "lineside"), "analyse", path, "--db",
                                         path + ".db", "--threads", "1", *options]


def liquid(build, path, samples):
    return [os.path.join(build, "tests", "evaluation", "peer_liquid"), path, str(samples)]


def bank(build, path, samples):
    return [os.path.join(build, "tests", "evaluation", "peer_bank"), path, str(samples)]


def rtl_433(build, path, samples):
    """Whole files: its -n counts bytes by pairs, whatever the format."""
    return ["rtl_433", "-r", f"cs16:{path}", "-s", str(RATE), "-F", "null"]


OWN_BANK = "lineside's bank alone"
# Bank against bank: the peer and what was wanted.
BANKS = (("liquid firpfbch2", 9), ("GNU Radio pfb_channelizer", 75))

# name, command, millions of samples of the longer run, what was wanted (0: nothing), what it does
PEERS = (
    ("lineside, no hash", lineside("--no-hash"), 100, 0, "file to committed rows"),
    ("lineside", lineside(), 100, 0, "the same and SHA-512 of the file"),
    (OWN_BANK, bank, 100, 0, "filter bank and powers, reading included"),
    ("liquid firpfbch2", liquid, 20, 7, "filter bank alone"),
    ("GNU Radio pfb_channelizer", in_python("gnuradio-pfb"), 4, 50, "filter bank alone"),
    ("GNU Radio STFT", in_python("gnuradio-stft"), 100, 2.5,
     "power of transforms without overlap"),
    ("scipy.signal.spectrogram", in_python("scipy"), 20, 15, "power of transforms, half overlap"),
    ("rtl_433", rtl_433, 100, 4, "one channel, all decoders"),
)
SHORT = 10  # of the longer run


def environment(folder):
    """GNU Radio takes shared memory segments for its 2,000 buffers, of which there are not as many;
    its other way to make them has no such limit."""
    for where in ("config/gnuradio/prefs", ".gnuradio/prefs"):
        os.makedirs(os.path.join(folder, where), exist_ok=True)
        with open(os.path.join(folder, where, "vmcircbuf_default_factory"), "w",
                  encoding="utf-8") as f:
            f.write("gr::vmcircbuf_mmap_shm_open_factory")
    return {**os.environ, "HOME": folder, "XDG_CONFIG_HOME": os.path.join(folder, "config"),
            "OMP_NUM_THREADS": "1"}


def run(command, env):
    """Processor seconds and peak MiB of a process."""
    for suffix in ("", "-wal", "-shm"):
        for word in command:
            if word.endswith(".db") and os.path.exists(word + suffix):
                os.remove(word + suffix)
    with open(os.devnull, "w", encoding="utf-8") as null:
        process = subprocess.Popen(["taskset", "-c", "0", *command], env=env, stdout=null,
                                   stderr=subprocess.PIPE)
        errors = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"peers.py: {command[0]} failed: {errors.decode(errors='replace')[-2000:]}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def write_recording(build, folder, millions):
    path = os.path.join(folder, f"scene_878M_20M_{millions}.cs16")
    bench = os.path.join(build, "tests", "evaluation", "analysis_bench")
    subprocess.run([bench, "write", "sparse", str(millions * MEGA / RATE), path], check=True)
    return path


def measure(build, folder, rounds):
    env = environment(folder)
    files = {n: write_recording(build, folder, n) for n in (10, 100)}
    results = {name: [] for name, *_ in PEERS}
    for _ in range(rounds):
        for name, command, millions, _, _ in PEERS:
            short = millions // SHORT if millions >= SHORT else 1
            # lineside and rtl_433 take whole files
            few = run(command(build, files[10 if short <= 10 else 100], short * MEGA), env)
            many = run(command(build, files[100], millions * MEGA), env)
            results[name].append((few[0], many[0], many[1], (many[0] - few[0]) / (millions - short)))
    return results


def table(results):
    ours = cost(results[PEERS[0][0]])
    yield f"{'program':26} {'MS':>4} {'CPU s':>7} {'MiB':>7} {'MS/s':>7} {'lineside is':>12}" \
          f" {'wanted':>7}  what it does"
    for name, _, millions, wanted, does in PEERS:
        rows = results[name]
        theirs = cost(rows)
        goal = f"{wanted}x" if wanted else "-"
        yield f"{name:26} {millions:4} {statistics.median(r[1] for r in rows):7.2f}" \
              f" {statistics.median(r[2] for r in rows):7.1f} {1.0 / theirs:7.1f}" \
              f" {theirs / ours:11.2f}x {goal:>7}  {does}"


def cost(rows):
    """Microseconds of a sample."""
    return statistics.median(r[3] for r in rows)


def banks(results):
    for name, wanted in BANKS:
        ratio = cost(results[name]) / cost(results[OWN_BANK])
        yield f"{OWN_BANK} is {ratio:.1f} times as fast as {name} (wanted: {wanted})"


def versions():
    out = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *PACKAGES,
                          "libliquid-dev", "libfftw3-single3"], capture_output=True, text=True,
                         check=True)
    return ", ".join(out.stdout.splitlines())


def main():
    build = os.path.abspath(sys.argv[1])
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else ROUNDS
    install()
    folder = tempfile.mkdtemp(prefix="lineside-peers-")
    try:
        results = measure(build, folder, rounds)
    finally:
        shutil.rmtree(folder)
    text = "\n".join(("the same recording in the same run, one processor, medians of rounds: "
                      f"{rounds}", "CPU s and MiB of the whole run; MS/s of processor time, start-up "
                      "taken off", versions(), "", *table(results), "", *banks(results), ""))
    with open(os.path.join(HERE, "peers.txt"), "w", encoding="utf-8") as f:
        f.write(text)
    print(text)


if sys.argv[1] == "--peer":
    IN_PYTHON[sys.argv[2]](sys.argv[3], int(sys.argv[4]))
else:
    main()
