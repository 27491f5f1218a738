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
# Run the cells from top to bottom with Shift+Enter. No GPU is needed. The first run fetches two small models once; after that the course works without a network.

# %% [markdown]
# ## 1. Is everything in place?

# %%
import importlib.metadata
import sys

assert sys.version_info[:2] >= (3, 11), "this course needs Python 3.11 or newer"
for package in ("torch", "transformers", "datasets", "jupyterlab", "nbgrader"):
    print(f"{package:>14} {importlib.metadata.version(package)}")

# %% [markdown]
# If a line is missing, install the course again as the README says. Next, the models; the cell says what it fetches, or that nothing is to be done.

# %%
from downstream.models import ENCODER, LLM, fetch, is_fetched

for carrier in (ENCODER, LLM):
    fetch(carrier, report=print)
    print(f"{carrier.title}: {'ready' if is_fetched(carrier) else 'not ready'}")

# %% [markdown]
# ## 2. A first useful model
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
# Two models, two kinds of output: vectors, and scores for the next token. What a *task* makes of them is the subject of this course.

# %% [markdown]
# ## 3. The chapters

# %%
from pathlib import Path

for path in sorted(Path("text").glob("*.py")):
    title = next(line[4:] for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("# # "))
    print(f"{path.stem}.ipynb: {title}")

# %% [markdown]
# ## 4. How the quizzes work
#
# Open [../quizzes/heads/heads.ipynb](../quizzes/heads/heads.ipynb), run all cells, and answer in the widgets. Your answers are saved as you give them. The last cell shows a receipt: it lists which items have a saved answer. Save the notebook before you hand it in.
