"""A certificate of what was practised, which anybody can verify against the record, offline.

It is one HTML page with the same facts inside as data. It says nothing of who practised, and a
record on a learner's own machine can be edited: it is worth as much as the learner's word.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from html import escape
from pathlib import Path
from statistics import fmean
from typing import Literal

from pydantic import ValidationError

from autograder.errors import AutograderError
from autograder.items.base import Slug, Strict
from autograder.quiz import Quiz
from autograder.study.evidence import counted, days_practised
from autograder.study.record import Capstone, Day, Digest, Try
from autograder.study.transfer import canonical, digest_of

_MAX_BYTES = 10 * 2**20
_DATA = re.compile(r'<script type="application/json" id="certificate">(.*?)</script>', re.DOTALL)


class Practised(Strict):
    """What a record says of one quiz.

    ``first_score`` and ``latest_score`` are means over the questions with a judged try that counts
    (see ``autograder.study.evidence``), of the first and of the latest of these tries, from 0 to 1.
    """

    quiz: Slug
    tried: int
    tries: int
    first_score: float | None
    latest_score: float | None
    first_day: Day
    last_day: Day


class Listed(Strict):
    """A quiz of the course, when the certificate was made, and what was practised of it."""

    quiz: Slug
    title: str
    questions: int
    practised: Practised | None


class Certificate(Strict):
    """What was done up to the last try.

    ``digest`` is the one of the record up to then; ``seal`` that of everything else here, so that
    a slip or a careless change shows.
    """

    format: Literal["downstream-certificate"] = "downstream-certificate"
    version: Literal[1] = 1
    course: Slug
    issued: Day
    until: str
    days: int
    quizzes: tuple[Listed, ...]
    capstones: tuple[Capstone, ...]
    digest: Digest
    seal: str = ""

    def sealed(self) -> Certificate:
        """This certificate with its seal."""
        content = canonical(self.model_dump(mode="json", exclude={"seal"}))
        return self.model_copy(update={"seal": hashlib.sha256(content.encode()).hexdigest()})


def practised(tries: Iterable[Try]) -> dict[str, Practised]:
    """What the tries of a course say of each quiz."""
    by_quiz: dict[str, list[Try]] = defaultdict(list)
    for one in tries:
        by_quiz[one.quiz].append(one)
    return {name: _practised(name, by_quiz[name]) for name in sorted(by_quiz)}


def _practised(name: str, tries: Sequence[Try]) -> Practised:
    known: dict[str, list[float]] = defaultdict(list)
    for one in counted(tries):
        assert one.known is not None
        known[one.item].append(one.known)
    days = days_practised(tries)
    return Practised(
        quiz=name,
        tried=len({one.item for one in tries}),
        tries=len(tries),
        first_score=round(fmean(one[0] for one in known.values()), 4) if known else None,
        latest_score=round(fmean(one[-1] for one in known.values()), 4) if known else None,
        first_day=days[0],
        last_day=days[-1],
    )


def issue(
    course: str,
    quizzes: Iterable[Quiz],
    tries: Sequence[Try],
    capstones: Sequence[Capstone],
    day: date,
) -> Certificate:
    """The certificate of a course, from all that is recorded of it.

    Raises
    ------
    AutograderError
        Where nothing of the course was practised.
    """
    if not tries:
        raise AutograderError(
            f"the record holds nothing of the course {course!r} yet: practise something first"
        )
    found = practised(tries)
    listed = [
        Listed(
            quiz=quiz.id,
            title=quiz.title,
            questions=len(quiz.items),
            practised=found.get(quiz.id),
        )
        for quiz in sorted(quizzes, key=lambda quiz: (quiz.chapter, quiz.id))
    ]
    return Certificate(
        course=course,
        issued=day,
        until=max(one.time for one in tries),
        days=len(days_practised(tries)),
        quizzes=tuple(listed),
        capstones=tuple(capstones),
        digest=digest_of(tries, capstones),
    ).sealed()


def read_certificate(path: Path) -> Certificate:
    """Read a certificate's page.

    Raises
    ------
    AutograderError
        Where it is none, or was changed after it was issued.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise AutograderError(f"{path}: larger than any certificate")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise AutograderError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise AutograderError(f"{path}: not a certificate: not UTF-8 text") from error
    data = _DATA.search(text)
    try:
        certificate = Certificate.model_validate_json(data[1] if data else "")
    except ValidationError as error:
        raise AutograderError(
            f"{path}: not a certificate; take the page that `autograder record certificate` wrote, "
            "with this version of the course"
        ) from error
    if certificate.sealed() != certificate:
        raise AutograderError(f"{path}: changed after it was issued: its seal does not fit")
    if to_page(certificate) != text:
        raise AutograderError(
            f"{path}: changed after it was issued, or written by another version of the course: "
            "the page does not say what its data say"
        )
    return certificate


def disagreements(
    certificate: Certificate, tries: Iterable[Try], capstones: Iterable[Capstone]
) -> list[str]:
    """What a certificate says and a record does not bear out, a line each."""
    held = [
        one for one in tries if one.course == certificate.course and one.time <= certificate.until
    ]
    marked = [one for one in capstones if one in certificate.capstones]
    found = []
    bears_out = practised(held)
    for listed in certificate.quizzes:
        if listed.practised != bears_out.get(listed.quiz):
            found.append(f"{listed.quiz}: the record says something else of it")
    if len(days_practised(held)) != certificate.days:
        found.append(f"days of practice: {len(days_practised(held))} in the record")
    for one in certificate.capstones:
        if one not in marked:
            found.append(f"capstone “{one.title}”: not in the record")
    if digest_of(held, marked) != certificate.digest:
        found.append(
            f"the record up to {certificate.until} is another than it was: tries were changed or "
            "removed, or older ones imported since"
        )
    return found


_STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.55 system-ui, sans-serif; }
body { max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; } caption { text-align: left; padding: .3rem 0; }
th, td { border: 1px solid #8888; padding: .3rem .6rem; text-align: left; }
.wide { overflow-x: auto; } time { white-space: nowrap; } code { overflow-wrap: anywhere; }
pre { white-space: pre-wrap; }
"""


def to_page(certificate: Certificate) -> str:
    """The certificate as one HTML page, its data inside."""
    data = json.dumps(certificate.model_dump(mode="json"), indent=1).replace("<", "\\u003c")
    rows = "".join(map(_row, certificate.quizzes))
    capstones = "".join(
        f"<li>{escape(one.title)}, marked on {one.day}; SHA-256 of its report: "
        f"<code>{one.digest}</code></li>"
        for one in certificate.capstones
    )
    capstone = f"<ul>{capstones}</ul>" if capstones else "<p>None was marked.</p>"
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>What was practised in the course {certificate.course}</title>
<style>{_STYLE}</style>
<script type="application/json" id="certificate">{data}</script>
</head>
<body>
<main>
<h1>What was practised in the course “{certificate.course}”</h1>
<p>Up to {_minute(certificate.until)}, on {certificate.days} {_days(certificate.days)}. \
Issued on {certificate.issued}.</p>
<h2>Quizzes</h2>
<div class="wide" role="region" aria-label="Quizzes" tabindex="0">
<table>
<caption>Scores are means over the questions tried: of the first try, and of the latest that was \
the first of its day. A question given up counts as 0; free text is not scored.</caption>
<thead><tr><th scope="col">Quiz</th><th scope="col">Questions tried</th><th scope="col">Tries</th>\
<th scope="col">First score</th><th scope="col">Latest score</th><th scope="col">Days</th></tr>\
</thead>
<tbody>{rows}</tbody>
</table>
</div>
<h2>Capstone</h2>
{capstone}
<h2>What this page is worth</h2>
<p>It says what was practised, and not by whom. It was made from a record on the learner's own \
machine, which its owner can edit: it proves no more than the learner's word does. \
With the record, anybody can verify that the two agree:</p>
<pre><code>autograder record verify certificate.html --against record.jsonl</code></pre>
<p>SHA-256 of the course's record up to then, as exported: <code>{certificate.digest}</code></p>
</main>
</body>
</html>
"""


def _row(listed: Listed) -> str:
    title = f'<th scope="row">{escape(listed.title)}</th>'
    one = listed.practised
    if one is None:
        return f"<tr>{title}<td>0 of {listed.questions}</td>{'<td>–</td>' * 4}</tr>\n"
    days = dict.fromkeys(f"<time>{day}</time>" for day in (one.first_day, one.last_day))
    cells = [
        f"{one.tried} of {listed.questions}",
        f"{one.tries}",
        _percent(one.first_score),
        _percent(one.latest_score),
        " to ".join(days),
    ]
    return f"<tr>{title}{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>\n"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f} %"


def _minute(moment: str) -> str:
    return f"{moment[:10]} {moment[11:16]} UTC"


def _days(count: int) -> str:
    return "day" if count == 1 else "days"
