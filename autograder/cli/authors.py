"""Commands for who writes quizzes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from autograder.cli.shared import (
    Quizzes,
    Source,
    all_quizzes,
    app,
    export_app,
    load_quizzes,
    write_changed,
)
from autograder.errors import AutograderError
from autograder.quiz import QUESTIONS_FILE

PANEL = "For authors"


@app.command(rich_help_panel=PANEL)
def new(
    quiz: Annotated[str, typer.Argument(help="The id of the new quiz, such as week-3.")],
    title: Annotated[str, typer.Option(help="Its title.")] = "TODO: the title",
    chapter: Annotated[
        str, typer.Option(help="The chapter that it goes with: the notebook's name.")
    ] = "00_start_here",
    types: Annotated[
        str, typer.Option("--with", help="Types of items, with commas between them.")
    ] = "single_choice,matching,numeric,case_study",
    source: Source = Path("source"),
) -> None:
    """Make a new quiz to fill in, with an item of each type asked for."""
    from autograder.authoring.new import new_quiz

    path = new_quiz(source, quiz, title, chapter, [one.strip() for one in types.split(",")])
    typer.echo(f"{path}: fill in what begins with TODO; `autograder check {quiz}` lists it")


@app.command(rich_help_panel=PANEL)
def build(quizzes: Quizzes = None, source: Source = Path("source")) -> None:
    """Build each quiz's source notebook and questions.json from its quiz.yaml."""
    from autograder.notebooks import source_notebook, to_text

    for folder, quiz in load_quizzes(quizzes, source):
        write_changed(folder / f"{quiz.id}.ipynb", to_text(source_notebook(quiz)))
        write_changed(folder / QUESTIONS_FILE, quiz.public().to_json())
        typer.echo(f"{quiz.id}: built {len(quiz.items)} items")


@app.command(rich_help_panel=PANEL)
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

    command.run(quizzes or all_quizzes(source), source, release, not quizzes, typer.echo)


@app.command(rich_help_panel=PANEL)
def schema(source: Source = Path("source")) -> None:
    """Write the JSON Schema with which editors check quiz.yaml files."""
    from autograder.schema import SCHEMA_FILE, course_schema, to_text

    write_changed(source / SCHEMA_FILE, to_text(course_schema(source)))


@app.command(rich_help_panel=PANEL)
def catalogue(
    source: Source = Path("source"),
    target: Annotated[Path, typer.Option(help="The page to write.")] = Path(
        "docs/misconceptions.md"
    ),
) -> None:
    """Write the page of misconceptions from source/misconceptions.yaml."""
    from autograder.misconceptions import load_catalogue, to_markdown

    found = load_catalogue(source)
    write_changed(target, to_markdown(found, [quiz for _, quiz in load_quizzes(None, source)]))
    typer.echo(f"{target}: {len(found)} misconceptions")


@app.command(rich_help_panel=PANEL)
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
    ((_, loaded),) = load_quizzes([quiz], source)
    if answers is None:
        typer.echo(json.dumps(reviews.sheet(loaded, reader), ensure_ascii=False, indent=1))
        return
    found = reviews.review(loaded, reviews.load_verdicts(answers), reader, round_number)
    reviews.append_reviews(source, found)
    for one in found:
        if not one.agrees:
            typer.echo(f"{one.item}: score {one.score}; {one.defensible} {one.note}".rstrip())
    typer.echo(f"{quiz}: {sum(one.agrees for one in found)} of {len(found)} answers agree")


@export_app.command("items")
def export_items(
    quiz: Annotated[str, typer.Argument(help="The quiz to write.")],
    form: Annotated[str, typer.Option("--as", help="moodle-xml, qti21 or qti12 (Canvas).")],
    output: Annotated[Path, typer.Option(help="The file to write; the losses go beside it.")],
    variants: Annotated[
        int | None, typer.Option(min=1, help="How many variants of an item; all by default.")
    ] = None,
    source: Source = Path("source"),
) -> None:
    """Write a quiz for Moodle, Canvas or another system, and list what that cannot express."""
    from autograder.interchange import command

    ((folder, loaded),) = load_quizzes([quiz], source)
    command.export(loaded, folder, form, output, variants, typer.echo)


@app.command("import", rich_help_panel=PANEL)
def import_items(
    file: Annotated[Path, typer.Argument(help="Moodle XML (.xml) or GIFT (.gift, .txt).")],
    as_quiz: Annotated[str, typer.Option(help="The id of the new quiz.")],
    source: Source = Path("source"),
) -> None:
    """Make a new quiz of the questions of another system; say what is left to write."""
    from autograder.interchange import command

    command.import_items(file, as_quiz, source, typer.echo)
