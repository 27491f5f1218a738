"""Commands for who practises."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from autograder.cli.record import app as record_app
from autograder.cli.shared import Source, app

PANEL = "For learners"
app.add_typer(record_app, name="record", rich_help_panel=PANEL)


@app.command(rich_help_panel=PANEL)
def practice(
    quiz: Annotated[str, typer.Argument(help="The quiz to practise.")],
    items: Annotated[
        list[str] | None, typer.Argument(help="Ids of questions; all of the quiz by default.")
    ] = None,
    source: Source = Path("source"),
    record: Annotated[
        bool, typer.Option(help="Whether your own record keeps what tries were worth.")
    ] = True,
) -> None:
    """Practise a quiz at the terminal: judged at once, with hints; nothing counts."""
    from autograder.practice import open_practice
    from autograder.practice.terminal import practise

    session = open_practice(quiz, source, record=record)
    for name in items or []:
        session.attempt(name)  # an unknown id is named before the first question

    practise(session, items or session.items, input, _edit, typer.echo)


@app.command(rich_help_panel=PANEL)
def study(
    source: Source = Path("source"),
    minutes: Annotated[float, typer.Option(min=1, help="How long it is to take.")] = 10,
) -> None:
    """Today's review at the terminal: what is due of all that you practised."""
    from autograder.practice.terminal import practise
    from autograder.study.review import open_review

    review = open_review(source, minutes=minutes)
    typer.echo(f"Today's review: {review.headline}")
    if review.queue:
        practise(review, review.queue, input, _edit, typer.echo, review.explain)
        typer.echo(f"\n{review.summary()!r}")


@app.command(rich_help_panel=PANEL)
def placement(
    source: Source = Path("source"),
    quiz: Annotated[str, typer.Option(help="The placement quiz.")] = "placement",
) -> None:
    """Find out at the terminal where to start in the course."""
    from autograder.practice.terminal import practise
    from autograder.study.placement import open_placement

    session = open_placement(quiz, source)
    typer.echo(f"{session.title}: {session.headline}")
    practise(session, session.open, input, _edit, typer.echo)
    typer.echo(f"\n{session.suggestion()!r}")


def _edit(text: str) -> str | None:
    import click

    return click.edit(text, extension=".py", require_save=False)
