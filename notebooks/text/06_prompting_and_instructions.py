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
# # 6. Prompting and textual instructions
#
# **After this chapter you can**
#
# 1. put a classification task into words, and turn an LLM's next-token probabilities into a label;
# 2. say what zero-shot, few-shot and in-context learning are, and what stays fixed in all of them;
# 3. measure how much an accuracy depends on wording, on label words and on the examples shown;
# 4. correct a model's habit of preferring one answer, and say what such a correction cannot mend;
# 5. compare the cost of a query with that of a small trained head.
#
# **Book**: sections 1.1.2, 2.1.3, 2.1.5 and 3.1.4 of *Foundations of Large Language Models* (arXiv 2501.09223). **Before this**: chapters 2 and 3. **Time**: an hour of reading; the cells run for about three minutes on two cores of a CPU.

# %% [markdown]
# ## A question before you run anything
#
# An LLM that was tuned to follow instructions is asked about 40 reviews, half of them friendly, half of them not: *Is the customer happy?* The answer is read off the probabilities of the words *good* and *bad*. How many of the 40 answers will be *good*? Now the question is worded differently, and nothing else changes. How many points can that move the accuracy?
#
# Write down two numbers. Section 6.4 measures both.

# %% [markdown]
# ## 6.1 The task goes into the text
#
# So far each task got a head of its own. An LLM keeps the head that it was pre-trained with, a score for every token of the vocabulary, and the *task is part of the input*: an instruction says what is wanted, the text follows, and the answer is what the model writes next. No parameter changes. That is **prompting**; without examples in the prompt it is **zero-shot**.

# %%
import torch

from downstream.models import load_llm
from downstream.prompting import Prompt, chat_tokens

llm = load_llm()
prompt = Prompt("Is the customer happy? Answer with good or bad.", labels=("bad", "good"))
ids = chat_tokens(llm, prompt.messages("The lamp flickers and gets hot."))
print(llm.tokenizer.decode(ids))
print(len(ids), "tokens go in")

# %% [markdown]
# The marks `<|im_start|>` and `<|im_end|>` are the *chat template*: this model was tuned on conversations written so, and a prompt without them is unlike anything it was tuned on. The template itself puts a system message in front.

# %% [markdown]
# ## 6.2 From next-token probabilities to a label
#
# The model gives $\Pr(y \mid \mathbf{x})$ token by token: for a label of the words $y_1 \ldots y_k$,
#
# $$\log \Pr(y \mid \mathbf{x}) = \sum_{i=1}^{k} \log \Pr(y_i \mid \mathbf{x}, y_1 \ldots y_{i-1}),$$
#
# the sum that language modelling is made of (book, 2.1). The label with the highest value is the answer. The words that stand for the classes are called *label words*, and the map between them a *verbaliser* (3.1.4).

# %%
from downstream.prompting import label_scores

texts = ["The lamp flickers and gets hot.", "I can read in bed at last. This lamp is perfect."]
scores = label_scores(llm, prompt, texts)
print("scores:", tuple(scores.shape), "= (texts, labels)")
for text, row in zip(texts, scores):
    print([round(x, 2) for x in row.tolist()], prompt.labels[int(row.argmax())], "|", text)

# %% [markdown]
# Compare the shapes with chapter 3: the next-token head gives one score for each of 49,152 tokens, and we read two of them. The head did not change; the *reading* of it did.

# %%
with torch.no_grad():
    logits = llm.model(torch.tensor([ids])).logits
print("logits:", tuple(logits.shape), "= (batch, sequence, vocabulary)")
print("read:", {word: llm.tokenizer(word)["input_ids"] for word in prompt.labels})

# %% [markdown]
# ### A wrong turn: the first token of a label
#
# It is tempting to look at the first token of each label alone. With some labels that cannot work, and nothing warns you:

# %%
long_labels = Prompt(prompt.instruction, labels=("the customer is unhappy", "the customer is happy"))
pieces = {label: llm.tokenizer(label)["input_ids"] for label in long_labels.labels}
for label, numbers in pieces.items():
    print(numbers, [llm.tokenizer.decode(n) for n in numbers])
first_token = logits[0, -1].log_softmax(-1)[[numbers[0] for numbers in pieces.values()]]
whole = label_scores(llm, long_labels, texts[:1])[0]
print("first token alone:", first_token.tolist())
print("whole label:      ", whole.tolist())

# %% [markdown]
# Both labels begin with the same token, so the first-token scores are equal and the "decision" is a tie for every text. Score the whole label.

# %% [markdown]
# ## 6.3 Reviews to try it on
#
# The set `reviews` was written for this course. Three classes are beyond this small model without training (an exercise lets you see it), so this chapter asks an easier question: friendly or unfriendly, on reviews that are not written to mislead. Prompts are compared on validation reviews; the test reviews wait.

# %%
import random

from downstream.adapt import shortened
from downstream.data import load_task_data

reviews = load_task_data("reviews")


def pick(split, number, seed=0):
    """Plain reviews, as many of one label as of the other, in an order that the seed decides."""
    rows = [row for row in reviews[split] if row["label"] != "neutral" and "plain" in row["kind"]]
    random.Random(seed).shuffle(rows)
    groups = [[row for row in rows if row["label"] == label] for label in ("negative", "positive")]
    return [row for pair in zip(*groups) for row in pair][:number]


validation = shortened(pick("validation", 40))
print(len(validation), "validation reviews")
for row in validation[:2]:
    print(row["label"], "|", row["text"])

# %% [markdown]
# ## 6.4 How much hangs on the wording?
#
# Three instructions that a person would answer alike, and three pairs of label words: nine prompts for one task. For each we note the accuracy and how often the model answers with the friendly label. **This cell takes about a minute.**

# %%
import sys

import pandas as pd
from tqdm import tqdm

instructions = ["Is this review positive or negative? Answer with one word.", "What does the customer think of it: good or bad?", "Is the customer happy?"]
label_words = [("negative", "positive"), ("bad", "good"), ("No", "Yes")]


def judge(scores, rows):
    friendly = scores.argmax(dim=-1) == 1
    right = [bool(a) == (row["label"] == "positive") for a, row in zip(friendly, rows)]
    return sum(right) / len(rows), float(friendly.float().mean())


found = {}
for wording, words in tqdm([(i, w) for i in instructions for w in label_words], desc="prompts", file=sys.stdout, ncols=80):
    scored = label_scores(llm, Prompt(wording, words), [row["text"] for row in validation])
    found[wording, words] = scored
table = [(i, " / ".join(w), *judge(s, validation)) for (i, w), s in found.items()]
pd.DataFrame(table, columns=["instruction", "label words", "accuracy", "share of friendly answers"]).round(3)

# %% [markdown]
# Two things to see. The accuracies differ, although a person would take the nine prompts for the same question, and several are no better than guessing. And the last column should be 0.5 everywhere: with most prompts the model gives nearly all reviews the *same* answer. It has habits: some words are likely whatever was said before.

# %%
accuracies = [row[2] for row in table]
print(f"lowest {min(accuracies):.3f}   highest {max(accuracies):.3f}   guessing 0.500")
print(f"margin of one of these numbers (two standard errors at 0.6): ± {2 * (0.24 / len(validation)) ** 0.5:.3f}")

# %% [markdown]
# With 40 reviews the margin is wide, so not every difference in the table is real. That some prompts answer one word throughout is no accident of the sample, though.

# %% [markdown]
# ## 6.5 Calibration: subtract the habit
#
# What does the model answer when there is *nothing* to judge? Show it empty texts such as `N/A`, take the mean probability of each label as its habit, and subtract its logarithm (Zhao et al. 2021, arXiv 2102.09690). No labelled example is needed.

# %%
from downstream.prompting import calibrated

rows = []
for (wording, words), scored in found.items():
    after = calibrated(llm, Prompt(wording, words), scored)
    rows.append((wording, " / ".join(words), judge(scored, validation)[0], judge(after, validation)[0], judge(after, validation)[1]))
columns = ["instruction", "label words", "accuracy", "calibrated", "share of friendly answers, calibrated"]
calibration = pd.DataFrame(rows, columns=columns)
calibration.round(3)

# %%
from matplotlib import pyplot

from downstream.plots import COLOURS, show

figure, axes = pyplot.subplots(figsize=(7, 3.6))
for index, (words, marker) in enumerate(zip(dict.fromkeys(calibration["label words"]), "osD")):
    part = calibration[calibration["label words"] == words]
    for place, (_, row) in enumerate(part.iterrows()):
        x = place + (index - 1) * 0.22
        axes.plot([x, x], [row["accuracy"], row["calibrated"]], color=COLOURS[index], linewidth=1.5)
        axes.plot(x, row["accuracy"], marker, color="white", markeredgecolor=COLOURS[index], markersize=8)
        axes.plot(x, row["calibrated"], marker, color=COLOURS[index], markersize=8, label=words if place == 0 else None)
axes.axhline(0.5, color="grey", linewidth=1, linestyle="--")
axes.set_xticks(range(3), ["positive or negative?", "good or bad?", "happy?"])
axes.set(ylim=(0.2, 1), ylabel="validation accuracy", title="Empty mark: as it is. Filled mark: calibrated")
axes.legend(title="label words", frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
alt = " ".join(f"{r['instruction']} with {r['label words']}: {r['accuracy']:.2f}, calibrated {r['calibrated']:.2f}." for _, r in calibration.iterrows())
show(figure, f"Accuracy of nine prompts before and after calibration. {alt}")

# %% [markdown]
# Calibration moves the answers towards both labels, and some prompts gain a great deal by it. Others do not: where the scores of friendly and unfriendly reviews are mixed through and through, no threshold separates them. Calibration mends a habit, not a lack of understanding.
#
# The best prompt so far was chosen on 40 validation reviews. What is it worth on test reviews that played no part in the choice? **About half a minute.**

# %%
calibration["best"] = calibration[["accuracy", "calibrated"]].max(axis=1)
best = calibration.sort_values("best", ascending=False, kind="stable").iloc[0]
chosen = Prompt(best["instruction"], tuple(best["label words"].split(" / ")))
test = shortened(pick("test", 120))
test_scores = label_scores(llm, chosen, [row["text"] for row in test])
zero_shot, zero_calibrated = judge(test_scores, test)[0], judge(calibrated(llm, chosen, test_scores), test)[0]
print("chosen:", chosen.instruction, chosen.labels)
print(f"validation, the better of its two figures: {best['best']:.3f}")
print(f"test: {zero_shot:.3f}   calibrated: {zero_calibrated:.3f}   on {len(test)} reviews")

# %% [markdown]
# The highest of eighteen figures is high partly by luck, so expect the test figure to fall somewhat below it (chapter 7 measures this effect by itself).

# %% [markdown]
# ## 6.6 Few-shot: examples in the prompt
#
# **In-context learning** shows the model a few solved examples first, as earlier turns of the conversation. Still nothing is trained: when the answer is given, the examples are forgotten. Four examples, two of each label, drawn and ordered by four seeds. **This cell takes about a minute.**

# %%
few = {}
for seed in tqdm(shortened([0, 1, 2, 3]), desc="draws", file=sys.stdout, ncols=80):
    shown = pick("train", 4, seed)
    random.Random(seed).shuffle(shown)
    words = dict(zip(("negative", "positive"), chosen.labels))
    with_examples = chosen.with_examples([(row["text"], words[row["label"]]) for row in shown])
    scored = label_scores(llm, with_examples, [row["text"] for row in validation])
    after = calibrated(llm, with_examples, scored)
    few[seed] = (" ".join(words[row["label"]] for row in shown), *judge(scored, validation), judge(after, validation)[0])
pd.DataFrame(few.values(), columns=["examples, in this order", "accuracy", "share of friendly answers", "calibrated"], index=[f"draw {s}" for s in few]).round(3)

# %% [markdown]
# The same number of examples, the same model, and figures that depend on which examples were drawn and in which order they stand: a known trait of in-context learning (Lu et al. 2022, arXiv 2104.08786), and a strong one in a model this small. Examples also bring habits of their own, such as repeating the last label. Large models learn far more from examples in the prompt (Brown et al. 2020, arXiv 2005.14165, section 3); a model of 135 million parameters cannot show that.

# %% [markdown]
# ## 6.7 Beside a trained head
#
# What do the same labels give when they train a head? The encoder stays frozen; a head is trained on 4, 16, and all plain training reviews, and scored on the same test reviews. Three seeds each.

# %%
from downstream.adapt import adapt
from downstream.examples import encode_texts
from downstream.heads import SequenceClassificationHead
from downstream.metrics import accuracy
from downstream.models import load_encoder

encoder = load_encoder()


def encode(rows):
    return encode_texts(encoder, [row["text"] for row in rows], [int(row["label"] == "positive") for row in rows])


held_out = encode(test)
labelled = pick("train", 1000)
heads = {
    number: adapt(
        encoder, lambda: SequenceClassificationHead(384, 2, pooling="mean"), encode(labelled[:number]), held_out, accuracy,
        strategy="frozen", epochs=max(30, 800 // number), learning_rate=3e-3, progress=False,
    ).scores
    for number in (4, 16, len(labelled))
}
rows = [("prompt, zero-shot", 0, zero_shot), ("prompt, zero-shot, calibrated", 0, zero_calibrated)]
rows += [("frozen encoder and head", number, sum(s) / len(s)) for number, s in heads.items()]
print(f"margin of each figure: about ± {2 * (0.2 / len(test)) ** 0.5:.3f}")
pd.DataFrame(rows, columns=["way", "labels used for training", "test accuracy"]).round(3)

# %%
print({f"head, {number} labels": [round(s, 3) for s in scores] for number, scores in heads.items()})

# %% [markdown]
# With four or sixteen labels the head is no match for the calibrated prompt; with all of them it has caught up, with a model a sixth of the size, and the two are closer than the margin. The prompt needs no label to begin with, but the choice among the prompts used forty. Without the calibration, the prompt would be guessing: what a prompt is worth depends on how its answer is read.

# %% [markdown]
# ## 6.8 One model, four tasks
#
# The strength of textual instructions is not one score but reach: the *same* model with the *same* head does another task as soon as the text says so. Four tasks, four inputs; the output is always text.

# %%
from downstream.prompting import reply

asked = {
    "sentiment": ("Is the customer happy? Answer with good or bad.\n\nThe soles came off on the first walk.", 15),
    "a fact": ("What is the capital of Norway? Answer in one word.", 15),
    "entailment": ("Anna sold her car in May. Does it follow that Anna once had a car? Answer yes or no.", 4),
    "rewriting": ("Make this polite, in one sentence: Send me the invoice now.", 30),
}
for task, (question, longest) in asked.items():
    answer = reply(llm, [{"role": "user", "content": question}], longest)
    print(f"{task:10} in: {question!r}\n{'':10} out: {answer!r}")

# %% [markdown]
# In each case the input format is text, the output format is text, and the prediction network is the next-token head; what differs is written in the prompt. Whether an answer is *right* is another matter: read them. And where an answer has to be one of a few labels, free text must still be mapped to a label, which likelihoods do more reliably.

# %% [markdown]
# ## 6.9 What a query costs
#
# A prompt is paid for at every query: all its tokens go through the model. A trained head is paid for once.

# %%
def tokens_in(examples):
    shown = chosen.with_examples([(row["text"], chosen.labels[0]) for row in pick("train", examples)])
    counts = [len(chat_tokens(llm, shown.messages(row["text"]))) for row in validation]
    return sum(counts) / len(counts)


encoder_tokens = sum(held_out.length(i) for i in range(len(held_out))) / len(held_out)
costs = [(f"LLM, {n} examples in the prompt", round(tokens_in(n)), 135) for n in (0, 4, 16)]
costs.append(("frozen encoder and head", round(encoder_tokens), 22.7))
frame = pd.DataFrame(costs, columns=["way", "tokens a query", "parameters, millions"])
frame["operations a query, billions"] = (2 * frame["tokens a query"] * frame["parameters, millions"] / 1000).round(1)
frame

# %% [markdown]
# The last column uses the rule of thumb that a forward pass takes about two operations for each parameter and token (Kaplan et al. 2020, arXiv 2001.08361, section 2.1). Tables of embeddings are looked up and not multiplied, so both figures are somewhat too high.
#
# The beginning of the prompt is the same for all texts, so `label_scores` reads it once and keeps the keys and values of its tokens (the *KV cache*). What that saves, in seconds on this machine:

# %%
import time

some = [row["text"] for row in validation[:8]]
shown = chosen.with_examples([(row["text"], chosen.labels[0]) for row in pick("train", 4)])
start = time.perf_counter()
label_scores(llm, shown, some)
with_cache = time.perf_counter() - start
start = time.perf_counter()
with torch.no_grad():
    for text in some:
        for word in shown.labels:
            llm.model(torch.tensor([chat_tokens(llm, shown.messages(text)) + llm.tokenizer(word)["input_ids"]]))
without_cache = time.perf_counter() - start
print(f"seconds for {len(some)} texts: {with_cache:.1f} with the shared beginning read once, {without_cache:.1f} without")

# %% [markdown]
# ## 6.10 A figure to play with
#
# Compose a prompt and see what it makes of three reviews. The table below holds the same for readers without widgets.

# %%
three = validation[:3]
names = [f"{row['label']}: {row['text'][:50]}…" for row in three]
grid = {
    (i, w, kind): (scored if kind == "as it is" else calibrated(llm, Prompt(i, w), scored))[:3].softmax(dim=-1)[:, 1]
    for (i, w), scored in found.items()
    for kind in ("as it is", "calibrated")
}
static = {f"{i[:24]}… {'/'.join(w)}, {kind}": [round(float(p), 2) for p in values] for (i, w, kind), values in grid.items()}
pd.DataFrame(static, index=names).T.rename_axis("probability of the friendly label")

# %%
import ipywidgets

from downstream.plots import bars, play


def look(instruction, words, habit):
    values = grid[instruction, words, habit].tolist()
    figure = bars({name[:22]: {"probability": [value]} for name, value in zip(names, values)}, f"{instruction}\n{' / '.join(words)}, {habit}", "probability of the friendly label")
    return show(figure, "Probability of the friendly label. " + " ".join(f"{name} {value:.2f}." for name, value in zip(names, values)))


play(look, instruction=instructions, words=ipywidgets.Dropdown(options=[(" / ".join(w), w) for w in label_words], description="label words"), habit=["as it is", "calibrated"])

# %% [markdown]
# ## 6.11 Summary
#
# | | prompting | a trained head |
# |---|---|---|
# | input | instruction, perhaps examples, and the text | the text |
# | output | tokens, read as a label | class scores |
# | head | the pre-training head, kept | new |
# | trained parameters | none | the head, and as much of the encoder as pays |
# | labels needed | none to begin; some to choose the wording | tens to thousands |
# | paid | at every query, for every token | once |
# | depends on | wording, label words, examples and their order | labels, learning rate, seed |
#
# **What this chapter cannot show.** 135 million parameters are a hundredth of what prompting is usually done with. Larger models are more accurate, less sensitive and gain more from examples; that they are still sensitive is measured in the papers cited above. The figures here come from tens of reviews, with margins to match.

# %% [markdown]
# ## Exercises
#
# 1. ★ (5 min) Add a wording of your own to section 6.4. *Expected*: a figure inside the range of the table; look at the share of friendly answers before you trust it.
# 2. ★★ (15 min) Let the chapter run with three classes: keep the neutral reviews and add a third label word. *Expected*: accuracies near 0.33.
# 3. ★★ (15 min) Use other empty texts for the calibration, for example `""` or `"the"`. *Expected*: the calibrated figures move by some points; the habit depends on what counts as empty.
# 4. ★★★ (30 min) Choose the examples of section 6.6 by similarity to each text, with the encoder's mean vectors. *Expected*: compare with the spread over the draws before you call it better.

# %% [markdown]
# ## Practice
#
# Answer first, then open.
#
# <details><summary>A prompt gets 0.51 on a balanced two-class task, and 97 of 100 answers are the same word. What do you try before you change the model?</summary>
#
# Calibration: the model has a habit. Measure what it answers for empty texts and subtract it. If the calibrated figure is no better, the scores of the two classes overlap, and another wording, examples or training is needed.
#
# </details>
#
# <details><summary>Somebody reports the best of thirty prompts, measured on the texts on which it was chosen. What is missing?</summary>
#
# A score on texts that took no part in the choice. The highest of thirty figures is partly luck.
#
# </details>
#
# <details><summary>An LLM is prompted to mark place names in letters and to judge their tone. Which of the two tasks changes its head?</summary>
#
# Neither. The prompt changes the input; the output is text in both cases, from the same next-token head.
#
# </details>

# %% [markdown]
# Here is a question from this chapter's quiz to practise on: *Check* judges it at once, *Hint* helps in steps, and what it was worth goes into your own record, which stays on this computer. `practice` on a line of its own lists the others.

# %%
from autograder import open_practice

practice = open_practice("prompting")
practice.show("tram-messages")

# %% [markdown]
# **The quiz**: [prompting, ../quizzes/prompting/prompting.ipynb](../quizzes/prompting/prompting.ipynb). **Next**: [chapter 7](07_choosing_a_strategy.ipynb), which puts all strategies into one table.
