"""What a session needs of its kernel: the other sessions there, and the cells that are run."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakSet

if TYPE_CHECKING:
    from IPython.core.interactiveshell import ExecutionResult, InteractiveShell

    from autograder.session import QuizSession

#: The first line that is not blank in a cell that answers a ``code`` item; as MARK in code.js.
MARK = re.compile(
    r"(?:[ \t]*\r?\n)*#[ \t]*answer:[ \t]*([a-z][a-z0-9]*(?:-[a-z0-9]+)*)(?![\w-])[^\n]*(?:\n|\Z)"
)
#: Seconds between two looks at a journal, which another kernel may have written.
LOOK_EVERY = 1.0

_sessions: dict[Path, WeakSet[QuizSession]] = {}


def shell() -> InteractiveShell | None:
    """The IPython in which this runs, if it does."""
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        return None
    return get_ipython()  # type: ignore[no-any-return, no-untyped-call, unused-ignore]


def in_terminal() -> bool:
    """Whether cells are typed at a terminal, where no Markdown cell shows the question."""
    running = shell()
    return running is not None and not hasattr(running, "kernel")


def validating() -> bool:
    """Whether nbgrader's Validate runs the notebook."""
    return os.environ.get("NBGRADER_EXECUTION") == "validate"


def others(session: QuizSession) -> list[QuizSession]:
    """The other sessions of the same journal in this kernel, whose widgets may be on a page."""
    return [one for one in _sessions.get(session.journal.path, ()) if one is not session]


def keep_together(session: QuizSession) -> None:
    """Let ``session`` hear of what other sessions and other kernels record in its journal."""
    together = _sessions.setdefault(session.journal.path, WeakSet())
    is_first = not together
    together.add(session)
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:  # a script or a terminal: nothing there could show the news
        return
    if is_first:
        _look(loop, session.journal.path, session.journal.state)


def _look(loop: asyncio.AbstractEventLoop, path: Path, before: object) -> None:
    """Let the sessions of a journal catch up with it; look again as long as there are any."""
    together = list(_sessions[path])
    if not together:
        return
    seen = before
    try:
        now = together[0].journal.state
        if now == before or all([_catch_up(session) for session in together]):
            seen = now
    finally:
        loop.call_later(LOOK_EVERY, _look, loop, path, seen)


def _catch_up(session: QuizSession) -> bool:
    """Whether a session caught up. One that cannot must not stop the others, nor the looking."""
    try:
        session.catch_up()
    except Exception as error:
        session.report(error)
        return False
    return True


def hear_cells(session: QuizSession) -> None:
    """Let ``session`` hear of cells that are run, in place of an earlier session of its journal."""
    running = shell()
    if running is None or not session.has_code:
        return
    for hook in list(running.events.callbacks["post_run_cell"]):
        if isinstance(hook, _CellHook) and hook.session.journal is session.journal:
            running.events.unregister("post_run_cell", hook)
    running.events.register("post_run_cell", _CellHook(session))


class _CellHook:
    """Hands the cells that are run and say what they answer to a session."""

    def __init__(self, session: QuizSession) -> None:
        self.session = session

    def __call__(self, result: ExecutionResult) -> None:
        info = result.info
        if info is None or info.silent:
            return
        mark = MARK.match(info.raw_cell)
        if mark is not None:
            self.session.on_cell(mark[1], info.raw_cell[mark.end() :])
