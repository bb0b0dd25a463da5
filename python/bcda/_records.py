"""Parses lines of NDJSON, and finds values that a table cannot hold."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Callable

Record = dict[str, Any]

_DEEPEST = 500  # levels of nesting in a table: FHIR needs about 15, and Arrow crashes at some thousands
_LONGEST_PATH = 200  # characters of a member's path in a message


class MalformedRecordError(ValueError):
    """A line is not a record, or does not fit a table. The message has no value, because it may be a patient's."""


def parse(line: bytes, decoder: Any = None) -> Record:
    """Parses the JSON object of a line with the standard library's parser.

    The parser's extensions are refused: NaN and Infinity, and numbers such as 1e400, which it would turn into Infinity.
    """
    try:
        record = (decoder or _decoder).decode(line.decode())
    except RecursionError:
        raise MalformedRecordError("not a JSON record (it is nested too deeply)") from None
    except UnicodeDecodeError:
        raise MalformedRecordError("not a JSON record (it is not UTF-8)") from None
    except _NotFiniteError as error:
        raise MalformedRecordError(f"not a JSON record ({_not_finite_member(line)} is {error})") from None
    except ValueError as error:  # the rest of the message contains the record
        raise MalformedRecordError(
            f"not a JSON record ({getattr(error, 'msg', 'a number has too many digits')})"
        ) from None
    if not isinstance(record, dict):
        raise MalformedRecordError(f"not a JSON record (it is {kind_of(record)}, not an object)")
    return record


def parse_exactly(line: bytes) -> Record:
    """The same, but a number with a point or an exponent is a Decimal with all its digits."""
    return parse(line, _exact_decoder)


def row(line: bytes) -> Record:
    """Parses a record for a table. Its strings must be encodable, and its nesting not too deep for Arrow."""
    record = parse(line)
    if line.count(b"{") + line.count(b"[") > _DEEPEST and _is_too_deep(record):
        raise MalformedRecordError(f"the record does not fit a table: it is nested more than {_DEEPEST} levels deep")
    if b"\\ud" in line or b"\\uD" in line:  # only an escape can produce half of a surrogate pair
        for path, value in members(record):
            if not (_is_encodable(path) and (not isinstance(value, str) or _is_encodable(value))):
                why = f"{member(path)} has half of a surrogate pair, which is no character"
                raise MalformedRecordError(f"the record does not fit a table: {why}")
    return record


def flat_row(line: bytes) -> Record:
    """Parses a record and flattens nested members to names such as ``payment.amount.value``."""
    record = row(line)
    flat = {name: value for name, value in record.items() if not isinstance(value, dict)}
    for name, value in record.items():
        if isinstance(value, dict):
            _flatten(f"{name}.", value, flat)
    return flat


def _flatten(prefix: str, nested: Record, flat: Record) -> None:
    for name, value in nested.items():
        path = prefix + name
        if isinstance(value, dict):
            _flatten(f"{path}.", value, flat)
        elif path in flat:
            raise MalformedRecordError(
                f"the record does not fit flat columns: it has {member(path)} twice; give flatten=False"
            )
        else:
            flat[path] = value


def members(record: Any) -> Iterator[tuple[str, Any]]:
    """Every value in a record with its path, such as ``item[].adjudication[].amount.value``, in order."""
    stack = [("", record)]
    while stack:
        path, value = stack.pop()
        if path:
            yield path, value
        if isinstance(value, dict):
            below = [(f"{path}.{name}" if path else name, inner) for name, inner in value.items()]
        else:
            below = [(f"{path}[]", item) for item in value] if isinstance(value, list) else []
        stack.extend(reversed(below))


def member(path: str) -> str:
    """The name of a member for a message. It is cut and made printable, because it comes from a server."""
    shown = path if len(path) <= _LONGEST_PATH else f"{path[:_LONGEST_PATH]}..."
    return f"the member {ascii(shown)[1:-1]}"


def kind_of(value: Any) -> str:
    """The kind of a JSON value, in words."""
    return _KINDS[type(value)]


_KINDS = {
    dict: "an object",
    list: "a list",
    str: "a text",
    bool: "a boolean",
    int: "an integer",
    float: "a fraction",
    type(None): "null",
}


class _NotFiniteError(ValueError):
    """A number that is not finite. The message describes the number."""


def _refuse_constant(name: str) -> Any:
    raise _NotFiniteError(f"{name}, which JSON does not have")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise _NotFiniteError("a number that is too large for a 64-bit float")
    return number


_decoder: Any = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)
_exact_decoder: Any = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=Decimal)


def _not_finite_member(line: bytes) -> str:
    """The member that holds the number. The standard parser accepts the line, so it can be searched."""
    for path, value in members(json.loads(line)):
        if isinstance(value, float) and not math.isfinite(value):
            return member(path)
    return "a number"


def _is_encodable(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _is_too_deep(record: Record) -> bool:
    level: list[Any] = [record]
    for _ in range(_DEEPEST):
        level = [inner for value in level for inner in _below(value)]
        if not level:
            return False
    return True


def _below(value: Any) -> Iterator[Any]:
    nested: Callable[..., Any] = value.values if isinstance(value, dict) else value.__iter__
    return (inner for inner in nested() if isinstance(inner, (dict, list)))
