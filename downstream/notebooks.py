"""Build the chapters: ``python -m downstream.notebooks`` runs each text and keeps the outputs.

``notebooks/text/*.py`` (jupytext, percent format) is what people edit; ``notebooks/*.ipynb`` is
what learners open. Cells have fixed ids, and neither times of day nor progress-bar frames are kept.
With ``--check`` the texts are run again and compared with the notebooks: on one machine, two runs
give the same outputs, except for measured seconds. How long each chapter and its longest cell took
is printed.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
import time
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

ROOT = Path(__file__).parent.parent / "notebooks"
_BAR = re.compile(r"%\|[█▉▊▋▌▍▎▏ #]*\|")
_BAR_TIMES = re.compile(r"\s*\[\d+:\d+(:\d+)?<[^\]]*\]")


def read_text(path: Path) -> NotebookNode:
    """Read a chapter's text as a notebook without outputs, with fixed cell ids."""
    notebook = jupytext.read(path)
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:02d}"
        cell["metadata"] = {}
    notebook["metadata"] = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python", "file_extension": ".py"},
    }
    notebook["nbformat"], notebook["nbformat_minor"] = 4, 5
    return notebook


def execute(
    notebook: NotebookNode, folder: Path, seconds: int = 600, took: dict[str, float] | None = None
) -> NotebookNode:
    """Run all cells in ``folder`` and clean their outputs.

    ``took`` is filled with the seconds of each cell, by its id.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        If a cell fails.
    ValueError
        If a cell writes a warning, shows an image without alternative text, or makes a figure to
        play with that shows nothing.
    """
    metadata = notebook["metadata"]
    client = NotebookClient(
        notebook,
        timeout=seconds,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
    )
    if took is not None:
        starts: dict[str, float] = {}
        client.on_cell_execute = lambda cell, **_: starts.update({cell.id: time.perf_counter()})
        client.on_cell_executed = lambda cell, **_: took.update(
            {cell.id: time.perf_counter() - starts[cell.id]}
        )
    with tempfile.TemporaryDirectory() as record:  # a reader's first run, whoever builds
        client.execute(env=os.environ | {"DOWNSTREAM_RECORD": record})
    notebook["metadata"] = metadata
    _check_figures(metadata)
    for number, cell in enumerate(notebook.cells):
        cell["metadata"] = {}
        if cell.cell_type == "code":
            cell["outputs"] = _clean(cell["outputs"])
            _check(cell, number)
    return notebook


def build(path: Path, took: dict[str, float] | None = None) -> Path:
    """Execute one chapter's text and write the notebook beside the folder of texts."""
    notebook = execute(read_text(path), ROOT, took=took)
    target = ROOT / f"{path.stem}.ipynb"
    nbformat.validate(notebook)
    target.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
    return target


def differences(first: NotebookNode, second: NotebookNode) -> list[str]:
    """Return the ids of the cells that print something else in the second run.

    Cells whose source speaks of seconds are left out, as are widgets, whose ids are random, and
    the width of progress bars, which depends on the times that stood beside them.
    """
    return [
        one.id
        for one, other in zip(first.cells, second.cells, strict=True)
        if one.cell_type == "code"
        and not re.search(r"second|perf_counter|process_time|\} s\b", one.source)
        and _printed(one) != _printed(other)
    ]


def _printed(cell: NotebookNode) -> list[str]:
    texts = (
        output.get("text") or output.data.get("text/html") or output.data.get("text/plain", "")
        for output in cell.outputs
        if not any("widget" in kind for kind in output.get("data", {}))
    )
    return [_BAR.sub("%||", text) for text in texts]


def collapse(text: str) -> str:
    """Keep what a terminal would show at the end, without the times of progress bars."""
    lines = [line.rstrip("\r").rsplit("\r", 1)[-1] for line in text.split("\n")]
    return "\n".join(_BAR_TIMES.sub("", line) for line in lines)


def main() -> int:
    """Build the chapters named on the command line, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="for example 03_the_task_decides_the_head")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; say which cells print something else"
    )
    arguments = parser.parse_args()
    paths = [ROOT / "text" / f"{Path(name).stem}.py" for name in arguments.names]
    status = 0
    for path in paths or sorted((ROOT / "text").glob("*.py")):
        start = time.perf_counter()
        note = ""
        took: dict[str, float] = {}
        if arguments.check:
            built = nbformat.read(ROOT / f"{path.stem}.ipynb", as_version=4)
            changed = differences(built, execute(read_text(path), ROOT, took=took))
            status |= bool(changed)
            note = f", other outputs in {', '.join(changed)}" if changed else ", same outputs"
        else:
            build(path, took)
        longest = max(took, key=took.__getitem__)
        print(
            f"{path.stem}: {time.perf_counter() - start:.0f} s, "
            f"{took[longest]:.0f} s of them in {longest}{note}",
            flush=True,
        )
    return status


def _clean(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Join the pieces of each stream and drop what differs from run to run."""
    cleaned: list[NotebookNode] = []
    for output in outputs:
        if output.output_type != "stream":
            output["metadata"] = {}
        elif cleaned and cleaned[-1].get("name") == output.name:
            cleaned[-1]["text"] += output.text
            continue
        cleaned.append(output)
    for output in cleaned:
        if output.output_type == "stream":
            output["text"] = collapse(output.text)
    return cleaned


def _check_figures(metadata: NotebookNode) -> None:
    kept = metadata.get("widgets", {}).get("application/vnd.jupyter.widget-state+json", {})
    for widget in kept.get("state", {}).values():
        if widget["model_name"] == "OutputModel" and not widget["state"].get("outputs"):
            raise ValueError("a figure to play with shows nothing: use play() of downstream.plots")


def _check(cell: NotebookNode, number: int) -> None:
    for output in cell["outputs"]:
        if output.get("name") == "stderr":
            raise ValueError(f"cell {number} writes to stderr: {output['text'][:300]}")
        data = output.get("data", {})
        if "image/png" in data or re.search(
            r"<img(?![^>]*\balt=\"[^\"])", data.get("text/html", "")
        ):
            raise ValueError(f"cell {number} shows an image without alternative text: use show()")


if __name__ == "__main__":
    sys.exit(main())
