"""The concepts and their map: consistent, without circles, drawn with a link for each."""

from __future__ import annotations

import re
from dataclasses import replace

import networkx as nx
import pytest

from downstream.concepts import CONCEPTS
from downstream.notebooks import ROOT
from downstream.pictures_of_concepts import (
    BOX,
    HEIGHT,
    WIDTH,
    chapter_number,
    concept_graph,
    concept_map,
    concept_table,
    map_text,
)


def test_every_concept_can_be_reached_from_one_beginning_without_circles() -> None:
    graph = concept_graph()
    beginnings = [name for name, needs in graph.in_degree() if needs == 0]
    assert beginnings == ["pretrain-finetune-paradigm"]
    assert nx.descendants(graph, beginnings[0]) | set(beginnings) == {c.id for c in CONCEPTS}


def test_nothing_is_taught_in_a_chapter_before_what_it_builds_on() -> None:
    chapter = {concept.id: chapter_number(concept.chapter) for concept in CONCEPTS}
    for before, after in concept_graph().edges:
        assert chapter[before] <= chapter[after]


@pytest.mark.parametrize("concept", CONCEPTS, ids=lambda concept: concept.id)
def test_a_concept_has_a_chapter_that_exists(concept) -> None:
    assert (ROOT / "text" / f"{concept.chapter}.py").exists()


@pytest.mark.parametrize("concept", CONCEPTS, ids=lambda concept: concept.id)
def test_each_box_is_a_link_that_says_where_it_leads_and_what_it_builds_on(concept) -> None:
    labels = {c.id: c.label for c in CONCEPTS}
    found = [
        link
        for link in re.findall(r"<a [^>]*>", concept_map())
        if f'aria-label="{concept.label}, chapter' in link
    ]
    assert len(found) == 1
    assert f'href="{concept.chapter}.ipynb"' in found[0]
    assert all(labels[needed] in found[0] for needed in concept.prerequisites)
    assert f"<td>{concept.label}</td>" in concept_table()


def test_boxes_do_not_overlap_and_stand_below_what_they_build_on() -> None:
    places = re.findall(
        r'aria-label="([^"]+?), chapter.*?left:(-?\d+)px;top:(\d+)px', concept_map()
    )
    where = {name: (int(left), int(top)) for name, left, top in places}
    assert len(where) == len(CONCEPTS)
    for name, (left, top) in where.items():
        assert 0 <= left <= WIDTH - BOX
        for other, (x, y) in where.items():
            assert name == other or abs(left - x) >= BOX or abs(top - y) >= HEIGHT
    labels = {c.id: c.label for c in CONCEPTS}
    for before, after in concept_graph().edges:
        assert where[labels[before]][1] < where[labels[after]][1]


def test_the_map_takes_its_colours_from_the_page_and_has_a_name() -> None:
    drawn = concept_map()
    assert not re.search(r"#[0-9a-fA-F]{3,6}\b", drawn)
    assert f'aria-label="{map_text()}"' in drawn
    assert "outline" not in drawn  # the browser's own focus ring stays


def test_faults_are_named() -> None:
    first, second = CONCEPTS[:2]
    with pytest.raises(ValueError, match="stand twice"):
        concept_graph([first, first])
    with pytest.raises(ValueError, match="'nothing', which is no concept"):
        concept_graph([replace(first, prerequisites=("nothing",))])
    with pytest.raises(ValueError, match="require each other"):
        concept_graph(
            [
                replace(first, prerequisites=(second.id,)),
                replace(second, prerequisites=(first.id,)),
            ]
        )
