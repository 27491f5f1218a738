"""Images in questions: they stand beside the quiz, and have words for those who cannot see them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from markdown_it.token import Token

from autograder.checks.findings import Finding, Loc, numbered, texts
from autograder.markdown import images
from autograder.quiz import Quiz


def problems(quiz: Quiz, folder: Path) -> Iterator[Finding]:
    """Images that learners would not see, in ``quiz`` whose file stands in ``folder``."""
    for loc, _, variants in numbered(quiz):
        for variant in variants:
            for place, text in texts(variant.public().model_dump(), loc):
                for image in images(text):
                    yield from _image_problems(image, folder, place)


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
