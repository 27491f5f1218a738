"""What each field of ``quiz.yaml`` holds, in a line: what editors show beside it."""

from __future__ import annotations

_EVERYWHERE = {
    "id": "Small letters, digits and hyphens; never change it once answers exist, and let it say "
    "nothing about the key.",
    "type": "The kind of item.",
    "kind": "The kind of blank.",
    "title": "A few words that do not tell the answer.",
    "concepts": "What the item tests: ids of the course's concepts.",
    "difficulty": "direct: as in the chapter; applied: a new case; transfer: what the chapter only "
    "implies.",
    "points": "What a right answer earns; more than 0.",
    "stem": "Markdown: the scenario and the question.",
    "explanation": "Markdown, shown after grading: why the answer is what it is.",
    "sections": "Where to read again, such as ['3.6']; shown with the explanation.",
    "feedback": "Markdown, shown after grading: why this is right or wrong, and what to think.",
    "misconception": "Which misconception somebody has who answers this; reports count it.",
    "tolerance": "How far off a number may be.",
    "slips": "Wrong numbers that tell what went wrong.",
    "answer": "The right number.",
    "unit": "Shown behind the field; learners may type it or leave it out.",
}
_OF_DEFINITIONS = {
    "Quiz": {
        "id": "The name of the folder that holds this file.",
        "title": "The title of the quiz.",
        "chapter": "The notebook that the quiz goes with, without .ipynb.",
        "instructions": "Markdown, shown at the top.",
        "items": "The questions, in the order in which learners see them.",
    },
    "SingleChoice": {"options": "Three or more; exactly one has `correct: true`."},
    "MultipleSelect": {
        "options": "Three or more; at least one is right and one is wrong.",
        "scoring": "net: a wrong pick takes away what a right one earns; all-or-nothing: 1 for "
        "exactly the right picks, else 0.",
    },
    "Option": {
        "text": "Markdown: what the option says.",
        "correct": "Whether it is right; false unless you say so.",
    },
    "Choice": {"text": "Markdown: what the option says."},
    "Matching": {
        "prompts": "What is to be matched, each with the option that fits.",
        "options": "What may be chosen; some may fit no prompt.",
        "reuse": "Whether an option may serve several prompts.",
    },
    "Prompt": {
        "text": "Markdown: what is to be matched.",
        "match": "The id of the option that fits.",
        "wrong": "Feedback of its own for wrong options: the option's id, then the text.",
        "misconceptions": "Misconceptions behind wrong options: the option's id, then the "
        "misconception's.",
    },
    "Ordering": {
        "steps": "At least three steps that belong, and at least one of them with `after`.",
        "tray": "Whether learners may put steps aside; needed where one does not belong.",
    },
    "Step": {
        "text": "Markdown: what is done.",
        "after": "The ids of the steps that must come before this one.",
        "belongs": "false for a step that learners should leave out.",
    },
    "NumericTolerance": {
        "absolute": "Off by at most this much; the larger of the two allowances counts.",
        "relative": "Off by at most this part of the right number, such as 0.02.",
    },
    "Slip": {
        "value": "A wrong number that tells what went wrong.",
        "fraction": "The part of the points that it earns; 0 unless you say so.",
    },
    "Cloze": {
        "text": "Markdown with each blank's id once, as in [[this]].",
        "blanks": "What belongs into each blank.",
    },
    "ChoiceBlank": {"options": "Two or more; exactly one has `correct: true`."},
    "TextBlank": {
        "accept": "Every right word; case and spacing make no difference.",
        "wrong": "Wrong words that deserve feedback of their own.",
    },
    "WrongWord": {"text": "The wrong word."},
    "CaseStudy": {
        "rubric": "The criteria; their best levels add up to the points.",
        "model_answer": "Markdown, shown after grading.",
        "samples": "Answers graded with the rubric, to calibrate graders.",
        "words": "How long an answer should be; never part of the grade.",
    },
    "Criterion": {
        "name": "What is looked at; shown to learners.",
        "levels": "From the fewest points to the most.",
    },
    "Level": {
        "points": "What this level earns; 0 or more.",
        "text": "What an answer of this level is like.",
    },
    "Sample": {
        "text": "An answer.",
        "points": "What it earns: each criterion's id, then the points of one of its levels.",
        "comment": "Why it earns that.",
    },
    "Words": {"min": "At least so many words.", "max": "At most so many words."},
    "Code": {
        "starter": "Python: what the learner's cell holds at first; it fails every check.",
        "setup": "Python that runs before the learner's code; learners see it.",
        "solution": "Python that passes every check; learners never see it.",
        "checks": "Calls whose values are compared; hidden ones unless `visible: true`.",
        "limits": "What each check may use.",
    },
    "Check": {
        "name": "What is checked; shown to learners.",
        "call": "Python; its last line is an expression, whose value is compared.",
        "weight": "How much it counts beside the others; 1 unless you say so.",
        "visible": "Whether learners can run it before they hand in.",
        "expect": "The right value; without it, what the solution returns.",
        "tolerance": "How far off floats may be.",
    },
    "Limits": {
        "seconds": "The time of each check.",
        "memory_mb": "The address space of each check, in megabytes.",
    },
    "CodeTolerance": {
        "absolute": "Off by at most this much, and `relative` on top.",
        "relative": "Off by at most this part of the expected number, and `absolute` on top.",
    },
}


def description(definition: str, field: str) -> str:
    """What a field holds.

    Parameters
    ----------
    definition
        The name of the model that has the field, as the schema names it.

    Raises
    ------
    KeyError
        Where nobody has written it.
    """
    own = _OF_DEFINITIONS.get(definition, {})
    return own[field] if field in own else _EVERYWHERE[field]
