"""The program inside the sandbox. It starts one process for every check and never runs learner
code itself.

It needs the standard library alone. Its job is a line of JSON on standard input, which stays open
for as long as anyone wants the result. It runs the job's ``setup`` once, so that imports are paid
once, and says so; then, for every call that comes, each a line of JSON, it forks a process that
runs the learner's source and the call, watches it, kills everything it left behind, and writes one
line of JSON. What a check sent is passed on unread. The next call is sent after that: no process of
a check can find a later one.

``run`` in ``autograder/sandbox/host.py`` writes the job and reads the lines.
"""

from __future__ import annotations

import ast
import base64
import contextlib
import ctypes
import errno
import json
import linecache
import os
import platform
import random
import select
import signal
import struct
import sys
import time
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

SOURCE = "<your code>"
CALL = "<check>"
SETUP = "<setup>"

#: What the process of a check sends before any learner code runs in it.
STARTED = b"started\n"
#: Seconds for the set-up code, imports included.
SETUP_SECONDS = 120
#: Seconds between two looks at what a check uses.
_LOOK = 0.02
#: A check may send this many bytes, and an array may have this many elements.
MAX_BYTES = 4_000_000
MAX_ELEMENTS = 200_000
_MAX_DEPTH = 50
_MAX_INT_BITS = 1024
#: Processes and threads of a check, together.
_MAX_TASKS = 64
_MAX_FILES = 64
_MAX_FILE_BYTES = 32 * 2**20
#: With less memory left on the machine, the check is ended whoever took the rest.
_MACHINE_RESERVE = 0.04

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_SECCOMP = 22
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38

_CLONE_NEW_NAMESPACE = 0x7E020000
_SOCKET_FAMILIES = (1, 2, 10)  # AF_UNIX, AF_INET, AF_INET6

#: Kernel interfaces that no answer needs: (x86_64, aarch64) numbers. They would hold memory that
#: no limit counts, reach other processes, or give a new view of the file system.
_REFUSED_CALLS = {
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsmount": (432, 432),
    "mount_setattr": (442, 442),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
}
_MACHINES = {  # audit architecture, column above, then: clone, clone3, socket
    "x86_64": (0xC000003E, 0, 56, 435, 41),
    "aarch64": (0xC00000B7, 1, 220, 435, 198),
}


def main() -> None:
    orders = os.fdopen(os.dup(0), "rb")
    job = json.loads(orders.readline())
    job["lifeline"] = orders.fileno()
    channel = os.fdopen(os.dup(1), "w")
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    protect(job["uid"])

    def emit(line: dict[str, Any]) -> None:
        channel.write(json.dumps(line) + "\n")
        channel.flush()

    module = types.ModuleType("__main__")
    module.__dict__["display"] = lambda *objects, **options: None  # as in a notebook
    sys.modules["__main__"] = module
    try:
        with time_limit(SETUP_SECONDS):
            execute(job["setup"], SETUP, module)
    except BaseException as error:
        emit({"setup": describe(error, SETUP)})
        return
    emit({"setup": None})
    for line in iter(orders.readline, b""):
        emit(run_check(json.loads(line), module, job))


def protect(uid: int | None) -> None:
    """Give up root, and let no process of a check reach into this one.

    As the first process of its namespace this one cannot be killed from inside, as long as it
    handles no signal.
    """
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sys.platform == "linux":
        prctl(_PR_SET_DUMPABLE, 0)
        prctl(_PR_SET_CHILD_SUBREAPER, 1)


@contextlib.contextmanager
def time_limit(seconds: int) -> Iterator[None]:
    """Interrupt trusted code that takes too long."""

    def interrupt(*_: object) -> NoReturn:
        raise TimeoutError(f"it did not finish in {seconds} s")

    signal.signal(signal.SIGALRM, interrupt)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


def run_check(call: str, module: types.ModuleType, job: dict[str, Any]) -> Any:
    """Run one call in a process of its own and say how it ended."""
    readable, writable = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            confine(writable, job)
            check_process(call, module, job["source"])
        finally:
            os._exit(1)
    os.close(writable)
    try:
        ended, data = watch(child, readable, job)
    finally:
        os.close(readable)
        kill_everything(child)
    return {"ended": ended, "data": base64.b64encode(data).decode()}


def watch(child: int, readable: int, job: dict[str, Any]) -> tuple[str, bytes]:
    """What the check sent until it ended, or until it used more than it may."""
    limits, lifeline = job["limits"], job["lifeline"]
    data = b""
    deadline = time.monotonic() + limits["seconds"]
    budget = Budget(limits["memory_mb"] * 2**20)
    sources = [lifeline, readable]
    while True:
        ready = select.select(sources, [], [], _LOOK if readable in sources else _LOOK / 4)[0]
        if lifeline in ready:
            sys.exit("the process that started the sandbox is gone")
        if readable in ready:
            chunk = os.read(readable, 2**16)
            data += chunk
            if not chunk:
                sources.remove(readable)
            if len(data) > MAX_BYTES:
                return "output", b""
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            data += rest(readable)
            code = os.waitstatus_to_exitcode(status)
            return (f"signal {-code}" if code < 0 else f"exit {code}"), data[: MAX_BYTES + 1]
        if time.monotonic() > deadline:
            return "timeout", b""
        exceeded = budget.exceeded()
        if exceeded:
            return exceeded, b""


def rest(readable: int) -> bytes:
    """What is in the pipe now; a process that outlives the check may still hold the other end."""
    data = b""
    while len(data) <= MAX_BYTES and select.select([readable], [], [], 0)[0]:
        chunk = os.read(readable, 2**16)
        if not chunk:
            break
        data += chunk
    return data


class Budget:
    """How much memory and how many tasks all processes of a check may use together.

    Every process starts as a copy of this one; what it shares with this one is not counted.
    """

    def __init__(self, memory: int) -> None:
        self.memory = memory
        self.own = _status(os.getpid()).get("RssAnon", 0)

    def exceeded(self) -> str:
        """``"memory"``, ``"tasks"``, ``"machine"`` or nothing."""
        memory = tasks = 0
        for process in descendants(os.getpid()):
            status = _status(process)
            memory += max(0, status.get("RssAnon", 0) - self.own) + status.get("RssShmem", 0)
            tasks += status.get("Threads", 0)
        if memory > self.memory:
            return "memory"
        if tasks > _MAX_TASKS:
            return "tasks"
        machine = _fields("/proc/meminfo")
        left = machine.get("MemAvailable", 1) / machine.get("MemTotal", 1)
        return "machine" if left < _MACHINE_RESERVE else ""


def _status(process: int) -> dict[str, int]:
    fields = _fields(f"/proc/{process}/status")
    return {name: fields[name] for name in ("RssAnon", "RssShmem", "Threads") if name in fields}


def _fields(path: str) -> dict[str, int]:
    """The numbers of a ``name: number [kB]`` file, in bytes; nothing where it cannot be read."""
    numbers = {}
    with contextlib.suppress(OSError):
        for line in Path(path).read_text(errors="replace").splitlines():
            name, _, rest = line.partition(":")
            words = rest.split()
            if words and words[0].isdigit():
                numbers[name] = int(words[0]) * (1024 if words[1:] == ["kB"] else 1)
    return numbers


def descendants(ancestor: int) -> list[int]:
    """Every process that a process or one of its descendants started."""
    parents = {}
    with contextlib.suppress(OSError):
        for process in Path("/proc").iterdir():
            if process.name.isdigit():
                with contextlib.suppress(OSError):
                    stat = (process / "stat").read_text(errors="replace")
                    parents[int(process.name)] = int(stat.rpartition(")")[2].split()[1])
    found: list[int] = []
    generation = {ancestor}
    while generation:
        generation = {child for child, parent in parents.items() if parent in generation}
        found += generation
    return found


def kill_everything(child: int) -> None:
    """Kill the check and all that it started; return when none of it is left."""
    while True:
        if os.getpid() == 1:
            with contextlib.suppress(ProcessLookupError):
                os.kill(-1, signal.SIGKILL)
        else:
            for process in descendants(os.getpid()):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(process, signal.SIGKILL)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(_LOOK / 4)


def confine(writable: int, job: dict[str, Any]) -> None:
    """Leave the process of a check with one pipe and what its limits allow; then say so.

    Where any of it fails, nothing is sent and no learner code runs.
    """
    import resource  # only where there are such limits: this module is also imported elsewhere

    limits, isolated = job["limits"], job["isolated"]
    os.setsid()
    os.nice(10)
    os.dup2(0, 2)
    result = os.dup2(writable, 3, inheritable=False)
    os.closerange(result + 1, 65536)
    with contextlib.suppress(OSError):
        here = Path(os.environ["TMPDIR"], str(os.getpid()))
        here.mkdir()
        os.chdir(here)
        os.environ["HOME"] = str(here)
    seconds = int(limits["seconds"] * (os.cpu_count() or 1)) + 2
    ceilings = {
        resource.RLIMIT_AS: _mapped() + limits["memory_mb"] * 2**20,
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_FSIZE: _MAX_FILE_BYTES,
        resource.RLIMIT_NOFILE: _MAX_FILES,
        resource.RLIMIT_CORE: 0,
    }
    if job["limit_tasks"]:
        ceilings[resource.RLIMIT_NPROC] = _MAX_TASKS
    if isolated:
        ceilings[resource.RLIMIT_MSGQUEUE] = 0
        ceilings[resource.RLIMIT_MEMLOCK] = 0
    for kind, most in ceilings.items():
        with contextlib.suppress(ValueError):
            resource.setrlimit(kind, (most, most))
    if sys.platform == "linux":
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        prctl(_PR_SET_DUMPABLE, 1)
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("1000")
        if isolated or platform.machine() in _MACHINES:
            refuse_kernel_interfaces()
    os.write(3, STARTED)


def _mapped() -> int:
    """The bytes of address space that this process has already."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def prctl(option: int, value: int, address: Any = 0) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, ctypes.c_ulong(value), address, 0, 0):
        raise OSError(ctypes.get_errno(), f"prctl({option}) failed")


def refuse_kernel_interfaces() -> None:
    """Install a system-call filter that every later process of the check inherits."""
    program = _filter(*_MACHINES[platform.machine()])
    buffer = ctypes.create_string_buffer(program, len(program))

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))

    prctl(_PR_SET_NO_NEW_PRIVS, 1)
    whole = Program(len(program) // 8, ctypes.addressof(buffer))
    prctl(_PR_SET_SECCOMP, 2, ctypes.byref(whole))


def _filter(architecture: int, column: int, clone: int, clone3: int, socket: int) -> bytes:
    """The filter as classic BPF: EPERM for what is refused, everything else allowed.

    ``clone3`` is answered with ENOSYS, upon which the C library falls back to ``clone``, whose
    flags a filter can read.
    """
    load, equal, at_least, any_bit, give = 0x20, 0x15, 0x35, 0x45, 0x06
    allow, kill, refuse = 0x7FFF0000, 0x80000000, 0x00050000

    def step(code: int, value: int, then: int = 0, otherwise: int = 0) -> bytes:
        return struct.pack("=HBBI", code, then, otherwise, value)

    steps = [
        step(load, 4),
        step(equal, architecture, 1, 0),
        step(give, kill),
        step(load, 0),
        step(at_least, 0x40000000, 0, 1),
        step(give, refuse | errno.ENOSYS),
        step(equal, clone3, 0, 1),
        step(give, refuse | errno.ENOSYS),
    ]
    for numbers in _REFUSED_CALLS.values():
        steps += [step(equal, numbers[column], 0, 1), step(give, refuse | errno.EPERM)]
    steps += [
        step(equal, clone, 0, 4),
        step(load, 16),
        step(any_bit, _CLONE_NEW_NAMESPACE, 0, 1),
        step(give, refuse | errno.EPERM),
        step(give, allow),
        step(equal, socket, 1, 0),
        step(give, allow),
        step(load, 16),
        *(step(equal, family, len(_SOCKET_FAMILIES) - at, 0) for at, family in _families()),
        step(give, refuse | errno.EPERM),
        step(give, allow),
    ]
    return b"".join(steps)


def _families() -> list[tuple[int, int]]:
    return list(enumerate(_SOCKET_FAMILIES))


def check_process(call: str, module: types.ModuleType, source: str) -> NoReturn:
    """Run the learner's source and the call, send what came of it, and end."""
    try:
        message: dict[str, Any] = {"value": encode(evaluate(call, module, source))}
        data = json.dumps(message).encode()
    except BaseException as error:
        data = json.dumps({"error": describe(error, SOURCE)}).encode()
    while data:
        data = data[os.write(3, data) :]
    os._exit(0)


def evaluate(call: str, module: types.ModuleType, source: str) -> object:
    """The value of the last expression of the call, after the learner's source ran."""
    execute(source, SOURCE, module)
    random.seed(0)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(0)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)
    tree = ast.parse(call, CALL)
    last = tree.body.pop()
    if not isinstance(last, ast.Expr):
        raise SyntaxError("a check has to end in an expression")
    exec(compile(tree, CALL, "exec", dont_inherit=True), module.__dict__)
    value = ast.Expression(last.value)
    return eval(compile(value, CALL, "eval", dont_inherit=True), module.__dict__)


def execute(source: str, name: str, module: types.ModuleType) -> None:
    lines = source.splitlines(keepends=True)
    linecache.cache[name] = (len(source), None, lines, name)
    exec(compile(source, name, "exec", dont_inherit=True), module.__dict__)


def describe(error: BaseException, name: str) -> dict[str, Any]:
    """The type of an exception, a short message, and the line of the code named ``name``."""
    kind = type(error).__name__[:80]
    line = None
    if isinstance(error, SyntaxError) and error.filename == name:
        line = error.lineno
    trace = error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == name:
            line = trace.tb_lineno
        trace = trace.tb_next
    try:
        message = error.msg if isinstance(error, SyntaxError) else str(error)
        message = str.__getitem__(message, slice(400))
    except BaseException:
        message = ""
    return {"type": kind, "message": message, "line": line}


def encode(value: Any, depth: int = 0) -> object:
    """A value as JSON: exact built-in types, PyTorch tensors and NumPy arrays.

    A tuple becomes a list, a NumPy scalar a Python number, a dtype its name. Instances of
    subclasses and all else become ``{"unsupported": type name}``.
    """
    kind = type(value)
    if value is None or kind is bool or kind is str or kind is float:
        return value
    if kind is int and value.bit_length() <= _MAX_INT_BITS:
        return value
    if depth < _MAX_DEPTH:
        if kind in (list, tuple, *_types("torch", "Size")):
            return [encode(each, depth + 1) for each in value]
        if kind is dict and all(type(key) is str for key in value):
            return {"dict": [[key, encode(each, depth + 1)] for key, each in value.items()]}
    if kind in (*_types("torch", "Tensor"), *_types("torch.nn", "Parameter")):
        return _array("tensor", value.detach(), value.numel(), str(value.dtype)[len("torch.") :])
    if kind in _types("torch", "dtype"):
        return str(value)
    if kind in _types("numpy", "ndarray") and value.dtype.kind in "biuf":
        return _array("array", value, value.size, value.dtype.name)
    if issubclass(kind, _types("numpy", "generic")) and kind.__module__ == "numpy":
        return encode(value.item(), depth + 1)
    return {"unsupported": kind.__name__}


def _types(module: str, name: str) -> tuple[type, ...]:
    """The type of that name, if its module has been imported."""
    found = getattr(sys.modules.get(module), name, None)
    return (found,) if isinstance(found, type) else ()


def _array(kind: str, value: Any, elements: int, dtype: str) -> Any:
    if elements > MAX_ELEMENTS or dtype.startswith(("complex", "q")) or "128" in dtype:
        return {"unsupported": f"{kind} of {elements} elements of type {dtype}"}
    values = value.reshape(-1).tolist()
    return {kind: {"dtype": dtype, "shape": [int(size) for size in value.shape], "values": values}}


if __name__ == "__main__":
    main()
