# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 2. Heads for pre-training, and why they go
#
# **After this chapter you can**
#
# 1. say what a next-token head and a masked-language-model head take in, give out, and are trained on;
# 2. compute the loss of a language model by hand, with the labels shifted the right way, once;
# 3. read a load report line by line: what was kept, what was thrown away, what is new;
# 4. tell when the pre-training head has to go, and when keeping it is right.
#
# **Book**: sections 1.1.2, 1.2 and 2.1 of *Foundations of Large Language Models* (arXiv 2501.09223), formulas (1.9) and (2.18); label words in 3.1.4. **Before this**: chapter 1, or an idea of what a token is. **Time**: an hour of reading; the cells run for about two minutes on two cores of a CPU.

# %% [markdown]
# ## A question before you run anything
#
# An encoder was pre-trained to guess hidden words. Its head gives a score to each of 30,522 tokens. You want three scores for an e-mail: *urgent*, *standard*, *spam*. A colleague says: *the head already has scores for the words "urgent" and "spam". Keep it, write "This message is [MASK]." under each e-mail, and read off the scores. No training, no labels.*
#
# Write down: how many e-mails out of ten would that sort rightly, and how many out of ten would a new head that is trained on two hundred labels? Section 2.10 runs both.

# %% [markdown]
# ## 2.1 The head that an LLM was pre-trained with
#
# A large language model (LLM) is pre-trained to say, at each position of a text, which token comes next. Its last part is a *next-token head*: it turns the vector of a position into one score (*logit*) for each of the $|V|$ tokens of the vocabulary, and the softmax makes probabilities of them.

# %%
import pandas as pd
import torch

from downstream.models import load_llm

pd.set_option("display.max_colwidth", None)
llm = load_llm()
START = "<|endoftext|>"  # the mark between two texts in this LLM's pre-training


def next_tokens(context, top=5):
    """Return the most probable next tokens, with their probabilities."""
    inputs = llm.tokenizer(START + context, return_tensors="pt")
    with torch.no_grad():
        logits = llm.model(**inputs).logits  # (1, sequence, |V|)
    best = logits[0, -1].softmax(dim=-1).topk(top)
    return [(llm.tokenizer.decode(token), float(p)) for token, p in zip(best.indices, best.values)]


contexts = ["She drank a cup of", "The capital of France is", "The opposite of hot is", "She opened the", "def add(a, b):\n    return"]
pd.DataFrame({text: [f"{word!r} {p:.2f}" for word, p in next_tokens(text)] for text in contexts}, index=range(1, 6)).T

# %% [markdown]
# Each row holds the five most probable next tokens. Nothing was trained here: the head came with the model, and continuing a text is what it was made for. Where the context fixes the next word, one token takes most of the probability; where it does not, the probability is spread.
#
# ## 2.2 What the head is
#
# It is one matrix. The model below it gives $\mathbf{H}$, a vector for each token, and the head multiplies:

# %%
inputs = llm.tokenizer("She drank a cup of", return_tensors="pt")
with torch.no_grad():
    H = llm.model.model(**inputs).last_hidden_state
    W = llm.model.lm_head.weight
    by_hand = H @ W.T
    logits = llm.model(**inputs).logits
print("H:", tuple(H.shape), "= (batch, sequence, hidden)")
print("W:", tuple(W.shape), "= (vocabulary, hidden)")
print("logits:", tuple(logits.shape), "  largest difference from H Wᵀ:", f"{(logits - by_hand).abs().max():.0e}")
print("W is the table of word embeddings:", W is llm.model.get_input_embeddings().weight)

# %% [markdown]
# The last line says that this model uses one table twice: to turn tokens into vectors at the bottom, and vectors into scores at the top. Such weights are called *tied*. The head is a place in the model, then, more than a set of numbers of its own.
#
# ## 2.3 The label is the next token
#
# Pre-training needs no annotator: the text is its own label, moved by one. Position $i$ has read the tokens up to $i$, and its label is token $i+1$. The loss is the negative log-likelihood (2.18), here averaged over the tokens.

# %%
sentence = "Paris is the capital of France, and Rome is the capital of Italy."
ids = llm.tokenizer(START + sentence, return_tensors="pt")["input_ids"]
with torch.no_grad():
    logits = llm.model(ids).logits
log_p = logits[0, :-1].log_softmax(dim=-1)  # the last position has no label
labels = ids[0, 1:]  # the mark at the start is nobody's label
chosen = log_p[torch.arange(len(labels)), labels]
pieces = [llm.tokenizer.decode(token) for token in ids[0]]
pd.DataFrame({"has just read": pieces[:-1], "label": pieces[1:], "Pr(label)": chosen.exp().numpy().round(3)})

# %%
loss = -chosen.mean()
with torch.no_grad():
    library = llm.model(ids, labels=ids).loss
print(f"by hand: {loss:.4f}   from the library: {library:.4f}")
print(f"tokens: {ids.shape[1]}, labels that count: {len(labels)}")

# %% [markdown]
# Read a row from left to right: what was read last, what should come next, how probable the model found it. Names at the start are surprising; *Italy*, after *Rome is the capital of*, is not. We gave the library `labels=ids`, *not* shifted: it shifts by itself. That is convenient, and a trap.
#
# ### A small wrong turn: shifting twice, or not at all
#
# You may write the loss yourself and forget to shift, or shift for a library that shifts again. Neither stops with an error.

# %%
from torch.nn.functional import cross_entropy

shifted = torch.cat([ids[:, 1:], torch.tensor([[-100]])], dim=1)  # −100: no label here
with torch.no_grad():
    losses = {
        "shifted once": library,
        "not shifted: guess the token just read": cross_entropy(logits[0], ids[0]),
        "shifted twice: guess the token after the next": llm.model(ids, labels=shifted).loss,
    }
pd.DataFrame({"loss": [round(float(value), 2) for value in losses.values()]}, index=list(losses))

# %% [markdown]
# Both mistakes start with a loss far above the right one. For a pre-trained model that is the sign to look for: its loss on plain text should be low **before** any training. Training would hide the mistake, because "repeat what you have just read" is easily learnt, and the loss would fall to almost nothing.

# %% [markdown]
# ## 2.4 An encoder's pre-training: hidden tokens
#
# An encoder sees the whole text, to the left and to the right, so "which token comes next" would be no question at all: the answer is among its inputs. It is pre-trained by *masked language modelling* instead (book 1.2.2). BERT's recipe: choose 15 % of the tokens; replace 80 % of these by `[MASK]`, 10 % by a random token, and leave 10 % as they are. Only the chosen tokens count in the loss.

# %%
from downstream.models import load_encoder
from downstream.pretraining import mask_tokens, own_texts

encoder = load_encoder()
tokenizer = encoder.tokenizer
email = "The boiler in flat 7 is leaking and the water has reached the sockets, please send somebody today."
rows = tokenizer([email])["input_ids"]
masked, labels = mask_tokens(rows, tokenizer, torch.Generator().manual_seed(3))
for before, after, label in zip(rows[0], masked["input_ids"][0], labels[0]):
    if label != -100:
        print(f"{tokenizer.decode([before]):>10} -> {tokenizer.decode([after]):<10} label: {tokenizer.decode([label])}")
print("hidden text:", tokenizer.decode(masked["input_ids"][0]))

# %% [markdown]
# The labels at all other positions are −100, which the loss ignores. Over many texts the shares come out as the recipe says:

# %%
emails = own_texts("train", ("emails",))
rows = tokenizer(emails)["input_ids"]
masked, labels = mask_tokens(rows, tokenizer, torch.Generator().manual_seed(0))
hidden = labels != -100
seen, right = masked["input_ids"][hidden], labels[hidden]
words = masked["attention_mask"].sum() - 2 * len(rows)  # without [CLS] and [SEP]
print(f"chosen: {int(hidden.sum()):,} of {int(words):,} tokens ({hidden.sum() / words:.1%})")
print(f"masked: {(seen == tokenizer.mask_token_id).float().mean():.1%}   unchanged: {(seen == right).float().mean():.1%}")

# %% [markdown]
# Why not mask all of the chosen ones? After pre-training, no text will hold a `[MASK]`. A model that only ever had to think about `[MASK]` could be lazy about all other tokens.
#
# ## 2.5 The masked-language-model head
#
# The book writes the model under pre-training as $\mathrm{Softmax}_{\mathbf{W}}(\mathrm{Encoder}_\theta(\mathbf{x}))$ (1.9): for every position, a probability for each token of the vocabulary. $\mathbf{W}$ stands for the head's parameters, $\theta$ for the encoder's.
#
# Our encoder's file holds no $\mathbf{W}$: as usual, it was dropped before the encoder was published. So we put a new one on, in BERT's form: a small layer, a normalisation, and scores from the word embeddings (tied again) plus one bias per token.

# %%
from downstream.pretraining import new_masked_lm, unigram

texts = own_texts()
frequencies = unigram(texts, tokenizer)  # log of how often each token occurs
start = new_masked_lm(encoder, frequencies)
print(start.model.cls.predictions)

# %%
inputs = tokenizer("She drank a cup of [MASK].", return_tensors="pt")
head = start.model.cls.predictions
with torch.no_grad():
    H = start.model.bert(**inputs).last_hidden_state  # Encoder(x)
    moved = head.transform(H)
    probabilities = (moved @ head.decoder.weight.T + head.bias).softmax(dim=-1)  # Softmax_W
    library = start.model(**inputs).logits.softmax(dim=-1)
print("H:", tuple(H.shape), "-> moved:", tuple(moved.shape), "-> probabilities:", tuple(probabilities.shape))
print("equal to the library's:", torch.allclose(probabilities, library, atol=1e-6))

# %% [markdown]
# The shapes are those of the LLM's head: one row of $|V|$ probabilities for each position. What differs is the question that the rows answer. There it was *what comes next*, here it is *what stands here*.
#
# The bias starts at the logarithm of each token's frequency. So the untrained head begins near the simplest guess there is: *frequent tokens are probable*, whatever the text says. Its loss is the one to beat.
#
# ## 2.6 The first half minute of pre-training
#
# The texts are the training splits of the course's own data sets, without their labels. The head is trained, and with it low-rank changes to the upper four layers of the encoder (LoRA, chapter 5). We score on test e-mails, always with the same tokens hidden. **The next cell takes about half a minute.**

# %%
from downstream.adapt import shortened
from downstream.pretraining import fill, score_masked, train_masked_lm

held_out = shortened(own_texts("test", ("emails",)))[:120]
by_counting = score_masked(start, held_out, frequencies=frequencies)
before = score_masked(start, held_out)
losses = train_masked_lm(start, texts, steps=70, tokens=512)
after = score_masked(start, held_out)

# %%
from dataclasses import asdict


def scores_table(scores):
    return pd.DataFrame({name: asdict(one) for name, one in scores.items()}).T.astype({"tokens": int}).round(3)


scores_table({"frequencies alone": by_counting, "new head": before, f"after {len(losses)} steps": after})

# %%
from matplotlib import pyplot

from downstream.plots import COLOURS, show

window = max(1, len(losses) // 7)
means = [sum(losses[i : i + window]) / window for i in range(0, len(losses) - window + 1, window)]
places = [window * (i + 1) for i in range(len(means))]
figure, axes = pyplot.subplots(figsize=(6, 3.4))
axes.plot(places, means, "o-", color=COLOURS[0], label="training texts")
axes.plot([0, len(losses)], [before.loss, after.loss], "D", color=COLOURS[2], label="test e-mails")
axes.axhline(by_counting.loss, color=COLOURS[5], linestyle="--", label="test e-mails, frequencies alone")
axes.set(xlabel="step", ylabel="loss (nats)", title="The start of masked language modelling")
axes.legend(frameon=False)
show(figure, f"Line chart of the loss over {len(losses)} steps. Training texts, means of {window} steps: {', '.join(f'{m:.2f}' for m in means)}. Test e-mails: {before.loss:.2f} before and {after.loss:.2f} after; word frequencies alone {by_counting.loss:.2f}.")

# %% [markdown]
# The loss falls below that of the frequencies: the head has begun to use the text. Look at a blank, though:

# %%
for text in ("She drank a cup of [MASK].", "Please pay the [MASK] before the end of the month."):
    print(text, [word for word, _ in fill(start, text)])

# %% [markdown]
# What it has learnt so far is mostly which tokens are frequent, and a little grammar. Sense needs more text and more time.

# %% [markdown]
# ## 2.7 The same, for longer
#
# `python -m downstream.pretraining` trains such a head for longer. It read the example sentences of WordNet 3.1, a dictionary of English, together with the texts above. The head and the low-rank changes are shipped with the course; the card beside them, `downstream/weights/card.md`, says what was done.

# %%
from downstream.pretraining import EVERYDAY, FACTS, load_masked_lm

masked_lm = load_masked_lm()
trained = score_masked(masked_lm, held_out)
scores_table({"frequencies alone": by_counting, f"after {len(losses)} steps": after, "shipped": trained})

# %% [markdown]
# Now the blanks. These sentences were written, each with the words that would fill it sensibly, before any training, and none was used to choose a setting. The second has a near twin in the training text (*he drank a cup of coffee*), the others have none.

# %%
def mark(guesses, blank):
    return " ".join(f"[{word}]" if word in blank.sensible.split() else word for word in guesses)


rows = [(blank.text, mark([word for word, _ in fill(masked_lm, blank.text)], blank)) for blank in EVERYDAY]
first = sum(guesses.startswith("[") for _, guesses in rows)
print(f"of {len(rows)} sentences, the first guess is sensible in {first}, one of the five in {sum('[' in g for _, g in rows)}")
pd.DataFrame(rows, columns=["sentence", "five guesses, sensible ones in brackets"])

# %% [markdown]
# Read the rows without brackets as well. Most guesses have the right *form*: a verb where a verb is missing, an adjective where an adjective is. Many come from the right field: a *patient* and a *hospital*, a *payment* and a *fee*. The form is learnt first and the field next; the one word that the rest of the sentence demands comes last, and takes far more text. (A list of sensible words is never complete. The lists stay as they were written before training.)
#
# Facts of the world are further away still:

# %%
for blank in FACTS:
    print(blank.text, mark([word for word, _ in fill(masked_lm, blank.text)], blank))

# %% [markdown]
# **What this head cannot do.** It was trained for minutes on short sentences. Against word frequencies it is far ahead, as the table of scores shows; a reader would still fill these blanks better. It is no source of facts. BERT itself read 3.3 billion words (Devlin et al., arXiv 1810.04805), this head a few hundred thousand. For this chapter it is enough: we want to see what a pre-training head *is*, and what becomes of it.
#
# ## 2.8 Two heads, two questions
#
# The encoder's head reads both sides of the blank; the LLM's head reads the left side only. What happens when the words that decide stand on the right?

# %%
def both(text):
    """Return the five guesses of each head for the blank of a text."""
    left = text.split("[MASK]")[0].rstrip()
    seen = [(word.strip() or repr(word), p) for word, p in next_tokens(left)]
    return {"encoder, both sides": fill(masked_lm, text), "LLM, left side only": seen}


def guesses_table(text):
    rows = {head: [f"{word} {p:.2f}" for word, p in guesses] for head, guesses in both(text).items()}
    return pd.DataFrame(rows, index=range(1, 6)).T


pairs = ["She opened the [MASK].", "She opened the [MASK] and poured the tea.", "We need a [MASK].", "We need a [MASK] to cut the bread."]
pd.concat({text: guesses_table(text) for text in pairs}, names=["sentence", "head"])

# %% [markdown]
# Compare the rows two by two. What is added on the right changes the encoder's guesses; the LLM's guesses cannot change, because it never sees it. Now choose a sentence, or type one of your own with one `[MASK]`:

# %%
import ipywidgets
from IPython.display import display

sentences = ["The [MASK] barked at the postman.", "The [MASK] purred on her lap.", *pairs, *(blank.text for blank in EVERYDAY)]
choice = ipywidgets.Combobox(options=sentences, value=sentences[0], description="sentence", continuous_update=False, layout={"width": "40em"})


def look(text):
    if text.count("[MASK]") == 1:
        display(guesses_table(text))
    else:
        print("Write one sentence with exactly one [MASK] in it.")


ipywidgets.interactive(look, text=choice)

# %% [markdown]
# Without widgets: here are two sentences where the left side says nothing at all.

# %%
pd.concat({text: guesses_table(text) for text in sentences[:2]}, names=["sentence", "head"])

# %% [markdown]
# ## 2.9 The head goes
#
# Pre-training is over. What was it for? Not for guessing words: nobody needs those guesses. It was the exercise by which $\theta$ became $\hat\theta$. So $\mathbf{W}$ is dropped (book 1.1.2, and after (1.12)), and the task gets a head of its own.
#
# The library does this by name. We save the masked language model and load the file as a *classifier with three classes*, asking for the load report:

# %%
import tempfile

from transformers import AutoModelForSequenceClassification

with tempfile.TemporaryDirectory() as folder:
    masked_lm.model.save_pretrained(folder)
    classifier, report = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=3, output_loading_info=True)
print({kind: len(names) for kind, names in report.items()})

# %% [markdown]
# The report is data. Line by line:

# %%
old, new = masked_lm.model.state_dict(), classifier.state_dict()
meaning = {"unexpected_keys": "UNEXPECTED: in the file, thrown away", "missing_keys": "MISSING: not in the file, new and random"}
rows = [
    (name, meaning[kind], tuple((old if kind == "unexpected_keys" else new)[name].shape))
    for kind in meaning
    for name in sorted(report[kind])
]
pd.DataFrame(rows, columns=["key", "what the report says", "shape"]).set_index("key")

# %% [markdown]
# - `cls.predictions.*` is the old head. The classifier has no place for it, so it is **unexpected**. This is not an error: it is the head being dropped.
# - `classifier.*` is the new head: three rows, one per class. The file cannot hold it, so it is **missing** and starts at random: this part has to be trained before the model is of any use.
# - `bert.pooler.*` belongs to the new head as well: BERT's classifier passes the vector of `[CLS]` through one more layer. A masked language model never needed it.
# - All other keys are in neither list: they were found and kept. That is $\hat\theta$.
#
# A report with *encoder* layers among the missing ones would be a real warning: then part of $\hat\theta$ did not arrive.

# %%
same = [name for name in new if name in old and torch.equal(new[name], old[name])]
print(f"tensors kept, number for number: {len(same)} of {len(new)} in the classifier")
print("decoder table listed as thrown away:", "cls.predictions.decoder.weight" in report["unexpected_keys"])

# %% [markdown]
# The decoder's large table is not in the report. It is tied to the word embeddings, which stay: the bottom of the model needs them. The head goes, the table remains in its other place.
#
# ### The same with the LLM
#
# An LLM can lose its head, too. **Loading takes a few seconds.**

# %%
from downstream.models import LLM, fetch

llm_classifier, llm_report = AutoModelForSequenceClassification.from_pretrained(fetch(LLM), num_labels=3, output_loading_info=True)
for kind in meaning:
    print(f"{meaning[kind]}: {sorted(llm_report[kind])}")
print("new head:", llm_classifier.score)

# %% [markdown]
# Nothing is thrown away on paper, since the tied table stays as the embeddings. The *place* is gone all the same: this model cannot say a word any more. It gives three numbers.

# %%
from downstream.heads import count_parameters


def total(module):
    return count_parameters(module)[1]


encoder_part, llm_part = total(classifier.bert) - total(classifier.bert.pooler), total(llm_classifier.model)
rows = [
    ("encoder", encoder_part, total(masked_lm.model) - encoder_part, total(classifier) - encoder_part, tokenizer.vocab_size, 3),
    ("LLM", llm_part, total(llm.model) - llm_part, total(llm_classifier) - llm_part, llm.model.config.vocab_size, 3),
]
columns = ["model", "kept", "dropped with the head", "new", "scores per position before", "scores per text after"]
pd.DataFrame(rows, columns=columns).set_index("model").map("{:,}".format)

# %% [markdown]
# Nearly all parameters stay. What changes is the **form of the output**: from a score for each token of the vocabulary at each position, to one score per class for the whole text.

# %% [markdown]
# ## 2.10 A wrong turn: keep the old head for a new task
#
# Back to the colleague. First as naively as can be: classify with the $|V|$ scores as they are, and take the most probable token at the `[MASK]` as the answer.

# **This cell and the test of the label words below take about a quarter of a minute each.**

# %%
import sys

from tqdm import tqdm


def at_blank(texts, pattern):
    """Return log-probabilities of all tokens at the blank, (texts, |V|)."""
    found = []
    for text in tqdm(texts, desc=pattern, file=sys.stdout, ncols=80):
        inputs = tokenizer(pattern.format(text), return_tensors="pt", truncation=True, max_length=128)
        blank = inputs["input_ids"] == tokenizer.mask_token_id
        with torch.no_grad():
            H = masked_lm.model.bert(**inputs).last_hidden_state
            found.append(masked_lm.model.cls(H[blank])[0])
    return torch.stack(found).log_softmax(dim=-1)


# %%
from downstream.data import load_task_data

mail = load_task_data("emails")
validation, test = shortened(list(mail["validation"])), shortened(list(mail["test"]))
names = ["urgent", "standard", "spam"]
patterns = ["{} This message is [MASK].", "{} In short: [MASK]."]
scores = {pattern: at_blank([row["text"] for row in validation], pattern) for pattern in patterns}

# %%
print("shape:", tuple(scores[patterns[0]].shape), "= (e-mails, vocabulary), where (e-mails, 3) is wanted")
for pattern in patterns:
    answers = pd.Series(tokenizer.convert_ids_to_tokens(scores[pattern].argmax(dim=-1)))
    common = {word: int(count) for word, count in answers.value_counts().head(5).items()}
    print(f"{pattern} most frequent answers {common}, labels among all answers: {answers.isin(names).sum()}")

# %% [markdown]
# The head answers the question that it was trained on, *which token is likely here*, and not the question of the task. Its answers have the wrong form: tokens, not labels.
#
# Now the better version: look at the scores of three *label words* only (book 3.1.4). The head scores tokens, so a label word has to be a single token.

# %%
for name in names:
    print(f"{name:>8} -> {tokenizer.tokenize(name)}")

# %% [markdown]
# The colleague was mistaken about one thing: this vocabulary has no token *spam*, and so the head has no score for it. Other words must stand for the labels. We try three sets, subtract what each word scores on average, because some words are simply more frequent, and choose on the validation split.

# %%
choices = [("urgent", "standard", "advertising"), ("important", "normal", "advertising"), ("dangerous", "normal", "free")]


def read_off(scores, pattern, words):
    """Keep the scores of the label words, less their mean over the validation split: (texts, 3)."""
    columns = tokenizer.convert_tokens_to_ids(list(words))
    return scores[:, columns] - habits[pattern][columns]


def share_right(scores, rows):
    """Share of rows whose highest score is that of the right label."""
    return sum(names[int(s.argmax())] == row["label"] for s, row in zip(scores, rows)) / len(rows)


# %%
habits = {pattern: found.mean(dim=0) for pattern, found in scores.items()}
tried = {(p, w): share_right(read_off(scores[p], p, w), validation) for p in patterns for w in choices}
pattern, words = max(tried, key=tried.get)
table = [(p, ", ".join(w), round(share, 3)) for (p, w), share in tried.items()]
pd.DataFrame(table, columns=["pattern", "label words", "validation accuracy"])

# %%
label_words = share_right(read_off(at_blank([row["text"] for row in test], pattern), pattern, words), test)
most = max(sum(row["label"] == name for row in test) for name in names) / len(test)
print(f"chosen: {pattern!r} with {words}")
print(f"test accuracy: always the most frequent label {most:.3f}, label words {label_words:.3f}")

# %% [markdown]
# Compare the validation accuracy of the chosen wording with its test accuracy. The best of six on about a hundred e-mails is partly luck, and the test takes the luck away.
#
# Now the standard way: drop the head, put a new one with three outputs on **the same encoder**, and train it on the 216 labelled e-mails. First with the encoder frozen, three seeds; for comparison also on the encoder as it was before our pre-training:

# %%
from downstream.adapt import adapt
from downstream.examples import encode_texts
from downstream.heads import SequenceClassificationHead
from downstream.metrics import accuracy
from downstream.models import Pretrained

bare = Pretrained(masked_lm.model.bert, tokenizer, "the same encoder, head dropped")
examples = {}
for split in ("train", "test"):
    chosen = shortened(list(mail[split]))
    numbers = [names.index(row["label"]) for row in chosen]
    examples[split] = encode_texts(bare, [row["text"] for row in chosen], numbers)


def new_head():
    return SequenceClassificationHead(384, 3, pooling="mean")


def frozen(base, name):
    """Train a new head on a frozen encoder, three seeds."""
    settings = dict(strategy="frozen", epochs=30, learning_rate=3e-3, seeds=[0, 1, 2])
    return adapt(base, new_head, examples["train"], examples["test"], accuracy, name=name, **settings)


ours = frozen(bare, "our pre-training")
plain = frozen(encoder, "before it")

# %% [markdown]
# And once with all parameters trained, one seed. **This cell takes about a minute.**

# %%
full = adapt(
    bare, new_head, examples["train"], examples["test"], accuracy,
    name="all trained", epochs=6, learning_rate=2e-4, seeds=[0],
)

# %%
from downstream.plots import bars

results = {
    "most frequent\nlabel": [most],
    "old head,\nlabel words": [label_words],
    "new head,\nfrozen, plain\nencoder": list(plain.scores),
    "new head,\nfrozen, our\nencoder": list(ours.scores),
    "new head,\nall trained": list(full.scores),
}
figure = bars({name: {"accuracy": values} for name, values in results.items()}, "Sorting e-mails with the old head and with a new one", "test accuracy (dots: seeds)")
show(figure, "Bar chart of test accuracy: " + ", ".join(f"{' '.join(name.split())} {sum(v) / len(v):.2f}" for name, v in results.items()))

# %% [markdown]
# Two things to see. The label words are hardly ahead of the most frequent label, and any new head is far ahead of them: what the encoder knows about these e-mails was there, and the old head could not say it. And look at the two frozen encoders: the one that went through our pre-training gives its new head more to work with. The head of that pre-training is gone; what it did to $\hat\theta$ has stayed. (The training e-mails were among its texts, without their labels; the test e-mails were not.)
#
# The old head costs more as well: it computes a score for every token of the vocabulary, where three would do.

# %%
vocabulary, hidden_size = masked_lm.model.cls.predictions.decoder.weight.shape
pd.DataFrame(
    {"scores": [vocabulary, 3], "multiplications": [hidden_size * hidden_size + vocabulary * hidden_size, 3 * hidden_size]},
    index=["old head", "new head"],
).map("{:,}".format)

# %% [markdown]
# ## 2.11 When keeping is right
#
# The rule behind both sections: *the head must have the form of the task's output*. So it stays where the task asks for what it gives.
#
# **Generation** asks for tokens, one after the other. The LLM's head gives exactly these, so fine-tuning an LLM to answer keeps it (chapter 8).

# %%
from downstream.prompting import Prompt, label_scores, reply

print(reply(llm, [{"role": "user", "content": "Name one use of a kettle."}], longest=24))

# %% [markdown]
# **Prompting with label words** asks for tokens, too: the task is rewritten until its labels *are* words. This is what the colleague tried; with a large model and a careful wording it works without any training (chapter 6). One e-mail, as an illustration of the form:

# %%
prompt = Prompt("Is this e-mail urgent, standard or spam? Answer with one word.", ("urgent", "standard", "spam"))
scores = label_scores(llm, prompt, [email])
print("log-probabilities of whole labels:", tuple(scores.shape), {name: round(float(s), 2) for name, s in zip(names, scores[0])})

# %% [markdown]
# **Further pre-training** on texts of your own field asks the pre-training question again, so it needs the pre-training head again; afterwards it goes. That is section 2.6 with your own texts.
#
# ## 2.12 Summary
#
# | | next-token head | masked-language-model head | task head |
# |---|---|---|---|
# | reads | the left side | both sides | what the task gives |
# | gives | $\lvert V\rvert$ scores at each position | $\lvert V\rvert$ scores at each hidden position | the form of the task, such as C scores |
# | label | the next token (shift once) | the hidden token | from people |
# | after pre-training | kept for generation and prompts, else dropped | dropped, except for label words | trained from random values |
# | in a load report | unexpected, or tied and unlisted | `cls.predictions.*` unexpected | `classifier.*`, `score.*` missing |
#
# **What this chapter cannot show.** Our masked-language-model head is weaker than BERT's own, so the label words did worse here than they would there. That label words need the right wording, and a new head needs labels, is true of both. Which of the two wins with a handful of labels depends on the model and the task (Schick and Schütze, arXiv 2001.07676); chapter 7 weighs them.

# %% [markdown]
# ## Exercises
#
# 1. ★ (5 min) In section 2.3, replace *Rome* by *Berlin*. Which rows of the table change? *Expected*: the row whose label is the new word, and rows below it, the label *Italy* above all; none above, because an LLM reads from left to right.
# 2. ★ (5 min) Load the saved masked language model with `AutoModelForTokenClassification` and read the report. *Expected*: the same unexpected keys; missing is `classifier.*` alone, since a tagger needs no pooler.
# 3. ★★ (15 min) Score all tokens instead of the hidden ones: `masked_lm.model(**tokenizer(email, return_tensors="pt")).logits` against the ids themselves, without any `[MASK]`. *Expected*: a much lower loss, which says little: most tokens can be copied from the input.
# 4. ★★★ (30 min) Add label words and patterns of your own in section 2.10. By how much does the best one on the validation split drop on the test split? *Expected*: somewhat, and the more so the more you try: choosing is a kind of training.

# %% [markdown]
# ## Practice
#
# Answer first, then open.
#
# <details><summary>Loading a checkpoint as a classifier, you read: UNEXPECTED cls.predictions.bias, MISSING classifier.weight, MISSING classifier.bias. A colleague wants to stop the project. What do you say?</summary>
#
# All is as it should be: the pre-training head was in the file and has no place in a classifier; the classifier's head is new. It must be trained before its answers mean anything.
#
# </details>
#
# <details><summary>In another report, MISSING lists bert.encoder.layer.5.output.dense.weight. What now?</summary>
#
# Stop: a part of the encoder did not arrive and starts at random. Look for a wrong file, another architecture or renamed keys.
#
# </details>
#
# <details><summary>A pre-trained LLM shows a loss of 11 on plain English before training. Other people report about 3. What do you check first?</summary>
#
# The labels: whether they are shifted exactly once. Then the tokenizer: whether it belongs to the model.
#
# </details>
#
# <details><summary>You want to adapt an encoder to letters from hospitals, of which you have a million without labels, and then tag drug names. Which head when?</summary>
#
# First the masked-language-model head, to go on pre-training on the letters. Then drop it, and put on a token classification head for the tags, trained on labelled letters.
#
# </details>

# %% [markdown]
# Here is a question from this chapter's quiz to practise on: *Check* judges it at once, *Hint* helps in steps, and what it was worth goes into your own record, which stays on this computer. `practice` on a line of its own lists the others.

# %%
from autograder import open_practice

practice = open_practice("pretraining-heads")
practice.show("forestry-checkpoint")

# %% [markdown]
# **The quiz**: [pre-training heads, ../quizzes/pretraining-heads/pretraining-heads.ipynb](../quizzes/pretraining-heads/pretraining-heads.ipynb). **Next**: [chapter 3, the task decides the head](03_the_task_decides_the_head.ipynb).
