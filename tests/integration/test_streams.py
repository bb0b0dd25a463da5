#!/usr/bin/env python3
"""The bcda command with full, closed and unread standard streams, and with signals. Uses only the standard library.

usage: test_streams.py BCDA VECTORS_DIR [unittest arguments]
"""
import json
import os
import pathlib
import pty
import shutil
import signal
import socket
import subprocess
import time
import unittest

from test_command import BCDA, CLEAN, FAILED, INTERRUPTED, OK, USAGE, VECTORS, WITH_ERRORS, Case, bcda

FAST = "pending_time=0s", "job_time=100ms", "beneficiaries=40", "beneficiaries_per_file=20"
PATIENCE = 30  # seconds; only a test that fails waits this long


def export(*arguments, options=FAST):
    given = [item for option in options for item in ("--sandbox-option", option)]
    return ["export", "--sandbox", *given, "--type", "Patient", "--poll-interval", "50ms", "--retry-delay", "10ms",
            "--durability", "process", *map(str, arguments)]


def fill(descriptor):
    """Fills a pipe until it accepts no more bytes, as if its reader hangs."""
    os.set_blocking(descriptor, False)
    try:
        for size in (4096, 1):
            try:
                while True:
                    os.write(descriptor, b"\n" * size)
            except BlockingIOError:
                pass
    finally:
        os.set_blocking(descriptor, True)


class Stream(Case):
    def full_pipe(self):
        """The write end of a pipe without a reader."""
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        self.addCleanup(os.close, writer)
        fill(writer)
        return writer

    def start(self, arguments, **options):
        process = subprocess.Popen([BCDA, *map(str, arguments)], env={**CLEAN, **options.pop("env", {})},
                                   stdin=subprocess.DEVNULL, **options)
        self.addCleanup(lambda: process.poll() is None and (process.kill(), process.wait()))
        return process

    def until(self, condition, process):
        """Polls until the process has reached a state, because there is no event for it."""
        last = time.monotonic() + PATIENCE
        while not condition():
            self.assertIsNone(process.poll(), "the command has ended")
            self.assertLess(time.monotonic(), last, "it does not come")
            time.sleep(0.01)

    def until_caught(self, process, number=signal.SIGTERM):
        def caught():
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
            mask = int(status.split("SigCgt:")[1].split()[0], 16)
            return mask >> (number - 1) & 1
        self.until(caught, process)

    def vectors(self, count):
        """Encrypted files with one key, and their manifest."""
        listed = json.loads((VECTORS / "vectors.json").read_text())["vectors"]
        chosen = [v for v in listed if v["keyBits"] == 2048][:count]
        manifest = self.dir / "manifest.json"
        manifest.write_text(json.dumps({
            "transactionTime": "2019-09-20T14:47:33Z", "request": "https://x/api/v1/Patient/$export",
            "requiresAccessToken": True, "error": [], "JobID": 1,
            "output": [{"type": "Patient", "url": "https://x/data/1/" + v["filename"], "encryptedKey": v["encryptedKey"]}
                       for v in chosen]}))
        return ["decrypt", *(VECTORS / v["ciphertextFile"] for v in chosen), "--manifest", manifest, "--private-key",
                VECTORS / "keys/rsa2048.pkcs1.pem", "--out", self.out]


class Unread(Stream):
    """A signal must end the command even if nobody reads its output."""

    def assert_ends(self, process, code=INTERRUPTED, number=signal.SIGTERM):
        process.send_signal(number)
        process.wait(PATIENCE)
        self.assertEqual(process.returncode, code)
        self.assert_no_data()

    def test_events(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.subTest(number):
                self.out = self.dir / number.name
                arguments = export("--json", "--out", self.out, options=["job_time=1h"])
                process = self.start(arguments, stdout=self.full_pipe(), stderr=subprocess.DEVNULL)
                self.until((self.out / ".bcda").exists, process)
                self.assert_ends(process, number=number)

    def test_progress(self):
        process = self.start(export("--out", self.out, options=["job_time=1h"]), stdout=subprocess.DEVNULL,
                             stderr=self.full_pipe())
        self.until((self.out / ".bcda").exists, process)
        self.assert_ends(process)

    def test_both(self):
        process = self.start(export("--out", self.out, options=["job_time=1h"]), stdout=self.full_pipe(),
                             stderr=self.full_pipe())
        self.until((self.out / ".bcda").exists, process)
        self.assert_ends(process)

    def test_a_table(self):
        process = self.start(["settings"], stdout=self.full_pipe())
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)  # it ends by the signal or normally

    def test_sandbox(self):
        process = self.start(["sandbox"], stdout=self.full_pipe(), stderr=subprocess.DEVNULL)
        self.until_caught(process)
        self.assert_ends(process)

    def test_metadata(self):
        with Answering(b'{"resourceType":"CapabilityStatement"}') as service:
            process = self.start(["metadata", "--url", service.url], stdout=self.full_pipe(), stderr=subprocess.DEVNULL)
            service.answer_one()
            self.assert_ends(process)

    def test_decryption(self):
        """The decryption is blocked while it prints the summary of its first file."""
        process = self.start(self.vectors(3), stdout=self.full_pipe(), stderr=subprocess.DEVNULL)
        self.until(lambda: self.out.exists() and list(self.out.glob("*.ndjson")), process)
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)
        self.assertEqual(process.returncode, INTERRUPTED)
        self.assertEqual(len(list(self.out.iterdir())), 1)

    def test_an_export_that_was_done_is_no_failure(self):
        process = self.start(export("--out", self.out), stdout=self.full_pipe(), stderr=subprocess.PIPE)
        self.until((self.out / "export.json").exists, process)
        self.until(lambda: not (self.out / ".bcda").exists(), process)
        process.send_signal(signal.SIGTERM)
        _, text = process.communicate(timeout=PATIENCE)
        self.assertIn(process.returncode, (OK, INTERRUPTED))  # the receipt appears a moment before the run ends
        self.assertEqual(process.returncode == OK, b"nobody read standard output" in text, text)

    def test_a_progress_bar_on_a_terminal_that_is_stopped(self):
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        fill(slave)
        process = self.start(export("--out", self.out), stdout=subprocess.DEVNULL, stderr=slave, env={"TERM": "xterm"})
        os.close(slave)
        self.assertEqual(process.wait(PATIENCE), OK)


class Answering:
    """A service that gives every request the same answer."""

    def __init__(self, body):
        self.body = body
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def answer_one(self):
        connection, _ = self.socket.accept()
        with connection:
            request = b""
            while b"\r\n\r\n" not in request:
                request += connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(self.body)
                               + self.body)


class Full(Stream):
    """A report that cannot be printed does not change the verified files on disk."""

    def run_full(self, arguments):
        with open("/dev/full", "w") as full:
            return bcda(*arguments, stdout=full, stderr=subprocess.PIPE)

    def test_export(self):
        for number, more in enumerate(([], ["--json"])):
            with self.subTest(more):
                self.out = self.dir / str(number)
                run = self.run_full(export("--out", self.out, *more))
                text = self.expect(run, OK, "standard output")
                self.assertEqual(text.count("standard output"), 1)
                self.assertTrue((self.out / "export.json").exists())

    def test_export_with_error_files(self):
        run = self.run_full(export("--out", self.out, options=[*FAST, "error_rate=0.2", "era=oct2019"]))
        self.expect(run, WITH_ERRORS, "standard output")

    def test_a_failed_export_stays_a_failure(self):
        run = self.run_full(export("--out", self.out, "--json", options=[*FAST, "fault=job-fails"]))
        self.expect(run, 4, "standard output")

    def test_decryption(self):
        for number, more in enumerate(([], ["--json"])):
            with self.subTest(more):
                self.out = self.dir / str(number)
                self.expect(self.run_full([*self.vectors(4), *more]), OK, "standard output")
                self.assertEqual(len(list(self.out.iterdir())), 4)

    def test_what_is_printed_is_all_there_is(self):
        for arguments in (["settings"], ["settings", "--json"], ["version"], ["--version"], ["--help"], ["export", "--help"]):
            with self.subTest(arguments):
                self.expect(self.run_full(arguments), FAILED, "standard output")


class Closed(Stream):
    def test_no_file_gets_the_number_of_a_standard_stream(self):
        script = 'exec "$@" <&- >&- 2>&-'
        process = subprocess.Popen(["bash", "-c", script, "bash", BCDA, *export("--out", self.out, options=["job_time=1h"])],
                                   env=CLEAN)
        self.addCleanup(lambda: process.poll() is None and (process.kill(), process.wait()))
        journal = self.out / ".bcda/journal.ndjson"
        self.until(lambda: journal.exists() and '"event":"job"' in journal.read_text(), process)
        self.assertEqual({os.readlink(f"/proc/{process.pid}/fd/{n}") for n in (0, 1, 2)}, {"/dev/null"})
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(PATIENCE), INTERRUPTED)
        for line in journal.read_text().splitlines():
            json.loads(line)

    def test_closed_output_is_no_reader_that_left(self):
        run = subprocess.run(["bash", "-c", 'exec "$@" >&-', "bash", BCDA, "settings"], env=CLEAN, stderr=subprocess.PIPE,
                             timeout=PATIENCE)
        self.assertEqual(run.returncode, FAILED)
        self.assertIn(b"standard output", run.stderr)

    def test_closed_input_is_no_empty_file(self):
        run = subprocess.run(["bash", "-c", 'exec "$@" <&-', "bash", BCDA, "fetch", "-", "--out", self.out], env=CLEAN,
                             capture_output=True, timeout=PATIENCE)
        self.expect(run, FAILED, "standard input")


class Signals(Stream):
    def waiting(self):
        """An export whose job never ends."""
        process = self.start(export("--json", "--out", self.out, options=["job_time=1h"]), stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
        for line in process.stdout:
            if json.loads(line).get("text") == "waiting":
                return process
        self.fail(process.communicate()[1])

    def test_two_signals_at_once_are_one_request(self):
        for pair in ((signal.SIGTERM, signal.SIGTERM), (signal.SIGTERM, signal.SIGHUP), (signal.SIGINT, signal.SIGTERM)):
            with self.subTest(pair):
                self.out = self.dir / "-".join(str(int(number)) for number in pair)
                process = self.waiting()
                for number in pair:
                    process.send_signal(number)
                out, text = process.communicate(timeout=PATIENCE)
                self.assertEqual(process.returncode, INTERRUPTED)
                self.assertIn(b"unfinished export", text)
                self.assertEqual(json.loads(out.splitlines()[-1])["status"], "CANCELED")

    def test_a_later_signal_ends_a_process_that_does_not_react(self):
        """The decryption is blocked in a read that gets no bytes."""
        listed = json.loads((VECTORS / "vectors.json").read_text())["vectors"]
        vector = next(v for v in listed if v["keyBits"] == 2048 and v["plaintextSize"] > 1 << 19)
        pipe = self.dir / vector["filename"]
        os.mkfifo(pipe)
        process = self.start(["decrypt", pipe, "--key", vector["encryptedKey"], "--private-key",
                              VECTORS / vector["keyFile"], "--out", self.out], stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
        with open(pipe, "wb", buffering=0):
            last = time.monotonic() + PATIENCE
            while process.poll() is None:
                self.assertLess(time.monotonic(), last, "it does not end")
                process.send_signal(signal.SIGINT)
                time.sleep(0.1)
        self.assertEqual(process.returncode, INTERRUPTED)
        self.assertEqual([path for path in self.out.rglob("*") if path.suffix == ".ndjson"], [])

    def test_a_signal_that_the_launcher_blocked(self):
        process = self.start(export("--json", "--out", self.out, options=["job_time=1h"]), stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL,
                             preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM}))
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, INTERRUPTED)

    def test_nohup(self):
        process = self.start(export("--json", "--out", self.out), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                             preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        process.stdout.readline()
        process.send_signal(signal.SIGHUP)
        process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, OK)

    def test_out_that_cannot_be_looked_at(self):
        process = self.waiting()
        moved = self.dir / "moved"
        self.out.rename(moved)
        self.out.symlink_to(self.out)  # a loop, so stat fails
        process.send_signal(signal.SIGINT)
        _, text = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, INTERRUPTED, text)
        self.assertNotIn(b"filesystem error", text)


class Bytes(Stream):
    """Names that are not UTF-8."""

    def assert_json(self, text):
        lines = [json.loads(line.decode("utf-8")) for line in text.splitlines()]
        self.assertTrue(lines)
        return lines

    def test_export(self):
        out = os.fsencode(self.dir) + b"/\xff\xfe"
        run = subprocess.run([BCDA, *export("--json"), b"--out", out], env=CLEAN, capture_output=True, timeout=PATIENCE)
        self.expect(run, OK)
        files = [event["file"] for event in self.assert_json(run.stdout) if event["event"] == "file"]
        self.assertTrue(files and all("\ufffd\ufffd/Patient." in file for file in files))

    def test_decryption(self):
        arguments = self.vectors(1)
        odd = os.fsencode(self.dir) + b"/\xe9.ndjson"
        shutil.copyfile(arguments[1], odd)
        name = json.loads((self.dir / "manifest.json").read_text())["output"][0]["url"].rsplit("/", 1)[1]
        run = subprocess.run([BCDA, b"decrypt", odd, *map(str, arguments[2:]), "--label", name, "--json"], env=CLEAN,
                             capture_output=True, timeout=PATIENCE)
        self.expect(run, OK)
        self.assertIn("\ufffd.ndjson", self.assert_json(run.stdout)[0]["file"])


class Names(Stream):
    def test_unknown_names(self):
        for arguments, words in ((["exprot"], ["no command exprot", "did you mean export?"]),
                                 (["export", "--ouy", "x"], ["export has no option --ouy", "did you mean --out?"]),
                                 (["--verzion"], ["no option --verzion", "did you mean --version?"]),
                                 (["decrypt", "--kye=00"], ["no option --kye;", "did you mean --key?"]),
                                 (["sandbox", "--prot", "1"], ["no option --prot", "did you mean --port?"]),
                                 (["export", "--nothing-like-it", "3"], ["no option --nothing-like-it\n"]),
                                 (["export", "--quiet", "claims"], ["takes no argument \"claims\""]),
                                 (["export", "--parallel"], ["--parallel needs a value"])):
            with self.subTest(arguments):
                self.expect(bcda(*arguments), USAGE, *words, "--help")

    def test_what_follows_an_unknown_flag_may_be_a_secret(self):
        for arguments in (["--client-secert", "s3cr3t"], ["--client-secert=s3cr3t"]):
            text = self.expect(bcda("export", *arguments), USAGE, "did you mean --client-secret-file?")
            self.assertNotIn("s3cr3t", text)


if __name__ == "__main__":
    unittest.main()
