"""A quiz as learners see it while it is written, beside its key and what there is to mend.

The page in the notebook follows ``quiz.yaml``: it looks at the file twice a second and shows what
was saved. Where the file cannot be used, it says why and keeps what was good last.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

from ipywidgets import HTML, Dropdown, HBox, VBox

from autograder import html
from autograder.checks.command import Checked, check_without_running
from autograder.errors import AutograderError
from autograder.items import AnyItem
from autograder.practice import Attempt, find_source
from autograder.practice.widgets import practice_widget
from autograder.quiz import QUIZ_FILE

LOOK_EVERY = 0.5
#: What stands in a line of its own.
_SAID = {"concepts", "difficulty", "points", "sections"}
#: The preview of each file that was opened last: earlier ones stop following it.
_latest: dict[Path, Preview] = {}


def preview(quiz_id: str, source: Path | str | None = None) -> Preview:
    """Open the preview of a quiz; on a line of its own it is shown, and follows the file.

    Parameters
    ----------
    quiz_id
        The name of the quiz's folder.
    source
        The folder that holds a folder for each quiz; by default the nearest ``source`` in the
        current folder or one above it.

    Raises
    ------
    AutograderError
        Where there is no such quiz. A quiz that is there and cannot be read is shown as that.
    """
    folder = Path(source) if source is not None else find_source(Path.cwd())
    if not (folder / quiz_id / QUIZ_FILE).exists():
        raise AutograderError(
            f"{folder / quiz_id / QUIZ_FILE}: is not there; `autograder new {quiz_id}` makes it"
        )
    return Preview(folder, quiz_id)


@dataclass(frozen=True)
class _State:
    """What tells one version of the file from another."""

    changed: int
    size: int


class Preview:
    """The page of a quiz that is being written. Made by ``preview``."""

    def __init__(self, source: Path, quiz_id: str) -> None:
        self._source, self._quiz_id = source, quiz_id
        self._path = source / quiz_id / QUIZ_FILE
        self._seen: _State | None = None
        self._checked: Checked | None = None
        self._status = HTML()
        self._items = Dropdown(description="Question")
        self._variants = Dropdown(description="Variant")
        self._question = VBox()
        self._behind = HTML()
        self.page = VBox(
            [self._status, HBox([self._items, self._variants]), self._question, self._behind]
        )
        self._items.observe(lambda _: self._choose_item(), "value")
        self._variants.observe(lambda _: self._show(), "value")
        self.refresh()
        self._follow()

    def refresh(self) -> bool:
        """Read the file if it has changed; whether it had."""
        state = _state(self._path)
        if state == self._seen:
            return False
        self._seen = state
        try:
            self._checked = check_without_running(self._quiz_id, self._source)
        except AutograderError as error:
            kept = " What stands below is what was good last." if self._checked else ""
            self._say(f"<strong>It cannot be used as it stands.</strong>{kept}", str(error))
            return True
        count = len(self._checked.quiz.items)
        errors = sum(finding.error for finding, _ in self._checked.findings)
        self._say(
            f"{escape(str(self._path))}, read at {datetime.now():%H:%M:%S}: {count} questions, "
            f"{errors} to mend, {len(self._checked.findings) - errors} to know",
            "\n".join(
                line for finding, line in self._checked.findings if finding.loc[:1] != ("items",)
            ),
        )
        chosen = self._items.value
        names = [
            (f"{n}. {item.title}", item.id) for n, item in enumerate(self._checked.quiz.items, 1)
        ]
        self._items.options = names
        self._items.value = chosen if chosen in dict(names).values() else names[0][1]
        self._choose_item()
        return True

    def _follow(self) -> None:
        """Look at the file until another preview of it is opened, where the kernel has a loop."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # a script or a terminal, which shows no page
            return
        _latest[self._path] = self

        def look() -> None:
            if _latest[self._path] is not self:
                return
            try:
                self.refresh()
            except Exception as error:  # the next version of the file may be a better one
                self._say("<strong>It cannot be shown.</strong>", repr(error))
            loop.call_later(LOOK_EVERY, look)

        loop.call_later(LOOK_EVERY, look)

    def _say(self, words: str, lines: str) -> None:
        listed = f"<pre tabindex='0'>{escape(lines)}</pre>" if lines else ""
        self._status.value = f'<div role="status" {_PROSE}><p>{words}</p>{listed}</div>'

    @property
    def _chosen(self) -> list[AnyItem]:
        """All variants of the question that is shown."""
        assert self._checked is not None
        quiz = self._checked.quiz
        item = next(one for one in quiz.items if one.id == self._items.value)
        return list(quiz.variants.get(item.id, [item]))

    def _choose_item(self) -> None:
        variants = self._chosen
        chosen = self._variants.index or 0
        labels = [(one.variant or "the only one", n) for n, one in enumerate(variants)]
        self._variants.options = labels
        self._variants.value = min(chosen, len(labels) - 1)
        self._variants.disabled = len(labels) == 1
        self._show()

    def _show(self) -> None:
        assert self._checked is not None
        if self._variants.value is None:  # its options are being changed
            return
        item = self._chosen[self._variants.value]
        attempt = Attempt([item], random.Random())
        self._question.children = [practice_widget(self._quiz_id, attempt)]
        self._behind.value = (
            f'<div class="jp-RenderedHTMLCommon" {_PROSE}>{"".join(self._behind_it(item))}</div>'
        )

    def _behind_it(self, item: AnyItem) -> Iterator[str]:
        """What learners do not see of an item before grading."""
        assert self._checked is not None
        number = [one.id for one in self._checked.quiz.items].index(item.id)
        lines = [
            line for finding, line in self._checked.findings if finding.loc[:2] == ("items", number)
        ]
        if lines:
            yield "<p><strong>To look at</strong></p><ul>"
            yield "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>"
        pay = self._checked.earned[item.id]
        parts = [
            f"{item.difficulty}",
            f"concepts: {', '.join(item.concepts)}",
            f"read again: {', '.join(item.sections) or 'no section'}",
            f"a random answer earns {100 * pay.random:.0f} %",
        ]
        yield f"<p>{escape('; '.join(parts))}.</p>"
        rows = "".join(
            f"<tr><th scope='row'><code>{escape(place)}</code></th><td>{html.block(text)}</td></tr>"
            for place, text in _hidden(item)
        )
        yield (
            "<details><summary>Key and feedback, which learners do not receive</summary>"
            f"<table><tbody>{rows}</tbody></table></details>"
        )

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return self.page._repr_mimebundle_(**options)


_PROSE = 'style="line-height: 1.5; white-space: normal; max-width: 60rem"'


def _hidden(item: AnyItem) -> Iterator[tuple[str, str]]:
    """The fields of an item that its public part does not have, with what they hold."""
    public = dict(_fields(item.public().model_dump()))
    for place, value in _fields(item.model_dump(exclude=_SAID)):
        if value is not None and public.get(place) != value:
            yield place, value if isinstance(value, str) else f"`{value}`"


def _fields(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Every field of what was dumped; parts of a list go by their ids, where they have one."""
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from _fields(part, f"{place}.{name}" if place else name)
    elif isinstance(value, list | tuple) and value and isinstance(value[0], Mapping):
        for number, part in enumerate(value, start=1):
            yield from _fields(part, f"{place}.{part.get('id', number)}")
    elif value not in ([], ()):
        yield place, value


def _state(path: Path) -> _State | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return _State(found.st_mtime_ns, found.st_size)
