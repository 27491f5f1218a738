"""What holds for every item that an author could write: hypothesis makes the items."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import examples
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from autograder.items import Item, Score

SECRET = "only the key says this"
Made = tuple[dict[str, Any], Any]  # an item as its author writes it, and a perfect response

_COMMON = {"points": 2, "explanation": f"{SECRET}: explanation", "stem": "The stem."}
_ids = st.from_regex(r"[a-z][a-z0-9]{0,3}(-[a-z0-9]{1,3})?", fullmatch=True)


def ids(least: int, most: int) -> st.SearchStrategy[list[str]]:
    return st.lists(_ids, min_size=least, max_size=most, unique=True)


def option(name: str, correct: bool) -> dict[str, Any]:
    return {
        "id": name,
        "text": f"Text of {name}",
        "feedback": f"{SECRET}: {name}",
        "correct": correct,
        "misconception": "known-error",
    }


@st.composite
def single_choices(draw: st.DrawFn) -> Made:
    names = draw(ids(2, 6))
    right = draw(st.sampled_from(names))
    options = [option(name, name == right) for name in names]
    return {**examples.SINGLE_CHOICE, **_COMMON, "options": options}, {"choice": right}


@st.composite
def multiple_selects(draw: st.DrawFn) -> Made:
    names = draw(ids(3, 7))
    keyed = draw(st.lists(st.sampled_from(names), min_size=1, max_size=len(names) - 1, unique=True))
    scoring = draw(st.sampled_from(["net", "all-or-nothing"]))
    options = [option(name, name in keyed) for name in names]
    data = {**examples.MULTIPLE_SELECT, **_COMMON, "options": options, "scoring": scoring}
    return data, {"picks": keyed}


@st.composite
def matchings(draw: st.DrawFn) -> Made:
    prompts, options = draw(ids(2, 5)), draw(ids(2, 7))
    reuse = draw(st.booleans())
    if reuse:
        matches = [draw(st.sampled_from(options)) for _ in prompts]
    else:
        assume(len(options) >= len(prompts))
        matches = draw(st.permutations(options))[: len(prompts)]
    pairs = dict(zip(prompts, matches, strict=True))
    data = {
        **examples.MATCHING,
        **_COMMON,
        "reuse": reuse,
        "prompts": [
            {
                "id": prompt,
                "text": f"Prompt {prompt}",
                "match": match,
                "feedback": f"{SECRET}: {prompt}",
                "wrong": {name: f"{SECRET}: not {name}" for name in options if name != match},
            }
            for prompt, match in pairs.items()
        ],
        "options": [{"id": name, "text": f"Text of {name}"} for name in options],
    }
    return data, {"pairs": pairs}


@st.composite
def orderings(draw: st.DrawFn) -> Made:
    """A random directed acyclic graph over the steps, and a random order that respects it."""
    names = draw(ids(3, 9))
    needed = names[: draw(st.integers(3, len(names)))]
    after = {
        name: [earlier for earlier in needed[:place] if draw(st.booleans())]
        for place, name in enumerate(needed)
    }
    assume(any(after.values()))
    steps = [
        {
            "id": name,
            "text": f"Step {name}",
            "feedback": f"{SECRET}: {name}",
            "after": after.get(name, []),
            "belongs": name in needed,
        }
        for name in draw(st.permutations(names))
    ]
    order: list[str] = []
    while len(order) < len(needed):
        free = [n for n in needed if n not in order and set(after[n]) <= set(order)]
        order.append(draw(st.sampled_from(free)))
    tray = len(needed) < len(names) or draw(st.booleans())
    return {**examples.ORDERING, **_COMMON, "steps": steps, "tray": tray}, {"order": order}


_values = st.one_of(
    st.integers(-(10**9), 10**9), st.floats(-1e9, 1e9).filter(lambda x: x == 0 or abs(x) > 1e-9)
)


def key(answer: float, absolute: float) -> dict[str, Any]:
    """A number's key with two slips that the tolerance keeps apart."""
    far = 3 * absolute + abs(answer) + 1
    return {
        "answer": answer,
        "tolerance": {"absolute": absolute},
        "feedback": f"{SECRET}: number",
        "slips": [
            {"value": answer + far, "feedback": f"{SECRET}: above", "fraction": 0.5},
            {"value": answer - far, "feedback": f"{SECRET}: below"},
        ],
    }


@st.composite
def numerics(draw: st.DrawFn) -> Made:
    answer = draw(_values)
    unit = draw(st.sampled_from([None, "million", "%", "tokens per second", "GB"]))
    data = {**examples.NUMERIC, **_COMMON, **key(answer, draw(st.floats(0.001, 5))), "unit": unit}
    return data, {"value": answer}


@st.composite
def clozes(draw: st.DrawFn) -> Made:
    blanks: list[dict[str, Any]] = []
    perfect: dict[str, Any] = {}
    for name in draw(ids(1, 5)):
        kind = draw(st.sampled_from(["choice", "text", "number"]))
        if kind == "choice":
            options = draw(ids(2, 4))
            right = perfect[name] = draw(st.sampled_from(options))
            rest: dict[str, Any] = {"options": [option(one, one == right) for one in options]}
        elif kind == "text":
            perfect[name] = f"word of {name}"
            wrong = {"text": f"{SECRET}: wrong", "feedback": f"{SECRET}: why wrong"}
            rest = {"accept": [f"Word  of {name}"], "feedback": f"{SECRET}: text", "wrong": [wrong]}
        else:
            perfect[name] = draw(_values)
            rest = key(perfect[name], 0.5)
        blanks.append({"id": name, "kind": kind, **rest})
    places = draw(st.permutations([f"[[{blank['id']}]]" for blank in blanks]))
    data = {**examples.CLOZE, **_COMMON, "text": "Fill: " + ", ".join(places), "blanks": blanks}
    return data, {"blanks": perfect}


MADE = {
    "single_choice": single_choices(),
    "multiple_select": multiple_selects(),
    "matching": matchings(),
    "ordering": orderings(),
    "numeric": numerics(),
    "cloze": clozes(),
}
EMPTY = {
    "multiple_select": {"picks": []},
    "matching": {"pairs": {}},
    "ordering": {"order": []},
    "numeric": {"value": " "},
    "cloze": {"blanks": {}},
}
every_item = st.one_of(*MADE.values())


def fraction(item: Item, response: object) -> float:
    score = item.score(response)
    assert score.state in ("graded", "unanswered"), score.reason
    assert score.fraction is not None
    return score.fraction


@st.composite
def responses(draw: st.DrawFn, item: Item) -> Any:
    """A readable response, right or wrong, whole or in part."""
    view: Any = item.public()
    names = [one.id for one in getattr(view, "options", getattr(view, "steps", []))]
    some = st.lists(st.sampled_from(names), unique=True) if names else st.just([])
    if view.type == "single_choice":
        return {"choice": draw(st.sampled_from(names))}
    if view.type == "multiple_select":
        return {"picks": draw(some)}
    if view.type == "ordering":
        return {"order": draw(some)}
    if view.type == "matching":
        chosen = draw(st.permutations(names))
        if view.reuse:
            chosen = [draw(st.sampled_from(names)) for _ in view.prompts]
        pairs = zip([prompt.id for prompt in view.prompts], chosen, strict=False)
        return {"pairs": {prompt: one for prompt, one in pairs if draw(st.booleans())}}
    if view.type == "numeric":
        return {"value": draw(_values)}
    blanks: dict[str, Any] = {}
    for blank in view.blanks:
        if draw(st.booleans()):
            options = [one.id for one in blank.options]
            kinds = {"choice": st.sampled_from(options or [""]), "number": _values}
            blanks[blank.id] = draw(kinds.get(blank.kind, st.text(max_size=20)))
    return {"blanks": blanks}


@given(every_item)
def test_a_perfect_response_earns_everything(made: Made) -> None:
    data, perfect = made
    score = examples.item(data).score(perfect)
    assert (score.state, score.fraction) == ("graded", 1.0)
    assert [remark for remark in score.remarks if remark.right is False] == []


@given(every_item)
def test_an_empty_response_earns_nothing_and_says_so(made: Made) -> None:
    item = examples.item(made[0])
    for response in (None, EMPTY.get(made[0]["type"])):
        score = item.score(response)
        assert (score.state, score.fraction) == ("unanswered", 0.0)
        assert "No answer" in score.reason


@given(every_item, st.data())
def test_a_score_lies_between_0_and_1(made: Made, data: st.DataObject) -> None:
    item = examples.item(made[0])
    assert 0 <= fraction(item, data.draw(responses(item))) <= 1


@given(every_item, st.data())
def test_the_order_in_the_file_changes_nothing(made: Made, data: st.DataObject) -> None:
    written, perfect = made
    item = examples.item(written)
    moved = deepcopy(written)
    for field in ("options", "prompts", "steps", "blanks"):
        if field in written:
            moved[field] = data.draw(st.permutations(moved[field]))
    for blank in moved.get("blanks", []):
        if "options" in blank:
            blank["options"] = data.draw(st.permutations(blank["options"]))
    other = examples.item(moved)
    assert other.public() == item.public()
    for response in (perfect, data.draw(responses(item))):
        assert _essence(other.score(response)) == _essence(item.score(response))


def _essence(score: Score) -> Any:
    """A score without the order of what is said, and without the example of a valid order."""
    said = sorted(repr(remark) for remark in score.remarks if remark.right is not None)
    if len({remark.part.startswith("(misplaced)") for remark in score.remarks}) > 1:
        said = []  # of several smallest sets of misplaced steps, any may be named
    return score.state, score.fraction, score.reason, said


@given(every_item)
def test_the_public_view_tells_nothing_of_the_key(made: Made) -> None:
    view = examples.item(made[0]).public().model_dump()
    assert SECRET not in json.dumps(view)
    allowed = {"id", "type", "title", "points", "difficulty", "stem", "variant"}
    allowed |= {"options", "prompts", "steps", "tray", "reuse", "unit", "text", "blanks", "kind"}
    assert set(_fields(view)) <= allowed


def _fields(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from _fields(inner)


@given(single_choices(), st.data())
def test_any_option_but_the_right_one_earns_nothing(made: Made, data: st.DataObject) -> None:
    item, right = examples.item(made[0]), made[1]["choice"]
    wrong = data.draw(st.sampled_from([o["id"] for o in made[0]["options"] if o["id"] != right]))
    assert fraction(item, {"choice": wrong}) == 0


@given(multiple_selects(), st.data())
def test_multiple_select_follows_its_formula(made: Made, data: st.DataObject) -> None:
    item, keyed = examples.item(made[0]), set(made[1]["picks"])
    picks = set(data.draw(responses(item))["picks"])
    net = (len(picks & keyed) - len(picks - keyed)) / len(keyed)
    expected = max(0.0, net) if made[0]["scoring"] == "net" else float(picks == keyed)
    assert fraction(item, {"picks": sorted(picks)}) == pytest.approx(expected)


@given(multiple_selects(), st.data())
def test_a_better_pick_never_lowers_the_score(made: Made, data: st.DataObject) -> None:
    item, keyed = examples.item(made[0]), set(made[1]["picks"])
    picks = set(data.draw(responses(item))["picks"])
    assume(picks != keyed)
    better = picks ^ {data.draw(st.sampled_from(sorted(picks ^ keyed)))}
    assert fraction(item, {"picks": sorted(better)}) >= fraction(item, {"picks": sorted(picks)})


@given(matchings(), st.data())
def test_a_better_pair_raises_the_score_by_one_share(made: Made, data: st.DataObject) -> None:
    item, perfect = examples.item(made[0]), made[1]["pairs"]
    pairs = data.draw(responses(item))["pairs"]
    wrong = [prompt for prompt in perfect if pairs.get(prompt) != perfect[prompt]]
    assume(wrong)
    prompt = data.draw(st.sampled_from(wrong))
    better = {**pairs, prompt: perfect[prompt]}
    if not item.public().model_dump()["reuse"]:  # whoever held the right option gives it back
        better = {p: o for p, o in better.items() if p == prompt or o != perfect[prompt]}
    gained = fraction(item, {"pairs": better}) - fraction(item, {"pairs": pairs})
    assert gained == pytest.approx(1 / len(perfect))


@given(orderings(), st.data())
def test_an_ordering_within_n_moves_of_a_valid_order_loses_at_most_n_shares(
    made: Made, data: st.DataObject
) -> None:
    """Whoever takes ``n`` steps out of a valid order and puts them elsewhere is ``n`` away."""
    item, order = examples.item(made[0]), list(made[1]["order"])
    moves = data.draw(st.integers(0, 3))
    for step in data.draw(st.permutations(order))[:moves]:
        order.remove(step)
        order.insert(data.draw(st.integers(0, len(order))), step)
    least = max(0.0, 1 - moves / (len(order) - 1))
    assert fraction(item, {"order": order}) >= least - 1e-9


@given(orderings(), st.data())
def test_one_move_nearer_to_a_valid_order_never_lowers_the_score(
    made: Made, data: st.DataObject
) -> None:
    """Of all single moves none does worse than the count of moves allows, and one helps."""
    item, valid = examples.item(made[0]), made[1]["order"]
    order = data.draw(responses(item))["order"]
    assume(order)
    before = fraction(item, {"order": order})
    share = 1 / (len(valid) - 1)
    after = [fraction(item, {"order": moved}) for moved in _moves(order, item)]
    assert all(abs(one - before) <= share + 1e-9 for one in after)
    assert before in (0, 1) or max(after) == pytest.approx(before + share)


def _moves(order: list[str], item: Item) -> Iterator[list[str]]:
    """Every order that one step taken out, put in, or put elsewhere leads to."""
    for step in [one["id"] for one in item.public().model_dump()["steps"]]:
        rest = [other for other in order if other != step]
        if len(rest) < len(order) and rest:
            yield rest
        for place in range(len(rest) + 1):
            yield [*rest[:place], step, *rest[place:]]


@given(clozes(), st.data())
def test_a_better_blank_never_lowers_the_score(made: Made, data: st.DataObject) -> None:
    item, perfect = examples.item(made[0]), made[1]["blanks"]
    blanks = data.draw(responses(item))["blanks"]
    name = data.draw(st.sampled_from(sorted(perfect)))
    better = fraction(item, {"blanks": {**blanks, name: perfect[name]}})
    without = {other: given for other, given in blanks.items() if other != name}
    assert better >= fraction(item, {"blanks": blanks}) >= fraction(item, {"blanks": without})
    gained = better - fraction(item, {"blanks": without})
    assert gained == pytest.approx(1 / len(perfect))


@given(_values, st.floats(0.001, 5), st.floats(-1, 1), st.booleans())
def test_a_number_is_right_exactly_within_its_tolerance(
    answer: float, absolute: float, share: float, inside: bool
) -> None:
    item = examples.item({**examples.NUMERIC, **key(answer, absolute)})
    off = share * absolute * 0.99
    if not inside:  # by more than what binary rounding takes
        off = (1.01 + abs(share)) * absolute + 1e-11 * abs(answer)
    assert fraction(item, {"value": answer + off}) == (1 if inside else 0)


@given(
    _values.filter(lambda x: abs(x) > 0.01), st.floats(0.001, 0.2), st.floats(0, 3), st.booleans()
)
def test_the_larger_allowance_counts_and_not_their_sum(
    answer: float, relative: float, times: float, below: bool
) -> None:
    allowances = (relative * abs(answer), times * relative * abs(answer))
    tolerance = {"relative": relative, "absolute": allowances[1]}
    item = examples.item(examples.NUMERIC, answer=answer, tolerance=tolerance, slips=[])
    off = max(allowances) * (-1 if below else 1)
    assert fraction(item, {"value": answer + 0.99 * off}) == 1
    assert fraction(item, {"value": answer + 1.01 * off}) == 0


@given(numerics(), st.data())
def test_a_slip_earns_its_part(made: Made, data: st.DataObject) -> None:
    item, slip = examples.item(made[0]), data.draw(st.sampled_from(made[0]["slips"]))
    score = item.score({"value": slip["value"]})
    assert score.fraction == slip.get("fraction", 0)
    assert slip["feedback"] in score.remarks[0].text


@given(numerics(), st.sampled_from(["{}", " {}\n", "+{}", "{:e}", "{:E}"]), st.booleans())
def test_what_is_typed_counts_as_the_number(made: Made, form: str, with_unit: bool) -> None:
    item, value = examples.item(made[0]), made[1]["value"]
    typed = form.format(value)
    assume(not typed.startswith("+-") and float(typed) == pytest.approx(value, rel=1e-6, abs=1e-6))
    if with_unit and made[0]["unit"]:
        typed += " " + made[0]["unit"].upper()
    assume(fraction(item, {"value": float(form.format(value))}) == 1)
    for one in (typed, typed.replace("-", "\N{MINUS SIGN}")):
        assert fraction(item, {"value": one}) == 1


@pytest.mark.parametrize(
    ("typed", "unit", "answer"),
    [
        ("1024", None, 1024),
        (" 1e3 ", None, 1000),
        ("\N{MINUS SIGN}5", None, -5),
        ("5.", None, 5),
        (".5", None, 0.5),
        ("3e\N{MINUS SIGN}4", None, 3e-4),
        ("22.7 million", "million", 22.7),
        ("22.7MILLION", "million", 22.7),
        ("22.7", "million", 22.7),
        ("40 %", "%", 40),
    ],
)
def test_typed_forms_of_a_number(typed: str, unit: str | None, answer: float) -> None:
    item = examples.item(examples.NUMERIC, answer=answer, unit=unit, tolerance={}, slips=[])
    assert fraction(item, {"value": typed}) == 1


_REFUSED = [float("nan"), float("inf"), -float("inf"), 10**400, "nan", "inf", "Infinity"]
_REFUSED += ["1e999", "1e9999", "9" * 61, "1_000", "1,024", "1 024", "0x10", "1e", "--5", "5 %"]


@pytest.mark.parametrize("typed", _REFUSED)
def test_what_is_no_number_is_refused(typed: Any) -> None:
    score = examples.item(examples.NUMERIC).score({"value": typed})
    assert (score.state, score.fraction) == ("invalid", 0.0)
    blank = examples.item(examples.CLOZE).score({"blanks": {"size": typed}})
    assert (blank.state, blank.fraction) == ("invalid", 0.0)
    assert "blank 'size'" in blank.reason
