"""The lifecycle of runs: Ctrl-C, the exit of the interpreter, and forks."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bcda
import pytest
from conftest import PROMPT, run_python

# A sandbox whose jobs never end, and one whose downloads never end.
STAGES: dict[str, dict[str, Any]] = {
    "authenticating": {"faults": "delay=1h:on=POST /auth/token"},
    "waiting": {"job_time": "1h"},
    "downloading": {"faults": "stall:at=1"},
}

SCRIPT = """
import bcda, os, sys, threading
stage, out = sys.argv[1:3]
options = {
    "authenticating": dict(faults="delay=1h:on=POST /auth/token"),
    "waiting": dict(job_time="1h"),
    "downloading": dict(faults="stall:at=1"),
    "finished": {},
}[stage]
sandbox = bcda.Sandbox(10, **{"pending_time": 0, "job_time": 0, **options})
client = sandbox.client(poll_interval=0.02, durability="process")
reached = {"authenticating": "authenticating", "waiting": "waiting"}.get(stage, stage)
def start(out=out):
    run = client.start(["Patient"], out=out)
    for event in run:
        if event.kind == "state" and event.text == reached:
            return run
    return run
"""


def started(script: str, *arguments: object) -> subprocess.Popen[str]:
    """Runs a script that prints a line when it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT + script, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n", process.communicate(timeout=30)[1]
    return process


def left_in(directory: Path) -> list[str]:
    return [
        path.name for path in directory.rglob("*.ndjson") if path.name != "log.ndjson" and ".bcda" not in path.parts
    ]


@pytest.mark.parametrize("stage", STAGES)
def test_ctrl_c_ends_a_blocking_export(stage: str, tmp_path: Path) -> None:
    script = """
began = []
def report(event):
    if event.kind == "state" and event.text == reached:
        print("ready", flush=True)
try:
    client.export(["Patient"], out=out, progress=report)
except KeyboardInterrupt:
    print("interrupted")
"""
    process = started(script, stage, tmp_path / "out")
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=30)
    assert (out, error, process.returncode) == ("interrupted\n", "", 0)
    assert left_in(tmp_path) == []


@pytest.mark.parametrize("call", ["run.wait()", "run.result()", "next(run)", "run.next_event(3600)", "slow.metadata()"])
def test_ctrl_c_ends_every_wait_at_once(call: str, tmp_path: Path) -> None:
    # A thread of the process itself sends the signal, so that the test measures only the end of the wait.
    script = f"""
import signal, time
slow = bcda.Sandbox(1, faults="delay=1h:on=GET /api/v1/metadata").client()
run = start()
while run.next_event(0.1): pass
at = []
def interrupt():
    at.append(time.monotonic())
    os.kill(os.getpid(), signal.SIGINT)
threading.Timer(0.2, interrupt).start()
try:
    {call}
except KeyboardInterrupt:
    print(time.monotonic() - at[0])
"""
    done = run_python(SCRIPT + script, "authenticating", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 0.1


def test_ctrl_c_ends_decryption_and_leaves_nothing(tmp_path: Path, vectors: list[dict[str, Any]]) -> None:
    pipe = tmp_path / "cipher"
    os.mkfifo(pipe)  # a file that never ends
    script = """
import signal
path, output, key, private_key = sys.argv[1:]
threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    bcda.decrypt(path, output, key=key, label="40686837-493a-404b-b162-e4e119c3c608.ndjson", private_key=private_key)
except KeyboardInterrupt:
    print("interrupted")
"""
    key = next(vector["encryptedKey"] for vector in vectors if vector["name"] == "15bytes-rsa2048")
    private_key = Path(__file__).parent.parent / "vectors/keys/rsa2048.pkcs1.pem"

    def feed() -> None:
        with pipe.open("wb") as end:
            try:
                while True:
                    end.write(bytes(1 << 16))
            except BrokenPipeError:
                pass

    feeder = threading.Thread(target=feed)
    feeder.start()
    done = run_python("import bcda, os, sys, threading\n" + script, pipe, tmp_path / "plain", key, private_key)
    feeder.join()
    assert (done.stdout, done.stderr) == ("interrupted\n", "")
    assert [path.name for path in tmp_path.iterdir()] == ["cipher"]


ENDS = {
    "falls off": "",
    "sys.exit": "sys.exit(0)",
    "an exception": "raise SystemExit(0)",
    "in a thread": "threading.Thread(target=lambda: run.wait(), daemon=True).start()",
    "iterated in a thread": "threading.Thread(target=lambda: list(run), daemon=True).start()",
    "kept by a global": "keep = [run, client, sandbox]",
    "kept by a cycle": "cycle = {'run': run}; cycle['self'] = cycle; del run",
    "at exit": "import atexit; atexit.register(run.close)",
    "a fork that ends": "pid = os.fork()\nif pid == 0: sys.exit(0)\nassert os.waitpid(pid, 0)[1] == 0",
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("stage", [*STAGES, "finished"])
def test_the_interpreter_ends_with_a_run_in_flight(stage: str, end: str, tmp_path: Path) -> None:
    done = run_python(f"{SCRIPT}\nrun = start()\n{ENDS[end]}", stage, tmp_path / "out")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("stage", [*STAGES, "finished"])
def test_no_handle_is_lost(stage: str, tmp_path: Path) -> None:
    script = """
import gc
def use():
    run = start()
    try:
        client.start(["Patient"], out=out)  # the directory is in use, or holds a finished export
    except bcda.Error:
        pass
    if stage == "finished":
        result = run.result()
        next(iter(result.records("Patient")))
    assert bcda.live_handles() > 1
use()
del client
gc.collect()
assert bcda.live_handles() == 0, bcda.live_handles()
"""
    done = run_python(SCRIPT + script, stage, tmp_path / "out")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("step", ["begin", "write", "commit"])
def test_the_interpreter_ends_while_a_sink_is_in_python(step: str, tmp_path: Path) -> None:
    script = f"""
entered = threading.Event()
def slow(at):
    if at == "{step}":
        entered.set()
        threading.Event().wait(0.5)
class File:
    def write(self, data): slow("write")
    def commit(self, size, sha256): slow("commit")
    def abort(self): pass
def sink(name, type):
    slow("begin")
    return File()
run = client.start(["Patient"], out=sink)
entered.wait()
"""
    done = run_python(SCRIPT + script, "finished", tmp_path / "out")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_forked_child_gets_clear_errors_and_can_start_again(tmp_path: Path) -> None:
    script = """
import multiprocessing
run = start()
def in_child(queue):
    said = []
    for call in (lambda: run.next_event(1), lambda: run.wait(1), client.metadata, lambda: client.start(out=out)):
        try:
            call()
        except bcda.StateError as error:
            said.append("fork" in str(error))
    run.close()
    client.close()
    with bcda.Sandbox(10, pending_time=0, job_time=0) as own:
        said.append(own.client(poll_interval=0.02).export(["Patient"], out=out + "-child").files[0].records)
    queue.put(said)
context = multiprocessing.get_context("fork")
queue = context.Queue()
child = context.Process(target=in_child, args=(queue,))
child.start()
print(queue.get(timeout=30))
child.join(30)
print(child.exitcode, run.done)
run.close()
"""
    done = run_python(SCRIPT + script, "waiting", tmp_path / "out")
    assert (done.stdout, done.stderr) == ("[True, True, True, True, 10]\n0 False\n", "")


def test_waits_leave_the_gil_to_others(make_sandbox: Callable[..., bcda.Sandbox], tmp_path: Path) -> None:
    client = make_sandbox(job_time="1h").client(**PROMPT)
    with client.start(["Patient"], out=tmp_path / "out") as run:
        waiting = threading.Thread(target=lambda: run.wait(1))
        waiting.start()
        turns = 0
        while waiting.is_alive():
            turns += 1
        assert turns > 1000  # this thread ran during the whole wait


def test_a_run_that_is_dropped_ends(client: bcda.Client, sandbox: bcda.Sandbox, tmp_path: Path) -> None:
    sandbox.control("job_time", "1h")
    run = client.start(["Patient"], out=tmp_path / "out")
    assert not run.wait(0.1)
    del run
    client.start(["Coverage"], out=tmp_path / "out", restart=True).close()  # the dropped run has released the directory


def test_nothing_is_left_open(tmp_path: Path) -> None:
    def descriptors() -> int:
        gc.collect()  # earlier tests may have left cycles: a failure holds the frames that hold a client
        return len(os.listdir("/proc/self/fd"))

    def once(out: Path) -> None:
        with bcda.Sandbox(10, pending_time=0, job_time=0) as sandbox, sandbox.client(**PROMPT) as client:
            result = client.export(["Patient"], out=out, progress=False)
            assert len(list(result.records())) == 10
            assert next(result.records(raw=True))

    once(tmp_path / "first")  # creates the objects that are kept
    before = descriptors()
    once(tmp_path / "second")
    assert descriptors() == before


def test_forks_while_other_threads_wait(tmp_path: Path) -> None:
    script = """
run = start()
over = threading.Event()
def poll():
    while not over.is_set():
        run.done
threads = [threading.Thread(target=poll, daemon=True) for _ in range(6)]
for thread in threads: thread.start()
for _ in range(300):
    pid = os.fork()
    if pid == 0:
        try:
            run.done
        except bcda.StateError:
            os._exit(0)
        os._exit(1)
    assert os.waitpid(pid, 0)[1] == 0
over.set()
for thread in threads: thread.join()
"""
    done = run_python(SCRIPT + script, "waiting", tmp_path / "out")
    assert (done.returncode, done.stderr) == (0, "")


def test_an_export_that_begins_after_the_end_is_refused(tmp_path: Path) -> None:
    script = """
import atexit
def late():
    for call in (lambda: client.start(["Patient"], out=lambda name, type: None), lambda: client.metadata()):
        try:
            call()
        except bcda.StateError as error:
            print(error)
atexit.register(late)  # registered first, called last
"""
    done = run_python(script + SCRIPT, "finished", tmp_path / "out")
    assert (done.stdout, done.stderr) == ("the Python interpreter is ending\n" * 2, "")


@pytest.mark.parametrize("call", ["run.wait()", "run.result()", "run.close()", "list(run)"])
def test_a_sink_that_waits_for_its_own_run_gets_an_error(call: str, tmp_path: Path) -> None:
    script = f"""
raised = []
class File:
    def write(self, data):
        try:
            {call}
        except bcda.StateError as error:
            raised.append(str(error))
    def commit(self, size, sha256): pass
    def abort(self): pass
made = threading.Event()
def sink(name, type):
    made.wait()
    return File()
run = client.start(["Patient"], out=sink)
made.set()
try:
    run.wait()
except bcda.CanceledError:
    pass
print("sink's own code cannot wait" in raised[0])
"""
    done = run_python(SCRIPT + script, "finished", tmp_path / "out")
    assert (done.stdout, done.stderr) == ("True\n", "")


def test_a_sink_may_drop_a_run(tmp_path: Path) -> None:
    script = """
other = []
class File:
    def write(self, data): other.clear()
    def commit(self, size, sha256): pass
    def abort(self): pass
client = sandbox.client(poll_interval=0.02, threads=1)
other.append(client.start_manifest(["Coverage"]))
client.start(["Patient"], out=lambda name, type: File()).result()
print("done")
"""
    done = run_python(SCRIPT + script, "finished", tmp_path / "out")
    assert (done.stdout, done.stderr) == ("done\n", "")
