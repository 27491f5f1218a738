"""The quiz package: from a ``quiz.yaml`` to a notebook, from answers to grades.

Learners need five names, ``open_quiz``, ``sign_in``, ``open_practice``, ``open_placement`` and
``open_review``; everything else is for instructors and is imported from its module.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograder.learner import sign_in
    from autograder.practice import open_practice
    from autograder.session import open_quiz
    from autograder.study.placement import open_placement
    from autograder.study.review import open_review

__all__ = ["open_placement", "open_practice", "open_quiz", "open_review", "sign_in"]

#: Where each name is: imported when it is used, so that the package itself stays light.
_MODULES = {
    "open_placement": "autograder.study.placement",
    "open_practice": "autograder.practice",
    "open_quiz": "autograder.session",
    "open_review": "autograder.study.review",
    "sign_in": "autograder.learner",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
