"""``autograder export items`` and ``autograder import``: files in, files out, and what is lost."""

from __future__ import annotations

import io
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import FoldedScalarString, LiteralScalarString

from autograder.course import COURSE_FILE
from autograder.errors import AutograderError
from autograder.interchange import FORMATS
from autograder.interchange.drafts import TODO, Draft, Unusable, draft, slug, todo_fields
from autograder.interchange.gift import read_gift
from autograder.interchange.moodle_reader import Found, read_moodle_xml
from autograder.interchange.shared import Loss
from autograder.quiz import QUIZ_FILE, Quiz, load_quiz

Say = Callable[[str], None]
_LONG = 60
#: What a block of YAML gives back as it is: printable, and no space around lines.
_BLOCK = re.compile(r"\S[^\x00-\x09\x0b-\x1f\x7f-\xa0\u2028\u2029\ufeff]*")


def export(quiz: Quiz, folder: Path, form: str, output: Path, most: int | None, say: Say) -> None:
    """Write a quiz in another format, and beside it the list of what that cannot express.

    Raises
    ------
    AutograderError
        Where the format is unknown, an image is missing, or the file cannot be written.
    """
    if form not in FORMATS:
        raise AutograderError(f"{form}: no such format; --as takes {', '.join(FORMATS)}")
    made = FORMATS[form].write(quiz, folder, most)
    report = output.with_name(f"{output.stem}.losses.txt")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_bytes(made.content)
        report.write_text(_by_item(quiz, made.losses, form), encoding="utf-8")
    except OSError as error:
        raise AutograderError(
            f"{output}: cannot be written ({error.strerror}); choose another --output"
        ) from error
    say(f"{output}: {len(quiz.items)} items of {quiz.id!r} as {made.questions} questions ({form})")
    grouped: dict[str, list[str]] = {}
    for loss in made.losses:
        grouped.setdefault(loss.what, []).append(loss.item)
    if grouped:
        say(f"What {form} cannot express (item by item in {report}):")
    for what, items in grouped.items():
        say(f"- {what}: {', '.join(items)}")


def _by_item(quiz: Quiz, losses: tuple[Loss, ...], form: str) -> str:
    lines = [f"What {form} cannot express of the quiz {quiz.id!r}, item by item"]
    for item in quiz.items:
        lines += ["", f"{item.id} ({item.type})"]
        lines += [f"- {one.what}" for one in losses if one.item == item.id] or ["- nothing is lost"]
    return "\n".join(lines) + "\n"


def import_items(path: Path, name: str, source: Path, say: Say) -> None:
    """Make a new quiz of the questions of a Moodle XML or GIFT file.

    Nothing is written unless the quiz loads; a quiz or folder that is there is never touched.

    Raises
    ------
    AutograderError
        Where the file cannot be used, no question can, or the quiz is there already.
    """
    if slug(name, "") != name:
        raise AutograderError(
            f"--as-quiz {name}: must be lower-case letters and digits in words joined by single "
            "hyphens, such as week-3"
        )
    target = source / name
    if target.exists():
        raise AutograderError(f"{target}: is there already; choose another name for --as-quiz")
    found = _read(path)
    drafts: list[Draft] = []
    taken: set[str] = set()
    for question in found.questions:
        try:
            drafts.append(draft(question, taken))
        except Unusable as error:
            found.left_out.append((question.line, f"{question.name}: {error}"))
    left_out = [f"{path}:{line}: {why}" for line, why in sorted(found.left_out)]
    if not drafts:
        raise AutograderError(
            "\n".join([*left_out, f"{path}: no question of it can become an item"])
        )
    text = _quiz_text(name, path, drafts)
    _write(target, source, text, found)
    say(f"{target / QUIZ_FILE}: {len(drafts)} items from {path}")
    for line in left_out:
        say(f"not imported: {line}")
    notes: dict[str, list[str]] = {}
    for made in drafts:
        for note in dict.fromkeys(made.notes):
            notes.setdefault(note, []).append(made.item["id"])
    for note, items in notes.items():
        say(f"look at {', '.join(items)}: {note}")
    open_lines = todo_fields(text.splitlines())
    if open_lines:
        where = ", ".join(map(str, open_lines))
        say(f"{len(open_lines)} places are yours to write (they begin with TODO), on lines {where}")
    say(f"Then run: autograder check {name}")


def _read(path: Path) -> Found:
    if path.suffix.lower() == ".xml":
        return read_moodle_xml(path)
    if path.suffix.lower() in (".gift", ".txt"):
        return read_gift(path)
    raise AutograderError(
        f"{path}: is neither Moodle XML (.xml) nor GIFT (.gift, .txt); rename it, or export it anew"
    )


def _write(target: Path, source: Path, text: str, found: Found) -> None:
    """Write the quiz where it belongs, once it is known to load."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / target.name
        folder.mkdir()
        (folder / QUIZ_FILE).write_text(text, encoding="utf-8")
        if (source / COURSE_FILE).exists():
            shutil.copy(source / COURSE_FILE, scratch)
        load_quiz(folder / QUIZ_FILE)
        for picture in found.pictures.values():
            (folder / picture.name).write_bytes(picture.content)
        try:
            shutil.copytree(folder, target)  # refuses a folder that came to be meanwhile
        except OSError as error:
            raise AutograderError(f"{target}: cannot be written ({error}); nothing was") from error


def _quiz_text(name: str, path: Path, drafts: list[Draft]) -> str:
    quiz = {
        "id": name,
        "title": name.replace("-", " ").capitalize(),
        "chapter": "",
        "instructions": f"{TODO}what learners read first.",
        "items": [made.item for made in drafts],
    }
    yaml = YAML()
    yaml.width = 96
    yaml.indent(mapping=2, sequence=2, offset=0)
    target = io.StringIO()
    yaml.dump(_readable(quiz), target)
    head = f"# Imported from {path.name}. Write what begins with TODO, and the concepts.\n"
    return head + target.getvalue()


def _readable(value: Any) -> Any:
    """Long texts as blocks, as authors write them."""
    if isinstance(value, dict):
        return {name: _readable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_readable(inner) for inner in value]
    if not isinstance(value, str) or not _BLOCK.fullmatch(value):
        return value
    if "\n" in value:
        return LiteralScalarString(value + "\n")
    return FoldedScalarString(value) if len(value) > _LONG and "  " not in value else value
