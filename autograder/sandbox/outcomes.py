"""What came of a check, as plain data, and how two values compare.

Nothing here trusts the process that sent a value, and nothing needs torch or NumPy: a tensor is
its dtype, its shape and its numbers.

What is said of a hidden check holds nothing that the learner's code could choose (messages, values,
names, sizes): such code could find the hidden call in its own process and send it that way.
"""

from __future__ import annotations

import builtins
import json
import math
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

#: None, bool, int, float, str, list, dict with str keys, ``Array`` or ``Unsupported``.
Value = Any
Kind = Literal["returned", "raised", "stopped", "lost"]

_DTYPE = re.compile(r"[a-z0-9_]{1,20}")
_MAX_DEPTH = 60
_SHOWN = 200


@dataclass(frozen=True)
class Array:
    """A PyTorch tensor (``kind`` "tensor") or a NumPy array (``kind`` "array")."""

    kind: Literal["tensor", "array"]
    dtype: str
    shape: tuple[int, ...]
    values: tuple[bool | int | float, ...]

    def __str__(self) -> str:
        return "a PyTorch tensor" if self.kind == "tensor" else "a NumPy array"


@dataclass(frozen=True)
class Unsupported:
    """A value that cannot be compared; ``name`` says of what type."""

    name: str


@dataclass(frozen=True)
class Tolerance:
    """Two floats agree where they differ by at most ``absolute + relative * |expected|``."""

    absolute: float
    relative: float

    def agree(self, expected: float, actual: float) -> bool:
        if math.isnan(expected) or math.isnan(actual):
            return math.isnan(expected) and math.isnan(actual)
        if math.isinf(expected) or math.isinf(actual):
            return expected == actual
        try:
            return abs(expected - actual) <= self.absolute + self.relative * abs(expected)
        except OverflowError:
            return False


@dataclass(frozen=True)
class Outcome:
    """How one check ended.

    ``returned``: with ``value``. ``raised`` and ``stopped``: ``detail`` says for a learner what
    happened; ``guarded`` says it without what the code chose, where ``detail`` holds any of that.
    ``lost``: for a reason that is not the learner's, said in ``detail``.
    """

    kind: Kind
    value: Value = None
    detail: str = ""
    guarded: str = ""


def decode(data: bytes) -> Outcome:
    """The outcome that the process of a check sent. Whatever it sent, this returns one."""
    unreadable = Outcome("stopped", detail="sent a result that cannot be read")
    try:
        message = json.loads(data.decode())
        if set(message) == {"value"}:
            return Outcome("returned", _value(message["value"], 0))
        if set(message) == {"error"}:
            error = message["error"]
            return Outcome("raised", None, f"raised {error_text(error)}", _raised(error["type"]))
    except (ValueError, TypeError, KeyError, RecursionError):
        pass
    return unreadable


def error_text(error: dict[str, Any]) -> str:
    """The exception that the runner described, as one line."""
    kind, message, line = error["type"], error["message"], error["line"]
    said = f"{kind}: {message}" if type(message) is str and message else str(kind)
    place = f" on line {line}" if type(line) is int and 0 < line < 10**6 else ""
    return quoted(said) + place


def _raised(kind: object) -> str:
    """The type of an exception where it is one of Python's own, which no code can name."""
    own = getattr(builtins, kind, None) if isinstance(kind, str) else None
    is_exception = isinstance(own, type) and issubclass(own, BaseException)
    return f"raised {quoted(str(kind))}" if is_exception else "raised an exception"


def quoted(text: str) -> str:
    """A text of unknown origin, short and printable, as a Markdown code span.

    Remarks are Markdown; in a code span nothing is a link, an image or emphasis.
    """
    line = " ".join(text[: 4 * _SHOWN].replace("`", "'").split())
    line = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in line)
    return f"`{line if len(line) <= _SHOWN else line[: _SHOWN - 1] + '…'}`"


def _value(data: object, depth: int) -> Value:
    if depth > _MAX_DEPTH:
        raise ValueError("nested too deeply")
    if isinstance(data, list):
        return [_value(each, depth + 1) for each in data]
    if not isinstance(data, dict):
        return data
    ((tag, content),) = data.items()
    if tag == "dict":
        return {_text(key): _value(value, depth + 1) for key, value in content}
    if tag == "unsupported":
        return Unsupported(_text(content))
    if tag in ("tensor", "array"):
        return _array(tag, content["dtype"], content["shape"], content["values"])
    raise ValueError("an unknown tag")


def _text(data: object) -> str:
    if not isinstance(data, str):
        raise ValueError("not a string")
    return data


def _array(kind: Literal["tensor", "array"], dtype: str, shape: Any, values: Any) -> Array:
    number = bool if dtype == "bool" else int if "int" in dtype else float
    well_formed = (
        _DTYPE.fullmatch(dtype)
        and isinstance(shape, list)
        and all(type(size) is int and size >= 0 for size in shape)
        and isinstance(values, list)
        and len(shape) <= 64
        and math.prod(shape) == len(values)
        and all(type(value) is number for value in values)
    )
    if not well_formed:
        raise ValueError("not an array")
    return Array(kind, dtype, tuple(shape), tuple(values))


def difference(
    expected: Value, actual: Value, tolerance: Tolerance, *, hidden: bool = False
) -> str:
    """What is wrong with a value, for a learner to read; empty where nothing is.

    The rule: both have the same type, and ints, strings, bools, dtypes and shapes are equal;
    floats agree within the tolerance; NaN is right only where NaN is expected. A tuple counts as
    a list. An int is right where a float is expected and agrees with it; a float is never right
    for an int, nor a bool for a number. Expected values are never told, only dtypes, shapes and
    types; of a ``hidden`` check, what was returned is not told either.
    """
    if isinstance(actual, Unsupported):
        name = "" if hidden else f" of type {quoted(actual.name)}"
        return f"returned a value{name}, which a check cannot compare"
    if type(expected) is float and type(actual) is int:
        with suppress(OverflowError):
            actual = float(actual)
    if type(expected) is not type(actual):
        return f"returned {_type(actual)}, expected {_type(expected)}"
    if isinstance(expected, float):
        if tolerance.agree(expected, actual):
            return ""
        return "returned NaN" if math.isnan(actual) else _not_right(f"{actual:.6g}", hidden)
    if isinstance(expected, Array):
        return _array_difference(expected, actual, tolerance, hidden)
    if isinstance(expected, list):
        if len(expected) != len(actual):
            return _other(f"{len(actual)} values", f"{len(expected)}", "number of values", hidden)
        pairs = [
            (f"value {place}", *pair)
            for place, pair in enumerate(zip(expected, actual, strict=True), start=1)
        ]
    elif isinstance(expected, dict):
        if set(expected) != set(actual):
            return "returned a dict with other keys than expected"
        pairs = [(f"the value of {quoted(key)}", expected[key], actual[key]) for key in expected]
    else:
        return "" if expected == actual else _not_right(quoted(repr(actual)), hidden)
    for place, wanted, given in pairs:
        wrong = difference(wanted, given, tolerance, hidden=hidden)
        if wrong:
            return f"{wrong} ({place} of the result)" if "of the result" not in wrong else wrong
    return ""


def _not_right(shown: str, hidden: bool) -> str:
    return f"returned {'a value' if hidden else shown}, which is not right"


def _other(actual: str, expected: str, what: str, hidden: bool) -> str:
    shown = f"another {what}" if hidden else actual
    return f"returned {shown}, expected {expected}"


def _array_difference(expected: Array, actual: Array, tolerance: Tolerance, hidden: bool) -> str:
    if expected.kind != actual.kind:
        return f"returned {actual}, expected {expected}"
    if expected.shape != actual.shape:
        return _other(f"shape {_shape(actual)}", _shape(expected), "shape", hidden)
    if expected.dtype != actual.dtype:
        return _other(f"dtype {actual.dtype}", expected.dtype, "dtype", hidden)
    pairs = list(zip(expected.values, actual.values, strict=True))
    if isinstance(next(iter(expected.values), None), float):
        wrong = [pair for pair in pairs if not tolerance.agree(*pair)]
    else:
        wrong = [pair for pair in pairs if pair[0] != pair[1]]
    if not wrong:
        return ""
    missing = sum(given != given and wanted == wanted for wanted, given in wrong)
    if missing:
        return f"returned NaN in {missing} of {len(pairs)} values"
    return f"returned the right shape, but {len(wrong)} of {len(pairs)} values are not right"


def _shape(array: Array) -> str:
    return "(" + ", ".join(map(str, array.shape)) + ("," if len(array.shape) == 1 else "") + ")"


def _type(value: Value) -> str:
    if value is None:
        return "None"
    return str(value) if isinstance(value, Array) else type(value).__name__
