"""An export that is killed in the middle, met by a second run, and completed. The tests of limits, clocks, signals and file
systems repeat it under their own conditions."""
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

from soak import OK, Sandbox, check_receipt, contents, demand, published

FAILED = 1
IN_USE = "in use by another run"
FAILURES = {1, 2, 3, 4, 5}
PATIENCE = 60  # seconds; only an export that hangs takes so long
# The pace leaves time to disturb an export when one file has its name, and the others are under way.
SLOW = ("--bytes-per-type", "6MiB", "--files-per-type", "3", "--job-time", "0s", "--fault", "drip=8MiB:on=GET /data/")
# Files of more than 8 MiB, of which parts are written back early.
LARGE = ("--bytes-per-type", "27MiB", "--files-per-type", "3", "--job-time", "0s", "--fault", "drip=32MiB:on=GET /data/")
# Many runs are made, and none has to be disturbed at a certain moment.
FAST = ("--bytes-per-type", "2MiB", "--files-per-type", "2", "--job-time", "0s")


class Run:
    """A run of the command. Its messages are in a file, so it never waits for a reader; with stderr=PIPE they are few."""

    def __init__(self, command, env, **options):
        self.errors = tempfile.TemporaryFile()
        options = {"stdout": subprocess.DEVNULL, "stderr": self.errors, **options}
        self.process = subprocess.Popen(command, env=env, **options)
        self.errors = self.process.stderr or self.errors
        self.kept = None

    @property
    def running(self):
        return self.process.poll() is None

    def wait(self, patience=PATIENCE):
        """Returns the exit code."""
        try:
            return self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            demand(False, f"the command did not end within {patience} s")

    def kill(self):
        self.process.kill()
        return self.wait()

    @property
    def code(self):
        return self.process.returncode

    @property
    def text(self):
        if self.kept is None or self.running:
            if not self.process.stderr:
                self.errors.seek(0)
            self.kept = self.errors.read().decode(errors="replace")
        return self.kept


class Proof:
    """A sandbox, and what an undisturbed export from it publishes."""

    def __init__(self, bcda, directory, options=SLOW, settings=("--types", "Patient", "--parallel", "2"), more_env=None):
        self.bcda, self.directory, self.settings = bcda, pathlib.Path(directory), settings
        self.sandbox = Sandbox(bcda, *options)
        self.env = {**self.sandbox.env, "BCDA_DURABILITY": "power", **(more_env or {})}
        out = self.new_directory()
        run = self.run(out)
        demand(run.code == OK, f"the undisturbed export ended with {run.code}: {run.text}")
        self.expected = contents(out)
        shutil.rmtree(out.parent)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sandbox.__exit__()

    def new_directory(self, where=None):
        return pathlib.Path(tempfile.mkdtemp(prefix="export-", dir=where or self.directory)) / "out"

    def start(self, out, more_env=None, before=(), **options):
        """`before`: a program that starts the command, and its arguments."""
        return Run([*before, self.bcda, "export", *self.settings, "--out", out], {**self.env, **(more_env or {})}, **options)

    def run(self, out, **options):
        run = self.start(out, **options)
        run.wait()
        return run

    def check(self, out):
        """No wrong file has a final name, and a receipt is there only with all files."""
        left = list(self.expected)
        for path, (_, _, found) in published(out).items():
            demand(found in left, f"{path} is wrong, or is there twice")
            left.remove(found)
        if (out / "export.json").exists():
            check_receipt(out)
            demand(not left, "there is a receipt, but not each file")

    def check_complete(self, out):
        self.check(out)
        demand((out / "export.json").exists(), "the export is done, but there is no receipt")
        strays = {path.name for path in out.iterdir()} - {"export.json", "log.ndjson"} - set(published(out))
        demand(not strays, f"left in the directory: {sorted(strays)}")

    def complete(self, out, **options):
        """The same command goes on and completes the directory."""
        if (out / "export.json").exists():
            return self.check(out)
        before = published(out)
        run = self.run(out, **options)
        demand(run.code == OK, f"the run that goes on ended with {run.code}: {run.text}")
        self.check_complete(out)
        demand(before.items() <= published(out).items(), "a file that was published has been changed")

    def failed_well(self, run, remedies):
        """A failure has a documented exit code, and a message that has one of these words."""
        demand(run.code in FAILURES, f"exit code {run.code}: {run.text}")
        demand(any(word in run.text for word in remedies), f"the message has none of {remedies}: {run.text}")

    def second_run(self, out, first, **options):
        """A run while the first one is at work: it is refused at once, and does no harm."""
        before = published(out)
        run = self.run(out, **options)
        demand(first.running, f"the first run ended before the second one: {first.text}")
        demand(run.code == FAILED and IN_USE in run.text,
               f"a second run in the same directory ended with {run.code}: {run.text}")
        demand(before.items() <= published(out).items(), "a second run has changed a published file")

    def together(self, where=None, **options):
        """Two runs that begin at once: at most one of them works, and the same command completes the directory."""
        out = self.new_directory(where)
        runs = [self.start(out, **options) for _ in range(2)]
        for run in runs:
            # Without locks and links, one may notice only later that the other has the directory.
            refused = run.wait() == FAILED and any(text in run.text for text in (IN_USE, "was taken over by another run"))
            demand(refused or run.code == OK,
                   f"one of two runs that began at once ended with {run.code}: {run.text}")
        demand([run.code for run in runs].count(OK) < 2, "two runs worked in one directory at once")
        self.check(out)
        self.complete(out, **options)
        shutil.rmtree(out.parent)

    def disturbed(self, where=None, remedies=(), most_failures=0, **options):
        """A run that is met by a second one and killed when a file has its name. Then runs until all is there. Some of
        all these may fail, with a message that has one of the words `remedies`; then there is no second run, because the
        first one may be about to end. Returns how many failed."""
        out = self.new_directory(where)
        killed, failures = False, 0
        while True:
            run = self.start(out, **options)
            until(lambda: killed or any_published(out) or not run.running, "no file is published")
            if not killed and run.running:
                if not most_failures:
                    self.second_run(out, run, **options)
                run.kill()
            if run.wait() == -signal.SIGKILL:
                killed = True
            elif run.code == OK:
                demand(killed, "the export was complete before it could be killed")
                break
            else:
                failures += 1
                demand(failures <= most_failures, f"{failures} runs have failed; the last one: {run.text}")
                self.failed_well(run, remedies)
            self.check(out)
        self.check_complete(out)
        shutil.rmtree(out.parent)
        return failures


def until(condition, text, patience=PATIENCE):
    """Polls, because there is no event for what happens on a disk."""
    last = time.monotonic() + patience
    while not condition():
        demand(time.monotonic() < last, text)
        time.sleep(0.002)


def any_published(out):
    return any(path.name != "log.ndjson" for path in out.glob("*.ndjson"))
