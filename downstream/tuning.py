"""Fine-tune an LLM on conversations, and let it answer: supervised fine-tuning with LoRA.

The loss is the negative log-likelihood of the answers given their prompts, book formulas (2.16) to
(2.18): a prompt is what is given, and only the answer is learned.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from downstream.adapt import shortened
from downstream.examples import Examples
from downstream.heads import IGNORED
from downstream.models import Pretrained

if TYPE_CHECKING:  # peft takes seconds to import
    from peft import PeftModel
    from transformers import PreTrainedTokenizerBase

QUERY_AND_VALUE = ("q_proj", "v_proj")
"""The projections that Hu et al. 2022 (arXiv 2106.09685) adapt."""


def with_lora(
    llm: Pretrained, rank: int = 8, targets: Sequence[str] = QUERY_AND_VALUE, seed: int = 0
) -> PeftModel:
    """Put a new LoRA adapter beside an LLM's weights; the adapter alone can be trained.

    Parameters
    ----------
    llm
        The LLM. It stays as it is: the new model shares its weights, takes next to no memory, and
        answers like it until it is tuned.
    rank
        Rank of the two matrices that are added to each target.
    targets
        Names of the linear layers that get an adapter.
    seed
        Draws the first values of the adapter.

    Returns
    -------
    PeftModel
        Inside ``with model.disable_adapter():`` it is the LLM as it was.
    """
    from peft import LoraConfig, get_peft_model

    shared = {
        id(parameter): nn.Parameter(parameter.detach(), requires_grad=False)
        for parameter in llm.model.parameters()
    }
    twin: Any = copy.deepcopy(llm.model, shared)
    config = LoraConfig(
        r=rank, lora_alpha=2 * rank, target_modules=list(targets), task_type="CAUSAL_LM"
    )
    torch.manual_seed(seed)
    model: Any = get_peft_model(twin, config)
    return model.eval()


def answer_loss(model: nn.Module, inputs: dict[str, Tensor], labels: Tensor) -> Tensor:
    """Return the mean negative log-likelihood of the answers' tokens (2.18).

    Parameters
    ----------
    model
        An LLM with its next-token head.
    inputs, labels
        A batch of :func:`downstream.chats.encode_chats`, each ``(batch, sequence)``.

    Returns
    -------
    Tensor
        A scalar. The vocabulary is scored only from the first answer on, which saves time.
    """
    first = int((labels != IGNORED).any(dim=0).nonzero()[0])
    keep = labels.shape[1] - first + 1  # the token before the answer predicts its first token
    logits = model(**inputs, logits_to_keep=keep).logits[:, :-1]
    return nn.functional.cross_entropy(
        logits.flatten(0, 1), labels[:, first:].flatten(), ignore_index=IGNORED
    )


def tune(
    model: nn.Module,
    examples: Examples,
    *,
    steps: int | None = None,
    epochs: int = 2,
    learning_rate: float = 2e-3,
    batch_size: int = 4,
    seed: int = 0,
    title: str | None = "tuning",
    watch: Callable[[int], None] | None = None,
) -> list[float]:
    """Tune an LLM on prompts and answers, in place: whatever in it can be trained.

    Parameters
    ----------
    model
        What :func:`with_lora` made, or an LLM whose parameters are to be trained.
    examples
        What :func:`downstream.chats.encode_chats` made.
    steps
        Updates; the examples are gone through again as long as needed. By default ``epochs``
        decides.
    epochs
        How often each example is seen, where ``steps`` is not given.
    learning_rate, batch_size
        Settings of AdamW; the rate rises over a tenth of the steps, then falls to zero.
    seed
        Draws the batches.
    title
        Text of the progress bar; with None there is none.
    watch
        Called after each update with the number of updates made, the model in evaluation mode.

    Returns
    -------
    list[float]
        The loss before each update, in nats per token.
    """
    draw = torch.Generator().manual_seed(seed)
    batches: list[list[int]] = []
    wanted = steps or epochs * -(-len(examples) // batch_size)
    while len(batches) < wanted:
        batches += _batches(examples, batch_size, draw)
    batches = shortened(batches[:wanted])
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=learning_rate, weight_decay=0.0, fused=True)
    warm = max(1, len(batches) // 10)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: min((step + 1) / warm, (len(batches) - step) / (len(batches) - warm + 1)),
    )
    torch.manual_seed(seed)  # dropout, where the model has any
    model.train()
    losses = []
    for chosen in tqdm(
        batches, desc=title, disable=title is None, file=sys.stdout, ncols=88, unit="step"
    ):
        inputs, labels = examples.batch(chosen)
        loss = answer_loss(model, inputs, labels)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        if watch is not None:
            model.eval()
            watch(len(losses))
            model.train()
    model.eval()
    return losses


def answers(
    model: Any,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[str],
    longest: int = 60,
    *,
    batch_size: int = 16,
    show_end: bool = False,
) -> list[str]:
    """Let a model answer prompts in its chat template: at each step the most probable token.

    Parameters
    ----------
    model
        An LLM, or one with an adapter.
    tokenizer
        The LLM's tokenizer.
    prompts
        One user turn each.
    longest
        Tokens after which an answer is cut off.
    batch_size
        Prompts that are answered together. They are padded on the **left**: a decoder goes on
        from the last position, which must be the prompt's last token.
    show_end
        Whether an answer that the model ended itself keeps its end-of-turn token.

    Returns
    -------
    list[str]
        One answer to each prompt.
    """
    tokenizer_: Any = tokenizer
    turns = [[{"role": "user", "content": prompt}] for prompt in prompts]
    asked = [
        tokenizer_.apply_chat_template(turn, add_generation_prompt=True, return_dict=False)
        for turn in turns
    ]
    order = sorted(range(len(asked)), key=lambda index: len(asked[index]))
    found: dict[int, str] = {}
    for start in range(0, len(order), batch_size):
        chosen = order[start : start + batch_size]
        inputs = tokenizer_.pad(
            {"input_ids": [asked[index] for index in chosen]},
            padding_side="left",
            return_tensors="pt",
        )
        with torch.no_grad():
            output = model.generate(
                **inputs,
                max_new_tokens=longest,
                do_sample=False,
                pad_token_id=tokenizer_.pad_token_id,
            )
        for index, row in zip(chosen, output[:, inputs["input_ids"].shape[1] :], strict=True):
            ids = row.tolist()
            if tokenizer_.eos_token_id in ids:  # what follows the end is padding
                ids = ids[: ids.index(tokenizer_.eos_token_id) + 1]
            text = tokenizer_.decode(ids, skip_special_tokens=not show_end)
            found[index] = str(text).strip()
    return [found[index] for index in range(len(prompts))]


def choice_likelihoods(
    model: nn.Module,
    tokenizer: PreTrainedTokenizerBase,
    beginnings: Sequence[str],
    choices: Sequence[Sequence[str]],
    batch_size: int = 16,
) -> Tensor:
    """Score every choice of how a text goes on, by the log-probability of all its tokens.

    A beginning is read once for all its choices: they stand in one row behind it, each of them
    sees the beginning and itself, and has the position that it would have alone.

    Parameters
    ----------
    model
        An LLM with its next-token head.
    tokenizer
        The LLM's tokenizer.
    beginnings
        Plain texts, for example ``"The capital of Norway is"``.
    choices
        What may follow each of them after a space; the same number everywhere.

    Returns
    -------
    Tensor
        ``(beginnings, choices)``, natural logarithms.
    """
    read: Any = tokenizer
    begun = [read(text)["input_ids"] for text in beginnings]
    ends = [[read(f" {choice}")["input_ids"] for choice in row] for row in choices]
    order = sorted(range(len(begun)), key=lambda index: len(begun[index]))
    scores = torch.empty(len(begun), len(ends[0]) if ends else 0)
    for start in range(0, len(order), batch_size):
        chosen = order[start : start + batch_size]
        rows = [_packed(begun[index], ends[index]) for index in chosen]
        size = max(len(ids) for ids, _, _ in rows)
        tokens = torch.zeros(len(rows), size, dtype=torch.long)
        places = torch.zeros(len(rows), size, dtype=torch.long)
        seen = torch.eye(size, dtype=torch.bool).repeat(len(rows), 1, 1)
        for row, (ids, positions, sees) in enumerate(rows):
            tokens[row, : len(ids)] = torch.tensor(ids)
            places[row, : len(ids)] = torch.tensor(positions)
            seen[row, : len(ids), : len(ids)] = sees
        mask = torch.zeros(seen.shape).masked_fill(~seen, torch.finfo(torch.float32).min)
        with torch.no_grad():
            logits = model(
                input_ids=tokens, position_ids=places, attention_mask=mask.unsqueeze(1)
            ).logits.log_softmax(dim=-1)
        for row, index in enumerate(chosen):
            at = len(begun[index])
            for number, end in enumerate(ends[index]):
                inner = range(at, at + len(end) - 1)
                before = [len(begun[index]) - 1, *inner]  # positions that predict the tokens
                scores[index, number] = logits[row, before, end].sum()
                at += len(inner)
    return scores


def _packed(begun: list[int], ends: list[list[int]]) -> tuple[list[int], list[int], Tensor]:
    """Put a beginning and all its ends in a row: ids, positions, and who sees whom.

    The last token of an end predicts nothing that is wanted, so it is left out.
    """
    ids, positions = list(begun), list(range(len(begun)))
    owner = [0] * len(begun)
    for number, end in enumerate(ends, start=1):
        ids += end[:-1]
        positions += range(len(begun), len(begun) + len(end) - 1)
        owner += [number] * (len(end) - 1)
    whose = torch.tensor(owner)
    mine = (whose.unsqueeze(0) == 0) | (whose.unsqueeze(0) == whose.unsqueeze(1))
    return ids, positions, mine.tril()


def _batches(examples: Examples, size: int, draw: torch.Generator) -> list[list[int]]:
    """Random batches of examples of similar length, which need little padding."""
    order = torch.randperm(len(examples), generator=draw).tolist()
    batches: list[list[int]] = []
    for start in range(0, len(order), 8 * size):
        pool = sorted(order[start : start + 8 * size], key=examples.length)
        batches += [pool[i : i + size] for i in range(0, len(pool), size)]
    return [batches[i] for i in torch.randperm(len(batches), generator=draw).tolist()]
