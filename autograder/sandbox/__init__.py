"""The only place where learner code runs.

``judge`` scores an answer to a ``code`` item; ``verify`` checks such an item for its author;
``run`` runs code in the sandbox and returns what came of it as plain data.
"""

from autograder.sandbox.host import Isolation, Limits, SandboxError, SetupError, run
from autograder.sandbox.judging import judge, verify

__all__ = ["Isolation", "Limits", "SandboxError", "SetupError", "judge", "run", "verify"]
