"""What the writers of all formats share: texts as HTML, images, variants, what gets lost."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from autograder.errors import AutograderError
from autograder.items import AnyItem, CaseStudy, Code
from autograder.items.case_study import Words
from autograder.items.ordering import Ordering
from autograder.markdown import formulas, images, parser, shown
from autograder.quiz import Quiz

#: At most so many valid orders of an ordering are written out.
MOST_ORDERS = 200

#: What XML 1.0 cannot hold.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Loss:
    """Something of an item that a format cannot express, and what was done instead."""

    item: str
    what: str


@dataclass(frozen=True)
class Export:
    """A quiz in another format.

    ``content`` is the file, ``questions`` how many it holds (each variant counts), ``losses`` what
    it could not express.
    """

    content: bytes
    questions: int
    losses: tuple[Loss, ...]


@dataclass(frozen=True)
class Picture:
    """An image that stands beside a quiz, and its path in an export."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Html:
    """A text as HTML, well-formed as XML, with the images that it shows."""

    text: str
    pictures: tuple[Picture, ...] = ()


class Markup:
    """Markdown as the HTML of a format.

    Parameters
    ----------
    folder
        Where a quiz's images stand.
    formula
        What a formula in TeX becomes; it also gets whether it stands on lines of its own.
    images
        What stands in front of the name of an image.
    literal
        What a piece of text becomes that is no formula, already escaped.
    """

    def __init__(
        self,
        folder: Path,
        formula: Callable[[str, bool], str],
        images: str,
        literal: Callable[[str], str] = str,
    ) -> None:
        self._folder = folder
        self._images = images
        self._renderer = RendererHTML(parser())
        rules: Any = self._renderer.rules
        rules["math_inline"] = _rule(lambda token: formula(token.content, False))
        rules["math_inline_double"] = _rule(lambda token: formula(token.content, True))
        rules["math_block"] = _rule(lambda token: f"<p>{formula(token.content, True)}</p>\n")
        rules["text"] = _rule(lambda token: literal(escape(token.content)))
        rules["image"] = _rule(self._image)

    def block(self, markdown: str) -> Html:
        """A text of several paragraphs."""
        return self._html(parser().parse(_possible(markdown)), markdown)

    def inline(self, markdown: str) -> Html:
        """A text of one line, with no paragraph around it."""
        return self._html(parser().parseInline(_possible(markdown)), markdown)

    def _html(self, tokens: Sequence[Token], markdown: str) -> Html:
        text = self._renderer.render(tokens, parser().options, {})
        pictures = {one.name: one for one in map(self._picture, images(markdown)) if one}
        return Html(text.strip(), tuple(pictures.values()))

    def _image(self, token: Token) -> str:
        picture = self._picture(token)
        source = self._images + quote(picture.name) if picture else str(token.attrs["src"])
        return f'<img src="{escape(source)}" alt="{escape(token.content)}" />'

    def _picture(self, image: Token) -> Picture | None:
        """The image beside the quiz; None for one that is elsewhere on the net."""
        source = str(image.attrs["src"])
        if urlsplit(source).scheme or urlsplit(source).netloc:
            return None
        path = Path(unquote(urlsplit(source).path))
        if path.is_absolute() or ".." in path.parts or not (self._folder / path).is_file():
            raise AutograderError(
                f"{self._folder}: there is no image {source} beside quiz.yaml; put it there, or "
                "take it out of the text"
            )
        return Picture("-".join(path.parts), (self._folder / path).read_bytes())


def _rule(write: Callable[..., str]) -> Callable[..., str]:
    return lambda tokens, number, options, env: write(tokens[number])


def _possible(text: str) -> str:
    """A text without the characters that no XML file can hold."""
    return _NO_XML.sub("", text)


def label(markdown: str) -> str:
    """A text where a format allows no markup: formulas as TeX, code and emphasis as words."""
    return _possible(" ".join(shown(markdown).split()))


def has_markup(markdown: str) -> bool:
    """Whether a text loses something where no markup is allowed."""
    return next(iter(formulas(markdown)), None) is not None or "![" in markdown


@dataclass(frozen=True)
class Entry:
    """An item of a quiz with those of its variants that are exported."""

    item: AnyItem
    variants: tuple[AnyItem, ...]

    @property
    def varies(self) -> bool:
        return bool(self.item.variant)


def entries(quiz: Quiz, most: int | None) -> Iterator[Entry]:
    """The items of a quiz, each with its first ``most`` variants (all, if None)."""
    for item in quiz.items:
        yield Entry(item, tuple(quiz.variants.get(item.id, [item])[:most]))


def identifier(item: AnyItem) -> str:
    """The id of an item or of one variant of it, unique in a quiz."""
    return f"{item.id}-{item.variant}" if item.variant else item.id


def name_of(entry: Entry, item: AnyItem) -> str:
    """The title of an item, with the number of the variant where there are several."""
    title = label(item.title)
    return f"{title} ({entry.variants.index(item) + 1})" if entry.varies else title


def tags(item: AnyItem) -> list[str]:
    """What an item is about: concepts, difficulty, sections and misconceptions."""
    return [
        *item.concepts,
        f"difficulty:{item.difficulty}",
        *(f"section:{section}" for section in item.sections),
        *(f"misconception:{name}" for name in sorted(misconceptions(item))),
    ]


def misconceptions(item: AnyItem) -> set[str]:
    """The misconceptions that the parts of an item name."""
    return set(_named(item.model_dump()))


def _named(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for field, inner in value.items():
            if field == "misconception" and inner:
                yield inner
            elif field == "misconceptions":
                yield from inner.values()
            else:
                yield from _named(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _named(inner)


def explanation(item: AnyItem) -> str:
    """What is shown after grading, as Markdown, without the sections to read again."""
    return item.explanation


def reread(item: AnyItem) -> str:
    """Where to read again, in a sentence; empty where an item names no section."""
    return f"To read again: section {', '.join(item.sections)}." if item.sections else ""


def expected_length(words: Words) -> str:
    """How long an answer should be, in a sentence; empty where nothing is said."""
    if words.min and words.max:
        return f"About {words.min} to {words.max} words."
    if words.min or words.max:
        return f"At least {words.min} words." if words.min else f"At most {words.max} words."
    return ""


def for_grader(item: CaseStudy | Code) -> str:
    """What a person needs to grade an answer, as Markdown."""
    if isinstance(item, Code):
        checks = "\n".join(f"- {one.name}: weight {one.weight:g}" for one in item.checks)
        return f"A solution:\n\n{fenced(item.solution)}\n\nWhat was checked:\n\n{checks}"
    rows = "\n".join(
        f"| {_cell(one.name)} | {level.points:g} | {_cell(level.text)} |"
        for one in item.rubric
        for level in one.levels
    )
    samples = "\n\n".join(
        f"**Graded sample {number}** ({sum(one.points.values()):g} points): {one.text}\n\n"
        f"{one.comment}"
        for number, one in enumerate(item.samples, start=1)
    )
    head = "| Criterion | Points | What earns them |\n|---|---|---|"
    return f"{head}\n{rows}\n\n**Model answer**\n\n{item.model_answer}\n\n{samples}".strip()


def _cell(markdown: str) -> str:
    """A text in a cell of a table."""
    return re.sub(r"(?<!\\)\|", r"\\|", " ".join(markdown.split()))


def fenced(code: str) -> str:
    """Code as a block of Markdown."""
    longest = max((len(run) for run in re.findall("`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}python\n{code.strip()}\n{fence}"


def number(value: float) -> str:
    """A number in the shortest way that every system reads."""
    return repr(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


@dataclass(frozen=True)
class Orders:
    """The valid orders of an ordering: the ids of the steps that belong."""

    item: Ordering

    @cached_property
    def listed(self) -> list[tuple[str, ...]]:
        """The orders, the author's or the nearest to it first; at most ``MOST_ORDERS``."""
        import networkx as nx

        steps = [step for step in self.item.steps if step.belongs]
        graph = nx.DiGraph()
        graph.add_nodes_from(step.id for step in steps)
        graph.add_edges_from((earlier, step.id) for step in steps for earlier in step.after)
        place = [step.id for step in steps].index
        first = tuple(nx.lexicographical_topological_sort(graph, key=place))
        orders = (tuple(order) for order in nx.all_topological_sorts(graph))
        others = (order for order in orders if order != first)
        return [first, *islice(others, MOST_ORDERS)]

    @property
    def complete(self) -> bool:
        return len(self.listed) <= MOST_ORDERS


def common_losses(entry: Entry) -> Iterator[Loss]:
    """What no format keeps."""
    item = entry.item
    if misconceptions(item):
        yield Loss(item.id, "misconceptions are tags of the question, no longer of an option")
    if isinstance(item, Code):
        yield Loss(item.id, "code is not run: it became an essay, which a person grades")
    for text in _texts(item.model_dump()):
        for image in images(text):
            if urlsplit(str(image.attrs["src"])).scheme:
                yield Loss(item.id, f"the image {image.attrs['src']} stays on the net")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)
