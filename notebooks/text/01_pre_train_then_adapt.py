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
# # 1. Pre-train, then adapt
#
# **After this chapter you can**
#
# 1. describe the two phases, pre-training and fine-tuning, and say what data, labels and parameters each one uses;
# 2. say what a pre-trained model gives without adaptation, and what it cannot give;
# 3. read a learning curve, and decide from it whether pre-training, more labels or simple word counts help a task;
# 4. tell when a frozen encoder is enough and when it has to be fine-tuned;
# 5. name tasks that pre-trained models are applied to, with what goes in and what comes out.
#
# **Book**: chapter 1 of *Foundations of Large Language Models* (arXiv 2501.09223), the introduction, sections 1.1.1, 1.1.2, 1.4 and 1.5, figure 1.2, formulas (1.2) to (1.4). **Before this**: *Start here*. **Time**: an hour of reading; the cells run for between three and four minutes on two cores of a CPU.

# %% [markdown]
# ## A question before you run anything
#
# You have two jobs. **Topics**: sort short questions ("What is the capital of Norway?") into twelve topics. **E-mails**: sort a help desk's mail into *urgent*, *standard* and *spam*. For each job there are one to two hundred labelled examples. Three proposals are on the table:
#
# - count words, and learn which words go with which label;
# - take an encoder that was pre-trained on a great amount of text, leave it as it is, and train a small classifier on its vectors;
# - the same, but train the encoder along with the classifier.
#
# Write down the order in which they will finish, once for topics and once for e-mails. Then write down what you expect of the *same network with random parameters*. Sections 1.4 and 1.5 run all of them.

# %% [markdown]
# ## 1.1 Two phases
#
# **Pre-training** makes a model learn from text that nobody has labelled: hide a word and guess it, say what comes next, tell which two sentences belong together (1.1.1). It is done once, for no particular task. The result is a set of parameters, $\hat\theta$. The hat means *pre-trained*.
#
# **Adaptation** makes the model useful for one task, the *downstream* task. In its standard form, *fine-tuning*, a new prediction network, the *head*, is put on the encoder, and training goes on with labelled examples (1.1.2, figure 1.2).
#
# | | pre-training | fine-tuning |
# |---|---|---|
# | data | very much text | some hundreds or thousands of examples |
# | labels | none: the text is its own label | given by people, for one task |
# | starts from | random parameters | $\hat\theta$, and a head with random $\omega$ |
# | ends with | $\hat\theta$ | $\tilde\theta$ and $\tilde\omega$ (the tilde means *fine-tuned*) |
# | how often | once | once for each task |
#
# Here is a pre-trained encoder. What it makes of a text is $\mathbf{H} = \mathrm{Encode}_{\hat\theta}(\mathbf{x})$ (1.2), one row for each token.

# %%
import torch

from downstream.models import load_encoder

pretrained = load_encoder()
inputs = pretrained.tokenizer("What is the capital of Norway?", return_tensors="pt")
with torch.no_grad():
    H = pretrained.model(**inputs).last_hidden_state
print("H:", tuple(H.shape), "= (batch, tokens, hidden)")
print(f"{sum(p.numel() for p in pretrained.model.parameters()):,} parameters, all of them from pre-training")

# %% [markdown]
# This encoder, all-MiniLM-L6-v2, learnt in two stages: first from a larger model, then from more than a billion pairs of sentences that belong together, such as a question and its answer (its model card). Both count as pre-training here, because neither knew our tasks.
#
# To see what pre-training is worth, we need the same network without it. The architecture is the same; every parameter is drawn at random.

# %%
from transformers import AutoModel

from downstream.models import Pretrained

torch.manual_seed(0)
untrained = AutoModel.from_config(pretrained.model.config).eval()
random = Pretrained(untrained, pretrained.tokenizer, "random parameters")
for name in ("embeddings.word_embeddings.weight", "encoder.layer.5.output.dense.weight"):
    print(name, *(tuple(one.model.get_parameter(name).shape) for one in (pretrained, random)))

# %% [markdown]
# Same names, same shapes. Whatever differs between the two from here on comes from pre-training.

# %% [markdown]
# ## 1.2 What pre-training costs
#
# Published figures, each from the paper or card named beside it:

# %%
import pandas as pd

pd.set_option("display.max_colwidth", None)
published = [
    ("BERT base", "110 million", "3.3 billion words", "16 TPU chips, 4 days", "arXiv 1810.04805"),
    ("BERT large", "340 million", "3.3 billion words", "64 TPU chips, 4 days", "arXiv 1810.04805"),
    ("RoBERTa large", "355 million", "160 GB of text", "1024 GPUs, about a day (100,000 steps)", "arXiv 1907.11692"),
    ("SmolLM2-135M, this course's LLM", "135 million", "2 trillion tokens", "–", "arXiv 2502.02737 and model card"),
]
pd.DataFrame(published, columns=["model", "parameters", "text", "training", "source"]).set_index("model")

# %% [markdown]
# Our labelled sets hold a few thousand words. Section 1.6 measures how fast *this* machine trains, and how long one reading of BERT's text would take here. The point of the two phases is in these numbers: the costly phase is paid once, by somebody with the machines, and its result is used again and again.

# %% [markdown]
# ## 1.3 What the model can do before it is adapted
#
# $\mathbf{H}$ is vectors. No row of it says *geography* or *urgent*, so there is no answer to read off. What one can do without any training is **compare**: the mean of the rows is one vector for the text, and the cosine says how alike two texts are.

# %%
import sys

from tqdm import tqdm

from downstream.adapt import shortened


def vectors(network, texts):
    """Return the mean of the rows of H for each text: (texts, hidden)."""
    found = torch.zeros(len(texts), 384)
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))  # similar lengths need little padding
    batches = shortened([order[i : i + 32] for i in range(0, len(order), 32)])
    for rows in tqdm(batches, desc=f"{len(texts)} texts", disable=len(batches) < 3, file=sys.stdout, ncols=80):
        batch = [texts[i] for i in rows]
        inputs = network.tokenizer(batch, padding=True, truncation=True, max_length=128, return_tensors="pt")
        with torch.no_grad():
            hidden = network.model(**inputs).last_hidden_state
        mask = inputs["attention_mask"].unsqueeze(-1)
        found[rows] = (hidden * mask).sum(1) / mask.sum(1)
    return found


# %% [markdown]
# First use: **search**. Which of the help desk's e-mails are closest to a query? There is no label and no head in this.

# %%
from torch.nn.functional import normalize

from downstream.data import load_task_data


def cosines(first, second):
    """Return the cosine of each row of the first with each row of the second."""
    return normalize(first, dim=-1) @ normalize(second, dim=-1).T


emails = load_task_data("emails")
mail = vectors(pretrained, list(emails["train"]["text"]))
query = vectors(pretrained, ["I was charged twice"])
for score, row in zip(*cosines(query, mail)[0].topk(3)):
    print(f"{score:.2f} {emails['train'][int(row)]['label']}: {emails['train'][int(row)]['text']}")

# %% [markdown]
# It finds mail about the same matter, whatever the words, and whoever sent it: a fraud comes beside honest customers. Keep this in mind for section 1.5.
#
# Second use: **compare with the names of the labels**, and take the nearest. Our two jobs, set up as data sets with the same columns; 157 of the 285 questions are kept for testing.

# %%
import numpy as np
from datasets import DatasetDict

facts = load_task_data("facts")["test"].rename_columns({"question": "text", "topic": "label"})
order = np.random.default_rng(0).permutation(len(facts))
topics = DatasetDict(test=facts.select(order[:157]), train=facts.select(order[157:]))
data = {"topics": topics, "e-mails": emails}
for task, parts in data.items():
    row = parts["train"][0]
    print(f"{task}: {len(parts['train'])} to learn from, {len(parts['test'])} to test on")
    print("   ", row["label"], "|", row["text"])

# %% [markdown]
# Now the vectors of all texts, by both networks. We keep them: they are needed several times. **This cell takes about half a minute.**

# %%
networks = {"pre-trained": pretrained, "random": random}
kept = {
    (name, task, split): vectors(network, list(data[task][split]["text"]))
    for name, network in networks.items()
    for task in data
    for split in ("train", "test")
}

# %%
from downstream.setups import setup

# `setup` makes a set ready for its kind of task: both are texts with one label each
sets = {task: setup("emails", pretrained, parts) for task, parts in data.items()}
right = {task: np.array(one.parts["test"].labels) for task, one in sets.items()}
nearest = {}
for name, network in networks.items():
    for task, one in sets.items():
        labels = vectors(network, [f"This is about {label}." for label in one.names])
        guesses = cosines(kept[name, task, "test"], labels).argmax(dim=1).numpy()
        nearest[name, task] = (guesses == right[task]).mean()

# %%
from downstream.data.baselines import majority

table = pd.Series(nearest).unstack().round(3)[list(data)]
table.loc["always the most frequent label"] = [round(majority(parts), 3) for parts in data.values()]
table.index.name = "accuracy without any training"
table

# %% [markdown]
# Without one label, the pre-trained encoder sorts most questions by topic, where the random network guesses. That is **transfer** in its plainest form: what pre-training learnt is of use for a job it has never seen. For the e-mails, the same trick is poor. *Urgent* is not what an e-mail is **about**; it is what follows if nobody acts.
#
# So there are two reasons why a pre-trained model usually has to be adapted. It has no output of the task's form; and its vectors hold what pre-training rewarded, which need not be what the task asks for.

# %% [markdown]
# ## 1.4 Learning curves: topics
#
# Now with labels. A *learning curve* shows the test accuracy against the number of labels learnt from. We need rows of labels in a random order; a larger set contains the smaller one (*nested*), and three *draws* give three orders.

# %%
results = []


def draw_rows(task, draw):
    return np.random.default_rng(draw).permutation(len(data[task]["train"]))


def add(task, method, labels, draw, score):
    results.append({"task": task, "method": method, "labels": labels, "draw": draw, "accuracy": score})


SIZES = {"topics": (16, 32, 64, 128), "e-mails": (16, 32, 64, 128, 216)}

# %% [markdown]
# **Cheap methods first.** With a frozen encoder, $F_{\omega,\hat\theta}(\mathbf{x}) = \mathrm{Classify}_{\omega}(\mathbf{H})$ (1.3), and only $\omega$ is trained. If the head is one linear layer with cross-entropy, this is logistic regression on the kept vectors, so scikit-learn finds $\omega$ in a moment. The same classifier on word counts (TF-IDF: rare words weigh more) is the rival that needs no network.

# %%
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression


def linear(task, chosen, train, test):
    labels = np.array(sets[task].parts["train"].labels)
    head = LogisticRegression(C=3, max_iter=5000).fit(train[chosen], labels[chosen])
    return head.score(test, right[task])


def count_words(task, chosen):
    counter = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    counter.fit([data[task]["train"]["text"][int(i)] for i in chosen])
    return [counter.transform(list(data[task][split]["text"])) for split in ("train", "test")]


# %% [markdown]
# `C` says how freely the weights may grow; 3 was chosen for word counts on the validation split of the e-mails (see the card of the set) and serves here for all.

# %%
for task, sizes in SIZES.items():
    for labels in sizes:
        add(task, "majority", labels, 0, majority(data[task]))
        for draw in (0, 1, 2):
            chosen = draw_rows(task, draw)[:labels]
            add(task, "TF-IDF", labels, draw, linear(task, chosen, *count_words(task, chosen)))
            for name in networks:
                train, test = (kept[name, task, split].numpy() for split in ("train", "test"))
                add(task, f"{name}, frozen", labels, draw, linear(task, chosen, train, test))
print(len(results), "measurements")

# %% [markdown]
# **Fine-tuning.** Both $\omega$ and $\theta$ are trained, $\theta$ from $\hat\theta$ (1.22), and the result for a new text is $F_{\tilde\omega,\tilde\theta}(\mathbf{x})$ (1.4). This is dear, so the plan is made with care: few sizes, more passes over the labels (*epochs*) where there are few, and fewer draws where the sets are large. The random network gets the same training, once at each size.

# %%
from downstream.adapt import adapt
from downstream.metrics import accuracy

EPOCHS = {16: 12, 64: 6, 128: 4, 216: 4}
held_out = {}
for task, one in sets.items():
    blocks = list(torch.arange(len(right[task])).split(32))  # all of the test split, in blocks
    held_out[task] = one.parts["test"].subset(torch.cat(shortened(blocks)).tolist())


def tune(name, task, labels, draw, rate=2e-4):
    record = adapt(
        networks[name], sets[task].make_head,
        sets[task].parts["train"].subset(draw_rows(task, draw)[:labels].tolist()), held_out[task], accuracy,
        name=f"{name}, {labels} labels", seeds=[draw], epochs=EPOCHS[labels], learning_rate=rate,
    )
    add(task, f"{name}, tuned", labels, draw, record.mean)
    return record


# %% [markdown]
# The learning rate for the topics, 5e-4, was the better of two on a part of the training split. **The next two cells take about a minute and a half together.**

# %%
for labels, draw in shortened([(16, 0), (64, 0), (128, 0), (16, 1), (64, 1), (16, 2), (64, 2)]):
    tune("pre-trained", "topics", labels, draw, rate=5e-4)

# %%
for labels in shortened([16, 64, 128]):
    tune("random", "topics", labels, 0, rate=5e-4)

# %%
def curve_table(task):
    chosen = pd.DataFrame(results).query("task == @task")
    table = chosen.pivot_table(index="labels", columns="method", values="accuracy")
    return table[[method for method in METHODS if method in table]].map(lambda x: "" if pd.isna(x) else f"{x:.2f}")


METHODS = ["majority", "TF-IDF", "random, frozen", "random, tuned", "pre-trained, frozen", "pre-trained, tuned"]
curve_table("topics")

# %%
from matplotlib import pyplot

from downstream.plots import COLOURS, show


def curves(task):
    figure, axes = pyplot.subplots(figsize=(7, 4))
    for method, colour, marker in zip(METHODS, COLOURS, "xsv^oD"):
        rows = pd.DataFrame(results).query("task == @task and method == @method")
        found = rows.groupby("labels").accuracy
        axes.plot(found.mean(), color=colour, marker=marker, label=method)
        axes.fill_between(found.min().index, found.min(), found.max(), color=colour, alpha=0.2)
    axes.set(xscale="log", ylim=(0, 1), xlabel="labels (logarithmic)", ylabel="test accuracy")
    axes.set_title(f"Learning curves: {task}")
    axes.set_xticks(SIZES[task], SIZES[task])
    axes.minorticks_off()
    axes.legend(frameon=False, bbox_to_anchor=(1, 1), loc="upper left")
    return show(figure, f"Line chart of test accuracy on {task} by number of labels. {in_words(task)}.")


def in_words(task):
    """The numbers of the chart, for its alternative text."""
    columns = curve_table(task).items()
    return "; ".join(f"{method}: " + ", ".join(f"{v} at {n}" for n, v in column.items() if v) for method, column in columns)


curves("topics")

# %% [markdown]
# Bands run from the lowest to the highest draw. Two groups stand apart: both pre-trained methods climb steeply, all others stay low. Training the random network does not bring it near: so few labels cannot teach a network what words mean. The questions share few words with each other, so counting words has little to go by either. Tuning the encoder adds something to freezing it, but the great step is the one from the random to the pre-trained network.
#
# Compare with section 1.3, too: the *names* of the topics alone, without any label, did more than a head that has seen the first few dozen labels. A head starts at random and has to find out twelve directions that the names already point in.

# %% [markdown]
# ## 1.5 Learning curves: e-mails, and a wrong turn
#
# A team that has seen section 1.4 concludes: *the pre-trained vectors hold everything about a text; freeze the encoder, train a head, done.* Here is that plan on the e-mails.

# %%
frozen_first = pd.DataFrame(results).query("task == 'e-mails' and labels == 216 and draw == 0")
frozen_first.set_index("method")[["accuracy"]].round(3)

# %% [markdown]
# The wrong turn costs a lot: the frozen pre-trained encoder is beaten by word counts, and even by the network with **random** parameters. A closer look says why. For each test e-mail we take its nearest neighbour among the others, and ask whether the label is the same.

# %%
def neighbours(points):
    similar = cosines(points, points)
    similar.fill_diagonal_(-1)
    return similar.max(dim=1)


test_mail = kept["pre-trained", "e-mails", "test"]
alike, other = neighbours(test_mail)
names = [emails["test"]["label"][int(i)] for i in range(len(test_mail))]
closest = alike.argsort(descending=True).tolist()
differ = [i for i in closest if names[i] != names[other[i]] and i < other[i]]
for i in differ[:3]:
    print(f"cosine {alike[i]:.2f}")
    for row in (i, int(other[i])):
        print(f"    {names[row]}: {emails['test']['text'][row]}")

# %% [markdown]
# Close in meaning, and different in label: the vectors say what the mail is about, and the label asks for something else. Pre-training pulled texts on one matter together, and what tells a customer's question from a salesman's bait on the same matter was of no use to it. The random network has pulled nothing together. Its mean vector still depends on every word, so a linear head on it works much like word counting.
#
# Does it follow that pre-training is useless for e-mails? Not before the encoder itself is trained. **The next three cells take about two minutes together**; the longest of them takes about one.

# %%
few = tune("pre-trained", "e-mails", 64, 0)

# %%
tuned = tune("pre-trained", "e-mails", 216, 0)

# %%
scratch = tune("random", "e-mails", 216, 0)

# %%
curve_table("e-mails")

# %%
curves("e-mails")

# %% [markdown]
# Fine-tuned, the pre-trained encoder is ahead of everything else, the trained random network included: the same architecture, the same labels, the same number of steps, another starting point. How sure is the lead, with one seed? The test split sets a margin of two standard errors, $2\sqrt{p(1-p)/n}$:

# %%
n = len(held_out["e-mails"])
words = frozen_first.set_index("method").accuracy["TF-IDF"]
for title, p in [("pre-trained, tuned", tuned.mean), ("random, tuned", scratch.mean), ("TF-IDF", words)]:
    print(f"{title:20} {p:.3f} ± {2 * (p * (1 - p) / n) ** 0.5:.3f}")

# %% [markdown]
# The card of the data set lists two more seeds for the fine-tuned encoder; chapter 4 measures how far seeds lie apart.
#
# What did fine-tuning change? The vectors. The same question about neighbours, before and after:

# %%
texts = list(emails["test"]["text"])
after = vectors(Pretrained(tuned.model.encoder, pretrained.tokenizer, "tuned"), texts)
for title, points in [("before", test_mail), ("after", after)]:
    other = neighbours(points)[1].tolist()
    same = np.mean([names[i] == names[j] for i, j in enumerate(other)])
    print(f"{title}: {same:.2f} of the test e-mails have a nearest neighbour with the same label")

# %% [markdown]
# None of these e-mails was trained on. $\tilde\theta$ puts texts together that deserve the same **answer**, where $\hat\theta$ put texts together that are on the same **matter**. That is why fine-tuning the encoder can be necessary, and why it can be done with few labels: pre-training knows the words, and the labels only have to say which of their shades count.

# %% [markdown]
# ## 1.6 What it costs to adapt, and what it would cost to start over
#
# The seconds below are this machine's, as busy as it was. The last line takes the measured speed of training and asks how long one reading of BERT's 3.3 billion words would take with our small encoder, at one token a word.

# %%
tokens = sum(len(row["input_ids"]) for row in sets["e-mails"].parts["train"].inputs) * EPOCHS[216]
print(f"fine-tuning on 216 e-mails: {tuned.seconds:.0f} seconds, scoring included")
print(f"speed: about {tokens / tuned.seconds:.0f} tokens a second")
print(f"3.3 billion words, read once: about {3.3e9 / (tokens / tuned.seconds) / 86400:.0f} days")

# %% [markdown]
# BERT read its text about forty times (arXiv 1810.04805), with a model several times as large. Chapter 2 runs the first half minute of a pre-training, to show how little that gives.

# %% [markdown]
# ## 1.7 A figure to play with
#
# Choose a task, a number of labels and the methods. Look for the number at which the winner changes, and for the cost of winning. The tables in sections 1.4 and 1.5 show the same means, and the next one the cost, for readers without widgets.

# %%
from downstream.heads import count_parameters

encoder_size = count_parameters(pretrained.model)[1]
trained = {
    task: {m: 385 * len(one.names) + (encoder_size if "tuned" in m else 0) for m in METHODS[2:]}
    for task, one in sets.items()
}
pd.DataFrame(trained).map("{:,}".format).rename_axis("parameters that are trained")

# %%
import ipywidgets

from downstream.plots import bars, play


def compare(task, labels, methods):
    found = pd.DataFrame(results).query("task == @task and labels == @labels and method in @methods")
    if found.empty:
        print("Nothing was measured for this choice: take a neighbouring number of labels.")
        return None
    scores = {m: list(part.accuracy) for m, part in found.groupby("method", sort=False)}
    best = max(scores, key=lambda m: np.mean(scores[m]))
    cost = f"{trained[task][best]:,} parameters trained" if best in trained[task] else "no network"
    print(f"Best on {task} with {labels} labels: {best}, {np.mean(scores[best]):.2f} ({cost})")
    groups = {m.replace(", ", ",\n"): {"accuracy": values} for m, values in scores.items()}
    return show(
        bars(groups, f"{task}, {labels} labels (dots: draws)", "test accuracy"),
        "Bar chart: " + ", ".join(f"{m} {np.mean(v):.2f}" for m, v in scores.items()),
    )


# %%
play(
    compare,
    task=ipywidgets.Dropdown(options=list(data), description="task"),
    labels=ipywidgets.SelectionSlider(options=[16, 32, 64, 128, 216], value=64, description="labels"),
    methods=ipywidgets.SelectMultiple(options=METHODS, value=METHODS, rows=6, description="methods"),
)

# %% [markdown]
# ## 1.8 Transfer to a second task: the same encoder, another head
#
# So far there was one label for a whole text. Now every word gets a label: find persons, places, times and items in customer mail. The encoder is the same, with the same $\hat\theta$; the head is another one, and chapter 3 explains it. Both networks are frozen, so all that differs is what pre-training put into $\mathbf{H}$. The score is the F1 over whole entities; to call every word "nothing" scores zero. **About a quarter of a minute.**

# %%
from downstream.adapt import record_table

slots = setup("slots", pretrained)
found = [
    slots.adapt(network, name=name, strategy="frozen", seeds=[0, 1, 2], epochs=15, learning_rate=5e-3)
    for name, network in networks.items()
]
table = record_table(found, metric="entity F1")
table[["entity F1, mean", "per seed", "trainable", "of all"]]

# %% [markdown]
# The same vectors serve another task with another kind of output. For a third, take pairs of sentences with a degree of similarity from 0 to 5, and compare the order of the cosines with the order of the people's scores (Spearman's rank correlation: 1 is the same order, 0 is none). Nothing is trained.

# %%
from downstream.data.baselines import word_overlap
from downstream.metrics import spearman

pairs = load_task_data("similarity")["test"]
outputs = {"shared words": [torch.tensor(word_overlap(row["first"], row["second"])) for row in pairs]}
for name, network in networks.items():
    first, second = (vectors(network, list(pairs[column])) for column in ("first", "second"))
    outputs[f"{name}, cosine"] = list(cosines(first, second).diagonal())
order_kept = {name: round(spearman(out, list(pairs["score"])), 3) for name, out in outputs.items()}
pd.Series(order_kept, name="Spearman, test").to_frame()

# %% [markdown]
# One pre-training, four jobs: search, topics, tagging and similarity, and with fine-tuning the e-mails as a fifth. A word of caution about the last table: comparing sentences is close to what this encoder was trained for, so it is the easiest of transfers.

# %% [markdown]
# ## 1.9 What pre-trained models are applied to
#
# The list is long, but the kinds of task are few. Each row names an application, its kind, what goes in and what must come out, and where the course takes it up.

# %%
from downstream import tasks

applications = [
    ("sort mail, route tickets, filter spam", tasks.SINGLE_TEXT_CLASSIFICATION, "1, 3, 4, 5"),
    ("opinions in reviews", tasks.SINGLE_TEXT_CLASSIFICATION, "6, 7"),
    ("does one sentence follow from another?", tasks.TEXT_PAIR_CLASSIFICATION, "3"),
    ("how alike are two texts? duplicates", tasks.REGRESSION, "1, 3"),
    ("names, dates and goods in a text", tasks.SEQUENCE_LABELLING, "1, 3"),
    ("the place in a page that answers a question", tasks.SPAN_PREDICTION, "3"),
    ("exam questions, common sense", tasks.MULTIPLE_CHOICE, "3"),
    ("answer, summarise, translate, converse", tasks.TEXT_GENERATION, "2, 6, 8, 9"),
]
rows = [(title, task.name, task.input_format, task.output_format, chapters) for title, task, chapters in applications]
headings = ["application", "kind of task", "goes in", "must come out", "chapters"]
pd.DataFrame(rows, columns=headings).set_index("application")

# %% [markdown]
# A live taste of three rows. **One label for a text**, by the encoder that was fine-tuned on e-mails. Write your own:

# %%
from downstream.adapt import predict
from downstream.examples import encode_texts

mine = encode_texts(pretrained, ["No rush at all, but the ceiling above my desk is starting to drip."], [0])
probabilities = predict(tuned.model, mine)[0].softmax(dim=-1)
print({name: round(float(p), 2) for name, p in zip(sets["e-mails"].names, probabilities)})

# %% [markdown]
# **One label for each word**, by the head of section 1.8. Its encoder is frozen and its score modest, so expect slips:

# %%
from downstream.examples import encode_tokens

words = "On Friday I lent my old kettle to Anna Berg in Leeds .".split()
sentence = encode_tokens(pretrained, [words], [[0] * len(words)])
scores = predict(found[0].model, sentence)[0]
tags = [slots.names[int(row.argmax())] for row, label in zip(scores, sentence.labels[0]) if label != -100]
print(" ".join(word if tag == "O" else f"{word}/{tag}" for word, tag in zip(words, tags)))

# %% [markdown]
# **New text**, by a generative model. It keeps the head it was pre-trained with, and here it is not adapted by us at all; the task stands in the prompt (chapter 6).

# %%
from downstream.models import load_llm

llm = load_llm()
prompt = llm.tokenizer("The capital of France is", return_tensors="pt")
answer = llm.model.generate(**prompt, max_new_tokens=2, do_sample=False, pad_token_id=llm.tokenizer.eos_token_id)
print(llm.tokenizer.decode(answer[0]))

# %% [markdown]
# ## 1.10 What an introduction covers, and what it leaves
#
# | this course covers | this course leaves for later | where to read on |
# |---|---|---|
# | heads for seven kinds of task (chapters 2, 3) | heads for speech, pictures, tables | – |
# | fine-tuning step by step; full, partial, LoRA (4, 5) | soft prompts and prefixes | book 3.3.2 |
# | prompting and instructions (6) | long reasoning chains, tools | book chapter 3 |
# | choosing by cost and labels (7) | serving many users, compressing models | – |
# | fine-tuning LLMs, preference optimisation (8, 9) | reinforcement learning from human feedback | book chapter 4 |
# | pre-training, as far as it explains the heads (2) | pre-training at scale | book 1.2, 2.2 |
# | data sets of some hundreds of texts | collecting and cleaning data, annotators who disagree | – |
#
# An introduction to fine-tuning can stop there because the frame stays the same: fix input, output and head, choose what is trained, measure on held-out examples. Later methods change *which* parameters move or *what* the loss rewards.

# %% [markdown]
# **What this chapter cannot show.** One encoder of 22 million parameters, and two tasks chosen because they differ: topics lie near what this encoder was trained for, urgency does not. Another encoder draws the line elsewhere. The expensive points rest on one seed where many draws would be better, and there is one random network. That a starting point is worth more than the labels we have, and that its worth depends on the distance between pre-training and task, does not hang on these details.

# %% [markdown]
# ## 1.11 Summary
#
# | question | answer |
# |---|---|
# | What does pre-training leave behind? | parameters $\hat\theta$ and vectors $\mathbf{H}$, for no task in particular |
# | What does adaptation add? | a head of the task's form, and, if $\theta$ is trained, vectors that suit the task |
# | Is the model of use without it? | for comparing and searching, yes; for labels only where their names are near the texts |
# | When is a frozen encoder enough? | when the task asks for what pre-training rewarded (topics) |
# | When does it have to be tuned? | when it asks for something else (urgency); then the frozen vectors may lose to word counts |
# | What is transfer worth? | the distance between the pre-trained network and the same network from random parameters |

# %% [markdown]
# ## Exercises
#
# 1. ★ (5 min) In section 1.3, change the sentence with the label's name ("This is about …") to the bare name, and to "Please act at once" and the like for the e-mails. *Expected*: topics move by some points; e-mails improve or worsen without a rule you could have known beforehand.
# 2. ★ (10 min) Make a second random network with `torch.manual_seed(1)` and repeat its frozen curve. *Expected*: about the same curve; it is the words that carry it.
# 3. ★★ (20 min) Add a learning curve of the frozen encoder and of TF-IDF for the set `reviews`. *Expected*: both stay far below what they reach on e-mails; a positive and a negative review of one kettle are about the same matter.
# 4. ★★★ (40 min) How many labels does TF-IDF need to reach the fine-tuned encoder on e-mails? Learn from the training and validation splits and half of the test split, and score on the other half. *Expected*: it comes close with more than twice the labels; the card of the set has a hint.

# %% [markdown]
# ## Practice
#
# Answer first, then open.
#
# <details><summary>A colleague has a pre-trained encoder and asks: "Why do I have to fine-tune? It has read billions of words." Give two reasons.</summary>
#
# It gives vectors, and the task wants labels (or spans, or numbers): there is no output of that form before a head is trained. And the vectors hold what pre-training rewarded, which need not be what the task asks for.
#
# </details>
#
# <details><summary>A news site sorts articles into sport, politics and culture, with 60 labelled articles and no GPU. Freeze the encoder or fine-tune it? And for sorting them into "checked" and "needs a second source"?</summary>
#
# Topics are near to what a sentence encoder holds, so a frozen encoder with a small head is the first thing to try. Whether an article needs a second source is not what it is about: measure word counts and a frozen encoder as baselines, and expect to fine-tune.
#
# </details>
#
# <details><summary>Somebody reports: "Our fine-tuned encoder reaches 0.85, so pre-training works." Which comparison is missing?</summary>
#
# The same network from random parameters, trained on the same labels, and a simple baseline such as word counts. Without them, 0.85 may be what the architecture or the words alone give.
#
# </details>
#
# <details><summary>Which of these happen once, and which once for each task: reading billions of words; making a new head; collecting labels; drawing all parameters at random?</summary>
#
# Reading billions of words and drawing all parameters at random happen once, in pre-training. The head and the labels belong to each task.
#
# </details>

# %% [markdown]
# Here is a question from this chapter's quiz to practise on: *Check* judges it at once, *Hint* helps in steps, and what it was worth goes into your own record, which stays on this computer. `practice` on a line of its own lists the others.

# %%
from autograder import open_practice

practice = open_practice("transfer")
practice.show("hive-letters")

# %% [markdown]
# **The quiz**: [transfer, ../quizzes/transfer/transfer.ipynb](../quizzes/transfer/transfer.ipynb). **Next**: [chapter 2, heads for pre-training, and why they go](02_heads_for_pre_training.ipynb).
