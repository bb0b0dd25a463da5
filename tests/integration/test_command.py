#!/usr/bin/env python3
"""The bcda command from a user's view: the vectors, good runs, bad input, Ctrl-C. Uses only the standard library.

usage: test_command.py BCDA VECTORS_DIR [unittest arguments]
"""
import fcntl
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

BCDA = pathlib.Path(sys.argv.pop(1)).resolve()
VECTORS = pathlib.Path(sys.argv.pop(1)).resolve()

OK, FAILED, USAGE, AUTHENTICATION, REFUSED, CRYPTO, WITH_ERRORS, BUSY, INTERRUPTED = 0, 1, 2, 3, 4, 5, 6, 7, 130
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("BCDA_")}


def bcda(*arguments, env=None, **options):
    """Runs the command to its end. Its environment has only the variables of `env`."""
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run([BCDA, *map(str, arguments)], env={**CLEAN, **(env or {})}, timeout=60,
                          capture_output="stdout" not in options, **options)


class Sandbox:
    """`bcda sandbox`, and the environment for a client of it."""

    def __init__(self, *options):
        self.process = subprocess.Popen([BCDA, "sandbox", *options], stdout=subprocess.PIPE, env=CLEAN)
        self.facts = json.loads(self.process.stdout.readline())
        self.env = {"BCDA_" + name.upper(): value for name, value in self.facts.items() if value}
        self.env["BCDA_POLL_INTERVAL"] = "50ms"
        self.env["BCDA_RETRY_DELAY"] = "10ms"
        self.env["BCDA_DURABILITY"] = "process"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.stdout.close()
        assert self.process.wait(20) == 0, "the sandbox ends with 0"


FAST = ("--pending-time", "0s", "--job-time", "100ms", "--beneficiaries", "40", "--beneficiaries-per-file", "20")


class Case(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="bcda-test-"))
        self.addCleanup(shutil.rmtree, self.dir, True)
        self.out = self.dir / "out"

    def expect(self, run, code, *words):
        """Checks the exit code and parts of the message, and that the message has no secret."""
        text = run.stderr.decode()
        self.assertEqual(run.returncode, code, text)
        for word in words:
            self.assertIn(str(word), text)
        return text

    def assert_no_data(self):
        """Checks that no file has a final name."""
        left = [path for path in self.dir.rglob("*.ndjson") if self.out in path.parents and ".bcda" not in path.parts
                and path.name != "log.ndjson"]
        self.assertEqual(left, [])


class Decrypt(Case):
    vectors = json.loads((VECTORS / "vectors.json").read_text())

    def decrypt(self, file, *arguments, key=VECTORS / "keys/rsa2048.pkcs1.pem", env=None):
        return bcda("decrypt", file, "--private-key", key, "--out", self.out, *arguments, env=env)

    def vector(self):
        """A vector of a usual size. Its ciphertext is copied to a path where the test may alter it."""
        vector = next(v for v in self.vectors["vectors"] if v["name"] == "patient-1kb-rsa2048")
        file = self.dir / vector["filename"]
        shutil.copyfile(VECTORS / vector["ciphertextFile"], file)
        return vector, file

    def test_vectors(self):
        for vector in self.vectors["vectors"]:
            with self.subTest(vector["name"]):
                run = self.decrypt(VECTORS / vector["ciphertextFile"], "--key", vector["encryptedKey"],
                                   key=VECTORS / vector["keyFile"])
                self.expect(run, OK)
                plain = (self.out / vector["filename"]).read_bytes()
                self.assertEqual(plain, (VECTORS / vector["plaintextFile"]).read_bytes())
                self.assertEqual((self.out / vector["filename"]).stat().st_mode & 0o777, 0o600)

    def test_altered_vectors(self):
        for vector in self.vectors["vectors"]:
            good = (VECTORS / vector["ciphertextFile"]).read_bytes()
            altered = {"truncated": good[:-1], "tag flipped": good[:-1] + bytes([good[-1] ^ 1]), "longer": good + b"x",
                       "nonce flipped": bytes([good[0] ^ 1]) + good[1:], "tag only": good[:16], "empty": b""}
            for name, data in altered.items():
                with self.subTest(vector["name"] + ", " + name):
                    file = self.dir / vector["filename"]
                    file.write_bytes(data)
                    run = self.decrypt(file, "--key", vector["encryptedKey"], key=VECTORS / vector["keyFile"])
                    self.expect(run, CRYPTO, vector["filename"])
                    self.assertFalse(self.out.exists(), "no file, no directory")

    def test_manifest_and_several_files(self):
        chosen = [v for v in self.vectors["vectors"] if v["keyBits"] == 2048]
        manifest = self.dir / "manifest.json"
        manifest.write_text(json.dumps({
            "transactionTime": "2019-09-20T14:47:33Z", "request": "https://x/api/v1/Patient/$export",
            "requiresAccessToken": True, "error": [], "JobID": 1,
            "output": [{"type": "Patient", "url": "https://x/data/1/" + v["filename"], "encryptedKey": v["encryptedKey"]}
                       for v in chosen]}))
        files = [VECTORS / v["ciphertextFile"] for v in chosen]
        bad = self.dir / chosen[3]["filename"]
        bad.write_bytes(b"x" * 100)
        files[3] = bad
        run = self.decrypt(files[0], *files[1:], "--manifest", manifest)
        self.expect(run, CRYPTO, bad.name)
        self.assertEqual(len(list(self.out.iterdir())), len(chosen) - 1, "the others are there")

    def test_key_formats(self):
        vector, file = self.vector()
        passphrase = self.dir / "passphrase"
        passphrase.write_text(self.vectors["passphrase"] + "\n")
        passphrase.chmod(0o600)
        for key in sorted((VECTORS / "keys").glob("rsa2048.pkcs*.pem")):
            with self.subTest(key.name):
                run = self.decrypt(file, "--key", vector["encryptedKey"], "--private-key-passphrase-file", passphrase, key=key)
                self.expect(run, OK)
                shutil.rmtree(self.out)
        run = self.decrypt(file, "--key", vector["encryptedKey"], key=VECTORS / "keys/rsa2048.pkcs8.encrypted.pem",
                           env={"BCDA_PRIVATE_KEY_PASSPHRASE": self.vectors["passphrase"]})
        self.expect(run, OK)

    def test_bad_keys(self):
        vector, file = self.vector()
        hexkey = ("--key", vector["encryptedKey"])
        keys = VECTORS / "keys"
        self.expect(self.decrypt(file, *hexkey, key=self.dir / "none.pem"), FAILED, "none.pem")
        self.expect(self.decrypt(file, *hexkey, key=keys / "rsa2048.public.pem"), USAGE, "public")
        self.expect(self.decrypt(file, *hexkey, key=keys / "rsa2048.pkcs8.encrypted.pem"), USAGE, "passphrase")
        wrong = self.decrypt(file, *hexkey, key=keys / "rsa2048.pkcs8.encrypted.pem",
                             env={"BCDA_PRIVATE_KEY_PASSPHRASE": "a-wrong-one"})
        self.assertNotIn("a-wrong-one", self.expect(wrong, USAGE, "passphrase"))
        self.expect(self.decrypt(file, *hexkey, key=keys / "rsa2048-other.pkcs1.pem"), CRYPTO, file.name)
        text = self.dir / "text.pem"
        text.write_text("no key\n")
        self.expect(self.decrypt(file, *hexkey, key=text), USAGE, "text.pem")
        self.assertFalse(self.out.exists())

    def test_bad_arguments(self):
        vector, file = self.vector()
        for key in ("xyz", "abc"):
            self.expect(self.decrypt(file, "--key", key), USAGE, "--key", "hex")
        self.expect(self.decrypt(file), USAGE, "--key")
        self.expect(self.decrypt(file, "--key", "00", "--manifest", "m"), USAGE, "--key and --manifest cannot be used together")
        for flag in ("--key", "--manifest", "--label", "--out"):
            self.expect(bcda("decrypt", file, flag, ""), USAGE, flag + " needs a value")
        self.expect(self.decrypt(file, file, "--key", vector["encryptedKey"]), USAGE, "--manifest")
        run = self.decrypt(self.dir / "none.ndjson", "--key", vector["encryptedKey"], "--label", vector["filename"])
        self.expect(run, FAILED, "none.ndjson")
        self.expect(self.decrypt(file, "--manifest", self.dir / "none.json"), FAILED, "none.json")
        (self.dir / "m.json").write_text("<html>")
        self.expect(self.decrypt(file, "--manifest", self.dir / "m.json"), USAGE, f"the manifest {self.dir / 'm.json'} is not JSON")
        self.expect(bcda("decrypt", file, "--key", vector["encryptedKey"], "--out", self.out), USAGE, "--private-key is missing")
        self.assertFalse(self.out.exists())

    def test_renamed_file(self):
        vector, file = self.vector()
        renamed = file.rename(self.dir / "renamed.ndjson")
        self.expect(self.decrypt(renamed, "--key", vector["encryptedKey"]), CRYPTO, "renamed.ndjson")
        self.assertFalse(self.out.exists())
        self.expect(self.decrypt(renamed, "--key", vector["encryptedKey"], "--label", vector["filename"]), OK)
        self.assertTrue((self.out / "renamed.ndjson").exists())

    def test_interrupted_it_leaves_nothing(self):
        """A pipe replaces a slow file: it delivers some bytes, and then Ctrl-C follows."""
        vector = next(v for v in self.vectors["vectors"] if v["plaintextSize"] > 1 << 19)
        pipe = self.dir / vector["filename"]
        os.mkfifo(pipe)
        process = subprocess.Popen([BCDA, "decrypt", pipe, "--key", vector["encryptedKey"], "--private-key",
                                    VECTORS / vector["keyFile"], "--out", self.out], env=CLEAN,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        with open(pipe, "wb", buffering=0) as feed:
            feed.write((VECTORS / vector["ciphertextFile"]).read_bytes()[:300000])
            while not list(self.out.rglob("*.partial")):
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=20)
        self.assertEqual(process.returncode, INTERRUPTED)
        self.assertEqual([p for p in self.out.rglob("*") if p.is_file()], [])

    def test_empty_key_file(self):
        empty = self.dir / "empty.pem"
        empty.touch()
        vector = self.vectors["vectors"][0]
        run = self.decrypt(VECTORS / vector["ciphertextFile"], "--key", vector["encryptedKey"], key=empty)
        self.expect(run, USAGE, empty, "empty")

    def test_output_is_never_replaced(self):
        vector, file = self.vector()
        before = file.read_bytes()
        run = bcda("decrypt", file, "--private-key", VECTORS / "keys/rsa2048.pkcs1.pem", "--key", vector["encryptedKey"],
                   "--out", self.dir)
        self.assertIn(run.returncode, (FAILED, USAGE))
        self.assertEqual(file.read_bytes(), before)
        self.out.write_text("a file")
        self.expect(self.decrypt(file, "--key", vector["encryptedKey"]), FAILED, "out")


class Export(Case):
    @classmethod
    def setUpClass(cls):
        cls.sandbox = cls.enterClassContext(Sandbox(*FAST)) if hasattr(cls, "enterClassContext") else None
        if cls.sandbox is None:  # Python 3.10
            cls.sandbox = Sandbox(*FAST)
            cls.addClassCleanup(cls.sandbox.__exit__)

    def export(self, *arguments, env=None, command="export"):
        return bcda(command, *arguments, "--out", self.out, env={**self.sandbox.env, **(env or {})})

    def test_all_types(self):
        run = self.export()
        self.expect(run, OK)
        self.assertIn(b"6 files", run.stdout)
        names = sorted(path.name.split(".")[0] for path in self.out.glob("*.ndjson") if path.name != "log.ndjson")
        self.assertEqual(names, ["Coverage"] * 2 + ["ExplanationOfBenefit"] * 2 + ["Patient"] * 2)
        for path in self.out.glob("Patient.*"):
            self.assertEqual({json.loads(line)["resourceType"] for line in path.read_text().splitlines()}, {"Patient"})
        json.loads((self.out / "export.json").read_text())
        self.assertFalse((self.out / ".bcda").exists())

    def test_events_as_json(self):
        run = self.export("--json", "--type", "Patient")
        self.expect(run, OK)
        events = [json.loads(line) for line in run.stdout.splitlines()]
        self.assertEqual(events[-1]["event"], "finished")
        self.assertEqual(run.stderr, b"")

    def test_quiet(self):
        run = self.export("--quiet", "--type", "Patient")
        self.assertEqual((run.returncode, run.stdout, run.stderr), (OK, b"", b""))

    def test_manifest_then_fetch(self):
        run = bcda("manifest", "--type", "Patient,Coverage", env=self.sandbox.env)
        self.expect(run, OK)
        manifests = [json.loads(line) for line in run.stdout.splitlines()]
        self.assertEqual(len(manifests), 2)
        file = self.dir / "manifest.json"
        file.write_bytes(run.stdout)
        one = manifests[0]["output"][0]["url"].rsplit("/", 1)[1]
        self.expect(self.export(file, "--file", one, command="fetch"), OK)
        self.assertEqual(len([p for p in self.out.glob("*.ndjson") if p.name != "log.ndjson"]), 1)
        self.out = self.dir / "all"
        self.expect(self.export(file, command="fetch"), OK)
        self.assertEqual(len([p for p in self.out.glob("*.ndjson") if p.name != "log.ndjson"]), 4)
        self.out = self.dir / "none"
        self.expect(self.export(file, "--file", "nothing.ndjson", command="fetch"), USAGE, "nothing.ndjson")
        self.expect(self.export(file, "--file", "", command="fetch"), USAGE, "--file needs a value")
        self.assertFalse(self.out.exists())
        for text, words in ((b"<html>", "is not JSON"), (b" \n", "is empty"), (b"{}", "has no member output")):
            file.write_bytes(text)
            self.expect(self.export(file, command="fetch"), USAGE, file, words)
            run = bcda("fetch", "-", "--out", self.out, env=self.sandbox.env, stdin=None, input=text)
            self.expect(run, USAGE, "standard input", words)
        self.assertFalse(self.out.exists())

    def test_manifest_looks_at_no_private_key(self):
        env = {**self.sandbox.env, "BCDA_PRIVATE_KEY": str(self.dir / "none.pem")}
        self.expect(bcda("manifest", "--type", "Patient", env=env), OK)

    def test_a_fetch_takes_what_fetches_of_single_files_left(self):
        run = bcda("manifest", "--type", "Patient", env=self.sandbox.env)
        one = json.loads(run.stdout)["output"][0]["url"].rsplit("/", 1)[1]
        file = self.dir / "manifest.json"
        file.write_bytes(run.stdout)
        self.expect(self.export(file, "--file", one, command="fetch"), OK)
        kept = next(self.out.glob("Patient.*"))
        inode = kept.stat().st_ino
        self.assertTrue((self.out / ".bcda/journal.ndjson").exists())
        self.assertIn(b"keeps .bcda/journal.ndjson", bcda("fetch", "--help").stdout)
        self.expect(self.export(file, command="fetch"), OK)
        self.assertEqual(kept.stat().st_ino, inode)
        self.assertTrue((self.out / "export.json").exists())

    def test_metadata(self):
        run = bcda("metadata", env=self.sandbox.env)
        self.expect(run, OK)
        self.assertEqual(json.loads(run.stdout)["resourceType"], "CapabilityStatement")
        unusable = {"BCDA_CLIENT_ID": "a b", "BCDA_CLIENT_SECRET_FILE": "/no/such/file"}  # not needed, so not read
        self.assertEqual(bcda("metadata", env=self.sandbox.env | unusable).stdout, run.stdout)
        raw = bcda("metadata", "--raw", env=self.sandbox.env)
        self.assertEqual(json.loads(raw.stdout), json.loads(run.stdout))

    def test_metadata_stops_at_ctrl_c(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}"
            run = subprocess.Popen([BCDA, "metadata", "--url", url], env=CLEAN, stderr=subprocess.PIPE)
            connection, _ = silent.accept()
            run.send_signal(signal.SIGINT)
            _, text = run.communicate(timeout=20)
            connection.close()
        self.assertEqual(run.returncode, INTERRUPTED, text)

    def test_flag_before_file_before_environment(self):
        config = self.dir / "bcda.json"
        config.write_text(json.dumps({"types": "Coverage", "client_id": "from-the-file"}))
        run = self.export("--config", config, "--client-id", self.sandbox.facts["client_id"], env={"BCDA_TYPES": "Patient"})
        self.expect(run, OK)
        self.assertTrue(list(self.out.glob("Coverage.*")))
        self.assertFalse(list(self.out.glob("Patient.*")))

    def test_secret_file_flag_before_secret_of_the_environment(self):
        secret = self.dir / "secret"
        secret.write_text(self.sandbox.facts["client_secret"] + "\n")
        secret.chmod(0o600)
        run = self.export("--client-secret-file", secret, "--type", "Patient", env={"BCDA_CLIENT_SECRET": "wrong"})
        self.expect(run, OK)

    def test_bad_settings(self):
        self.expect(self.export(env={"BCDA_URL": "not a url"}), USAGE, "url")
        self.expect(self.export("--url", "http://api.example.com"), USAGE, "url", "http")
        self.expect(self.export("--parallel", "many"), USAGE, "parallel")
        self.expect(self.export("--no-such-flag"), USAGE, "--no-such-flag")
        config = self.dir / "bcda.json"
        config.write_text('{"clientid": "x"}')
        self.expect(self.export("--config", config), USAGE, "clientid", "client_id")
        self.expect(bcda("export", env=self.sandbox.env), USAGE, "bcda: --out is missing")
        for arguments in (["--client-secret", "s3cr3t"], ["--client-secret=s3cr3t"]):
            self.assertNotIn("s3cr3t", self.expect(self.export(*arguments), USAGE, "--client-secret-file"))
        self.assertFalse(self.out.exists())

    def test_refused_credentials(self):
        text = self.expect(self.export(env={"BCDA_CLIENT_SECRET": "not-the-secret"}), AUTHENTICATION)
        self.assertNotIn("not-the-secret", text)
        self.assertNotIn("resume", text, "there is nothing to go on with")
        self.assertIn("check --client-id and --client-secret-file or BCDA_CLIENT_SECRET, ", text)
        self.assert_no_data()

    def test_untrusted_certificate_and_wrong_host(self):
        env = dict(self.sandbox.env)
        del env["BCDA_CA_FILE"]
        run = bcda("export", "--out", self.out, env={**env, "BCDA_RETRIES": "0"})
        self.assertNotIn("resume", self.expect(run, FAILED, "certificate"), "there is nothing to go on with")
        manifest = self.dir / "manifest.json"
        manifest.write_bytes(bcda("manifest", env=self.sandbox.env).stdout)
        text = self.expect(bcda("fetch", manifest, "--out", self.out, "--retries", "0", env=env), FAILED)
        self.assertEqual(text.count("warning: "), 2, "one, and a count: " + text)
        self.assertIn("warning: 5 more files (", text)
        self.expect(self.export("--url", self.sandbox.facts["url"].replace("localhost", "ip6-localhost"), "--retries", "0"),
                    FAILED)
        self.assert_no_data()

    def test_a_key_instead_of_the_secret_is_not_sent(self):
        run = bcda("export", "--url", "https://localhost:1", "--client-id", "x", "--client-secret-file",
                   VECTORS / "keys/rsa2048.pkcs8.pem", "--out", self.out)
        self.expect(run, USAGE, "bcda: --client-secret-file: ", "more than one line")

    def test_a_proxy_with_a_password_is_no_flag_and_is_not_shown(self):
        proxy = "http://user:hunter2@127.0.0.1:1"
        text = self.expect(bcda("metadata", "--url", "https://localhost:1", "--proxy", proxy), USAGE, "--proxy", "BCDA_PROXY")
        self.assertNotIn("hunter2", text)
        run = bcda("metadata", "--url", "https://localhost:1", env={"BCDA_PROXY": proxy})
        self.assertNotIn("hunter2", self.expect(run, FAILED, "cannot connect to the proxy 127.0.0.1:1 (--proxy)"))

    def test_the_last_of_a_repeated_flag_counts(self):
        run = bcda("metadata", "--url", "nonsense", "--url", "http://127.0.0.1:1", "--connect-timeout", "1s")
        self.expect(run, FAILED, "127.0.0.1:1")

    def test_a_port_without_a_server(self):
        text = self.expect(self.export("--url", "https://localhost:1", "--retries", "0"), FAILED)
        self.assert_no_data()
        self.assertEqual(text.count("localhost:1"), 1, "the failure of three jobs is said once: " + text)
        self.assertRegex(text, r"warning: the kick-off for \w+: cannot connect")
        self.assertIn("bcda: 3 jobs are not done: Coverage, ExplanationOfBenefit, Patient\n  hint: ", text)

    def test_an_occupied_directory(self):
        self.expect(self.export("--type", "Patient"), OK)
        self.expect(self.export(), FAILED, "holds a finished export (export.json); choose another directory")
        self.expect(self.export("--restart"), FAILED, "and --restart discards only an unfinished export; choose another")

    def test_plain_http_to_a_port_that_speaks_tls(self):
        run = self.export("--url", self.sandbox.facts["url"].replace("https:", "http:"), "--retries", "0")
        self.expect(run, FAILED, "if the port speaks TLS, use https:// in --url")

    def test_wrong_private_key(self):
        self.expect(self.export("--private-key", VECTORS / "keys/rsa2048.pkcs1.pem"), CRYPTO)
        self.assert_no_data()

    def test_output_directory(self):
        self.out.write_text("a file")
        self.expect(self.export(), FAILED, self.out)
        self.out = pathlib.Path("/proc/bcda-out")  # root may create directories everywhere else
        self.expect(self.export(), FAILED, self.out)

    def test_full_disk(self):
        self.out = pathlib.Path("/dev/full/x")
        self.expect(self.export(), FAILED, "/dev/full")

    def test_reader_that_leaves(self):
        script = f'"{BCDA}" export --json --out "{self.out}" | head -1; exit ${{PIPESTATUS[0]}}'
        run = subprocess.run(["bash", "-c", script], env={**CLEAN, **self.sandbox.env}, capture_output=True, timeout=60)
        self.expect(run, OK, "nobody read standard output; the report is incomplete, the files are not affected")
        self.assertTrue((self.out / "export.json").exists(), "the export goes on")

    def test_a_run_that_fails_at_the_start_is_an_event_too(self):
        for arguments, env, code in (([], {"BCDA_CLIENT_SECRET": ""}, USAGE), (["--url", "not a url"], {}, USAGE)):
            run = self.export("--json", *arguments, env=env)
            self.assertEqual(run.returncode, code, run.stderr)
            event = json.loads(run.stdout)
            self.assertEqual((event["event"], event["status"]), ("finished", "INVALID_ARGUMENT"))
            self.assertTrue(event["text"])
        self.out.mkdir()
        run = bcda("resume", self.out, "--json", env=self.sandbox.env)
        self.assertEqual(json.loads(run.stdout)["status"], "FILESYSTEM")

    def test_standard_output_full(self):
        with open("/dev/full", "w") as full:
            run = bcda("settings", stdout=full, stderr=subprocess.PIPE)
        self.expect(run, FAILED, "standard output")


class Faults(Case):
    """Exports with their own sandbox."""

    def export(self, *options, arguments=()):
        given = [item for option in (*self.fast(), *options) for item in ("--sandbox-option", option)]
        return bcda("export", "--sandbox", *given, "--out", self.out, "--type", "Patient", "--poll-interval", "50ms",
                    "--retry-delay", "10ms", "--retries", "2", "--durability", "process", *arguments)

    @staticmethod
    def fast():
        return "pending_time=0s", "job_time=100ms", "beneficiaries=40", "beneficiaries_per_file=20"

    def test_needs_nothing_else(self):
        self.expect(self.export(), OK)
        self.assertEqual(len(list(self.out.glob("Patient.*.ndjson"))), 2)

    def test_a_sandbox_has_its_own_service_and_credentials(self):
        for flag in ("--url", "--client-id", "--client-secret-file", "--private-key", "--ca-file", "--signing-key",
                     "--key-id", "--token-url"):
            self.expect(self.export(arguments=(flag, "x")), USAGE, f"--sandbox and {flag} cannot be used together")
        self.expect(bcda("export", "--url", "x", "--out", self.out, env={"BCDA_SANDBOX": "true"}), USAGE, "--url")
        self.assertFalse(self.out.exists())

    def test_error_files(self):
        run = self.export("error_rate=0.2", "era=oct2019")
        self.expect(run, WITH_ERRORS)
        self.assertTrue(list((self.out / "error").glob("OperationOutcome.*.ndjson")))
        self.assertRegex(run.stdout, rb"\n  issues: \d+ error \(Exception\)\n$")
        self.assertNotIn(b"retrieving", run.stdout + run.stderr)

    def test_altered_and_cut(self):
        cases = (["flip"], CRYPTO), (["truncate"], FAILED), (["wrong-key"], CRYPTO), (["wrong-label"], CRYPTO), \
            (["no-key", "no-keymap"], CRYPTO), (["not-json"], REFUSED), (["job-fails"], REFUSED)
        for number, (faults, code) in enumerate(cases):
            with self.subTest(faults):
                self.out = self.dir / str(number)
                self.expect(self.export(*("fault=" + fault for fault in faults)), code)
                self.assert_no_data()

    def test_what_to_do_comes_last(self):
        text = self.expect(self.export("fault=flip"), CRYPTO, "; download the file again")
        self.assertEqual(text.count("GCM tag"), 3, text)  # for each of two files, and for the first one again in the last message
        self.assertIn("\nbcda: 2 of 2 files failed; the first: the file ", text)
        self.assertIn(f"\nbcda: {self.out} holds an unfinished export; ", text)
        self.out = self.dir / "json"
        text = self.expect(self.export("fault=flip", arguments=["--json"]), CRYPTO)
        self.assertTrue(text.startswith("bcda: 2 of 2 files failed; the first: the file "), text)

    def test_a_denied_file_has_a_remedy(self):
        for status, code in ((401, AUTHENTICATION), (403, REFUSED)):
            self.out = self.dir / str(status)
            self.expect(self.export(f"fault=status={status}:on=GET /data/"), code, "check --client-id, or start a new export (setting client_id)")

    def test_bad_option(self):
        self.expect(self.export("beneficiary=1"), USAGE, "beneficiaries")
        self.expect(self.export("beneficiaries"), USAGE, "name=value")
        self.expect(self.export("fault=stall:on=/data"), USAGE, "on=PREFIX must start with a method", "GET /data/")

    def test_bad_option_of_the_sandbox_command(self):
        self.expect(bcda("sandbox", "--beneficiaries-per-file", "x"), USAGE, "bcda: --beneficiaries-per-file takes a number")

    def test_dashes_count_as_underscores(self):
        self.expect(self.export("job-time=50ms", "beneficiaries-per-file=40"), OK)
        self.assertEqual(len(list(self.out.glob("Patient.*.ndjson"))), 1)


class Interrupts(Case):
    def start(self, stage, *options):
        """Starts an export and waits until it is at this stage."""
        given = [item for option in options for item in ("--sandbox-option", option)]
        process = subprocess.Popen([BCDA, "export", "--sandbox", "--out", self.out, "--type", "Patient", "--json", *given,
                                    "--poll-interval", "50ms"], env=CLEAN, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for line in process.stdout:
            event = json.loads(line)
            if (event["event"], event.get("text")) == ("state", stage):
                return process
        self.fail(process.communicate()[1])

    def interrupted(self, process, *signals):
        for each in signals:
            process.send_signal(each)
        _, text = process.communicate(timeout=20)
        self.assertEqual(process.returncode, INTERRUPTED, text)
        self.assert_no_data()

    def test_jobs_that_continue_are_named(self):
        with Sandbox("--job-time", "1h") as sandbox:
            for arguments in (["export", "--out", self.out], ["manifest"]):
                process = subprocess.Popen([BCDA, *arguments, "--type", "Patient,Coverage"], env={**CLEAN, **sandbox.env},
                                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
                accepted = []
                while len(accepted) < 2:
                    line = process.stderr.readline()
                    self.assertTrue(line, "it ended")
                    accepted += [line] if "job accepted" in line else []
                process.send_signal(signal.SIGINT)
                _, text = process.communicate(timeout=20)
                self.assertEqual(process.returncode, INTERRUPTED, text)
                self.assertIn("bcda: canceled\nbcda: these jobs may still be running at the service", text)
                for type in ("Patient", "Coverage"):
                    self.assertRegex(text, f"  {type}: {sandbox.facts['url']}/api/v1/jobs/[0-9]+\n")
        self.out = self.dir / "own sandbox"
        process = self.start("waiting", "job_time=1h")
        process.send_signal(signal.SIGINT)
        self.assertNotIn(b"still running", process.communicate(timeout=20)[1])

    def test_while_waiting(self):
        for how in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(how):
                self.out = self.dir / how.name
                self.interrupted(self.start("waiting", "job_time=1h"), how)

    def test_while_downloading(self):
        self.interrupted(self.start("downloading", "job_time=0s", "pending_time=0s", "fault=stall"), signal.SIGINT)


class Questions(Case):
    """auth, jobs, status, cancel, attribution."""

    def test_at_todays_service(self):
        with Sandbox("--profile", "bcda-v3", *FAST) as sandbox:
            run = bcda("auth", env=sandbox.env)
            self.expect(run, OK)
            text = run.stdout.decode()
            for word in ("basic", sandbox.facts["url"].removesuffix("/api/v3") + ", valid", "20 min", "accepted the token: Welcome"):
                self.assertIn(word, text)
            self.assertTrue(json.loads(bcda("auth", "--json", env=sandbox.env).stdout)["checked"])
            self.assertEqual(json.loads(bcda("jobs", "--json", env=sandbox.env).stdout), [])
            self.assertIn(b"lists no jobs", bcda("jobs", env=sandbox.env).stdout)
            self.expect(bcda("manifest", env=sandbox.env), OK)
            run = bcda("jobs", "--status", "Completed", "--status", "In Progress", "--json", env=sandbox.env)
            url = json.loads(run.stdout)[0]["url"]
            self.assertIn(url, bcda("jobs", env=sandbox.env).stdout.decode())
            self.assertEqual(json.loads(bcda("status", url, "--json", env=sandbox.env).stdout)["state"], "done")
            self.assertIn(b"state           done", bcda("status", url, env=sandbox.env).stdout)
            self.expect(bcda("cancel", url, env=sandbox.env), REFUSED, "can no longer be canceled (HTTP 410)")
            self.assertIn("GET " + url, bcda("export", "--job-url", url, "--dry-run", env=sandbox.env).stdout.decode())
            run = bcda("export", "--job-url", url, "--delete-job", "--out", self.out, env=sandbox.env)
            self.expect(run, WITH_ERRORS if run.returncode == WITH_ERRORS else OK, "was not deleted")
            self.assertTrue((self.out / "export.json").exists())
            self.assertEqual(len(json.loads(bcda("jobs", "--json", env=sandbox.env).stdout)), 1)
            self.assertIn(b"last_attribution_update", bcda("attribution", env=sandbox.env).stdout)
            wrong = {**sandbox.env, "BCDA_CLIENT_SECRET": "wrong"}
            self.expect(bcda("auth", env=wrong), AUTHENTICATION, "refused the credentials")

    def test_the_words_of_the_service_can_be_kept_out_of_logs(self):
        body = '{"resourceType":"OperationOutcome","issue":[{"severity":"error","diagnostics":"of Jane Doe"}]}'
        with Sandbox("--profile", "bcda-v3", "--fault", "status=400:on=GET /api/v3/Group:body=" + body) as sandbox:
            self.expect(bcda("export", "--out", self.out, env=sandbox.env), REFUSED, "the service says: of Jane Doe")
            for arguments, env in (["--hide-outcomes"], {}), ([], {"BCDA_HIDE_OUTCOMES": "true"}):
                run = bcda("export", "--out", self.out, *arguments, env={**sandbox.env, **env})
                self.assertNotIn("Jane", self.expect(run, REFUSED, "the service says: (hidden)"))

    def test_a_failed_export_is_gone_on_with(self):
        with Sandbox("--profile", "bcda-v3", *FAST, "--fault", "status=403:on=GET /data/1/:count=1") as sandbox:
            run = bcda("export", "--out", self.out, "--retries", "0", env=sandbox.env)
            self.expect(run, REFUSED, f"{self.out} holds an unfinished export; `bcda resume {self.out}` goes on with it")
            there = set(self.out.glob("*.ndjson"))
            self.assertGreater(len(there), 1)
            status = json.loads(bcda("status", self.out, "--json").stdout)
            published = len(there) - 1 + len(list(self.out.glob("error/*.ndjson")))  # without the log
            self.assertEqual((status["state"], status["files"]["published"]), ("unfinished", published))
            self.expect(bcda("status", self.out), OK)
            self.expect(bcda("export", "--out", self.out, "--type", "Coverage", env=sandbox.env), FAILED, 'types (then [], now ["Coverage"])')
            run = bcda("resume", self.out, env=sandbox.env)
            self.expect(run, OK, f"warning: going on with the export in {self.out}: {published} of {published + 1} files are here")
            self.assertIn(f"  from an earlier run: {published} files\n".encode(), run.stdout)
            self.assertGreater(set(self.out.glob("*.ndjson")), there)
            self.assertEqual(json.loads(bcda("status", self.out, "--json").stdout)["state"], "finished")
            place = {name: value for name, value in sandbox.env.items() if not re.search("CLIENT|KEY", name)}
            run = bcda("resume", self.out, env=place)  # without credentials, because nothing is sent
            self.expect(run, OK, "is complete (export.json)")
            self.assertIn(b" files, ", run.stdout)
            self.assertEqual(len(json.loads(bcda("jobs", "--json", env=sandbox.env).stdout)), 1, "one job in all")
            self.expect(bcda("resume", self.out), OK, "is complete (export.json)")  # the receipt has the address
            next(self.out.glob("Patient.*")).unlink()
            self.assertIn(b"is missing", bcda("status", self.out).stdout)
            self.expect(bcda("resume", self.out, env=sandbox.env), FAILED, "is missing", "another directory")
            self.expect(bcda("resume", self.out), FAILED, "is missing", "another directory")  # the service does not matter

    def test_a_resume_names_only_options_that_it_has(self):
        with Sandbox(*FAST, "--fault", "status=403:on=GET /data/:count=1") as sandbox:
            self.expect(bcda("export", "--type", "Patient", "--out", self.out, "--retries", "0", env=sandbox.env), REFUSED)
            keyless = {**sandbox.env, "BCDA_PRIVATE_KEY": "", "BCDA_ALLOW_PLAINTEXT": "true"}
            text = self.expect(bcda("resume", self.out, env=keyless), FAILED, "--private-key (none is given now)",
                               "; use the same settings, or run bcda export --restart to discard it")
            self.assertNotIn("bcda resume", text)

    def test_a_resume_that_fails_says_what_is_here(self):
        with Sandbox(*FAST, "--fault", "status=403:on=GET /data/:count=1") as sandbox:
            self.expect(bcda("export", "--type", "Patient", "--out", self.out, "--retries", "0", env=sandbox.env), REFUSED)
            run = bcda("resume", self.out, env={**sandbox.env, "BCDA_CLIENT_SECRET": "wrong"})
            self.expect(run, AUTHENTICATION, "1 of 2 files is here", f"1 file verified and kept in {self.out}")

    def test_a_job_that_has_expired_without_files_is_replaced(self):
        with Sandbox(*FAST, "--fault", "status=410:on=GET /api/v1/jobs/:count=1") as sandbox:
            command = "export", "--type", "Patient", "--out", self.out
            self.expect(bcda(*command, env=sandbox.env), REFUSED,
                        f"{self.out} holds nothing to go on with; the same export again starts a new job")
            self.expect(bcda(*command, env=sandbox.env), OK)
        self.out = self.dir / "two jobs"
        with Sandbox(*FAST, "--fault", "status=410:on=GET /api/v1/jobs/:count=1") as sandbox:
            run = bcda("export", "--type", "Patient,Coverage", "--out", self.out, env=sandbox.env)
            self.expect(run, REFUSED, f"`bcda resume {self.out}` goes on with it, with a new job for the one that is gone")
            self.expect(bcda("resume", self.out, env=sandbox.env), OK)

    def test_files_of_a_job_that_is_gone_need_a_restart(self):
        with Sandbox("--profile", "bcda-v3", *FAST, "--fault", "status=410:on=GET /data/1/:count=1") as sandbox:
            first = bcda("export", "--out", self.out, env=sandbox.env)
            again = bcda("export", "--out", self.out, env=sandbox.env)
            resumed = bcda("resume", self.out, env=sandbox.env)
            for run in first, again, resumed:
                text = self.expect(run, REFUSED, "cannot be completed, because its job is gone")
                self.assertRegex(text, r"bcda export --restart discards \d+ verified files there and starts a new job")
                self.assertNotIn("goes on with it", text)
            remedy = f"`bcda export --restart --out {self.out}`"
            self.assertIn(remedy, bcda("status", self.out).stdout.decode())
            self.expect(bcda("export", "--out", self.out, "--restart", env=sandbox.env), OK, "restart discarded")
            self.assertEqual(len(json.loads(bcda("jobs", "--json", env=sandbox.env).stdout)), 2)

    def test_what_a_damaged_directory_says_to_do_works(self):
        with Sandbox("--profile", "bcda-v3", *FAST, "--fault", "status=403:on=GET /data/1/:count=1") as sandbox:
            self.expect(bcda("export", "--out", self.out, "--retries", "0", env=sandbox.env), REFUSED)
            file, journal = next(self.out.glob("Patient.*")), self.out / ".bcda/journal.ndjson"
            copy = self.dir / "copy"
            shutil.copytree(self.out, copy)

            file.write_bytes(b"x" + file.read_bytes()[1:])
            there = set(self.out.glob("*.ndjson"))
            for command in ["resume", self.out], ["export", "--restart", "--out", self.out]:
                self.expect(bcda(*command, env=sandbox.env), FAILED, f"{file} has changed since it was verified", "remove it")
                self.assertEqual(set(self.out.glob("*.ndjson")) - there, set(), "a restart that is refused discards nothing")
            file.unlink()
            self.expect(bcda("resume", self.out, env=sandbox.env), OK)

            shutil.rmtree(self.out)
            shutil.copytree(copy, self.out)
            text = journal.read_text()
            journal.write_text(text.replace("intent", "Intent", 1))
            self.assertRegex(bcda("status", self.out).stdout.decode(), r"state +damaged[^$]*damaged journal .*line 1")
            self.expect(bcda("resume", self.out, env=sandbox.env), FAILED, "damaged journal (.bcda/journal.ndjson, line 1)")
            self.expect(bcda("export", "--restart", "--out", self.out, env=sandbox.env), OK, "restart discarded")

            shutil.rmtree(self.out)
            shutil.copytree(copy, self.out)
            journal.write_text(text[:text.index('"event":"manifest"')])
            self.assertRegex(bcda("status", self.out).stdout.decode(), r"state +damaged[^$]*move them away")
            self.expect(bcda("resume", self.out, env=sandbox.env), FAILED, "move them away")
            for path in [*self.out.glob("*.ndjson"), *self.out.glob("error/*.ndjson")]:
                path.unlink()
            self.expect(bcda("resume", self.out, env=sandbox.env), OK)

    def test_a_series_has_a_state_of_its_own(self):
        with Sandbox("--profile", "bcda-v3", *FAST) as sandbox:
            self.expect(bcda("sync", self.out, env=sandbox.env), OK)
            status = bcda("status", self.out).stdout.decode()
            self.assertIn(f"a series of 1 export: `bcda sync {self.out}` goes on with it", status)
            self.expect(bcda("resume", self.out, env=sandbox.env), FAILED, "holds a series of exports")

    def test_what_cannot_be_gone_on_with_is_named(self):
        with Sandbox() as sandbox:
            self.expect(bcda("resume", self.out, env=sandbox.env), FAILED, "there is no directory")
            self.out.mkdir()
            self.expect(bcda("resume", self.out, env=sandbox.env), FAILED, "holds no unfinished export")
            self.assertEqual(json.loads(bcda("status", self.out, "--json").stdout)["state"], "none")
            self.expect(bcda("status", self.dir / "nowhere"), FAILED, "there is no directory")

    def test_an_export_that_is_killed_again_and_again_is_completed(self):
        """Bytes that were here are not fetched again, and there is one kick-off."""
        with Sandbox("--bytes-per-type", "64MiB", "--files-per-type", "2", *FAST) as sandbox:
            command = [BCDA, "export", "--type", "Patient", "--out", str(self.out), "--json"]
            for bytes_more in range(5_000_000, 100_000_000, 5_000_000):
                with subprocess.Popen(command, env={**CLEAN, **sandbox.env}, stdout=subprocess.PIPE) as run:
                    for line in run.stdout:
                        if json.loads(line).get("bytes_done", 0) > bytes_more:
                            break
                    run.kill()
                self.assertLessEqual(len(list(self.out.glob("Patient.*.ndjson"))), 2)
                if (self.out / "export.json").exists():
                    break
            if not (self.out / "export.json").exists():
                self.expect(bcda("export", "--type", "Patient", "--out", self.out, env=sandbox.env), OK)
            receipt = json.loads((self.out / "export.json").read_bytes())
            self.assertEqual(len(receipt["files"]), 2)
            for file in receipt["files"]:
                digest = hashlib.sha256((self.out / file["path"]).read_bytes()).hexdigest()
                self.assertEqual(digest, file["sha256"])
            log = [json.loads(line) for line in (self.out / "log.ndjson").read_text().splitlines() if line.endswith("}")]
            self.assertEqual(sum(line["eventId"] == "kickoff" for line in log), 1)

    def test_a_misspelled_variable_is_mentioned(self):
        text = self.expect(bcda("profiles", env={"BCDA_TYPE": "x"}), OK)
        self.assertEqual(text, "")  # takes no setting
        with Sandbox() as sandbox:
            env = {**sandbox.env, "BCDA_TYPE": "Patient", "BCDA_OF_ANOTHER_PROGRAM": "x", "BCDA_QUIET": "true", "BCDA_PORT": "1"}
            text = self.expect(bcda("auth", env=env), OK, "variable BCDA_TYPE", "did you mean BCDA_TYPES?")
            self.assertEqual(text.count("unknown"), 1, text)  # the others are another program's, or of other commands

    def test_a_receipt_is_no_manifest(self):
        (self.dir / "export.json").write_text('{"libbcda":"0.2.0","transactionTime":"2026-01-01T00:00:00Z"}')
        run = bcda("fetch", self.dir / "export.json", "--url", "https://localhost:1", "--out", self.out)
        self.expect(run, USAGE, "export.json", "receipt of an export")

    def test_a_running_job_is_canceled(self):
        with Sandbox("--profile", "bcda-v3", "--job-time", "1h", "--pending-time", "0s") as sandbox:
            with subprocess.Popen([BCDA, "manifest", "--quiet"], env={**CLEAN, **sandbox.env}, stderr=subprocess.PIPE) as manifest:
                jobs = []
                while not jobs:
                    jobs = json.loads(bcda("jobs", "--json", env=sandbox.env).stdout)
                run = bcda("cancel", jobs[0]["url"], env=sandbox.env)
                self.expect(run, OK)
                self.assertIn(b"Canceled the job", run.stdout)
                self.assertEqual(manifest.wait(60), REFUSED)
            self.expect(bcda("status", jobs[0]["url"], env=sandbox.env), REFUSED, "404")

    def test_what_cannot_be_asked(self):
        old = ("--url", "http://localhost:1", "--client-id", "a")
        secret = {"BCDA_CLIENT_SECRET": "s3cr3t"}
        self.expect(bcda("jobs", *old, "--profile", "bcda-2019", env=secret), USAGE, "no job list", "--profile")
        self.expect(bcda("jobs", *old, "--status", "completed", env=secret), USAGE, "did you mean Completed?")
        self.expect(bcda("status", "https://elsewhere.example/1", *old, env=secret), USAGE, "elsewhere.example")
        self.expect(bcda("status", *old, env=secret), USAGE, "URL")
        self.expect(bcda("auth", "--url", "http://localhost:1", env=secret), USAGE, "--client-id")
        run = bcda("auth", "--url", "http://localhost:1/fhir")
        self.expect(run, OK)
        self.assertIn(b"nothing was checked", run.stdout)


class Syncs(Case):
    def test_a_series(self):
        series = self.dir / "series"
        with Sandbox("--profile", "bcda-v3", "--beneficiaries", "5", "--job-time", "0", "--pending-time", "0") as sandbox:
            for _ in range(2):
                self.expect(bcda("sync", series, env=sandbox.env), OK)
            first, second = (json.loads((run / "export.json").read_text()) for run in sorted(series.iterdir()))
            self.assertNotIn("since", first)
            self.assertEqual(second["since"], first["transactionTime"])
            self.expect(bcda("sync", series, "--level", "patient", env=sandbox.env), USAGE, "--level")
            # The lock that a running sync has.
            work = series / ".bcda"
            work.mkdir(mode=0o700)
            descriptor = os.open(work, os.O_RDONLY)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            self.expect(bcda("sync", series, env=sandbox.env), BUSY, "is in use by another run")
            os.close(descriptor)
            self.expect(bcda("sync", series, env=sandbox.env), OK)

    def test_nothing_yet(self):
        with Sandbox("--profile", "bcda-v3", "--fault",
                     'status=404:on=GET /api/v3/Group:body={"resourceType":"OperationOutcome"}') as sandbox:
            run = bcda("sync", self.dir / "series", env=sandbox.env)
            self.expect(run, OK, "no data yet")
            self.assertEqual(run.stdout, b"")
            self.assertFalse((self.dir / "series").exists())
            self.expect(bcda("export", "--out", self.dir / "single", env=sandbox.env), 4)


class Shows(Case):
    def test_help(self):
        for command in ("export", "sync", "decrypt", "manifest", "fetch", "sandbox", "auth", "jobs", "status", "cancel", "attribution", "metadata",
                        "profiles", "settings", "version"):
            run = bcda(command, "--help")
            self.expect(run, OK)
            self.assertIn(b"Usage: bcda " + command.encode(), run.stdout)
            if command != "sandbox":  # its list of faults is not wrapped
                self.assertLessEqual(max(map(len, run.stdout.decode().splitlines())), 110)

    def test_help_as_a_command(self):
        for command in ([], ["export"], ["decrypt"]):
            self.assertEqual(bcda("help", *command).stdout, bcda(*command, "--help").stdout)
        self.expect(bcda("help", "exprot"), USAGE, "exprot", "did you mean export?")

    def test_an_empty_place_is_no_place(self):
        self.expect(bcda("status", ""), USAGE, "URL|DIR needs a value")

    def test_usage(self):
        self.expect(bcda(), USAGE, "Subcommands")
        self.expect(bcda("exprot"), USAGE, "exprot", "bcda --help")
        self.expect(bcda("--version"), OK)

    def test_each_command_has_the_flags_that_mean_something_there(self):
        connection = {"url", "profile", "profile-file", "ca-file", "client-certificate", "client-certificate-key",
                      "client-key-passphrase-file", "proxy", "allow-http", "threads", "user-agent", "connect-timeout", "idle-timeout",
                      "low-speed-limit", "low-speed-time", "request-timeout", "max-header-bytes", "hide-outcomes"}
        service = connection | {"auth", "client-id", "client-secret-file", "signing-key", "signing-key-passphrase-file", "key-id",
                                "token-url", "scope", "access-token-file", "token-lifetime", "share-threads",
                                "allow-private-addresses"}
        key = {"private-key", "private-key-passphrase-file"}
        files = {"allowed-origins", "token-origins", "require-proof", "max-gzip-ratio", "out", "parallel", "allow-plaintext", "durability", "take-over"}
        tries = {"timeout", "retries", "retry-delay", "retry-max-delay", "max-retry-after"}
        jobs = {"types", "poll-interval", "poll-max-interval", "kickoff-timeout", "adopt-running-job", "job-timeout", "outage-limit",
                "max-manifest-bytes"}
        wish = {"level", "group", "since", "until", "type-filters", "elements", "include-associated-data", "patients",
                "organize-output-by", "allow-partial-manifests", "output-format", "method", "dry-run"}
        jobs |= wish
        tables = {"tables", "keep-ndjson"}
        expected = {
            "export": service | key | files | tries | jobs | tables | {"job-url", "delete-job", "restart", "sandbox", "sandbox-option", "json", "quiet"},
            "resume": (service | key | files | tries | jobs | {"delete-job", "json", "quiet"}) - (wish - {"patients"}) - {"types", "out"},
            "sync": (service | key | files | tries | jobs | tables | {"delete-job", "sync-partial", "restart", "json", "quiet"})
                    - {"out", "until", "patients", "dry-run"},
            "manifest": service | tries | jobs | {"job-url", "job-directory", "restart", "take-over", "quiet"},
            "fetch": service | key | files | tries | {"file", "json", "quiet"},
            "decrypt": key | {"allow-plaintext", "durability", "key", "manifest", "out", "label", "json", "quiet"},
            "metadata": connection | {"raw"},
        }
        question = service - {"token-lifetime", "share-threads"} | {"json"}
        expected |= {"auth": question, "jobs": question | {"status"}, "status": question, "cancel": question,
                     "attribution": question}
        for command, flags in expected.items():
            with self.subTest(command):
                text = bcda(command, "--help").stdout.decode()
                columns = [line.strip().split("  ")[0] for line in text.splitlines() if line.startswith("  -")]
                listed = {name for flags_of_it in columns for name in re.findall("--([a-z-]+)", flags_of_it)}
                self.assertEqual(listed - {"help", "config", "type", "no-adopt-running-job", "no-keep-ndjson"}, flags)
                for flag in expected["export"] - flags:
                    self.expect(bcda(command, "--" + flag, "x"), USAGE, f"{command} has no option --{flag}")

    def test_an_empty_list_does_not_mean_everything(self):
        for flag in ("--type", "--patients"):
            self.expect(bcda("export", flag, ""), USAGE, "needs a value")

    def test_profiles(self):
        names = [line.split()[0] for line in bcda("profiles").stdout.decode().splitlines()]
        self.assertEqual(names[0], "bcda-v3")
        rows = [json.loads(line) for line in bcda("profiles", "--json").stdout.decode().splitlines()]
        self.assertEqual([row["name"] for row in rows], names)
        self.assertEqual(json.loads(bcda("profiles", "ab2d").stdout)["default_level"], "patient")
        self.expect(bcda("profiles", "bcda-v4"), USAGE, "did you mean bcda-v")

    def test_dry_run_prints_the_requests_and_sends_nothing(self):
        run = bcda("export", "--url", "https://api.bcda.cms.gov", "--client-id", "id", "--type", "Patient",
                   "--since", "2026-02-13T08:00:00+05:00", "--dry-run", env={"BCDA_CLIENT_SECRET": "s3cr3t"})
        self.expect(run, OK)
        text = run.stdout.decode()
        self.assertIn("GET https://api.bcda.cms.gov/api/v3/Group/all/$export?_type=Patient&_since=2026-02-13T08:00:00%2B05:00",
                      text)
        self.assertIn("POST https://api.bcda.cms.gov/auth/token\nAuthorization: Basic ***", text)
        self.assertNotIn("s3cr3t", text)
        run = bcda("export", "--url", "https://api.bcda.cms.gov", "--client-id", "id", "--dry-run", "--json")
        self.assertEqual([request["method"] for request in json.loads(run.stdout)], ["POST", "GET"])
        self.expect(bcda("export", "--url", "https://api.bcda.cms.gov", "--type", "Patien", "--dry-run"), USAGE,
                    "did you mean Patient?")

    def test_the_sandbox_speaks_the_profile(self):
        run = bcda("export", "--sandbox", "--profile", "bcda-v3", "--out", self.out)
        self.expect(run, OK)  # v3 lists one file of warnings, so nothing is missing
        self.assertIn(b"only warnings and information", run.stderr)
        self.assertTrue(list(self.out.glob("Coverage.*.ndjson")))

    def test_every_profile_needs_nothing_else(self):
        for profile in ("generic", "hapi", "ab2d", "dpc"):
            with self.subTest(profile):
                out = self.dir / profile
                run = bcda("export", "--sandbox", "--profile", profile, "--sandbox-option", "beneficiaries=10", "--sandbox-option",
                           "job_time=0", "--sandbox-option", "pending_time=0", "--poll-interval", "50ms", "--out", out)
                self.expect(run, OK)
                self.assertTrue(list(out.glob("ExplanationOfBenefit.*.ndjson")))

    def test_settings(self):
        rows = [json.loads(line) for line in bcda("settings", "--json").stdout.splitlines()]
        help_text = "".join(bcda(name, "--help").stdout.decode() for name in ("export", "sync", "manifest", "tables"))
        for row in rows:
            flag = "--" + row["name"].replace("_", "-")
            self.assertEqual(row["env"], "BCDA_" + row["name"].upper())
            has_flag = not row["secret"] and row["scope"] != "partition"  # no command makes or opens partitions
            self.assertEqual(flag + " " in help_text or flag + "," in help_text, has_flag, flag)
        self.assertIn(b"| `client_id` |", bcda("settings", "--markdown").stdout)
        self.assertIn(b"BCDA_CLIENT_ID", bcda("settings").stdout)


if __name__ == "__main__":
    unittest.main()
