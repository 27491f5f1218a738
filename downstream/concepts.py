"""The concepts that the course teaches, as data. Quizzes name them by id."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Concept:
    """A concept, what it is in one line, and the chapters of the book that treat it."""

    id: str
    name: str
    book_chapters: tuple[int, ...]


CONCEPTS: tuple[Concept, ...] = (
    Concept(
        "task-dictates-architecture",
        "The downstream task decides input format, output format and prediction network",
        (1, 2),
    ),
    Concept("transfer", "What a pre-trained model knows carries over to downstream tasks", (1,)),
    Concept("applications-of-ptms", "What pre-trained models are applied to", (1,)),
    Concept("pretrain-finetune-paradigm", "Pre-train, then fine-tune", (1,)),
    Concept("necessity-of-fine-tuning", "Why a pre-trained model usually has to be adapted", (1,)),
    Concept(
        "discard-pretraining-head",
        "The pre-training head is thrown away and a new one put in its place",
        (1,),
    ),
    Concept("fine-tuning-encoders", "Fine-tuning sequence encoding models", (1,)),
    Concept("fine-tuning-for-tasks", "Fine-tuning for a downstream task, step by step", (1,)),
    Concept("fine-tuning-strategies", "Which parameters to train, and how", (1,)),
    Concept("freezing", "Freezing the encoder's parameters", (1,)),
    Concept("scope-of-fine-tuning", "What an introduction to fine-tuning leaves for later", (1,)),
    Concept("prompting", "Prompting: zero-shot, few-shot, in-context learning", (1, 2)),
    Concept("textual-instructions", "Describing the task in text", (1, 2)),
    Concept("standard-adaptation-for-llms", "Fine-tuning as a standard way to adapt LLMs", (2,)),
    Concept("broad-applications-of-fine-tuning", "The many uses of fine-tuning in LLMs", (2,)),
    Concept("activating-knowledge", "Fine-tuning activates what pre-training stored", (2,)),
    Concept("llm-alignment", "Aligning LLMs with people's intentions", (2,)),
)
