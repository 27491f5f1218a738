"""The learner's side in the kernel: show questions, record answers, say what is recorded."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from autograder import html
from autograder.errors import AnswerError, NotAnswered, QuizError
from autograder.items import AnyPublicItem, PublicItem
from autograder.items.cloze import PublicCloze
from autograder.items.code import PublicCode
from autograder.journal import shared_journal
from autograder.kernel import hear_cells, in_terminal, keep_together, others, validating
from autograder.learner import sign_in, signed_in
from autograder.plain_text import checks_text, question, receipt_text
from autograder.quiz import QUESTIONS_FILE, PublicQuiz, find_item, load_public_quiz
from autograder.receipts import issue
from autograder.responses import (
    MOST_REVISIONS,
    Record,
    Recorded,
    append_journal,
    in_notebook_of,
    is_newer,
    journal_path,
    merge,
    read_notebooks,
)
from autograder.visible_checks import not_gradable, run_checks

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
    if not validating():
        session.complete_journal()
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
        self.journal = shared_journal(journal_path(folder, quiz.id))
        notebooks = read_notebooks(folder, quiz.id)
        self._in_notebook = in_notebook_of(quiz.id, folder, notebooks)
        # Later answers have to win over what any of the notebooks holds, whichever is handed in.
        self._least_revision = max(
            (one.revision for held in notebooks.values() for one in held.records.values()),
            default=0,
        )
        self._recorded = merge([self._in_notebook, self.journal.read()])
        self._trouble = ""
        self._widgets: dict[str, list[ItemWidget]] = {}
        self._overviews: list[OverviewWidget] = []
        self._receipts: list[ReceiptWidget] = []

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

        self._write_again()
        overview = OverviewWidget(
            quiz=self._quiz.id, title=self._quiz.title, rows=self._rows(), notes=self._notes()
        )
        overview.text = "\n".join([repr(self), *overview.notes])
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

        item: AnyPublicItem = find_item(self._quiz, item_id)
        if validating():
            self._require_answer(item)
        else:
            self._write_again()
        record = self._known(item)
        status = self._status(item)
        widget = WIDGETS[item.type](
            quiz=self._quiz.id,
            view=view_of(item),
            response=record.response if record else None,
            record=record.model_dump() if record else {},
            status=status,
            next_open=self._next_open(item_id),
        )
        with_stem = bool(item.variant) or in_terminal()
        widget.text = question(item, record, with_stem=with_stem, status=status)
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
        item: AnyPublicItem = find_item(self._quiz, item_id)
        self._reload()
        problem = self._refusal(item, response)
        if problem:
            raise AnswerError(f"{item_id}: {problem}")
        record = self._record(item_id, response)
        status = self._status(item)
        if status["state"] == "failed":
            raise AnswerError(f"{item_id}: {status['message']}")
        said = [f"{item.title}: recorded at {record.time}.", status["message"]]
        if self._in_journal_alone([record]):
            said.append(self._hand_in_journal("this answer"))
        return " ".join(filter(None, said))

    def check(self, item_id: str) -> None:
        """Run the visible checks of a ``code`` question on its recorded code; print what they give.

        Raises
        ------
        QuizError
            Where the question has no visible checks.
        """
        item: AnyPublicItem = find_item(self._quiz, item_id)
        if not isinstance(item, PublicCode) or not item.checks:
            raise QuizError(f"the question {item_id!r} has no visible checks")
        self._reload()
        print(checks_text(item, *self._run_checks(item)))

    def receipt(self) -> ReceiptWidget:
        """What is answered and what is not; stores all answers in the notebook file."""
        from autograder.widgets import ReceiptWidget

        self._reload()
        self._write_again()
        quiz_id, folder = self._quiz.id, self.journal.path.parent
        self._in_notebook = in_notebook_of(quiz_id, folder, read_notebooks(folder, quiz_id))
        widget = ReceiptWidget(quiz=self._quiz.id, **self._receipt_state())
        notes = list(widget.notes)
        if self._in_journal_alone(self._recorded.records.values()):
            notes.append(self._hand_in_journal("some of these answers"))
        widget.text = receipt_text(widget.rows, widget.digest, notes)
        self._receipts.append(widget)
        return widget

    def complete_journal(self) -> None:
        """Copy what only the notebook file holds to the journal, so that either will do."""
        written = self.journal.read().records
        for record in self._in_notebook.records.values():
            item, known = self._items.get(record.item), written.get(record.item)
            if item is None or record.variant != item.variant or _problem(item, record.response):
                continue
            if known is None or is_newer(record, known):
                with contextlib.suppress(OSError):  # it is safe where it is
                    append_journal(self.journal.path, record)

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
        item = self._items[item_id]
        record = self._known(item)
        if response == (record.response if record else None):
            self._write_again()
            self._show_record(item_id)  # changed back before it was recorded
            return
        problem = self._refusal(item, response)
        if problem:
            widget.status = {"state": "failed", "message": problem}
            return
        self._record(item_id, response)

    def _on_message(self, item_id: str, widget: ItemWidget, content: Any) -> None:
        kind = content.get("kind") if isinstance(content, dict) else None
        if kind == "notebook-record":
            self._take_over(item_id, content.get("record"))
        elif kind == "run-checks":
            item = self._items[item_id]
            if isinstance(item, PublicCode):
                problem, results = self._run_checks(item)
                widget.send({"kind": "check-results", "problem": problem, "results": results})

    def _run_checks(self, item: PublicCode) -> tuple[str, list[dict[str, str]]]:
        """Why the visible checks cannot run, or else what came of each."""
        source = _source(self._known(item))
        if source is None:
            return "Nothing is recorded yet: run the cell with your code first.", []
        obstacle = not_gradable(source)
        return (obstacle, []) if obstacle else ("", run_checks(item, source))

    def on_cell(self, item_id: str, source: str) -> None:
        """Record the code of a cell that was run and says that it answers ``item_id``."""
        item = self._items.get(item_id)
        if not isinstance(item, PublicCode):
            return
        self._reload()
        response = {"source": source}
        problem = self._refusal(item, response)
        if problem:
            for widget in self._widgets.get(item.id, []):
                widget.status = {"state": "failed", "message": problem}
            return
        record = self._known(item)
        parsed: Any = item.parse(response)
        withdrawn = record is None or record.response is None
        untouched = withdrawn and item.progress(parsed) == "open"
        if untouched or (record is not None and record.response == response):
            self._write_again()
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

    def _next_revision(self) -> int:
        revisions = [record.revision for record in self._recorded.records.values()]
        return max([self._least_revision, *revisions]) + 1

    def _refusal(self, item: PublicItem, response: Any) -> str | None:
        """Why a response cannot be recorded, or None if it can; never whether it is right."""
        if self._next_revision() > MOST_REVISIONS:
            return (
                f"an answer in {self.journal.path.name} or in the notebook has the revision "
                f"{MOST_REVISIONS:,}, after which there is none. Begin anew: keep both files for "
                "your instructor, in another folder, and fetch the quiz again."
            )
        return _problem(item, response)

    def _record(self, item_id: str, response: Any) -> Record:
        record = Record(
            item=item_id,
            response=response,
            revision=self._next_revision(),
            time=datetime.now(UTC).isoformat(timespec="seconds"),
            variant=self._items[item_id].variant,
        )
        self._keep(record)
        return record

    def _keep(self, record: Record) -> None:
        """Write a record and show it wherever the question is on a page."""
        concerned = {record.item, *self.journal.unwritten}
        self.journal.keep(record)
        self._tell(concerned)

    def _write_again(self) -> None:
        """Try once more to write what could not be written."""
        if self.journal.unwritten:
            concerned = set(self.journal.unwritten)
            self.journal.write()
            self._tell(concerned)

    def _tell(self, item_ids: Iterable[str]) -> None:
        """Show in every session of this kernel what became of some questions."""
        item_ids = set(item_ids)
        for session in (self, *others(self)):
            session._recorded = merge([session._recorded, self.journal.read()])
            for item_id in item_ids & session._items.keys():
                session._show_record(item_id)

    def catch_up(self) -> None:
        """Show what other kernels recorded in the journal."""
        self._trouble = ""
        self._reload()
        for item_id, widgets in self._widgets.items():
            record = self._known(self._items[item_id])
            shown = record.model_dump() if record else {}
            if any(widget.record != shown for widget in widgets):
                self._show_record(item_id)
        self._show_summaries()

    def report(self, error: Exception) -> None:
        """Show that news of another kernel could not be taken in; the next look tries again."""
        self._trouble = (
            f"What another window recorded cannot be shown ({type(error).__name__}: {error}). Run "
            "all cells again to see it."
        )
        self._show_summaries()

    def _show_record(self, item_id: str) -> None:
        """Bring the question's widgets, and what others say of it, to what is recorded."""
        item = self._items[item_id]
        record, status = self._known(item), self._status(item)
        for widget in self._widgets.get(item_id, []):
            if record is not None:
                widget.record = record.model_dump()
                widget.response = record.response
            widget.status = status
        self._show_summaries()

    def _show_summaries(self) -> None:
        rows, notes = self._rows(), self._notes()
        for overview in self._overviews:
            overview.rows, overview.notes = rows, notes
        for receipt in self._receipts:
            receipt.update(self._receipt_state())
        for name, widgets in self._widgets.items():
            for widget in widgets:
                widget.next_open = self._next_open(name)

    def _reload(self) -> None:
        """Take in what another kernel may have written to the same journal."""
        self._recorded = merge([self._recorded, self.journal.read()])

    def _known(self, item: PublicItem) -> Record | None:
        """The record of the question as it is shown; one of another variant does not count."""
        record = self._recorded.records.get(item.id)
        return record if record and record.variant == item.variant else None

    def _answered(self) -> int:
        return sum(self._state(item) == "answered" for item in self._quiz.items)

    def _state(self, item: PublicItem) -> str:
        """How far a question is answered, or that its answer is "failed": nowhere on the disk."""
        record = self._known(item)
        if record is not None and not self.journal.holds(record):
            return "failed"
        return self._progress(item)

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
            if self._state(self._items[name]) != "answered":
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
            "state": self._state(item),
            "time": record.time if record else "",
        }

    def _status(self, item: PublicItem) -> dict[str, str]:
        """What a question's widget says of its answer, and what the learner should know of it."""
        record = self._known(item)
        if record is not None and not self.journal.holds(record):
            return {"state": "failed", "message": self._failure(item.id)}
        if record is None or record.response is None:
            return {"state": "open", "message": ""}
        source = _source(record) if isinstance(item, PublicCode) else None
        return {"state": "saved", "message": not_gradable(source) if source else ""}

    def _failure(self, item_id: str) -> str:
        """Why an answer is not saved, and what to do."""
        if self._is_kept_by_page(item_id):
            remedy = (
                "The answer is in the notebook alone: save the notebook (or File, Save Notebook "
                "As, in another folder), and hand the notebook itself in."
            )
        else:
            remedy = (
                "The answer is in the kernel's memory alone: make room on the disk, or let the "
                "folder be written; then run this cell again."
            )
        return f"{self.journal.failure}. {remedy}"

    def _is_kept_by_page(self, item_id: str) -> bool:
        """Whether a page writes the records of a question into the notebook's metadata."""
        for session in (self, *others(self)):
            views = [*session._widgets.get(item_id, []), *session._receipts]
            if any(view.in_notebook for view in views):
                return True
        return False

    def _in_journal_alone(self, records: Iterable[Record]) -> bool:
        """Whether one of these answers is in no notebook file, and no page will write it there."""
        return any(
            record.response is not None
            and record != self._in_notebook.records.get(record.item)
            and not self._is_kept_by_page(record.item)
            for record in records
        )

    def _hand_in_journal(self, what: str) -> str:
        return f"Hand in {self.journal.path.name} with the notebook: it alone holds {what}."

    def _notes(self) -> list[str]:
        """What the learner should know beside the list of questions."""
        unread = [
            f"{problem}. It does not count; answer that question again if it is not saved."
            for problem in dict.fromkeys(self.journal.read().problems + self._in_notebook.problems)
        ]
        unsaved = f"Not saved: {self.journal.failure}." if self.journal.unwritten else ""
        return [note for note in (unsaved, self._trouble, *unread) if note]

    def _receipt_state(self) -> dict[str, Any]:
        """What a receipt shows and stores. Only what is on the disk is confirmed by it."""
        records = self._recorded.records
        safe = [record for record in records.values() if self.journal.holds(record)]
        issued = issue(self._quiz.id, self._learner, safe)
        return {
            "records": {name: record.model_dump() for name, record in records.items()},
            "rows": self._rows(),
            "notes": self._notes(),
            "digest": issued.digest,
            "document": issued.to_json(),
        }


def _problem(item: PublicItem, response: Any) -> str | None:
    """Why a response cannot be recorded, or None if it can; never whether it is right."""
    try:
        if response is not None:
            item.parse(response)
    except ValueError as error:
        return str(error)
    return None


def view_of(item: AnyPublicItem) -> dict[str, Any]:
    """The item as the widget shows it: Markdown rendered to sanitised HTML."""
    view: dict[str, Any] = item.model_dump()
    view["with_stem"] = bool(item.variant)  # a Markdown cell cannot hold what differs by learner
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


def _source(record: Record | None) -> str | None:
    """The code of a readable record of a ``code`` item."""
    if record is None or not isinstance(record.response, dict):
        return None
    source = record.response.get("source")
    return source if isinstance(source, str) else None
