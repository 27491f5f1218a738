"""People at a JupyterHub, who work as a browser does: by its pages, REST API and websockets."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import requests
import websocket

_SECONDS = 180


@dataclass(frozen=True)
class Person:
    """Somebody at a hub, whose server runs."""

    hub: str
    name: str
    token: str

    @classmethod
    def signed_in(cls, hub: str, name: str, password: str) -> Person:
        """Sign in by the hub's page and start the server.

        Raises
        ------
        PermissionError
            Where the hub does not let them in.
        """
        browser = requests.Session()
        browser.get(f"{hub}/hub/login").raise_for_status()
        form = {"username": name, "password": password, "_xsrf": browser.cookies["_xsrf"]}
        answer = browser.post(f"{hub}/hub/login", data=form, allow_redirects=False)
        if answer.status_code != 302:
            raise PermissionError(f"{name} cannot sign in: {answer.status_code}")
        user = f"{hub}/hub/api/users/{name}"
        headers = {"X-XSRFToken": browser.cookies["_xsrf"]}
        made = browser.post(f"{user}/tokens", headers=headers, json={})
        made.raise_for_status()
        person = cls(hub, name, made.json()["token"])
        person.ask("POST", f"{user}/server")
        deadline = time.monotonic() + _SECONDS
        while not person.ask("GET", user)["server"]:
            assert time.monotonic() < deadline, f"the server of {name} does not start"
            time.sleep(0.2)
        return person

    @property
    def server(self) -> str:
        """The address of the person's own server."""
        return f"{self.hub}/user/{self.name}"

    def ask(self, method: str, url: str, **more: Any) -> Any:
        """What the hub or a server answers, which is JSON."""
        answer = requests.request(method, url, headers=self._headers, timeout=_SECONDS, **more)
        answer.raise_for_status()
        return json.loads(answer.text or "null")

    def assignments(self, action: str | None = None, quiz: str = "") -> dict[tuple[str, str], Any]:
        """nbgrader's assignment list by assignment and status, after an action in it."""
        course = {"course_id": "downstream"}
        if action is None:
            listed = self.ask("GET", f"{self.server}/assignments", params=course)
        else:
            wanted = course | {"assignment_id": quiz}
            listed = self.ask("POST", f"{self.server}/assignments/{action}", json=wanted)
        assert listed["success"], listed["value"]
        return {(one["assignment_id"], one["status"]): one for one in listed["value"]}

    def read(self, path: str) -> Any:
        """The content of a file in the home folder."""
        return self.ask("GET", f"{self.server}/api/contents/{path}")["content"]

    def run_notebook(self, path: str, more: Sequence[str] = ()) -> str:
        """Run all code cells of a notebook in a kernel of its own, and ``more``; what they show.

        Raises
        ------
        AssertionError
            With the kernel's message, where a cell fails.
        """
        cells = [one["source"] for one in self.read(path)["cells"] if one["cell_type"] == "code"]
        wanted = {"path": path, "name": path, "type": "notebook", "kernel": {"name": "python3"}}
        session = self.ask("POST", f"{self.server}/api/sessions", json=wanted)
        shown: list[str] = []
        channels = self._connect(f"/api/kernels/{session['kernel']['id']}/channels")
        for number, source in enumerate([*cells, *more]):
            header = {"msg_id": str(number), "msg_type": "execute_request", "session": "test"}
            header |= {"username": self.name, "version": "5.3"}
            content = {"code": source, "silent": False, "allow_stdin": False}
            message = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
            channels.send(json.dumps(message | {"channel": "shell"}))
            shown += _outputs(channels, str(number))
        channels.close()
        self.ask("DELETE", f"{self.server}/api/sessions/{session['id']}")
        return "\n".join(shown)

    def types(self, script: str) -> str:
        """Type commands at a terminal of JupyterLab; what stands there then.

        Raises
        ------
        AssertionError
            With what stands there, where a command fails.
        """
        terminal = self.ask("POST", f"{self.server}/api/terminals")["name"]
        screen = self._connect(f"/terminals/websocket/{terminal}")
        screen.send(json.dumps(["stdin", f"( set -e\r{script}\r); echo 'ended'-$?\r"]))
        text = ""
        while not (end := re.search(r"ended-(\d+)", text)):
            kind, *rest = json.loads(screen.recv())
            text += rest[0] if kind == "stdout" else ""
        screen.close()
        self.ask("DELETE", f"{self.server}/api/terminals/{terminal}")
        assert end[1] == "0", text
        return text

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"token {self.token}"}

    def _connect(self, path: str) -> websocket.WebSocket:
        url = self.server.replace("http", "ws", 1) + path
        return websocket.create_connection(url, header=self._headers, timeout=_SECONDS)


def _outputs(channels: websocket.WebSocket, request: str) -> list[str]:
    """What a cell shows as text, once the kernel is idle again."""
    shown: list[str] = []
    while True:
        message = json.loads(channels.recv())
        kind, content = message["header"]["msg_type"], message["content"]
        if message["parent_header"].get("msg_id") != request:
            continue
        assert kind != "error", "\n".join(content["traceback"])
        if kind == "stream":
            shown.append(content["text"])
        elif kind in ("execute_result", "display_data"):
            shown.append(content["data"].get("text/plain", ""))
        elif kind == "status" and content["execution_state"] == "idle":
            return shown
