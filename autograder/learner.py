"""Who is answering: needed only where a quiz gives each learner a variant of their own."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_data_path

from autograder.errors import AnswerError


def sign_in(learner: str) -> None:
    """Remember, on this computer, the name that the course knows a learner by.

    Raises
    ------
    AnswerError
        Where the name cannot be the name of a submission's folder.
    """
    name = learner.strip()
    if not name or len(name) > 100 or any(c in "/\\" or not c.isprintable() for c in name):
        raise AnswerError(
            f"{learner!r} cannot be a name in a course: write the user name that your instructor "
            "knows you by, without slashes"
        )
    path = _file()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(name, encoding="utf-8")


def signed_in() -> str | None:
    """The name that JupyterHub gives, or the one of ``sign_in``; None where there is neither."""
    hub = os.environ.get("JUPYTERHUB_USER")
    if hub:
        return hub
    try:
        return _file().read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def _file() -> Path:
    return user_data_path("downstream") / "learner.txt"
