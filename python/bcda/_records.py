"""Parses lines of NDJSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

Record = dict[str, Any]

_LONGEST_PATH = 200  # characters of a member's path in a message


class MalformedRecordError(ValueError):
    """A line is not a record. The message has no value, because it may be a patient's."""


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
