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
# # 3. The task decides the head
#
# **After this chapter you can**
#
# 1. say, for seven kinds of task, what goes in, what must come out, and which prediction network (*head*) turns one into the other;
# 2. compute the shape of a head's output, and the number of its parameters, from the task alone;
# 3. put each of these heads on one pre-trained encoder and train it;
# 4. recognise a head that cannot solve its task however long it is trained;
# 5. tell a wrong head from a right one that has seen too little.
#
# **Book**: section 1.4 of *Foundations of Large Language Models* (arXiv 2501.09223), formulas (1.21) to (1.25). **Before this**: chapters 1 and 2, or an idea of what a token and a loss are. **Time**: an hour and a half of reading; the cells run for about four minutes on two cores of a CPU.

# %% [markdown]
# ## A question before you run anything
#
# Three colleagues propose a head each. Which of the three can work, if it is trained for long enough?
#
# - To find the names of people and places in a sentence: *average the vectors of all tokens into one, and put a classifier on the average.*
# - To sort e-mails into spam, standard and urgent: *number the labels 0, 1, 2, and let the model predict the number.*
# - To tell whether two sentences say the same or the opposite: *make one vector of each sentence, and look at the angle between the two.*
#
# Write down your guess for each. Sections 3.9 to 3.11 try them.

# %% [markdown]
# ## 3.1 One encoder, one vector for each token
#
# The book writes $\mathbf{H} = \mathrm{Encode}_{\hat\theta}(\mathbf{x})$ (1.2): the pre-trained encoder, with its parameters $\hat\theta$, turns the tokens $\mathbf{x}$ into vectors $\mathbf{h}_0, \mathbf{h}_1, \ldots$, the rows of $\mathbf{H}$.

# %%
import torch

from downstream.models import load_encoder

torch.manual_seed(0)  # new heads start at random: the same random for every reader
encoder = load_encoder()
text = "Please send the kettle to Anna in Leeds."
inputs = encoder.tokenizer(text, return_tensors="pt")
with torch.no_grad():
    H = encoder.model(**inputs).last_hidden_state
print(encoder.tokenizer.convert_ids_to_tokens(inputs["input_ids"][0]))
print("H:", tuple(H.shape), "= (batch, sequence, hidden)")

# %% [markdown]
# There is one row per token, `[CLS]` and `[SEP]` included, and nothing in it names a task. What to make of these rows is the head's business: $\mathbf{y} = \mathrm{Predict}_{\omega}(\mathbf{H})$ (1.21), with new parameters $\omega$ that start at random. The head that the model was pre-trained with is gone; chapter 2 says why.

# %% [markdown]
# ## 3.2 A task is a data type
#
# Three facts fix the shape of the adapted model: the input format, the output format, and the head between them. In this course a task *is* these facts:

# %%
import pandas as pd

from downstream.tasks import TASKS, task_table

pd.set_option("display.max_colwidth", None)
print(TASKS[0])
task_table()[["input format", "output format", "head"]]

# %% [markdown]
# Read the table by its second column: the **output format alone** tells the heads apart. Two kinds of task share a head where they ask for the same output.
#
# ## 3.3 Task, head and shapes as one picture
#
# Here are the seven kinds, each from its tokens (top) to its scores (bottom). Blue is pre-trained, orange is new, green is the second text. Read a picture from the bottom up: what has to come out decides the orange part.

# %%
from IPython.display import HTML

from downstream.pictures import as_image, task_picture

HTML("".join(as_image(task_picture(task), width=330) for task in TASKS))

# %% [markdown]
# The first three *pool*: they make one vector of all tokens. Labelling, spans and generation keep a column for each token. Multiple choice pools, but over several readings.
#
# Now play. Change the batch, the tokens or the number of outputs, say aloud what the shape of the logits will be, and look.

# %%
import ipywidgets

from downstream.plots import play

names_of_tasks = {task.name: task for task in TASKS}


def look(kind, batch, tokens, outputs):
    task = names_of_tasks[kind]
    free = task.name.endswith(("classification", "labelling", "choice"))
    return HTML(task_picture(task, batch, tokens, outputs if free else None))


play(
    look,
    kind=ipywidgets.Dropdown(options=list(names_of_tasks), value="sequence labelling", description="task"),
    batch=ipywidgets.IntSlider(2, 1, 32, description="batch"),
    tokens=ipywidgets.IntSlider(12, 6, 128, description="tokens"),
    outputs=ipywidgets.IntSlider(9, 2, 20, description="outputs"),
)

# %% [markdown]
# *Outputs* are the classes, tags or choices; regression, spans and generation have a fixed number. Neither batch nor tokens change the head's number of parameters: it is applied to whatever comes. For multiple choice, the outputs do not change it either. Why?
#
# The rest of the chapter builds these pictures with real tensors, trains them, and breaks three of them.

# %% [markdown]
# ## 3.4 One vector for the whole input: classes, or a number
#
# For a label on a **single text**, the token vectors are pooled into one, and a linear layer gives one score (*logit*) per class. BERT pools by taking $\mathbf{h}_{\mathrm{cls}}$; the mean over all tokens is another choice.

# %%
from downstream.heads import SequenceClassificationHead, TaskModel

head = SequenceClassificationHead(hidden_size=384, classes=3, pooling="mean")
model = TaskModel(encoder.model, head).eval()
with torch.no_grad():
    logits = model(**inputs)
print(head)
print("H:", tuple(H.shape), "  logits:", tuple(logits.shape), "= (batch, classes)")

# %% [markdown]
# The sequence axis is gone. The scores mean nothing yet, because $\omega$ is random.
#
# **A pair of texts** goes in as one sequence, `[CLS] x [SEP] y [SEP]`. A second list of numbers, the *segments*, says which text a token belongs to.

# %%
pair = encoder.tokenizer("The kettle is broken.", "The kettle works.", return_tensors="pt")
tokens = encoder.tokenizer.convert_ids_to_tokens(pair["input_ids"][0])
for token, segment in zip(tokens, pair["token_type_ids"][0].tolist()):
    print("AB"[segment], token, end="   ")
with torch.no_grad():
    print("\nlogits:", tuple(model(**pair).shape))

# %% [markdown]
# The head did not change at all; only the input format did. Because both texts are in one sequence, each token can attend to the other text.
#
# **Regression**: how similar are two texts, from 0 to 5? The output is one real number, so the head has one output, and the loss is the squared error and not the cross-entropy.

# %%
from downstream.heads import RegressionHead

regression = RegressionHead(hidden_size=384, pooling="mean")
with torch.no_grad():
    number = TaskModel(encoder.model, regression).eval()(**pair)
print("output:", tuple(number.shape), "= (batch,)")
print("loss against 1.5:", regression.loss(number, torch.tensor([1.5])).item().__round__(3))

# %% [markdown]
# ## 3.5 One decision per token: tags, or the ends of a span
#
# **Sequence labelling**: to find names, every token needs a tag: `B-person` where a name begins, `I-person` where it goes on, `O` elsewhere. So the head keeps the sequence axis: the same linear layer is applied to every row of $\mathbf{H}$, and the loss is the mean over the tokens (1.23).

# %%
from downstream.heads import TokenClassificationHead

tagging = TokenClassificationHead(hidden_size=384, tags=9)
with torch.no_grad():
    scores = TaskModel(encoder.model, tagging).eval()(**inputs)
print("logits:", tuple(scores.shape), "= (batch, sequence, tags)")

# %% [markdown]
# The book leaves one practical point out. People tag *words*, but the tokenizer cuts rare words into pieces. We let the first piece carry the tag; the others get the label −100, which the loss ignores.

# %%
from downstream.examples import encode_tokens

words = ["Ask", "Ms", "Adeyemi", "in", "Swansea"]
example = encode_tokens(encoder, [words], [[0, 1, 2, 0, 3]])
pieces = encoder.tokenizer.convert_ids_to_tokens(example.inputs[0]["input_ids"])
print("  ".join(f"{piece} {label}" for piece, label in zip(pieces, example.labels[0])))

# %% [markdown]
# Count the labels that are not −100: there are as many as words.
#
# **Span prediction**: the answer to a question is often a stretch of a given text. Each token gets two scores: as the start of the answer and as its end. We read (1.24) as two softmaxes over the positions, compared with the right start and the right end. The prediction (1.25) is the pair with the highest sum, with start ≤ end.

# %%
from downstream.heads import SpanHead, decode_span

question = encoder.tokenizer("Where to?", text, return_tensors="pt")
with torch.no_grad():
    span_scores = TaskModel(encoder.model, SpanHead(384)).eval()(**question)
print("logits:", tuple(span_scores.shape), "= (batch, sequence, start and end)")
in_context = question["token_type_ids"].bool()
in_context[0, -1] = False  # the last [SEP] is in segment B, but not in the context
start, end = decode_span(span_scores, in_context)[0]
print("untrained answer:", encoder.tokenizer.decode(question["input_ids"][0, start : end + 1]))

# %% [markdown]
# The answer is nonsense, but it has the right *form*: a stretch of the context, start before end. The form comes from the head, the sense from the training.
#
# ## 3.6 A score for each choice, a score for each word
#
# **Multiple choice**: for K choices the encoder reads the question K times, once with each choice. The head gives **one** score to each reading, and the softmax runs over the choices: they have no fixed numbering, so they cannot be classes.

# %%
from downstream.heads import MultipleChoiceHead

choices = ["a kettle", "a train", "next Tuesday"]
readings = encoder.tokenizer([text] * 3, choices, padding=True, return_tensors="pt")
chooser = TaskModel(encoder.model, MultipleChoiceHead(384, choices=3, pooling="mean")).eval()
with torch.no_grad():
    choice_scores = chooser(**readings)
    turned = chooser(**{name: value.flip(0) for name, value in readings.items()})
print("input ids:", tuple(readings["input_ids"].shape), "= (batch × choices, sequence)")
print("logits:", tuple(choice_scores.shape), "= (batch, choices)", choice_scores[0].numpy().round(3))
print("choices in reverse order:", turned[0].numpy().round(3))

# %% [markdown]
# Turn the choices round, and the scores turn with them: the head cannot prefer "the first choice". A classifier over A, B and C could, and would learn to.
#
# **Text generation** needs a score for every word of the vocabulary, at every position. That is the head that an LLM was pre-trained with, so here it is *kept*, not replaced.

# %%
from downstream.models import load_llm

llm = load_llm()
prompt = llm.tokenizer("The capital of France is", return_tensors="pt")
with torch.no_grad():
    next_scores = llm.model(**prompt).logits
print("logits:", tuple(next_scores.shape), "= (batch, sequence, vocabulary)")
print("next token:", llm.tokenizer.decode(next_scores[0, -1].argmax()))

# %% [markdown]
# ## 3.7 The library's heads are the same heads
#
# transformers has a class for most of these: `AutoModelForSequenceClassification`, `AutoModelForTokenClassification`, `AutoModelForQuestionAnswering`, `AutoModelForMultipleChoice`, `AutoModelForCausalLM`. Is there anything in them that section 3.5 did not have? Give both heads the same weights and compare:

# %%
from transformers import AutoModelForTokenClassification

from downstream.models import ENCODER, fetch

library = AutoModelForTokenClassification.from_pretrained(fetch(ENCODER), num_labels=9).eval()
tagging.classifier.load_state_dict(library.classifier.state_dict())
with torch.no_grad():
    ours, theirs = TaskModel(encoder.model, tagging).eval()(**inputs), library(**inputs).logits
print("ours", tuple(ours.shape), "  the library's", tuple(theirs.shape))
print("the same numbers:", torch.allclose(ours, theirs, atol=1e-5))

# %% [markdown]
# Nothing. The course's tests compare logits, losses and gradients in this way for every head.

# %% [markdown]
# ## 3.8 All seven, for real
#
# Every kind of task has a data set, hand-written for this course; the cards in `downstream/data/` say how. `setup` brings the three facts together: it encodes the set in the input format, makes the head, and picks the metric.

# %%
from downstream.setups import setup

sets = ["reviews", "entailment", "similarity", "slots", "spans", "choices"]
ready = {name: setup(name, encoder) for name in sets}
for name, one in ready.items():
    first = one.parts["train"]
    shown = encoder.tokenizer.decode(first.inputs[0]["input_ids"])
    print(f"{name}, {len(first)} training examples, label {str(first.labels[0])[:28]}\n   {shown[:150]}\n")

# %% [markdown]
# One function takes a set through training and notes two things: what the task decided, and what was measured. A score on the test split stands beside the best of the simple baselines (no pre-trained model: counting words, guessing the commonest label and the like). Its margin is twice the standard error $\sqrt{p(1-p)/n}$ of a share $p$ of $n$ examples, a rough guide for F1 and correlation.
#
# To save your time, only the upper layers of the encoder are trained (`layers`, of six), with one seed; chapter 5 is about that choice.

# %%
from threadpoolctl import threadpool_limits

from downstream.adapt import predict, shortened
from downstream.data import load_task_data
from downstream.data.baselines import WITHOUT_MODEL
from downstream.strategies import LastLayers

decided, measured, models = {}, {}, {}


def few(examples):
    """All examples; two where the course's tests only try whether the chapter runs."""
    return examples.subset(shortened(list(range(len(examples)))))


def tour(name, epochs, layers=3, learning_rate=3e-4, batch_size=16):
    one = ready[name]
    one.parts["test"] = few(one.parts["test"])
    settings = dict(epochs=epochs, learning_rate=learning_rate, batch_size=batch_size)
    record = one.adapt(encoder, seeds=[0], strategy=LastLayers(layers=layers), **settings)
    batch, _ = one.parts["test"].batch([0, 1])
    with torch.no_grad():
        shapes = [tuple(batch["input_ids"].shape), tuple(record.model(**batch).shape)]
    with threadpool_limits(1):  # counting words is quickest on one thread
        simple = max(WITHOUT_MODEL[name](load_task_data(name)), key=lambda baseline: baseline.scores[0])
    p, n = min(max(record.mean, 0), 1), len(one.parts["test"])
    margin = 2 * (p * (1 - p) / n) ** 0.5
    lead = "ahead" if record.mean - simple.scores[0] > margin else "within the margin"
    decided[one.task.name] = [*shapes, one.task.head, one.task.loss, one.task.metric]
    numbers = f"{simple.scores[0]:.3f}", f"{record.mean:.3f}", f"± {margin:.3f}"
    measured[one.task.name] = [name, simple.name, *numbers, lead]
    models[name] = record.model
    print("ids in, logits out:", *shapes, f"  score {record.mean:.3f}")


# %% [markdown]
# **One vector for the whole input**: reviews (single text; positive, negative or neutral), entailment (pair; does the second sentence follow from the first, contradict it, or neither?) and similarity (regression; from 0 to 5). **The two cells take about half a minute each.**

# %%
tour("reviews", epochs=2, layers=4, batch_size=8)

# %%
tour("entailment", epochs=2)
tour("similarity", epochs=3)

# %% [markdown]
# **A decision for each token**: slots (labelling; persons, places, times and items) and spans (which stretch of the passage answers the question, if any?). **The two cells take about half a minute and a minute.**

# %%
tour("slots", epochs=5, layers=6, learning_rate=4e-4)

# %%
tour("spans", epochs=3, learning_rate=4e-4, batch_size=8)

# %% [markdown]
# **A score for each choice**: what would a sensible person do? Every question is read four times, so each example costs four. **About half a minute.**

# %%
tour("choices", epochs=2, batch_size=8)

# %% [markdown]
# **Generation** needs no training to start with: the head is there. We give the LLM the beginning of a statement and see whether the right word comes out among the next six tokens.

# %%
facts = load_task_data("facts")["test"].select(shortened(list(range(20))))
said = []
for row in facts:
    ids = llm.tokenizer(row["statement"], return_tensors="pt")
    answer = llm.model.generate(**ids, max_new_tokens=6, do_sample=False, pad_token_id=llm.tokenizer.eos_token_id)
    said.append(llm.tokenizer.decode(answer[0, ids["input_ids"].shape[1] :]))
right = [row["answer"].lower() in words_said.lower() for row, words_said in zip(facts, said)]
print(f"{sum(right)} of {len(right)} right, for example: {facts[0]['statement']}{said[0]!r}")
shapes = [tuple(prompt["input_ids"].shape), tuple(next_scores.shape)]
decided[TASKS[6].name] = [*shapes, "LanguageModelHead, kept", TASKS[6].loss, "the word comes out"]
measured[TASKS[6].name] = ["facts", "–", "–", f"{sum(right) / len(right):.3f}", "–", "–"]

# %% [markdown]
# The seven in two tables. The first follows from the task alone; the second needed a run.

# %%
display(pd.DataFrame(decided, index=["ids in", "logits out", "head", "loss", "metric"]).T)
pd.DataFrame(measured, index=["set", "simple baseline", "simple", "score", "margin", "lead"]).T

# %% [markdown]
# Where it says *ahead*, a few epochs on a few hundred examples were enough for this head. (One seed and a small test split: for multiple choice, the margin is wide, and other settings gave a smaller lead.) Entailment is at chance, although the shapes are right and no error was raised; longer runs with three seeds, on its data card, did no better. **The right head is necessary, not sufficient.** Whether one sentence follows from another has to be in $\hat\theta$ or in the examples, and an encoder of this size, pre-trained to find sentences on the same topic, brings little of it.
#
# How do you tell this from a wrong head? The score on the *training* split helps: a right head that has seen too little can still learn its training examples by heart, given more epochs; some wrong heads, as section 3.9 shows, cannot do even that.
#
# Here is how the trained model takes a review of your own. Change the text and run the cell again.

# %%
from downstream.examples import encode_texts

review = "Two stars off for the zip. The rest has outlived three winters, and I would buy it again."
mine = encode_texts(encoder, [review], [0])
probabilities = predict(models["reviews"], mine)[0].softmax(dim=-1)
print({name: round(float(p), 3) for name, p in zip(ready["reviews"].names, probabilities)})

# %% [markdown]
# And how much does decoding matter? The trained span model gives a score to every start and every end. Taking the highest of each **separately** forgets that they belong together; (1.25) looks for the best pair with start ≤ end, within the passage.

# %%
test = ready["spans"].parts["test"]
ends = [scores.argmax(dim=0).tolist() for scores in predict(models["spans"], test)]
backwards = sum(last < first for first, last in ends)
half = sum((first == 0) != (last == 0) for first, last in ends)
print(f"of {len(test)} spans, {backwards} run backwards, {half} have only one end at [CLS], which means 'no answer'")

# %% [markdown]
# These are answers that do not exist. The output format is part of the task, and decoding is where it is kept.

# %% [markdown]
# ## 3.9 A wrong turn: one vector for every token
#
# Back to the opening question. The first colleague's head pools the sentence into one vector, repeats it for every token, and classifies. The shapes fit and nothing raises an error.

# %%
from downstream.heads import Pooler


class RepeatedPoolHead(TokenClassificationHead):
    """The wrong head: every token gets the scores of the whole sentence."""

    def forward(self, hidden, mask):
        pooled = Pooler(hidden.shape[-1], "mean")(hidden, mask)
        return super().forward(pooled.unsqueeze(1).expand_as(hidden), mask)


with torch.no_grad():
    same = RepeatedPoolHead(384, 9).eval()(H, inputs["attention_mask"])
print("logits:", tuple(same.shape), " all rows equal:", bool((same == same[:, :1]).all()))

# %% [markdown]
# Now train both heads on the same sentences with the same settings and three seeds. The encoder is frozen here: its vectors are computed once, and a seed costs about a second.

# %%
from downstream.adapt import adapt, record_table

slots = ready["slots"]
train, test = few(slots.parts["train"]), slots.parts["test"]
frozen = dict(strategy="frozen", seeds=[0, 1, 2], epochs=20, learning_rate=3e-3, progress=False)
metric = slots.make_metric(test)
tagged = [
    adapt(encoder, slots.make_head, train, test, metric, name="one vector a token", **frozen),
    adapt(encoder, lambda: RepeatedPoolHead(384, 9), train, test, metric, name="one vector repeated", **frozen),
]
record_table(tagged, metric="entity F1").drop(columns="seconds a seed")

# %% [markdown]
# Same number of parameters, same number of steps. Token accuracy shows why the mistake is easy to overlook:

# %%
from downstream.metrics import token_accuracy
from downstream.plots import bars, show

labels = [label for sentence in test.labels for label in sentence if label != -100]
print(f"share of test words tagged O: {labels.count(slots.names.index('O')) / len(labels):.3f}")
both, words_for_it = {}, []
for record in tagged:
    correct = token_accuracy(predict(record.model, test), test.labels)
    both[record.name] = {"token accuracy (last seed)": [correct], "entity F1 (dots: seeds)": list(record.scores)}
    words_for_it.append(f"{record.name}: token accuracy {correct:.2f}, entity F1 {record.mean:.2f}")
figure = bars(both, "Finding persons, places, times and items", "test score")
show(figure, f"Bar chart for two heads. {'; '.join(words_for_it)}.")

# %% [markdown]
# The wrong head's token accuracy looks respectable, but compare it with the share of `O`: it says `O` nearly everywhere, so it finds next to no entity. The rows it hands to the classifier are equal, so **no** parameters, of the head or of the encoder, can tell *Anna* from *send*. More epochs cannot help: the output does not have the form of the task.

# %% [markdown]
# ## 3.10 A wrong turn: a number for classes
#
# The second colleague numbers the labels. A number has an order and a distance, and classes have neither: with *spam*, *standard* and *urgent* numbered 0, 1, 2, the model is told that standard lies half way between spam and urgent. The e-mails of chapter 4 are sorted here. The encoder is frozen: each e-mail becomes one vector, once. **A quarter of a minute.**

# %%
emails = setup("emails", encoder)
names = emails.names
vectors = {}
for split in ("train", "test"):
    part = few(emails.parts[split])
    pooled = predict(TaskModel(encoder.model, Pooler(384, "mean")), part)
    vectors[split] = torch.stack(pooled), torch.tensor(part.labels)
print(names, {split: tuple(x.shape) for split, (x, y) in vectors.items()})

# %% [markdown]
# One small function trains either head on these vectors; the three numberings differ in which class comes to stand in the middle.

# %%
def train_head(outputs, loss, labels, seed):
    torch.manual_seed(seed)
    layer = torch.nn.Linear(384, outputs)
    optimizer = torch.optim.AdamW(layer.parameters(), lr=0.01)
    for _ in range(400):
        loss(layer(vectors["train"][0]), labels).backward()
        optimizer.step()
        optimizer.zero_grad()
    with torch.no_grad():
        return layer(vectors["test"][0])


def squared_error(output, labels):
    return torch.nn.functional.mse_loss(output.squeeze(-1), labels.float())


# %%
train_labels, test_labels = vectors["train"][1], vectors["test"][1]
table = {}
for order in (None, (1, 0, 2), (0, 1, 2), (0, 2, 1)):
    guesses = []
    for seed in (0, 1, 2):
        if order is None:
            guesses.append(train_head(3, torch.nn.functional.cross_entropy, train_labels, seed).argmax(dim=1))
        else:
            place = torch.tensor([order.index(label) for label in range(3)])
            numbers = train_head(1, squared_error, place[train_labels], seed).squeeze(-1)
            guesses.append(torch.tensor(order)[numbers.round().clamp(0, 2).long()])
    title = f"{names[order[1]]} in the middle" if order else "classes, no order"
    scores = ", ".join(f"{(guess == test_labels).float().mean():.3f}" for guess in guesses)
    table[title] = [scores, *(f"{(guesses[0] == label).float().mean():.2f}" for label in range(3))]
table["the truth"] = ["–", *(f"{(test_labels == label).float().mean():.2f}" for label in range(3))]
pd.DataFrame(table, index=["accuracy, 3 seeds", *(f"called {name}" for name in names)]).T

# %% [markdown]
# The classification head is far ahead of every numbering. And follow each column: **whichever class is put in the middle is named too often**, more often than it occurs and than with the other numberings. An e-mail that might be either end gets a number in between, and the number in between means a third class that nobody had in mind. The numbering, which carries no meaning, decides the answers.
#
# If the classes *are* steps of a scale, such as one to five stars, a number says something true about them, and regression is right.

# %% [markdown]
# ## 3.11 A wrong turn: an angle for a pair
#
# The third colleague asks whether two sentences say the same. Each is encoded **on its own**, and the cosine of the two vectors is the answer. It needs no training, and it is what this encoder was pre-trained for. As a guess at the *degree* of likeness in the set `similarity`, it is a fair start, though behind the trained head of section 3.8. Now look at three kinds of pairs in it: those that say the same (4.5 or 5), pairs in which the statement is turned over (2.5: a *not*, an opposite, roles exchanged), and unrelated ones (0 and 0.5).

# %%
def kind(row):
    return "same" if row["score"] >= 4.5 else {2.5: "turned over", 0.5: "unrelated", 0: "unrelated"}.get(row["score"])


def cosine(rows):
    sides = [encode_texts(encoder, [row[side] for row in rows], [0] * len(rows)) for side in ("first", "second")]
    one, other = (torch.stack(predict(TaskModel(encoder.model, Pooler(384, "mean")), side)) for side in sides)
    return torch.nn.functional.cosine_similarity(one, other)


from downstream.metrics import spearman

similarity = {split: list(part) for split, part in load_task_data("similarity").items()}
angle = spearman(list(cosine(similarity["test"])), [row["score"] for row in similarity["test"]])
print(f"Spearman correlation: angle {angle:.3f}, trained regression head {measured['regression'][3]}\n")
pairs = {split: [row for row in part if kind(row)] for split, part in similarity.items()}
angles = {split: cosine(pairs[split]) for split in ("train", "test")}
for group in ("same", "turned over", "unrelated"):
    chosen = [i for i, row in enumerate(pairs["test"]) if kind(row) == group]
    shown = pairs["test"][chosen[0]]
    print(f"{group}: {len(chosen)} pairs, mean cosine {angles['test'][chosen].mean():.2f}, such as")
    print(f"   {shown['first']}\n   {shown['second']}")

# %% [markdown]
# Pairs that say the opposite are **closer** than pairs that say the same: they are about the same thing, in nearly the same words. *Same* lies in the middle, so a threshold on the angle, however it is chosen, cannot cut it out. Let us choose the best one, in either direction, on the training split, and train the head of section 3.4 on the same pairs, read **together**. **Half a minute.**

# %%
labels = {split: torch.tensor([int(kind(row) == "same") for row in part]) for split, part in pairs.items()}
cuts = [(sign, cut) for sign in (1, -1) for cut in angles["train"].tolist()]
hits = {(sign, cut): ((sign * (angles["train"] - cut) >= 0) == labels["train"]).float().mean() for sign, cut in cuts}
sign, cut = max(cuts, key=hits.get)
by_angle = ((sign * (angles["test"] - cut) >= 0) == labels["test"]).float().mean().item()

together = {
    split: encode_texts(
        encoder, [row["first"] for row in part], labels[split].tolist(), [row["second"] for row in part]
    )
    for split, part in pairs.items()
}

# %%
from downstream.metrics import accuracy

read_together = adapt(
    encoder,
    lambda: SequenceClassificationHead(384, 2, pooling="mean"),
    together["train"], together["test"], accuracy, name="read together",
    strategy=LastLayers(layers=3), seeds=[0, 1, 2], epochs=4, learning_rate=3e-4, batch_size=8,
)
same = labels["test"].float().mean().item()
ways = {"commonest answer": [max(same, 1 - same)], "angle, best threshold": [by_angle]}
ways["read together"] = list(read_together.scores)
groups = {name: {"accuracy": scores} for name, scores in ways.items()}
figure = bars(groups, "Do the two sentences say the same?", "test accuracy")
alt = "; ".join(f"{name} {', '.join(f'{score:.2f}' for score in scores)}" for name, scores in ways.items())
show(figure, f"Bar chart of test accuracy, dots are seeds: {alt}.")

# %% [markdown]
# The best threshold is hardly better than giving the commonest answer every time; the pair read together is clearly ahead with every seed. The pre-trained encoder is the same. What differs is the form: in one sequence, the tokens of either sentence attend to the other, and *not* meets what it denies; the head then gives a score for each class instead of one number for closeness.
#
# The angle is not useless: chapter 0 uses it to find texts on one topic. It answers another question than the one asked.

# %% [markdown]
# **What this chapter cannot show.** One encoder of 22 million parameters, one LLM of 135 million, sets of a few hundred examples by a few authors, one seed in section 3.8. Scores would move with another sample, and rows that stayed within the margin might leave it with ten times the data or a larger model. What would not move is the form: the shapes, and what a head with the wrong shape can and cannot say.

# %% [markdown]
# ## 3.12 Summary
#
# | wrong turn | what the task asks for | what the head gives | how it shows |
# |---|---|---|---|
# | one vector for every token | a decision per token | one decision, repeated | token accuracy near the share of `O`, entity F1 near zero |
# | a number for classes | one of C labels without order | a place on a line | the class in the middle is named too often |
# | an angle for a pair | do they say the same | are they about the same | opposites come out closer than paraphrases |
#
# - The head throws the sequence axis away (classification, regression, choice) or keeps it (labelling, spans, generation). Getting this wrong cannot be trained away.
# - A right head can still fail, for want of knowledge or of examples. Check the form first, then the data.
# - A metric has to match the task too: token accuracy hid what entity F1 showed.

# %% [markdown]
# ## Exercises
#
# 1. ★ (5 min) Change `pooling` in section 3.4 to `"first"`, `"max"` and `"bert"`. Which one changes the head's number of parameters? *Expected*: only `"bert"`, which adds a layer of 384 × 384 weights and 384 biases.
# 2. ★ (10 min) Without running anything: the logits of a tagger for 16 sentences of 30 tokens with 7 tags, of a span head for 4 questions of 200 tokens, of a multiple-choice head for 6 questions with 5 choices. Check with the figure in section 3.3. *Expected*: `(16, 30, 7)`, `(4, 200, 2)`, `(6, 5)`.
# 3. ★★ (15 min) Write a head that says for **each** of four topics whether an e-mail is about it (several may hold). What is the output shape, and why is the softmax wrong? *Expected*: `(batch, 4)`, each score through its own sigmoid, with binary cross-entropy.
# 4. ★★ (15 min) Train `RepeatedPoolHead` for 300 epochs and score it on the *training* split. *Expected*: entity F1 at or very near 0 there as well; it cannot even learn by heart.
# 5. ★★★ (30 min) In `decode_span`, set `longest=3`. Build an example where the answer changes.

# %% [markdown]
# ## Practice
#
# Answer first, then open.
#
# <details><summary>A hospital wants every drug name marked in doctors' notes. Which head, and what shape do its logits have for 8 notes of 50 tokens with 3 tags?</summary>
#
# A token classification head: each token is tagged. The logits are `(8, 50, 3)`.
#
# </details>
#
# <details><summary>Exam questions have four answer options each, different every time. Why not a classification head with the classes A, B, C and D over question and options together?</summary>
#
# A, B, C and D mean something else in each question, so there is nothing for the weights of "class B" to learn. Score each option on its own with the same weights, and take the softmax over the options; then the scores move with the options when these are put in another order.
#
# </details>
#
# <details><summary>A shop's search ranks answers by the cosine between question and answer, each encoded on its own. For "Is the lamp safe in the bathroom?" it puts "The lamp is not safe in the bathroom" and "The lamp is safe in the bathroom" side by side at the top. What is right about this, and what is missing?</summary>
#
# Both are about the question, and that is what the angle measures. Whether an answer says yes or no is a question about a pair, read together: a text-pair classifier on top of the search.
#
# </details>
#
# <details><summary>Your model for entailment has the right head and input, and scores no better than chance on the test split and perfectly on the training split. Is the head wrong?</summary>
#
# No: a head that reaches the training labels can express the answers. What it learnt does not carry over: too few examples, or a pre-trained model that brings too little. More data or another model, not another head.
#
# </details>

# %% [markdown]
# Here is a question from this chapter's quiz to practise on: *Check* judges it at once, *Hint* helps in steps, and what it was worth goes into your own record, which stays on this computer. `practice` on a line of its own lists the others.

# %%
from autograder import open_practice

practice = open_practice("heads")
practice.show("claims-in-common")

# %% [markdown]
# **The quiz**: [heads, ../quizzes/heads/heads.ipynb](../quizzes/heads/heads.ipynb). **Next**: [chapter 4, fine-tuning an encoder, step by step](04_fine_tuning_step_by_step.ipynb).
