"""What the commands share: the program, its options, and reading all quizzes asked for."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from autograder.errors import AutograderError
from autograder.quiz import QUIZ_FILE, Quiz, load_quiz

# jsonschema, which nbgrader imports, compiles forty grammars of international web addresses where
# it finds this package: a third of the time that a command takes to start. No command checks any.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Quizzes: for who writes them, who grades them, and who learns by them.",
)
export_app = typer.Typer(no_args_is_help=True, help="Write items or grades for other systems.")
app.add_typer(export_app, name="export", rich_help_panel="For authors and instructors")

Quizzes = Annotated[
    list[str] | None, typer.Argument(help="Names of quizzes; all of them by default.")
]
Source = Annotated[Path, typer.Option(help="The folder that holds a folder for each quiz.")]


def load_quizzes(names: list[str] | None, source: Path) -> list[tuple[Path, Quiz]]:
    """Every quiz asked for; all problems of all of them are reported before giving up."""
    folders = [source / name for name in names or all_quizzes(source)]
    loaded, problems = [], []
    for folder in folders:
        try:
            loaded.append((folder, load_quiz(folder / QUIZ_FILE, thorough=True)))
        except AutograderError as error:
            problems.append(str(error))
    if problems:
        raise AutograderError("\n".join(problems))
    return loaded


def all_quizzes(source: Path) -> list[str]:
    names = sorted(path.parent.name for path in source.glob(f"*/{QUIZ_FILE}"))
    if not names:
        raise AutograderError(
            f"{source}: holds no <quiz>/{QUIZ_FILE}; run this in the course's folder "
            "or name the folder with --source"
        )
    return names


def write_changed(path: Path, text: str) -> None:
    """Write only what changed, so that build times and dates stay meaningful."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
