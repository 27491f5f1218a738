"""The learner's side in the kernel: show questions, record answers, say what is recorded."""

from __future__ import annotations

import ast
import contextlib
import io
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from autograder import html
from autograder.errors import AnswerError, QuizError
from autograder.items import AnyPublicItem, PublicItem
from autograder.items.cloze import PublicCloze
from autograder.items.code import PublicCode
from autograder.learner import sign_in, signed_in
from autograder.quiz import QUESTIONS_FILE, PublicQuiz, load_public_quiz
from autograder.responses import (
    Record,
    Recorded,
    append_journal,
    journal_path,
    merge,
    read_journal,
)

if TYPE_CHECKING:
    from IPython.core.interactiveshell import ExecutionResult, InteractiveShell

    from autograder.widgets import ItemWidget, ReceiptWidget

#: The first line that is not blank in a cell that answers a ``code`` item; as MARK in code.js.
MARK = re.compile(
    r"(?:[ \t]*\r?\n)*#[ \t]*answer:[ \t]*([a-z][a-z0-9]*(?:-[a-z0-9]+)*)(?![\w-])[^\n]*(?:\n|\Z)"
)
_SHOWN = 300


def open_quiz(quiz_id: str, folder: Path | str = ".") -> QuizSession:
    """Open the quiz whose ``questions.json`` stands in ``folder`` (the notebook's own, by default).

    Raises
    ------
    QuizError
        Where ``questions.json`` is missing, damaged, or another quiz's.
    """
    folder = Path(folder).resolve()
    public = load_public_quiz(folder / QUESTIONS_FILE)
    if public.id != quiz_id:
        raise QuizError(
            f"{QUESTIONS_FILE} beside this notebook belongs to the quiz {public.id!r}, not to "
            f"{quiz_id!r}. Keep each quiz in a folder of its own."
        )
    learner = ""
    if public.variants:
        learner = _learner()
        public = public.for_learner(learner)
    session = QuizSession(public, folder, learner)
    _listen(session, quiz_id)
    return session


def _learner() -> str:
    """The learner's name in the course; asked for once where nothing tells it."""
    name = signed_in()
    if name is None:
        try:
            sign_in(input("Your user name in this course (it decides which numbers you get): "))
        except (EOFError, NotImplementedError) as error:
            raise QuizError(
                "this quiz gives each learner numbers of their own. Say once who you are, in a "
                'cell of your own: from autograder import sign_in; sign_in("your-user-name"). '
                "Then run this cell again."
            ) from error
        name = signed_in()
    assert name is not None
    return name


class QuizSession:
    """A quiz that is being answered. Made by ``open_quiz``."""

    def __init__(self, quiz: PublicQuiz, folder: Path, learner: str = "") -> None:
        self._learner = learner
        self._items = {item.id: item for item in quiz.items}
        self._quiz = quiz
        self._journal = journal_path(folder, quiz.id)
        self._recorded = read_journal(self._journal)
        self._widgets: dict[str, list[ItemWidget]] = {}

    def __repr__(self) -> str:
        whose = f" for {self._learner}" if self._learner else ""
        answered = f"{self._answered()} of {len(self._items)} answered"
        return f"Quiz {self._quiz.title!r}{whose}: {answered}"

    def show(self, item_id: str) -> ItemWidget:
        """The question as a widget, with the answer that is recorded for it."""
        from autograder.widgets import WIDGETS

        item = self._find(item_id)
        record = self._known(item)
        widget = WIDGETS[item.type](
            quiz=self._quiz.id,
            view=_view(item),
            response=record.response if record else None,
            record=record.model_dump() if record else {},
            status=_status(record),
        )
        widget.observe(lambda change: self._on_response(item_id, widget, change["new"]), "response")
        widget.on_msg(lambda _, content, __: self._on_message(item_id, widget, content))
        self._widgets.setdefault(item_id, []).append(widget)
        return widget

    def answer(self, item_id: str, response: Any) -> str:
        """Answer a question by code, with the same checks and the same record as the widget.

        Parameters
        ----------
        item_id
            The question's id.
        response
            The JSON value of an answer: ``{"choice": option}``, ``{"pairs": {prompt: option}}``,
            ``{"order": [step, ...]}``, ``{"text": "..."}``, ``{"picks": [option, ...]}``,
            ``{"value": number or text}``, ``{"blanks": {blank: option, text or number}}``,
            ``{"source": "code"}``; None withdraws the answer.

        Raises
        ------
        AnswerError
            Naming what the question allows.
        """
        item = self._find(item_id)
        problem = _problem(item, response)
        if problem:
            raise AnswerError(f"{item_id}: {problem}")
        record = self._record(item_id, response)
        failure = self._last_failure
        if failure:
            raise AnswerError(f"{item_id}: {failure}")
        return f"{item.title}: recorded at {record.time}"

    def receipt(self) -> ReceiptWidget:
        """What is answered and what is not; stores all answers in the notebook file."""
        from autograder.widgets import ReceiptWidget

        self._reload()
        return ReceiptWidget(
            quiz=self._quiz.id,
            records={name: r.model_dump() for name, r in self._recorded.records.items()},
            rows=[self._row(item) for item in self._quiz.items],
        )

    _last_failure: str | None = None

    def _find(self, item_id: str) -> AnyPublicItem:
        if item_id not in self._items:
            raise QuizError(
                f"the quiz {self._quiz.id!r} has no question {item_id!r}; it has: "
                f"{', '.join(self._items)}"
            )
        return self._items[item_id]

    def _on_response(self, item_id: str, widget: ItemWidget, response: Any) -> None:
        record = self._known(self._items[item_id])
        if response == (record.response if record else None):
            widget.status = _status(record)  # changed back before it was recorded
            return
        problem = _problem(self._items[item_id], response)
        if problem:
            widget.status = {"state": "failed", "message": problem}
            return
        self._record(item_id, response)

    def _on_message(self, item_id: str, widget: ItemWidget, content: Any) -> None:
        kind = content.get("kind") if isinstance(content, dict) else None
        if kind == "notebook-record":
            self._take_over(item_id, content.get("record"))
        elif kind == "run-checks":
            item, shell = self._items[item_id], _shell()
            if isinstance(item, PublicCode) and shell is not None:
                results = [_run_check(check, shell.user_ns) for check in item.checks]
                widget.send({"kind": "check-results", "results": results})

    def _on_cell(self, item_id: str, source: str) -> None:
        """Record the code of a cell that was run and says that it answers ``item_id``."""
        item = self._items.get(item_id)
        if not isinstance(item, PublicCode):
            return
        response = {"source": source}
        widgets = self._widgets.get(item.id, [])
        problem = _problem(item, response)
        if problem:
            for widget in widgets:
                widget.status = {"state": "failed", "message": problem}
            return
        self._reload()
        record = self._known(item)
        parsed: Any = item.parse(response)
        withdrawn = record is None or record.response is None
        untouched = withdrawn and item.progress(parsed) == "open"
        if untouched or (record is not None and record.response == response):
            for widget in widgets:
                widget.status = _status(record)
            return
        self._record(item.id, response)

    def _take_over(self, item_id: str, found: Any) -> None:
        """Take over a newer record that the page found in the notebook file."""
        try:
            record = Record.model_validate(found)
        except ValidationError:
            return
        item, known = self._items[item_id], self._recorded.records.get(item_id)
        if record.item != item_id or (known is not None and record.rank <= known.rank):
            return
        if record.variant != item.variant:  # another learner's: its revision must be exceeded
            self._recorded = merge([self._recorded, Recorded({item_id: record})])
        elif _problem(item, record.response) is None:
            self._keep(record)

    def _record(self, item_id: str, response: Any) -> Record:
        self._reload()
        revisions = [record.revision for record in self._recorded.records.values()]
        record = Record(
            item=item_id,
            response=response,
            revision=max(revisions, default=0) + 1,
            time=datetime.now(UTC).isoformat(timespec="seconds"),
            variant=self._items[item_id].variant,
        )
        self._keep(record)
        return record

    def _keep(self, record: Record) -> None:
        """Write a record and show it on every widget of the question."""
        self._last_failure = None
        try:
            append_journal(self._journal, record)
        except OSError as error:
            self._last_failure = (
                f"{self._journal.name} cannot be written ({error.strerror}). The answer is in the "
                "notebook alone: save the notebook, and hand the notebook itself in."
            )
        self._recorded = merge([self._recorded, Recorded({record.item: record})])
        self._show_record(record)

    def _show_record(self, record: Record) -> None:
        status = _status(record, self._last_failure)
        for widget in self._widgets.get(record.item, []):
            widget.record = record.model_dump()
            widget.response = record.response
            widget.status = status

    def _catch_up(self, item_id: str) -> None:
        """Show what a later session of the same quiz recorded, on the widgets of this one."""
        self._reload()
        record = self._known(self._items[item_id]) if item_id in self._items else None
        if record is not None:
            self._show_record(record)

    def _reload(self) -> None:
        """Take in what another kernel may have written to the same journal."""
        self._recorded = merge([self._recorded, read_journal(self._journal)])

    def _known(self, item: PublicItem) -> Record | None:
        """The record of the question as it is shown; one of another variant does not count."""
        record = self._recorded.records.get(item.id)
        return record if record and record.variant == item.variant else None

    def _answered(self) -> int:
        return sum(self._progress(item) == "answered" for item in self._quiz.items)

    def _progress(self, item: PublicItem) -> str:
        record = self._known(item)
        if record is None or record.response is None or _problem(item, record.response):
            return "open"
        return item.progress(item.parse(record.response))

    def _row(self, item: AnyPublicItem) -> dict[str, Any]:
        record = self._known(item)
        return {
            "id": item.id,
            "title": item.title,
            "points": item.points,
            "state": self._progress(item),
            "time": record.time if record else "",
        }


def _problem(item: PublicItem, response: Any) -> str | None:
    """Why a response cannot be recorded, or None if it can; never whether it is right."""
    try:
        if response is not None:
            item.parse(response)
    except ValueError as error:
        return str(error)
    return None


def _view(item: AnyPublicItem) -> dict[str, Any]:
    """The item as the widget shows it: Markdown rendered to sanitised HTML."""
    view: dict[str, Any] = item.model_dump()
    view["stem"] = html.block(item.stem)
    for field in ("options", "prompts", "steps"):
        if field in view:
            view[field] = _inline_texts(view[field])
    if isinstance(item, PublicCloze):
        view["text"] = html.block(item.text)
        for blank in view["blanks"]:
            blank["options"] = _inline_texts(blank["options"])
    return view


def _inline_texts(choices: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{"id": choice["id"], "text": html.inline(choice["text"])} for choice in choices]


def _status(record: Record | None, failure: str | None = None) -> dict[str, str]:
    if failure:
        return {"state": "failed", "message": failure}
    if record is None or record.response is None:
        return {"state": "open", "message": ""}
    return {"state": "saved", "message": ""}


class _CellHook:
    """Hands every cell that is run to the session of one quiz.

    The widgets of earlier sessions may still be on the page: they show what is recorded too.
    """

    def __init__(self, session: QuizSession, quiz_id: str) -> None:
        self.quiz_id = quiz_id
        self.sessions = [session]

    def __call__(self, result: ExecutionResult) -> None:
        info = result.info
        if info is None or info.silent:
            return
        mark = MARK.match(info.raw_cell)
        if mark is None:
            return
        latest, *earlier = self.sessions
        latest._on_cell(mark[1], info.raw_cell[mark.end() :])
        for session in earlier:
            session._catch_up(mark[1])


def _listen(session: QuizSession, quiz_id: str) -> None:
    """Let ``session`` hear of cells that are run, in place of an earlier session of this quiz."""
    shell = _shell()
    if shell is None or not any(isinstance(item, PublicCode) for item in session._items.values()):
        return
    hook = _CellHook(session, quiz_id)
    for other in list(shell.events.callbacks["post_run_cell"]):
        if isinstance(other, _CellHook) and other.quiz_id == quiz_id:
            shell.events.unregister("post_run_cell", other)
            hook.sessions += [earlier for earlier in other.sessions if earlier._widgets]
    shell.events.register("post_run_cell", hook)


def _shell() -> InteractiveShell | None:
    """The IPython in which this runs, if it does."""
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        return None
    return get_ipython()  # type: ignore[no-any-return, no-untyped-call, unused-ignore]


def _run_check(check: Any, namespace: dict[str, Any]) -> dict[str, str]:
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
