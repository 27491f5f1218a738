"""All quizzes of the course in all formats: what independent readers make of them."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from examples import (
    CASE_STUDY,
    CLOZE,
    CODE,
    MATCHING,
    MULTIPLE_SELECT,
    NUMERIC,
    ORDERING,
    SINGLE_CHOICE,
    changed,
    item,
)
from lxml import etree
from moodle_xml_parser.parser import parse_bytes
from pyslet.qtiv2.core import QTIError
from qti_engine import misplaced_in_qti12, play, read, unzip
from typer.testing import CliRunner

from autograder.cli import app
from autograder.errors import AutograderError
from autograder.interchange import FORMATS
from autograder.interchange.shared import Export, Orders, identifier
from autograder.quiz import Quiz

SOURCE = Path(__file__).parents[2] / "source"
NAMES = sorted(path.parent.name for path in SOURCE.glob("*/quiz.yaml"))
pytestmark = pytest.mark.filterwarnings("ignore:.*is deprecated, use:DeprecationWarning")
CHOICE_LIKE = ("single_choice", "multiple_select")

CourseQuiz = Callable[[str], Quiz]
CourseExport = Callable[[str, str], Export]


def quiz_of(*items: Any) -> Quiz:
    return Quiz(id="small", title="Small", chapter="", instructions="Go.", items=list(items))


def every_item(quiz: Quiz, most: int) -> list[Any]:
    return [one for item in quiz.items for one in quiz.variants.get(item.id, [item])[:most]]


def some_response(one: Any, draw: random.Random) -> tuple[Any, dict[str, Any]] | None:
    """A response to an item, as this package has it and as QTI has it; None for free text."""
    if one.type == "single_choice":
        picked = draw.choice(one.options).id
        return {"choice": picked}, {"RESPONSE": picked}
    if one.type == "multiple_select":
        picks = [option.id for option in one.options if draw.random() < 0.5] or [one.options[0].id]
        return {"picks": picks}, {"RESPONSE": picks}
    if one.type == "matching":
        options = [option.id for option in one.options]
        draw.shuffle(options)
        pairs = {prompt.id: option for prompt, option in zip(one.prompts, options, strict=False)}
        if draw.random() < 0.5:
            pairs |= {one.prompts[0].id: one.prompts[0].match}
        if not one.reuse and len(set(pairs.values())) < len(pairs):
            pairs = {prompt.id: prompt.match for prompt in one.prompts}
        return {"pairs": pairs}, {"RESPONSE": list(pairs.items())}
    if one.type == "ordering":
        order = list(draw.choice(Orders(one).listed))
        if draw.random() < 0.5:
            draw.shuffle(order)
        return {"order": order}, {"RESPONSE": order}
    if one.type == "numeric":
        value = some_number(one, draw)
        return {"value": value}, {"RESPONSE": value}
    if one.type == "cloze":
        blanks = {blank.id: some_blank(blank, draw) for blank in one.blanks}
        return {"blanks": blanks}, dict(blanks)
    return None


def some_number(key: Any, draw: random.Random) -> float:
    near = key.answer + 0.9 * max(key.tolerance.absolute, key.tolerance.relative * key.answer)
    return float(draw.choice([key.answer, near, 1234.5, *(slip.value for slip in key.slips)]))


def some_blank(blank: Any, draw: random.Random) -> Any:
    if blank.kind == "choice":
        return draw.choice(blank.options).id
    if blank.kind == "text":
        return draw.choice([*blank.accept, *(word.text for word in blank.wrong), "zzz"]).upper()
    return some_number(blank, draw)


@pytest.mark.parametrize("name", NAMES)
def test_a_qti_engine_scores_every_item_as_this_package_does(
    name: str, course_quiz: CourseQuiz, course_export: CourseExport
) -> None:
    files = unzip(course_export(name, "qti21").content)
    draw = random.Random(name)
    for one in every_item(course_quiz(name), 1):
        engine_item = read(files[f"{identifier(one)}.xml"])
        for _ in range(3):
            response = some_response(one, draw)
            if response is None:
                continue
            own, theirs = response
            fraction = one.score(own).fraction
            if one.type == "ordering":  # said among the losses
                fraction = float(fraction == 1)
            score, feedback = play(engine_item, theirs)
            assert score == pytest.approx(fraction * one.points), (one.id, own)
            assert "EXPLANATION" in feedback


@pytest.mark.parametrize("name", NAMES)
def test_the_packages_hold_what_their_manifests_list(
    name: str, course_quiz: CourseQuiz, course_export: CourseExport
) -> None:
    for form in ("qti21", "qti12"):
        export = course_export(name, form)
        files = unzip(export.content)
        manifest = etree.fromstring(files["imsmanifest.xml"])
        listed = {one.get("href") for one in manifest.iter("{*}file")}
        assert listed == set(files) - {"imsmanifest.xml"}
        assert export.questions == len(every_item(course_quiz(name), 1))
    read(unzip(course_export(name, "qti21").content)["test.xml"])
    assessment = unzip(course_export(name, "qti12").content)[f"{name}/{name}.xml"]
    assert misplaced_in_qti12(assessment) == []


@pytest.mark.parametrize("name", NAMES)
def test_another_reader_of_moodle_xml_finds_options_keys_and_feedback(
    name: str, course_quiz: CourseQuiz, course_export: CourseExport
) -> None:
    found = parse_bytes(course_export(name, "moodle-xml").content)
    items = every_item(course_quiz(name), 1)
    choices = [one for one in items if one.type in CHOICE_LIKE]
    assert len(found["multichoice"]) == len(choices)
    for question, one in zip(found["multichoice"], choices, strict=True):
        assert question.default_grade == one.points
        assert question.single == (one.type == "single_choice")
        keyed = [option.score_fraction > 0 for option in question.options]
        assert keyed == [option.correct for option in one.options]
        assert all(option.feedback for option in question.options)
    clozes = [one for one in items if one.type == "cloze"]
    for question, one in zip(found["cloze"], clozes, strict=True):
        gaps = [gap for gap in question.gaps if re.match(r"\{\d+:[A-Z_]+:", gap.raw_content)]
        assert len(gaps) == len(one.blanks)


def test_broken_qti_would_be_noticed(course_export: CourseExport) -> None:
    files = unzip(course_export("tour", "qti21").content)
    xml = files["which-head.xml"]
    with pytest.raises(QTIError):
        read(xml.replace(b"<itemBody>", b"<itemBody><responseIf/>"))
    canvas = unzip(course_export("tour", "qti12").content)["tour/tour.xml"]
    assert misplaced_in_qti12(canvas.replace(b"<resprocessing>", b"<resprocessing><setvar/>", 1))
    wrong_key = xml.replace(b"<value>every-token</value>", b"<value>first-token</value>")
    assert play(read(wrong_key), {"RESPONSE": "every-token"})[0] == 0


def test_a_matching_tells_what_was_right_and_what_was_not() -> None:
    one = item(MATCHING)
    files = unzip(FORMATS["qti21"].write(quiz_of(one), SOURCE, None).content)
    pairs = [("sky", "blue"), ("rose", "green")]
    score, feedback = play(read(files["match.xml"]), {"RESPONSE": pairs})
    assert score == pytest.approx(one.points / 3)
    assert feedback == {"sky.right", "grass.wrong", "rose.wrong", "rose.green", "EXPLANATION"}


def test_canvas_reads_the_types_by_its_own_names() -> None:
    items = [
        item(data)
        for data in (SINGLE_CHOICE, MULTIPLE_SELECT, MATCHING, ORDERING, NUMERIC, CLOZE, CASE_STUDY)
    ]
    files = unzip(FORMATS["qti12"].write(quiz_of(*items, item(CODE)), SOURCE, None).content)
    root = etree.fromstring(files["small/small.xml"])
    kinds = [
        field.findtext("{*}fieldentry")
        for field in root.iter("{*}qtimetadatafield")
        if field.findtext("{*}fieldlabel") == "question_type"
    ]
    assert kinds == [
        "multiple_choice_question",
        "multiple_answers_question",
        "matching_question",
        "matching_question",
        "numerical_question",
        "fill_in_multiple_blanks_question",
        "essay_question",
        "essay_question",
    ]


@pytest.mark.parametrize("form", FORMATS)
def test_every_loss_is_listed_item_by_item(form: str) -> None:
    items = [item(data) for data in (SINGLE_CHOICE, ORDERING, CASE_STUDY, CODE)]
    losses = FORMATS[form].write(quiz_of(*items), SOURCE, None).losses
    said = {one.id: " ".join(loss.what for loss in losses if loss.item == one.id) for one in items}
    assert "misconceptions" in said["pick"]
    assert "partial credit" in said["order"]
    assert "rubric" in said["case"]
    assert "not run" in said["program"]


def test_an_all_or_nothing_item_earns_nothing_for_a_part() -> None:
    one = item(changed(MULTIPLE_SELECT, scoring="all-or-nothing"))
    files = unzip(FORMATS["qti21"].write(quiz_of(one), SOURCE, None).content)
    engine_item = read(files["several.xml"])
    assert play(engine_item, {"RESPONSE": ["two", "three"]})[0] == one.points
    assert play(engine_item, {"RESPONSE": ["two"]})[0] == 0


@pytest.mark.parametrize("form", FORMATS)
def test_variants_are_questions_of_which_one_is_drawn(form: str, course_quiz: CourseQuiz) -> None:
    quiz = course_quiz("tour")
    export = FORMATS[form].write(quiz, SOURCE / "tour", 3)
    assert export.questions == len(quiz.items) + 2 * len(quiz.variants)
    if form == "moodle-xml":
        kinds = [one.get("type") for one in etree.fromstring(export.content)]
        assert kinds.count("category") == 1 + 2 * len(quiz.variants)
        return
    name, tag = {
        "qti21": ("test.xml", "selection"),
        "qti12": ("tour/tour.xml", "selection_number"),
    }[form]
    chosen = list(etree.fromstring(unzip(export.content)[name]).iter(f"{{*}}{tag}"))
    assert [one.get("select") or one.text for one in chosen] == ["1"] * len(quiz.variants)


@pytest.mark.parametrize("form", FORMATS)
def test_images_travel_with_the_questions(form: str, tmp_path: Path) -> None:
    picture = b"\x89PNG\r\n\x1a\n picture"
    (tmp_path / "figure 1.png").write_bytes(picture)
    one = item(changed(SINGLE_CHOICE, stem="See ![a curve](figure%201.png)."))
    content = FORMATS[form].write(quiz_of(one), tmp_path, None).content
    if form == "moodle-xml":
        assert b"iVBORw0KGgogcGljdHVyZQ==" in content
        assert b"@@PLUGINFILE@@/figure%201.png" in content
    else:
        assert unzip(content)["images/figure 1.png"] == picture


@pytest.mark.parametrize("source", ["lost.png", "../secret.png", "/etc/hostname"])
def test_a_missing_or_foreign_image_is_named(source: str, tmp_path: Path) -> None:
    one = item(changed(SINGLE_CHOICE, stem=f"See ![it]({source})."))
    for form in FORMATS.values():
        with pytest.raises(AutograderError, match="beside quiz"):
            form.write(quiz_of(one), tmp_path, None)


def test_the_same_quiz_gives_the_same_bytes() -> None:
    quiz = quiz_of(item(SINGLE_CHOICE), item(CLOZE))
    for form in FORMATS.values():
        assert form.write(quiz, SOURCE, None) == form.write(quiz, SOURCE, None)


def test_the_command_writes_the_file_and_the_losses_beside_it(tmp_path: Path) -> None:
    output = tmp_path / "out" / "tour.xml"
    command = ["export", "items", "tour", "--as", "moodle-xml", "--variants", "1"]
    done = CliRunner().invoke(app, [*command, "--output", str(output), "--source", str(SOURCE)])
    assert done.exit_code == 0, done.output
    assert "several orders are right" in done.output
    losses = output.with_name("tour.losses.txt").read_text(encoding="utf-8")
    assert "which-head (single_choice)\n- misconceptions" in losses
    assert etree.parse(output).getroot().tag == "quiz"


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    command = ["export", "items", "tour", "--as", "scorm", "--output", str(tmp_path / "x")]
    done = CliRunner().invoke(app, [*command, "--source", str(SOURCE)])
    assert isinstance(done.exception, AutograderError)
    assert "moodle-xml, qti21, qti12" in str(done.exception)
    assert list(tmp_path.iterdir()) == []
