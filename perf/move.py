#!/usr/bin/env python3
"""C-MOVE of a series out of an archive, beside `drimbox store` of the same files: how much of the engine's sending speed
a retrieve reaches. Both send to one storescp that ignores what it gets, in rounds that alternate. See README.md."""
import argparse, json, os, socket, statistics, subprocess, sys, tempfile, time

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--drimbox", default=None, help="the executable; default: the Release build of this repository")
parser.add_argument("--count", type=int, default=1300)
parser.add_argument("--instances", default="CT:150KiB:explicit")
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--repeat", type=int, default=3, help="sendings a round that are measured")
parser.add_argument("--associations", type=int, default=1, help="to the destination, of both")
options = parser.parse_args()

root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
drimbox = options.drimbox or os.path.join(root, "src/Drimbox.Gateway/bin/Release/net10.0/drimbox")
environment = dict(os.environ, TCP_NODELAY="1")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(*arguments):
    done = subprocess.run([drimbox, *arguments], env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def seconds(*arguments):
    began = time.monotonic()
    run(*arguments)
    return time.monotonic() - began


def wait_for(port, process):
    for _ in range(600):
        if process.poll() is not None:
            sys.exit("a server has ended")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    sys.exit("a server does not listen")


with tempfile.TemporaryDirectory(prefix="drimbox-move-") as folder:
    files = os.path.join(folder, "files")
    run("load", "write", files, "--count", str(options.count), "--instances", options.instances,
        "--per-study", str(options.count))
    target, archive = free_port(), free_port()
    configuration = os.path.join(folder, "drimbox.json")
    with open(configuration, "w") as file:
        json.dump({
            "DataFolder": os.path.join(folder, "data"), "LogLevel": "Warning",
            "Archive": {
                "Dicom": {"AeTitle": "ARCHIVE", "Port": archive}, "Callers": ["DRIMBOX"],
                "Destinations": [{"AeTitle": "WS", "Host": "127.0.0.1", "Port": target,
                                  "Associations": options.associations}],
            },
        }, file)
    servers = [
        subprocess.Popen(["storescp", "--ignore", "--fork", "-aet", "WS", "-pdu", "131072", str(target)],
                         env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL),
        subprocess.Popen([drimbox, "run", "--config", configuration], env=environment, stdout=subprocess.DEVNULL),
    ]
    try:
        wait_for(target, servers[0])
        wait_for(archive, servers[1])
        run("store", f"ARCHIVE@127.0.0.1:{archive}", files, "--quiet")
        found = json.loads(run("find", f"ARCHIVE@127.0.0.1:{archive}", "-k", "StudyInstanceUID", "--json"))
        study = found[0]["0020000D"]["Value"][0]
        store = ["store", f"WS@127.0.0.1:{target}", files, "--quiet", "--associations", str(options.associations)]
        move = ["move", f"ARCHIVE@127.0.0.1:{archive}", "--to", "WS", "-k", f"StudyInstanceUID={study}", "--quiet"]
        # What a process needs to start, and what it does once, is in both and taken off.
        several, once = str(options.repeat + 1), "1"
        for command in (store, move):
            run(*command, "--repeat", several)
        ratios = []
        for number in range(options.rounds):
            rates = {}
            order = [("store", store), ("move", move)]
            for name, command in order if number % 2 == 0 else reversed(order):
                taken = seconds(*command, "--repeat", several) - seconds(*command, "--repeat", once)
                rates[name] = options.count * options.repeat / taken
            ratios.append(rates["move"] / rates["store"])
            print(f"round {number + 1}: store {rates['store']:.0f}/s, move {rates['move']:.0f}/s, "
                  f"ratio {ratios[-1]:.2f}", flush=True)
        print(f"{options.count} x {options.instances}, {options.associations} association(s): "
              f"move / store median {statistics.median(ratios):.2f} "
              f"({min(ratios):.2f} to {max(ratios):.2f}, {options.rounds} rounds)")
    finally:
        for server in servers:
            server.terminate()
            server.wait()
