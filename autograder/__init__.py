"""The quiz package: from a ``quiz.yaml`` to a notebook, from answers to grades.

Learners need one name, ``open_quiz``; everything else is for instructors and is imported from its
module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograder.session import open_quiz

__all__ = ["open_quiz"]


def __getattr__(name: str) -> Any:
    if name == "open_quiz":
        from autograder.session import open_quiz

        return open_quiz
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
