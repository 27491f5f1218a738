"""``autograder record``: the learner's own record at a terminal."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated

import typer

from autograder.errors import AutograderError

app = typer.Typer(
    no_args_is_help=True, help="Your own record of practice: on this computer, for you alone."
)

Source = Annotated[
    Path | None,
    typer.Option(help="The folder that holds a folder for each quiz; the nearest by default."),
]


@app.command()
def show(source: Source = None) -> None:
    """Say what is recorded: where, how much, and mastery of each concept."""
    from autograder.errors import QuizError
    from autograder.study.evidence import days_in_a_row, days_practised
    from autograder.study.record import Record, switched_off, today
    from autograder.study.review import open_review

    record = Record()
    tries = record.tries()
    typer.echo(f"{record.path}: {_counted(len(tries), 'try', 'tries')}")
    if switched_off():
        typer.echo("Nothing is recorded at present: `autograder record on` changes that.")
    if not tries:
        return
    days = days_practised(tries)
    row = days_in_a_row(days, today())
    in_a_row = f", {row} of them in a row up to now" if row > 1 else ""
    typer.echo(f"Practised on {_counted(len(days), 'day', 'days')}{in_a_row}; last on {days[-1]}.")
    try:
        review = open_review(source)
    except QuizError as error:
        typer.echo(f"Mastery needs the course's quizzes. {error}")
        return
    typer.echo(f"Today: {review.headline}\n\n{review.summary()!r}")


@app.command()
def export(file: Annotated[Path, typer.Argument(help="A new file (JSON Lines).")]) -> None:
    """Write the record into a file, to keep or to move to another computer."""
    from autograder.study.record import Record
    from autograder.study.transfer import export_record

    typer.echo(f"{file}: {_counted(export_record(Record(), file), 'try', 'tries')}")


@app.command("import")
def import_(file: Annotated[Path, typer.Argument(help="An exported record.")]) -> None:
    """Add what an exported record holds and this one does not."""
    from autograder.study.record import Record
    from autograder.study.transfer import import_record

    added, held = import_record(Record(), file)
    typer.echo(f"{file}: {added} of {held} entries were new, and were added")


@app.command()
def delete(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete the record for good."""
    from autograder.study.record import Record

    record = Record()
    if not yes:
        typer.confirm(f"Delete {record.path} for good?", abort=True)
    typer.echo("Deleted." if record.delete() else f"{record.path}: there was none")


@app.command()
def off() -> None:
    """Record nothing from now on; what is recorded stays."""
    from autograder.study.record import switch

    switch(on=False)
    typer.echo("Nothing is recorded from now on; `autograder record delete` deletes what there is.")


@app.command()
def on() -> None:
    """Record what is practised from now on."""
    from autograder.study.record import Record, switch

    switch(on=True)
    typer.echo(f"What you practise is recorded from now on, in {Record().path}")


@app.command()
def capstone(
    report: Annotated[Path, typer.Argument(help="The report of your finished project.")],
    title: Annotated[str, typer.Option(help="What the certificate calls it.")],
    source: Source = None,
) -> None:
    """Mark your capstone project as finished; its report is not copied, only its digest kept."""
    from autograder.study.record import Capstone, Record, RecordError, today

    try:
        digest = hashlib.sha256(report.read_bytes()).hexdigest()
    except OSError as error:
        raise AutograderError(f"{report}: cannot be read ({error.strerror})") from error
    if not 0 < len(title) <= 200 or not title.isprintable():
        raise RecordError("--title: give one line of 1 to 200 characters")
    course = _course(source)
    Record().add([], [Capstone(course=course, title=title, digest=digest, day=today())])
    typer.echo(f"Marked as finished: {title} (SHA-256 of the report: {digest})")


@app.command()
def certificate(
    file: Annotated[Path, typer.Argument(help="A new file (HTML).")], source: Source = None
) -> None:
    """Write a page that states what you practised; it makes no claim of who you are."""
    from datetime import date

    from autograder.practice import given_source
    from autograder.quiz import QUIZ_FILE, load_quiz
    from autograder.study.certificate import issue, to_page
    from autograder.study.record import Record
    from autograder.study.transfer import write_new

    folder = given_source(source)
    record, course = Record(), _course(folder)
    tries, capstones = record.tries(course), record.capstones(course)
    quizzes = [load_quiz(path) for path in sorted(folder.glob(f"*/{QUIZ_FILE}"))] if tries else []
    write_new(file, to_page(issue(course, quizzes, tries, capstones, date.today())))
    typer.echo(f"{file}: written. Keep an export of your record with it, to verify it by.")


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="A certificate.")],
    against: Annotated[
        Path | None, typer.Option(help="An exported record; your own record by default.")
    ] = None,
) -> None:
    """Verify that a certificate and a record agree."""
    from autograder.study.certificate import disagreements, read_certificate
    from autograder.study.record import Record
    from autograder.study.transfer import read_export

    found = read_certificate(file)
    record = Record()
    tries, capstones = read_export(against) if against else (record.tries(), record.capstones())
    wrong = disagreements(found, tries, capstones)
    if wrong:
        raise AutograderError("\n".join(f"{file}: {line}" for line in wrong))
    typer.echo(f"{file}: agrees with the record (SHA-256 {found.digest})")


def _course(source: Path | None) -> str:
    from autograder.course import load_course
    from autograder.practice import given_source

    return load_course(given_source(source)).id


def _counted(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}"
