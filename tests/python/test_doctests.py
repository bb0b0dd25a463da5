"""Every example of a docstring."""

from __future__ import annotations

import doctest
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bcda
import pytest
from conftest import PROMPT, VECTORS

OBJECTS = {"bcda": bcda, **{f"bcda.{name}": getattr(bcda, name) for name in bcda.__all__ if name != "__version__"}}
EXAMPLES = [
    test
    for name, value in OBJECTS.items()
    for test in doctest.DocTestFinder(recurse=value is not bcda).find(value, name, module=False)
    if test.examples
]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_example(
    example: doctest.DocTest,
    make_sandbox: Callable[..., bcda.Sandbox],
    vectors: list[dict[str, Any]],
    tmp_path: Path,
) -> None:
    sandbox = make_sandbox()
    keys = {vector["name"]: vector["encryptedKey"] for vector in vectors}
    example.globs = {
        "bcda": bcda,
        "sandbox": sandbox,
        "client": sandbox.client(**PROMPT),
        "tmp": tmp_path,
        "vectors": VECTORS,
        "key_of": keys.__getitem__,
    }
    report: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example, out=report.append)
    assert not report, "".join(report)


def test_every_public_name_has_a_docstring_and_calls_have_examples() -> None:
    named = {test.name for test in EXAMPLES}
    assert len(EXAMPLES) > 20
    for name in bcda.__all__:
        value = getattr(bcda, name)
        if isinstance(value, type) or inspect.isfunction(value):
            assert value.__doc__, name
    for name in ("Client.export", "Client.manifest", "Client.fetch", "Client.metadata", "decrypt", "Sandbox"):
        assert f"bcda.{name}" in named
