"""Grading a class: stock nbgrader, nbgrader with the plugin, and ``autograder grade``.

    python benchmarks/grading.py [--small 100] [--large 1000] [--largest 5000]

Everything is measured in one run, on the same answers to the same ten declarative items:

- stock: a notebook with a cell for each answer and a hidden-test cell that scores it, graded by
  ``nbgrader autograde`` without the plugin;
- plugin: the quiz, graded by ``nbgrader autograde`` with the plugin;
- bulk: the quiz, graded by ``autograder grade`` (on the small class, whose time is mostly start-up,
  on the large one, and for memory on 100 and on the largest class);
- pages for learners: ``nbgrader generate_feedback`` and ``autograder feedback``.

Each command runs in a process of its own, so every figure includes starting Python. Times move with
the machine's load: read the ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from ruamel.yaml import YAML

from autograder.items import AnyPublicItem
from autograder.quiz import Quiz, load_quiz

ROOT = Path(__file__).parents[1]
ITEMS = 10
TESTS = {
    "single_choice": "float(answer['choice'] == key)",
    "matching": "sum(answer['pairs'].get(p) == o for p, o in key.items()) / len(key)",
    "ordering": "sum(a == b for a, b in zip(answer['order'], key)) / len(key)",
}
SCRIPTS = {"PATH": os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])}
STOCK_CONFIG = "c = get_config()\nc.CourseDirectory.release_directory = 'release'\n"


@dataclass(frozen=True)
class Run:
    """A command on a class: wall-clock seconds, and the most memory a process of it held."""

    seconds: float
    peak_mb: float
    learners: int

    @property
    def rate(self) -> float:
        """Submissions a second."""
        return self.learners / self.seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", type=int, default=100, help="submissions for all three")
    parser.add_argument("--large", type=int, default=1000, help="submissions for bulk grading")
    parser.add_argument("--largest", type=int, default=5000, help="submissions for memory")
    sizes = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report(Path(folder), sizes.small, sizes.large, sizes.largest)


def report(folder: Path, small: int, large: int, largest: int) -> None:
    """Measure everything in ``folder`` and print it."""
    quiz_course = make_quiz_course(folder / "quiz")
    quiz = load_quiz(quiz_course / "source" / "bench" / "quiz.yaml")
    stock_course = make_stock_course(folder / "stock", quiz)
    answers = draw_answers(quiz, largest)

    hand_in_stock(stock_course, answers[:small])
    stock = measure(stock_course, small, "nbgrader", "autograde", "bench")
    print(row("stock nbgrader autograde", stock))

    hand_in(quiz_course, answers[:small])
    plugin = measure(quiz_course, small, "nbgrader", "autograde", "bench")
    print(row("nbgrader autograde with the plugin", plugin))
    pages_stock = measure(quiz_course, small, "nbgrader", "generate_feedback", "bench", "--force")

    bulk_small = measure(fresh(quiz_course), small, "autograder", "grade", "bench")
    print(row("autograder grade, the same class", bulk_small))
    bulk = {}
    for size in (100, large, largest):
        course = fresh(quiz_course)
        hand_in(course, answers[:size])
        bulk[size] = measure(course, size, "autograder", "grade", "bench")
        print(row(f"autograder grade, {size} submissions", bulk[size]))
        if size == large:
            pages = measure(course, size, "autograder", "feedback", "bench")
    print(row("nbgrader generate_feedback", pages_stock))
    print(row(f"autograder feedback, {large} learners", pages))
    print()
    print(f"plugin against stock:          {plugin.rate / stock.rate:8.1f} times")
    print(f"bulk against stock, {small:5} each: {bulk_small.rate / stock.rate:7.1f} times")
    for size in (large, largest):
        print(f"bulk against stock, {size:5} learners: {bulk[size].rate / stock.rate:4.1f} times")
        print(f"bulk, {size:5} learners: {bulk[size].rate:18.1f} submissions a second")
    print(f"feedback pages:                {pages.rate / pages_stock.rate:8.1f} times")
    growth = bulk[largest].peak_mb / bulk[100].peak_mb
    print(f"peak memory {largest} against 100: {growth:8.2f} times")


def row(name: str, run: Run) -> str:
    """One line of the table."""
    each = run.seconds / run.learners * 1000
    return (
        f"{name:40} {run.learners:5} submissions {run.seconds:8.1f} s {each:9.1f} ms each "
        f"{run.peak_mb:7.0f} MB at most in one process"
    )


def measure(course: Path, learners: int, module: str, *arguments: str) -> Run:
    """Run a command of ``module`` in ``course``; exits where it fails."""
    log = course / "log.txt"
    start = time.perf_counter()
    with log.open("wb") as output:
        command = [sys.executable, "-m", module, *arguments]
        process = subprocess.Popen(
            command, cwd=course, env=os.environ | SCRIPTS, stdout=output, stderr=output
        )
        _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status:
        sys.exit(f"{' '.join(command)} failed:\n{log.read_text()[-3000:]}")
    return Run(seconds, usage.ru_maxrss / 1024, learners)


def make_quiz_course(course: Path) -> Path:
    """A course whose quiz ``bench`` has ten declarative items, taken from ``heads``."""
    data = YAML(typ="safe").load(ROOT / "source" / "heads" / "quiz.yaml")
    kept = [item for item in data["items"] if item["type"] in TESTS]
    items = [
        {**kept[number % len(kept)], "id": f"item-{chr(ord('a') + number)}"}
        for number in range(ITEMS)
    ]
    folder = course / "source" / "bench"
    folder.mkdir(parents=True)
    with (folder / "quiz.yaml").open("w") as file:
        YAML(typ="safe").dump({**data, "id": "bench", "items": items}, file)
    shutil.copy(ROOT / "nbgrader_config.py", course)
    measure(course, 1, "autograder", "build", "bench")
    measure(course, 1, "nbgrader", "generate_assignment", "bench")
    return course


def make_stock_course(course: Path, quiz: Quiz) -> Path:
    """The same questions as cells to fill in, each scored by a hidden-test cell."""
    cells = []
    for number, item in enumerate(quiz.items):
        solution = {"grade": False, "solution": True, "locked": False}
        test = {"grade": True, "solution": False, "locked": True, "points": item.points}
        code = f"answer = {key_of(item)!r}"
        cells.append(
            stock_cell(
                f"answer-{number}", f"### BEGIN SOLUTION\n{code}\n### END SOLUTION", solution
            )
        )
        hidden = f"key = {stock_key(item)!r}\nscore = {TESTS[item.type]} if answer else 0"
        source = f"### BEGIN HIDDEN TESTS\n{hidden}\n### END HIDDEN TESTS\nscore * {item.points}"
        cells.append(stock_cell(f"test-{number}", source, test))
    folder = course / "source" / "bench"
    folder.mkdir(parents=True)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    nbformat.write(
        new_notebook(cells=cells, metadata={"kernelspec": kernel}), folder / "bench.ipynb"
    )
    (course / "nbgrader_config.py").write_text(STOCK_CONFIG)
    measure(course, 1, "nbgrader", "generate_assignment", "bench")
    return course


def stock_cell(name: str, source: str, nbgrader: dict[str, Any]) -> nbformat.NotebookNode:
    common = {"grade_id": name, "schema_version": 3, "task": False}
    return new_code_cell(source, metadata={"nbgrader": {**common, **nbgrader}})


def key_of(item: Any) -> dict[str, Any]:
    """The perfect response."""
    if item.type == "single_choice":
        return {"choice": next(option.id for option in item.options if option.correct)}
    if item.type == "matching":
        return {"pairs": {prompt.id: prompt.match for prompt in item.prompts}}
    return {"order": [step.id for step in item._valid_order()]}


def stock_key(item: Any) -> Any:
    (key,) = key_of(item).values()
    return key


def draw_answers(quiz: Quiz, learners: int) -> list[dict[str, Any]]:
    """Each learner's responses: half of them right, the others drawn at random."""
    draw = random.Random(2026)
    public = quiz.public()
    return [
        {
            item.id: key_of(whole) if draw.random() < 0.5 else random_response(item, draw)
            for whole, item in zip(quiz.items, public.items, strict=True)
        }
        for _ in range(learners)
    ]


def random_response(item: AnyPublicItem, draw: random.Random) -> dict[str, Any]:
    if item.type == "single_choice":
        return {"choice": draw.choice(item.options).id}
    if item.type == "matching":
        options = [option.id for option in item.options]
        picked = draw.choices(options, k=len(item.prompts))
        if not item.reuse:
            picked = draw.sample(options, len(item.prompts))
        return {"pairs": {prompt.id: one for prompt, one in zip(item.prompts, picked, strict=True)}}
    if item.type == "ordering":
        return {"order": [step.id for step in draw.sample(item.steps, len(item.steps))]}
    raise ValueError(f"no random answer for {item.type}")


def hand_in(course: Path, answers: list[dict[str, Any]]) -> None:
    """Put each learner's released notebook and journal under ``submitted/``."""
    notebook = (course / "quizzes" / "bench" / "bench.ipynb").read_text()
    for number, responses in enumerate(answers):
        folder = course / "submitted" / f"learner-{number:05}" / "bench"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "bench.ipynb").write_text(notebook)
        lines = [
            json.dumps(
                {"item": name, "response": response, "revision": revision}
                | {"time": "2026-11-24T08:00:00+00:00"}
            )
            for revision, (name, response) in enumerate(responses.items(), start=1)
        ]
        (folder / "bench.answers.jsonl").write_text("\n".join(lines) + "\n")


def hand_in_stock(course: Path, answers: list[dict[str, Any]]) -> None:
    """Put each learner's notebook, with the answers in its cells, under ``submitted/``."""
    released = nbformat.read(course / "release" / "bench" / "bench.ipynb", as_version=4)
    for number, responses in enumerate(answers):
        for place, response in enumerate(responses.values()):
            released.cells[2 * place].source = f"answer = {response!r}"
        folder = course / "submitted" / f"learner-{number:05}" / "bench"
        folder.mkdir(parents=True)
        nbformat.write(released, folder / "bench.ipynb")


def fresh(course: Path) -> Path:
    """The course before anything was graded: a new gradebook, nothing autograded."""
    for name in ("autograded", "feedback"):
        shutil.rmtree(course / name, ignore_errors=True)
    for path in course.glob("gradebook.db*"):
        path.unlink()
    measure(course, 1, "nbgrader", "generate_assignment", "bench", "--force")
    return course


if __name__ == "__main__":
    main()
