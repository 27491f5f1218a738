"""How often ``autograder alike`` lists a pair whose wrong answers agree: with a cause, and without.

Classes are simulated: learners differ in ability and questions in difficulty (a Rasch model); every
second question has three wrong answers to choose from, the others 25, some much more popular than
others. In one half of the runs a weak learner takes nine of ten answers over from another one.

    python benchmarks/copying.py
"""

from __future__ import annotations

import numpy as np

from autograder.alike.wrong_answers import Given, agreements

LEVEL = 0.05
CLASSES = 100
#: Learners, questions, variants of every third question, groups with misconceptions of their own.
SETTINGS = [
    (30, 12, 1, 1),
    (100, 12, 1, 1),
    (100, 15, 10, 1),
    (100, 20, 1, 1),
    (100, 20, 1, 3),
    (100, 40, 1, 1),
    (200, 20, 1, 1),
]
Class = dict[str, dict[str, Given]]


def simulate(
    draw: np.random.Generator, learners: int, questions: int, variants: int, groups: int
) -> Class:
    """The answers of a class that works alone; one of twenty is missing."""
    ability, hard = draw.normal(size=learners), draw.normal(-0.6, 1, questions)
    liked = [[_popularity(draw, place) for place in range(questions)] for _ in range(groups)]
    group = draw.integers(0, groups, learners)
    answers: Class = {}
    for learner in range(learners):
        own = answers[f"learner-{learner:03}"] = {}
        for place in range(questions):
            if draw.random() < 0.05:
                continue
            misses = draw.random() > 1 / (1 + np.exp(hard[place] - ability[learner]))
            likes = liked[group[learner]][place]
            variant = str(draw.integers(variants)) if place % 3 == 0 else ""
            wrong = str(draw.choice(len(likes), p=likes)) if misses else None
            own[f"question-{place:02}"] = Given(variant, wrong)
    return answers


def _popularity(draw: np.random.Generator, place: int) -> np.ndarray:
    if place % 2:
        return draw.dirichlet(np.ones(3))
    popular = draw.permutation(1 / np.arange(1, 26))
    return np.asarray(popular / popular.sum())


def copy_answers(draw: np.random.Generator, answers: Class) -> set[str]:
    """Let one of the weakest tenth take answers over from one of the weakest quarter."""

    def misses(learner: str) -> int:
        return sum(one.wrong is not None for one in answers[learner].values())

    ranked = sorted(answers, key=misses)
    source, copier = ranked[int(len(ranked) * 0.75)], ranked[int(len(ranked) * 0.9)]
    for question, given in answers[source].items():
        if draw.random() < 0.9:
            answers[copier][question] = given
    return {source, copier}


def main() -> None:
    """Print, for each kind of class, in how many of them a pair was listed."""
    print(f"{CLASSES} classes of each kind, at the level {LEVEL}")
    print("learners questions variants groups | alone: any pair | copying: the pair, another pair")
    for setting in SETTINGS:
        false = found = besides = 0
        for seed in range(CLASSES):
            draw = np.random.default_rng(seed)
            answers = simulate(draw, *setting)
            false += bool(agreements(answers, LEVEL))
            pair = copy_answers(draw, answers)
            listed = [set(one.learners) for one in agreements(answers, LEVEL)]
            found += pair in listed
            besides += any(one != pair for one in listed)
        columns = "{:8} {:9} {:8} {:6}".format(*setting)
        print(f"{columns} | {false:15} | {found:17}, {besides}", flush=True)


if __name__ == "__main__":
    main()
