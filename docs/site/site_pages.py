"""The pages of the site, in Markdown and notebooks, from what the course holds.

Nothing is executed. What only works in JupyterLab is replaced by what a page can show: a question
for practice by the question itself, other widgets by a note.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import nbformat
from bs4 import BeautifulSoup
from nbformat import NotebookNode

from autograder import html
from autograder.errors import AutograderError
from autograder.items import AnyItem
from autograder.practice import in_page
from autograder.quiz import QUIZ_FILE, Quiz, find_item, load_quiz

_WIDGET = "application/vnd.jupyter.widget-view+json"
_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s]+)\)")
_QUIZ = re.compile(r"\.\./quizzes/[^/]+/([^/]+)\.ipynb")
_OPEN = re.compile(r'open_practice\("([^"]+)"')
_SHOW = re.compile(r'\.show\("([^"]+)"\)')
_DOCS = ("learners.md", "misconceptions.md")


@dataclass(frozen=True)
class Course:
    """What of the course goes into the site: chapters by file name, quizzes by id."""

    root: Path
    chapters: Mapping[str, NotebookNode]
    quizzes: Mapping[str, Quiz]


def load_course(
    root: Path, without: Sequence[str] = (), chapters: str = "*", quizzes: str = "*"
) -> Course:
    """Read the course in the folder ``root``.

    Parameters
    ----------
    without
        Quizzes that get no practice page, as their keys shall stay secret.
    chapters, quizzes
        Patterns of the names of those to take.

    Raises
    ------
    AutograderError
        Where there is no chapter, or ``without`` names no quiz.
    """
    found = sorted((root / "notebooks").glob(f"{chapters}.ipynb"))
    if not found:
        raise AutograderError(
            f"{root / 'notebooks'}: there is no chapter; name the course's folder"
        )
    paths = sorted((root / "source").glob(f"{quizzes}/{QUIZ_FILE}"))
    unknown = set(without) - {path.parent.name for path in paths}
    if unknown:
        known = ", ".join(path.parent.name for path in paths)
        raise AutograderError(f"there is no quiz {min(unknown)!r} to leave out; there are: {known}")
    return Course(
        root,
        {path.name: nbformat.read(path, as_version=4) for path in found},
        {path.parent.name: load_quiz(path) for path in paths if path.parent.name not in without},
    )


def write_pages(course: Course, folder: Path) -> None:
    """Write all pages, and the scripts that they need in ``static/``, into an empty folder."""
    for name, notebook in course.chapters.items():
        target = folder / "notebooks" / name
        target.parent.mkdir(exist_ok=True)
        nbformat.write(chapter(notebook, course), target)
    (folder / "practice").mkdir()
    scripts = folder / "static" / "practice"
    for quiz in course.quizzes.values():
        (folder / "practice" / f"{quiz.id}.md").write_text(practice(quiz, course), "utf-8")
        (scripts / quiz.id).mkdir(parents=True)
        for item in quiz.items:
            if item.type != "code":
                script = in_page.script(quiz, item.id)
                (scripts / quiz.id / f"{item.id}.js").write_text(script, "utf-8")
    (folder / "static" / "practice.js").write_text(in_page.library(), "utf-8")
    (folder / "docs").mkdir()
    for name in _DOCS:
        text = (course.root / "docs" / name).read_text(encoding="utf-8")
        linked = _LINK.sub(lambda found: _link(found, course, "docs"), text)
        (folder / "docs" / name).write_text(linked, "utf-8")
    shutil.copytree(course.root / "docs" / "images", folder / "docs" / "images")
    (folder / "index.md").write_text(front(course), "utf-8")
    (folder / "practice" / "index.md").write_text(practice_front(course), "utf-8")


def front(course: Course) -> str:
    """The front page: ``index.md`` with the list of chapters and their quizzes."""
    rows = []
    for name, notebook in course.chapters.items():
        quizzes = [one for one in course.quizzes.values() if f"{one.chapter}.ipynb" == name]
        links = ", ".join(f"[{one.title}](practice/{one.id}.md)" for one in quizzes)
        rows.append(f"| [{_title(notebook)}](notebooks/{name}) | {links} |")
    return _filled(
        "index.md",
        CHAPTERS="\n".join(["| to read | to practise |", "|---|---|", *rows]),
        TOC_OF_CHAPTERS="\n".join(f"notebooks/{Path(name).stem}" for name in course.chapters),
    )


def practice_front(course: Course) -> str:
    """The list of practice pages: ``practice.md``, in the order of the chapters."""
    ordered = sorted(course.quizzes.values(), key=lambda quiz: quiz.chapter)
    rows = [f"| [{one.title}]({one.id}.md) | {len(one.items)} |" for one in ordered]
    return _filled(
        "practice.md",
        QUIZZES="\n".join(["| questions on | how many |", "|---|---|", *rows]),
        TOC_OF_QUIZZES="\n".join(one.id for one in ordered),
    )


def _filled(name: str, **values: str) -> str:
    """A page of this folder with each ``%NAME%`` replaced."""
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    for place, value in values.items():
        text = text.replace(f"%{place}%", value)
    return text


def practice(quiz: Quiz, course: Course) -> str:
    """The practice page of a quiz."""
    chapter = f"{quiz.chapter}.ipynb"
    parts = [f"# Practice: {quiz.title}"]
    if chapter in course.chapters:
        title = _title(course.chapters[chapter])
        parts.append(f"These questions go with [{title}](../notebooks/{chapter}).")
    for item in quiz.items:
        shown = question(quiz, item) if item.type != "code" else _code(quiz, item)
        parts += [f"## {item.title}", f"````````{{raw}} html\n{shown}\n````````"]
    return "\n\n".join(parts) + "\n"


def question(quiz: Quiz, item: AnyItem) -> str:
    """A question for practice: its text, in whose place the script puts the question itself."""
    text = in_page.as_text(item)
    return f'<div class="practice" data-practice="{quiz.id}/{item.id}">{text}</div>'


def _code(quiz: Quiz, item: AnyItem) -> str:
    call = f"autograder practice {quiz.id} {item.id}"
    show = f'open_practice("{quiz.id}").show("{item.id}")'
    where = f"<code>{escape(show, quote=False)}</code>, or at a terminal: <code>{call}</code>"
    text = f"{in_page.as_text(item)}<p>Code runs in JupyterLab: {where}.</p>"
    return f'<div class="practice">{text}</div>'


def chapter(notebook: NotebookNode, course: Course) -> NotebookNode:
    """A chapter whose links lead to pages of the site, and whose outputs need no kernel."""
    page = nbformat.from_dict({**notebook, "metadata": {**notebook.metadata}})
    page.metadata.pop("widgets", None)
    for cell in page.cells:
        if cell.cell_type == "markdown":
            cell.source = _LINK.sub(lambda found: _link(found, course, "notebooks"), cell.source)
        elif cell.cell_type == "code":
            cell.outputs = [_output(one, cell.source, course) for one in cell.outputs]
    return page


def _title(notebook: NotebookNode) -> str:
    """The first heading of a chapter."""
    return str(notebook.cells[0].source.split("\n")[0].lstrip("# "))


def _link(found: re.Match[str], course: Course, folder: str) -> str:
    """A Markdown link; its words alone where the site has no such page."""
    words, target = found.groups()
    page = _page(target, course, folder)
    return str(words) if page is None else f"[{words}]({page})"


def _page(target: str, course: Course, folder: str) -> str | None:
    """The source of the page that stands for a link in a file of ``folder``.

    None where the course has what is linked and the site has not. What neither has stays a link,
    and fails the build.
    """
    quiz = _QUIZ.fullmatch(target)
    if quiz:
        return f"../practice/{quiz[1]}.md" if quiz[1] in course.quizzes else None
    path = Path(target.partition("#")[0])
    on_site = path.name in course.chapters or path.name in _DOCS or path.parts[:1] == ("images",)
    return None if path.name and not on_site and (course.root / folder / path).exists() else target


def _output(output: NotebookNode, source: str, course: Course) -> NotebookNode:
    """An output as a page can show it."""
    data = output.get("data", {})
    if _WIDGET in data:
        shown = _widget("".join(data.get("text/plain", "")), source, course)
    elif "text/html" in data:
        shown = _adapted("".join(data["text/html"]), course)
    elif "text/markdown" in data:
        shown = _adapted(html.block("".join(data["text/markdown"])), course)
    else:
        return output
    return nbformat.v4.new_output("display_data", data={"text/html": shown})


def _widget(text: str, source: str, course: Course) -> str:
    """What stands for a widget whose text form is ``text``."""
    opened, asked = _OPEN.search(source), _SHOW.search(source)
    if opened and asked:
        if opened[1] not in course.quizzes:
            return f"<pre>{escape(text)}</pre>"
        quiz = course.quizzes[opened[1]]
        item = find_item(quiz, asked[1])
        return question(quiz, item) if item.type != "code" else _code(quiz, item)
    if text.startswith("interactive("):
        note = "controls that change a figure. Its static form stands beside this cell."
    else:
        note = f"“{escape(text.strip())}”"
    return f'<p class="in-jupyterlab">In JupyterLab this cell shows {note}</p>'


def _adapted(shown: str, course: Course) -> str:
    """HTML of an output: links lead to pages, tables have no style and no empty heading."""
    soup = BeautifulSoup(shown, "html.parser")
    for link in soup.find_all("a", href=True):
        page = _page(str(link["href"]), course, "notebooks")
        if page is None:
            link.unwrap()
        else:
            link["href"] = re.sub(r"\.(md|ipynb)$", ".html", page)
    for style in soup.select("style[scoped]"):
        style.decompose()
    for empty in soup.find_all("th"):
        if not empty.get_text(strip=True):
            empty.name = "td"
    return str(soup)
