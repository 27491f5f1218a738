"""Running the visible checks of a ``code`` item in the learner's own kernel."""

from __future__ import annotations

import ast
import contextlib
import io
from typing import Any

_SHOWN = 300


def run_check(check: Any, namespace: dict[str, Any]) -> dict[str, str]:
    """Run a visible check on what the learner defined, without touching the learner's names."""
    names = dict(namespace)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            *before, last = ast.parse(check.call).body
            exec(compile(ast.Module(before, []), "<check>", "exec"), names)
            assert isinstance(last, ast.Expr)
            value = eval(compile(ast.Expression(last.value), "<check>", "eval"), names)
            shown = _short(repr(value))
            expected = getattr(check, "expect", None)
            passed = expected is None or bool(_lists(value) == _lists(expected))
    except BaseException as error:  # even SystemExit and an interrupt are the learner's to see
        detail = _short(f"{type(error).__name__}: {error}".removesuffix(": "))
        return {"name": check.name, "outcome": "failed", "detail": f"raised {detail}"}
    if expected is None:
        return {"name": check.name, "outcome": "value", "detail": shown}
    if passed:
        return {"name": check.name, "outcome": "passed", "detail": shown}
    detail = f"{shown}, expected {_short(repr(expected))}"
    return {"name": check.name, "outcome": "failed", "detail": detail}


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _lists(value: Any) -> Any:
    """A value with its tuples (shapes too) as lists, as JSON has them."""
    if isinstance(value, list | tuple):
        return [_lists(part) for part in value]
    if isinstance(value, dict):
        return {key: _lists(part) for key, part in value.items()}
    return value
