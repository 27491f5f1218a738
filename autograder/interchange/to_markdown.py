"""HTML, as other systems keep texts in, to the Markdown of ``quiz.yaml``. It is untrusted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import Any

from bs4 import BeautifulSoup, NavigableString, Tag
from markdown_it.renderer import RendererHTML
from markdownify import ATX, MarkdownConverter

from autograder.markdown import parser

#: The element that stands for a blank while a text is read; its name is that of the blank.
BLANK_TAG = "ag-blank"
_FORMULA_TAG = "ag-formula"
_FORMULA = re.compile(r"\\\((.+?)\\\)|\\\[(.+?)\\\]|\$\$(.+?)\$\$", re.S)
_HTML = re.compile(
    r"&#?\w+;|</?(a|b|br|code|div|em|h[1-6]|i|img|li|ol|p|pre|span|strong|sub|sup|table|td|tr|u|ul)\b[^<]*>",
    re.I,
)
#: What Markdown would take for more than a character, anywhere.
_SPECIAL = re.compile(r"[\\`*\[\]$|]|(?<![^\W_])_|_(?![^\W_])|<(?=[A-Za-z/!?])|&(?=#?\w+;)")
#: What it would take for more at the beginning of a line.
_BEGINNING = re.compile(r"^([ \t]*)(#{1,6}(?=\s|$)|>|[-+](?=\s|$)|=+[ \t]*$|-+[ \t]*$|~~~)", re.M)
_NUMBERED = re.compile(r"^([ \t]*\d{1,9})([.)])(?=\s|$)", re.M)
_BACKTICKS = re.compile("`+")


class _Converter(MarkdownConverter):
    """Writes the Markdown that ``autograder.markdown`` reads, formulas between dollars."""

    def escape(self, text: str, parent_tags: set[str]) -> str:
        text = _SPECIAL.sub(r"\\\g<0>", text)
        text = _BEGINNING.sub(r"\1\\\2", text)
        return _NUMBERED.sub(r"\1\\\2", text)

    def convert_ag_formula(self, element: Tag, text: str, parent_tags: set[str]) -> str:
        tex = str(element["source"]).strip()
        if not element.has_attr("block"):
            return f"${tex}$"
        around = element.parent
        alone = around is not None and around.name in ("p", "[document]")
        alone = alone and around is not None and not "".join(around.stripped_strings)
        return f"$$\n{tex}\n$$" if alone else f"$${' '.join(tex.split())}$$"

    def convert_ag_blank(self, element: Tag, text: str, parent_tags: set[str]) -> str:
        return f"[[{element['name']}]]"

    def convert_img(self, element: Tag, text: str, parent_tags: set[str]) -> str:
        described = self.escape(" ".join(str(element.get("alt") or "").split()), parent_tags)
        return f"![{described}]({_address(str(element.get('src') or ''))})"

    def convert_pre(self, element: Tag, text: str, parent_tags: set[str]) -> str:
        code = element.get_text().strip("\n")
        longest = max((len(run) for run in _BACKTICKS.findall(code)), default=0)
        fence = "`" * max(3, longest + 1)
        inner = element.find("code")
        classes = inner.get("class") if isinstance(inner, Tag) else None
        named = next((one for one in classes or () if one.startswith("language-")), "")
        return f"\n\n{fence}{named.removeprefix('language-')}\n{code}\n{fence}\n\n"


def read_html(html: str) -> BeautifulSoup:
    """HTML as a tree, without scripts and styles."""
    soup = BeautifulSoup(f"{html}\n", "html.parser")  # it drops an & in the last word
    for element in soup.find_all(["script", "style"]):
        element.decompose()
    return soup


def to_markdown(html: str, names: Mapping[str, str] | None = None) -> str:
    """HTML as Markdown; scripts and styles are left out.

    Parameters
    ----------
    names
        For the addresses of images in the HTML, those in the Markdown.
    """
    soup = read_html(html)
    for image in soup.find_all("img"):
        source = str(image.get("src") or "")
        image["src"] = (names or {}).get(source, source)
    soup.smooth()
    for piece in list(soup.find_all(string=True)):
        if piece.find_parent(["pre", "code"]) is None:
            _mark_formulas(soup, piece)
    converter = _Converter(heading_style=ATX, bullets="-", keep_inline_images_in=["td", "th", "a"])
    text: str = converter.convert_soup(soup)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def inline_markdown(html: str, names: Mapping[str, str] | None = None) -> str:
    """HTML as Markdown; one paragraph alone gives one line."""
    text = to_markdown(html, names)
    return " ".join(text.split("\n")) if len(parser().parse(text)) <= 3 else text


def plain_to_html(text: str) -> str:
    """A text without markup as HTML."""
    paragraphs = re.split(r"\n[ \t]*\n", text.strip())
    return "".join(f"<p>{escape(one).replace(chr(10), '<br />')}</p>" for one in paragraphs)


def auto_to_html(text: str) -> str:
    """A text in Moodle's automatic format: HTML where it has any, else a text with its lines."""
    return text if _HTML.search(text) else plain_to_html(text)


def word_to_html(text: str) -> str:
    """A few words that may be HTML, as HTML."""
    return text if _HTML.search(text) else escape(text)


def same_text(html: str, markdown: str) -> bool:
    """Whether a text in Markdown shows the words that the HTML shows, formulas aside."""
    renderer: Any = RendererHTML(parser())
    for kind in ("math_inline", "math_inline_double", "math_block"):
        renderer.rules[kind] = lambda *_: ""
    shown = renderer.render(parser().parse(markdown), parser().options, {})
    return _words(_FORMULA.sub("", html)) == _words(shown)


def _words(html: str) -> str:
    return "".join(read_html(html).get_text().split())


def _mark_formulas(soup: BeautifulSoup, piece: NavigableString) -> None:
    """Put an element in the place of each formula of a piece of text."""
    text, end = str(piece), 0
    made: list[Any] = []
    for found in _FORMULA.finditer(text):
        made.append(NavigableString(text[end : found.start()]))
        end = found.end()
        attributes: dict[str, Any] = {"source": found[1] or found[2] or found[3]}
        if not found[1]:
            attributes["block"] = ""
        made.append(soup.new_tag(_FORMULA_TAG, attrs=attributes))
    if made:
        piece.replace_with(*made, NavigableString(text[end:]))


def _address(source: str) -> str:
    """An address as Markdown reads it."""
    return f"<{source}>" if re.search(r"[\s()]", source) else source
