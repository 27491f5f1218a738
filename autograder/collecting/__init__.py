"""Submissions as they come in, sorted into the folders in which nbgrader grades them.

``sources`` finds the files, ``whose`` reads from their paths who handed them in, ``contents`` what
they are, ``gathering`` makes hand-ins of them, ``placing`` puts these where they belong, and
``command`` reports where every file ended.
"""
