"""Which of many answers to one question have more in common than the question explains."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from autograder.alike.documents import code_tokens, shingles, words

_WORDS = 5
_CODE_TOKENS = 6
#: An answer with fewer words, or tokens of code, of its own is too short to be alike by copying.
MIN_WORDS = 20
MIN_TOKENS = 15
#: Code that more than this share of a class has in common is the usual way to write it.
USUAL = 0.2
_USUAL_AT_LEAST = 5


@dataclass(frozen=True)
class Likeness:
    """Answers that are alike: one group of identical ones, or two groups that are nearly so.

    ``share`` is what they have in common; 1 where all are identical.
    """

    learners: tuple[str, ...]
    kind: str
    share: float


@dataclass(frozen=True)
class _Document:
    """An answer: all of it, and the runs of tokens in it that are the learner's own."""

    whole: tuple[str, ...]
    own: frozenset[tuple[str, ...]]


def alike_texts(texts: Mapping[str, str], given: str, threshold: float) -> list[Likeness]:
    """Texts that are identical but for case and punctuation, or share many runs of five words.

    Parameters
    ----------
    texts
        By learner.
    given
        What everybody had before them, as the question: its runs of words do not count.
    threshold
        Two texts are listed where at least this share of the runs of the one with fewer occurs in
        the other (containment; Broder 1997).
    """
    before = shingles(words(given), _WORDS)
    documents = {}
    for learner, text in texts.items():
        whole = words(text)
        own = shingles(whole, _WORDS) - before
        if len(own) >= MIN_WORDS - _WORDS + 1:
            documents[learner] = _Document(whole, own)
    return _alike(documents, "text", threshold)


def alike_code(
    sources: Mapping[str, str], given: str, solution: str, threshold: float
) -> list[Likeness]:
    """Code that is the same but for names, comments and layout, or shares many runs of six tokens.

    Runs that the starter, the course's own solution, or more than a fifth of the class have do not
    count: right answers to one question are alike by themselves. What is left has to be long enough
    to tell something.

    Parameters
    ----------
    given
        The starter: it names what has to keep its name.
    """
    keep = frozenset(words(given))
    whole = {learner: code_tokens(source, keep) for learner, source in sources.items()}
    runs = {learner: shingles(tokens, _CODE_TOKENS) for learner, tokens in whole.items()}
    often = Counter(run for own in runs.values() for run in own)
    usual = max(USUAL * len(runs), _USUAL_AT_LEAST)
    before = {run for run, times in often.items() if times > usual}
    for one in (given, solution):
        before |= shingles(code_tokens(one, keep), _CODE_TOKENS)
    documents = {
        learner: _Document(whole[learner], own - before)
        for learner, own in runs.items()
        if len(own - before) >= MIN_TOKENS - _CODE_TOKENS + 1
    }
    return _alike(documents, "code", threshold)


def _alike(documents: Mapping[str, _Document], what: str, threshold: float) -> list[Likeness]:
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for learner in sorted(documents):
        groups[documents[learner].whole].append(learner)
    found = [
        Likeness(tuple(group), f"identical {what}", 1.0)
        for group in groups.values()
        if len(group) > 1
    ]
    heads = {group[0]: group for group in groups.values()}
    for (one, other), common in _in_common({name: documents[name] for name in heads}).items():
        share = common / min(len(documents[one].own), len(documents[other].own))
        if share >= threshold:
            both = tuple(sorted(heads[one] + heads[other]))
            found.append(Likeness(both, f"nearly identical {what}", share))
    return sorted(found, key=lambda one: (one.kind, -one.share, one.learners))


def _in_common(documents: Mapping[str, _Document]) -> Counter[tuple[str, str]]:
    """How many runs each pair has in common; pairs without one do not occur."""
    holders: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for learner in sorted(documents):
        for run in documents[learner].own:
            holders[run].append(learner)
    common: Counter[tuple[str, str]] = Counter()
    for learners in holders.values():
        for place, one in enumerate(learners):
            for other in learners[place + 1 :]:
                common[one, other] += 1
    return common
