"""Variants of an item: parameters, formulas, and which learner gets which variant.

An item with ``parameters:`` is a template. Anywhere in it, except in the fields that all variants
share, ``{{ formula }}`` stands for a value worked out from the parameters. A template is filled to
give ordinary items, so every item type has variants without knowing of them.
"""

from __future__ import annotations

import ast
import hashlib
import itertools
import json
import math
import operator
import random
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

from pydantic import Field, RootModel, ValidationError, model_validator

from autograder.items.base import Strict
from autograder.validation import complaints

#: The fields of an item that make it a template; they are not part of the filled item.
TEMPLATE_FIELDS = ("parameters", "where", "variants")
#: The fields that all variants share.
_SHARED = ("id", "type", "title", "points", "concepts", "difficulty")
#: A parameter space up to this size is checked whole; a larger one by a sample of this size.
CHECKED = 2000
_TOO_LARGE = 1e300

Scalar = bool | int | float | str
Values = Mapping[str, Scalar | Mapping[str, Scalar]]


class TemplateError(Exception):
    """A template cannot be filled; ``loc`` leads to the field, from the item downwards."""

    def __init__(self, loc: tuple[str | int, ...], message: str) -> None:
        super().__init__(message)
        self.loc = loc
        self.message = message


class Range(Strict):
    """The numbers ``from``, ``from + step``, ... up to and including ``to``."""

    start: Annotated[float, Field(alias="from", allow_inf_nan=False)]
    to: Annotated[float, Field(allow_inf_nan=False)]
    step: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1

    @model_validator(mode="after")
    def _check(self) -> Range:
        if self.to < self.start:
            raise ValueError("`to` is less than `from`; swap them")
        if len(self) > 10**6:
            raise ValueError("a range has at most a million values; take a larger step")
        return self

    def __len__(self) -> int:
        return math.floor((self.to - self.start) / self.step + 1e-9) + 1

    def __getitem__(self, number: int) -> float | int:
        value = round(self.start + number * self.step, 12)
        return int(value) if value.is_integer() else value


class Parameters(RootModel[dict[str, Range | list[Scalar | dict[str, Scalar]]]]):
    """The values that each parameter may take: a list, or a range of numbers."""

    @model_validator(mode="after")
    def _check(self) -> Parameters:
        for name, values in self.root.items():
            if not name.isidentifier() or name in _functions():
                raise ValueError(
                    f"{name!r} cannot be the name of a parameter; take letters, digits and _, "
                    "beginning with a letter, and no name of a function"
                )
            if not len(values):
                raise ValueError(f"parameter {name!r} has no value; give it some")
            if isinstance(values, list) and any(one in values[:n] for n, one in enumerate(values)):
                raise ValueError(f"parameter {name!r} has the same value twice; remove one")
        return self


@dataclass(frozen=True)
class Template:
    """An item with parameters, before it is filled."""

    body: Mapping[str, Any]
    parameters: Mapping[str, Any]
    where: tuple[str, ...]
    variants: int

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Template:
        """Read an item of ``quiz.yaml`` that has ``parameters``.

        Raises
        ------
        TemplateError
            Naming the field that cannot be used.
        """
        try:
            parameters = Parameters.model_validate(data["parameters"]).root
        except ValidationError as error:
            raise _unusable(data["parameters"], error) from error
        where = data.get("where", [])
        where = [where] if isinstance(where, str) else where
        count = data.get("variants", 20)
        if not isinstance(where, list) or not all(isinstance(one, str) for one in where):
            raise TemplateError(("where",), "must be a formula or a list of formulas")
        if not isinstance(count, int) or not 2 <= count <= 200:
            raise TemplateError(("variants",), "must be a number from 2 to 200")
        for name in _SHARED:
            if "{{" in str(data.get(name)):
                raise TemplateError((name,), "is shared by all variants and cannot hold a formula")
        body = {name: value for name, value in data.items() if name not in TEMPLATE_FIELDS}
        template = cls(body, parameters, tuple(where), count)
        template._require_all_used()
        return template

    def _require_all_used(self) -> None:
        formulas = " ".join(formula for _, text in _texts(self.body) for formula in _formulas(text))
        names = _names(formulas)
        for name in self.parameters:
            if name not in names:
                message = f"parameter {name!r} is used in no formula of the item; use or remove it"
                raise TemplateError(("parameters", name), message)

    def combinations(self) -> Iterator[Values]:
        """Values that satisfy ``where``; at most ``CHECKED`` are tried, in a fixed order."""
        names = list(self.parameters)
        sizes = [len(self.parameters[name]) for name in names]
        total = math.prod(sizes)
        draw = random.Random(f"{self.body.get('id')}")
        for number in _sample(draw, total):
            values = {}
            for name, size in zip(names, sizes, strict=True):
                number, place = divmod(number, size)
                values[name] = self.parameters[name][place]
            if all(_evaluate(formula, values, ("where",)) for formula in self.where):
                yield values

    def fill(self, values: Values) -> dict[str, Any]:
        """The item with these values: every formula replaced by what it is worth.

        Raises
        ------
        TemplateError
            Naming the field whose formula cannot be worked out.
        """
        filled: dict[str, Any] = _fill(self.body, values, ())
        filled["variant"] = _name(str(self.body.get("id")), values)
        return filled

    def every(self, *, checked: bool) -> Iterator[tuple[Values, dict[str, Any]]]:
        """The filled variants that learners get and, where ``checked``, those beyond them."""
        combinations = self.combinations()
        if not checked:
            combinations = itertools.islice(combinations, self.variants)
        return ((values, self.fill(values)) for values in combinations)


def _unusable(parameters: Any, error: ValidationError) -> TemplateError:
    """What an author has to mend, of all that pydantic says of a list that is no range either."""
    loc, message = next(complaints(error, Parameters))
    name = loc[:1]
    written = parameters.get(name[0]) if name and isinstance(parameters, Mapping) else None
    if name and not isinstance(written, Mapping):
        message = (
            "must be a list of numbers, texts or records of these, or a range with `from` and `to`"
        )
    return TemplateError(("parameters", *name), message)


def _sample(draw: random.Random, total: int) -> Iterator[int]:
    """All numbers below ``total`` in a drawn order, or ``CHECKED`` of them."""
    if total <= CHECKED:
        yield from draw.sample(range(total), total)
        return
    seen: set[int] = set()
    while len(seen) < CHECKED:  # a range longer than 2**63 has no len() for draw.sample
        number = draw.randrange(total)
        if number not in seen:
            seen.add(number)
            yield number


def pick(course: str, quiz: str, item: str, learner: str, count: int) -> int:
    """Which of ``count`` variants a learner gets: the same at every reload and at grading."""
    name = unicodedata.normalize("NFC", learner)  # macOS spells the names of folders otherwise
    text = json.dumps([course, quiz, item, name])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") % count


def describe(values: Values) -> str:
    """Parameter values as people read them."""
    return ", ".join(f"{name}={value}" for name, value in values.items())


def _name(item: str, values: Values) -> str:
    """A short name of a variant, which changes with its values and tells nothing of them."""
    text = json.dumps([item, values], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _fill(value: Any, values: Values, loc: tuple[str | int, ...]) -> Any:
    if isinstance(value, Mapping):
        return {name: _fill(inner, values, (*loc, name)) for name, inner in value.items()}
    if isinstance(value, list):
        return [_fill(inner, values, (*loc, number)) for number, inner in enumerate(value)]
    if not isinstance(value, str) or "{{" not in value:
        return value
    if any("}}" not in piece for piece in value.split("{{")[1:]):
        raise TemplateError(loc, "a formula begins with '{{' and never ends with '}}'")
    pieces = [_evaluate(formula, values, loc) for formula in _formulas(value)]
    texts = _around(value)
    if len(pieces) == 1 and not "".join(texts).strip():
        return pieces[0]
    shown = [*map(_shown, pieces), ""]
    return "".join(text + piece for text, piece in zip(texts, shown, strict=True))


def _around(text: str) -> list[str]:
    """The text before, between and after the formulas."""
    first, *rest = text.split("{{")
    return [first, *(piece.partition("}}")[2] for piece in rest)]


def _formulas(text: str) -> list[str]:
    return [piece.partition("}}")[0].strip() for piece in text.split("{{")[1:]]


def _texts(
    value: Any, loc: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _texts(inner, (*loc, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _texts(inner, (*loc, number))
    elif isinstance(value, str):
        yield loc, value


def _names(formulas: str) -> set[str]:
    """The words that occur in formulas."""
    return set("".join(c if c.isalnum() or c == "_" else " " for c in formulas).split())


def _shown(value: Scalar) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _evaluate(formula: str, values: Values, loc: tuple[str | int, ...]) -> Scalar:
    from simpleeval import DEFAULT_OPERATORS, EvalWithCompoundTypes

    arithmetic = {ast.Mod: _of_numbers(operator.mod), ast.Mult: _of_numbers(operator.mul)}
    operators = {**DEFAULT_OPERATORS, **arithmetic}
    try:
        evaluator = EvalWithCompoundTypes(operators, dict(_functions()), dict(values))
        value = evaluator.eval(formula, previously_parsed=_parsed(formula))
    except Exception as error:
        message = f"the formula {formula!r} cannot be worked out with {describe(values)}: {error}"
        raise TemplateError(loc, message) from error
    if isinstance(value, int | float) and not abs(value) < _TOO_LARGE:  # not a number, too
        message = f"the formula {formula!r} gives no number below 1e300 with {describe(values)}"
        raise TemplateError(loc, message)
    if not isinstance(value, Scalar):
        kind = type(value).__name__
        message = f"the formula {formula!r} gives a {kind}; a number or a text is needed"
        raise TemplateError(loc, message)
    return value


@cache
def _parsed(formula: str) -> ast.AST:
    """A formula as a tree; ValueError where it holds what could take memory or time at will.

    The rest is refused when it is worked out (``simpleeval``).
    """
    from simpleeval import SimpleEval

    tree: ast.AST = SimpleEval.parse(formula)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") not in _functions():
            raise ValueError(f"only these can be called: {', '.join(_functions())}")
        if isinstance(node, ast.JoinedStr | ast.comprehension):
            raise ValueError("f-strings and comprehensions are not available")
    return tree


@cache
def _functions() -> dict[str, Callable[..., Any]]:
    """What formulas may call, besides the operators of Python."""
    mathematics = {name: getattr(math, name) for name in ("sqrt", "log", "log2", "log10", "exp")}
    return {
        **mathematics,
        "abs": abs,
        "min": min,
        "max": max,
        "round": round,
        "floor": math.floor,
        "ceil": math.ceil,
        "comma": lambda number: f"{number:,}",
        "fixed": _fixed,
    }


def _fixed(number: float, digits: int) -> str:
    """A number with so many decimals."""
    if not 0 <= digits <= 20:
        raise ValueError("fixed() gives 0 to 20 decimals")
    return f"{number:.{digits}f}"


def _of_numbers(operation: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """``operation`` for numbers only: with a text or a list, it could fill all memory."""

    def checked(left: Any, right: Any) -> Any:
        if not isinstance(left, int | float) or not isinstance(right, int | float):
            raise ValueError("* and % work with numbers only; texts are made by fixed() or comma()")
        return operation(left, right)

    return checked
