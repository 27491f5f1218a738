"""``autograder practice``: questions at a terminal, one after the other."""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import Any, Protocol

from autograder.items import AnyPublicItem
from autograder.items.base import Choice
from autograder.practice.attempts import Attempt
from autograder.practice.text import filled, question, verdict

_COMMANDS = "? a hint · = the answer · n anew, with other numbers · Enter the next question · q end"
_FORMS = {
    "single_choice": "a letter",
    "multiple_select": "letters, for example: a c",
    "matching": "pairs, for example: 1b 2a",
    "ordering": "numbers from first to last, for example: 3 1 2",
    "numeric": "a number",
    "cloze": "the blanks in turn, with ; between them (a letter where there are options)",
    "case_study": "your text; a line with a full stop alone ends it",
    "code": "e opens an editor",
}


class Attempts(Protocol):
    """What has an attempt for each of its questions."""

    def attempt(self, item_id: str, /) -> Attempt: ...


def practise(
    session: Attempts,
    items: Sequence[str],
    read: Callable[[str], str],
    edit: Callable[[str], str | None],
    say: Callable[[str], None],
    why: Callable[[str], str] = lambda item_id: "",
) -> None:
    """Ask the questions ``items`` of a session.

    Parameters
    ----------
    why
        Why a question is asked, in a line; empty where nothing is to be said.
    read, edit, say
        Read a line behind a prompt (EOFError ends), edit a text (None where it was not saved), and
        print a line.
    """
    say(_COMMANDS)
    try:
        for number, name in enumerate(items, start=1):
            say("\n".join(filter(None, [f"\n— {number} of {len(items)} —", filled(why(name))])))
            if not _ask(session.attempt(name), read, edit, say):
                break
    except (EOFError, KeyboardInterrupt):
        say("")


def _ask(
    attempt: Attempt,
    read: Callable[[str], str],
    edit: Callable[[str], str | None],
    say: Callable[[str], None],
) -> bool:
    """Ask one question until the learner goes on; False where the learner ends."""
    say(_asked(attempt))
    while True:
        typed = read("> ").strip()
        if typed in ("", "q"):
            return typed == ""
        if typed == "?":
            say(filled(attempt.hint() or "There is no further hint."))
        elif typed == "=":
            attempt.give_up()
            say(verdict(attempt))
        elif typed == "n":
            attempt.again()
            say(_asked(attempt))
        else:
            try:
                attempt.respond(_response(attempt.item.public(), typed, read, edit))
            except ValueError as error:
                say(f"{error}. Expected: {_FORMS[attempt.item.type]}.")
                continue
            attempt.check()
            say(verdict(attempt))


def _asked(attempt: Attempt) -> str:
    return f"{question(attempt.item.public())}\n\n({_FORMS[attempt.item.type]})"


def _response(
    item: AnyPublicItem,
    typed: str,
    read: Callable[[str], str],
    edit: Callable[[str], str | None],
) -> dict[str, Any]:
    if item.type == "case_study":
        lines = takewhile(lambda line: line.strip() != ".", iter(lambda: read(""), None))
        return {"text": "\n".join([typed, *lines])}
    if item.type == "code":
        if typed != "e":
            raise ValueError(f"{typed!r} is no command")
        source = edit(item.starter)
        if source is None:
            raise ValueError("nothing was saved in the editor")
        return {"source": source}
    response = parse(item, typed)
    item.parse(response)
    return response


def parse(item: AnyPublicItem, typed: str) -> dict[str, Any]:
    """The response that a line stands for.

    Raises
    ------
    ValueError
        Where it names something that the question does not have.
    """
    words = typed.replace(",", " ").split()
    if item.type == "single_choice":
        return {"choice": _lettered(item.options, typed.strip())}
    if item.type == "multiple_select":
        return {"picks": [_lettered(item.options, word) for word in words]}
    if item.type == "matching":
        pairs = {}
        for word in words:
            number, letter = word[:-1], word[-1:]
            pairs[_numbered(item.prompts, number)] = _lettered(item.options, letter)
        return {"pairs": pairs}
    if item.type == "ordering":
        return {"order": [_numbered(item.steps, word) for word in words]}
    if item.type == "numeric":
        return {"value": typed}
    if item.type == "cloze":
        given = [part.strip() for part in typed.split(";")]
        if len(given) > len(item.blanks):
            raise ValueError(f"there are {len(item.blanks)} blanks, and {len(given)} answers")
        filled = {}
        for blank, part in zip(item.blanks, given, strict=False):
            if part:
                filled[blank.id] = _lettered(blank.options, part) if blank.options else part
        return {"blanks": filled}
    raise ValueError(f"a {item.type} is not answered in one line")


def _lettered(choices: Sequence[Choice], letter: str) -> str:
    place = string.ascii_lowercase.find(letter.lower()) if len(letter) == 1 else -1
    if not 0 <= place < len(choices):
        last = string.ascii_lowercase[len(choices) - 1]
        raise ValueError(f"{letter!r} is none of the letters a to {last}")
    return choices[place].id


def _numbered(choices: Sequence[Choice], number: str) -> str:
    if not number.isdecimal() or not 1 <= int(number) <= len(choices):
        raise ValueError(f"{number!r} is none of the numbers 1 to {len(choices)}")
    return choices[int(number) - 1].id
