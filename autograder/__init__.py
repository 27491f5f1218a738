"""The quiz package: from a ``quiz.yaml`` to a notebook, from answers to grades.

Learners need three names, ``open_quiz``, ``sign_in`` and ``open_practice``; everything else is for
instructors and is imported from its module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograder.learner import sign_in
    from autograder.practice import open_practice
    from autograder.session import open_quiz

__all__ = ["open_practice", "open_quiz", "sign_in"]


def __getattr__(name: str) -> Any:
    if name == "open_quiz":
        from autograder.session import open_quiz

        return open_quiz
    if name == "open_practice":
        from autograder.practice import open_practice

        return open_practice
    if name == "sign_in":
        from autograder.learner import sign_in

        return sign_in
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
