"""Commands for who grades."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from autograder.cli.shared import app, export_app
from autograder.errors import AutograderError

PANEL = "For instructors"


@app.command(rich_help_panel=PANEL)
def collect(
    quiz: Annotated[str, typer.Argument(help="The quiz that was handed in.")],
    sources: Annotated[
        list[Path], typer.Argument(help="Zips from Moodle or Canvas, folders, lone notebooks.")
    ],
    roster: Annotated[Path | None, typer.Option(help="The class list (CSV).")] = None,
    learner_column: Annotated[
        str | None, typer.Option(help="The heading of its column with nbgrader's ids.")
    ] = None,
    learner: Annotated[
        str | None, typer.Option(help="Whose all of it is, where no path says it.")
    ] = None,
    time: Annotated[
        str | None, typer.Option(help="When all of it was handed in: '2026-11-24 18:00'.")
    ] = None,
    timezone: Annotated[
        str | None, typer.Option(help="The zone of times without one; this computer's by default.")
    ] = None,
    unplaced: Annotated[
        Path, typer.Option(help="Where copies of what could not be placed go.")
    ] = Path("unplaced"),
    report: Annotated[
        Path | None, typer.Option(help="Where the list of all files goes (CSV).")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be.")] = False,
) -> None:
    """Sort what learners handed in into nbgrader's folders; say where every file ended."""
    from autograder.collecting import command

    command.run(
        quiz,
        sources,
        roster=roster,
        id_column=learner_column,
        learner=learner,
        time=time,
        timezone=timezone,
        unplaced=unplaced,
        report=report,
        dry=dry_run,
    )


@app.command(rich_help_panel=PANEL)
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


@app.command(rich_help_panel=PANEL)
def feedback(
    quiz: Annotated[str, typer.Argument(help="The quiz whose graded submissions to report.")],
) -> None:
    """Write each learner's feedback page, with scores and comments as the gradebook has them."""
    from autograder.bulk.feedback import write_feedback

    pages = write_feedback(quiz)
    typer.echo(f"{quiz}: {len(pages)} pages, for example {pages[0]}")


@app.command(rich_help_panel=PANEL)
def mark(
    quiz: Annotated[str, typer.Argument(help="The quiz, whose submissions are graded.")],
    item: Annotated[
        str | None, typer.Argument(help="The case study; needed where the quiz has several.")
    ] = None,
    grader: Annotated[str, typer.Option(help="Who marks; your account's name by default.")] = "",
    second: Annotated[
        str | None,
        typer.Option(help="A second grader, who marks a sample without the first marks."),
    ] = None,
    sample: Annotated[
        int, typer.Option(min=1, help="How many answers the second grader gets.")
    ] = 20,
    settle: Annotated[
        bool, typer.Option("--settle", help="Answers on which two graders differ, both in sight.")
    ] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 0,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
) -> None:
    """Mark a case study level by level, learner after learner without names, into the gradebook."""
    from getpass import getuser

    from autograder.marking import Desk, Role
    from autograder.marking.server import serve

    if second is not None and (settle or grader):
        raise AutograderError(
            "--second names the grader and goes with neither --grader nor --settle"
        )
    role: Role = "second" if second is not None else "settled" if settle else "first"
    name = second if second is not None else grader or getuser()
    serve(Desk(quiz, item, name, role, sample), port, typer.echo, open_browser=browser)


@app.command(rich_help_panel=PANEL)
def agreement(
    quiz: Annotated[str, typer.Argument(help="The quiz that two graders marked.")],
    item: Annotated[str | None, typer.Argument(help="A case study; all by default.")] = None,
) -> None:
    """Compare two graders: Cohen's kappa for each criterion, and where they differ most."""
    from autograder.marking import command

    command.agreement(quiz, item)


@app.command(rich_help_panel=PANEL)
def alike(
    quiz: Annotated[str, typer.Argument(help="The quiz whose submissions to compare.")],
    report: Annotated[
        Path | None, typer.Option(help="Where the list goes (CSV); alike-QUIZ.csv by default.")
    ] = None,
    threshold: Annotated[
        float,
        typer.Option(min=0.1, max=1, help="The share in common from which answers are listed."),
    ] = 0.5,
    level: Annotated[
        float,
        typer.Option(
            min=1e-6, max=0.2, help="How often wrong answers may list a class without cause."
        ),
    ] = 0.05,
) -> None:
    """List answers that are alike, to look at: what it finds is no verdict."""
    from autograder.alike import command

    command.run(quiz, report, threshold, level)


@app.command(rich_help_panel=PANEL)
def report(
    quiz: Annotated[str, typer.Argument(help="The quiz to report on.")],
    names: Annotated[bool, typer.Option(help="Name the learners, in page and table.")] = False,
    output: Annotated[
        Path | None, typer.Option(help="The page; report-QUIZ.html by default. Tables go beside.")
    ] = None,
) -> None:
    """Write what the class understood and which questions to repair: a page and two tables."""
    from autograder.reports import command

    command.run(quiz, names, output, typer.echo)


@export_app.command("grades")
def export_grades(
    quizzes: Annotated[list[str], typer.Argument(help="The quizzes, each with a column.")],
    system: Annotated[str, typer.Option("--for", help="canvas, moodle or plain.")],
    output: Annotated[Path, typer.Option(help="The file to write (CSV).")],
    roster: Annotated[
        Path | None, typer.Option(help="The class list, best as the system exports it (CSV).")
    ] = None,
    learner_column: Annotated[
        str | None, typer.Option(help="The heading of its column with nbgrader's ids.")
    ] = None,
    missing: Annotated[
        str, typer.Option(help="What learners get who handed nothing in: blank or zero.")
    ] = "blank",
    incomplete: Annotated[
        bool, typer.Option("--incomplete", help="Leave open grades blank, instead of refusing.")
    ] = False,
    column: Annotated[
        list[str] | None, typer.Option(help="quiz=heading, where the system's is no title.")
    ] = None,
) -> None:
    """Write grades from the gradebook as Canvas or Moodle import them."""
    from autograder import grade_export

    grade_export.export_grades(
        quizzes,
        system,
        roster,
        output,
        id_column=learner_column,
        missing=missing,
        incomplete=incomplete,
        columns=column or (),
        say=typer.echo,
    )


@app.command(rich_help_panel=PANEL)
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
