"""A small quiz and classes that answer it as planned."""

from __future__ import annotations

import contextlib
import datetime
import json
import random
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import classes
import examples
from nbgrader.apps import NbGrader
from nbgrader.apps.api import NbGraderAPI
from ruamel.yaml import YAML
from typer.testing import CliRunner

from autograder.cli import app as commands
from autograder.quiz import Quiz

START = datetime.datetime(2026, 11, 24, 8, tzinfo=datetime.UTC)
CHOICES = 8

#: What a learner of an ability (standard normal) answers to an item of the learner's own quiz.
Answering = Callable[[Any, float, random.Random], Any]


def quiz_data() -> dict[str, Any]:
    """Eight single choices; one item of most other types; one of them has variants."""
    return {
        "id": "tiny",
        "title": "A tiny quiz",
        "chapter": "one",
        "instructions": "Answer.",
        "items": [
            *(_choice(number) for number in range(1, CHOICES + 1)),
            examples.changed(examples.MULTIPLE_SELECT, concepts=["primes"], sections=["2.1"]),
            examples.changed(examples.MATCHING, concepts=["colours"]),
            examples.changed(examples.ORDERING, concepts=["mornings"]),
            examples.changed(examples.CLOZE, concepts=["heads"]),
            {
                **examples.NUMERIC,
                "concepts": ["sums"],
                "parameters": {"n": [2, 3, 4]},
                "stem": "What is {{ n }} times 300?",
                "answer": "{{ 300 * n }}",
                "slips": [{"value": "{{ 300 + n }}", "feedback": "Not plus."}],
            },
            examples.changed(examples.CASE_STUDY, concepts=["cases"]),
        ],
    }


def _choice(number: int) -> dict[str, Any]:
    wrong = {
        name: {
            "id": name,
            "text": f"Wrong {name} of {number}",
            "feedback": "No.",
            "misconception": f"thinks-{name}-{number}",
        }
        for name in ("b", "c", "d")
    }
    return {
        **examples.SINGLE_CHOICE,
        "id": f"choice-{number}",
        "title": f"Choice {number}",
        "concepts": [f"concept-{number}"],
        "sections": [f"{number}.1"],
        "options": [
            {"id": "a", "text": f"Right of {number}", "feedback": "Yes.", "correct": True},
            *wrong.values(),
        ],
    }


def able(item: Any, ability: float, draw: random.Random) -> Any:
    """Answers of a learner who knows more the abler, and errs in all ways alike."""
    knows = draw.random() < 1 / (1 + 2.7 ** -(0.8 + 1.8 * ability))
    if item.type == "single_choice":
        return {"choice": "a" if knows else draw.choice("bcd")}
    if item.type == "multiple_select":
        return {"picks": ["two", "three"] if knows else ["two", draw.choice(["four", "nine"])]}
    if item.type == "matching":
        return {"pairs": {"sky": "blue", "grass": "green", "rose": "red" if knows else "grey"}}
    if item.type == "ordering":
        steps = ["wake", "tea", "bread", "eat"]
        return {"order": steps if knows else steps[::-1]}
    if item.type == "cloze":
        return {"blanks": {"loss": "ce", "head": "softmax" if knows else "sigmoid", "size": 768}}
    if item.type == "numeric":
        return {"value": item.answer if knows else item.answer + 1}
    return {"text": "Because."}


def make_course(folder: Path) -> Path:
    """A course with the tiny quiz released, and a catalogue that knows one misconception."""
    source = folder / "source"
    (source / "tiny").mkdir(parents=True)
    shutil.copy(classes.ROOT / "nbgrader_config.py", folder)
    with (source / "tiny" / "quiz.yaml").open("w") as file:
        YAML(typ="safe").dump(quiz_data(), file)
    (source / "misconceptions.yaml").write_text(
        "thinks-c-2:\n  belief: Two is *odd*.\n  why: It looks so.\n  remedy: Halve it.\n"
        '  sections: ["9.9"]\n'
    )
    with contextlib.chdir(folder):
        autograder("build", "tiny")
        app = NbGrader()
        app.initialize([])
        done = NbGraderAPI(config=app.config).generate_assignment("tiny")
        assert done["success"], done
    return folder


def change_key(course: Path, item: str, key: str) -> None:
    """Make another option of a single choice the key, as an author's slip would."""
    path = course / "source" / "tiny" / "quiz.yaml"
    data = YAML(typ="safe").load(path)
    for one in data["items"]:
        for option in one["options"] if one["id"] == item else ():
            option["correct"] = option["id"] == key
    with path.open("w") as file:
        YAML(typ="safe").dump(data, file)


def hand_in(course: Path, learners: int, answering: Answering, seed: int = 1) -> None:
    """A class whose abilities are spread evenly; an answer a minute, in the quiz's order."""
    quiz, draw = classes.quiz_of(course, "tiny"), random.Random(seed)
    for number in range(learners):
        ability = 2 * (2 * (number + 0.5) / learners - 1)
        hand_in_one(course, quiz, f"learner-{number:02}", answering, ability, draw)


def hand_in_one(
    course: Path,
    quiz: Quiz,
    learner: str,
    answering: Answering,
    ability: float = 0.0,
    draw: random.Random | None = None,
) -> None:
    """The journal of one learner; an answer that is None is not given."""
    draw = draw or random.Random(1)
    lines = []
    for number, item in enumerate(quiz.for_learner(learner).items, start=1):
        response = answering(item, ability, draw)
        if response is not None:
            lines.append(json.dumps(_record(item, response, number)))
    folder = course / "submitted" / learner / "tiny"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tiny.answers.jsonl").write_text("\n".join(lines) + "\n")


def _record(item: Any, response: Any, number: int) -> Mapping[str, Any]:
    time = (START + datetime.timedelta(minutes=number)).isoformat()
    return {
        "item": item.id,
        "response": response,
        "revision": number,
        "time": time,
        "variant": item.variant,
    }


def autograder(*words: str) -> str:
    """What a command prints; it has to succeed."""
    done = CliRunner().invoke(commands, words)
    assert done.exit_code == 0, done.output + repr(done.exception)
    return done.output
