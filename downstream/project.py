"""A project on a table of one's own: read it, see its task, split it, report on what was trained.

Every function says what is wrong with a table in the words of its file: which line, which column,
and what to do about it.
"""

from __future__ import annotations

import csv
import hashlib
import html
import io
import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse.csgraph import connected_components
from scipy.stats import binomtest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import Pipeline, make_pipeline

from downstream import heads, metrics, tasks
from downstream.adapt import Record, predict
from downstream.data.baselines import STRENGTHS
from downstream.examples import LONGEST, encode_texts
from downstream.models import Pretrained
from downstream.setups import Setup
from downstream.tasks import Task

FEWEST_ROWS, FEWEST_PER_LABEL, MOST_CLASSES = 30, 3, 50
"""A table needs this many rows, and each label this many: one for each split."""

SPLITS = ("train", "validation", "test")
SHARES = (0.55, 0.15, 0.30)
ALIKE = 0.8
"""Texts whose TF-IDF vectors have a higher cosine are near-duplicates."""

_LONGEST_CELL = 2**31 - 1
_TOKEN = r"\w+|[^\w\s]"  # signs count as well: a text may hold nothing but an emoji


class TableError(ValueError):
    """A table cannot be used; the message says where it stands and what to do."""


@dataclass(frozen=True)
class Suggestion:
    """Which kind of task the columns look like, and why.

    Attributes
    ----------
    task
        One of the kinds of :mod:`downstream.tasks`.
    names
        The labels in alphabetical order; empty where the label is a number.
    why
        The reasons, and what else it could be, in words.
    """

    task: Task
    names: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class Project:
    """A table that is split and ready to be trained on.

    Attributes
    ----------
    title
        What the project is called in tables and in the report.
    text
        The column that is read, or two for a pair.
    label
        The column that is predicted.
    suggestion
        What kind of task it is.
    parts
        The rows of each split.
    """

    title: str
    text: tuple[str, ...]
    label: str
    suggestion: Suggestion
    parts: dict[str, pd.DataFrame]


def read_table(path: Path | str, text: str | Sequence[str], label: str) -> pd.DataFrame:
    """Read a CSV file with a header, separated by comma, semicolon or tab.

    Parameters
    ----------
    path
        A file in UTF-8, with or without a byte order mark.
    text
        Name of the column with the texts, or of two columns for pairs of texts.
    label
        Name of the column to predict.

    Returns
    -------
    pandas.DataFrame
        All columns as stripped text; the index is the line of the file on which a row begins.

    Raises
    ------
    TableError
        If the file or a cell that is needed cannot be used.
    """
    path = Path(path)
    lines = _lines(path, _decode(path))
    columns = [name.strip() for name in lines[0][1]]
    wanted = [*_columns(text), label]
    _check_columns(path, columns, wanted)
    for line, cells in lines[1:]:
        if len(cells) != len(columns):
            raise TableError(
                f"{path.name}, line {line}: {len(cells)} cells, but the header has {len(columns)}; "
                'put a text that holds the separator or a line break between "quotation marks"'
            )
    index = pd.Index([line for line, _ in lines[1:]], name="line")
    rows = [[cell.strip() for cell in cells] for _, cells in lines[1:]]
    table = pd.DataFrame(rows, columns=columns, index=index)
    _check_rows(path, table, wanted)
    _check_labels(path, table, _columns(text), label)
    return table


def suggest_task(table: pd.DataFrame, text: str | Sequence[str], label: str) -> Suggestion:
    """Say which kind of task the columns look like, and why.

    Raises
    ------
    TableError
        If the label looks like a text of its own, which no head of a table project can give.
    """
    pair = len(_columns(text)) == 2
    values = [str(value) for value in table[label]]
    distinct = sorted(set(values))
    reads = f"{'two texts are' if pair else 'one text is'} read"
    numbers = [_number(value) for value in distinct]
    if all(number is not None for number in numbers):
        whole = all(number == int(number) for number in numbers if number is not None)
        if len(distinct) > 10 or not whole:
            why = f"{reads}; {label!r} holds {len(distinct)} different numbers, so: regression"
            return Suggestion(tasks.REGRESSION, (), why)
        hint = f"; if {distinct[-1]} means more than {distinct[0]}, consider regression"
    elif len(distinct) > min(MOST_CLASSES, len(values) // 2):
        raise TableError(
            f"column {label!r}: {len(distinct)} different labels in {len(values)} rows; this looks "
            "like a text to be written or a name, not like a class; choose another column, or "
            "merge labels"
        )
    else:
        hint = ""
    task = tasks.TEXT_PAIR_CLASSIFICATION if pair else tasks.SINGLE_TEXT_CLASSIFICATION
    why = f"{reads}; {label!r} has {len(distinct)} different values that come again, so: classes"
    return Suggestion(task, tuple(distinct), why + hint)


def split_table(
    table: pd.DataFrame,
    text: str | Sequence[str],
    label: str,
    shares: Sequence[float] = SHARES,
    by: str | None = None,
) -> dict[str, pd.DataFrame]:
    """Split a table into train, validation and test, the same way each time.

    Each label has about the same share in each split, and near-duplicates stay together. The order
    of the rows does not matter, because rows are drawn by a hash of their text.

    Parameters
    ----------
    shares
        Of train, validation and test; they add up to 1.
    by
        Name of a column that says ``train``, ``validation`` or ``test`` for each row, in the place
        of all this.

    Raises
    ------
    TableError
        If a label does not reach every split, or, with ``by``, if texts stand in two splits.
    """
    if not math.isclose(sum(shares), 1) or min(shares) <= 0 or len(shares) != len(SPLITS):
        raise ValueError(f"three shares above 0 that add up to 1 are needed, not {tuple(shares)}")
    columns = _columns(text)
    texts = [_joined(row, columns) for row in table[list(columns)].to_dict("records")]
    groups = _near_duplicates(texts)
    if by is not None:
        chosen = [str(value) for value in table[by]]
        _check_own_split(table, chosen, groups, by)
    else:
        classes = suggest_task(table, text, label).names
        chosen = _draw(texts, [str(v) for v in table[label]] if classes else None, groups, shares)
        missing = [
            f"{name!r} is not in {split}"
            for name in classes
            for split in SPLITS
            if not any(s == split and v == name for s, v in zip(chosen, table[label], strict=True))
        ]
        if missing:
            raise TableError(
                f"column {label!r}: {'; '.join(missing)}; near-duplicates stay together, so more "
                "rows of their own are needed, or labels must be merged"
            )
    return {split: table[[one == split for one in chosen]] for split in SPLITS}


def plan(
    path: Path | str,
    text: str | Sequence[str],
    label: str,
    title: str = "",
    by: str | None = None,
) -> Project:
    """Read, look at and split a table: what :func:`read_table` and the next two do, in one go."""
    table = read_table(path, text, label)
    parts = split_table(table, text, label, by=by)
    title = title or f"{Path(path).stem}: {label}"
    return Project(title, _columns(text), label, suggest_task(table, text, label), parts)


def prepare(project: Project, encoder: Pretrained) -> Setup:
    """Encode a project, with the head and the metric that its task asks for."""
    names = project.suggestion.names
    first, *second = project.text
    config: Any = encoder.model.config
    size = int(config.hidden_size)
    parts = {
        split: encode_texts(
            encoder,
            list(part[first]),
            [names.index(v) if names else float(v) for v in part[project.label]],
            list(part[second[0]]) if second else None,
        )
        for split, part in project.parts.items()
    }
    return Setup(
        project.title,
        project.suggestion.task,
        names,
        parts,
        lambda: (
            heads.SequenceClassificationHead(size, len(names), pooling="mean")
            if names
            else heads.RegressionHead(size, pooling="mean")
        ),
        lambda examples: metrics.accuracy if names else metrics.spearman,
    )


def word_counting(project: Project) -> tuple[list[str], float]:
    """Return what a model that counts words (TF-IDF) says of the test split, and its strength.

    Logistic regression for classes, ridge regression for numbers; the strength is chosen on the
    validation split.
    """
    texts = {s: [_joined(row, project.text) for row in _rows(p)] for s, p in project.parts.items()}
    labels = {split: list(part[project.label]) for split, part in project.parts.items()}
    if not project.suggestion.names:
        labels = {split: [float(value) for value in part] for split, part in labels.items()}
    models = {s: _counting(project, s).fit(texts["train"], labels["train"]) for s in STRENGTHS}
    best = max(
        STRENGTHS, key=lambda s: float(models[s].score(texts["validation"], labels["validation"]))
    )
    return [str(guess) for guess in models[best].predict(texts["test"])], best


def margin(score: float, count: int, share: bool = True) -> float:
    """Return twice the standard error of a score over ``count`` examples.

    √(p(1 - p) / n) for a share such as accuracy, about 1 / √(n - 1) for a rank correlation.
    """
    return 2 * math.sqrt(score * (1 - score) / count if share else 1 / (count - 1))


def score_table(record: Record, project: Project) -> pd.DataFrame:
    """Compare the adapted model with the baselines on the test split.

    The scores are accuracies for classes and rank correlations for numbers, with the
    :func:`margin` of each.
    """
    test = [str(value) for value in project.parts["test"][project.label]]
    counting, strength = word_counting(project)
    names, count = project.suggestion.names, len(test)
    title = f"TF-IDF, strength {strength:g}"
    if names:
        common = Counter(project.parts["train"][project.label]).most_common(1)[0][0]
        scores = {f"always {common!r}": _share([common] * count, test)}
        scores[title] = _share(counting, test)
    else:
        from scipy.stats import spearmanr

        right = [float(value) for value in test]
        found = [float(value) for value in counting]
        scores = {"always the mean": 0.0, title: float(spearmanr(found, right).statistic)}
    scores[f"encoder, {record.strategy}"] = record.mean
    measure = "accuracy" if names else "rank correlation"
    rows = {
        name: {
            f"test {measure}": f"{score:.3f}",
            "margin": f"± {margin(score, count, bool(names)):.3f}",
        }
        for name, score in scores.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def worst_errors(
    record: Record, project: Project, encoder: Pretrained, count: int = 10
) -> pd.DataFrame:
    """Return the test rows on which the model was most surely wrong, worst first.

    For classes by the probability that it gave to the right label; for numbers by the distance.
    """
    return _worst(project, _guesses(record, project, encoder), count)


def report(record: Record, project: Project, encoder: Pretrained, costs: bool = True) -> str:
    """Write the report of a project in Markdown.

    Parameters
    ----------
    record
        What adapting gave, scored on the test split.
    project, encoder
        What it was trained on, and from.
    costs
        Whether to name the seconds, which differ from run to run.

    Returns
    -------
    str
        Markdown. Texts of the table are escaped, so they are shown as they are.
    """
    task, names = project.suggestion.task, project.suggestion.names
    guesses = _guesses(record, project, encoder)
    shape = [
        ("input", task.input_format),
        ("output", task.output_format),
        ("head", task.head),
        ("loss", task.loss),
        ("strategy", record.strategy),
    ]
    sections = [
        f"# {_escape(project.title)}",
        f"{_escape(project.suggestion.why)}.",
        _markdown(pd.DataFrame(shape, columns=["what", "in this project"])),
        "## Data",
        _markdown(_sizes(project)),
        "## Scores on the test split",
        _markdown(score_table(record, project).rename_axis("model").reset_index()),
    ]
    if names:
        sections += [
            _escape(_against_counting(project, guesses)),
            "## Which labels are confused",
            _markdown(_confusion(project, guesses)),
        ]
    sections += [
        "## The worst errors",
        _markdown(_worst(project, guesses, 10).reset_index()),
        "## Cost",
        _markdown(_cost(record, costs)),
        "## Limits",
        "\n".join(f"- {_escape(limit)}" for limit in limits(record, project, encoder)),
    ]
    return "\n\n".join(sections) + "\n"


def limits(record: Record, project: Project, encoder: Pretrained) -> list[str]:
    """Say what the scores of a project do not show."""
    train, test = project.parts["train"], project.parts["test"]
    found = [
        f"The test split has {len(test)} rows, so one row is {1 / len(test):.1%} of the score.",
    ]
    if len(record.scores) < 3:
        found.append(
            f"{len(record.scores)} seed: how much training itself varies was not measured."
        )
    else:
        low, high = min(record.scores), max(record.scores)
        found.append(
            f"Over {len(record.scores)} seeds the score went from {low:.3f} to {high:.3f}."
        )
    rows = [row for part in project.parts.values() for row in _rows(part)]
    columns = [[row[name] for row in rows] for name in project.text]
    lengths = encoder.tokenizer(*columns)["input_ids"]
    long = sum(len(one) > LONGEST for one in lengths)
    if long:
        found.append(f"{long} of {len(rows)} texts are cut off after {LONGEST} tokens.")
    if project.suggestion.names:
        rare = [f"{n!r} ({c})" for n, c in Counter(train[project.label]).items() if c < 20]
        if rare:
            found.append(f"Fewer than 20 training examples: {', '.join(sorted(rare))}.")
    found.append("All texts come from one table: nothing was measured on texts from elsewhere.")
    return found


@dataclass(frozen=True)
class _Guess:
    label: str
    wrong: bool
    sure: float
    badness: float


def _guesses(record: Record, project: Project, encoder: Pretrained) -> list[_Guess]:
    names = project.suggestion.names
    examples = prepare(project, encoder).parts["test"]
    found = []
    for scores, label in zip(predict(record.model, examples), examples.labels, strict=True):
        if names:
            probabilities = scores.softmax(dim=-1)
            best = int(probabilities.argmax())
            right = float(probabilities[label])
            found.append(_Guess(names[best], best != label, float(probabilities[best]), -right))
        else:
            distance = abs(float(scores) - label)
            found.append(_Guess(f"{float(scores):.2f}", distance > 0, 0.0, distance))
    return found


def _worst(project: Project, guesses: Sequence[_Guess], count: int) -> pd.DataFrame:
    part = project.parts["test"]
    rows = [
        {
            "line": line,
            "text": _short(_joined(row, project.text)),
            "right": row[project.label],
            "predicted": guess.label,
            "surely": f"{guess.sure:.2f}" if project.suggestion.names else "–",
            "_": guess.badness,
        }
        for line, row, guess in zip(part.index, _rows(part), guesses, strict=True)
        if guess.wrong
    ]
    rows.sort(key=lambda row: -row.pop("_"))
    columns = ["line", "text", "right", "predicted", "surely"]
    return pd.DataFrame(rows[:count], columns=columns).set_index("line")


def _against_counting(project: Project, guesses: Sequence[_Guess]) -> str:
    """Compare the last seed with word counting text by text: a sign test."""
    test = list(project.parts["test"][project.label])
    encoder_right = [not guess.wrong for guess in guesses]
    counting_right = [a == b for a, b in zip(word_counting(project)[0], test, strict=True)]
    pairs = Counter(zip(encoder_right, counting_right, strict=True))
    ahead, behind = pairs[True, False], pairs[False, True]
    if ahead + behind == 0:
        return "The encoder and word counting are right on the same texts."
    chance = binomtest(max(ahead, behind), ahead + behind, alternative="greater").pvalue
    return (
        f"Text by text (last seed): only the encoder is right on {ahead}, only word counting on "
        f"{behind}. Tossing a coin for each of these would give a lead like this or a larger one, "
        f"for the same side, with probability {chance:.3f}."
    )


def _confusion(project: Project, guesses: Sequence[_Guess]) -> pd.DataFrame:
    names = project.suggestion.names
    right = list(project.parts["test"][project.label])
    pairs = Counter((label, guess.label) for label, guess in zip(right, guesses, strict=True))
    rows = [[name, *(pairs[name, other] for other in names)] for name in names]
    return pd.DataFrame(rows, columns=["right, then predicted", *names])


def _sizes(project: Project) -> pd.DataFrame:
    names = project.suggestion.names
    rows = []
    for split, part in project.parts.items():
        counts = Counter(part[project.label])
        rows.append([split, len(part), *(counts[name] for name in names)])
    return pd.DataFrame(rows, columns=["split", "rows", *names])


def _cost(record: Record, seconds: bool) -> pd.DataFrame:
    stored = record.total if record.strategy == "full" else record.trainable
    beside = "" if record.strategy == "full" else ", besides the encoder"
    rows = [
        ("parameters trained", f"{record.trainable:,} of {record.total:,}"),
        ("to store, in float32", f"{4 * stored / 1e3:,.0f} kB{beside}"),
        ("memory of a training step", f"{record.memory / 1e3:,.0f} kB"),
    ]
    if seconds:
        rows.append(("seconds a seed, on this machine", f"{record.seconds:.0f}"))
    return pd.DataFrame(rows, columns=["what", "how much"])


def _decode(path: Path) -> str:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise TableError(
            f"{path}: there is no such file; the path counts from {Path.cwd().name}/"
        ) from None
    if b"\0" in data:
        raise TableError(f"{path.name}: this is no text file (UTF-16?); save it as CSV in UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise TableError(
            f"{path.name}, line {line}: byte {data[error.start]:#04x} is not UTF-8; in your "
            'spreadsheet choose "CSV UTF-8" when you save'
        ) from None


def _lines(path: Path, content: str) -> list[tuple[int, list[str]]]:
    """Read the rows that are not empty, each with the line on which it begins."""
    header = content.partition("\n")[0]
    separator = max(",;\t", key=lambda mark: header.count(mark))
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=separator, strict=True)
    before = csv.field_size_limit(_LONGEST_CELL)
    lines, line = [], 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                lines.append((line, cells))
            line = reader.line_num + 1
    except csv.Error as error:
        raise TableError(
            f"{path.name}, line {line}: {error}; a quotation mark is opened there and not closed, "
            'or stands inside a text, where it is written twice: ""'
        ) from None
    finally:
        csv.field_size_limit(before)
    if not lines:
        raise TableError(f"{path.name}: the file is empty; it needs a header and rows")
    return lines


def _check_columns(path: Path, columns: list[str], wanted: list[str]) -> None:
    missing = [name for name in wanted if name not in columns]
    if missing:
        raise TableError(
            f"{path.name}, line 1: no column {missing[0]!r}; there are: "
            f"{', '.join(map(repr, columns))}; change the header or the name that you ask for"
        )
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        raise TableError(f"{path.name}, line 1: column {twice[0]!r} stands twice; rename one")
    if len(set(wanted)) < len(wanted):
        raise TableError(f"text and label must be different columns, not {', '.join(wanted)}")


def _check_rows(path: Path, table: pd.DataFrame, wanted: list[str]) -> None:
    for name in wanted:
        empty = [int(line) for line in table.index[table[name] == ""]]
        if empty:
            raise TableError(
                f"{path.name}, line {empty[0]}: column {name!r} is empty"
                f"{f' (and in {len(empty) - 1} more rows)' if len(empty) > 1 else ''}; "
                "fill it in, or delete the row"
            )
    if len(table) < FEWEST_ROWS:
        raise TableError(
            f"{path.name}: {len(table)} rows; at least {FEWEST_ROWS} are needed, and some hundred "
            "before a score means much"
        )


def _check_labels(path: Path, table: pd.DataFrame, text: tuple[str, ...], label: str) -> None:
    where: dict[tuple[str, ...], tuple[int, str]] = {}
    for line, row in zip(table.index, _rows(table), strict=True):
        key = tuple(row[name].casefold() for name in text)
        first, known = where.setdefault(key, (line, row[label]))
        if known != row[label]:
            raise TableError(
                f"{path.name}, lines {first} and {line}: the same text has the labels {known!r} "
                f"and {row[label]!r} in column {label!r}; decide on one"
            )
    counts = Counter(table[label])
    if len(counts) == 1:
        raise TableError(
            f"{path.name}: column {label!r} holds {table[label].iloc[0]!r} everywhere; with one "
            "label there is nothing to learn: choose another column or add other rows"
        )
    if all(_number(value) is not None for value in counts) and len(counts) > 10:
        return
    rare = {name: count for name, count in counts.items() if count < FEWEST_PER_LABEL}
    if rare and len(counts) <= min(MOST_CLASSES, len(table) // 2):
        name, count = min(rare.items(), key=lambda item: (item[1], item[0]))
        line = table.index[table[label] == name][0]
        raise TableError(
            f"{path.name}, line {line}: label {name!r} occurs {'once' if count == 1 else 'twice'} "
            f"in column {label!r}; each label needs {FEWEST_PER_LABEL} rows, one for each split: "
            "check its spelling, merge it with another, or add rows"
        )


def _check_own_split(table: pd.DataFrame, chosen: list[str], groups: list[int], by: str) -> None:
    for line, split in zip(table.index, chosen, strict=True):
        if split not in SPLITS:
            raise TableError(f"line {line}: column {by!r} says {split!r}, not {', '.join(SPLITS)}")
    absent = [split for split in SPLITS if split not in chosen]
    if absent:
        raise TableError(f"column {by!r} names no row for {', '.join(absent)}")
    seen: dict[int, tuple[int, str]] = {}
    for line, split, group in zip(table.index, chosen, groups, strict=True):
        first, known = seen.setdefault(group, (line, split))
        if known != split:
            raise TableError(
                f"lines {first} and {line} hold nearly the same text, but are in {known} and "
                f"{split}; put both in one split, or the score will flatter"
            )


def _near_duplicates(texts: list[str]) -> list[int]:
    """Number the groups of texts that are linked by a cosine above ``ALIKE``."""
    vectors = TfidfVectorizer(token_pattern=_TOKEN).fit_transform(texts)
    neighbours = NearestNeighbors(radius=1 - ALIKE, metric="cosine").fit(vectors)
    close = neighbours.radius_neighbors_graph(vectors, mode="connectivity")
    return [int(group) for group in connected_components(close, directed=False)[1]]


def _draw(
    texts: list[str], labels: list[str] | None, groups: list[int], shares: Sequence[float]
) -> list[str]:
    """Give each group, in the order of a hash, to the split that lacks most of its label."""
    members = defaultdict(list)
    for index, group in enumerate(groups):
        members[group].append(index)
    order = sorted(members.values(), key=lambda rows: min(_hash(texts[row]) for row in rows))
    order.sort(key=len, reverse=True)  # large groups first: later ones even out what they upset
    kinds = labels or ["number"] * len(texts)
    totals = Counter(kinds)
    given: Counter[tuple[str, int]] = Counter()
    chosen = [""] * len(texts)
    for rows in order:
        kind = Counter(kinds[row] for row in rows).most_common(1)[0][0]
        lacking = [share - given[kind, i] / totals[kind] for i, share in enumerate(shares)]
        split = int(np.argmax([lack / share for lack, share in zip(lacking, shares, strict=True)]))
        for row in rows:
            chosen[row] = SPLITS[split]
            given[kinds[row], split] += 1
    return chosen


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _counting(project: Project, strength: float) -> Pipeline:
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=_TOKEN)
    if project.suggestion.names:
        return make_pipeline(words, LogisticRegression(C=strength, max_iter=2000))
    return make_pipeline(words, Ridge(alpha=1 / strength))


def _share(guesses: Sequence[str], right: Sequence[str]) -> float:
    return float(np.mean([guess == label for guess, label in zip(guesses, right, strict=True)]))


def _columns(text: str | Sequence[str]) -> tuple[str, ...]:
    columns = (text,) if isinstance(text, str) else tuple(text)
    if len(columns) not in (1, 2):
        raise ValueError(f"one text column is read, or two, not {len(columns)}")
    return columns


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _rows(table: pd.DataFrame) -> list[dict[str, str]]:
    return [
        {str(key): str(value) for key, value in row.items()} for row in table.to_dict("records")
    ]


def _joined(row: Any, columns: Sequence[str]) -> str:
    return " / ".join(str(row[name]) for name in columns)


def _short(text: str, longest: int = 160) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _escape(text: object) -> str:
    """Make text safe for a cell of a Markdown table: neither HTML, markup nor formulas."""
    plain = html.escape(" ".join(str(text).split()), quote=False)
    return "".join("\\" + mark if mark in "\\`*_[]|$~#" else mark for mark in plain)


def _markdown(table: pd.DataFrame) -> str:
    heading = [_escape(name) for name in table.columns]
    rows = [[_escape(cell) for cell in row] for row in table.itertuples(index=False)]
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
