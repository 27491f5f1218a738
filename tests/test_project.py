"""What holds for the project as a whole: one place for versions, two wings, known concepts."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from autograder.misconceptions import load_catalogue, to_markdown
from autograder.quiz import load_quiz
from downstream.concepts import CONCEPTS

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CONSTRAINTS = dict(
    line.split("==") for line in (ROOT / "constraints.txt").read_text().split() if "==" in line
)


def test_environment_yml_takes_everything_from_pyproject() -> None:
    environment = YAML(typ="safe").load(ROOT / "environment.yml")
    assert environment["channels"] == ["conda-forge"]
    python, pip, from_pip = environment["dependencies"]
    assert python == f"python{PROJECT['requires-python']}"
    assert pip == "pip"
    assert from_pip == {"pip": ["-c constraints.txt", "-e ."]}


def test_every_dependency_has_its_exact_version_in_constraints() -> None:
    wanted = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["test"]
    names = {re.split(r"[=><\[ ]", wish)[0].lower().replace("_", "-") for wish in wanted}
    fixed = {name.lower().replace("_", "-") for name in CONSTRAINTS}
    assert names - fixed == set()
    assert CONSTRAINTS["torch"] == "2.13.0"


def test_every_package_is_installed() -> None:
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    wings = ("autograder", "downstream")
    found = [path.parent for wing in wings for path in (ROOT / wing).rglob("__init__.py")]
    assert setuptools["packages"] == sorted(
        ".".join(folder.relative_to(ROOT).parts) for folder in found
    )


def test_every_file_that_the_code_reads_is_installed() -> None:
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    installed = {
        path
        for package, patterns in setuptools["package-data"].items()
        for pattern in patterns
        for path in ROOT.joinpath(*package.split(".")).glob(pattern)
    }
    listed = subprocess.run(
        ["git", "ls-files", "autograder", "downstream"], cwd=ROOT, capture_output=True, text=True
    )
    tracked = {ROOT / name for name in listed.stdout.split("\n") if name}
    assert {path for path in tracked if path.suffix != ".py"} - installed == set()


@pytest.mark.parametrize(
    ("wing", "other"), [("autograder", "downstream"), ("downstream", "autograder")]
)
def test_the_two_wings_do_not_import_each_other(wing: str, other: str) -> None:
    for path in (ROOT / wing).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not [name for name in names if name.split(".")[0] == other], path


@pytest.mark.parametrize(
    "path", sorted(ROOT.glob("source/*/quiz.yaml")), ids=lambda p: p.parent.name
)
def test_quizzes_name_known_concepts_and_an_existing_chapter(path: Path) -> None:
    quiz = YAML(typ="safe").load(path)
    known = {concept.id for concept in CONCEPTS}
    used = {concept for item in quiz["items"] for concept in item["concepts"]}
    assert used - known == set()
    assert (ROOT / "notebooks" / f"{quiz['chapter']}.ipynb").exists()


def test_the_sections_to_read_again_are_headings_of_the_chapters() -> None:
    texts = (ROOT / "notebooks" / "text").glob("*.py")
    headings = {
        number
        for path in texts
        for number in re.findall(r"^# #+ (\d+\.\d+) ", path.read_text(), re.MULTILINE)
    }
    yaml = YAML(typ="safe")
    catalogue = yaml.load(ROOT / "source" / "misconceptions.yaml")
    named = {name: entry["sections"] for name, entry in catalogue.items()}
    for path in ROOT.glob("source/*/quiz.yaml"):
        named |= {item["id"]: item.get("sections", []) for item in yaml.load(path)["items"]}
    unknown = {name: set(sections) - headings for name, sections in named.items()}
    assert {name: sections for name, sections in unknown.items() if sections} == {}


def test_the_page_of_misconceptions_is_up_to_date() -> None:
    quizzes = [load_quiz(path) for path in sorted(ROOT.glob("source/*/quiz.yaml"))]
    page = to_markdown(load_catalogue(ROOT / "source"), quizzes)
    assert (ROOT / "docs" / "misconceptions.md").read_text(encoding="utf-8") == page


def test_the_questions_that_were_asked_for_exist() -> None:
    items = {
        item["id"]: item["type"]
        for path in ROOT.glob("source/*/quiz.yaml")
        for item in YAML(typ="safe").load(path)["items"]
    }
    asked = {
        "startup-few-labels": "single_choice",
        "prompting-efficiency": "case_study",
        "order-adaptation-steps": "ordering",
        "choose-strategy": "case_study",
        "triage-head": "single_choice",
        "one-ptm-many-tasks": "case_study",
        "match-tasks-to-heads": "matching",
    }
    assert asked.items() <= items.items()


def test_the_readme_shows_both_commands() -> None:
    readme = (ROOT / "README.md").read_text()
    assert "make lab" in readme
    assert "make test" in readme
