"""The map of the course's concepts: what builds on what, and which chapter teaches it.

:func:`concept_map` draws it for a notebook page. The boxes are links, so Tab walks through them in
reading order and Enter opens the chapter. JupyterLab follows links of HTML but not those inside an
SVG, so the boxes are HTML and only the lines between them are SVG.
"""

from __future__ import annotations

import html
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import networkx as nx

from downstream.concepts import CONCEPTS, Concept

WIDTH, ROW, BOX, HEIGHT = 800, 78, 190, 50
"""Width of the map, height of a layer, and size of a box, in pixels."""

Node = tuple[str, int]
"""A concept in its own layer, or the place of a line that passes through another layer."""

NOT_YET = "not yet known"
_FILLS = "○◔◑◕●"


@dataclass(frozen=True)
class Mastery:
    """How well a reader knows a concept: between 0 and 1, with the ends of an interval for it."""

    mean: float
    low: float
    high: float

    @property
    def sign(self) -> str:
        """A circle, filled as far as the mean goes."""
        return _FILLS[round(self.mean * (len(_FILLS) - 1))]

    @property
    def words(self) -> str:
        low, high = f"{100 * self.low:.0f}", f"{100 * self.high:.0f}"
        return f"{100 * self.mean:.0f} %, with 90 % probability {low} to {high} %"


def concept_graph(concepts: Sequence[Concept] = CONCEPTS) -> nx.DiGraph:
    """Return the graph with a line from each prerequisite to what builds on it.

    Raises
    ------
    ValueError
        If an id stands twice, a prerequisite is unknown, or concepts require each other.
    """
    ids = [concept.id for concept in concepts]
    if len(set(ids)) < len(ids):
        raise ValueError(f"ids stand twice: {sorted({one for one in ids if ids.count(one) > 1})}")
    graph = nx.DiGraph()
    graph.add_nodes_from(ids)
    for concept in concepts:
        for needed in concept.prerequisites:
            if needed not in ids:
                raise ValueError(f"{concept.id} needs {needed!r}, which is no concept")
            graph.add_edge(needed, concept.id)
    if not nx.is_directed_acyclic_graph(graph):
        loop = [first for first, _ in nx.find_cycle(graph)]
        raise ValueError(f"these concepts require each other: {', '.join(loop)}")
    return graph


def concept_map(
    concepts: Sequence[Concept] = CONCEPTS,
    quizzes: Mapping[str, str] | None = None,
    mastery: Mapping[str, Mastery] | None = None,
) -> str:
    """Draw the concepts in layers, each below everything that it builds on.

    Parameters
    ----------
    quizzes
        Where the quiz of a chapter is, by the chapter's name; no link for chapters without one.
    mastery
        What is known of the reader, by the concept's id: a bar and a circle in the box. None shows
        neither; a concept that is missing is shown as not yet known.

    Returns
    -------
    str
        HTML in the colours of the page. What the lines say is in words in each link's label.
    """
    graph = concept_graph(concepts)
    layers = _layers(graph)
    place = {
        node: (WIDTH * (index + 0.5) / len(layer), ROW * depth + ROW / 2)
        for depth, layer in enumerate(layers)
        for index, node in enumerate(layer)
    }
    known = {concept.id: concept for concept in concepts}
    boxes = [
        _box(known[name], known, place[name, depth], quizzes or {}, mastery)
        for depth, layer in enumerate(layers)
        for name, _ in layer
        if name in known
    ]
    lines = "".join(_line([place[node] for node in path]) for path in _paths(graph, layers))
    height = ROW * len(layers)
    return (
        f'<nav aria-label="{html.escape(map_text(concepts))}" style="overflow-x:auto">'
        f'<div style="position:relative;width:{WIDTH}px;height:{height}px">'
        f'<svg aria-hidden="true" width="{WIDTH}" height="{height}" style="position:absolute;'
        'left:0;top:0;max-width:none" fill="none" stroke="currentColor" stroke-width="1.5" '
        f'stroke-opacity="0.6">{lines}</svg>{"".join(boxes)}</div></nav>'
    )


def map_text(concepts: Sequence[Concept] = CONCEPTS) -> str:
    """Say in a sentence what the map shows; the links and the table carry the rest."""
    layers = list(nx.topological_generations(concept_graph(concepts)))
    known = {concept.id: concept for concept in concepts}
    first, last = (", ".join(known[name].label for name in layers[end]) for end in (0, -1))
    return (
        f"Map of {len(concepts)} concepts in {len(layers)} layers, from {first} at the top "
        f"to {last} at the bottom; each link opens its chapter"
    )


def concept_table(
    concepts: Sequence[Concept] = CONCEPTS,
    quizzes: Mapping[str, str] | None = None,
    mastery: Mapping[str, Mastery] | None = None,
) -> str:
    """Return the map as a table in HTML: concept, what it builds on, chapter, chapters of the book.

    The concepts stand in an order in which each can be learnt; parameters as ``concept_map``.
    """
    known = {concept.id: concept for concept in concepts}
    order = [known[name] for layer in _generations(concept_graph(concepts)) for name in layer]
    rows = "".join(
        f"<tr><td>{html.escape(concept.label)}</td><td>{html.escape(concept.name)}</td>"
        f"<td>{html.escape(_labels(concept, known)) or '–'}</td><td>{_link(concept)}</td>"
        f"<td>{', '.join(map(str, concept.book_chapters))}</td>"
        f"<td>{_quiz_link(concept, quizzes or {}) or '–'}</td>"
        f"{'' if mastery is None else f'<td>{_words(concept, mastery)}</td>'}</tr>"
        for concept in order
    )
    heads = ["concept", "what it says", "builds on", "chapter", "chapter of the book", "quiz"]
    if mastery is not None:
        heads.append("your mastery")
    top = "".join(f'<th scope="col">{head}</th>' for head in heads)
    return (
        f'<table style="text-align:left"><thead><tr>{top}</tr></thead><tbody>{rows}</tbody></table>'
    )


def chapter_number(chapter: str) -> int:
    """Return the number that a chapter's name begins with."""
    return int(chapter.partition("_")[0])


def _labels(concept: Concept, known: dict[str, Concept]) -> str:
    return ", ".join(known[name].label for name in concept.prerequisites)


def _link(concept: Concept) -> str:
    number = chapter_number(concept.chapter)
    return f'<a href="{html.escape(concept.chapter)}.ipynb">chapter {number}</a>'


def _quiz_link(concept: Concept, quizzes: Mapping[str, str]) -> str:
    if concept.chapter not in quizzes:
        return ""
    name = f"Quiz of chapter {chapter_number(concept.chapter)}"
    return f'<a href="{html.escape(quizzes[concept.chapter])}" aria-label="{name}">quiz</a>'


def _words(concept: Concept, mastery: Mapping[str, Mastery]) -> str:
    return mastery[concept.id].words if concept.id in mastery else NOT_YET


def _box(
    concept: Concept,
    known: dict[str, Concept],
    place: tuple[float, float],
    quizzes: Mapping[str, str],
    mastery: Mapping[str, Mastery] | None,
) -> str:
    x, y = place
    needs = _labels(concept, known)
    number = chapter_number(concept.chapter)
    words = f"{concept.label}, chapter {number}. {concept.name}. " + (
        f"Builds on: {needs}." if needs else "Builds on nothing before it."
    )
    below = [f"chapter {number}", _quiz_link(concept, quizzes)]
    bar = ""
    if mastery is not None:
        found = mastery.get(concept.id)
        words += f" Your mastery: {_words(concept, mastery)}."
        below.append(f'<span aria-hidden="true">{found.sign if found else "?"}</span>')
        if found:
            bar = (
                f'<span style="position:absolute;left:0;bottom:0;height:5px;'
                f"width:{100 * found.mean:.0f}%;"
                'background:var(--jp-brand-color1, LinkText)"></span>'
            )
    style = (
        f"position:absolute;left:{x - BOX / 2:.0f}px;top:{y - HEIGHT / 2:.0f}px;width:{BOX}px;"
        f"height:{HEIGHT}px;box-sizing:border-box;border:2px solid currentColor;"
        "border-radius:6px;text-align:center;overflow:hidden;"
        "background:var(--jp-layout-color1, Canvas);padding:3px;font-size:13px;line-height:1.45"
    )
    return (
        f'<div style="{style}">{bar}'
        f'<a href="{html.escape(concept.chapter)}.ipynb" title="{html.escape(concept.name)}" '
        f'aria-label="{html.escape(words)}" style="color:inherit;display:block;'
        f'text-decoration:none"><strong>{html.escape(concept.label)}</strong></a>'
        f"{' · '.join(filter(None, below))}</div>"
    )


def _line(points: Sequence[tuple[float, float]]) -> str:
    path = ""
    for (x, y), (to_x, to_y) in itertools.pairwise(points):
        middle = (y + to_y) / 2
        path += (
            f"M{x:.0f} {y:.0f}C{x:.0f} {middle:.0f} {to_x:.0f} {middle:.0f} {to_x:.0f} {to_y:.0f}"
        )
    return f'<path d="{path}"/>'


def _generations(graph: nx.DiGraph) -> list[list[str]]:
    return [sorted(layer) for layer in nx.topological_generations(graph)]


def _layers(graph: nx.DiGraph) -> list[list[Node]]:
    """Order each layer, and keep a place in it for each line that passes through.

    A node is put where the mean of the nodes above it is (Sugiyama, Tagawa and Toda 1981).
    """
    depth = {name: i for i, layer in enumerate(_generations(graph)) for name in layer}
    passing: dict[int, set[str]] = {level: set() for level in depth.values()}
    for start, end in graph.edges:
        for level in range(depth[start] + 1, depth[end]):
            passing[level].add(f"{start}>{end}")
    layers: list[list[Node]] = []
    for level, names in enumerate(_generations(graph)):
        above_it = layers[-1] if layers else []
        where = {name: (i + 0.5) / len(above_it) for i, (name, _) in enumerate(above_it)}

        def key(name: str, where: dict[str, float] = where) -> tuple[float, str]:
            start, _, end = name.partition(">")
            above = [name, start] if end else list(graph.predecessors(name))
            above += [] if end else [f"{other}>{name}" for other in above]
            places = [where[one] for one in above if one in where]
            return (sum(places) / len(places) if places else 0.5, name)

        layers.append([(name, level) for name in sorted([*names, *passing[level]], key=key)])
    return layers


def _paths(graph: nx.DiGraph, layers: list[list[Node]]) -> list[list[Node]]:
    """Return the places that each line goes through, from top to bottom."""
    level = {name: depth for layer in layers for name, depth in layer if ">" not in name}
    return [
        [
            (start, level[start]),
            *[(f"{start}>{end}", depth) for depth in range(level[start] + 1, level[end])],
            (end, level[end]),
        ]
        for start, end in sorted(graph.edges)
    ]
