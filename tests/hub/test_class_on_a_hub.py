"""A class on a real JupyterHub, set up by the commands of docs/instructors.md as they stand there.

Two learners and an instructor with accounts of their own fetch, answer, hand in, collect, grade and
give back through nbgrader's exchange. Every expected score was worked out by hand from the quizzes.
"""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import tempfile
import textwrap
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from machine import ROOT, Machine, obstacle
from people import Person
from requests import HTTPError

pytestmark = pytest.mark.skipif(obstacle() != "", reason=obstacle())
PASSWORDS = {name: f"{name}'s password" for name in ("ann", "ben", "instructor")}
#: The instructor adds a question with variants: ann's head has 312 * 12 + 12 = 3756 parameters and
#: ben's 768 * 6 + 6 = 4614.
WITH_VARIANTS = """
- id: head-size
  type: numeric
  title: The head's size
  concepts: [task-dictates-architecture]
  difficulty: direct
  points: 1
  parameters:
    hidden: [256, 312, 384, 512, 768, 1024]
    labels: {from: 3, to: 12}
  stem: |
    A linear head turns vectors of {{ hidden }} components into scores for {{ labels }} classes. How
    many parameters does it have?
  answer: "{{ hidden * labels + labels }}"
  feedback: Weights and biases.
  explanation: A weight for each pair of component and class, and a bias for each class.
"""
LABELS = {"ann": 12, "ben": 6}
#: Both write ann's number. Ann has 2 + 6 + 1 points; ben has 3, for three pairs of six.
ANSWERS = {
    "ann": """
quiz.answer("head-size", {"value": "3756"})
quiz.answer("triage-head", {"choice": "pooled-scores"})
quiz.answer("match-tasks-to-heads", {"pairs": {
    "newspaper": "class-softmax", "pharmacy": "token-softmax", "lease": "two-positions",
    "garage": "single-value", "driving-school": "pair-score", "festival": "step-vocabulary"}})
""",
    "ben": """
quiz.answer("head-size", {"value": "3756"})
quiz.answer("triage-head", {"choice": "one-number"})
quiz.answer("match-tasks-to-heads", {"pairs": {
    "newspaper": "class-softmax", "pharmacy": "token-softmax", "lease": "two-positions"}})
""",
}
TOTALS = {"ann": "9 of 43", "ben": "3 of 43"}


@dataclass(frozen=True)
class Class:
    """The people of a class, each with a running server, and the address of their hub."""

    hub: str
    ann: Person
    ben: Person
    instructor: Person

    @property
    def learners(self) -> tuple[Person, Person]:
        return self.ann, self.ben


@pytest.fixture(scope="module")
def on_hub() -> Iterator[Class]:
    folder = Path(tempfile.mkdtemp(prefix="downstream-hub-"))
    folder.chmod(0o755)
    try:
        machine = Machine(folder)
        passwords = "\n".join(f"{name}:{password}" for name, password in PASSWORDS.items())
        machine.run(
            f"{_documented('/etc/jupyterhub')}\n{_documented('useradd')}\n"
            f'chpasswd <<< "{passwords}"\n{_documented("su - instructor")}'
        )
        with (folder / "home/instructor/course/source/heads/quiz.yaml").open("a") as quiz:
            quiz.write(WITH_VARIANTS)
        with _running(machine) as hub, ThreadPoolExecutor() as together:
            people = together.map(lambda one: Person.signed_in(hub, *one), PASSWORDS.items())
            yield Class(hub, *people)
    finally:
        shutil.rmtree(folder)


class _running:
    """The machine's JupyterHub, started as ``jupyterhub.service`` does, on free ports."""

    def __init__(self, machine: Machine) -> None:
        public, hub, proxy = _free_ports(3)
        unit = (ROOT / "docs" / "jupyterhub" / "jupyterhub.service").read_text()
        settings = dict(re.findall(r"^(\w+)=(.*)$", unit, re.MULTILINE))
        ports = [
            f"--JupyterHub.bind_url=http://127.0.0.1:{public}",
            f"--JupyterHub.hub_bind_url=http://127.0.0.1:{hub}",
            f"--ConfigurableHTTPProxy.api_url=http://127.0.0.1:{proxy}",
        ]
        self.address = f"http://127.0.0.1:{public}"
        self._log = machine.folder / "hub.log"
        self._command = machine.command(
            f"cd {settings['WorkingDirectory']} && export {settings['Environment']} && "
            f"exec {settings['ExecStart']} {' '.join(ports)}"
        )

    def __enter__(self) -> str:
        with self._log.open("w") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        deadline = time.monotonic() + 180
        while "JupyterHub is now running" not in self._log.read_text():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise RuntimeError(f"JupyterHub did not start:\n{self._log.read_text()}")
            time.sleep(0.2)
        return self.address

    def __exit__(self, *_: object) -> None:
        self._process.kill()  # and with it every process on the machine
        self._process.wait()


@pytest.fixture(scope="module")
def handed_in(on_hub: Class) -> Class:
    """The class once the quiz is released and both learners have handed it in."""
    on_hub.instructor.types(_documented("nbgrader release_assignment"))
    for learner in on_hub.learners:
        assert ("heads", "released") in learner.assignments()
        learner.assignments("fetch", "heads")
        shown = learner.run_notebook("heads/heads.ipynb", [ANSWERS[learner.name]])
        assert f"scores for {LABELS[learner.name]} classes" in shown
        assert ("heads", "submitted") in learner.assignments("submit", "heads")
    return on_hub


def test_feedback_with_the_score_comes_back(handed_in: Class) -> None:
    instructor = handed_in.instructor
    instructor.types(_documented("nbgrader collect"))
    for learner in handed_in.learners:
        listed = learner.assignments("fetch_feedback", "heads")
        (submission,) = listed["heads", "submitted"]["submissions"]
        page = learner.read(f"{submission['local_feedback_path']}/heads.html")
        (total,) = re.findall(r"<p class='score'>(\S+ of \S+) points", page)
        assert total == TOTALS[learner.name]
        assert f"<p>{learner.name}</p>" in page

    graded = instructor.ask("GET", f"{instructor.server}/formgrader/api/submissions/heads")
    scores = {one["student"]: (one["autograded"], one["score"]) for one in graded}
    assert scores == {"ann": (True, 9), "ben": (True, 3)}


def test_nobody_reads_what_is_not_theirs(handed_in: Class) -> None:
    course = "/srv/nbgrader/exchange/downstream"
    for closed in (
        f"ls {course}/inbound",
        f"mv {course} {course}-gone",
        "ls /home/ann",
        "cat /home/instructor/course/source/heads/quiz.yaml",
        "cat /home/instructor/course/gradebook.db",
        "ls /home/instructor/course/submitted",
        "cat /srv/jupyterhub/jupyterhub.sqlite",
    ):
        with pytest.raises(AssertionError, match=r"Permission denied|not permitted"):
            handed_in.ben.types(closed)
    found = handed_in.ben.types(
        f"find {course} -path '*ann*' -print 2>/dev/null || true; echo none"
    )
    assert "ann+heads" not in found


def test_only_the_class_is_let_in(on_hub: Class) -> None:
    with pytest.raises(PermissionError):
        Person.signed_in(on_hub.hub, "ben", PASSWORDS["ann"])
    with pytest.raises(PermissionError):
        Person.signed_in(on_hub.hub, "root", "")
    with pytest.raises(HTTPError, match=r"404|403"):
        on_hub.ben.ask("GET", f"{on_hub.ann.server}/api/contents/heads")
    with pytest.raises(HTTPError, match=r"404|403"):
        on_hub.ben.ask("GET", f"{on_hub.instructor.server}/formgrader/api/submissions/heads")


def _documented(containing: str) -> str:
    """The commands of the section "On JupyterHub" in which something stands."""
    text = (ROOT / "docs" / "instructors.md").read_text()
    section = text.split("\n## On JupyterHub\n")[1].split("\n## ")[0]
    blocks = re.findall(r" {3}```bash\n(.*?) {3}```", section, re.DOTALL)
    (block,) = (textwrap.dedent(block) for block in blocks if containing in block)
    return block


def _free_ports(number: int) -> list[int]:
    probes = [socket.socket() for _ in range(number)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports
