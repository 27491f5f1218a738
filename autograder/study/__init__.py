"""Studying alone: the learner's own record, mastery of concepts, and the daily review.

The record stands in the learner's data folder, on the learner's own machine, and nowhere else. All
that is told of a learner is worked out from its tries whenever it is asked for.
"""
