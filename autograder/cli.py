"""The command ``autograder``: for instructors and authors of quizzes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from autograder.errors import AutograderError
from autograder.quiz import QUESTIONS_FILE, QUIZ_FILE, Quiz, load_quiz
from autograder.study.commands import app as record_app

# jsonschema, which nbgrader imports, compiles forty grammars of international web addresses where
# it finds this package: a third of the time that a command takes to start. No command checks any.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
app.add_typer(record_app, name="record")
export_app = typer.Typer(no_args_is_help=True, help="Write items for other systems.")
app.add_typer(export_app, name="export")

Quizzes = Annotated[
    list[str] | None, typer.Argument(help="Names of quizzes; all of them by default.")
]
Source = Annotated[Path, typer.Option(help="The folder that holds a folder for each quiz.")]


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
def agreement(
    quiz: Annotated[str, typer.Argument(help="The quiz that two graders marked.")],
    item: Annotated[str | None, typer.Argument(help="A case study; all by default.")] = None,
) -> None:
    """Compare two graders: Cohen's kappa for each criterion, and where they differ most."""
    from autograder.marking import command

    command.agreement(quiz, item)


@app.command()
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


@app.command()
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

    ((folder, loaded),) = _load([quiz], source)
    command.export(loaded, folder, form, output, variants, typer.echo)


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


@app.command("import")
def import_items(
    file: Annotated[Path, typer.Argument(help="Moodle XML (.xml) or GIFT (.gift, .txt).")],
    as_quiz: Annotated[str, typer.Option(help="The id of the new quiz.")],
    source: Source = Path("source"),
) -> None:
    """Make a new quiz of the questions of another system; say what is left to write."""
    from autograder.interchange import command

    command.import_items(file, as_quiz, source, typer.echo)


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
