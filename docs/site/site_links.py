"""Dead links in a folder of HTML pages, what they fetch from elsewhere, where else they lead."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lxml import html

_FETCHED = {"img": "src", "script": "src", "iframe": "src", "source": "src", "link": "href"}
_URL_IN_STYLE = re.compile(r"""url\(\s*['"]?([^'")]+)|@import\s+['"]([^'"]+)""")


@dataclass(frozen=True)
class Findings:
    """One line for each dead link or outside resource; the addresses that only people follow."""

    problems: tuple[str, ...]
    external: tuple[str, ...]


def check(site: Path) -> Findings:
    """Check every page and style sheet of a site; nothing is fetched."""
    site = site.resolve()
    problems, external = [], set()
    for page, target, is_fetched in _references(site):
        parts = urlsplit(target)
        where = f"{page.relative_to(site)}: {target}"
        if parts.scheme in ("data", "mailto"):
            continue
        if parts.scheme or parts.netloc:
            external.add(target)
            if is_fetched:
                problems.append(f"{where} is fetched from elsewhere")
            continue
        path = page if not parts.path else (page.parent / unquote(parts.path)).resolve()
        if path.is_dir():
            path /= "index.html"
        if not path.is_relative_to(site) or not path.is_file():
            problems.append(f"{where}: there is no such file")
        elif parts.fragment and unquote(parts.fragment) not in _anchors(path):
            problems.append(f"{where}: there is no such place in the page")
    return Findings(tuple(problems), tuple(sorted(external)))


def _references(site: Path) -> Iterator[tuple[Path, str, bool]]:
    """Page, target, and whether opening the page fetches it."""
    for page in sorted(site.rglob("*.html")):
        for element in html.parse(str(page)).iter("a", "area", *_FETCHED):
            tag = str(element.tag)
            target = element.get(_FETCHED.get(tag, "href"))
            if target:
                is_fetched = tag in _FETCHED and element.get("rel") not in ("canonical", "author")
                yield page, target, is_fetched
    for sheet in sorted(site.rglob("*.css")):
        for found in _URL_IN_STYLE.finditer(sheet.read_text(encoding="utf-8")):
            yield sheet, found[1] or found[2], True


@cache
def _anchors(page: Path) -> frozenset[str]:
    """The places in a page that a link can lead to."""
    if page.suffix != ".html":
        return frozenset()
    elements = list(html.parse(str(page)).iter(html.etree.Element))
    return frozenset(e.get(name) for e in elements for name in ("id", "name") if e.get(name))
