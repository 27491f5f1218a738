"""The only place where learner code runs.

``judge`` scores an answer to a ``code`` item, and ``judge_or_wait`` leaves it to a person where the
code cannot be run here; ``verify`` checks such an item for its author, and ``without_knowledge``
says what answers earn that know nothing; ``run`` runs code in the sandbox and returns what came of
it as plain data.
"""

from autograder.sandbox.host import Isolation, Limits, SandboxError, SetupError, run
from autograder.sandbox.judging import judge, judge_or_wait, verify, without_knowledge

__all__ = [
    "Isolation",
    "Limits",
    "SandboxError",
    "SetupError",
    "judge",
    "judge_or_wait",
    "run",
    "verify",
    "without_knowledge",
]
