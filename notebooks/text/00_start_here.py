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
# # Start here
#
# This course is about one idea: **the downstream task decides the shape of the adapted language model**, that is, what goes in, what must come out, and which prediction network stands between. It accompanies chapters 1 and 2 of *Foundations of Large Language Models* (Tong Xiao and Jingbo Zhu, arXiv 2501.09223).
#
# **After this page you can**
#
# 1. say whether everything is installed, and what to do if not;
# 2. run a cell, and train a first useful model;
# 3. find your way by the chapters or by the map of concepts, and answer a quiz so that nothing is lost.
#
# Run the cells from top to bottom with Shift+Enter. No GPU is needed. The first run fetches two small models once; after that the course works without a network. **Time**: ten minutes of reading; the cells run for less than a minute on two cores of a CPU.

# %% [markdown]
# ## 1. Is everything in place?

# %%
import importlib.metadata
import sys

assert sys.version_info[:2] >= (3, 11), "this course needs Python 3.11 or newer"
for package in ("torch", "transformers", "datasets", "jupyterlab", "nbgrader", "ipywidgets"):
    try:
        print(f"{package:>14} {importlib.metadata.version(package)}")
    except importlib.metadata.PackageNotFoundError:
        print(f"{package:>14} is missing: install the course again as the README says")

# %% [markdown]
# Next, the models. The cell says what it fetches, or that nothing is to be done.

# %%
from downstream.models import ENCODER, LLM, fetch, is_fetched

for carrier in (ENCODER, LLM):
    fetch(carrier, report=print)
    print(f"{carrier.title}: {'ready' if is_fetched(carrier) else 'not ready'}")

# %% [markdown]
# ## 2. Two pre-trained models
#
# The *encoder* turns a text into vectors. With nothing trained, the mean of these vectors already says which texts are about the same thing:

# %%
import torch

from downstream.models import load_encoder

encoder = load_encoder()
texts = ["My parcel has not arrived.", "Where is my delivery?", "The soup was delicious."]
inputs = encoder.tokenizer(texts, padding=True, return_tensors="pt")
with torch.no_grad():
    hidden = encoder.model(**inputs).last_hidden_state
mask = inputs["attention_mask"].unsqueeze(-1)
vectors = torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=-1)
print("cosine similarities:\n", (vectors @ vectors.T).numpy().round(2))

# %% [markdown]
# The first two texts share hardly a word, yet they are much closer to each other than to the third. The *LLM* continues a text, one token at a time:

# %%
from downstream.models import load_llm

llm = load_llm()
prompt = llm.tokenizer("The capital of France is", return_tensors="pt")
with torch.no_grad():
    scores = llm.model(**prompt).logits[0, -1]
for probability, token in zip(*scores.softmax(dim=-1).topk(3)):
    print(f"{llm.tokenizer.decode(token):>8} {probability:.2f}")

# %% [markdown]
# Two models, two kinds of output: vectors, and scores for the next token. Neither says *urgent* or *spam*. What a task makes of them is the subject of this course.

# %% [markdown]
# ## 3. A first useful model, in half a minute
#
# Guess first: a new layer on top of the unchanged encoder has seen about two hundred labelled e-mails. Out of a hundred others, how many will it sort into *urgent*, *standard* and *spam* as a person would?

# %%
from downstream.adapt import predict
from downstream.setups import setup

mail = setup("emails", encoder)
learn, check = mail.parts["train"], mail.parts["test"].subset(range(100))
print(len(learn), "e-mails to learn from,", len(check), "to be judged by; labels:", ", ".join(mail.names))
record = mail.adapt(encoder, "validation", strategy="frozen", seeds=[0], epochs=30, learning_rate=3e-3)
guesses = [int(scores.argmax()) for scores in predict(record.model, check)]
most = max(set(learn.labels), key=learn.labels.count)
print(f"always {mail.names[most]!r}: {check.labels.count(most)} of {len(check)}")
print(f"right: {sum(guess == label for guess, label in zip(guesses, check.labels))} of {len(check)}")
print(f"trained: {record.trainable:,} of {record.total:,} parameters")

# %% [markdown]
# That is the whole pattern: pre-trained encoder, new *head*, a few labelled examples. It is far from perfect; the chapters say how to do better, and at what price. Try a message of your own:

# %%
from downstream.examples import encode_texts

mine = "No rush at all, but the ceiling above my desk is starting to drip."
probabilities = predict(record.model, encode_texts(encoder, [mine], [0]))[0].softmax(dim=-1)
print({name: round(float(p), 2) for name, p in zip(mail.names, probabilities)})

# %% [markdown]
# ## 4. The chapters
#
# Read them in this order, or follow the map below. The time of each stands beside it.

# %%
import re
from pathlib import Path

from IPython.display import HTML, Markdown

lines = ["| chapter | time |", "|---|---|"]
for path in sorted(Path("text").glob("*.py"))[1:]:
    text = path.read_text(encoding="utf-8")
    title = re.search(r"^# # (.+)$", text, re.MULTILINE)[1]
    time = re.search(r"\*\*Time\*\*: (.+)$", text, re.MULTILINE)
    lines.append(f"| [{title}]({path.stem}.ipynb) | {time[1] if time else ''} |")
Markdown("\n".join(lines))

# %% [markdown]
# ## 5. The map of concepts
#
# Each box is a concept, and a line leads down from what it builds on. The name in a box opens the chapter that teaches it, *quiz* the chapter's quiz: with the mouse, or with Tab and Enter. Chapters 7 and 10 are not on it, because they put together what stands here. If the map is empty, run the cell: JupyterLab shows drawings only in notebooks that you have run.
#
# Once you have practised, the map shows how well you know each concept: the bar at the foot of a box and the circle beside *quiz* fill up (○ ◔ ◑ ◕ ●), and a question mark means that there is too little to go by. Run the cell again to see the latest.

# %%
import json

from autograder import open_review
from downstream.pictures_of_concepts import Mastery, concept_map, concept_table

found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(Path("../quizzes").glob("*/questions.json"))]
quizzes = {quiz["chapter"]: f"../quizzes/{quiz['id']}/{quiz['id']}.ipynb" for quiz in found}
review = open_review()
mastery = {one.concept: Mastery(one.mean, one.low, one.high) for one in review.mastery() if one.is_known}
HTML(concept_map(quizzes=quizzes, mastery=mastery))

# %% [markdown]
# The same as a table, in an order in which the concepts can be learnt. PTM stands for pre-trained model, LLM for large language model.

# %%
HTML(concept_table(quizzes=quizzes, mastery=mastery))

# %% [markdown]
# ## 6. Where to start, and what to review
#
# New here? Twelve questions, about twenty minutes in all, say which chapter to start with, which you may skip, and how sure that is. Leave open what you do not know: a lucky guess only sends you past a chapter that you need.

# %%
from autograder import open_placement

open_placement()

# %% [markdown]
# Back again? What you practised comes back when you are about to forget it, in about ten minutes a day. Nobody sees what your tries were worth: it stays on this computer, and `autograder record --help` at a terminal says how to export, switch off or delete it.

# %%
review

# %% [markdown]
# ## 7. How the quizzes work
#
# Every chapter from 1 to 10 ends with a link to its quiz. One more goes over the whole course, the [Final](../quizzes/final/final.ipynb); and the twelve questions above are a quiz, too, for classes ([Where to start](../quizzes/placement/placement.ipynb)). Open one, run all cells, and answer in the widgets, with the mouse or the keyboard.
#
# - Your answers are saved as you give them; you can close the notebook and come back.
# - You may change an answer until you hand in. Many items give credit for every part that is right.
# - Free-text questions are read by a person; the criteria stand beside the question.
# - The last cell shows a receipt: it lists which items have a saved answer. Save the notebook before you hand it in.
#
# Each kind of question can be tried in [../quizzes/tour/tour.ipynb](../quizzes/tour/tour.ipynb), where nothing counts. And any question of any quiz can be practised, with an answer at once and hints: each chapter shows one at its end.
#
# ## 8. When something is in the way
#
# - **A cell shows an error that the text does not announce**: choose *Kernel, Restart Kernel and Run All Cells*. Cells depend on those above them.
# - **Other numbers than in the saved notebook**: small differences come from another processor. The sentences between the cells should hold all the same; where they do not, tell us.
# - **It is slow**: the course uses two threads, so that everyone gets the same numbers. If other programs need your cores, `DOWNSTREAM_THREADS=1` is kinder to them; with four free cores, `DOWNSTREAM_THREADS=4` is faster, and the last digits may differ.
#
# **Next**: [1. Pre-train, then adapt](01_pre_train_then_adapt.ipynb).
