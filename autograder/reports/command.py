"""What ``autograder report`` does: read the class, work it out, write the page and two tables."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from autograder.csv_files import harmless, write_table
from autograder.errors import AutograderError
from autograder.reports.analysis import ItemReport, QuizReport, analyse
from autograder.reports.page import render
from autograder.reports.responses import read_class
from autograder.reports.statistics import Estimate

ITEM_COLUMNS = (
    *("item", "type", "title", "points", "difficulty", "concepts", "sections"),
    *("graded", "unanswered", "invalid", "waiting"),
    *("facility", "facility_low", "facility_high"),
    *("discrimination", "discrimination_low", "discrimination_high"),
    *("seconds", "seconds_low", "seconds_high", "timed"),
    *("variants_p", "key_alarm_p", "look_at"),
)
SCORE_COLUMNS = ("learner", "item", "variant", "state", "points", "of", "seconds")


def run(quiz_id: str, names: bool, output: Path | None, say: Callable[[str], None]) -> None:
    """Write ``report-QUIZ.html``, and beside it ``report-QUIZ-items.csv`` and ``-scores.csv``."""
    page = output or Path(f"report-{quiz_id}.html")
    items, scores = (page.with_name(f"{page.stem}-{part}.csv") for part in ("items", "scores"))
    report = analyse(read_class(quiz_id))
    text = render(report, names=names)
    try:
        page.write_text(text, encoding="utf-8")
    except OSError as error:
        raise AutograderError(
            f"{error.filename}: the report cannot be written ({error.strerror}); name another file "
            "with --output"
        ) from error
    write_table(items, [ITEM_COLUMNS, *map(_item_row, report.items)])
    write_table(scores, [SCORE_COLUMNS, *_score_rows(report, names)])
    alarms = [one.item.id for one in report.items if one.suspicions]
    say(f"{quiz_id}: {report.learners} learners scored; {page}, {items.name}, {scores.name}")
    if alarms:
        say(f"The key looks wrong: {', '.join(alarms)}")


def _item_row(one: ItemReport) -> list[str]:
    item, states = one.item, one.states
    p = min((found.p for found in one.suspicions), default=None)
    return [
        *(item.id, str(item.common()["type"]), harmless(item.title)),
        *(_number(item.points), item.difficulty),
        *(" ".join(item.concepts), harmless(" ".join(item.sections))),
        str(states.get("graded", 0) + states.get("lost", 0)),
        *(str(states.get(name, 0)) for name in ("unanswered", "invalid", "waiting")),
        *(*_numbers(one.facility), *_numbers(one.discrimination), *_numbers(one.seconds)),
        str(one.timed),
        _number(one.variants.p if one.variants else None),
        _number(p),
        harmless("; ".join(one.looks)),
    ]


def _score_rows(report: QuizReport, names: bool) -> Iterator[list[str]]:
    """A row for each learner and item; learners have numbers unless names were asked for."""
    answers = report.read.answers
    order = sorted(answers) if names else sorted(answers, key=_shuffled)
    for number, learner in enumerate(order, start=1):
        shown = harmless(learner) if names else str(number)
        for item, one in answers[learner].items():
            points, seconds = _number(one.points), _number(one.seconds)
            of = _number(one.item.points)
            yield [shown, item, one.item.variant, one.state, points, of, seconds]


def _shuffled(learner: str) -> str:
    """What to sort learners by so that their numbers do not follow the alphabet."""
    return hashlib.sha256(learner.encode(errors="surrogatepass")).hexdigest()


def _numbers(one: Estimate) -> list[str]:
    return [_number(one.value), _number(one.low), _number(one.high)]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
