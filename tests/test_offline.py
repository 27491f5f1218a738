"""With the network cut off: the start page, a chapter, and a round of practice."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NO_NETWORK = ["bwrap", "--dev-bind", "/", "/", "--unshare-net", "--die-with-parent"]
#: These two chapters are run here alone, and the others with the network; the first in full.
CHAPTERS = {"00_start_here": "0", "03_the_task_decides_the_head": "1"}
RUN = """
import sys
from pathlib import Path
from downstream.notebooks import ROOT, execute, read_text
execute(read_text(ROOT / "text" / f"{sys.argv[1]}.py"), ROOT)
"""


def offline(*command: str, answers: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*NO_NETWORK, sys.executable, *command],
        cwd=ROOT,
        env=os.environ | variables,
        input=answers,
        capture_output=True,
        text=True,
        timeout=600,
    )


def test_the_network_is_cut_off() -> None:
    ask = "import socket; socket.create_connection(('192.0.2.1', 443), timeout=5)"
    assert "Network is unreachable" in offline("-c", ask).stderr


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_runs(chapter: str) -> None:
    run = offline("-c", RUN, chapter, DOWNSTREAM_SHORT=CHAPTERS[chapter])
    assert run.returncode == 0, run.stderr


def test_a_round_of_practice(tmp_path: Path) -> None:
    record = {"DOWNSTREAM_RECORD": str(tmp_path / "record")}
    wanted = ("practice", "tour", "which-head", "mean-pooling")
    answered = offline("-m", "autograder", *wanted, answers="=\n\n=\n\n", **record)
    assert answered.returncode == 0, answered.stderr
    assert "1 of 2" in answered.stdout and "2 of 2" in answered.stdout
    review = offline("-m", "autograder", "record", "show", **record)
    assert "2 tries" in review.stdout, review.stdout + review.stderr
