"""Case studies marked by people: level by level of the rubric, one question in a row, no names."""

from autograder.marking.desk import Desk
from autograder.marking.marks import Mark, Role, read_marks

__all__ = ["Desk", "Mark", "Role", "read_marks"]
