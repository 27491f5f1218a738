"""Running the visible checks of a ``code`` item in the learner's own kernel.

As in grading, a check runs on the item's ``setup`` and the recorded code alone: what other cells
define is not there, so that nothing works on the screen which will not work there.
"""

from __future__ import annotations

import ast
import contextlib
import io
import random
import re
import sys
import types
import warnings
from collections.abc import Iterator
from typing import Any

from autograder.items.code import PublicCode
from autograder.sandbox.runner import SETUP, SOURCE, describe, evaluate, execute

_SHOWN = 300
#: A line that IPython alone understands: a magic, a shell command, a question for help.
_COMMAND = re.compile(r"\s*(?:[\w.,\[\]() ]+=\s*)?[%!]|\s*\?|.*\?\s*$")


def run_checks(item: PublicCode, source: str) -> list[dict[str, str]]:
    """What comes of each visible check of an item: its name, an outcome and a detail.

    The learner's names and the state of their random numbers stay as they are.
    """
    with _random_numbers_restored():
        return [_run_check(check.name, check.call, item.setup, source) for check in item.checks]


def not_gradable(source: str) -> str:
    """Why grading, which takes plain Python, cannot run this code; empty where it can."""
    obstacle = _obstacle(source)
    return (
        f"This cannot be graded: {obstacle}. Change it and run the cell again." if obstacle else ""
    )


def _obstacle(source: str) -> str:
    try:
        _compile(source)
    except SyntaxError as error:
        number = error.lineno or 1
        lines = source.splitlines()
        line = lines[number - 1].strip() if number <= len(lines) else ""
        place = f"line {number}, “{_short(line)}”," if line else f"line {number}"
        if _COMMAND.match(line):
            return f"{place} is an IPython command, and only plain Python is run"
        if _awaits(source):
            return f"{place} awaits outside of a function, which only IPython can do"
        return f"{place} is no Python ({error.msg})"
    except (ValueError, RecursionError, MemoryError) as error:
        return f"it does not compile ({error})"
    return ""


def _awaits(source: str) -> bool:
    """Whether the code compiles once ``await`` may stand outside of functions."""
    try:
        _compile(source, ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except SyntaxError:
        return False
    return True


def _compile(source: str, flags: int = 0) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compile(source, SOURCE, "exec", flags=flags, dont_inherit=True)


def _run_check(name: str, call: str, setup: str, source: str) -> dict[str, str]:
    module = types.ModuleType("__main__")
    module.__dict__["display"] = lambda *objects, **options: None  # as in grading
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            execute(setup, SETUP, module)
            value = evaluate(call, module, source)
            shown = _short(repr(value))
    except BaseException as error:  # even SystemExit and an interrupt are the learner's to see
        told = describe(error, SOURCE)
        place = f" on line {told['line']}" if told["line"] else ""
        detail = _short(f"{told['type']}: {told['message']}".removesuffix(": ")) + place
        return {"name": name, "outcome": "failed", "detail": f"raised {detail}"}
    return {"name": name, "outcome": "value", "detail": shown}


@contextlib.contextmanager
def _random_numbers_restored() -> Iterator[None]:
    """Checks begin with seeded random numbers; leave the learner's own as they were."""
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    state: Any = random.getstate()
    numpy_state = numpy.random.get_state() if numpy else None
    torch_state = torch.get_rng_state() if torch else None
    try:
        yield
    finally:
        random.setstate(state)
        if numpy:
            numpy.random.set_state(numpy_state)
        if torch:
            torch.set_rng_state(torch_state)


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
