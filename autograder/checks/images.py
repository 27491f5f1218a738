"""Images in questions: they stand beside the quiz, and have words for those who cannot see them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

from autograder.checks.findings import Finding, Loc, numbered
from autograder.quiz import Quiz

_markdown = MarkdownIt("commonmark", {"html": False}).enable("table")


def problems(quiz: Quiz, folder: Path) -> Iterator[Finding]:
    """Images that learners would not see, in ``quiz`` whose file stands in ``folder``."""
    for loc, _, variants in numbered(quiz):
        for variant in variants:
            for place, text in _texts(variant.public().model_dump(), loc):
                for image in _images(_markdown.parse(text)):
                    yield from _image_problems(image, folder, place)


def _texts(value: Any, loc: Loc) -> Iterator[tuple[Loc, str]]:
    if isinstance(value, str):
        yield loc, value
    elif isinstance(value, Mapping):
        for name, part in value.items():
            yield from _texts(part, (*loc, name))
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part, loc)  # shuffled: its place is not the one in the file


def _images(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        if token.type == "image":
            yield token
        yield from _images(token.children or [])


def _image_problems(image: Token, folder: Path, loc: Loc) -> Iterator[Finding]:
    source = str(image.attrs["src"])
    if not image.content.strip():
        yield Finding(
            loc, f"the image {source} has no description: write ![what it shows]({source})"
        )
    path = Path(unquote(urlsplit(source).path))
    if urlsplit(source).scheme or urlsplit(source).netloc:
        yield Finding(
            loc, f"the image {source} is elsewhere; the course works offline: put it here"
        )
    elif path.is_absolute() or ".." in path.parts or not (folder / path).is_file():
        yield Finding(loc, f"there is no image {source} in {folder}")
