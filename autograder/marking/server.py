"""The page on which a grader marks: served to this computer alone, under a secret address."""

from __future__ import annotations

import asyncio
import json
import secrets
import tempfile
import webbrowser
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler, StaticFileHandler

from autograder import html
from autograder.errors import AutograderError
from autograder.items import CaseStudy
from autograder.marking.desk import Conflict, Desk, Held, as_data

_HERE = Path(__file__).parent
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def application(desk: Desk, token: str) -> Application:
    """The page and what it asks for, all of it below ``token``."""
    given = {"desk": desk}
    return Application(
        [
            (f"/{token}/", _Page, given),
            (f"/{token}/work", _Work, given),
            (f"/{token}/marks", _Marks, given),
            (f"/{token}/(page\\.(?:js|css))", _File, {"path": str(_HERE)}),
            (f"/{token}/(.+\\.(?:png|jpe?g|gif|svg|webp))", _File, {"path": str(desk.source)}),
        ]
    )


def serve(
    desk: Desk,
    port: int,
    say: Callable[[str], None],
    *,
    open_browser: bool = True,
    ready: Callable[[str], None] = lambda address: None,
) -> None:
    """Serve the page until the process is interrupted.

    Parameters
    ----------
    port
        0 takes any that is free.
    ready
        Called with the page's address.

    Raises
    ------
    AutograderError
        Where there is nothing to mark, or the port is taken.
    """
    waiting = sum(not answer.is_done(desk.role) for answer in desk.answers())

    async def run() -> None:
        token = secrets.token_urlsafe(32)
        try:
            sockets = bind_sockets(port, "127.0.0.1")
        except OSError as error:
            raise AutograderError(
                f"port {port} cannot be used ({error.strerror}); choose another with --port"
            ) from error
        server = HTTPServer(application(desk, token), max_body_size=2**20)
        server.add_sockets(sockets)
        address = f"http://127.0.0.1:{sockets[0].getsockname()[1]}/{token}/"
        say(f"{desk.quiz.id}, {desk.item.id}: {waiting} answers to mark, at\n{address}")
        say("The page is for this computer and its holder alone. End it with Ctrl+C.")
        ready(address)
        with tempfile.NamedTemporaryFile("w", suffix=".html") as page:
            if open_browser:
                _open(page.name, address)
            await asyncio.Event().wait()

    try:
        asyncio.run(run())
    except KeyboardInterrupt:
        say("Every mark that the page called saved is in its place.")


def _open(page: str, address: str) -> None:
    """Open the address by way of a private file: what a process is started with, all can read."""
    Path(page).write_text(f'<meta http-equiv="refresh" content="0; url={address}">')
    webbrowser.open(Path(page).as_uri())


class _Handler(RequestHandler):
    """What all addresses share: nothing is kept by a cache, and no other page can hold this one."""

    def initialize(self, desk: Desk) -> None:
        self.desk = desk

    def set_default_headers(self) -> None:
        self.set_header("Content-Security-Policy", _POLICY)
        self.set_header("Cache-Control", "no-store")
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("X-Content-Type-Options", "nosniff")


class _File(StaticFileHandler):
    """The page's script and style, and the pictures of the questions."""

    def set_extra_headers(self, path: str) -> None:
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Content-Type-Options", "nosniff")


class _Page(_Handler):
    def get(self) -> None:
        text = (_HERE / "page.html").read_text(encoding="utf-8")
        self.finish(text.replace("{{ title }}", escape(self.desk.item.title)))


class _Work(_Handler):
    def get(self) -> None:
        desk = self.desk
        try:
            answers = desk.answers()
        except AutograderError as error:
            self.set_status(409)
            self.finish({"error": str(error)})
            return
        self.finish(
            {
                "quiz": desk.quiz.title,
                "grader": desk.grader,
                "role": desk.role,
                "papers": {answer.item.variant: _paper(answer.item) for answer in answers},
                "answers": [as_data(answer, desk.role) for answer in answers],
                "pieces": desk.pieces(),
            }
        )


class _Marks(_Handler):
    def post(self) -> None:
        desk = self.desk
        try:
            answer = desk.mark(*_read_mark(self.request.body))
        except AutograderError as error:
            self.set_status(409 if isinstance(error, Conflict) else 400)
            self.finish({"error": str(error)})
            return
        self.finish({"answer": as_data(answer, desk.role), "pieces": desk.pieces()})


def _read_mark(body: bytes) -> tuple[str, dict[str, int], str, Held | None]:
    """What the page sends, as ``Desk.mark`` takes it."""
    try:
        sent: Any = json.loads(body)
        levels, seen = sent["levels"], sent["seen"]
        if not all(type(level) is int for level in levels.values()):
            raise TypeError("a level is a whole number")
        held = Held(seen["score"], seen["comment"])
        return str(sent["answer"]), dict(levels), str(sent["comment"]), held
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise AutograderError(f"the page sent no mark ({error}); reload it") from error


def _paper(item: CaseStudy) -> dict[str, Any]:
    """The question and its rubric, as HTML."""
    return {
        "title": html.inline(item.title),
        "stem": html.block(item.stem),
        "model": html.model_answer(item),
        "samples": html.samples(item),
        "points": item.points,
        "criteria": [
            {
                "id": criterion.id,
                "name": html.inline(criterion.name),
                "levels": [
                    {"points": level.points, "text": html.inline(level.text)}
                    for level in criterion.levels
                ],
            }
            for criterion in item.rubric
        ],
    }
