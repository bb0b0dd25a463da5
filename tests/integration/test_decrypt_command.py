#!/usr/bin/env python3
"""bcda decrypt of whole directories, files in unusual encodings, and the protection of secrets.

usage: test_decrypt_command.py BCDA VECTORS_DIR [unittest arguments]
"""
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import unittest

from test_command import BCDA, CLEAN, CRYPTO, FAILED, OK, USAGE, VECTORS, WITH_ERRORS, Case, Sandbox, bcda

OUTCOME = b'{"resourceType":"OperationOutcome"}\n'
VECTOR_LIST = json.loads((VECTORS / "vectors.json").read_text())["vectors"]


class Downloads(Case):
    """A directory of downloads: two data files and a plain error file."""

    def setUp(self):
        super().setUp()
        self.key = self.dir / "key.pem"
        shutil.copyfile(VECTORS / "keys/rsa2048.pkcs1.pem", self.key)
        self.key.chmod(0o600)
        self.downloads = self.dir / "downloads"
        self.downloads.mkdir()
        self.chosen = [v for v in VECTOR_LIST if v["keyBits"] == 2048][:2]
        for vector in self.chosen:
            shutil.copyfile(VECTORS / vector["ciphertextFile"], self.downloads / vector["filename"])
        (self.downloads / "x-error.ndjson").write_bytes(OUTCOME)
        self.text = json.dumps({
            "transactionTime": "2019-09-20T14:47:33Z",
            "output": [{"type": "Patient", "url": "https://x/data/1/" + v["filename"], "encryptedKey": v["encryptedKey"]}
                       for v in self.chosen],
            "error": [{"type": "OperationOutcome", "url": "https://x/data/1/x-error.ndjson", "encryptedKey": ""}]})
        self.manifest = self.dir / "manifest.json"
        self.manifest.write_text(self.text)

    def decrypt(self, *arguments, **options):
        return bcda("decrypt", *arguments, "--private-key", self.key, "--out", self.out, **options)

    def assert_decrypted(self, receipt):
        for vector in self.chosen:
            self.assertEqual((self.out / vector["filename"]).read_bytes(), (VECTORS / vector["plaintextFile"]).read_bytes())
        self.assertEqual((self.out / "error/x-error.ndjson").read_bytes(), OUTCOME)
        self.assertEqual((self.out / "export.json").exists(), receipt)

    def test_a_directory(self):
        run = self.decrypt(str(self.downloads) + "/", "--manifest", self.manifest, "--json")
        self.expect(run, WITH_ERRORS)
        self.assert_decrypted(receipt=True)
        lines = [json.loads(line) for line in run.stdout.splitlines()]
        self.assertEqual({line["type"] for line in lines}, {"Patient", "OperationOutcome"})
        self.assertEqual({pathlib.Path(line["file"]) for line in lines}, set(self.downloads.iterdir()))
        self.assertEqual(run.stderr, b"")

    def test_the_files_of_a_directory(self):
        run = self.decrypt(*sorted(self.downloads.iterdir()), "--manifest", self.manifest)
        self.expect(run, WITH_ERRORS)
        self.assert_decrypted(receipt=False)

    def test_a_directory_into_directories_that_are_missing(self):
        self.out = self.dir / "a/b/c"
        self.expect(self.decrypt(self.downloads, "--manifest", self.manifest), WITH_ERRORS)
        self.assert_decrypted(receipt=True)

    def test_a_missing_file(self):
        (self.downloads / self.chosen[0]["filename"]).unlink()
        run = self.decrypt(self.downloads, "--manifest", self.manifest)
        self.expect(run, FAILED, self.chosen[0]["filename"], "1 of 3 files failed")
        self.assertTrue((self.out / self.chosen[1]["filename"]).exists())
        self.assertFalse((self.out / "export.json").exists())

    def test_every_failure_of_a_directory_is_printed(self):
        missing, bad = (self.downloads / vector["filename"] for vector in self.chosen)
        missing.unlink()
        bad.write_bytes(bad.read_bytes()[:-1])
        run = self.decrypt(self.downloads, "--manifest", self.manifest, "--json")
        text = self.expect(run, FAILED)
        lines = text.splitlines()
        self.assertEqual(len(lines), 3, text)
        self.assertTrue(lines[0].startswith(f"bcda: {missing}: the manifest {self.manifest} lists "), text)
        self.assertTrue(lines[1].startswith(f"bcda: {bad}: the GCM tag does not match"), text)
        self.assertTrue(lines[1].endswith("; download the file again"), text)
        self.assertEqual(lines[2], "bcda: 2 of 3 files failed")
        printed = [json.loads(line) for line in run.stdout.splitlines()]
        self.assertEqual([line["file"] for line in printed], [str(missing), str(bad)])
        self.assertEqual(["bcda: " + line["error"] for line in printed], lines[:2])

    def test_every_failure_of_several_files_is_printed(self):
        files = [self.downloads / vector["filename"] for vector in self.chosen]
        for file in files:
            file.write_bytes(b"x")
        run = self.decrypt(*files, "--manifest", self.manifest, "--json")
        self.expect(run, CRYPTO, *files)
        self.assertEqual([json.loads(line)["file"] for line in run.stdout.splitlines()], list(map(str, files)))

    def test_the_manifest_is_named(self):
        file = self.downloads / self.chosen[0]["filename"]
        for text, words in (("", "is empty"), ("\ufeff\n", "is empty"), ("x", "is not JSON"),
                            ('{"output": []}', "lists no file named " + file.name)):
            self.manifest.write_text(text)
            self.expect(self.decrypt(file, "--manifest", self.manifest), USAGE, f"{self.manifest} {words}")
            run = self.decrypt(file, "--manifest", "-", stdin=None, input=text.encode())
            self.expect(run, USAGE, f"standard input {words}")

    def test_other_files_are_counted(self):
        (self.downloads / 'no"tes\\.txt').write_text("x")
        run = self.decrypt(self.downloads, "--manifest", self.manifest, "--quiet")
        self.expect(run, WITH_ERRORS, "warning: ", "1 files that the manifest does not list")

    def test_warnings_are_printed_unchanged(self):
        self.key = self.key.rename(self.dir / 'odd "name" \\ [x].pem')
        self.key.chmod(0o644)
        run = self.decrypt(*sorted(self.downloads.iterdir()), "--manifest", self.manifest)
        text = self.expect(run, WITH_ERRORS, f"warning: {self.key} holds a secret and is readable by other users")
        self.assertEqual(text.count("warning:"), 1, "said once")

    def test_what_is_not_taken(self):
        self.expect(self.decrypt(self.downloads, "--key", "00"), USAGE, f"{self.downloads} is a directory", "--manifest")
        label = self.decrypt(self.downloads, "--manifest", self.manifest, "--label", "x")
        self.expect(label, USAGE, f"{self.downloads} is a directory", "--label")
        self.expect(self.decrypt(self.downloads, self.downloads, "--manifest", self.manifest), USAGE, "directory")
        self.expect(self.decrypt(self.dir / "none", "--manifest", self.manifest), FAILED, self.dir / "none")
        self.assertFalse(self.out.exists())

    def test_a_data_file_without_a_key(self):
        plain = self.downloads / "plain.ndjson"
        plain.write_text("{}\n")
        self.manifest.write_text(json.dumps({"output": [{"type": "Patient", "url": "https://x/plain.ndjson"}]}))
        self.expect(self.decrypt(plain, "--manifest", self.manifest), CRYPTO, "set --allow-plaintext to accept that",
                    f"the manifest {self.manifest} gives no key")
        self.expect(self.decrypt(plain, "--manifest", self.manifest, "--allow-plaintext"), OK)
        self.assertEqual((self.out / "plain.ndjson").read_text(), "{}\n")

    def test_manifests_in_every_encoding(self):
        text = self.text.replace('"Patient"', '"Pat\U0001F600ient"') + "\r\n"
        for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le-bom", "utf-16-be-bom"):
            with self.subTest(encoding):
                mark = "\ufeff" if encoding.endswith("-bom") else ""
                data = (mark + text).encode(encoding.removesuffix("-bom"))
                self.manifest.write_bytes(data)
                self.expect(self.decrypt(self.downloads, "--manifest", self.manifest), WITH_ERRORS)
                self.assert_decrypted(receipt=True)
                shutil.rmtree(self.out)
                run = self.decrypt(self.downloads, "--manifest", "-", stdin=None, input=data)
                self.expect(run, WITH_ERRORS)
                shutil.rmtree(self.out)

    def test_manifests_in_no_encoding(self):
        utf16 = ("\ufeff" + self.text).encode("utf-16-le")
        for data in (utf16[:-1], utf16[2:], utf16[:20] + b"\x00\xd8" + utf16[20:], utf16 + b"\0\0", b"{\0}"):
            self.manifest.write_bytes(data)
            self.expect(self.decrypt(self.downloads, "--manifest", self.manifest), USAGE, self.manifest, "UTF-8")
        self.assertFalse(self.out.exists())


@unittest.skipIf(subprocess.run(["grep", "-q", "__asan_init\\|__tsan_init", BCDA]).returncode == 0,
                 "LeakSanitizer needs a process that can be looked into")
class Secrets(Case):
    def test_there_is_no_core_file(self):
        """The kernel writes no core file of a process that is not dumpable, whatever the limit and the pattern are."""
        pipe = self.dir / "pipe"
        os.mkfifo(pipe)
        unlimited = ["sh", "-c", 'ulimit -c unlimited 2>/dev/null; exec "$@"', "sh"]
        process = subprocess.Popen([*unlimited, BCDA, "decrypt", pipe, "--key", "00", "--private-key", "/none"],
                                   env=CLEAN, cwd=self.dir, stderr=subprocess.DEVNULL)
        feed = os.open(pipe, os.O_WRONLY)  # returns when the command has opened the other end
        try:
            self.assertEqual(resource.prlimit(process.pid, resource.RLIMIT_CORE), (0, 0))
            process.send_signal(signal.SIGQUIT)
            self.assertEqual(process.wait(20), -signal.SIGQUIT)
        finally:
            os.close(feed)
        self.assertEqual(list(self.dir.glob("core*")), [])


class Credentials(Case):
    def test_debris_from_every_source(self):
        with Sandbox("--pending-time", "0s", "--job-time", "100ms", "--beneficiaries", "5") as sandbox:
            secret, out = self.dir / "secret", 0
            for debris in ("{}\r", ' "{}"\r\n', "\ufeff{}", "'{}'"):
                for source in ("environment", "file", "config"):
                    with self.subTest(debris=debris, source=source):
                        env = dict(sandbox.env)
                        value = {name: debris.format(env.pop("BCDA_" + name.upper())) for name in ("client_id", "client_secret")}
                        arguments = []
                        if source == "environment":
                            env.update({"BCDA_" + name.upper(): text for name, text in value.items()})
                        elif source == "file":
                            secret.write_text(value["client_secret"], newline="")
                            arguments = ["--client-id", value["client_id"], "--client-secret-file", secret]
                        else:
                            secret.write_text("\ufeff" + json.dumps(value))
                            arguments = ["--config", secret]
                        if secret.exists():
                            secret.chmod(0o600)
                        out += 1
                        run = bcda("export", "--types", "Patient", "--out", self.dir / str(out), "-q", *arguments, env=env)
                        self.expect(run, OK)
                        self.assertEqual(run.stderr, b"")

    def test_debris_within_is_named_before_the_service_is_asked(self):
        for text, word in (("hunter 2", "blank"), ("hunter\r\n2", "carriage return"), ("BCDA_CLIENT_ID=hunter2", "name and its value")):
            run = bcda("export", "--url", "https://localhost:1", "--out", self.out,
                       env={"BCDA_CLIENT_ID": text, "BCDA_CLIENT_SECRET": "x"})
            self.assertNotIn("hunter", self.expect(run, USAGE, "bcda: --client-id ", word))

    def test_readable_secret_files_cause_a_warning(self):
        with Sandbox("--pending-time", "0s", "--job-time", "100ms", "--beneficiaries", "5") as sandbox:
            env = dict(sandbox.env)
            secret, key = self.dir / "secret", self.dir / "key.pem"
            secret.write_text(env.pop("BCDA_CLIENT_SECRET"))
            shutil.copyfile(env.pop("BCDA_PRIVATE_KEY"), key)
            for mode, files in ((0o600, ()), (0o640, (secret, key)), (0o644, (secret, key))):
                secret.chmod(mode)
                key.chmod(mode)
                run = bcda("export", "--types", "Patient", "--out", self.dir / oct(mode), "-q", "--client-secret-file",
                           secret, "--private-key", key, env=env)
                text = self.expect(run, OK, *(f"{file} holds a secret and is readable by other users" for file in files))
                self.assertEqual(text.count("warning:"), len(files))


if __name__ == "__main__":
    unittest.main()
