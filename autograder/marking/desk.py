"""One case study of one quiz on a grader's desk: what is to be marked, and where marks go."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nbgrader.api import Comment, Grade, Gradebook, SubmittedAssignment, SubmittedNotebook
from pydantic import ValidationError
from sqlalchemy import select, update

from autograder.course_folder import CourseFolder
from autograder.errors import AutograderError
from autograder.items import CaseStudy
from autograder.marking.marks import (
    Mark,
    Replaced,
    Role,
    append_mark,
    digest,
    feedback,
    marks_path,
    points,
    read_marks,
    rubric_digest,
)
from autograder.quiz import find_item
from autograder.released import require_released
from autograder.responses import read_notebook

SAMPLE = 20
_PIECES = 12


class Conflict(AutograderError):
    """The gradebook holds something else than what the grader saw."""


@dataclass(frozen=True)
class Held:
    """What the gradebook holds of an answer: what a person entered, and whether it waits."""

    score: float | None = None
    comment: str | None = None
    waits: bool = True


@dataclass(frozen=True)
class _Written:
    """What a learner wrote, to the learner's own variant of the question."""

    learner: str
    item: CaseStudy
    text: str


@dataclass(frozen=True)
class Answer:
    """A learner's answer, without the learner.

    ``id`` is the submission's in the gradebook, ``item`` the learner's own variant, ``mark`` what
    this grader's role said last of this text, and ``others`` the two marks to settle between.
    """

    id: str
    item: CaseStudy
    text: str
    held: Held
    mark: Mark | None = None
    others: tuple[Mark, ...] = ()

    @property
    def code(self) -> str:
        """A short name for the answer."""
        return self.id[:6]

    @property
    def is_current(self) -> bool:
        """Whether the gradebook says what the mark said."""
        if self.mark is None or self.mark.role == "second":
            return self.mark is not None
        said = feedback(self.item, self.mark.levels, self.mark.comment)
        return self.held == Held(self.mark.points, said, waits=False)

    def is_done(self, role: Role) -> bool:
        """Whether a grader of this role has nothing to do here."""
        if role == "first":
            return self.held.score is not None and not self.held.waits
        return self.is_current and self.mark is not None and self.mark.role == role


class Desk:
    """All answers to one case study, in an order that is the same each time and tells nothing.

    Parameters
    ----------
    item_id
        The case study; None where the quiz has just one.
    role
        ``first`` marks into the gradebook; ``second`` marks a sample, blind, into the file of marks
        alone; ``settled`` brings the answers on which the two differ, and marks into the gradebook.
    sample
        How many answers a second grader gets. They are drawn by a hash of quiz, question and the
        answer's random id, so that a larger sample holds the smaller one.

    Raises
    ------
    AutograderError
        Where nothing is graded yet, or there is no such case study.
    """

    def __init__(
        self,
        quiz_id: str,
        item_id: str | None,
        grader: str,
        role: Role = "first",
        sample: int = SAMPLE,
    ) -> None:
        if not grader.strip() or len(grader) > 100 or not grader.isprintable():
            raise AutograderError("name the grader in one line: --grader NAME")
        self._folder = CourseFolder(quiz_id)
        self.quiz, self.source = self._folder.quiz, self._folder.source
        self.item = choose_case_study(self._folder, item_id)
        self.grader, self.role, self._sample = grader.strip(), role, sample
        self.marks_path = marks_path(self._folder.root, self.quiz.id)
        self._written: dict[str, _Written] = {}
        if role == "second" and any(
            (one.grader, one.role) == (self.grader, "first") for one in self._marks()
        ):
            raise AutograderError(
                f"{self.grader} gave the first marks; the second grader has to be somebody else"
            )

    def _read(self) -> dict[str, _Written]:
        """The learner, the variant and the text of each submission, as it was graded."""
        found = {}
        with self._folder.gradebook() as gradebook:
            notebook = require_released(gradebook, self.quiz).id
            query = (
                select(SubmittedNotebook.id, SubmittedAssignment.student_id)
                .join(
                    SubmittedAssignment, SubmittedNotebook.assignment_id == SubmittedAssignment.id
                )
                .where(SubmittedNotebook.notebook_id == notebook)
            )
            for submission, learner in gradebook.db.execute(query):
                item = find_item(self.quiz.for_learner(learner), self.item.id)
                found[submission] = _Written(learner, item, self._text(learner))
        return found

    def _text(self, learner: str) -> str:
        """What a learner wrote, from the graded notebook: what formgrader shows, too."""
        path = self._folder.graded(learner)
        try:
            metadata = json.loads(path.read_text(encoding="utf-8"))["metadata"]
        except FileNotFoundError:
            return ""
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise AutograderError(
                f"{path}: cannot be read ({error}); run: autograder grade {self.quiz.id} --force"
            ) from error
        record = read_notebook(metadata, self.quiz.id).records.get(self.item.id)
        response = record.response if record else None
        text = response.get("text") if isinstance(response, dict) else response
        return text if isinstance(text, str) else "" if text is None else repr(text)

    def answers(self) -> list[Answer]:
        """What this grader is to see now, in order.

        An empty answer is no work: it has 0 and "No response." already.
        """
        self._written = self._read()
        with self._folder.gradebook() as gradebook:
            held = self._held(gradebook, self._written)
        marks = self._marks()
        found = []
        for submission, one in self._written.items():
            stored = held.get(submission)
            scored = stored and (stored.waits or stored.score is not None)
            if stored and (one.text.strip() or (scored and self.role == "first")):
                answer = Answer(submission, one.item, one.text, stored)
                found.append(self._with_marks(answer, marks))
        if not found:
            raise AutograderError(
                f"{self.quiz.id}: no answer to {self.item.id!r} waits for a person; "
                f"after submissions came in, run: autograder grade {self.quiz.id}"
            )
        if self.role == "second":
            found.sort(key=lambda answer: self._rank("sample", answer.id))
            found = found[: self._sample]
        if self.role == "settled":
            found = [answer for answer in found if answer.others]
            if not found:
                raise AutograderError(
                    f"{self.quiz.id}: there is no answer to {self.item.id!r} on which two graders "
                    f"differ; a second grader starts with: autograder mark {self.quiz.id} "
                    f"{self.item.id} --second NAME"
                )
        return sorted(found, key=lambda answer: self._rank(self.grader, answer.id))

    def pieces(self) -> list[str]:
        """Lines of comments that this grader wrote before, the most used first, to use again."""
        marks = self._marks()
        own = [one for one in marks if (one.grader, one.role) == (self.grader, self.role)]
        if self.role != "second":
            own = [one for one in marks if one.role != "second"]
        last = {(one.grader, one.answer): one.comment for one in own}
        lines = Counter(line.strip() for comment in last.values() for line in comment.splitlines())
        del lines[""]
        return [line for line, _ in lines.most_common(_PIECES)]

    def mark(
        self, answer_id: str, levels: Mapping[str, int], comment: str, seen: Held | None
    ) -> Answer:
        """Keep what the grader decided; the answer as it stands then.

        Parameters
        ----------
        seen
            What the grader saw in the gradebook when deciding.

        Raises
        ------
        Conflict
            Where the gradebook holds something else by now. Nothing is changed.
        AutograderError
            Where a level is missing, or the gradebook cannot be written.
        """
        written = self._written.get(answer_id)
        if written is None or self._text(written.learner) != written.text:
            raise Conflict(
                f"the answer {answer_id[:6]!r} was graded anew meanwhile; reload the page"
            )
        item, text = written.item, written.text
        total = points(item, levels)
        try:
            mark = Mark(
                quiz=self.quiz.id,
                item=item.id,
                answer=answer_id,
                text=digest(text),
                rubric=rubric_digest(item),
                grader=self.grader,
                role=self.role,
                time=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
                levels=dict(levels),
                points=total,
                comment=comment.strip(),
            )
        except ValidationError as error:
            first = error.errors()[0]
            raise AutograderError(f"{first['loc'][0]}: {first['msg']}") from error
        if self.role == "second":
            append_mark(self.marks_path, mark)
            return replace(Answer(answer_id, item, text, Held()), mark=mark)
        held = self._save(mark, item, seen or Held())
        return self._with_marks(Answer(answer_id, item, text, held), self._marks())

    def _save(self, mark: Mark, item: CaseStudy, seen: Held) -> Held:
        """Score and comment into the gradebook, where it still holds what the grader saw."""
        said = feedback(item, mark.levels, mark.comment)
        with self._folder.gradebook() as gradebook:
            graded, commented = self._cells(gradebook)
            grade, remark = Grade.__table__, Comment.__table__
            changed = [
                gradebook.db.connection().execute(statement).rowcount
                for statement in (
                    update(grade)
                    .where(grade.c.notebook_id == mark.answer, grade.c.cell_id == graded)
                    .where(grade.c.manual_score.is_not_distinct_from(seen.score))
                    .values(manual_score=mark.points, needs_manual_grade=False),
                    update(remark)
                    .where(remark.c.notebook_id == mark.answer, remark.c.cell_id == commented)
                    .where(remark.c.manual_comment.is_not_distinct_from(seen.comment))
                    .values(manual_comment=said),
                )
            ]
            if changed != [1, 1]:
                gradebook.db.rollback()
                now = self._held(gradebook, [mark.answer]).get(mark.answer)
                if now is None:
                    raise AutograderError(
                        f"the gradebook does not know this answer; run: autograder grade "
                        f"{self.quiz.id} --force"
                    )
                raise Conflict(
                    f"meanwhile the gradebook got {_described(now)}. Nothing was changed"
                )
            if seen.score is not None or seen.comment is not None:
                before = Replaced(score=seen.score, comment=seen.comment)
                mark = mark.model_copy(update={"replaced": before})
            append_mark(self.marks_path, mark)
            gradebook.db.commit()
        return Held(mark.points, said, waits=False)

    def _held(self, gradebook: Gradebook, submissions: Iterable[str]) -> dict[str, Held]:
        """What the gradebook holds of some submissions."""
        graded, commented = self._cells(gradebook)
        wanted = set(submissions)
        remarks = select(Comment.notebook_id, Comment.manual_comment)
        comments = {
            submission: comment
            for submission, comment in gradebook.db.execute(
                remarks.where(Comment.cell_id == commented)
            )
        }
        grades = select(Grade.notebook_id, Grade.manual_score, Grade.needs_manual_grade)
        return {
            submission: Held(score, comments.get(submission), waits)
            for submission, score, waits in gradebook.db.execute(
                grades.where(Grade.cell_id == graded)
            )
            if submission in wanted
        }

    def _cells(self, gradebook: Gradebook) -> tuple[str, str]:
        """The ids under which the gradebook has the question's score and its comment."""
        notebook = require_released(gradebook, self.quiz)
        graded, commented = (
            next(str(cell.id) for cell in cells if cell.name == self.item.id)
            for cells in (notebook.grade_cells, notebook.solution_cells)
        )
        return graded, commented

    def _marks(self) -> list[Mark]:
        return [one for one in read_marks(self.marks_path) if one.item == self.item.id]

    def _with_marks(self, answer: Answer, marks: Sequence[Mark]) -> Answer:
        fitting = [one for one in marks if one.answer == answer.id and fits(one, answer)]
        if self.role == "second":
            own = [one for one in fitting if one.role == "second" and one.grader == self.grader]
            return replace(answer, held=Held(), mark=own[-1] if own else None)
        scores = [one for one in fitting if one.role != "second"]
        answer = replace(answer, mark=scores[-1] if scores else None)
        if self.role == "settled":
            pair = pair_of(fitting)
            if pair is not None and pair[0].levels != pair[1].levels:
                answer = replace(answer, others=pair)
        return answer

    def _rank(self, seed: str, answer_id: str) -> str:
        text = "/".join([self.quiz.course, self.quiz.id, self.item.id, seed, answer_id])
        return hashlib.sha256(text.encode()).hexdigest()


def fits(mark: Mark, answer: Answer) -> bool:
    """Whether a mark was given to this text by this rubric."""
    return (mark.text, mark.rubric) == (digest(answer.text), rubric_digest(answer.item))


def pair_of(marks: Iterable[Mark]) -> tuple[Mark, Mark] | None:
    """The last mark of the first and of the second grader of one answer, if there are both."""
    last = {one.role: one for one in marks}
    if "first" not in last or "second" not in last:
        return None
    return last["first"], last["second"]


def choose_case_study(folder: CourseFolder, item_id: str | None) -> CaseStudy:
    """The case study of a quiz that has an id; without an id, the only one.

    Raises
    ------
    AutograderError
        Where that is none, naming those that there are.
    """
    items = {item.id: item for item in folder.quiz.items if isinstance(item, CaseStudy)}
    if item_id is None and len(items) == 1:
        (item_id,) = items
    if item_id not in items:
        asked = f"{item_id!r} is no case study of {folder.quiz.id!r}" if item_id else "name one"
        known = ", ".join(items) or "none"
        raise AutograderError(f"{asked}; its case studies are: {known}")
    return items[item_id]


def _described(held: Held) -> str:
    score = "no score" if held.score is None else f"{held.score:g} points"
    return f"{score} and the comment {held.comment!r}" if held.comment else score


def as_data(answer: Answer, role: Role) -> dict[str, Any]:
    """An answer as the page gets it."""
    mark = answer.mark if answer.is_current and (role == "first" or answer.is_done(role)) else None
    return {
        "id": answer.id,
        "code": answer.code,
        "variant": answer.item.variant,
        "text": answer.text,
        "words": len(answer.text.split()),
        "score": answer.held.score,
        "comment": answer.held.comment,
        "waits": answer.held.waits,
        "done": answer.is_done(role),
        "mark": mark and {**_said(mark), "time": mark.time},
        "others": [_said(one) for one in answer.others],
    }


def _said(mark: Mark) -> dict[str, Any]:
    return {
        "grader": mark.grader,
        "levels": mark.levels,
        "points": mark.points,
        "comment": mark.comment,
    }
