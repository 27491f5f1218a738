"""What a class answered, in the forms in which answers are compared."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from autograder.alike.likeness import Likeness, alike_code, alike_texts
from autograder.alike.wrong_answers import Given
from autograder.grading import Graded
from autograder.items import CaseStudy, Code, Item
from autograder.items.base import plain
from autograder.items.cloze import Cloze, filled
from autograder.items.matching import Matching
from autograder.items.numeric import Numeric, read_number

_RIGHT = 1 - 1e-9

#: A class's graded answers: by learner, then by question.
Class = Mapping[str, Mapping[str, Graded]]


@dataclass(frozen=True)
class Found:
    """Answers to one question that are alike."""

    item: Item
    likeness: Likeness


def judged(answers: Class) -> dict[str, dict[str, Given]]:
    """What was answered to the questions that a machine judges, without code."""
    return {
        learner: {name: given for name, one in graded.items() if (given := _given(one)) is not None}
        for learner, graded in answers.items()
    }


def alike(answers: Class, threshold: float) -> list[Found]:
    """Free text and code that are alike, question by question and variant by variant."""
    groups: dict[tuple[str, str], dict[str, Graded]] = defaultdict(dict)
    for learner, graded in answers.items():
        for name, one in graded.items():
            if isinstance(one.item, CaseStudy | Code) and _written(one):
                groups[name, one.item.variant][learner] = one
    found = []
    for group in groups.values():
        item = next(iter(group.values())).item
        texts = {learner: _written(one) for learner, one in group.items()}
        if isinstance(item, Code):
            given = f"{item.setup}\n{item.starter}"
            likenesses = alike_code(texts, given, item.solution, threshold)
        else:
            likenesses = alike_texts(texts, _told(item), threshold)
        found += [Found(item, one) for one in likenesses]
    return found


def _told(item: Item) -> str:
    headings = [one.name for one in item.rubric] if isinstance(item, CaseStudy) else []
    return "\n".join([item.title, item.stem, *headings])


def _written(graded: Graded) -> str:
    """The text or the code of an answer; empty where there is none that can be read."""
    if graded.score.state not in ("waiting", "graded") or not isinstance(graded.response, dict):
        return ""
    return str(graded.response["source" if isinstance(graded.item, Code) else "text"])


def _given(graded: Graded) -> Given | None:
    """None where the answer tells nothing: open, unreadable, free text or code."""
    item, score = graded.item, graded.score
    if score.state != "graded" or score.fraction is None or isinstance(item, CaseStudy | Code):
        return None
    if score.fraction >= _RIGHT:
        return Given(item.variant, None)
    wrong = _wrong(item, item.public().parse(graded.response))
    return Given(item.variant, json.dumps(wrong, sort_keys=True)) if wrong else None


def _wrong(item: Item, response: Any) -> Any:
    """What is wrong in an answer; empty where parts are open and nothing is wrong."""
    if isinstance(item, Matching):
        keys = {prompt.id: prompt.match for prompt in item.prompts}
        return {name: one for name, one in response.pairs.items() if one != keys[name]}
    if isinstance(item, Cloze):
        blanks = {blank.id: blank for blank in item.blanks}
        return {
            name: plain(str(given))
            for name, given in filled(response).items()
            if blanks[name].judge(given)[0] < _RIGHT
        }
    if isinstance(item, Numeric):
        return f"{read_number(response.value, item.unit):.6g}"
    data = response.model_dump()
    return sorted(data["picks"]) if "picks" in data else data
