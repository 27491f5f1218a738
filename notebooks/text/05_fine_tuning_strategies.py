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
# # 5. Fine-tuning strategies
#
# **After this chapter you can**
#
# 1. name seven strategies of fine-tuning, and say for each which parameters are trained and how far the gradients have to travel;
# 2. freeze an encoder, compute its features once, and say when that is allowed;
# 3. choose the layer and the pooling that a frozen encoder is read with, by measurement;
# 4. write LoRA as a module of 15 lines, and merge it into the layer it belongs to;
# 5. weigh a strategy by quality, trained parameters, memory, seconds, and what the encoder forgets.
#
# **Book**: 1.1.2 (fine-tuning, freezing), the end of 1.4 (forgetting), 3.3.2 (adapters and soft prompts); 4.2.1 cites LoRA, which we derive here. **Before this**: chapters 3 and 4. **Time**: an hour of reading; the cells run for between five and six minutes on two cores of a CPU.

# %% [markdown]
# ## A question before you run anything
#
# Write down three guesses. The sections in brackets give the answers.
#
# - LoRA trains about a third of a per cent of the parameters. Is a training step then 300 times faster, 30 times, or less than twice as fast? (5.7)
# - You freeze an encoder of six layers and use its vectors to sort e-mails. Which layer's vectors do you take? (5.4)
# - After tuning on e-mails, the encoder is also to find passages that answer a question, as it could before. Which strategies keep this ability? (5.10)

# %% [markdown]
# ## 5.1 Seven ways to split the parameters
#
# Fine-tuning minimises the loss over the new $\omega$ and over $\hat\theta^+$, the encoder's parameters that start at their pre-trained values (1.22). Nothing says that *all* of $\hat\theta$ has to take part. A **strategy** says which part does, at which learning rate, and from which epoch on.

# %%
import copy

import pandas as pd
import torch

from downstream.heads import SequenceClassificationHead, TaskModel, count_parameters
from downstream.models import load_encoder
from downstream.strategies import STRATEGIES, layers_of

encoder = load_encoder()


def new_model(key):
    """The encoder, prepared for a strategy, with a new head."""
    torch.manual_seed(0)
    prepared = STRATEGIES[key].prepare(copy.deepcopy(encoder.model))
    return TaskModel(prepared, SequenceClassificationHead(384, classes=3, pooling="mean"))


# %%
about = {
    "frozen": "the head alone",
    "last": "the two uppermost layers",
    "bias": "only the biases, in every layer",
    "lora": "new thin matrices beside the query and value weights",
    "gradual": "the head first, then layer after layer from the top",
    "layerwise": "everything, lower layers at lower rates",
    "full": "everything, at one rate",
}
counts = {key: count_parameters(new_model(key)) for key in STRATEGIES}
pd.DataFrame(
    {
        "what is trained besides the head": about,
        "trained": {key: f"{trained:,}" for key, (trained, _) in counts.items()},
        "share": {key: f"{trained / total:.2%}" for key, (trained, total) in counts.items()},
        "source": {key: STRATEGIES[key].source for key in STRATEGIES},
    }
)

# %% [markdown]
# Three families can be told apart. Some strategies train **fewer** of the old parameters (frozen, last layers, biases). Some train all of them, but **with care** (gradual unfreezing, layer-wise rates). LoRA trains **new** ones and leaves the old alone; the adapters of Houlsby et al. (arXiv 1902.00751) and the soft prompts of book section 3.3.2 belong to this family too. The head is trained in every strategy: it starts at random, so it must be.

# %% [markdown]
# ## 5.2 What freezing does to the gradients
#
# A frozen parameter has `requires_grad = False`: no gradient is computed for it, and the optimizer leaves it alone. We take the e-mails of chapter 3, run one backward pass for each strategy, and count how many parameters of each part received a gradient.

# %%
from downstream.adapt import predict, shortened
from downstream.data import load_task_data
from downstream.examples import encode_texts

emails = load_task_data("emails")
names = sorted(set(emails["train"]["label"]))


def some(split, size):
    """The first e-mails of a split as examples (a few, where this chapter is only tested)."""
    rows = emails[split].select(range(sum(shortened([8] * (size // 8)))))
    return encode_texts(encoder, rows["text"], [names.index(label) for label in rows["label"]])


train, validation, test = some("train", 144), some("validation", 104), some("test", 200)
print(len(train), len(validation), len(test), "e-mails")

# %%
inputs, labels = train.batch(range(8))


def with_gradient(key):
    model = new_model(key)
    model.head.loss(model(**inputs), labels).backward()
    base = getattr(model.encoder, "base_model", model.encoder)
    base = getattr(base, "model", base)  # a LoRA model wraps the encoder
    parts = {"embeddings": base.embeddings}
    parts |= {f"layer {n}": layer for n, layer in enumerate(layers_of(base), start=1)}
    parts["head"] = model.head
    return {name: sum(p.numel() for p in part.parameters() if p.grad is not None) for name, part in parts.items()}


reached = pd.DataFrame({key: with_gradient(key) for key in ("frozen", "last", "bias", "lora", "full")}).T
reached.map("{:,}".format)

# %% [markdown]
# Read the rows from right to left, as the gradient travels. For `frozen` it stops behind the head, for `last` after two layers. For `bias` and `lora` it travels **all the way down**: it passes through frozen weights to reach the trained ones below. Few trained parameters do not make the way shorter. (The other two strategies have the row of `full` once everything is unfrozen.)

# %% [markdown]
# ## 5.3 Frozen features are computed once
#
# If nothing in the encoder changes, its output for a text never changes either. So each text is encoded once, and the head is trained on the stored vectors, as often as we like. We keep the output of the embeddings and of all six layers: the next two sections need them.

# %%
class AllLayers(torch.nn.Module):
    """The states of every token, layer after layer: (batch, sequence, 7 × 384)."""

    def forward(self, **inputs):
        states = encoder.model(**inputs, output_hidden_states=True).hidden_states
        return torch.cat(states, dim=-1)


def encode_once(examples):
    """One tensor for each text, (tokens, 7, 384): embeddings, then layers 1 to 6."""
    return [states.view(-1, 7, 384) for states in predict(AllLayers(), examples)]


# %%
import time

start = time.process_time()
stored = {"train": encode_once(train), "validation": encode_once(validation), "test": encode_once(test)}
encoding = time.process_time() - start
print("the first e-mail:", tuple(stored["train"][0].shape), "= (tokens, layers, hidden)")

# %% [markdown]
# With a single vector for each text, a linear head with cross-entropy is logistic regression, and that is fitted in no time. Its one setting, the strength of the penalty on large weights, is chosen on the validation split.

# %%
from sklearn.linear_model import LogisticRegression
from torch.nn.functional import normalize


def fit_head(pool):
    """Fit a linear head on one vector per text; returns accuracy on validation and on test."""
    x = {split: normalize(torch.stack([pool(text) for text in texts]), dim=-1) for split, texts in stored.items()}
    tried = [LogisticRegression(C=c, max_iter=3000).fit(x["train"], train.labels) for c in (1, 10, 100)]
    best = max(tried, key=lambda head: head.score(x["validation"], validation.labels))
    return best.score(x["validation"], validation.labels), best.score(x["test"], test.labels)


start = time.process_time()
on_mean = fit_head(lambda states: states[:, -1].mean(dim=0))
fitting = time.process_time() - start
print(f"last layer, mean over the tokens: validation {on_mean[0]:.3f}, test {on_mean[1]:.3f}")

# %% [markdown]
# The seconds on the machine that built this page; yours will differ:

# %%
print(f"encoding once: {encoding:.1f} s   three heads on stored vectors: {fitting:.1f} s")
print(f"30 epochs that encode again each time: about {30 * encoding:.0f} s")

# %% [markdown]
# Two conditions: nothing **below** the stored vectors may be trained, and the encoder must be in evaluation mode, or dropout would be frozen into the features.

# %% [markdown]
# ## 5.4 How to read a frozen encoder: pooling and layer
#
# A trained encoder adapts to the way it is read. A frozen one cannot, so the choice is ours. First the pooling, on the last layer:

# %%
ways = {
    "mean of the tokens": lambda states: states[:, -1].mean(dim=0),
    "first token": lambda states: states[0, -1],
    "maximum": lambda states: states[:, -1].amax(dim=0),
}
pd.DataFrame({way: fit_head(pool) for way, pool in ways.items()}, index=["validation", "test"]).T.round(3)

# %% [markdown]
# This encoder was trained to have a useful *mean*, and the first token lags behind. Now the layer, always with the mean, on three tasks: sorting e-mails; telling persons, places, times and items in the sentences of `slots`, one word at a time; and similarity, as the plain cosine of two sentence vectors.

# %%
fits = [fit_head(lambda states, n=n: states[:, n].mean(dim=0)) for n in range(7)]
by_layer = {"e-mails (accuracy)": [on_test for _, on_test in fits]}
chosen = max(range(1, 7), key=lambda n: fits[n][0])
print("layer with the best validation accuracy on the e-mails:", chosen)

# %%
from downstream.metrics import spearman

similarity = load_task_data("similarity")["test"]
pairs = similarity.select(shortened(list(range(len(similarity)))))
vectors = [
    torch.stack([text.mean(dim=0) for text in encode_once(encode_texts(encoder, pairs[side], pairs["score"]))])
    for side in ("first", "second")
]
cosines = torch.cosine_similarity(*vectors, dim=-1)
print("cosines:", tuple(cosines.shape), "= (pairs, layers)")
by_layer["similarity (Spearman)"] = [spearman(list(cosines[:, n]), pairs["score"]) for n in range(7)]

# %%
from sklearn.linear_model import RidgeClassifier
from sklearn.metrics import f1_score

from downstream.examples import encode_tokens

KINDS = ["O", "item", "person", "place", "time"]


def words_of(split, size):
    """The states of all words, (words, 7, 384), and what kind each word is."""
    rows = load_task_data("slots")[split].select(range(sum(shortened([8] * (size // 8)))))
    kinds = [[KINDS.index(tag.rpartition("-")[2]) for tag in tags] for tags in rows["tags"]]
    examples = encode_tokens(encoder, rows["tokens"], kinds)
    marked = [torch.tensor(row) for row in examples.labels]  # -100 where no word begins
    found = [states[row != -100] for states, row in zip(encode_once(examples), marked)]
    return torch.cat(found), torch.cat([row[row != -100] for row in marked])


words, kinds = words_of("train", 160)
new_words, new_kinds = words_of("test", 80)
print("words:", tuple(words.shape), "= (words, layers, hidden)")

# %%
found = [RidgeClassifier(alpha=10).fit(words[:, n], kinds).predict(new_words[:, n]) for n in range(7)]
by_layer["words of slots (F1)"] = [
    float(f1_score(new_kinds, one, labels=[1, 2, 3, 4], average="micro", zero_division=0)) for one in found
]
layers = ["embeddings", *(f"layer {n}" for n in range(1, 7))]
pd.DataFrame(by_layer, index=layers).round(3)

# %%
from matplotlib import pyplot

from downstream.plots import COLOURS, show

figure, axes = pyplot.subplots(figsize=(7, 3.6))
for (task, scores), colour, marker in zip(by_layer.items(), COLOURS, "osD"):
    axes.plot(range(7), scores, marker=marker, color=colour, label=task)
axes.set(xlabel="read after layer (0: embeddings)", ylabel="test score", ylim=(0, 1), title="Which layer knows what")
axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
show(figure, "Line chart of test scores by layer, embeddings first. " + " ".join(f"{task}: {', '.join(f'{s:.2f}' for s in scores)}." for task, scores in by_layer.items()))

# %% [markdown]
# The last layer is the best one only for similarity, which is what this encoder was pre-trained for in the end. For words a middle layer is best: a word's kind is worked out from its neighbours on the way up, and then gives way to the meaning of the whole. (Tenney et al., arXiv 1905.05950, measured such an order for many linguistic tasks in BERT.) For the e-mails the last layer is the **worst**: how pressing a mail is matters little to a model that was taught to match topics. "Frozen" is not one strategy but one for each layer and pooling; try them, since it costs seconds. We keep the layer that the *validation* e-mails prefer.

# %% [markdown]
# ## 5.5 LoRA: a change of low rank
#
# Take one weight matrix $\hat W$ of the encoder, $d \times k$. Full fine-tuning ends at $\hat W + \Delta W$, with as many new numbers in $\Delta W$ as in $\hat W$. Hu et al. (arXiv 2106.09685) suppose that the change a task needs has a low rank $r$, and write it as a product of two thin matrices, which alone are trained:
#
# $$\tilde W = \hat W + \Delta W, \qquad \Delta W = \tfrac{\alpha}{r} B A, \qquad B: d \times r, \quad A: r \times k .$$
#
# That is $r(d + k)$ numbers in the place of $dk$. $B$ starts at zero, so $\Delta W = 0$ and training sets out from $\hat W$ exactly; $\alpha$ is a fixed scale.

# %%
class LoRALinear(torch.nn.Module):
    """A linear layer that stays as it is, plus a trained product of two thin matrices."""

    def __init__(self, linear, rank=8, alpha=16):
        super().__init__()
        self.linear = linear.requires_grad_(False)
        self.A = torch.nn.Parameter(torch.randn(rank, linear.in_features) / linear.in_features**0.5)
        self.B = torch.nn.Parameter(torch.zeros(linear.out_features, rank))
        self.scale = alpha / rank

    def forward(self, x):
        return self.linear(x) + self.scale * (x @ self.A.T @ self.B.T)

    def merged(self):
        plain = copy.deepcopy(self.linear)
        plain.weight.data += self.scale * self.B.detach() @ self.A.detach()
        return plain


# %%
torch.manual_seed(0)
query = copy.deepcopy(layers_of(encoder.model)[0].attention.self.query)
x = torch.randn(2, 12, 384)
lora = LoRALinear(copy.deepcopy(query))
print("parameters of the layer:", count_parameters(query)[1], "  trained by LoRA:", count_parameters(lora)[0])
print("largest difference at the start:", (lora(x) - query(x)).abs().max().item())
lora(x).square().sum().backward()
print(f"gradient of A: {lora.A.grad.norm():.2f}   of B: {lora.B.grad.norm():.2f}   of the layer: {lora.linear.weight.grad}")

# %% [markdown]
# The output is the layer's own to the last bit. In the first step only $B$ has a gradient: $A$'s is multiplied by $B = 0$, and follows once $B$ has moved.
#
# After training the two matrices can be **merged** into the weight; the adapted model is then exactly as large and as fast as before. We let random numbers stand for a trained $B$, and compare the module with the same weights in `peft`, the library behind our `lora` strategy.

# %%
from peft import LoraConfig, get_peft_model

lora.B.data = torch.randn_like(lora.B) / 10
config = LoraConfig(r=8, lora_alpha=16, target_modules=["query"])
peft_model = get_peft_model(copy.deepcopy(encoder.model), config)
theirs = layers_of(peft_model.base_model.model)[0].attention.self.query
theirs.lora_A["default"].weight.data = lora.A.data
theirs.lora_B["default"].weight.data = lora.B.data
print(f"largest output: {lora(x).abs().max().item():.1f}")
print(f"merged against unmerged: {(lora.merged()(x) - lora(x)).abs().max().item():.0e}")
print(f"ours against peft's:     {(theirs(x) - lora(x)).abs().max().item():.0e}")

# %% [markdown]
# What difference there is, is rounding. Seen the other way round, $\hat W$ is still there: drop $BA$ and the old model is back. Section 5.10 uses this.

# %% [markdown]
# ## 5.6 A setting for each strategy
#
# A learning rate that suits one strategy can ruin another (5.8). The rates below come from a short search beforehand: one seed, one to three rates for each strategy, the best on the **validation** e-mails; the test split took no part. To keep the cells short we train on 144 e-mails, score on 200 test e-mails, and stop after two to four epochs.

# %%
plans = {
    "frozen": dict(epochs=30, learning_rate=1e-2),
    "last": dict(epochs=2, learning_rate=6e-4),
    "bias": dict(epochs=4, learning_rate=5e-3),
    "lora": dict(epochs=3, learning_rate=5e-3),
    "gradual": dict(epochs=3, learning_rate=6e-4),
    "layerwise": dict(epochs=2, learning_rate=5e-4),
    "full": dict(epochs=2, learning_rate=3e-4),
}
pd.DataFrame(plans).T.astype({"epochs": int})

# %% [markdown]
# Biases and LoRA get more epochs because they start from next to nothing, and gradual unfreezing because each epoch frees more: the head, then four layers, then everything. The frozen encoder's 30 epochs run on stored features.

# %% [markdown]
# ## 5.7 Seven strategies, measured
#
# Three seeds for those that our claims rest on, one for the others: read these as a sign. An eighth row is the frozen encoder cut off above the layer chosen in 5.4, with a rate found in the same way. **The next four cells take about a minute each.**

# %%
from dataclasses import replace

from downstream.adapt import adapt
from downstream.metrics import accuracy


def measure(key, seeds, base=encoder, strategy=None, **changes):
    plan = plans[key] | changes
    return adapt(
        base, lambda: SequenceClassificationHead(384, len(names), pooling="mean"), train, test, accuracy,
        name=key, strategy=strategy or key, seeds=shortened(seeds), batch_size=8, **plan,
    )


lower = replace(encoder, model=copy.deepcopy(encoder.model))
del lower.model.encoder.layer[chosen:]
cut = f"frozen, layer {chosen}"
plans[cut] = dict(epochs=30, learning_rate=3e-2)
records = {key: measure(key, [0, 1, 2]) for key in ("frozen", "last")}
records[cut] = measure(cut, [0, 1, 2], base=lower, strategy="frozen")

# %%
records["full"] = measure("full", [0, 1, 2])

# %%
records["lora"] = measure("lora", [0, 1, 2])

# %%
for key in ("bias", "gradual", "layerwise"):
    records[key] = measure(key, [0])

# %%
records = {key: records[key] for key in ("frozen", cut, *list(STRATEGIES)[1:])}
pd.DataFrame(
    {
        key: {
            "test accuracy": f"{record.mean:.3f}",
            "per seed": ", ".join(f"{score:.3f}" for score in record.scores),
            "trained parameters": f"{record.trainable:,}",
            "memory of a step, MB": f"{record.memory / 1e6:,.2f}",
        }
        for key, record in records.items()
    }
).T

# %% [markdown]
# The memory is what one step holds: the parameters, a gradient and Adam's two averages for every trained one, and the values kept for the backward pass. For `frozen` it is the head and its stored vectors; the encoder is needed only once, beforehand. How much is noise? With $n$ test e-mails, twice the standard error $\sqrt{p(1-p)/n}$:

# %%
for key in ("frozen", cut, "last", "lora", "full"):
    p = records[key].mean
    print(f"{key:15} {p:.3f} ± {2 * (p * (1 - p) / len(test)) ** 0.5:.3f}   spread over the seeds {max(records[key].scores) - min(records[key].scores):.3f}")

# %% [markdown]
# The seconds of training and scoring, on the machine that built this page. Epochs differ between strategies, so the last column divides by them.

# %%
pd.DataFrame(
    {
        "seconds a seed": {key: round(record.seconds, 1) for key, record in records.items()},
        "seconds an epoch": {key: round(record.seconds / plans[key]["epochs"], 1) for key, record in records.items()},
    }
)

# %% [markdown]
# ### The trade, with an axis of your choice
#
# First as a still picture, against the number of trained parameters:

# %%
COSTS = {
    "trained parameters": lambda record: record.trainable,
    "memory of a step (MB)": lambda record: record.memory / 1e6,
    "seconds a seed": lambda record: record.seconds,
}


def trade(axis):
    figure, axes = pyplot.subplots(figsize=(7, 3.8))
    for (key, record), marker, colour in zip(records.items(), "osD^vPX*", (*COLOURS, "#000000", "#777777")):
        cost = COSTS[axis](record)
        axes.plot([cost] * len(record.scores), record.scores, marker, color=colour, alpha=0.35)
        axes.plot(cost, record.mean, marker, color=colour, markersize=9, label=f"{key} {record.mean:.2f}")
    axes.set(xscale="log", xlabel=f"{axis}, logarithmic", ylabel="test accuracy", ylim=(0.5, 1))
    axes.set_title("Quality against cost")
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    said = "; ".join(f"{key}: {COSTS[axis](record):,.4g} and {record.mean:.2f}" for key, record in records.items())
    return show(figure, f"Scatter plot of {axis} and mean test accuracy for each strategy. {said}.")


trade("trained parameters")

# %% [markdown]
# Now choose the axis. Watch how the strategies change places, `bias` and `lora` above all: far left by parameters, in the middle by memory, and among the others by seconds. The tables above hold the same numbers.

# %%
import ipywidgets

from downstream.plots import play

axis = ipywidgets.Dropdown(options=list(COSTS), value="memory of a step (MB)", description="axis")
play(trade, axis=axis)

# %% [markdown]
# What to take away:
#
# - A head on the frozen **last** layer comes last. Full fine-tuning and LoRA are ahead of it with every seed. The last two layers are ahead on average only, and their seeds lie far apart.
# - The same frozen encoder, cut off at the layer that validation chose, is level with the best of the trained rows, at a fraction of the cost. It is the bar to beat: read first, then train.
# - Two epochs on 144 e-mails do not bring out what fine-tuning can do. Chapters 3 and 4 train everything for longer on all training e-mails, and get well beyond this table.
# - Few trained parameters save **memory**: no gradient and no averages for the rest. They save less **time**, because the forward pass is the same and the gradient goes all the way down (5.2). Freezing the *lower* layers saves time.
# - What is stored for each task is a copy of everything (full), or the small part that changed (LoRA, biases, head). With fifty tasks on one encoder this decides.

# %% [markdown]
# ## 5.8 A wrong turn: a borrowed learning rate
#
# You read that full fine-tuning wants 3e-4, and train LoRA with it. Or you come from LoRA, and take its rate along to full fine-tuning. Nothing raises an error. **This cell takes about three quarters of a minute.**

# %%
too_high = measure("full", [0], learning_rate=plans["lora"]["learning_rate"])
too_low = measure("lora", [0], learning_rate=plans["full"]["learning_rate"])
pd.DataFrame(
    {
        "own rate": {key: records[key].scores[0] for key in ("full", "lora")},
        "the other's rate": {"full": too_high.mean, "lora": too_low.mean},
    }
).round(3)

# %% [markdown]
# Full fine-tuning at LoRA's rate throws away what pre-training had put into $\hat\theta$: the model falls back to guessing, and it will not recover. LoRA at the rate of full fine-tuning hardly moves: two thin matrices that start at $\Delta W = 0$ have a longer way to go. The first mistake is easy to see. The second is easily read as "LoRA is worse". A comparison of strategies is fair only if each has a rate of its own, chosen on validation.

# %% [markdown]
# ## 5.9 Which rank?
#
# The rank $r$ is LoRA's own setting. One seed each, everything else as before. **This cell takes a little over a minute.**

# %%
from downstream.strategies import LoRA

ranks = {8: records["lora"]}
for rank in (1, 2, 4, 16):
    ranks[rank] = measure("lora", [0], strategy=LoRA(rank=rank))
ranks = {rank: ranks[rank] for rank in sorted(ranks)}
pd.DataFrame(
    {
        "test accuracy, seed 0": {rank: round(record.scores[0], 3) for rank, record in ranks.items()},
        "trained in the encoder": {rank: f"{record.trainable - records['frozen'].trainable:,}" for rank, record in ranks.items()},
        "12 matrices × r (d + k)": {rank: f"{12 * rank * (384 + 384):,}" for rank in ranks},
    }
).rename_axis("rank")

# %%
def look(rank):
    figure, axes = pyplot.subplots(figsize=(6, 3.2))
    sizes = [record.trainable for record in ranks.values()]
    axes.plot(sizes, [record.scores[0] for record in ranks.values()], "o-", color="#999999")
    axes.plot(ranks[rank].trainable, ranks[rank].scores[0], "D", color=COLOURS[5], markersize=11)
    axes.set(xscale="log", xlabel="trained parameters, logarithmic", ylabel="test accuracy", ylim=(0.5, 1))
    axes.set_title(f"rank {rank}: {ranks[rank].trainable:,} parameters, accuracy {ranks[rank].scores[0]:.3f}")
    return show(figure, f"Line chart of test accuracy against trained parameters for five ranks; rank {rank} is marked: {ranks[rank].trainable:,} parameters, accuracy {ranks[rank].scores[0]:.3f}.")


play(look, rank=ipywidgets.SelectionSlider(options=list(ranks), value=8, description="rank"))

# %% [markdown]
# From the first row to the last the parameters grow sixteen-fold. The accuracy wanders within what the seeds and the margin of section 5.7 allow, and a rank of 1 already does most of the work: for a task this small, quality is not decided by the rank. The rate is another matter. At twice this rate, in runs as short as these, single ranks fell back to guessing (exercise 3).

# %% [markdown]
# ## 5.10 What the encoder forgets
#
# The end of book section 1.4 warns of **catastrophic forgetting**: a network that is tuned on one task loses others. Our encoder came with two skills that nobody trained here: its cosines follow human judgements of similarity (Spearman's rank correlation on the `similarity` pairs), and the passage that answers a question lies near the question (share of the `spans` questions whose nearest passage is the right one). We measure both with the encoders of section 5.7, which have seen nothing but e-mails since.

# %%
from downstream.heads import Pooler

spans = load_task_data("spans")["test"]
asked = spans.select(shortened(list(range(len(spans)))))
passages = list(dict.fromkeys(spans["context"] if len(asked) == len(spans) else asked["context"]))


def vectors_of(model, texts):
    model = TaskModel(model, Pooler(384, "mean"))
    return normalize(torch.stack(predict(model, encode_texts(encoder, texts, [0] * len(texts)))), dim=-1)


def skills(model):
    first, second = (vectors_of(model, pairs[side]) for side in ("first", "second"))
    nearest = (vectors_of(model, asked["question"]) @ vectors_of(model, passages).T).argmax(dim=1)
    right = [passages[n] == context for n, context in zip(nearest.tolist(), asked["context"])]
    return {"similarity": spearman(list((first * second).sum(dim=1)), pairs["score"]), "retrieval": sum(right) / len(right)}


print(len(pairs), "pairs;", len(asked), "questions;", len(passages), "passages")

# %%
kept = {"before tuning": skills(encoder.model)}
kept |= {key: skills(records[key].model.encoder) for key in STRATEGIES}
lora_encoder = records["lora"].model.encoder
with lora_encoder.disable_adapter():
    kept["lora, switched off"] = skills(lora_encoder)
kept["full, rate too high"] = skills(too_high.model.encoder)
sorting = {key: record.scores[-1] for key, record in records.items()} | {"full, rate too high": too_high.mean}
table = pd.DataFrame(kept).T
table["e-mails"] = pd.Series(sorting)
table.map(lambda score: "–" if pd.isna(score) else f"{score:.3f}")

# %%
import numpy as np

from downstream.plots import HATCHES

figure, axes = pyplot.subplots(figsize=(7, 4.6))
places = np.arange(len(kept))
for n, skill in enumerate(("similarity", "retrieval")):
    axes.barh(places + (n - 0.5) * 0.4, [one[skill] for one in kept.values()], 0.36, label=skill, color=COLOURS[n], hatch=HATCHES[n], edgecolor="white")
    axes.axvline(kept["before tuning"][skill], color=COLOURS[n], linestyle=":")
axes.set_yticks(places, list(kept))
axes.invert_yaxis()
axes.set(xlabel="Spearman's correlation; share of questions", title="Two old skills after tuning on e-mails (dotted: before)")
axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
said = "; ".join(f"{name}: {one['similarity']:.2f} and {one['retrieval']:.2f}" for name, one in kept.items())
show(figure, f"Bar chart of similarity and retrieval for each strategy. {said}.")

# %% [markdown]
# Nothing here was *meant* to change the two skills; how far a row falls below the first is what the tuning has cost them. A frozen encoder cannot forget, and LoRA **switched off** is the old encoder to the last digit: where the old weights still stand, nothing is lost. Every other row has lost some of both. The biases lost hardly any similarity, and of the retrieval LoRA and the biases keep most. Full fine-tuning at its proper rate is left with next to nothing of the retrieval. `last` shows that changing few layers does not help if they are the ones the skill is read from. One trained model stands behind each row, so neighbours in the table may change places with another seed.
#
# So ask before you tune what else the encoder is still needed for, and measure that as well as the new task. An encoder shared by several tasks keeps its weights, and each task gets its own small part.

# %% [markdown]
# ## 5.11 Summary
#
# | strategy | trained | good for | mind |
# |---|---|---|---|
# | frozen | the head | few labels, many tasks on one encoder, no GPU | layer and pooling matter; choose them on validation |
# | last layers | the uppermost layers and the head | less time and memory than full | how many layers is a setting |
# | bias-only | the biases | tiny files for each task | needs a high rate and more epochs |
# | LoRA | thin matrices beside the weights | many tasks, large models; can be switched off or merged | its own, higher rate |
# | gradual | all, from the top down | fear of forgetting | more epochs |
# | layer-wise rates | all, lower layers less | the same, in one run | one more setting |
# | full | all | the best use of many labels | memory, a copy for each task, forgetting |
#
# - Trained parameters, memory, seconds and forgetting are four different costs; no strategy is best in all.
# - Each strategy needs a learning rate of its own, chosen on the validation split.
#
# **What this chapter cannot show.** With 22.7 million parameters full fine-tuning fits on any laptop, so the reason for which parameter-efficient tuning was made, models that do not fit, is not felt here. The runs are short: more labels and epochs would move the rankings *among* the trained strategies. Half of the rows have one seed, forgetting is measured on one trained model each, and the finding about the last layer belongs to this encoder and its pre-training. What carries over is the method: a rate for each strategy, several seeds, and a look at the frozen layers first.

# %% [markdown]
# ## Exercises
#
# 1. ★ (5 min) Merge the LoRA adapter into the encoder (`model.encoder.merge_and_unload()`) and score again. *Expected*: the same accuracy to the last digit or nearly so; what is gone is the switch.
# 2. ★★ (15 min) Add the strategy `LastLayers(layers=4)` to section 5.7. *Expected*: memory and seconds between those of `last` and `full`.
# 3. ★★ (20 min) Train rank 16 of section 5.9 for two epochs at the rate 1e-2. *Expected*: with seed 0 it failed here, near a third of right answers, while rank 8 did not. One failed run tells about the rate, not about the rank.
# 4. ★★ (15 min) Wrap the *whole* `TaskModel` with `get_peft_model` instead of its encoder, and list the trained parameters. *Expected*: the head is missing; `peft` froze it along with everything else. Name it in `modules_to_save`.
# 5. ★★★ (30 min) Tune with `full` at 1e-5, 1e-4 and 1e-3 and repeat section 5.10 for each. *Expected*: the higher the rate, the more is forgotten, at similar accuracy on the e-mails until it breaks down.

# %% [markdown]
# ## Practice
#
# Answer first, then open.
#
# <details><summary>A colleague freezes the encoder after the optimizer was made from all parameters, with weight decay. Loss falls. Is the encoder frozen?</summary>
#
# `requires_grad_(False)` stops new gradients, so nothing is updated from then on as long as no old gradients are left over: `zero_grad()` must have set them to None. Freeze first and give the optimizer only what is to be trained; then there is nothing to think about.
#
# </details>
#
# <details><summary>LoRA trains 0.3 per cent of the parameters. Why is a step not three hundred times as fast?</summary>
#
# The forward pass is the same, and the gradient still travels through all layers down to the lowest adapter. What is saved is memory: no gradients and no averages for the frozen weights.
#
# </details>
#
# <details><summary>Fifty tasks on one encoder of 110 million parameters, float32. What is stored with full fine-tuning, and what with LoRA of 0.3 million parameters a task?</summary>
#
# Full: 50 × 440 MB = 22 GB. LoRA: 440 MB once, and 50 × 1.2 MB = 60 MB beside it.
#
# </details>
#
# <details><summary>You store the output of all six layers for 10,000 texts and train heads on it. Then you decide to tune the last layer as well. What may you still use?</summary>
#
# What comes out **below** the trained layer: the output of layer 5. The stored output of layer 6 belongs to weights that change from the first step on.
#
# </details>
#
# <details><summary>Two strategies differ by 0.015 on 200 test e-mails. What do you write in the report?</summary>
#
# That they do not differ within the margin, which is about four to five points here, and what each costs.
#
# </details>

# %% [markdown]
# Here is a question from this chapter's quiz to practise on: *Check* judges it at once, *Hint* helps in steps, and what it was worth goes into your own record, which stays on this computer. `practice` on a line of its own lists the others.

# %%
from autograder import open_practice

practice = open_practice("strategies")
practice.show("plenary-minutes")

# %% [markdown]
# **The quiz**: [strategies, ../quizzes/strategies/strategies.ipynb](../quizzes/strategies/strategies.ipynb). **Next**: [chapter 6](06_prompting_and_instructions.ipynb), which leaves all parameters as they are.
