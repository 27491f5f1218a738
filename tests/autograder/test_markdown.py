"""Markdown and formulas: what learners see, and what they cannot tell apart."""

from __future__ import annotations

from pathlib import Path

import examples
import pytest
from test_quiz import write_quiz

from autograder.checks import formulas
from autograder.errors import QuizError
from autograder.html import block, inline
from autograder.items.base import looks
from autograder.markdown import FormulaError, mathml
from autograder.quiz import load_quiz


@pytest.mark.parametrize(
    ("formula", "parts"),
    [
        (r"\{x_1,\,x_2\}", ["{</mo>", "<msub><mi>x</mi><mn>1</mn></msub>", "}</mo>"]),
        ("a*b*c", ["<mi>a</mi>", "∗</mo><mi>b</mi>", "∗</mo><mi>c</mi>"]),
        (r"\mathbf{h}_*W_*", ["<msub><mi>𝐡</mi><mo>∗</mo></msub>"]),
        ("a_1 b_2", ["<msub><mi>a</mi><mn>1</mn></msub><msub><mi>b</mi><mn>2</mn></msub>"]),
        ("x < y > z", ["<mo>&lt;</mo>", "<mo>&gt;</mo>"]),
        (r"10\%", ["<mn>10</mn><mi>%</mi>"]),
        (r"W \in \mathbb{R}^{n \times d}", ["<msup><mi>ℝ</mi>", "×"]),
        (r"\text{softmax}(QK^\top/\sqrt{d})", ["<mtext>softmax</mtext>", "<msqrt>"]),
        (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", ["<mtr><mtd><mn>3</mn></mtd>"]),
        (r"\begin{cases}1&x>0\\0&\text{else}\end{cases}", ["<mtable", "<mtext>else</mtext>"]),
    ],
)
def test_a_formula_is_shown_as_it_is_meant(formula: str, parts: list[str]) -> None:
    shown = inline(f"Before ${formula}$ after")
    for part in parts:
        assert part in shown
    assert shown.startswith("Before <span><math>") and shown.endswith("</math></span> after")
    assert "<em>" not in shown and "$" not in shown and "\\" not in shown


def test_a_formula_of_several_lines_keeps_them() -> None:
    shown = block("Sum up:\n\n$$\n\\begin{aligned}a&=1\\\\b&=2\\end{aligned}\n$$\n\nDone.")
    assert '<math display="block">' in shown
    assert shown.count("<mtr>") == 2
    assert "<p>Done.</p>" in shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("costs $5 and $6", "costs $5 and $6"),
        ("costs $5 and $x or so", "costs $5 and $x or so"),
        (r"\$a*b\$", "$a*b$"),
        ("`$a*b*c$`", "<code>$a*b*c$</code>"),
        ("a *b* c", "a <em>b</em> c"),
    ],
)
def test_what_is_no_formula_is_left_alone(text: str, shown: str) -> None:
    assert inline(text) == shown


@pytest.mark.parametrize(
    "formula",
    [
        r"\text{<img src=x onerror=alert(1)>}",
        r"\href{javascript:alert(1)}{x}",
        r"\style{position:fixed}{x}",
        "</math><script>alert(1)</script>",
        r"\color{red;position:fixed}{x}",
    ],
)
def test_a_formula_brings_nothing_in(formula: str) -> None:
    shown = inline(f"${formula}$").casefold()
    assert "<img" not in shown and "<script" not in shown and "href=" not in shown
    assert "style=" not in shown.replace('style="color:#ff0000"', "")


def test_a_broken_formula_is_shown_as_written_and_found_by_the_check(tmp_path: Path) -> None:
    assert inline(r"so $\frac{a}$ is") == r"so <span><code>\frac{a}</code></span> is"
    with pytest.raises(FormulaError, match="argument"):
        mathml(r"\frac{a}", block=False)
    item = {**examples.SINGLE_CHOICE, "explanation": r"As $\frac{a}$ says."}
    (finding,) = formulas.problems(load_quiz(write_quiz(tmp_path, items=[item])))
    assert finding.loc == ("items", 0, "explanation")
    assert r"$\frac{a}$ cannot be typeset" in finding.message
    assert "mend it" in finding.message


SAME = ["0.5", "0.50", "`0.5`", "**0.5**", "$0.5$", ".5", "5e-1", "_0.500_", "０.5"]


def test_what_looks_alike_or_has_the_same_value_is_the_same() -> None:
    assert {looks(text) for text in SAME} == {"0.5"}
    assert looks("1,000 MB") == looks("1000 mb") == looks("`1e3` MB")
    assert looks("−5") == looks("-5.0")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1.1.0", "1.10.0"),
        ("conv1", "conv10"),
        ("1. read", "2. read"),
        ("(2, 3)", "(3, 2)"),
        ("![a](one.png)", "![a](two.png)"),
        ("$x_1$", "$x^1$"),
        ("5", "-5"),
        ("`a*b`", "`a**b`"),
    ],
)
def test_what_differs_for_a_learner_is_different(one: str, other: str) -> None:
    assert looks(one) != looks(other)


@pytest.mark.parametrize("other", SAME[1:])
def test_options_that_look_alike_are_refused_in_every_variant(tmp_path: Path, other: str) -> None:
    first, second, *rest = examples.SINGLE_CHOICE["options"]
    plain = {
        **examples.SINGLE_CHOICE,
        "options": [{**first, "text": "0.5"}, {**second, "text": other}, *rest],
    }
    varied = {
        **examples.SINGLE_CHOICE,
        "parameters": {"n": [1, 2]},
        "stem": "Which is {{ n }}?",
        "options": [{**first, "text": "{{ n / 4 }}"}, {**second, "text": other}, *rest],
    }
    for item in (plain, varied):
        with pytest.raises(QuizError, match="could not tell them apart, so change"):
            load_quiz(write_quiz(tmp_path, items=[item]))
