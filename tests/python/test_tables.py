"""Records that are valid JSON but do not fit a column, and lines that are not records."""

from __future__ import annotations

import builtins
import json
import math
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bcda
import pytest
from bcda import _frames
from conftest import write_export

PATIENT = "JOHN-DOE"  # must never be in a message
Table = Callable[[bcda.ExportResult], Any]
TABLES: dict[str, Table] = {
    "pandas": lambda result: result.to_pandas(),
    "pandas, not flat": lambda result: result.to_pandas(flatten=False),
    "pandas, in chunks": lambda result: list(result.to_pandas(chunksize=1)),
    "Arrow": lambda result: result.to_arrow(),
    "Arrow, in chunks": lambda result: result.to_arrow(chunksize=1),
}
each_table = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
each_chunksize = pytest.mark.parametrize("chunksize", [1, 2, 10_000])


def nested(depth: int, opening: str, closing: str) -> str:
    return opening * depth + "1" + closing * depth


def fails(call: Callable[[], object]) -> str:
    """The message of the error. Checks that the message and the traceback have no value of a record."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011 -- the caller looks at the message
        call()
    shown = "".join(traceback.format_exception(type(caught.value), caught.value, caught.value.__traceback__))
    assert PATIENT not in shown
    assert caught.value.__context__ is None
    assert not isinstance(caught.value, UnicodeError)
    return str(caught.value)


# ---- Lines that are not records: every reader refuses them, and names file and line ----

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
@pytest.mark.parametrize("read", [lambda r: list(r.records()), *TABLES.values()], ids=["records", *TABLES])
def test_a_line_that_is_no_record(read: Table, line: str, why: str, tmp_path: Path) -> None:
    result = write_export(tmp_path / "claims", {"Patient": f"{GOOD}\n\n{line}\n{GOOD}\n".encode()})
    said = fails(lambda: read(result))
    assert f"{result.files[0].path}, line 3, byte {len(GOOD) + 2}: not a JSON record" in said
    assert why in said


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


# ---- Records that do not fit a table ----

UNFIT = {
    "half of a pair": ('{"v":"\\ud800x"}', "the member v has half of a surrogate pair"),
    "half of a pair, in capitals": ('{"v":"\\uDFFF"}', "the member v has half of a surrogate pair"),
    "half of a pair, far down": ('{"a":[{"b":["ok","\\ud83d"]}]}', "the member a[].b[] has half"),
    "half of a pair, in a name": ('{"a":{"\\udc00":1}}', "the member a.\\udc00 has half"),
    "deep lists": (f'{{"v":{nested(600, "[", "]")}}}', "more than 500 levels"),
    "deep objects": (nested(600, '{"v":', "}"), "more than 500 levels"),
}


@pytest.mark.parametrize(("line", "why"), UNFIT.values(), ids=UNFIT)
@each_table
def test_a_record_that_no_table_holds(table: Table, line: str, why: str, tmp_path: Path) -> None:
    result = write_export(tmp_path / "claims", {"Patient": f"{GOOD}\n{line}\n".encode()})
    said = fails(lambda: table(result))
    assert f"{result.files[0].path}, line 2, byte {len(GOOD) + 1}: the record does not fit a table: " in said
    assert why in said
    assert list(result.records())[1] == json.loads(line), "a dict holds it"


def test_whole_pairs_and_nesting_that_is_not_deep_fit(tmp_path: Path) -> None:
    row = {"v": "\\ud83d", "w": "😀", "x": [[[[{"y": "\ue000"}]]]] * 300}
    result = write_export(tmp_path / "claims", {"Patient": json.dumps(row).encode()})
    assert result.to_pandas().iloc[0].to_dict() == row
    assert result.to_arrow().to_pylist() == [row]


@pytest.mark.parametrize("line", ['{"a.b":1,"a":{"b":2}}', '{"a":{"b.c":1,"b":{"c":2}}}'], ids=["at the top", "below"])
def test_two_members_of_one_flat_name(line: str, tmp_path: Path) -> None:
    result = write_export(tmp_path / "claims", {"Patient": line.encode()})
    said = fails(result.to_pandas)
    assert f"{result.files[0].path}, line 1, byte 0: " in said
    assert "the member a.b" in said
    assert "flatten=False" in said
    assert set(result.to_pandas(flatten=False).columns) == set(json.loads(line))


def test_columns_come_as_pandas_own_function_gives_them(shared_client: bcda.Client, tmp_path: Path) -> None:
    import pandas

    result = shared_client.export(["ExplanationOfBenefit"], out=tmp_path / "claims", progress=False)
    pandas.testing.assert_frame_equal(result.to_pandas(), pandas.json_normalize(list(result.records())))


# ---- Members of several kinds ----

KINDS: dict[str, tuple[list[Any], str]] = {
    "integer, text": ([1, PATIENT], "the member v is an integer in {0}, and a text in {1}"),
    "text, fraction": ([PATIENT, 2.5], "the member v is a text in {0}, and a fraction in {1}"),
    "text, list": ([PATIENT, [PATIENT]], "the member v is a text in {0}, and a list in {1}"),
    "object, list": ([{"a": 1}, [1]], "the member v is an object in {0}, and a list in {1}"),
    "boolean, integer": ([True, 2], "the member v is a boolean in {0}, and an integer in {1}"),
    "boolean, fraction": ([True, 2.5], "the member v is a boolean in {0}, and a fraction in {1}"),
    "fraction, boolean": ([2.5, True], "the member v is a fraction in {0}, and a boolean in {1}"),
    "in lists": ([[2.5], [3.5, False]], "the member v[] is a fraction in {0}, and a boolean in {1}"),
    "in objects": ([{"a": {"b": 0.5}}, {"a": {"b": True}}], "the member v.a.b is a fraction in {0}, and a boolean"),
    "in one record": (
        [[{"name": "x"}, {"name": ["x"]}], None],
        "the member v[].name is a text in {0}, and a list in {0}",
    ),
    "beyond 64 bits": ([1, 2**64], "the member v is an integer beyond 64 bits in {1}"),
    "just beyond 64 bits": ([-(2**63) - 1, None], "the member v is an integer beyond 64 bits in {0}"),
    "beyond 64 bits, and a fraction": ([0.5, 2**70], "the member v is an integer beyond 64 bits in {1}"),
    "beyond 2^53, and a fraction": ([2**53 + 1, 0.5], "an integer beyond 2^53 in {0}, and a fraction in {1}"),
    "a fraction, and beyond 2^53": ([0.5, 2**53 + 1], "a fraction in {0}, and an integer beyond 2^53 in {1}"),
}


@each_chunksize
@pytest.mark.parametrize(("values", "why"), KINDS.values(), ids=KINDS)
def test_kinds_that_do_not_mix_in_arrow(values: list[Any], why: str, chunksize: int, tmp_path: Path) -> None:
    rows = [{"id": "0"}, *({"id": PATIENT, "v": value} for value in values)]
    result = write_export(tmp_path / "claims", {"Patient": b"".join(json.dumps(row).encode() + b"\n" for row in rows)})
    said = fails(lambda: result.to_arrow(chunksize=chunksize))
    path = result.files[0].path
    assert why.format(f"{path}, line 2", f"{path}, line 3") in said
    assert "one Arrow schema" in said


@each_chunksize
@pytest.mark.parametrize("values", [values for values, _ in KINDS.values()], ids=KINDS)
def test_kinds_that_do_not_mix_are_exact_in_pandas(values: list[Any], chunksize: int, tmp_path: Path) -> None:
    rows = [{"id": "0"}, *({"v": value} for value in values)]
    result = write_export(tmp_path / "claims", {"Patient": b"".join(json.dumps(row).encode() + b"\n" for row in rows)})
    cells = [
        value
        for frame in result.to_pandas(flatten=False, chunksize=chunksize)
        for value in (frame["v"].tolist() if "v" in frame else [None] * len(frame))
    ]
    for cell, value in zip(cells, [None, *values]):
        if value is None:
            assert cell is None or math.isnan(cell)
        else:
            assert cell == value
            assert isinstance(cell, bool) == isinstance(value, bool)


def test_a_member_of_several_kinds_in_two_files(tmp_path: Path) -> None:
    result = write_export(tmp_path / "claims", {"Patient": b'{"v":1}\n'})
    (tmp_path / "claims" / "more.ndjson").write_bytes(b'{}\n{"v":"x"}\n')
    result.files.append(bcda.File("Patient", str(tmp_path / "claims" / "more.ndjson"), 0, 2, "", True))
    said = fails(result.to_arrow)
    assert f"integer in {result.files[0].path}, line 1, and a text in {result.files[1].path}, line 2" in said


def test_the_name_of_a_member_is_short_and_printable(tmp_path: Path) -> None:
    name = "\u202e\x1b[31m" + "x" * 100_000
    rows = [{name: 1}, {name: "y"}]
    result = write_export(tmp_path / "claims", {"Patient": b"".join(json.dumps(row).encode() + b"\n" for row in rows)})
    said = fails(result.to_arrow)
    assert len(said) < 2000
    assert said.isprintable()
    assert said.isascii()


def test_what_arrow_refuses_for_a_reason_of_its_own_is_an_error_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyarrow

    def refuse(*args: object, **how: object) -> None:
        raise pyarrow.ArrowCapacityError(PATIENT)

    result = write_export(tmp_path / "claims", {"Patient": b"{}\n"})
    monkeypatch.setattr("pyarrow.array", refuse)
    said = fails(result.to_arrow)
    assert "ArrowCapacityError" in said
    assert "smaller chunksize" in said


# ---- Integers that a float does not hold ----

LARGE: dict[str, list[Any]] = {
    "beside a missing one": [2**53 + 1, None, 1],
    "beside a fraction": [2**53 + 1, 0.5],
    "negative": [-(2**53) - 1, None],
    "beyond 2^63": [2**63 + 1, None],
    "beyond 64 bits": [2**64 + 1, None],
    "of both signs": [2**63 + 1, -1],
    "alone": [2**63 + 1],
}


@pytest.mark.parametrize("flatten", [True, False])
@pytest.mark.parametrize("values", LARGE.values(), ids=LARGE)
def test_large_integers_stay_exact_in_pandas(values: list[Any], flatten: bool, tmp_path: Path) -> None:
    rows = [{"id": "x"} if value is None else {"id": "x", "v": value} for value in values]
    result = write_export(tmp_path / "claims", {"Patient": b"".join(json.dumps(row).encode() + b"\n" for row in rows)})
    for cell, value in zip(result.to_pandas(flatten=flatten)["v"].tolist(), values):
        assert math.isnan(cell) if value is None else cell == value


def test_large_fractions_remain_a_column_of_floats(tmp_path: Path) -> None:
    result = write_export(tmp_path / "claims", {"Patient": b'{"v":1e300}\n{}\n{"v":0.5}\n'})
    assert result.to_pandas()["v"].dtype == "float64"


# ---- Packages that are not installed ----


@pytest.mark.parametrize(("package", "extra"), [("pandas", "pandas"), ("pyarrow", "arrow")])
def test_a_missing_package_is_named_with_its_extra(
    package: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = write_export(tmp_path / "claims", {"Patient": b"{}\n"})
    imports = builtins.__import__

    def without(name: str, *args: Any, **how: Any) -> Any:
        if name.split(".")[0] == package:
            raise ModuleNotFoundError(f"No module named {package!r}", name=package)
        return imports(name, *args, **how)

    monkeypatch.setattr(builtins, "__import__", without)
    calls: list[Callable[[], object]] = (
        [result.to_arrow] if package == "pyarrow" else [result.to_pandas, lambda: result.to_pandas(chunksize=5)]
    )
    for call in calls:
        with pytest.raises(ImportError, match=rf"pip install 'bcda\[{extra}\]'") as caught:
            call()
        assert caught.value.name == package


def test_a_package_that_lacks_something_itself_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_package.py").write_text("import something_that_is_not_there")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="something_that_is_not_there"):
        _frames.need("broken_package", "to_pandas", "pandas")


# ---- Chunks ----


@pytest.mark.parametrize("chunksize", [0, -1, 2.5, True, "5"])
@pytest.mark.parametrize("call", ["to_pandas", "to_arrow"])
def test_a_chunksize_is_checked_at_once(call: str, chunksize: Any, tmp_path: Path) -> None:
    result = write_export(tmp_path / "claims", {"Patient": b"{}\n"})
    with pytest.raises(bcda.InvalidArgumentError, match="chunksize"):
        getattr(result, call)(chunksize=chunksize)


def test_records_without_members_are_rows(tmp_path: Path) -> None:
    result = write_export(tmp_path / "claims", {"Patient": b"{}\n{}\n"})
    assert len(result.to_pandas()) == len(result.to_pandas(flatten=False)) == 2
