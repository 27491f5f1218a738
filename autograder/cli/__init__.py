"""The command ``autograder``, by kind of reader."""

from __future__ import annotations

import typer

from autograder.cli import authors, instructors, learners  # noqa: F401  (they add their commands)
from autograder.cli.shared import app
from autograder.errors import AutograderError

__all__ = ["app", "main"]


def main() -> None:
    """Run the command; an error a person can mend ends it with its message and exit code 1."""
    try:
        app()
    except AutograderError as error:
        typer.echo(error, err=True)
        raise SystemExit(1) from error
