"""Answers that are alike: a list of what to look at, never a verdict."""
