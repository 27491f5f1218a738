"""A quiz as learners see it while it is written, beside its key and what there is to mend.

The page in the notebook follows ``quiz.yaml``: it looks at the file twice a second and shows what
was saved. Where the file cannot be used, it says why and keeps what was good last.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

from ipywidgets import HTML, Checkbox, Dropdown, HBox, Layout, VBox

from autograder.authoring.key_table import key_table
from autograder.checks.command import Checked, check_without_running
from autograder.errors import AutograderError
from autograder.items import AnyItem
from autograder.markdown import images
from autograder.practice import Attempt, given_source
from autograder.practice.widgets import practice_widget
from autograder.quiz import QUIZ_FILE

LOOK_EVERY = 0.5
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
    folder = given_source(source)
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
        self._item: AnyItem | None = None
        self._status = HTML()
        self._items = Dropdown(description="Question")
        self._variants = Dropdown(description="Variant")
        self._with_key = Checkbox(
            value=True, description="Key and feedback, which learners do not receive", indent=False
        )
        self._with_key.layout.width = "auto"
        self._question, self._behind, self._key = VBox(), HTML(), HTML()
        behind = VBox([self._behind, self._with_key, self._key])
        for half in (self._question, behind):
            half.layout = Layout(flex="1 1 30rem", min_width="0")
        self.page = VBox(
            [
                self._status,
                HBox([self._items, self._variants], layout=Layout(flex_flow="row wrap")),
                HBox(
                    [self._question, behind], layout=Layout(flex_flow="row wrap", grid_gap="1rem")
                ),
            ]
        )
        self._items.observe(lambda _: self._choose_item(), "value")
        self._variants.observe(lambda _: self._show(), "value")
        self._with_key.observe(lambda _: self._show(), "value")
        self.refresh()
        self._go_on_from(_latest.get(self._path))
        self._follow()

    def refresh(self) -> bool:
        """Read the file if it has changed; whether it had."""
        state = _state(self._path)
        if state == self._seen:
            return False
        self._seen = state
        try:
            self._checked = check_without_running(self._quiz_id, self._source, self._checked)
        except AutograderError as error:
            kept = " What stands below is what was good last." if self._checked else ""
            self._say(f"<strong>It cannot be used as it stands.</strong>{kept}", str(error))
            return True
        count = len(self._checked.quiz.items)
        errors = sum(finding.error for finding, _ in self._checked.findings)
        self._say(
            f"{self._quiz_id}/{QUIZ_FILE}, read at {datetime.now():%H:%M:%S}: "
            f"{_count(count, 'question')}, "
            f"{_count(errors, 'error')}, {_count(len(self._checked.findings) - errors, 'warning')}",
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

    def _go_on_from(self, earlier: Preview | None) -> None:
        """Look at what an earlier preview of the file looked at, as far as that is still there."""
        if earlier is None or self._checked is None:
            return
        self._with_key.value = earlier._with_key.value
        if earlier._items.value in {item.id for item in self._checked.quiz.items}:
            self._items.value = earlier._items.value
            if (earlier._variants.value or 0) < len(self._chosen):
                self._variants.value = earlier._variants.value or 0

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
        listed = f"<pre tabindex='0' {_WRAPPED}>{escape(self._short(lines))}</pre>" if lines else ""
        self._status.value = f'<div role="status" {_PROSE}><p>{words}</p>{listed}</div>'

    def _short(self, lines: str) -> str:
        """Lines that name files, without the way to the folder of all quizzes."""
        return lines.replace(f"{self._source}{os.sep}", "")

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
        if item != self._item:  # what is typed into a question stays while others are written
            attempt = Attempt([_with_images(item, self._path.parent)], random.Random())
            before = self._question.children
            self._question.children = [practice_widget(self._quiz_id, attempt)]
            for widget in before:
                widget.close()
            self._item = item
        self._behind.value = _prose("".join(self._about(item)))
        self._key.value = _prose(key_table(item)) if self._with_key.value else ""

    def _about(self, item: AnyItem) -> Iterator[str]:
        """What there is to mend in an item, and what else learners are not told."""
        assert self._checked is not None
        number = [one.id for one in self._checked.quiz.items].index(item.id)
        lines = [
            line for finding, line in self._checked.findings if finding.loc[:2] == ("items", number)
        ]
        if lines:
            yield "<p><strong>To look at</strong></p><ul>"
            yield "".join(f"<li>{escape(self._short(line))}</li>" for line in lines) + "</ul>"
        pay = self._checked.earned[item.id]
        guesses = {
            "no answer": pay.blank,
            "all, or the same for all": pay.everything,
            "the first that is shown": pay.first,
            "at random": pay.random,
        }
        earned = [f"{way} {100 * part:.0f} %" for way, part in guesses.items() if part is not None]
        yield (
            f"<p>{_count(item.points, 'point')}; {item.difficulty}; "
            f"concepts: {escape(', '.join(item.concepts))}; "
            f"read again: {escape(', '.join(item.sections)) or 'no section'}.<br>"
            f"Guessing earns: {', '.join(earned)}.</p>"
        )

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return self.page._repr_mimebundle_(**options)


_PROSE = 'style="line-height: 1.5; white-space: normal; max-width: 60rem"'
_WRAPPED = 'style="white-space: pre-wrap; word-break: normal; overflow-wrap: anywhere"'


def _count(number: float, what: str) -> str:
    return f"{number:g} {what}{'' if number == 1 else 's'}"


def _prose(markup: str) -> str:
    return f'<div class="jp-RenderedHTMLCommon" {_PROSE}>{markup}</div>'


def _with_images(item: AnyItem, folder: Path) -> AnyItem:
    """The item with the images of ``folder`` as a notebook in the current folder finds them."""
    way = Path(os.path.relpath(folder)).as_posix()

    def moved(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: moved(part) for name, part in value.items()}
        if isinstance(value, list | tuple):
            return [moved(part) for part in value]
        if isinstance(value, str) and "![" in value:
            for source in {str(image.attrs["src"]) for image in images(value)}:
                if (folder / source).is_file():
                    value = value.replace(f"]({source}", f"]({way}/{source}")
        return value

    return type(item).model_validate(moved(item.model_dump()))


def _state(path: Path) -> _State | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return _State(found.st_mtime_ns, found.st_size)
