"""Links, images and markup in blanks and code, which remarks quote to graders and learners."""

from __future__ import annotations

from pathlib import Path

from editing import append_records, record

QUIZ = "probe"
TEXT = (
    "`](x) [pay](http://evil.example) ![x](http://evil.example/x.png) <script>alert(1)</script>"
    "<img src=x onerror=alert(1)> <http://evil.example> \u202e\x1b[2J"
)


def hand_in(folder: Path) -> None:
    code = f"def double(number):\n    raise ValueError({TEXT!r})\n"
    append_records(
        folder,
        record("fill", {"blanks": {"head": TEXT[:190], "size": TEXT[:40]}}),
        record("program", {"source": code}),
    )
