"""Runs learner code in every way in which the sandbox can be started here."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest

from autograder.sandbox import Limits, host
from autograder.sandbox.outcomes import Outcome

GOOD = "def answer():\n    return 42\n"
ANSWER = Outcome("returned", 42)
SMALL = Limits(seconds=2, memory_mb=256)

Attack = Callable[..., Outcome]


BWRAP = shutil.which("bwrap")
assert BWRAP, "these tests need bubblewrap: apt install bubblewrap"
WAYS = [way for way in host.ways(BWRAP) if not host.trouble(way)]
assert WAYS, "bubblewrap does not work here: see host.confinement()"


@pytest.fixture(params=WAYS, ids=lambda way: f"root given up {way.gives_up_root}")
def way(request: pytest.FixtureRequest) -> host.Confinement:
    """Every way to start the sandbox that works here."""
    return request.param


@pytest.fixture
def attack(way: host.Confinement) -> Attack:
    """Run code that defines ``attack()`` and return the outcome of calling it.

    The same submission answers two other checks, one before and one after: both have to count.
    """

    def run(code: str, limits: Limits = SMALL) -> Outcome:
        calls = ["answer()", "attack()", "answer()"]
        before, attacked, after = host.run_confined(way, "", GOOD + code, calls, limits)
        assert (before, after) == (ANSWER, ANSWER)
        return attacked

    return run
