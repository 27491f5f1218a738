"""The chapters as learners open them: built from their texts, without errors, runnable."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from downstream.notebooks import ROOT, collapse, differences, execute, read_text

TEXTS = sorted((ROOT / "text").glob("*.py"))
RUN_OFFLINE = ("00_start_here", "03_the_task_decides_the_head")
"""Chapters that ``tests/test_offline.py`` runs, the first of them with all its steps."""
SECONDS = 90
"""More than any cell takes in a short run.

Now and then nbclient does not notice that a cell is done, and finds out at the end of this time.
"""


def name(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("path", TEXTS, ids=name)
def test_a_notebook_has_the_cells_of_its_text(path: Path) -> None:
    built = nbformat.read(ROOT / f"{path.stem}.ipynb", as_version=4)
    text = read_text(path)
    assert [(c.cell_type, c.source, c.id) for c in built.cells] == [
        (c.cell_type, c.source, c.id) for c in text.cells
    ]


@pytest.mark.parametrize("path", TEXTS, ids=name)
def test_a_notebook_was_run_to_its_end_without_errors_or_warnings(path: Path) -> None:
    built = nbformat.read(ROOT / f"{path.stem}.ipynb", as_version=4)
    code = [cell for cell in built.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell.outputs]
    assert outputs and all(output.output_type != "error" for output in outputs)
    assert all(output.get("name") != "stderr" for output in outputs)


@pytest.mark.parametrize("path", TEXTS, ids=name)
def test_every_image_has_alternative_text_and_no_machine_is_named(path: Path) -> None:
    source = (ROOT / f"{path.stem}.ipynb").read_text(encoding="utf-8")
    built = nbformat.reads(source, as_version=4)
    for cell in built.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            assert "image/png" not in data
            for image in re.findall(r"<img[^>]*>", data.get("text/html", "")):
                assert re.search(r'alt="[^"]{20,}"', image)
    assert str(Path.home()) not in source


def test_only_the_last_state_of_a_progress_bar_is_kept() -> None:
    bar = (
        "\rseed 0:  50%|##  | 1/2 [00:01<00:01,  1.0step/s]"
        "\rseed 0: 100%|####| 2/2 [00:02<00:00,  1.0step/s]\n"
    )
    assert collapse(bar) == "seed 0: 100%|####| 2/2\n"


def test_two_runs_are_compared_by_what_they_print() -> None:
    def run(printed: str) -> nbformat.NotebookNode:
        cells = [
            nbformat.v4.new_code_cell(
                source, id=source[:5], outputs=[nbformat.v4.new_output("stream", text=text)]
            )
            for source, text in [("score", printed), ("seconds", printed), ("title", "same")]
        ]
        return nbformat.v4.new_notebook(cells=cells)

    assert differences(run("0.91"), run("0.91")) == []
    assert differences(run("0.91"), run("0.92")) == ["score"]
    assert differences(run("100%|███| 4/4"), run("100%|████| 4/4")) == []
    assert differences(run("100%|███| 4/4"), run("100%|███| 3/4")) == ["score"]


@pytest.mark.parametrize("path", [path for path in TEXTS if path.stem not in RUN_OFFLINE], ids=name)
def test_a_chapter_runs_from_its_text(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOWNSTREAM_SHORT", "1")  # the same path with fewer steps
    execute(read_text(path), ROOT, seconds=SECONDS)


def test_how_long_each_cell_took_is_told() -> None:
    cells = [
        nbformat.v4.new_code_cell(line, id=name)
        for name, line in (("first", "a = 1"), ("second", "a"))
    ]
    took: dict[str, float] = {}
    execute(nbformat.v4.new_notebook(cells=cells), ROOT, took=took)
    assert set(took) == {"first", "second"} and all(seconds > 0 for seconds in took.values())
