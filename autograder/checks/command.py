"""What ``autograder check`` does, apart from reading its options."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from autograder.checks import bank, formulas, guessing, images, leaks, writing
from autograder.checks.findings import Finding, unique
from autograder.checks.release import release_problems
from autograder.course import COURSE_FILE, Course, load_course
from autograder.errors import AutograderError
from autograder.items import Code
from autograder.misconceptions import Misconception, load_catalogue
from autograder.quiz import QUIZ_FILE, Quiz, load_quiz, locate, read_yaml
from autograder.reviews import load_reviews
from autograder.sandbox import SandboxError, verify, without_knowledge

Say = Callable[[str], None]


@dataclass(frozen=True)
class _Read:
    """A quiz, its file, and what the file holds."""

    path: Path
    data: Any
    quiz: Quiz

    def line(self, finding: Finding) -> str:
        message = finding.message if finding.error else f"{finding.message} (warning)"
        return locate(self.path, self.data, finding.loc, message)


@dataclass(frozen=True)
class Checked:
    """A quiz, what guessing earns in its items, and every finding with its place and its line."""

    quiz: Quiz
    earned: Mapping[str, guessing.Pay]
    findings: tuple[tuple[Finding, str], ...]


def check_without_running(name: str, source: Path, before: Checked | None = None) -> Checked:
    """Check one quiz as far as that goes without running code, for a look while it is written.

    What guessing earns is taken from the check ``before`` for items that have not changed since.

    Raises
    ------
    AutograderError
        Where the quiz cannot be read, with a line for each reason.
    """
    path = source / name / QUIZ_FILE
    one = _Read(path, read_yaml(path), load_quiz(path))
    earned = guessing.pays(one.quiz, known=_same(before, one.quiz) if before else None)
    found = chain(
        _findings(one, load_course(source), earned),
        bank.problems(one.quiz, load_catalogue(source), load_reviews(source)),
    )
    return Checked(one.quiz, earned, tuple((each, one.line(each)) for each in unique(found)))


def _same(before: Checked, quiz: Quiz) -> dict[str, guessing.Pay]:
    """What guessing earns in the items of a quiz that are as they were."""
    old = {item.id: item for item in before.quiz.items}
    return {
        item.id: before.earned[item.id]
        for item in quiz.items
        if item == old.get(item.id)
        and quiz.variants.get(item.id) == before.quiz.variants.get(item.id)
    }


def run(names: Sequence[str], source: Path, release: Path | None, whole: bool, say: Say) -> None:
    """Check quizzes and print what guessing pays in them, then all warnings.

    Parameters
    ----------
    names
        The folders of the quizzes in ``source``.
    release
        Check what learners receive of these quizzes, in this folder, as well.
    whole
        Whether the names are all quizzes of the course.
    say
        Prints a line.

    Raises
    ------
    AutograderError
        With a line for each error.
    """
    course = load_course(source)
    catalogue = load_catalogue(source)
    reviews = load_reviews(source)
    read, errors = _read(names, source)
    for one in read:
        earned = guessing.pays(one.quiz, _tried(one))
        found = list(
            unique(
                chain(_findings(one, course, earned), bank.problems(one.quiz, catalogue, reviews))
            )
        )
        points = sum(item.points for item in one.quiz.items)
        say(f"{one.quiz.id}: {len(one.quiz.items)} items, {points:g} points; what guessing earns:")
        say(guessing.table(one.quiz, earned) + "\n")
        errors += [one.line(finding) for finding in found if finding.error]
        for finding in found:
            if not finding.error:
                say(one.line(finding))
        problems, unchecked = _code_problems(one)
        errors += problems
        for line in unchecked:
            say(line)
        if release:
            errors += release_problems(one.quiz, release / one.quiz.id, one.path.parent)
    for line in _over_all(read, course, catalogue, source, whole and not errors):
        say(line)
    if errors:
        raise AutograderError("\n".join(errors))
    say(f"no problem found in {', '.join(one.quiz.id for one in read)}")


def _read(names: Sequence[str], source: Path) -> tuple[list[_Read], list[str]]:
    read, errors = [], []
    for name in names:
        path = source / name / QUIZ_FILE
        try:
            read.append(_Read(path, read_yaml(path), load_quiz(path, thorough=True)))
        except AutograderError as error:
            errors.append(str(error))
    return read, errors


def _findings(one: _Read, course: Course, earned: dict[str, guessing.Pay]) -> Iterator[Finding]:
    yield from guessing.problems(one.quiz, earned)
    yield from leaks.problems(one.quiz, one.data)
    yield from writing.problems(one.quiz, course)
    yield from images.problems(one.quiz, one.path.parent)
    yield from formulas.problems(one.quiz)


def _tried(one: _Read) -> guessing.Tried:
    """What answers without knowledge earn in the ``code`` items that can be judged here."""
    tried = {}
    for item in one.quiz.items:
        if isinstance(item, Code):
            with suppress(AutograderError):  # said by _code_problems
                tried[item.id] = without_knowledge(item)
    return tried


def _code_problems(one: _Read) -> tuple[list[str], list[str]]:
    """What running the solution and the starter of each ``code`` item shows; what was not run."""
    problems: list[str] = []
    unchecked: list[str] = []
    for number, item in enumerate(one.quiz.items):
        if isinstance(item, Code):
            loc = ("items", number, "checks")
            try:
                problems += [locate(one.path, one.data, loc, text) for text in verify(item)]
            except SandboxError as error:
                message = f"the solution was not run (warning). {error}"
                unchecked.append(locate(one.path, one.data, loc, message))
    return problems, unchecked


def _over_all(
    read: Sequence[_Read],
    course: Course,
    catalogue: Mapping[str, Misconception],
    source: Path,
    whole: bool,
) -> Iterator[str]:
    """Warnings that concern several quizzes."""
    quizzes = [one.quiz for one in read]
    files = {one.quiz.id: one for one in read}
    for quiz, finding in writing.repeated_stems(quizzes):
        yield files[quiz.id].line(finding)
    for finding in (
        *leaks.course_problems(quizzes),
        *writing.course_problems(quizzes, course, whole),
        *bank.course_problems(quizzes, catalogue, whole),
    ):
        yield f"{source / COURSE_FILE}:1: course: {finding.message} (warning)"
