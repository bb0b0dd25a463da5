"""A service that runs exports in the background, with asyncio and the standard library. The exports share one client.

    python service.py --sandbox                   # without --sandbox, the settings come from BCDA_URL, ...
    curl -X POST -d '{"types": ["Patient", "Coverage"]}' http://127.0.0.1:8080/exports

POST /exports starts an export, GET /exports/ID returns its state, and DELETE /exports/ID cancels it. There are no
accounts, so the service listens only on loopback, for programs of this machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import signal
import sys
import uuid
from http import HTTPStatus
from pathlib import Path
from typing import Any

import bcda

LONGEST_BODY = 64 * 1024
LONGEST_WAIT = 10  # seconds until a request must have arrived
AT_A_TIME = 8  # the most exports at the same time

log = logging.getLogger("service")


class RequestError(Exception):
    def __init__(self, status: HTTPStatus, why: str) -> None:
        super().__init__(why)
        self.status = status


class Job:
    """One export and its state."""

    def __init__(self, name: str, run: bcda.Run[bcda.ExportResult]) -> None:
        self.run = run
        self.facts: dict[str, Any] = {"id": name, "state": "running", "step": "", "types": {}}
        self.task = asyncio.create_task(self._follow())

    @property
    def running(self) -> bool:
        return not self.task.done()

    async def _follow(self) -> None:
        try:
            async for event in self.run:
                self._note(event)
            result = await self.run
        except bcda.CanceledError:
            self.facts["state"] = "canceled"
        except bcda.Error as error:  # without its outcome, because that may name beneficiaries
            self.facts["state"] = "failed"
            self.facts["error"] = {"code": error.code, "message": str(error), "retriable": error.retriable}
        else:
            self.facts["state"] = "done"
            self.facts["transactionTime"] = str(result.transaction_time)
            self.facts["files"] = [
                {"type": file.type, "path": file.path, "records": file.records, "isError": file.is_error}
                for file in result.files + result.error_files
            ]
        log.info("%s: %s", self.facts["id"], self.facts["state"])

    def _note(self, event: bcda.Event) -> None:
        if event.kind == "state":
            self.facts["step"] = event.text
        elif event.kind in ("job", "poll", "manifest"):
            self.facts["types"][event.type] = event.text or {"job": "accepted", "manifest": "done"}.get(event.kind, "")
        elif event.kind == "progress":
            self.facts["progress"] = {"files": event.files_done, "of": event.files_total, "bytes": event.bytes_done}


class Service:
    def __init__(self, client: bcda.Client, out: Path) -> None:
        self.client = client
        self.out = out
        self.jobs: dict[str, Job] = {}

    def start(self, body: bytes) -> Job:
        if sum(job.running for job in self.jobs.values()) >= AT_A_TIME:
            raise RequestError(HTTPStatus.TOO_MANY_REQUESTS, f"{AT_A_TIME} exports are running")
        try:
            types = dict(json.loads(body or b"{}")).get("types")
            name = uuid.uuid4().hex
            job = Job(name, self.client.start(types, out=self.out / name))
        except (ValueError, TypeError, RecursionError) as error:  # bcda.InvalidArgumentError is a ValueError
            raise RequestError(HTTPStatus.BAD_REQUEST, str(error)) from error
        self.jobs[name] = job
        log.info("%s: started", name)
        return job

    def answer(self, method: str, path: str, body: bytes) -> tuple[HTTPStatus, dict[str, Any]]:
        if (method, path) == ("POST", "/exports"):
            return HTTPStatus.ACCEPTED, self.start(body).facts
        job = self.jobs.get(path.removeprefix("/exports/"))
        if job is None:
            raise RequestError(HTTPStatus.NOT_FOUND, "there is no such export")
        if method == "DELETE":
            job.run.cancel()  # returns at once; the state changes when the run has ended
            return HTTPStatus.ACCEPTED, job.facts
        if method == "GET":
            return HTTPStatus.OK, job.facts
        raise RequestError(HTTPStatus.METHOD_NOT_ALLOWED, "GET and DELETE are allowed")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Handles one connection with one request."""
        try:
            request = await asyncio.wait_for(read_request(reader), LONGEST_WAIT)
            status, answer = self.answer(*request)
        except RequestError as error:
            status, answer = error.status, {"error": str(error)}
        except bcda.Error as error:
            log.error("%s", error)
            status, answer = HTTPStatus.INTERNAL_SERVER_ERROR, {"error": str(error)}
        except (ValueError, asyncio.LimitOverrunError):
            status, answer = HTTPStatus.BAD_REQUEST, {"error": "the request is malformed"}
        except (asyncio.IncompleteReadError, asyncio.TimeoutError, ConnectionError):
            writer.close()
            return
        body = json.dumps(answer).encode() + b"\n"
        head = f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/json\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
        writer.close()  # after the data is sent

    async def shut_down(self) -> None:
        for job in self.jobs.values():
            job.run.cancel()
        await asyncio.gather(*(job.task for job in self.jobs.values()))


async def read_request(reader: asyncio.StreamReader) -> tuple[str, str, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip().split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if "origin" in headers:  # sent by a web page in a browser on this machine
        raise RequestError(HTTPStatus.FORBIDDEN, "web pages may not ask")
    length = int(headers.get("content-length", "0"))
    if not 0 <= length <= LONGEST_BODY:
        raise RequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body has at most {LONGEST_BODY} bytes")
    return method, path, await reader.readexactly(length)


async def serve(client: bcda.Client, out: Path, port: int) -> None:
    service = Service(client, out)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    server = await asyncio.start_server(service.serve, "127.0.0.1", port)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/exports", flush=True)
    await stop.wait()
    log.info("shutting down")
    server.close()
    await service.shut_down()


def main() -> int:
    parser = argparse.ArgumentParser(description="Runs exports in the background, for the programs of this machine.")
    parser.add_argument("--out", type=Path, default=Path("exports"), help="where they go (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8080, help="on 127.0.0.1; 0: any (default: %(default)s)")
    parser.add_argument("--sandbox", action="store_true", help="ask an emulator of the service, with synthetic claims")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        options.out.mkdir(mode=0o700, parents=True, exist_ok=True)
        with bcda.Sandbox().client() if options.sandbox else bcda.Client() as client:
            asyncio.run(serve(client, options.out, options.port))
    except bcda.Error as error:
        log.error("%s", error)
        return error.exit_code
    except OSError as error:
        log.error("%s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
