#!/usr/bin/env python3
"""Exports under limits of the system, in steps from too little to enough: threads, address space, descriptors, the size of
files. Each run ends with success, or with an error that names the remedy. Then a run without the limit completes the
directory.

usage: limits.py BCDA [--quick]
"""
import argparse
import collections
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile

from proof import FAST, Proof
from soak import OK, Cases, Skipped, demand, existing

KIBIBYTE, MEBIBYTE = 1 << 10, 1 << 20
USER = 54321  # has no other processes, because the limit counts all of a user
LOADER = 127, "error while loading shared libraries"  # the command has not begun
MORE_FILES, MORE_SPACE = "raise the limit of open files", "raise the limit of file sizes"
MORE_THREADS = "raise the limit on processes and threads"
# The last one: without memory OpenSSL cannot read the key of a certificate, and reports this as a weak key.
MORE_MEMORY = "out of memory", "too little free memory", "EE certificate key too weak"


def growing(first, last, factor):
    while first < last:
        yield int(first)
        first = first * factor


class Steps:
    """Runs with one limit, from the first value on."""

    def __init__(self, proof, which, remedies, **options):
        self.proof, self.which, self.remedies, self.options = proof, which, remedies, options
        self.endings = collections.Counter()
        self.enough = None

    def all(self, values):
        for value in values:
            try:
                self.one(value)
            except Exception as error:
                error.args = (f"with the limit {value}: {error}",)
                raise
        demand(self.enough is not None, "no value of the limit was enough")
        demand(self.endings["failed"] + self.endings["not started"], "each value of the limit was enough")
        return ", ".join(f"{count} {name}" for name, count in sorted(self.endings.items())) + f"; enough: {self.enough}"

    def one(self, value):
        out = self.proof.new_directory(self.options.get("cwd"))
        if "user" in self.options:
            os.chown(out.parent, USER, USER)
        try:
            run = self.proof.run(out, preexec_fn=lambda: resource.setrlimit(self.which, (value, value)), **self.options)
        except OSError:  # the kernel has refused to start it
            self.endings["not started"] += 1
            return
        if run.code == OK:
            self.endings["succeeded"] += 1
            self.enough = self.enough or value
            self.proof.check_complete(out)
        elif run.code == LOADER[0] and LOADER[1] in run.text:
            self.endings["not started"] += 1
        else:
            self.endings["failed"] += 1
            self.proof.failed_well(run, self.remedies)
        if out.exists():
            self.proof.check(out)
        self.proof.complete(out, **self.options)
        shutil.rmtree(out.parent)


def descriptors(proof, quick):
    values = [3, 5, 6, 7, 8, 9, 11, 14, 40] if quick else range(3, 64)
    return Steps(proof, resource.RLIMIT_NOFILE, (MORE_FILES,)).all(values)


def file_size(proof, quick):
    values = [0, 1, *growing(10, 4 * MEBIBYTE, 20 if quick else 1.3)]
    return Steps(proof, resource.RLIMIT_FSIZE, (MORE_SPACE,), stderr=subprocess.PIPE).all(values)


def file_size_of_output(proof, quick):
    """What the command prints goes into a file too, and the thread that prints is the first one of the process."""
    with open(proof.directory / "printed", "wb") as printed:
        steps = Steps(proof, resource.RLIMIT_FSIZE, (MORE_SPACE,), stdout=printed, stderr=subprocess.PIPE)
        return steps.all([0, *growing(10, 4 * MEBIBYTE, 50 if quick else 2)])


def address_space(proof, quick):
    values = growing(4 * MEBIBYTE, 4096 * MEBIBYTE, 2.2 if quick else 1.06)
    return Steps(proof, resource.RLIMIT_AS, (*MORE_MEMORY, MORE_THREADS, MORE_FILES)).all(values)


def threads(proof, quick):
    """As another user, because the limit does not count for root."""
    if os.geteuid() != 0:
        raise Skipped("only root can become a user without other processes")
    try:
        subprocess.run([proof.bcda, "version"], user=USER, group=USER, extra_groups=[], stdout=subprocess.DEVNULL, check=True)
    except PermissionError:
        raise Skipped("another user cannot reach the command, because it is in a private directory") from None
    place = pathlib.Path(tempfile.mkdtemp(prefix="bcda-threads-"))
    try:
        os.chmod(place, 0o755)
        env = readable_copies(proof, place)
        values = range(1, 48 + 2 * os.cpu_count(), 9 if quick else 1)
        return Steps(proof, resource.RLIMIT_NPROC, (MORE_THREADS,), user=USER, group=USER, extra_groups=[], cwd=place,
                     more_env=env).all(values)
    finally:
        shutil.rmtree(place)


def readable_copies(proof, place):
    """The key and the certificates are in a directory of root."""
    env = {}
    for name in ("BCDA_PRIVATE_KEY", "BCDA_CA_FILE"):
        if os.path.exists(proof.env.get(name, "")):
            env[name] = str(place / name)
            shutil.copyfile(proof.env[name], env[name])
            os.chown(env[name], USER, USER)
    return env


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("bcda", type=existing)
    parser.add_argument("--quick", action="store_true", help="in larger steps")
    options = parser.parse_args()
    cases = Cases("limits")
    more_env = {"BCDA_RETRIES": "1", "BCDA_OUTAGE_LIMIT": "200ms"}
    with Proof(options.bcda, cases.directory, FAST, more_env=more_env) as proof:
        for case in (descriptors, file_size, file_size_of_output, address_space, threads):
            cases.run(case.__name__.replace("_", " "), lambda case=case: case(proof, options.quick))
    return cases.report()


if __name__ == "__main__":
    sys.exit(main())
