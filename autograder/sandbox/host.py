"""Starts the sandbox and reads what came of the checks.

A sandbox is one process, started by bubblewrap in namespaces of its own: it has no network, sees
no process but its own, and of the file system only Python, its packages and a small empty folder.
``runner.py`` is the program in it.
"""

from __future__ import annotations

import ast
import base64
import importlib.util
import json
import os
import platform
import re
import secrets
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from autograder.errors import AutograderError
from autograder.sandbox.outcomes import Outcome, decode, error_text
from autograder.sandbox.runner import MAX_BYTES, SETUP_SECONDS, STARTED, descendants

_RUNNER = Path(__file__).with_name("runner.py")
_INSIDE = "/sandbox/runner.py"
_TEMPORARY_BYTES = 64 * 2**20
#: Seconds that the runner has beyond those that it allows the set-up code or a check.
_GRACE_SECONDS = 10
#: The sandbox has to find installed packages, even where root gave root up.
_PROBE = "import typing_extensions"
_MACHINES = ("x86_64", "aarch64")
#: User ids that systemd keeps for processes without a user of their own; containers have them too.
_FIRST_FREE_USER = 61_184
_FREE_USERS = 4_336

_INSTALL = """\
No sandbox is available, so no learner code was run. {reason}
Learner code runs only inside bubblewrap, on Linux. To get it:
  Debian, Ubuntu: sudo apt install bubblewrap
  Fedora, RHEL:   sudo dnf install bubblewrap
  macOS, Windows: grade in Linux: a virtual machine, WSL 2, or a container
In a container, namespaces have to be allowed (for Docker: --cap-add SYS_ADMIN
--security-opt seccomp=unconfined --security-opt apparmor=unconfined); on Ubuntu 24.04 and later,
AppArmor has to allow bwrap to create user namespaces.\
"""


class SandboxError(AutograderError):
    """Learner code cannot be run safely on this machine; the message says what to install."""


class SetupError(AutograderError):
    """The ``setup`` of an item failed, before any learner code ran."""


class Isolation(Enum):
    """Where learner code may run.

    ``REQUIRED``: in the sandbox or not at all. ``ACCEPT_RISK``: as a plain process of yours, with
    time and memory limits and an empty environment, but free to read and change your files, keys
    and grades, and to use the network. That is for code you would run yourself.
    """

    REQUIRED = "required"
    ACCEPT_RISK = "accept-risk"


@dataclass(frozen=True)
class Limits:
    """What one check may use: seconds of wall-clock time, and memory of all its processes."""

    seconds: float = 20
    memory_mb: int = 2048


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True)
class Confinement:
    """A way to start the sandbox; they differ in whose process it is.

    No process in the sandbox is ever one of the machine's root, with or without privileges: the
    kernel lets root's processes write system settings and does not count them. So root starts the
    sandbox as a user that no file and no other process belongs to (``gives_up_root``): the runner
    becomes that user, or where bubblewrap lacks the privileges, bubblewrap already is. For anyone
    else the sandbox has the same user as outside, in a user namespace of its own.
    """

    bwrap: str
    gives_up_root: Literal["inside", "before", "never had it"]

    def options(self) -> list[str]:
        """The options of bubblewrap."""
        if self.gives_up_root == "inside":
            return ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
        return ["--unshare-user", "--uid", "65534", "--gid", "65534", "--cap-drop", "ALL"]

    def limits_tasks(self) -> bool:
        """Whether the kernel counts the tasks of this sandbox apart from those of its user."""
        release = [int(number) for number in re.findall(r"\d+", platform.release())[:2]]
        return self.gives_up_root != "never had it" or release >= [5, 14]


def run(
    setup: str,
    source: str,
    calls: Sequence[str],
    limits: Limits = DEFAULT_LIMITS,
    isolation: Isolation = Isolation.REQUIRED,
) -> tuple[Outcome, ...]:
    """Run learner code: one outcome for each call.

    ``setup`` is trusted and runs once; then ``source`` and one call run in a fresh copy of that
    process, for each call in turn. A call is sent when those before it have ended, so that no
    process holds one that comes later. Where the machine, not the learner, kept a check from
    ending, its outcome is ``lost``.

    Raises
    ------
    SandboxError
        Where there is no sandbox on this machine (and the risk was not accepted).
    SetupError
        Where ``setup`` fails.
    """
    if isolation is Isolation.ACCEPT_RISK:
        return _run_unconfined(setup, source, calls, limits)
    return run_confined(confinement(), setup, source, calls, limits)


def confinement() -> Confinement:
    """The way to start the sandbox that works here, found by trying.

    Raises
    ------
    SandboxError
        Where none does.
    """
    bwrap = shutil.which("bwrap")
    if sys.platform != "linux":
        raise SandboxError(_INSTALL.format(reason=f"This machine runs {sys.platform}."))
    if platform.machine() not in _MACHINES:
        raise SandboxError(
            _INSTALL.format(reason=f"Processor {platform.machine()!r} is not known.")
        )
    if bwrap is None:
        raise SandboxError(_INSTALL.format(reason="The program bwrap was not found."))
    return _working(bwrap)


@lru_cache
def _working(bwrap: str) -> Confinement:
    reasons = []
    for way in ways(bwrap):
        reason = trouble(way)
        if not reason:
            return way
        reasons.append(reason)
    raise SandboxError(_INSTALL.format(reason=f"{bwrap} does not work here: {'; '.join(reasons)}."))


def ways(bwrap: str) -> list[Confinement]:
    """The ways to start the sandbox that this process may try, the best first."""
    if os.geteuid() != 0 or Path("/proc/self/uid_map").read_text().split()[:2] != ["0", "0"]:
        return [Confinement(bwrap, "never had it")]
    return [Confinement(bwrap, "inside"), Confinement(bwrap, "before")]


def trouble(way: Confinement) -> str:
    """Why a way to start the sandbox does not work here; empty where it does."""
    try:
        (outcome,) = run_confined(way, _PROBE, "", ["6 * 7"], Limits(10, 64))
    except AutograderError as error:
        return str(error)
    return "" if outcome == Outcome("returned", 42) else outcome.detail


def run_confined(
    confinement: Confinement, setup: str, source: str, calls: Sequence[str], limits: Limits
) -> tuple[Outcome, ...]:
    """Run learner code in a sandbox started in the given way."""
    view = _View(setup)
    command = [
        confinement.bwrap,
        *confinement.options(),
        *("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"),
        *("--unshare-cgroup-try", "--hostname", "sandbox"),
        *("--die-with-parent", "--new-session", "--as-pid-1"),
        *view.options(),
        *("--chdir", "/tmp", *_python(_INSIDE)),
    ]
    nobody = _FIRST_FREE_USER + secrets.randbelow(_FREE_USERS)
    job = {
        **_job(setup, source, limits),
        "uid": nobody if confinement.gives_up_root == "inside" else None,
        "isolated": True,
        "limit_tasks": confinement.limits_tasks(),
    }
    start_as = nobody if confinement.gives_up_root == "before" else None
    environment = _environment("/tmp", view.module_folders)
    return _outcomes(command, environment, job, calls, start_as=start_as)


def _job(setup: str, source: str, limits: Limits) -> dict[str, Any]:
    """What the runner is told, however it is started."""
    return {
        "setup": setup,
        "source": source,
        "limits": {"seconds": limits.seconds, "memory_mb": limits.memory_mb},
    }


def _run_unconfined(
    setup: str, source: str, calls: Sequence[str], limits: Limits
) -> tuple[Outcome, ...]:
    if os.name != "posix":
        raise SandboxError(_INSTALL.format(reason="This machine cannot fork processes."))
    plain = {"uid": None, "isolated": False, "limit_tasks": False}
    job = {**_job(setup, source, limits), **plain}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        environment = _environment(folder, _View(setup).module_folders)
        return _outcomes(_python(str(_RUNNER)), environment, job, calls, folder=folder)


def _python(runner: str) -> list[str]:
    return [sys.executable, "-s", "-P", runner]


def _environment(folder: str, module_folders: Sequence[str]) -> dict[str, str]:
    """All environment variables that the runner gets."""
    one_thread = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    return {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": folder,
        "TMPDIR": folder,
        "USER": "learner",
        "LOGNAME": "learner",
        "PYTHONPATH": os.pathsep.join(module_folders),
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "MPLBACKEND": "Agg",
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        **dict.fromkeys(one_thread, "1"),
    }


class _View:
    """What the sandbox sees of the file system, beside an empty folder: Python and packages.

    Of every Python installation only ``bin`` and ``lib`` are bound, never its folder as a whole:
    a course folder may lie around its own ``.venv``.
    """

    def __init__(self, setup: str) -> None:
        prefixes = {sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix}
        prefixes |= {str(Path(prefix).resolve()) for prefix in prefixes}
        prefixes.add(str(Path(sys.executable).resolve().parent.parent))
        packages = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
        folders = [f"{prefix}/{name}" for prefix in prefixes for name in ("bin", "lib", "lib64")]
        folders += ["/usr/lib", "/usr/lib64", "/usr/share/zoneinfo", *packages]
        self.folders = _outermost(folders)
        modules = list(self._modules_elsewhere(setup))
        self.files = [
            *map(str, modules),
            *(link for link in _links(sys.executable) if not _within(link, self.folders)),
            *(f"{prefix}/pyvenv.cfg" for prefix in prefixes),
            "/etc/ld.so.cache",
        ]
        self.module_folders = [path for path in packages if not path.startswith(sys.prefix)]
        self.module_folders += sorted({str(module.parent) for module in modules})

    def _modules_elsewhere(self, setup: str) -> Iterator[Path]:
        """Packages and modules that the set-up code imports from outside the Python folders."""
        for name in sorted(_imported(setup)):
            try:
                spec = importlib.util.find_spec(name)
            except (ImportError, ValueError):
                continue
            if spec is None or not spec.has_location or spec.origin is None:
                continue
            if not _within(spec.origin, self.folders):
                origin = Path(spec.origin)
                yield origin.parent if spec.submodule_search_locations else origin

    def options(self) -> list[str]:
        """The options of bubblewrap that make this view."""
        small = ["--perms", "1777", "--size", str(_TEMPORARY_BYTES), "--tmpfs"]
        options = [*small, "/tmp", "--dev", "/dev", *small, "/dev/shm", "--proc", "/proc"]
        options += ["--ro-bind", "/proc/sys", "/proc/sys"]
        for name in ("/lib", "/lib64"):
            link = Path(name)
            if link.is_symlink():
                options += ["--symlink", str(link.readlink()), name]
            else:
                options += ["--ro-bind-try", name, name]
        bound = [path for path in dict.fromkeys([*self.folders, *self.files]) if _exists(path)]
        for folder in _parents(bound):
            options += ["--dir", folder]
        for path in bound:
            options += ["--ro-bind", path, path]
        options += ["--dir", str(Path(_INSIDE).parent), "--ro-bind", str(_RUNNER), _INSIDE]
        return [*options, "--remount-ro", "/dev", "--remount-ro", "/"]


def _outermost(folders: Sequence[str]) -> list[str]:
    """The folders without those that lie in another one, outer folders first."""
    kept: list[str] = []
    for folder in sorted(set(folders), key=len):
        if not _within(folder, kept):
            kept.append(folder)
    return kept


def _within(path: str, folders: Sequence[str]) -> bool:
    return any(Path(path).is_relative_to(folder) for folder in folders)


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except OSError:
        return False


def _parents(paths: Sequence[str]) -> list[str]:
    """The folders above the paths, outer folders first.

    bubblewrap would make them too, but closed to other users where their source is.
    """
    found = {str(parent) for path in paths for parent in Path(path).parents}
    return sorted(found - {"/"}, key=len)


def _links(path: str) -> Iterator[str]:
    """A path and, where it is a symbolic link, the paths it leads to."""
    yield path
    while Path(path).is_symlink():
        path = str(Path(path).parent / Path(path).readlink())
        yield path


def _imported(setup: str) -> set[str]:
    """The top-level names of the modules that code imports."""
    names: set[str] = set()
    try:
        tree = ast.parse(setup)
    except (SyntaxError, ValueError):
        return names
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


def _outcomes(
    command: list[str],
    environment: dict[str, str],
    job: dict[str, Any],
    calls: Sequence[str],
    *,
    folder: str = "/",
    start_as: int | None = None,
) -> tuple[Outcome, ...]:
    """Start the runner and turn the lines it writes into outcomes."""
    seconds = job["limits"]["seconds"]
    with tempfile.TemporaryFile() as complaints:
        how = {"env": environment, "cwd": folder, "stderr": complaints}
        if start_as is not None:
            how |= {"user": start_as, "group": start_as, "extra_groups": []}
        with _process(command, how) as process:
            _send(process, job)
            lines = _Lines(process, len(calls))
            first = lines.next(SETUP_SECONDS + _GRACE_SECONDS)
            outcomes = []
            if first is not None and first["setup"] is None:
                for call in calls:
                    _send(process, call)
                    line = lines.next(seconds + _GRACE_SECONDS)
                    if line is None:
                        break
                    outcomes.append(_outcome(line, job["limits"]))
        if first is None:
            complaints.seek(0)
            said = complaints.read(2000).decode(errors="replace").strip()
            raise SandboxError(f"The sandbox did not start: {said or 'it gave no reason'}")
        if first["setup"] is not None:
            raise SetupError(f"the setup code raised {error_text(first['setup'])}")
    lost = Outcome("lost", detail="The sandbox ended before this check")
    return (*outcomes, *[lost] * (len(calls) - len(outcomes)))


def _send(process: subprocess.Popen[bytes], data: object) -> None:
    """Tell the runner something; where it has ended, its silence will say so."""
    assert process.stdin is not None
    with suppress(BrokenPipeError):
        process.stdin.write(json.dumps(data).encode() + b"\n")
        process.stdin.flush()


@contextmanager
def _process(command: list[str], how: dict[str, Any]) -> Iterator[subprocess.Popen[bytes]]:
    """The runner; ended at the end, and with it all that is in its namespace.

    The runner ends when its standard input does, so also when this process is killed.
    """
    how = {**how, "stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "start_new_session": True}
    try:
        process = subprocess.Popen(command, **how)
    except (OSError, subprocess.SubprocessError) as error:
        raise SandboxError(f"The sandbox cannot be started: {error}") from error
    try:
        yield process
    finally:
        try:
            with suppress(BrokenPipeError, subprocess.TimeoutExpired):
                process.communicate(timeout=_GRACE_SECONDS)
        finally:
            for each in descendants(process.pid):
                with suppress(ProcessLookupError):
                    os.kill(each, signal.SIGKILL)
            process.kill()
            process.wait()


class _Lines:
    """The lines that the runner writes, each awaited for a limited time and of a limited size."""

    def __init__(self, process: subprocess.Popen[bytes], calls: int) -> None:
        assert process.stdout is not None
        self.descriptor = process.stdout.fileno()
        self.buffer = b""
        self.left = (calls + 1) * (MAX_BYTES * 4 // 3 + 10_000)

    def next(self, seconds: float) -> dict[str, Any] | None:
        """The next line; None where the runner ended, stalled or wrote too much."""
        deadline = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self.descriptor, selectors.EVENT_READ)
            while b"\n" not in self.buffer:
                if not selector.select(max(0, deadline - time.monotonic())):
                    return None
                chunk = os.read(self.descriptor, 2**20)
                self.left -= len(chunk)
                if not chunk or self.left < 0:
                    return None
                self.buffer += chunk
        line, _, self.buffer = self.buffer.partition(b"\n")
        return json.loads(line)


def _outcome(line: dict[str, Any], limits: dict[str, Any]) -> Outcome:
    """What a line of the runner says about a check."""
    ended, data = line["ended"], base64.b64decode(line["data"])
    stopped = {
        "timeout": f"did not finish in {limits['seconds']:g} s",
        "memory": f"used more than {limits['memory_mb']} MB of memory",
        "tasks": "started too many processes or threads",
        "output": "returned too large a value",
    }
    if ended in stopped:
        return Outcome("stopped", detail=stopped[ended])
    if ended == "machine":
        return Outcome("lost", detail="The machine ran out of memory during this check")
    if not data.startswith(STARTED):
        return Outcome("lost", detail="The process of this check could not be confined")
    if data == STARTED:
        said = "ended the Python process"
        return Outcome("stopped", None, f"{said} ({ended})", said)
    return decode(data.removeprefix(STARTED))
