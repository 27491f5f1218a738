"""Put steps in order; the key is a set of precedence constraints, so every valid order is right."""

from __future__ import annotations

from itertools import combinations
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from autograder.items.base import (
    Choice,
    Item,
    Progress,
    PublicItem,
    Remark,
    Response,
    Score,
    Slug,
    Strict,
    Text,
    require_different,
    require_known,
    require_unique,
)


class OrderingResponse(Response):
    """The ids of the steps that the learner uses, first to last."""

    order: list[str]


class Step(Strict):
    """A step, the steps that must come before it (``after``), and why it stands where it does.

    A step with ``belongs: false`` is one that the learner should leave out.
    """

    id: Slug
    text: Text
    feedback: Text
    after: Annotated[list[Slug], Field(default_factory=list)]
    belongs: bool = True
    misconception: Slug | None = None


class PublicOrdering(PublicItem):
    """``tray`` says that the learner may put steps aside; it says nothing about whether to."""

    response_type: ClassVar[type[Response]] = OrderingResponse

    type: Literal["ordering"]
    steps: list[Choice]
    tray: bool

    def check(self, response: OrderingResponse) -> None:
        require_known("step", response.order, self.steps)
        require_unique("steps of the answer", response.order)

    def progress(self, response: OrderingResponse) -> Progress:
        return "answered" if response.order else "open"


class Ordering(Item):
    """Score: 1 - moves / (steps - 1), at least 0.

    ``moves`` is the fewest steps to take out and put back to reach a valid order; a step that does
    not belong, or a needed one left out, is a move. ``steps`` counts the steps that belong.

    Two steps of a response conflict when the key demands the opposite order. Conflicts form a
    partial order, and the largest set of steps that may stay is a largest antichain in it, which a
    maximum bipartite matching finds in polynomial time (Dilworth's and Kőnig's theorems). The
    idea of grading order by distance to the nearest valid one is that of Proof Blocks (Poulsen et
    al., SIGCSE 2022).
    """

    type: Literal["ordering"]
    steps: Annotated[list[Step], Field(min_length=3)]
    tray: bool = False

    @model_validator(mode="after")
    def _check(self) -> Self:
        require_unique("steps", [step.id for step in self.steps])
        require_different("steps", [step.text for step in self.steps])
        needed = {step.id for step in self.steps if step.belongs}
        if len(needed) < 3:
            raise ValueError("an ordering needs at least three steps that belong")
        for step in self.steps:
            for earlier in step.after:
                if not step.belongs or earlier not in needed:
                    raise ValueError(
                        f"step {step.id!r} stands after {earlier!r}, but `after` may only connect "
                        f"steps that belong: {sorted(needed)}"
                    )
        if len(needed) < len(self.steps) and not self.tray:
            raise ValueError("a step does not belong, so the learner needs `tray: true`")
        before = self._predecessors()
        for step in self.steps:
            if step.id in before[step.id]:
                raise ValueError(
                    f"step {step.id!r} must come before itself: `after` has a cycle; break it"
                )
        if self._is_valid([choice.id for choice in self.public().steps]):
            raise ValueError("every order is right: say with `after` what must come before what")
        return self

    def public(self) -> PublicOrdering:
        return PublicOrdering(**self.common(), steps=self._first_shown(), tray=self.tray)

    def _first_shown(self) -> list[Choice]:
        """The steps in an order that depends on the ids alone and is not right already."""
        choices = [Choice(id=step.id, text=step.text) for step in self.steps]
        shown = self.shuffled(choices)
        for attempt in range(100):
            if not self._is_valid([choice.id for choice in shown]):
                break
            shown = self.shuffled(choices, f"again-{attempt}")
        return shown

    def _is_valid(self, order: list[str]) -> bool:
        """Whether an order of all the steps, spare ones too, is right."""
        before = self._predecessors()
        follows = all(b not in before[a] for a, b in combinations(order, 2))
        return follows and all(step.belongs for step in self.steps)

    def judge(self, response: OrderingResponse) -> Score:
        steps = {step.id: step for step in self.steps}
        needed = [step for step in self.steps if step.belongs]
        spare = {i for i in response.order if not steps[i].belongs}
        missing = {step.id for step in needed} - set(response.order)
        moved = self._fewest_moves([i for i in response.order if i not in spare])
        moves = len(spare) + len(missing) + len(moved)
        remarks = [self._remark(steps[i], i in spare, i in moved) for i in response.order]
        remarks += [
            Remark(f"(left out) {step.text}", False, step.feedback, step.misconception, early=None)
            for step in needed
            if step.id in missing
        ]
        if moves:
            texts = " → ".join(step.text for step in self._valid_order())
            remarks.append(Remark("One valid order", None, texts))
        fraction = max(0.0, 1 - moves / (len(needed) - 1))
        plural = "" if moves == 1 else "s"
        reason = f"{moves} step{plural} away from a valid order." if moves else "A valid order."
        return Score("graded", fraction, reason, tuple(remarks))

    @staticmethod
    def _remark(step: Step, spare: bool, moved: bool) -> Remark:
        if spare:
            part, said = f"(does not belong) {step.text}", step.feedback
            return Remark(part, False, said, step.misconception, early=said)
        if moved:
            return Remark(f"(misplaced) {step.text}", False, step.feedback, step.misconception)
        return Remark(step.text, True, step.feedback)

    def hints(self) -> list[str]:
        first = self._valid_order()[0]
        spare = [step for step in self.steps if not step.belongs]
        return [
            *(f"“{step.text}” does not belong. {step.feedback}" for step in spare[:1]),
            f"It can begin with “{first.text}”. {first.feedback}",
        ]

    def _predecessors(self) -> dict[str, set[str]]:
        """For each step, all steps that must come before it, directly or through others."""
        direct = {step.id: set(step.after) for step in self.steps}
        before: dict[str, set[str]] = {}
        for start in direct:
            found: set[str] = set()
            open_steps = list(direct[start])
            while open_steps:
                step = open_steps.pop()
                if step not in found:
                    found.add(step)
                    open_steps += direct[step]
            before[start] = found
        return before

    def _valid_order(self) -> list[Step]:
        """The steps that belong, in a valid order as close to the author's as can be."""
        before = self._predecessors()
        left = [step for step in self.steps if step.belongs]
        order: list[Step] = []
        while left:
            done = {step.id for step in order}
            step = next(step for step in left if before[step.id] <= done)
            order.append(step)
            left.remove(step)
        return order

    def _fewest_moves(self, order: list[str]) -> set[str]:
        """A smallest set of steps to take out so that the rest conflicts nowhere."""
        before = self._predecessors()
        conflicts = [(a, b) for a, b in combinations(order, 2) if b in before[a]]
        if not conflicts:
            return set()
        import networkx as nx  # a second of start-up that only a wrong order should pay

        graph = nx.Graph()
        top = [("first", identifier) for identifier in order]
        graph.add_nodes_from(top)
        graph.add_nodes_from(("second", identifier) for identifier in order)
        graph.add_edges_from((("first", a), ("second", b)) for a, b in conflicts)
        matching = nx.bipartite.hopcroft_karp_matching(graph, top)
        cover = nx.bipartite.to_vertex_cover(graph, matching, top)
        return {identifier for _, identifier in cover}
