"""Questions of other systems as quizzes: what comes back, what is refused, what is never lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from examples import (
    CASE_STUDY,
    CLOZE,
    MATCHING,
    MULTIPLE_SELECT,
    NUMERIC,
    ORDERING,
    SINGLE_CHOICE,
    changed,
    item,
)
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from autograder.checks.writing import problems
from autograder.cli import app
from autograder.course import Course
from autograder.errors import AutograderError
from autograder.interchange import FORMATS
from autograder.interchange.command import import_items
from autograder.interchange.gift import read_gift
from autograder.interchange.moodle_reader import read_moodle_xml
from autograder.interchange.moodle_xml import _formula, _literal
from autograder.interchange.shared import Markup
from autograder.interchange.to_markdown import to_markdown
from autograder.markdown import parser
from autograder.quiz import Quiz, load_quiz

MARKUP = Markup(Path(), _formula, "", _literal)
#: Texts that mean something to Markdown, TeX, XML, HTML or one of the formats.
TRICKY = st.text(
    st.one_of(
        st.sampled_from(list("\\`*_[]<>$|&{}~#=%:/\"'!-+.()1a b;")),
        st.characters(codec="utf-8", categories=("L", "N", "P", "S")),
    ),
    min_size=1,
    max_size=30,
).filter(lambda text: text.strip() == text)
PIECES = st.lists(
    st.sampled_from(
        [
            *("word", "`a|b`", "**bold**", "$x_1 < {2}$", "*slanted*", "h_cls", "`` ` ``", "5 < 6"),
            *(r"\*", r"\$5", "&amp;", r"\\(", "$\\{a\\}$", "<b>", "#", "1.", "=", "~", "{1:SA:=x}"),
        ]
    ),
    min_size=1,
    max_size=8,
).map(lambda pieces: " ".join(["So", *pieces]))


def quiz_of(*items: Any) -> Quiz:
    return Quiz(id="small", title="Small", chapter="", instructions="Go.", items=list(items))


def round_trip(folder: Path, *items: Any) -> Quiz:
    """What comes back of items that went to Moodle XML."""
    file = folder / "small.xml"
    file.write_bytes(FORMATS["moodle-xml"].write(quiz_of(*items), folder, None).content)
    import_items(file, "again", folder, lambda _: None)
    return load_quiz(folder / "again" / "quiz.yaml")


def imported(folder: Path, text: str, name: str = "given.gift") -> tuple[Quiz, str]:
    """The quiz that a file becomes, and what was said."""
    file = folder / name
    file.write_text(text, encoding="utf-8")
    said: list[str] = []
    import_items(file, "again", folder, said.append)
    return load_quiz(folder / "again" / "quiz.yaml"), "\n".join(said)


def as_shown(markdown: str) -> str:
    return " ".join(parser().render(markdown).split())


def common(one: Any) -> tuple[Any, ...]:
    return one.id, one.title, one.points, one.difficulty, one.concepts, one.stem, one.explanation


@pytest.mark.parametrize("data", [SINGLE_CHOICE, MULTIPLE_SELECT])
def test_choices_come_back_as_they_went(data: dict[str, Any], tmp_path: Path) -> None:
    went = item(changed(data, sections=["3.5"]))
    came = round_trip(tmp_path, went).items[0]
    assert common(came) == common(went)
    assert came.sections == went.sections
    assert [(one.text, one.feedback, one.correct) for one in came.options] == [
        (one.text, one.feedback, one.correct) for one in went.options
    ]


def test_a_number_comes_back_with_tolerance_unit_and_slips(tmp_path: Path) -> None:
    went = item(NUMERIC)
    came = round_trip(tmp_path, went).items[0]
    assert common(came) == common(went)
    assert (came.answer, came.unit, came.feedback) == (went.answer, went.unit, went.feedback)
    assert came.tolerance.absolute == went.tolerance.absolute
    assert [(one.value, one.fraction, one.feedback) for one in came.slips] == [
        (one.value, one.fraction, one.feedback) for one in went.slips
    ]


def test_blanks_come_back_with_their_keys_and_feedback(tmp_path: Path) -> None:
    went = item(CLOZE)
    came = round_trip(tmp_path, went).items[0]
    assert common(came) == common(went)
    assert "[[blank-1]] | [[blank-2]] | [[blank-3]]" in came.text
    choice, word, amount = came.blanks
    assert [(one.text, one.feedback, one.correct) for one in choice.options] == [
        (one.text, one.feedback, one.correct) for one in went.blanks[0].options
    ]
    assert word.accept == ["softmax", "soft-max"]
    assert (word.feedback, word.wrong[0].text, word.wrong[0].feedback) == (
        *("Why softmax.", "sigmoid", "For two."),
    )
    assert (amount.answer, amount.feedback) == (768, "Why 768.")
    assert (amount.slips[0].value, amount.slips[0].fraction) == (767, 0.5)


def test_pairs_steps_and_rubrics_come_back(tmp_path: Path) -> None:
    went = [item(data) for data in (MATCHING, ORDERING, CASE_STUDY)]
    pairs, steps, case = round_trip(tmp_path, *went).items
    texts = {option.id: option.text for option in pairs.options}
    assert [(one.text, texts[one.match]) for one in pairs.prompts] == [
        *(("Sky", "Blue"), ("Grass", "Green"), ("Rose", "Red")),
    ]
    assert sorted(texts.values()) == ["Blue", "Green", "Grey", "Red"]
    assert [step.text for step in steps.steps] == ["Wake up", "Make tea", "Cut bread", "Eat"]
    assert steps.score({"order": [step.id for step in steps.steps]}).fraction == 1
    assert case.model_answer == went[2].model_answer
    assert [(one.name, [level.points for level in one.levels]) for one in case.rubric] == [
        *(("What", [0, 2]), ("Why", [0, 2])),
    ]


def test_images_come_back(tmp_path: Path) -> None:
    (tmp_path / "figure.png").write_bytes(b"a picture")
    came = round_trip(tmp_path, item(SINGLE_CHOICE, stem="![a curve](figure.png)")).items[0]
    assert came.stem == "![a curve](figure.png)"
    assert (tmp_path / "again" / "figure.png").read_bytes() == b"a picture"


@given(PIECES)
def test_markdown_survives_the_way_through_html(text: str) -> None:
    assert as_shown(to_markdown(MARKUP.block(text).text)) == as_shown(text)


@given(PIECES, PIECES, TRICKY)
def test_texts_survive_the_way_through_moodle_xml(
    tmp_path_factory: pytest.TempPathFactory, stem: str, feedback: str, word: str
) -> None:
    folder = tmp_path_factory.mktemp("there-and-back")
    cloze = changed(CLOZE, stem=stem)
    cloze["blanks"][0]["options"][0]["feedback"] = feedback
    cloze["blanks"][1] |= {"accept": [word], "feedback": feedback, "wrong": []}
    came = round_trip(folder, item(cloze)).items[0]
    assert as_shown(came.stem) == as_shown(stem)
    assert as_shown(came.blanks[0].options[0].feedback) == as_shown(feedback)
    assert as_shown(came.blanks[1].feedback) == as_shown(feedback)
    if r"\}" not in word and r"\#" not in word:  # Moodle takes this backslash away
        assert came.blanks[1].accept == [word]


def escaped(text: str) -> str:
    """A text in GIFT, as Moodle writes it."""
    return "".join(f"\\{one}" if one in "\\~=#{}:" else one for one in text)


@given(TRICKY, TRICKY)
def test_texts_survive_the_way_through_gift(
    tmp_path_factory: pytest.TempPathFactory, option: str, feedback: str
) -> None:
    file = tmp_path_factory.mktemp("gift") / "one.gift"
    right, said = escaped(option), escaped(feedback)
    file.write_text(f"::T::[plain]Stem {{=[plain]{right}#[plain]{said} ~b#no}}", encoding="utf-8")
    answer = read_gift(file).questions[0].answers[0]
    shown = MARKUP.inline(answer.text).text
    assert to_markdown(shown) == answer.text
    assert as_shown(answer.text) == as_shown(to_markdown(f"<p>{_html(option)}</p>"))
    assert as_shown(answer.feedback) == as_shown(to_markdown(f"<p>{_html(feedback)}</p>"))


def _html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


GIFT = r"""// a comment
$CATEGORY: somewhere

::Grant::Who's buried in Grant's \{tomb\}?{
  =no one#Right, nobody.
  ~Grant#He lies above ground.
  ~Jefferson
####Both Grants are entombed. }

The sky is {~%50%blue ~%50%grey ~%-50%green} at times.

When was Grant born?{#=1822:0#Right. =%50%1820:1#Nearly. ~#Look it up.}

Two plus two is {=four =4 =%0%five#One less.}.

Match. {=Canada -> Ottawa =Italy -> Rome =Japan -> Tokyo}

Grant is dead.{TRUE#He is.#Indeed.}

Write about Grant. {}

Only a description.
"""


def test_gift_becomes_a_quiz_that_loads(tmp_path: Path) -> None:
    quiz, said = imported(tmp_path, GIFT)
    assert [one.type for one in quiz.items] == [
        *("single_choice", "multiple_select", "numeric", "cloze", "matching", "single_choice"),
        "case_study",
    ]
    grant, sky, born, four, capitals, dead, _ = quiz.items
    assert (grant.title, grant.stem) == ("Grant", "Who's buried in Grant's {tomb}?")
    assert grant.options[0].feedback == "Right, nobody."
    assert grant.options[2].feedback.startswith("TODO: ")
    assert grant.explanation == "Both Grants are entombed."
    assert [option.correct for option in sky.options] == [True, True, False]
    assert (born.answer, born.slips[0].value, born.slips[0].fraction) == (1822, 1820, 0.5)
    assert four.blanks[0].accept == ["four", "4"]
    assert [prompt.text for prompt in capitals.prompts] == ["Canada", "Italy", "Japan"]
    assert [(one.text, one.correct, one.feedback) for one in dead.options] == [
        *(("True", True, "Indeed."), ("False", False, "He is.")),
    ]
    assert "given.gift:22: 'Only a description.': a description asks nothing" in said
    assert "feedback on any other number is left out: Look it up." in said


def test_what_a_person_must_write_is_listed_and_refused_by_check(tmp_path: Path) -> None:
    quiz, said = imported(tmp_path, "Is it?{=Yes ~No}")
    lines = (tmp_path / "again" / "quiz.yaml").read_text(encoding="utf-8").splitlines()
    named = [int(word) for word in said.split("on lines ")[1].split("\n")[0].split(", ")]
    assert named == [n for n, line in enumerate(lines, 1) if "TODO:" in line or line == "  - todo"]
    found = [finding.message for finding in problems(quiz, Course(concepts=("freezing",)))]
    assert sum("still to be written" in message for message in found) == 4  # and instructions


MOODLE = """<?xml version="1.0"?>
<quiz>
<question type="{kind}"><name><text>One</text></name>
<questiontext format="html"><text><![CDATA[<p>Why?</p>]]></text></questiontext>
<defaultgrade>2</defaultgrade>
{rest}
</question>
</quiz>"""


@pytest.mark.parametrize(
    ("kind", "rest", "why"),
    [
        ("calculated", "", "no item like Moodle's type 'calculated'"),
        ("multichoice", "<answer fraction='50'><text>a</text></answer>", "0 options earn all"),
        ("shortanswer", "<answer fraction='100'><text>a*b</text></answer>", "wildcard"),
        ("shortanswer", "<answer fraction='100'><text>*</text></answer>", "any answer at all"),
        ("numerical", "<answer fraction='100'><text>x</text></answer>", "no number earns"),
        ("cloze", "", "has no blank"),
        ("match", "", "no item like"),
        (
            "matching",
            "<subquestion><text>a</text><answer><text>b</text></answer></subquestion>",
            "2",
        ),
    ],
)
def test_what_cannot_become_an_item_is_named_with_its_line(
    kind: str, rest: str, why: str, tmp_path: Path
) -> None:
    file = tmp_path / "given.xml"
    file.write_text(MOODLE.format(kind=kind, rest=rest), encoding="utf-8")
    with pytest.raises(AutograderError) as refused:
        import_items(file, "again", tmp_path, lambda _: None)
    assert f"{file}:3: One: " in str(refused.value)
    assert why in str(refused.value)
    assert not (tmp_path / "again").exists()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<quiz><question>", ":1: is not valid XML"),
        ('<!DOCTYPE q [<!ENTITY a SYSTEM "file:///etc/passwd">]><quiz>&a;</quiz>', "document type"),
        ("<html/>", "not with <quiz>"),
        ("<quiz/>", "no question"),
        (MOODLE.format(kind="multichoice", rest="<answer fraction='x'/>"), ":6: 'x' is not a"),
        (
            MOODLE.format(kind="essay", rest="").replace(
                "</questiontext>", "<file name='a.png' encoding='base64'>?</file></questiontext>"
            ),
            ":4: the image 'a.png' is damaged",
        ),
    ],
)
def test_a_broken_file_is_refused_with_its_line(text: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(AutograderError, match="given") as refused:
        imported(tmp_path, text, "given.xml")
    assert why in str(refused.value)
    assert not (tmp_path / "again").exists()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Fine?{=yes ~no}\n\nBroken {=a ~b", ":3: the braces"),
        ("One {=a} two {=b}", ":1: has a second pair"),
        ("::No end {=a ~b}", ":1: the title"),
        ("Number {#five}", ":1: 'five' is no number"),
        ("Pairs {=a -> b =c}", ":1: the pair 'c' has no ->"),
        ("What {yes}", ":1: the answers 'yes' begin"),
        ("Odd \ufdd0 {=a ~b}", ":1: holds a character"),
    ],
)
def test_broken_gift_is_refused_with_its_line(text: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(AutograderError) as refused:
        imported(tmp_path, text)
    assert f"given.gift{why}" in str(refused.value)
    assert not (tmp_path / "again").exists()


def test_images_cannot_leave_their_folder_and_scripts_are_left_out(tmp_path: Path) -> None:
    rest = (
        "<generalfeedback format='html'><text>&lt;script&gt;alert(1)&lt;/script&gt;Because."
        "</text></generalfeedback>"
    )
    text = MOODLE.format(kind="essay", rest=rest).replace(
        "</questiontext>",
        "<file name='../../evil.png' path='/' encoding='base64'>AAAA</file>"
        "<file name='run.html' path='/' encoding='base64'>AAAA</file></questiontext>",
    )
    quiz, said = imported(tmp_path, text, "given.xml")
    assert quiz.items[0].explanation == "Because."
    names = sorted(path.name for path in (tmp_path / "again").iterdir())
    assert names == ["evil.png", "quiz.yaml"]
    assert "'run.html' is no image" in said


def test_a_quiz_that_is_there_is_never_touched(tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    (tmp_path / "again" / "notes.txt").write_text("mine")
    with pytest.raises(AutograderError, match="is there already"):
        imported(tmp_path, "Is it?{=Yes ~No}")
    assert [path.name for path in (tmp_path / "again").iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("name", ["Week 3", "../up", "a--b", ""])
def test_an_impossible_name_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(AutograderError, match="--as-quiz"):
        import_items(tmp_path / "given.gift", name, tmp_path, lambda _: None)


def test_moodles_own_notation_of_blanks_is_read(tmp_path: Path) -> None:
    text = (
        r"{1:MC:=A&amp;B#so~%50%C#half\}~D} and {2:SA:=x \} y~*#no} and "
        r"{1:NM:%100%3.5:0.1#yes~%50%4,5:0.5}"
    )
    xml = MOODLE.format(kind="cloze", rest="").replace("<p>Why?</p>", text)
    file = tmp_path / "given.xml"
    file.write_text(xml, encoding="utf-8")
    question = read_moodle_xml(file).questions[0]
    choice, word, amount = (blank for _, blank in question.blanks)
    assert [(one.text, one.fraction, one.feedback) for one in choice.answers] == [
        *(("A&B", 1.0, "so"), ("C", 0.5, "half}"), ("D", 0.0, "")),
    ]
    assert [(one.text, one.fraction) for one in word.answers] == [("x } y", 1.0), ("*", 0.0)]
    assert [(one.text, one.tolerance) for one in amount.answers] == [("3.5", 0.1), ("4,5", 0.5)]
    assert "the blanks count alike" in imported(tmp_path, xml, "again.xml")[1]


def test_the_command_imports(tmp_path: Path) -> None:
    file = tmp_path / "given.gift"
    file.write_text("Is it?{=Yes ~No}", encoding="utf-8")
    command = ["import", str(file), "--as-quiz", "week-3", "--source", str(tmp_path)]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert "autograder check week-3" in done.output
    assert load_quiz(tmp_path / "week-3" / "quiz.yaml").items[0].type == "single_choice"
