"""Drives receivers with one sender and the same data, in interleaved rounds, and writes what was measured.

Started by compare.sh, which installs and builds what is needed. Each run is: a fresh folder, a fresh process of the
receiver, warm-ups that are not counted, then the instances for each number of associations; all SOP Instance UIDs are
new.
"""

import argparse
import contextlib
import datetime
import json
import mmap
import os
import pathlib
import platform
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
OURS = os.environ.get("RECEIVERS", str(HERE / "Drimbox.Receivers/bin/Release/net10.0/receivers"))

# name: (what it is, instances of a run, instances of a warm-up)
SETS = {
    "ct": ("512 KiB CT", 640, 160),
    "mr": ("32 KiB MR", 9600, 1200),
    "cr": ("10 MiB CR", 48, 16),
}

# Of memory before each measured run: what a run stores, and as much again for its sender.
WARM_MEBIBYTES = 1280

# What warming leaves alone of the free memory.
SPARE_MEBIBYTES = 384

# Receivers without an index: their files can be emptied between runs.
FILES_ONLY = {"discard", "engine-discard", "floor-a", "engine", "storescp", "fo-dicom"}

# Receivers that need too long for a whole run get a part of it.
SHARES = {"orthanc": 0.5, "dcmqrscp": 0.1}

# What is compared is a receiver that has run for hours. A just-in-time compiler first compiles in haste, and again, some
# 100 ms after it noticed, what is called often: of 48 large images it still took a fifth of the processor time after four
# warm-ups. So every receiver on .NET, floors and those of others alike, compiles once and well (TC_QuickJit below).
WARM_UPS = 5
WARM_UP_PAUSE = 0.25

# Receivers that are one of ours, and those that are others'. The order is rotated from round to round.
OWN = ["discard", "floor-a", "floor-b", "engine", "engine-discard", "archive"]
PEERS = ["storescp", "orthanc", "dcmqrscp", "fo-dicom"]
ENVIRONMENT = {**os.environ, "TCP_NODELAY": "1", "DOTNET_TC_QuickJit": "0"}
TICKS = os.sysconf("SC_CLK_TCK")


def command(receiver, port, folder, kind):
    """The command line of a receiver that listens on a port and stores into a folder."""
    if receiver in OWN:
        return [OURS, receiver, "--port", str(port), "--folder", str(folder), "--set", kind]
    if receiver == "storescp":
        return ["storescp", "+B", "--fork", "--max-pdu", "131072", "-aet", "RECEIVER", "-od", str(folder), str(port)]
    if receiver == "orthanc":
        configuration = folder / "orthanc.json"
        configuration.write_text(json.dumps({
            "Name": "RECEIVER", "DicomAet": "RECEIVER", "DicomPort": port, "HttpPort": port + 1,
            "StorageDirectory": str(folder / "store"), "IndexDirectory": str(folder / "store"),
            "DicomCheckCalledAet": False, "DicomAlwaysAllowStore": True, "MaximumPduLength": 131072,
            "RemoteAccessAllowed": False, "Plugins": []}))
        return ["Orthanc", str(configuration)]
    if receiver == "dcmqrscp":
        configuration = folder / "dcmqrscp.cfg"
        (folder / "store").mkdir()
        configuration.write_text(
            f'NetworkTCPPort = {port}\nMaxPDUSize = 131072\nMaxAssociations = 64\n'
            'HostTable BEGIN\nHostTable END\nVendorTable BEGIN\nVendorTable END\n'
            f'AETable BEGIN\nRECEIVER {folder / "store"} RW (1000000, 1024mb) ANY\nAETable END\n')
        return ["dcmqrscp", "-c", str(configuration), str(port)]
    if receiver == "fo-dicom":
        return [os.environ["FODICOM_RECEIVER"], str(port), str(folder)]
    sys.exit(f"There is no receiver '{receiver}'.")


def is_installed(receiver):
    if receiver == "fo-dicom":
        return "FODICOM_RECEIVER" in os.environ
    return receiver in OWN or shutil.which(command_name(receiver)) is not None


def command_name(receiver):
    return {"orthanc": "Orthanc"}.get(receiver, receiver)


def free_port():
    """A port below the range of outgoing connections, with its neighbour."""
    for port in range(20000 + os.getpid() % 5000, 30000, 2):
        with socket.socket() as one, socket.socket() as two:
            try:
                one.bind(("127.0.0.1", port))
                two.bind(("127.0.0.1", port + 1))
                return port
            except OSError:
                continue
    sys.exit("No free port.")


def stat_fields(pid):
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()


def descendants(pid):
    """The process and all below it: storescp --fork serves each association in a child."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                children.setdefault(int(stat_fields(entry)[1]), []).append(int(entry))
            except OSError:
                continue
    found, waiting = [], [pid]
    while waiting:
        found.append(waiting.pop())
        waiting += children.get(found[-1], [])
    return found


def cpu_seconds(pid):
    """User and system time of the process, of its living descendants, and of those it has waited for."""
    ticks = 0
    for one in descendants(pid):
        try:
            ticks += sum(int(value) for value in stat_fields(one)[11:15])
        except OSError:
            continue
    return ticks / TICKS


def await_children(pid, deadline):
    """A child that has ended is counted once its parent has waited for it."""
    while len(descendants(pid)) > 1 and time.monotonic() < deadline:
        time.sleep(0.02)


def settle(pid, deadline):
    """Waits until the receiver has stopped working by itself: compiling, closing, writing."""
    time.sleep(WARM_UP_PAUSE)
    await_children(pid, deadline)
    before = -1.0
    while cpu_seconds(pid) > before and time.monotonic() < deadline:
        before = cpu_seconds(pid)
        time.sleep(0.15)


def await_port(port, process, deadline):
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError("the receiver ended at once")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError("the receiver does not listen")


def send(port, kind, instances, associations, run, verb="send"):
    arguments = [OURS, verb, "--port", str(port), "--set", kind, "--instances", str(instances), "--run", str(run)]
    if verb == "send":
        arguments += ["--associations", str(associations)]
    done = subprocess.run(arguments, env=ENVIRONMENT, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip().splitlines()[0] if done.stderr.strip() else "the sender failed")
    return json.loads(done.stdout)


def touched(mebibytes):
    """Memory of this process, every page of it written to."""
    block = b"\1" * (1 << 20)
    memory = mmap.mmap(-1, mebibytes << 20)
    for at in range(0, mebibytes << 20, 1 << 20):
        memory[at:at + len(block)] = block
    return memory


def free_mebibytes():
    with open("/proc/meminfo") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("MemFree")) // 1024


def warm_memory(most):
    """Touches free memory and gives it back, so that the page cache of the next run is made of pages that this machine
    already has. In a virtual machine a page that was never used, or that was free for some seconds, is fetched from the
    host at several times the cost of receiving what goes into it, and which run meets such pages is chance."""
    mebibytes = min(most, free_mebibytes() - SPARE_MEBIBYTES)
    if mebibytes > 0:
        touched(mebibytes).close()


def empty(folder):
    """Frees the space of a run's files, before the kernel begins to write them back, but keeps their names to the end:
    ext4 steps over inodes that were deleted in the last seconds, and the next run would pay for that."""
    for path in folder.rglob("*"):
        if path.is_file():
            os.truncate(path, 0)


class Runs:
    """Everything that was measured: (set, associations, receiver, round) -> figures."""

    def __init__(self, options):
        self.options = options
        self.serial = int(time.time()) % 4_000_000_000
        self.figures = {}
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="receivers-", dir=options.folder))
        # Top of a hierarchy: ext4 spreads the folders below it over the disk, so that the files of a run are not beside
        # those that an earlier comparison deleted, which it steps over for minutes.
        subprocess.run(["chattr", "+T", str(self.root)], stderr=subprocess.DEVNULL, check=False)

    def fresh(self):
        self.serial += 1
        return self.serial

    @contextlib.contextmanager
    def receiver(self, receiver, kind):
        """A process of a receiver with a fresh folder: its process id, port and folder."""
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.root))
        port = free_port()
        process = subprocess.Popen(
            command(receiver, port, folder, kind), env=ENVIRONMENT, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            await_port(port, process, time.monotonic() + 20)
            yield process.pid, port, folder
        finally:
            try:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(10)
            except (subprocess.TimeoutExpired, ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            empty(folder)
            time.sleep(self.options.pause)

    def run(self, receivers, kind, lanes, round_):
        """One round of a set: all receivers stand side by side, and take turns at each number of associations, so that what
        is compared was measured within seconds of each other. An idle receiver costs nothing."""
        with contextlib.ExitStack() as standing:
            ready = {}
            for receiver in receivers:
                try:
                    ready[receiver] = standing.enter_context(self.receiver(receiver, kind))
                    self.warm_up(receiver, kind, *ready[receiver][:2])
                except (RuntimeError, OSError, subprocess.TimeoutExpired) as fault:
                    ready.pop(receiver, None)
                    print(f"{round_ + 1} {kind} {receiver} failed: {fault}", flush=True)
            for count in lanes:
                for turn in range(self.options.turns):
                    order = list(ready)
                    for receiver in order[turn % len(order):] + order[:turn % len(order)]:
                        try:
                            self.take_turn(receiver, kind, count, round_ * self.options.turns + turn, *ready[receiver])
                        except (RuntimeError, OSError, subprocess.TimeoutExpired) as fault:
                            print(f"{round_ + 1} {kind} {receiver} failed: {fault}", flush=True)

    def warm_up(self, receiver, kind, pid, port):
        for _ in range(WARM_UPS):
            send(port, kind, max(4, int(SETS[kind][2] * SHARES.get(receiver, 1.0))), 4, self.fresh())
            settle(pid, time.monotonic() + 3)

    def take_turn(self, receiver, kind, count, turn, pid, port, folder):
        number = max(2 * count, int(SETS[kind][1] * SHARES.get(receiver, 1.0) * self.options.scale))
        warm_memory(1 << 20 if self.options.leave_free else WARM_MEBIBYTES)
        before = cpu_seconds(pid)
        sent = send(port, kind, number, count, self.fresh())
        await_children(pid, time.monotonic() + 3)
        figures = {
            "rate": number / sent["seconds"],
            "cpu": (cpu_seconds(pid) - before) / number * 1000,
            "senderCpu": sent["senderCpu"] / number * 1000,
        }
        self.figures[kind, count, receiver, turn] = figures
        print(f"{turn + 1} {kind} {count:2} {receiver:15} {figures['rate']:8.0f}/s {figures['cpu']:7.3f} ms "
              f"CPU, sender {figures['senderCpu']:.3f} ms", flush=True)
        settle(pid, time.monotonic() + 3)
        if receiver in FILES_ONLY:
            empty(folder)

    def syncs(self, receiver):
        """fsync and fdatasync calls an instance, of 100 instances over one association and over four."""
        counts = []
        with self.receiver(receiver, "ct") as (pid, port, _):
            send(port, "ct", 20, 1, self.fresh())
            for associations in (1, 4):
                with tempfile.NamedTemporaryFile("r") as trace:
                    tracer = subprocess.Popen(
                        ["strace", "-f", "-qq", "-e", "trace=fsync,fdatasync", "-o", trace.name, "-p", str(pid)],
                        stderr=subprocess.DEVNULL)
                    time.sleep(1)
                    send(port, "ct", 100, associations, self.fresh())
                    time.sleep(0.5)
                    tracer.send_signal(signal.SIGINT)
                    tracer.wait(10)
                    calls = [line for line in trace if "sync(" in line]
                counts.append(len(calls) / 100)
        return counts

    def tail(self, receiver):
        with self.receiver(receiver, "ct") as (_, port, _):
            return send(port, "ct", 200, 1, self.fresh(), verb="tail")

    def of(self, kind, associations, receiver, what, rounds):
        return [self.figures[kind, associations, receiver, r][what] for r in rounds]


def spread(values, digits=2):
    middle = statistics.median(values)
    return f"{middle:.{digits}f} ({min(values):.{digits}f}–{max(values):.{digits}f})"


def report(runs, kinds, lanes, receivers, rounds, tails, syncs):
    """The note, as Markdown."""
    lines = []
    git = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=HERE, capture_output=True, text=True)
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), "unknown")
    lines += [
        f"# Receivers compared, {datetime.date.today()}",
        "",
        f"Commit {git.stdout.strip()}; {os.cpu_count()} cores of {model}; Linux {platform.release()}; load average at "
        f"the end {os.getloadavg()[0]:.1f}; sender and receiver on this machine, over 127.0.0.1.",
        "",
        f"{len(rounds) // runs.options.turns} rounds of {runs.options.turns} turns; in a round each set and receiver has a "
        "fresh folder and a fresh process, warm-ups that are not counted, and then a turn after the others at each number of "
        "associations, in rotated order; new SOP Instance UIDs each; TCP_NODELAY on both ends; PDUs of 128 KiB. "
        "A cell is the median of the turns with (least–most). Ratios are medians of the ratios within a turn. CPU is user "
        "and system time of the receiver with its children, per instance.",
        "",
    ]
    for kind in kinds:
        for count in lanes:
            def usable(receiver):
                return [r for r in rounds if (kind, count, receiver, r) in runs.figures]

            lines += [
                f"## {SETS[kind][0]}, {count} association{'s' if count > 1 else ''}",
                "",
                "| receiver | instances/s | CPU ms | rate ÷ floor A | rate ÷ floor B | rate ÷ storescp | "
                "CPU ÷ storescp | rate ÷ orthanc | CPU ÷ orthanc |",
                "|---|---|---|---|---|---|---|---|---|",
            ]
            void = [
                r for r in usable("floor-a") if r in usable("storescp")
                and runs.figures[kind, count, "floor-a", r]["rate"]
                < 0.9 * runs.figures[kind, count, "storescp", r]["rate"]]
            for receiver in receivers:
                mine = [r for r in usable(receiver) if r not in void] or usable(receiver)
                if not mine:
                    lines.append(f"| {receiver} | failed | | | | | | | |")
                    continue
                cells = [receiver, spread(runs.of(kind, count, receiver, "rate", mine), 0),
                         spread(runs.of(kind, count, receiver, "cpu", mine), 2)]
                for other, what in (("floor-a", "rate"), ("floor-b", "rate"), ("storescp", "rate"), ("storescp", "cpu"),
                                    ("orthanc", "rate"), ("orthanc", "cpu")):
                    both = [r for r in mine if r in usable(other)]
                    ratios = [a / b for a, b in zip(runs.of(kind, count, receiver, what, both),
                                                    runs.of(kind, count, other, what, both)) if b > 0]
                    cells.append(spread(ratios) if ratios else "")
                lines.append("| " + " | ".join(cells) + " |")
            if void:
                lines += ["", f"Void, floor A below 0.9 × storescp: turn {', '.join(str(r + 1) for r in void)}."]
            lines.append("")
    if syncs:
        lines += [
            "## Calls of fsync and fdatasync an instance, 512 KiB CT",
            "",
            "| receiver | 1 association | 4 associations |",
            "|---|---|---|",
            *(f"| {receiver} | {one:.2f} | {four:.2f} |" for receiver, (one, four) in syncs.items()),
            "",
        ]
    if tails:
        lines += [
            "## From the last byte to the response",
            "",
            "One association, no window, 512 KiB CT: all but the last 1,024 bytes are sent and taken, then the clock "
            "starts. Beside it a C-ECHO over the same association. Microseconds, p50 / p90 / p99.",
            "",
            "| receiver | C-STORE | C-ECHO |",
            "|---|---|---|",
        ]
        for receiver, figures in tails.items():
            cells = [" / ".join(f"{figures[what][p]:.0f}" for p in ("p50", "p90", "p99")) for what in ("store", "echo")]
            lines.append(f"| {receiver} | {cells[0]} | {cells[1]} |")
        lines.append("")
    return "\n".join(lines)


def measure_all(runs, kinds, lanes, receivers):
    """The rounds that were measured, and for each receiver the time from the last byte to the response."""
    options, start, longest, rounds = runs.options, time.monotonic(), 0.0, []
    for round_ in range(options.rounds):
        began = time.monotonic()
        if rounds and began - start + longest > options.minutes * 60:
            print(f"no time for round {round_ + 1}", file=sys.stderr)
            break
        order = receivers[round_ % len(receivers):] + receivers[:round_ % len(receivers)]
        for kind in kinds:
            runs.run(order, kind, lanes, round_)
        rounds += range(round_ * options.turns, (round_ + 1) * options.turns)
        longest = max(longest, time.monotonic() - began)

    tails, syncs = {}, {}
    for receiver in [name for name in receivers if shutil.which("strace") and name not in ("discard", "engine-discard")]:
        try:
            syncs[receiver] = runs.syncs(receiver)
        except (RuntimeError, OSError, subprocess.TimeoutExpired) as fault:
            print(f"calls of fsync, {receiver}: failed: {fault}", flush=True)
    for receiver in [name for name in receivers if name in ("engine", "engine-discard", "archive", *PEERS)]:
        try:
            tails[receiver] = runs.tail(receiver)
        except (RuntimeError, OSError, subprocess.TimeoutExpired) as fault:
            print(f"last byte to response, {receiver}: failed: {fault}", flush=True)
    return rounds, tails, syncs


def main():
    parser = argparse.ArgumentParser(prog="compare.sh", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--turns", type=int, default=3, help="of each receiver in a round, at each number of associations")
    parser.add_argument("--sets", default="ct,mr,cr", help="of ct, mr, cr")
    parser.add_argument("--associations", default="1,4,16")
    parser.add_argument("--receivers", default=",".join(OWN + PEERS))
    parser.add_argument("--folder", default="/var/tmp", help="where the receivers store (default: /var/tmp)")
    parser.add_argument("--output", help="the note to write (default: perf/results/<date>.md)")
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of instances in a run")
    parser.add_argument("--pause", type=float, default=0.3, help="seconds between runs")
    parser.add_argument("--minutes", type=float, default=20, help="no round begins that would end later")
    parser.add_argument("--leave-free", type=int, default=0, metavar="MIB",
                        help="hold all memory but this, so that all that is free can be warmed (in a virtual machine)")
    parser.add_argument("--quick", action="store_true", help="1 round of a quarter of the instances: does it work?")
    options = parser.parse_args()
    # So that the receivers end with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if options.quick:
        options.rounds, options.scale = 1, 0.25
    kinds = options.sets.split(",")
    lanes = [int(count) for count in options.associations.split(",")]
    receivers = [name for name in options.receivers.split(",") if is_installed(name)]
    for name in set(options.receivers.split(",")) - set(receivers):
        print(f"left out, not installed: {name}", file=sys.stderr)

    # Held to the end.
    ballast = touched(free_mebibytes() - options.leave_free) if options.leave_free else None
    runs = Runs(options)
    try:
        rounds, tails, syncs = measure_all(runs, kinds, lanes, receivers)
    finally:
        if ballast:
            ballast.close()
        shutil.rmtree(runs.root, ignore_errors=True)
    output = pathlib.Path(options.output or HERE / "results" / f"{datetime.date.today()}.md")
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(report(runs, kinds, lanes, receivers, rounds, tails, syncs) + "\n")
    print(output)


if __name__ == "__main__":
    main()
