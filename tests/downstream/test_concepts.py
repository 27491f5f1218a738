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
    Mastery,
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
        r'left:(-?\d+)px;top:(\d+)px;width.*?aria-label="([^"]+?), chapter', concept_map()
    )
    where = {name: (int(left), int(top)) for left, top, name in places}
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


def test_mastery_is_shown_by_length_shape_and_words() -> None:
    first, second = CONCEPTS[:2]
    mastery = {first.id: Mastery(mean=0.75, low=0.5, high=0.9)}
    quizzes = {first.chapter: "../quizzes/heads/heads.ipynb"}
    drawn = concept_map([replace(first, prerequisites=()), replace(second, prerequisites=())])
    assert "mastery" not in drawn and "quiz" not in drawn
    drawn = concept_map(quizzes=quizzes, mastery=mastery)
    boxes = {
        c.id: one for c in CONCEPTS for one in drawn.split("<div") if f"{c.label}, chapter" in one
    }
    assert "width:75%" in boxes[first.id] and "◕" in boxes[first.id]
    assert "Your mastery: 75 %, with 90 % probability 50 to 90 %." in boxes[first.id]
    assert 'href="../quizzes/heads/heads.ipynb" aria-label="Quiz of chapter 3"' in boxes[first.id]
    assert "Your mastery: not yet known." in boxes[second.id] and "?" in boxes[second.id]
    table = concept_table(quizzes=quizzes, mastery=mastery)
    assert "<td>75 %, with 90 % probability 50 to 90 %</td>" in table
    assert table.count("<td>not yet known</td>") == len(CONCEPTS) - 1


@pytest.mark.parametrize(
    ("mean", "sign"), [(0.0, "○"), (0.3, "◔"), (0.5, "◑"), (0.8, "◕"), (1.0, "●")]
)
def test_the_circle_fills_as_mastery_grows(mean: float, sign: str) -> None:
    assert Mastery(mean, 0.0, 1.0).sign == sign


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
