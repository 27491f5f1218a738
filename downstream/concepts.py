"""The concepts that the course teaches, as data. Quizzes name them by id."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Concept:
    """A concept: what it is in one line, and where it is taught.

    Attributes
    ----------
    id
        What quizzes call it.
    name
        What it is, in one line.
    book_chapters
        The chapters of the book that treat it.
    prerequisites
        Ids of the concepts that it builds on directly.
    chapter
        The chapter that teaches it: the name of its notebook without the ending.
    label
        Two to four words for the concept map.
    """

    id: str
    name: str
    book_chapters: tuple[int, ...]
    prerequisites: tuple[str, ...]
    chapter: str
    label: str


CONCEPTS: tuple[Concept, ...] = (
    Concept(
        "task-dictates-architecture",
        "The downstream task decides input format, output format and prediction network",
        (1, 2),
        ("discard-pretraining-head", "applications-of-ptms"),
        "03_the_task_decides_the_head",
        "Task decides shape",
    ),
    Concept(
        "transfer",
        "What a pre-trained model knows carries over to downstream tasks",
        (1,),
        ("pretrain-finetune-paradigm",),
        "01_pre_train_then_adapt",
        "Transfer",
    ),
    Concept(
        "applications-of-ptms",
        "What pre-trained models are applied to",
        (1,),
        ("transfer",),
        "01_pre_train_then_adapt",
        "What PTMs are for",
    ),
    Concept(
        "pretrain-finetune-paradigm",
        "Pre-train, then fine-tune",
        (1,),
        (),
        "01_pre_train_then_adapt",
        "Pre-train, fine-tune",
    ),
    Concept(
        "necessity-of-fine-tuning",
        "Why a pre-trained model usually has to be adapted",
        (1,),
        ("pretrain-finetune-paradigm",),
        "01_pre_train_then_adapt",
        "Why adapt at all",
    ),
    Concept(
        "discard-pretraining-head",
        "The pre-training head is thrown away and a new one put in its place",
        (1,),
        ("necessity-of-fine-tuning",),
        "02_heads_for_pre_training",
        "Old head out, new in",
    ),
    Concept(
        "fine-tuning-encoders",
        "Fine-tuning sequence encoding models",
        (1,),
        ("task-dictates-architecture",),
        "04_fine_tuning_step_by_step",
        "Fine-tune encoders",
    ),
    Concept(
        "fine-tuning-for-tasks",
        "Fine-tuning for a downstream task, step by step",
        (1,),
        ("fine-tuning-encoders",),
        "04_fine_tuning_step_by_step",
        "The steps, in order",
    ),
    Concept(
        "fine-tuning-strategies",
        "Which parameters to train, and how",
        (1,),
        ("freezing", "fine-tuning-for-tasks"),
        "05_fine_tuning_strategies",
        "Strategies",
    ),
    Concept(
        "freezing",
        "Freezing the encoder's parameters",
        (1,),
        ("fine-tuning-encoders",),
        "05_fine_tuning_strategies",
        "Freezing",
    ),
    Concept(
        "scope-of-fine-tuning",
        "What an introduction to fine-tuning leaves for later",
        (1,),
        ("necessity-of-fine-tuning",),
        "01_pre_train_then_adapt",
        "What is left for later",
    ),
    Concept(
        "prompting",
        "Prompting: zero-shot, few-shot, in-context learning",
        (1, 2),
        ("transfer",),
        "06_prompting_and_instructions",
        "Prompting",
    ),
    Concept(
        "textual-instructions",
        "Describing the task in text",
        (1, 2),
        ("prompting", "applications-of-ptms"),
        "06_prompting_and_instructions",
        "Instructions in text",
    ),
    Concept(
        "standard-adaptation-for-llms",
        "Fine-tuning as a standard way to adapt LLMs",
        (2,),
        ("textual-instructions", "fine-tuning-strategies"),
        "08_fine_tuning_llms",
        "Fine-tune LLMs",
    ),
    Concept(
        "broad-applications-of-fine-tuning",
        "The many uses of fine-tuning in LLMs",
        (2,),
        ("standard-adaptation-for-llms",),
        "08_fine_tuning_llms",
        "Uses of fine-tuning",
    ),
    Concept(
        "activating-knowledge",
        "Fine-tuning activates what pre-training stored",
        (2,),
        ("standard-adaptation-for-llms",),
        "08_fine_tuning_llms",
        "Activate knowledge",
    ),
    Concept(
        "llm-alignment",
        "Aligning LLMs with people's intentions",
        (2,),
        ("standard-adaptation-for-llms",),
        "09_alignment",
        "Alignment",
    ),
)
