#!/usr/bin/env python3
"""Kills exports of the bcda command at random moments and starts them again, until they are complete. After each kill it
checks what libbcda promises: no wrong file under a final name, no published file is touched again, a receipt only when
all is there, one job.

usage: kill_loop.py BCDA [--kills N] [--seed S] [--like PROFILE --library OTHER_DISK_LIBRARY]

The same seed gives the same sizes, moments and signals; when a signal arrives depends on the machine as well.
"""
import argparse
import collections
import json
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

from soak import INTERRUPTED, OK, CountingProxy, Sandbox, Violation, check_receipt, demand, existing, published, seed_of, table

KILL, INT, TERM = signal.SIGKILL, signal.SIGINT, signal.SIGTERM
SIGNALS = [(KILL,)] * 6 + [(INT,), (TERM,), (INT, INT), (TERM, KILL), (INT, TERM), (KILL, KILL)]
UNHEARD = "is not known, so a job may be running at the service"
MANY = ("--beneficiaries", "3000", "--beneficiaries-per-file", "1500")
# Each server with files of more than 512 KiB as they are sent, because smaller ones begin anew. The pace leaves time to
# kill an export in mid-file.
SERVERS = {
    "bcda-2019": (("--bytes-per-type", "12MiB", "--files-per-type", "3", "--fault", "drip=16MiB:on=GET /data/"),
                  [("Patient",), ("Patient", "Coverage")]),
    "bcda-v3": ((*MANY, "--fault", "drip=3MiB:on=GET /data/"), [("ExplanationOfBenefit",), ("Patient", "Coverage")]),
    "generic": (("--status-retry-after", "0", *MANY, "--fault", "drip=10MiB:on=GET /fhir/bulkfiles/"),
                [("ExplanationOfBenefit",), ("Patient",)]),
    "dpc": ((*MANY, "--fault", "drip=10MiB:on=GET /api/v1/Data/"), [("ExplanationOfBenefit",), ("Patient",)]),
}
HAS_JOB_LIST = ("bcda-v3",)
NUMBERED_JOBS = ("bcda-2019", "bcda-v3")  # their jobs are numbered, so the numbers tell how many were accepted


class Export:
    """One export, with all the runs that it takes."""

    def __init__(self, loop, server, out, types, since, durability):
        self.loop, self.server, self.out = loop, server, out
        self.command = [loop.bcda, "export", "--json", "--types", ",".join(types), "--out", out, *since]
        self.env = {**server.env, "BCDA_PROXY": loop.proxy.url, "BCDA_DURABILITY": durability, **loop.more_env}
        self.before, self.jobs, self.unheard = {}, set(), False

    def run(self, stop=None):
        """Runs the command. `stop(run, event)` is called with each event, and with None at the start."""
        with tempfile.TemporaryFile() as errors, \
                subprocess.Popen(self.command, env=self.env, stdout=subprocess.PIPE, stderr=errors) as run:
            guard = threading.Timer(120, run.kill)
            guard.start()
            if stop:
                stop(run, None)
            for line in run.stdout:
                if not line.endswith(b"}\n"):
                    continue
                event = json.loads(line)
                self.unheard = self.unheard or UNHEARD in line.decode()
                if event["event"] == "job":
                    self.jobs.add(event["url"])
                if stop:
                    stop(run, event)
            code = run.wait()
            demand(guard.is_alive(), "the command hung")
            guard.cancel()
            errors.seek(0)
            text = errors.read().decode()
        return code, text

    def check(self):
        # A kick-off whose answer was lost. The run that says so may be killed before its words are out.
        for journal in sorted((self.out / ".bcda").glob("journal*.ndjson")):
            words = re.findall(r'"event":"(kick-off|refused|job)"', journal.read_text(errors="replace"))
            self.unheard = self.unheard or words.count("kick-off") > words.count("refused") + words.count("job")
        here = published(self.out)
        for path, facts in self.before.items():
            demand(here.get(path) == facts, f"{path} was published before and is gone or changed")
        self.before = here
        if (self.out / "export.json").exists():
            check_receipt(self.out)


class Loop:
    def __init__(self, bcda, seed, directory, more_env):
        self.bcda, self.seed, self.directory, self.more_env = bcda, seed, directory, more_env
        self.random = random.Random(seed)
        self.proxy = CountingProxy()
        self.counts = collections.Counter()
        self.endings = collections.Counter()
        self.last_job = collections.Counter()
        self.usual = {}  # how long an export from this server takes

    def killer(self, moment, signals, usual):
        """Sends the signals after some time, at some event, or when so many bytes are done."""
        kind, share = moment
        seen = [0]
        total = [0]

        def shoot(run):
            for number in signals:
                run.send_signal(number)

        def after_time(run, event):
            if event is None:
                timer = threading.Timer(share * usual, shoot, [run])
                timer.daemon = True
                timer.start()

        def at_event(run, event):
            seen[0] += event is not None
            if seen[0] == 1 + int(share * 16):
                shoot(run)

        def at_bytes(run, event):
            done = (event or {}).get("bytes_done", 0)
            total[0] = max(total[0], (event or {}).get("bytes_total", 0), 1 << 20)
            if done > share * total[0] and not seen[0]:
                seen[0] = 1
                shoot(run)

        return {"time": after_time, "event": at_event, "bytes": at_bytes}[kind]

    def one_export(self, name, sandbox, kills_left):
        # Of its own, because how many runs an export takes depends on the machine.
        self.random = random.Random(f"{self.seed}, {self.counts['exports']}")
        out = pathlib.Path(tempfile.mkdtemp(dir=self.directory)) / "out"
        types = self.random.choice(SERVERS[name][1])
        # No other export asks for the same, so a job that is found in the list of jobs is the one of this export.
        since = () if name == "bcda-2019" else ("--since", f"2000-01-01T00:00:00.{self.counts['exports']:03}Z")
        export = Export(self, sandbox, out, types, since, self.random.choice(["process"] * 3 + ["power"]))
        wanted = min(kills_left, self.random.randint(1, 20))
        received = self.proxy.received
        kills, code, text = 0, None, ""
        while not (out / "export.json").exists():
            if kills < wanted:
                moment = self.random.choice(["time", "time", "event", "bytes"]), self.random.random() ** 1.5
                signals = self.random.choice(SIGNALS)
                code, text = export.run(self.killer(moment, signals, self.usual[name]))
                self.endings["killed" if code < 0 else "interrupted" if code == INTERRUPTED else f"exit code {code}"] += 1
                demand(code in (OK, INTERRUPTED, -KILL, -INT, -TERM), f"exit code {code}: {text}")
                kills += code != OK
                self.counts["runs"] += 1
            else:
                code, text = export.run()
                demand(code == OK, f"the last run ended with {code}: {text}")
            export.check()
        if code != OK:  # it was killed when all was there
            self.counts["killed after the receipt"] += 1
        received = self.proxy.received - received
        self.counts["kills"] += kills
        self.counts["resumes"] += kills - (code != OK)
        self.counts["exports"] += 1
        self.check_jobs(name, export)
        self.compare(name, export, received)
        shutil.rmtree(out.parent)

    def check_jobs(self, name, export):
        """There was one kick-off for each job, unless the answer to one was lost and the command said so."""
        self.counts["unheard kick-offs"] += export.unheard
        export.jobs |= {job["statusUrl"] for job in check_receipt(export.out)["jobs"]}
        expected = 2 if name == "bcda-2019" and "Patient,Coverage" in export.command else 1
        demand(len(export.jobs) == expected or export.unheard, f"more than one job: {sorted(export.jobs)}")
        if name in NUMBERED_JOBS:
            newest = max(int(re.search(r"(\d+)$", url)[1]) for url in export.jobs)
            accepted = newest - self.last_job[name]
            demand(accepted == expected or (export.unheard and name not in HAS_JOB_LIST),
                   f"{accepted} kick-offs were accepted, instead of {expected}")
            self.last_job[name] = newest

    def compare(self, name, export, received):
        """The files are those of an undisturbed export of the same jobs."""
        undisturbed, began = {}, time.monotonic()
        before = self.proxy.received
        for number, job in enumerate(sorted(export.jobs)):
            out = export.out.parent / f"undisturbed{number}"
            run = subprocess.run([self.bcda, "export", "--quiet", "--job-url", job, "--out", out], timeout=60,
                                 env=export.env, capture_output=True)
            demand(run.returncode == OK, f"the undisturbed export ended with {run.returncode}: {run.stderr.decode()}")
            undisturbed.update({path: facts[2] for path, facts in published(out).items()})
        mine = {path: facts[2] for path, facts in published(export.out).items()}
        if not export.unheard:
            demand(mine == undisturbed, f"the files differ: {mine} and {undisturbed}")
        else:
            demand(mine.items() <= undisturbed.items(), f"the files differ: {mine} and {undisturbed}")
        self.usual[name] = time.monotonic() - began
        self.counts["bytes needed"] += self.proxy.received - before
        self.counts["bytes fetched"] += received

    def run(self, kills):
        names = list(SERVERS)
        self.random.shuffle(names)
        share = max(1, -(-kills // len(names)))
        for name in names:
            goal = min(kills, self.counts["kills"] + share)
            self.usual[name] = 0.5
            with Sandbox(self.bcda, "--profile", name, "--job-time", "50ms", *SERVERS[name][0]) as sandbox:
                while self.counts["kills"] < goal:
                    self.one_export(name, sandbox, goal - self.counts["kills"])
        self.proxy.close()

    def report(self, seconds):
        again = self.counts["bytes fetched"] - self.counts["bytes needed"]
        rows = [(name, self.counts[name]) for name in ("exports", "kills", "resumes", "killed after the receipt",
                                                       "unheard kick-offs")]
        rows += [(f"runs that ended so: {name}", count) for name, count in sorted(self.endings.items())]
        needed = max(1, self.counts["bytes needed"])
        kills = max(1, self.counts["kills"])
        rows += [("bytes needed", f"{needed:,}"), ("bytes fetched again", f"{again:,} ({again / needed:.1%}; {again // kills:,} a kill)")]
        like = f", like {self.more_env['OTHER_DISK']}" if self.more_env else ""
        table(f"kill loop{like}, seed {self.seed}, {seconds:.0f} s", rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("bcda", type=existing)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed")
    parser.add_argument("--like", help="a profile of other_disk.c: the file system that the exports seem to be on")
    parser.add_argument("--library", type=existing, help="of other_disk.c")
    options = parser.parse_args()
    seed = seed_of(options.seed)
    print(f"kill_loop.py --kills {options.kills} --seed {seed}", flush=True)
    directory = tempfile.mkdtemp(prefix="bcda-soak-")
    more_env = {"LD_PRELOAD": str(options.library), "OTHER_DISK": options.like} if options.like else {}
    loop, began = Loop(options.bcda, seed, directory, more_env), time.monotonic()
    try:
        loop.run(options.kills)
    except Violation as violation:
        loop.report(time.monotonic() - began)
        print(f"\nFAILED with --seed {seed}: {violation}\nthe directory is kept: {directory}", file=sys.stderr)
        return 1
    loop.report(time.monotonic() - began)
    shutil.rmtree(directory)
    return 0


if __name__ == "__main__":
    sys.exit(main())
