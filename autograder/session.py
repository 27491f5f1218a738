"""The learner's side in the kernel: show questions, record answers, say what is recorded."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from autograder import html
from autograder.errors import AnswerError, NotAnswered, QuizError
from autograder.items import AnyPublicItem, PublicItem
from autograder.items.cloze import PublicCloze
from autograder.items.code import PublicCode
from autograder.kernel import hear_cells, in_terminal, keep_together, others, shell, validating
from autograder.learner import sign_in, signed_in
from autograder.plain_text import question, receipt_text
from autograder.quiz import QUESTIONS_FILE, PublicQuiz, load_public_quiz
from autograder.receipts import issue
from autograder.responses import (
    Record,
    Recorded,
    append_journal,
    journal_path,
    merge,
    read_journal,
    read_notebook,
)
from autograder.visible_checks import run_check

if TYPE_CHECKING:
    from autograder.widgets import ItemWidget, OverviewWidget, ReceiptWidget


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
    if validating():
        session.read_notebook()
    else:
        hear_cells(session)
        keep_together(session)
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
        self.journal = journal_path(folder, quiz.id)
        self._recorded = read_journal(self.journal)
        self._widgets: dict[str, list[ItemWidget]] = {}
        self._overviews: list[OverviewWidget] = []

    @property
    def has_code(self) -> bool:
        """Whether a question is answered in a cell of its own."""
        return any(isinstance(item, PublicCode) for item in self._quiz.items)

    def __repr__(self) -> str:
        whose = f" for {self._learner}" if self._learner else ""
        answered = f"{self._answered()} of {len(self._items)} answered"
        return f"Quiz {self._quiz.title!r}{whose}: {answered}"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """The overview of all questions, where ``quiz`` is the last line of a cell."""
        from autograder.widgets import OverviewWidget

        overview = OverviewWidget(quiz=self._quiz.id, title=self._quiz.title, rows=self._rows())
        overview.text = repr(self)
        self._overviews.append(overview)
        return overview._repr_mimebundle_(**options)

    def show(self, item_id: str) -> ItemWidget:
        """The question as a widget, with the answer that is recorded for it.

        Raises
        ------
        QuizError
            Where there is no such question; and, when nbgrader validates the notebook, where the
            question is open or its answer cannot be read.
        """
        from autograder.widgets import WIDGETS

        item = self._find(item_id)
        if validating():
            self._require_answer(item)
        record = self._known(item)
        widget = WIDGETS[item.type](
            quiz=self._quiz.id,
            view=_view(item),
            response=record.response if record else None,
            record=record.model_dump() if record else {},
            status=_status(record),
            next_open=self._next_open(item_id),
        )
        widget.text = question(item, record, with_stem=bool(item.variant) or in_terminal())
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
        issued = issue(self._quiz.id, self._learner, self._recorded.records.values())
        widget = ReceiptWidget(
            quiz=self._quiz.id,
            records={name: r.model_dump() for name, r in self._recorded.records.items()},
            rows=self._rows(),
            digest=issued.digest,
            document=issued.to_json(),
        )
        widget.text = receipt_text(self._rows(), issued.digest)
        return widget

    def read_notebook(self) -> None:
        """Take in the records in the notebook file: without a page, nobody else hands them over."""
        path = self.journal.with_name(f"{self._quiz.id}.ipynb")
        try:
            metadata = json.loads(path.read_bytes())["metadata"]
        except (OSError, ValueError, KeyError, TypeError):
            return
        self._recorded = merge([self._recorded, read_notebook(metadata, self._quiz.id)])

    _last_failure: str | None = None

    def _find(self, item_id: str) -> AnyPublicItem:
        if item_id not in self._items:
            raise QuizError(
                f"the quiz {self._quiz.id!r} has no question {item_id!r}; it has: "
                f"{', '.join(self._items)}"
            )
        return self._items[item_id]

    def _require_answer(self, item: AnyPublicItem) -> None:
        record = self._known(item)
        problem = _problem(item, record.response) if record else None
        if problem:
            raise NotAnswered(f"The recorded answer cannot be read ({problem}). Answer it again.")
        progress = self._progress(item)
        if progress != "answered":
            state = "answered in part" if progress == "partly" else "not answered yet"
            raise NotAnswered(f"The question {item.title!r} is {state}.")

    def _on_response(self, item_id: str, widget: ItemWidget, response: Any) -> None:
        self._reload()
        record = self._known(self._items[item_id])
        if response == (record.response if record else None):
            self._show_record(item_id)  # changed back before it was recorded
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
            item, running = self._items[item_id], shell()
            if isinstance(item, PublicCode) and running is not None:
                results = [run_check(check, running.user_ns) for check in item.checks]
                widget.send({"kind": "check-results", "results": results})

    def on_cell(self, item_id: str, source: str) -> None:
        """Record the code of a cell that was run and says that it answers ``item_id``."""
        item = self._items.get(item_id)
        if not isinstance(item, PublicCode):
            return
        response = {"source": source}
        problem = _problem(item, response)
        if problem:
            for widget in self._widgets.get(item.id, []):
                widget.status = {"state": "failed", "message": problem}
            return
        self._reload()
        record = self._known(item)
        parsed: Any = item.parse(response)
        withdrawn = record is None or record.response is None
        untouched = withdrawn and item.progress(parsed) == "open"
        if untouched or (record is not None and record.response == response):
            self._show_record(item_id)
        else:
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
        """Write a record and show it wherever the question is on a page."""
        self._last_failure = None
        try:
            append_journal(self.journal, record)
        except OSError as error:
            self._last_failure = (
                f"{self.journal.name} cannot be written ({error.strerror}). The answer is in the "
                "notebook alone: save the notebook (or File, Save Notebook As, in another folder), "
                "and hand the notebook itself in."
            )
        self._recorded = merge([self._recorded, Recorded({record.item: record})])
        self._show_record(record.item, self._last_failure)
        for session in others(self):
            session.catch_up(self._recorded)

    def catch_up(self, news: Recorded | None = None) -> None:
        """Show what other sessions recorded: what they say, and what stands in the journal."""
        self._reload()
        if news is not None:
            self._recorded = merge([self._recorded, news])
        for item_id, widgets in self._widgets.items():
            record = self._known(self._items[item_id])
            shown = record.model_dump() if record else {}
            if any(widget.record != shown for widget in widgets):
                self._show_record(item_id)

    def _show_record(self, item_id: str, failure: str | None = None) -> None:
        """Bring the question's widgets, and what others say of it, to what is recorded."""
        record = self._known(self._items[item_id])
        status = _status(record, failure)
        for widget in self._widgets.get(item_id, []):
            if record is not None:
                widget.record = record.model_dump()
                widget.response = record.response
            widget.status = status
        for overview in self._overviews:
            overview.rows = self._rows()
        for name, widgets in self._widgets.items():
            for widget in widgets:
                widget.next_open = self._next_open(name)

    def _reload(self) -> None:
        """Take in what another kernel may have written to the same journal."""
        self._recorded = merge([self._recorded, read_journal(self.journal)])

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

    def _next_open(self, item_id: str) -> dict[str, str]:
        """The next question, in the quiz's order and round, that is not answered in full."""
        names = list(self._items)
        place = names.index(item_id)
        for name in names[place + 1 :] + names[:place]:
            if self._progress(self._items[name]) != "answered":
                return {"id": name, "title": f"{names.index(name) + 1}. {self._items[name].title}"}
        return {}

    def _rows(self) -> list[dict[str, Any]]:
        return [self._row(item) for item in self._quiz.items]

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
