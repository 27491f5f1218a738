"""A finding: something about a quiz that its author should mend or know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograder.quiz import Quiz

Loc = tuple[str | int, ...]


@dataclass(frozen=True)
class Finding:
    """What is wrong and the remedy; ``loc`` leads to the place through ``quiz.yaml``.

    A warning (``error`` is False) is printed and does not make ``autograder check`` fail.
    """

    loc: Loc
    message: str
    error: bool = True


def numbered(quiz: Quiz) -> Iterator[tuple[Loc, Any, Sequence[Any]]]:
    """For each item: the way to it, the item, and all its variants (or itself alone)."""
    for number, item in enumerate(quiz.items):
        yield ("items", number), item, quiz.variants.get(item.id, [item])


def texts(value: Any, loc: Loc, *, shuffled: bool = True) -> Iterator[tuple[Loc, str]]:
    """Every text of an item that was dumped, and the field in which it stands.

    Parts of a list are told apart unless they are ``shuffled``, as those of a public item are.
    """
    if isinstance(value, str):
        yield loc, value
    elif isinstance(value, Mapping):
        for name, part in value.items():
            yield from texts(part, (*loc, name), shuffled=shuffled)
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from texts(part, loc if shuffled else (*loc, number), shuffled=shuffled)


def unique(findings: Iterator[Finding]) -> Iterator[Finding]:
    """Each finding once: variants of an item mostly have the same ones."""
    seen: set[Finding] = set()
    for finding in findings:
        if finding not in seen:
            seen.add(finding)
            yield finding
