"""Fills an archive with studies of invented patients, asks it over a socket, and writes what was measured.

Started by find.sh. Every archive is the ordinary program (drimbox run) with a store of its own; the client is the same
for all. The stores are deleted at the end.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
QUERIES = os.environ.get("QUERIES", str(HERE / "Drimbox.Queries/bin/Release/net10.0/queries"))
DRIMBOX = os.environ.get("DRIMBOX", str(HERE.parent / "src/Drimbox.Gateway/bin/Release/net10.0/drimbox"))
ENVIRONMENT = {**os.environ, "TCP_NODELAY": "1"}

# Studies that are sent have numbers from here on, beyond those that are filled in.
SENT_FROM = 100_000_000


def free_port():
    """A port below the range of outgoing connections, with its neighbour."""
    for port in range(21000 + os.getpid() % 5000, 30000, 2):
        with socket.socket() as one, socket.socket() as two:
            try:
                one.bind(("127.0.0.1", port))
                two.bind(("127.0.0.1", port + 1))
                return port
            except OSError:
                continue
    raise SystemExit("No free port.")


def queries(*arguments):
    """The results of a run of the client, a line each."""
    done = subprocess.run([QUERIES, *map(str, arguments)], env=ENVIRONMENT, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"queries {arguments[0]} failed:\n{done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()]


class Archive:
    """An archive that runs, with its own folder."""

    def __init__(self, folder, command, called):
        self.folder, self.called = folder, called
        self.port = free_port()
        self.process = subprocess.Popen(
            command(self.port), env=ENVIRONMENT, start_new_session=True, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 120
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    break
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("the archive does not listen")
            time.sleep(0.05)

    def memory(self):
        """VmHWM of the process, MiB."""
        with open(f"/proc/{self.process.pid}/status") as file:
            return next(int(line.split()[1]) // 1024 for line in file if line.startswith("VmHWM"))

    def stop(self):
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def drimbox(folder):
    folder.mkdir(mode=0o700, exist_ok=True)

    def command(port):
        configuration = folder.with_suffix(".json")
        configuration.write_text(json.dumps({
            "DataFolder": str(folder), "LogLevel": "Warning",
            "Archive": {
                "Node": "archive", "Callers": ["QUERIES"], "FindResultsMax": 100_000,
                "Dicom": {"AeTitle": "DRIMBOX", "Address": "127.0.0.1", "Port": port}}}))
        return [DRIMBOX, "run", "--config", configuration]

    return Archive(folder, command, "DRIMBOX")


def orthanc(folder):
    folder.mkdir()

    def command(port):
        configuration = folder / "orthanc.json"
        configuration.write_text(json.dumps({
            "Name": "ORTHANC", "DicomAet": "ORTHANC", "DicomPort": port, "HttpPort": port + 1,
            "StorageDirectory": str(folder / "store"), "IndexDirectory": str(folder / "store"),
            "DicomCheckCalledAet": False, "DicomAlwaysAllowStore": True, "DicomAlwaysAllowFind": True,
            "RemoteAccessAllowed": False, "Plugins": []}))
        return ["Orthanc", configuration]

    return Archive(folder, command, "ORTHANC")


def ms(microseconds):
    return f"{microseconds / 1000:.2f}"


def ask(options, store, lines):
    """Latencies on the big store."""
    print("asking", flush=True)
    results = queries("ask", "--port", store.port, "--called", store.called, "--studies", options.studies,
                      "--seed", options.seed, "--keys", options.keys)
    lines += [
        "## Latency", "",
        "One association, one query at a time, from the last byte of the request. Half of the "
        f"{options.keys:,} keys of each single attribute miss. First 100: to the 100th match, or the final response if there are fewer. "
        "Cancelled: from C-CANCEL, sent at the first match, to FE00, and the matches that came before it.", "",
        "| key | queries | matches (median) | first 100: p50, p99 ms | final response: p50, p99, max ms |",
        "|---|---|---|---|---|"]
    for r in results:
        first = f"{ms(r['first100']['p50'])}, {ms(r['first100']['p99'])}" if "first100" in r else ""
        final = ", ".join(ms(r["final"][p]) for p in ("p50", "p99", "max"))
        lines.append(f"| {r['key']} | {r['keys']:,} | {r.get('matches', '')} | {first} | {final} |")
        print(lines[-1], flush=True)
    lines += ["", f"VmHWM of the archive after it: {store.memory()} MiB.", ""]


def ingest(options, big, folder, lines):
    """Rates of the same sender, on the big store and on an empty one, in turn."""
    empty = drimbox(folder / "empty")
    try:
        number, rates = SENT_FROM, {"big": [], "empty": []}
        for round_ in range(-1, options.rounds):
            for name, store in (("big", big), ("empty", empty))[::1 if round_ % 2 else -1]:
                rate = queries("send", "--port", store.port, "--called", store.called, "--seed", options.seed,
                               "--from", number, "--studies", options.sent, "--instances", 3)[0]["rate"]
                number += options.sent
                if round_ >= 0:
                    rates[name].append(rate)
                    print(f"{round_ + 1} {name:6} {rate}/s", flush=True)
    finally:
        empty.stop()
    ratios = [b / e for b, e in zip(rates["big"], rates["empty"])]
    lines += [
        "## Ingest", "",
        f"{options.rounds} rounds in turn after one that is not counted, each {options.sent:,} new studies of three "
        "instances, 1 KiB each, over 4 associations; stored durably.", "",
        "| store | instances/s: median (least–most) |", "|---|---|",
        f"| {options.studies:,} studies | {spread(rates['big'])} |",
        f"| empty at the beginning | {spread(rates['empty'])} |",
        "", f"Ratio within a round: {statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f}).", ""]


def spread(rates):
    return f"{statistics.median(rates):.0f} ({min(rates)}–{max(rates)})"


def compare(options, folder, lines):
    """All of the same studies from ours and from Orthanc."""
    stores = {"drimbox": drimbox(folder / "ours")}
    try:
        if shutil.which("Orthanc"):
            stores["Orthanc"] = orthanc(folder / "orthanc")
        for name, store in stores.items():
            print(f"storing to {name}", flush=True)
            queries("send", "--port", store.port, "--called", store.called, "--seed", options.seed, "--from", 0,
                    "--studies", options.streamed)
        rates = {}
        for _ in range(3):
            for name, store in stores.items():
                for r in queries("all", "--port", store.port, "--called", store.called, "--seed", options.seed,
                                 "--studies", options.streamed, "--rounds", 3):
                    if r["matches"] != options.streamed:
                        raise SystemExit(f"{name} found {r['matches']} studies")
                    rates.setdefault((name, r["withCounts"]), []).append(r["rate"])
    finally:
        for store in stores.values():
            store.stop()
    lines += [
        "## Streaming", "",
        f"A query that matches all of {options.streamed:,} studies, which each archive received by C-STORE; the same "
        "client, medians of three runs in turn of three queries each. With counts: ModalitiesInStudy and "
        "NumberOfStudyRelatedInstances are asked for too.", "",
        "| archive | matches/s | with counts |", "|---|---|---|"]
    for name in stores:
        plain, counted = (statistics.median(rates[name, c]) for c in (False, True))
        lines.append(f"| {name} | {plain:,.0f} | {counted:,.0f} |")
        print(lines[-1], flush=True)
    if "Orthanc" in stores:
        ratio = [statistics.median(rates["drimbox", c]) / statistics.median(rates["Orthanc", c]) for c in (False, True)]
        lines += ["", f"drimbox ÷ Orthanc: {ratio[0]:.1f}; with counts {ratio[1]:.1f}."]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=1_000_000, help="in the big store; three instances each")
    parser.add_argument("--keys", type=int, default=10_000, help="queries for each single attribute")
    parser.add_argument("--streamed", type=int, default=20_000, help="studies of the comparison with Orthanc")
    parser.add_argument("--rounds", type=int, default=5, help="of the ingest")
    parser.add_argument("--sent", type=int, default=1_000, help="studies in one round of the ingest")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", default="/var/tmp", help="where the stores lie while it runs")
    parser.add_argument("--note", default="", help="a sentence for the head of the result")
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="queries-", dir=options.folder))
    lines = []
    try:
        node = folder / "big" / "archive"
        node.mkdir(parents=True, mode=0o700)
        node.parent.chmod(0o700)
        print(f"filling {options.studies:,} studies", flush=True)
        filled = queries("fill", "--folder", node, "--studies", options.studies, "--seed", options.seed)[0]
        size = sum(file.stat().st_size for file in node.iterdir()) / 2**20
        print(f"{filled['seconds']} s, {size:.0f} MiB", flush=True)
        big = drimbox(node.parent)
        try:
            ask(options, big, lines)
            ingest(options, big, folder, lines)
        finally:
            big.stop()
        compare(options, folder, lines)
        git = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=HERE, capture_output=True, text=True)
        with open("/proc/cpuinfo") as file:
            model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), "unknown")
        head = [
            f"# C-FIND on {options.studies:,} studies, {datetime.date.today()}", "",
            f"Commit {git.stdout.strip()}; {os.cpu_count()} cores of {model}; Linux {platform.release()}; load average "
            f"at the end {os.getloadavg()[0]:.1f}; client and archive on this machine, over 127.0.0.1. {options.note}", "",
            f"{filled['studies']:,} studies with {filled['instances']:,} instances of synthetic metadata (seed "
            f"{options.seed}), filled in {filled['seconds']} s; the index is {size:.0f} MiB.", ""]
        results = HERE / "results"
        results.mkdir(exist_ok=True)
        path = results / f"{datetime.date.today()}-find.md"
        path.write_text("\n".join(head + lines) + "\n")
        print(path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
