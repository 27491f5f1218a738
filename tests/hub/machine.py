"""A Linux machine inside this one: accounts, homes, settings and processes of its own.

Root inside is root outside, so that a hub can start servers under other accounts; but of this
machine's files it can change none. Nothing of it is left once its folder is deleted.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
_OWN = ("etc", "home", "srv")


def obstacle() -> str:
    """Say what keeps this machine from having one with a hub; empty where nothing does."""
    if os.name != "posix" or os.geteuid() != 0 or shutil.which("bwrap") is None:
        return "only root, with bubblewrap, can start each person's server under an account"
    trial = ["bwrap", "--cap-add", "ALL", "--unshare-pid", "--ro-bind", "/", "/", "true"]
    if subprocess.run(trial, capture_output=True).returncode != 0:
        return "bubblewrap does not work here"
    if not Path(sys.prefix, "bin", "configurable-http-proxy").exists():
        return "configurable-http-proxy, the hub's proxy, is not installed: npm could not fetch it"
    return ""


class Machine:
    """A machine whose own files are in ``folder``, with the course in ``/opt/downstream``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree("/etc", folder / "etc", symlinks=True)
        for name in _OWN:
            (folder / name).mkdir(exist_ok=True)

    def command(self, script: str) -> list[str]:
        """The command that runs a script as root on the machine, in a login shell."""
        return [
            *("bwrap", "--cap-add", "ALL", "--unshare-pid", "--die-with-parent", "--new-session"),
            *("--clearenv", "--setenv", "HOME", "/root", "--setenv", "LANG", "C.UTF-8"),
            *("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"),
            *_passable(ROOT, Path(sys.prefix), Path(sys.base_prefix)),
            *(part for name in _OWN for part in ("--bind", str(self.folder / name), f"/{name}")),
            *("--tmpfs", "/opt", "--ro-bind", str(ROOT), "/opt/downstream"),
            *("--tmpfs", "/run", "--tmpfs", "/var/log", "--tmpfs", "/var/mail"),
            *("--perms", "1777", "--tmpfs", "/tmp", "--perms", "1777", "--tmpfs", "/dev/shm"),
            *("--ro-bind", str(ROOT), str(ROOT), "--ro-bind", sys.prefix, sys.prefix),
            *("--chdir", "/"),
            *("bash", "-lc", script),
        ]

    def run(self, script: str) -> str:
        """Run a script as root; what it printed."""
        done = subprocess.run(self.command(f"set -e\n{script}"), capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def _passable(*paths: Path) -> list[str]:
    """Options that show folders to all accounts, where one above them is closed to others."""
    options: list[str] = []
    for path in paths:
        above = [one for one in reversed(path.parents) if str(one) != "/"]
        closed = [one for one in above if not one.stat().st_mode & stat.S_IXOTH]
        if closed:
            if str(closed[0]) not in options:
                options += ["--tmpfs", str(closed[0])]
            for one in above[above.index(closed[0]) + 1 :]:
                options += ["--dir", str(one)]
            options += ["--ro-bind", str(path), str(path)]
    return options
