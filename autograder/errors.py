"""The errors that people see. Each names the place and the remedy."""

from __future__ import annotations


class AutograderError(Exception):
    """Something a person has to mend; the message says where and how."""


class QuizError(AutograderError):
    """A ``quiz.yaml`` or ``questions.json`` cannot be used as it stands."""


class AnswerError(AutograderError):
    """An answer cannot be recorded as it stands."""


class NotAnswered(QuizError):
    """A question is open, or its answer unreadable, where nbgrader validates the notebook."""

    def _render_traceback_(self) -> list[str]:
        """What IPython prints: the message alone."""
        return [str(self)]
