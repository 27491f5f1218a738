"""The quiz package: from a ``quiz.yaml`` to a notebook, from answers to grades.

Learners need five names, ``open_quiz``, ``sign_in``, ``open_practice``, ``open_placement`` and
``open_review``; everything else is for instructors and is imported from its module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograder.learner import sign_in
    from autograder.practice import open_practice
    from autograder.session import open_quiz
    from autograder.study.placement import open_placement
    from autograder.study.review import open_review

__all__ = ["open_placement", "open_practice", "open_quiz", "open_review", "sign_in"]


def __getattr__(name: str) -> Any:
    if name == "open_quiz":
        from autograder.session import open_quiz

        return open_quiz
    if name == "open_practice":
        from autograder.practice import open_practice

        return open_practice
    if name == "open_placement":
        from autograder.study.placement import open_placement

        return open_placement
    if name == "open_review":
        from autograder.study.review import open_review

        return open_review
    if name == "sign_in":
        from autograder.learner import sign_in

        return sign_in
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
