"""The course that quizzes belong to: ``source/course.yaml``, hand-written, optional."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from autograder.errors import QuizError
from autograder.items.base import Slug, Strict
from autograder.validation import complaints

COURSE_FILE = "course.yaml"


class Course(Strict):
    """``id`` takes part in choosing each learner's variants; ``concepts`` are what items teach."""

    id: Slug = "course"
    concepts: tuple[Slug, ...] = ()


def load_course(source: Path) -> Course:
    """Read ``course.yaml`` from the folder that holds a folder for each quiz.

    Raises
    ------
    QuizError
        Where the file is there and cannot be used.
    """
    from ruamel.yaml import YAML  # a learner's kernel has no use for it
    from ruamel.yaml.error import YAMLError

    path = source / COURSE_FILE
    try:
        return Course.model_validate(YAML(typ="safe").load(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Course()
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise QuizError(f"{path}: cannot be read: {error}") from error
    except ValidationError as error:
        loc, message = next(complaints(error, Course))
        place = ".".join(map(str, loc)) or "course"
        raise QuizError(f"{path}: {place}: {message}") from error
