"""Grading a whole class at once, into nbgrader's own gradebook."""

from autograder.bulk.run import Report, grade_class

__all__ = ["Report", "grade_class"]
