"""A simulated class of 200 goes the whole way: ``python -m pytest tests/simulated_class.py``.

Not one of the tests that ``make test`` runs: it takes about a minute. Learners have abilities from
a standard normal distribution and answer as item response theory says (logistic model: each part of
a question is known with probability 1 / (1 + exp(-1.7 (ability - difficulty)))). Some hold
misconceptions, and then mostly choose what these suggest. One question has the wrong key in the
instructor's file. Their work comes in as a zip of Moodle's, is collected, graded in bulk into
nbgrader's gradebook and reported; the report has to find what was planted, and nothing else.
"""

from __future__ import annotations

import csv
import io
import json
import math
import random
import zipfile
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
from bs4 import BeautifulSoup
from classes import ROOT, command, make_course
from ruamel.yaml import YAML

from autograder.quiz import Quiz, load_quiz

QUIZ = "choosing"
LEARNERS = 200
BROKEN = "herbarium-sheets"
#: The share of the class that holds each, and how often it decides where it can.
PLANTED = {"prompting-hands-over-nothing": 0.5, "most-accurate-whatever-it-takes": 0.6}
HELD_DECIDES = 0.85
#: How often who does not know picks a wrong option of several.
TEMPTED = 0.4
DIFFICULTY = {"direct": -0.8, "applied": 0.0, "transfer": 0.7}


class Learner:
    def __init__(self, number: int) -> None:
        self.name = f"s{number:03}"
        self.draw = random.Random(f"class {number}")
        self.ability = self.draw.gauss(0, 1)
        self.held = {name for name, share in PLANTED.items() if self.draw.random() < share}

    def knows(self, item: Any) -> bool:
        logit = 1.7 * (self.ability - DIFFICULTY[item.difficulty])
        return self.draw.random() < 1 / (1 + math.exp(-logit))

    def believes(self, misconception: str | None) -> bool:
        return misconception in self.held and self.draw.random() < HELD_DECIDES

    def pick(self, item: Any, options: list[Any]) -> str:
        """The id of an option: what a misconception suggests, the right one, or any other."""
        for option in options:
            if not option.correct and self.believes(option.misconception):
                return option.id
        (right,) = [option.id for option in options if option.correct]
        wrong = [option.id for option in options if not option.correct]
        return right if self.knows(item) else self.draw.choice(wrong)

    def answer(self, item: Any) -> dict[str, Any] | None:
        return getattr(self, f"_{item.type}")(item)

    def _single_choice(self, item: Any) -> dict[str, Any]:
        return {"choice": self.pick(item, item.options)}

    def _multiple_select(self, item: Any) -> dict[str, Any]:
        picks = []
        for option in item.options:
            tempted = not self.knows(item) and self.draw.random() < TEMPTED
            if self.believes(option.misconception) or (
                self.knows(item) if option.correct else tempted
            ):
                picks.append(option.id)
        return {"picks": picks}

    def _matching(self, item: Any) -> dict[str, Any]:
        pairs, left = {}, [option.id for option in item.options]
        for prompt in item.prompts:
            if not left:
                break
            known = prompt.match in left and self.knows(item)
            pairs[prompt.id] = prompt.match if known else self.draw.choice(left)
            if not item.reuse:
                left.remove(pairs[prompt.id])
        return {"pairs": pairs}

    def _ordering(self, item: Any) -> dict[str, Any]:
        graph = nx.DiGraph((before, step.id) for step in item.steps for before in step.after)
        order = list(nx.topological_sort(graph))
        if not self.knows(item):
            self.draw.shuffle(order)
        return {"order": order}

    def _numeric(self, item: Any) -> dict[str, Any]:
        slips = [slip.value for slip in item.slips]
        wrong = self.draw.choice([*slips, item.answer * 3 + 1])
        return {"value": item.answer if self.knows(item) else wrong}

    def _cloze(self, item: Any) -> dict[str, Any]:
        blanks: dict[str, Any] = {}
        for blank in item.blanks:
            if blank.kind == "choice":
                blanks[blank.id] = self.pick(item, blank.options)
            elif blank.kind == "text":
                blanks[blank.id] = blank.accept[0] if self.knows(item) else "something"
            else:
                blanks[blank.id] = blank.answer if self.knows(item) else blank.answer * 3 + 1
        return {"blanks": blanks}

    def _code(self, item: Any) -> dict[str, Any] | None:
        if self.draw.random() < 0.9:  # code takes long to grade; few write any
            return None
        return {"source": item.solution if self.knows(item) else item.starter}

    def _case_study(self, item: Any) -> None:
        return None


def journal(quiz: Quiz, learner: Learner) -> bytes:
    answers = ((item, learner.answer(item)) for item in quiz.for_learner(learner.name).items)
    lines = [
        json.dumps(
            {
                "item": item.id,
                "response": response,
                "revision": revision,
                "time": f"2026-11-24T08:{revision:02}:00+00:00",
                "variant": item.variant,
            }
        )
        for revision, (item, response) in enumerate(answers, start=1)
        if response is not None
    ]
    return ("\n".join(lines) + "\n").encode()


def hand_in(course: Path, quiz: Quiz) -> None:
    """What Moodle gives an instructor: a zip of all submissions, and a list of participants."""
    released = (course / "quizzes" / QUIZ / f"{QUIZ}.ipynb").read_bytes()
    archive = io.BytesIO()
    rows = [["Username", "First name", "Last name", "Email address"]]
    with zipfile.ZipFile(archive, "w") as packed:
        for number in range(LEARNERS):
            learner = Learner(number)
            folder = f"First{number:03} Last{number:03}_{9000 + number}_assignsubmission_file_"
            time = (2026, 11, 24, 9 + number // 60, number % 60, 0)
            for name, data in (
                (f"{QUIZ}.ipynb", released),
                (f"{QUIZ}.answers.jsonl", journal(quiz, learner)),
            ):
                packed.writestr(zipfile.ZipInfo(f"{folder}/{name}", time), data)
            rows.append([learner.name, f"First{number:03}", f"Last{number:03}", "a@example.org"])
    (course / "moodle.zip").write_bytes(archive.getvalue())
    with (course / "roster.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)


def break_key(course: Path) -> None:
    """An author's slip: the key of one question goes to the option after the right one."""
    yaml = YAML()
    path = course / "source" / QUIZ / "quiz.yaml"
    data = yaml.load(path)
    (item,) = [one for one in data["items"] if one["id"] == BROKEN]
    (right,) = [n for n, option in enumerate(item["options"]) if option.get("correct")]
    option = item["options"][right]
    del option["correct"]
    item["options"][(right + 1) % len(item["options"])]["correct"] = True
    yaml.dump(data, path)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the report on the class."""
    course = make_course(tmp_path_factory.mktemp("class") / "course", QUIZ)
    hand_in(course, load_quiz(ROOT / "source" / QUIZ / "quiz.yaml"))
    break_key(course)
    (course / "source" / "misconceptions.yaml").write_bytes(
        (ROOT / "source" / "misconceptions.yaml").read_bytes()
    )
    command(course, "autograder", "collect", QUIZ, "moodle.zip", "--roster", "roster.csv")
    command(course, "autograder", "grade", QUIZ)
    command(course, "autograder", "report", QUIZ)
    return course / f"report-{QUIZ}.html"


def items(report: Path) -> dict[str, dict[str, str]]:
    with report.with_name(f"{report.stem}-items.csv").open() as file:
        return {row["item"]: row for row in csv.DictReader(file)}


def test_everybody_is_in_it(report: Path) -> None:
    with report.with_name(f"{report.stem}-scores.csv").open() as file:
        learners = {row["learner"] for row in csv.DictReader(file)}
    assert len(learners) == LEARNERS


def test_the_wrong_key_is_found_and_no_other(report: Path) -> None:
    found = items(report)
    assert [name for name, row in found.items() if row["key_alarm_p"]] == [BROKEN]
    assert float(found[BROKEN]["discrimination"]) < 0
    others = [
        float(row["discrimination"])
        for name, row in found.items()
        if name != BROKEN and row["type"] not in ("code", "case_study")
    ]
    assert min(others) > 0


def test_the_planted_misconceptions_come_first(report: Path) -> None:
    page = BeautifulSoup(report.read_text(encoding="utf-8"), "lxml")
    table = page.find(id="teach").find_next("table")
    listed = [row.get_text(" ") for row in table.find_all("tr")[1:]]
    catalogue = YAML(typ="safe").load(ROOT / "source" / "misconceptions.yaml")
    beliefs = [catalogue[name]["belief"].split(",")[0].rstrip(".") for name in PLANTED]
    for belief in beliefs:
        assert any(belief in row for row in listed[: len(PLANTED)]), listed[:6]
