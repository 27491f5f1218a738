"""The idea of the course as a data type: a task fixes input, output and prediction network.

The seven kinds follow section 1.4 of the book; text generation is its chapter 2. In the formats,
``m`` and ``n`` count tokens, ``C`` classes, ``T`` tags, ``K`` choices, and ``|V|`` the vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import pandas as pd


@dataclass(frozen=True)
class Task:
    """One kind of downstream task, and the shape that it gives to the adapted model.

    Attributes
    ----------
    name
        Name of the kind.
    input_format
        What goes in, as the encoder or the LLM reads it.
    output_format
        What must come out.
    head
        The prediction network, a class of :mod:`downstream.heads`.
    loss
        What fine-tuning makes small.
    metric
        What says whether the adapted model is good.
    section
        Where the book treats it.
    """

    name: str
    input_format: str
    output_format: str
    head: str
    loss: str
    metric: str
    section: str


SINGLE_TEXT_CLASSIFICATION = Task(
    name="single-text classification",
    input_format="[CLS] x [SEP]",
    output_format="C class scores",
    head="SequenceClassificationHead",
    loss="cross-entropy",
    metric="accuracy or macro F1",
    section="1.4",
)
TEXT_PAIR_CLASSIFICATION = Task(
    name="text-pair classification",
    input_format="[CLS] x [SEP] y [SEP], segments A and B",
    output_format="C class scores",
    head="SequenceClassificationHead",
    loss="cross-entropy",
    metric="accuracy or macro F1",
    section="1.4",
)
REGRESSION = Task(
    name="regression",
    input_format="[CLS] x [SEP] y [SEP], or one text",
    output_format="1 real number",
    head="RegressionHead",
    loss="mean squared error",
    metric="Spearman correlation",
    section="1.4",
)
SEQUENCE_LABELLING = Task(
    name="sequence labelling",
    input_format="[CLS] x_1 ... x_m [SEP]",
    output_format="m × T tag scores",
    head="TokenClassificationHead",
    loss="mean cross-entropy over the tokens, (1.23)",
    metric="entity F1",
    section="1.4",
)
SPAN_PREDICTION = Task(
    name="span prediction",
    input_format="[CLS] query [SEP] context [SEP]",
    output_format="start and end scores for each of n context tokens",
    head="SpanHead",
    loss="cross-entropy of start plus that of end, (1.24)",
    metric="exact match and token F1",
    section="1.4",
)
MULTIPLE_CHOICE = Task(
    name="multiple choice",
    input_format="K times [CLS] question [SEP] choice_k [SEP]",
    output_format="K scores, one per choice",
    head="MultipleChoiceHead",
    loss="cross-entropy over the choices",
    metric="accuracy",
    section="1.4 (a pair task repeated)",
)
TEXT_GENERATION = Task(
    name="text generation",
    input_format="x_1 ... x_m, the prompt",
    output_format="n tokens, each from |V| scores",
    head="LanguageModelHead",
    loss="cross-entropy of the next token, (2.18)",
    metric="exact match, overlap, or human judgement",
    section="1.4, 2.1",
)

TASKS = (
    SINGLE_TEXT_CLASSIFICATION,
    TEXT_PAIR_CLASSIFICATION,
    REGRESSION,
    SEQUENCE_LABELLING,
    SPAN_PREDICTION,
    MULTIPLE_CHOICE,
    TEXT_GENERATION,
)


def task_table(tasks: tuple[Task, ...] = TASKS) -> pd.DataFrame:
    """Return the tasks as a table, one row per task, indexed by name."""
    columns = [field.name for field in fields(Task)]
    rows = [[getattr(task, column) for column in columns] for task in tasks]
    headings = [column.replace("_", " ") for column in columns]
    return pd.DataFrame(rows, columns=headings).set_index("name")
