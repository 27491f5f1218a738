"""How Sphinx makes the site of what ``site_pages.py`` wrote; ``build_site.py`` starts it."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from autograder.markdown import FormulaError, mathml

project = "Downstream"
html_title = "Downstream"
extensions = ["myst_nb"]
exclude_patterns = ["static"]
_EMPTY_HEADING = re.compile(r"<th[^>]*>(?:\s|</?p>)*</th>")

nb_execution_mode = "off"  # chapters are shown as they were executed
nb_merge_streams = True
nb_ipywidgets_js: dict[str, Any] = {}
myst_enable_extensions = ["dollarmath"]
myst_dmath_allow_space = False  # "$5 and $6" are amounts, as in autograder.markdown
myst_dmath_allow_digits = False
myst_heading_anchors = 4

html_theme = "furo"
html_theme_options = {"top_of_page_buttons": []}
html_static_path = ["static"]
templates_path = ["templates"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_math_renderer = "mathml"
html_show_sourcelink = False
html_copy_source = False
html_show_copyright = False
html_use_index = False
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"


def setup(app: Sphinx) -> dict[str, bool]:
    skip = (_formula, None)
    app.add_html_math_renderer("mathml", inline_renderers=skip, block_renderers=skip)
    app.connect("html-page-context", _bring_questions)
    app.connect("html-page-context", _mend, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _formula(translator: Any, node: nodes.math | nodes.math_block) -> None:
    """Formulas are typeset here: the page needs neither a script nor a network for them."""
    block = isinstance(node, nodes.math_block)
    try:
        formula = mathml(node.astext(), block=block)
    except FormulaError as error:
        raise ValueError(f"{node.astext()!r} cannot be typeset: {error}") from error
    translator.body.append(f'<div class="formula">{formula}</div>' if block else formula)
    raise nodes.SkipNode


def _bring_questions(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object
) -> None:
    """The script of each question for practice that a page has, and then what puts them up."""
    names = re.findall(r'data-practice="([a-z0-9/-]+)"', context.get("body", ""))
    for name in names:
        app.add_js_file(f"practice/{name}.js", loading_method="defer")
    if names:
        app.add_js_file("practice.js", loading_method="defer")


def _mend(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """What screen readers would stumble over: headings without a level or without a word."""
    context["body"] = _EMPTY_HEADING.sub("<td></td>", context.get("body", ""))
    tree = context.get("furo_navigation_tree", "")
    context["furo_navigation_tree"] = tree.replace(
        'role="heading"', 'role="heading" aria-level="2"'
    )
