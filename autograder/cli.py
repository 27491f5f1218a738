"""The command ``autograder``: for instructors and authors of quizzes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from autograder.errors import AutograderError
from autograder.quiz import QUESTIONS_FILE, QUIZ_FILE, Quiz, load_quiz

# jsonschema, which nbgrader imports, compiles forty grammars of international web addresses where
# it finds this package: a third of the time that a command takes to start. No command checks any.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)

Quizzes = Annotated[
    list[str] | None, typer.Argument(help="Names of quizzes; all of them by default.")
]
Source = Annotated[Path, typer.Option(help="The folder that holds a folder for each quiz.")]


@app.command()
def build(quizzes: Quizzes = None, source: Source = Path("source")) -> None:
    """Build each quiz's source notebook and questions.json from its quiz.yaml."""
    from autograder.notebooks import source_notebook, to_text

    for folder, quiz in _load(quizzes, source):
        _write(folder / f"{quiz.id}.ipynb", to_text(source_notebook(quiz)))
        _write(folder / QUESTIONS_FILE, quiz.public().to_json())
        typer.echo(f"{quiz.id}: built {len(quiz.items)} items")


@app.command()
def check(
    quizzes: Quizzes = None,
    source: Source = Path("source"),
    release: Annotated[
        Path | None,
        typer.Option(help="Check what learners receive, in this folder (quizzes), as well."),
    ] = None,
) -> None:
    """Check quiz.yaml files: validity, what guessing earns, writing, and leaks of the key."""
    from autograder.checks import command

    command.run(quizzes or _all(source), source, release, not quizzes, typer.echo)


@app.command()
def schema(source: Source = Path("source")) -> None:
    """Write the JSON Schema with which editors check quiz.yaml files."""
    from autograder.schema import SCHEMA_FILE, quiz_schema, to_text

    _write(source / SCHEMA_FILE, to_text(quiz_schema()))


@app.command()
def catalogue(
    source: Source = Path("source"),
    target: Annotated[Path, typer.Option(help="The page to write.")] = Path(
        "docs/misconceptions.md"
    ),
) -> None:
    """Write the page of misconceptions from source/misconceptions.yaml."""
    from autograder.misconceptions import load_catalogue, to_markdown

    found = load_catalogue(source)
    _write(target, to_markdown(found, [quiz for _, quiz in _load(None, source)]))
    typer.echo(f"{target}: {len(found)} misconceptions")


@app.command()
def review(
    quiz: Annotated[str, typer.Argument(help="The quiz to review.")],
    answers: Annotated[
        Path | None,
        typer.Option(help="A reader's answers (JSON); without it, the sheet is printed."),
    ] = None,
    reader: Annotated[str, typer.Option(help="Who answered; any name that stays the same.")] = "",
    round_number: Annotated[int, typer.Option("--round", min=1, help="Which round it is.")] = 1,
    source: Source = Path("source"),
) -> None:
    """Print what a blind reader of a quiz gets, or record what the reader answered."""
    from autograder import reviews

    if not reader:
        raise AutograderError("name the reader, which picks the variants: --reader NAME")
    ((_, loaded),) = _load([quiz], source)
    if answers is None:
        typer.echo(json.dumps(reviews.sheet(loaded, reader), ensure_ascii=False, indent=1))
        return
    found = reviews.review(loaded, reviews.load_verdicts(answers), reader, round_number)
    reviews.append_reviews(source, found)
    for one in found:
        if not one.agrees:
            typer.echo(f"{one.item}: score {one.score}; {one.defensible} {one.note}".rstrip())
    typer.echo(f"{quiz}: {sum(one.agrees for one in found)} of {len(found)} answers agree")


@app.command()
def practice(
    quiz: Annotated[str, typer.Argument(help="The quiz to practise.")],
    items: Annotated[
        list[str] | None, typer.Argument(help="Ids of questions; all of the quiz by default.")
    ] = None,
    source: Source = Path("source"),
) -> None:
    """Practise a quiz at the terminal: judged at once, with hints; nothing is recorded."""
    import click

    from autograder.practice import open_practice
    from autograder.practice.terminal import practise

    session = open_practice(quiz, source)
    for name in items or []:
        session.attempt(name)  # an unknown id is named before the first question

    def edit(text: str) -> str | None:
        return click.edit(text, extension=".py", require_save=False)

    practise(session, items or session.items, input, edit, typer.echo)


@app.command()
def grade(
    quiz: Annotated[str, typer.Argument(help="The quiz to grade.")],
    force: Annotated[bool, typer.Option(help="Grade unchanged submissions too.")] = False,
    workers: Annotated[int | None, typer.Option(help="Worker processes; one a core.")] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler, instead of processes here.")
    ] = None,
    run_code_unprotected: Annotated[
        bool,
        typer.Option(help="Run learner code WITHOUT a sandbox, with your rights, where none is."),
    ] = False,
    report: Annotated[
        Path | None, typer.Option(help="Where the list of changed scores goes (CSV).")
    ] = None,
) -> None:
    """Grade all submissions of a quiz into nbgrader's gradebook, in bulk."""
    from autograder.bulk import command

    command.run(quiz, force, workers, scheduler, run_code_unprotected, report)


@app.command()
def feedback(
    quiz: Annotated[str, typer.Argument(help="The quiz whose graded submissions to report.")],
) -> None:
    """Write each learner's feedback page, with scores and comments as the gradebook has them."""
    from autograder.bulk.feedback import write_feedback

    pages = write_feedback(quiz)
    typer.echo(f"{quiz}: {len(pages)} pages, for example {pages[0]}")


@app.command()
def verify(
    receipts: Annotated[list[Path], typer.Argument(help="Files that learners downloaded.")],
    learner: Annotated[
        str | None, typer.Option(help="Whose they are, where they do not say it.")
    ] = None,
) -> None:
    """Compare learners' receipts with what they handed in."""
    from autograder.verify import verify as compare

    lines, agreed = compare(receipts, learner)
    for line in lines:
        typer.echo(line)
    if not agreed:
        raise SystemExit(1)


def _load(names: list[str] | None, source: Path) -> list[tuple[Path, Quiz]]:
    """Every quiz asked for; all problems of all of them are reported before giving up."""
    folders = [source / name for name in names or _all(source)]
    loaded, problems = [], []
    for folder in folders:
        try:
            loaded.append((folder, load_quiz(folder / QUIZ_FILE, thorough=True)))
        except AutograderError as error:
            problems.append(str(error))
    if problems:
        raise AutograderError("\n".join(problems))
    return loaded


def _all(source: Path) -> list[str]:
    names = sorted(path.parent.name for path in source.glob(f"*/{QUIZ_FILE}"))
    if not names:
        raise AutograderError(
            f"{source}: holds no <quiz>/{QUIZ_FILE}; run this in the course's folder "
            "or name the folder with --source"
        )
    return names


def _write(path: Path, text: str) -> None:
    """Write only what changed, so that build times and dates stay meaningful."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def main() -> None:
    """Run the command; an error a person can mend ends it with its message and exit code 1."""
    try:
        app()
    except AutograderError as error:
        typer.echo(error, err=True)
        raise SystemExit(1) from error
