#!/usr/bin/env python3
"""Compares `bcda export` with `curl -Z`, which only downloads the same bytes from the same nginx over TLS.

Every figure is a median of one run of this script, and every claim is a ratio of two figures. So the speed of the machine
does not matter, and other load matters little. The first round is a warm-up and is not counted.
"""
import argparse
import contextlib
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time


CLAIMS = os.path.join(os.path.dirname(__file__), "..", "tests", "tables", "samples", "stu3", "ExplanationOfBenefit.ndjson")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(port):
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    sys.exit("nginx did not start")


def measure(command, out):
    """Runs `command` with a fresh directory `out`; returns wall seconds, CPU seconds and peak RSS in MiB."""
    shutil.rmtree(out, ignore_errors=True)
    os.sync()
    figures = out + ".time"
    # Measured with GNU time, because a child of this script would inherit the script's peak RSS.
    begin = time.monotonic()
    done = subprocess.run(["/usr/bin/time", "-q", "-f", "%U %S %M", "-o", figures, *command],
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    wall = time.monotonic() - begin
    if done.returncode != 0:
        sys.exit(f"{command[0]} failed with {done.returncode}: {done.stderr.decode(errors='replace')}")
    with open(figures) as text:
        user, system, peak = map(float, text.read().split())
    return wall, user + system, peak / 1024


def write_gzipped(args, directory, origin):
    """Files as a service of today has them: not encrypted, and sent as gzip. The lines are those of a sample."""
    with open(CLAIMS, "rb") as sample:
        lines = sample.read()
    output = []
    for number in range(args.files):
        path = f"{directory}/{number}.ndjson"
        with open(path, "wb") as file:
            for _ in range(max(1, (args.mebibytes << 20) // len(lines))):
                file.write(lines)
        subprocess.run(["gzip", "-k", "-6", path], check=True)
        output.append({"type": "ExplanationOfBenefit", "url": f"{origin}/data/1/{number}.ndjson"})
    manifest = {"transactionTime": "2026-01-01T00:00:00Z", "request": f"{origin}/api/v2/Patient/$export",
                "requiresAccessToken": True, "output": output, "error": [], "JobID": 1}
    with open(f"{directory}/manifest.json", "w") as file:
        json.dump(manifest, file)


def prepare(args, directory, port):
    origin = f"https://localhost:{port}"
    os.mkdir(f"{directory}/tmp")
    claims = [CLAIMS] if args.tables else []
    if args.gzip:
        write_gzipped(args, directory, origin)
    else:
        subprocess.run([args.seal, directory, str(args.files), str(args.mebibytes), origin, *claims], check=True)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-keyout", f"{directory}/tls.key", "-out", f"{directory}/ca.pem", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost"], check=True, stderr=subprocess.DEVNULL)
    with open(os.path.join(os.path.dirname(__file__), "nginx.conf.in")) as template:
        text = template.read().replace("@DIR@", directory).replace("@PORT@", str(port))
    with open(f"{directory}/nginx.conf", "w") as config:
        config.write("user root;\n" + text if os.geteuid() == 0 else text)
    with open(f"{directory}/secret", "w") as secret:
        secret.write("bench")
    return origin


def commands(args, directory, origin, out):
    names = sorted(n for n in os.listdir(directory) if n.endswith(".ndjson"))
    curl = ["curl", "-sSfZ", *(["--compressed"] if args.gzip else []), "--cacert", f"{directory}/ca.pem", "-H", "Authorization: Bearer bench", "--create-dirs"]
    for name in names:
        curl += ["-o", f"{out}/{name}", f"{origin}/data/1/{name}"]
    script = " ".join(f"'{word}'" for word in curl) + " && sync"

    def export(durability, bcda=args.bcda):
        service = ["--profile", "bcda-v2"] if args.gzip else ["--private-key", f"{directory}/private.pem"]
        return [bcda, "export", "--quiet", "--url", origin, *service, "--client-id", "bench", "--client-secret-file",
                f"{directory}/secret", "--ca-file", f"{directory}/ca.pem",
                "--types", "ExplanationOfBenefit", "--out", out, "--poll-interval", "10ms", "--durability", durability]

    if args.than:
        tables = ["--tables", args.tables] if args.tables else []
        return {name: [*export("process", bcda), *tables] for name, bcda in (("bcda export", args.bcda), ("the other's", args.than))}
    if args.tables:
        return {"curl -Z": curl, "bcda export": export("process"),
                "bcda export --tables": [*export("process"), "--tables", args.tables]}
    return {"curl -Z": curl, "bcda export, process": export("process"),
            "curl -Z; sync": ["sh", "-c", script], "bcda export, power": export("power")}


def arguments(doc, files, mebibytes, rounds):
    """A parser with the options of all benchmarks, to which more can be added."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--bcda", required=True, help="the native command")
    parser.add_argument("--seal", required=True)
    parser.add_argument("--files", type=int, default=files)
    parser.add_argument("--mebibytes", type=int, default=mebibytes, help="size of each file")
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--tables", help="make these tables while it exports; the files are claims of stu3 then")
    parser.add_argument("--gzip", action="store_true", help="files of today's service: sent as gzip, and not encrypted")
    parser.add_argument("--than", help="compares with this other build of the command instead of with curl")
    parser.add_argument("--work", default=None, help="directory for the files; about three times their size is needed")
    return parser


@contextlib.contextmanager
def service(args):
    """Runs nginx with the files. Yields their directory and the service's origin."""
    directory = tempfile.mkdtemp(prefix="bcda-bench-", dir=args.work)
    port = free_port()
    nginx = None
    try:
        origin = prepare(args, directory, port)
        nginx = subprocess.Popen([shutil.which("nginx") or "/usr/sbin/nginx", "-c", f"{directory}/nginx.conf"])
        wait_for(port)
        yield directory, origin
    finally:
        if nginx:
            nginx.send_signal(signal.SIGTERM)
            nginx.wait()
        shutil.rmtree(directory, ignore_errors=True)


def main():
    args = arguments(__doc__, files=8, mebibytes=128, rounds=7).parse_args()
    with service(args) as (directory, origin):
        results = {}
        plan = commands(args, directory, origin, f"{directory}/out")
        for round_number in range(args.rounds + 1):
            for name, command in plan.items():
                figures = measure(command, f"{directory}/out")
                if round_number:
                    results.setdefault(name, []).append(figures)
        print(f"{args.files} x {args.mebibytes} MiB{' as gzip' if args.gzip else ''} over TLS 1.3 on loopback, medians of {args.rounds} rounds, {os.cpu_count()} cores")
        print(f"{'':24}{'wall s':>9}{'CPU s':>9}{'peak MiB':>10}")
        medians = {name: [statistics.median(column) for column in zip(*rows)] for name, rows in results.items()}
        for name, (wall, cpu, rss) in medians.items():
            print(f"{name:24}{wall:9.2f}{cpu:9.2f}{rss:10.1f}")
        if args.than:
            wall, cpu = (medians["bcda export"][i] / medians["the other's"][i] for i in (0, 1))
            print(f"bcda export / the other's: wall {wall:.2f}, CPU {cpu:.2f}")
            return
        if args.tables:
            cpu = {name: figures[1] / medians["curl -Z"][1] for name, figures in medians.items()}
            print(f"CPU / curl -Z: export {cpu['bcda export']:.2f}, with tables {cpu['bcda export --tables']:.2f} (aim: at most 2)")
            return
        for ours, theirs, bound in (("bcda export, process", "curl -Z", 1.3), ("bcda export, power", "curl -Z; sync", 1.1)):
            ratio = medians[ours][0] / medians[theirs][0]
            print(f"{ours} / {theirs}: {ratio:.2f} (aim: at most {bound})")


if __name__ == "__main__":
    main()
