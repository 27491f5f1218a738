"""Match each prompt with the option that fits it best."""

from __future__ import annotations

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


class MatchingResponse(Response):
    """The option chosen for each prompt; prompts without an answer are absent."""

    pairs: dict[str, str]


class Prompt(Strict):
    """A prompt, the id of the option that fits it (``match``), and why.

    ``wrong`` may give feedback of its own for single wrong options, by option id.
    """

    id: Slug
    text: Text
    match: Slug
    feedback: Text
    wrong: Annotated[dict[Slug, Text], Field(default_factory=dict)]
    misconceptions: Annotated[dict[Slug, Slug], Field(default_factory=dict)]


class PublicMatching(PublicItem):
    response_type: ClassVar[type[Response]] = MatchingResponse

    type: Literal["matching"]
    prompts: list[Choice]
    options: list[Choice]
    reuse: bool

    def check(self, response: MatchingResponse) -> None:
        used = list(response.pairs.values())
        require_known("prompt", list(response.pairs), self.prompts)
        require_known("option", used, self.options)
        if not self.reuse and len(set(used)) < len(used):
            raise ValueError("an option is used twice; here each option serves at most once")

    def progress(self, response: MatchingResponse) -> Progress:
        if not response.pairs:
            return "open"
        return "partly" if len(response.pairs) < len(self.prompts) else "answered"


class Matching(Item):
    """Score: right pairs / pairs. Spare options are allowed; ``reuse`` lets one serve twice."""

    type: Literal["matching"]
    prompts: Annotated[list[Prompt], Field(min_length=2)]
    options: Annotated[list[Choice], Field(min_length=2)]
    reuse: bool = False

    @model_validator(mode="after")
    def _check(self) -> Self:
        require_unique("prompts", [prompt.id for prompt in self.prompts])
        require_unique("options", [option.id for option in self.options])
        require_different("prompts", [prompt.text for prompt in self.prompts])
        require_different("options", [option.text for option in self.options])
        known = {option.id for option in self.options}
        for prompt in self.prompts:
            for named in (prompt.match, *prompt.wrong, *prompt.misconceptions):
                if named not in known:
                    raise ValueError(
                        f"prompt {prompt.id!r} names the option {named!r}; "
                        f"the options are {sorted(known)}"
                    )
        matches = [prompt.match for prompt in self.prompts]
        if not self.reuse and len(set(matches)) < len(matches):
            raise ValueError("two prompts match the same option; allow it with `reuse: true`")
        return self

    def public(self) -> PublicMatching:
        prompts = [Choice(id=prompt.id, text=prompt.text) for prompt in self.prompts]
        return PublicMatching(
            **self.common(),
            prompts=self.shuffled(prompts, "prompts"),
            options=self.shuffled(self.options),
            reuse=self.reuse,
        )

    def judge(self, response: MatchingResponse) -> Score:
        texts = {option.id: option.text for option in self.options}
        remarks = tuple(self._remark(prompt, response.pairs, texts) for prompt in self.prompts)
        right = sum(remark.right is True for remark in remarks)
        reason = f"{right} of {len(self.prompts)} pairs are right."
        return Score("graded", right / len(self.prompts), reason, remarks)

    def _remark(self, prompt: Prompt, pairs: dict[str, str], texts: dict[str, str]) -> Remark:
        picked = pairs.get(prompt.id)
        if picked == prompt.match:
            return Remark(f"{prompt.text} — {texts[picked]}", True, prompt.feedback)
        best = f"Best: {texts[prompt.match]}. {prompt.feedback}"
        if picked is None:
            return Remark(f"{prompt.text} — (left open)", False, best)
        own = prompt.wrong.get(picked)
        return Remark(
            f"{prompt.text} — {texts[picked]}",
            False,
            f"{own} {best}" if own else best,
            prompt.misconceptions.get(picked),
            early=own or "",
        )

    def hints(self) -> list[str]:
        texts = {option.id: option.text for option in self.options}
        first = self.prompts[0]
        return [f"“{first.text}” goes with “{texts[first.match]}”. {first.feedback}"]
