#!/usr/bin/env python3
"""Two guarantees at any size and at any moment: little memory, and no incomplete file under a final name.

usage: test_limits.py BCDA [unittest arguments]
"""
import hashlib
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

BCDA = pathlib.Path(sys.argv.pop(1)).resolve()
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("BCDA_")}
MEBIBYTE = 1 << 20


class Case(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="bcda-test-"))
        self.addCleanup(shutil.rmtree, self.dir, True)

    def sandbox(self, *options):
        """Starts a `bcda sandbox` that runs until the test ends. Returns the environment for a client of it."""
        process = subprocess.Popen([BCDA, "sandbox", "--pending-time", "0s", "--job-time", "0s", *options],
                                   stdout=subprocess.PIPE, env=CLEAN)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait, 20)
        self.addCleanup(process.terminate)
        facts = json.loads(process.stdout.readline())
        env = {"BCDA_" + name.upper(): value for name, value in facts.items() if value}
        return {**CLEAN, **env, "BCDA_POLL_INTERVAL": "20ms", "BCDA_DURABILITY": "process"}

    @staticmethod
    def data(out):
        return [path for path in out.rglob("*.ndjson") if ".bcda" not in path.parts and path.name != "log.ndjson"]


class Memory(Case):
    def peak(self, size):
        """The maximum resident memory of an export of this size, in MiB. It is never less than that of this script."""
        env = self.sandbox("--bytes-per-type", size)
        out = self.dir / size
        export = subprocess.Popen([BCDA, "export", "--quiet", "--types", "Patient", "--out", out], env=env)
        _, status, usage = os.wait4(export.pid, 0)
        export.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(export.returncode, 0)
        received = sum(path.stat().st_size for path in self.data(out))
        shutil.rmtree(out)
        return usage.ru_maxrss / 1024, received

    def test_does_not_grow_with_the_export(self):
        small, few = self.peak("64MiB")
        large, many = self.peak("2GiB")
        print(f"peak RSS: {small:.1f} MiB for {few / MEBIBYTE:.0f} MiB, {large:.1f} MiB for {many / MEBIBYTE:.0f} MiB")
        self.assertGreater(many, 2040 * MEBIBYTE)
        self.assertLess(large, 48)
        self.assertLess(small, 48)
        self.assertLess(abs(large - small), 8)


class Kill(Case):
    FILES = 6

    def export(self, out, env):
        return subprocess.Popen([BCDA, "export", "--quiet", "--types", "Patient", "--out", out, "--parallel", "2"], env=env)

    def test_leaves_whole_files_or_none(self):
        env = self.sandbox("--bytes-per-type", "24MiB", "--files-per-type", str(self.FILES), "--fault", "drip=32MiB")
        whole = self.dir / "whole"
        begin = time.monotonic()
        self.assertEqual(self.export(whole, env).wait(60), 0)
        duration = time.monotonic() - begin
        digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in self.data(whole)}
        self.assertEqual(len(digests), self.FILES)

        kills, counts = 24, []
        for number in range(kills):
            out = self.dir / f"killed-{number}"
            export = self.export(out, env)
            time.sleep(duration * number / kills)  # the kills are spread over the whole run
            export.send_signal(signal.SIGKILL)
            export.wait()
            found = self.data(out) if out.exists() else []
            for path in found:
                self.assertIn(hashlib.sha256(path.read_bytes()).hexdigest(), digests, f"{path} is not whole")
            strays = [p for p in out.rglob("*") if "partial" in p.name and ".bcda" not in p.parts] if out.exists() else []
            self.assertEqual(strays, [])
            counts.append(len(found))
            shutil.rmtree(out, ignore_errors=True)
        print("files that were there when the command was killed:", *counts)
        self.assertGreater(sum(1 for n in counts if 0 < n < self.FILES), 3, "no kill during a download; widen the window")


class FullDisk(Case):
    def test_ends_with_the_cause_and_nothing_half_written(self):
        env = self.sandbox("--bytes-per-type", "64MiB", "--files-per-type", "2")
        out = self.dir / "out"
        limit = 4 * MEBIBYTE  # a write beyond it fails like a write to a full disk
        export = subprocess.run([BCDA, "export", "--types", "Patient", "--out", out], env=env, capture_output=True, timeout=60,
                                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
        self.assertEqual(export.returncode, 1, export.stderr)
        self.assertIn(b"File too large", export.stderr)
        self.assertEqual(self.data(out), [])
        # What came of the other files may stay there, for the run that goes on.
        self.assertEqual(subprocess.run([BCDA, "export", "--types", "Patient", "--out", out], env=env, timeout=60).returncode, 0)
        self.assertEqual(len(self.data(out)), 2)


class Descriptors(Case):
    def test_too_few_are_an_error_that_names_the_remedy(self):
        env = self.sandbox("--files-per-type", "3")
        ends = []
        for most in range(5, 33, 3):
            out = self.dir / str(most)
            export = subprocess.run([BCDA, "export", "--types", "Patient", "--out", out, "--retries", "1", "--retry-delay", "10ms",
                                     "--timeout", "2s"], env=env, capture_output=True, timeout=60,
                                    preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (most, most)))
            ends.append(export.returncode)
            with self.subTest(most):
                self.assertIn(export.returncode, (0, 1), export.stderr)
                self.assertEqual(len(self.data(out)) == 3, export.returncode == 0)
                self.assertEqual((out / "export.json").exists(), export.returncode == 0)
                if export.returncode == 1 and b"Too many open files" in export.stderr:
                    self.assertIn(b"raise the limit of open files", export.stderr)
        self.assertEqual((ends[0], ends[-1]), (1, 0))


if __name__ == "__main__":
    unittest.main(verbosity=2)
