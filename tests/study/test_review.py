"""What counts, when a question is due, mastery by hand, today's queue, and why."""

from __future__ import annotations

import random
import re
from datetime import date, timedelta
from pathlib import Path

import examples
import pytest
from fsrs import Rating
from hypothesis import given
from hypothesis import strategies as st
from studying import DAY, course, tried
from test_quiz import write_quiz
from typer.testing import CliRunner

from autograder import open_review
from autograder.cli import app
from autograder.errors import QuizError
from autograder.items import AnyItem
from autograder.study.evidence import counted, days_in_a_row, days_practised
from autograder.study.mastery import mastery
from autograder.study.memory import Memory, after, memories, rating
from autograder.study.queue import NEW_A_DAY, most_urgent, seconds_by_type, todays_queue, within
from autograder.study.record import Question, Record, RecordError
from autograder.study.review import Review, Summary


def later(days: int) -> date:
    return DAY + timedelta(days)


def question(item: str) -> Question:
    return Question("small", item)


def test_only_the_first_try_of_a_day_counts() -> None:
    first = tried(fraction=0.0)
    retry = tried(number=2, time=f"{DAY}T09:01:00.000+00:00")
    anew = tried(time=f"{DAY}T10:00:00.000+00:00")
    tomorrow = tried(after=1)
    assert counted([anew, tomorrow, retry, first]) == [first, tomorrow]


def test_a_try_that_goes_on_from_another_day_does_not_count() -> None:
    assert counted([tried(number=3, after=1)]) == []


def test_what_a_person_has_to_judge_does_not_count() -> None:
    given_up = tried(fraction=None, given_up=True, after=1)
    assert counted([tried(fraction=None), given_up]) == [given_up]
    assert given_up.known == 0


def test_days_are_told_plainly() -> None:
    days = days_practised([tried(after=n) for n in (0, 0, 3, 4, 5)])
    assert days == [later(0), later(3), later(4), later(5)]
    assert days_in_a_row(days, later(5)) == 3
    assert days_in_a_row(days, later(6)) == 3  # today is still to come
    assert days_in_a_row(days, later(7)) == 0


@pytest.mark.parametrize(
    ("known", "hints", "rated"),
    [
        (1.0, 0, Rating.Good),
        (1.0, 1, Rating.Hard),
        (0.5, 0, Rating.Hard),
        (0.49, 0, Rating.Again),
        (0.0, 0, Rating.Again),
    ],
)
def test_a_result_becomes_a_rating(known: float, hints: int, rated: Rating) -> None:
    assert rating(known, hints) is rated


def test_intervals_follow_from_the_published_parameters() -> None:
    """FSRS-6's initial stabilities for again, hard and good: 0.212, 1.2931 and 2.3065 days."""
    due = {rated: (after(None, rated, DAY).due - DAY).days for rated in list(Rating)[:3]}
    assert due == {Rating.Again: 1, Rating.Hard: 1, Rating.Good: 2}
    good = after(None, Rating.Good, DAY)
    assert good.recall(DAY) == 1
    assert good.recall(later(2)) == pytest.approx(
        0.9095, abs=1e-4
    )  # (1 + 0.9804 * 2 / 2.3065)^-0.1542


@given(st.lists(st.sampled_from(list(Rating)[:3]), min_size=1, max_size=12))
def test_a_question_comes_back_after_a_day_at_least_and_fades(ratings: list[Rating]) -> None:
    memory: Memory | None = None
    day = DAY
    for rated in ratings:
        memory = after(memory, rated, day)
        assert memory.last == day < memory.due
        day = memory.due
        assert 0 < memory.recall(day + timedelta(30)) < memory.recall(day) < 1


def test_variants_are_one_question() -> None:
    found = memories([tried(variant="a"), tried(after=2, variant="b")])
    assert [memory.tries for memory in found.values()] == [2]


def test_what_was_not_seen_for_longest_comes_first() -> None:
    known = memories(
        [
            tried("wrong", after=1, fraction=0.0),
            tried("right", after=0),
            tried("fresh", after=2),
            tried("oldest", after=-9),
        ]
    )
    assert most_urgent(known, later(2)) == [question(one) for one in ("oldest", "right", "wrong")]
    assert most_urgent(known, later(0)) == [question("oldest")]


def test_ten_minutes_keep_room_for_what_is_new() -> None:
    due = memories([tried(f"q{n}", after=-n) for n in range(10, 40)])
    new = [question(f"new{n}") for n in range(5)]
    seconds = dict.fromkeys([*due, *new], 100.0)
    queue = todays_queue(due, new, seconds, DAY)
    assert queue == [*[question(f"q{n}") for n in (39, 38, 37, 36)], *new[:NEW_A_DAY]]
    assert todays_queue(due, new, seconds, DAY, minutes=1) == [question("q39")]  # one at least
    assert todays_queue({}, [], {}, DAY) == []


def test_a_long_question_does_not_stop_short_ones() -> None:
    long, short = question("long"), question("short")
    assert within([long, short], {long: 500, short: 50}, 100) == [short]


def test_the_time_that_a_question_takes_is_the_learners_median() -> None:
    tries = [tried(seconds=seconds) for seconds in (10.0, 20.0, 600.0)]
    tries += [tried(type="code", seconds=5.0)]
    assert seconds_by_type(tries)["single_choice"] == 20
    assert seconds_by_type(tries)["code"] == 240  # one says too little
    assert seconds_by_type([])["single_choice"] == 45


@pytest.fixture
def items(tmp_path: Path) -> dict[Question, AnyItem]:
    review = Review(course(tmp_path), _with(tmp_path, [tried()]), day=DAY)
    return review._items


def _with(folder: Path, tries: list[object]) -> Record:
    record = Record(folder / "record-of-a-test")
    record.add(tries)  # type: ignore[arg-type]
    return record


def test_mastery_is_the_posterior_worked_out_by_hand(items: dict[Question, AnyItem]) -> None:
    tries = [
        tried("pick"),  # freezing: 1 success today
        tried("third", fraction=0.0),  # transfer: 1 failure today
        tried("other", after=-30),  # half a question each, of 30 days ago: 1/4 success
    ]
    by_name = {one.concept: one for one in mastery(tries, items, memories(tries), DAY)}
    freezing, transfer = by_name["freezing"], by_name["transfer"]
    assert (freezing.successes, freezing.failures) == (1.25, 0)
    assert (transfer.successes, transfer.failures) == (0.25, 1)
    # Beta(2.25, 1): mean 2.25 / 3.25; its distribution function is x^2.25
    assert freezing.mean == pytest.approx(9 / 13)
    assert freezing.low == pytest.approx(0.05 ** (1 / 2.25))
    assert freezing.high == pytest.approx(0.95 ** (1 / 2.25))
    assert transfer.mean == pytest.approx(1.25 / 3.25)
    assert (freezing.tried, freezing.questions) == (2, 3)


def test_too_little_evidence_is_said(items: dict[Question, AnyItem]) -> None:
    """Beta(1 + n, 1) has the interval 0.05^(1/(n+1)) to 0.95^(1/(n+1)): 0.61 wide for n = 2."""
    two = [tried("pick"), tried("pick", after=-1)]
    (few, _) = mastery(two, items, memories(two), DAY)
    assert not few.is_known and "not yet known" in repr(Summary([few]))
    many = [tried("pick") for _ in range(4)]
    (enough, _) = mastery(many, items, {}, DAY)
    assert enough.is_known and "83 %" in repr(Summary([enough]))
    assert mastery([], items, {}, DAY)[0].recall is None


def test_a_concept_fades_to_not_yet_known(items: dict[Question, AnyItem]) -> None:
    tries = [tried("pick", after=-day) for day in range(6)]
    assert mastery(tries, items, {}, DAY)[0].is_known
    assert not mastery(tries, items, {}, later(120))[0].is_known


def test_a_review_asks_what_is_due_then_what_is_new(record: Record, tmp_path: Path) -> None:
    record.add([tried(after=-3), tried("other", after=-8, fraction=0.0)])
    review = Review(course(tmp_path), record, day=DAY)
    sums = examples.NUMERIC["id"]
    assert review.queue == ["small/other", "small/pick", "small/third", f"small/{sums}"]
    assert review.headline == f"4 questions, about {round(review.minutes)} min"
    assert review.explain("small/other") == (
        "You tried it 8 days ago, and you did not know it yet. The chance that you still know it "
        "is about 57 % by now; a question comes back when its chance falls to about 90 %, or on "
        "the day after you did not know it."
    )
    assert review.explain("small/third").startswith("New: it belongs to “A small quiz”")
    assert "free" not in " ".join(review.queue)  # no program judges a case study


def test_what_was_tried_today_is_done(record: Record, tmp_path: Path) -> None:
    source = course(tmp_path)
    record.add([tried(after=-3)])
    review = Review(source, record, day=DAY, draw=random.Random(1))
    assert "small/pick" in review.queue
    record.add([tried(fraction=0.0)])
    again = Review(source, record, day=DAY)
    assert "small/pick" not in again.queue
    assert "It comes back on " in again.explain("small/pick")


def test_a_question_that_is_not_due_says_when(record: Record, tmp_path: Path) -> None:
    record.add([tried(after=-1)])
    said = Review(course(tmp_path), record, day=DAY).explain("small/pick")
    assert "yesterday, and you knew it." in said and "It comes back on 2 March 2026." in said


def test_a_question_that_is_no_more_is_forgotten(record: Record, tmp_path: Path) -> None:
    record.add([tried("gone"), tried("pick"), tried("pick", quiz="gone")])
    review = Review(course(tmp_path), record, day=later(9))
    assert "small/gone" not in review.queue
    with pytest.raises(QuizError, match="no quiz that you have begun has a question 'small/gone'"):
        review.explain("small/gone")


def test_another_course_is_none_of_this_ones_business(record: Record, tmp_path: Path) -> None:
    record.add([tried(course="elsewhere")])
    assert Review(course(tmp_path), record, day=later(9)).queue == []


def test_with_nothing_begun_it_says_how_to_begin(record: Record, tmp_path: Path) -> None:
    review = open_review(course(tmp_path))
    assert review.queue == []
    assert 'open_practice("small")' in repr(review)
    assert not record.path.exists()


def test_a_damaged_record_is_told(record: Record, tmp_path: Path) -> None:
    record.path.parent.mkdir()
    record.path.write_bytes(b"x" * 5000)
    with pytest.raises(RecordError, match="damaged"):
        open_review(course(tmp_path))


def test_a_round_at_the_terminal_is_recorded(record: Record, tmp_path: Path) -> None:
    record.add([tried(after=0)])  # long ago
    source = course(tmp_path)
    command = ["study", "--source", str(source), "--minutes", "1"]
    result = CliRunner().invoke(app, command, input="a\nq\n")
    assert result.exit_code == 0, result.output
    assert re.search(r"Today's review: \d question", result.output)
    assert "days ago, and you knew it" in " ".join(result.output.split())
    assert "Concept" in result.output
    assert len(record.tries()) == 2
    assert "small/pick" not in open_review(source).queue


def test_the_notebook_shows_one_question_after_the_other(record: Record, tmp_path: Path) -> None:
    from autograder.study.page import review_page

    record.add([tried(after=-3)])
    review = Review(course(tmp_path), record, day=DAY, minutes=3)
    page = review_page(review)
    seen = []
    _, place, question_box, onward = page.children
    while onward.layout.display != "none":
        seen.append(question_box.children[0].view["id"])
        assert f"Question {len(seen)} of {len(review.queue)}." in place.value
        onward.click()
    assert [f"small/{one}" for one in seen] == review.queue
    assert "<table>" in question_box.children[0].value
    data = review._repr_mimebundle_()
    data = data[0] if isinstance(data, tuple) else data
    assert "Today's review" in data["text/plain"]


def test_a_quiz_that_cannot_be_read_is_named(record: Record, tmp_path: Path) -> None:
    record.add([tried()])
    write_quiz(tmp_path, items=[])
    with pytest.raises(QuizError, match=r"small/quiz\.yaml:"):
        open_review(tmp_path)
