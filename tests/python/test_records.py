"""Records as dicts and as bytes: every digit by choice, and lines that are not records."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import bcda
import pytest
from conftest import write_export

PATIENT = "JOHN-DOE"  # must never be in a message


def fails(call: Callable[[], object]) -> str:
    """The message of the error. Checks that the message and the traceback have no value of a record."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011 -- the caller looks at the message
        call()
    shown = "".join(traceback.format_exception(type(caught.value), caught.value, caught.value.__traceback__))
    assert PATIENT not in shown
    assert caught.value.__context__ is None
    assert not isinstance(caught.value, UnicodeError)
    return str(caught.value)


# ---- Lines that are not records: they are refused, with file and line ----

GOOD = f'{{"id":"{PATIENT}"}}'
NO_RECORDS = {
    "a list": ('[{"v":"x"}]', "a list, not an object"),
    "a text": ('"x"', "a text, not an object"),
    "a number": ("5", "an integer, not an object"),
    "null": ("null", "null, not an object"),
    "NaN": ('{"a":{"v":[1,NaN]}}', "the member a.v[] is NaN, which JSON does not have"),
    "Infinity": ('{"v":Infinity}', "the member v is Infinity"),
    "-Infinity": ('{"v":-Infinity}', "the member v is -Infinity"),
    "too large for a float": ('{"v":-1e400}', "the member v is a number that is too large"),
    "too many digits": ('{"v":' + "9" * 5000 + "}", "digits"),
    "nested without an end": ('{"v":' + "[" * 100_000, "nested too deeply"),
    "cut off after NaN": ('{"v":NaN', "Expecting"),
}


@pytest.mark.parametrize(("line", "why"), NO_RECORDS.values(), ids=NO_RECORDS)
def test_a_line_that_is_no_record(line: str, why: str, tmp_path: Path) -> None:
    result = write_export(tmp_path / "claims", {"Patient": f"{GOOD}\n\n{line}\n{GOOD}\n".encode()})
    said = fails(lambda: list(result.records()))
    assert f"{result.files[0].path}, line 3, byte {len(GOOD) + 2}: not a JSON record" in said
    assert why in said


def test_the_name_of_a_member_is_short_and_printable(tmp_path: Path) -> None:
    name = "\u202e\x1b[31m" + "x" * 100_000
    result = write_export(tmp_path / "claims", {"Patient": f"{{{json.dumps(name)}:NaN}}".encode()})
    said = fails(lambda: list(result.records()))
    assert len(said) < 2000
    assert said.isprintable()
    assert said.isascii()


def test_a_record_nested_too_deeply_for_a_parser_of_ones_own(tmp_path: Path) -> None:
    def loads(line: bytes) -> Any:
        raise RecursionError

    result = write_export(tmp_path / "claims", {"Patient": b"{}\n"})
    assert "line 1, byte 0: not a JSON record (it is nested too deeply)" in fails(
        lambda: list(result.records(loads=loads))
    )


def test_raw_records_are_given_as_they_are(tmp_path: Path) -> None:
    lines = [line for line, _ in NO_RECORDS.values()]
    result = write_export(tmp_path / "claims", {"Patient": "\n".join(lines).encode()})
    assert list(result.records(raw=True)) == [line.encode() for line in lines]


# ---- Digits ----


@pytest.mark.parametrize(
    "digits", ["0.10", "84888.88", "1234567890123456789.0123456789", "0.1000000000000000055511151231257827", "1E-400"]
)
def test_a_decimal_keeps_every_digit(digits: str, tmp_path: Path) -> None:
    result = write_export(tmp_path / "claims", {"Patient": f'{{"v":{digits},"w":[{{"x":-{digits}}}]}}'.encode()})
    (record,) = result.records(decimals=True)
    assert (str(record["v"]), str(record["w"][0]["x"])) == (digits, f"-{digits}")
    (record,) = result.records()
    assert isinstance(record["v"], float)


def test_decimals_are_for_fractions_and_for_the_standard_parser(tmp_path: Path) -> None:
    result = write_export(tmp_path / "claims", {"Patient": b'{"v":9007199254740993,"w":1e400}'})
    (record,) = result.records(decimals=True)
    assert record == {"v": 9007199254740993, "w": Decimal("1e400")}
    assert isinstance(record["v"], int)
    for how in ({"raw": True}, {"loads": json.loads}):
        with pytest.raises(bcda.InvalidArgumentError, match="decimals"):
            result.records(decimals=True, **how)
