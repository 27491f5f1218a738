"""From a class's answers to what an instructor wants to know. No I/O."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from autograder.items import Code, Item, SingleChoice
from autograder.markdown import shown
from autograder.misconceptions import Misconception, named
from autograder.quiz import Quiz
from autograder.reports import alarms, statistics
from autograder.reports.alarms import Answers, Suspicion
from autograder.reports.choices import Choice, places
from autograder.reports.responses import Answer, ReadClass
from autograder.reports.statistics import Estimate

#: Below so many learners the page says that figures are hints.
SMALL = 10
#: A variant is compared with others where so many learners had it.
FEWEST_FOR_VARIANT = 5
#: Options that nobody chose are no news in a smaller class.
FEWEST_FOR_DEAD_OPTIONS = 20
#: What somebody typed is shown once so many typed the same.
_FEWEST_TYPED = 2
_FEWEST_PREFERRED = 3
_MOST_WORDS = 12
_EASY, _HARD, _OPEN = 0.9, 0.25, 0.2


@dataclass(frozen=True)
class ChoiceRow:
    """How many chose something: of all, of the lower and of the upper third.

    ``right`` is None where it depends on the variant. ``typed`` texts are no Markdown.
    """

    place: str
    text: str
    right: bool | None
    misconceptions: tuple[str, ...]
    typed: bool
    all: int
    lower: int
    upper: int


@dataclass(frozen=True)
class VariantRow:
    """How a variant went; ``tells`` are the words of its stem that not all variants have."""

    tells: str
    learners: int
    facility: Estimate


@dataclass(frozen=True)
class Variants:
    """The variants of an item that enough learners had, and whether they differ.

    ``p`` is Holm's over the items of the quiz, None where there is nothing to compare; ``most`` is
    how many learners had the most frequent variant.
    """

    rows: tuple[VariantRow, ...]
    p: float | None
    most: int
    total: int


@dataclass(frozen=True)
class ItemReport:
    """One item. ``states`` counts how its answers ended; ``looks`` says what to look at, and why.

    ``seconds`` is the median time, over ``timed`` learners; ``lower`` and ``upper`` are the sizes
    of the thirds.
    """

    number: int
    item: Item
    states: Mapping[str, int]
    facility: Estimate
    discrimination: Estimate
    seconds: Estimate
    timed: int
    lower: int
    upper: int
    choices: tuple[ChoiceRow, ...]
    variants: Variants | None
    suspicions: tuple[Suspicion, ...]
    looks: tuple[str, ...]

    @property
    def lost(self) -> float:
        """The points that a learner lost on it, on average."""
        return (
            (1 - self.facility.value) * self.item.points if self.facility.value is not None else 0
        )


@dataclass(frozen=True)
class MisconceptionRow:
    """A misconception: who showed it, of those whose answers could, and where to read again."""

    name: str
    known: Misconception | None
    learners: int
    exposed: int
    share: Estimate
    items: tuple[str, ...]
    sections: tuple[str, ...]
    doubtful: bool


@dataclass(frozen=True)
class ConceptRow:
    """A concept: what the class earned on its items, and where to read again, most lost first."""

    name: str
    facility: Estimate
    learners: int
    items: tuple[str, ...]
    sections: tuple[str, ...]
    doubtful: bool


@dataclass(frozen=True)
class Totals:
    """What learners earned of ``points`` on the items in ``items``, in per cent.

    An item counts that is settled; a learner counts who waits for a person in none of these.
    """

    items: tuple[str, ...]
    points: float
    percent: Mapping[str, float]
    mean: Estimate
    median: Estimate
    deviation: Estimate
    alpha: Estimate

    @property
    def bins(self) -> list[int]:
        """How many learners have 0 to 9, 10 to 19, ..., 90 to 100 per cent."""
        counts = [0] * 10
        for value in self.percent.values():
            counts[min(9, int(value // 10))] += 1
        return counts


@dataclass(frozen=True)
class QuizReport:
    """All that is said of a quiz and its class."""

    quiz: Quiz
    read: ReadClass
    totals: Totals
    items: tuple[ItemReport, ...]
    misconceptions: tuple[MisconceptionRow, ...]
    concepts: tuple[ConceptRow, ...]
    tests: int

    @property
    def learners(self) -> int:
        """How many learners are scored."""
        return len(self.read.answers)


def analyse(read: ReadClass) -> QuizReport:
    """Work everything out."""
    quiz = read.quiz
    answers: dict[str, Answers] = {
        item.id: {name: given[item.id] for name, given in read.answers.items()}
        for item in quiz.items
    }
    totals = _totals(quiz, answers)
    rest = {item.id: _rest(item.id, totals.items, answers) for item in quiz.items}
    suspicions, tests = alarms.find(answers, rest)
    variants = _variants(quiz, answers)
    items = tuple(
        _item(
            number,
            item,
            answers[item.id],
            rest[item.id],
            [one for one in suspicions if one.item == item.id],
            variants.get(item.id),
        )
        for number, item in enumerate(quiz.items, start=1)
    )
    return QuizReport(
        quiz, read, totals, items, _misconceptions(read, items), _concepts(read, items), tests
    )


def _totals(quiz: Quiz, answers: Mapping[str, Answers]) -> Totals:
    counted = tuple(
        item.id
        for item in quiz.items
        if 2 * sum(one.points is None for one in answers[item.id].values()) <= len(answers[item.id])
    )
    complete = _complete(counted, answers)
    points = sum(item.points for item in quiz.items if item.id in counted)
    scores = np.array(
        [
            [_fraction(answers[item][name]) * answers[item][name].item.points for item in counted]
            for name in complete
        ]
    ).reshape(len(complete), len(counted))
    percent = dict(zip(complete, (100 * scores.sum(axis=1) / (points or 1)).tolist(), strict=True))
    values = list(percent.values()) if counted else []
    return Totals(
        counted,
        points,
        percent if counted else {},
        statistics.mean(values),
        statistics.median(values),
        statistics.deviation(values),
        statistics.cronbach_alpha(scores),
    )


def _settled(answers: Answers) -> bool:
    """Whether at most a tenth of the given answers wait for a person.

    With more, those who left the item open, and have 0, would be too many of those with a score.
    """
    waiting = sum(one.state == "waiting" for one in answers.values())
    given = sum(one.state != "unanswered" for one in answers.values())
    return 10 * waiting <= given


def _complete(items: Iterable[str], answers: Mapping[str, Answers]) -> list[str]:
    """The learners who have a score on each of some items."""
    chosen = list(items)
    everyone = next(iter(answers.values()))
    return [
        name for name in everyone if all(answers[item][name].points is not None for item in chosen)
    ]


def _rest(item: str, counted: Sequence[str], answers: Mapping[str, Answers]) -> dict[str, float]:
    """What each learner earned on the counted items but this one, where nothing waits."""
    others = [one for one in counted if one != item]
    if item not in counted or not others:
        return {}
    return {
        name: sum(_earned(answers[one][name]) for one in others)
        for name in _complete(counted, answers)
    }


def _fraction(answer: Answer) -> float:
    assert answer.fraction is not None
    return answer.fraction


def _earned(answer: Answer) -> float:
    return _fraction(answer) * answer.item.points


def _item(
    number: int,
    item: Item,
    answers: Answers,
    rest: Mapping[str, float],
    suspicions: Sequence[Suspicion],
    variants: Variants | None,
) -> ItemReport:
    if _settled(answers):
        scores = [one.fraction for one in answers.values() if one.fraction is not None]
        facility = statistics.proportion(sum(scores), len(scores))
        discrimination = statistics.correlation(
            [_fraction(answers[name]) for name in rest], list(rest.values())
        )
    else:
        facility = discrimination = Estimate(None, why="waits for a person")
    seconds = [one.seconds for one in answers.values() if one.seconds is not None]
    lower, upper = statistics.thirds(rest)
    choices = tuple(_choices(item, answers, lower, upper))
    states: Counter[str] = Counter(one.state for one in answers.values())
    looks = _looks(item, answers, states, facility, discrimination, upper, variants)
    return ItemReport(
        number,
        item,
        states,
        facility,
        discrimination,
        statistics.median(seconds),
        len(seconds),
        len(lower),
        len(upper),
        choices,
        variants,
        tuple(suspicions),
        tuple(looks),
    )


def _choices(
    item: Item, answers: Answers, lower: frozenset[str], upper: frozenset[str]
) -> Iterator[ChoiceRow]:
    """The table of what was chosen: what the key knows in its order, then what else was typed."""
    for place in places(item):
        made = {
            name: one.choices[place.id] for name, one in answers.items() if place.id in one.choices
        }
        takers: dict[str, list[str]] = defaultdict(list)
        seen: dict[str, list[Choice]] = defaultdict(list)
        for name, choice in made.items():
            takers[choice.id].append(name)
            seen[choice.id].append(choice)
        typed = [
            seen[one][0]
            for one in sorted(takers, key=lambda one: (-len(takers[one]), one))
            if seen[one][0].typed and len(takers[one]) >= _FEWEST_TYPED
        ]
        for choice in [*(one for one in place.choices if one.shown), *typed]:
            yield _row(place.text, choice, seen[choice.id], takers[choice.id], lower, upper)
        known = {one.id for one in (*place.choices, *typed)} - {"other"}
        others = [name for name, one in made.items() if one.id not in known]
        if others:
            other = Choice("other", "another answer", False, typed=True)
            yield _row(place.text, other, [], others, lower, upper)


def _row(
    place: str,
    choice: Choice,
    seen: Sequence[Choice],
    takers: Sequence[str],
    lower: frozenset[str],
    upper: frozenset[str],
) -> ChoiceRow:
    rights = {one.right for one in (choice, *seen)}
    named = {one.misconception for one in (choice, *seen) if one.misconception}
    return ChoiceRow(
        place,
        choice.text,
        rights.pop() if len(rights) == 1 else None,
        tuple(sorted(named)),
        choice.typed,
        len(takers),
        len(lower.intersection(takers)),
        len(upper.intersection(takers)),
    )


def _looks(
    item: Item,
    answers: Answers,
    states: Mapping[str, int],
    facility: Estimate,
    discrimination: Estimate,
    upper: frozenset[str],
    variants: Variants | None,
) -> Iterator[str]:
    """What to look at, without proof that it is a fault."""
    if discrimination.value is not None and discrimination.value < 0:
        yield "negative discrimination: those who do better on the rest do no better here"
    preferred = _preferred(answers, upper)
    for choice, took, keyed in preferred[:1]:
        text = choice.text if choice.typed else shown(choice.text)
        more = f" (the same in {len(preferred) - 1} of its other places)" if preferred[1:] else ""
        yield f"of the upper third, {took} chose “{text}” and {keyed} the key{more}"
    if facility.low is not None and facility.low > _EASY:
        yield "nearly everybody gets it right: it tells learners apart no more"
    if facility.high is not None and facility.high < _HARD:
        yield "nearly nobody gets it right: check the wording, or whether it was taught"
    if variants and variants.p is not None and variants.p < alarms.LEVEL:
        yield f"its variants are not equally hard (p = {variants.p:.3f})"
    if states.get("invalid"):
        yield f"{_learners(states['invalid'])} with an unreadable answer"
    left = statistics.proportion(states.get("unanswered", 0), sum(states.values()))
    if left.low is not None and left.low > _OPEN:
        yield f"{_learners(states['unanswered'])} left it open"
    yield from _dead_options(item, answers)


def _preferred(answers: Answers, upper: frozenset[str]) -> list[tuple[Choice, int, int]]:
    """Wrong answers that more of the upper third gave than the key, clearest first."""
    by_place: dict[str, list[Choice]] = defaultdict(list)
    for name in sorted(upper):
        for place, choice in answers[name].choices.items():
            by_place[place].append(choice)
    found = []
    for made in by_place.values():
        keyed = sum(one.right for one in made)
        wrong = {one.id: one for one in made if not one.right and one.id != "other"}
        counts = Counter(one.id for one in made if not one.right and one.id != "other")
        for name, count in counts.most_common(1):
            if count > keyed and count >= _FEWEST_PREFERRED:
                found.append((wrong[name], count, keyed))
    return sorted(found, key=lambda one: one[2] - one[1])


def _dead_options(item: Item, answers: Answers) -> Iterator[str]:
    """That most wrong options of a single choice attract nobody, where the class is large."""
    made = [one.choices["choice"].id for one in answers.values() if "choice" in one.choices]
    wrong = [one for place in places(item) for one in place.choices if not one.right]
    if isinstance(item, SingleChoice) and len(made) >= FEWEST_FOR_DEAD_OPTIONS:
        dead = [one for one in wrong if one.id not in made]
        if 2 * len(dead) > len(wrong):
            yield f"{len(dead)} of {len(wrong)} wrong options attracted nobody"


def _learners(count: int) -> str:
    return f"{count} learner{'' if count == 1 else 's'}"


def _variants(quiz: Quiz, answers: Mapping[str, Answers]) -> dict[str, Variants]:
    """The comparison of variants, for each item that has any."""
    groups: dict[str, dict[str, list[float]]] = {}
    for name in quiz.variants:
        by_variant: dict[str, list[float]] = defaultdict(list)
        for one in answers[name].values():
            if one.fraction is not None:
                by_variant[one.item.variant].append(one.fraction)
        groups[name] = by_variant
    enough = {
        name: {one: scores for one, scores in found.items() if len(scores) >= FEWEST_FOR_VARIANT}
        for name, found in groups.items()
    }
    tested = [name for name, found in enough.items() if len(found) > 1]
    adjusted = statistics.holm([statistics.p_differ([*enough[one].values()]) for one in tested])
    p_of = dict(zip(tested, adjusted, strict=True))
    tells = {one: text for items in quiz.variants.values() for one, text in _tells(items)}
    return {
        name: Variants(
            tuple(
                VariantRow(tells[one], len(scores), statistics.proportion(sum(scores), len(scores)))
                for one, scores in sorted(enough[name].items())
            ),
            p_of.get(name),
            max(map(len, found.values()), default=0),
            len(quiz.variants[name]),
        )
        for name, found in groups.items()
    }


def _tells(variants: Sequence[Item]) -> Iterator[tuple[str, str]]:
    """For each variant of an item, the words of its stem that not all of them have."""
    words = {one.variant: shown(one.stem).split() for one in variants}
    common = set.intersection(*map(set, words.values()))
    for name, found in words.items():
        own = [word.strip(".,;:?!()") for word in found if word not in common]
        yield name, " ".join(own[:_MOST_WORDS]) or name


def _misconceptions(read: ReadClass, items: Sequence[ItemReport]) -> tuple[MisconceptionRow, ...]:
    """Those that somebody showed, by how many did."""
    by_item = {one.item.id: one for one in items}
    places_of: dict[str, list[str]] = defaultdict(list)
    for item, name in named(read.quiz):
        if not isinstance(by_item[item].item, Code):  # its checks are not run again
            places_of[name].append(item)
    rows = []
    for name, where in places_of.items():
        exposed = [
            given for given in read.answers.values() if any(given[item].choices for item in where)
        ]
        found = [
            {item for item in where if name in given[item].misconceptions} for given in exposed
        ]
        holders = sum(map(bool, found))
        if not holders:
            continue
        at = tuple(item for item in where if any(item in one for one in found))
        known = read.catalogue.get(name)
        again = [section for item in at for section in by_item[item].item.sections]
        rows.append(
            MisconceptionRow(
                name,
                known,
                holders,
                len(exposed),
                statistics.proportion(holders, len(exposed)),
                at,
                tuple(known.sections) if known else tuple(dict.fromkeys(again)),
                any(by_item[item].suspicions for item in at),
            )
        )
    return tuple(sorted(rows, key=lambda one: (-one.learners, -one.learners / one.exposed)))


def _concepts(read: ReadClass, items: Sequence[ItemReport]) -> tuple[ConceptRow, ...]:
    """The concepts of the quiz, worst first; those that nobody is scored on last."""
    of_concept: dict[str, list[ItemReport]] = defaultdict(list)
    for one in items:
        for concept in one.item.concepts:
            of_concept[concept].append(one)
    rows = []
    for concept, found in of_concept.items():
        settled = [one.item.id for one in found if one.facility.value is not None]
        means = list(_means(read, settled))
        lost: dict[str, float] = defaultdict(float)
        for one in found:
            for section in one.item.sections:
                lost[section] += one.lost
        rows.append(
            ConceptRow(
                concept,
                statistics.proportion(sum(means), len(means)),
                len(means),
                tuple(one.item.id for one in found),
                tuple(sorted(lost, key=lambda section: -lost[section])),
                any(one.suspicions for one in found),
            )
        )
    return tuple(
        sorted(rows, key=lambda one: 2.0 if one.facility.value is None else one.facility.value)
    )


def _means(read: ReadClass, items: Sequence[str]) -> Iterator[float]:
    """What each learner earned on some items, of 1, where anything is scored."""
    for given in read.answers.values():
        scored = [given[item] for item in items if given[item].points is not None]
        if scored:
            yield sum(map(_earned, scored)) / sum(one.item.points for one in scored)
