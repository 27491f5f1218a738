"""Build the course as a static site: ``make site``.

Writes pages from chapters, quizzes and docs, lets Sphinx make HTML of them, and checks every link
inside the site; links that lead elsewhere are listed, not fetched.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import site_links
from site_pages import Course, load_course, write_pages
from sphinx.cmd.build import build_main

from autograder.errors import AutograderError

HERE = Path(__file__).parent


def build(course: Course, target: Path) -> site_links.Findings:
    """Write the site of a course into ``target``, which is replaced, and check its links.

    Raises
    ------
    AutograderError
        Where Sphinx has anything to complain about, or ``target`` is a folder with something else.
    """
    if target.exists() and any(target.iterdir()) and not (target / "searchindex.js").exists():
        raise AutograderError(
            f"{target}: holds something else than a site; empty it, or take another"
        )
    with tempfile.TemporaryDirectory() as folder:
        pages, made = Path(folder, "pages"), Path(folder, "site")
        pages.mkdir()
        write_pages(course, pages)
        static = f"html_static_path={HERE / 'static'},{pages / 'static'}"
        options = ["-q", "-W", "--keep-going", "-j", "auto", "-c", str(HERE), "-D", static]
        if build_main([*options, str(pages), str(made)]):
            raise AutograderError("the site was not built; what is in the way stands above")
        shutil.rmtree(made / ".doctrees", ignore_errors=True)
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(made, target)
    return site_links.check(target)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", type=Path, help="the folder to write")
    parser.add_argument(
        "--without", action="append", default=[], metavar="QUIZ", help="a quiz whose key is secret"
    )
    options = parser.parse_args()
    try:
        found = build(load_course(HERE.parents[1], options.without), options.target)
    except AutograderError as error:
        sys.exit(str(error))
    print("Links that lead elsewhere, not fetched:", *found.external, sep="\n  ")
    if found.problems:
        sys.exit("\n".join(["Dead links:", *found.problems]))
    pages = len(list(options.target.rglob("*.html")))
    print(f"{options.target}: {pages} pages, no dead link; open {options.target}/index.html")


if __name__ == "__main__":
    main()
