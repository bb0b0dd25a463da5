#!/usr/bin/env python3
"""Signals to exports, in each of their phases: two within microseconds, a hangup, a lost reader, a stop for a moment. And
exports whose standard streams are closed, full or unread, with and without Ctrl-C. Then the same command completes the
directory.

usage: signals.py BCDA [--quick]
"""
import argparse
import collections
import itertools
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

from proof import Proof, any_published, until
from soak import INTERRUPTED, OK, Cases, demand, existing

INT, TERM, HUP, PIPE, STOP, CONT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE, signal.SIGSTOP, signal.SIGCONT)
REQUESTS = [(INT, INT), (TERM, TERM), (INT, TERM), (TERM, HUP), (HUP,), (INT, INT, INT, TERM)]
NO_REQUESTS = [(PIPE, PIPE)]
STOP_TIME = 0.2  # seconds; much less than a run may be silent
SERVICE = ("--bytes-per-type", "3MiB", "--files-per-type", "3", "--job-time", "50ms", "--fault", "drip=16MiB:on=GET /data/")


class AtEvent:
    """Reads the events of a run, and sends signals with the one of this number; number 0: at once."""

    def __init__(self, run, number, signals):
        self.run, self.number, self.signals = run, number, signals
        self.events, self.sent = 0, False
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        if self.number == 0:
            self.send()
        for _ in self.run.process.stdout:
            self.events += 1
            if self.events == self.number:
                self.send()
        self.run.process.stdout.close()

    def send(self):
        self.sent = True
        for number in self.signals:
            try:
                os.kill(self.run.process.pid, number)  # not send_signal(), which asks first whether the process has ended
            except ProcessLookupError:
                return


def at_each_event(proof, signals, step, allowed):
    """One run for each event, until a run ends before its event comes."""
    ends = collections.Counter()
    for number in itertools.count(0, step):
        out = proof.new_directory()
        run = proof.start(out, stdout=subprocess.PIPE)
        reader = AtEvent(run, number, signals)
        run.wait()
        reader.thread.join()
        # Before the command has begun, a signal does what it does to any process.
        allowed_now = {*allowed, *(-each for each in signals)} if number == 0 else allowed
        demand(run.code in allowed_now or (not reader.sent and run.code == OK), f"event {number}: exit code {run.code}: {run.text}")
        proof.check(out)
        if run.code == OK:
            proof.check_complete(out)
        else:
            proof.complete(out)
        shutil.rmtree(out.parent)
        if not reader.sent:
            return ", ".join(f"{count} ended with {code}" for code, count in sorted(ends.items()))
        ends[run.code] += 1


def stopped(proof):
    """A run that is stopped for a moment still owns its directory."""
    out = proof.new_directory()
    run = proof.start(out)
    until(lambda: any_published(out), "no file is published")
    os.kill(run.process.pid, STOP)
    began = time.monotonic()
    proof.second_run(out, run)
    time.sleep(max(0, STOP_TIME - (time.monotonic() - began)))
    os.kill(run.process.pid, CONT)
    demand(run.wait() == OK, f"exit code {run.code}: {run.text}")
    proof.check_complete(out)
    shutil.rmtree(out.parent)


# ---- Standard streams ------------------------------------------------------------------------------------------------

def closed(proof, combinations):
    for numbers in combinations:
        out = proof.new_directory()
        run = proof.start(out, stdin=subprocess.DEVNULL, preexec_fn=lambda: [os.close(number) for number in numbers])
        demand(run.wait() == OK, f"without {numbers}: exit code {run.code}: {run.text}")
        proof.check_complete(out)
        shutil.rmtree(out.parent)
    return f"{len(combinations)} combinations"


def unread_pipe():
    """A pipe that is full, and that nobody reads."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    for size in (4096, 1):
        try:
            while True:
                os.write(writer, b"\n" * size)
        except BlockingIOError:
            pass
    os.set_blocking(writer, True)
    return reader, writer


STREAMS = {
    "well": lambda: (os.open("/dev/null", os.O_WRONLY),),
    "full": lambda: (os.open("/dev/full", os.O_WRONLY),),
    "unread": unread_pipe,
    "gone": lambda: gone(),
}


def gone():
    """A pipe whose reader has ended."""
    reader, writer = os.pipe()
    os.close(reader)
    return (writer,)


def streams(proof, kinds, interrupted):
    """An export whose standard output and messages go there; the last descriptor of a kind is the one to write to."""
    opened = [STREAMS[kind]() for kind in kinds]
    out = proof.new_directory()
    try:
        run = proof.start(out, stdout=opened[0][-1], stderr=opened[1][-1])
        wanted = any_published if interrupted else lambda out: (out / "export.json").exists() and not (out / ".bcda").exists()
        until(lambda: wanted(out) or not run.running, "the export does not get so far")
        if run.running and (interrupted or "unread" in kinds):
            run.process.send_signal(INT)
        run.wait(10)
    finally:
        for descriptor in itertools.chain(*opened):
            os.close(descriptor)
    demand(run.code in ((OK, INTERRUPTED) if interrupted or "unread" in kinds else (OK,)), f"exit code {run.code}")
    proof.check(out)
    proof.complete(out)
    shutil.rmtree(out.parent)
    return f"exit code {run.code}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("bcda", type=existing)
    parser.add_argument("--quick", action="store_true", help="few of them")
    options = parser.parse_args()
    signal.signal(HUP, signal.SIG_DFL)  # nohup ignores it, and so would the commands
    cases = Cases("signals and streams")
    with Proof(options.bcda, cases.directory, SERVICE, settings=("--json", "--types", "Patient", "--parallel", "2")) as proof:
        def names(signals):
            return " ".join(each.name for each in signals)
        for signals in REQUESTS[:1] if options.quick else REQUESTS:
            step = 6 if options.quick else 1
            cases.run(names(signals), lambda: at_each_event(proof, signals, step, (OK, INTERRUPTED)))
        for signals in () if options.quick else NO_REQUESTS:
            cases.run(names(signals), lambda: at_each_event(proof, signals, 2, (OK,)))
        cases.run("SIGSTOP SIGCONT", lambda: stopped(proof))
        sets = [numbers for size in (1, 2, 3) for numbers in itertools.combinations((0, 1, 2), size)]
        cases.run("closed descriptors", lambda: closed(proof, sets[3:] if options.quick else sets))
        pairs = [("full", "full"), ("unread", "gone")] if options.quick else itertools.product(STREAMS, STREAMS)
        for kinds in pairs:
            for interrupted in (True,) if options.quick else (False, True):
                name = "output {}, messages {}".format(*kinds) + (", Ctrl-C" if interrupted else "")
                cases.run(name, lambda: streams(proof, kinds, interrupted))
    return cases.report()


if __name__ == "__main__":
    sys.exit(main())
