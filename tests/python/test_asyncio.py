"""asyncio: awaiting, iterating, canceling, many at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bcda
import pytest
from conftest import PROMPT, prompt


def test_an_export_is_awaited(client: bcda.Client, tmp_path: Path) -> None:
    result = asyncio.run(client.export_async(["Patient"], out=tmp_path / "out"))
    assert [file.records for file in result.files] == [10]


def test_events_are_the_same_as_without_asyncio(client: bcda.Client, tmp_path: Path) -> None:
    def shape(events: list[bcda.Event]) -> list[tuple[str, str]]:
        return [(event.kind, event.type) for event in events if event.kind not in ("poll", "progress")]

    async def gather() -> list[bcda.Event]:
        return [event async for event in client.start(["Patient"], out=tmp_path / "one")]

    assert shape(asyncio.run(gather())) == shape(list(client.start(["Patient"], out=tmp_path / "two")))


def test_the_loop_goes_on_meanwhile(make_sandbox: Callable[..., bcda.Sandbox], tmp_path: Path) -> None:
    client = make_sandbox(job_time="300ms").client(**PROMPT)

    async def main() -> int:
        turns = 0
        export = asyncio.ensure_future(client.export_async(["Patient"], out=tmp_path / "out"))
        while not export.done():
            turns += 1
            await asyncio.sleep(0)
        assert len(export.result().files) == 1
        return turns

    assert asyncio.run(main()) > 100


def test_several_at_once(client: bcda.Client, tmp_path: Path) -> None:
    async def main() -> list[bcda.ExportResult]:
        runs = [client.export_async(["Patient"], out=tmp_path / str(number)) for number in range(5)]
        return await asyncio.gather(*runs)

    assert [result.files[0].records for result in asyncio.run(main())] == [10] * 5


def test_every_run_can_be_awaited(client: bcda.Client, tmp_path: Path) -> None:
    async def main() -> None:
        manifest = await client.start_manifest(["Patient"])
        result = await client.start_fetch(manifest, out=tmp_path / "out")
        assert [file.records for file in result.files] == [10]
        assert (await client.start_metadata())["resourceType"] == "CapabilityStatement"

    asyncio.run(main())


def test_progress_is_reported(client: bcda.Client, tmp_path: Path) -> None:
    kinds: set[str] = set()
    asyncio.run(client.export_async(["Patient"], out=tmp_path / "out", progress=lambda event: kinds.add(event.kind)))
    assert {"state", "job", "manifest", "file", "finished"} <= kinds


def test_failures_come_out(sandbox: bcda.Sandbox, tmp_path: Path) -> None:
    client = sandbox.client(**prompt(client_secret="wrong"))
    with pytest.raises(bcda.AuthenticationError):
        asyncio.run(client.export_async(["Patient"], out=tmp_path / "out"))


@pytest.mark.parametrize("options", [{"job_time": "1h"}, {"faults": "stall:at=1"}], ids=["waiting", "downloading"])
def test_canceling_the_task_cancels_the_export(
    make_sandbox: Callable[..., bcda.Sandbox], tmp_path: Path, options: dict[str, Any]
) -> None:
    client = make_sandbox(**options).client(**PROMPT)

    async def main() -> None:
        reached = asyncio.Event()

        def report(event: bcda.Event) -> None:
            if event.kind == "poll" or event.text == "downloading":
                reached.set()

        export = asyncio.ensure_future(client.export_async(["Patient"], out=tmp_path / "out", progress=report))
        await reached.wait()
        export.cancel()
        with pytest.raises(asyncio.CancelledError):
            await export
        # The canceled export has released the directory, so another export may use it.
        client.start(["Coverage"], out=tmp_path / "out", restart=True).close()

    asyncio.run(main())


def test_an_abandoned_loop_leaves_nothing(make_sandbox: Callable[..., bcda.Sandbox], tmp_path: Path) -> None:
    client = make_sandbox(job_time="1h").client(**PROMPT)

    async def main() -> str:
        run = client.start(["Patient"], out=tmp_path / "out")
        async for event in run:
            if event.kind == "poll":
                break
        run.close()
        return "left"

    assert asyncio.run(main()) == "left"


def test_one_reads_the_events_while_another_awaits_the_result(client: bcda.Client, tmp_path: Path) -> None:
    async def main() -> None:
        async with client.start(["Patient"], out=tmp_path / "out") as run:

            async def kinds() -> list[str]:
                return [event.kind async for event in run]

            async def result() -> bcda.ExportResult:
                return await run

            events, first, second = await asyncio.wait_for(asyncio.gather(kinds(), result(), result()), 30)
        assert events[-1] == "finished"
        assert first is second is run.result()

    asyncio.run(main())


def test_leaving_the_block_cancels(make_sandbox: Callable[..., bcda.Sandbox], tmp_path: Path) -> None:
    client = make_sandbox(job_time="1h").client(**PROMPT)

    async def main() -> None:
        async with client.start(["Patient"], out=tmp_path / "out") as run:
            pass
        assert run.done
        with pytest.raises(bcda.CanceledError):
            await run

    asyncio.run(main())
