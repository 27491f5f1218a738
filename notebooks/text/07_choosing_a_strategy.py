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
# # 7. Choosing a strategy
#
# **After this chapter you can**
#
# 1. put every strategy of the last chapters into one table for a task of your own, with what it needs and what it gives;
# 2. say which constraint decides first: access, labels, compute, latency, privacy or money;
# 3. work out at how many queries a trained head becomes cheaper than a prompt;
# 4. recognise a choice that was made on the wrong numbers.
#
# **Book**: sections 1.1.2 and 2.1.3 to 2.1.5 of *Foundations of Large Language Models* (arXiv 2501.09223). **Before this**: chapters 4 to 6. **Time**: an hour of reading; the cells run for about four minutes on two cores of a CPU.

# %% [markdown]
# ## A question before you run anything
#
# A start-up sells hiking gear and wants each customer comment sorted as *positive*, *negative* or *neutral*. It has fewer than 500 labelled comments, a laptop, and no budget for extensive training. Four people propose:
#
# - a prompt to an LLM, no training at all;
# - a small head on a frozen encoder;
# - LoRA: a frozen encoder with small trained additions;
# - full fine-tuning of a small encoder.
#
# Rank them by the accuracy that you expect, and by cost. What would you have to know about the start-up before you could say which one *suits it best*? Section 7.3 has the numbers.

# %% [markdown]
# ## 7.1 The start-up's data
#
# The set `reviews` plays the start-up's part: 459 labelled training reviews in three balanced classes.

# %%
import torch

from downstream.data import load_task_data
from downstream.models import load_encoder
from downstream.setups import setup

reviews = load_task_data("reviews")
encoder = load_encoder()
ready = setup("reviews", encoder, reviews)
print({part: len(examples) for part, examples in ready.parts.items()}, ready.names)
for label in ready.names:
    print(f"{label:9}", next(row["text"] for row in reviews["train"] if row["label"] == label))

# %%
from downstream.data.baselines import majority, tfidf

always = majority(reviews)
counting, _ = tfidf(reviews)
margin = 2 * (0.24 / len(ready.parts["test"])) ** 0.5
print(f"majority {always:.3f}   TF-IDF {counting:.3f}   margin of a test score: ± {margin:.3f}")

# %% [markdown]
# ## 7.2 Nothing trained: prompts
#
# If all that one may do is ask (the model belongs to somebody else), prompting is the only way. Here the LLM is our own small one, asked about 90 of the test reviews. **The cell takes about a minute.**

# %%
import random
import sys

from tqdm import tqdm

from downstream.adapt import shortened
from downstream.models import load_llm
from downstream.prompting import Prompt, calibrated, label_scores

llm = load_llm()
some = sorted(range(len(ready.parts["test"])), key=lambda i: random.Random(i).random())[:90]
asked = [reviews["test"][i] for i in shortened(some)]
zero = Prompt("What does the customer think of it: good, bad or neither?", ("bad", "neither", "good"))
words = dict(zip(("negative", "neutral", "positive"), zero.labels))
examples = [next(r for r in reviews["train"] if r["label"] == label and r["kind"] == "short and plain") for label in words]
few = zero.with_examples([(row["text"], words[row["label"]]) for row in examples])
prompted = {}
for name, prompt in tqdm({"zero-shot prompt": zero, "prompt with 3 examples": few}.items(), file=sys.stdout, ncols=80):
    scores = label_scores(llm, prompt, [row["text"] for row in asked])
    for title, values in ((name, scores), (f"{name}, calibrated", calibrated(llm, prompt, scores))):
        right = [words[row["label"]] == prompt.labels[int(v.argmax())] for v, row in zip(values, asked)]
        prompted[title] = sum(right) / len(right)
print({name: round(score, 3) for name, score in prompted.items()})

# %% [markdown]
# Three classes are too much for this model: with 90 reviews the margin is about ten points, so nothing here is clearly above the 0.333 of guessing. **Do not carry this over to large models**: those are prompted for sentiment with good results, and section 7.6 says what grows with size. What carries over is what a prompt needs and costs.

# %% [markdown]
# ## 7.3 Something trained: from the head to everything
#
# Now the encoder, with a new head, and more and more of it trained, at the usual rate of each way (chapter 5 compares them all, and searches for their rates). One seed each, to save time; the card of the data set lists three for the first and the last way, with the rates that the validation split chose. **This cell takes about two and a half minutes.**

# %%
plans = [
    ("frozen", "frozen encoder", dict(epochs=30, learning_rate=1e-3)),
    ("lora", "LoRA", dict(epochs=4, learning_rate=5e-3)),
    ("full", "full fine-tuning", dict(epochs=4, learning_rate=2e-4)),
]
records = {title: ready.adapt(encoder, strategy=key, seeds=[0], name=title, **plan) for key, title, plan in plans}

# %%
import pandas as pd

rows = [("majority", 0, 0, always), ("TF-IDF and logistic regression", 459, 0, counting)]
rows += [(name, 3 if "examples" in name else 0, 0, score) for name, score in prompted.items()]
rows += [(title, len(ready.parts["train"]), record.trainable, record.mean) for title, record in records.items()]
table = pd.DataFrame(rows, columns=["way", "labels used", "trained parameters", "accuracy"]).set_index("way")
table.assign(accuracy=table["accuracy"].round(3))

# %% [markdown]
# The frozen encoder is about as good as counting words; its vectors were made for likeness of topic, and *the kettle is good* and *the kettle is bad* have the same topic. As soon as something *inside* the encoder is trained, the score rises well beyond the margin, and LoRA does it with less than one parameter in a hundred. Which of the trained ways is ahead of the others, one seed cannot say.

# %%
from downstream.plots import COLOURS, show
from matplotlib import pyplot

figure, axes = pyplot.subplots(figsize=(7, 3.6))
for (title, record), colour, marker in zip(records.items(), COLOURS, "osD"):
    axes.errorbar(record.trainable, record.mean, yerr=margin, fmt=marker, color=colour, markersize=8, capsize=4, label=title)
axes.axhline(counting, color="grey", linestyle="--", linewidth=1)
axes.text(1500, counting + 0.01, "TF-IDF", color="black")
axes.set_xscale("log")
axes.set(ylim=(0.3, 0.9), xlabel="trained parameters (logarithmic)", ylabel="test accuracy", title="459 labels: what is trained, and what it gives")
axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
show(figure, f"Test accuracy against trained parameters, with margins of {margin:.2f}. " + " ".join(f"{t}: {r.trainable:,} parameters, {r.mean:.2f}." for t, r in records.items()) + f" TF-IDF, dashed line: {counting:.2f}.")

# %% [markdown]
# ### What it took
#
# Seconds depend on the machine, so they stand apart from the scores. *Memory* is what a training step holds: parameters, gradients, the optimizer's averages and activations.

# %%
costs = [(title, round(record.seconds), round(record.memory / 1e6, 1)) for title, record in records.items()]
pd.DataFrame(costs, columns=["way", "seconds to train and score, on this machine", "megabytes"]).set_index("way")

# %% [markdown]
# The frozen encoder needs next to no memory in a training step, because its vectors were worked out once beforehand, and only the head takes part.

# %% [markdown]
# ## 7.4 With fewer labels
#
# Labels are what a small firm is shortest of. The cheapest and the dearest way with 48 and with 144 of the reviews, for about the same number of updates each. **This cell takes about a minute.**

# %%
order = torch.randperm(len(ready.parts["train"]), generator=torch.Generator().manual_seed(0)).tolist()
from downstream.adapt import adapt

held_out, metric = ready.parts["test"], ready.make_metric(ready.parts["test"])
fewer = {"frozen encoder": {}, "full fine-tuning": {}}
for number in (48, 144):
    part = ready.parts["train"].subset(order[:number])
    for title, plan in (("frozen encoder", dict(strategy="frozen", epochs=30, learning_rate=3e-3)), ("full fine-tuning", dict(strategy="full", epochs=576 // number, learning_rate=2e-4))):
        fewer[title][number] = adapt(encoder, ready.make_head, part, held_out, metric, seeds=[0], name=f"{title}, {number} labels", **plan).mean
for title in fewer:
    fewer[title][len(order)] = records[title].mean
pd.DataFrame(fewer).rename_axis("labels").round(3)

# %% [markdown]
# Read down the columns: further labels help both ways, within the margin of one seed. Then read across: full fine-tuning needs only a part of the labels for what the frozen encoder gives with all of them. If more labels can be had, such a table says what they buy, which is often the best money spent.

# %% [markdown]
# ## 7.5 A wrong turn: choosing on the numbers that you report
#
# The start-up wants to show a good figure. On the encoder's mean vectors it fits 30 small heads (logistic regression), each on another random half of the labels and with another strength of regularisation, scores each on 40 test reviews, and reports the best. Here is what the other test reviews say about that choice:

# %%
import numpy as np
from sklearn.linear_model import LogisticRegression

from downstream.adapt import predict
from downstream.heads import Pooler, TaskModel

vectors = {part: torch.stack(predict(TaskModel(encoder.model, Pooler(384, "mean")), ready.parts[part])).numpy() for part in ("train", "test")}
answers = {part: np.array(ready.parts[part].labels) for part in vectors}
shown, rest = np.array(some[:40]), np.setdiff1d(np.arange(len(answers["test"])), some[:40])
tries = []
for number in range(30):
    half = np.random.default_rng(number).permutation(len(answers["train"]))[: len(answers["train"]) // 2]
    model = LogisticRegression(C=(0.1, 1, 10)[number % 3], max_iter=1000).fit(vectors["train"][half], answers["train"][half])
    tries.append([model.score(vectors["test"][part], answers["test"][part]) for part in (shown, rest)])
best = max(tries)
print(f"the best of {len(tries)} on the 40 reviews that it was chosen on: {best[0]:.3f}")
print(f"the same head on {len(rest)} other test reviews: {best[1]:.3f}")
print(f"mean of all tries on those: {np.mean(tries, axis=0)[1]:.3f}")

# %% [markdown]
# Nothing was trained on the 40 reviews, and still the chosen figure flatters: the highest of many noisy numbers is high partly by luck. Choose on the validation split, report on the test split, and report once.

# %% [markdown]
# ## 7.6 What changes with size
#
# Everything above was measured with 22.7 and 135 million parameters. Published figures, each from the paper named:
#
# | what | figure | source |
# |---|---|---|
# | BERT, base and large | 110 and 340 million parameters | Devlin et al. 2019, arXiv 1810.04805 |
# | GPT-3 | 175 billion parameters; few-shot accuracy grows with size | Brown et al. 2020, arXiv 2005.14165 |
# | LoRA on GPT-3 | 10,000 times fewer trained parameters, a third of the GPU memory | Hu et al. 2022, arXiv 2106.09685, abstract |
# | tuning only a soft prompt | far behind full tuning for small models, level with it at 10 billion parameters | Lester et al. 2021, arXiv 2104.08691 |
# | small models, few labels | a cloze prompt and fine-tuning together beat GPT-3's few-shot scores on SuperGLUE with 223 million parameters | Schick and Schütze 2021, arXiv 2009.07118 |
#
# So *prompting* gains most from size, *parameter-efficient* tuning becomes the normal way as full copies become unaffordable, and small models remain the cheapest to run.

# %% [markdown]
# ## 7.7 What it costs
#
# Three parts make up a cost: **labels** (once), **training** (once, all tries included) and **queries** (for ever). A prompt has nearly all its cost in the last part, a trained head in the first:
#
# $$\text{total}(q) = n_{\text{labels}}\, c_{\text{label}} + t_{\text{train}}\, c_{\text{hour}} + q \left(t_{\text{query}}\, c_{\text{hour}} + n_{\text{tokens}}\, c_{\text{token}}\right).$$
#
# `downstream/costs.py` is this formula. The prices below are assumptions, to be changed.

# %%
from downstream.costs import Prices, Way, break_even, cost

prices = Prices(label=0.30, hour=0.50, million_tokens=1.00)
ways = [
    Way("prompt, hosted LLM", labels=60, query_tokens=120),
    Way("prompt with 8 examples, hosted LLM", labels=60, query_tokens=600),
    Way("frozen encoder and head", labels=459, training_seconds=600, query_seconds=0.02),
    Way("full fine-tuning, small encoder", labels=459, training_seconds=3600, query_seconds=0.02),
]
scenarios = {"start-up, 4,500 a month": 4500 * 24, "hospital, 60,000 a month": 60_000 * 24, "forum, 100 million a month": 100_000_000 * 24}
pd.DataFrame({name: [round(cost(way, prices, q).total) for way in ways] for name, q in scenarios.items()}, index=[way.name for way in ways]).rename_axis("total over two years")

# %%
for way in ways[2:]:
    queries = break_even(ways[0], way, prices)
    print(f"{ways[0].name} and {way.name} cost the same at {queries:,.0f} queries")

# %% [markdown]
# For the start-up the labels are the whole cost, and if they are there already, everything is cheap: **money does not decide its case**. For the forum the queries are. For the hospital the sum is beside the point, if its letters may not leave the house: then what somebody else hosts is no option at any price.

# %% [markdown]
# ### A calculator to play with
#
# Move the prices and the number of queries. The table above is the same for readers without widgets.

# %%
import ipywidgets

from downstream.plots import bars, play

slider = dict(style={"description_width": "150px"}, layout={"width": "420px"})


def compare(label, hour, tokens, exponent):
    chosen, queries = Prices(label, hour, tokens), 10**exponent
    parts = {way.name.replace(", ", "\n"): cost(way, chosen, queries) for way in ways}
    top = max(part.total for part in parts.values())
    figure = bars({name: {"labels": [c.labelling], "training": [c.training], "queries": [c.serving]} for name, c in parts.items()}, f"{queries:,.0f} queries", "cost", top=max(top, 1))
    figure.set_size_inches(9, 3.8)
    return show(figure, f"Cost for {queries:,.0f} queries. " + " ".join(f"{way.name}: {cost(way, chosen, queries).total:,.0f}." for way in ways))


play(
    compare,
    label=ipywidgets.FloatSlider(0.3, min=0, max=2, step=0.1, description="a label", **slider),
    hour=ipywidgets.FloatSlider(0.5, min=0, max=5, step=0.1, description="a machine hour", **slider),
    tokens=ipywidgets.FloatSlider(1, min=0, max=20, step=0.5, description="a million tokens", **slider),
    exponent=ipywidgets.FloatSlider(5, min=2, max=9, step=0.5, description="queries, 10 to the", **slider),
)

# %% [markdown]
# ## 7.8 A way to decide
#
# Ask in this order; the first *no* or *yes* that settles something settles it for good.
#
# | question | if so |
# |---|---|
# | May the model be asked only, without access to vectors or parameters? | prompting; use the labels to choose the wording and to measure |
# | May the data not leave the house? | a model of your own: everything but hosted prompting |
# | Are there no labels, and none to be had? | prompting, calibrated; write fifty labels to measure it |
# | Some tens of labels? | prompting with examples against a frozen encoder and head: measure both |
# | Some hundreds? | LoRA or full fine-tuning of a small encoder; a frozen one where its vectors already hold what the task asks for |
# | Many tasks at the same time? | one frozen model with adapters or heads (chapter 10) |
# | Millions of queries? | the smallest model that is good enough; compare the cost of queries, not of training |
# | Does the output have no fixed form (a letter, a summary)? | a generative model; prompting first, then fine-tuning (chapter 8) |
#
# For the start-up of the beginning: with access to a model's vectors and 459 labels, the measurements say *train something inside a small encoder*; it takes minutes on a laptop. With nothing but a large hosted model to ask, they say nothing against a prompt, and everything for measuring it.

# %% [markdown]
# ## 7.9 Summary
#
# - Constraints decide before scores do: access, privacy, labels, latency, and only then money.
# - What a frozen encoder is worth depends on whether its vectors hold what the task asks for. Topic they hold; leaning they hold less.
# - Small trained parts can do what full fine-tuning does, at a fraction of what has to be stored.
# - A prompt is paid for at each query, a head once.
# - A figure that was used to choose is not a figure to report.
#
# **What this chapter cannot show.** One task, one small encoder, one very small LLM, one seed in most rows. The order of the trained ways may change with another seed; their distance from the frozen one and from word counts is larger than the margin.

# %% [markdown]
# ## Exercises
#
# 1. ★ (5 min) In section 7.7, what price of a label makes the hosted prompt and full fine-tuning cost the same for the start-up? *Expected*: far below the assumed one; the formula can be solved for it.
# 2. ★★ (15 min) Repeat section 7.3 with the e-mails (`setup("emails", encoder)`). *Expected*: the frozen encoder is much further above guessing, since urgency and fraud are partly a matter of topic.
# 3. ★★ (20 min) Give LoRA 144 labels and 8 epochs. Where does it lie between the two rows of section 7.4? *Expected*: near full fine-tuning; compare with the margin.
# 4. ★★★ (30 min) In section 7.5, let the number of tries grow from 1 to 30 and plot the best figure on the 40 reviews and its figure on the rest. *Expected*: the first rises, the second does not follow.

# %% [markdown]
# ## Practice
#
# Answer first, then open.
#
# <details><summary>A law firm has 300 labelled contracts, a laptop, and a rule that no contract leaves the building. A consultant recommends a few-shot prompt to the best hosted LLM. What settles the matter before any accuracy?</summary>
#
# The rule. A hosted model is no option. A small encoder of its own, with LoRA or fully fine-tuned on 300 labels, is; its score has to be measured.
#
# </details>
#
# <details><summary>Two ways cost the same at 400,000 queries. You expect 3,000 a month for two years. Which one is cheaper?</summary>
#
# 72,000 queries is below the break-even, so the one with the cheaper start, for example the prompt.
#
# </details>
#
# <details><summary>A frozen encoder scores no better than TF-IDF. Does that mean that the encoder knows nothing of the task?</summary>
#
# No. It means that a linear head on its pooled vectors cannot get at it. Training inside the encoder may bring it out, as in section 7.3; compare with the same network from random weights (chapter 1) to see what pre-training contributes.
#
# </details>

# %% [markdown]
# Here is a question from this chapter's quiz to practise on: *Check* judges it at once, *Hint* helps in steps, and what it was worth goes into your own record, which stays on this computer. `practice` on a line of its own lists the others.

# %%
from autograder import open_practice

practice = open_practice("choosing")
practice.show("birth-centre-notes")

# %% [markdown]
# **The quiz**: [choosing, ../quizzes/choosing/choosing.ipynb](../quizzes/choosing/choosing.ipynb). **Next**: [chapter 8](08_fine_tuning_llms.ipynb), which tunes the LLM itself.
