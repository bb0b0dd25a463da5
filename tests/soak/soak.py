"""What the soak tests share: the sandbox and its clients, a proxy that counts bytes, and what an output directory holds."""
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

# A background job of a shell ignores SIGINT, and so would the commands that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

OK, INTERRUPTED = 0, 130
CODES = {0: "done", 1: "failed", 2: "usage", 3: "authentication", 4: "refused", 5: "decryption", 6: "partial", 7: "busy"}
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("BCDA_")}


class Violation(Exception):
    """Something that libbcda promises is not so."""


class Skipped(Exception):
    """This machine cannot do it; the text says why."""


def demand(truth, text):
    if not truth:
        raise Violation(text)


class Sandbox:
    """`bcda sandbox`, and the environment for a client of it."""

    def __init__(self, bcda, *options):
        self.process = subprocess.Popen([bcda, "sandbox", "--pending-time", "0s", *options], stdout=subprocess.PIPE, env=CLEAN)
        facts = json.loads(self.process.stdout.readline())
        self.env = {**CLEAN, **{"BCDA_" + name.upper(): value for name, value in facts.items() if value},
                    "BCDA_POLL_INTERVAL": "20ms", "BCDA_RETRY_DELAY": "10ms", "BCDA_DURABILITY": "process"}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.stdout.close()
        self.process.wait(20)


class CountingProxy:
    """An HTTP proxy that passes CONNECT on to this machine, and counts the bytes that come back."""

    def __init__(self):
        self.received = 0
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        head = b""
        try:
            while b"\r\n\r\n" not in head:
                piece = client.recv(4096)
                if not piece:
                    return client.close()
                head += piece
            host, port = head.split()[1].decode().rsplit(":", 1)
            server = socket.create_connection((host, int(port)))
            server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)  # little is under way when the client dies
            client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
            client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        except OSError:
            return client.close()
        threading.Thread(target=self._relay, args=(client, server, False), daemon=True).start()
        self._relay(server, client, True)

    def _relay(self, source, target, counts):
        try:
            while piece := source.recv(1 << 16):
                if counts:
                    with self._lock:
                        self.received += len(piece)
                target.sendall(piece)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            if counts:
                end.close()


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def published(out):
    """The files with a final name: {path: (inode, mtime, digest)}."""
    found = {}
    for folder in ("", "error", "deleted"):
        for path in (out / folder).glob("*.ndjson"):
            if folder or path.name != "log.ndjson":
                state = path.stat()
                found[str(path.relative_to(out))] = (state.st_ino, state.st_mtime_ns, digest(path))
    return found


def contents(out):
    return sorted(facts[2] for facts in published(out).values())


def check_receipt(out):
    """A directory with export.json has each file that it lists, as it lists it."""
    receipt = json.loads((out / "export.json").read_bytes())
    here = published(out)
    files = [file for kind in ("files", "errors", "deleted") for file in receipt[kind]]
    demand(here.keys() == {file["path"] for file in files}, f"the receipt lists other files than {sorted(here)}")
    for file in files:
        demand(here[file["path"]][2] == file["sha256"], f"{file['path']} is not what the receipt says")
    return receipt


def table(title, rows):
    """Prints the rows, and adds them to the summary of all parts, if there is one."""
    width = max((len(str(name)) for name, _ in rows), default=0)
    text = "\n".join([f"\n{title}", *(f"  {str(name):<{width}}  {value}" for name, value in rows)])
    print(text, flush=True)
    if summary := os.environ.get("SOAK_SUMMARY"):
        with open(summary, "a") as file:
            print(text, file=file)


class Cases:
    """Runs the cases of a part one after the other, and prints which failed, which were skipped, and why. They work in
    `directory`, which stays if one of them fails."""

    def __init__(self, title):
        self.title, self.began = title, time.monotonic()
        self.directory = tempfile.mkdtemp(prefix=f"bcda-{title.replace(' ', '-')}-")
        self.rows, self.failed, self.skipped = [], 0, 0

    def run(self, name, case):
        """`case` returns what to report."""
        began = time.monotonic()
        try:
            told = case()
        except Skipped as skipped:
            self.skipped += 1
            told = f"skipped: {skipped}"
        except Violation as violation:
            self.failed += 1
            told = f"FAILED: {violation}"
            print(f"{name}: {told}", file=sys.stderr, flush=True)
        self.rows.append((name, f"{time.monotonic() - began:5.1f} s  {told if told is not None else 'ok'}"))

    def report(self):
        """Returns the exit code."""
        passed = len(self.rows) - self.failed - self.skipped
        total = ("in all", f"{passed} passed, {self.failed} failed, {self.skipped} skipped")
        table(f"{self.title}, {time.monotonic() - self.began:.0f} s", [*self.rows, total])
        if self.failed:
            return 1
        shutil.rmtree(self.directory)
        return 0


def seed_of(text):
    return random.SystemRandom().randrange(1 << 32) if text is None else int(text)


def existing(path):
    return pathlib.Path(path).resolve(strict=True)
