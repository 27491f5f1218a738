"""A real JupyterLab for browser tests: start it on a folder, drive it with Playwright."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from nbformat import write
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Browser, Page, Playwright

CHROMIUM_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
]
CHROMIUM_PATHS = [
    Path("/usr/bin/chromium"),
    Path("/usr/bin/chromium-browser"),
    Path("/usr/bin/google-chrome"),
]
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
_START_SECONDS = 60


@contextmanager
def jupyter_server(
    root: Path, *, theme: str = "light", inside: Sequence[str] = ()
) -> Iterator[str]:
    """Serve the folder ``root`` with JupyterLab on a free port; yields the base URL.

    The user's own Jupyter settings are neither read nor changed. JupyterLab is at ``/lab``,
    Notebook 7 at ``/notebooks``. Everything that the server writes of its own is in
    ``root/.jupyter-test``. ``inside`` is a command to put before the server's, for example one that
    shows it a file system of its own.
    """
    root = root.resolve()
    home = root / ".jupyter-test"
    settings = home / "lab" / "user-settings"
    _write_settings(settings, theme)
    port = _free_port()
    environment = os.environ | {
        "HOME": str(home),
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTER_NO_CONFIG": "",
        "JUPYTERLAB_SETTINGS_DIR": str(settings),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "lab" / "workspaces"),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    command = [
        *inside,
        *(sys.executable, "-m", "jupyterlab", "--allow-root", "--no-browser"),
        f"--ServerApp.root_dir={root}",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        "--ServerApp.open_browser=False",
        "--IdentityProvider.token=",
        "--ServerApp.password=",
        "--ServerApp.disable_check_xsrf=True",
        "--LabApp.expose_app_in_browser=True",
        "--JupyterNotebookApp.expose_app_in_browser=True",
        "--LabApp.news_url=",
        "--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate",
    ]
    log_path = home / "server.log"
    base_url = f"http://127.0.0.1:{port}"
    with log_path.open("w") as log:
        server = subprocess.Popen(command, cwd=root, env=environment, stdout=log, stderr=log)
        try:
            _wait_until_up(server, base_url, log_path)
            yield base_url
        finally:
            _stop(server, base_url)


def write_notebook(path: Path, *sources: str) -> None:
    """Write a notebook with a code cell for each source."""
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    cells = [new_code_cell(source) for source in sources]
    write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)


def launch_chromium(playwright: Playwright) -> Browser:
    """Chromium without a window: the system's, or else the one that Playwright installed."""
    path = next((path for path in CHROMIUM_PATHS if path.exists()), None)
    return playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)


def open_notebook(page: Page, base_url: str, path: str, *, app: str = "lab") -> None:
    """Open a notebook and wait for its kernel.

    Parameters
    ----------
    path
        The notebook, relative to the server's root.
    app
        ``"lab"`` for JupyterLab, ``"notebook"`` for Notebook 7.
    """
    prefix = {"lab": "/doc/tree/", "notebook": "/notebooks/"}[app]
    page.goto(base_url + prefix + quote(path))
    page.locator(".jp-NotebookPanel .jp-Notebook .jp-Cell").first.wait_for(timeout=60_000)
    wait_idle(page)


def run_all(page: Page) -> None:
    """Run every cell and wait until the kernel is idle again."""
    _command(page, "notebook:run-all-cells")
    wait_idle(page)


def save(page: Page) -> None:
    """Save the notebook and wait until nothing is unsaved."""
    _command(page, "docmanager:save")
    page.wait_for_function(
        """() => !window.jupyterapp.shell.currentWidget.context.model.dirty""", timeout=20_000
    )


def wait_idle(page: Page, timeout: float = 120_000) -> None:
    """Wait until the kernel is idle and no cell waits for it."""
    page.wait_for_function(
        """() => {
          const panel = window.jupyterapp?.shell?.currentWidget;
          const kernel = panel?.sessionContext?.session?.kernel;
          const waiting = [...document.querySelectorAll('.jp-InputPrompt')]
            .some((prompt) => prompt.textContent.includes('[*]'));
          return panel?.context?.isReady && kernel?.status === 'idle' && !waiting;
        }""",
        timeout=timeout,
    )


def read_notebook(path: Path) -> dict:
    """The notebook as it is on disk."""
    return json.loads(path.read_text(encoding="utf-8"))


def kill_kernel(page: Page) -> None:
    """End the kernel of the open notebook without restarting it."""
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")


def _command(page: Page, name: str) -> None:
    page.evaluate("(name) => window.jupyterapp.commands.execute(name)", name)


def _write_settings(folder: Path, theme: str) -> None:
    values = {
        "apputils-extension/themes": {"theme": THEMES[theme]},
        "apputils-extension/notification": {
            "checkForUpdates": False,
            "doNotDisturbMode": True,
            "fetchNews": "false",
        },
    }
    for name, value in values.items():
        file = folder / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(value), encoding="utf-8")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_up(server: subprocess.Popen, base_url: str, log_path: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(base_url + "/api/status", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start:\n{log_path.read_text()[-3000:]}")


def _stop(server: subprocess.Popen, base_url: str) -> None:
    """Ask the server to stop, so that it ends its kernels too; insist if it does not."""
    try:
        request = urllib.request.Request(base_url + "/api/shutdown", data=b"", method="POST")
        urllib.request.urlopen(request, timeout=5).close()
        server.wait(15)
    except (urllib.error.URLError, OSError, subprocess.TimeoutExpired):
        server.terminate()
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            server.kill()
