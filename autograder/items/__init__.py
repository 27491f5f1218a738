"""The item types. Adding a type is adding a module and naming it here."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from autograder.items.base import Item, PublicItem, Remark, Score
from autograder.items.case_study import CaseStudy, PublicCaseStudy
from autograder.items.cloze import Cloze, PublicCloze
from autograder.items.code import Code, PublicCode
from autograder.items.matching import Matching, PublicMatching
from autograder.items.multiple_select import MultipleSelect, PublicMultipleSelect
from autograder.items.numeric import Numeric, PublicNumeric
from autograder.items.ordering import Ordering, PublicOrdering
from autograder.items.single_choice import PublicSingleChoice, SingleChoice

AnyItem = Annotated[
    SingleChoice | MultipleSelect | Matching | Ordering | Numeric | Cloze | CaseStudy | Code,
    Field(discriminator="type"),
]
AnyPublicItem = Annotated[
    PublicSingleChoice
    | PublicMultipleSelect
    | PublicMatching
    | PublicOrdering
    | PublicNumeric
    | PublicCloze
    | PublicCaseStudy
    | PublicCode,
    Field(discriminator="type"),
]

#: The names of the types, in the order of ``AnyItem``.
ITEM_TYPES = (
    "single_choice",
    "multiple_select",
    "matching",
    "ordering",
    "numeric",
    "cloze",
    "case_study",
    "code",
)

__all__ = [
    "ITEM_TYPES",
    "AnyItem",
    "AnyPublicItem",
    "CaseStudy",
    "Code",
    "Item",
    "PublicItem",
    "Remark",
    "Score",
]
