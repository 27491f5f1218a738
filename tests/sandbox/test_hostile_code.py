"""Code that attacks the sandbox: it earns nothing, changes nothing and stops nothing else."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from conftest import ANSWER, GOOD, SMALL, Attack

from autograder.sandbox import Isolation, Limits, host, run
from autograder.sandbox.outcomes import Outcome

ROOT = Path(__file__).parents[2]

ENDINGS = {
    "an infinite loop": ("while True: pass", "did not finish in 2 s"),
    "a loop that swallows exceptions and signals": (
        """
        import signal
        for number in range(1, 65):
            try: signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError): pass
        while True:
            try:
                while True: pass
            except BaseException: pass
        """,
        "did not finish in 2 s",
    ),
    "a thread that never ends, waited for": (
        """
        import threading
        def spin():
            while True: pass
        thread = threading.Thread(target=spin)
        thread.start(); thread.join()
        """,
        "did not finish in 2 s",
    ),
    "a process that stops itself": (
        "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)",
        "did not finish in 2 s",
    ),
    "a fork bomb": (
        """
        import os
        while True:
            try: os.fork()
            except OSError: pass
        """,
        ("did not finish in 2 s", "started too many processes or threads", "used more than 256 MB"),
    ),
    "a thread bomb": (
        """
        import threading, time
        threading.stack_size(32768)
        while True:
            try: threading.Thread(target=time.sleep, args=(99,)).start()
            except RuntimeError: pass
        """,
        ("did not finish in 2 s", "started too many processes or threads", "MemoryError"),
    ),
    "a memory bomb": (
        "x = []\n        while True: x.append(bytearray(2**20))",
        ("raised `MemoryError`", "used more than 256 MB of memory"),
    ),
    "a memory bomb in many processes": (
        """
        import os, time
        for _ in range(12):
            if os.fork() == 0:
                x = bytearray(60 * 2**20)
                time.sleep(60)
        time.sleep(60)
        """,
        "used more than 256 MB of memory",
    ),
    "shared memory in many processes": (
        """
        import mmap, os, time
        for _ in range(12):
            if os.fork() == 0:
                x = mmap.mmap(-1, 100 * 2**20)
                for at in range(0, len(x), 4096): x[at] = 1
                time.sleep(60)
        time.sleep(60)
        """,
        "used more than 256 MB of memory",
    ),
    "a huge value": ("return 'x' * 10**7", "too large a value"),
    "endless bytes into every descriptor": (
        """
        import os
        while True:
            for number in range(64):
                try: os.write(number, b'x' * 65536)
                except OSError: pass
        """,
        "too large a value",
    ),
    "sys.exit": ("import sys; sys.exit(0)", "raised `SystemExit: 0` on line 5"),
    "raise SystemExit": ("raise SystemExit", "raised `SystemExit` on line 5"),
    "raise KeyboardInterrupt": ("raise KeyboardInterrupt", "raised `KeyboardInterrupt` on line 5"),
    "os._exit": ("import os; os._exit(0)", "ended the Python process (exit 0)"),
    "os.abort": ("import os; os.abort()", "ended the Python process (signal 6)"),
    "a segmentation fault": ("import ctypes; ctypes.string_at(0)", "(signal 11)"),
    "endless recursion": (
        "return attack()",
        "raised `RecursionError: maximum recursion depth exceeded` on line 5",
    ),
    "a bottomless list": (
        "x = []\n        for _ in range(10**5): x = [x]\n        return x",
        "a value of type list",
    ),
    "a list that holds itself": ("x = []; x.append(x); return x", "a value of type list"),
    "an exception that cannot be shown": (
        """
        class Evil(Exception):
            def __str__(self): raise self
            __repr__ = __reduce__ = __str__
        raise Evil
        """,
        "raised `Evil` on line 8",
    ),
    "an exception with a long message": ("raise ValueError('<b>' * 10**6)", "…"),
}


@pytest.mark.parametrize("name", ENDINGS)
def test_however_a_check_ends_the_others_count(name: str, attack: Attack) -> None:
    code, ends = ENDINGS[name]
    began = time.monotonic()
    outcome = attack(f"def attack():\n    if True:\n        {code.strip()}\n")
    assert time.monotonic() - began < 12
    assert outcome != ANSWER
    said = _said(outcome)
    assert any(end in said for end in ([ends] if isinstance(ends, str) else ends)), said
    assert len(said) < 300


def _said(outcome: Outcome) -> str:
    if outcome.kind == "returned":
        return f"a value of type {_innermost(outcome.value).name}"
    return outcome.detail


def _innermost(value: Any) -> Any:
    while isinstance(value, list):
        (value,) = value
    return value


def test_the_number_of_processes_is_limited(attack: Attack) -> None:
    code = """
import os, time
def attack():
    for number in range(1000):
        try:
            if os.fork() == 0: time.sleep(60)
        except OSError:
            return number
"""
    assert 30 < attack(code, Limits(10, 1024)).value < 64


def test_a_neighbour_of_a_fork_bomb_is_graded(way: host.Confinement) -> None:
    bomb = "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass\n"
    with ThreadPoolExecutor() as pool:
        bombed = pool.submit(host.run_confined, way, "", bomb, ["1"], SMALL)
        time.sleep(0.3)
        began = time.monotonic()
        subprocess.run([sys.executable, "-c", "pass"], check=True)
        assert time.monotonic() - began < 2
        quiet = pool.submit(host.run_confined, way, "", GOOD, ["answer()"], Limits(10, 256))
        assert quiet.result() == (ANSWER,)
        assert bombed.result()[0].kind == "stopped"


DAEMON = """
import os, sys, time
def attack():
    for _ in range(2):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                sleep = 'import time; time.sleep(60)'
                os.execv(sys.executable, [sys.executable, '-c', sleep, {0!r}])
            os._exit(0)
    time.sleep(1)
    return 'left'
"""


def test_no_process_outlives_its_check(attack: Attack) -> None:
    token = uuid4().hex
    with _watching_for(token) as seen:
        assert attack(DAEMON.format(token)) == Outcome("returned", "left")
    assert seen, "the daemons never ran, so that this test shows nothing"
    assert _processes_with(token) == []


def test_no_process_outlives_its_check_where_the_risk_was_accepted() -> None:
    token = uuid4().hex
    with _watching_for(token) as seen:
        outcomes = run("", DAEMON.format(token), ["attack()"], SMALL, Isolation.ACCEPT_RISK)
    assert outcomes == (Outcome("returned", "left"),)
    assert seen
    assert _processes_with(token) == []


@contextmanager
def _watching_for(token: str) -> Iterator[list[int]]:
    """The processes with a token in their command line that ran meanwhile."""
    seen: list[int] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            seen.extend(_processes_with(token))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def _processes_with(token: str) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if token.encode() in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def test_a_thread_left_running_does_not_hold_the_check_up(attack: Attack) -> None:
    code = """
import threading, time
def attack():
    threading.Thread(target=time.sleep, args=(60,)).start()
    return 7
"""
    began = time.monotonic()
    assert attack(code) == Outcome("returned", 7)
    assert time.monotonic() - began < 1.5


KILL = """
import os, signal
def attack():
    for target in (os.getppid(), 1, -1):
        for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGSTOP):
            try: os.kill(target, number)
            except OSError: pass
    return 'done'
"""


def test_the_runner_cannot_be_killed(attack: Attack) -> None:
    assert attack(KILL) == Outcome("returned", "done")


FORGE = """
import base64, json, os
def attack():
    data = base64.b64encode(b'started\\n{"value": 42}').decode()
    line = json.dumps({'check': 1, 'ended': 'exit 0', 'data': data}) + '\\n'
    names = [f'/proc/{p}/fd/{n}' for p in ('1', 'self') for n in range(64)]
    for number in range(64):
        try: os.write(number, line.encode())
        except OSError: pass
    for name in names:
        try: open(name, 'w').write(line)
        except OSError: pass
    os._exit(0)
"""


def test_a_forged_line_of_the_runner_counts_for_nothing(attack: Attack) -> None:
    assert attack(FORGE).detail == "sent a result that cannot be read"


def test_a_forged_line_in_the_source_counts_for_nothing(way: host.Confinement) -> None:
    outcomes = host.run_confined(way, "", FORGE + "attack()", ["1", "2"], SMALL)
    assert [outcome.kind for outcome in outcomes] == ["stopped", "stopped"]


PATCHES = """
import json, os, sys
class Liar(dict):
    def __getattr__(self, name): return lambda *a, **k: '{"value": 42}'
json.dumps = lambda *a, **k: '{"value": 42}'
sys.modules['json'] = sys.modules['ast'] = Liar()
sys.stdout = sys.stderr = None
os.fork = lambda: 0
os.waitpid = lambda *a: (1, 0)
write = os.write
def attack(): return 41
"""


def test_patches_change_what_a_check_sends_but_not_the_runner(way: host.Confinement) -> None:
    calls = ["attack()", "os.write(3, b'{') and 1"]
    outcomes = host.run_confined(way, "", PATCHES, calls, SMALL)
    assert outcomes[0] == Outcome("returned", 42), "only what the code itself could have returned"
    assert outcomes[1].kind == "stopped"


def test_patched_builtins_break_the_check_that_patched_them(attack: Attack) -> None:
    code = """
def attack():
    import builtins
    builtins.isinstance = lambda *a: True
    builtins.len = lambda *a: 42
    builtins.type = lambda *a: float
    return 41
"""
    assert attack(code).value != 42


LOOK = """
import os
def attack():
    found = []
    for place in PLACES:
        try:
            with open(place, 'rb') as file: found.append([place, file.read(20).decode()])
        except OSError: pass
        try: found.append([place, sorted(os.listdir(place))])
        except OSError: pass
    return found
"""


def test_no_key_can_be_read(attack: Attack, tmp_path: Path) -> None:
    course = tmp_path / "course"
    for name in ("source/heads/quiz.yaml", "gradebook.db", "submitted/ann/heads/heads.ipynb"):
        file = course / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("secret")
    keys = [str(path) for path in course.rglob("*")]
    ours = [str(path) for path in (ROOT / "source", ROOT / "source/heads/quiz.yaml", ROOT / ".git")]
    places = [*keys, *ours, str(Path.home() / ".bashrc"), str(Path.cwd()), "/etc/shadow", "/home"]
    places.append(str(ROOT / "autograder"))
    look = LOOK + f"PLACES = {places!r}\n"

    unconfined = run("", look, ["attack()"], SMALL, Isolation.ACCEPT_RISK)[0]
    assert {keys[0], keys[-1], ours[0]} <= {place for place, _ in unconfined.value}

    seen = dict(attack(look).value)
    assert set(seen) <= {str(ROOT), str(Path.cwd())}
    assert all(content == [".venv"] for content in seen.values())


def test_the_file_system_holds_python_and_nothing_else(attack: Attack) -> None:
    code = f"""
import os, sys
KNOWN = {host._View("").folders!r} + ['/proc', '/lib', '/lib64', '/dev', '/tmp']
def attack():
    found = []
    for folder, folders, files in os.walk('/'):
        folders[:] = [name for name in folders if os.path.join(folder, name) not in KNOWN]
        found += [os.path.join(folder, name) for name in files]
    return sorted(found)
"""
    bound = host._View("").folders
    assert {sys.prefix, sys.base_prefix}.isdisjoint(bound), "a course may lie around its .venv"
    assert not [folder for folder in bound if ROOT.is_relative_to(folder)]
    found = [path for path in attack(code).value if not path.endswith(("/pyvenv.cfg", "/python"))]
    assert found == ["/etc/ld.so.cache", "/sandbox/runner.py"]


def test_the_sandbox_sees_no_process_and_no_variable_of_the_host(
    attack: Attack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADEBOOK_PASSWORD", "hush-hush")
    code = """
import glob, os
def attack():
    told = [repr(dict(os.environ))]
    for name in glob.glob('/proc/[0-9]*/*') + glob.glob('/proc/[0-9]*/task/*/*'):
        try: told.append(open(name, 'rb').read(10**5).decode(errors='replace'))
        except OSError: pass
    processes = [name for name in os.listdir('/proc') if name.isdigit()]
    refused = []
    for name in ('mem', 'environ', 'fd', 'cwd', 'root', 'maps'):
        try:
            (os.listdir if name == 'fd' else os.stat if name in ('cwd', 'root') else open)(
                f'/proc/1/{name}')
        except PermissionError: refused.append(name)
    return ['hush' in ' '.join(told), len(processes), refused, os.getpid() in map(int, processes)]
"""
    told, processes, refused, itself = attack(code).value
    assert (told, processes, itself) == (False, 2, True)
    assert refused == ["mem", "environ", "fd", "cwd", "root", "maps"]


@contextmanager
def _listeners(folder: Path) -> Iterator[dict[str, Any]]:
    """Sockets of this machine that answer: TCP, UDP, abstract and in the file system."""
    name = f"\0{uuid4().hex}"
    path = str(folder / "socket")
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        socket.socket(socket.AF_UNIX) as abstract,
        socket.socket(socket.AF_UNIX) as named,
    ):
        udp.bind(("127.0.0.1", 0))
        udp.settimeout(0.5)
        abstract.bind(name)
        named.bind(path)
        abstract.listen()
        named.listen()
        yield {
            "tcp": tcp.getsockname()[1],
            "udp": udp.getsockname()[1],
            "name": name,
            "path": path,
            "udp socket": udp,
        }


CONNECT = """
import socket
def reach(family, kind, address):
    try:
        with socket.socket(family, kind) as s:
            s.settimeout(1)
            s.connect(address)
            s.sendall(b'hello')
        return True
    except OSError:
        return False
def attack():
    reached = {
        'tcp': reach(socket.AF_INET, socket.SOCK_STREAM, ('127.0.0.1', TCP)),
        'udp': reach(socket.AF_INET, socket.SOCK_DGRAM, ('127.0.0.1', UDP)),
        'abstract': reach(socket.AF_UNIX, socket.SOCK_STREAM, NAME),
        'named': reach(socket.AF_UNIX, socket.SOCK_STREAM, PATH),
    }
    if OUT:
        reached['net'] = reach(socket.AF_INET, socket.SOCK_DGRAM, ('9.9.9.9', 53))
        reached['families'] = any(map(has, (16, 17, 38, 40)))
        try: reached['dns'] = bool(socket.getaddrinfo('example.org', 80))
        except OSError: reached['dns'] = False
    return reached
def has(family):
    try: socket.socket(family, socket.SOCK_RAW).close()
    except OSError: return False
    return True
"""


def test_no_network(attack: Attack, tmp_path: Path) -> None:
    with _listeners(tmp_path) as at:
        code = CONNECT + f"TCP, UDP, NAME, PATH = {at['tcp']}, {at['udp']}, {at['name']!r}, "
        code += f"{at['path']!r}\n"
        unconfined = run("", code + "OUT = False", ["attack()"], SMALL, Isolation.ACCEPT_RISK)[0]
        assert all(unconfined.value.values())
        assert at["udp socket"].recv(10) == b"hello"
        reached = attack(code + "OUT = True\n").value
        arrived = True
        try:
            at["udp socket"].recv(10)
        except TimeoutError:
            arrived = False
        assert not arrived
    assert reached.pop("udp"), "there is a loopback, but a private one"
    assert reached == dict.fromkeys(reached, False)


def test_nothing_outside_the_temporary_folder_can_be_written(attack: Attack) -> None:
    code = f"""
import os, sys
PLACES = ['/', '/etc', '/usr', '/usr/lib', '/dev', '/sandbox', '/home', sys.prefix, sys.base_prefix,
          sys.prefix + '/lib', os.path.dirname(os.__file__), os.path.dirname(sys.executable),
          {str(ROOT)!r}, os.path.expanduser('~root'), '/proc/sys/kernel', '/lib']
FILES = ['/sandbox/runner.py', os.__file__, sys.executable, '/etc/ld.so.cache',
         '/proc/sys/kernel/core_pattern', '/proc/sysrq-trigger', '/proc/1/oom_score_adj']
def attack():
    done = []
    def tried(what, *arguments):
        try:
            what(*arguments)
            done.append([what.__name__, *map(str, arguments)])
        except OSError: pass
    for place in PLACES:
        tried(open, place + '/written', 'w')
        tried(os.mkdir, place + '/made')
        tried(os.chmod, place, 0o777)
    for name in FILES:
        tried(open, name, 'r+')
        tried(os.chmod, name, 0o777)
        tried(os.utime, name)
        if not name.startswith('/proc'):
            tried(os.rename, name, '/tmp/taken')
            tried(os.link, name, '/tmp/linked')
            tried(os.remove, name)
    open('written', 'w').write('here I may')
    return done
"""
    before = sorted(path.name for path in ROOT.iterdir())
    assert attack(code) == Outcome("returned", [])
    assert sorted(path.name for path in ROOT.iterdir()) == before


def test_games_in_the_temporary_folder_stay_there(attack: Attack, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("untouched")
    code = f"""
import os, shutil
def attack():
    os.symlink({str(target)!r}, 'link')
    try: open('link', 'w').write('touched')
    except OSError: pass
    deep = '.'
    for _ in range(300):
        os.mkdir(os.path.join(deep, 'd'))
        deep = os.path.join(deep, 'd')
    shutil.rmtree('/tmp', ignore_errors=True)
    os.makedirs('/tmp/x', exist_ok=True)
    os.chmod('/tmp/x', 0)
    written = 0
    try:
        for number in range(1000):
            with open(f'/tmp/fill{{number}}', 'wb') as file:
                written += file.write(bytes(2**20))
    except OSError: pass
    try:
        with open('/dev/shm/fill', 'wb') as file:
            for _ in range(200): file.write(bytes(2**20))
    except OSError: pass
    return written <= 64 * 2**20
"""
    assert attack(code) == Outcome("returned", True)
    assert target.read_text() == "untouched"


def test_kernel_interfaces_that_answers_do_not_need_are_refused(attack: Attack) -> None:
    code = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def attack():
    allowed = []
    def tried(name, *arguments):
        if libc[name](*arguments) != -1: allowed.append(name)
    tried('memfd_create', b'x', 0)
    tried('unshare', 0x10000000)
    tried('ptrace', 16, 1, 0, 0)
    tried('shmget', 0, 2**20, 0o1600)
    tried('mount', b'none', b'/tmp', b'tmpfs', 0, 0)
    tried('setuid', 0)
    status = dict(line.split(':\\t') for line in open('/proc/self/status').read().splitlines())
    return [allowed, status['NoNewPrivs'], status['Seccomp'], status['CapEff'], status['CapBnd'],
            os.getuid(), os.getgroups() in ([], [65534]), os.path.exists('/dev/tty') and tty()]
def tty():
    try: open('/dev/tty').close()
    except OSError: return False
    return True
"""
    allowed, privileges, filtered, caps, _, user, groups, tty = attack(code).value
    assert allowed == []
    assert (privileges, filtered, int(caps, 16), groups, tty) == ("1", "2", 0, True, False)
    assert user >= 20_000


def test_what_a_check_prints_goes_nowhere(way: host.Confinement) -> None:
    code = GOOD + "import sys\nprint('x' * 10**7); sys.stderr.write('y' * 10**7)\n"
    assert host.run_confined(way, "", code, ["answer()"], SMALL) == (ANSWER,)


def test_the_sandbox_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    token = uuid4().hex
    endless = DAEMON.format(token) + "    while True: pass\n"
    endless = endless.replace("    return 'left'\n", "")
    program = tmp_path / "grade.py"
    program.write_text(f"from autograder.sandbox import run\nrun('', {endless!r}, ['attack()'])\n")
    grader = subprocess.Popen([sys.executable, str(program)])
    try:
        assert _soon(lambda: bool(_processes_with(token)))
    finally:
        grader.kill()
        grader.wait()
    assert _soon(lambda: not _processes_with(token))


def test_a_runner_that_hangs_is_ended_from_outside(
    way: host.Confinement, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = uuid4().hex
    program = (
        "import os, sys\n"
        "if os.getuid() == 0: os.setresuid(61184, 61184, 61184)\n"
        "print('{\"setup\": null}', flush=True)\n"
        "sleep = 'import time; time.sleep(60)'\n"
        f"os.execv(sys.executable, [sys.executable, '-c', sleep, {token!r}])\n"
    )
    monkeypatch.setattr(host, "_GRACE_SECONDS", 1)
    with tempfile.NamedTemporaryFile("w") as hanging, _watching_for(token) as seen:
        hanging.write(program)
        hanging.flush()
        Path(hanging.name).chmod(0o644)
        monkeypatch.setattr(host, "_RUNNER", Path(hanging.name))
        (outcome,) = host.run_confined(way, "", "", ["1"], Limits(0.5, 64))
    assert outcome.kind == "lost"
    assert seen
    assert _soon(lambda: not _processes_with(token))


def _soon(true: Callable[[], bool]) -> bool:
    """Whether something becomes true within five seconds."""
    deadline = time.monotonic() + 5
    while not true() and time.monotonic() < deadline:
        time.sleep(0.05)
    return true()


def test_the_host_is_as_it_was() -> None:
    """After all of the above, in whatever order: the working folder and the grader still work."""
    assert Path.cwd().is_dir()
    assert run("", GOOD, ["answer()"], SMALL) == (ANSWER,)
