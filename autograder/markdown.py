"""The one reading of Markdown: what is emphasis, what is code, what is a formula."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any

from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

if TYPE_CHECKING:
    from markdown_it.token import Token
    from math_core import LatexToMathML

_FORMULAS = ("math_inline", "math_inline_double", "math_block")


class FormulaError(ValueError):
    """A formula that cannot be typeset; the message says what and where."""


@cache
def parser() -> MarkdownIt:
    """A parser of CommonMark with tables and, between dollars, formulas; of no HTML.

    ``$5 and $6`` are amounts: no space stands inside the dollars of a formula, and no digit behind.
    """
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    return markdown.use(
        dollarmath_plugin,
        allow_labels=False,
        allow_space=False,
        allow_digits=False,
        double_inline=True,
        renderer=_mathml_or_source,
    )


def mathml(formula: str, *, block: bool) -> str:
    """A formula in TeX as MathML.

    Raises
    ------
    FormulaError
        Where it cannot be typeset.
    """
    from math_core import LatexError

    try:
        return _converter().convert_with_local_state(formula, displaystyle=block)
    except LatexError as error:
        raise FormulaError(" ".join(str(error).split())) from error


def formulas(text: str) -> Iterator[str]:
    """The formulas in a Markdown text."""
    for token in _flat(parser().parse(text)):
        if token.type in _FORMULAS:
            yield token.content


def images(text: str) -> Iterator[Token]:
    """The images in a Markdown text."""
    return (token for token in _flat(parser().parse(text)) if token.type == "image")


def shown(line: str) -> str:
    """What a reader sees of a line of Markdown, whether or not it is emphasised, code or a formula.

    An image counts by its address and description.
    """
    pieces = []
    for token in _flat(parser().parseInline(line)):
        if token.type == "image":
            pieces.append(f"![{token.content}]({token.attrs['src']})")
        elif token.type in ("softbreak", "hardbreak"):
            pieces.append(" ")
        elif token.type != "inline":
            pieces.append(token.content)
    return "".join(pieces)


def _flat(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        if token.type != "image":
            yield from _flat(token.children or [])


@cache
def _converter() -> LatexToMathML:
    from math_core import LatexToMathML

    return LatexToMathML(fancy_error=False)


def _mathml_or_source(formula: str, options: dict[str, Any]) -> str:
    """A formula for a page; one that cannot be typeset is shown as it is written."""
    try:
        return mathml(formula, block=options["display_mode"])
    except FormulaError:
        return f"<code>{escape(formula)}</code>"
